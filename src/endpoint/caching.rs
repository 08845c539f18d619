//! Conditional requests: `/cache`, `/etag`; `/range` is in `range`.

use super::inspect::write_echo;
use super::params;
use super::range;
use super::route::{Group, Kind, Origin, Param, Route};
use crate::base::limits::MAX_ATTRIBUTE_BYTES;
use crate::base::random::Random;
use crate::base::text::hex;
use crate::http::app::App;
use crate::http::char_class::has_no_controls;
use crate::http::fields::conditional::{Validator, date_s, has_tag, http_date};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Caching and ranges",
    about: "Conditional requests and range requests",
    routes: &Origin::Httpbin.of([
        Route::get("/cache", cache, "Returns the request, or 304 if it is conditional")
            .go(go_cache),
        Route::get("/cache/{value}", cache_for, "The same, cacheable for n seconds")
            .go(go_cache_for)
            .with(&[Param::path("value", Kind::Integer(0, i64::MAX), "60", "seconds")
                .go(&Param::path("value", ANY_INTEGER, "60", "seconds"))]),
        Route::get("/etag/{etag}", etag, "Returns the request, with an entity tag")
            .go(go_etag)
            .go_answers("text/plain")
            .with(&[Param::path("etag", Kind::Text, "abc", "entity tag, without quotes")
                .like(TAG)
                .go(&Param::path("etag", Kind::Text, "abc", "entity tag").like(GO_TAG))]),
        range::RANGE,
    ]),
};

/// What is valid both in a path segment and in a field.
const TAG: &str = r"^[^\x00-\x1f\x7f-\x9f/]+$";
/// The same where an escaped slash is part of the segment; no quotes.
const GO_TAG: &str = r#"^[^\x00-\x1f\x7f-\x9f"]+$"#;
const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);

/// The answer of `/get`.
fn document() -> Reply {
    Reply::json(render)
}

fn render(app: &App, request: &Request, output: &mut Vec<u8>) {
    write_echo(app, request, app.compat.echo.get, output);
}

/// Whether the request is conditional. As in httpbin, an empty If-None-Match counts, an empty
/// If-Modified-Since does not, and their values are ignored.
fn has_copy(request: &Request) -> bool {
    let dated = request.field("If-Modified-Since").is_some_and(|date| !date.is_empty());
    dated || request.field("If-None-Match").is_some()
}

/// `/cache`: the tag has no quotes and depends on the date, where httpbin's is random. So the 304
/// can have the tag of the client's copy (RFC 9110 15.4.5), which httpbin's lacks.
fn cache(_: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(cached(request, has_copy(request), |second| {
        let mut random = Random::new(second);
        format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
    }))
}

/// The same in go-httpbin: its tag is the date in hex followed by the SHA-1 of nothing, as its own
/// tests expect; empty fields are ignored. Departures: its date ends with the name of a time zone,
/// ours with `GMT`, as in HTTP; and the 304 has the tag.
fn go_cache(_: &App, request: &Request) -> Result<Reply, Refusal> {
    const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let is_set = |name| request.field(name).is_some_and(|value| !value.is_empty());
    let has_copy = is_set("If-None-Match") || is_set("If-Modified-Since");
    Ok(cached(request, has_copy, |second| {
        let date = http_date(second * MICROSECONDS);
        hex(date.as_bytes()) + NOTHING
    }))
}

const MICROSECONDS: u64 = 1_000_000;

/// The document of this second, or a 304 with the client's tag, else that of its copy's date.
fn cached(request: &Request, has_copy: bool, tag_of: fn(u64) -> String) -> Reply {
    let now = request.unix_us / MICROSECONDS;
    if !has_copy {
        let date = http_date(request.unix_us);
        return document().header("Last-Modified", date).header("ETag", tag_of(now));
    }
    let tag = request.field("If-None-Match").and_then(first_tag);
    let second = date_s(request, "If-Modified-Since").unwrap_or(now);
    Reply::new(Status(304)).header("ETag", tag.unwrap_or_else(|| tag_of(second)))
}

/// Whether a text is an entity tag (RFC 9110 8.8.3), or one without quotes, as in httpbin.
fn is_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let quoted = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_ATTRIBUTE_BYTES
        && (bare || quoted.is_some_and(|tag| has_no_controls(tag) && !tag.contains(['"', ' '])))
}

/// The first tag of a list as sent, if it is valid.
fn first_tag(list: &[u8]) -> Option<String> {
    let mut quoted = false;
    let tag = list.split(|&byte| {
        quoted ^= byte == b'"';
        byte == b',' && !quoted
    });
    let tag = std::str::from_utf8(tag.into_iter().next()?.trim_ascii()).ok()?;
    is_tag(tag).then(|| tag.to_owned())
}

/// `/cache/{value}`: any number of seconds, of any length.
fn cache_for(app: &App, request: &Request) -> Result<Reply, Refusal> {
    params::count(app, "value", request.param(0))?;
    let digits = String::from_utf8_lossy(request.param(0));
    let seconds = match digits.trim_start_matches('0') {
        "" => "0",
        seconds => seconds,
    };
    Ok(document().header("Cache-Control", format!("public, max-age={seconds}")))
}

/// The same in go-httpbin: any 64-bit integer.
fn go_cache_for(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let text = String::from_utf8_lossy(request.param(0));
    let Ok(seconds) = text.parse::<i64>() else {
        return Err(params::bad("value", &text, "expected an integer"));
    };
    Ok(document().header("Cache-Control", format!("public, max-age={seconds}")))
}

/// The tag in the path, if it is valid in a field.
fn tag(request: &Request) -> Result<String, Refusal> {
    match std::str::from_utf8(request.param(0)) {
        Ok(tag) if has_no_controls(tag) => Ok(tag.to_owned()),
        _ => {
            let text = String::from_utf8_lossy(request.param(0));
            Err(params::bad("etag", &text, "it is invalid in a header field"))
        }
    }
}

/// `/etag/{etag}`: the tag is sent without quotes. As in httpbin, If-Match is ignored beside
/// If-None-Match, empty fields are ignored, and all comparisons are weak.
///
/// Departure: a tag that is invalid in a field is refused; httpbin fails on it.
fn etag(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let tag = tag(request)?;
    let list = |name| request.joined(name).filter(|list| !list.is_empty());
    Ok(match (list("If-None-Match"), list("If-Match")) {
        (Some(known), _) if has_tag(&known, &tag) => Reply::new(Status(304)).header("ETag", tag),
        (None, Some(meant)) if !has_tag(&meant, &tag) => Reply::new(Status(412)).media(Media::Html),
        _ => document().header("ETag", tag),
    })
}

/// The same in go-httpbin: a quoted tag, the time of the request as Last-Modified, the rules of RFC
/// 9110, and ranges.
///
/// Departure: a tag with a quote, which is invalid (RFC 9110 8.8.3), is refused.
fn go_etag(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let tag = tag(request)?;
    if tag.contains('"') {
        return Err(params::bad("etag", &tag, "it contains a quote"));
    }
    let mut body = Vec::new();
    render(app, request, &mut body);
    let is = Validator { tag: &tag, modified_s: Some(request.unix_us / MICROSECONDS) };
    let (reply, part) = range::served(request, is, body.len() as u64);
    let reply = reply.header("ETag", format!("\"{tag}\""));
    let reply = match reply.status {
        Status(304) => reply,
        _ => reply.header("Last-Modified", http_date(request.unix_us)),
    };
    let part = body.get(part.start as usize..part.end as usize).unwrap_or_default().to_vec();
    Ok(Reply { body: Reply::whole(reply.status, reply.media, part).body, ..reply })
}
