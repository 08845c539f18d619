//! Makes a request of a decoded head (RFC 9113 8), or finds out why it is none.
//!
//! What contradicts HTTP/2 itself is malformed, and its stream is reset. What HTTP/1 answers with a
//! status, such as a bad target, gets the same answer here.

#[cfg(test)]
mod tests;

use super::hpack::decoded::{Decoded, Fault};
use super::priority::Priority;
use super::request_fields::{RequestFields, check_connection, malformed, refused};
use crate::base::limits::Limits;
use crate::http::char_class::{all, in_token, is_visible};
use crate::http::reply::Refusal;
use crate::http::request::{Field, Method, Params, Request, Target, Version};
use crate::http::status::Status;
use crate::http::uri::query::has_modifiers;
use crate::proto::http1::authority;
use crate::proto::http1::head::{self, Origin};

/// A valid head.
#[derive(Debug)]
pub struct Head<'a> {
    /// The request, without its body, path parameters and seed.
    pub request: Request<'a>,
    /// The Content-Length: it must be the sum of the DATA frames' data, or the request is malformed
    /// (RFC 9113 8.1.1).
    pub length: Option<u64>,
    /// Whether the client waits for `100 Continue` before it sends the body.
    pub expects_continue: bool,
    /// Whether it is a CONNECT that asks for WebSocket (RFC 8441): it has a path then.
    pub websocket: bool,
    /// The priority of the stream.
    pub priority: Priority,
}

/// The fields of a request: Host first, made of `:authority`, then the others in the order in which
/// they arrived. The crumbs of a cookie are one field, where the first was (RFC 9113 8.2.3).
#[derive(Debug)]
pub struct FieldTable<'a> {
    fields: head::FieldTable<'a>,
    cookie: Vec<u8>,
}

impl FieldTable<'_> {
    /// A table without fields.
    pub const fn empty() -> Self {
        FieldTable { fields: head::FieldTable::empty(), cookie: Vec::new() }
    }
}

/// The pseudo-fields (RFC 9113 8.3.1, RFC 8441 4).
#[derive(Default)]
struct Pseudo<'a> {
    method: Option<&'a [u8]>,
    scheme: Option<&'a [u8]>,
    authority: Option<&'a [u8]>,
    path: Option<&'a [u8]>,
    protocol: Option<&'a [u8]>,
}

/// What is asked for: a target, and the checked authority.
struct Asked<'a> {
    method: &'a [u8],
    target: Target<'a>,
    authority: Option<&'a [u8]>,
    websocket: bool,
}

/// Makes a request of a decoded head into the empty `table`, or returns its fault.
pub fn parse<'a>(
    decoded: &'a Decoded,
    table: &'a mut FieldTable<'a>,
    origin: Origin<'a>,
) -> Result<Head<'a>, Fault> {
    if let Some(fault) = &decoded.fault {
        return Err(fault.clone());
    }
    build(fields(decoded), &decoded.text, table, origin)
}

/// Makes the same request again of the text of its head, behind which is the body. `None` for what
/// is not such a text.
pub fn reparse<'a>(
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    origin: Origin<'a>,
) -> Option<Request<'a>> {
    let end = text_fields(bytes).map(|field| line_bytes(&field)).sum::<usize>() + 2;
    let (text, body) = bytes.split_at_checked(end)?;
    let mut request = build(text_fields(text), text, table, origin).ok()?.request;
    request.body = body;
    request.body_bytes = body.len() as u64;
    Some(request)
}

/// A request in the place of one that is refused, for its answer and the log: only its method,
/// path and fields are set.
pub fn placeholder<'a>(
    decoded: &'a Decoded,
    table: &'a mut FieldTable<'a>,
    origin: Origin<'a>,
) -> Request<'a> {
    let mut pseudo = Pseudo::default();
    for field in fields(decoded) {
        match field.name.strip_prefix(b":") {
            Some(name) => drop(pseudo.take(name, field.value)),
            None => table.fields.push(field),
        }
    }
    let method = pseudo.method.filter(|name| name.iter().all(|&byte| in_token(byte)));
    let (method, path) = (method.unwrap_or(b"GET"), pseudo.path.unwrap_or_default());
    let asked = Asked { method, target: Target::whole(path), authority: None, websocket: false };
    request(asked, &decoded.text, table.fields.as_slice(), origin)
}

/// Checks the fields that follow a body; they are not used (RFC 9113 8.1).
pub fn check_trailers(decoded: &Decoded, limits: &Limits) -> Result<(), Fault> {
    if let Some(fault) = &decoded.fault {
        return Err(fault.clone());
    }
    for field in fields(decoded) {
        if field.name.starts_with(b":") {
            return malformed("a pseudo-field is in the trailers");
        }
        check_connection(&field)?;
    }
    if decoded.text.len() > limits.trailers {
        return refused("the trailers are too long");
    }
    Ok(())
}

fn fields(decoded: &Decoded) -> impl Iterator<Item = Field<'_>> {
    let text = &decoded.text;
    decoded.lines.iter().map(|line| Field { name: line.name(text), value: line.value(text) })
}

/// The fields in a text, up to its empty line.
fn text_fields(text: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (line, after) = rest.split_at_checked(memchr::memchr(b'\n', rest)? + 1)?;
        let line = line.strip_suffix(b"\r\n")?;
        let colon = memchr::memchr(b':', line.get(1..)?)? + 1;
        rest = after;
        let value = line.get(colon..)?.strip_prefix(b": ")?;
        Some(Field { name: line.get(..colon)?, value })
    })
}

fn line_bytes(field: &Field) -> usize {
    field.name.len() + field.value.len() + ": \r\n".len()
}

fn build<'a>(
    lines: impl Iterator<Item = Field<'a>>,
    text: &'a [u8],
    table: &'a mut FieldTable<'a>,
    origin: Origin<'a>,
) -> Result<Head<'a>, Fault> {
    let (mut pseudo, mut known) = (Pseudo::default(), RequestFields::default());
    let mut lines = lines.peekable();
    while let Some(field) = lines.next_if(|field| field.name.starts_with(b":")) {
        pseudo.take(field.name.get(1..).unwrap_or_default(), field.value)?;
    }
    let named = pseudo.authority.filter(|authority| !authority.is_empty());
    if let Some(value) = named {
        table.fields.push(Field { name: b"host", value });
    }
    let mut cookie = None;
    for field in lines {
        known.take(&field)?;
        match (field.name, cookie) {
            ([b':', ..], _) => return malformed("a pseudo-field follows a field"),
            (b"host", _) if named.is_some() => continue,
            (b"cookie", None) => cookie = Some((table.fields.as_slice().len(), field.value)),
            (b"cookie", Some((_, first))) => {
                if table.cookie.is_empty() {
                    table.cookie.extend_from_slice(first);
                }
                table.cookie.extend_from_slice(b"; ");
                table.cookie.extend_from_slice(field.value);
                continue;
            }
            _ => {}
        }
        table.fields.push(field);
    }
    let asked = pseudo.ask(known.host)?;
    let FieldTable { fields, cookie: crumbs } = table;
    if let (Some((at, _)), false) = (cookie, crumbs.is_empty()) {
        fields.set_value(at, crumbs);
    }
    let websocket = asked.websocket;
    let mut request = request(asked, text, fields.as_slice(), origin);
    request.loiter_field = known.loiter;
    let RequestFields { length, expects_continue, priority, .. } = known;
    Ok(Head { request, length, expects_continue, websocket, priority })
}

impl<'a> Pseudo<'a> {
    /// Takes the pseudo-field with this name, without its colon.
    fn take(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Fault> {
        let place = match name {
            b"method" => &mut self.method,
            b"scheme" => &mut self.scheme,
            b"authority" => &mut self.authority,
            b"path" => &mut self.path,
            b"protocol" => &mut self.protocol,
            _ => return malformed("a pseudo-field is not known"),
        };
        match place.replace(value) {
            None => Ok(()),
            Some(_) => malformed("a pseudo-field is repeated"),
        }
    }

    /// What is asked for, with this Host field.
    fn ask(&self, host: Option<&'a [u8]>) -> Result<Asked<'a>, Fault> {
        let method = self.method.unwrap_or_default();
        if method.is_empty() || !method.iter().all(|&byte| in_token(byte)) {
            return malformed("there is no valid :method");
        }
        if self.protocol.is_some() && method != b"CONNECT" {
            return malformed(":protocol is for CONNECT");
        }
        if method == b"CONNECT" && self.protocol.is_none() {
            return self.tunnel(host);
        }
        let (Some([_, ..]), Some(path @ [_, ..])) = (self.scheme, self.path) else {
            return malformed("there is no :scheme, or no :path");
        };
        let authority = self.authority(host)?;
        let websocket = match self.protocol {
            None => false,
            Some(b"websocket") => true,
            Some(_) => {
                let reason = "websocket is the only supported :protocol";
                return Err(Fault::Refused(Refusal::new(Status(501), reason)));
            }
        };
        let target = target(method, path)?;
        // The handshake is a GET in HTTP/1.1.
        let method = if websocket { b"GET" } else { method };
        Ok(Asked { method, target, authority, websocket })
    }

    /// The authority, else the Host; both must be the same, and one of them is needed, as in
    /// HTTP/1.1 (RFC 9113 8.3.1). An empty one counts as none.
    fn authority(&self, host: Option<&'a [u8]>) -> Result<Option<&'a [u8]>, Fault> {
        let own = self.authority.filter(|own| !own.is_empty());
        if own.is_some_and(|own| own.contains(&b'@')) {
            return malformed(":authority has a user");
        }
        match (own, host) {
            (Some(own), Some(host)) if !own.eq_ignore_ascii_case(host) => {
                malformed(":authority and the Host field differ")
            }
            (None, None) if self.authority.is_none() => {
                refused("an HTTP/2 request needs :authority or a Host field")
            }
            _ if !own.or(host).is_none_or(authority::is_valid) => {
                refused(":authority or the Host field is malformed")
            }
            _ => Ok(own.or(host)),
        }
    }

    /// RFC 9113 8.5: a CONNECT for a tunnel.
    fn tunnel(&self, host: Option<&'a [u8]>) -> Result<Asked<'a>, Fault> {
        let (None, None, Some(own)) = (self.scheme, self.path, self.authority) else {
            return malformed("a CONNECT has :authority, and neither :scheme nor :path");
        };
        let authority = self.authority(host)?;
        if !authority::is_tunnel(own) {
            return refused("the target of CONNECT is not a host, a colon and a port");
        }
        let target = Target::whole(own);
        Ok(Asked { method: b"CONNECT", target, authority, websocket: false })
    }
}

/// The target of a path, which is as valid as in HTTP/1: UTF-8 without blanks and controls.
fn target<'a>(method: &[u8], path: &'a [u8]) -> Result<Target<'a>, Fault> {
    let sound = |byte: &u8| !matches!(*byte, 0..=b' ' | 0x7f);
    let valid =
        all(path, is_visible) || (path.iter().all(sound) && std::str::from_utf8(path).is_ok());
    match Target::parse(path) {
        Some((target, None)) if valid && *target.path == *b"*" && method != b"OPTIONS" => {
            refused("the request target * is for OPTIONS")
        }
        Some((target, None)) if valid => Ok(target),
        _ => refused("the :path is malformed; it must begin with a slash"),
    }
}

fn request<'a>(
    asked: Asked<'a>,
    text: &'a [u8],
    fields: &'a [Field<'a>],
    origin: Origin<'a>,
) -> Request<'a> {
    let Asked { method, target, authority, .. } = asked;
    Request {
        method: Method::parse(method),
        version: Version::Http2,
        loiter_field: false,
        query_modifiers: origin.modifiers && target.raw_query.is_some_and(has_modifiers),
        target,
        params: Params::default(),
        host: authority.filter(|name| authority::has_name(name)),
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
        head: text,
    }
}
