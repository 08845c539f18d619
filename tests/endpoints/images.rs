//! Images.

use crate::ask::*;

const PNG: &str = "image/png";
const JPEG: &str = "image/jpeg";
const WEBP: &str = "image/webp";
const SVG: &str = "image/svg+xml";
const GO_JSON: &str = "application/json; charset=utf-8";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/image", "GET /image", &[("Accept", "image/webp,image/png")], b"", 200, WEBP, Has("WEBPVP8")),
    ("/image", "GET /image", &[("Accept", "image/png, image/svg+xml, image/jpeg")], b"", 200, SVG, Has("<svg")),
    ("/image", "GET /image", &[("Accept", "image/png;q=0.9,image/jpeg;q=0")], b"", 200, JPEG, Has("JFIF")),
    ("/image", "GET /image", &[("Accept", "IMAGE/PNG")], b"", 200, PNG, Has("PNG")),
    ("/image", "HEAD /image", &[("Accept", "text/html, image/*")], b"", 200, PNG, Any),
    ("/image", "GET /image", &[("Accept", "text/html"), ("Accept", "image/jpeg")], b"", 200, JPEG, Any),
    ("/image", "GET /image", &[("Accept", "*/*")], b"", 406, JSON, Has("{\"message\": \"Client did not")),
    ("/image", "GET /image", &[("Accept", "")], b"", 406, JSON, Any),
    ("/image", "GET /image", &[("Accept", "text/html")], b"", 406, JSON, Long(142)),
    ("/image/png", "GET /image/png", &[], b"", 200, PNG, Has("\u{89}PNG\r\n\u{1a}\n")),
    ("/image/png", "GET /image/gif", &[], b"", 404, HTML, Any),
    ("/image/jpeg", "GET /image/jpeg", &[], b"", 200, JPEG, Has("\u{ff}\u{d8}\u{ff}")),
    ("/image/jpeg", "GET /image/jpg", &[], b"", 404, HTML, Any),
    ("/image/webp", "GET /image/webp", &[], b"", 200, WEBP, Has("RIFF")),
    ("/image/webp", "POST /image/webp", &[], b"", 405, HTML, Any),
    ("/image/svg", "GET /image/svg", &[], b"", 200, SVG, Has("<svg xmlns=\"http://www.w3.org/2000/svg\"")),
    ("/image/svg", "GET /image/svg/", &[], b"", 404, HTML, Any),
    ("/favicon.ico", "GET /favicon.ico", &[], b"", 200, "image/x-icon", Has("\0\0\u{1}\0\u{1}\0\u{20}\u{20}")),
    ("/favicon.ico", "DELETE /favicon.ico", &[], b"", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/image", "GET /image", &[("Accept", "image/webp, image/*")], b"", 200, PNG, Has("PNG")),
    ("/image", "GET /image", &[("Accept", "image/webp, image/png")], b"", 200, PNG, Any),
    ("/image", "GET /image", &[("Accept", "image/jpeg, image/svg+xml, image/webp")], b"", 200, WEBP, Any),
    ("/image", "GET /image", &[("Accept", "image/jpeg, image/svg+xml")], b"", 200, SVG, Any),
    ("/image", "POST /image", &[("Accept", "image/jpeg")], b"", 200, JPEG, Any),
    ("/image", "GET /image", &[("Accept", "")], b"", 200, PNG, Any),
    ("/image", "GET /image", &[], b"", 415, GO_JSON, Is("{\n  \"status_code\": 415,\n  \"error\": \"Unsupported Media Type\"\n}\n")),
    ("/image", "GET /image", &[("Accept", "IMAGE/PNG")], b"", 415, GO_JSON, Any),
    ("/image/png", "PUT /image/png", &[], b"", 200, PNG, Any),
    ("/image/jpeg", "GET /image/jpeg", &[], b"", 200, JPEG, Any),
    ("/image/webp", "GET /image/webp", &[], b"", 200, WEBP, Any),
    ("/image/svg", "GET /image/svg", &[], b"", 200, SVG, Any),
    ("/image/svg", "GET /image/gif", &[], b"", 404, TEXT, Any),
    ("/favicon.ico", "GET /favicon.ico", &[], b"", 200, "image/x-icon", Any),
];

#[test]
fn a_client_that_accepts_nothing_in_particular_gets_a_png() {
    let answer = ask("GET /image", &[("Host", "a")], b"");
    assert_eq!((answer.status, answer.media.as_str()), (200, PNG));
    let answer = ask_go("GET /image", &[("Host", "a")], b"");
    assert_eq!((answer.status, answer.media.as_str()), (200, PNG));
}
