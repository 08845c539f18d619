//! What every part of a worker may consult and none may change: the settings at work.

use super::compat::{Compat, HTTPBIN};
use super::document::Documents;
use crate::base::limits::Limits;

/// What the `Server` field holds unless another text was asked for.
pub const SERVER: &str = concat!("loiter/", env!("CARGO_PKG_VERSION"));

/// The settings at work, shared by all workers for as long as the process lives.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// The bounds.
    pub limits: Limits,
    /// Whose ways are followed.
    pub compat: &'static Compat,
    /// What stands before every path: empty, or a text that starts with `/` and ends without.
    pub prefix: String,
    /// Header fields that no answer tells; in lower case, `*` stands for any text.
    pub exclude_headers: Vec<String>,
    /// Where `/redirect-to` may send clients.
    pub redirects: Redirects,
    /// Whether a client may choose a media type that a browser would run, with its own text in it.
    pub dangerous_responses: bool,
    /// What `/hostname` tells.
    pub hostname: String,
    /// What `/env` tells, by name.
    pub environment: Vec<(String, String)>,
    /// Whether `/version` tells more than the name.
    pub full_version: bool,
    /// The `Server` field of every answer.
    pub server_header: Option<String>,
    /// Whether a [`Record`](crate::http::record::Record) of every exchange is kept for the access
    /// log.
    pub records: bool,
    /// What endpoints make once from the settings above.
    pub documents: Documents,
}

/// Where clients may be sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Redirects {
    /// Anywhere.
    All,
    /// To paths of this server, and to these hosts, in lower case.
    Hosts(Vec<String>),
}

impl App {
    /// A path of our own with the prefix before it, as a client must ask for it.
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
