//! A field value with parameters: `form-data; name="a"; filename=x`.
//!
//! Parsed as leniently as by Werkzeug: malformed parts are skipped, and the last parameter with a
//! name counts. Continuations (`name*0=`) are not joined.

use std::borrow::Cow;

use crate::http::char_class::{has_no_controls, in_token, is_token};
use crate::http::uri::percent;

/// A value and its parameters.
#[derive(Debug, PartialEq)]
pub struct Parameterized {
    /// The text before the first `;`, in lower case.
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Parameterized {
    /// Parses a field value.
    pub fn parse(text: &str) -> Parameterized {
        let (value, mut rest) = text.split_once(';').unwrap_or((text, ""));
        rest = rest.trim_matches([' ', '\t']);
        let mut parameters = Vec::new();
        loop {
            if let Some((name, after)) = name(rest) {
                let (parameter, after) = value_of(after);
                parameters.extend(parameter.map(|value| decoded(name, value)));
                rest = after;
            }
            let Some((_, next)) = rest.split_once(';') else { break };
            rest = next.trim_start_matches([' ', '\t']);
        }
        let value = value.trim_matches([' ', '\t']).to_ascii_lowercase();
        Parameterized { value, parameters }
    }

    /// The value of the last parameter with this name, which is given in lower case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().rev().find(|entry| entry.0 == name).map(|entry| entry.1.as_str())
    }
}

/// Regular expression for what [`is_media_type`] accepts.
pub const MEDIA_TYPE: &str = concat!(
    r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+",
    r"( *;( *[!#$%&'*+.^_`|~0-9A-Za-z-]+=([!#$%&'*+.^_`|~0-9A-Za-z-]+",
    r#"|"([^"\\\x00-\x1f\x7f-\x9f]|\\[^\x00-\x1f\x7f-\x9f])*"))?)* *$"#,
);

/// Whether a text is a media type (RFC 9110 8.3.1) and has no control character.
pub fn is_media_type(text: &str) -> bool {
    let (essence, mut rest) =
        text.split_at_checked(text.find([';', ' ']).unwrap_or(text.len())).unwrap_or_default();
    let named =
        essence.split_once('/').is_some_and(|(kind, name)| is_token(kind) && is_token(name));
    loop {
        rest = rest.trim_start_matches(' ');
        let Some(after) = rest.strip_prefix(';') else {
            return named && rest.is_empty() && has_no_controls(text);
        };
        rest = after.trim_start_matches(' ');
        if let Some((_, after)) = name(rest) {
            let (Some(_), after) = value_of(after) else { return false };
            rest = after;
        }
    }
}

/// A parameter's name, and the text after its `=`.
fn name(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.split_at_checked(token_end(text))?;
    Some((name, after.strip_prefix('=')?)).filter(|_| !name.is_empty())
}

/// A parameter's value with its quotes, and the text after it.
fn value_of(text: &str) -> (Option<&str>, &str) {
    let end = if text.starts_with('"') {
        quoted_end(text)
    } else {
        Some(token_end(text)).filter(|&end| end > 0)
    };
    match end.and_then(|end| text.split_at_checked(end)) {
        Some((value, after)) => (Some(value), after),
        // An unterminated quoted string extends to the end.
        None if text.starts_with('"') => (None, ""),
        None => (None, text),
    }
}

fn token_end(text: &str) -> usize {
    text.bytes().position(|byte| !in_token(byte)).unwrap_or(text.len())
}

/// Where a quoted string ends, after its closing quote.
fn quoted_end(text: &str) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' if matches!(text.as_bytes().get(at + 1), Some(b'"' | b'\\')) => {
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

/// A parameter with its name in lower case, and its value without quotes and escapes.
fn decoded(name: &str, value: &str) -> (String, String) {
    let name = name.to_ascii_lowercase();
    if let Some(name) = name.strip_suffix('*') {
        return (name.to_owned(), extended(value).unwrap_or_else(|| value.to_owned()));
    }
    let Some(inner) = value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) else {
        return (name, value.replace("%22", "\""));
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars().peekable();
    while let Some(char) = chars.next() {
        let escaped = chars.next_if(|next| char == '\\' && matches!(next, '"' | '\\'));
        text.push(escaped.unwrap_or(char));
    }
    // The HTML standard escapes a quote in a form's names so.
    (name, text.replace("%22", "\""))
}

/// `charset'language'text` (RFC 8187), for the charsets that Werkzeug supports.
fn extended(value: &str) -> Option<String> {
    let (charset, rest) = value.split_once('\'')?;
    let (_, escaped) = rest.split_once('\'')?;
    let bytes = percent::percent_decode(escaped.as_bytes());
    let text = match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "ascii" | "us-ascii" => String::from_utf8_lossy(&bytes),
        "iso-8859-1" => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
        _ => return None,
    };
    Some(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types() {
        for text in [
            "text/plain",
            "a/b",
            "image/svg+xml",
            "text/html;charset=utf-8",
            "text/html; charset=\"a;\\\"b\" ; x=1;",
            "text/html ;;",
        ] {
            assert!(is_media_type(text), "{text}");
        }
        for text in [
            "",
            "null",
            "text",
            "text/",
            "/plain",
            "a/b/c",
            "a b/c",
            "text/plain; charset",
            "text/plain; charset=",
            "text/plain, a/b",
            "text/plain; a=\"b",
            "text/plain\n",
            "text/plain; a=\"\u{7f}\"",
            "é/b",
            "text/plain;a=b c",
        ] {
            assert!(!is_media_type(text), "{text}");
        }
    }

    fn parameter(text: &str, name: &str) -> Option<String> {
        Parameterized::parse(text).parameter(name).map(str::to_owned)
    }

    #[test]
    fn values_and_parameters() {
        let options = Parameterized::parse(" Text/HTML ; Charset=UTF-8; x=\"a;b\" ;y");
        assert_eq!(options.value, "text/html");
        assert_eq!(options.parameter("charset"), Some("UTF-8"));
        assert_eq!(options.parameter("x"), Some("a;b"));
        assert_eq!(options.parameter("y"), None);
        assert_eq!(Parameterized::parse("").value, "");
    }

    #[test]
    fn odd_parameters() {
        assert_eq!(parameter("f; name=\"a%22b\\\"c\\\\d%41\"", "name").unwrap(), "a\"b\"c\\d%41");
        assert_eq!(parameter("f; name=a; name=b", "name").unwrap(), "b");
        assert_eq!(parameter("f; foo; name=a", "name").unwrap(), "a");
        assert_eq!(parameter("f; name= a", "name"), None);
        assert_eq!(parameter("f; name=a b; x=1", "name").unwrap(), "a");
        assert_eq!(parameter("f; name=\"a", "name"), None);
        assert_eq!(parameter("f; name=\"\"", "name").unwrap(), "");
        assert_eq!(parameter("f; name*=utf-8''%c3%a9", "name").unwrap(), "é");
        assert_eq!(parameter("f; name*=koi8''%c3", "name").unwrap(), "koi8''%c3");
        assert_eq!(parameter("f; name=\"é;\"", "name").unwrap(), "é;");
    }
}
