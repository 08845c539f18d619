//! The settings that endpoints read, shared by all workers.

use super::compat::{Compat, HTTPBIN};
use super::document::Documents;
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
    /// Documents that depend on the settings above alone, made on first use.
    pub documents: Documents,
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
    /// One of our own paths with the prefix, as a client must request it.
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
            documents: Documents::default(),
        }
    }
}
