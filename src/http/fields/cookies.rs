//! Parsing of the `Cookie` field and quoting for `Set-Cookie`, as in Werkzeug and in Go.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::http::char_class::{has_no_controls, is_token};
use crate::http::compat::CookieQuoting;
use crate::http::request::Request;

/// The characters that end a cookie's name.
const AFTER_NAME: [char; 5] = [' ', '\t', '=', '"', ';'];

/// A request's cookies, parsed as by Werkzeug: fields are joined with `,`, each byte is a
/// character, the first of a name counts, and malformed cookies are skipped up to the next `;`.
pub fn of(request: &Request) -> BTreeMap<String, String> {
    let fields: Vec<&[u8]> = request.fields_named("Cookie").collect();
    let text: String = fields.join(b",".as_slice()).into_iter().map(char::from).collect();
    let (mut rest, mut cookies) = (text.as_str(), BTreeMap::new());
    while !rest.is_empty() {
        rest = match cookie(rest) {
            Some((name, value, after)) => {
                cookies.entry(name.to_owned()).or_insert(value);
                after
            }
            None => rest.split_once(';').map_or("", |(_, after)| after),
        };
    }
    cookies
}

/// The name and value of the first cookie in a text, and the rest after its `;`.
fn cookie(text: &str) -> Option<(&str, String, &str)> {
    let text = trim(text);
    let (name, rest) = text.split_at_checked(text.find(AFTER_NAME).unwrap_or(text.len()))?;
    let (value, rest) = match trim(rest).strip_prefix('=') {
        Some(rest) => value(trim(rest))?,
        None => (String::new(), rest),
    };
    let rest = trim(rest);
    let after = if rest.is_empty() { rest } else { rest.strip_prefix(';')? };
    (!name.is_empty()).then_some((name, value, after))
}

fn trim(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// The value at the start of a text, and the rest.
fn value(text: &str) -> Option<(String, &str)> {
    if let Some(inside) = text.strip_prefix('"') {
        return unquoted(inside);
    }
    let end = text.find([' ', '\t', '"', ';']).unwrap_or(text.len());
    text.split_at_checked(end).map(|(value, rest)| (value.to_owned(), rest))
}

/// A quoted value up to its closing quote, and the rest. A backslash and three octal digits are a
/// byte; a backslash and another character are that character.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    loop {
        let char = match chars.next()? {
            '"' => return Some((String::from_utf8_lossy(&bytes).into_owned(), chars.as_str())),
            '\\' => match octal(chars.as_str()) {
                Some((byte, rest)) => {
                    bytes.push(byte);
                    chars = rest.chars();
                    continue;
                }
                None => chars.next()?,
            },
            char => char,
        };
        bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// The byte of three octal digits at the start of a text, and the rest.
fn octal(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(3)?;
    let octal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    Some((u8::from_str_radix(digits, 8).ok().filter(|_| octal)?, rest))
}

/// A request's cookies as go-httpbin parses them: the last cookie with a name counts, a name must
/// be a token, a value follows `=` and has only visible ASCII and spaces.
pub fn of_go(request: &Request) -> BTreeMap<String, String> {
    let fields = request.fields_named("Cookie").filter_map(|field| std::str::from_utf8(field).ok());
    let pairs = fields.flat_map(|field| field.split(';')).filter_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        let inside = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = inside.unwrap_or(value);
        (is_token(name) && value.bytes().all(is_go_value)).then_some((name, value))
    });
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn is_go_value(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !b"\";\\".contains(&byte)
}

/// Whether a cookie with this name is sent back with the same name and value.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(AFTER_NAME) && has_no_controls(name)
}

/// A Path attribute as Go writes it: without invalid characters.
pub fn path_go(path: &str) -> String {
    path.bytes().filter(|&byte| is_attribute_byte(byte)).map(char::from).collect()
}

/// Whether a byte is valid in an attribute (RFC 6265 4.1.1).
pub fn is_attribute_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b';'
}

/// A Domain attribute as Go writes it, without a leading dot; `None`, and no attribute, unless it
/// is a name of letters, digits and inner hyphens (RFC 1034 3.5) or an IPv4 address.
pub fn domain_go(domain: &str) -> Option<&str> {
    let domain = domain.strip_prefix('.').unwrap_or(domain);
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        let ends = label.starts_with('-') || label.ends_with('-');
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !ends
    };
    let lettered = domain.contains(|char: char| char.is_ascii_alphabetic());
    let name = lettered && domain.len() <= 255 && domain.split('.').all(label);
    (name || domain.parse::<Ipv4Addr>().is_ok()).then_some(domain)
}

/// A value for `Set-Cookie`, quoted if necessary.
pub fn quote(quoting: CookieQuoting, value: &str) -> String {
    match quoting {
        CookieQuoting::Octal => quote_octal(value),
        CookieQuoting::Drop => quote_go(value),
    }
}

/// A value for `Set-Cookie` as Werkzeug writes it: quoted if it has special characters, those
/// invalid in quotes as octal escapes. Departure: Werkzeug does not escape six control characters.
pub fn quote_octal(value: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte);
    if value.bytes().all(bare) {
        return value.to_owned();
    }
    let mut quoted = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => quoted.extend(['\\', char::from(byte)]),
            b',' | b';' | ..b' ' | 0x7f.. => quoted.push_str(&format!("\\{byte:03o}")),
            _ => quoted.push(char::from(byte)),
        }
    }
    quoted + "\""
}

/// A value for `Set-Cookie` as Go writes it: without invalid bytes; quoted for a space or comma.
fn quote_go(value: &str) -> String {
    let value: String = value.bytes().filter(|&b| is_go_value(b)).map(char::from).collect();
    if value.contains([' ', ',']) { ["\"", &value, "\""].concat() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;
    use proptest::prelude::*;

    fn listed(cookies: BTreeMap<String, String>) -> String {
        cookies.iter().map(|(name, value)| format!("{name}={value}|")).collect()
    }

    fn read(text: &str) -> String {
        ask("/", &[("Cookie", text)], b"", |request| listed(of(request)))
    }

    // What httpbin 0.10.4 answered.
    #[test]
    fn cookies_as_werkzeug_reads_them() {
        for (text, cookies) in [
            ("a=1; b=2", "a=1|b=2|"),
            (r#"b="x\054y\"z\303\251""#, "b=x,y\"zé|"),
            ("a=1; a=2; =q; nov; c = d ; e=", "a=1|c=d|e=|nov=|"),
            ("f=\"abc; g=é", "g=Ã©|"),
            ("a=\"é\"", "a=Ã©|"),
            ("a=\"\\377\"", "a=\u{fffd}|"),
            ("a=\"\\477\\8\"", "a=4778|"),
            ("a=1 2; b=3", "b=3|"),
            ("a=1\"; b", "b=|"),
            ("a=\"x;y\"; b=\"\"", "a=x;y|b=|"),
            ("a==; ;;", "a==|"),
            ("\"a\"=1", ""),
        ] {
            assert_eq!(read(text), cookies, "{text}");
        }
        let two = [("Cookie", "a=1"), ("cookie", "b=2")];
        assert_eq!(ask("/", &two, b"", |request| listed(of(request))), "a=1,b=2|");
    }

    #[test]
    fn cookies_as_go_reads_them() {
        let text = "a=1; a=2; b; c=\"x y\"; d=é; e=\"; f g=1; h=; i=\\";
        let read = ask("/", &[("Cookie", text), ("Cookie", "j=1")], b"", |r| listed(of_go(r)));
        assert_eq!(read, "a=2|c=x y|h=|j=1|");
    }

    #[test]
    fn values_are_quoted_when_they_must_be() {
        assert_eq!(quote_octal("a!#$%&'()*+-./:<=>?@[]^_`{|}~"), "a!#$%&'()*+-./:<=>?@[]^_`{|}~");
        assert_eq!(quote_octal("x y"), "\"x y\"");
        assert_eq!(quote_octal("\"\\,;\u{1}é\r\n\0"), r#""\"\\\054\073\001\303\251\015\012\000""#);
        assert_eq!(quote_go("a,b"), "\"a,b\"");
        assert_eq!(quote_go("a\r\n;\"\\é"), "a");
        for name in ["", "a b", "a=b", "a;b", "\"a", "a\n", "a\u{85}"] {
            assert!(!is_name(name), "{name:?}");
        }
        assert!(is_name("é") && is_name("a[b]"));
    }

    #[test]
    fn attributes_as_go_writes_them() {
        assert_eq!(path_go("/a;b\r\n\u{7f}é c"), "/ab c");
        for (domain, expected) in [
            ("example.com", Some("example.com")),
            (".example.com", Some("example.com")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("a-1.b2", Some("a-1.b2")),
            ("1.2", None),
            ("", None),
            ("..a", None),
            ("a..b", None),
            ("-a.b", None),
            ("a.b-", None),
            ("a_b", None),
            ("::1", None),
            ("a; Path=/x", None),
        ] {
            assert_eq!(domain_go(domain), expected, "{domain}");
        }
        assert_eq!(domain_go(&"a".repeat(64)), None);
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_back(value in any::<String>()) {
            let read = read(&format!("a={}", quote_octal(&value)));
            prop_assert_eq!(read, format!("a={value}|"));
        }

        #[test]
        fn no_field_panics(text in "[a =\";\\\\07,\té]{0,30}") {
            read(&text);
        }
    }
}
