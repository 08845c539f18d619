//! A decoded head: its text, where each field is, and what is wrong with it.

use super::Entry;
use crate::base::limits::Limits;
use crate::http::char_class::{all, in_text, in_token};
use crate::http::reply::Refusal;
use crate::http::status::Status;

/// Why a stream is not served though its connection goes on.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The request is malformed (RFC 9113 8.1.1): a stream error of type PROTOCOL_ERROR.
    Malformed(&'static str),
    /// It is answered with this status.
    Refused(Refusal),
}

/// Where a field's line is in the text of its head, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    start: u32,
    name: u32,
    value: u32,
}

impl Line {
    /// The line of `bytes` bytes from `start`, with its line end, whose name has `name` bytes.
    fn new(start: usize, name: usize, bytes: usize) -> Line {
        let value = bytes - name - SEPARATORS;
        Line { start: start as u32, name: name as u32, value: value as u32 }
    }

    /// Its name in this text, in lower case, with the colon of a pseudo-field.
    pub fn name<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.start as usize..).and_then(|t| t.get(..self.name as usize)).unwrap_or(&[])
    }

    /// Its value in this text.
    pub fn value<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        text.get(self.value_range()).unwrap_or_default()
    }

    /// Where its value is.
    pub fn value_range(&self) -> std::ops::Range<usize> {
        let start = self.start as usize + self.name as usize + 2;
        start..start + self.value as usize
    }
}

/// Bytes of a line that belong to neither name nor value: `: ` and CR LF.
const SEPARATORS: usize = 4;

/// A decoded head. A worker reuses one for all blocks; it then allocates nothing.
#[derive(Debug, Default)]
pub struct Decoded {
    /// A line `name: value` for each field in the order decoded, pseudo-fields included, and an
    /// empty line. Names and values are valid, so no value forges a line. With a fault, the fields
    /// before it.
    pub text: Vec<u8>,
    /// The lines of the fields.
    pub lines: Vec<Line>,
    /// The first reason not to serve the request, if there is one.
    pub fault: Option<Fault>,
    /// How many of the lines are not pseudo-fields.
    regular: usize,
}

impl Decoded {
    /// Where the value of `:path` is in the text; an empty range if there is none.
    pub fn path(&self) -> std::ops::Range<usize> {
        let mut pseudo = self.lines.iter().take(MAX_PSEUDO_FIELDS);
        let path = pseudo.find(|line| line.name(&self.text) == b":path");
        path.map_or(0..0, Line::value_range)
    }

    /// Empties it, for the next block.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
        self.fault = None;
        self.regular = 0;
    }

    /// Appends an entry of a table.
    #[inline]
    pub(super) fn push(&mut self, entry: Entry<'_>, limits: &Limits) {
        if self.admits(entry, self.text.len(), limits) {
            self.lines.push(Line::new(self.text.len(), entry.name, entry.line.len()));
            self.text.extend_from_slice(entry.line);
        }
    }

    /// Appends the line that has been written to the end of the text, from `start`, or removes it.
    /// Returns it as a table keeps it to `insert`.
    #[inline]
    pub(super) fn push_written(
        &mut self,
        start: usize,
        name: usize,
        limits: &Limits,
        insert: impl FnOnce(Entry<'_>),
    ) {
        let text = std::mem::take(&mut self.text);
        let line = text.get(start..).unwrap_or_default();
        let entry = Entry { line, name, valid: invalid(line, name).is_none() };
        insert(entry);
        let (admitted, bytes) = (self.admits(entry, start, limits), line.len());
        self.text = text;
        if admitted {
            self.lines.push(Line::new(start, name, bytes));
        } else {
            self.text.truncate(start);
        }
    }

    /// Appends the empty line.
    pub(super) fn finish(&mut self) {
        self.text.extend_from_slice(b"\r\n");
    }

    /// Whether an entry whose line starts at `start` is within the limits; otherwise there is a
    /// fault from now on.
    #[inline]
    fn admits(&mut self, entry: Entry<'_>, start: usize, limits: &Limits) -> bool {
        if self.fault.is_some() {
            return false;
        }
        let bytes = entry.line.len();
        let pseudo = entry.line.first() == Some(&b':');
        self.regular += usize::from(!pseudo);
        let fits = bytes - SEPARATORS <= limits.head_line_bytes
            && start + bytes + 2 <= limits.head_bytes
            && self.regular <= limits.head_fields
            && (!pseudo || self.lines.len() - self.regular < MAX_PSEUDO_FIELDS);
        if fits && entry.valid {
            return true;
        }
        self.fault = Some(self.fault_of(entry, limits));
        false
    }

    #[cold]
    fn fault_of(&self, entry: Entry<'_>, limits: &Limits) -> Fault {
        if let Some(reason) = invalid(entry.line, entry.name) {
            return Fault::Malformed(reason);
        }
        let pseudo = entry.line.starts_with(b":");
        if pseudo && self.lines.len() - self.regular >= MAX_PSEUDO_FIELDS {
            return Fault::Malformed("a pseudo-field is repeated");
        }
        let (status, reason) = if self.regular > limits.head_fields {
            (431, "the head has too many fields")
        } else if entry.line.len() - SEPARATORS <= limits.head_line_bytes {
            (431, "the head is too long")
        } else if entry.line.starts_with(b":path:") {
            (414, "the path is too long")
        } else {
            (431, "a header field is too long")
        };
        Fault::Refused(Refusal::new(Status(status), reason))
    }
}

/// The pseudo-fields of requests (RFC 9113 8.3.1, RFC 8441 4), each once.
const MAX_PSEUDO_FIELDS: usize = 5;

/// Why a line is not valid in a request (RFC 9113 8.2.1), whose name has `name` bytes.
fn invalid(line: &[u8], name: usize) -> Option<&'static str> {
    let value = line.get(name + 2..line.len() - 2).unwrap_or_default();
    let name = line.get(..name).unwrap_or_default();
    let token = name.strip_prefix(b":").unwrap_or(name);
    let blank = |end: Option<&u8>| matches!(end, Some(b' ' | b'\t'));
    if token.is_empty() || !token.iter().all(|&byte| in_token(byte)) {
        Some("a field's name is not a token")
    } else if token.iter().any(u8::is_ascii_uppercase) {
        Some("a field's name is not in lower case")
    } else if !all(value, in_text) {
        Some("a field's value has a control character")
    } else if blank(value.first()) || blank(value.last()) {
        Some("a field's value begins or ends with a blank")
    } else {
        None
    }
}
