//! A request, borrowed from the bytes that arrived.

use std::borrow::Cow;
use std::net::IpAddr;

use super::proxy_facts::ProxyFacts;
use super::tls_facts::TlsFacts;
use crate::base::limits::MAX_PARAMS;

/// A header field as it arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, a token, in the case in which it was sent.
    pub name: &'a [u8],
    /// Its value, trimmed.
    pub value: &'a [u8],
}

impl<'a> Field<'a> {
    /// A field of this name and value.
    pub fn of(name: &'a str, value: &'a str) -> Field<'a> {
        Field { name: name.as_bytes(), value: value.as_bytes() }
    }

    /// Whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The methods of RFC 9110 section 9, RFC 5789 and RFC 10008, and any other. Case-sensitive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Method {
    /// RFC 9110 9.3.1.
    Get,
    /// RFC 9110 9.3.2: like GET, answered without a body.
    Head,
    /// RFC 9110 9.3.3.
    Post,
    /// RFC 9110 9.3.4.
    Put,
    /// RFC 9110 9.3.5.
    Delete,
    /// RFC 5789.
    Patch,
    /// RFC 9110 9.3.7.
    Options,
    /// RFC 9110 9.3.8.
    Trace,
    /// RFC 9110 9.3.6: recognized, but no route accepts it.
    Connect,
    /// RFC 10008: safe and idempotent like GET, with a body like POST.
    Query,
    /// Any other token. Its name is in the request: [`Request::method_name`].
    #[default]
    Other,
}

impl Method {
    /// Every method with a name of its own here, in the order of the enum.
    pub const ALL: [Method; 10] = [
        Method::Get,
        Method::Head,
        Method::Post,
        Method::Put,
        Method::Delete,
        Method::Patch,
        Method::Options,
        Method::Trace,
        Method::Connect,
        Method::Query,
    ];

    /// The method with this exact name, which is a token.
    pub fn parse(name: &[u8]) -> Method {
        let named = Method::ALL.into_iter().find(|method| method.name().as_bytes() == name);
        named.unwrap_or(Method::Other)
    }

    /// The name on the wire; empty for [`Other`](Method::Other).
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
            Method::Patch => "PATCH",
            Method::Options => "OPTIONS",
            Method::Trace => "TRACE",
            Method::Connect => "CONNECT",
            Method::Query => "QUERY",
            Method::Other => "",
        }
    }
}

/// A set of methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Methods(u16);

impl Methods {
    /// The set of these methods.
    pub const fn of(methods: &[Method]) -> Methods {
        let mut bits = 0;
        let mut i = 0;
        while i < methods.len() {
            bits |= 1 << methods[i] as u16;
            i += 1;
        }
        Methods(bits)
    }

    /// Whether the set holds `method`.
    pub const fn contains(self, method: Method) -> bool {
        self.0 & 1 << method as u16 != 0
    }

    /// The methods of both sets.
    pub const fn with(self, other: Methods) -> Methods {
        Methods(self.0 | other.0)
    }

    /// Its methods that have a name of their own here, in the order of [`Method::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Method> {
        Method::ALL.into_iter().filter(move |&method| self.contains(method))
    }
}

/// The protocol version. HTTP/1.2 and later count as 1.1 (RFC 9110 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
}

impl Version {
    /// Its name on the wire.
    pub const fn name(self) -> &'static [u8; 8] {
        match self {
            Version::Http10 => b"HTTP/1.0",
            Version::Http11 => b"HTTP/1.1",
            Version::Http2 => b"HTTP/2.0",
        }
    }

    /// The same as text.
    pub const fn text(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
            Version::Http2 => "HTTP/2.0",
        }
    }
}

/// The request target (RFC 9112 3.2).
#[derive(Clone, Debug, PartialEq)]
pub struct Target<'a> {
    /// The whole target as sent, without fragment; for the log and `/dump/request`.
    pub raw: &'a [u8],
    /// The path as sent; starts with `/`, except in `*` and in the authority form.
    pub raw_path: &'a [u8],
    /// The percent-decoded path, which routes match. Invalid escapes stay literal.
    pub path: Cow<'a, [u8]>,
    /// The query as sent, without `?` and fragment; `None` when there is no `?`.
    pub raw_query: Option<&'a [u8]>,
}

/// The positions of the path parameters in the decoded path.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Params {
    /// Start and end of each, as byte offsets in [`Target::path`].
    pub spans: [(u32, u32); MAX_PARAMS],
}

/// What comes before the method in an HTTP/2 head.
const METHOD: &[u8] = b":method: ";

/// A whole request.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// The protocol version.
    pub version: Version,
    /// Whether it has a `Loiter` field.
    pub loiter_field: bool,
    /// Whether a name in the query begins with `~` and modifiers are on: such names are not
    /// arguments, except `~~x`, which is the argument `~x`.
    pub query_modifiers: bool,
    /// The target.
    pub target: Target<'a>,
    /// The path parameters, set by the router.
    pub params: Params,
    /// The authority of the target, else the Host field; `None` if its host is empty.
    pub host: Option<&'a [u8]>,
    /// All fields, in the order in which they arrived.
    pub fields: &'a [Field<'a>],
    /// The body without its transfer coding; empty if the route does not keep it.
    pub body: &'a [u8],
    /// The beginning of the body, for the journal alone, if the route does not keep it.
    pub journaled: Option<&'a [u8]>,
    /// The length of the body in bytes, whether it was kept or not.
    pub body_bytes: u64,
    /// The client's address; `None` on a Unix socket.
    pub peer: Option<IpAddr>,
    /// The server's own address as `host:port`, for requests without a host.
    pub local: &'a str,
    /// What is known of the TLS connection it came over; `None` for plain TCP.
    pub tls: Option<&'a TlsFacts>,
    /// What a proxy has reported of the connection by the PROXY protocol, if it has.
    pub proxy: Option<&'a ProxyFacts>,
    /// A random number for this request: the seed of everything random in its answer.
    pub seed: u64,
    /// When the request arrived: Unix time in microseconds.
    pub unix_us: u64,
    /// The head as it arrived, with its final empty line. In HTTP/2, its decoded fields as lines,
    /// in the order in which they arrived, pseudo-fields included.
    pub head: &'a [u8],
}

impl<'a> Request<'a> {
    /// The method's name, exactly as it was sent.
    pub fn method_name(&self) -> &'a str {
        match self.method {
            Method::Other => std::str::from_utf8(self.method_token()).unwrap_or_default(),
            method => method.name(),
        }
    }

    /// The method as it is in the head.
    fn method_token(&self) -> &'a [u8] {
        let (start, end) = match self.version {
            Version::Http2 => (memchr::memmem::find(self.head, METHOD), b'\r'),
            _ => (None, b' '),
        };
        let head = self.head.get(start.map_or(0, |start| start + METHOD.len())..);
        head.and_then(|head| head.split(|&byte| byte == end).next()).unwrap_or_default()
    }

    /// The value of the first field of this name, in any case.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        self.fields_named(name).next()
    }

    /// The values of all fields of this name, in any case, in the order in which they arrived.
    pub fn fields_named(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |field| field.is(name)).map(|field| field.value)
    }

    /// The values of all fields of this name joined with `,`, as by gunicorn; `None` without one.
    pub fn joined(&self, name: &str) -> Option<Vec<u8>> {
        let values: Vec<&[u8]> = self.fields_named(name).collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }

    /// As much of the body as there is, for the journal.
    pub fn content(&self) -> &'a [u8] {
        self.journaled.unwrap_or(self.body)
    }

    /// Path parameter `n`, percent-decoded; empty when the route has fewer.
    pub fn param(&self, n: usize) -> &[u8] {
        let span = self.params.spans.get(n).copied().unwrap_or_default();
        self.target.path.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }
}
