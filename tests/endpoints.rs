//! Good and bad requests for every route, and what is answered: to the byte where httpbin's own
//! answers are known. No sockets: the endpoints are pure functions.

use std::net::IpAddr;

use loiter::endpoint::{Found, ROUTES, answer, find, refuse};
use loiter::http::app::App;
use loiter::http::reply::{Body, Reply};
use loiter::http::request::{Field, Method, Request, Target, Version};

/// What curl sends.
const CURL: &[(&str, &str)] =
    &[("Host", "127.0.0.1:18080"), ("User-Agent", "curl/7.88.1"), ("Accept", "*/*")];
const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";
const BYTES: &str = "application/octet-stream";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// An answer, played without waiting.
struct Answer {
    route: Option<&'static str>,
    status: u16,
    media: String,
    after_us: u64,
    /// `span_us` and `pieces` of a paced body.
    pace: Option<(u64, u64)>,
    fields: Vec<(&'static str, String)>,
    body: Vec<u8>,
    echoes: bool,
}

impl Answer {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.0 == name).map(|field| field.1.as_str())
    }
}

/// Asks as if by a connection.
fn ask(line: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    let (method, target) = line.split_once(' ').unwrap();
    let method = Method::parse(method).unwrap();
    let fields: Vec<Field> =
        fields.iter().map(|(name, value)| Field { name, value: value.as_bytes() }).collect();
    let (target, host) = Target::parse(target.as_bytes()).unwrap();
    let found = match find(&target.path, method) {
        Ok(found) => found,
        Err(refusal) => return play(None, refuse(&refusal), |_| Vec::new()),
    };
    let named = fields.iter().find(|field| field.name.eq_ignore_ascii_case("Host"));
    let request = Request {
        method,
        version: Version::Http11,
        target,
        params: found.params,
        host: host.or(named.map(|field| field.value)),
        fields: &fields,
        body,
        peer: Some(IpAddr::from([127, 0, 0, 1])),
        local: "127.0.0.1:18080",
        seed: 42,
    };
    let app = App::default();
    play(Some(found), answer(&app, &found, &request), |render| {
        let mut output = Vec::new();
        render(&app, &request, &mut output);
        output
    })
}

fn play(
    found: Option<Found>,
    reply: Reply,
    render: impl Fn(loiter::http::reply::Render) -> Vec<u8>,
) -> Answer {
    let fields: Vec<(&str, String)> =
        reply.headers.iter().map(|(name, value)| (name, value.to_owned())).collect();
    let named = fields.iter().find(|field| field.0 == "Content-Type").map(|field| field.1.clone());
    let mut answer = Answer {
        route: found.map(|found| found.route.path),
        status: reply.status.0,
        media: named.or(reply.media.name().map(str::to_owned)).unwrap_or_default(),
        after_us: reply.after_us,
        pace: None,
        fields,
        body: Vec::new(),
        echoes: false,
    };
    match reply.body {
        Body::Empty => {}
        Body::Echo => answer.echoes = true,
        Body::Whole(body) => answer.body = body.into_owned(),
        Body::Render(function) => answer.body = render(function),
        Body::Paced(mut pace) => {
            answer.pace = Some((pace.span_us, pace.pieces));
            while let Some(due_us) = pace.due_us() {
                pace.make(due_us, usize::MAX, &mut answer.body);
            }
            assert!(pace.length.is_none_or(|length| length == answer.body.len() as u64));
        }
    }
    answer
}

/// What is asked of a body.
enum Check {
    Is(&'static str),
    Has(&'static str),
    Long(usize),
    Any,
}
use Check::{Any, Has, Is, Long};

const ECHO: &str = "the body is the request's";

/// Route, request, further fields and body, and the answer's status, media type and body.
type Row = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [u8],
    u16,
    &'static str,
    Check,
);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("/", "GET /", &[], b"", 200, TEXT, Has("/delay/{delay}  ")),
    ("/", "GET /", &[("Accept", "text/html,*/*;q=0.8")], b"", 200, HTML, Has("<a href=\"/get\">/get</a>")),
    ("/", "GET /", &[("Accept", "text/html")], b"", 200, HTML, Has("go-httpbin")),
    ("/", "HEAD /?x", &[], b"", 200, TEXT, Has("httpbin")),
    ("/", "POST /", &[], b"", 405, HTML, Any),
    ("/get", "GET /get?show=1&show=2&x=", &[], b"", 200, JSON, Is(GET)),
    ("/get", "HEAD /get?show=1&show=2&x=", &[], b"", 200, JSON, Is(GET)),
    ("/get", "GET //get?show=1&show=2&x=#f", &[], b"", 200, JSON, Is(GET)),
    ("/get", "GET /%67et?%zz", &[], b"", 200, JSON, Has("\"%zz\": \"\"")),
    ("/get", "GET http://other/get", &[], b"", 200, JSON, Has("\"url\": \"http://other/get\"")),
    ("/get", "POST /get", &[], b"", 405, HTML, Has("Method Not Allowed")),
    ("/get", "GET /get/", &[], b"", 404, HTML, Has("Not Found")),
    ("/get", "GET /GET", &[], b"", 404, HTML, Any),
    ("/get", "GET /", &[], b"", 200, TEXT, Any),
    ("/post", "POST /post", &[("Content-Length", "7"), FORM], b"a=1&b=2", 200, JSON, Is(POST_FORM)),
    ("/post", "POST /post", &[("Content-Type", JSON), ("Content-Length", "22")], b"{\"b\":1,\"a\":[1.0,null]}", 200, JSON, Is(POST_JSON)),
    ("/post", "POST /post", &[], b"[1,]", 200, JSON, Has("\"json\": null")),
    ("/post", "GET /post", &[], b"", 405, HTML, Any),
    ("/put", "PUT /put", &[("Content-Length", "277"), ("Content-Type", "multipart/form-data; boundary=------------------------11ceea23d52c99b4")], UPLOAD, 200, JSON, Is(PUT)),
    ("/put", "POST /put", &[], b"", 405, HTML, Any),
    ("/patch", "PATCH /patch", &[("Content-Length", "2"), ("Content-Type", BYTES)], b"\x80\x81", 200, JSON, Is(PATCH)),
    ("/patch", "PUT /patch", &[], b"", 405, HTML, Any),
    ("/delete", "DELETE /delete", &[], b"", 200, JSON, Is(DELETE)),
    ("/delete", "GET /delete", &[], b"", 405, HTML, Any),
    ("/anything", "TRACE /anything", &[], b"", 200, JSON, Has("\"method\": \"TRACE\"")),
    ("/anything", "GET /anything/", &[], b"", 404, HTML, Any),
    ("/anything/{rest*}", "GET /anything/a/b?c=d", &[], b"", 200, JSON, Is(ANYTHING)),
    ("/anything/{rest*}", "DELETE /anything/a//b", &[FORM], b"x=y", 200, JSON, Has("\"form\": {\n    \"x\": \"y\"\n  }")),
    ("/anything/{rest*}", "CONNECT /anything/a", &[], b"", 405, HTML, Any),
    ("/headers", "GET /headers", &[], b"", 200, JSON, Is(HEADERS)),
    ("/headers", "GET /headers", &[("Via", "x")], b"", 200, JSON, Is(HEADERS)),
    ("/headers", "GET /headers?show_env", &[("Via", "x")], b"", 200, JSON, Has("\"Via\": \"x\"")),
    ("/headers", "DELETE /headers", &[], b"", 405, HTML, Any),
    ("/ip", "GET /ip", &[], b"", 200, JSON, Is("{\n  \"origin\": \"127.0.0.1\"\n}\n")),
    ("/ip", "GET /ip", &[("X-Forwarded-For", "1.1.1.1, 2.2.2.2")], b"", 200, JSON, Has("\"1.1.1.1, 2.2.2.2\"")),
    ("/ip", "GET /ip?format=text", &[], b"", 200, TEXT, Is("127.0.0.1\n")),
    ("/ip", "PUT /ip", &[], b"", 405, HTML, Any),
    ("/user-agent", "GET /user-agent", &[], b"", 200, JSON, Is("{\n  \"user-agent\": \"curl/7.88.1\"\n}\n")),
    ("/user-agent", "GET /user-agents", &[], b"", 404, HTML, Any),
    ("/uuid", "GET /uuid", &[], b"", 200, JSON, Long(53)),
    ("/uuid", "GET /uuid/1", &[], b"", 404, HTML, Any),
    ("/status/{codes}", "GET /status/200", &[], b"", 200, HTML, Is("")),
    ("/status/{codes}", "PATCH /status/%20+9_99", &[], b"", 999, HTML, Is("")),
    ("/status/{codes}", "GET /status/100", &[], b"", 100, HTML, Is("")),
    ("/status/{codes}", "GET /status/204", &[], b"", 204, HTML, Is("")),
    ("/status/{codes}", "GET /status/304", &[], b"", 304, "", Is("")),
    ("/status/{codes}", "GET /status/308", &[], b"", 308, HTML, Is("")),
    ("/status/{codes}", "GET /status/402", &[], b"", 402, "", Any),
    ("/status/{codes}", "GET /status/406", &[], b"", 406, JSON, Is(UNACCEPTABLE)),
    ("/status/{codes}", "GET /status/418", &[], b"", 418, "", Has("teapot")),
    ("/status/{codes}", "GET /status/201:1,404:0", &[], b"", 201, HTML, Is("")),
    ("/status/{codes}", "GET /status/200:1", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/abc", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/99", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/1000", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/-200", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/%ff", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/200:1:2,3", &[], b"", 400, TEXT, Is("Invalid status code")),
    ("/status/{codes}", "GET /status/", &[], b"", 404, HTML, Any),
    ("/bytes/{n}", "GET /bytes/10", &[], b"", 200, BYTES, Long(10)),
    ("/bytes/{n}", "GET /bytes/000", &[], b"", 200, BYTES, Long(0)),
    ("/bytes/{n}", "GET /bytes/3?SEED=%201", &[], b"", 200, BYTES, Is("D \u{82}")),
    ("/bytes/{n}", "GET /bytes/99999999999999999999999", &[], b"", 200, BYTES, Long(102_400)),
    ("/bytes/{n}", "GET /bytes/40000?seed=-5", &[], b"", 200, BYTES, Long(40_000)),
    ("/bytes/{n}", "GET /bytes/3?seed=x", &[], b"", 400, JSON, Has("bad seed \\\"x\\\"")),
    ("/bytes/{n}", "GET /bytes/3?seed=", &[], b"", 400, JSON, Any),
    ("/bytes/{n}", "GET /bytes/-1", &[], b"", 404, HTML, Any),
    ("/bytes/{n}", "GET /bytes/1.5", &[], b"", 404, HTML, Any),
    ("/stream/{n}", "GET /stream/2", &[], b"", 200, JSON, Is(STREAM)),
    ("/stream/{n}", "GET /stream/0", &[], b"", 200, JSON, Is("")),
    ("/stream/{n}", "GET /stream/1000", &[], b"", 200, JSON, Has("\"id\": 99}\n")),
    ("/stream/{n}", "GET /stream/1?b=1&a=2&b=3", &[], b"", 200, JSON, Has("\"args\": {\"b\": [\"1\", \"3\"], \"a\": \"2\"}")),
    ("/stream/{n}", "GET /stream/x", &[], b"", 404, HTML, Any),
    ("/delay/{delay}", "GET /delay/1", &[], b"", 200, JSON, Is(DELAY)),
    ("/delay/{delay}", "POST /delay/0", &[], b"{}", 200, JSON, Has("\"data\": \"{}\"")),
    ("/delay/{delay}", "GET /delay/abc", &[], b"", 400, JSON, Has("bad delay \\\"abc\\\"")),
    ("/delay/{delay}", "GET /delay/-1", &[], b"", 400, JSON, Has("negative")),
    ("/delay/{delay}", "GET /delay/nan", &[], b"", 400, JSON, Any),
    ("/delay/{delay}", "GET /delay/%ff", &[], b"", 400, JSON, Any),
    ("/delay/{delay}", "GET /delay/1/2", &[], b"", 404, HTML, Any),
    ("/drip", "GET /drip?duration=0&numbytes=5&code=200", &[], b"", 200, BYTES, Is("*****")),
    ("/drip", "GET /drip", &[], b"", 200, BYTES, Is("**********")),
    ("/drip", "GET /drip?numbytes=99999999", &[], b"", 200, BYTES, Long(10 * 1024 * 1024)),
    ("/drip", "GET /drip?code=418&NUMBYTES=1", &[], b"", 418, BYTES, Is("**********")),
    ("/drip", "GET /drip?code=204", &[], b"", 204, BYTES, Is("")),
    ("/drip", "GET /drip?numbytes=0", &[], b"", 400, TEXT, Is("number of bytes must be positive")),
    ("/drip", "GET /drip?numbytes=-1", &[], b"", 400, TEXT, Is("number of bytes must be positive")),
    ("/drip", "GET /drip?numbytes=x", &[], b"", 400, JSON, Has("bad numbytes")),
    ("/drip", "GET /drip?duration=-1", &[], b"", 400, JSON, Has("bad duration")),
    ("/drip", "GET /drip?duration=", &[], b"", 400, JSON, Has("bad duration")),
    ("/drip", "GET /drip?delay=x", &[], b"", 400, JSON, Has("bad delay")),
    ("/drip", "GET /drip?code=99", &[], b"", 400, JSON, Has("bad code")),
    ("/drip", "GET /drip?code=x", &[], b"", 400, JSON, Has("bad code")),
    ("/echo", "POST /echo", &[("Content-Type", "text/x; a=b")], b"", 200, "text/x; a=b", Has(ECHO)),
    ("/echo", "PUT /echo", &[], b"", 200, BYTES, Has(ECHO)),
    ("/echo", "PATCH /echo", &[("Content-Type", "é\u{1}\n")], b"", 200, BYTES, Has(ECHO)),
    ("/echo", "GET /echo", &[], b"", 405, HTML, Any),
];

#[test]
fn every_row() {
    for (route, line, more, body, status, media, check) in ROWS {
        let fields = [
            CURL.iter()
                .filter(|field| field.0 != "Accept" || !more.iter().any(|m| m.0 == "Accept"))
                .copied()
                .collect(),
            more.to_vec(),
        ]
        .concat();
        let answer = ask(line, &fields, body);
        let told: String = answer.body.iter().map(|&byte| char::from(byte)).collect();
        assert_eq!((answer.status, answer.media.as_str()), (*status, *media), "{line}: {told}");
        if !matches!(status, 404 | 405) && *line != "GET /" {
            assert_eq!(answer.route, Some(*route), "{line}");
        }
        match check {
            Is(text) => assert_eq!(told, *text, "{line}"),
            Has(text) if *text == ECHO => assert!(answer.echoes, "{line}"),
            Has(text) => assert!(told.contains(text), "{line}: {told}"),
            Long(bytes) => assert_eq!(answer.body.len(), *bytes, "{line}"),
            Any => {}
        }
    }
}

#[test]
fn every_route_has_a_good_and_a_bad_row() {
    for route in ROUTES {
        let rows = || ROWS.iter().filter(|row| row.0 == route.path);
        assert!(rows().any(|row| row.4 < 400), "{} has no good row", route.path);
        assert!(rows().any(|row| row.4 >= 400), "{} has no bad row", route.path);
    }
}

#[test]
fn delays_are_bounded_and_never_early() {
    for (delay, micros) in [
        ("0", 0),
        ("1", 1_000_000),
        (".25", 250_000),
        ("1e-1", 100_000),
        ("50ms", 50_000),
        ("1.5s", 1_500_000),
        ("10ns", 1),
        ("12", 10_000_000),
        ("inf", 10_000_000),
        ("1h2m", 10_000_000),
        ("%31", 1_000_000),
        ("10%C2%B5s", 10),
    ] {
        let answer = ask(&format!("GET /delay/{delay}"), CURL, b"");
        assert_eq!((answer.status, answer.after_us), (200, micros), "{delay}");
    }
    assert_eq!(ask("OPTIONS /delay/5", CURL, b"").after_us, 0);
}

#[test]
fn drips_are_bounded_and_told() {
    for (query, after, span, pieces) in [
        ("", 0, 2_000_000, 10),
        ("duration=1&delay=.5&numbytes=3", 500_000, 1_000_000, 3),
        ("duration=8&delay=5", 5_000_000, 5_000_000, 10),
        ("duration=1m&delay=inf", 10_000_000, 0, 10),
        ("duration=100ms&delay=-3&numbytes=1", 0, 100_000, 1),
    ] {
        let answer = ask(&format!("GET /drip?{query}"), CURL, b"");
        assert_eq!((answer.after_us, answer.pace), (after, Some((span, pieces))), "{query}");
    }
    let timing = "total_duration;dur=100.00;desc=\"total request duration\", \
        initial_delay;dur=0.00;desc=\"initial delay\", \
        write_duration;dur=100.00;desc=\"duration of writes after initial delay\", \
        pause_per_write;dur=50.00;desc=\"computed pause between writes\"";
    let answer = ask("GET /drip?numbytes=2&duration=100ms", CURL, b"");
    assert_eq!(answer.field("Server-Timing"), Some(timing));
}

#[test]
fn statuses_that_say_more() {
    for code in [301, 302, 303, 305, 307] {
        let answer = ask(&format!("GET /status/{code}"), CURL, b"");
        assert_eq!(answer.field("Location"), Some("/redirect/1"), "{code}");
        assert_eq!((answer.media.as_str(), answer.body.len()), ("", 0), "{code}");
    }
    let field = |code: u16, name| {
        ask(&format!("GET /status/{code}"), CURL, b"").field(name).map(str::to_owned)
    };
    assert_eq!(field(401, "WWW-Authenticate").unwrap(), "Basic realm=\"Fake Realm\"");
    assert_eq!(field(407, "Proxy-Authenticate").unwrap(), "Basic realm=\"Fake Realm\"");
    assert_eq!(field(418, "x-more-info").unwrap(), "http://tools.ietf.org/html/rfc2324");
    assert_eq!(field(308, "Location"), None);
}

#[test]
fn seeded_bytes_are_httpbins() {
    let answer = ask("GET /bytes/10?seed=0", CURL, b"");
    assert_eq!(answer.body, [0xc5, 0xd7, 0x14, 0x84, 0xf8, 0xcf, 0x9b, 0xf4, 0xb7, 0x6f]);
}

#[test]
fn a_uuid_is_of_version_4() {
    let body = String::from_utf8(ask("GET /uuid", CURL, b"").body).unwrap();
    let uuid = body.split('"').nth(3).unwrap();
    let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    assert_eq!(&uuid[14..15], "4");
    assert!("89ab".contains(&uuid[19..20]));
}

#[test]
fn a_preflight_is_answered() {
    let fields = [CURL, &[("Access-Control-Request-Headers", "X-A")]].concat();
    let answer = ask("OPTIONS /get", &fields, b"");
    assert_eq!((answer.status, answer.media.as_str(), answer.body.len()), (200, HTML, 0));
    for (name, value) in [
        ("Allow", "GET, HEAD, OPTIONS"),
        ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS"),
        ("Access-Control-Max-Age", "3600"),
        ("Access-Control-Allow-Headers", "X-A"),
    ] {
        assert_eq!(answer.field(name), Some(value));
    }
    assert_eq!(ask("OPTIONS /get", CURL, b"").field("Access-Control-Allow-Headers"), None);
    assert_eq!(ask("OPTIONS *", CURL, b"").status, 200);
    assert_eq!(ask("OPTIONS /nope", CURL, b"").status, 404);
    assert_eq!(ask("GET *", CURL, b"").status, 404);
}

#[test]
fn a_method_that_is_not_allowed_is_told_what_is() {
    assert_eq!(ask("POST /get", CURL, b"").field("Allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(ask("GET /post", CURL, b"").field("Allow"), Some("POST, OPTIONS"));
    assert_eq!(ask("GET /nope", CURL, b"").field("Allow"), None);
}

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = String::from_utf8(ask("GET /", &[("Accept", "text/html")], b"").body).unwrap();
    assert!(ROUTES.iter().all(|route| page.contains(route.path) && page.contains(route.about)));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
}

// Captured from httpbin 0.10.4.
const GET: &str = r#"{
  "args": {
    "show": [
      "1",
      "2"
    ],
    "x": ""
  },
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/get?show=1&show=2&x="
}
"#;
const POST_FORM: &str = r#"{
  "args": {},
  "data": "",
  "files": {},
  "form": {
    "a": "1",
    "b": "2"
  },
  "headers": {
    "Accept": "*/*",
    "Content-Length": "7",
    "Content-Type": "application/x-www-form-urlencoded",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "json": null,
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/post"
}
"#;
const POST_JSON: &str = r#"{
  "args": {},
  "data": "{\"b\":1,\"a\":[1.0,null]}",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Content-Length": "22",
    "Content-Type": "application/json",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "json": {
    "a": [
      1.0,
      null
    ],
    "b": 1
  },
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/post"
}
"#;
const PUT: &str = r#"{
  "args": {},
  "data": "",
  "files": {
    "f": "vm\n"
  },
  "form": {
    "k": "v"
  },
  "headers": {
    "Accept": "*/*",
    "Content-Length": "277",
    "Content-Type": "multipart/form-data; boundary=------------------------11ceea23d52c99b4",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "json": null,
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/put"
}
"#;
const PATCH: &str = r#"{
  "args": {},
  "data": "data:application/octet-stream;base64,gIE=",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Content-Length": "2",
    "Content-Type": "application/octet-stream",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "json": null,
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/patch"
}
"#;
const DELETE: &str = r#"{
  "args": {},
  "data": "",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "json": null,
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/delete"
}
"#;
const ANYTHING: &str = r#"{
  "args": {
    "c": "d"
  },
  "data": "",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "json": null,
  "method": "GET",
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/anything/a/b?c=d"
}
"#;
const HEADERS: &str = r#"{
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  }
}
"#;
const DELAY: &str = r#"{
  "args": {},
  "data": "",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/delay/1"
}
"#;
const STREAM: &str = r#"{"url": "http://127.0.0.1:18080/stream/2", "args": {}, "headers": {"Host": "127.0.0.1:18080", "User-Agent": "curl/7.88.1", "Accept": "*/*"}, "origin": "127.0.0.1", "id": 0}
{"url": "http://127.0.0.1:18080/stream/2", "args": {}, "headers": {"Host": "127.0.0.1:18080", "User-Agent": "curl/7.88.1", "Accept": "*/*"}, "origin": "127.0.0.1", "id": 1}
"#;
const UNACCEPTABLE: &str = r#"{"message": "Client did not request a supported media type.", "accept": ["image/webp", "image/svg+xml", "image/jpeg", "image/png", "image/*"]}"#;
/// What `curl -F f=@/etc/hostname;type=text/plain -F k=v` sends.
const UPLOAD: &[u8] = b"--------------------------11ceea23d52c99b4\r\n\
    Content-Disposition: form-data; name=\"f\"; filename=\"hostname\"\r\nContent-Type: text/plain\r\n\r\nvm\n\r\n\
    --------------------------11ceea23d52c99b4\r\n\
    Content-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n--------------------------11ceea23d52c99b4--\r\n";
