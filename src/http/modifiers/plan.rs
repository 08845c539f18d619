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
    /// Whether modifiers were asked for, so that the answer shows which were applied. Without that
    /// there is only `path_us`.
    pub asked: bool,
    /// Delay before the answer that is not a modifier's, in microseconds: `/delay/D/` before the
    /// endpoint's path.
    pub path_us: u64,
    /// The longest silence of a fault, in microseconds.
    pub silence_us: u64,
}

impl Plan {
    /// A plan with nothing but a delay.
    pub fn delay_only(seed: u64, delay_us: u64) -> Plan {
        Plan { seed, delay_us, asked: true, ..Plan::default() }
    }

    /// Whether it is nothing but a delay, which may be 0.
    pub fn is_delay_only(&self) -> bool {
        let path_us = self.path_us;
        *self == Plan { path_us, ..Plan::delay_only(self.seed, self.delay_us) }
    }

    /// Drops what is impossible for an answer without a body.
    pub fn spare_body(&mut self) {
        (self.body_us, self.end_us) = (0, 0);
        (self.gap, self.piece, self.rate, self.frame) = (None, None, None, None);
        let needs_none = |fault: &Fault| fault.is_before_head() || fault.kind == FaultKind::BadHead;
        self.fault = self.fault.filter(needs_none);
    }

    /// Whether an answer takes time because of it.
    pub fn takes_time(&self) -> bool {
        let pauses_us = [self.delay_us, self.path_us, self.head_us, self.body_us, self.end_us];
        let silent = |fault: Fault| matches!(fault.kind, FaultKind::Hang | FaultKind::Stall);
        pauses_us.iter().any(|us| *us > 0)
            || self.gap.is_some()
            || self.rate.is_some()
            || self.fault.is_some_and(silent)
    }

    /// Whether nothing of the answer is sent, not even its head.
    pub fn sends_nothing(&self) -> bool {
        self.fault.is_some_and(|fault| fault.is_before_head())
    }

    /// Whether the request's body is read in another way than usual.
    pub fn changes_reading(&self) -> bool {
        let upload = |fault: Fault| matches!(fault.at, Some(At::Upload(_)));
        self.read.is_some() || self.fault.is_some_and(upload)
    }
}

/// A modifier whose wait was cut to a bound: its name.
pub type Cut = &'static str;

/// The pauses between pieces: each is drawn by its number, so it follows from the seed alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// The value as it was given, which the answer shows.
    pub asked: String,
}

impl Pause {
    /// The pause before piece `n`, in microseconds.
    pub fn us(&self, _seed: u64, _n: u64) -> u64 {
        0
    }
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

impl Fault {
    /// Whether it takes the place of the whole answer.
    pub fn is_before_head(self) -> bool {
        use FaultKind::{Abort, Close, Garbage, Hang, Reset};
        matches!(self.kind, Close | Hang | Garbage | Reset | Abort) && self.at.is_none()
    }
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

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed={:x}", self.seed)
    }
}
