//! Parses request heads: finds the end of one, and makes a request of it (RFC 9112 2 to 6).
//!
//! `tokenize` splits a head into its tokens, `request_framing` decides which body follows and which
//! Host is required, `authority` whether a host is valid.

use std::net::IpAddr;

use super::authority::{self, is_tunnel};
pub use super::request_framing::Length;
use super::request_framing::RequestFraming;
pub use super::tokenize::FieldTable;
use super::tokenize::{self, NO_VERSION, Tokens, is_version};
use crate::base::limits::Limits;
use crate::http::char_class::in_token;
use crate::http::proxy_facts::ProxyFacts;
use crate::http::reply::Refusal;
use crate::http::request::{Field, Method, Params, Request, Target};
use crate::http::status::Status;
use crate::http::tls_facts::TlsFacts;
use crate::http::uri::query::has_modifiers;

/// Start of a request whose response has no body, even if the rest of its head is not valid.
pub const HEAD: &[u8] = b"HEAD ";

/// The result of a [`scan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The head is complete and has this many bytes, including its empty line.
    End(usize),
    /// The head is not complete. The lines before this byte are, and need no second scan.
    More(usize),
}

/// A complete and valid head.
#[derive(Debug)]
pub struct Head<'a> {
    /// Its length in bytes, including its empty line.
    pub bytes: usize,
    /// The request, without its body, path parameters and seed.
    pub request: Request<'a>,
    /// The length of the body.
    pub body: Length,
    /// Whether the client allows the connection to persist (RFC 9112 9.3).
    pub keep_alive: bool,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
}

/// Length in bytes of the empty lines before a request line, which are skipped (RFC 9112 2.2).
pub fn blank_lines(bytes: &[u8]) -> usize {
    2 * bytes.chunks_exact(2).take_while(|line| *line == b"\r\n").count()
}

/// Finds the end of the head that `bytes` starts with; `scanned` is 0, or the value of the last
/// [`Scan::More`]. Refuses a lone LF, and a line or head as soon as it exceeds its limit; the
/// refusal is the same in whatever pieces the head arrives.
pub fn scan(bytes: &[u8], scanned: usize, limits: &Limits) -> Result<Scan, Refusal> {
    let mut start = scanned;
    let mut rest = bytes.get(start..).unwrap_or_default();
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let line = rest.get(..end).unwrap_or_default();
        let Some(line) = check_line(start, line, limits)? else {
            return Err(Refusal::bad("a line of the head ends with a lone LF; it must be CR LF"));
        };
        rest = rest.get(end + 1..).unwrap_or_default();
        start = bytes.len() - rest.len();
        if line.is_empty() {
            return Ok(Scan::End(start));
        }
    }
    check_line(start, rest, limits)?;
    Ok(Scan::More(start))
}

/// The line without its CR, or `None` if it has none. The line starts at byte `start` of the head.
fn check_line<'a>(
    start: usize,
    line: &'a [u8],
    limits: &Limits,
) -> Result<Option<&'a [u8]>, Refusal> {
    let whole = line.strip_suffix(b"\r");
    let length = whole.unwrap_or(line).len();
    // The limit that is reached first is the reason: it must not depend on how the head arrives.
    let room = limits.head_bytes.checked_sub(start);
    let longest = room.map(|room| room.min(limits.head_line_bytes));
    if longest.is_some_and(|longest| length <= longest) {
        return Ok(whole);
    }
    let seen = line.get(..=longest.unwrap_or(0)).unwrap_or(line);
    Err(match start {
        // RFC 9112 3 asks for 501 if it is the method that is too long.
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

/// Refuses an incomplete head that does not start with a method, or has a first line that does not
/// end with a version: a client that speaks TLS or SMTP sends no more until it is answered. Bytes
/// beyond a limit of [`scan`] are not checked, or the reason would depend on how the head arrives.
pub fn check_start(bytes: &[u8], limits: &Limits) -> Result<(), Refusal> {
    let longest = limits.head_line_bytes.min(limits.head_bytes);
    let bytes = bytes.get(..=longest).unwrap_or(bytes);
    let line = memchr::memchr(b'\n', bytes).and_then(|at| bytes.get(..at));
    let mut parts = line.unwrap_or(bytes).split(|&b| b == b' ');
    let method = parts.next().unwrap_or_default();
    if method.is_empty() || !method.iter().all(|&b| in_token(b)) {
        return Err(Refusal::bad(match bytes.first() {
            Some(0) => {
                "the request begins with a zero byte, as a PROXY protocol header does \
                        (version 2), where none is expected"
            }
            _ => "the request line does not begin with a method",
        }));
    }
    match (line, parts.next(), parts.next(), parts.next()) {
        (None, ..) => Ok(()),
        (_, Some([_, ..]), Some([version @ .., b'\r']), None) if is_version(version) => Ok(()),
        _ if method == b"PROXY" => Err(Refusal::bad(
            "a PROXY protocol header (version 1) where none is expected, or a malformed request",
        )),
        _ => Err(Refusal::bad(NO_VERSION)),
    }
}

/// The properties of a request that come from its connection, the clock and the settings.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// The client's address; `None` on a Unix socket.
    pub peer: Option<IpAddr>,
    /// The server's address, as `host:port`.
    pub local: &'a str,
    /// What is known of the TLS connection, if it is one.
    pub tls: Option<&'a TlsFacts>,
    /// What a proxy has reported of the connection, if it has.
    pub proxy: Option<&'a ProxyFacts>,
    /// The time of the request, in microseconds since the Unix epoch.
    pub unix_us: u64,
    /// Whether modifiers have an effect.
    pub modifiers: bool,
}

/// Parses the head that `bytes` starts with, if it is complete, valid, of HTTP/1.0 or 1.1, and so
/// short that [`scan`] could not refuse it for its length. For any other, [`scan`] and [`parse`]
/// find the refusal.
pub fn parse_unscanned<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    limits: &Limits,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    let longest = limits.head_line_bytes.min(limits.head_bytes);
    let bytes = bytes.get(..longest).unwrap_or(bytes);
    match tokenize::with_httparse(bytes, table) {
        Some(tokens) if table.as_slice().len() <= limits.head_fields => {
            head(bytes, tokens, table, origin)
        }
        _ => Err(Refusal::bad("the head is to be scanned")),
    }
}

/// Parses the complete head that `bytes` starts with, after [`scan`] has found its end, or
/// refuses it: with 417 an unknown expectation, 431 too many fields, 501 an unknown transfer
/// coding, 505 an unknown version, and 400 what is not valid.
pub fn parse<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    limits: &Limits,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    let tokens = tokenize::head(bytes, table, limits.head_fields)?;
    head(bytes, tokens, table, origin)
}

/// Makes a head of its tokens and fields, or refuses it.
#[inline(always)] // its result is large to move; the same below
fn head<'a>(
    bytes: &'a [u8],
    tokens: Tokens<'a>,
    table: &'a FieldTable<'a>,
    origin: Origin<'a>,
) -> Result<Head<'a>, Refusal> {
    let (target, authority) = target(&tokens)?;
    if *target.path == *b"*" && tokens.method != b"OPTIONS" {
        return Err(Refusal::bad("the request target * is for OPTIONS"));
    }
    let (fields, version) = (table.as_slice(), tokens.version);
    let framing = RequestFraming::of(fields)?;
    let host = framing.host(version)?;
    if !authority.is_none_or(|name| authority::is_valid(name) && authority::has_name(name)) {
        return Err(Refusal::bad("the request target's authority is malformed"));
    }
    let (host, loiter) = (authority.or(host), framing.has_loiter());
    Ok(Head {
        bytes: tokens.head_bytes,
        request: request(bytes, &tokens, target, host, (fields, loiter), origin),
        body: framing.body(version)?,
        keep_alive: framing.keep_alive(version),
        expects_continue: framing.expects_continue(version)?,
    })
}

/// Reads a request again that was accepted before: its head, and then its body without transfer
/// coding. Nothing is checked a second time, and no limit applies: one that was lowered since must
/// not drop a request that waits. `None` for what is not such a request.
pub fn reparse<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    origin: Origin<'a>,
) -> Option<Request<'a>> {
    let tokens = tokenize::head(bytes, table, usize::MAX).ok()?;
    let (target, authority) = target(&tokens).ok()?;
    let fields = table.as_slice();
    let host = || fields.iter().find(|field| field.is("host")).map(|field| field.value);
    let host = authority.or_else(host);
    let mut request = request(bytes, &tokens, target, host, (fields, false), origin);
    request.body = bytes.get(tokens.head_bytes..).unwrap_or_default();
    request.body_bytes = request.body.len() as u64;
    Some(request)
}

/// The target, and its authority if it has one.
#[inline(always)]
fn target<'a>(tokens: &Tokens<'a>) -> Result<(Target<'a>, Option<&'a [u8]>), Refusal> {
    if tokens.method == b"CONNECT" {
        return match is_tunnel(tokens.target) {
            true => Ok((Target::whole(tokens.target), Some(tokens.target))),
            false => Err(Refusal::bad("the target of CONNECT is not a host, a colon and a port")),
        };
    }
    Target::parse(tokens.target).ok_or_else(|| Refusal::bad("the request target is malformed"))
}

#[inline(always)]
fn request<'a>(
    bytes: &'a [u8],
    tokens: &Tokens<'a>,
    target: Target<'a>,
    host: Option<&'a [u8]>,
    (fields, loiter_field): (&'a [Field<'a>], bool),
    origin: Origin<'a>,
) -> Request<'a> {
    Request {
        method: Method::parse(tokens.method),
        version: tokens.version,
        loiter_field,
        query_modifiers: origin.modifiers && target.raw_query.is_some_and(has_modifiers),
        target,
        params: Params::default(),
        host: host.filter(|name| authority::has_name(name)),
        fields,
        body: &[],
        body_bytes: 0,
        journaled: None,
        peer: origin.peer,
        local: origin.local,
        tls: origin.tls,
        proxy: origin.proxy,
        seed: 0,
        unix_us: origin.unix_us,
        head: bytes.get(..tokens.head_bytes).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_waited_is_parsed_without_limits() {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{}\r\n", "b: c\r\n".repeat(200));
        let origin =
            Origin { peer: None, local: "", tls: None, proxy: None, unix_us: 0, modifiers: true };
        let lowered = Limits { head_fields: 200, ..Limits::default() };
        let (mut first, mut second) = (FieldTable::empty(), FieldTable::empty());
        let refusal = parse(head.as_bytes(), &mut first, &lowered, origin).unwrap_err();
        assert_eq!(refusal.status, Status(431));
        let request = reparse(head.as_bytes(), &mut second, origin).unwrap();
        assert_eq!((request.fields.len(), request.host), (201, Some(b"a".as_slice())));
    }
}
