//! A reply: a score that the exchange plays. Time is data in it, never waited for here.

use std::borrow::Cow;

use super::app::App;
use super::request::{Methods, Request};
use super::status::Status;
use crate::base::random::{Mersenne, Random};

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
    /// `application/octet-stream`
    Bytes,
}

impl Media {
    /// The field's value.
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Media::None => None,
            Media::Json => Some("application/json"),
            Media::Html => Some("text/html; charset=utf-8"),
            Media::Text => Some("text/plain; charset=utf-8"),
            Media::Bytes => Some("application/octet-stream"),
        }
    }
}

/// Fields beyond the standing ones. Costs eight bytes when there are none, which is nearly always.
#[derive(Debug, Default)]
#[expect(clippy::box_collection, reason = "a parked request holds 8 bytes instead of 24")]
pub struct Headers(Option<Box<Vec<HeaderField>>>);

/// A name and its value.
type HeaderField = (&'static str, Cow<'static, str>);

impl Headers {
    /// Adds a field. Its value must hold no CR, LF or NUL: one that does is left out, so no reply
    /// can be split (RFC 9110 5.5).
    pub fn push(&mut self, name: &'static str, value: impl Into<Cow<'static, str>>) {
        let value = value.into();
        if !value.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            self.0.get_or_insert_default().push((name, value));
        }
    }

    /// The fields, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().flat_map(|list| list.iter().map(|(name, value)| (*name, value.as_ref())))
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
    /// The request's own body, passed back while it arrives. Only for routes that stream it.
    Echo,
}

/// A body over time: pieces spread evenly over a span.
#[derive(Debug)]
pub struct Pace {
    /// What makes the pieces.
    pub source: Source,
    /// How many pieces there are in all.
    pub pieces: u64,
    /// How many of them have been made; 0 at first.
    pub made: u64,
    /// Microseconds over which all pieces are spread: from the first to where one after the last
    /// would be, so that piece `k` of `n` is due at `span_us * k / n`, rounded up. 0: as fast as
    /// the client takes them.
    pub span_us: u64,
    /// All bytes together, for `Content-Length`; `None`: chunked, a chunk a piece.
    pub length: Option<u64>,
}

impl Pace {
    /// This many pieces of a source, none made yet.
    pub fn new(source: Source, pieces: u64, span_us: u64, length: Option<u64>) -> Pace {
        Pace { source, pieces, made: 0, span_us, length }
    }

    /// When the next piece is due, in microseconds after the head; `None` after the last.
    pub fn due_us(&self) -> Option<u64> {
        let due = (u128::from(self.span_us) * u128::from(self.made))
            .div_ceil(u128::from(self.pieces.max(1)));
        (self.made < self.pieces).then_some(u64::try_from(due).unwrap_or(u64::MAX))
    }

    /// Appends pieces that are due `elapsed_us` after the head: one at least, and no more once
    /// `room` bytes are filled.
    pub fn make(&mut self, elapsed_us: u64, room: usize, output: &mut Vec<u8>) {
        let due = match self.span_us {
            0 => self.pieces,
            span => {
                let whole = u128::from(elapsed_us) * u128::from(self.pieces) / u128::from(span);
                u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1).min(self.pieces)
            }
        };
        let fit = (room as u64).div_ceil(self.source.piece_bytes().max(1));
        let count = due.saturating_sub(self.made).min(fit).max(1);
        self.source.pieces(count, output);
        self.made += count;
    }
}

/// What makes the pieces of a paced body.
#[derive(Debug)]
pub enum Source {
    /// One byte over and over, `piece` bytes at a time.
    Fill {
        /// The byte.
        byte: u8,
        /// Bytes a piece.
        piece: u32,
    },
    /// Random bytes.
    Noise {
        /// The generator.
        random: Random,
        /// Bytes still to come.
        left: u64,
        /// Bytes a piece; the last may be shorter.
        piece: u32,
    },
    /// The bytes Python's generator gives for a seed.
    Python {
        /// The generator.
        mersenne: Box<Mersenne>,
        /// Bytes still to come.
        left: u64,
        /// Bytes a piece; the last may be shorter.
        piece: u32,
    },
    /// Lines that differ only in the number at their end: `before`, number, `}` and a line feed.
    Lines {
        /// What stands before the number.
        before: Box<[u8]>,
        /// The next line's number.
        next: u64,
    },
}

impl Source {
    /// Appends the next `count` pieces: many that are due together cost little more than one.
    fn pieces(&mut self, count: u64, output: &mut Vec<u8>) {
        if let Source::Fill { byte, piece } = self {
            let bytes = (*piece as usize).saturating_mul(count as usize);
            return output.resize(output.len() + bytes, *byte);
        }
        for _ in 0..count {
            self.piece(output);
        }
    }

    /// How long a piece is, the last possibly excepted.
    fn piece_bytes(&self) -> u64 {
        match self {
            Source::Fill { piece, .. }
            | Source::Noise { piece, .. }
            | Source::Python { piece, .. } => u64::from(*piece),
            // One at a time: each is a chunk.
            Source::Lines { .. } => u64::MAX,
        }
    }

    /// Appends the next piece.
    fn piece(&mut self, output: &mut Vec<u8>) {
        match self {
            Source::Fill { byte, piece } => {
                output.resize(output.len() + *piece as usize, *byte);
            }
            Source::Noise { random, left, piece } => {
                random.fill(output, take(left, *piece));
            }
            Source::Python { mersenne, left, piece } => {
                mersenne.fill(output, take(left, *piece));
            }
            Source::Lines { before, next } => {
                output.extend_from_slice(before);
                output.extend_from_slice(itoa::Buffer::new().format(*next).as_bytes());
                output.extend_from_slice(b"}\n");
                *next += 1;
            }
        }
    }
}

/// Takes up to `piece` from what is `left`.
fn take(left: &mut u64, piece: u32) -> usize {
    let bytes = (*left).min(u64::from(piece));
    *left -= bytes;
    bytes as usize
}

impl Reply {
    /// A reply without delay, further fields or body.
    pub fn new(status: Status) -> Reply {
        Reply {
            after_us: 0,
            status,
            media: Media::None,
            timed: false,
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
    pub fn header(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Reply {
        self.headers.push(name, value);
        self
    }
}

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
        Refusal::new(Status(404), "The requested URL was not found on the server.")
    }
}
