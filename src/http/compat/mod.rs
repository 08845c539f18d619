//! Everything in which httpbin and go-httpbin differ, as plain data.
//!
//! The code that parses a request, writes JSON or refuses reads the fields of a [`Compat`]. An
//! endpoint that means something else in go-httpbin has a second function, named in its route.

mod cookies;
mod echo;

use super::fields::name_case::NameCase;
use super::json::Spelling;
use crate::base::limits::{Limits, MAX_STREAMED_BYTES};
pub use cookies::{CookieAttribute, CookieQuoting, CookieStyle};
pub use echo::{EchoField, EchoFields};

/// The behaviour of one API. The setting `--compat` chooses it for the whole process.
#[derive(Debug)]
pub struct Compat {
    /// Its name, as `--compat` takes it.
    pub name: &'static str,
    /// Which of a route's two endpoints answers.
    pub dialect: Dialect,
    /// The server's name in `/version`, and in `/hostname` unless that shows the machine's name.
    pub service: &'static str,
    /// Which parts of a request the echoing endpoints write.
    pub echo: EchoFields,
    /// How JSON strings and numbers are spelled.
    pub spelling: Spelling,
    /// Value shown for a missing User-Agent, as JSON.
    pub missing_user_agent: &'static str,
    /// Whether arguments, header fields and forms map each name to a list of values, even a single
    /// one, and list all files of one name.
    pub always_lists: bool,
    /// Whether a body that cannot be parsed is refused, and a malformed argument left out, as by
    /// go-httpbin; if not, they are read as leniently as by Werkzeug.
    pub strict: bool,
    /// Whether `url` is an IRI, as Werkzeug builds it; if not, the URL as it was sent.
    pub url_as_iri: bool,
    /// The header fields in which a proxy may name the client's address, in order of preference.
    pub origin_fields: &'static [&'static str],
    /// The header fields, with their values, by which a proxy reports that the client used TLS.
    pub secure_fields: &'static [(&'static str, &'static str)],
    /// Whether `origin` has the whole list of `X-Forwarded-For`; if not, its first entry.
    pub whole_origin: bool,
    /// How the names of header fields are capitalized.
    pub name_case: NameCase,
    /// Whether the media type of JSON names a charset.
    pub json_charset: bool,
    /// Whether header fields are shown as gunicorn and Werkzeug pass them on: repeated ones joined,
    /// those with `_` dropped, and those that hosting platforms add hidden.
    pub wsgi_fields: bool,
    /// Whether a value out of range is clamped; if not, it is refused.
    pub clamps: bool,
    /// Whether numbers are parsed as by Go: without blanks and `_`, within 64 bits, and refused if
    /// invalid in a path. If not, as by Python, and such a path is not found.
    pub go_numbers: bool,
    /// Whether an empty value in a query counts as missing.
    pub empty_is_absent: bool,
    /// Whether an escaped slash (`%2F`) is part of its path segment; if not, it separates two.
    pub keep_encoded_slash: bool,
    /// What bounds the bytes of a generated body.
    pub byte_limit: ByteLimit,
    /// Which generator makes the random bytes of a seed.
    pub generator: Generator,
    /// Whether a chunk size below 1 means one chunk for everything; if not, chunks of 1 byte.
    pub chunk_size_0_is_all: bool,
    /// How cookies are set.
    pub cookies: CookieStyle,
    /// Whether the answer to a login has `authorized` beside `authenticated`.
    pub authorized: bool,
    /// Whether 404, 405 and redirects have an HTML page; if not, a text or nothing.
    pub pages: bool,
    /// Whether routes take every method, unless the path is named after one.
    pub any_method: bool,
    /// Whether the rest of a path may be empty, so that `/anything/` is served.
    pub empty_rest: bool,
    /// Whether the answer to HEAD has a Content-Length; if not, only where
    /// [`Reply::sized`](super::reply::Reply::sized) asks for it.
    pub head_length: bool,
    /// Whether reason phrases are in upper case.
    pub uppercase_reason: bool,
    /// Whether scripts of every origin may read the answers (CORS), and OPTIONS is answered on
    /// every route.
    pub cors: bool,
    /// The value of `Access-Control-Allow-Methods`.
    pub cors_methods: &'static str,
    /// Whether OPTIONS is answered for paths that are not served too, without `Allow`.
    pub blind_options: bool,
}

/// The two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `postmanlabs/httpbin` 0.10.
    Httpbin = 0,
    /// `mccutchen/go-httpbin` 2.25.
    GoHttpbin = 1,
}

/// What bounds the bytes of a generated body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteLimit {
    /// `--max-bytes` for `/bytes` and `/stream-bytes`, [`MAX_STREAMED_BYTES`] for lines and events.
    PerEndpoint,
    /// `--max-body-size` for all of them.
    BodySize,
}

/// A random generator with a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Python's `random.Random`.
    Python,
    /// Go's `math/rand`.
    Go,
}

use CookieAttribute::{Domain, Expiry, HttpOnly, Path, SameSite, Secure};
use EchoField::*;

/// `--compat httpbin`, the default.
pub static HTTPBIN: Compat = HTTPBIN_DATA;

const HTTPBIN_DATA: Compat = Compat {
    name: "httpbin",
    dialect: Dialect::Httpbin,
    service: "loiter",
    echo: EchoFields {
        get: &[Args, Headers, Origin, Url],
        body: &[Args, Data, Files, Form, Headers, Json, Origin, Url],
        anything: &[Args, Data, Files, Form, Headers, Json, Method, Origin, Url],
        raw: &[Args, Data, Files, Form, Headers, Json, Method, Origin, RawHeaders, Url],
        upload: &[Args, BytesReceived, Headers, Method, Origin, Sha256, Url],
        delay: &[Args, Data, Files, Form, Headers, Origin, Url],
        compressed: &[Headers, Method, Origin],
        sorted_flag: true,
        stream: &[Url, Args, Headers, Origin],
    },
    spelling: Spelling::Python,
    missing_user_agent: "null",
    always_lists: false,
    strict: false,
    url_as_iri: true,
    origin_fields: &["X-Forwarded-For"],
    secure_fields: &[
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Protocol", "ssl"),
        ("X-Forwarded-Ssl", "on"),
    ],
    whole_origin: true,
    name_case: NameCase::Title,
    json_charset: false,
    wsgi_fields: true,
    clamps: true,
    go_numbers: false,
    empty_is_absent: false,
    keep_encoded_slash: false,
    byte_limit: ByteLimit::PerEndpoint,
    generator: Generator::Python,
    chunk_size_0_is_all: false,
    cookies: CookieStyle {
        quoting: CookieQuoting::Octal,
        attributes: [Domain, Expiry, Secure, HttpOnly, Path, SameSite],
        http_only: false,
        lenient: false,
        delete_like_set: false,
        expired_us_ago: None,
    },
    authorized: false,
    pages: true,
    any_method: false,
    empty_rest: false,
    head_length: true,
    uppercase_reason: true,
    cors: true,
    cors_methods: "GET, POST, PUT, DELETE, PATCH, OPTIONS",
    blind_options: false,
};

/// `--compat go-httpbin`.
pub static GO_HTTPBIN: Compat = Compat {
    name: "go-httpbin",
    dialect: Dialect::GoHttpbin,
    service: "go-httpbin",
    echo: EchoFields {
        get: &[Args, Headers, Method, Origin, Url],
        body: GO_BODY,
        anything: GO_BODY,
        raw: &[Args, Headers, Method, Origin, Url, Data, Files, Form, Json, RawHeaders],
        upload: &[Args, Headers, Method, Origin, Url, BytesReceived],
        delay: GO_BODY,
        compressed: &[Args, Headers, Method, Origin, EmptyUrl],
        sorted_flag: false,
        stream: &[Args, Headers, Origin, Url],
    },
    spelling: Spelling::Go,
    missing_user_agent: "\"\"",
    always_lists: true,
    strict: true,
    url_as_iri: false,
    origin_fields: &[
        "Fly-Client-IP",
        "CF-Connecting-IP",
        "Fastly-Client-IP",
        "True-Client-IP",
        "X-Forwarded-For",
    ],
    secure_fields: &[
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Protocol", "https"),
        ("X-Forwarded-Ssl", "on"),
    ],
    whole_origin: false,
    name_case: NameCase::Mime,
    json_charset: true,
    wsgi_fields: false,
    clamps: false,
    go_numbers: true,
    empty_is_absent: true,
    keep_encoded_slash: true,
    byte_limit: ByteLimit::BodySize,
    generator: Generator::Go,
    chunk_size_0_is_all: true,
    cookies: CookieStyle {
        quoting: CookieQuoting::Drop,
        attributes: [Path, Domain, Expiry, HttpOnly, Secure, SameSite],
        http_only: true,
        lenient: true,
        delete_like_set: true,
        // A year.
        expired_us_ago: Some(365 * 24 * 60 * 60 * 1_000_000),
    },
    authorized: true,
    pages: false,
    any_method: true,
    empty_rest: true,
    head_length: false,
    uppercase_reason: false,
    cors: true,
    cors_methods: "GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS",
    blind_options: true,
};

/// The admin listener's, which follows neither API. No script of another origin reads what it
/// answers.
pub static ADMIN: Compat =
    Compat { name: "admin", pages: false, uppercase_reason: false, cors: false, ..HTTPBIN_DATA };

const GO_BODY: &[EchoField] = &[Args, Headers, Method, Origin, Url, Data, Files, Form, Json];

impl Compat {
    /// Most bytes of `/bytes` and `/stream-bytes`.
    pub fn most_bytes(&self, limits: &Limits) -> u64 {
        match self.byte_limit {
            ByteLimit::PerEndpoint => limits.max_bytes,
            ByteLimit::BodySize => limits.body_bytes,
        }
    }

    /// Most bytes of `/jsonl` and `/sse`, counted by the usual length of their lines.
    pub fn most_streamed(&self, limits: &Limits) -> u64 {
        match self.byte_limit {
            ByteLimit::PerEndpoint => limits.body_bytes.min(MAX_STREAMED_BYTES),
            ByteLimit::BodySize => limits.body_bytes,
        }
    }
}

/// They are distinguished by their names.
impl PartialEq for Compat {
    fn eq(&self, other: &Compat) -> bool {
        self.name == other.name
    }
}
