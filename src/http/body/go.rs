//! Parses a body as go-httpbin does: by its media type alone, and malformed ones are refused.
//!
//! Departures: a media type matches in any case (RFC 9110 8.3.1); text after a JSON value is
//! refused, which go-httpbin ignores; and multipart bodies are parsed by [`multipart`], for both
//! APIs.

use std::borrow::Cow;

use base64::engine::general_purpose::URL_SAFE;

use super::content::{Content, Data, MULTIPART, URLENCODED, boundary};
use super::multipart;
use crate::http::fields::parameters::Parameterized;
use crate::http::json::reencode;
use crate::http::reply::Refusal;
use crate::http::request::Request;
use crate::http::uri::percent::utf8_or_replacement;
use crate::http::uri::query;

/// Parses a request's body. A form or JSON is shown as text too; any media type but plain text and
/// HTML as a `data:` URL. JSON is not parsed here: see [`check_json`].
pub fn read<'a>(request: &Request<'a>) -> Result<Content<'a>, Refusal> {
    let (body, value) = (request.body, request.field("Content-Type").unwrap_or_default());
    if body.is_empty() {
        return Ok(Content::default());
    }
    let options = Parameterized::parse(&String::from_utf8_lossy(value));
    let content = Content { data: Data::text(body), ..Content::default() };
    match options.value.as_str() {
        "text/html" | "text/plain" => Ok(content),
        URLENCODED => with_pairs(content, body),
        MULTIPART => with_parts(content, body, &options),
        "application/json" => {
            let json = match content.data {
                Data::Text(text) => text.into(),
                _ => utf8_or_replacement(body.into()),
            };
            Ok(Content { json, ..content })
        }
        _ => Ok(Content { data: url(value, body), ..content }),
    }
}

fn with_pairs<'a>(content: Content<'a>, body: &'a [u8]) -> Result<Content<'a>, Refusal> {
    let form = query::strict_pairs(body).collect::<Option<Vec<_>>>();
    let form = form.ok_or_else(|| unreadable("the form has an invalid escape or a `;`"))?;
    Ok(Content { form, ..content })
}

/// Parts without a name are ignored, and a part with an empty file name is a value.
fn with_parts<'a>(
    mut content: Content<'a>,
    body: &'a [u8],
    options: &Parameterized,
) -> Result<Content<'a>, Refusal> {
    let boundary = boundary(options).ok_or_else(|| unreadable("no boundary is given"))?;
    let parts = multipart::parse(body, boundary);
    for part in parts.ok_or_else(|| unreadable("the multipart body is malformed"))? {
        let Some(name) = part.name.filter(|name| !name.is_empty()) else { continue };
        if part.file_name.is_some_and(|name| !name.is_empty()) {
            content.files.push((name, Data::text(part.content)))
        } else {
            content.form.push((name.into(), utf8_or_replacement(part.content.into())))
        }
    }
    Ok(content)
}

/// Refuses a body that should be JSON and is not.
pub fn check_json(content: &Content) -> Result<(), Refusal> {
    if content.json.is_empty() || reencode::is_json(&content.json) {
        Ok(())
    } else {
        Err(unreadable("it is not JSON"))
    }
}

/// The body as a `data:` URL with its media type, without parameters.
fn url<'a>(value: &'a [u8], content: &'a [u8]) -> Data<'a> {
    let media = value.split(|&byte| byte == b';').next().unwrap_or_default();
    let media: Cow<str> = match media.trim_ascii() {
        b"" => "application/octet-stream".into(),
        media => utf8_or_replacement(media.into()),
    };
    Data::Url { media, alphabet: &URL_SAFE, content }
}

fn unreadable(what: &str) -> Refusal {
    Refusal::bad(format!("error parsing request body: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::GO_HTTPBIN;
    use crate::http::json::{Json, Layout, Spelling};
    use crate::http::tests::ask;

    /// `data`, `files`, `form` and the text of `json`, or the reason of the refusal.
    fn parsed(media: &str, body: &[u8]) -> String {
        let mut output = Vec::new();
        let mut json = Json::spelled(&mut output, Layout::Compact, Spelling::Go);
        let read = |request: &Request| match read(request) {
            Ok(content) if check_json(&content).is_err() => {
                json.raw(&check_json(&content).unwrap_err().reason);
            }
            Ok(content) => {
                content.data.write(&mut json);
                content.write_files(&mut json, &GO_HTTPBIN);
                content.write_form(&mut json, &GO_HTTPBIN);
                json.raw(&content.json);
            }
            Err(refusal) => json.raw(&refusal.reason),
        };
        ask("/", &[("Content-Type", media)], body, read);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn texts_and_other_types() {
        assert_eq!(parsed("text/plain; charset=x", "é".as_bytes()), r#""é"{}{}"#);
        assert_eq!(parsed("text/html", b"a\xff"), r#""a\ufffd"{}{}"#);
        assert_eq!(parsed("", b"a=1"), r#""data:application/octet-stream;base64,YT0x"{}{}"#);
        assert_eq!(parsed("Image/PNG; q=1", b"\xfb\xff"), r#""data:Image/PNG;base64,-_8="{}{}"#);
        assert_eq!(parsed("image/png", b""), r#"""{}{}"#);
    }

    #[test]
    fn forms() {
        assert_eq!(
            parsed(URLENCODED, b"b=1&a=%C3%A9&b="),
            r#""b=1&a=%C3%A9&b="{}{"a":["é"],"b":["1",""]}"#
        );
        for body in ["a=%zz", "a=%4", "%", "a=1&b;c"] {
            let text = "error parsing request body: the form has an invalid escape or a `;`";
            assert_eq!(parsed(URLENCODED, body.as_bytes()), text, "{body}");
        }
    }

    #[test]
    fn json() {
        assert_eq!(parsed("Application/JSON; x", b"[1]"), r#""[1]"{}{}[1]"#);
        for body in ["{", " ", "NaN", "{}{}"] {
            let text = parsed("application/json", body.as_bytes());
            assert_eq!(text, "error parsing request body: it is not JSON", "{body}");
        }
        assert_eq!(parsed("text/plain", b"[1]"), r#""[1]"{}{}"#);
    }

    #[test]
    fn multipart_bodies() {
        let part = |head: &str, content: &str| {
            format!("--B\nContent-Disposition: form-data; {head}\n\n{content}\n")
        };
        let body = part("name=f; filename=x", "1")
            + &part("name=f; filename=y", "2")
            + &part("name=e; filename=\"\"", "3")
            + &part("filename=z", "4")
            + "--B--";
        let parsed_form = |body: &str| parsed("multipart/form-data; boundary=B", body.as_bytes());
        assert!(
            parsed_form(&body).ends_with(r#""{"f":["1","2"]}{"e":["3"]}"#),
            "{}",
            parsed_form(&body)
        );
        for body in ["garbage", &body[..body.len() - 5]] {
            assert_eq!(
                parsed_form(body),
                "error parsing request body: the multipart body is malformed"
            );
        }
        let text = parsed("multipart/form-data", b"--B--");
        assert_eq!(text, "error parsing request body: no boundary is given");
    }

    proptest::proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(0..=u8::MAX, 0..60)) {
            for media in [URLENCODED, "", "application/json", "multipart/form-data; boundary=B"] {
                parsed(media, &body);
            }
        }
    }
}
