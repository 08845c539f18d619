//! `/digest-auth`: digest authentication (RFC 7616).
//!
//! Nothing is stored between requests, as in httpbin: any nonce is accepted, the nonce count is not
//! checked, and how often a nonce was used is kept in cookies.
//!
//! Departures from httpbin: the user must be the path's, which httpbin does not check; `uri` must
//! be the request target with its query (RFC 7616 3.4.6), where httpbin hashes the path it sees and
//! fails on any query; malformed credentials count as missing, where it fails; an unknown algorithm
//! is an error, where it counts as MD5. SHA-512-256 and the `-sess` variants are additions.

use super::login_reply;
use crate::base::random::Random;
use crate::base::text::hex;
use crate::endpoint::inspect::write_object;
use crate::endpoint::{params, refuse};
use crate::http::app::App;
use crate::http::char_class::is_token;
use crate::http::fields::cookies;
use crate::http::fields::credentials::{Parameters, authorization};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Request, Target};
use crate::http::status::Status;
use crate::http::uri::query;

/// A digest algorithm (RFC 7616 3.3).
#[derive(Clone, Copy, Debug)]
struct Algorithm {
    name: &'static str,
    hash: fn(&[&[u8]]) -> String,
    /// Whether the user's hash includes the nonces (`-sess`), so that a proxy can be given it.
    session: bool,
}

/// The names of the algorithms.
pub(super) const NAMES: [&str; 8] = [
    "MD5",
    "SHA-256",
    "SHA-512",
    "SHA-512-256",
    "MD5-sess",
    "SHA-256-sess",
    "SHA-512-sess",
    "SHA-512-256-sess",
];

impl Algorithm {
    const MD5: Algorithm = Algorithm { name: "MD5", hash: hash::<md5::Md5>, session: false };

    /// The algorithm with this name, in any case.
    fn named(name: &[u8]) -> Option<Algorithm> {
        let name = NAMES.into_iter().find(|known| known.as_bytes().eq_ignore_ascii_case(name))?;
        let hash = match name.strip_suffix("-sess").unwrap_or(name) {
            "SHA-256" => hash::<sha2::Sha256>,
            "SHA-512" => hash::<sha2::Sha512>,
            "SHA-512-256" => hash::<sha2::Sha512_256>,
            _ => hash::<md5::Md5>,
        };
        Some(Algorithm { name, hash, session: name.ends_with("-sess") })
    }
}

/// The hash of the parts joined with `:`, in hex.
fn hash<D: sha2::Digest>(parts: &[&[u8]]) -> String {
    hex(&D::digest(parts.join(&b':')))
}

/// `/digest-auth/{qop}/{user}/{password}/{algorithm}/{stale_after}`; the last two may be missing.
pub(super) fn digest(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let needs_cookie = query::first(request, "require-cookie")
        .is_some_and(|value| ["1", "t", "true"].iter().any(|yes| value.eq_ignore_ascii_case(yes)));
    let login = Parameters::digest(&authorization(request))
        .filter(|_| !needs_cookie || request.field("Cookie").is_some());
    let Some(login) = login else { return Ok(challenge(request, None, false)) };
    let cookies = cookies::of(request);
    let cookie = |name| cookies.get(name).map(String::as_str);
    if needs_cookie && cookie("fake") != Some("fake_value") {
        return Ok(without_cookie(app));
    }
    let nonce = login.get("nonce");
    let used = nonce.is_some() && cookie("last_nonce").map(str::as_bytes) == nonce;
    let stale = used || cookie("stale_after") == Some("0");
    if stale || !is_valid(request, &login) {
        return Ok(challenge(request, nonce, stale));
    }
    let reply = login_reply(app, Status::OK, &String::from_utf8_lossy(request.param(1)));
    let reply = set_cookie(reply, "fake", "fake_value");
    Ok(match cookie("stale_after") {
        Some(left) => set_cookie(reply, "stale_after", &decremented(left)),
        None => reply,
    })
}

/// The challenge, with the nonce of credentials that were wrong or stale.
fn challenge(request: &Request, last_nonce: Option<&[u8]>, stale: bool) -> Reply {
    let qop = match request.param(0) {
        b"auth" => "auth",
        b"auth-int" => "auth-int",
        _ => "auth, auth-int",
    };
    let name = std::str::from_utf8(request.param(3)).unwrap_or_default();
    let exact = Algorithm::named(name.as_bytes()).filter(|algorithm| algorithm.name == name);
    let algorithm = exact.unwrap_or(Algorithm::MD5);
    let (nonce, opaque) = nonces(request, algorithm);
    let stale = if stale { "True" } else { "False" };
    let value = format!(
        "Digest realm=\"me@kennethreitz.com\", nonce=\"{nonce}\", opaque=\"{opaque}\", \
         qop=\"{qop}\", algorithm={}, stale={stale}",
        algorithm.name
    );
    let reply = Reply::new(Status(401)).media(Media::Html).header("WWW-Authenticate", value);
    let stale_after = match request.param(4) {
        b"" => "never".to_owned(),
        text => cookies::quote_octal(&String::from_utf8_lossy(text)),
    };
    let reply = set_cookie(reply, "stale_after", &stale_after);
    let reply = match last_nonce.and_then(plain) {
        Some(nonce) => set_cookie(reply, "last_nonce", nonce),
        None => reply,
    };
    set_cookie(reply, "fake", "fake_value")
}

/// A random nonce and opaque string.
fn nonces(request: &Request, algorithm: Algorithm) -> (String, String) {
    let mut random = Random::new(request.seed);
    let mut draw = || {
        let mut bytes = Vec::new();
        random.fill(&mut bytes, 16);
        (algorithm.hash)(&[&bytes])
    };
    (draw(), draw())
}

fn without_cookie(app: &App) -> Reply {
    let mut body = Vec::new();
    write_object(app, &mut body, |json| {
        json.list_at("errors", |json| {
            json.item();
            json.text("missing cookie set on challenge");
        });
    });
    set_cookie(Reply::whole(Status(403), Media::Json, body), "fake", "fake_value")
}

fn set_cookie(reply: Reply, name: &str, value: &str) -> Reply {
    reply.header("Set-Cookie", format!("{name}={value}; Path=/"))
}

/// The text, if it needs no quotes in a cookie.
fn plain(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok().filter(|text| is_token(text))
}

/// The number of logins that remain after this one.
fn decremented(left: &str) -> String {
    params::python_integer(left)
        .map_or("never".to_owned(), |left| left.saturating_sub(1).to_string())
}

/// Whether the credentials are for the path's user and password, and for this request.
fn is_valid(request: &Request, login: &Parameters) -> bool {
    let (user, password) = (request.param(1), request.param(2));
    let response = login.get("response");
    login.get("username") == Some(user)
        && login.get("uri").is_some_and(|uri| is_target(request, uri))
        && expected(login, request.method_name().as_bytes(), password, request.body)
            .is_some_and(|expected| response == Some(expected.as_bytes()))
}

/// Whether a URI is the request target, as a path or as an absolute URI (RFC 7616 3.4.6).
fn is_target(request: &Request, uri: &[u8]) -> bool {
    let Some((named, host)) = Target::parse(uri) else { return false };
    let asked = &request.target;
    let same_host = |host: &[u8]| request.host.is_some_and(|own| own.eq_ignore_ascii_case(host));
    (named.raw_path, named.raw_query) == (asked.raw_path, asked.raw_query)
        && host.is_none_or(same_host)
}

/// The expected response (RFC 7616 3.4.1) for the algorithm (default MD5) and the quality of
/// protection (none: RFC 2069) of the credentials; `None` if one of their parameters is missing.
fn expected(login: &Parameters, method: &[u8], password: &[u8], body: &[u8]) -> Option<String> {
    let algorithm = match login.get("algorithm") {
        Some(name) => Algorithm::named(name)?,
        None => Algorithm::MD5,
    };
    let hash = algorithm.hash;
    let (nonce, uri) = (login.get("nonce")?, login.get("uri")?);
    let mut user = hash(&[login.get("username")?, login.get("realm")?, password]);
    if algorithm.session {
        user = hash(&[user.as_bytes(), nonce, login.get("cnonce")?]);
    }
    let qop = login.get("qop");
    let asked = match qop {
        Some(b"auth-int") => hash(&[method, uri, hash(&[body]).as_bytes()]),
        Some(b"auth") | None => hash(&[method, uri]),
        Some(_) => return None,
    };
    let (user, asked) = (user.as_bytes(), asked.as_bytes());
    Some(match qop {
        Some(qop) => hash(&[user, nonce, login.get("nc")?, login.get("cnonce")?, qop, asked]),
        None => hash(&[user, nonce, asked]),
    })
}

/// The same in go-httpbin: MD5 or SHA-256, `auth` only, no cookies.
pub(super) fn go_digest(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let text = |n| String::from_utf8_lossy(request.param(n));
    if !text(0).eq_ignore_ascii_case("auth") {
        return Err(params::bad("qop", &text(0), "it must be auth"));
    }
    let known = |name: &&str| name.eq_ignore_ascii_case(&text(3)) || text(3).is_empty();
    let Some(name) = ["MD5", "SHA-256"].into_iter().find(known) else {
        return Err(params::bad("algorithm", &text(3), "it must be MD5 or SHA-256"));
    };
    let login = Parameters::digest(&authorization(request));
    if login.is_some_and(|login| is_valid(request, &login)) {
        return Ok(login_reply(app, Status::OK, &text(1)));
    }
    let (nonce, opaque) = nonces(request, Algorithm::MD5);
    let value = format!(
        "Digest qop=auth, realm=go-httpbin, algorithm={name}, nonce={nonce}, opaque={opaque}"
    );
    Ok(refuse(app, &Refusal::new(Status(401), "")).header("WWW-Authenticate", value))
}

/// go-httpbin has no path with `stale_after`.
pub(super) fn unknown_to_go(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Err(Refusal::not_found())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    /// The credentials of RFC 7616 3.9.1, without the response.
    fn mufasa(more: &str) -> Parameters {
        let text = format!(
            "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", \
             nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\"{more}"
        );
        Parameters::digest(text.as_bytes()).unwrap()
    }

    fn response(algorithm: &str, more: &str, body: &[u8]) -> Option<String> {
        let nonces = "nc=00000001, cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\"";
        let login = mufasa(&format!(", algorithm={algorithm}, {nonces}{more}"));
        expected(&login, b"GET", b"Circle of Life", body)
    }

    #[test]
    fn the_standards_own_logins() {
        let response = |algorithm| response(algorithm, ", qop=auth", b"").unwrap();
        assert_eq!(response("MD5"), "8ca523f5e9506fed4657c9700eebdbec");
        let sha_256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert_eq!(response("SHA-256"), sha_256);
    }

    // The following were computed with Python's hashlib.
    #[test]
    fn longer_hashes() {
        let response = |algorithm| response(algorithm, ", qop=auth", b"").unwrap();
        let sha_512 = "27d9ebedb4e86595d8b99152ce456620c8e47c48afbd771dbc4468bb758ca66e\
                       7312383d49ad044219d4a2c5c218e66c584fa00b2728798bcff9435825eed0ad";
        assert_eq!(response("SHA-512"), sha_512);
        let sha_512_256 = "430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0";
        assert_eq!(response("sha-512-256"), sha_512_256);
    }

    #[test]
    fn sessions() {
        let response = |algorithm| response(algorithm, ", qop=auth", b"").unwrap();
        assert_eq!(response("MD5-sess"), "e783283f46242139c486a698fec7211d");
        let sha_256 = "2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7";
        assert_eq!(response("SHA-256-sess"), sha_256);
        let sha_512_256 = "3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e";
        assert_eq!(response("SHA-512-256-sess"), sha_512_256);
        assert!(response("SHA-512-sess").starts_with("5bc820f8c0e5cf83"));
    }

    #[test]
    fn bodies_and_old_logins() {
        let body = response("MD5", ", qop=auth-int", b"body").unwrap();
        assert_eq!(body, "9aaa3cbaec2406853a7cb784c6813d11");
        assert_eq!(response("MD5", "", b"").unwrap(), "7b2cc3b30e75b4777ea31027084363fd");
    }

    #[test]
    fn logins_that_lack_something() {
        assert_eq!(response("MD4", ", qop=auth", b""), None);
        assert_eq!(response("MD5", ", qop=x", b""), None);
        assert_eq!(expected(&mufasa(", qop=auth"), b"GET", b"", b""), None);
        assert_eq!(expected(&mufasa(", algorithm=MD5-sess"), b"GET", b"", b""), None);
        assert!(expected(&mufasa(""), b"GET", b"", b"").is_some());
    }

    #[test]
    fn a_uri_is_what_was_asked_for() {
        let is = |asked: &str, uri: &str| {
            ask(asked, &[("Host", "h:80")], b"", |request| is_target(request, uri.as_bytes()))
        };
        assert!(is("/a%20b?c", "/a%20b?c") && is("/a", "http://H:80/a"));
        assert!(is("http://h:80/a?", "/a?") && is("http://o/a", "http://o/a"));
        for (asked, uri) in [
            ("/a?c", "/a"),
            ("/a", "/a?"),
            ("/a", "/A"),
            ("/%61", "/a"),
            ("/a", "http://o/a"),
            ("/a", "a"),
            ("/a", ""),
        ] {
            assert!(!is(asked, uri), "{asked} {uri}");
        }
    }

    #[test]
    fn nonces_that_never_grow_stale() {
        for (left, less) in
            [("3", "2"), ("0", "-1"), ("-1", "-2"), ("never", "never"), ("", "never")]
        {
            assert_eq!(decremented(left), less);
        }
    }
}
