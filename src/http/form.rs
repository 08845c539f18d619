//! What a request's body holds: a form, files, or text; read as Werkzeug reads it.
//!
//! How go-httpbin reads it stands in [`strict`](super::strict).

use std::borrow::Cow;

use base64::engine::general_purpose::{GeneralPurpose, STANDARD};

use super::json::Json;
use super::multipart::{self, Part};
use super::options::Options;
use super::profile::Profile;
use super::query::{self, Order, Pair};
use super::reply::Refusal;
use super::request::Request;
use super::status::Status;
use crate::base::limits::MAX_FORM_FIELDS;

/// A body read by its Content-Type.
#[derive(Debug, Default)]
pub struct Content<'a> {
    /// Form fields, in the order in which they came.
    pub form: Vec<Pair<'a>>,
    /// Files by the names of their fields, in the order in which they came.
    pub files: Vec<(String, Data<'a>)>,
    /// The body itself.
    pub data: Data<'a>,
    /// The text that is read as JSON; empty: there is none.
    pub json: Cow<'a, str>,
}

/// How bytes are told.
#[derive(Debug)]
pub enum Data<'a> {
    /// As text, in which what is no UTF-8 is replaced.
    Text(&'a [u8]),
    /// As a `data:` URL (RFC 2397).
    Url {
        /// The media type that it names.
        media: Cow<'a, str>,
        /// Which of the alphabets of base64 it is written in.
        alphabet: &'static GeneralPurpose,
        /// What it holds.
        content: &'a [u8],
    },
}

/// Reads a body, or says why it cannot be read.
pub type Reader = for<'a> fn(&Request<'a>) -> Result<Content<'a>, Refusal>;

/// A request's body as Werkzeug reads it. A form that cannot be read is an empty one; a multipart
/// body that names no boundary is no form.
pub fn read<'a>(request: &Request<'a>) -> Result<Content<'a>, Refusal> {
    let media = request.fields_named("Content-Type").last().unwrap_or_default();
    let body = request.body;
    if media.is_empty() || body.is_empty() {
        return Ok(Content::text(body));
    }
    let options = Options::parse(&String::from_utf8_lossy(media));
    Ok(match (options.value.as_str(), boundary(&options)) {
        (URLENCODED, _) => Content::urlencoded(body),
        (MULTIPART, Some(boundary)) => {
            Content::multipart(multipart::parse(body, boundary).unwrap_or_default())
        }
        _ => Content::text(body),
    })
}

/// Refuses a form of more fields than are read: each takes far more memory than its bytes.
pub fn check_count(request: &Request) -> Result<(), Refusal> {
    let body = request.body;
    if body.len() <= MAX_FORM_FIELDS {
        return Ok(());
    }
    let media = request.fields_named("Content-Type").last().unwrap_or_default();
    let media = Options::parse(&String::from_utf8_lossy(media));
    let is_form = media.value == URLENCODED;
    if is_form && memchr::memchr_iter(b'&', body).nth(MAX_FORM_FIELDS - 1).is_some() {
        let reason = format!("the form has more than {MAX_FORM_FIELDS} fields");
        return Err(Refusal::new(Status(413), reason));
    }
    Ok(())
}

/// The type of a form that is written like a query.
pub(super) const URLENCODED: &str = "application/x-www-form-urlencoded";
/// The type of a form in parts.
pub(super) const MULTIPART: &str = "multipart/form-data";

/// What stands between the parts of a form.
pub(super) fn boundary(options: &Options) -> Option<&str> {
    options.parameter("boundary").filter(|b| !b.is_empty() && b.is_ascii())
}

impl<'a> Content<'a> {
    /// The body is no form. Whatever its type, it is read as JSON.
    fn text(body: &'a [u8]) -> Content<'a> {
        let json = std::str::from_utf8(body).unwrap_or_default().into();
        Content { data: Data::of(body, None), json, ..Content::default() }
    }

    /// Bytes that are no UTF-8 make the whole form unreadable to Werkzeug.
    fn urlencoded(body: &'a [u8]) -> Content<'a> {
        let readable = std::str::from_utf8(body).is_ok();
        let form = if readable { query::pairs(body).collect() } else { Vec::new() };
        Content { form, ..Content::default() }
    }

    /// Without a name it is Python's `None`, which JSON spells `null`.
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

    /// Writes the form fields as an object.
    pub fn write_form(&self, json: &mut Json, profile: &Profile) {
        query::write(json, profile, self.form.iter().cloned(), Order::Sorted);
    }

    /// Writes the files as an object: of several of one name only the first, or lists of them all.
    pub fn write_files(&self, json: &mut Json, profile: &Profile) {
        let mut files: Vec<&(String, Data)> = self.files.iter().collect();
        // A stable sort, so the files of one name keep their order.
        files.sort_by(|one, other| one.0.cmp(&other.0));
        json.object(|json| {
            for same in files.chunk_by(|one, other| one.0 == other.0) {
                let Some((name, first)) = same.first() else { continue };
                json.text_key(name);
                match profile.lists {
                    false => first.write(json),
                    true => json.list(|json| {
                        for (_, file) in same {
                            json.item();
                            file.write(json);
                        }
                    }),
                }
            }
        });
    }
}

impl Default for Data<'_> {
    fn default() -> Self {
        Data::Text(b"")
    }
}

impl<'a> Data<'a> {
    /// Text when it is UTF-8, whatever its type.
    fn of(content: &'a [u8], media: Option<Cow<'a, str>>) -> Data<'a> {
        if std::str::from_utf8(content).is_ok() {
            return Data::Text(content);
        }
        let media = media.filter(|media| !media.is_empty());
        let media = media.unwrap_or("application/octet-stream".into());
        Data::Url { media, alphabet: &STANDARD, content }
    }

    /// Writes it as a string.
    pub fn write(&self, json: &mut Json) {
        match self {
            Data::Text(content) => match std::str::from_utf8(content) {
                Ok(text) => json.text(text),
                Err(_) => json.bytes(content),
            },
            Data::Url { media, alphabet, content } => {
                let spelling = json.spelling;
                json.quoted(|output| {
                    output.extend_from_slice(b"data:");
                    spelling.escape(output, media);
                    output.extend_from_slice(b";base64,");
                    write_base64(output, alphabet, content);
                });
            }
        }
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

/// Appends bytes in base64. By pieces of whole groups, so that they fit together.
fn write_base64(output: &mut Vec<u8>, alphabet: &GeneralPurpose, content: &[u8]) {
    use base64::engine::Engine;
    let mut coded = [0; 4096];
    for piece in content.chunks(3072) {
        let length = alphabet.encode_slice(piece, &mut coded).unwrap_or_default();
        output.extend_from_slice(coded.get(..length).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Layout;
    use crate::http::profile::HTTPBIN;
    use crate::http::tests::ask;
    use proptest::prelude::*;

    /// `data`, `files` and `form` of a body.
    fn told(media: &str, body: &[u8]) -> String {
        let mut output = Vec::new();
        let mut json = Json::new(&mut output, Layout::Wide);
        ask("/", &[("Content-Type", media)], body, |request| {
            let content = read(request).unwrap();
            content.data.write(&mut json);
            content.write_files(&mut json, &HTTPBIN);
            content.write_form(&mut json, &HTTPBIN);
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
        use base64::engine::Engine;
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
