//! Percent-encoding: escapes taken out of paths and queries, and a URL spelled as an IRI.
//!
//! Nothing here fails: an escape that is none stays as text, and bytes that are no UTF-8 are told
//! as the escapes they came from.

use std::borrow::Cow;

use crate::http::json::escape;

/// The bytes with their `%XX` escapes resolved; not copied when there is none.
pub fn percent_decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', raw).is_none() {
        return Cow::Borrowed(raw);
    }
    let mut output = Vec::with_capacity(raw.len());
    resolve(raw, |_| false, |_| false, &mut output);
    Cow::Owned(output)
}

/// Bytes as text; those that are no UTF-8 become upper-case escapes, as in Werkzeug.
pub fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(requoted(bytes)),
        },
        Cow::Owned(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Cow::Owned(text),
            Err(error) => Cow::Owned(requoted(error.as_bytes())),
        },
    }
}

/// Bytes as text; each that is no UTF-8 becomes U+FFFD, as in Go.
pub fn replaced(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    let text = |bytes: &[u8]| {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
        }
        text
    };
    match bytes {
        Cow::Borrowed(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(text(bytes)),
        },
        Cow::Owned(bytes) => {
            Cow::Owned(String::from_utf8(bytes).unwrap_or_else(|error| text(error.as_bytes())))
        }
    }
}

fn requoted(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.extend(escaped(*byte));
        }
    }
    text
}

/// The parts of a URL that have rules of their own in an IRI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A path.
    Path,
    /// A query.
    Query,
}

impl Part {
    /// Whether an escape of this byte must stay one, for else the URL would mean something else.
    fn keeps(self, byte: u8) -> bool {
        let reserved: &[u8] = match self {
            Part::Path => b"/?#",
            Part::Query => b"&=+#",
        };
        unsafe_anywhere(byte) || byte == b'%' || reserved.contains(&byte)
    }

    /// Whether this byte itself must become an escape.
    fn quotes(self, byte: u8) -> bool {
        unsafe_anywhere(byte) || self == Part::Path && matches!(byte, b'#' | b'?')
    }
}

fn unsafe_anywhere(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

/// Appends this part of a URL as an IRI, inside a JSON string: every escape that may be resolved
/// is, and what may not stand as it is becomes one.
pub fn escape_iri(output: &mut Vec<u8>, raw: &[u8], part: Part) {
    if !raw.iter().any(|&byte| byte == b'%' || byte >= 0x80 || part.quotes(byte)) {
        return crate::http::json::escape_latin1(output, raw);
    }
    let mut resolved = Vec::with_capacity(raw.len());
    resolve(raw, |byte| part.keeps(byte), |byte| part.quotes(byte), &mut resolved);
    escape(output, &text(Cow::Owned(resolved)));
}

/// Appends `raw`, its escapes resolved but for those that `keeps` names, and the bytes that
/// `quotes` names escaped.
fn resolve(
    raw: &[u8],
    keeps: impl Fn(u8) -> bool,
    quotes: impl Fn(u8) -> bool,
    output: &mut Vec<u8>,
) {
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match escape_value(byte, tail) {
            Some((value, after)) if !keeps(value) => {
                output.push(value);
                rest = after;
            }
            None if quotes(byte) => output.extend(escaped(byte).map(|char| char as u8)),
            _ => output.push(byte),
        }
    }
}

/// The byte that `%XX` stands for, and what comes after it.
fn escape_value(first: u8, tail: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = tail.split_first_chunk::<2>()?;
    if first != b'%' {
        return None;
    }
    Some((hex(*high)? << 4 | hex(*low)?, after))
}

/// The value of a hexadecimal digit.
pub fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}

/// Appends a text, percent-encoded but for letters, digits, `-._~` and what is in `plain`.
pub fn percent_encode(output: &mut String, text: &str, plain: &str) {
    for byte in text.bytes() {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => output.push(char::from(byte)),
            false if plain.as_bytes().contains(&byte) => output.push(char::from(byte)),
            false => output.extend(escaped(byte)),
        }
    }
}

/// `%XX`.
fn escaped(byte: u8) -> [char; 3] {
    let digit = |value: u8| match value {
        0..=9 => char::from(b'0' + value),
        _ => char::from(b'A' - 10 + value),
    };
    ['%', digit(byte >> 4), digit(byte & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iri(raw: &[u8], part: Part) -> String {
        let mut output = Vec::new();
        escape_iri(&mut output, raw, part);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn escapes_are_resolved_once_and_bad_ones_stay() {
        assert!(matches!(percent_decode(b"/get"), Cow::Borrowed(_)));
        assert_eq!(*percent_decode(b"/%67et%2F%252F"), *b"/get/%2F");
        assert_eq!(*percent_decode(b"%zz%4%%41%"), *b"%zz%4%A%");
        assert_eq!(*percent_decode(b"%fF%00"), *b"\xff\0");
    }

    #[test]
    fn bytes_that_are_no_text_become_escapes() {
        assert_eq!(text(Cow::Borrowed(b"a\xff\xc3")), "a%FF%C3");
        assert_eq!(text(Cow::Owned(b"\xed\xa0\x80".to_vec())), "%ED%A0%80");
        assert_eq!(text(Cow::Borrowed("é".as_bytes())), "é");
    }

    #[test]
    fn a_path_as_an_iri() {
        assert_eq!(iri(b"/a b#c?d\x7f\n", Part::Path), "/a%20b%23c%3Fd%7F%0A");
        assert_eq!(iri(b"/%2F%zz%41%25%3f%ff", Part::Path), "/%2F%zzA%25%3f%FF");
        assert_eq!(iri("/é%C3%A9\"".as_bytes(), Part::Path), r#"/\u00e9\u00e9\""#);
    }

    #[test]
    fn a_query_as_an_iri() {
        assert_eq!(iri(b"a=%C3%a9&b=%e9?", Part::Query), r"a=\u00e9&b=%E9?");
        assert_eq!(iri(b"%26=%3d%2B%25%23%0a%2f", Part::Query), "%26=%3d%2B%25%23%0a/");
        assert_eq!(iri(b"a=%zz%", Part::Query), "a=%zz%");
    }
}
