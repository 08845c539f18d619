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
    match request.field("X-Forwarded-Ssl") {
        Some(b"on") => output.extend_from_slice(b"https"),
        _ => output.extend_from_slice(b"http"),
    }
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
