//! Parses a body as Werkzeug does: form, files or text. For go-httpbin see [`go`](super::go).

use std::borrow::Cow;

use super::content::{Content, Data, MULTIPART, URLENCODED, boundary};
use super::multipart::{self, Part};
use crate::http::fields::parameters::Parameterized;
use crate::http::request::Request;
use crate::http::uri::query;

/// Parses a request's body. A malformed form is empty; a multipart body without boundary is text.
pub fn read<'a>(request: &Request<'a>) -> Content<'a> {
    let media = request.fields_named("Content-Type").last().unwrap_or_default();
    let body = request.body;
    if media.is_empty() || body.is_empty() {
        return Content::text(body);
    }
    let options = Parameterized::parse(&String::from_utf8_lossy(media));
    match (options.value.as_str(), boundary(&options)) {
        (URLENCODED, _) => Content::urlencoded(body),
        (MULTIPART, Some(boundary)) => {
            Content::multipart(multipart::parse(body, boundary).unwrap_or_default())
        }
        _ => Content::text(body),
    }
}

impl<'a> Content<'a> {
    /// Not a form. Whatever its media type, it is parsed as JSON.
    fn text(body: &'a [u8]) -> Content<'a> {
        let data = Data::of(body, None);
        let json = if let Data::Text(text) = data { text.into() } else { "".into() };
        Content { data, json, ..Content::default() }
    }

    /// Invalid UTF-8 makes Werkzeug ignore the whole form.
    fn urlencoded(body: &'a [u8]) -> Content<'a> {
        let readable = std::str::from_utf8(body).is_ok();
        let form = if readable { query::pairs(body).collect() } else { Vec::new() };
        Content { form, ..Content::default() }
    }

    /// A missing name is Python's `None`, written as `null` in JSON.
    fn multipart(parts: Vec<Part<'a>>) -> Content<'a> {
        let mut content = Content::default();
        for mut part in parts {
            let name = part.name.take().unwrap_or_else(|| "null".to_owned());
            if part.file_name.is_some() {
                content.files.push((name, Data::of(part.content, part.media)));
            } else {
                content.form.push((Cow::Owned(name), field_text(&part)));
            }
        }
        content
    }
}

/// The text of a form field, in the charsets that Werkzeug supports.
fn field_text<'a>(part: &Part<'a>) -> Cow<'a, str> {
    let options = part.media.as_deref().map(Parameterized::parse);
    let charset = options.as_ref().and_then(|options| options.parameter("charset"));
    match charset.unwrap_or_default().to_ascii_lowercase().as_str() {
        "iso-8859-1" => Cow::Owned(part.content.iter().map(|&byte| char::from(byte)).collect()),
        "ascii" | "us-ascii" if !part.content.is_ascii() => {
            let char = |&byte: &u8| if byte.is_ascii() { char::from(byte) } else { '\u{fffd}' };
            Cow::Owned(part.content.iter().map(char).collect())
        }
        _ => String::from_utf8_lossy(part.content),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::HTTPBIN;
    use crate::http::json::{Json, Layout};
    use crate::http::tests::ask;
    use proptest::prelude::*;

    /// `data`, `files` and `form` of a body.
    fn parsed(media: &str, body: &[u8]) -> String {
        let mut output = Vec::new();
        let mut json = Json::new(&mut output, Layout::Spaced);
        ask("/", &[("Content-Type", media)], body, |request| {
            let content = read(request);
            content.data.write(&mut json);
            content.write_files(&mut json, &HTTPBIN);
            content.write_form(&mut json, &HTTPBIN);
        });
        String::from_utf8(output).unwrap()
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn forms() {
        assert_eq!(parsed(FORM, b"b=1&a=%ff&b="), r#"""{}{"a": "%FF", "b": ["1", ""]}"#);
        let media = "Application/X-WWW-Form-Urlencoded; charset=x";
        assert_eq!(parsed(media, b"a=1"), r#"""{}{"a": "1"}"#);
        assert_eq!(parsed(FORM, b"a=\xff&b=1"), r#"""{}{}"#);
        assert_eq!(parsed(&format!("{FORM}, x"), b"a=1"), r#""a=1"{}{}"#);
    }

    #[test]
    fn bodies_that_are_not_forms() {
        assert_eq!(parsed("", b"a=1"), r#""a=1"{}{}"#);
        assert_eq!(parsed("image/png", "\u{feff}é".as_bytes()), r#""\ufeff\u00e9"{}{}"#);
        assert_eq!(
            parsed("image/png", b"\x80\x81"),
            r#""data:application/octet-stream;base64,gIE="{}{}"#
        );
        for media in [
            "multipart/form-data",
            "multipart/form-data; boundary=\"\"",
            "multipart/mixed; boundary=B",
        ] {
            assert_eq!(parsed(media, b"--B--"), r#""--B--"{}{}"#);
        }
    }

    fn part(head: &str, content: &str) -> String {
        format!("--B\r\nContent-Disposition: form-data; {head}\r\n\r\n{content}\r\n")
    }

    #[test]
    fn multipart_bodies() {
        let media = "multipart/form-data; boundary=B";
        let body = part("name=f; filename=x", "1")
            + &part("name=f; filename=y", "2")
            + &part("name=e; filename=\"\"", "")
            + &part("name=b", "1")
            + &part("name=a", "2")
            + &part("name=b", "3")
            + "--B--";
        assert_eq!(
            parsed(media, body.as_bytes()),
            r#"""{"e": "", "f": "1"}{"a": "2", "b": ["1", "3"]}"#
        );
        assert_eq!(parsed(media, b"garbage"), r#"""{}{}"#);
        let body = b"--B\r\nContent-Disposition: x; name=f; filename=x\r\n\
            Content-Type: image/png; q=1\r\n\r\n\xff\r\n--B--";
        assert_eq!(parsed(media, body), r#"""{"f": "data:image/png; q=1;base64,/w=="}{}"#);
    }

    #[test]
    fn fields_in_other_charsets() {
        for (charset, text) in [("iso-8859-1", r"\u00e9"), ("ASCII", r"\ufffd"), ("x", r"\ufffd")] {
            let head = format!(
                "--B\nContent-Disposition: x; name=a\nContent-Type: t; charset={charset}\n\n"
            );
            let body = [head.as_bytes(), b"\xe9\n--B--"].concat();
            let text_of = parsed("multipart/form-data; boundary=B", &body);
            assert_eq!(text_of, format!("\"\"{{}}{{\"a\": \"{text}\"}}"));
        }
    }

    #[test]
    fn long_bytes_are_one_text_in_base64() {
        use base64::engine::{Engine, general_purpose::STANDARD};
        let body = vec![0xff; 10_000];
        let url =
            format!("\"data:application/octet-stream;base64,{}\"{{}}{{}}", STANDARD.encode(&body));
        assert_eq!(parsed("", &body), url);
    }

    const PIECES: [&str; 11] = [
        "--B",
        "--",
        "\r\n",
        "\n",
        "\r",
        "Content-Disposition: x; name=",
        "\"",
        ";",
        " ",
        "a",
        "é",
    ];

    proptest! {
        #[test]
        fn no_body_panics(body in proptest::collection::vec(any::<u8>(), 0..60)) {
            parsed(FORM, &body);
            parsed("", &body);
        }

        #[test]
        fn no_multipart_body_panics(parts in proptest::collection::vec(0..PIECES.len(), 0..20)) {
            let body: String = parts.into_iter().map(|part| PIECES[part]).collect();
            parsed("multipart/form-data; boundary=B", body.as_bytes());
        }

        #[test]
        fn no_field_value_panics(media in "[ -~é]{0,40}") {
            parsed(&media, b"x");
        }
    }
}
