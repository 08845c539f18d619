//! Answers on the wire: heads, fields and chunks as bytes (RFC 9112 4 to 7).
//!
//! The order of the fields is httpbin's: Server, Date, Connection, Content-Type, Content-Length,
//! the endpoint's own, CORS last.

use crate::http::compat::Compat;
use crate::http::headers::Headers;
use crate::http::request::Version;
use crate::http::status::Status;
use crate::proto::exchange::{self, Exchange};

/// What HTTP/1 adds to an exchange.
#[derive(Clone, Copy, Debug)]
pub(super) struct ResponseTerms {
    /// Version of request and response.
    pub(super) version: Version,
    /// What becomes of the connection after the answer.
    pub(super) closing: Closing,
}

/// Who closes the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// Nobody: it is kept for the next request.
    KeptAlive,
    /// The client has asked for it.
    ByClient,
    /// We do, although the client has not asked for it.
    ByUs,
}

impl ResponseTerms {
    /// After this answer the connection is closed, whatever the client has asked for.
    pub(super) fn close(&mut self) {
        if self.closing == Closing::KeptAlive {
            self.closing = Closing::ByUs;
        }
    }
}

/// `/status/103` and the like are followed by 200; except for 101, after which the connection is
/// not HTTP any more. HTTP/1.0 has no interim answers.
///
/// Both go out together, and the connection is kept: a client that takes an interim answer for the
/// last has read the 200 with it, or finds bytes on a connection that should have none.
#[cold]
pub(super) fn interim(
    exchange: &mut Exchange,
    terms: &mut ResponseTerms,
    uppercase_reason: bool,
    output: &mut Vec<u8>,
) {
    if exchange.switches_protocols() && terms.version == Version::Http11 {
        if !exchange.upgrades() {
            terms.close();
        }
    } else if let Some(status) = exchange.take_interim()
        && terms.version == Version::Http11
    {
        status_line(output, status, terms.version, uppercase_reason);
        if let Some(link) = exchange.link(status) {
            field(output, "Link", link.as_bytes());
        }
        output.extend_from_slice(b"\r\n");
    }
}

/// How an answer's body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// It has none, and no field shows that: 1xx, 204, 304, and HEAD where the length is not known.
    None,
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection: for HTTP/1.0, which has no chunks.
    Close,
}

/// The end of every head: CORS as in httpbin, and a field that stops browsers from sniffing the
/// media type, since much of what is answered is what the client sent.
const COMMON_FIELDS: &[u8] = b"\r\nAccess-Control-Allow-Credentials: true\r\n\
    X-Content-Type-Options: nosniff\r\n\r\n";
/// The same in one piece for a request without `Origin`, as nearly all are.
const ANY_ORIGIN: &[u8] = b"Access-Control-Allow-Origin: *\r\n\
    Access-Control-Allow-Credentials: true\r\nX-Content-Type-Options: nosniff\r\n\r\n";
/// The same where no script of another origin may read the answer. It is not kept either, as what
/// a probe or a monitor asks for is true only now.
const NO_CORS: &[u8] = b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\r\n";
/// 100 Continue (RFC 9110 15.2.1).
pub(super) const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// The last chunk, and no trailer.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Appends a head, up to the fields that every answer has.
#[inline(always)] // in the answer to a plain request
pub(super) fn write_head(
    output: &mut Vec<u8>,
    head: &exchange::Head,
    terms: ResponseTerms,
    framing: Framing,
    server_and_date: &[u8],
    compat: &Compat,
) {
    status_line(output, head.status, terms.version, compat.uppercase_reason);
    output.extend_from_slice(server_and_date);
    match (terms.closing, terms.version) {
        (Closing::KeptAlive, Version::Http11 | Version::Http2) => {}
        (Closing::KeptAlive, Version::Http10) => {
            output.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        // 101 has a Connection field of its own, which names the new protocol.
        _ if head.status == Status(101) => {}
        _ => output.extend_from_slice(b"Connection: close\r\n"),
    }
    output.extend_from_slice(head.media.field(compat.json_charset).as_bytes());
    match framing {
        Framing::Length(length) => {
            output.extend_from_slice(b"Content-Length: ");
            output.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            output.extend_from_slice(b"\r\n");
        }
        Framing::Chunked => output.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        Framing::None | Framing::Close => {}
    }
    if let Some(timing_us) = head.timing_us {
        server_timing(output, timing_us);
    }
    for (name, value) in head.headers.iter() {
        field(output, name, value.as_bytes());
    }
}

pub(super) fn status_line(
    output: &mut Vec<u8>,
    status: Status,
    version: Version,
    uppercase_reason: bool,
) {
    if (status, version) == (Status::OK, Version::Http11) {
        return output.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
    }
    output.extend_from_slice(match version {
        Version::Http10 => b"HTTP/1.0 ",
        Version::Http11 | Version::Http2 => b"HTTP/1.1 ",
    });
    output.extend_from_slice(itoa::Buffer::new().format(status.0).as_bytes());
    output.push(b' ');
    let start = output.len();
    output.extend_from_slice(status.reason().as_bytes());
    if let Some(reason) = output.get_mut(start..).filter(|_| uppercase_reason) {
        reason.make_ascii_uppercase();
    }
    output.extend_from_slice(b"\r\n");
}

pub(super) fn field(output: &mut Vec<u8>, name: &str, value: &[u8]) {
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b": ");
    output.extend_from_slice(value);
    output.extend_from_slice(b"\r\n");
}

/// The delay as go-httpbin writes it: milliseconds with two decimals.
pub(in crate::proto) fn server_timing(output: &mut Vec<u8>, after_us: u64) {
    let mut digits = itoa::Buffer::new();
    output.extend_from_slice(b"Server-Timing: initial_delay;dur=");
    output.extend_from_slice(digits.format(after_us / 1000).as_bytes());
    let hundredths = (after_us % 1000 / 10) as u8;
    output.extend_from_slice(&[b'.', b'0' + hundredths / 10, b'0' + hundredths % 10]);
    output.extend_from_slice(b";desc=\"initial delay\"\r\n");
}

/// Appends the fields that every answer has, and the empty line that ends the head.
#[inline(always)]
pub(in crate::proto) fn cors(output: &mut Vec<u8>, compat: &Compat, origin: Option<&[u8]>) {
    if !compat.cors {
        return output.extend_from_slice(NO_CORS);
    }
    let Some(origin) = origin else { return output.extend_from_slice(ANY_ORIGIN) };
    output.extend_from_slice(b"Access-Control-Allow-Origin: ");
    output.extend_from_slice(origin);
    output.extend_from_slice(COMMON_FIELDS);
}

/// Appends a chunk; nothing for an empty one, which would end the body.
pub(super) fn chunk(output: &mut Vec<u8>, piece: &[u8]) {
    if !piece.is_empty() {
        hexadecimal(output, piece.len());
        output.extend_from_slice(b"\r\n");
        output.extend_from_slice(piece);
        output.extend_from_slice(b"\r\n");
    }
}

/// Appends the last chunk, and fields after it (RFC 9112 7.1.2).
pub(super) fn last_chunk(output: &mut Vec<u8>, trailers: &Headers) {
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

/// How the body of an answer with this status and `length` (`None`: not known) ends.
pub(super) fn framing(
    status: Status,
    length: Option<u64>,
    version: Version,
    head_only: bool,
) -> Framing {
    match (length, version) {
        _ if !status.allows_body() => Framing::None,
        (Some(length), _) => Framing::Length(length),
        (None, _) if head_only => Framing::None,
        (None, Version::Http11 | Version::Http2) => Framing::Chunked,
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
    fn the_delay_is_in_milliseconds() {
        let mut output = Vec::new();
        server_timing(&mut output, 1_500_059);
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "Server-Timing: initial_delay;dur=1500.05;desc=\"initial delay\"\r\n");
    }
}
