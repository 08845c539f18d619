//! What is said to requests that cannot be taken, whatever they ask.

use std::borrow::Cow;

use crate::base::limits::Limits;
use crate::http::reply::Refusal;
use crate::http::status::Status;

/// A body is larger than what is kept of one. Whoever meets the bound learns how to move it.
pub(super) fn too_large(limits: &Limits) -> Refusal {
    let bound = limits.body_bytes;
    let reason = format!(
        "the body is larger than {bound} bytes, the most that is kept here; the server's setting \
         max-body-size changes that, and /upload and /echo take any length"
    );
    Refusal::new(Status(413), reason)
}

pub(super) const FULL: Refusal = Refusal {
    status: Status(503),
    reason: Cow::Borrowed("this server holds as many connections as it can; try again"),
    allow: None,
};

pub(super) const OVERLOADED: Refusal = Refusal {
    status: Status(503),
    reason: Cow::Borrowed("as many answers are waiting as this server holds; try again"),
    allow: None,
};

pub(super) const TOO_SLOW: Refusal = Refusal {
    status: Status(408),
    reason: Cow::Borrowed("the request came too slowly"),
    allow: None,
};
