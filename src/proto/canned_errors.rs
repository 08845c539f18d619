//! Errors that any protocol answers with, whatever is requested.

use std::borrow::Cow;

use crate::base::limits::Limits;
use crate::http::reply::Refusal;
use crate::http::status::Status;

/// The body is larger than one that is kept may be. The text names the setting.
pub fn too_large(limits: &Limits) -> Refusal {
    let bound = limits.body_bytes;
    let reason = format!(
        "the body is larger than {bound} bytes, the limit that the server's setting max-body-size \
         gives; /upload and /echo have no limit"
    );
    Refusal::new(Status(413), reason)
}

/// There is no room for the connection.
pub const FULL: Refusal = Refusal {
    status: Status(503),
    reason: Cow::Borrowed("connection limit reached; try again"),
    allow: None,
};

/// Too many responses are delayed.
pub const OVERLOADED: Refusal = Refusal {
    status: Status(503),
    reason: Cow::Borrowed("too many delayed responses; try again"),
    allow: None,
};

/// The server has no memory left for what the request would take.
pub const NO_MEMORY: Refusal = Refusal {
    status: Status(503),
    reason: Cow::Borrowed("the server's memory limit leaves no room for this; try again"),
    allow: None,
};

/// A head or a body did not arrive in time.
pub const TOO_SLOW: Refusal = Refusal {
    status: Status(408),
    reason: Cow::Borrowed("the request arrived too slowly"),
    allow: None,
};

/// A port that speaks TLS alone was sent something else.
pub const PLAIN_ON_TLS: Refusal = Refusal {
    status: Status(400),
    reason: Cow::Borrowed("this port speaks HTTPS only; use https:// in the URL"),
    allow: None,
};

/// The client closed or reset the connection within the head of a request. Only logged.
pub const LEFT: Refusal = Refusal {
    status: Status::CLIENT_GONE,
    reason: Cow::Borrowed("the client left before its request was complete"),
    allow: None,
};
