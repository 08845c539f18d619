//! The request on the wire: its head as received, the request serialized again, and trailers.
//!
//! `/raw` is an addition: no other echo shows the order, case, whitespace and line ends of the
//! head.

use std::collections::HashSet;

use super::inspect::{check_body, write_echo};
use super::params::bad;
use super::route::{Group, Names, Origin, Param, Route};
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
    Param::any(Names { pattern: TOKEN, except: &FORBIDDEN }, "trailer field with this name")
        .like(FIELD_VALUE)
        .go(&Param::any(ALLOWED, "trailer field with this name"));
/// go-httpbin ignores what is not a token.
const ALLOWED: Names = Names { pattern: ANY_TEXT, except: &FORBIDDEN };

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "On the wire",
    about: "The request as it was sent, and trailers",
    routes: &[
        Route::any("/raw", raw, "Returns the request's head, byte for byte").answers("text/plain"),
        Route::any("/dump/request", dump, "Returns the request in HTTP/1.1 syntax")
            .from(Origin::GoHttpbin)
            .keep()
            .answers("text/plain"),
        Route::any("/trailers", trailers, "Returns the request, followed by trailer fields")
            .from(Origin::GoHttpbin)
            .keep()
            .go(trailers_go)
            .with(&[AFTER]),
    ],
};

/// `/raw`: the head as received, to its empty line, without empty lines before it (RFC 9112 2.2)
/// and fields that the operator excludes, since a proxy may have added them.
fn raw(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply { media: Media::Text, body: Body::Render(render_raw), ..Reply::new(Status::OK) })
}

fn render_raw(app: &App, request: &Request, output: &mut Vec<u8>) {
    if app.exclude_headers.is_empty() {
        return output.extend_from_slice(request.head);
    }
    let mut lines = request.head.split_inclusive(|&byte| byte == b'\n');
    // The request line may contain a `:`.
    output.extend_from_slice(lines.next().unwrap_or_default());
    for line in lines {
        let name = memchr::memchr(b':', line).and_then(|colon| line.get(..colon));
        if !name.is_some_and(|name| render_headers::is_excluded(app, name)) {
            output.extend_from_slice(line);
        }
    }
}

/// `/dump/request`, from go-httpbin: the request line as received, Host, the other fields sorted
/// and with canonical names, an empty line, and the body without its transfer coding.
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

/// `/trailers?name=value`, from go-httpbin: the answer of `/anything`, and a trailer field for each
/// argument, announced in `Trailer`. HTTP/1.0 has no trailers (RFC 9112 7.1).
fn trailers(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = query::response_fields(app.compat, request)?;
    asked.iter().try_for_each(|(name, value)| check_trailer(name, value))?;
    with_trailers(app, request, asked)
}

/// The same with `--compat go-httpbin`: invalid fields are left out.
fn trailers_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut asked = query::response_fields(app.compat, request)?;
    asked.retain(|(name, _)| is_token(name));
    asked.iter().try_for_each(|(name, _)| check_trailer(name, ""))?;
    with_trailers(app, request, asked)
}

/// The answer with these trailer fields.
fn with_trailers(app: &App, request: &Request, asked: Vec<Pair>) -> Result<Reply, Refusal> {
    check_body(app, request)?;
    let mut body = Vec::new();
    write_echo(app, request, app.compat.echo.anything, &mut body);
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

/// Fields that affect how a message is read, and so are forbidden in trailers (RFC 9110 6.5.1).
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
    let hint = match is_token(name) {
        false => "the name must be a token",
        true if forbidden => "this field is not allowed in trailers",
        true if is_field_value(value) => return Ok(()),
        true => "the value must not contain control characters",
    };
    Err(bad("trailer", name, hint))
}
