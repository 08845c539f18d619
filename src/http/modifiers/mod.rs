//! Modifiers: delay, status, faults and the like, for every endpoint (`/~delay=1s/get`).
//!
//! A modifier is a name and a value. It comes from one of five [carriers](Carrier); the same name
//! from a carrier of higher precedence replaces it. With the request's seed the values are drawn,
//! which makes a [`Plan`]: what is done to one answer.

pub mod plan;
pub mod shape;

pub use plan::{At, Cut, Fault, FaultKind, Frame, Pause, Plan, ReadSpeed};

/// Where a modifier was given, in ascending order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// The server's default: `--with`.
    Server,
    /// The listener's default: `--listen http://:8081/~delay=1s`.
    Listener,
    /// The `Loiter` field.
    Field,
    /// Segments of the path before the endpoint's.
    Path,
    /// The query.
    Query,
}
