//! What the request said.

use crate::ask::*;

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
    ("/anything/{anything*}", "GET /anything/a/b?c=d", &[], b"", 200, JSON, Is(ANYTHING)),
    ("/anything/{anything*}", "DELETE /anything/a//b", &[FORM], b"x=y", 200, JSON, Has("\"form\": {\n    \"x\": \"y\"\n  }")),
    ("/anything/{anything*}", "CONNECT /anything/a", &[], b"", 405, HTML, Any),
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
];

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
/// What `curl -F f=@/etc/hostname;type=text/plain -F k=v` sends.
const UPLOAD: &[u8] = b"--------------------------11ceea23d52c99b4\r\n\
    Content-Disposition: form-data; name=\"f\"; filename=\"hostname\"\r\nContent-Type: text/plain\r\n\r\nvm\n\r\n\
    --------------------------11ceea23d52c99b4\r\n\
    Content-Disposition: form-data; name=\"k\"\r\n\r\nv\r\n--------------------------11ceea23d52c99b4--\r\n";
