//! The URL of a request and the client's address, as httpbin or go-httpbin shows them.
//!
//! Under `--trusted-proxies all` the API decides which fields of a proxy count, as everyone could
//! be one. If proxies are listed, theirs count as [`forwarded`] describes, in both APIs.
//!
//! Departures from httpbin: a Host that Werkzeug rejects (`a_b`, `h/x`) is shown as sent instead of
//! left out, and a punycode host stays punycode.

use std::borrow::Cow;

use super::iri::{Part, escape_iri};
use crate::http::app::App;
use crate::http::compat::Compat;
use crate::http::fields::forwarded::{self, is_host};
use crate::http::ip::write_ip;
use crate::http::json::{Spelling, escape, escape_latin1};
use crate::http::request::Request;
use crate::http::trusted_proxies::TrustedProxies;

/// Appends the request's URL, inside a JSON string: the scheme that a proxy reports, else the
/// connection's, then host, path and query, as an IRI or as sent.
pub fn escape_url(output: &mut Vec<u8>, app: &App, request: &Request) {
    escape_scheme(output, app, request);
    output.extend_from_slice(b"://");
    let reported = reported_host(app, request);
    let host = reported.as_deref().or(request.host).unwrap_or(request.local.as_bytes());
    if app.compat.url_as_iri {
        escape_as_iri(output, app, request, host)
    } else {
        escape_as_sent(output, app.compat.spelling, request, host)
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
fn escape_as_iri(output: &mut Vec<u8>, app: &App, request: &Request, host: &[u8]) {
    let start = output.len();
    escape_latin1(output, without_default_port(app, request, host));
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
fn without_default_port<'a>(app: &App, request: &Request, host: &'a [u8]) -> &'a [u8] {
    let plain = host.strip_suffix(b":80").filter(|_| !is_secure(app, request));
    let secure = || host.strip_suffix(b":443").filter(|_| is_secure(app, request));
    plain.or_else(secure).unwrap_or(host)
}

/// Whether the API decides which fields of a proxy count.
fn is_up_to_api(app: &App) -> bool {
    matches!(app.trusted_proxies, TrustedProxies::All)
}

/// The host that a listed proxy reports. Neither API reads one.
fn reported_host<'a>(app: &App, request: &Request<'a>) -> Option<Cow<'a, [u8]>> {
    match is_up_to_api(app) {
        true => None,
        false => forwarded::read(&app.trusted_proxies, request).host,
    }
}

fn escape_scheme(output: &mut Vec<u8>, app: &App, request: &Request) {
    if !is_up_to_api(app) {
        let secure = is_secure(app, request);
        return output.extend_from_slice(if secure { b"https" } else { b"http" });
    }
    for name in ["X-Forwarded-Proto", "X-Forwarded-Protocol"] {
        if request.field(name).is_some_and(|value| !value.is_empty()) {
            return escape_field(output, app.compat, request, name);
        }
    }
    // Two of these fields would be joined, and so not be `on`.
    let reported = request.fields_named("X-Forwarded-Ssl").eq([b"on".as_slice()]);
    let secure = reported || request.tls.is_some();
    output.extend_from_slice(if secure { b"https" } else { b"http" });
}

/// The scheme and authority of the request's URL, as `http://host`: the start of absolute links and
/// redirects. If Host is not a valid authority, the server's own address.
pub fn site(app: &App, request: &Request) -> String {
    let reported = reported_host(app, request);
    let host = reported.as_deref().or(request.host).filter(|host| is_host(host));
    let host = host.and_then(|host| std::str::from_utf8(host).ok()).unwrap_or(request.local);
    let (scheme, port) = if is_secure(app, request) { ("https", ":443") } else { ("http", ":80") };
    let host = host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    [scheme, "://", &host].concat()
}

/// Whether the client used TLS: what a proxy reports, else what the connection is. gunicorn and
/// go-httpbin prefer the report too.
pub fn is_secure(app: &App, request: &Request) -> bool {
    if !is_up_to_api(app) {
        let reported = forwarded::read(&app.trusted_proxies, request).secure;
        return reported.unwrap_or(request.tls.is_some());
    }
    let reports = |(name, value): &(&str, &str)| request.fields_named(name).eq([value.as_bytes()]);
    let mut fields = app.compat.secure_fields.iter();
    match request.tls {
        None => fields.any(reports),
        Some(_) => {
            let mut reported = fields.filter(|(name, _)| request.field(name).is_some()).peekable();
            reported.peek().is_none() || reported.any(reports)
        }
    }
}

/// Appends the client's address, inside a JSON string: what a proxy reports (in httpbin the whole
/// list, in go-httpbin its first entry), else the peer's; nothing on a Unix socket. If proxies are
/// listed, it is one address.
pub fn escape_origin(output: &mut Vec<u8>, app: &App, request: &Request) {
    let compat = app.compat;
    let mut client = request.peer;
    if !is_up_to_api(app) {
        client = forwarded::read(&app.trusted_proxies, request).client;
    } else if compat.whole_origin && request.field(FORWARDED).is_some() {
        return escape_joined(output, request, FORWARDED);
    } else {
        let reported = compat.origin_fields.iter().filter_map(|name| request.field(name));
        if let Some(entry) = reported.map(first_entry).find(|entry| !entry.is_empty()) {
            return compat.spelling.escape_bytes(output, entry);
        }
    }
    if let Some(client) = client {
        write_ip(output, client);
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
mod tests;
