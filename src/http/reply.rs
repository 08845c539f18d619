//! A reply: a score that the exchange plays. Time is data in it, never waited for here.

use std::borrow::Cow;

use super::app::App;
use super::headers::Headers;
use super::pace::Pace;
use super::request::{Methods, Request};
use super::status::Status;

/// What an endpoint answers.
#[derive(Debug)]
pub struct Reply {
    /// Wait before the first byte, in microseconds; the endpoint has bounded it.
    pub after_us: u64,
    /// The status code.
    pub status: Status,
    /// The body's media type.
    pub media: Media,
    /// Whether the answer tells its `after_us` in a `Server-Timing` field.
    pub timed: bool,
    /// Whether the answer to HEAD tells the body's length though the profile tells none.
    pub sized: bool,
    /// Further fields.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// The media types our own bodies have, spelled as httpbin spells them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Media {
    /// No `Content-Type` field, or one that stands in [`Reply::headers`].
    None,
    /// `application/json`
    Json,
    /// `text/html; charset=utf-8`
    Html,
    /// `text/plain; charset=utf-8`
    Text,
    /// `text/plain`, of which httpbin tells no charset
    PlainText,
    /// `application/xml`
    Xml,
    /// `application/x-ndjson; charset=utf-8`
    NdJson,
    /// `text/event-stream; charset=utf-8`
    EventStream,
    /// `application/octet-stream`
    OctetStream,
}

impl Media {
    /// The field with its line end, in one piece as it is copied into every head; where a profile
    /// says so, JSON and plain texts name their charset too.
    pub const fn field(self, charset: bool) -> &'static str {
        match self {
            Media::None => "",
            Media::Json if charset => "Content-Type: application/json; charset=utf-8\r\n",
            Media::Json => "Content-Type: application/json\r\n",
            Media::Html => "Content-Type: text/html; charset=utf-8\r\n",
            Media::Text => "Content-Type: text/plain; charset=utf-8\r\n",
            Media::PlainText if charset => "Content-Type: text/plain; charset=utf-8\r\n",
            Media::PlainText => "Content-Type: text/plain\r\n",
            Media::Xml => "Content-Type: application/xml\r\n",
            Media::NdJson => "Content-Type: application/x-ndjson; charset=utf-8\r\n",
            Media::EventStream => "Content-Type: text/event-stream; charset=utf-8\r\n",
            Media::OctetStream => "Content-Type: application/octet-stream\r\n",
        }
    }
}

/// Writes a body at the moment it is sent, straight into the output. It must be fast and bounded:
/// it is for answers that are about as long as their request.
pub type Render = fn(&App, &Request, &mut Vec<u8>);

/// A reply's body.
#[derive(Debug)]
pub enum Body {
    /// No body at all; `Content-Length: 0` where a length may stand.
    Empty,
    /// A finished body. Boxed, so that a reply that waits is small.
    Whole(Box<Cow<'static, [u8]>>),
    /// A body made from the request when it is sent. The request is kept until then, which is
    /// smaller than keeping the answer.
    Render(Render),
    /// A body produced piece by piece, over time.
    Paced(Box<Pace>),
    /// None: the connection goes over to WebSocket. Only with status 101.
    WebSocket(Box<WebSocketLimits>),
    /// The request's own body, passed back while it arrives. Only for routes that stream it.
    Echo,
}

impl Reply {
    /// A reply without delay, further fields or body.
    pub fn new(status: Status) -> Reply {
        Reply {
            after_us: 0,
            status,
            media: Media::None,
            timed: false,
            sized: false,
            headers: Headers::default(),
            body: Body::Empty,
        }
    }

    /// `200 OK` with a JSON body that is rendered when it is sent.
    pub fn json(render: Render) -> Reply {
        Reply { media: Media::Json, body: Body::Render(render), ..Reply::new(Status::OK) }
    }

    /// A reply with a finished body.
    pub fn whole(status: Status, media: Media, body: impl Into<Cow<'static, [u8]>>) -> Reply {
        Reply { media, body: Body::Whole(Box::new(body.into())), ..Reply::new(status) }
    }

    /// The same with a further field.
    pub fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Reply {
        self.headers.push(name, value);
        self
    }

    /// The same, telling a value that was cut to its bound: `X-Clamped: n=102400`.
    pub fn clamped(self, name: &str, asked: u64, given: u64) -> Reply {
        match asked == given {
            true => self,
            false => self.header("X-Clamped", format!("{name}={given}")),
        }
    }

    /// The same, telling HEAD the body's length as well: go-httpbin does so where it knows the
    /// length before the body.
    pub fn sized(self) -> Reply {
        Reply { sized: true, ..self }
    }

    /// The same of another media type.
    pub fn media(self, media: Media) -> Reply {
        Reply { media, ..self }
    }
}

/// The bounds of a WebSocket connection's messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebSocketLimits {
    /// Longest frame, in bytes.
    pub fragment_bytes: u64,
    /// Longest message, in bytes.
    pub message_bytes: u64,
}

/// The reason of a path that is not served.
pub const NOT_FOUND: &str = "The requested URL was not found on the server.";

/// A request that asks badly: the client's to mend.
#[derive(Debug, PartialEq)]
pub struct Refusal {
    /// The status code, 4xx or 501 or 505.
    pub status: Status,
    /// What was wrong, as a sentence for a person.
    pub reason: Cow<'static, str>,
    /// For 405: what would be allowed.
    pub allow: Option<Methods>,
}

impl Refusal {
    /// A refusal of this status, saying why.
    pub fn new(status: Status, reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal { status, reason: reason.into(), allow: None }
    }

    /// `400 Bad Request`.
    pub fn bad(reason: impl Into<Cow<'static, str>>) -> Refusal {
        Refusal::new(Status(400), reason)
    }

    /// `404 Not Found`.
    pub fn not_found() -> Refusal {
        Refusal::new(Status(404), NOT_FOUND)
    }
}
