//! The refusal of a modifier.

use std::fmt;

use super::Carrier;
use crate::base::text::shortened;
use crate::http::status::Status;

/// A modifier that is refused: unknown, malformed, beyond its bound, impossible or not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadModifier {
    /// Where it was given.
    pub carrier: Carrier,
    /// The modifier as it was given, decoded and shortened: `delay=abc`.
    pub modifier: String,
    /// What is wrong: the value, its bound, and what to write.
    pub reason: String,
    /// Whether it is well-formed, and off on this server.
    pub forbidden: bool,
}

impl BadModifier {
    /// The refusal of this modifier.
    pub fn new(carrier: Carrier, modifier: &str, reason: impl Into<String>) -> BadModifier {
        let modifier = shortened(modifier).into_owned();
        BadModifier { carrier, modifier, reason: reason.into(), forbidden: false }
    }

    /// The status of the answer: 403 for what this server does not allow, otherwise 400.
    pub fn status(&self) -> Status {
        Status(if self.forbidden { 403 } else { 400 })
    }
}

impl fmt::Display for BadModifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bad = if self.forbidden { "" } else { "bad " };
        let (modifier, place) = (&self.modifier, self.carrier.place());
        write!(f, "{bad}modifier `{modifier}` {place}: {}", self.reason)
    }
}

impl std::error::Error for BadModifier {}
