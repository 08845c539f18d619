//! Whose ways are followed: everything in which httpbin and go-httpbin contradict each other.
//!
//! A [`Profile`] is data. Who tells a request, writes JSON or refuses consults its fields; an
//! endpoint with two meanings has two functions, and its route names both.

use super::cookies;
use super::fields::Case;
use super::form::{self, Reader};
use super::json::Spelling;
use super::strict;
use crate::base::limits::{Limits, MAX_STREAMED_BYTES};

/// How answers are told, for the whole process.
#[derive(Debug)]
pub struct Profile {
    /// Its name, as `--compat` takes it.
    pub name: &'static str,
    /// Which of a route's two endpoints answers.
    pub dialect: Dialect,
    /// What the server calls itself: in `/version`, and in `/hostname` unless that tells the
    /// machine's name.
    pub service: &'static str,
    /// Which parts of a request the echoing endpoints tell, and in which order.
    pub documents: Documents,
    /// How JSON is spelled.
    pub spelling: Spelling,
    /// What a text is told as that there is not: the User-Agent of a client that names none.
    pub absent: &'static str,
    /// Whether arguments, fields and forms have lists of values even for single ones, and a form's
    /// field all its files.
    pub lists: bool,
    /// Reads a request's body.
    pub reader: Reader,
    /// Whether a body that cannot be read is refused, and an argument that cannot is left out.
    pub strict: bool,
    /// Whether a URL is told as an IRI; if not, as it was sent.
    pub iris: bool,
    /// The fields in which a proxy may tell who asks, the first of them first.
    pub origin_fields: &'static [&'static str],
    /// The fields by which a proxy tells that it was asked by TLS, with what they say then.
    pub secure_fields: &'static [(&'static str, &'static str)],
    /// Whether the addresses of a proxy's list are told whole; if not, its first entry.
    pub whole_origin: bool,
    /// How the names of fields are told.
    pub case: Case,
    /// Whether the media type of JSON names a charset.
    pub charset: bool,
    /// Whether fields are told as Python's servers see them: repeated ones joined, those with `_`
    /// dropped, and those that hosting platforms add hidden.
    pub python_fields: bool,
    /// Whether a value beyond its bound is cut to it; if not, it is refused.
    pub clamps: bool,
    /// Whether numbers are read as Go reads them: without blanks and `_`, within 64 bits, and
    /// refused where a path has none. If not, as Python does, and such a path is not found.
    pub go_numbers: bool,
    /// Whether an empty value in a query says nothing.
    pub empty_is_absent: bool,
    /// Whether an escaped slash belongs to its segment of a path; if not, it ends it as any other.
    pub whole_segments: bool,
    /// Most bytes of `/bytes` and `/stream-bytes`.
    pub most_bytes: fn(&Limits) -> u64,
    /// Most bytes of `/jsonl` and `/sse`, by the usual length of their lines.
    pub most_streamed: fn(&Limits) -> u64,
    /// Whose random bytes follow from a seed.
    pub generator: Generator,
    /// Whether a chunk size below 1 asks for all in one chunk; if not, for chunks of 1.
    pub no_size_is_one_chunk: bool,
    /// How cookies are set.
    pub cookies: &'static cookies::Style,
    /// Whether a login is told as `authorized` too.
    pub authorized: bool,
    /// Whether 404 and 405 are pages, and redirects have one; if not, they are texts, or empty.
    pub pages: bool,
    /// Whether routes take every method but where the path is named after one.
    pub any_method: bool,
    /// Whether the rest of a path may be empty: then `/anything/` is served.
    pub empty_rest: bool,
    /// Whether the answer to HEAD tells the length of the body it leaves out; if not, only where
    /// [`Reply::sized`](super::reply::Reply::sized) says so.
    pub head_length: bool,
    /// Whether reason phrases are in upper case.
    pub shouts: bool,
    /// The methods that a browser is told it may use.
    pub cors_methods: &'static str,
    /// Whether OPTIONS is answered for paths that are not served, and never names what is allowed.
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

/// Random bytes that follow from a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generator {
    /// Python's `random.Random`.
    Python,
    /// Go's `math/rand`.
    Go,
}

/// What the echoing endpoints tell.
#[derive(Debug)]
pub struct Documents {
    /// `/get` and what answers as it does.
    pub get: &'static [Key],
    /// `/post` and its like.
    pub body: &'static [Key],
    /// `/anything`.
    pub anything: &'static [Key],
    /// The same with the fields as they were sent.
    pub raw: &'static [Key],
    /// `/upload`.
    pub upload: &'static [Key],
    /// `/delay`.
    pub delay: &'static [Key],
    /// `/gzip` and its like, by the flag that names the coding.
    pub coded: fn(&'static str) -> [Key; 6],
    /// The lines of `/stream`, up to their `id`.
    pub line: &'static [Key],
}

/// A part of a document that tells a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The arguments of the query.
    Args,
    /// The body, when it is no form.
    Data,
    /// The files of a form.
    Files,
    /// The values of a form.
    Form,
    /// The header fields.
    Headers,
    /// The body read as JSON.
    Json,
    /// The method.
    Method,
    /// The header fields as they were sent.
    RawHeaders,
    /// How long the body is.
    BytesReceived,
    /// The client's address.
    Origin,
    /// The URL.
    Url,
    /// An empty URL, as go-httpbin tells it with coded answers.
    NoUrl,
    /// A name that is `true`.
    Flag(&'static str),
    /// Nothing.
    Nothing,
}

impl Key {
    /// Its name in a document.
    pub const fn name(self) -> Option<&'static str> {
        Some(match self {
            Key::Args => "args",
            Key::Data => "data",
            Key::Files => "files",
            Key::Form => "form",
            Key::Headers => "headers",
            Key::Json => "json",
            Key::Method => "method",
            Key::RawHeaders => "raw_headers",
            Key::BytesReceived => "bytes_received",
            Key::Origin => "origin",
            Key::Url | Key::NoUrl => "url",
            Key::Flag(name) => name,
            Key::Nothing => return None,
        })
    }
}

use Key::*;

/// `--compat httpbin`, the default.
pub static HTTPBIN: Profile = Profile {
    name: "httpbin",
    dialect: Dialect::Httpbin,
    service: "loiter",
    documents: Documents {
        get: &[Args, Headers, Origin, Url],
        body: &[Args, Data, Files, Form, Headers, Json, Origin, Url],
        anything: &[Args, Data, Files, Form, Headers, Json, Method, Origin, Url],
        raw: &[Args, Data, Files, Form, Headers, Json, Method, Origin, RawHeaders, Url],
        upload: &[Args, BytesReceived, Headers, Method, Origin, Url],
        delay: &[Args, Data, Files, Form, Headers, Origin, Url],
        // Sorted, as everything.
        coded: |flag| match flag < "headers" {
            true => [Flag(flag), Headers, Method, Origin, Nothing, Nothing],
            false => [Headers, Method, Origin, Flag(flag), Nothing, Nothing],
        },
        line: &[Url, Args, Headers, Origin],
    },
    spelling: Spelling::Python,
    absent: "null",
    lists: false,
    reader: form::read,
    strict: false,
    iris: true,
    origin_fields: &["X-Forwarded-For"],
    secure_fields: &[
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Protocol", "ssl"),
        ("X-Forwarded-Ssl", "on"),
    ],
    whole_origin: true,
    case: Case::Title,
    charset: false,
    python_fields: true,
    clamps: true,
    go_numbers: false,
    empty_is_absent: false,
    whole_segments: false,
    most_bytes: |limits| limits.max_bytes,
    most_streamed: |limits| limits.body_bytes.min(MAX_STREAMED_BYTES),
    generator: Generator::Python,
    no_size_is_one_chunk: false,
    cookies: &cookies::WERKZEUG,
    authorized: false,
    pages: true,
    any_method: false,
    empty_rest: false,
    head_length: true,
    shouts: true,
    cors_methods: "GET, POST, PUT, DELETE, PATCH, OPTIONS",
    blind_options: false,
};

/// `--compat go-httpbin`.
pub static GO_HTTPBIN: Profile = Profile {
    name: "go-httpbin",
    dialect: Dialect::GoHttpbin,
    service: "go-httpbin",
    documents: Documents {
        get: &[Args, Headers, Method, Origin, Url],
        body: GO_BODY,
        anything: GO_BODY,
        raw: &[Args, Headers, Method, Origin, Url, Data, Files, Form, Json, RawHeaders],
        upload: &[Args, Headers, Method, Origin, Url, BytesReceived],
        delay: GO_BODY,
        coded: |flag| [Args, Headers, Method, Origin, NoUrl, Flag(flag)],
        line: &[Args, Headers, Origin, Url],
    },
    spelling: Spelling::Go,
    absent: "\"\"",
    lists: true,
    reader: strict::read,
    strict: true,
    iris: false,
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
    case: Case::Mime,
    charset: true,
    python_fields: false,
    clamps: false,
    go_numbers: true,
    empty_is_absent: true,
    whole_segments: true,
    most_bytes: |limits| limits.body_bytes,
    most_streamed: |limits| limits.body_bytes,
    generator: Generator::Go,
    no_size_is_one_chunk: true,
    cookies: &cookies::GO,
    authorized: true,
    pages: false,
    any_method: true,
    empty_rest: true,
    head_length: false,
    shouts: false,
    cors_methods: "GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS",
    blind_options: true,
};

const GO_BODY: &[Key] = &[Args, Headers, Method, Origin, Url, Data, Files, Form, Json];

impl Profile {
    /// The profile of this name.
    pub fn named(name: &str) -> Option<&'static Profile> {
        [&HTTPBIN, &GO_HTTPBIN].into_iter().find(|profile| profile.name == name)
    }
}

/// There are two, told apart by their names.
impl PartialEq for Profile {
    fn eq(&self, other: &Profile) -> bool {
        self.name == other.name
    }
}
