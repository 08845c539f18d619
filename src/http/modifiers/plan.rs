//! A plan: what modifiers do to one answer, with all values drawn.

use crate::http::status::Status;

/// What is done to one answer. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The seed in effect, from which every value was drawn.
    pub seed: u64,
    /// Delay before the answer, in microseconds, in addition to the endpoint's own; it contains
    /// what `load` and `slots` add.
    pub delay_us: u64,
    /// Pause between the status line and the fields, in microseconds.
    pub head_us: u64,
    /// Pause between the head and the body, in microseconds.
    pub body_us: u64,
    /// Pause before the last piece of the body, or the last byte of a body in one piece, in
    /// microseconds.
    pub end_us: u64,
    /// Pauses before each piece of the body but the first.
    pub gap: Option<Pause>,
    /// Bytes of a piece of the body.
    pub piece: Option<u32>,
    /// Most bytes of the body per second.
    pub rate: Option<u64>,
    /// How the request's body is read.
    pub read: Option<ReadSpeed>,
    /// The status in place of the endpoint's; 1xx, but never 101, goes before the answer.
    pub status: Option<Status>,
    /// Fields that replace ours of the same name, or are added. Repeated names were given so.
    pub headers: Vec<(String, String)>,
    /// The body in place of the endpoint's.
    pub text: Option<String>,
    /// Bytes of filler in header fields.
    pub pad: u32,
    /// The value of the Link field of a 103 that is sent at once.
    pub hint: Option<String>,
    /// How the body is framed.
    pub frame: Option<Frame>,
    /// Whether the connection is closed after the answer, and the answer announces that.
    pub last: bool,
    /// Time after the answer, in microseconds, after which the connection is closed unannounced.
    pub idle_us: Option<u64>,
    /// How the answer breaks.
    pub fault: Option<Fault>,
    /// Which waits are shorter than was drawn, as they exceeded a bound.
    pub cut: Vec<Cut>,
    /// Whether the `Loiter` field was sent, so that the answer varies by it.
    pub by_field: bool,
}

/// A modifier whose wait was cut to a bound: its name.
pub type Cut = &'static str;

/// The pauses between pieces: each is drawn by its number, so it follows from the seed alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// The value as it was given, which the answer shows.
    pub asked: String,
    // The helper for the grammar adds the distributions, and `fn us(&self, seed, n) -> u64`.
}

/// How fast a request's body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadSpeed {
    /// Bytes per second.
    Rate(u64),
    /// Not at all.
    Hang,
}

/// How a body is framed (RFC 9112 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// By `Content-Length`.
    Length,
    /// By the chunked transfer coding.
    Chunked,
    /// By the end of the connection.
    Close,
}

/// How an answer breaks, and where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault {
    /// How.
    pub kind: FaultKind,
    /// Where; `None`: before anything of the answer is sent, or where the kind implies it.
    pub at: Option<At>,
}

/// How an answer breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// FIN without an answer.
    Close,
    /// TCP RST, in HTTP/2 RST_STREAM; before the answer or within its body.
    Reset,
    /// TCP RST of the whole connection; before the answer or within its body.
    Abort,
    /// Silence in place of the answer.
    Hang,
    /// Silence within the body.
    Stall,
    /// A body that ends early, by FIN.
    Truncate,
    /// Random bytes in place of the answer, then FIN.
    Garbage,
    /// An answer whose status line is malformed.
    BadHead,
    /// A malformed chunk size within the body, then FIN.
    BadChunk,
    /// Two different lengths in the head.
    DupLength,
    /// So many bytes more than the length says, then FIN.
    Extra(u32),
    /// A WebSocket close frame with this code.
    WsClose(u16),
}

/// A place in a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum At {
    /// After so many bytes of the body; beyond its end counts as its end.
    Byte(u64),
    /// After this share of it, 0 to 1.
    Share(f64),
    /// After so many of its events or lines.
    Event(u64),
    /// After so many bytes of the request's body were read.
    Upload(u64),
    /// As soon as a connection is accepted.
    Connect,
}
