//! Parses one answer just far enough to know whether it is a 2xx and where it ends.

use crate::coordinator::tally::Failure;

/// The progress of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    part: Part,
    /// The delay that its `Loiter` field shows, in nanoseconds, once its head has come.
    pub(crate) delay_ns: Option<i64>,
}

/// Where it is. A usual answer arrives in a single read and is never copied.
#[derive(Debug)]
enum Part {
    /// The bytes of a head whose end has not come yet; empty at first.
    Head(Vec<u8>),
    /// Bytes of the body still to come.
    Body(u64),
}

/// Longest head accepted from a server.
const MAX_HEAD: usize = 16 * 1024;

impl Answer {
    pub(crate) fn new() -> Answer {
        Answer { part: Part::Head(Vec::new()), delay_ns: None }
    }

    /// Whether nothing of it has come.
    pub(crate) fn is_new(&self) -> bool {
        matches!(&self.part, Part::Head(start) if start.is_empty())
    }

    /// Consumes what was read; true when the answer is complete.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        let left = match &mut self.part {
            Part::Body(left) => *left,
            Part::Head(start) => {
                let whole = !start.is_empty();
                if whole {
                    start.extend_from_slice(bytes);
                }
                match split(if whole { start } else { bytes }) {
                    Some((head, body)) => {
                        self.delay_ns = delay_ns(head);
                        body_left(head, body)?
                    }
                    None => return self.keep(if whole { &[] } else { bytes }),
                }
            }
        };
        let more = if let Part::Body(_) = self.part { bytes.len() as u64 } else { 0 };
        let left = left.checked_sub(more).ok_or(Failure::Malformed)?;
        self.part = Part::Body(left);
        Ok(left == 0)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        if let Part::Head(start) = &mut self.part {
            start.extend_from_slice(bytes);
            if start.len() > MAX_HEAD {
                return Err(Failure::Malformed);
            }
        }
        Ok(false)
    }
}

fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    Some(bytes.split_at(end))
}

/// How much of the body is missing; more bytes than promised are an error, like a bad status.
fn body_left(head: &[u8], body: &[u8]) -> Result<u64, Failure> {
    let status = head.strip_prefix(b"HTTP/1.1 ").ok_or(Failure::Malformed)?;
    if !status.starts_with(b"2") {
        return Err(Failure::Status);
    }
    let length = content_length(head).ok_or(Failure::Malformed)?;
    length.checked_sub(body.len() as u64).ok_or(Failure::Malformed)
}

fn content_length(head: &[u8]) -> Option<u64> {
    field(head, b"content-length:")?.parse().ok()
}

/// The value of the first field of this name, which ends with its colon.
fn field<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        let value = start.eq_ignore_ascii_case(name).then_some(value.trim_ascii())?;
        std::str::from_utf8(value).ok()
    })
}

/// The delay that a `Loiter` field shows.
fn delay_ns(head: &[u8]) -> Option<i64> {
    let delay =
        field(head, b"loiter:")?.split("; ").find_map(|item| item.strip_prefix("delay="))?;
    i64::try_from(loiter::base::duration::parse(delay)?).ok()
}
