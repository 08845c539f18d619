//! Documents that a client may have already: `/cache`, `/etag`; `/range` is in `range`.

use super::inspect::tell;
use super::params;
use super::range;
use super::route::{Group, Kind, Param, Route};
use crate::base::random::Random;
use crate::http::app::App;
use crate::http::conditional::{Validator, http_date, names};
use crate::http::reply::{Media, Refusal, Reply, is_plain};
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
            .with(&[Param::path("etag", Kind::Text, "abc", "the tag, without quotes").like(TAG)]),
        range::RANGE,
    ],
};

/// What a path's segment and a field can hold.
const TAG: &str = "^[!-.0-~]+$";
const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);

/// What `/get` answers.
fn document() -> Reply {
    Reply::json(render)
}

fn render(app: &App, request: &Request, output: &mut Vec<u8>) {
    tell(app, request, app.profile.documents.get, output);
}

/// Whether a request asks for what is newer than its copy. As in httpbin an empty If-None-Match
/// does, an empty If-Modified-Since does not, and neither is read.
fn has_copy(request: &Request) -> bool {
    let dated = request.field("If-Modified-Since").is_some_and(|date| !date.is_empty());
    dated || request.field("If-None-Match").is_some()
}

/// `/cache`: the tag is drawn anew each time, and without quotes.
fn cache(_: &App, request: &Request) -> Result<Reply, Refusal> {
    if has_copy(request) {
        return Ok(Reply::new(Status(304)));
    }
    let mut random = Random::new(request.seed);
    let tag = format!("{:016x}{:016x}", random.next_u64(), random.next_u64());
    Ok(document().header("Last-Modified", http_date(request.unix_us)).header("ETag", tag))
}

/// The same as go-httpbin has it: its tag is the date in hex with the SHA-1 of nothing behind it,
/// which its own tests ask for; an empty field does not count. Departure: its date ends in a time
/// zone's name, ours in `GMT`, as HTTP has it.
fn go_cache(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let told = |name| request.field(name).is_some_and(|value| !value.is_empty());
    if told("If-None-Match") || told("If-Modified-Since") {
        return Ok(Reply::new(Status(304)));
    }
    const NOTHING: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let date = http_date(request.unix_us);
    let hex: String = date.bytes().map(|byte| format!("{byte:02x}")).collect();
    Ok(document().header("Last-Modified", date).header("ETag", hex + NOTHING))
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
