//! The settings that endpoints read, shared by all workers.

use super::compat::{Compat, HTTPBIN};
use super::control::{Readiness, SharedControl};
use super::document::Documents;
use super::journal::SharedJournal;
use super::modifiers::{Dialects, Modifiers};
use super::rate_limit::RateLimiter;
use super::trusted_proxies::TrustedProxies;
use crate::base::limits::Limits;

/// Default value of the `Server` field.
pub const SERVER: &str = concat!("loiter/", env!("CARGO_PKG_VERSION"));

/// The settings that endpoints read, shared by all workers while the process runs.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// The limits.
    pub limits: Limits,
    /// The API to follow where httpbin and go-httpbin differ.
    pub compat: &'static Compat,
    /// A prefix of every path: empty, or text that starts with `/` and does not end with one.
    pub prefix: String,
    /// Request header fields that no answer shows, in lower case; `*` matches any text.
    pub exclude_headers: Vec<String>,
    /// Where `/redirect-to` may send clients.
    pub redirects: Redirects,
    /// Whether a client may choose a media type that a browser would execute.
    pub dangerous_responses: bool,
    /// The value that `/hostname` shows.
    pub hostname: String,
    /// The variables that `/env` shows, as name and value.
    pub environment: Vec<(String, String)>,
    /// Whether `/version` shows the version and not only the name.
    pub full_version: bool,
    /// The `Server` field of every answer, if any.
    pub server_header: Option<String>,
    /// Whether every exchange makes a [`Record`](crate::http::record::Record).
    pub records: bool,
    /// Whether those for probes make one too.
    pub log_probes: bool,
    /// Whether the records have the details that only the JSON format shows.
    pub record_details: bool,
    /// The journal of requests, if one is kept; then every exchange makes a record with details.
    pub journal: Option<SharedJournal>,
    /// The URL of the page that shows the journal, if clients can use it.
    pub live_page: Option<String>,
    /// Paths whose exchanges make no record: patterns in which `*` matches any text.
    pub unrecorded: Vec<String>,
    /// Whether modifiers have an effect; if not, `~delay=1s` is a path or an argument like any
    /// other.
    pub modifiers: bool,
    /// The defaults for every request: `--with`.
    pub with: Modifiers,
    /// The dialects whose control words are read as modifiers.
    pub dialects: Dialects,
    /// Whether what is too expensive or dangerous for a public server is refused.
    pub public: bool,
    /// The proxies that are believed when they report another client than themselves.
    pub trusted_proxies: TrustedProxies,
    /// What happens to a request that waits when its client closes its side.
    pub half_close: HalfClose,
    /// Whether `Upgrade: h2c` changes a plain connection to HTTP/2 (RFC 7540 3.2).
    pub h2c_upgrade: bool,
    /// What clients need of the server's own CA, if it has TLS.
    pub ca: Option<Ca>,
    /// The server, for the endpoints of its admin listener; `None` on all other listeners.
    pub control: Option<SharedControl>,
    /// Whether the server wants requests.
    pub readiness: Readiness,
    /// What the rate limits have counted, of all workers; it outlives a reload.
    pub rate_limiter: RateLimiter,
    /// Documents that depend on the settings above alone, made on first use.
    pub documents: Documents,
}

/// What clients need of a CA, in PEM.
#[derive(Clone, Debug, PartialEq)]
pub struct Ca {
    /// Its certificate.
    pub certificate: String,
    /// Its revocation list (RFC 5280 5).
    pub revocations: String,
}

/// What happens to a request that waits when its client closes its side of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfClose {
    /// It is answered: the client may read on (RFC 9112 9.6).
    Answer,
    /// It is cancelled, and its connection closed.
    Cancel,
}

/// Where redirects may go.
#[derive(Clone, Debug, PartialEq)]
pub enum Redirects {
    /// Anywhere.
    All,
    /// To paths of this server, and to these hosts, in lower case.
    Hosts(Vec<String>),
}

impl App {
    /// One of our own paths with the prefix, as a client must request it; for one that the answer
    /// to a request names, [`local_for`](App::local_for) adds that request's modifiers.
    pub fn local(&self, path: &str) -> String {
        [&self.prefix, path].concat()
    }
}

impl Default for App {
    fn default() -> App {
        App {
            limits: Limits::default(),
            compat: &HTTPBIN,
            prefix: String::new(),
            exclude_headers: Vec::new(),
            redirects: Redirects::All,
            dangerous_responses: false,
            hostname: "loiter".to_owned(),
            environment: Vec::new(),
            full_version: false,
            server_header: Some(SERVER.to_owned()),
            records: false,
            log_probes: false,
            record_details: false,
            journal: None,
            live_page: None,
            unrecorded: Vec::new(),
            modifiers: true,
            with: Modifiers::default(),
            dialects: Dialects::default(),
            public: false,
            trusted_proxies: TrustedProxies::All,
            half_close: HalfClose::Answer,
            h2c_upgrade: false,
            ca: None,
            control: None,
            readiness: Readiness::default(),
            rate_limiter: RateLimiter::default(),
            documents: Documents::default(),
        }
    }
}
