//! What a row of the table of modifiers has.

use super::Protocol;

/// A modifier. The order is that of [`ROWS`](super::rows::ROWS).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Name {
    /// `delay`.
    Delay,
    /// `head`.
    Head,
    /// `body`.
    Body,
    /// `end`.
    End,
    /// `gap`.
    Gap,
    /// `piece`.
    Piece,
    /// `rate`.
    Rate,
    /// `read`.
    Read,
    /// `status`.
    Status,
    /// `header`.
    Header,
    /// `text`.
    Text,
    /// `pad`.
    Pad,
    /// `hint`.
    Hint,
    /// `frame`.
    Frame,
    /// `last`.
    Last,
    /// `idle`.
    Idle,
    /// `load`.
    Load,
    /// `slots`.
    Slots,
    /// `limit`.
    Limit,
    /// `trace`.
    Trace,
    /// `fault`.
    Fault,
    /// `cert`.
    Cert,
    /// `hello`.
    Hello,
    /// `handshake`.
    Handshake,
    /// `tls`.
    Tls,
    /// `key`.
    Key,
    /// `times`.
    Times,
    /// `since`.
    Since,
    /// `every`.
    Every,
    /// `seed`.
    Seed,
    /// `with`.
    With,
    /// `cut`.
    Cut,
}

/// One modifier.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: Name,
    /// How its value is parsed.
    pub kind: Kind,
    /// What to write as its value, for help; empty if it has none.
    pub syntax: &'static str,
    /// What it does, in one line: a verb first, for `~name=value …`.
    pub summary: &'static str,
    /// A sample of a value. As in `good` and `bad`, what a URL cannot hold is percent-encoded.
    pub sample: &'static str,
    /// What [`good`](Self::good) returns, separated by blanks, but for `none` and no value.
    pub good: &'static str,
    /// What [`bad`](Self::bad) returns, separated by blanks, but for no value.
    pub bad: &'static str,
    /// Its group on the page.
    pub group: Group,
    /// Where it is possible. Single values may be impossible on some of these.
    pub on: &'static [Protocol],
    /// What becomes of it on a public server, if the request has it.
    pub public: Public,
}

/// How a value is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A duration or a distribution of one, by chance or by weight.
    Time,
    /// A size in bytes, from the first to the second, by chance or by weight.
    Size(u64, u64),
    /// Bytes per second, or `hang`, by chance or by weight.
    Read,
    /// A status code, by chance or by weight.
    Status,
    /// A framing, by chance or by weight.
    Frame,
    /// A kind of fault and its place, by chance or by weight.
    Fault,
    /// A number of places, and what `Time` accepts.
    Slots,
    /// A number of requests, a time, and a field's name or none.
    Limit,
    /// A field's name and value.
    Header,
    /// Any text of at most so many bytes.
    Text(usize),
    /// A text of 1 to so many bytes without control characters.
    Line(usize),
    /// No value.
    Flag,
    /// A number of requests, or a range of their numbers from 1.
    Times,
    /// A range of times.
    Since,
    /// A period, and a part of it.
    Every,
    /// 1 to 16 hexadecimal digits.
    Seed,
    /// `none` alone.
    With,
    /// Names of modifiers.
    Cut,
    /// A certificate with one thing wrong.
    Certificate,
    /// What breaks a handshake, by chance or by weight.
    Handshake,
    /// A version of TLS, by chance or by weight.
    TlsVersion,
}

/// A group on the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// When the answer comes.
    Time,
    /// What the answer is.
    Answer,
    /// How it is framed, and how its connection ends.
    Wire,
    /// How it breaks.
    Fault,
    /// How the handshake of a TLS connection is modified, before any request.
    Tls,
    /// Which requests are modified.
    Selection,
}

/// What a public server does with a modifier that a request has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Public {
    /// The same as any server.
    Allowed,
    /// It refuses the request.
    Off,
    /// It refuses other values than these.
    Bounded(&'static str),
}

impl Name {
    /// Its text.
    pub const fn text(self) -> &'static str {
        match self {
            Name::Delay => "delay",
            Name::Head => "head",
            Name::Body => "body",
            Name::End => "end",
            Name::Gap => "gap",
            Name::Piece => "piece",
            Name::Rate => "rate",
            Name::Read => "read",
            Name::Status => "status",
            Name::Header => "header",
            Name::Text => "text",
            Name::Pad => "pad",
            Name::Hint => "hint",
            Name::Frame => "frame",
            Name::Last => "last",
            Name::Idle => "idle",
            Name::Load => "load",
            Name::Slots => "slots",
            Name::Limit => "limit",
            Name::Trace => "trace",
            Name::Fault => "fault",
            Name::Cert => "cert",
            Name::Hello => "hello",
            Name::Handshake => "handshake",
            Name::Tls => "tls",
            Name::Key => "key",
            Name::Times => "times",
            Name::Since => "since",
            Name::Every => "every",
            Name::Seed => "seed",
            Name::With => "with",
            Name::Cut => "cut",
        }
    }
}

impl Row {
    /// Whether one carrier can have it several times.
    pub fn repeatable(&self) -> bool {
        self.kind == Kind::Header
    }

    /// Whether its value can have a chance, and be a list with weights.
    pub fn has_chance(&self) -> bool {
        use Kind::{Fault, Frame, Handshake, Read, Size, Slots, Status, Time, TlsVersion};
        let chosen = matches!(self.kind, Status | Frame | Fault | Handshake | TlsVersion);
        chosen || matches!(self.kind, Time | Size(..) | Read | Slots)
    }

    /// Whether a request can have it. Before a handshake there is none, so what modifies that is
    /// for a listener and the server alone.
    pub fn is_for_requests(&self) -> bool {
        *self.on != [Protocol::Tls]
    }

    /// Values that HTTP/1.1 accepts, or a handshake.
    pub fn good(&self) -> impl Iterator<Item = &'static str> {
        let empty = (!self.needs_value()).then_some("");
        self.good.split_whitespace().chain(["none"]).chain(empty)
    }

    /// Values that are refused with the default limits if a request has them.
    pub fn bad(&self) -> impl Iterator<Item = &'static str> {
        self.bad.split_whitespace().chain(self.needs_value().then_some(""))
    }

    /// Whether an empty value is refused.
    pub fn needs_value(&self) -> bool {
        !matches!(self.kind, Kind::Flag | Kind::Text(_))
    }

    /// How it is written, for help: `delay=DURATION`, or `last`.
    pub fn usage(&self) -> String {
        let equals = if self.syntax.is_empty() { "" } else { "=" };
        [self.name.text(), equals, self.syntax].concat()
    }
}
