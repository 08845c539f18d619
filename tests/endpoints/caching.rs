//! Conditional requests and caching.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/cache", "GET /cache", &[], b"", 200, JSON, Is(CACHE)),
    ("/cache", "GET /cache", &[("If-None-Match", "x")], b"", 304, "", Is("")),
    ("/cache", "GET /cache", &[("If-None-Match", "")], b"", 304, "", Is("")),
    ("/cache", "GET /cache", &[("If-Modified-Since", "junk")], b"", 304, "", Is("")),
    ("/cache", "GET /cache", &[("If-Modified-Since", "")], b"", 200, JSON, Any),
    ("/cache", "POST /cache", &[], b"", 405, HTML, Any),
    ("/cache/{value}", "GET /cache/60?a=b", &[], b"", 200, JSON, Has("\"a\": \"b\"")),
    ("/cache/{value}", "GET /cache/x", &[], b"", 404, HTML, Any),
    ("/cache/{value}", "GET /cache/-1", &[], b"", 404, HTML, Any),
    ("/etag/{etag}", "GET /etag/abc", &[], b"", 200, JSON, Has("/etag/abc\"\n}\n")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "x, W/\"abc\"")], b"", 304, "", Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "x"), ("If-None-Match", "abc")], b"", 304, "", Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "*")], b"", 304, "", Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "x"), ("If-Match", "x")], b"", 200, JSON, Any),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", ""), ("If-Match", "x")], b"", 412, HTML, Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-Match", "x")], b"", 412, HTML, Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-Match", "W/\"abc\"")], b"", 200, JSON, Any),
    ("/etag/{etag}", "GET /etag/a%0d%0ab:%20c", &[], b"", 400, JSON, Has("bad etag")),
    ("/etag/{etag}", "GET /etag/a%00", &[], b"", 400, JSON, Any),
    ("/etag/{etag}", "GET /etag/%ff", &[], b"", 400, JSON, Any),
    ("/etag/{etag}", "GET /etag/a%2Fb", &[], b"", 404, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/cache", "PUT /cache", &[], b"", 200, GO_JSON, Any),
    ("/cache", "GET /cache", &[("If-None-Match", "my-custom-etag")], b"", 304, "", Is("")),
    ("/cache", "GET /cache/60/foo", &[], b"", 404, TEXT, Any),
    ("/cache/{value}", "GET /cache/60", &[], b"", 200, GO_JSON, Any),
    ("/cache/{value}", "GET /cache/-60", &[], b"", 200, GO_JSON, Any),
    ("/cache/{value}", "GET /cache/3.14", &[], b"", 400, GO_JSON, Has("bad value")),
    ("/cache/{value}", "GET /cache/9223372036854775808", &[], b"", 400, GO_JSON, Any),
    ("/etag/{etag}", "GET /etag/abc", &[], b"", 200, TEXT, Has("/etag/abc\"\n}\n")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "\"123\", \"abc\"")], b"", 304, "", Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "\"123\"")], b"", 200, TEXT, Any),
    ("/etag/{etag}", "PUT /etag/abc", &[("If-None-Match", "*")], b"", 412, TEXT, Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "\"*\"")], b"", 200, TEXT, Any),
    ("/etag/{etag}", "GET /etag/a%22b", &[], b"", 400, GO_JSON, Has("bad etag")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-Match", "\"x\""), ("If-None-Match", "*")], b"", 412, TEXT, Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("If-Match", "\"x\", \"abc\"")], b"", 200, TEXT, Any),
    ("/etag/{etag}", "GET /etag/abc", &[("If-Match", "W/\"abc\"")], b"", 412, TEXT, Any),
    ("/etag/{etag}", "GET /etag/abc", &[("Range", "bytes=0-9")], b"", 206, TEXT, Is("{\n  \"args\"")),
    ("/etag/{etag}", "GET /etag/abc", &[("Range", "bytes=99999-")], b"", 416, TEXT, Is("")),
    ("/etag/{etag}", "GET /etag/abc", &[("Range", "bytes=0-1"), ("If-Range", "\"x\"")], b"", 200, TEXT, Any),
    ("/etag/{etag}", "GET /etag/a%0ab", &[], b"", 400, GO_JSON, Any),
    ("/cache", "GET /cache", &[("If-None-Match", "")], b"", 200, GO_JSON, Any),
    ("/etag/{etag}", "GET /etag/abc", &[("If-None-Match", "abc")], b"", 200, TEXT, Any),
    ("/etag/{etag}", "GET /etag/a%2Fb", &[("If-None-Match", "\"a/b\"")], b"", 304, "", Is("")),
];

#[test]
fn validators_of_a_document() {
    let answer = ask("GET /cache", CURL, b"");
    assert_eq!(answer.field("Last-Modified"), Some("Sun, 22 Nov 2026 14:47:01 GMT"));
    let tag = answer.field("ETag").unwrap();
    assert!(tag.len() == 32 && tag.bytes().all(|byte| byte.is_ascii_hexdigit()), "{tag}");
    let age = |n: &str| {
        let answer = ask(&format!("GET /cache/{n}"), CURL, b"");
        answer.field("Cache-Control").unwrap().to_owned()
    };
    assert_eq!(age("007"), "public, max-age=7");
    assert_eq!(age("00"), "public, max-age=0");
    let endless = "9".repeat(40);
    assert_eq!(age(&endless), format!("public, max-age={endless}"));
    assert_eq!(ask("GET /etag/a%22b", CURL, b"").field("ETag"), Some("a\"b"));
    let known = [CURL, &[("If-None-Match", "abc")]].concat();
    assert_eq!(ask("GET /etag/abc", &known, b"").field("ETag"), Some("abc"));
    let other = [CURL, &[("If-Match", "x")]].concat();
    assert_eq!(ask("GET /etag/abc", &other, b"").field("ETag"), None);
}

#[test]
fn a_304_of_the_cache_has_the_tag_of_the_copy() {
    for (ask, tagged) in [(ask as Asks, "W/\"a,b\", x"), (ask_go, "W/\"a,b\" ,*")] {
        let copy = ask("GET /cache", CURL, b"");
        let (tag, date) = (copy.field("ETag").unwrap(), copy.field("Last-Modified").unwrap());
        let old = "Sun, 06 Nov 1994 08:49:37 GMT";
        let of_old = ask("GET /cache", &[("If-Modified-Since", old)], b"");
        let of_old = of_old.field("ETag").unwrap();
        assert_ne!(of_old, tag);
        for (known, expected) in [
            (&[("If-None-Match", tag)][..], tag),
            (&[("If-Modified-Since", date)], tag),
            (&[("If-Modified-Since", old), ("If-None-Match", "mine")], "mine"),
            (&[("If-Modified-Since", old), ("If-None-Match", "*")], of_old),
            (&[("If-Modified-Since", "some day")], tag),
            (&[("If-None-Match", "*")], tag),
            (&[("If-None-Match", " ,")], tag),
            (&[("If-None-Match", tagged)], "W/\"a,b\""),
        ] {
            let answer = ask("HEAD /cache", known, b"");
            assert_eq!((answer.status, answer.field("ETag")), (304, Some(expected)), "{known:?}");
        }
    }
}

type Asks = fn(&str, &[(&str, &str)], &[u8]) -> Answer;

#[test]
fn validators_of_go_httpbins_documents() {
    let answer = ask_go("GET /cache", CURL, b"");
    let date = answer.field("Last-Modified").unwrap();
    let hex: String = date.bytes().map(|byte| format!("{byte:02x}")).collect();
    let tag = hex + "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    assert_eq!(answer.field("ETag"), Some(tag.as_str()));
    let answer = ask_go("GET /cache/-5", CURL, b"");
    assert_eq!(answer.field("Cache-Control"), Some("public, max-age=-5"));
    let answer = ask_go("GET /etag/abc", CURL, b"");
    for (name, value) in [
        ("ETag", Some("\"abc\"")),
        ("Last-Modified", Some("Sun, 22 Nov 2026 14:47:01 GMT")),
        ("Accept-Ranges", Some("bytes")),
        ("Content-Range", None),
    ] {
        assert_eq!(answer.field(name), value, "{name}");
    }
    let part = [CURL, &[("Range", "bytes=2-3")]].concat();
    // The document shows the Range field, so the whole has the same length with this one.
    let whole = [CURL, &[("Range", "bytes=2-x")]].concat();
    let expected = format!("bytes 2-3/{}", ask_go("GET /etag/abc", &whole, b"").body.len());
    assert_eq!(ask_go("GET /etag/abc", &part, b"").field("Content-Range"), Some(expected.as_str()));
}

// Captured from httpbin 0.10.4.
const CACHE: &str = r#"{
  "args": {},
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/cache"
}
"#;
