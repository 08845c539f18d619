//! Response header fields set by the client.

use loiter::http::app::App;

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/response-headers", "GET /response-headers", &[], b"", 200, JSON, Is("{\n  \"Content-Length\": \"67\",\n  \"Content-Type\": \"application/json\"\n}\n")),
    ("/response-headers", "POST /response-headers?z=1", &[], b"", 200, JSON, Has("\"Content-Length\": \"79\"")),
    ("/response-headers", "GET /response-headers?b=1&a=2&b=3&Content-Type=text/plain", &[], b"", 200, "text/plain", Is(FIELDS)),
    ("/response-headers", "GET /response-headers?a=%3C&content-type=text/html", &[], b"", 200, "text/html", Has("\"&lt;\"")),
    ("/response-headers", "GET /response-headers?a=%3C&content-type=text/plain;a=b", &[], b"", 200, "text/plain;a=b", Has("\"<\"")),
    ("/response-headers", "GET /response-headers?a=%3C&Content-Type=text/plain&content-type=a/b", &[], b"", 200, "a/b", Has("\"&lt;\"")),
    ("/response-headers", "GET /response-headers?a=%3C&Content-Type=text/plain,text/html", &[], b"", 200, "text/plain,text/html", Has("\"&lt;\"")),
    ("/response-headers", "GET /response-headers?a=x%0d%0ab", &[], b"", 400, JSON, Has("must not contain control characters")),
    ("/response-headers", "GET /response-headers?a=%00", &[], b"", 400, JSON, Any),
    ("/response-headers", "GET /response-headers?a%0a=b", &[], b"", 400, JSON, Has("token")),
    ("/response-headers", "GET /response-headers?a%20b=1", &[], b"", 400, JSON, Has("token")),
    ("/response-headers", "GET /response-headers?=1", &[], b"", 400, JSON, Has("token")),
    ("/response-headers", "GET /response-headers?a%3A=1", &[], b"", 400, JSON, Has("token")),
    ("/response-headers", "PUT /response-headers", &[], b"", 405, HTML, Any),
    ("/response-headers", "GET /response-headers?a=%01%08%1b", &[], b"", 400, JSON, Has("must not contain control characters")),
    ("/response-headers", "GET /response-headers?a=%7f", &[], b"", 400, JSON, Any),
    ("/response-headers", "GET /response-headers?a=b%09c", &[], b"", 200, JSON, Has("b\\tc")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/response-headers", "GET /response-headers", &[], b"", 200, GO_JSON, Is("{\n  \"Content-Type\": [\n    \"application/json; charset=utf-8\"\n  ]\n}\n")),
    ("/response-headers", "PUT /response-headers?b=1&a=2", &[], b"", 200, GO_JSON, Is("{\n  \"Content-Type\": [\n    \"application/json; charset=utf-8\"\n  ],\n  \"a\": [\n    \"2\"\n  ],\n  \"b\": [\n    \"1\"\n  ]\n}\n")),
    ("/response-headers", "GET /response-headers?a=%3C&Content-Type=text/html", &[], b"", 200, "text/html", Has("\"&lt;\"")),
    ("/response-headers", "GET /response-headers?a=%0d", &[], b"", 200, GO_JSON, Has("\"\\r\"")),
    ("/response-headers", "GET /response-headers?a%20b=1&=2&c%0d%0a=3", &[], b"", 200, GO_JSON, Has("\"a b\": [\n    \"1\"\n  ]")),
    ("/response-headers", "GET /response-headers?Content-Type=&b=1", &[], b"", 200, GO_JSON, Is(GO_FIELDS)),
    ("/response-headers", "GET /response-headers?a=%01%08%1b", &[], b"", 200, GO_JSON, Has("\"\\u0001\\b\\u001b\"")),
    ("/response-headers", "GET /response-headers?a=%3C&Content-Type=text/plain%0ab", &[], b"", 200, "text/plain b", Has("\"&lt;\"")),
];

const GO_FIELDS: &str = r#"{
  "Content-Type": [
    "application/json; charset=utf-8"
  ],
  "b": [
    "1"
  ]
}
"#;

// Captured from httpbin 0.10.4.
const FIELDS: &str = r#"{
  "Content-Length": "139",
  "Content-Type": [
    "application/json",
    "text/plain"
  ],
  "a": "2",
  "b": [
    "1",
    "3"
  ]
}
"#;

#[test]
fn fields_are_sent_in_their_order() {
    let answer = ask("GET /response-headers?b=1&a=2&b=3&X-Y=%C3%A9", CURL, b"");
    let sent: Vec<(&str, &str)> =
        answer.fields.iter().map(|field| (field.0.as_str(), field.1.as_str())).collect();
    assert_eq!(sent, [("b", "1"), ("b", "3"), ("a", "2"), ("X-Y", "é")]);
}

#[test]
fn framing_fields_are_shown_but_not_sent() {
    for name in [
        "content-length",
        "Transfer-Encoding",
        "connection",
        "Keep-Alive",
        "Upgrade",
        "Trailer",
        "TE",
        "Proxy-Connection",
        "date",
        "Server",
        "Access-Control-Allow-Origin",
        "X-Content-Type-Options",
    ] {
        let answer = ask(&format!("GET /response-headers?{name}=3"), CURL, b"");
        assert_eq!((answer.status, answer.field(name)), (200, None), "{name}");
        assert!(String::from_utf8(answer.body).unwrap().contains("\"3\""), "{name}");
    }
}

#[test]
fn a_body_shows_its_own_length() {
    for length in 0..1000 {
        let line = format!("GET /response-headers?X={}", "y".repeat(length));
        let body = ask(&line, CURL, b"").body;
        let field = format!("\"Content-Length\": \"{}\"", body.len());
        assert!(String::from_utf8(body).unwrap().contains(&field), "{length}");
    }
}

#[test]
fn dangerous_answers_can_be_allowed() {
    let app = App { dangerous_responses: true, ..App::default() };
    let answer = ask_of(&app, "GET /response-headers?a=%3C&Content-Type=text/html", CURL, b"");
    assert!(answer.body.windows(3).any(|text| text == b"\"<\""));
}

#[test]
fn there_may_not_be_too_many() {
    let status = |count: usize| {
        ask(&format!("GET /response-headers?{}", "a&".repeat(count)), CURL, b"").status
    };
    assert_eq!((status(4096), status(4097)), (200, 400));
    let many: String = (0..150).map(|n| format!("h{n}=v{n}&")).collect();
    for ask in [ask, ask_go] {
        let fields = ask(&format!("GET /response-headers?{many}"), CURL, b"").fields;
        let asked = fields.iter().filter(|field| field.0.starts_with(['h', 'H'])).count();
        assert_eq!(asked, 150);
    }
}

#[test]
fn go_httpbin_writes_fields_as_go_does() {
    for (query, sent) in [
        ("content-disposition=%07%08", &[("Content-Disposition", "\u{7}\u{8}")][..]),
        ("x-a=ding!%0b%1b%7f", &[("X-A", "ding!\u{b}\u{1b}\u{7f}")]),
        ("a=x%0d%0aSet-Cookie:%20b=1", &[("A", "x  Set-Cookie: b=1")]),
        ("a=%0d%0a%0d%0a%3Cscript%3E", &[("A", "<script>")]),
        ("a=%00b%00", &[("A", "b")]),
        ("a%0d%0aX:%20y=1&b=2", &[("B", "2")]),
        ("a%20b=1&=2&c:=3&%C3%A9=4&d=5", &[("D", "5")]),
        ("a=%zz&b;c=1&d=2", &[("D", "2")]),
        ("x=%C3%A9%09y%20", &[("X", "é\ty")]),
    ] {
        let answer = ask_go(&format!("GET /response-headers?{query}"), CURL, b"");
        let fields: Vec<_> = answer.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let fields: Vec<_> = fields.into_iter().filter(|field| field.0 != "Content-Type").collect();
        assert_eq!((answer.status, fields.as_slice()), (200, sent), "{query}");
    }
}
