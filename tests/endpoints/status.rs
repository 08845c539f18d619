//! Status codes as go-httpbin has them; httpbin's are in `content`.

use loiter::http::app::App;
use loiter::http::profile::GO_HTTPBIN;

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
    let go = App { profile: &GO_HTTPBIN, prefix, ..App::default() };
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
