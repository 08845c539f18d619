//! A path or query as an IRI (RFC 3987), as Werkzeug shows it.

use std::borrow::Cow;

use percent_encoding::percent_encode_byte;

use super::percent::utf8_or_escapes;
use crate::http::char_class::{all, is_visible};
use crate::http::json::{escape, escape_latin1};

/// The parts of a URL; they have different reserved characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A path.
    Path,
    /// A query.
    Query,
}

impl Part {
    /// Whether an escape of this byte must stay one, since the URL would mean something else.
    fn keeps(self, byte: u8) -> bool {
        let reserved: &[u8] = match self {
            Part::Path => b"/?#",
            Part::Query => b"&=+#",
        };
        unsafe_anywhere(byte) || byte == b'%' || reserved.contains(&byte)
    }

    /// Whether this byte must be escaped.
    fn quotes(self, byte: u8) -> bool {
        unsafe_anywhere(byte) || self == Part::Path && matches!(byte, b'#' | b'?')
    }
}

fn unsafe_anywhere(byte: u8) -> bool {
    byte <= b' ' || byte == 0x7f
}

/// Appends this part of a URL as an IRI, inside a JSON string: with as few escapes as possible.
pub fn escape_iri(output: &mut Vec<u8>, raw: &[u8], part: Part) {
    let plain = |byte| is_visible(byte) & (byte != b'%') & (byte != b'#') & (byte != b'?');
    if all(raw, plain) {
        return escape_latin1(output, raw);
    }
    let mut iri = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match escape_value(byte, tail) {
            Some((value, after)) if !part.keeps(value) => {
                iri.push(value);
                rest = after;
            }
            None if part.quotes(byte) => iri.extend(percent_encode_byte(byte).bytes()),
            _ => iri.push(byte),
        }
    }
    escape(output, &utf8_or_escapes(Cow::Owned(iri)));
}

/// The byte of the escape that starts here, and the rest after it.
fn escape_value(first: u8, tail: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], after) = tail.split_first_chunk::<2>()?;
    let digit = |hex: u8| char::from(hex).to_digit(16).map(|value| value as u8);
    if first != b'%' {
        return None;
    }
    Some((digit(*high)? << 4 | digit(*low)?, after))
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
