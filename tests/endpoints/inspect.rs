//! Endpoints that return the request.

use crate::ask::*;
use loiter::http::app::App;
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/get", "GET /get?show=1&show=2&x=", &[], b"", 200, JSON, Is(GET)),
    ("/get", "HEAD /get?show=1&show=2&x=", &[], b"", 200, JSON, Is(GET)),
    ("/get", "GET //get?show=1&show=2&x=#f", &[], b"", 200, JSON, Is(GET)),
    ("/get", "GET /%67et?%zz", &[], b"", 200, JSON, Has("\"%zz\": \"\"")),
    ("/get", "GET http://other/get", &[], b"", 200, JSON, Has("\"url\": \"http://other/get\"")),
    ("/get", "POST /get", &[], b"", 405, HTML, Has("Method Not Allowed")),
    ("/get", "GET /get/", &[], b"", 404, HTML, Has("Not Found")),
    ("/get", "GET /GET", &[], b"", 404, HTML, Any),
    ("/get", "GET /", &[], b"", 200, TEXT, Any),
    ("/head", "HEAD /head?show=1&show=2&x=", &[], b"", 200, JSON, Has("\"show\": [")),
    ("/head", "GET /head", &[], b"", 405, HTML, Any),
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
    ("/anything", "GET /anything?raw=1", &[("x-b", "1"), ("X-A", "\u{e9}"), ("x-B", "")], b"", 200, JSON, Is(RAW)),
    ("/anything", "GET /anything?raw=2", &[], b"", 200, JSON, Has("\"origin\": \"127.0.0.1\",\n  \"url\"")),
    ("/anything/{anything*}", "GET /anything/a?raw=true", &[], b"", 200, JSON, Has("\"raw_headers\": [")),
    ("/anything/{anything*}", "GET /anything/a/b?c=d", &[], b"", 200, JSON, Is(ANYTHING)),
    ("/anything/{anything*}", "DELETE /anything/a//b", &[FORM], b"x=y", 200, JSON, Has("\"form\": {\n    \"x\": \"y\"\n  }")),
    ("/anything/{anything*}", "CONNECT /anything/a", &[], b"", 405, HTML, Any),
    ("/anything", "UNKNOWN /anything", &[], b"", 405, HTML, Has("Method Not Allowed")),
    ("/anything/{anything*}", "PURGE /anything/a", &[], b"", 405, HTML, Any),
    ("/anything", "anything /anything", &[], b"", 405, HTML, Any),
    ("/get", "get /get", &[], b"", 405, HTML, Any),
    ("/anything", "QUERY /anything", &[FORM], b"x=y", 200, JSON, Has("\"form\": {\n    \"x\": \"y\"\n  }")),
    ("/anything/{anything*}", "QUERY /anything/a", &[], b"{}", 200, JSON, Has("\"json\": {},\n  \"method\": \"QUERY\"")),
    ("/post", "QUERY /post", &[], b"", 405, HTML, Any),
    ("/get", "QUERY /get", &[], b"", 405, HTML, Any),
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
    ("/upload", "POST /upload", &[("Content-Length", "3"), FORM], b"abc", 200, JSON, Is(UPLOADED)),
    ("/upload", "PUT /upload", &[], b"", 200, JSON, Has("\"bytes_received\": 0")),
    ("/upload", "PUT /upload", &[], b"", 200, JSON, Has(SHA256_OF_NOTHING)),
    ("/upload", "GET /upload", &[], b"", 405, HTML, Any),
];

const GO: (&str, &str) = ("Host", "127.0.0.1:18081");
const PLAIN: (&str, &str) = ("Content-Type", "text/plain");
const PARTS: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=B");
const JSON_BODY: (&str, &str) = ("Content-Type", "application/json");

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/get", "GET /get?a=1", &[GO], b"", 200, GO_JSON, Is(GO_GET)),
    ("/get", "GET /get?a=%zz&b=%C3%A9", &[("ETag", "\u{e9}"), ("x_y", "1")], b"", 200, GO_JSON, Has("\"args\": {\n    \"b\": [\n      \"\u{c3}\u{a9}\"\n    ]\n  },")),
    ("/anything", "BAN /anything", &[PLAIN], b"hi", 200, GO_JSON, Has("\"method\": \"BAN\"")),
    ("/anything/{anything*}", "PROPFIND /anything/a", &[FORM], b"x=y", 200, GO_JSON, Has("\"x\": [\n      \"y\"\n    ]")),
    ("/anything", "!#$%&'*+-.^_`|~aZ9 /anything", &[], b"", 200, GO_JSON, Has("\"method\": \"!#$%&'*+-.^_`|~aZ9\"")),
    ("/anything", "QUERY /anything", &[PLAIN], b"hi", 200, GO_JSON, Has("\"data\": \"hi\"")),
    ("/anything", "get /anything", &[], b"", 200, GO_JSON, Has("\"method\": \"get\"")),
    ("/headers", "PURGE /headers", &[], b"", 200, GO_JSON, Any),
    ("/delay/{delay}", "BAN /delay/0", &[], b"", 200, GO_JSON, Any),
    ("/dump/request", "LINK /dump/request", &[], b"", 200, TEXT, Has("LINK /dump/request HTTP/1.1\r\n")),
    ("/get", "PURGE /get", &[], b"", 405, TEXT, Is("Method Not Allowed\n")),
    ("/post", "QUERY /post", &[], b"", 405, TEXT, Any),
    ("/get", "GET /get?q=%2f", &[], b"", 200, GO_JSON, Has("/get?q=%2f\"\n}\n")),
    ("/get", "POST /get", &[], b"", 405, TEXT, Is("Method Not Allowed\n")),
    ("/head", "HEAD /head?a=1", &[], b"", 200, GO_JSON, Has("\"method\": \"HEAD\"")),
    ("/head", "GET /head", &[], b"", 405, TEXT, Any),
    ("/post", "POST /post", &[GO, ("Content-Length", "3"), FORM], b"a=1", 200, GO_JSON, Is(GO_POST)),
    ("/post", "POST /post", &[FORM], b"a=%zz", 400, GO_JSON, Has("\"detail\": \"error parsing request body: ")),
    ("/post", "POST /post", &[JSON_BODY], b"{\"b\": [1.0, 1e5], \"a\": \"<\xc3\xa9\"}", 200, GO_JSON, Has("\"json\": {\n    \"a\": \"<\u{c3}\u{a9}\",\n    \"b\": [\n      1,\n      100000\n    ]\n  }\n}\n")),
    ("/post", "POST /post", &[JSON_BODY], b"{", 400, GO_JSON, Has("error parsing request body: ")),
    ("/post", "POST /post", &[PLAIN], b"{", 200, GO_JSON, Has("\"data\": \"{\",")),
    ("/put", "PUT /put", &[], b"{", 200, GO_JSON, Has("\"data\": \"data:application/octet-stream;base64,ew==\",")),
    ("/put", "PUT /put", &[PARTS], FILES, 200, GO_JSON, Has("\"files\": {\n    \"f\": [\n      \"1\",\n      \"\\ufffd\"\n    ]\n  }")),
    ("/put", "PUT /put", &[PARTS], b"x", 400, GO_JSON, Has("error parsing request body: ")),
    ("/patch", "PATCH /patch", &[("Content-Type", "image/png")], b"\xfb\xff", 200, GO_JSON, Has("\"data\": \"data:image/png;base64,-_8=\"")),
    ("/delete", "DELETE /delete", &[FORM], b"a=1", 200, GO_JSON, Has("\"form\": {\n    \"a\": [")),
    ("/anything", "PUT /anything", &[JSON_BODY], b"x", 400, GO_JSON, Has("error parsing request body: ")),
    ("/anything", "GET /anything?raw=true", &[("x-b", "1")], b"", 200, GO_JSON, Has("\"json\": null,\n  \"raw_headers\": [\n    [\n      \"Host\",")),
    ("/anything/{anything*}", "GET /anything/", &[], b"", 200, GO_JSON, Has("/anything/\"")),
    ("/anything/{anything*}", "GET /anything/a%2fb", &[], b"", 200, GO_JSON, Has("/anything/a%2fb\"")),
    ("/headers", "DELETE /headers", &[("Via", "x"), ("X-A", "1"), ("x-a", "2")], b"", 200, GO_JSON, Has("\"Via\": [\n      \"x\"\n    ],\n    \"X-A\": [\n      \"1\",\n      \"2\"\n    ]")),
    ("/ip", "GET /ip", &[("X-Forwarded-For", " 1.1.1.1, 2.2.2.2")], b"", 200, GO_JSON, Is("{\n  \"origin\": \"1.1.1.1\"\n}\n")),
    ("/ip", "GET /ip?format=text", &[("True-Client-IP", "3.3.3.3")], b"", 200, TEXT, Is("3.3.3.3\n")),
    ("/user-agent", "GET /user-agent", &[], b"", 200, GO_JSON, Is("{\n  \"user-agent\": \"curl/7.88.1\"\n}\n")),
    ("/upload", "POST /upload", &[GO, ("Content-Length", "3"), FORM], b"abc", 200, GO_JSON, Is(GO_UPLOAD)),
    ("/upload", "POST /upload", &[JSON_BODY], b"{", 200, GO_JSON, Has("\"bytes_received\": 1\n}\n")),
    ("/upload", "GET /upload", &[], b"", 405, TEXT, Any),
];

#[test]
fn a_client_without_a_user_agent() {
    let host: &[(&str, &str)] = &[("Host", "h")];
    assert_eq!(ask("GET /user-agent", host, b"").body, b"{\n  \"user-agent\": null\n}\n");
    assert_eq!(ask_go("GET /user-agent", host, b"").body, b"{\n  \"user-agent\": \"\"\n}\n");
}

#[test]
fn excluded_fields_are_shown_nowhere() {
    for compat in [&HTTPBIN, &GO_HTTPBIN] {
        let exclude_headers = vec!["user-*".to_owned(), "x-secret".to_owned()];
        let app = App { compat, exclude_headers, ..App::default() };
        let fields = [CURL, &[("X-Secret", "curl")]].concat();
        for path in
            ["/get", "/headers", "/anything?raw=1", "/user-agent", "/dump/request", "/raw", "/ip"]
        {
            let answer = ask_of(&app, &format!("GET {path}"), &fields, b"");
            let text = String::from_utf8(answer.body).unwrap();
            assert!(!text.contains("curl") && answer.status == 200, "{path}: {text}");
        }
        let answer = ask_of(&app, "GET http://x-secret:1/raw", &fields, b"");
        let head =
            b"GET http://x-secret:1/raw HTTP/1.1\r\nHost: 127.0.0.1:18080\r\nAccept: */*\r\n\r\n";
        assert_eq!(answer.body, head);
    }
}

/// Two files in one field: no browser sends this, but RFC 7578 4.3 allows it.
const FILES: &[u8] = b"--B\r\nContent-Disposition: form-data; name=f; filename=x\r\n\r\n1\r\n\
    --B\r\nContent-Disposition: form-data; name=f; filename=y\r\n\r\n\xff\r\n--B--";

// Captured from go-httpbin 697b6e3.
const GO_GET: &str = r#"{
  "args": {
    "a": [
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
  "url": "http://127.0.0.1:18081/get?a=1"
}
"#;
const GO_POST: &str = r#"{
  "args": {},
  "headers": {
    "Accept": [
      "*/*"
    ],
    "Content-Length": [
      "3"
    ],
    "Content-Type": [
      "application/x-www-form-urlencoded"
    ],
    "Host": [
      "127.0.0.1:18081"
    ],
    "User-Agent": [
      "curl/7.88.1"
    ]
  },
  "method": "POST",
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18081/post",
  "data": "a=1",
  "files": {},
  "form": {
    "a": [
      "1"
    ]
  },
  "json": null
}
"#;
const GO_UPLOAD: &str = r#"{
  "args": {},
  "headers": {
    "Accept": [
      "*/*"
    ],
    "Content-Length": [
      "3"
    ],
    "Content-Type": [
      "application/x-www-form-urlencoded"
    ],
    "Host": [
      "127.0.0.1:18081"
    ],
    "User-Agent": [
      "curl/7.88.1"
    ]
  },
  "method": "POST",
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18081/upload",
  "bytes_received": 3
}
"#;
const SHA256_OF_NOTHING: &str =
    "\"sha256\": \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"";
/// The same set as httpbin shows it, which has no `/upload`, with the hash.
const UPLOADED: &str = r#"{
  "args": {},
  "bytes_received": 3,
  "headers": {
    "Accept": "*/*",
    "Content-Length": "3",
    "Content-Type": "application/x-www-form-urlencoded",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "method": "POST",
  "origin": "127.0.0.1",
  "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  "url": "http://127.0.0.1:18080/upload"
}
"#;
const RAW: &str = r#"{
  "args": {
    "raw": "1"
  },
  "data": "",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1",
    "X-A": "\u00c3\u00a9",
    "X-B": "1,"
  },
  "json": null,
  "method": "GET",
  "origin": "127.0.0.1",
  "raw_headers": [
    [
      "Host",
      "127.0.0.1:18080"
    ],
    [
      "User-Agent",
      "curl/7.88.1"
    ],
    [
      "Accept",
      "*/*"
    ],
    [
      "x-b",
      "1"
    ],
    [
      "X-A",
      "\u00c3\u00a9"
    ],
    [
      "x-B",
      ""
    ]
  ],
  "url": "http://127.0.0.1:18080/anything?raw=1"
}
"#;

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
/// The body of `curl -F f=@/etc/hostname;type=text/plain -F k=v`.
const UPLOAD: &[u8] = b"--------------------------11ceea23d52c99b4\r\n\
    Content-Disposition: form-data; name=\"f\"; filename=\"hostname\"\r\nContent-Type: text/plain\r\n\r\nvm\n\r\n\
    --------------------------11ceea23d52c99b4\r\n\
    Content-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n--------------------------11ceea23d52c99b4--\r\n";

#[test]
fn a_form_of_too_many_fields_is_refused() {
    let form = |fields: usize| "a&".repeat(fields - 1) + "a";
    for ask in [ask, ask_go] {
        for line in ["POST /post", "PUT /anything", "POST /delay/0", "PATCH /trailers?a=b"] {
            let asked = |body: &str| ask(line, &[FORM], body.as_bytes());
            let refused = asked(&form((1 << 20) + 1));
            assert_eq!(refused.status, 413, "{line}");
            let text = String::from_utf8_lossy(&refused.body).into_owned();
            assert!(text.contains("more than 1048576 fields"), "{text}");
        }
        assert_eq!(ask("POST /post", &[FORM], form(1 << 20).as_bytes()).status, 200);
        let text = form((1 << 20) + 1);
        assert_eq!(
            ask("POST /post", &[("Content-Type", "text/plain")], text.as_bytes()).status,
            200
        );
    }
}
