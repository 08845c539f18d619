//! Parses one answer just far enough to know whether it is a 2xx and where it ends.

use crate::coordinator::tally::Failure;

/// The progress of an answer. A usual one arrives in a single read and is never copied.
#[derive(Debug)]
pub(crate) enum Answer {
    /// The bytes of a head whose end has not come yet; empty at first.
    Head(Vec<u8>),
    /// Bytes of the body still to come.
    Body(u64),
}

/// Longest head accepted from a server.
const MAX_HEAD: usize = 16 * 1024;

impl Answer {
    pub(crate) fn new() -> Answer {
        Answer::Head(Vec::new())
    }

    /// Consumes what was read; true when the answer is complete.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        let left = match self {
            Answer::Body(left) => *left,
            Answer::Head(start) if start.is_empty() => match split(bytes) {
                Some((head, body)) => body_left(head, body)?,
                None => return self.keep(bytes),
            },
            Answer::Head(start) => {
                start.extend_from_slice(bytes);
                match split(start) {
                    Some((head, body)) => body_left(head, body)?,
                    None => return self.keep(&[]),
                }
            }
        };
        let more = if let Answer::Body(_) = self { bytes.len() as u64 } else { 0 };
        let left = left.checked_sub(more).ok_or(Failure::Malformed)?;
        *self = Answer::Body(left);
        Ok(left == 0)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        if let Answer::Head(start) = self {
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
    let name = b"content-length:";
    head.split(|&byte| byte == b'\n').find_map(|line| {
        let (start, value) = line.split_at_checked(name.len())?;
        let value = start.eq_ignore_ascii_case(name).then_some(value.trim_ascii())?;
        std::str::from_utf8(value).ok()?.parse().ok()
    })
}
