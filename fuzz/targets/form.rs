//! A body read by its media type, by both form readers: no panic, and the output is JSON.
//!
//! The first line is the Content-Type; the body follows.

use loiter::http::body::{self, multipart};
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};
use loiter::http::fields::parameters::Parameterized;
use loiter::http::json::{Json, Layout};

fn is_json(bytes: &[u8]) {
    let text = String::from_utf8(bytes.to_vec()).expect("a document is UTF-8");
    assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "not JSON: {text}");
}

pub(crate) fn run(data: &[u8]) {
    let end = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let (media, body) = (&data[..end], data.get(end + 1..).unwrap_or_default());
    let options = Parameterized::parse(&String::from_utf8_lossy(media));
    if let Some(boundary) = options.parameter("boundary")
        && let Some(parts) = multipart::parse(body, boundary)
    {
        let content: usize = parts.iter().map(|part| part.content.len()).sum();
        assert!(content <= body.len(), "the parts hold more than the body");
    }
    loiter_fuzz::ask(&[("Content-Type", media)], body, |request| {
        for compat in [&HTTPBIN, &GO_HTTPBIN] {
            let Ok(content) = body::read(compat, request) else { continue };
            let mut output = Vec::new();
            let mut json = Json::spelled(&mut output, Layout::Indented, compat.spelling);
            json.list(|json| {
                json.item();
                content.data.write(json);
                json.item();
                content.write_form(json, compat);
                json.item();
                content.write_files(json, compat);
            });
            is_json(&output);
        }
    });
}
