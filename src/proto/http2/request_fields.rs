//! The fields of a request that its own fields and RFC 9113 8.2 give a meaning, collected in one
//! pass.

use super::hpack::decoded::Fault;
use super::priority::Priority;
use crate::http::reply::Refusal;
use crate::http::request::Field;
use crate::http::status::Status;

/// The values of these fields.
#[derive(Default)]
pub(super) struct RequestFields<'a> {
    /// The Host field.
    pub host: Option<&'a [u8]>,
    /// The Content-Length.
    pub length: Option<u64>,
    /// Whether `100-continue` is expected.
    pub expects_continue: bool,
    /// Whether there is a `Loiter` field.
    pub loiter: bool,
    /// The priority.
    pub priority: Priority,
}

impl<'a> RequestFields<'a> {
    /// Takes a field that is not a pseudo-field.
    pub(super) fn take(&mut self, field: &Field<'a>) -> Result<(), Fault> {
        check_connection(field)?;
        match field.name {
            b"host" => match self.host.replace(field.value) {
                None => Ok(()),
                Some(_) => refused("there are several Host fields"),
            },
            b"content-length" => self.take_length(field.value),
            b"expect" => {
                self.expects_continue = field.value.eq_ignore_ascii_case(b"100-continue");
                if self.expects_continue {
                    return Ok(());
                }
                let reason = "100-continue is the only supported expectation";
                Err(Fault::Refused(Refusal::new(Status(417), reason)))
            }
            b"loiter" => {
                self.loiter = true;
                Ok(())
            }
            b"priority" => {
                self.priority.update(field.value);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// RFC 9113 8.1.1: what cannot be the number of bytes of the DATA frames is malformed.
    fn take_length(&mut self, value: &[u8]) -> Result<(), Fault> {
        let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
        let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        match (digits, length, self.length) {
            (true, Some(length), None) => {
                self.length = Some(length);
                Ok(())
            }
            (_, _, Some(_)) => malformed("there are two content-length fields"),
            _ => malformed("the content-length is not a number of bytes"),
        }
    }
}

/// Refuses fields about a connection, which HTTP/2 does not have (RFC 9113 8.2.2).
pub(super) fn check_connection(field: &Field) -> Result<(), Fault> {
    match field.name {
        b"connection" | b"keep-alive" | b"proxy-connection" | b"transfer-encoding" | b"upgrade" => {
            malformed("a field is about the connection; HTTP/2 has none of them")
        }
        b"te" if !field.value.eq_ignore_ascii_case(b"trailers") => {
            malformed("te can be trailers only")
        }
        _ => Ok(()),
    }
}

/// A malformed request.
pub(super) fn malformed<T>(reason: &'static str) -> Result<T, Fault> {
    Err(Fault::Malformed(reason))
}

/// A request that is answered with 400.
pub(super) fn refused<T>(reason: &'static str) -> Result<T, Fault> {
    Err(Fault::Refused(Refusal::bad(reason)))
}
