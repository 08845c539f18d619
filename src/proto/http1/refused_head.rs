//! The parts of a refused head that the access log shows.

use std::borrow::Cow;

use super::tokenize::is_version;
use crate::http::char_class::in_token;
use crate::http::record::{LoggedLine, LoggedStrings};
use crate::http::request::{Method, Target};

/// Sets `strings` from the part of a refused head that has arrived.
pub(in crate::proto) fn describe(head: &[u8], strings: &mut LoggedStrings) {
    let lines = head.split(|&byte| byte == b'\n').skip(1);
    let fields = lines.take_while(|line| !line.trim_ascii().is_empty());
    let field = |name: &str| {
        fields.clone().find_map(|line| {
            let colon = memchr::memchr(b':', line)?;
            let (known, value) = line.split_at_checked(colon + 1)?;
            let named = known.strip_suffix(b":")?.eq_ignore_ascii_case(name.as_bytes());
            named.then(|| value.trim_ascii())
        })
    };
    strings.set(request_line(head), field("Referer"), field("User-Agent"));
}

/// The method of a refused head.
pub(super) fn method(head: &[u8]) -> Method {
    request_line(head).method.map_or(Method::Other, Method::parse)
}

/// The decoded path of a refused head; empty if its target is malformed.
pub(super) fn path(head: &[u8]) -> Cow<'_, [u8]> {
    let target = request_line(head).target.and_then(Target::parse);
    target.map(|(target, _)| target.path).unwrap_or_default()
}

/// The request line of a refused head: a token and a blank at its start are the method, a blank and
/// a version at its end the version, and the rest is the target.
fn request_line(head: &[u8]) -> LoggedLine<'_> {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let end = line.iter().position(|&byte| !in_token(byte)).unwrap_or(line.len());
    let (method, rest) = match line.split_at_checked(end) {
        Some((method @ [_, ..], [b' ', rest @ ..])) => (Some(method), rest),
        _ => (None, line),
    };
    let (target, version) = match rest.split_last_chunk::<9>() {
        Some((target, [b' ', version @ ..])) if is_version(version) => (target, Some(*version)),
        _ => (rest, None),
    };
    LoggedLine { method, target: (!target.is_empty()).then_some(target), version }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_request_line_is_split_as_far_as_possible() {
        for (head, parts) in [
            ("", [None, None, None]),
            ("GE", [None, Some("GE"), None]),
            ("GET ", [Some("GET"), None, None]),
            ("GET /a\0b HTTP/1.1\r\nHost: a\r\n", [Some("GET"), Some("/a\0b"), Some("HTTP/1.1")]),
            ("PRI * HTTP/2.0\r\n\r\nSM", [Some("PRI"), Some("*"), Some("HTTP/2.0")]),
            ("GET /a b HTTP/1.1\nx", [Some("GET"), Some("/a b"), Some("HTTP/1.1")]),
            ("GET  HTTP/1.1\r\n", [Some("GET"), None, Some("HTTP/1.1")]),
            ("GET /a HTTP/1.x\r\n", [Some("GET"), Some("/a HTTP/1.x"), None]),
            ("\x16\x03\x01 \0", [None, Some("\x16\x03\x01 \0"), None]),
            ("G(T / HTTP/1.1\r\n", [None, Some("G(T /"), Some("HTTP/1.1")]),
        ] {
            let [method, target, version] = parts.map(|part| part.map(str::as_bytes));
            let version = version.map(|name| name.try_into().unwrap());
            assert_eq!(
                request_line(head.as_bytes()),
                LoggedLine { method, target, version },
                "{head:?}"
            );
        }
    }

    #[test]
    fn the_logged_fields_of_a_refused_head_are_found() {
        let mut strings = LoggedStrings::default();
        for (fields, referer, agent) in [
            ("", None, None),
            ("user-agent:  me \r\nREFERER:r:1\r\n\r\n", Some("r:1"), Some("me")),
            ("no colon\r\nUser-Agent: me\r\nReferer: r\r\n", Some("r"), Some("me")),
            ("User-Agent: me\nReferer", None, Some("me")),
            ("A: b\r\n\r\nReferer: of a body\r\n", None, None),
        ] {
            describe(format!("GET / HTTP/1.1\r\n{fields}").as_bytes(), &mut strings);
            let found = (strings.referer(), strings.agent());
            assert_eq!(found, (referer.map(str::as_bytes), agent.map(str::as_bytes)), "{fields:?}");
        }
    }
}
