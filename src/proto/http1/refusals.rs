//! What is said to requests that cannot be taken, whatever they ask.

use std::borrow::Cow;

use crate::http::reply::Refusal;
use crate::http::status::Status;

pub(super) const TOO_LARGE: Refusal = Refusal {
    status: Status(413),
    reason: Cow::Borrowed("the body is larger than this server takes"),
    allow: None,
};

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
