//! Content codings: the answers, decoded.

use std::io::Read;

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/gzip", "GET /gzip", &[], b"", 200, JSON, Has("\u{1f}\u{8b}")),
    ("/gzip", "HEAD /gzip", &[("Accept-Encoding", "identity")], b"", 200, JSON, Has("\u{1f}\u{8b}")),
    ("/gzip", "POST /gzip", &[], b"", 405, HTML, Any),
    ("/deflate", "GET /deflate", &[], b"", 200, JSON, Any),
    ("/deflate", "GET /deflate/", &[], b"", 404, HTML, Any),
    ("/brotli", "GET /brotli", &[], b"", 200, JSON, Any),
    ("/brotli", "DELETE /brotli", &[], b"", 405, HTML, Any),
    ("/zstd", "GET /zstd", &[], b"", 200, JSON, Has("\u{28}\u{b5}\u{2f}\u{fd}")),
    ("/zstd", "PUT /zstd", &[], b"", 405, HTML, Any),
    ("/compressed", "GET /compressed", &[], b"", 200, JSON, Is(PLAIN)),
    ("/compressed", "GET /compressed", &[("Accept-Encoding", "x-gzip")], b"", 200, JSON, Has("\u{1f}\u{8b}")),
    ("/compressed", "GET /compressed", &[("Accept-Encoding", "*;q=0")], b"", 406, JSON, Has("Accept-Encoding excludes")),
    ("/compressed", "POST /compressed", &[], b"", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/gzip", "POST /gzip", &[], b"", 200, GO_JSON, Has("\u{1f}\u{8b}")),
    ("/deflate", "GET /deflate", &[], b"", 200, GO_JSON, Any),
    ("/brotli", "GET /brotli", &[], b"", 501, GO_JSON, Is("{\n  \"status_code\": 501,\n  \"error\": \"Not Implemented\"\n}\n")),
    ("/zstd", "GET /zstd", &[], b"", 200, GO_JSON, Any),
    ("/compressed", "GET /compressed", &[], b"", 200, GO_JSON, Has("\"compressed\": true\n}\n")),
    ("/compressed", "GET /compressed", &[("Accept-Encoding", "identity;q=0")], b"", 406, GO_JSON, Any),
];

const GO_JSON: &str = "application/json; charset=utf-8";
const PLAIN: &str = r#"{
  "compressed": true,
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "method": "GET",
  "origin": "127.0.0.1"
}
"#;

/// Decodes the body by the answer's Content-Encoding.
fn decoded(answer: &Answer) -> String {
    let mut body = answer.body.as_slice();
    let mut text = String::new();
    match answer.field("Content-Encoding") {
        Some("gzip") => flate2::read::GzDecoder::new(body).read_to_string(&mut text),
        Some("deflate") => flate2::read::ZlibDecoder::new(body).read_to_string(&mut text),
        Some("br") => brotli::Decompressor::new(body, 4096).read_to_string(&mut text),
        Some("zstd") => {
            ruzstd::decoding::StreamingDecoder::new(&mut body).unwrap().read_to_string(&mut text)
        }
        None => body.read_to_string(&mut text),
        Some(other) => panic!("{other}"),
    }
    .unwrap();
    text
}

#[test]
fn every_coding_holds_the_document() {
    for (path, coding, flag) in [
        ("/gzip", "gzip", "gzipped"),
        ("/deflate", "deflate", "deflated"),
        ("/brotli", "br", "brotli"),
    ] {
        let answer = ask(&format!("GET {path}"), CURL, b"");
        assert_eq!(answer.field("Content-Encoding"), Some(coding));
        assert_eq!(answer.field("Vary"), None);
        assert_eq!(decoded(&answer), PLAIN.replace("compressed", flag));
    }
    let answer = ask("GET /zstd", CURL, b"");
    assert_eq!(answer.field("Content-Encoding"), Some("zstd"));
    let document = PLAIN.replace("  \"compressed\": true,\n", "");
    let document = document.replace("0.1\"\n}\n", "0.1\",\n  \"zstd\": true\n}\n");
    assert_eq!(decoded(&answer), document);
}

#[test]
fn go_httpbin_shows_arguments_and_no_url() {
    let text = decoded(&ask_go("GET /gzip?a=1", CURL, b""));
    assert!(text.starts_with("{\n  \"args\": {\n    \"a\": "), "{text}");
    assert!(text.ends_with("\"url\": \"\",\n  \"gzipped\": true\n}\n"), "{text}");
}

#[test]
fn the_coding_that_the_client_likes_best() {
    for (accept, coding) in [
        ("gzip, deflate, br, zstd", Some("zstd")),
        ("deflate, br", Some("br")),
        ("br;q=0.5, gzip", Some("gzip")),
        ("deflate", Some("deflate")),
        ("br;q=0", None),
    ] {
        let answer = ask("GET /compressed", &[CURL, &[("Accept-Encoding", accept)]].concat(), b"");
        assert_eq!(answer.field("Content-Encoding"), coding, "{accept}");
        assert_eq!(answer.field("Vary"), Some("Accept-Encoding"));
        let line = format!("    \"Accept-Encoding\": \"{accept}\",\n    \"Host\"");
        assert_eq!(decoded(&answer), PLAIN.replace("    \"Host\"", &line));
    }
    // Several fields of one name form one list.
    let fields = [CURL, &[("Accept-Encoding", "gzip;q=0.1"), ("accept-encoding", "br")]].concat();
    assert_eq!(ask("GET /compressed", &fields, b"").field("Content-Encoding"), Some("br"));
    let refused = ask("GET /compressed", &[CURL, &[("Accept-Encoding", "*;q=0")]].concat(), b"");
    assert_eq!((refused.status, refused.field("Vary")), (406, Some("Accept-Encoding")));
    assert_eq!(refused.field("Content-Encoding"), None);
}
