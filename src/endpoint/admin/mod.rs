//! The endpoints of the admin listener. They ask the server through a
//! [`Control`](crate::http::control::Control), and change it only for clients that are no web page
//! (`guard.rs`).

mod guard;
mod journal;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use super::inspect::object_reply;
use super::page;
use super::params;
use super::probes;
use super::route::{Beyond, GET, Kind, Others, Param, Place, Route, Sign};
use crate::base::limits::{MAX_DEFAULTS_TTL, MAX_EXIT_WAIT};
use crate::http::app::App;
use crate::http::control::Control;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Params, Request};
use crate::http::status::Status;
use crate::http::uri::query::first;
use guard::{FIELD, enter, probe};

const PUT: Methods = Methods::of(&[Method::Put]);
const POST: Methods = Methods::of(&[Method::Post]);
const DELETE: Methods = Methods::of(&[Method::Delete]);

/// Every route of the admin listener, in the order of its index.
pub static ADMIN_ROUTES: &[Route] = &[
    Route::get("/", index, "This list; for a browser the requests as they come").answers("text/*"),
    Route::get("/healthz", livez, "The same as /livez").answers("text/plain"),
    Route::get("/livez", livez, "200 if every worker answers within a second, else 503")
        .answers("text/plain"),
    Route::get("/readyz", readyz, "200, or 503 when the server wants no requests")
        .answers("text/plain"),
    Route::get("/metrics", metrics, "Metrics in Prometheus' text format").answers("text/plain"),
    Route::get("/stats", stats, "The same as JSON, with exact percentiles of lateness"),
    Route::new(POST, "/stats/reset", reset_stats, "Begins the counts of lateness again")
        .answers("text/plain"),
    Route::get("/settings", settings, "The settings in effect, as a configuration file")
        .answers("text/plain"),
    Route::new(GET, "/with", defaults, "The modifiers that are the server's defaults"),
    Route::new(PUT, "/with", set_defaults, "Replaces them by the list in the body, as for --with")
        .keep()
        .with(&[Param::query(
            "ttl",
            Kind::Duration(Sign::Positive),
            "how long; without it until the next change",
        )
        .beyond(Beyond::Refused)]),
    Route::new(DELETE, "/with", clear_defaults, "Returns to those of the settings"),
    Route::new(PUT, "/ready", set_ready, "Switches /readyz").answers("text/plain").with(&[
        Param::query("on", Kind::Choice(&["true", "false"], Others::Refused), "true or false")
            .sample("true"),
    ]),
    Route::new(POST, "/exit", exit, "Ends the process with a status, or drains it without one")
        .answers("text/plain")
        .with(&[
            Param::query("code", Kind::Integer(0, 255), "exit status").beyond(Beyond::Refused),
            Param::query("wait", Kind::Duration(Sign::NonNegative), "time before that")
                .or("0")
                .beyond(Beyond::Refused),
        ]),
    Route::get("/requests", journal::list, "The requests that the journal keeps, as JSON")
        .with(journal::LISTED),
    Route::new(DELETE, "/requests", journal::delete, "Deletes them, or those that match")
        .with(journal::CHOSEN),
    Route::get("/requests/{id}", journal::one, "One of them").with(journal::ID),
    Route::get("/requests/{id}/raw", journal::raw, "Its head and body as they arrived")
        .with(journal::ID)
        .answers("application/octet-stream"),
    Route::get("/requests.har", journal::archive, "The same as an HTTP Archive (HAR 1.2)")
        .with(journal::EXPORTED),
    Route::get("/events", journal::events, "Each change of the journal, as server-sent events")
        .with(journal::RESUMED)
        .answers("text/event-stream"),
];

/// The parameter of a path, if the path is that of a route: a `{name}` in the route's is one
/// segment.
pub(super) fn params_of(route: &Route, path: &[u8]) -> Option<Params> {
    let mut params = Params::default();
    let Some((before, rest)) = route.path.split_once('{') else {
        return (route.path.as_bytes() == path).then_some(params);
    };
    let after = rest.split_once('}').map_or("", |(_, after)| after);
    let value = path.strip_prefix(before.as_bytes())?.strip_suffix(after.as_bytes())?;
    let (start, end) = (before.len(), before.len() + value.len());
    *params.spans.first_mut()? = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
    (!value.is_empty() && !value.contains(&b'/')).then_some(params)
}

/// `/`: a line for each method of each route, or the live page for who asks for HTML by name.
fn index(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let control = enter(app, request)?;
    if page::wants_live(request) {
        return Ok(page::live(app, request, control.journal().is_some()));
    }
    let mut list = format!("loiter {}: admin\n\n", env!("CARGO_PKG_VERSION"));
    for route in ADMIN_ROUTES {
        let method = route.listed(app.compat).next().unwrap_or(Method::Get);
        let query = route.params(app.compat).filter(|param| param.place == Place::Query);
        let names: Vec<String> = query.map(|param| format!("{}=", param.name)).collect();
        let mark = if names.is_empty() { "" } else { "?" };
        let target = format!("{}{mark}{}", route.path, names.join("&"));
        let (method, about) = (method.name(), route.about);
        // Writing to a string cannot fail.
        let _ = match target.len() {
            ..=18 => writeln!(list, "  {method:7} {target:18} {about}"),
            _ => writeln!(list, "  {method:7} {target}\n{:29}{about}", ""),
        };
    }
    let _ = writeln!(list, "\nPUT, POST and DELETE need the header field `{FIELD}: 1`.");
    Ok(text(Status::OK, list).header("Vary", "Accept"))
}

/// `/livez` and `/healthz`.
fn livez(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let silent = probe(app, request)?.silent_workers();
    if silent.is_empty() {
        return Ok(probes::ok());
    }
    let numbers: Vec<String> = silent.iter().map(usize::to_string).collect();
    let which = format!("no answer within a second from worker {}\n", numbers.join(", "));
    Ok(text(Status(503), which))
}

/// `/readyz`.
fn readyz(app: &App, request: &Request) -> Result<Reply, Refusal> {
    probe(app, request)?;
    Ok(probes::readiness(app))
}

/// `/metrics`.
fn metrics(app: &App, request: &Request) -> Result<Reply, Refusal> {
    const VERSION: &str = "text/plain; version=0.0.4; charset=utf-8";
    let metrics = probe(app, request)?.metrics();
    Ok(text(Status::OK, metrics).media(Media::None).header("Content-Type", VERSION))
}

/// `/stats`.
fn stats(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(text(Status::OK, enter(app, request)?.stats()).media(Media::Json))
}

/// `/stats/reset`.
fn reset_stats(app: &App, request: &Request) -> Result<Reply, Refusal> {
    enter(app, request)?.reset_stats();
    Ok(text(Status::OK, "reset\n"))
}

/// `/settings`.
fn settings(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(text(Status::OK, enter(app, request)?.settings()))
}

/// `GET /with`.
fn defaults(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(in_effect(app, enter(app, request)?))
}

/// `PUT /with`.
fn set_defaults(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let control = enter(app, request)?;
    let ttl = bounded(app, request, "ttl", MAX_DEFAULTS_TTL)?;
    if ttl.is_some_and(|ttl| ttl.is_zero()) {
        return Err(Refusal::bad("bad ttl \"0\": give a time, such as 60s"));
    }
    let list = std::str::from_utf8(request.body)
        .map_err(|_| Refusal::bad("the body is not valid UTF-8; give a list such as delay=20ms"))?;
    control.set_defaults(list, ttl).map_err(Refusal::bad)?;
    Ok(in_effect(app, control))
}

/// `DELETE /with`.
fn clear_defaults(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let control = enter(app, request)?;
    control.clear_defaults();
    Ok(in_effect(app, control))
}

/// The defaults in effect: the list, where it is from, and the seconds left.
fn in_effect(app: &App, control: &dyn Control) -> Reply {
    let defaults = control.defaults();
    object_reply(app, Status::OK, |json| {
        json.text_at("with", &defaults.list);
        json.text_at("from", if defaults.at_run_time { "run time" } else { "settings" });
        let left = defaults.left.map(|left| format!("{:.3}", left.as_secs_f64()));
        json.raw_at("seconds_left", left.as_deref().unwrap_or("null"));
    })
}

/// `/ready`.
fn set_ready(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let control = enter(app, request)?;
    let on = first(request, "on").unwrap_or(Cow::Borrowed(""));
    let on = match &*on {
        "true" | "on" | "1" => true,
        "false" | "off" | "0" => false,
        other => return Err(params::bad("on", other, "write on=true or on=false")),
    };
    control.set_ready(on);
    Ok(Reply { status: Status::OK, ..probes::readiness(app) })
}

/// `/exit`.
fn exit(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let control = enter(app, request)?;
    let wait = bounded(app, request, "wait", MAX_EXIT_WAIT)?.unwrap_or_default();
    let status = first(request, "code")
        .map(|code| params::within(app.compat, "code", &code, 0..=255))
        .transpose()?
        .and_then(|code| u8::try_from(code).ok());
    control.exit(status, wait).map_err(|why| Refusal::new(Status(409), why))?;
    let what = match status {
        Some(status) => format!("ends with status {status} in {wait:?}\n"),
        None => format!("drains in {wait:?}\n"),
    };
    Ok(text(Status(202), what))
}

/// A time in the query up to `most`, if there is one.
fn bounded(
    app: &App,
    request: &Request,
    name: &str,
    most: Duration,
) -> Result<Option<Duration>, Refusal> {
    let Some(given) = first(request, name) else { return Ok(None) };
    let time = Duration::from_micros(params::duration_us(app.compat, name, &given)?);
    match time <= most {
        true => Ok(Some(time)),
        false => Err(params::bad(name, &given, &format!("it is longer than {most:?}"))),
    }
}

fn text(status: Status, text: impl Into<String>) -> Reply {
    Reply::whole(status, Media::Text, text.into().into_bytes())
}
