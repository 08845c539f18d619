//! Requests to the endpoints without sockets: they are pure functions.

use std::net::IpAddr;

use loiter::config::{self, Settings};
use loiter::endpoint::{Found, answer, find, find_modified, refuse};
use loiter::http::app::App;
use loiter::http::compat::{Compat, GO_HTTPBIN};
use loiter::http::headers::Headers;
use loiter::http::reply::{Body, Reply};
use loiter::http::request::{Field, Method, Request, Target, Version};
use loiter::http::uri::query::has_modifiers;

/// The fields that curl sends.
pub(crate) const CURL: &[(&str, &str)] =
    &[("Host", "127.0.0.1:18080"), ("User-Agent", "curl/7.88.1"), ("Accept", "*/*")];
pub(crate) const JSON: &str = "application/json";
pub(crate) const GO_JSON: &str = "application/json; charset=utf-8";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
pub(crate) const BYTES: &str = "application/octet-stream";
pub(crate) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// An answer, with its delays skipped.
pub(crate) struct Answer {
    pub(crate) route: Option<&'static str>,
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) after_us: u64,
    /// `span_us` and `pieces` of a paced body.
    pub(crate) pace: Option<(u64, u64)>,
    /// The due times of its pieces, one per time.
    pub(crate) dues_us: Vec<u64>,
    /// The trailer fields.
    pub(crate) trailers: Vec<(String, String)>,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) echoes: bool,
}

impl Answer {
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields
            .iter()
            .find(|field| field.0.eq_ignore_ascii_case(name))
            .map(|field| field.1.as_str())
    }
}

/// Sends a request as a connection does.
pub(crate) fn ask(line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    ask_of(&App::default(), line, fields, body)
}

/// The same under `--compat go-httpbin`.
pub(crate) fn ask_go(line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    ask_of(&app_of(&GO_HTTPBIN), line, fields, body)
}

/// The settings that a mode implies.
pub(crate) fn app_of(compat: &'static Compat) -> App {
    let mut settings = Settings::default();
    settings.api.compat = compat;
    if *compat == GO_HTTPBIN {
        settings.apply(&config::GO_HTTPBIN);
    }
    App { hostname: App::default().hostname, ..settings.app() }
}

/// The media type of an answer's body.
fn media(reply: &Reply, app: &App) -> Option<&'static str> {
    reply.media.field(app.compat.json_charset).trim_end().strip_prefix("Content-Type: ")
}

/// The same with the given settings.
pub(crate) fn ask_of(app: &App, line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    let (method, target) = line.split_once(' ').unwrap();
    let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = [line, " HTTP/1.1\r\n", &lines, "\r\n"].concat().into_bytes();
    let method = Method::parse(method.as_bytes());
    let fields: Vec<Field> = fields.iter().map(|&(name, value)| Field::of(name, value)).collect();
    let (target, host) = Target::parse(target.as_bytes()).unwrap();
    let found = match find(app, &target, method) {
        Err(refusal) if refusal.status.0 == 404 => find_modified(app, &target, method).0,
        found => found,
    };
    let found = match found {
        Ok(found) => found,
        Err(refusal) => return play(app, None, refuse(app, &refusal), |_| Vec::new()),
    };
    let named = fields.iter().find(|field| field.is("Host"));
    let request = Request {
        method,
        version: Version::Http11,
        query_modifiers: app.modifiers && target.raw_query.is_some_and(has_modifiers),
        loiter_field: false,
        target,
        params: found.params,
        host: host.or(named.map(|field| field.value)),
        fields: &fields,
        body,
        body_bytes: body.len() as u64,
        peer: Some(IpAddr::from([127, 0, 0, 1])),
        local: "127.0.0.1:18080",
        tls: None,
        proxy: None,
        seed: 42,
        unix_us: 1_795_358_821_485_000,
        head: &head,
    };
    play(app, Some(found), answer(app, &found, &request), |render| {
        let mut output = Vec::new();
        render(app, &request, &mut output);
        output
    })
}

fn play(
    app: &App,
    found: Option<Found>,
    reply: Reply,
    render: impl Fn(loiter::http::reply::Render) -> Vec<u8>,
) -> Answer {
    let owned = |headers: &Headers| {
        headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    let fields: Vec<(String, String)> = owned(&reply.headers);
    let named = fields.iter().find(|field| field.0 == "Content-Type").map(|field| field.1.clone());
    let mut answer = Answer {
        route: found.map(|found| found.route.path),
        status: reply.status.0,
        media: named.or(media(&reply, app).map(str::to_owned)).unwrap_or_default(),
        after_us: reply.after_us,
        pace: None,
        dues_us: Vec::new(),
        trailers: Vec::new(),
        fields,
        body: Vec::new(),
        echoes: false,
    };
    match reply.body {
        Body::Empty | Body::WebSocket(_) => {}
        Body::Awaited(awaited) => panic!("it waits for the journal: {awaited:?}"),
        Body::Modified(_) => panic!("an endpoint modifies nothing"),
        Body::Echo => answer.echoes = true,
        Body::Whole(body) => answer.body = body.into_owned(),
        Body::Render(function) => answer.body = render(function),
        Body::Paced(mut pace) => {
            answer.pace = Some((pace.span_us, pace.pieces));
            answer.trailers = owned(&pace.trailers);
            while let Some(due_us) = pace.due_us() {
                answer.dues_us.push(due_us);
                pace.make(due_us, usize::MAX, &mut answer.body);
            }
            assert!(pace.length.is_none_or(|length| length == answer.body.len() as u64));
        }
    }
    answer
}

/// The expectation for a body.
pub(crate) enum Check {
    Is(&'static str),
    Has(&'static str),
    Long(usize),
    Any,
}
pub(crate) use Check::{Any, Has, Is, Long};

pub(crate) const ECHO: &str = "the body is the request's";

/// Route, request line, further fields and body; the answer's status, media type and body.
pub(crate) type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [u8],
    u16,
    &'static str,
    Check,
);

/// Sends a row's request and checks the answer.
pub(crate) fn check(app: &App, (route, line, more, body, status, media, check): &Row) {
    let given = |name: &str| more.iter().any(|field| field.0 == name);
    let mut fields: Vec<_> = CURL.iter().filter(|field| !given(field.0)).copied().collect();
    fields.extend_from_slice(more);
    let answer = ask_of(app, line, &fields, body);
    let text: String = answer.body.iter().map(|&byte| char::from(byte)).collect();
    assert_eq!((answer.status, answer.media.as_str()), (*status, *media), "{line}: {text}");
    if !matches!(status, 404 | 405) && *line != "GET /" {
        assert_eq!(answer.route, Some(*route), "{line}");
    }
    match check {
        Is(expected) => assert_eq!(text, *expected, "{line}"),
        Has(part) if *part == ECHO => assert!(answer.echoes, "{line}"),
        Has(part) => assert!(text.contains(part), "{line}: {text}"),
        Long(bytes) => assert_eq!(answer.body.len(), *bytes, "{line}"),
        Any => {}
    }
}
