//! What an answer looks like on the wire (RFC 9112 4 to 7).
//!
//! The order of the fields is httpbin's: Server, Date, Connection, Content-Type, Content-Length,
//! the endpoint's own, CORS last.

use crate::http::profile::Profile;
use crate::http::reply::{Headers, Reply};
use crate::http::request::Version;
use crate::http::status::Status;

/// Everything a head says beside its reply.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The version the request was made in, which is the answer's.
    pub version: Version,
    /// Whether this answer is the connection's last.
    pub close: bool,
    /// How the body ends.
    pub framing: Framing,
    /// The `Server` and `Date` fields.
    pub stamp: &'a [u8],
    /// The request's `Origin`, which CORS gives back.
    pub origin: Option<&'a [u8]>,
    /// Whose ways are followed.
    pub profile: &'a Profile,
}

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none, and no field says so: 1xx, 204, 304, and HEAD where the length is not known.
    None,
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection: for HTTP/1.0, which has no chunks.
    Close,
}

/// What every head ends with: CORS, as httpbin has it, and the wish that browsers believe
/// the media type, since much of what is answered is what the client sent.
const STANDING: &[u8] = b"\r\nAccess-Control-Allow-Credentials: true\r\n\
    X-Content-Type-Options: nosniff\r\n\r\n";
/// The same in one piece for a request without `Origin`, as nearly all are.
const ANY_ORIGIN: &[u8] = b"Access-Control-Allow-Origin: *\r\n\
    Access-Control-Allow-Credentials: true\r\nX-Content-Type-Options: nosniff\r\n\r\n";
/// The interim answer that invites a body (RFC 9110 15.2.1).
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// The last chunk, and no trailer.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Appends a head.
pub fn head(output: &mut Vec<u8>, reply: &Reply, head: Head) {
    status_line(output, reply.status, head.version, head.profile.shouts);
    output.extend_from_slice(head.stamp);
    match (head.close, head.version) {
        // It has a Connection field of its own, which names what is switched to.
        (true, _) if reply.status == Status(101) => {}
        (true, _) => output.extend_from_slice(b"Connection: close\r\n"),
        (false, Version::Http10) => output.extend_from_slice(b"Connection: keep-alive\r\n"),
        (false, Version::Http11) => {}
    }
    output.extend_from_slice(reply.media.field(head.profile.charset).as_bytes());
    match head.framing {
        Framing::Length(length) => {
            output.extend_from_slice(b"Content-Length: ");
            output.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            output.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => output.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::None | Framing::Close => {}
    }
    if reply.timed {
        server_timing(output, reply.after_us);
    }
    for (name, value) in reply.headers.iter() {
        field(output, name, value.as_bytes());
    }
    cors(output, head.origin);
}

fn status_line(output: &mut Vec<u8>, status: Status, version: Version, shouts: bool) {
    if (status, version) == (Status::OK, Version::Http11) {
        return output.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    output.extend_from_slice(match version {
        Version::Http10 => b"HTTP/1.0 ",
        Version::Http11 => b"HTTP/1.1 ",
    });
    output.extend_from_slice(itoa::Buffer::new().format(status.0).as_bytes());
    output.push(b' ');
    let start = output.len();
    output.extend_from_slice(status.reason().as_bytes());
    if let Some(reason) = output.get_mut(start..).filter(|_| shouts) {
        reason.make_ascii_uppercase();
    }
    output.extend_from_slice(b"\r\n");
}

/// Appends an interim answer (RFC 9110 15.2).
pub fn interim(output: &mut Vec<u8>, status: Status, shouts: bool) {
    status_line(output, status, Version::Http11, shouts);
    output.extend_from_slice(b"\r\n");
}

fn field(output: &mut Vec<u8>, name: &str, value: &[u8]) {
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value);
    output.extend_from_slice(b"\r\n");
}

/// The delay, as go-httpbin tells it: milliseconds with two decimals.
fn server_timing(output: &mut Vec<u8>, after_us: u64) {
    let mut digits = itoa::Buffer::new();
    output.extend_from_slice(b"Server-Timing: initial_delay;dur=");
    output.extend_from_slice(digits.format(after_us / 1000).as_bytes());
    let hundredths = (after_us % 1000 / 10) as u8;
    output.extend_from_slice(&[b'.', b'0' + hundredths / 10, b'0' + hundredths % 10]);
    output.extend_from_slice(b";desc=\"initial delay\"\r\n");
}

/// The standing fields, and the empty line that ends the head.
fn cors(output: &mut Vec<u8>, origin: Option<&[u8]>) {
    let Some(origin) = origin else { return output.extend_from_slice(ANY_ORIGIN) };
    output.extend_from_slice(b"Access-Control-Allow-Origin: ");
    output.extend_from_slice(origin);
    output.extend_from_slice(STANDING);
}

/// Appends a chunk. An empty one leaves no trace, as it would end the body.
pub fn chunk(output: &mut Vec<u8>, piece: &[u8]) {
    if !piece.is_empty() {
        hexadecimal(output, piece.len());
        output.extend_from_slice(b"\r\n");
        output.extend_from_slice(piece);
        output.extend_from_slice(b"\r\n");
    }
}

/// Appends the last chunk, and fields after it (RFC 9112 7.1.2).
pub fn last_chunk(output: &mut Vec<u8>, trailers: &Headers) {
    if trailers.is_empty() {
        return output.extend_from_slice(LAST_CHUNK);
    }
    output.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.iter() {
        field(output, name, value.as_bytes());
    }
    output.extend_from_slice(b"\r\n");
}

fn hexadecimal(output: &mut Vec<u8>, number: usize) {
    let digits = (usize::BITS - number.leading_zeros()).div_ceil(4);
    let digit = |place| char::from_digit((number >> (4 * place)) as u32 & 15, 16);
    output.extend((0..digits).rev().filter_map(digit).map(|digit| digit as u8));
}

/// How the body of an answer of this status and `length` (`None`: not known) ends.
pub fn framing(status: Status, length: Option<u64>, version: Version, head_only: bool) -> Framing {
    match (length, version) {
        _ if !status.allows_body() => Framing::None,
        (Some(length), _) => Framing::Length(length),
        (None, _) if head_only => Framing::None,
        (None, Version::Http11) => Framing::Chunked,
        (None, Version::Http10) => Framing::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_has_its_size_and_an_empty_one_is_nothing() {
        let mut output = Vec::new();
        chunk(&mut output, &[b'y'; 0x1a0]);
        chunk(&mut output, b"");
        chunk(&mut output, b"z");
        let text = String::from_utf8(output).unwrap();
        assert!(text.starts_with("1a0\r\nyyy") && text.ends_with("y\r\n1\r\nz\r\n"), "{text}");
    }

    #[test]
    fn the_delay_is_told_in_milliseconds() {
        let mut output = Vec::new();
        server_timing(&mut output, 1_500_059);
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "Server-Timing: initial_delay;dur=1500.05;desc=\"initial delay\"\r\n");
    }
}
