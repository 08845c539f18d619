//! `/status`: any status code. Lists routes of `about` and `response_headers` as well.

use super::auth::REALM;
use super::params::{bad, is_read, python_float, python_integer};
use super::route::{Client, Group, Kind, Origin, Param, Route};
use super::{about, rate_limit, refuse, response_headers};
use crate::base::random::Random;
use crate::http::app::App;
use crate::http::char_class::is_token;
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Request, Version};
use crate::http::status::Status;

/// One code with this first digit, or several, each with a positive weight or none. Python's other
/// ways to write numbers and weights of zero are accepted too, but not described.
macro_rules! codes {
    ($digit:literal) => {
        concat!("^(", $digit, "[0-9]{2}|", item!($digit), "(,", item!($digit), ")+)$")
    };
}

macro_rules! item {
    ($digit:literal) => {
        concat!(
            $digit,
            r"[0-9]{2}(:(0*[1-9][0-9]{0,8}(\.[0-9]{0,9})?|0*\.0{0,8}[1-9][0-9]{0,8}))?",
        )
    };
}

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Status and headers",
    about: "Answers with the given status or header fields",
    routes: &Origin::Httpbin.of([
        Route::any("/status/{codes}", status, "Returns a status code, or a random one by weight")
            .go(go_status)
            .client(&[Client::Challenge, Client::Follow])
            .with(&[Param::path(
                "codes",
                Kind::Text,
                "503",
                "100 to 999, or several with weights: `200:3,503:1`",
            )
            .like(codes!("[1-9]"))
            .go(&Param::path(
                "codes",
                Kind::Text,
                "503",
                "100 to 599, or several with weights: `200:3,503:1`",
            )
            .like(codes!("[1-5]")))])
            .answers("*/*"),
        about::UNSTABLE,
        rate_limit::LIMIT,
        response_headers::HEADERS,
    ]),
};

/// The highest code, and go-httpbin's.
const HIGHEST: u16 = 999;
const GO_HIGHEST: u16 = 599;

/// `/status/{codes}`: one code, or one drawn at random by weight (`200:3,500`).
///
/// Departures from httpbin: a code below 100 or above 999, and weights that are all zero, are
/// refused (it fails on the latter). The texts of 402 and 418 are our own.
fn status(app: &App, request: &Request) -> Result<Reply, Refusal> {
    // The usual form.
    if let Some(code) = three_digits(request.param(0)) {
        return Ok(status_reply(app, request, code));
    }
    let codes = std::str::from_utf8(request.param(0)).unwrap_or_default();
    Ok(match chosen(request, codes, HIGHEST) {
        Some(code) => status_reply(app, request, code),
        None => Reply::whole(Status(400), Media::Text, b"Invalid status code".as_slice()),
    })
}

/// A code in three digits.
fn three_digits(text: &[u8]) -> Option<u16> {
    match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            let [a, b, c] = [a, b, c].map(|digit| u16::from(digit - b'0'));
            Some(100 * a + 10 * b + c)
        }
        _ => None,
    }
}

/// The same in go-httpbin: 100 to 599, and other answers for some codes.
///
/// Departures: every code of a list must be in that range, not only the one that is drawn; the
/// texts of 300, 308 and 402 are our own.
fn go_status(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let codes = String::from_utf8_lossy(request.param(0));
    let chosen = || chosen(request, &codes, GO_HIGHEST);
    match is_read(app.compat, &codes).then(chosen).flatten() {
        Some(code) => Ok(go_status_reply(app, request, code)),
        None => Err(bad("status", &codes, "expected 100 to 599, or several as 200:3,503:1")),
    }
}

/// The code, or one of several.
fn chosen(request: &Request, codes: &str, most: u16) -> Option<u16> {
    if codes.contains(',') {
        draw(codes, most, Random::new(request.seed).fraction())
    } else {
        code(codes, most)
    }
}

/// A code as Python reads an integer.
fn code(text: &str, most: u16) -> Option<u16> {
    let code = u16::try_from(python_integer(text)?).ok()?;
    (100..=most).contains(&code).then_some(code)
}

/// The code at this fraction of the sum of all weights.
fn draw(codes: &str, most: u16, fraction: f64) -> Option<u16> {
    let weighted = |choice| weighted(choice, most);
    let mut total = 0.0;
    for choice in codes.split(',') {
        total += weighted(choice)?.1;
    }
    if !(total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut left = total * fraction;
    let mut choices = codes.split(',').filter_map(weighted);
    let drawn = choices.find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    // For rounding errors at the end.
    drawn.or_else(|| codes.split(',').filter_map(weighted).rfind(|c| c.1 > 0.0)).map(|c| c.0)
}

/// A code and its weight, which is 1 by default.
fn weighted(choice: &str, most: u16) -> Option<(u16, f64)> {
    let Some((text, weight)) = choice.split_once(':') else {
        return Some((code(choice, most)?, 1.0));
    };
    Some((code(text, most)?, python_float(weight)?))
}

const TEAPOT: &str = r#"
    -=[ teapot ]=-

          ,___.
      ____/   \____   __
   __/   `-----'   \_/ /
  (_ |              _ /
    \|             | /
     \_           _/
       `---------'
"#;
const UNACCEPTABLE: &str = concat!(
    r#"{"message": "Client did not request a supported media type.", "#,
    r#""accept": ["image/webp", "image/svg+xml", "image/jpeg", "image/png", "image/*"]}"#,
);
const GO_UNACCEPTABLE: &str = r#"{
  "message": "Client did not request a supported media type",
  "accept": [
    "image/webp",
    "image/svg+xml",
    "image/jpeg",
    "image/png",
    "image/"
  ]
}
"#;
const UNPAID: &str = "No coin, no page.";
const UNPAID_MORE: &str = "http://vimeo.com/22053820";
const TEAPOT_MORE: &str = "http://tools.ietf.org/html/rfc2324";

/// The answer for a status code: empty, except for some codes.
pub(super) fn status_reply(app: &App, request: &Request, code: u16) -> Reply {
    let status = Status(code);
    let text = |text: &'static str, more| {
        Reply::whole(status, Media::None, text.as_bytes()).header("x-more-info", more)
    };
    match code {
        206 => part(Media::Html),
        301 | 302 | 303 | 305 | 307 => {
            Reply::new(status).header("Location", app.local_for(request, "/redirect/1"))
        }
        304 => Reply::new(status),
        401 | 407 => with_due_fields(Reply::new(status), request),
        402 => text(UNPAID, UNPAID_MORE),
        406 => Reply::whole(status, Media::Json, UNACCEPTABLE.as_bytes()),
        418 => text(TEAPOT, TEAPOT_MORE),
        101 => switch(app, request, Media::Html),
        103 => hint(app, request, Media::Html),
        405 | 416 | 426 | 429 | 503 => {
            with_due_fields(Reply { media: Media::Html, ..Reply::new(status) }, request)
        }
        _ => Reply { media: Media::Html, ..Reply::new(status) },
    }
}

/// The same in go-httpbin: all plain text, also the two pages that link to the image.
fn go_status_reply(app: &App, request: &Request, code: u16) -> Reply {
    let status = Status(code);
    let text = |text: String| Reply::whole(status, Media::PlainText, text.into_bytes());
    let empty = || Reply::new(status).media(Media::PlainText);
    let picture = || app.local_for(request, "/image/jpeg");
    let page = || text(page(status, &picture())).header("Location", picture());
    match code {
        206 => part(Media::PlainText),
        300 | 308 => page(),
        301 | 302 | 303 | 305 | 307 => {
            empty().header("Location", app.local_for(request, "/redirect/1"))
        }
        304 => Reply::new(status),
        402 => text(UNPAID.to_owned()).header("X-More-Info", UNPAID_MORE),
        406 => Reply::whole(status, Media::Json, GO_UNACCEPTABLE.as_bytes()),
        418 => text("I'm a teapot!".to_owned()).header("X-More-Info", TEAPOT_MORE),
        101 => switch(app, request, Media::PlainText),
        103 => hint(app, request, Media::PlainText),
        _ => with_due_fields(empty(), request),
    }
}

/// A 206 with a part of one byte, as an empty one has no valid Content-Range (RFC 9110 14.4): the
/// whole document is a line feed.
fn part(media: Media) -> Reply {
    Reply::whole(Status(206), media, b"\n".as_slice()).header("Content-Range", "bytes 0-0/1")
}

/// Adds the fields that an answer with its status must or should have; the APIs have those of 401
/// and 407 alone. The method that remains for a 405 is OPTIONS; the document of a 416 is empty.
pub(super) fn with_due_fields(reply: Reply, request: &Request) -> Reply {
    match reply.status.0 {
        // RFC 9110 15.2.2 and 7.8.
        101 => {
            let protocol = protocol(request).unwrap_or_default();
            reply.header("Connection", "upgrade").header("Upgrade", protocol)
        }
        // RFC 9110 15.5.2 and 15.5.8.
        401 => reply.header("WWW-Authenticate", REALM),
        407 => reply.header("Proxy-Authenticate", REALM),
        405 => reply.header("Allow", "OPTIONS"), // RFC 9110 15.5.6
        416 => reply.header("Content-Range", "bytes */0"), // RFC 9110 15.5.17
        // RFC 9110 15.5.22.
        426 => reply.header("Connection", "upgrade").header("Upgrade", WEBSOCKET),
        429 | 503 => reply.header("Retry-After", "1"), // RFC 6585 4, RFC 9110 15.6.4
        _ => reply,
    }
}

const WEBSOCKET: &str = "websocket";

/// A 101, or the refusal of one.
fn switch(app: &App, request: &Request, media: Media) -> Reply {
    match check_upgrade(request, 101) {
        Ok(()) => with_due_fields(Reply::new(Status(101)).media(media), request),
        Err(refusal) => refuse(app, &refusal),
    }
}

/// A 103, with what a client may fetch while it waits for the answer (RFC 8297 2).
fn hint(app: &App, request: &Request, media: Media) -> Reply {
    let link = format!("<{}>; rel=preload; as=image", app.local_for(request, "/image/svg"));
    Reply::new(Status(103)).media(media).header("Link", link)
}

/// Refuses a 101 for which the client has not asked: a server must not switch to a protocol that
/// the client did not name (RFC 9110 7.8).
pub(super) fn check_upgrade(request: &Request, code: u16) -> Result<(), Refusal> {
    if code != 101 || protocol(request).is_some() {
        return Ok(());
    }
    Err(Refusal::bad(
        "a 101 answers a request to upgrade: send `Connection: upgrade` and `Upgrade: websocket`, \
         or another protocol, over HTTP/1.1",
    ))
}

/// The protocol of a 101: the first in the client's Upgrade field (RFC 9110 7.8). HTTP/1.0 and
/// HTTP/2 have no such field (RFC 9113 8.6).
fn protocol(request: &Request) -> Option<String> {
    if request.version != Version::Http11 {
        return None;
    }
    let names = request.fields_named("Upgrade").flat_map(|value| value.split(|&b| b == b','));
    let mut names = names.filter_map(|name| std::str::from_utf8(name.trim_ascii()).ok());
    names.find(|name| name.split('/').all(is_token)).map(str::to_owned)
}

/// A page with a link to the same place as the Location field.
fn page(status: Status, place: &str) -> String {
    let (title, place) = (status.reason(), html::escape(place));
    format!(
        "<!doctype html>\n<title>{title}</title>\n\
         <p>{title}: see <a href=\"{place}\">{place}</a></p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_drawn_by_their_weights() {
        assert_eq!(draw("200:3,500", 999, 0.0), Some(200));
        assert_eq!(draw("200:3,500", 999, 0.749), Some(200));
        assert_eq!(draw("200:3,500", 999, 0.75), Some(500));
        assert_eq!(draw("200,404,500", 999, 0.5), Some(404));
        assert_eq!(draw("200:0,404:1e1", 999, 0.0), Some(404));
        assert_eq!(draw("200:-1,300:3", 999, 0.0), Some(300));
        assert_eq!(draw("200:0.1,300:0.2,400:0", 999, 1.0), Some(300));
    }

    #[test]
    fn what_cannot_be_drawn_from() {
        for codes in [
            "200,",
            ",200",
            "200:,1",
            "200:1:2,3",
            "200:nan,200",
            "200:inf,300",
            "200:0,300:0",
            "200:-1,300",
            "99,200",
            "200,1000",
            "200,x",
        ] {
            assert_eq!(draw(codes, 999, 0.5), None, "{codes}");
        }
        assert_eq!(draw("200,600", 599, 0.0), None);
    }
}
