//! A plan: what modifiers do to one answer, with all values drawn.

use std::fmt;

use super::Carrier;
use super::choice::Choice;
use super::distribution::Distribution;
use super::draw::Draw;
use super::rate;
use super::row::Name;
use crate::base::size;
use crate::base::time::Time;
use crate::http::rate_limit::Limited;
use crate::http::request::Version;
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
    /// What the rate limit makes of the request: an answer with its fields, or nothing but a 429.
    pub limited: Option<Limited>,
    /// The value of the `traceresponse` field, if the request has a trace.
    pub trace: Option<String>,
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
    /// Where `frame` and `fault` were given: one that is impossible for the answer is refused if
    /// the request asked for it, and skipped if a default did.
    pub given_by: GivenBy,
    /// Which waits are shorter than was drawn, as they exceeded a bound.
    pub cut: Vec<Cut>,
    /// Whether modifiers were asked for, so that the answer shows which were applied. Without that
    /// there is only `path_us`.
    pub asked: bool,
    /// Delay before the answer that is not a modifier's, in microseconds: `/delay/D/` before the
    /// endpoint's path.
    pub path_us: u64,
    /// The longest silence of a fault, and the longest time of a rate, in microseconds.
    pub silence_us: u64,
    /// Where the answer is a WebSocket handshake: the delay of each echo, message 1 being the first
    /// and the handshake 0.
    pub messages: Option<Pause>,
}

impl Plan {
    /// A plan with nothing but a delay.
    pub fn delay_only(seed: u64, delay_us: u64) -> Plan {
        Plan { seed, delay_us, asked: true, ..Plan::default() }
    }

    /// The modifiers that it applies, in the order of the rows; `load` and `slots` are in `delay`.
    pub fn applied(&self) -> impl Iterator<Item = Name> {
        let applied = [
            (Name::Delay, self.delay_us > 0),
            (Name::Head, self.head_us > 0),
            (Name::Body, self.body_us > 0),
            (Name::End, self.end_us > 0),
            (Name::Gap, self.gap.is_some()),
            (Name::Piece, self.piece.is_some()),
            (Name::Rate, self.rate.is_some()),
            (Name::Read, self.read.is_some()),
            (Name::Status, self.status.is_some()),
            (Name::Header, !self.headers.is_empty()),
            (Name::Text, self.text.is_some()),
            (Name::Pad, self.pad > 0),
            (Name::Hint, self.hint.is_some()),
            (Name::Frame, self.frame.is_some()),
            (Name::Last, self.last),
            (Name::Idle, self.idle_us.is_some()),
            (Name::Limit, self.limited.is_some()),
            (Name::Trace, self.trace.is_some()),
            (Name::Fault, self.fault.is_some()),
        ];
        applied.into_iter().filter_map(|(name, is_applied)| is_applied.then_some(name))
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

    /// Drops what is impossible for a request without a body.
    pub fn spare_reading(&mut self) {
        self.read = None;
        self.fault = self.fault.filter(|fault| !matches!(fault.at, Some(At::Upload(_))));
    }

    /// Notes that a rate ends before a body of this length, if it does.
    pub fn cut_rate(&mut self, length: Option<u64>) {
        let us =
            |(rate, length)| rate::time_us(usize::try_from(length).unwrap_or(usize::MAX), rate);
        if self.rate.zip(length).is_some_and(|pair| us(pair) > self.silence_us) {
            self.cut.push(Name::Rate.text());
        }
    }

    /// How the body is framed: as asked, or as a fault needs it: by a length that is wrong, or in
    /// chunks. HTTP/1.0 has no chunks, so that only a length shows that a body is short.
    pub fn framing(&self, version: Version) -> Option<Frame> {
        let needed = self.fault.and_then(|fault| match fault.kind {
            FaultKind::DupLength | FaultKind::Extra(_) => Some(Frame::Length),
            FaultKind::Truncate if version == Version::Http10 => Some(Frame::Length),
            FaultKind::BadChunk => Some(Frame::Chunked),
            _ => None,
        });
        needed.or(self.frame)
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

    /// Whether the reading of the request's body takes time.
    pub fn reads_slowly(&self) -> bool {
        let hangs =
            |fault: Fault| matches!((fault.kind, fault.at), (FaultKind::Hang, Some(At::Upload(_))));
        self.read.is_some() || self.fault.is_some_and(hangs)
    }

    /// A plan that does nothing: what was asked for does not apply to this answer.
    pub fn spared(seed: u64) -> Plan {
        Plan::delay_only(seed, 0)
    }
}

/// When an echo with this delay is due of what had arrived at `now`. That is cut to whole
/// microseconds, so one more is waited: never early.
pub fn echo_due(now: Time, delay_us: u64) -> Time {
    if delay_us == 0 { now } else { now.after_us(delay_us).after_us(1) }
}

/// Where modifiers were given that an answer may make impossible; the default for one that is not
/// there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GivenBy {
    /// Where the framing was given.
    pub frame: Carrier,
    /// Where the fault was given.
    pub fault: Carrier,
}

/// A modifier whose wait was cut to a bound: its name.
pub type Cut = &'static str;

/// Pauses of one kind: each is drawn by its number, so it follows from the seed alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// The modifier.
    pub name: Name,
    /// How long one is. Written, it is the value that was asked for.
    pub time: Choice<Distribution>,
    /// Most microseconds that all together may take: what the other waits leave of the bound.
    pub most_us: u64,
}

impl Pause {
    /// Pause number `n`, from 0, in microseconds; the caller keeps all together within `most_us`.
    pub fn us(&self, seed: u64, n: u64) -> u64 {
        let draw = Draw::new(seed, self.name.text(), n);
        self.time.draw(draw).map_or(0, |time| time.draw_us(draw)).min(self.most_us)
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

impl fmt::Display for ReadSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadSpeed::Rate(rate) => f.write_str(&size::show(*rate)),
            ReadSpeed::Hang => f.write_str("hang"),
        }
    }
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

impl Frame {
    /// Every framing.
    pub const ALL: [Frame; 3] = [Frame::Length, Frame::Chunked, Frame::Close];

    /// Its name as a value.
    pub const fn name(self) -> &'static str {
        match self {
            Frame::Length => "length",
            Frame::Chunked => "chunked",
            Frame::Close => "close",
        }
    }
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
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
    /// An event or a line whose second half is missing, among sound ones.
    BadEvent,
    /// An event or a line that reports an error, and a sound end of the body.
    ErrorEvent,
}

impl FaultKind {
    /// Its name as a value.
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Close => "close",
            FaultKind::Reset => "reset",
            FaultKind::Abort => "abort",
            FaultKind::Hang => "hang",
            FaultKind::Stall => "stall",
            FaultKind::Truncate => "truncate",
            FaultKind::Garbage => "garbage",
            FaultKind::BadHead => "bad-head",
            FaultKind::BadChunk => "bad-chunk",
            FaultKind::DupLength => "dup-length",
            FaultKind::Extra(_) => "extra",
            FaultKind::WsClose(_) => "ws-close",
            FaultKind::BadEvent => "bad-event",
            FaultKind::ErrorEvent => "error-event",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind.name())?;
        match self.kind {
            FaultKind::Extra(bytes) => write!(f, ":{bytes}")?,
            FaultKind::WsClose(code) => write!(f, ":{code}")?,
            _ => {}
        }
        self.at.map_or(Ok(()), |at| write!(f, ":{at}"))
    }
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

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            At::Byte(bytes) => write!(f, "{bytes}"),
            // The point makes it a share.
            At::Share(share) if share.fract() == 0.0 => write!(f, "{share}.0"),
            At::Share(share) => write!(f, "{share}"),
            At::Event(n) => write!(f, "event:{n}"),
            At::Upload(bytes) => write!(f, "up:{bytes}"),
            At::Connect => f.write_str("connect"),
        }
    }
}
