//! Records of finished exchanges, for the access log.

use std::borrow::Cow;
use std::net::IpAddr;

use super::request::{Method, Request};
use super::status::Status;
use crate::base::limits::{
    JOURNAL_ANSWER_BYTES, MAX_LOGGED_BYTES, MAX_REQUEST_ID_BYTES, RECORDS_PER_TURN,
};
use crate::base::time::Time;

/// One finished exchange.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// When the head was complete; if it never was, when its first byte arrived. By the worker's
    /// clock, which is read before the sockets are.
    pub started: Time,
    /// Time from `started` to the end of the turn that wrote the last byte of the answer, in
    /// microseconds. The kernel has it then, unless the client does not read.
    pub duration_us: u64,
    /// Microseconds from `started` until the client shut down its side, if it did while it waited.
    pub waited_us: Option<u64>,
    /// The client's address; `None` on a Unix socket.
    pub peer: Option<IpAddr>,
    /// The version of TLS, as `TLS 1.3`; `None` without TLS.
    pub tls: Option<&'static str>,
    /// The status of the answer.
    pub status: Status,
    /// The index of the route that answered and the method, of an exchange that is counted when
    /// it is known whether its client is gone.
    pub counted: (u8, Method),
    /// Bytes of the body that were sent.
    pub body_bytes: u64,
    /// Why the request was refused before it reached an endpoint, or its answer was cut off.
    pub error: Option<Cow<'static, str>>,
    /// What modifiers did to the answer, as in its `Loiter` field.
    pub modifiers: Option<Box<str>>,
    /// The parts of the request that are logged.
    pub strings: LoggedStrings,
    /// What only the JSON format shows; kept with the record when that is used again.
    pub details: Option<Box<Details>>,
    /// Whether the log leaves it out: it exists for the journal, or because its client closed its
    /// side.
    pub unlogged: bool,
    /// Whether the answer was cut off, by its client or by a fault.
    pub cut_off: bool,
    /// The number of its request in the journal; 0 if that does not have it.
    pub journaled: u64,
    /// The body of the request, if that was streamed and is to be in the journal.
    pub streamed: Option<StreamedBody>,
    /// The beginning of the answer's body, if that was made in pieces, for the journal.
    pub answered: Vec<u8>,
}

impl Record {
    /// This was appended to the answer's body.
    pub fn extend_body(&mut self, piece: &[u8]) {
        self.body_bytes += piece.len() as u64;
        if self.journaled > 0 {
            let room = JOURNAL_ANSWER_BYTES.saturating_sub(self.answered.len());
            self.answered.extend_from_slice(piece.get(..room).unwrap_or(piece));
        }
    }
}

/// What the journal keeps of a body that was sent back while it arrived.
#[derive(Clone, Debug, Default)]
pub struct StreamedBody {
    /// Its beginning.
    pub kept: Vec<u8>,
    /// The length of all of it.
    pub bytes: u64,
}

/// What is known of an exchange beyond what the usual formats of access logs have.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// The listener's address, as `host:port`.
    pub listener: String,
    /// The client's port; `None` on a Unix socket.
    pub peer_port: Option<u16>,
    /// The template of the route that answered, such as `/delay/{n}`.
    pub route: Option<&'static str>,
    /// Bytes of the request's body.
    pub request_bytes: u64,
    /// How long the answer was asked to wait, in microseconds.
    pub delay_us: u64,
    /// How much later than that it was given, in microseconds; `None` if it was not.
    pub late_us: Option<u64>,
    /// The first X-Forwarded-For field.
    pub forwarded_for: Option<Box<[u8]>>,
    /// The X-Request-Id field, if it is printable ASCII and not long.
    pub request_id: Option<Box<[u8]>>,
}

impl Details {
    /// Replaces them all by those of a request that came through this listener.
    pub fn set(&mut self, request: &Request, listener: &str, peer_port: Option<u16>) {
        self.listener.clear();
        self.listener.push_str(listener);
        self.peer_port = peer_port;
        self.route = None;
        self.request_bytes = request.body_bytes;
        (self.delay_us, self.late_us) = (0, None);
        self.forwarded_for = request.field("X-Forwarded-For").map(|value| truncated(value).into());
        let printable = |id: &&[u8]| {
            id.len() <= MAX_REQUEST_ID_BYTES && id.iter().all(|byte| byte.is_ascii_graphic())
        };
        self.request_id = request.field("X-Request-Id").filter(printable).map(Box::from);
    }
}

/// A request line, as far as it could be parsed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoggedLine<'a> {
    /// The method, a token.
    pub method: Option<&'a [u8]>,
    /// The target as sent; if the line could not be parsed, everything but its method and version.
    pub target: Option<&'a [u8]>,
    /// The version, as `HTTP/1.1`.
    pub version: Option<[u8; 8]>,
}

impl<'a> LoggedLine<'a> {
    /// The line of a request that was parsed.
    pub fn of(request: &Request<'a>) -> LoggedLine<'a> {
        LoggedLine {
            method: Some(request.method_name().as_bytes()),
            target: Some(request.target.raw),
            version: Some(*request.version.name()),
        }
    }
}

/// The logged strings of a request, each truncated; in one buffer, to save allocations.
#[derive(Clone, Debug, Default)]
pub struct LoggedStrings {
    bytes: Vec<u8>,
    /// Where each ends in `bytes`, in the same order.
    ends: [usize; 4],
    /// Which of them exist.
    present: [bool; 4],
    version: Option<[u8; 8]>,
}

impl LoggedStrings {
    /// Replaces them all: the request line, and the Referer and User-Agent fields.
    pub fn set(&mut self, line: LoggedLine, referer: Option<&[u8]>, agent: Option<&[u8]>) {
        let texts = [line.method, line.target, referer, agent];
        self.version = line.version;
        self.present = texts.map(|text| text.is_some());
        let texts = texts.map(|text| truncated(text.unwrap_or_default()));
        self.bytes.clear();
        self.bytes.reserve_exact(texts.iter().map(|text| text.len()).sum());
        for (text, end) in texts.iter().zip(&mut self.ends) {
            self.bytes.extend_from_slice(text);
            *end = self.bytes.len();
        }
    }

    /// The request line.
    pub fn line(&self) -> LoggedLine<'_> {
        LoggedLine { method: self.get(0), target: self.get(1), version: self.version }
    }

    /// The Referer field, if any.
    pub fn referer(&self) -> Option<&[u8]> {
        self.get(2)
    }

    /// The User-Agent field, if any.
    pub fn agent(&self) -> Option<&[u8]> {
        self.get(3)
    }

    fn get(&self, place: usize) -> Option<&[u8]> {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.present[place].then(|| self.bytes.get(start..self.ends[place]).unwrap_or_default())
    }
}

fn truncated(text: &[u8]) -> &[u8] {
    text.get(..MAX_LOGGED_BYTES).unwrap_or(text)
}

/// The records of finished exchanges, and free ones for the next.
#[derive(Debug, Default)]
#[expect(clippy::vec_box, reason = "a record is in its box from its first byte to its last")]
pub struct Records {
    done: Vec<Box<Record>>,
    /// How many of them have a duration.
    timed: usize,
    used: Vec<Box<Record>>,
}

impl Records {
    /// A record to fill in; it may have the content of another exchange.
    pub fn blank(&mut self) -> Box<Record> {
        self.used.pop().unwrap_or_default()
    }

    /// Adds the record of a finished exchange.
    pub fn push(&mut self, record: Box<Record>) {
        self.done.push(record);
    }

    /// Whether exchanges have finished since the last call of [`time`](Records::time).
    pub fn are_untimed(&self) -> bool {
        self.timed < self.done.len()
    }

    /// Sets the duration of each exchange that has finished since the last call, at the end of its
    /// turn. If the client has left, it has one already.
    pub fn time(&mut self, now: Time) {
        for record in self.done.iter_mut().skip(self.timed) {
            if record.waited_us.is_none() {
                record.duration_us = now.since(record.started).as_micros() as u64;
            }
        }
        self.timed = self.done.len();
    }

    /// Number of finished exchanges.
    pub fn len(&self) -> usize {
        self.done.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.done.is_empty()
    }

    /// Calls `show` with each record, in order, and frees it.
    pub fn drain(&mut self, mut show: impl FnMut(&Record)) {
        self.timed = 0;
        for mut record in self.done.drain(..) {
            show(&record);
            // It may be megabytes, and the journal has its own.
            record.streamed = None;
            if self.used.len() < RECORDS_PER_TURN {
                self.used.push(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'a>(method: &'a str, target: &'a [u8]) -> LoggedLine<'a> {
        let version = Some(*b"HTTP/1.1");
        LoggedLine { method: Some(method.as_bytes()), target: Some(target), version }
    }

    #[test]
    fn strings_are_kept_apart_and_truncated() {
        let mut texts = LoggedStrings::default();
        let check = |texts: &LoggedStrings, line, referer: Option<&[u8]>, agent: Option<&[u8]>| {
            assert_eq!((texts.line(), texts.referer(), texts.agent()), (line, referer, agent));
        };
        check(&texts, LoggedLine::default(), None, None);
        texts.set(line("GET", b"/a"), Some(b"r"), Some(b"me"));
        check(&texts, line("GET", b"/a"), Some(b"r"), Some(b"me"));
        texts.set(line("BAN", b"/bc"), None, Some(b""));
        check(&texts, line("BAN", b"/bc"), None, Some(b""));
        let raw = LoggedLine { target: Some(b"\x16\x03"), ..LoggedLine::default() };
        texts.set(raw, None, None);
        check(&texts, raw, None, None);
        let long = [b'x'; MAX_LOGGED_BYTES + 1];
        texts.set(line("GET", &long), Some(b"r"), None);
        check(&texts, line("GET", &long[1..]), Some(b"r"), None);
    }

    #[test]
    fn each_is_timed_once_by_the_end_of_its_own_turn() {
        let mut records = Records::default();
        let mut seen = Vec::new();
        for end in [5, 9] {
            assert!(!records.are_untimed());
            records.push(Box::new(Record { started: Time::from_micros(2), ..Record::default() }));
            assert!(records.are_untimed());
            records.time(Time::from_micros(end));
        }
        records.drain(|record| seen.push(record.duration_us));
        assert_eq!(seen, [3, 7]);
        let blank = records.blank();
        records.push(blank);
        assert!(records.are_untimed());
    }

    #[test]
    fn a_record_is_used_again() {
        let mut records = Records::default();
        let mut record = records.blank();
        record.body_bytes = 7;
        record.streamed = Some(StreamedBody::default());
        let place = std::ptr::from_ref(&*record);
        records.push(record);
        assert_eq!(records.len(), 1);
        let mut seen = 0;
        records.drain(|record| seen += record.body_bytes);
        assert!(records.is_empty() && seen == 7);
        let blank = records.blank();
        assert!(blank.streamed.is_none(), "it keeps no body");
        assert_eq!(std::ptr::from_ref(&*blank), place);
    }
}
