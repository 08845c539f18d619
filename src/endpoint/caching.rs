//! Documents that a client may have already: `/cache`, `/etag`; `/range` is in `range`.

use super::inspect::tell;
use super::params;
use super::range;
use super::route::{Group, Kind, Param, Route};
use crate::base::limits::MAX_ATTRIBUTE_BYTES;
use crate::base::random::Random;
use crate::http::app::App;
use crate::http::char_class::is_plain;
use crate::http::fields::conditional::{Validator, http_date, names, seconds};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Caching and ranges",
    about: "Documents that a client may have already, and parts of one",
    routes: &[
        Route::get("/cache", cache, "304 for who has a copy, or else what the request said")
            .go(go_cache),
        Route::get("/cache/{value}", cache_for, "what the request said, to be kept n seconds")
            .go(go_cache_for)
            .with(&[Param::path("value", Kind::Integer(0, i64::MAX), "60", "how long")
                .go(&Param::path("value", ANY_INTEGER, "60", "how long"))]),
        Route::get("/etag/{etag}", etag, "what the request said, under an entity tag")
            .go(go_etag)
            .go_answers("text/plain")
            .with(&[Param::path("etag", Kind::Text, "abc", "the tag, without quotes")
                .like(TAG)
                .go(&Param::path("etag", Kind::Text, "abc", "the tag").like(GO_TAG))]),
        range::RANGE,
    ],
};

/// What a segment of the path and a field can hold.
const TAG: &str = r"^[^\x00-\x1f\x7f-\x9f/]+$";
/// The same where an escaped slash belongs to the segment; no quote.
const GO_TAG: &str = r#"^[^\x00-\x1f\x7f-\x9f"]+$"#;
const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);

/// What `/get` answers.
fn document() -> Reply {
    Reply::json(render)
}

fn render(app: &App, request: &Request, output: &mut Vec<u8>) {
    tell(app, request, app.compat.echo.get, output);
}

/// Whether a request asks for what is newer than its copy. As in httpbin an empty If-None-Match
/// does, an empty If-Modified-Since does not, and neither is read.
fn has_copy(request: &Request) -> bool {
    let dated = request.field("If-Modified-Since").is_some_and(|date| !date.is_empty());
    dated || request.field("If-None-Match").is_some()
}

/// `/cache`: the tag has no quotes and follows from the date, where httpbin draws one each time. So
/// the 304 carries the tag that the copy came with, which RFC 9110 15.4.5 asks for and httpbin does
/// not do.
fn cache(_: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(cached(request, has_copy(request), |second| {
        let mut random = Random::new(second);
        format!("{:016x}{:016x}", random.next_u64(), random.next_u64())
    }))
}

/// The same as go-httpbin has it: its tag is the date in hex with the SHA-1 of nothing behind it,
/// which its own tests ask for; an empty field does not count. Departures: its date ends in a time
/// zone's name, ours in `GMT`, as HTTP has it; and the 304 carries the tag.
fn go_cache(_: &App, request: &Request) -> Result<Reply, Refusal> {
    const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let told = |name| request.field(name).is_some_and(|value| !value.is_empty());
    let has_copy = told("If-None-Match") || told("If-Modified-Since");
    Ok(cached(request, has_copy, |second| {
        let date = http_date(second * MICROSECONDS);
        date.bytes().map(|byte| format!("{byte:02x}")).collect::<String>() + NOTHING
    }))
}

const MICROSECONDS: u64 = 1_000_000;

/// The document of this second, or for who has a copy a 304 with its tag: the one that the client
/// names, or else that of the second from which the copy is.
fn cached(request: &Request, has_copy: bool, tag_of: fn(u64) -> String) -> Reply {
    let now = request.unix_us / MICROSECONDS;
    if !has_copy {
        let date = http_date(request.unix_us);
        return document().header("Last-Modified", date).header("ETag", tag_of(now));
    }
    let tag = request.field("If-None-Match").and_then(first_tag);
    let second = seconds(request, "If-Modified-Since").unwrap_or(now);
    Reply::new(Status(304)).header("ETag", tag.unwrap_or_else(|| tag_of(second)))
}

/// Whether a text is an entity tag (RFC 9110 8.8.3), or one without quotes as httpbin has them.
fn is_tag(text: &str) -> bool {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let quoted = opaque.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= MAX_ATTRIBUTE_BYTES
        && (bare || quoted.is_some_and(|tag| is_plain(tag) && !tag.contains(['"', ' '])))
}

/// The first tag of a list, as it was sent, if it is one.
fn first_tag(list: &[u8]) -> Option<String> {
    let mut quoted = false;
    let tag = list.split(|&byte| {
        quoted ^= byte == b'"';
        byte == b',' && !quoted
    });
    let tag = std::str::from_utf8(tag.into_iter().next()?.trim_ascii()).ok()?;
    is_tag(tag).then(|| tag.to_owned())
}

/// `/cache/{value}`: as many seconds as digits can say.
fn cache_for(app: &App, request: &Request) -> Result<Reply, Refusal> {
    params::count(app, "value", request.param(0))?;
    let digits = String::from_utf8_lossy(request.param(0));
    let seconds = match digits.trim_start_matches('0') {
        "" => "0",
        seconds => seconds,
    };
    Ok(document().header("Cache-Control", format!("public, max-age={seconds}")))
}

/// The same as go-httpbin has it: any 64-bit integer.
fn go_cache_for(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let text = String::from_utf8_lossy(request.param(0));
    let Ok(seconds) = text.parse::<i64>() else {
        return Err(params::bad("value", &text, "write an integer"));
    };
    Ok(document().header("Cache-Control", format!("public, max-age={seconds}")))
}

/// The tag of the path, if a field can hold it.
fn tag(request: &Request) -> Result<String, Refusal> {
    match std::str::from_utf8(request.param(0)) {
        Ok(tag) if is_plain(tag) => Ok(tag.to_owned()),
        _ => {
            let text = String::from_utf8_lossy(request.param(0));
            Err(params::bad("etag", &text, "a header field cannot hold it"))
        }
    }
}

/// `/etag/{etag}`: the tag is sent without quotes, as given. As in httpbin If-Match does not count
/// beside If-None-Match, empty fields do not count at all, and all tags are compared weakly.
///
/// Departure: a tag that no field can hold is refused; httpbin fails on it.
fn etag(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let tag = tag(request)?;
    let list = |name| request.joined(name).filter(|list| !list.is_empty());
    Ok(match (list("If-None-Match"), list("If-Match")) {
        (Some(known), _) if names(&known, &tag) => Reply::new(Status(304)).header("ETag", tag),
        (None, Some(meant)) if !names(&meant, &tag) => Reply::new(Status(412)).media(Media::Html),
        _ => document().header("ETag", tag),
    })
}

/// The same as go-httpbin has it: a quoted tag, the time of the request as the date, the rules of
/// RFC 9110, and parts on demand.
///
/// Departure: a tag that holds a quote, which none may (RFC 9110 8.8.3), is refused.
fn go_etag(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let tag = tag(request)?;
    if tag.contains('"') {
        return Err(params::bad("etag", &tag, "it holds a quote"));
    }
    let mut body = Vec::new();
    render(app, request, &mut body);
    let modified_s = Some(request.unix_us / 1_000_000);
    let validator = Validator { tag: &tag, modified_s };
    let (reply, part) = range::served(request, validator, body.len() as u64);
    let reply = reply.header("ETag", format!("\"{tag}\""));
    let reply = match reply.status {
        Status(304) => reply,
        _ => reply.header("Last-Modified", http_date(request.unix_us)),
    };
    let part = body.get(part.start as usize..part.end as usize).unwrap_or_default().to_vec();
    Ok(Reply { body: Reply::whole(reply.status, reply.media, part).body, ..reply })
}
