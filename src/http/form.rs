//! What a request's body holds: a form, files, or text.

use std::borrow::Cow;

use super::json::Json;
use super::multipart::{self, Part};
use super::options::Options;
use super::query::{self, Order, Pair};
use super::request::Request;

/// A body read by its Content-Type.
#[derive(Debug, Default)]
pub struct Content<'a> {
    /// Form fields, in the order in which they came.
    pub form: Vec<Pair<'a>>,
    /// Files, in the order in which they came.
    pub files: Vec<Part<'a>>,
    /// The body when it is no form.
    pub data: &'a [u8],
}

impl<'a> Content<'a> {
    /// Reads a request's body. A form that cannot be read is an empty one; a multipart body that
    /// names no boundary is no form.
    pub fn of(request: &Request<'a>) -> Content<'a> {
        let media = request.fields_named("Content-Type").last().unwrap_or_default();
        let body = request.body;
        if media.is_empty() || body.is_empty() {
            return Content { data: body, ..Content::default() };
        }
        let options = Options::parse(&String::from_utf8_lossy(media));
        let boundary = options.parameter("boundary").filter(|b| !b.is_empty() && b.is_ascii());
        match (options.value.as_str(), boundary) {
            ("application/x-www-form-urlencoded", _) => Content::urlencoded(body),
            ("multipart/form-data", Some(boundary)) => {
                Content::multipart(multipart::parse(body, boundary).unwrap_or_default())
            }
            _ => Content { data: body, ..Content::default() },
        }
    }

    /// Bytes that are no UTF-8 make the whole form unreadable to Werkzeug.
    fn urlencoded(body: &'a [u8]) -> Content<'a> {
        let readable = std::str::from_utf8(body).is_ok();
        let form = if readable { query::pairs(body).collect() } else { Vec::new() };
        Content { form, ..Content::default() }
    }

    fn multipart(parts: Vec<Part<'a>>) -> Content<'a> {
        let mut content = Content::default();
        for part in parts {
            if part.file {
                content.files.push(part);
            } else {
                let text = field_text(&part);
                content.form.push((Cow::Owned(part.name), text));
            }
        }
        content
    }

    /// Writes the form fields as an object.
    pub fn write_form(&self, json: &mut Json) {
        query::write(json, self.form.iter().cloned(), Order::Sorted);
    }

    /// Writes the files as an object: of several of one name only the first.
    pub fn write_files(&self, json: &mut Json) {
        let mut files: Vec<&Part> = self.files.iter().collect();
        files.sort_by(|one, other| one.name.cmp(&other.name));
        files.dedup_by(|later, first| later.name == first.name);
        json.object(|json| {
            for file in files {
                json.text_key(&file.name);
                write_content(json, file.content, file.media.as_deref());
            }
        });
    }
}

/// The text of a form field, in the few charsets that are told apart.
fn field_text<'a>(part: &Part<'a>) -> Cow<'a, str> {
    let options = part.media.as_deref().map(Options::parse);
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

/// Writes bytes as a string: as they are when they are UTF-8, else as a `data:` URL (RFC 2397).
pub fn write_content(json: &mut Json, content: &[u8], media: Option<&str>) {
    if let Ok(text) = std::str::from_utf8(content) {
        return json.text(text);
    }
    json.quoted(|output| {
        output.extend_from_slice(b"data:");
        let media = media.filter(|media| !media.is_empty());
        super::json::escape(output, media.unwrap_or("application/octet-stream"));
        output.extend_from_slice(b";base64,");
        write_base64(output, content);
    });
}

/// Appends bytes in base64. By pieces of whole groups, so that they fit together.
fn write_base64(output: &mut Vec<u8>, content: &[u8]) {
    use base64::engine::{Engine, general_purpose::STANDARD};
    let mut coded = [0; 4096];
    for piece in content.chunks(3072) {
        let length = STANDARD.encode_slice(piece, &mut coded).unwrap_or_default();
        output.extend_from_slice(coded.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Layout;
    use crate::http::tests::ask;
    use proptest::prelude::*;

    /// `data`, `files` and `form` of a body.
    fn told(media: &str, body: &[u8]) -> String {
        let mut output = Vec::new();
        let mut json = Json::new(&mut output, Layout::Wide);
        ask("/", &[("Content-Type", media)], body, |request| {
            let content = Content::of(request);
            write_content(&mut json, content.data, None);
            content.write_files(&mut json);
            content.write_form(&mut json);
        });
        String::from_utf8(output).unwrap()
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    #[test]
    fn forms() {
        assert_eq!(told(FORM, b"b=1&a=%ff&b="), r#"""{}{"a": "%FF", "b": ["1", ""]}"#);
        let media = "Application/X-WWW-Form-Urlencoded; charset=x";
        assert_eq!(told(media, b"a=1"), r#"""{}{"a": "1"}"#);
        assert_eq!(told(FORM, b"a=\xff&b=1"), r#"""{}{}"#);
        assert_eq!(told(&format!("{FORM}, x"), b"a=1"), r#""a=1"{}{}"#);
    }

    #[test]
    fn bodies_that_are_no_form() {
        assert_eq!(told("", b"a=1"), r#""a=1"{}{}"#);
        assert_eq!(told("image/png", "\u{feff}é".as_bytes()), r#""\ufeff\u00e9"{}{}"#);
        assert_eq!(
            told("image/png", b"\x80\x81"),
            r#""data:application/octet-stream;base64,gIE="{}{}"#
        );
        for media in [
            "multipart/form-data",
            "multipart/form-data; boundary=\"\"",
            "multipart/mixed; boundary=B",
        ] {
            assert_eq!(told(media, b"--B--"), r#""--B--"{}{}"#);
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
            told(media, body.as_bytes()),
            r#"""{"e": "", "f": "1"}{"a": "2", "b": ["1", "3"]}"#
        );
        assert_eq!(told(media, b"garbage"), r#"""{}{}"#);
        let body = b"--B\r\nContent-Disposition: x; name=f; filename=x\r\n\
            Content-Type: image/png; q=1\r\n\r\n\xff\r\n--B--";
        assert_eq!(told(media, body), r#"""{"f": "data:image/png; q=1;base64,/w=="}{}"#);
    }

    #[test]
    fn fields_in_other_charsets() {
        for (charset, text) in [("iso-8859-1", r"\u00e9"), ("ASCII", r"\ufffd"), ("x", r"\ufffd")] {
            let head = format!(
                "--B\nContent-Disposition: x; name=a\nContent-Type: t; charset={charset}\n\n"
            );
            let body = [head.as_bytes(), b"\xe9\n--B--"].concat();
            let told = told("multipart/form-data; boundary=B", &body);
            assert_eq!(told, format!("\"\"{{}}{{\"a\": \"{text}\"}}"));
        }
    }

    #[test]
    fn long_bytes_are_one_text_in_base64() {
        use base64::engine::{Engine, general_purpose::STANDARD};
        let body = vec![0xff; 10_000];
        let url =
            format!("\"data:application/octet-stream;base64,{}\"{{}}{{}}", STANDARD.encode(&body));
        assert_eq!(told("", &body), url);
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
            told(FORM, &body);
            told("", &body);
        }

        #[test]
        fn no_multipart_body_panics(parts in proptest::collection::vec(0..PIECES.len(), 0..20)) {
            let body: String = parts.into_iter().map(|part| PIECES[part]).collect();
            told("multipart/form-data; boundary=B", body.as_bytes());
        }

        #[test]
        fn no_field_value_panics(media in "[ -~é]{0,40}") {
            told(&media, b"x");
        }
    }
}
