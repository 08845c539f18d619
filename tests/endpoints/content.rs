//! Statuses, random bytes and UUIDs.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
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
    ("/echo", "POST /echo", &[("Content-Type", "text/x; a=b")], b"", 200, "text/x; a=b", Has(ECHO)),
    ("/echo", "PUT /echo", &[], b"", 200, BYTES, Has(ECHO)),
    ("/echo", "PATCH /echo", &[("Content-Type", "é\u{1}\n")], b"", 200, BYTES, Has(ECHO)),
    ("/echo", "GET /echo", &[], b"", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/uuid", "POST /uuid", &[], b"", 200, GO_JSON, Long(53)),
    ("/bytes/{n}", "GET /bytes/200000", &[], b"", 200, BYTES, Long(200_000)),
    ("/bytes/{n}", "GET /bytes/1048576", &[], b"", 200, BYTES, Long(1_048_576)),
    ("/bytes/{n}", "GET /bytes/1048577", &[], b"", 400, GO_JSON, Has("it must be 0 to 1048576")),
    ("/bytes/{n}", "GET /bytes/0", &[], b"", 200, BYTES, Is("")),
    ("/bytes/{n}", "GET /bytes/x", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/bytes/{n}", "GET /bytes/-1", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/bytes/{n}", "GET /bytes/3?seed=x", &[], b"", 400, GO_JSON, Has("bad seed")),
    ("/bytes/{n}", "GET /bytes/3?seed=-5", &[], b"", 200, BYTES, Long(3)),
    ("/echo", "POST /echo", &[], b"", 200, BYTES, Has(ECHO)),
    ("/bytes/{n}", "GET /bytes/3?seed=", &[], b"", 200, BYTES, Long(3)),
    ("/bytes/{n}", "GET /bytes/3?seed=9223372036854775808", &[], b"", 400, GO_JSON, Has("bad seed")),
];

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
fn seeded_bytes_are_go_httpbins() {
    let known = [191, 205, 42, 250, 21, 162, 179, 114, 199, 7, 152, 90, 34, 2, 74, 142];
    assert_eq!(ask_go("GET /bytes/16?seed=1234567890", CURL, b"").body, known);
    let answer = ask_go("GET /stream-bytes/16?seed=1234567890&chunk_size=5", CURL, b"");
    assert_eq!((answer.body.as_slice(), answer.pace), (known.as_slice(), Some((0, 4))));
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

// Captured from httpbin 0.10.4.
const UNACCEPTABLE: &str = r#"{"message": "Client did not request a supported media type.", "accept": ["image/webp", "image/svg+xml", "image/jpeg", "image/png", "image/*"]}"#;
