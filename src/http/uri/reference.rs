//! A URI reference (RFC 3986 4.1), such as the value of `Location`: parsed once, by strict rules,
//! so that the check and the output agree.
//!
//! Written as by Werkzeug: every part percent-encoded by its own rules, scheme and host in lower
//! case, no empty query or fragment. Departure: a host that is not ASCII is percent-encoded, where
//! Werkzeug writes punycode; browsers accept both.

use super::percent::{AsciiSet, all_but, percent_encode};

const IN_USER: AsciiSet = all_but(b"%!$&'()*+,;=");
const IN_HOST: AsciiSet = all_but(b"%!$&'()*+,;=[]:");
const IN_PATH: AsciiSet = all_but(b"%!$&'()*+,/:;=@");
const IN_QUERY: AsciiSet = all_but(b"%!$&'()*+,/:;=?@");
const IN_FRAGMENT: AsciiSet = all_but(b"%!#$&'()*+,/:;=?@");

/// Any rest of a path.
macro_rules! path {
    ($not:literal, $or:literal) => {
        concat!(r"([^?#\x00-\x1f\x7f", $not, "]", $or, ")*")
    };
}

/// Nothing, or the rest of a path that does not start with a slash.
macro_rules! segment {
    ($not:literal, $or:literal) => {
        concat!(r"(([^/?#\x00-\x1f\x7f", $not, "]", $or, ")", path!($not, $or), ")?")
    };
}

/// An authority and the path after it.
macro_rules! authority {
    ($not:literal, $or:literal) => {
        concat!(
            r"//([^/?#\x00-\x1f\x7f]*@)?",
            r"(\[(([0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}|",
            r"([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){0,2})?::",
            r"([0-9A-Fa-f]{1,4}(:[0-9A-Fa-f]{1,4}){0,2})?)\]|[^/?#@:\[\]\x00-\x1f\x7f]*)",
            r"(:0*([0-9]{0,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}",
            r"|655[0-2][0-9]|6553[0-5]))?(/",
            path!($not, $or),
            ")?",
        )
    };
}

/// Regular expression for what [`Reference::parse`] accepts, but with valid IPv6 addresses alone.
/// Arguments: further characters that are invalid in the path, and what replaces them.
macro_rules! pattern {
    ($not:literal, $or:literal) => {
        concat!(
            // The empty text does not match.
            r"^( *(",
            r"[A-Za-z][A-Za-z0-9+.-]*:",
            authority!($not, $or),
            r"|[A-Za-z][A-Za-z0-9+.-]*:/?",
            segment!($not, $or),
            r"|",
            authority!($not, $or),
            // Without a scheme: the text before the first colon is not a valid one.
            r"|/|/",
            segment!($not, $or),
            r"|([^A-Za-z /?#\x00-\x1f\x7f",
            $not,
            "]",
            $or,
            ")",
            path!($not, $or),
            r"|[A-Za-z][A-Za-z0-9+.-]*(([^A-Za-z0-9+.:?#\x00-\x1f\x7f",
            $not,
            "-]",
            $or,
            ")",
            path!($not, $or),
            r")?)(\?[^#\x00-\x1f\x7f]*)?(#[^\x00-\x1f\x7f]*)?",
            r"| *\?[^#\x00-\x1f\x7f]*(#[^\x00-\x1f\x7f]*)?| *#[^\x00-\x1f\x7f]*| +)$",
        )
    };
}

/// Regular expression for valid references.
pub const REFERENCE: &str = pattern!("", "");

/// The same with valid percent-escapes in the path.
pub const ESCAPED_REFERENCE: &str = pattern!("%", "|%[0-9A-Fa-f]{2}");

/// The parts of a reference, as written.
#[derive(Debug, PartialEq)]
pub struct Reference<'a> {
    /// Before the first `:`.
    pub scheme: Option<&'a str>,
    /// After `//`.
    pub authority: Option<Authority<'a>>,
    /// Up to `?` or `#`.
    pub path: &'a str,
    /// After `?`.
    pub query: &'a str,
    /// After `#`.
    pub fragment: &'a str,
}

/// The authority of a reference (RFC 3986 3.2).
#[derive(Debug, PartialEq)]
pub struct Authority<'a> {
    /// Before the last `@`.
    pub user: Option<&'a str>,
    /// A name or an address; an IPv6 address in brackets.
    pub host: &'a str,
    /// After the host's `:`.
    pub port: Option<u16>,
}

impl<'a> Reference<'a> {
    /// Parses a text without its leading spaces, as browsers do. `None` for an invalid authority,
    /// or a control character: browsers drop some, which changes the meaning of the rest.
    pub fn parse(text: &'a str) -> Option<Reference<'a>> {
        let text = text.trim_start_matches(' ');
        if text.contains(|char: char| char.is_ascii_control()) {
            return None;
        }
        let (rest, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let named = rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme));
        let (scheme, rest) = named.map_or((None, rest), |(scheme, rest)| (Some(scheme), rest));
        let (authority, path) = match rest.strip_prefix("//") {
            None => (None, rest),
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at_checked(end)?;
                (Some(Authority::parse(authority)?), path)
            }
        };
        Some(Reference { scheme, authority, path, query, fragment })
    }

    /// Whether it is an absolute path to every browser: some treat `/\` at the start like `//`.
    pub fn is_local(&self) -> bool {
        let bare = self.scheme.is_none() && self.authority.is_none();
        bare && self.path.starts_with('/') && !self.path.contains('\\')
    }

    /// The host of an `http` or `https` URL without a user.
    pub fn web_host(&self) -> Option<&'a str> {
        let web =
            |scheme: &str| ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
        let authority = self.authority.as_ref().filter(|_| self.scheme.is_some_and(web))?;
        (authority.user.is_none() && !authority.host.is_empty()).then_some(authority.host)
    }

    /// The reference as a valid URI.
    pub fn to_uri(&self) -> String {
        let mut uri = String::new();
        if let Some(scheme) = self.scheme {
            uri.push_str(&scheme.to_ascii_lowercase());
            uri.push(':');
        }
        if let Some(authority) = &self.authority {
            authority.write(&mut uri);
        }
        percent_encode(&mut uri, self.path, &IN_PATH);
        let query = ('?', self.query, &IN_QUERY);
        let fragment = ('#', self.fragment, &IN_FRAGMENT);
        for (mark, part, plain) in [query, fragment] {
            if !part.is_empty() {
                uri.push(mark);
                percent_encode(&mut uri, part, plain);
            }
        }
        uri
    }
}

/// Whether a text is a valid scheme (RFC 3986 3.1).
fn is_scheme(text: &str) -> bool {
    let rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(rest)
}

impl<'a> Authority<'a> {
    fn parse(text: &'a str) -> Option<Authority<'a>> {
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, text),
        };
        let end = match rest.strip_prefix('[') {
            Some(address) => address.find(']')? + 2,
            None => rest.find(':').unwrap_or(rest.len()),
        };
        let (host, rest) = rest.split_at_checked(end)?;
        let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let sound = match inside {
            Some(address) => address.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b)),
            None => !host.contains(['[', ']']),
        };
        let port = match rest.strip_prefix(':') {
            Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            None if rest.is_empty() => None,
            _ => return None,
        };
        sound.then_some(Authority { user, host, port })
    }

    fn write(&self, uri: &mut String) {
        uri.push_str("//");
        if let Some(user) = self.user {
            // The first `:` separates the password; further ones are encoded.
            let (name, password) = user.split_once(':').map_or((user, None), |(n, p)| (n, Some(p)));
            percent_encode(uri, name, &IN_USER);
            if let Some(password) = password {
                uri.push(':');
                percent_encode(uri, password, &IN_USER);
            }
            uri.push('@');
        }
        // Lower case for the escapes too, so that parsing and writing it again changes nothing.
        let mut host = String::new();
        percent_encode(&mut host, self.host, &IN_HOST);
        uri.push_str(&host.to_ascii_lowercase());
        if let Some(port) = self.port {
            uri.push(':');
            uri.push_str(itoa::Buffer::new().format(port));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn uri(text: &str) -> Option<String> {
        Reference::parse(text).map(|reference| reference.to_uri())
    }

    // What httpbin 0.10.4 answered.
    #[test]
    fn references_are_written_as_werkzeug_writes_them() {
        for (text, expected) in [
            ("http://h:80/ä?ö=%FF#%20x y", "http://h:80/%C3%A4?%C3%B6=%FF#%20x%20y"),
            ("//evil.com/a b", "//evil.com/a%20b"),
            ("/\\evil", "/%5Cevil"),
            ("http://u:p@h/", "http://u:p@h/"),
            ("http://[::1]:8/x", "http://[::1]:8/x"),
            ("http://h/%zz%", "http://h/%zz%"),
            ("http://h/a'b*()!~[]|{}", "http://h/a'b*()!~%5B%5D%7C%7B%7D"),
            ("HTTP://H", "http://h"),
            ("foo bar", "foo%20bar"),
            ("http://h?", "http://h"),
            ("http://h/#", "http://h/"),
            ("?q", "?q"),
            ("#f", "#f"),
            ("http://h:/p", "http://h/p"),
            ("http://h:080/", "http://h:80/"),
            ("http://a@b@c/", "http://a%40b@c/"),
            ("HtTp://U:p s@H.Com:99/%41é?é#é", "http://U:p%20s@h.com:99/%41%C3%A9?%C3%A9#%C3%A9"),
            ("mailto:a b", "mailto:a%20b"),
            (" http://x", "http://x"),
            ("1a:b", "1a:b"),
            ("http://h/a;b?c;d", "http://h/a;b?c;d"),
            ("http://h//x", "http://h//x"),
            ("//H/é", "//h/%C3%A9"),
            ("http://h/?a[]=^`\"<>\\|", "http://h/?a%5B%5D=%5E%60%22%3C%3E%5C%7C"),
        ] {
            assert_eq!(uri(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn invalid_references() {
        for text in [
            "http://h:port/",
            "http://[::1/",
            "http://[::1]x/",
            "http://h]/",
            "http://[x]/",
            "http://h:65536/",
            "http://h:+1/",
            "/\t/evil",
            "/a\nb",
            "/\0",
            "/\x7f",
            "\rhttp://h",
        ] {
            assert_eq!(uri(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_host_is_written_the_same_again() {
        assert_eq!(uri("//É.H").as_deref(), Some("//%c3%89.h"));
        assert_eq!(uri("//%c3%89.h").as_deref(), Some("//%c3%89.h"));
    }

    #[test]
    fn local_paths_and_web_hosts() {
        let parse = |text| Reference::parse(text).unwrap();
        assert!(parse("/").is_local() && parse("/a//b?c://d#//e").is_local());
        assert_eq!(parse("HTTPS://H.com:1/@x").web_host(), Some("H.com"));
        assert_eq!(parse("http://[::1]:80").web_host(), Some("[::1]"));
        for text in ["", "a", "?a", "//h", "//h/", "/\\h", "/a\\h", "a:/b", "http:/h"] {
            assert!(!parse(text).is_local(), "{text}");
        }
        for text in ["http:h", "http:///h", "http://u@h", "http://@h", "ftp://h", "//h", "/h"] {
            assert_eq!(parse(text).web_host(), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_judged_as_what_was_read(text in "[a-z:/?#@\\[\\]%\\\\ é0-9.]{0,20}") {
            let Some(read) = Reference::parse(&text) else { return Ok(()) };
            let uri = read.to_uri();
            let written = Reference::parse(&uri).unwrap();
            prop_assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri}");
            prop_assert_eq!(written.to_uri(), uri.as_str());
            prop_assert!(written.is_local() || !read.is_local());
            let plain = |host: &&str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
            if let Some(host) = read.web_host().filter(plain) {
                prop_assert_eq!(written.web_host(), Some(host));
            }
        }
    }
}
