//! A client: what it sends, how it behaves, and what it must receive.

use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::server::sim::{Client, Link};

use crate::reference::{Asked, End};

/// The answer that one request gets when it is sent alone.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) answer: Vec<u8>,
    pub(crate) asked: Asked,
    /// The offset of the request's last byte in all that the client sends.
    pub(crate) sent_at_offset: usize,
}

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    /// Sends all, then reads to the end, then closes.
    Plain,
    /// Shuts down its sending side right after the last byte.
    HalfCloses,
    /// Waits for the server to close an idle connection.
    WaitsToBeClosed,
    /// Resets the connection at this time.
    Vanishes(Time),
}

#[derive(Debug)]
pub(crate) struct Visitor {
    pub(crate) random: Random,
    pub(crate) manner: Manner,
    pub(crate) request: Vec<u8>,
    pub(crate) expected: Vec<Expected>,
    /// All expected answers.
    pub(crate) whole: Vec<u8>,
    /// Most bytes sent or received at once.
    pub(crate) piece: u64,
    /// Longest pause between two actions, in microseconds.
    pub(crate) pause_us: u64,
    pub(crate) sent: usize,
    /// When the last byte of each request was sent.
    pub(crate) sent_times: Vec<Time>,
    /// When its last byte was sent.
    pub(crate) sent_all: Option<Time>,
    pub(crate) received: Vec<u8>,
    /// Answers that were received and not early, and the offset of the next one.
    pub(crate) judged: usize,
    pub(crate) begins: usize,
    /// The same of answers whose last byte was not early.
    pub(crate) completed: usize,
    pub(crate) completes: usize,
    pub(crate) over: bool,
    /// Whether the server drains in this run.
    pub(crate) finishing: bool,
    /// Whether there are fewer slots than visitors in this run.
    pub(crate) crowded: bool,
    /// Whether descriptors run out for a moment in this run.
    pub(crate) evicts: bool,
    /// Whether the clock jumps in this run.
    pub(crate) jumps: bool,
    /// Whether delayed answers are limited in this run.
    pub(crate) overloaded: bool,
    /// Whether a client that closes its side cancels what waits.
    pub(crate) cancels: bool,
    /// Whether the server has reset the connection.
    pub(crate) broken: bool,
    /// A request that was sent completely before this time must be answered.
    pub(crate) promised: Time,
}

impl Client for Visitor {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.over {
            return Time::NEVER;
        }
        if let Manner::Vanishes(at) = self.manner
            && at <= now
        {
            self.over = true;
            link.reset();
            return Time::NEVER;
        }
        let before = (self.sent, self.received.len());
        self.send(now, link);
        self.receive(now, link);
        self.broken |= link.broken();
        let moved = (self.sent, self.received.len()) != before;
        let all = !self.finishing && self.received.len() == self.whole.len();
        let all = all && self.sent == self.request.len() && self.leaves();
        if link.ended() {
            self.check_end_time(now);
        }
        if link.ended() || (all && self.manner == Manner::Plain) {
            self.over = true;
            link.finish();
            return Time::NEVER;
        }
        match (self.manner, moved) {
            (_, true) => now.after_us(1 + self.random.below(self.pause_us)),
            // The simulator calls again when there is something to receive, or room to send.
            (Manner::Vanishes(at), false) => at,
            (_, false) => Time::NEVER,
        }
    }
}

impl Visitor {
    /// What comes after the last answer.
    fn end(&self) -> End {
        self.expected.last().map_or(End::Next, |expected| expected.asked.end)
    }

    /// Whether it leaves when it has everything, and does not wait for the end that it asked for.
    fn leaves(&self) -> bool {
        match self.end() {
            End::Next | End::Idle => true,
            End::Fin | End::Rst => false,
            End::Silence => self.pause_us < 100,
        }
    }

    /// The end that the last request asked for does not come early.
    fn check_end_time(&self, now: Time) {
        let cancels = self.cancels || matches!(self.end(), End::Silence | End::Idle);
        let closes = self.manner == Manner::HalfCloses && cancels;
        let complete = self.received.len() == self.whole.len() && !self.is_refused();
        if self.finishing || self.crowded || closes || !complete || self.end() == End::Next {
            return;
        }
        let number = self.expected.len() - 1;
        let due = self.sent_times[number].after(self.expected[number].asked.closes());
        assert!(now >= due, "the end came at {now:?}, due {due:?}: {}", self.story());
    }

    /// What was asked and when, for messages.
    fn story(&self) -> String {
        let line = |(number, expected): (usize, &Expected)| {
            let Asked { bytes, complete, end, .. } = &expected.asked;
            let head = String::from_utf8_lossy(bytes);
            let head = head.split("\r\n\r\n").next().unwrap_or_default();
            let (sent, length) = (self.sent_times.get(number), expected.answer.len());
            format!("{head}\n at {sent:?}, {length} bytes in {complete:?}, then {end:?}\n")
        };
        let lines: String = self.expected.iter().enumerate().map(line).collect();
        format!("{:?}, {} bytes received\n{lines}", self.manner, self.received.len())
    }

    fn send(&mut self, now: Time, link: &mut Link) {
        let left = &self.request[self.sent..];
        let piece = left.len().min(1 + self.random.below(self.piece) as usize);
        let had_all = self.sent == self.request.len();
        self.sent += link.send(&left[..piece]);
        while let Some(next) = self.expected.get(self.sent_times.len())
            && next.sent_at_offset <= self.sent
        {
            self.sent_times.push(now);
        }
        if !had_all && self.sent == self.request.len() {
            self.sent_all = Some(now);
            if self.manner == Manner::HalfCloses {
                link.finish();
            }
        }
    }

    /// Checks what arrives, and that it is not early.
    fn receive(&mut self, now: Time, link: &mut Link) {
        let bytes = link.receive(1 + self.random.below(self.piece * 4) as usize);
        self.received.extend_from_slice(&bytes);
        // A draining server adds a field, after which offsets no longer match.
        if self.finishing || self.is_refused() {
            return;
        }
        // Where it may be a refusal instead, the status line must be there to distinguish them.
        let least = if self.overloaded || self.crowded { REFUSAL.len() } else { 0 };
        while let Some(expected) = self.expected.get(self.judged)
            && self.received.len()
                > self.begins + least.min(expected.answer.len().saturating_sub(1))
        {
            let number = self.judged;
            let sent = self.sent_times.get(number).unwrap_or_else(|| {
                let text = String::from_utf8_lossy(&bytes);
                panic!("answer {number} came before its request:\n{text}\n{self:?}")
            });
            let due = sent.after(expected.asked.delay);
            assert!(now >= due, "answer {number} is early: at {now:?}, due {due:?}");
            self.judged += 1;
            self.begins += expected.answer.len();
        }
        while let Some(expected) = self.expected.get(self.completed)
            && self.received.len() >= self.completes + expected.answer.len()
            && expected.asked.end != End::Silence
            && !expected.answer.is_empty()
        {
            let due = self.sent_times[self.completed].after(expected.asked.complete);
            assert!(now >= due, "an answer ends at {now:?}, due {due:?}: {}", self.story());
            self.completed += 1;
            self.completes += expected.answer.len();
        }
    }

    /// The offset at which a 503 replaces the expected answers.
    fn refused_at(&self) -> Option<usize> {
        let mut ends = vec![0];
        for expected in &self.expected {
            ends.push(ends[ends.len() - 1] + expected.answer.len());
        }
        let refused = |end: &usize| {
            let rest = self.received.get(*end..).unwrap_or_default();
            let length = REFUSAL.len().min(rest.len());
            let whole = self.whole.get(*end..).unwrap_or_default();
            !rest.is_empty() && rest[..length] == REFUSAL[..length] && !whole.starts_with(rest)
        };
        let may_be = if self.overloaded { ends.len() } else { usize::from(self.crowded) };
        ends.into_iter().take(may_be).find(refused)
    }

    fn is_refused(&self) -> bool {
        self.refused_at().is_some()
    }

    pub(crate) fn check(&self) {
        let vanishes = matches!(self.manner, Manner::Vanishes(_));
        // Where slots are few, a client that still sends may be evicted for another one.
        let sent = if self.crowded { self.sent_all } else { self.sent_times.first().copied() };
        let promised = sent.is_some_and(|sent| sent < self.promised);
        let cancels = self.cancels && self.manner == Manner::HalfCloses;
        let silent = self.expected.first().is_some_and(|expected| expected.answer.is_empty());
        // A clock that jumps beyond the time of a lingering close loses what was not received.
        let lost = self.jumps && self.broken;
        let none = vanishes || cancels || silent || lost;
        let kept = none || !promised || !self.received.is_empty();
        assert!(kept, "a request before the drain was not answered: {}", self.story());
        let (received, whole) = (text(&self.received), text(&self.whole));
        if let Some(end) = self.refused_at() {
            let refusal = text(&self.received[end..]);
            let all = refusal.contains("Retry-After: 1\r\n") && refusal.ends_with("}\n");
            // If it is slow to read it, the next refused connection replaces it.
            let cut = self.broken || (self.crowded && end == 0);
            return assert!(vanishes || cut || all, "a refusal is cut off:\n{refusal}");
        }
        // An idle connection may be closed just as its client sends more; it then loses what it had
        // not received, as on any network. So may a lingering one, when the clock jumps beyond its
        // timeout, or a descriptor is needed.
        let evicted = self.evicts && self.end() == End::Fin;
        if self.broken && (self.crowded || self.finishing || self.jumps || evicted) && !vanishes {
            // It may be cut within the field that a draining server adds.
            let lines =
                self.received.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
            let received = text(&self.received[..lines]);
            return assert!(whole.starts_with(&received), "received:\n{received}\nof:\n{whole}");
        }
        if cancels {
            return self.check_cancelled();
        }
        if (self.crowded || self.finishing) && !vanishes {
            return self.check_ends();
        }
        // A client that vanishes in a draining run may do so within the added field.
        assert!(
            self.finishing || self.whole.starts_with(&self.received),
            "{:?}, received:\n{received}\nexpected:\n{whole}",
            self.manner
        );
        assert!(vanishes || received == whole, "answers are missing: {}", self.story());
        let resets = self.end() == End::Rst;
        assert!(vanishes || self.broken == resets, "reset, or not: {}", self.story());
    }

    /// A closed side cancels the first answer that waits for its time, and all behind it; those
    /// before it are complete.
    fn check_cancelled(&self) {
        let (received, whole) = (text(&self.received), text(&self.whole));
        let going_away = self.finishing && self.received.ends_with(GOING_AWAY);
        assert!(whole.starts_with(&received) || going_away, "received:\n{received}\nof:\n{whole}");
        let ready = self.expected.iter().take_while(|expected| !expected.asked.timed);
        let ready: usize = ready.map(|expected| expected.answer.len()).sum();
        let all = self.received.len() >= ready || self.crowded || self.finishing;
        assert!(all, "an answer that was ready is missing: {}", self.story());
    }

    /// A draining server omits whole answers, never a part of one.
    fn check_ends(&self) {
        let (received, whole) = (text(&self.received), text(&self.whole));
        // A WebSocket gets a Going Away frame between two messages.
        if let Some(before) = self.received.strip_suffix(GOING_AWAY)
            && self.finishing
        {
            return assert!(whole.starts_with(&text(before)), "received:\n{received}");
        }
        assert!(whole.starts_with(&received), "received:\n{received}\nexpected:\n{whole}");
        let mut ends = vec![0];
        for expected in &self.expected {
            ends.push(ends[ends.len() - 1] + text(&expected.answer).len());
        }
        assert!(ends.contains(&received.len()), "an answer is cut off:\n{received}");
    }
}

/// The close frame of a draining server (RFC 6455 7.4.1).
const GOING_AWAY: &[u8] = &[0x88, 2, 0x03, 0xe9];
/// The start of a refusal.
const REFUSAL: &[u8] = b"HTTP/1.1 503 SERVICE UNAVAILABLE\r\n";

/// An answer without the field that a draining server adds.
fn text(bytes: &[u8]) -> String {
    let latin1: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    latin1.replace("Connection: close\r\n", "")
}
