//! Heads: where one ends, what its request line and fields say, and which body follows
//! (RFC 9112 2 to 6).
//!
//! `tokenize` splits a whole head into its parts, `request_framing` has the rules on which body
//! follows and which Host is needed, `authority` on which is valid.

use std::net::IpAddr;

use super::authority::{self, is_tunnel};
pub use super::request_framing::Length;
use super::request_framing::RequestFraming;
pub use super::tokenize::FieldTable;
use super::tokenize::{self, NO_VERSION, is_version};
use crate::base::limits::Limits;
use crate::http::char_class::in_token;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Params, Request, Target};
use crate::http::status::Status;

/// How a head begins whose answer has no body, whatever else it says.
pub const HEAD: &[u8] = b"HEAD ";

/// Where a head ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// After this many bytes, its empty line included.
    End(usize),
    /// Not yet. The lines before this byte are whole and need not be looked at again.
    More(usize),
}

/// A whole head, understood.
#[derive(Debug)]
pub struct Head<'a> {
    /// How many bytes it is.
    pub bytes: usize,
    /// The request, still without its body, path parameters and random number.
    pub request: Request<'a>,
    /// How long the body is.
    pub body: Length,
    /// Whether the client wants the connection kept (RFC 9112 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// Skips empty lines before a request line (RFC 9112 2.2): how many bytes they are.
pub fn blank_lines(bytes: &[u8]) -> usize {
    2 * bytes.chunks_exact(2).take_while(|line| *line == b"\r\n").count()
}

/// Looks for the end of the head that `bytes` starts with; `scanned` is what the last call said, 0
/// at first. Each line must end with CRLF: a lone LF is refused, and so is a line or a head beyond
/// its limit, as soon as it is. What is refused does not depend on how the head arrives.
pub fn scan(bytes: &[u8], scanned: usize, limits: &Limits) -> Result<Scan, Refusal> {
    let mut start = scanned;
    let mut rest = bytes.get(start..).unwrap_or_default();
    while let Some((line, after)) = memchr::memchr(b'\n', rest).and_then(|at| cut(rest, at)) {
        let Some(line) = check_line(start, line, limits)? else {
            return Err(Refusal::bad("a line of the head ends with a lone LF; it must be CR LF"));
        };
        start = bytes.len() - after.len();
        if line.is_empty() {
            return Ok(Scan::End(start));
        }
        rest = after;
    }
    check_line(start, rest, limits)?;
    Ok(Scan::More(start))
}

/// What stands before and after the byte at `at`.
fn cut(bytes: &[u8], at: usize) -> Option<(&[u8], &[u8])> {
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// A line without its CR, if it has one.
fn check_line<'a>(
    start: usize,
    line: &'a [u8],
    limits: &Limits,
) -> Result<Option<&'a [u8]>, Refusal> {
    let whole = line.strip_suffix(b"\r");
    let length = whole.unwrap_or(line).len();
    // The bound that is met first gives the reason, or it would depend on how the head arrives.
    let room = limits.head_bytes.checked_sub(start);
    let longest = room.map(|room| room.min(limits.head_line_bytes));
    if longest.is_some_and(|longest| length <= longest) {
        return Ok(whole);
    }
    let seen = line.get(..=longest.unwrap_or(0)).unwrap_or(line);
    Err(match start {
        // RFC 9112 3: what is too long is the method, if nothing but it has come.
        0 if memchr::memchr(b' ', seen).is_none() => {
            Refusal::new(Status(501), "the method is too long")
        }
        _ if longest < Some(limits.head_line_bytes) => {
            Refusal::new(Status(431), "the head is too long")
        }
        0 => Refusal::new(Status(414), "the request line is too long"),
        _ => Refusal::new(Status(431), "a header field is too long"),
    })
}

/// Whether a head that is not whole begins as one does. A client that speaks TLS or SMTP waits for
/// us to answer: it is told at once that it is not understood. What [`scan`] finds too long is not
/// looked at, or the reason would depend on how the head arrives.
pub fn is_begun(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let longest = limits.head_line_bytes.min(limits.head_bytes);
    let bytes = bytes.get(..=longest).unwrap_or(bytes);
    let line = memchr::memchr(b'\n', bytes).and_then(|at| bytes.get(..at));
    let mut words = line.unwrap_or(bytes).split(|&b| b == b' ');
    let method = words.next().unwrap_or_default();
    if method.is_empty() || !method.iter().all(|&b| in_token(b)) {
        return Err(Refusal::bad("the request line does not begin with a method"));
    }
    match (line, words.next(), words.next(), words.next()) {
        (None, ..) => Ok(()),
        (_, Some([_, ..]), Some([version @ .., b'\r']), None) if is_version(version) => Ok(()),
        _ => Err(Refusal::bad(NO_VERSION)),
    }
}

/// What the connection knows and a head does not say.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address.
    pub peer: Option<IpAddr>,
    /// Our address.
    pub local: &'a str,
    /// The Unix time, in microseconds.
    pub unix_us: u64,
}

/// Understands the head that `bytes` starts with, if it is whole and [`scan`] could find nothing
/// wrong with it: it is so short that no line is too long. If not, the reason is for [`scan`] to
/// say.
pub fn parse_unscanned<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    limits: &Limits,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    match parse(bytes, table, limits, origin) {
        Ok(head) if head.bytes > limits.head_line_bytes.min(limits.head_bytes) => {
            Err(Refusal::bad("the head is too long to be understood at once"))
        }
        // Moved as it is: a head is large.
        parsed => parsed,
    }
}

/// Parses the whole head that `bytes` starts with, whose end [`scan`] has found.
pub fn parse<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    limits: &Limits,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    understand(bytes, table, limits.head_fields, origin)
}

/// Parses the head of a request that was accepted before. No limit applies: they may have been
/// lowered since, and a request that waits must not be dropped for it.
pub fn reparse<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    understand(bytes, table, usize::MAX, origin)
}

/// The meaning of a whole head with at most `most_fields` fields.
fn understand<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    most_fields: usize,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    let (line, length) = tokenize::by_line(bytes, table, most_fields)?;
    let (method, version) = (Method::parse(line.method), line.version);
    let parts = Target::parse(line.target).filter(|_| method != Method::Connect);
    let Some((target, authority)) = parts.or_else(|| tunnel(method, line.target)) else {
        return Err(bad_target(method));
    };
    if *target.path == *b"*" && method != Method::Options {
        return Err(Refusal::bad("the request target * is for OPTIONS"));
    }
    let fields = table.as_slice();
    let framing = RequestFraming::of(fields)?;
    let host = framing.host(version)?;
    if !authority.is_none_or(|name| authority::is_valid(name) && authority::has_name(name)) {
        return Err(Refusal::bad("the request target's authority is malformed"));
    }
    let request = Request {
        method,
        version,
        target,
        params: Params::default(),
        host: authority.or(host).filter(|name| authority::has_name(name)),
        fields,
        body: &[],
        body_bytes: 0,
        peer: origin.peer,
        local: origin.local,
        seed: 0,
        unix_us: origin.unix_us,
        head: bytes.get(..length).unwrap_or_default(),
    };
    Ok(Head {
        bytes: length,
        request,
        body: framing.body(version)?,
        keep_alive: framing.keep_alive(version),
        expects_continue: framing.expects_continue(version)?,
    })
}

/// The target of CONNECT, which has a form of its own (RFC 9112 3.2.3).
fn tunnel(method: Method, target: &[u8]) -> Option<(Target<'_>, Option<&[u8]>)> {
    let is_one = method == Method::Connect && is_tunnel(target);
    is_one.then(|| (Target::whole(target), Some(target)))
}

fn bad_target(method: Method) -> Refusal {
    Refusal::bad(match method {
        Method::Connect => "the target of CONNECT is not a host, a colon and a port",
        _ => "the request target is malformed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_waited_is_parsed_without_limits() {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "b: c\r\n".repeat(200));
        let origin = Origin { peer: None, local: "", unix_us: 0 };
        let lowered = Limits { head_fields: 200, ..Limits::default() };
        let (mut first, mut second) = (FieldTable::empty(), FieldTable::empty());
        let refusal = parse(head.as_bytes(), &mut first, &lowered, origin).unwrap_err();
        assert_eq!(refusal.status, Status(431));
        let head = reparse(head.as_bytes(), &mut second, origin).unwrap();
        assert_eq!(head.request.fields.len(), 201);
    }
}
