//! The parts of a recorded request and its answer, read from their heads when somebody wants to
//! see them.

use std::borrow::Cow;

use super::{Answer, Received};
use crate::http::request::{Field, Target};

impl Received {
    /// Its header fields in the order in which they arrived, without HTTP/2's pseudo-fields.
    pub fn header_fields(&self) -> impl Iterator<Item = Field<'_>> {
        regular(&self.head)
    }

    /// The value of the first field of this name, in any case.
    pub fn field(&self, name: &str) -> Option<&[u8]> {
        self.header_fields().find(|field| field.is(name)).map(|field| field.value)
    }

    /// The host that it was sent to: HTTP/2's authority, else the Host field.
    pub fn host(&self) -> Option<&[u8]> {
        let authority = self.fields().find(|(name, _)| *name == b":authority");
        authority.map(|(_, value)| value).or_else(|| self.field("Host"))
    }

    /// The path of its target, percent-decoded as for routing; if it has none, the whole target.
    pub fn path(&self) -> Cow<'_, [u8]> {
        let target = self.target.as_bytes();
        Target::parse(target).map_or(Cow::Borrowed(target), |(target, _)| target.path)
    }

    /// The query of its target as sent, without `?`.
    pub fn query(&self) -> &[u8] {
        let target = Target::parse(self.target.as_bytes());
        target.and_then(|(target, _)| target.raw_query).unwrap_or_default()
    }
}

impl Answer {
    /// Whether the journal has not all of the body that was sent.
    pub fn is_cut(&self) -> bool {
        self.body_bytes > self.body.len() as u64
    }

    /// Its header fields in the order in which they were written, without HTTP/2's pseudo-field.
    pub fn header_fields(&self) -> impl Iterator<Item = Field<'_>> {
        regular(&self.head)
    }

    /// Its status line; `None` in HTTP/2, and before its head was written.
    pub fn status_line(&self) -> Option<Cow<'_, str>> {
        let line = self.head.split(|&byte| byte == b'\r').next()?;
        let is_line = !line.is_empty() && !line.starts_with(b":");
        is_line.then(|| String::from_utf8_lossy(line))
    }
}

/// A body, if that is text: UTF-8 without control characters other than whitespace. So its JSON is
/// at most twice as long. One that is cut may end within a character, which is left out.
pub(super) fn text(body: &[u8], is_cut: bool) -> Option<&str> {
    let is_text = |byte: &u8| *byte >= b' ' || byte.is_ascii_whitespace();
    let end = match std::str::from_utf8(body) {
        Err(error) if is_cut && error.error_len().is_none() => error.valid_up_to(),
        _ => body.len(),
    };
    let body = body.get(..end).filter(|body| body.iter().all(is_text))?;
    std::str::from_utf8(body).ok()
}

/// The fields of a head, their values trimmed; HTTP/2's pseudo-fields are among them.
pub(super) fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end);
    // The first line, unless it is HTTP/2's, is none.
    let skipped = usize::from(!head.starts_with(b":"));
    lines.skip(skipped).take_while(|line| !line.is_empty()).filter_map(|line| {
        // The first byte of a name is no separator.
        let colon = 1 + memchr::memchr(b':', line.get(1..)?)?;
        let (name, value) = line.split_at_checked(colon)?;
        Some((name, value.get(1..)?.trim_ascii()))
    })
}

fn regular(head: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let fields = fields(head).filter(|(name, _)| !name.starts_with(b":"));
    fields.map(|(name, value)| Field { name, value })
}
