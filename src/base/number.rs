//! Parts of numbers as Python reads them: signs, whitespace, digits and `_`.

use std::borrow::Cow;

/// Whether a text is one or more ASCII digits.
pub fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The text without its sign, and whether that was a minus.
pub fn sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The text without the whitespace that Python strips from a number.
pub fn trim(text: &str) -> &str {
    text.trim_matches(|char| matches!(char, '\t'..='\r' | '\x1c'..=' '))
}

/// The text without its `_`, each of which must be between two digits.
pub fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let digit_at = |end: Option<u8>| end.is_some_and(|byte| byte.is_ascii_digit());
    let mut parts = text.split('_').peekable();
    let mut joined = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        let before = joined.is_empty() || digit_at(part.bytes().next());
        let after = parts.peek().is_none() || digit_at(part.bytes().last());
        if part.is_empty() || !before || !after {
            return None;
        }
        joined.push_str(part);
    }
    Some(Cow::Owned(joined))
}
