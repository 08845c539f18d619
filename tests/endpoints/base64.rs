//! Base64.

use loiter::base::limits::Limits;
use loiter::http::app::App;

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/base64/{value}", "GET /base64/SFRUUEJJTiBpcyBhd2Vzb21l", &[], b"", 200, TEXT, Is("HTTPBIN is awesome")),
    ("/base64/{value}", "GET /base64/SGVsbG8", &[], b"", 200, TEXT, Is(HINT)),
    ("/base64/{value}", "GET /base64/_-8=", &[], b"", 200, TEXT, Is(HINT)),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text/html", &[], b"", 200, "text/html", Is("&lt;b&gt;")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=application/json", &[], b"", 200, JSON, Is("<b>")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text/html%0d%0aa:b", &[], b"", 400, JSON, Has("control")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=null", &[], b"", 400, JSON, Has("media type")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text", &[], b"", 400, JSON, Has("media type")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text/plain,a/b", &[], b"", 400, JSON, Has("media type")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text/%C3%A9", &[], b"", 400, JSON, Has("media type")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=", &[], b"", 200, TEXT, Is("<b>")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text/plain;charset=%22a%20b%22", &[], b"", 200, "text/plain;charset=\"a b\"", Is("<b>")),
    ("/base64/{value}", "GET /base64/", &[], b"", 404, HTML, Any),
    ("/base64/{op}/{value}", "GET /base64/encode/%C3%BF%C3%BE", &[], b"", 200, TEXT, Is("w7_Dvg==")),
    ("/base64/{op}/{value}", "GET /base64/decode/w7_Dvg==", &[], b"", 200, TEXT, Is("\u{c3}\u{bf}\u{c3}\u{be}")),
    ("/base64/{op}/{value}", "GET /base64/decode/w7%2FDvg==", &[], b"", 404, HTML, Any),
    ("/base64/{op}/{value}", "GET /base64/decode/_-8=", &[], b"", 200, TEXT, Is("\u{ff}\u{ef}")),
    ("/base64/{op}/{value}", "GET /base64/decode/YQ", &[], b"", 400, JSON, Has("\"base64 decode failed: \\\"YQ\\\" is not valid base64\"")),
    ("/base64/{op}/{value}", "GET /base64/mangle/YQ==", &[], b"", 400, JSON, Has("\"invalid operation: mangle; write encode or decode\"")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/base64/{value}", "POST /base64/PGI-", &[], b"", 200, TEXT, Is("<b>")),
    ("/base64/{value}", "GET /base64/+A==", &[], b"", 200, TEXT, Is("\u{f8}")),
    ("/base64/{value}", "GET /base64/SGVsbG8", &[], b"", 400, GO_JSON, Has("base64 decode failed: ")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=image/svg%2Bxml", &[], b"", 200, "image/svg+xml", Is("&lt;b&gt;")),
    ("/base64/{value}", "GET /base64/PGI-?content-type=text/plain%07%0d%0aX:1", &[], b"", 200, "text/plain\u{7}  X:1", Is("&lt;b&gt;")),
    ("/base64/{op}/{value}", "GET /base64/encode/%3Cb%3E", &[], b"", 200, TEXT, Is("PGI-")),
    ("/base64/{op}/{value}", "GET /base64/x/y", &[], b"", 400, GO_JSON, Has("invalid operation: x")),
    ("/base64/{op}/{value}", "GET /base64/decode/=", &[], b"", 400, GO_JSON, Has("decode failed")),
    ("/base64/{op}/{value}", "GET /base64/ENCODE/a", &[], b"", 400, GO_JSON, Has("invalid operation: ENCODE")),
    ("/base64/{op}/{value}", "GET /base64/%00/a", &[], b"", 400, GO_JSON, Has("invalid operation: \\u0000;")),
    ("/base64/{op}/{value}", "GET /base64/encode/y?content-type=null", &[], b"", 200, "null", Is("eQ==")),
    ("/base64/{value}", "GET /base64/%2F%2B8=", &[], b"", 200, TEXT, Is("\u{ff}\u{ef}")),
    ("/base64/{op}/{value}", "GET /base64/encode/a%2Fb", &[], b"", 200, TEXT, Is("YS9i")),
];

const HINT: &str = "Incorrect Base64 data try: SFRUUEJJTiBpcyBhd2Vzb21l";

#[test]
fn dangerous_answers_can_be_allowed() {
    let app = App { dangerous_responses: true, ..App::default() };
    let answer = ask_of(&app, "GET /base64/PGI-", CURL, b"");
    assert_eq!((answer.media.as_str(), answer.body.as_slice()), (HTML, b"<b>".as_slice()));
    let answer = ask_of(&app, "GET /base64/PGI-?content-type=image/x", CURL, b"");
    assert_eq!((answer.media.as_str(), answer.body.as_slice()), ("image/x", b"<b>".as_slice()));
}

#[test]
fn a_value_may_be_as_long_as_a_body() {
    let limits = Limits { body_bytes: 4, ..Limits::default() };
    let app = App { limits, ..App::default() };
    assert_eq!(ask_of(&app, "GET /base64/YWJj", CURL, b"").status, 200);
    for path in ["YWJjZ", "encode/abcde", "decode/YWJjZ"] {
        let answer = ask_of(&app, &format!("GET /base64/{path}"), CURL, b"");
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, 400, "{path}");
        assert!(text.contains("input data exceeds max length of 4"), "{text}");
    }
}
