//! The URL of a request and the client's address, as httpbin or go-httpbin shows them.
//!
//! Departures from httpbin: a Host that Werkzeug rejects (`a_b`, `h/x`) is shown as sent instead of
//! left out, and a punycode host stays punycode.

use super::iri::{Part, escape_iri};
use crate::http::compat::Compat;
use crate::http::ip::write_ip;
use crate::http::json::{Spelling, escape, escape_latin1};
use crate::http::request::Request;

/// Appends the request's URL, inside a JSON string: the scheme that a proxy reports, else the
/// connection's, then host, path and query, as an IRI or as sent.
pub fn escape_url(output: &mut Vec<u8>, compat: &Compat, request: &Request) {
    escape_scheme(output, compat, request);
    output.extend_from_slice(b"://");
    let host = request.host.unwrap_or(request.local.as_bytes());
    if compat.url_as_iri {
        escape_as_iri(output, compat, request, host)
    } else {
        escape_as_sent(output, compat.spelling, request, host)
    }
}

fn escape_as_sent(output: &mut Vec<u8>, spelling: Spelling, request: &Request, host: &[u8]) {
    spelling.escape_bytes(output, host);
    spelling.escape_bytes(output, request.target.raw_path);
    if let Some(query) = request.target.raw_query {
        output.push(b'?');
        spelling.escape_bytes(output, query);
    }
}

/// The host in lower case without a default port, then path and query as IRI parts.
fn escape_as_iri(output: &mut Vec<u8>, compat: &Compat, request: &Request, host: &[u8]) {
    let start = output.len();
    escape_latin1(output, without_default_port(compat, request, host));
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

/// The host without its scheme's default port. Most hosts have no port 80 or 443.
fn without_default_port<'a>(compat: &Compat, request: &Request, host: &'a [u8]) -> &'a [u8] {
    let plain = host.strip_suffix(b":80").filter(|_| !is_secure(compat, request));
    let secure = || host.strip_suffix(b":443").filter(|_| is_secure(compat, request));
    plain.or_else(secure).unwrap_or(host)
}

fn escape_scheme(output: &mut Vec<u8>, compat: &Compat, request: &Request) {
    for name in ["X-Forwarded-Proto", "X-Forwarded-Protocol"] {
        if request.field(name).is_some_and(|value| !value.is_empty()) {
            return escape_field(output, compat, request, name);
        }
    }
    // Two of these fields would be joined, and so not be `on`.
    let reported = request.fields_named("X-Forwarded-Ssl").eq([b"on".as_slice()]);
    let secure = reported || request.tls.is_some();
    output.extend_from_slice(if secure { b"https" } else { b"http" });
}

/// The scheme and authority of the request's URL, as `http://host`: the start of absolute links and
/// redirects. If Host is not a valid authority, the server's own address.
pub fn site(compat: &Compat, request: &Request) -> String {
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    let host = request.host.filter(|host| !host.is_empty() && host.iter().all(sound));
    let host = host.and_then(|host| std::str::from_utf8(host).ok()).unwrap_or(request.local);
    let (scheme, port) =
        if is_secure(compat, request) { ("https", ":443") } else { ("http", ":80") };
    let host = host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    [scheme, "://", &host].concat()
}

/// Whether the client used TLS: what a proxy reports, else what the connection is. gunicorn and
/// go-httpbin prefer the report too.
pub fn is_secure(compat: &Compat, request: &Request) -> bool {
    let reports = |(name, value): &(&str, &str)| request.fields_named(name).eq([value.as_bytes()]);
    let mut fields = compat.secure_fields.iter();
    match request.tls {
        None => fields.any(reports),
        Some(_) => {
            let mut reported = fields.filter(|(name, _)| request.field(name).is_some()).peekable();
            reported.peek().is_none() || reported.any(reports)
        }
    }
}

/// Appends the client's address, inside a JSON string: what a proxy reports (in httpbin the whole
/// list, in go-httpbin its first entry), else the peer's; nothing on a Unix socket.
pub fn escape_origin(output: &mut Vec<u8>, compat: &Compat, request: &Request) {
    if compat.whole_origin && request.field(FORWARDED).is_some() {
        return escape_joined(output, request, FORWARDED);
    }
    let reported = compat.origin_fields.iter().filter_map(|name| request.field(name));
    if let Some(entry) = reported.map(first_entry).find(|entry| !entry.is_empty()) {
        return compat.spelling.escape_bytes(output, entry);
    }
    if let Some(peer) = request.peer {
        write_ip(output, peer);
    }
}

const FORWARDED: &str = "X-Forwarded-For";

/// The first entry of a comma-separated list.
fn first_entry(value: &[u8]) -> &[u8] {
    value.split(|&byte| byte == b',').next().unwrap_or_default().trim_ascii()
}

/// Appends the value of a field, inside a JSON string: the first, or all of them.
pub fn escape_field(output: &mut Vec<u8>, compat: &Compat, request: &Request, name: &str) {
    match compat.wsgi_fields {
        true => escape_joined(output, request, name),
        false => {
            compat.spelling.escape_bytes(output, request.field(name).unwrap_or_default());
        }
    }
}

/// Appends the values of all fields of this name, separated by `,`.
fn escape_joined(output: &mut Vec<u8>, request: &Request, name: &str) {
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
    use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
    use crate::http::tests::{ask, tls_facts};

    fn url_of(compat: &Compat, target: &str, fields: &[(&str, &str)]) -> String {
        let mut output = Vec::new();
        ask(target, fields, b"", |request| escape_url(&mut output, compat, request));
        String::from_utf8(output).unwrap()
    }

    fn url(target: &str, fields: &[(&str, &str)]) -> String {
        url_of(&HTTPBIN, target, fields)
    }

    fn origin_of(compat: &Compat, fields: &[(&str, &str)]) -> String {
        let mut output = Vec::new();
        ask("/", fields, b"", |request| escape_origin(&mut output, compat, request));
        String::from_utf8(output).unwrap()
    }

    fn origin(fields: &[(&str, &str)]) -> String {
        origin_of(&HTTPBIN, fields)
    }

    #[test]
    fn go_httpbin_shows_a_url_as_it_was_sent() {
        let url = |target: &str, fields: &[_]| url_of(&GO_HTTPBIN, target, fields);
        assert_eq!(
            url("/a%2fb?q=%C3%A9&%zz", &[("Host", "H:80")]),
            "http://H:80/a%2fb?q=%C3%A9&%zz"
        );
        assert_eq!(url("/get?", &[("Host", "h")]), "http://h/get?");
        assert_eq!(url("http://a.b/get", &[("Host", "h")]), "http://a.b/get");
        for (name, value) in [
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Protocol", "https"),
            ("X-Forwarded-Ssl", "on"),
        ] {
            assert_eq!(url("/", &[("Host", "h"), (name, value)]), "https://h/");
        }
    }

    #[test]
    fn go_httpbin_asks_proxies_of_its_hosters_first() {
        let all = [
            ("X-Forwarded-For", " 5.5.5.5 , 6.6.6.6"),
            ("True-Client-IP", "4.4.4.4"),
            ("Fastly-Client-IP", "3.3.3.3"),
            ("CF-Connecting-IP", "2.2.2.2"),
            ("Fly-Client-IP", "1.1.1.1"),
        ];
        for (left, expected) in ["127.0.0.1", "5.5.5.5", "4.4.4.4", "3.3.3.3", "2.2.2.2", "1.1.1.1"]
            .into_iter()
            .enumerate()
        {
            assert_eq!(origin_of(&GO_HTTPBIN, &all[..left]), expected);
        }
        assert_eq!(origin_of(&GO_HTTPBIN, &[("X-Forwarded-For", "")]), "127.0.0.1");
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
    fn a_url_over_tls_is_https_unless_a_proxy_reports_otherwise() {
        let facts = tls_facts();
        for compat in [&HTTPBIN, &GO_HTTPBIN] {
            let over_tls = |fields: &[(&str, &str)]| {
                let mut output = Vec::new();
                let site = ask("/a", fields, b"", |request| {
                    let request = Request { tls: Some(&facts), ..request.clone() };
                    escape_url(&mut output, compat, &request);
                    site(compat, &request)
                });
                (String::from_utf8(output).unwrap(), site)
            };
            let both = |scheme: &str| (format!("{scheme}://h/a"), format!("{scheme}://h"));
            assert_eq!(over_tls(&[("Host", "h")]), both("https"));
            let by_proxy = |value| over_tls(&[("Host", "h"), ("X-Forwarded-Proto", value)]);
            assert_eq!(by_proxy("http"), both("http"));
            assert_eq!(by_proxy("https"), both("https"));
        }
        let url = |host| {
            let mut output = Vec::new();
            ask("/", &[("Host", host)], b"", |request| {
                let request = Request { tls: Some(&facts), ..request.clone() };
                escape_url(&mut output, &HTTPBIN, &request);
            });
            String::from_utf8(output).unwrap()
        };
        assert_eq!(url("h:443"), "https://h/");
        assert_eq!(url("h:80"), "https://h:80/");
    }

    #[test]
    fn a_path_is_shown_as_an_iri_of_its_decoded_form() {
        let path = |path: &str| url(path, &[("Host", "h")]).replace("http://h", "");
        for (sent, expected) in [
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
            assert_eq!(path(sent), expected, "{sent}");
        }
    }

    #[test]
    fn sites() {
        let site = |fields: &[(&str, &str)]| {
            ask("/", fields, b"", |request| super::site(&HTTPBIN, request))
        };
        assert_eq!(site(&[]), "http://127.0.0.1:8080");
        assert_eq!(site(&[("Host", "FOO.com:80")]), "http://foo.com");
        assert_eq!(site(&[("Host", "a_b<x>")]), "http://127.0.0.1:8080");
        assert_eq!(site(&[("Host", "h@evil")]), "http://127.0.0.1:8080");
        let secure = |name, value| site(&[("Host", "[::1]:443"), (name, value)]);
        for (name, value) in [
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Protocol", "ssl"),
            ("X-Forwarded-Ssl", "on"),
        ] {
            assert_eq!(secure(name, value), "https://[::1]", "{name}");
        }
        assert_eq!(secure("X-Forwarded-Protocol", "https"), "http://[::1]:443");
        let fields = [("Host", "h"), ("X-Forwarded-Protocol", "https")];
        let go = ask("/", &fields, b"", |request| super::site(&GO_HTTPBIN, request));
        assert_eq!(go, "https://h");
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
