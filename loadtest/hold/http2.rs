//! The least of HTTP/2 that a client of delayed requests needs (RFC 9113, 7541).
//!
//! A request is one HEADERS frame of literal and indexed fields. Of an answer only the frame heads
//! and the status are read. The server is allowed no dynamic table, so nothing else is needed to
//! read a status.

use super::plan::{Plan, Vary};

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
const PRIORITY: u8 = 0x20;

/// Error code of a stream that the server did not process.
pub(crate) const REFUSED_STREAM: u32 = 7;

const HEAD_BYTES: usize = 9;
/// Longest frame that the server may send, with its head.
pub(crate) const MAX_FRAME: usize = HEAD_BYTES + (1 << 14);
/// Largest window of a connection, and what every connection starts with.
const MAX_WINDOW: u32 = (1 << 31) - 1;
const FIRST_WINDOW: u32 = 65_535;

/// A whole frame.
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: &'a [u8],
}

/// The first frame, if it is whole, and what follows it; an error if it is longer than allowed.
pub(crate) fn split(bytes: &[u8]) -> Result<Option<(Frame<'_>, &[u8])>, ()> {
    let Some((head, rest)) = bytes.split_at_checked(HEAD_BYTES) else { return Ok(None) };
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
    if length > MAX_FRAME - HEAD_BYTES {
        return Err(());
    }
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Ok(None) };
    let stream = number(&head[5..]) & MAX_WINDOW;
    Ok(Some((Frame { kind: head[3], flags: head[4], stream, payload }, rest)))
}

impl Frame<'_> {
    /// The first digit of the status that a HEADERS frame starts with; 0 if it has none.
    pub(crate) fn status_class(&self) -> u8 {
        let padding = usize::from(self.flags & PADDED != 0);
        let priority = if self.flags & PRIORITY != 0 { 5 } else { 0 };
        let mut block = self.payload.get(padding + priority..).unwrap_or(&[]);
        while let [0x20..=0x3f, rest @ ..] = block {
            block = after_size_update(block[0], rest);
        }
        match block {
            [0x88..=0x8a, ..] => 2,
            [0x8b, ..] => 3,
            [0x8c | 0x8d, ..] => 4,
            [0x8e, ..] => 5,
            // a literal with the name :status: digits as text, or the first one in five bits
            [0x08 | 0x18 | 0x48, length, first, ..] if length & 0x80 == 0 => {
                first.wrapping_sub(b'0')
            }
            [0x08 | 0x18 | 0x48, _, first, ..] if first >> 3 < 3 => first >> 3,
            [0x08 | 0x18 | 0x48, ..] => 5,
            _ => 0,
        }
    }

    /// The values of this setting, of which the last one counts.
    pub(crate) fn setting(&self, wanted: u16) -> Option<u32> {
        let mut values =
            self.payload.chunks_exact(6).filter(|one| one[..2] == wanted.to_be_bytes());
        values.next_back().map(|one| number(&one[2..]))
    }

    /// The four bytes at `at` as a number; 0 if it has none.
    pub(crate) fn number(&self, at: usize) -> u32 {
        self.payload.get(at..at + 4).map_or(0, number)
    }
}

/// A change of the dynamic table's size: an integer with a prefix of five bits.
fn after_size_update(first: u8, rest: &[u8]) -> &[u8] {
    let more =
        if first & 0x1f < 0x1f { 0 } else { rest.iter().take_while(|b| **b > 0x7f).count() + 1 };
    rest.get(more..).unwrap_or(&[])
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |sum, byte| sum << 8 | u32::from(*byte))
}

/// Appends a frame.
pub(crate) fn frame(out: &mut Vec<u8>, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
    out.extend_from_slice(&(payload.len() as u32).to_be_bytes()[1..]);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

/// Allows the server `bytes` more on the connection.
pub(crate) fn window_update(out: &mut Vec<u8>, bytes: u32) {
    frame(out, WINDOW_UPDATE, 0, 0, &bytes.to_be_bytes());
}

/// What a client sends first: no dynamic table, no push, and the largest window.
pub(crate) fn start(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    frame(out, SETTINGS, 0, 0, &[0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]);
    window_update(out, MAX_WINDOW - FIRST_WINDOW);
}

/// A request as a HEADERS frame, the same for all streams but for its number.
pub(crate) struct Request {
    frame: Vec<u8>,
    /// Where the eight digits of the number are, if it is part of a field.
    digits: Option<usize>,
}

impl Request {
    pub(crate) fn new(plan: &Plan) -> Request {
        Request::to(plan, &plan.path())
    }

    pub(crate) fn to(plan: &Plan, path: &str) -> Request {
        let mut block = vec![0x82, if plan.tls { 0x87 } else { 0x86 }];
        literal(&mut block, 1, &plan.server.to_string());
        let path = match plan.vary {
            Vary::Path => format!("{path}?n=00000000"),
            Vary::Nothing | Vary::Field => path.to_owned(),
        };
        literal(&mut block, 4, &path);
        if let Vary::Field = plan.vary {
            block.push(0);
            text(&mut block, "x-number");
            text(&mut block, "00000000");
        }
        let mut request = Vec::new();
        frame(&mut request, HEADERS, END_STREAM | END_HEADERS, 0, &block);
        let digits = (plan.vary != Vary::Nothing).then(|| request.len() - 8);
        Request { frame: request, digits }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.frame.len()
    }

    /// Appends the request `number` on this stream.
    pub(crate) fn write(&self, out: &mut Vec<u8>, stream: u32, mut number: usize) {
        let start = out.len();
        out.extend_from_slice(&self.frame);
        out[start + 5..start + 9].copy_from_slice(&stream.to_be_bytes());
        if let Some(at) = self.digits {
            for digit in out[start + at..start + at + 8].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
    }
}

/// A field with an indexed name that no table keeps.
fn literal(out: &mut Vec<u8>, name: u8, value: &str) {
    out.push(name);
    text(out, value);
}

/// A string of at most 126 bytes, without Huffman coding.
fn text(out: &mut Vec<u8>, value: &str) {
    assert!(value.len() < 127, "longer strings need a longer length");
    out.push(value.len() as u8);
    out.extend_from_slice(value.as_bytes());
}
