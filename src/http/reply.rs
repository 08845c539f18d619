//! A reply: what the exchange sends, and when. Time is data in it; nothing here waits.

use std::borrow::Cow;

use super::app::App;
use super::headers::Headers;
use super::journal::search::Search;
use super::metrics::UNMATCHED;
use super::modifiers::Plan;
use super::pace::Pace;
use super::request::{Method, Methods, Request};
use super::status::Status;

/// What an endpoint answers.
#[derive(Debug)]
pub struct Reply {
    /// Delay before the first byte, in microseconds; the endpoint has limited it.
    pub after_us: u64,
    /// The status code.
    pub status: Status,
    /// The body's media type.
    pub media: Media,
    /// Whether the answer has a `Server-Timing` field with its `after_us`.
    pub timed: bool,
    /// Whether the answer to HEAD has a Content-Length though
    /// [`Compat::head_length`](super::compat::Compat::head_length) is off.
    pub sized: bool,
    /// The index of the route that answered, set by whoever found it; [`UNMATCHED`] at first.
    pub route: u8,
    /// The method of the request, set by whoever has that.
    pub method: Method,
    /// What is kept with the request while the reply waits, beside its seed; nothing at first.
    pub kept: Kept,
    /// Further fields.
    pub headers: Headers,
    /// The body.
    pub body: Body,
}

/// The media types of our own bodies, as httpbin writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Media {
    /// No `Content-Type` field, or one in [`Reply::headers`].
    None,
    /// `application/json`
    Json,
    /// `text/html; charset=utf-8`
    Html,
    /// `text/plain; charset=utf-8`
    Text,
    /// `text/plain`, which has no charset in httpbin
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
    /// The field with its line end, in one piece since it is copied into every head. With
    /// `charset`, JSON and plain text name theirs too.
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

/// Writes a body when it is sent. It must be fast, and its output about as long as the request.
pub type Render = fn(&App, &Request, &mut Vec<u8>);

/// A reply's body.
#[derive(Debug)]
pub enum Body {
    /// No body; `Content-Length: 0` where a length is allowed.
    Empty,
    /// A finished body. Boxed to keep a waiting reply small.
    Whole(Box<Cow<'static, [u8]>>),
    /// A body made from the request when it is sent. Until then only the request is kept.
    Render(Render),
    /// A body produced piece by piece over time.
    Paced(Box<Pace>),
    /// No body: the connection switches to WebSocket. Only with status 101.
    WebSocket(Box<WebSocketLimits>),
    /// The request's own body, sent back while it arrives. Only for routes that stream it.
    Echo,
    /// A list of requests that are not there yet: the head waits for them, as long as the delay at
    /// most.
    Awaited(Box<Search>),
    /// A body that modifiers change as it is sent, and the head with it.
    Modified(Box<Modified>),
}

/// A body, and what modifiers do to it and to its head.
#[derive(Debug)]
pub struct Modified {
    /// What is done.
    pub plan: Plan,
    /// The body; not itself modified.
    pub body: Body,
}

/// What is kept with a request that waits, because nothing else has it: a set of these, in one
/// byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept(u8);

impl Kept {
    /// The delay of its modifiers, which have nothing else to do.
    pub const DELAY: Kept = Kept(1);
    /// The length of its body, which was discarded.
    pub const CONTENT: Kept = Kept(2);
    /// No seed, which its protocol has.
    pub const NO_SEED: Kept = Kept(4);
    /// How long its body took to arrive.
    pub const RECEIVED: Kept = Kept(8);

    /// Adds one.
    pub fn add(&mut self, one: Kept) {
        self.0 |= one.0;
    }

    /// Whether the set holds this one.
    pub const fn has(self, one: Kept) -> bool {
        self.0 & one.0 != 0
    }
}

impl Reply {
    /// A reply without delay, fields and body.
    pub fn new(status: Status) -> Reply {
        Reply {
            after_us: 0,
            status,
            media: Media::None,
            timed: false,
            sized: false,
            route: UNMATCHED,
            method: Method::Other,
            kept: Kept::default(),
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

    /// Adds a field.
    pub fn header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) -> Reply {
        self.headers.push(name, value);
        self
    }

    /// Reports a value that was clamped: `X-Clamped: n=102400`.
    pub fn clamped(self, name: &str, asked: u64, given: u64) -> Reply {
        if asked == given { self } else { self.header("X-Clamped", format!("{name}={given}")) }
    }

    /// Sends the body's length in the answer to HEAD too, as go-httpbin if it knows it in advance.
    pub fn sized(self) -> Reply {
        Reply { sized: true, ..self }
    }

    /// Sets the media type.
    pub fn media(self, media: Media) -> Reply {
        Reply { media, ..self }
    }
}

/// The limits on the messages of a WebSocket connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebSocketLimits {
    /// Longest frame, in bytes.
    pub fragment_bytes: u64,
    /// Longest message, in bytes.
    pub message_bytes: u64,
}

/// The reason for a path that is not served.
pub const NOT_FOUND: &str = "The requested URL was not found on the server.";

/// A request that is answered with an error because of what it asks.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The status code: 4xx, 501 or 505.
    pub status: Status,
    /// What was wrong, as a sentence for people.
    pub reason: Cow<'static, str>,
    /// For 405: the methods that are allowed.
    pub allow: Option<Methods>,
}

impl Refusal {
    /// A refusal with this status and reason.
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
