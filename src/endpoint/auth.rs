//! Logging in: `/basic-auth`, `/hidden-basic-auth`, `/bearer`; `/digest-auth` is in `digest`.
//!
//! What is compared takes as long as it takes: the password stands in the URL, so there is no
//! secret that the time could tell.

mod digest;

use super::inspect::tall;
use super::refuse;
use super::route::{Client, Group, Kind, Others, Param, Route};
use crate::http::app::App;
use crate::http::fields::credentials::{authorization, basic};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use digest::{digest, go_digest, unknown_to_go};

const USER: Param = Param::path("user", Kind::Text, "user", "who may log in");
const PASSWORD: Param = Param::path("passwd", Kind::Text, "secret", "with which password");
const QOP: Param = Param::path(
    "qop",
    Kind::Choice(&["auth", "auth-int"], Others::Taken),
    "auth",
    "`auth-int`: the login covers the body; anything else offers both",
)
.go(&Param::path("qop", GO_QOP, "auth", "what the login covers"));
const GO_QOP: Kind = Kind::Choice(&["auth"], Others::RefusedInAnyCase);
const ALGORITHM: Param = Param::path(
    "algorithm",
    Kind::Choice(&digest::NAMES, Others::Taken),
    "SHA-256",
    "of the hash; anything else is MD5",
)
.go(&Param::path("algorithm", GO_ALGORITHM, "SHA-256", "of the hash"));
const GO_ALGORITHM: Kind = Kind::Choice(&["MD5", "SHA-256"], Others::RefusedInAnyCase);
const STALE_AFTER: Param =
    Param::path("stale_after", Kind::Text, "3", "logins a nonce is good for, or `never`");
const COOKIE: Param =
    Param::query("require-cookie", Kind::Switch, "whether the challenge's cookie must come back");
const BASIC: &[Client] = &[Client::Basic];
const DIGEST: &[Client] = &[Client::Digest];

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Authentication",
    about: "Answers for those who log in",
    routes: &[
        Route::get("/basic-auth/{user}/{passwd}", basic_auth, "basic: 200, or else 401")
            .go(go_basic_auth)
            .client(BASIC)
            .with(&[USER, PASSWORD]),
        Route::get("/hidden-basic-auth/{user}/{passwd}", hidden, "basic: 200, or else 404")
            .go(go_hidden)
            .client(BASIC)
            .with(&[USER, PASSWORD]),
        Route::get("/bearer", bearer, "any bearer token: 200, or else 401")
            .client(&[Client::Bearer])
            .go(go_bearer),
        Route::get("/digest-auth/{qop}/{user}/{passwd}", digest, "digest: 200, or else 401")
            .keep()
            .client(DIGEST)
            .go(go_digest)
            .with(&[QOP, USER, PASSWORD, COOKIE]),
        Route::get(
            "/digest-auth/{qop}/{user}/{passwd}/{algorithm}",
            digest,
            "the same with this hash",
        )
        .keep()
        .client(DIGEST)
        .go(go_digest)
        .with(&[QOP, USER, PASSWORD, ALGORITHM, COOKIE]),
        Route::get(
            "/digest-auth/{qop}/{user}/{passwd}/{algorithm}/{stale_after}",
            digest,
            "the same; the nonce goes stale after so many logins",
        )
        .keep()
        .client(DIGEST)
        .go(unknown_to_go)
        .with(&[QOP, USER, PASSWORD, ALGORITHM, STALE_AFTER, COOKIE]),
    ],
};

/// Where one may log in, as all that ask for a basic login say it.
pub(super) const REALM: &str = "Basic realm=\"Fake Realm\"";

/// `/basic-auth/{user}/{passwd}`.
fn basic_auth(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(match visitor(request) {
        (true, user) => told(app, Status::OK, &user),
        (false, _) => Reply::new(Status(401)).header("WWW-Authenticate", REALM),
    })
}

/// The same as go-httpbin has it: the 401 tells who tried.
fn go_basic_auth(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(match visitor(request) {
        (true, user) => told(app, Status::OK, &user),
        (false, user) => told(app, Status(401), &user).header("WWW-Authenticate", REALM),
    })
}

/// `/hidden-basic-auth/{user}/{passwd}`: as if there were nothing.
fn hidden(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(match visitor(request) {
        (true, user) => told(app, Status::OK, &user),
        (false, _) => Reply::new(Status(404)).media(Media::Html),
    })
}

/// The same as go-httpbin has it.
fn go_hidden(app: &App, request: &Request) -> Result<Reply, Refusal> {
    match visitor(request) {
        (true, user) => Ok(told(app, Status::OK, &user)),
        (false, _) => Err(Refusal::new(Status(404), "")),
    }
}

/// Whether the path's user has logged in with the path's password, and who tried.
fn visitor(request: &Request) -> (bool, String) {
    let Some((user, password)) = basic(&authorization(request)) else { return <_>::default() };
    let given = (user.as_bytes(), password.as_bytes());
    (given == (request.param(0), request.param(1)), user)
}

/// What a login came to: 200 or not.
pub(super) fn told(app: &App, status: Status, user: &str) -> Reply {
    let done = if status == Status::OK { "true" } else { "false" };
    let mut body = Vec::new();
    tall(app, &mut body, |json| {
        json.key("authenticated");
        json.raw(done);
        json.key("user");
        json.text(user);
        if app.compat.authorized {
            json.key("authorized");
            json.raw(done);
        }
    });
    Reply::whole(status, Media::Json, body)
}

/// `/bearer`: any token, told as it came.
fn bearer(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let authorization = authorization(request);
    Ok(match authorization.strip_prefix(b"Bearer ") {
        Some(token) => token_told(app, token),
        None => Reply::new(Status(401)).media(Media::Html).header("WWW-Authenticate", "Bearer"),
    })
}

/// The same as go-httpbin has it: `Bearer` and one word.
fn go_bearer(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let authorization = authorization(request);
    let mut words = authorization.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    Ok(match (words.next(), words.next(), words.next()) {
        (Some(b"Bearer"), Some(token), None) => token_told(app, token),
        _ => refuse(app, &Refusal::new(Status(401), "")).header("WWW-Authenticate", "Bearer"),
    })
}

fn token_told(app: &App, token: &[u8]) -> Reply {
    let mut body = Vec::new();
    tall(app, &mut body, |json| {
        json.key("authenticated");
        json.raw("true");
        json.key("token");
        json.bytes(token);
    });
    Reply::whole(Status::OK, Media::Json, body)
}
