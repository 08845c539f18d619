//! Every modifier on every route: the answer is the route's own, modified as was asked, or a 400
//! that names what is impossible.
//!
//! The same request is sent to a server whose modifiers are off, which shows the route's own answer
//! byte for byte: the modifiers are in a field that both see.

use std::sync::Arc;

use loiter::endpoint::{ROUTES, Route};
use loiter::http::app::App;
use loiter::http::compat::{Compat, GO_HTTPBIN, HTTPBIN};
use loiter::http::modifiers::rows::for_requests;
use loiter::http::modifiers::{Name, Row};

use super::faults;
use super::played::{Played, play};
use super::response::Response;

/// Fields that modifiers may add.
const ADDED: [&str; 15] = [
    "Loiter",
    "Cache-Control",
    "Vary",
    "Access-Control-Expose-Headers",
    "Server-Timing",
    "Retry-After",
    "X-Pad",
    "Connection",
    "Link",
    "RateLimit-Policy",
    "RateLimit",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "traceresponse",
];
/// Fields of which another framing, body or delay needs others.
const FRAMING: [&str; 5] =
    ["Content-Length", "Transfer-Encoding", "Connection", "Date", "Server-Timing"];
/// Fields of a body that `text` replaces.
const OF_BODY: [&str; 5] = ["Content-Type", "Content-Encoding", "Content-Range", "ETag", "Trailer"];
/// What becomes of a request that switches protocols is tested with WebSocket.
const SWITCHES: &str = "/websocket/echo";
/// What a server answers depends on what it was asked before.
const COUNTS: &str = "/ratelimit/{n}/{window}";

/// A request for each method that matters of a route, with a body where it expects one.
fn requests(route: &Route, compat: &Compat, version: &str, loiter: &str) -> Vec<String> {
    let listed = |name: &str| route.methods(compat).iter().any(|method| method.name() == name);
    let target = route.sample();
    let seeded = if target.contains('?') { "&seed=1" } else { "?seed=1" };
    let methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "QUERY"];
    let first = methods.iter().find(|name| listed(name) && **name != "HEAD");
    let chosen = first.into_iter().chain(methods.get(1).filter(|head| listed(head)));
    let request = |method: &&str| {
        let body = if ["GET", "HEAD"].contains(method) { "" } else { "{\"a\": [1, 2, 3]}" };
        let length = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
        };
        format!(
            "{method} {target}{seeded} HTTP/{version}\r\nHost: a\r\nLoiter: {loiter}\r\n{length}\r\n{body}"
        )
    };
    chosen.map(request).collect()
}

/// One request, its route's own answer, and the modified one.
pub(crate) struct Case<'a> {
    pub(crate) name: String,
    pub(crate) value: &'a str,
    pub(crate) old: bool,
    pub(crate) request: String,
    pub(crate) own: Response,
    pub(crate) plain: Played,
    pub(crate) modified: Played,
}

fn each(values: impl Fn(&Row) -> Vec<&'static str>, check: impl Fn(&Row, &Case)) {
    for compat in [&HTTPBIN, &GO_HTTPBIN] {
        let servers = Servers::new(compat);
        for route in ROUTES.iter().filter(|route| route.path != SWITCHES && !route.is_probe()) {
            let shows = servers.are_shown(route);
            for (row, version) in for_requests().flat_map(|row| [(row, "1.1"), (row, "1.0")]) {
                for value in values(row) {
                    let key = if row.name == Name::Times { "key=k; " } else { "" };
                    let loiter = match value {
                        "" => row.name.text().to_owned(),
                        _ => format!("{key}{}={value}", row.name.text()),
                    };
                    for request in requests(route, compat, version, &loiter) {
                        let fresh = (route.path == COUNTS).then(|| Servers::new(compat));
                        let servers = fresh.as_ref().unwrap_or(&servers);
                        let plain = servers.own(row, &request, shows);
                        let modified = play(&servers.on, None, request.as_bytes());
                        let name = format!("{loiter}: {request}");
                        let own = plain.response().unwrap_or_else(|why| panic!("{name}: {why}"));
                        let old = version == "1.0";
                        check(row, &Case { name, value, old, request, own, plain, modified });
                    }
                }
            }
        }
    }
}

/// The same server with and without modifiers.
struct Servers {
    on: Arc<App>,
    off: Arc<App>,
    compat: &'static Compat,
}

impl Servers {
    fn new(compat: &'static Compat) -> Servers {
        let on = Arc::new(App { compat, ..App::default() });
        let off = Arc::new(App { compat, modifiers: false, ..App::default() });
        Servers { on, off, compat }
    }

    /// Whether a route's answer shows if modifiers are on.
    fn are_shown(&self, route: &Route) -> bool {
        let request = requests(route, self.compat, "1.1", "").remove(0);
        let play = |app| play(app, None, request.as_bytes()).bytes;
        play(&self.on) != play(&self.off)
    }

    /// The route's own answer, which the modifiers in the request do not change.
    fn own(&self, row: &Row, request: &str, shows: bool) -> Played {
        match row.name {
            // Another seed, other chance: it repeats itself.
            Name::Seed if !request.contains("/ratelimit/") => {
                play(&self.on, None, request.as_bytes())
            }
            _ if shows => {
                let (start, rest) = request.split_once("Loiter:").expect("the field");
                let (_, rest) = rest.split_once("\r\n").expect("its end");
                play(&self.on, None, format!("{start}Loiter:\r\n{rest}").as_bytes())
            }
            _ => play(&self.off, None, request.as_bytes()),
        }
    }
}

/// A refusal of a modifier that names it and why: what is impossible for this route or protocol.
pub(crate) fn is_refused(row: &Row, case: &Case) -> bool {
    let Ok(response) = case.modified.response() else { return false };
    let text = response.text();
    if case.request.starts_with("HEAD") && response.status == 400 && case.own.status != 400 {
        // Its reason is in the answer to GET.
        return response.field("Loiter").is_none();
    }
    let named = text.contains("in the Loiter field") && text.contains(row.name.text());
    if response.status != 400 || response.field("Loiter").is_some() || !named {
        return false;
    }
    let impossible = (case.old && text.contains("HTTP/1.0"))
        || (case.value.contains("event:") && needs_events(&text))
        || (case.value.starts_with("ws-close") && text.contains("WebSocket"))
        || (["length", "close"].contains(&case.value) && text.contains("trailers"));
    assert!(impossible, "{}: {text}", case.name);
    assert_eq!(case.modified.over_us, 0, "{}: it waits", case.name);
    true
}

fn needs_events(text: &str) -> bool {
    text.contains("events or lines") || text.contains("WebSocket messages")
}

fn check(row: &Row, case: &Case) {
    let (name, modified) = (&case.name, &case.modified);
    if is_refused(row, case) {
        return;
    }
    let text = String::from_utf8_lossy(&modified.bytes);
    if row.name == Name::Read && case.value == "hang" && case.request.contains("Content-Length") {
        return assert!(modified.bytes.is_empty() && modified.over_us >= faults::MAX_WAIT_US);
    }
    let response = modified.response().unwrap_or_else(|why| panic!("{name}: {why}: {text}"));
    let loiter = response.field("Loiter").unwrap_or_default();
    check_fields(case, &response);
    let status = loiter.split("; ").find_map(|item| item.strip_prefix("status="));
    match status.map(|code| code.parse::<u16>().expect("a code")) {
        Some(code @ ..200) => assert_eq!(response.interims[0].0, code, "{name}"),
        Some(code) => assert_eq!(response.status, code, "{name}"),
        None => assert_eq!(response.status, case.own.status, "{name}: {text}"),
    }
    match row.name {
        Name::Text if !case.own.body.is_empty() => {
            assert_eq!(response.text(), case.value.replace("%20", " "), "{name}");
        }
        Name::Text | Name::Status => {}
        Name::Hint if case.own.status != 400 => {
            assert_eq!(response.interims[0].0, 103, "{name}");
            assert_eq!(response.interims[0].1[0].1, "<style.css>; rel=preload", "{name}");
        }
        _ => assert!(
            response.body == case.own.body,
            "{name}:\n{}\nin place of\n{}",
            response.text(),
            case.own.text()
        ),
    }
    let trailers = if row.name == Name::Text { 0 } else { case.own.trailers.len() };
    assert_eq!(response.trailers.len(), trailers, "{name}");
    // The text is not paced, whatever it replaces.
    if row.name != Name::Text {
        check_times(row, case, loiter);
    }
}

/// Every field of the route's own answer is there, and no other than modifiers add.
fn check_fields(case: &Case, response: &Response) {
    let given = case.value.split(':').next().unwrap_or_default();
    let other = |name: &str| {
        FRAMING.iter().chain([&given]).any(|other| other.eq_ignore_ascii_case(name))
            || (case.request.contains("text=") && OF_BODY.contains(&name))
    };
    let own = |fields: &[(String, String)]| {
        let fields = fields.iter().filter(|field| !other(&field.0)).cloned();
        fields.collect::<Vec<_>>()
    };
    let mut left = own(&response.fields);
    for field in own(&case.own.fields) {
        let at = left.iter().position(|one| *one == field);
        left.remove(
            at.unwrap_or_else(|| panic!("{}: {field:?} is missing in {left:?}", case.name)),
        );
    }
    let strange = left.iter().find(|field| !ADDED.iter().any(|name| *name == field.0));
    assert_eq!(strange, None, "{}", case.name);
    for name in ["Content-Type", "Content-Length", "Loiter", "Cache-Control", "Connection", "Date"]
    {
        assert!(response.all(name).count() <= 1, "{}: {name} twice", case.name);
    }
}

/// Nothing comes before its time.
fn check_times(row: &Row, case: &Case, loiter: &str) {
    let wait = |name: &str| {
        let text = loiter.split("; ").find_map(|item| item.strip_prefix(name)?.strip_prefix('='));
        text.map_or(0, |text| loiter::http::modifiers::distribution::duration(text).unwrap_or(0))
    };
    let (plain, modified) = (&case.plain, &case.modified);
    if plain.over_us == 0 && plain.pieces.len() == 1 && wait("delay") == 0 {
        let waits = modified.over_us > 0;
        use Name::{Body, End, Gap, Head, Rate, Read};
        let may = matches!(row.name, Head | Body | End | Gap | Rate | Read);
        assert!(may || !waits, "{}: it waits without being asked to", case.name);
    }
    // Something is sent before the answer, or before its fields.
    let parted = matches!(row.name, Name::Head | Name::Hint);
    let before = if row.name == Name::Head { "head" } else { "delay" };
    let late = if parted { modified.over_us } else { modified.first_us() };
    let own = if parted { plain.over_us } else { plain.first_us() };
    assert!(late >= own + wait(before), "{}: early, at {late} after {own}", case.name);
    let least_us = match (row.name, case.own.body.len() as u64) {
        (Name::Gap, 2..) => 10_000,
        (Name::Rate, bytes) => bytes * 1_000_000 / 65_536,
        _ => 0,
    };
    let all_us = if row.name == Name::Rate { least_us } else { plain.over_us + least_us };
    assert!(modified.over_us >= all_us, "{}: it has no {}", case.name, row.name.text());
    let body = !case.own.body.is_empty();
    let rest = if body { wait("body") + wait("end") } else { 0 };
    assert!(modified.over_us >= modified.first_us() + wait("head") + rest, "{}: early", case.name);
}

#[test]
fn every_modifier_on_every_route() {
    let values = |row: &Row| match row.name {
        Name::Fault => vec![],
        // More than are sent.
        Name::Limit => vec!["1000000:10s"],
        Name::Frame | Name::Status => row.good().filter(|value| !value.contains('@')).collect(),
        _ => vec![row.sample],
    };
    each(values, check);
}

#[test]
fn every_fault_on_every_route() {
    let values = |row: &Row| match row.name {
        Name::Fault => row.good().filter(|value| !value.contains('@')).collect(),
        _ => vec![],
    };
    each(values, faults::check);
}
