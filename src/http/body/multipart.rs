//! `multipart/form-data` (RFC 7578), parsed as leniently as by Werkzeug.
//!
//! Lines may end with CRLF, LF or CR; whitespace may follow a boundary; text before the first and
//! after the last boundary is ignored. Only names are copied. The size of the body limits the work.

use std::borrow::Cow;

use memchr::memmem;

use crate::http::fields::parameters::Parameterized;

/// One part.
#[derive(Debug, PartialEq)]
pub struct Part<'a> {
    /// The field's name, if given.
    pub name: Option<String>,
    /// The file's name, if given; it may be empty.
    pub file_name: Option<String>,
    /// Its Content-Type field as sent, if any.
    pub media: Option<Cow<'a, str>>,
    /// Its content.
    pub content: &'a [u8],
}

/// The parts of a body; `None` if it is not a multipart body, or incomplete.
pub fn parse<'a>(body: &'a [u8], boundary: &str) -> Option<Vec<Part<'a>>> {
    let delimiter = [b"--", boundary.as_bytes()].concat();
    // The first delimiter may be anywhere in a line.
    let mut first = memmem::find_iter(body, &delimiter);
    let mut next = first.find_map(|at| after_delimiter(body.get(at + delimiter.len()..)?))?;
    let mut parts = Vec::new();
    while let Some(rest) = next {
        let (head, after) = split_blank_line(rest)?;
        let (content, rest) = content(after, &delimiter)?;
        parts.push(part(head, content)?);
        next = rest;
    }
    Some(parts)
}

/// The content up to the next delimiter, and the text after that, if that is not the last. `text`
/// starts with a line break, which is the delimiter's own if there is no content.
fn content<'a>(text: &'a [u8], delimiter: &[u8]) -> Option<(&'a [u8], Option<&'a [u8]>)> {
    let start = line_break(text);
    memmem::find_iter(text, delimiter).find_map(|at| {
        let before = text.get(..at)?;
        let end = before.strip_suffix(b"\r\n").or(before.strip_suffix(b"\n"));
        let end = end.or(before.strip_suffix(b"\r"))?.len();
        let rest = after_delimiter(text.get(at + delimiter.len()..)?)?;
        Some((text.get(start..end).unwrap_or_default(), rest))
    })
}

/// The line after a delimiter, or `Some(None)` after the last one; `None` if this is not a
/// delimiter but the start of a longer text.
fn after_delimiter(rest: &[u8]) -> Option<Option<&[u8]>> {
    if rest.starts_with(b"--") {
        return Some(None);
    }
    let blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c);
    let rest = rest.get(rest.iter().take_while(blank).count()..)?;
    let line = line_break(rest);
    (line > 0).then(|| rest.get(line..))
}

/// The length of the line break at the start of `text`.
fn line_break(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// A part's head, and the text from the second of its two final line breaks on.
fn split_blank_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    memchr::memchr2_iter(b'\r', b'\n', text).find_map(|at| {
        let (head, rest) = text.split_at_checked(at)?;
        let length = match rest {
            [b'\r', b'\n', b'\r', b'\n', ..] => 2,
            [b'\r', b'\r', ..] | [b'\n', b'\n', ..] => 1,
            _ => return None,
        };
        Some((head, rest.get(length..)?))
    })
}

/// A part, from its head and content.
fn part<'a>(head: &'a [u8], content: &'a [u8]) -> Option<Part<'a>> {
    let fields = fields(std::str::from_utf8(head).ok()?);
    let find = |name: &str| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
    let disposition = Parameterized::parse(&find("Content-Disposition")?.1);
    Some(Part {
        name: disposition.parameter("name").map(str::to_owned),
        file_name: disposition.parameter("filename").map(str::to_owned),
        media: find("Content-Type").map(|(_, value)| value.clone()),
        content,
    })
}

/// The fields of a part's head. A line that starts with whitespace continues the one before.
fn fields(head: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut fields: Vec<(&str, Cow<str>)> = Vec::new();
    for line in head.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        let text = line.trim_matches([' ', '\t']);
        match fields.last_mut() {
            Some((_, value)) if line.starts_with([' ', '\t']) => {
                let value = value.to_mut();
                value.push(' ');
                value.push_str(text);
            }
            _ => {
                let (name, value) = text.split_once(':').unwrap_or((text, ""));
                let blanks = [' ', '\t'];
                fields.push((name.trim_matches(blanks), value.trim_matches(blanks).into()));
            }
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(body: &str) -> Option<Vec<(String, &str)>> {
        let parts = parse(body.as_bytes(), "B")?.into_iter();
        let text = |part: &Part| part.name.clone().unwrap_or("no name".to_owned());
        Some(parts.map(|p| (text(&p), std::str::from_utf8(p.content).unwrap())).collect())
    }

    fn one(body: &str) -> (String, String) {
        let mut all = contents(body).unwrap();
        assert_eq!(all.len(), 1, "{body:?}");
        let (name, content) = all.remove(0);
        (name, content.to_owned())
    }

    const HEAD: &str = "Content-Disposition: form-data; name=a";

    #[test]
    fn line_ends_and_blanks() {
        let one_is =
            |body: String, content: &str| assert_eq!(one(&body), ("a".into(), content.into()));
        one_is(format!("--B\r\n{HEAD}\r\n\r\n1\r\n--B--\r\n"), "1");
        one_is(format!("--B\n{HEAD}\n\n1\n--B--\n"), "1");
        one_is(format!("--B\r{HEAD}\r\r1\r--B--"), "1");
        one_is(format!("--B \t\r\n{HEAD}\r\n\r\n1\r\n--B-- \r\n"), "1");
        one_is(format!("before\r\n--B\r\n{HEAD}\r\n\r\n1\r\n--B--after"), "1");
        one_is(format!("x--B\r\n{HEAD}\r\n\r\n1\r\n--B--"), "1");
        one_is(format!("--B\r\n{HEAD}\r\n\r\n\r\n--B--"), "");
        one_is(format!("--B\r\n{HEAD}\r\n\r\n--B--"), "");
        one_is(format!("--B\r\n{HEAD}\r\n\r\n1\r\n\r\n--B--"), "1\r\n");
        one_is(format!("--B\r\n{HEAD}\r\n\r\n1\r\n--Bx\r\n2\r\n--B--"), "1\r\n--Bx\r\n2");
        one_is(format!("--B\r\n{HEAD}\r\n\r\n1--B\r\n\r\n--B--"), "1--B\r\n");
    }

    #[test]
    fn heads() {
        let named = |head: &str| one(&format!("--B\r\n{head}\r\n\r\n1\r\n--B--")).0;
        assert_eq!(named("junk\r\ncontent-disposition:form-data;NAME=\"a\""), "a");
        assert_eq!(named("Content-Disposition: form-data;\r\n name=a"), "a");
        assert_eq!(named("Content-Disposition: form-data; x=1"), "no name");
        assert_eq!(named(&format!("{HEAD}\r\nContent-Disposition: form-data; name=b")), "a");
        let body = b"--B\r\nContent-Disposition: x; name=a; filename=\"\"\r\n\
            Content-Type: t/x\r\n\r\n\xff\r\n--B--";
        let parts = parse(body, "B").unwrap();
        assert_eq!(parts[0].file_name.as_deref(), Some(""));
        assert_eq!(parts[0].media.as_deref(), Some("t/x"));
    }

    #[test]
    fn an_incomplete_body_has_no_parts() {
        let whole = format!("--B\r\n{HEAD}\r\n\r\n1\r\n--B");
        for body in ["", "x", "--B\r\n", &whole, &whole[..30], "--B\r\nX: y\r\n\r\n1\r\n--B--"] {
            assert_eq!(contents(body), None, "{body:?}");
        }
        assert_eq!(contents("--B--"), Some(vec![]));
        assert_eq!(parse(b"--B\r\nContent-Disposition: x; name=\xe9\r\n\r\n1\r\n--B--", "B"), None);
    }
}
