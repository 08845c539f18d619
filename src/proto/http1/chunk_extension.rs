//! Checks the syntax of chunk extensions. Their meaning is ignored, as RFC 9112 7.1.1 requires of a
//! recipient that does not know them.

use crate::http::char_class::{in_text, in_token};

/// Whether the text after a chunk's size is
/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`.
pub(super) fn are_valid(extensions: &[u8]) -> bool {
    let mut rest = extensions;
    while !rest.is_empty() {
        match extension(trim(rest)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// The text after the extension that `text` starts with.
fn extension(text: &[u8]) -> Option<&[u8]> {
    let rest = token(trim(text.strip_prefix(b";")?))?;
    match trim(rest).strip_prefix(b"=").map(trim) {
        None => Some(rest),
        Some(value) if value.starts_with(b"\"") => quoted(value),
        Some(value) => token(value),
    }
}

/// The text after a token; `None` if there is no token.
fn token(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&byte| !in_token(byte)).unwrap_or(text.len());
    text.get(end..).filter(|_| end > 0)
}

/// The text after a quoted string (RFC 9110 5.6.4).
fn quoted(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text.strip_prefix(b"\"")?;
    loop {
        match rest {
            [b'"', after @ ..] => return Some(after),
            [b'\\', byte, after @ ..] | [byte, after @ ..] if in_text(*byte) => rest = after,
            _ => return None,
        }
    }
}

/// `text` without leading blanks.
pub(super) fn trim(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    text.get(blanks..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_formed_ones() {
        for text in [
            "",
            ";a",
            ";a=b",
            " ; a = b ;c",
            ";a=\"\"",
            ";a=\"b;c=\\\"\\\\\" ;d",
            ";a=\"é\t\"",
            "\t;\ta\t=\tb",
            ";a;b;c",
        ] {
            assert!(are_valid(text.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn malformed_ones() {
        for text in [
            ";",
            ";;",
            ";=b",
            ";@bad",
            ";a=",
            ";a=;b",
            ";a==b",
            ";a=b c",
            ";a b",
            ";a,b",
            ";\"a\"",
            ";a=\"b",
            ";a=\"b\"c",
            ";a=\"b\\",
            ";a=\"\u{1}\"",
            ";a=b;",
            ";a=é",
            ";a ",
            ";a=b\t",
            "  ",
            "x",
        ] {
            assert!(!are_valid(text.as_bytes()), "{text:?}");
        }
    }
}
