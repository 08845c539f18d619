//! The kinds of faults: one row each, and how they are parsed.

use super::Protocol::{self, Http2, Http10, Http11, TcpEcho, UdpEcho};
use super::distribution::fraction;
use super::plan::{At, Fault, FaultKind};
use crate::base::limits::MAX_EXTRA_BYTES;
use crate::base::number::is_digits;
use crate::base::text::{nearest, shortened};

/// One kind of fault.
#[derive(Debug)]
pub struct FaultRow {
    /// The kind; its number, if it has one, has no meaning here.
    pub kind: FaultKind,
    /// What may follow its name.
    pub place: Place,
    /// Where it is possible.
    pub on: &'static [Protocol],
    /// What it does, in one line.
    pub summary: &'static str,
    /// A sample of a value.
    pub sample: &'static str,
}

/// What may follow the name of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing.
    Never,
    /// `up:N` or `connect`, or nothing: the answer has not begun. Or `event:N`, among WebSocket
    /// messages.
    Before,
    /// Any place, or nothing: before the answer.
    Anywhere,
    /// A place in the body; its half if there is none.
    Within,
    /// A number of bytes.
    Bytes,
    /// An event or a line; the one in the middle if there is no place.
    Event,
    /// The code of a WebSocket close frame, and `event:N` or nothing.
    Code,
}

impl Place {
    /// What to write, for help and errors: empty if nothing.
    pub const fn syntax(self) -> &'static str {
        match self {
            Place::Never => "",
            Place::Before => "[:up:BYTES, :connect or, among WebSocket messages, :event:N]",
            Place::Anywhere => "[:BYTES, :0.5, :event:N, :up:BYTES or :connect]",
            Place::Within => "[:BYTES, :0.5 or :event:N]",
            Place::Bytes => ":BYTES",
            Place::Event => "[:0.5 or :event:N]",
            Place::Code => ":CODE[:event:N]",
        }
    }
}

const HTTP: &[Protocol] = &[Http10, Http11, Http2];
const ALL: &[Protocol] = &[Http10, Http11, Http2, TcpEcho, UdpEcho];
const TCP: &[Protocol] = &[Http10, Http11, Http2, TcpEcho];
const HTTP1: &[Protocol] = &[Http10, Http11];
const ROW: FaultRow =
    FaultRow { kind: FaultKind::Close, place: Place::Never, on: HTTP, summary: "", sample: "" };

/// Every kind of fault.
pub static FAULTS: [FaultRow; 14] = [
    FaultRow {
        place: Place::Before,
        on: ALL,
        summary: "closes the connection (FIN) without an answer",
        sample: "close",
        ..ROW
    },
    FaultRow {
        kind: FaultKind::Reset,
        place: Place::Anywhere,
        on: TCP,
        summary: "resets the connection (TCP RST), in HTTP/2 the stream",
        sample: "reset:0.5",
    },
    FaultRow {
        kind: FaultKind::Abort,
        place: Place::Anywhere,
        on: TCP,
        summary: "resets the connection (TCP RST), in HTTP/2 too",
        sample: "abort",
    },
    FaultRow {
        kind: FaultKind::Hang,
        place: Place::Before,
        on: ALL,
        summary: "sends nothing until the client leaves, or --max-wait",
        sample: "hang",
    },
    FaultRow {
        kind: FaultKind::Stall,
        place: Place::Within,
        on: TCP,
        summary: "stops in mid-body until the client leaves, or --max-wait",
        sample: "stall:100",
    },
    FaultRow {
        kind: FaultKind::Truncate,
        place: Place::Within,
        on: TCP,
        summary: "closes in mid-body, short of the length that was announced",
        sample: "truncate:0.5",
    },
    FaultRow {
        kind: FaultKind::Garbage,
        place: Place::Before,
        summary: "sends random bytes and closes",
        sample: "garbage",
        ..ROW
    },
    FaultRow {
        kind: FaultKind::BadHead,
        on: HTTP1,
        summary: "sends a malformed status line, the rest as usual",
        sample: "bad-head",
        ..ROW
    },
    FaultRow {
        kind: FaultKind::BadChunk,
        place: Place::Within,
        on: &[Http11],
        summary: "sends a malformed chunk size in mid-body and closes",
        sample: "bad-chunk:0.5",
    },
    FaultRow {
        kind: FaultKind::DupLength,
        on: HTTP1,
        summary: "announces two different lengths",
        sample: "dup-length",
        ..ROW
    },
    FaultRow {
        kind: FaultKind::Extra(0),
        place: Place::Bytes,
        on: HTTP1,
        summary: "sends more bytes than the length that was announced",
        sample: "extra:10",
    },
    FaultRow {
        kind: FaultKind::WsClose(0),
        place: Place::Code,
        on: &[Http11],
        summary: "sends a WebSocket close frame with this code",
        sample: "ws-close:4000",
    },
    FaultRow {
        kind: FaultKind::BadEvent,
        place: Place::Event,
        summary: "cuts an event or a line in half, and goes on with the next",
        sample: "bad-event:event:3",
        ..ROW
    },
    FaultRow {
        kind: FaultKind::ErrorEvent,
        place: Place::Event,
        summary: "sends an event that reports an error, and ends the body",
        sample: "error-event:event:3",
        ..ROW
    },
];

/// Words that others use for a fault.
const SYNONYMS: [(&str, &str); 8] = [
    ("rst", "reset"),
    ("fin", "close"),
    ("drop", "close"),
    ("empty", "close"),
    ("timeout", "hang"),
    ("blackhole", "hang"),
    ("partial", "truncate"),
    ("random", "garbage"),
];

impl FaultRow {
    /// The row of a kind.
    pub fn of(kind: FaultKind) -> Option<&'static FaultRow> {
        FAULTS.iter().find(|row| row.kind.name() == kind.name())
    }
}

/// Parses `KIND[:AT]`. The error is what is wrong, as a sentence.
pub fn parse(text: &str) -> Result<Fault, String> {
    let (name, after) = match text.split_once(':') {
        Some((name, after)) => (name, Some(after)),
        None => (text, None),
    };
    let row = FAULTS.iter().find(|row| row.kind.name() == name).ok_or_else(|| unknown(name))?;
    let wrong = || {
        let (syntax, shown) = (row.place.syntax(), shortened(text));
        if syntax.is_empty() {
            return format!("`{shown}` has a place, and {name} takes none; write {name}");
        }
        format!("`{shown}` is not a fault; write {name}{syntax}, such as {}", row.sample)
    };
    let number = |text: Option<&str>, most: u64| {
        let number = text.filter(|text| is_digits(text)).and_then(|text| text.parse().ok());
        number.filter(|number| (1..=most).contains(number)).ok_or_else(wrong)
    };
    let place = |text: &str| at(text).filter(|at| row.place.allows(*at)).ok_or_else(wrong);
    let fault = |kind, at| Ok(Fault { kind, at });
    match (row.place, after) {
        (Place::Bytes, _) => fault(FaultKind::Extra(number(after, MAX_EXTRA_BYTES)? as u32), None),
        (Place::Code, _) => {
            let (code, after) = match after.and_then(|after| after.split_once(':')) {
                Some((code, after)) => (Some(code), Some(place(after)?)),
                None => (after, None),
            };
            let code = number(code, 4999)? as u16;
            if is_close_code(code) { fault(FaultKind::WsClose(code), after) } else { Err(wrong()) }
        }
        (Place::Within | Place::Event, None) => fault(row.kind, Some(At::Share(0.5))),
        (_, None) => fault(row.kind, None),
        (_, Some(after)) => fault(row.kind, Some(place(after)?)),
    }
}

impl Place {
    fn allows(self, at: At) -> bool {
        let before = matches!(at, At::Upload(_) | At::Connect);
        match self {
            Place::Anywhere => true,
            Place::Before => before || matches!(at, At::Event(_)),
            Place::Within => !before,
            Place::Event => matches!(at, At::Share(_) | At::Event(_)),
            Place::Code => matches!(at, At::Event(_)),
            Place::Never | Place::Bytes => false,
        }
    }
}

fn at(text: &str) -> Option<At> {
    let number = |text: &str| text.parse().ok().filter(|_| is_digits(text));
    match text.split_once(':') {
        Some(("event", n)) => number(n).map(At::Event),
        Some(("up", n)) => number(n).map(At::Upload),
        Some(_) => None,
        None if text == "connect" => Some(At::Connect),
        None if text.contains('.') => fraction("", text, 0.0..=1.0).ok().map(At::Share),
        None => number(text).map(At::Byte),
    }
}

/// Codes that a close frame may have (RFC 6455 7.4 and the IANA registry): 1004, 1005, 1006 and
/// 1015 are not sent, and those from 1016 to 2999 are reserved.
fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

fn unknown(name: &str) -> String {
    let kinds = || FAULTS.iter().map(|row| row.kind.name());
    let meant = match nearest(name, kinds(), &SYNONYMS) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("write {}", kinds().collect::<Vec<&str>>().join(", ")),
    };
    format!("`{}` is not a fault; {meant}", shortened(name))
}
