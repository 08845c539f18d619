//! Cookies: the `Cookie` field read, and values spelled for `Set-Cookie`, as Werkzeug and as Go do.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use crate::http::char_class::{is_plain, is_token};
use crate::http::compat::CookieQuoting;
use crate::http::request::Request;

/// The characters that end a cookie's name.
const AFTER_NAME: [char; 5] = [' ', '\t', '=', '"', ';'];

/// A request's cookies as httpbin sees them, by name: fields of this name are joined with `,`, each
/// byte is a character, and the first of several cookies of one name counts. What cannot be read is
/// passed over up to the next `;`.
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

/// The name and value of the cookie at the start of a text, and what comes after its `;`.
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

/// The value at the start of a text, and what comes after it.
fn value(text: &str) -> Option<(String, &str)> {
    if let Some(inside) = text.strip_prefix('"') {
        return unquoted(inside);
    }
    let end = text.find([' ', '\t', '"', ';']).unwrap_or(text.len());
    text.split_at_checked(end).map(|(value, rest)| (value.to_owned(), rest))
}

/// A quoted value up to its closing quote, and what comes after it. `\` and three octal digits are
/// a byte, `\` and any other character is that character.
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

/// The byte of three octal digits at the start of a text.
fn octal(text: &str) -> Option<(u8, &str)> {
    let (digits, rest) = text.split_at_checked(3)?;
    let octal = digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'));
    Some((u8::from_str_radix(digits, 8).ok().filter(|_| octal)?, rest))
}

/// A request's cookies as go-httpbin sees them: the last of one name counts, names must be tokens,
/// a value must hold nothing but visible ASCII and blanks and stand after a `=`.
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

/// Whether a cookie of this name comes back as it was set: not so when a client would read
/// something else as the value, or as an attribute.
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(AFTER_NAME) && is_plain(name)
}

/// A path as Go writes it in an attribute: without what may not stand there.
pub fn path_go(path: &str) -> String {
    path.bytes().filter(|&byte| is_attribute_byte(byte)).map(char::from).collect()
}

/// Whether a byte can stand in an attribute (RFC 6265 4.1.1): no control character, no `;`, ASCII.
pub fn is_attribute_byte(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b';'
}

/// A domain as Go writes it in an attribute: without the dot before it; `None`, and left out, for
/// what is neither a name of letters, digits and inner hyphens (RFC 1034 3.5) nor an IPv4 address.
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

/// A value for `Set-Cookie`, quoted where it must be.
pub fn quote(quoting: CookieQuoting, value: &str) -> String {
    match quoting {
        CookieQuoting::Octal => quote_octal(value),
        CookieQuoting::Drop => quote_go(value),
    }
}

/// A value for `Set-Cookie` as Werkzeug spells it: quoted when it holds anything that may not stand
/// bare, with the bytes that may not stand in quotes in octal. Departure: Werkzeug forgets six
/// control characters, which would then stand as they are.
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

/// A value for `Set-Cookie` as Go spells it: what may not stand there is left out, and quotes are
/// for blanks and commas.
fn quote_go(value: &str) -> String {
    let value: String = value.bytes().filter(|&b| is_go_value(b)).map(char::from).collect();
    if value.contains([' ', ',']) { ["\"", &value, "\""].concat() } else { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;
    use proptest::prelude::*;

    fn told(cookies: BTreeMap<String, String>) -> String {
        cookies.iter().map(|(name, value)| format!("{name}={value}|")).collect()
    }

    fn read(text: &str) -> String {
        ask("/", &[("Cookie", text)], b"", |request| told(of(request)))
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
        assert_eq!(ask("/", &two, b"", |request| told(of(request))), "a=1,b=2|");
    }

    #[test]
    fn cookies_as_go_reads_them() {
        let text = "a=1; a=2; b; c=\"x y\"; d=é; e=\"; f g=1; h=; i=\\";
        let told = ask("/", &[("Cookie", text), ("Cookie", "j=1")], b"", |r| told(of_go(r)));
        assert_eq!(told, "a=2|c=x y|h=|j=1|");
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
        for (domain, told) in [
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
            assert_eq!(domain_go(domain), told, "{domain}");
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
