//! `/bearer`: any token. Of one that is a JWT (RFC 7519), the answer shows what it has.

use base64::engine::{Engine, general_purpose::URL_SAFE_NO_PAD};

use crate::endpoint::inspect::object_reply;
use crate::endpoint::refuse;
use crate::http::app::App;
use crate::http::fields::credentials::authorization;
use crate::http::json::reencode;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// `/bearer`: any token, shown as sent.
pub(super) fn bearer(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let authorization = authorization(request);
    Ok(match authorization.strip_prefix(b"Bearer ") {
        Some(token) => token_reply(app, token),
        None => Reply::new(Status(401)).media(Media::Html).header("WWW-Authenticate", "Bearer"),
    })
}

/// The same in go-httpbin: `Bearer` and a single word.
pub(super) fn go_bearer(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let authorization = authorization(request);
    let mut words = authorization.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    Ok(match (words.next(), words.next(), words.next()) {
        (Some(b"Bearer"), Some(token), None) => token_reply(app, token),
        _ => refuse(app, &Refusal::new(Status(401), "")).header("WWW-Authenticate", "Bearer"),
    })
}

/// An addition to both APIs: a JWT is decoded, and never verified, as there is no key for it here.
fn token_reply(app: &App, token: &[u8]) -> Reply {
    object_reply(app, Status::OK, |json| {
        json.raw_at("authenticated", "true");
        if let Some([header, claims]) = jwt(token) {
            json.object_at("jwt", |json| {
                json.key("claims");
                reencode::write(json, &claims);
                json.key("header");
                reencode::write(json, &header);
                json.raw_at("verified", "false");
            });
        }
        json.key("token");
        json.bytes(token);
    })
}

/// The header and the claims of a JWT: three parts in base64url without padding (RFC 7515 3.1), of
/// which the first two are JSON objects. The third, its signature, may be empty (RFC 7519 6). It is
/// not decoded, since tests write `signature` there, which no bytes are encoded to.
fn jwt(token: &[u8]) -> Option<[String; 2]> {
    let mut parts = token.split(|&byte| byte == b'.');
    let mut document = || object(URL_SAFE_NO_PAD.decode(parts.next()?).ok()?);
    let documents = [document()?, document()?];
    let is_base64url = |&byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_signed = parts.next()?.iter().all(is_base64url);
    (is_signed && parts.next().is_none()).then_some(documents)
}

fn object(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    (text.trim_ascii_start().starts_with('{') && reencode::is_json(&text)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(parts: [&str; 3]) -> String {
        parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
    }

    #[test]
    fn a_jwt_has_two_objects_and_a_signature() {
        let (header, claims) = (r#"{"alg":"HS256"}"#, r#" {"sub": "é", "exp": 1e3} "#);
        for signature in ["", "\u{3ff}any"] {
            let found = jwt(token([header, claims, signature]).as_bytes());
            assert_eq!(found, Some([header.to_owned(), claims.to_owned()]));
        }
        let unsigned = token([header, claims, ""]);
        for signature in ["x", "signature", "_-09azAZ"] {
            assert!(jwt(format!("{unsigned}{signature}").as_bytes()).is_some(), "{signature}");
        }
    }

    #[test]
    fn other_tokens_are_none() {
        let sound = token(["{}", "{}", ""]);
        assert!(jwt(sound.as_bytes()).is_some());
        for other in [
            String::new(),
            "..".to_owned(),
            "a.b.c".to_owned(),
            sound.trim_end_matches('.').to_owned(),
            format!("{sound}."),
            format!("{sound}=="),
            format!("{sound}+"),
            format!(" {sound}"),
            token(["{}", "[]", "x"]),
            token(["1", "{}", "x"]),
            token(["{}", "{", "x"]),
            token(["{}", "{\"a\": NaN}", "x"]),
        ] {
            assert_eq!(jwt(other.as_bytes()), None, "{other}");
        }
        let latin = [URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(b"{\"a\":\"\xe9\"}")];
        assert_eq!(jwt(format!("{}.", latin.join(".")).as_bytes()), None);
    }
}
