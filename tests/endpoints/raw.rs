//! The request as it arrived, and trailers.

use crate::ask::*;

const GO: (&str, &str) = ("Host", "127.0.0.1:18081");

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/raw", "PATCH /raw?a=%41", &[], b"x", 200, TEXT, Is(RAW)),
    ("/raw", "CONNECT /raw", &[], b"", 405, HTML, Any),
    ("/raw", "GET /raw/", &[], b"", 404, HTML, Any),
    ("/dump/request", "POST /dump/request?x=%41", &[("x-b", "1"), ("etag", ""), ("X_c-D", "2"), ("X-B", "3")], b"a\xff\n", 200, TEXT, Is(DUMP)),
    ("/dump/request", "GET /dump", &[], b"", 404, HTML, Any),
    ("/trailers", "GET /trailers?x-t=1", &[], b"", 200, JSON, Has("\"x-t\": \"1\"")),
    ("/trailers", "PUT /trailers", &[], b"[1]", 200, JSON, Has("\"method\": \"PUT\"")),
    ("/trailers", "GET /trailers?Content-Length=1", &[], b"", 400, JSON, Has("bad trailer \\\"Content-Length\\\": this field is not allowed")),
    ("/trailers", "GET /trailers?te=1", &[], b"", 400, JSON, Has("bad trailer")),
    ("/trailers", "GET /trailers?a%20b=1", &[], b"", 400, JSON, Has("must be a token")),
    ("/trailers", "GET /trailers?=1", &[], b"", 400, JSON, Has("must be a token")),
    ("/trailers", "GET /trailers?a=%0d%0ab", &[], b"", 400, JSON, Has("must not contain control characters")),
    ("/trailers", "GET /trailers?a=%00", &[], b"", 400, JSON, Has("must not contain control characters")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/raw", "GET /raw", &[], b"", 200, TEXT, Has("*/*\r\n\r\n")),
    ("/dump/request", "GET /dump/request?x=1", &[GO], b"", 200, TEXT, Is(GO_DUMP)),
    ("/trailers", "GET /trailers?x-t=1", &[GO], b"", 200, GO_JSON, Is(GO_TRAILERS)),
    ("/trailers", "GET /trailers?Host=1", &[], b"", 400, GO_JSON, Has("bad trailer")),
    ("/trailers", "POST /trailers?a=1", &[FORM], b"%", 400, GO_JSON, Has("error parsing request body: ")),
];

#[test]
fn trailers_are_announced_once_each_and_bounded() {
    let answer = ask("GET /trailers?x-a=1&X-b=2&X-A=3", CURL, b"");
    let fields: Vec<_> = answer.fields.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(fields, [("Trailer", "x-a, X-b")]);
    assert_eq!(answer.trailers.len(), 3);
    assert_eq!(ask("GET /trailers", CURL, b"").field("Trailer"), None);
    let many = |count: usize| "a=1&".repeat(count);
    assert_eq!(ask(&format!("GET /trailers?{}", many(4096)), CURL, b"").trailers.len(), 4096);
    assert_eq!(ask(&format!("GET /trailers?{}", many(4097)), CURL, b"").status, 400);
}

#[test]
fn go_httpbin_writes_trailers_as_go_does() {
    let answer = ask_go("GET /trailers?x-a=%07b%0d%0aX:%201&a%20b=1&=2&x-c=%00%0a", CURL, b"");
    assert_eq!((answer.status, answer.field("Trailer")), (200, Some("x-a, x-c")));
    let trailers: Vec<_> = answer.trailers.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(trailers, [("X-A", "\u{7}b  X: 1"), ("X-C", "")]);
}

const RAW: &str = "PATCH /raw?a=%41 HTTP/1.1\r\nHost: 127.0.0.1:18080\r\n\
    User-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n";
const DUMP: &str = "POST /dump/request?x=%41 HTTP/1.1\r\nHost: 127.0.0.1:18080\r\nAccept: */*\r\n\
    Etag: \r\nUser-Agent: curl/7.88.1\r\nX-B: 1\r\nX-B: 3\r\nX_c-D: 2\r\n\r\na\u{ff}\n";
// Captured from go-httpbin 697b6e3.
const GO_DUMP: &str = "GET /dump/request?x=1 HTTP/1.1\r\nHost: 127.0.0.1:18081\r\nAccept: */*\r\n\
    User-Agent: curl/7.88.1\r\n\r\n";
const GO_TRAILERS: &str = r#"{
  "args": {
    "x-t": [
      "1"
    ]
  },
  "headers": {
    "Accept": [
      "*/*"
    ],
    "Host": [
      "127.0.0.1:18081"
    ],
    "User-Agent": [
      "curl/7.88.1"
    ]
  },
  "method": "GET",
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18081/trailers?x-t=1",
  "data": "",
  "files": {},
  "form": {},
  "json": null
}
"#;
