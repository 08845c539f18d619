//! Authentication: `/basic-auth`, `/hidden-basic-auth`; `/bearer` is in `bearer`, `/digest-auth` in
//! `digest`.
//!
//! Passwords are not compared in constant time: they are in the URL, so timing reveals no secret.

mod bearer;
mod digest;

use super::inspect::object_reply;
use super::route::{Client, Group, Kind, Origin, Others, Param, Route};
use crate::http::app::App;
use crate::http::fields::credentials::{authorization, basic};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use bearer::{bearer, go_bearer};
use digest::{digest, go_digest, unknown_to_go};

const USER: Param = Param::path("user", Kind::Text, "user", "user name");
const PASSWORD: Param = Param::path("passwd", Kind::Text, "secret", "password");
const QOP: Param = Param::path(
    "qop",
    Kind::Choice(&["auth", "auth-int"], Others::Taken),
    "auth",
    "`auth-int` protects the body too; any other value offers both",
)
.go(&Param::path("qop", GO_QOP, "auth", "quality of protection"));
const GO_QOP: Kind = Kind::Choice(&["auth"], Others::RefusedInAnyCase);
const ALGORITHM: Param = Param::path(
    "algorithm",
    Kind::Choice(&digest::NAMES, Others::Taken),
    "SHA-256",
    "hash algorithm; any other value is MD5",
)
.go(&Param::path("algorithm", GO_ALGORITHM, "SHA-256", "hash algorithm"));
const GO_ALGORITHM: Kind = Kind::Choice(&["MD5", "SHA-256"], Others::RefusedInAnyCase);
const STALE_AFTER: Param =
    Param::path("stale_after", Kind::Text, "3", "logins until a nonce is stale, or `never`");
const COOKIE: Param =
    Param::query("require-cookie", Kind::Switch, "whether the cookie of the challenge is required");
const BASIC: &[Client] = &[Client::Basic];
const DIGEST: &[Client] = &[Client::Digest];

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Authentication",
    about: "Basic, bearer and digest authentication",
    routes: &Origin::Httpbin.of([
        Route::get("/basic-auth/{user}/{passwd}", basic_auth, "Basic: 200 or 401")
            .go(go_basic_auth)
            .client(BASIC)
            .with(&[USER, PASSWORD]),
        Route::get("/hidden-basic-auth/{user}/{passwd}", hidden, "Basic: 200 or 404")
            .go(go_hidden)
            .client(BASIC)
            .with(&[USER, PASSWORD]),
        Route::get("/bearer", bearer, "Bearer, with any token: 200 or 401")
            .client(&[Client::Bearer])
            .go(go_bearer),
        Route::get("/digest-auth/{qop}/{user}/{passwd}", digest, "Digest: 200 or 401")
            .keep()
            .client(DIGEST)
            .go(go_digest)
            .with(&[QOP, USER, PASSWORD, COOKIE]),
        Route::get(
            "/digest-auth/{qop}/{user}/{passwd}/{algorithm}",
            digest,
            "The same with this hash algorithm",
        )
        .keep()
        .client(DIGEST)
        .go(go_digest)
        .with(&[QOP, USER, PASSWORD, ALGORITHM, COOKIE]),
        Route::get(
            "/digest-auth/{qop}/{user}/{passwd}/{algorithm}/{stale_after}",
            digest,
            "The same; a nonce is stale after this number of logins",
        )
        .keep()
        .client(DIGEST)
        .go(unknown_to_go)
        .with(&[QOP, USER, PASSWORD, ALGORITHM, STALE_AFTER, COOKIE]),
    ]),
};

/// The challenge of every endpoint with basic authentication.
pub(super) const REALM: &str = "Basic realm=\"Fake Realm\"";

/// `/basic-auth/{user}/{passwd}`.
fn basic_auth(app: &App, request: &Request) -> Result<Reply, Refusal> {
    login_or(app, request, |_| Ok(Reply::new(Status(401)).header("WWW-Authenticate", REALM)))
}

/// The same in go-httpbin: the 401 names the user.
fn go_basic_auth(app: &App, request: &Request) -> Result<Reply, Refusal> {
    login_or(app, request, |user| {
        Ok(login_reply(app, Status(401), user).header("WWW-Authenticate", REALM))
    })
}

/// `/hidden-basic-auth/{user}/{passwd}`: a 404 instead of a challenge.
fn hidden(app: &App, request: &Request) -> Result<Reply, Refusal> {
    login_or(app, request, |_| Ok(Reply::new(Status(404)).media(Media::Html)))
}

/// The same in go-httpbin.
fn go_hidden(app: &App, request: &Request) -> Result<Reply, Refusal> {
    login_or(app, request, |_| Err(Refusal::new(Status(404), "")))
}

/// The document about a login if the credentials match the path; else `denied` gets their user.
fn login_or(
    app: &App,
    request: &Request,
    denied: impl FnOnce(&str) -> Result<Reply, Refusal>,
) -> Result<Reply, Refusal> {
    let (user, password) = basic(&authorization(request)).unwrap_or_default();
    let given = (user.as_bytes(), password.as_bytes());
    match given == (request.param(0), request.param(1)) {
        true => Ok(login_reply(app, Status::OK, &user)),
        false => denied(&user),
    }
}

/// The document about a login, with this status.
pub(super) fn login_reply(app: &App, status: Status, user: &str) -> Reply {
    let done = if status == Status::OK { "true" } else { "false" };
    object_reply(app, status, |json| {
        json.raw_at("authenticated", done);
        json.text_at("user", user);
        if app.compat.authorized {
            json.raw_at("authorized", done);
        }
    })
}
