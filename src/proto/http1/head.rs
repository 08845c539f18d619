//! Heads: where one ends, what its request line and fields say, and which body follows
//! (RFC 9112 2 to 6).
//!
//! `httparse` splits lines into tokens; every rule about what is allowed stands here: which body
//! follows in `Facts::body`, numbered as in RFC 9112 6.3, and which Host is valid in
//! `Facts::host` and below it.

use std::mem::MaybeUninit;
use std::net::{IpAddr, Ipv6Addr};

use crate::base::limits::{Limits, MAX_FIELDS};
use crate::http::reply::Refusal;
use crate::http::request::{Field, Method, Params, Request, Target, Version};
use crate::http::status::Status;

/// Room for a head's fields, on the stack and not initialised: that would cost more than parsing.
pub type Slots<'a> = [MaybeUninit<Field<'a>>; MAX_FIELDS];

/// An empty [`Slots`].
pub const fn slots<'a>() -> Slots<'a> {
    [const { MaybeUninit::uninit() }; MAX_FIELDS]
}

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
    /// The request, still without its body and path parameters.
    pub request: Request<'a>,
    /// How long the body is.
    pub body: Length,
    /// Whether the client wants the connection kept (RFC 9112 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// How long a body is (RFC 9112 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This many bytes; 0 when the head names no length.
    Exact(u64),
    /// Until its last chunk.
    Chunked,
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
    Err(match start {
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

const NO_VERSION: &str = "the request line does not end with HTTP/1.1";

fn is_version(word: &[u8]) -> bool {
    matches!(word, [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'])
}

/// Bytes of a token (RFC 9110 5.6.2).
fn in_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What the connection knows and a head does not say.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address.
    pub peer: Option<IpAddr>,
    /// Our address.
    pub local: &'a str,
    /// The request's own random number.
    pub seed: u64,
    /// The Unix time, in microseconds.
    pub unix_us: u64,
}

/// Understands the whole head that `bytes` starts with, whose end [`scan`] has found.
pub fn parse<'a>(
    bytes: &'a [u8],
    slots: &'a mut Slots<'a>,
    limits: &Limits,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    let mut parsed = httparse::Request::new(&mut []);
    let length = match parsed.parse_with_uninit_headers(bytes, slots) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Err(Refusal::bad("the head is malformed")),
        Err(error) => return Err(malformed(bytes, error)),
    };
    let version = if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 };
    let name = parsed.method.unwrap_or_default();
    let method = Method::parse(name)
        .ok_or_else(|| Refusal::new(Status(501), format!("the method {name} is not known here")))?;
    let raw = parsed.path.unwrap_or_default().as_bytes();
    let (target, authority) =
        Target::parse(raw).ok_or_else(|| Refusal::bad("the request target is malformed"))?;
    if *target.path == *b"*" && method != Method::Options {
        return Err(Refusal::bad("the request target * is for OPTIONS"));
    }
    let facts = Facts::of(parsed.headers, limits)?;
    let host = facts.host(version)?;
    if authority.is_some_and(|authority| !valid_host(authority)) {
        return Err(Refusal::bad("the request target's authority is malformed"));
    }
    let request = Request {
        method,
        version,
        target,
        params: Params::default(),
        host: authority.or(host),
        fields: parsed.headers,
        body: &[],
        peer: origin.peer,
        local: origin.local,
        seed: origin.seed,
        unix_us: origin.unix_us,
        head: bytes.get(..length).unwrap_or_default(),
    };
    Ok(Head {
        bytes: length,
        request,
        body: facts.body(version)?,
        keep_alive: facts.keep_alive(version),
        expects_continue: facts.expects_continue(version)?,
    })
}

/// Says what was wrong with a head that `httparse` does not take.
fn malformed(bytes: &[u8], error: httparse::Error) -> Refusal {
    match error {
        httparse::Error::TooManyHeaders => {
            Refusal::new(Status(431), "there are too many header fields")
        }
        httparse::Error::Version => unknown_version(bytes),
        error => Refusal::bad(format!("the head is malformed: {error}")),
    }
}

/// `HTTP/2.0` and the like are well-formed and not served (RFC 9110 2.5 and 15.6.6).
fn unknown_version(bytes: &[u8]) -> Refusal {
    let line = bytes.split(|&b| b == b'\r').next().unwrap_or_default();
    let mut words = line.split(|&b| b == b' ').skip(2);
    match (words.next(), words.next()) {
        (Some(version), None) if is_version(version) => {
            Refusal::new(Status(505), "only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
        _ => Refusal::bad(NO_VERSION),
    }
}

/// Where the minor version stands in a head of HTTP/1.2 to 1.9, which is to be understood as 1.1
/// (RFC 9110 2.5). `httparse` knows 1.0 and 1.1 only.
pub fn later_minor(bytes: &[u8]) -> Option<usize> {
    let line = bytes.get(..memchr::memchr(b'\r', bytes)?)?;
    let (minor, rest) = line.split_last()?;
    (rest.ends_with(b" HTTP/1.") && (b'2'..=b'9').contains(minor)).then_some(rest.len())
}

/// What the fields say that decide framing and persistence, found in one pass.
#[derive(Default)]
struct Facts<'a> {
    host: Option<&'a [u8]>,
    hosts: u32,
    length: Option<u64>,
    coding: Coding,
    close: bool,
    keep_alive: bool,
    expect: Option<&'a [u8]>,
}

/// What the Transfer-Encoding fields say.
#[derive(Clone, Copy, Default, PartialEq)]
enum Coding {
    #[default]
    None,
    Chunked,
    Unknown,
    Malformed,
}

impl<'a> Facts<'a> {
    fn of(fields: &[Field<'a>], limits: &Limits) -> Result<Facts<'a>, Refusal> {
        if fields.len() > limits.head_fields {
            return Err(Refusal::new(Status(431), "there are too many header fields"));
        }
        let mut facts = Facts::default();
        for field in fields {
            facts.take(field)?;
        }
        Ok(facts)
    }

    /// Only names of these lengths matter, which passes over nearly every other field at once.
    fn take(&mut self, field: &Field<'a>) -> Result<(), Refusal> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        match field.name.len() {
            4 if is("host") => {
                self.host = Some(field.value);
                self.hosts += 1;
            }
            6 if is("expect") => self.expect = Some(field.value),
            10 if is("connection") => self.take_connection(field.value),
            14 if is("content-length") => self.take_length(field.value)?,
            17 if is("transfer-encoding") => self.take_coding(field.value),
            14.. if FRAMING.iter().any(|words| reads_as(field.name, words)) => {
                let name = field.name;
                return Err(Refusal::bad(format!("{name} could be taken for a framing field")));
            }
            _ => {}
        }
        Ok(())
    }

    fn take_connection(&mut self, value: &[u8]) {
        for option in list(value) {
            self.close |= option.eq_ignore_ascii_case(b"close");
            self.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
        }
    }

    /// Rule 5 of [`body`](Facts::body): digits only. The same length twice is allowed to be
    /// merged, but no honest client sends it, so it is refused.
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

    /// Rule 4 of [`body`](Facts::body): `chunked` once, last and without parameters; we know no
    /// other coding (RFC 9112 6.1).
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

    /// RFC 9112 3.2: exactly one in HTTP/1.1, at most one in 1.0, and a valid one.
    fn host(&self, version: Version) -> Result<Option<&'a [u8]>, Refusal> {
        match (self.hosts, version) {
            (0, Version::Http11) => Err(Refusal::bad("an HTTP/1.1 request needs a Host field")),
            (2.., _) => Err(Refusal::bad("there are several Host fields")),
            _ if !self.host.is_none_or(valid_host) => {
                Err(Refusal::bad("the Host field is malformed"))
            }
            _ => Ok(self.host),
        }
    }

    /// How long the body is, by the rules of RFC 9112 6.3. Those that are not here (1, 2 and 8)
    /// are about answers. Whatever is refused here ends the connection.
    fn body(&self, version: Version) -> Result<Length, Refusal> {
        match (self.coding, self.length) {
            // 3. Both: it may be an attempt to smuggle a request, and is refused.
            (Coding::Chunked | Coding::Unknown | Coding::Malformed, Some(_)) => {
                Err(Refusal::bad("there are both a Content-Length and a Transfer-Encoding"))
            }
            // 4. A coding alone; where there is none (6.1), it is faulty.
            (Coding::Chunked | Coding::Unknown | Coding::Malformed, None)
                if version == Version::Http10 =>
            {
                Err(Refusal::bad("HTTP/1.0 has no Transfer-Encoding"))
            }
            (Coding::Chunked, None) => Ok(Length::Chunked),
            (Coding::Unknown, None) => {
                Err(Refusal::new(Status(501), "chunked is the only transfer coding known here"))
            }
            (Coding::Malformed, None) => Err(Refusal::bad("the Transfer-Encoding is malformed")),
            // 5. A length that is none was refused where it was found, in `take_length`.
            // 6. A length alone.
            (Coding::None, Some(length)) => Ok(Length::Exact(length)),
            // 7. Neither: there is no body.
            (Coding::None, None) => Ok(Length::Exact(0)),
        }
    }

    fn keep_alive(&self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }

    /// RFC 9110 10.1.1: HTTP/1.0 clients do not know `100 Continue`, and we know no other.
    fn expects_continue(&self, version: Version) -> Result<bool, Refusal> {
        match self.expect {
            Some(value) if version == Version::Http11 => {
                if value.eq_ignore_ascii_case(b"100-continue") {
                    return Ok(true);
                }
                Err(Refusal::new(Status(417), "100-continue is the only expectation known here"))
            }
            _ => Ok(false),
        }
    }
}

/// The words of the names that decide framing.
const FRAMING: [[&str; 2]; 2] = [["content", "length"], ["transfer", "encoding"]];

/// Whether a name is made of these words, with any hyphens and underscores about them. Names like
/// `Transfer_Encoding` are legal and mean nothing here, but there are programs to which one mark is
/// as good as the other: a proxy that reads a body from it disagrees with us on where it ends.
fn reads_as(name: &str, words: &[&str; 2]) -> bool {
    let mut parts = name.split(['-', '_']).filter(|part| !part.is_empty());
    words.iter().all(|word| parts.next().is_some_and(|part| part.eq_ignore_ascii_case(word)))
        && parts.next().is_none()
}

/// The members of a comma-separated list, without blanks; empty ones are skipped (RFC 9110 5.6.1).
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty())
}

/// `uri-host [":" port]` (RFC 9110 7.2, RFC 3986 3.2.2); empty is allowed by the grammar.
fn valid_host(host: &[u8]) -> bool {
    let (name, port) = match host.iter().rposition(|&b| b == b':') {
        Some(colon) if !host.ends_with(b"]") => (&host[..colon], &host[colon + 1..]),
        _ => (host, &b""[..]),
    };
    let literal = name.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    port.iter().all(u8::is_ascii_digit)
        && match literal {
            Some(address) => valid_address(address),
            None => valid_name(name),
        }
}

/// What stands in brackets: an IPv6 address, with a zone perhaps (RFC 6874), or one of a version
/// that is still to be invented.
fn valid_address(literal: &[u8]) -> bool {
    let address = literal.split(|&b| b == b'%').next().unwrap_or_default();
    let zone = literal.get(address.len()..).unwrap_or_default();
    let ipv6 = std::str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    (ipv6 && (zone.is_empty() || valid_zone(zone))) || valid_later_address(literal)
}

/// `"%25" 1*( unreserved / pct-encoded )`
fn valid_zone(zone: &[u8]) -> bool {
    zone.strip_prefix(b"%25").is_some_and(|name| !name.is_empty() && valid_name(name))
}

/// `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`
fn valid_later_address(literal: &[u8]) -> bool {
    let [b'v' | b'V', rest @ ..] = literal else { return false };
    let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let name = rest.get(digits..).and_then(|rest| rest.strip_prefix(b"."));
    let in_address = |&b: &u8| b == b':' || (b != b'%' && in_name(b));
    digits > 0 && name.is_some_and(|name| !name.is_empty() && name.iter().all(in_address))
}

/// `*( unreserved / pct-encoded / sub-delims )`: a name beyond ASCII is sent as Punycode, or
/// escaped.
fn valid_name(name: &[u8]) -> bool {
    let digits =
        |rest: &[u8]| matches!(rest, [a, b, ..] if [a, b].iter().all(|d| d.is_ascii_hexdigit()));
    name.iter().all(|&b| in_name(b)) && name.split(|&b| b == b'%').skip(1).all(digits)
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}
