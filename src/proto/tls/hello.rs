//! The ClientHello (RFC 8446 4.1.2), read for what it offers before rustls reads it for itself.

use std::borrow::Cow;

use crate::base::limits::{MAX_HELLO_BYTES, MAX_HELLO_RECORDS};
use crate::http::tls_facts::ClientHello;

/// The type of a record, and of a handshake message in it.
const HANDSHAKE_RECORD: u8 = 22;
const CLIENT_HELLO: u8 = 1;
/// What a plain request begins with whose refusal has no body: it is waited for.
const HEAD: &[u8] = b"HEAD ";

/// What a connection begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Nothing yet, a part of a ClientHello, or what may become a plain HEAD.
    Partial,
    /// A whole ClientHello; `None`: it is malformed, or unusually long, and rustls judges it.
    Hello(Option<ClientHello>),
    /// Not TLS.
    Plain,
}

/// Whether the first byte of a connection is that of TLS: no method begins with it.
pub(in crate::proto) fn is_tls(bytes: &[u8]) -> bool {
    bytes.first() == Some(&HANDSHAKE_RECORD)
}

/// Reads what a connection begins with.
pub(super) fn read(bytes: &[u8]) -> Start {
    if bytes.len() < HEAD.len() && HEAD.starts_with(bytes) {
        return Start::Partial;
    }
    if !is_tls(bytes) {
        return Start::Plain;
    }
    match message(bytes) {
        Message::Partial => Start::Partial,
        Message::Whole(body) => Start::Hello(parse(&body)),
        Message::Other => Start::Hello(None),
    }
}

enum Message<'a> {
    Partial,
    /// The body of a ClientHello.
    Whole(Cow<'a, [u8]>),
    Other,
}

/// Joins the message from its records: nearly every one comes in one. Each call begins at the first
/// record again, of [`MAX_HELLO_RECORDS`] at most.
fn message(bytes: &[u8]) -> Message<'_> {
    let mut records = Reader(bytes);
    let mut joined = Cow::Borrowed(&[][..]);
    for _ in 0..MAX_HELLO_RECORDS {
        let (record, whole) = match records.record() {
            Ok(record) => (record, true),
            Err(Some(rest)) => (rest, false),
            Err(None) => return Message::Other,
        };
        if joined.is_empty() {
            joined = Cow::Borrowed(record);
        } else {
            joined.to_mut().extend_from_slice(record);
        }
        let mut message = Reader(&joined);
        let length = match message.header() {
            Some((CLIENT_HELLO, length)) if length <= MAX_HELLO_BYTES => length,
            Some(_) => return Message::Other,
            None if whole => continue,
            None => return Message::Partial,
        };
        if joined.len() >= 4 + length {
            return Message::Whole(match joined {
                Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(4..4 + length).unwrap_or_default()),
                Cow::Owned(bytes) => {
                    Cow::Owned(bytes.get(4..4 + length).unwrap_or_default().into())
                }
            });
        }
        if !whole {
            return Message::Partial;
        }
    }
    Message::Other
}

/// What the body of a ClientHello offers; `None` if it is malformed or offers unusually much.
fn parse(body: &[u8]) -> Option<ClientHello> {
    let mut body = Reader(body);
    let legacy_version = body.u16()?;
    body.take(32)?;
    body.vector8()?;
    let suites = body.vector16()?;
    body.vector8()?;
    // Extensions are optional (RFC 5246 7.4.1.2).
    let mut extensions = Reader(if body.0.is_empty() { &[] } else { body.vector16()? });
    let mut types = Vec::new();
    let mut lists = [&[][..]; 6];
    let [groups, formats, signatures, versions, alpn, name] = &mut lists;
    while !extensions.0.is_empty() {
        let kind = extensions.take(2)?;
        types.extend_from_slice(kind);
        let mut data = Reader(extensions.vector16()?);
        match kind {
            [0, 0] => *name = server_name(data).unwrap_or_default(),
            [0, 10] => *groups = data.vector16()?,
            [0, 11] => *formats = data.vector8()?,
            [0, 13] => *signatures = data.vector16()?,
            [0, 16] => *alpn = data.vector16()?,
            [0, 43] => *versions = data.vector8()?,
            _ => {}
        }
    }
    ClientHello::new(
        legacy_version,
        [suites, &types, groups, formats, signatures, versions, alpn, name],
    )
}

/// The host name in a server_name extension (RFC 6066 3).
fn server_name(mut data: Reader<'_>) -> Option<&[u8]> {
    let mut names = Reader(data.vector16()?);
    match names.take(1)? {
        [0] => names.vector16(),
        _ => None,
    }
}

/// Bytes to read from.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let bytes = self.u8()?;
        self.take(bytes.into())
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let bytes = self.u16()?;
        self.take(bytes.into())
    }

    /// The type and length of a handshake message.
    fn header(&mut self) -> Option<(u8, usize)> {
        let kind = self.u8()?;
        let high = self.u8()?;
        let low = self.u16()?;
        Some((kind, usize::from(high) << 16 | usize::from(low)))
    }

    /// The content of a record of the handshake, or as much of it as is there; `Err(None)`: this is
    /// no such record.
    fn record(&mut self) -> Result<&'a [u8], Option<&'a [u8]>> {
        match self.u8() {
            None => return Err(Some(&[])),
            Some(HANDSHAKE_RECORD) => {}
            Some(_) => return Err(None),
        }
        let Some((_, bytes)) = self.u16().zip(self.u16()) else { return Err(Some(&[])) };
        if bytes == 0 {
            return Err(None);
        }
        self.take(bytes.into()).ok_or(Some(self.0))
    }
}

#[cfg(test)]
mod tests;
