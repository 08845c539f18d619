//! `/ratelimit`: so many requests in a window of time, and the modifier `limit`, which does the
//! same before any endpoint.

use super::inspect::object_reply;
use super::params::{bad, duration_us, value, within};
use super::refuse;
use super::route::{Beyond, Ceiling, Kind, Origin, Param, Route, Sign};
use crate::base::limits::MAX_RATE_LIMIT;
use crate::http::app::App;
use crate::http::rate_limit::{Limit, Limited};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::{Method, Request};
use crate::http::status::Status;
use crate::http::uri::query;
use crate::http::uri::request_url::escape_origin;

const N: Param = Param::path("n", Kind::Integer(1, MAX_RATE_LIMIT as i64), "5", "requests")
    .beyond(Beyond::Refused);
const WINDOW: Param = Param::path(
    "window",
    Kind::Duration(Sign::Positive),
    "10s",
    "time from a key's first request on",
)
.beyond(Beyond::Refused)
.up_to(Ceiling::Year);
const KEY: Param =
    Param::query("key", Kind::Text, "counts the requests of this name, not of an address");
const FIELD: Param =
    Param::query("field", Kind::Text, "counts by the value of this request field, if there is one");

/// A route in `status`' group.
pub(super) const LIMIT: Route = Route::any(
    "/ratelimit/{n}/{window}",
    rate_limit,
    "Returns 200 for a client's first n requests in a window of time, and 429 for the others",
)
.from(Origin::Loiter)
.with(&[N, WINDOW, KEY, FIELD]);

/// `/ratelimit/{n}/{window}`. OPTIONS is not counted, HEAD is.
fn rate_limit(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let (limit, key) = limit_of(app, request)?;
    let limited = count(app, request, &limit, key.as_deref());
    let reply = if limited.passes { passed(app, &limited) } else { over_limit(app, &limited) };
    Ok(reply.header("Cache-Control", "no-store"))
}

/// The limit of a request for the route, and the key that it names.
fn limit_of(app: &App, request: &Request) -> Result<(Limit, Option<String>), Refusal> {
    let [n, window] = [0, 1].map(|n| String::from_utf8_lossy(request.param(n)));
    let requests = within(app.compat, "n", &n, 1..=MAX_RATE_LIMIT.into())? as u32;
    let window_us = duration_us(app.compat, "window", &window)?;
    if !(1..=Ceiling::Year.of(app)).contains(&window_us) {
        return Err(bad("window", &window, "it must be longer than 0, and 8760h at most"));
    }
    let field = Some(value(app.compat, request, "field", "")).filter(|name| !name.is_empty());
    let limit = Limit { requests, window_us, field: field.map(|name| name.into_owned()) };
    let key = query::first(request, "key").filter(|key| !key.is_empty());
    Ok((limit, key.map(|key| key.into_owned())))
}

/// Counts a request under the limit.
pub fn count(app: &App, request: &Request, limit: &Limit, key: Option<&str>) -> Limited {
    app.rate_limiter.count(limit, &counted(app, request, limit, key), request.unix_us)
}

/// Takes back a request that was counted under the limit, as its client is to send it again.
pub fn uncount(app: &App, request: &Request, limit: &Limit, key: Option<&str>) {
    app.rate_limiter.uncount(limit, &counted(app, request, limit, key));
}

/// The same for a request that the route has counted, if it is that.
#[cold]
pub fn uncount_route(app: &App, request: &Request, route: &Route) {
    if route.path == LIMIT.path
        && request.method != Method::Options
        && let Ok((limit, key)) = limit_of(app, request)
    {
        uncount(app, request, &limit, key.as_deref());
    }
}

/// What is counted: the key given, else the value of the limit's field, else the client's address
/// as `/ip` shows it.
fn counted(app: &App, request: &Request, limit: &Limit, key: Option<&str>) -> Vec<u8> {
    let field = limit.field.as_deref().and_then(|name| request.joined(name));
    match (key, field) {
        (Some(key), _) => [b"key ", key.as_bytes()].concat(),
        (None, Some(value)) => [b"field ", value.as_slice()].concat(),
        (None, None) => {
            let mut address = b"address ".to_vec();
            escape_origin(&mut address, app, request);
            address
        }
    }
}

fn passed(app: &App, limited: &Limited) -> Reply {
    let reply = object_reply(app, Status::OK, |json| {
        let mut digits = itoa::Buffer::new();
        json.raw_at("limit", digits.format(limited.limit.requests));
        json.raw_at("remaining", digits.format(limited.remaining));
        json.raw_at("reset", digits.format(limited.ends_s));
        json.raw_at("reset_after", digits.format(limited.left_s()));
    });
    with_fields(reply, limited)
}

/// The answer to a request beyond the limit.
pub(super) fn over_limit(app: &App, limited: &Limited) -> Reply {
    with_fields(refuse(app, &Refusal::new(Status(429), limited.reason())), limited)
}

/// The answer with the fields that show the limit.
pub(super) fn with_fields(mut reply: Reply, limited: &Limited) -> Reply {
    for (name, value) in limited.fields() {
        reply.headers.push(name, value);
    }
    reply
}
