//! What went over the wire: the head as it came, the request written again, and trailers.
//!
//! `/raw` is our own: no other echo tells order, case, blanks and line ends.

use std::collections::HashSet;

use super::inspect::{check_body, tell};
use super::params::bad;
use super::route::{Group, Names, Param, Route};
use crate::http::app::App;
use crate::http::char_class::{ANY_TEXT, FIELD_VALUE, TOKEN, is_field_value, is_token};
use crate::http::fields::name_case::NameCase;
use crate::http::fields::render_headers;
use crate::http::pace::{Pace, Source};
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::{Request, Version};
use crate::http::status::Status;
use crate::http::uri::query::{self, Pair};

const AFTER: Param =
    Param::any(Names { pattern: TOKEN, except: &FORBIDDEN }, "a field after the answer")
        .like(FIELD_VALUE)
        .go(&Param::any(ALLOWED, "a field after the answer"));
/// go-httpbin leaves out what is no token.
const ALLOWED: Names = Names { pattern: ANY_TEXT, except: &FORBIDDEN };

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "The wire",
    about: "The request as it was on the wire, and fields after the answer",
    routes: &[
        Route::any("/raw", raw, "the request's head, byte for byte").answers("text/plain"),
        Route::any("/dump/request", dump, "the request, written in the form of the wire")
            .keep()
            .answers("text/plain"),
        Route::any("/trailers", trailers, "what the request said, and fields after it")
            .keep()
            .go(trailers_go)
            .with(&[AFTER]),
    ],
};

/// `/raw`: the head as it came, from the request line to the empty line. Lines before the request
/// line are no part of it (RFC 9112 2.2). The lines of fields that the operator excludes are left
/// out: a proxy may have added them, and they are told nowhere.
fn raw(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply { media: Media::Text, body: Body::Render(render_raw), ..Reply::new(Status::OK) })
}

fn render_raw(app: &App, request: &Request, output: &mut Vec<u8>) {
    if app.exclude_headers.is_empty() {
        return output.extend_from_slice(request.head);
    }
    let mut lines = request.head.split_inclusive(|&byte| byte == b'\n');
    // The request line may hold a `:` of its own.
    output.extend_from_slice(lines.next().unwrap_or_default());
    for line in lines.filter(|line| !is_excluded_line(app, line)) {
        output.extend_from_slice(line);
    }
}

fn is_excluded_line(app: &App, line: &[u8]) -> bool {
    let name = memchr::memchr(b':', line).and_then(|colon| line.get(..colon));
    name.is_some_and(|name| render_headers::is_excluded(app, name))
}

/// `/dump/request`: go-httpbin's. The request line as it came, Host, the other fields sorted and
/// their names in one case, an empty line, and the body without its transfer coding.
fn dump(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply { media: Media::Text, body: Body::Render(render_dump), ..Reply::new(Status::OK) })
}

fn render_dump(app: &App, request: &Request, output: &mut Vec<u8>) {
    output.extend_from_slice(request.method_name().as_bytes());
    output.push(b' ');
    output.extend_from_slice(request.target.raw);
    output.push(b' ');
    output.extend_from_slice(request.version.name());
    output.extend_from_slice(b"\r\n");
    render_headers::write_lines(output, app, request);
    output.extend_from_slice(b"\r\n");
    output.extend_from_slice(request.body);
}

/// `/trailers?name=value`: go-httpbin's. What `/anything` tells, in chunks, and after it a field
/// for each argument, announced in a single `Trailer`. HTTP/1.0 has no chunks, and so no such
/// fields (RFC 9112 7.1).
fn trailers(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = query::as_fields(app.compat, request)?;
    asked.iter().try_for_each(|(name, value)| check_trailer(name, value))?;
    told_before(app, request, asked)
}

/// The same under `--compat go-httpbin`: what cannot stand in a field is left out of it.
fn trailers_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut asked = query::as_fields(app.compat, request)?;
    asked.retain(|(name, _)| is_token(name));
    asked.iter().try_for_each(|(name, _)| check_trailer(name, ""))?;
    told_before(app, request, asked)
}

/// What the request says, and these fields after it.
fn told_before(app: &App, request: &Request, asked: Vec<Pair>) -> Result<Reply, Refusal> {
    check_body(app, request)?;
    let mut body = Vec::new();
    tell(app, request, app.compat.echo.anything, &mut body);
    if request.version == Version::Http10 {
        return Ok(Reply::whole(Status::OK, Media::Json, body));
    }
    let mut pace = Pace::new(Source::Text(body), 1, 0, None);
    let (mut seen, mut names) = (HashSet::new(), Vec::new());
    for (name, value) in asked {
        pace.trailers.push_as_go(NameCase::Mime.of(&name), &value);
        if seen.insert(name.to_ascii_lowercase()) {
            names.push(name);
        }
    }
    let reply = Reply { media: Media::Json, ..Reply::new(Status::OK) };
    let reply = if names.is_empty() { reply } else { reply.header("Trailer", names.join(", ")) };
    Ok(Reply { body: Body::Paced(Box::new(pace)), ..reply })
}

/// Fields that decide how a message is read, and so must not come after it (RFC 9110 6.5.1).
const FORBIDDEN: [&str; 12] = [
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "Host",
    "Max-Forwards",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
];

fn check_trailer(name: &str, value: &str) -> Result<(), Refusal> {
    let forbidden = FORBIDDEN.iter().any(|forbidden| forbidden.eq_ignore_ascii_case(name));
    match () {
        _ if !is_token(name) => Err(bad("trailer", name, "its name must be a token")),
        _ if forbidden => Err(bad("trailer", name, "it may not come after a body")),
        _ if !is_field_value(value) => {
            Err(bad("trailer", name, "its value must hold no control character"))
        }
        _ => Ok(()),
    }
}
