//! Chunk extensions (RFC 9112 7.1.1): well-formed or not. What they say is ignored, as the RFC asks
//! of a recipient that does not know them.

use crate::http::bytes::{in_text, in_token};

/// Whether what follows a chunk's size is
/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`, blanks at the end included.
pub(super) fn are_valid(extensions: &[u8]) -> bool {
    let mut rest = trim(extensions);
    while !rest.is_empty() {
        match extension(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    true
}

/// What comes after the extension that `text` begins with, blanks left out.
fn extension(text: &[u8]) -> Option<&[u8]> {
    let rest = token(trim(text.strip_prefix(b";")?))?;
    match trim(rest).strip_prefix(b"=") {
        None => Some(trim(rest)),
        Some(value) => {
            let value = trim(value);
            let after = if value.starts_with(b"\"") { quoted(value) } else { token(value) };
            after.map(trim)
        }
    }
}

/// What comes after a token; `None` if there is none.
fn token(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|&byte| !in_token(byte)).unwrap_or(text.len());
    text.get(end..).filter(|_| end > 0)
}

/// What comes after a quoted string (RFC 9110 5.6.4).
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

/// `text` without the blanks it begins with.
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
            "\t;\ta\t=\tb\t",
            ";a;b;c",
            ";a ",
            "  ",
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
            "x",
        ] {
            assert!(!are_valid(text.as_bytes()), "{text:?}");
        }
    }
}
