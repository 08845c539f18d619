//! The fields of a request that decide how its body is framed, whether its connection persists and
//! which Host it names, collected in one pass. [`RequestFraming::body`] has the rules for the body,
//! numbered as in RFC 9112 6.3, and [`RequestFraming::host`] those for the Host.

use super::authority;
use crate::http::reply::Refusal;
use crate::http::request::{Field, Version};
use crate::http::status::Status;

/// The length of a body (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This many bytes; 0 if the head has neither a length nor a coding.
    Exact(u64),
    /// Chunks, until the last one.
    Chunked,
}

/// The values of these fields.
#[derive(Default)]
pub(super) struct RequestFraming<'a> {
    host: Option<&'a [u8]>,
    hosts: u32,
    length: Option<u64>,
    coding: Coding,
    close: bool,
    keep_alive: bool,
    expect: Option<&'a [u8]>,
    loiter: bool,
}

/// The value of all Transfer-Encoding fields together.
#[derive(Clone, Copy, Default, PartialEq)]
enum Coding {
    #[default]
    None,
    Chunked,
    Unknown,
    Malformed,
}

impl<'a> RequestFraming<'a> {
    pub(super) fn of(fields: &[Field<'a>]) -> Result<RequestFraming<'a>, Refusal> {
        let mut framing = RequestFraming::default();
        for field in fields {
            framing.take(field)?;
        }
        Ok(framing)
    }

    /// Compares by length first, which skips nearly every other field at once.
    fn take(&mut self, field: &Field<'a>) -> Result<(), Refusal> {
        match field.name.len() {
            4 if field.is("host") => {
                self.host = Some(field.value);
                self.hosts += 1;
            }
            6 => self.take_six(field),
            10 if field.is("connection") => self.take_connection(field.value),
            14 if field.is("content-length") => self.take_length(field.value)?,
            17 if field.is("transfer-encoding") => self.take_coding(field.value),
            14.. if FRAMING.iter().any(|words| reads_as(field.name, words)) => {
                let name = String::from_utf8_lossy(field.name);
                return Err(Refusal::bad(format!("{name} resembles a framing field")));
            }
            _ => {}
        }
        Ok(())
    }

    /// Looks at the first letter before the name: most fields with names of six letters, such as
    /// Accept, are others.
    fn take_six(&mut self, field: &Field<'a>) {
        match field.name.first() {
            Some(b'e' | b'E') if field.is("expect") => self.expect = Some(field.value),
            Some(b'l' | b'L') => self.loiter |= field.is("loiter"),
            _ => {}
        }
    }

    /// Whether there is a `Loiter` field.
    pub(super) fn has_loiter(&self) -> bool {
        self.loiter
    }

    fn take_connection(&mut self, value: &[u8]) {
        for option in list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Rule 5 of [`body`](Self::body): digits only. A recipient may merge equal lengths, but no
    /// well-behaved client sends two, so they are refused.
    fn take_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        match (digits, length, self.length) {
            (true, Some(length), None) => self.length = Some(length),
            (_, _, Some(_)) => return Err(Refusal::bad("there are two Content-Length fields")),
            _ => return Err(Refusal::bad("the Content-Length is not a number of bytes")),
        }
        Ok(())
    }

    /// Rule 4 of [`body`](Self::body): `chunked` once, last and without parameters. No
    /// other coding is implemented (RFC 9112 6.1).
    fn take_coding(&mut self, value: &[u8]) {
        for coding in list(value) {
            let chunked = coding.eq_ignore_ascii_case(b"chunked");
            self.coding = match (self.coding, chunked) {
                (Coding::None, true) => Coding::Chunked,
                (Coding::None | Coding::Unknown, _) => Coding::Unknown,
                _ => Coding::Malformed,
            };
        }
        if self.coding == Coding::None {
            self.coding = Coding::Malformed;
        }
    }

    /// RFC 9112 3.2: exactly one Host in HTTP/1.1, at most one in 1.0, and a valid one.
    pub(super) fn host(&self, version: Version) -> Result<Option<&'a [u8]>, Refusal> {
        match (self.hosts, version) {
            (0, Version::Http11) => Err(Refusal::bad("an HTTP/1.1 request needs a Host field")),
            (2.., _) => Err(Refusal::bad("there are several Host fields")),
            _ if !self.host.is_none_or(authority::is_valid) => {
                Err(Refusal::bad("the Host field is malformed"))
            }
            _ => Ok(self.host),
        }
    }

    /// The length of the body, by the rules of RFC 9112 6.3. Rules 1, 2 and 8 are about responses.
    /// A refusal ends the connection.
    pub(super) fn body(&self, version: Version) -> Result<Length, Refusal> {
        match (self.coding, self.length) {
            // 3. Both: possibly request smuggling, so it is refused.
            (Coding::Chunked | Coding::Unknown | Coding::Malformed, Some(_)) => {
                Err(Refusal::bad("there are both a Content-Length and a Transfer-Encoding"))
            }
            // 4. A coding alone. HTTP/1.0 has no codings, so there the framing is faulty (6.1).
            (Coding::Chunked | Coding::Unknown | Coding::Malformed, None)
                if version == Version::Http10 =>
            {
                Err(Refusal::bad("HTTP/1.0 has no Transfer-Encoding"))
            }
            (Coding::Chunked, None) => Ok(Length::Chunked),
            (Coding::Unknown, None) => {
                Err(Refusal::new(Status(501), "chunked is the only supported transfer coding"))
            }
            (Coding::Malformed, None) => Err(Refusal::bad("the Transfer-Encoding is malformed")),
            // 5. A malformed length was refused by `take_length`.
            // 6. A length alone.
            (Coding::None, Some(length)) => Ok(Length::Exact(length)),
            // 7. Neither: there is no body.
            (Coding::None, None) => Ok(Length::Exact(0)),
        }
    }

    pub(super) fn keep_alive(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }

    /// RFC 9110 10.1.1: an HTTP/1.0 client does not understand `100 Continue`, and no other
    /// expectation is implemented.
    pub(super) fn expects_continue(&self, version: Version) -> Result<bool, Refusal> {
        match self.expect {
            Some(value) if version == Version::Http11 => {
                if value.eq_ignore_ascii_case(b"100-continue") {
                    return Ok(true);
                }
                Err(Refusal::new(Status(417), "100-continue is the only supported expectation"))
            }
            _ => Ok(false),
        }
    }
}

/// The names of the fields that decide framing, as words.
const FRAMING: [[&str; 2]; 2] = [["content", "length"], ["transfer", "encoding"]];

/// Whether a name consists of these words, with any hyphens and underscores between and around
/// them. `Transfer_Encoding` is a valid name without a meaning, but some programs treat the two
/// characters as the same: a proxy of that kind would find another end of the body than we do.
fn reads_as(name: &[u8], words: &[&str; 2]) -> bool {
    let mut parts = name.split(|b| matches!(b, b'-' | b'_')).filter(|part| !part.is_empty());
    let same = |part: &[u8], word: &str| part.eq_ignore_ascii_case(word.as_bytes());
    words.iter().all(|word| parts.next().is_some_and(|part| same(part, word)))
        && parts.next().is_none()
}

/// The members of a comma-separated list, without blanks; empty ones are skipped (RFC 9110 5.6.1).
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}
