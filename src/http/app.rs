//! What every part of a worker may consult and none may change: the settings at work.

use crate::base::limits::Limits;

/// The settings at work, shared by all workers; a reload puts a new one in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// The bounds.
    pub limits: Limits,
    /// Whether answers carry `Server: loiter/VERSION`.
    pub server_header: bool,
    /// Whether a [`Record`](crate::http::record::Record) of every exchange is kept for the access
    /// log.
    pub records: bool,
}

impl Default for App {
    fn default() -> App {
        App { limits: Limits::default(), server_header: true, records: false }
    }
}
