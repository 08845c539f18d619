//! A request target: its parts are written as JSON in both dialects, and decoding is stable.

use loiter::http::app::App;
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};
use loiter::http::json::{Json, Layout, Spelling};
use loiter::http::request::Target;
use loiter::http::uri::iri::{self, Part};
use loiter::http::uri::percent::{self, NOT_UNRESERVED};
use loiter::http::uri::query::{self, Order};
use loiter::http::uri::request_url;

fn is_json(bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("a document is UTF-8");
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "not JSON: {text}");
}

pub(crate) fn run(data: &[u8]) {
    let decoded = percent::percent_decode(data);
    assert!(decoded.len() <= data.len(), "decoding makes it longer");
    let text = percent::utf8_or_escapes(decoded.clone());
    let mut encoded = String::new();
    percent::percent_encode(&mut encoded, &text, &NOT_UNRESERVED);
    assert_eq!(percent::percent_decode(encoded.as_bytes()), text.as_bytes(), "{encoded}");
    for part in [Part::Path, Part::Query] {
        let mut output = b"\"".to_vec();
        iri::escape_iri(&mut output, data, part);
        output.push(b'"');
        is_json(&output);
    }
    let pairs: Vec<_> = query::pairs(data).collect();
    for compat in [&HTTPBIN, &GO_HTTPBIN] {
        for order in [Order::Sorted, Order::Arrival] {
            let mut output = Vec::new();
            let mut json = Json::spelled(&mut output, Layout::Indented, Spelling::Python);
            query::write(&mut json, compat, &pairs, order);
            is_json(&output);
        }
    }
    let Some((target, host)) = Target::parse(data) else { return };
    assert!(target.path.as_ref() == b"*" || target.path.starts_with(b"/"), "{target:?}");
    assert!(!target.path.starts_with(b"//"), "two slashes at the start: {target:?}");
    assert!(host.is_none_or(|host| !host.is_empty()));
    loiter_fuzz::ask(&[("Host", b"h"), ("X-Forwarded-Proto", b"https")], b"", |request| {
        let mut request = request.clone();
        request.target = target;
        request.host = host;
        for compat in [&HTTPBIN, &GO_HTTPBIN] {
            let mut output = b"\"".to_vec();
            let app = App { compat, ..App::default() };
            request_url::escape_url(&mut output, &app, &request);
            output.push(b'"');
            is_json(&output);
            let mut output = Vec::new();
            let mut json = Json::new(&mut output, Layout::Indented);
            query::write_args(&mut json, compat, &request, Order::Sorted);
            is_json(&output);
        }
    });
}
