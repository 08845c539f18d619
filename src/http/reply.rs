//! A reply: a score that the exchange plays. Time is data in it, never waited for here.

use std::borrow::Cow;

use super::app::App;
use super::bytes::{all, in_text, in_token};
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
    Lines,
    /// `text/event-stream; charset=utf-8`
    Events,
    /// `application/octet-stream`
    Bytes,
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
            Media::Lines => "Content-Type: application/x-ndjson; charset=utf-8\r\n",
            Media::Events => "Content-Type: text/event-stream; charset=utf-8\r\n",
            Media::Bytes => "Content-Type: application/octet-stream\r\n",
        }
    }
}

/// Fields beyond the standing ones. Costs eight bytes when there are none, which is nearly always.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a parked request holds 8 bytes instead of 24")]
pub struct Headers(Option<Box<Vec<HeaderField>>>);

/// A name and its value.
type HeaderField = (Cow<'static, str>, Cow<'static, str>);

impl Headers {
    /// Adds a field. Its name must be a token and its value hold no control character: one that is
    /// not so is left out, so no reply can be split (RFC 9110 5.1 and 5.5).
    pub fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        let (name, value) = (name.into(), value.into());
        if is_token(&name) && is_field_value(&value) {
            self.0.get_or_insert_default().push((name, value));
        }
    }

    /// Adds a field as Go's `net/http` writes one: it is left out if its name is not a token, CR
    /// and LF become blanks, blanks at the ends are cut, and other control characters stay. So no
    /// reply can be split. Departure: NUL becomes a blank as well (RFC 9110 5.5).
    pub fn push_as_go(&mut self, name: impl Into<Cow<'static, str>>, value: &str) {
        let (name, value) = (name.into(), value.replace(['\r', '\n', '\0'], " "));
        if is_token(&name) {
            let value = value.trim_matches([' ', '\t']).to_owned();
            self.0.get_or_insert_default().push((name, value.into()));
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The fields, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter().flat_map(|list| list.iter());
        fields.map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// A regular expression for any text.
pub const ANY_TEXT: &str = r"^[\s\S]*$";

/// A regular expression for what [`is_token`] takes.
pub const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/// A regular expression for what [`is_field_value`] takes.
pub const FIELD_VALUE: &str = r"^[^\x00-\x08\x0a-\x1f\x7f]*$";

/// Whether a text can be a field's name (RFC 9110 5.6.2).
pub fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(in_token)
}

/// Whether a text can be a field's value: it holds no control character but TAB (RFC 9110 5.5).
pub fn is_field_value(value: &str) -> bool {
    all(value.as_bytes(), in_text)
}

/// Whether a text of the client's own may be told in a field: one with any control character would
/// be read in one way here and in another there.
pub fn is_plain(value: &str) -> bool {
    !value.contains(char::is_control)
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
    Messages(Box<Messages>),
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
pub struct Messages {
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
