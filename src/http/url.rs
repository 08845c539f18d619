//! The URL of a request and the address it came from, as httpbin tells them.
//!
//! Departures from httpbin: a Host it cannot read (`a_b`, `h/x`) is told as it came instead of
//! being left out, and a punycode host stays punycode.

use std::io::Write;

use super::coding::{Part, escape_iri};
use super::json::{escape, escape_latin1};
use super::request::Request;

/// Appends the request's URL, inside a JSON string: the scheme as a proxy tells it, the host in
/// lower case without a default port, then path and query as an IRI.
pub fn escape_url(output: &mut Vec<u8>, request: &Request) {
    escape_scheme(output, request);
    output.extend_from_slice(b"://");
    let start = output.len();
    let host = request.host.unwrap_or(request.local.as_bytes());
    escape_latin1(output, host.strip_suffix(b":80").unwrap_or(host));
    if let Some(host) = output.get_mut(start..) {
        host.make_ascii_lowercase();
    }
    match &request.target.path {
        path if path.is_ascii() => escape_iri(output, path, Part::Path),
        path => escape_iri(output, String::from_utf8_lossy(path).as_bytes(), Part::Path),
    }
    let query = request.target.raw_query.unwrap_or_default();
    if !query.is_empty() {
        output.push(b'?');
        escape_iri(output, query, Part::Query);
    }
}

fn escape_scheme(output: &mut Vec<u8>, request: &Request) {
    for name in ["X-Forwarded-Proto", "X-Forwarded-Protocol"] {
        if request.field(name).is_some_and(|value| !value.is_empty()) {
            return escape_joined(output, request, name);
        }
    }
    // Joined as the others are, two of these fields would not read `on`.
    let secure = request.fields_named("X-Forwarded-Ssl").eq([b"on".as_slice()]);
    output.extend_from_slice(if secure { b"https" } else { b"http" });
}

/// Where the client asked, without its path: `http://host`. What links and redirects that name a
/// host begin with. A Host that is no authority is passed over for our own address.
pub fn site(request: &Request) -> String {
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    let host = request.host.filter(|host| !host.is_empty() && host.iter().all(sound));
    let host = host.and_then(|host| std::str::from_utf8(host).ok()).unwrap_or(request.local);
    let (scheme, port) = if is_secure(request) { ("https", ":443") } else { ("http", ":80") };
    let host = host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    [scheme, "://", &host].concat()
}

/// Whether a proxy says that the client asked it by TLS.
pub fn is_secure(request: &Request) -> bool {
    let says = |name, value: &str| request.fields_named(name).eq([value.as_bytes()]);
    says("X-Forwarded-Proto", "https")
        || says("X-Forwarded-Protocol", "https")
        || says("X-Forwarded-Protocol", "ssl")
        || says("X-Forwarded-Ssl", "on")
}

/// Appends where the request came from, inside a JSON string: the whole X-Forwarded-For field when
/// it was sent, else the peer's address; nothing for a client on a socket file.
pub fn escape_origin(output: &mut Vec<u8>, request: &Request) {
    if request.field("X-Forwarded-For").is_some() {
        return escape_joined(output, request, "X-Forwarded-For");
    }
    if let Some(peer) = request.peer {
        // Writing to a vector cannot fail.
        let _ = write!(output, "{}", peer.to_canonical());
    }
}

/// Appends the values of all fields of this name, inside a JSON string, with a `,` between them.
pub fn escape_joined(output: &mut Vec<u8>, request: &Request, name: &str) {
    for (n, value) in request.fields_named(name).enumerate() {
        if n > 0 {
            escape(output, ",");
        }
        escape_latin1(output, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    fn url(target: &str, fields: &[(&str, &str)]) -> String {
        let mut output = Vec::new();
        ask(target, fields, b"", |request| escape_url(&mut output, request));
        String::from_utf8(output).unwrap()
    }

    fn origin(fields: &[(&str, &str)]) -> String {
        let mut output = Vec::new();
        ask("/", fields, b"", |request| escape_origin(&mut output, request));
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn hosts() {
        assert_eq!(url("/get?a=1", &[("Host", "H.COM:80")]), "http://h.com/get?a=1");
        assert_eq!(url("/get?", &[("Host", "h:443")]), "http://h:443/get");
        assert_eq!(url("/get", &[]), "http://127.0.0.1:8080/get");
        assert_eq!(url("http://a.b/get", &[("Host", "h")]), "http://a.b/get");
        assert_eq!(url("/", &[("Host", "[::1]:80")]), "http://[::1]/");
    }

    #[test]
    fn schemes() {
        let with = |name, value| url("/", &[("Host", "h"), (name, value)]);
        assert_eq!(with("X-Forwarded-Proto", "ftp"), "ftp://h/");
        assert_eq!(with("x-forwarded-protocol", "https"), "https://h/");
        assert_eq!(with("X-Forwarded-Proto", ""), "http://h/");
        assert_eq!(with("X-Forwarded-Ssl", "on"), "https://h/");
        assert_eq!(with("X-Forwarded-Ssl", "On"), "http://h/");
        assert_eq!(with("X-Forwarded-Proto", "\""), "\\\"://h/");
    }

    #[test]
    fn a_path_is_told_as_an_iri_of_what_was_decoded() {
        let path = |path: &str| url(path, &[("Host", "h")]).replace("http://h", "");
        for (sent, told) in [
            ("//get", "/get"),
            ("/a//b", "/a//b"),
            ("/%2Fa", "/a"),
            ("/a/%252F", "/a/%2F"),
            ("/a/%2541", "/a/A"),
            ("/a/%25C3%25A9", r"/a/\u00e9"),
            ("/a/%FF", r"/a/\ufffd"),
            ("/a/%25ff", "/a/%FF"),
            ("/a%20b%23%3F%zz", "/a%20b%23%3F%zz"),
            ("/é", r"/\u00e9"),
            ("/a?q=é%e9#f", r"/a?q=\u00e9%E9"),
        ] {
            assert_eq!(path(sent), told, "{sent}");
        }
    }

    #[test]
    fn sites() {
        let site = |fields: &[(&str, &str)]| ask("/", fields, b"", site);
        assert_eq!(site(&[]), "http://127.0.0.1:8080");
        assert_eq!(site(&[("Host", "FOO.com:80")]), "http://foo.com");
        assert_eq!(site(&[("Host", "a_b<x>")]), "http://127.0.0.1:8080");
        assert_eq!(site(&[("Host", "h@evil")]), "http://127.0.0.1:8080");
        let secure = |name, value| site(&[("Host", "[::1]:443"), (name, value)]);
        for (name, value) in [
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Protocol", "ssl"),
            ("X-Forwarded-Protocol", "https"),
            ("X-Forwarded-Ssl", "on"),
        ] {
            assert_eq!(secure(name, value), "https://[::1]", "{name}");
        }
        assert_eq!(secure("X-Forwarded-Proto", "ftp"), "http://[::1]:443");
        let two = [("Host", "h"), ("X-Forwarded-Ssl", "on"), ("X-Forwarded-Ssl", "on")];
        assert_eq!(site(&two), "http://h");
    }

    #[test]
    fn origins() {
        assert_eq!(origin(&[]), "127.0.0.1");
        let fields = [("X-Forwarded-For", "1.2.3.4, 5.6.7.8"), ("x-forwarded-for", "9")];
        assert_eq!(origin(&fields), "1.2.3.4, 5.6.7.8,9");
        assert_eq!(origin(&[("X-Real-Ip", "1.2.3.4")]), "127.0.0.1");
    }
}
