//! Modifiers: delay, status, faults and the like, for every endpoint (`/~delay=1s/get`).
//!
//! A modifier is a name and a value. It comes from one of five [carriers](Carrier); the same name
//! from a carrier of higher precedence replaces it. With the request's seed the values are drawn,
//! which makes a [`Plan`]: what is done to one answer.
//!
//! ```text
//!  path, query, field, defaults ──▶ Modifiers ─┐
//!                        ROWS ─▶ Value         ├─ merge ─▶ Asked ── check, plan(seed) ─▶ Plan
//!                                   Modifiers ─┘                                           │
//!                  `Loiter: delay=137.204ms; seed=8d2f` ◀────────── show::line ────────────┘
//! ```

pub mod asked;
pub mod choice;
pub mod dialect;
pub mod distribution;
pub mod draw;
pub mod error;
pub mod fault;
pub mod handshake;
pub mod path;
pub mod plan;
pub mod rate;
pub mod row;
pub mod rows;
pub mod settings;
pub mod shape;
pub mod show;
pub mod state;
#[cfg(test)]
mod tests;
pub mod value;

use crate::base::limits::Limits;
use crate::http::request::Version;

pub use asked::{Asked, Selection, Slots, merge};
pub use dialect::{Dialect, Dialects};
pub use error::BadModifier;
pub use handshake::{HandshakeFault, HandshakePlan};
pub use path::PathModifiers;
pub use plan::{At, Cut, Fault, FaultKind, Frame, Pause, Plan, ReadSpeed};
pub use row::{Name, Row};
pub use rows::ROWS;
pub use settings::Modifiers;

/// Where a modifier was given, in ascending order of precedence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// The server's default: `--with`.
    #[default]
    Server,
    /// The listener's default: `--listen http://:8081/~delay=1s`.
    Listener,
    /// A field that another program reads: `x-envoy-fault-delay-request` (`--dialect`).
    DialectField,
    /// The `Loiter` field.
    Field,
    /// Segments of the path before the endpoint's.
    Path,
    /// A name in the query that another program reads: fortio's `delay` (`--dialect`).
    DialectArgument,
    /// The query.
    Query,
}

impl Carrier {
    /// Every carrier of modifiers by their own names, in ascending order of precedence.
    pub const ALL: [Carrier; 5] =
        [Carrier::Server, Carrier::Listener, Carrier::Field, Carrier::Path, Carrier::Query];

    /// Whether the request itself has the modifier, so that a bad one is answered with 400.
    pub fn is_request(self) -> bool {
        self > Carrier::Listener
    }

    /// The place, as an error names it.
    pub const fn place(self) -> &'static str {
        match self {
            Carrier::Server => "in the server's defaults",
            Carrier::Listener => "in the listener's defaults",
            Carrier::DialectField => "in a field of a dialect",
            Carrier::Field => "in the Loiter field",
            Carrier::Path => "in the path",
            Carrier::DialectArgument => "in an argument of a dialect",
            Carrier::Query => "in the query",
        }
    }
}

/// What an answer is sent with. It decides which modifiers are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0.
    Http10,
    /// HTTP/1.1.
    Http11,
    /// HTTP/2.
    Http2,
    /// Raw echo over TCP.
    TcpEcho,
    /// Raw echo over UDP.
    UdpEcho,
    /// The handshake before any request of a TLS connection.
    Tls,
}

impl Protocol {
    /// Its name in errors.
    pub const fn name(self) -> &'static str {
        match self {
            Protocol::Http10 => "HTTP/1.0",
            Protocol::Http11 => "HTTP/1.1",
            Protocol::Http2 => "HTTP/2",
            Protocol::TcpEcho => "TCP echo",
            Protocol::UdpEcho => "UDP echo",
            Protocol::Tls => "a TLS handshake",
        }
    }

    /// Whether a fault can be there: raw echo has neither an end nor events, a datagram no middle.
    const fn has(self, at: Option<At>) -> bool {
        match self {
            Protocol::Http10 | Protocol::Http11 | Protocol::Http2 => true,
            Protocol::TcpEcho => !matches!(at, Some(At::Share(_) | At::Event(_))),
            Protocol::UdpEcho => at.is_none(),
            Protocol::Tls => false,
        }
    }
}

impl From<Version> for Protocol {
    fn from(version: Version) -> Protocol {
        match version {
            Version::Http10 => Protocol::Http10,
            Version::Http11 => Protocol::Http11,
            Version::Http2 => Protocol::Http2,
        }
    }
}

/// What the server's settings allow modifiers to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Longest time all waits of one answer may take together, and any one of them; microseconds.
    pub max_wait_us: u64,
    /// Whether requests may not use what is dangerous on a public server.
    pub public: bool,
    /// Whether requests may let a browser execute an answer.
    pub dangerous: bool,
}

impl Bounds {
    /// The bounds that follow from these settings.
    pub fn new(limits: &Limits, public: bool, dangerous: bool) -> Bounds {
        let max_wait_us = limits.max_wait.as_micros().try_into().unwrap_or(u64::MAX);
        Bounds { max_wait_us, public, dangerous }
    }
}
