//! Status codes in go-httpbin's mode; those of httpbin's are in `content`.

use loiter::http::app::App;
use loiter::http::compat::GO_HTTPBIN;

use crate::ask::*;

const STATUS: &str = "/status/{codes}";

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    (STATUS, "PATCH /status/200", &[], b"", 200, TEXT, Is("")),
    (STATUS, "GET /status/100", &[], b"", 100, TEXT, Is("")),
    (STATUS, "GET /status/204", &[], b"", 204, TEXT, Is("")),
    (STATUS, "GET /status/304", &[], b"", 304, "", Is("")),
    (STATUS, "GET /status/300", &[], b"", 300, TEXT, Has("<a href=\"/image/jpeg\">")),
    (STATUS, "GET /status/308", &[], b"", 308, TEXT, Has("<a href=\"/image/jpeg\">")),
    (STATUS, "GET /status/402", &[], b"", 402, TEXT, Any),
    (STATUS, "GET /status/406", &[], b"", 406, GO_JSON, Has("{\n  \"message\": \"Client did not request a supported media type\",\n  \"accept\": [\n")),
    (STATUS, "GET /status/418", &[], b"", 418, TEXT, Is("I'm a teapot!")),
    (STATUS, "GET /status/599", &[], b"", 599, TEXT, Is("")),
    (STATUS, "GET /status/201:1,404:0", &[], b"", 201, TEXT, Is("")),
    (STATUS, "GET /status/600", &[], b"", 400, GO_JSON, Has("bad status \\\"600\\\"")),
    (STATUS, "GET /status/99", &[], b"", 400, GO_JSON, Any),
    (STATUS, "GET /status/200,600", &[], b"", 400, GO_JSON, Any),
    (STATUS, "GET /status/200:1", &[], b"", 400, GO_JSON, Any),
    (STATUS, "GET /status/200:0,300:0", &[], b"", 400, GO_JSON, Any),
    (STATUS, "GET /status/%ff", &[], b"", 400, GO_JSON, Any),
    ("/status/{codes}", "GET /status/200%20", &[], b"", 400, GO_JSON, Any),
];

#[test]
fn places_have_the_prefix() {
    let prefix = "/a".to_owned();
    let hb = App { prefix: prefix.clone(), ..App::default() };
    let go = App { compat: &GO_HTTPBIN, prefix, ..App::default() };
    for (app, code, place) in [
        (&hb, 302, Some("/a/redirect/1")),
        (&hb, 308, None),
        (&go, 302, Some("/a/redirect/1")),
        (&go, 300, Some("/a/image/jpeg")),
        (&go, 308, Some("/a/image/jpeg")),
        (&go, 306, None),
    ] {
        let answer = ask_of(app, &format!("GET /a/status/{code}"), CURL, b"");
        assert_eq!((answer.status, answer.field("Location")), (code, place), "{code}");
    }
}

#[test]
fn an_answer_has_the_fields_that_its_status_asks_for() {
    for ask in [ask as fn(&str, &[(&str, &str)], &[u8]) -> Answer, ask_go] {
        for (line, name, value) in [
            ("GET /status/103", "Link", Some("</image/svg>; rel=preload; as=image")),
            ("GET /status/206", "Content-Range", Some("bytes 0-0/1")),
            ("GET /status/405", "Allow", Some("OPTIONS")),
            ("QUERY /status/405", "Allow", Some("OPTIONS")),
            ("GET /status/405:1,405:2", "Allow", Some("OPTIONS")),
            ("POST /status/416", "Content-Range", Some("bytes */0")),
            ("GET /status/426", "Upgrade", Some("websocket")),
            ("GET /status/426", "Connection", Some("upgrade")),
            ("GET /status/429", "Retry-After", Some("1")),
            ("PUT /status/503", "Retry-After", Some("1")),
            ("GET /status/401", "WWW-Authenticate", Some("Basic realm=\"Fake Realm\"")),
            ("GET /status/407", "Proxy-Authenticate", Some("Basic realm=\"Fake Realm\"")),
            ("GET /drip?duration=0&delay=0&code=405", "Allow", Some("OPTIONS")),
            ("GET /drip?duration=0&delay=0&code=416", "Content-Range", Some("bytes */0")),
            ("GET /drip?duration=0&delay=0&code=429", "Retry-After", Some("1")),
            ("GET /drip?duration=0&delay=0&code=206", "Content-Range", Some("bytes 0-9/10")),
            ("GET /status/500", "Retry-After", None),
            ("GET /status/200", "Allow", None),
        ] {
            assert_eq!(ask(line, CURL, b"").field(name), value, "{line} {name}");
        }
        // The body has as many bytes as Content-Range gives.
        assert_eq!(ask("GET /status/206", CURL, b"").body.len(), 1);
        assert!(ask("GET /status/416", CURL, b"").body.is_empty());
    }
}

#[test]
fn a_101_has_the_protocol_that_was_asked_for_or_is_refused() {
    for ask in [ask as fn(&str, &[(&str, &str)], &[u8]) -> Answer, ask_go] {
        for line in ["GET /status/101", "GET /status/101:1,101:2", "GET /drip?delay=0&code=101"] {
            for (asked, expected) in [("h2c", "h2c"), (" a/1 , b", "a/1"), (" ,b", "b")] {
                let answer = ask(line, &[("Upgrade", asked)], b"");
                let fields = (answer.field("Connection"), answer.field("Upgrade"));
                assert_eq!((answer.status, fields), (101, (Some("upgrade"), Some(expected))));
            }
            for fields in [&[][..], &[("Upgrade", " , ")], &[("Upgrade", "é, a b, a/")]] {
                let answer = ask(line, fields, b"");
                assert_eq!((answer.status, answer.field("Upgrade")), (400, None), "{line}");
                let body = String::from_utf8(answer.body).unwrap();
                assert!(body.contains("send `Connection: upgrade`"), "{body}");
            }
        }
    }
}
