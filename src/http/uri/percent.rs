//! Percent-encoding (RFC 3986 2.1) and what to do with bytes that are not valid UTF-8.
//!
//! Nothing here fails: invalid escapes stay literal, and invalid UTF-8 is escaped or replaced.

use std::borrow::Cow;

pub use percent_encoding::AsciiSet;
use percent_encoding::{CONTROLS, NON_ALPHANUMERIC, percent_encode_byte, utf8_percent_encode};

/// The bytes with their valid escapes decoded; not copied if there is none.
pub fn percent_decode(raw: &[u8]) -> Cow<'_, [u8]> {
    match memchr::memchr(b'%', raw) {
        Some(_) => percent_encoding::percent_decode(raw).into(),
        None => Cow::Borrowed(raw),
    }
}

/// The same for a query or a form, in which `+` is a space.
pub fn form_decode(raw: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'+', raw).is_none() {
        return percent_decode(raw);
    }
    let blanks: Vec<u8> = raw.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    Cow::Owned(percent_decode(&blanks).into_owned())
}

/// The bytes after the `~` that they begin with, which some clients send as `%7E`.
pub fn strip_tilde(raw: &[u8]) -> Option<&[u8]> {
    let escaped =
        || raw.split_at_checked(3).filter(|(start, _)| start.eq_ignore_ascii_case(b"%7e"));
    raw.strip_prefix(b"~").or_else(|| escaped().map(|(_, rest)| rest))
}

/// Bytes of a URL as a field can have them: what is not printable ASCII is percent-encoded.
pub fn printable(raw: &[u8]) -> Cow<'_, str> {
    percent_encoding::percent_encode(raw, CONTROLS).into()
}

/// Whether every `%` starts a valid escape.
pub fn has_valid_escapes(raw: &[u8]) -> bool {
    let escape = |rest: &[u8]| rest.iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2;
    raw.split(|&byte| byte == b'%').skip(1).all(escape)
}

/// Appends a text with the bytes of a set percent-encoded.
pub fn percent_encode(output: &mut String, text: &str, encoded: &'static AsciiSet) {
    output.extend(utf8_percent_encode(text, encoded));
}

/// Appends bytes with those of a set, and those beyond ASCII, percent-encoded.
pub fn percent_encode_bytes(output: &mut String, bytes: &[u8], encoded: &'static AsciiSet) {
    output.extend(percent_encoding::percent_encode(bytes, encoded));
}

/// All bytes but the unreserved ones (RFC 3986 2.3).
pub const NOT_UNRESERVED: AsciiSet =
    NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// All bytes but the unreserved ones and these.
pub const fn all_but(plain: &[u8]) -> AsciiSet {
    let mut set = NOT_UNRESERVED;
    let mut n = 0;
    while n < plain.len() {
        set = set.remove(plain[n]);
        n += 1;
    }
    set
}

/// Bytes as text: invalid UTF-8 becomes upper-case percent-escapes, as in Werkzeug.
pub fn utf8_or_escapes(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    utf8_or(bytes, percent_encode_byte)
}

/// Bytes as text: each byte of invalid UTF-8 becomes U+FFFD, as in Go.
pub fn utf8_or_replacement(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    utf8_or(bytes, |_| "\u{fffd}")
}

fn utf8_or(bytes: Cow<'_, [u8]>, invalid: fn(u8) -> &'static str) -> Cow<'_, str> {
    let replace = |bytes: &[u8]| {
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|&byte| invalid(byte)));
        }
        text
    };
    match bytes {
        Cow::Borrowed(bytes) => {
            std::str::from_utf8(bytes).map_or_else(|_| replace(bytes).into(), Cow::Borrowed)
        }
        Cow::Owned(bytes) => {
            String::from_utf8(bytes).unwrap_or_else(|error| replace(error.as_bytes())).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_once_and_invalid_ones_stay() {
        assert!(matches!(percent_decode(b"/get"), Cow::Borrowed(_)));
        assert_eq!(*percent_decode(b"/%67et%2F%252F"), *b"/get/%2F");
        assert_eq!(*percent_decode(b"%zz%4%%41%"), *b"%zz%4%A%");
        assert_eq!(*percent_decode(b"%fF%00"), *b"\xff\0");
        assert_eq!(*form_decode(b"a+b%2B%20"), *b"a b+ ");
    }

    #[test]
    fn invalid_utf8_becomes_escapes_or_replacement_characters() {
        assert_eq!(utf8_or_escapes(Cow::Borrowed(b"a\xff\xc3")), "a%FF%C3");
        assert_eq!(utf8_or_escapes(Cow::Owned(b"\xed\xa0\x80".to_vec())), "%ED%A0%80");
        assert_eq!(utf8_or_escapes(Cow::Borrowed("é".as_bytes())), "é");
        assert_eq!(utf8_or_replacement(Cow::Borrowed(b"a\xe2\x82x")), "a\u{fffd}\u{fffd}x");
    }

    #[test]
    fn letters_digits_and_the_plain_bytes_are_not_encoded() {
        const SLASH: AsciiSet = all_but(b"/");
        let mut output = String::new();
        percent_encode(&mut output, "aZ09-._~/ %?é", &SLASH);
        assert_eq!(output, "aZ09-._~/%20%25%3F%C3%A9");
    }

    #[test]
    fn a_tilde_may_be_escaped() {
        assert_eq!(strip_tilde(b"~~a"), Some(b"~a".as_slice()));
        assert_eq!(strip_tilde(b"%7E"), Some(b"".as_slice()));
        assert_eq!(strip_tilde(b"%7ea%7E"), Some(b"a%7E".as_slice()));
        for raw in ["", "a~", "%7", "%7f", "%257E", "%"] {
            assert_eq!(strip_tilde(raw.as_bytes()), None, "{raw}");
        }
    }

    #[test]
    fn printable_bytes_stay() {
        assert!(matches!(printable(b"/~a=\"<%41>'"), Cow::Borrowed(_)));
        assert_eq!(printable("/é\t\u{7f}".as_bytes()), "/%C3%A9%09%7F");
        assert_eq!(printable(b"\xff"), "%FF");
    }

    #[test]
    fn valid_escapes() {
        assert!(has_valid_escapes(b"/%41%ff") && has_valid_escapes(b"/"));
        for path in ["/%", "/%4", "/%zz", "/%%41", "/%4é"] {
            assert!(!has_valid_escapes(path.as_bytes()), "{path}");
        }
    }
}
