//! Clients that speak HTTP/2: many streams at a time, with delays, bodies, cancels, small windows and
//! frames in pieces. Every stream must get, once, not early and to the byte, what HTTP/1 answers to
//! the same request; a referee watches the frames.

use std::time::Duration;

use loiter::base::limits::CONNECTION_WINDOW;
use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::server::sim::{Client, Link};

use crate::frames::{self, Frame, PREFACE, flag};
use crate::http2_requests::Planned;
use crate::referee::Referee;

/// Most bytes of a frame's payload.
const MOST_PAYLOAD: u64 = 16_384;

/// Turns without an answer after which a client waits for nothing but that: all waits are shorter.
const MOST_IDLE: u32 = 5000;

#[derive(Debug)]
pub(crate) struct Http2Visitor {
    pub(crate) random: Random,
    pub(crate) planned: Vec<Planned>,
    pub(crate) referee: Box<Referee>,
    /// Frames that are to be sent, of which so many bytes are.
    pub(crate) out: Vec<u8>,
    pub(crate) sent: usize,
    /// Streams opened so far.
    pub(crate) opened: usize,
    /// Most bytes sent or received at once, and the longest pause between, in microseconds.
    pub(crate) piece: u64,
    pub(crate) pause_us: u64,
    /// What is received, while it could be an answer in HTTP/1.
    pub(crate) start: Vec<u8>,
    /// Bytes of bodies that no window was increased for, of the connection.
    pub(crate) owed: usize,
    /// When it resets the connection, if it does.
    pub(crate) vanishes: Time,
    /// Whether it closes first, or waits to be closed.
    pub(crate) closes: bool,
    /// Whether it closes its side once its requests are sent, and whether it has.
    pub(crate) half_closes: bool,
    pub(crate) half_closed: bool,
    /// Whether the server has reset the connection.
    pub(crate) broken: bool,
    pub(crate) over: bool,
    /// Turns since it last received something.
    pub(crate) idle: u32,
    /// Whether the server may refuse or end the connection: it drains, or has few places.
    pub(crate) may_end: bool,
    /// Whether descriptors run out, for which connections are evicted.
    pub(crate) evicts: bool,
    /// Whether answers that take time are limited.
    pub(crate) overloaded: bool,
}

impl Http2Visitor {
    pub(crate) fn new(mut random: Random, planned: Vec<Planned>) -> Http2Visitor {
        let mut out = PREFACE.to_vec();
        let initial = [0, 1, 100, 65_535, 1 << 20][random.below(5) as usize] as u32;
        out.extend(settings(initial));
        let slow = random.below(8) == 0;
        Http2Visitor {
            planned,
            referee: Referee::new().into(),
            out,
            sent: 0,
            opened: 0,
            piece: [1 << 16, 1 << 16, 400, 50][random.below(4) as usize],
            pause_us: if slow { 20_000 } else { [10, 1000][random.below(2) as usize] },
            start: Vec::new(),
            owed: 0,
            vanishes: Time::NEVER,
            closes: random.below(2) == 0,
            half_closes: false,
            half_closed: false,
            broken: false,
            over: false,
            idle: 0,
            may_end: false,
            evicts: false,
            overloaded: false,
            random,
        }
    }
}

impl Client for Http2Visitor {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.over {
            return Time::NEVER;
        }
        if self.vanishes <= now {
            self.over = true;
            link.reset();
            return Time::NEVER;
        }
        let received = self.receive(now, link);
        if self.sent == self.out.len() {
            self.write();
        }
        let most = self.out.len().min(self.sent + 1 + self.random.below(self.piece) as usize);
        let bytes = &self.out[self.sent..most];
        let sent = link.send(bytes);
        self.broken |= link.broken();
        self.referee.sent(&bytes[..sent]);
        self.sent += sent;
        self.note_sent(now);
        if self.half_closed && self.sent == self.out.len() {
            link.finish();
        }
        let all = self.planned.iter().all(|planned| planned.done);
        if link.ended() || (all && self.closes && self.sent == self.out.len()) {
            self.over = true;
            link.finish();
            return Time::NEVER;
        }
        self.idle = if received { 0 } else { self.idle + 1 };
        let pause = match (received || sent > 0, all) {
            (true, _) => self.pause_us,
            // It may have something to do even so: to open a window.
            (false, false) if self.idle < MOST_IDLE => 20_000.max(self.pause_us),
            (false, _) => return self.vanishes,
        };
        now.after_us(1 + self.random.below(pause)).min(self.vanishes)
    }
}

impl Http2Visitor {
    /// Receives some bytes, and judges the streams that they belong to.
    fn receive(&mut self, now: Time, link: &mut Link) -> bool {
        let bytes = link.receive(1 + self.random.below(self.piece) as usize);
        if bytes.is_empty() || self.is_refused(&bytes) {
            return !bytes.is_empty();
        }
        let before = self.bytes();
        if let Err(error) = self.referee.said(&bytes) {
            panic!("{error}\n{self:?}");
        }
        self.owed += self.bytes() - before;
        for (number, planned) in self.planned.iter_mut().enumerate().take(self.opened) {
            let id = 2 * number as u32 + 1;
            if let Some(stream) = self.referee.streams.get(&id).filter(|_| !planned.done) {
                planned.judge(stream, now, self.overloaded);
            }
        }
        true
    }

    /// A server without a free place says so in HTTP/1.
    fn is_refused(&mut self, bytes: &[u8]) -> bool {
        if self.start.len() < 5 {
            self.start.extend_from_slice(bytes);
        }
        let refused = self.may_end && b"HTTP/".starts_with(&self.start[..self.start.len().min(5)]);
        if refused {
            self.planned.iter_mut().for_each(|planned| planned.done = true);
        }
        refused
    }

    /// Bytes of all bodies so far.
    fn bytes(&self) -> usize {
        self.referee.streams.values().map(|stream| stream.body.len()).sum()
    }

    /// Notes when requests were sent.
    fn note_sent(&mut self, now: Time) {
        for (number, planned) in self.planned.iter_mut().enumerate().take(self.opened) {
            if planned.sent_at.is_none() {
                let stream = self.referee.streams.get(&(2 * number as u32 + 1));
                planned.sent_at = stream.filter(|stream| stream.client_ended).map(|_| now);
            }
        }
    }

    /// Writes what it does next.
    fn write(&mut self) {
        self.out.clear();
        self.sent = 0;
        if self.half_closed || self.half_close() {
            return;
        }
        let serves = 2 * self.opened as u64 + 1 < u64::from(self.referee.last);
        if self.opened < self.planned.len() && serves && self.random.below(3) > 0 {
            self.open();
        } else if !serves {
            self.give_up();
        }
        for number in 0..self.opened {
            self.go_on(number);
        }
        if self.random.below(40) == 0 {
            self.out.extend(Frame::new(6, 0, 0, b"12345678").bytes());
            self.out.extend(Frame::new(0xf0, 0xff, 0, b"not known").bytes());
        }
        if self.random.below(60) == 0 {
            let initial = [0, 10, 5000, 100_000][self.random.below(4) as usize];
            self.out.extend(settings(initial));
        }
        if self.owed > 0 && self.random.below(2) == 0 {
            let more = std::mem::take(&mut self.owed) as u32;
            self.out.extend(Frame::new(8, 0, 0, &more.to_be_bytes()).bytes());
        }
    }

    /// Opens the windows for all that is to come, if that is the last that it sends.
    fn half_close(&mut self) -> bool {
        let is_sent = |(number, planned): (usize, &Planned)| {
            planned.done || (number < self.opened && planned.ended)
        };
        self.half_closed = self.half_closes && self.planned.iter().enumerate().all(is_sent);
        if self.half_closed {
            self.out.extend(settings(1 << 20));
            self.out.extend(Frame::new(8, 0, 0, &(1u32 << 28).to_be_bytes()).bytes());
        }
        self.half_closed
    }

    /// Requests that the server does not serve any more are not made.
    fn give_up(&mut self) {
        let last = self.referee.last;
        for (number, planned) in self.planned.iter_mut().enumerate() {
            planned.done |= 2 * number as u32 + 1 > last && self.may_end;
        }
    }

    /// Sends a head, sometimes in two frames.
    fn open(&mut self) {
        let id = 2 * self.opened as u32 + 1;
        let planned = &mut self.planned[self.opened];
        self.opened += 1;
        let mut block = Vec::new();
        for (name, value) in &planned.fields {
            frames::field(&mut block, name, value, self.random.below(4) == 0);
        }
        // While more may come, a speed of reading is in effect, which it is not over HTTP/1.
        let is_read = planned.asked.bytes.windows(5).any(|word| word == b"read=");
        let ends = planned.body.is_empty() && (self.random.below(4) > 0 || is_read);
        planned.ended = ends;
        let flags = if ends { flag::END_STREAM } else { 0 };
        let cut = self.random.below(block.len() as u64) as usize;
        if self.random.below(4) == 0 {
            self.out.extend(Frame::new(1, flags, id, &block[..cut]).bytes());
            self.out.extend(Frame::new(9, flag::END_HEADERS, id, &block[cut..]).bytes());
        } else {
            self.out.extend(Frame::new(1, flags | flag::END_HEADERS, id, &block).bytes());
        }
    }

    /// Goes on with a stream: its body, its window, its end.
    fn go_on(&mut self, number: usize) {
        let id = 2 * number as u32 + 1;
        let planned = &mut self.planned[number];
        if planned.done {
            return;
        }
        if planned.cancels && self.random.below(6) == 0 {
            planned.done = true;
            return self.out.extend(Frame::new(3, 0, id, &8u32.to_be_bytes()).bytes());
        }
        if self.random.below(3) == 0 {
            let more = 1 + self.random.below(20_000) as u32;
            self.out.extend(Frame::new(8, 0, id, &more.to_be_bytes()).bytes());
        }
        let Some(stream) = self.referee.streams.get(&id).filter(|_| !planned.ended) else { return };
        let written = self.out.len() as i64;
        let room = stream.receive_window.min(self.referee.receive_window - written).max(0) as u64;
        let left = &planned.body[planned.written..];
        let padding = self.random.below(3) * self.random.below(50);
        if room < padding + 1 || self.random.below(3) == 0 {
            return;
        }
        let most = (room - padding - 1).min(MOST_PAYLOAD - padding - 1);
        let bytes = most.min(1 + self.random.below(planned.most)).min(left.len() as u64) as usize;
        let trailers = bytes == left.len() && self.random.below(4) == 0;
        planned.ended = bytes == left.len();
        let mut flags = if planned.ended && !trailers { flag::END_STREAM } else { 0 };
        let mut payload = left[..bytes].to_vec();
        if padding > 0 {
            flags |= flag::PADDED;
            payload.insert(0, padding as u8);
            payload.extend(std::iter::repeat_n(0, padding as usize));
        }
        planned.written += bytes;
        self.out.extend(Frame::new(0, flags, id, &payload).bytes());
        if trailers {
            let mut block = Vec::new();
            frames::field(&mut block, b"x-trailer", b"1", false);
            let flags = flag::END_HEADERS | flag::END_STREAM;
            self.out.extend(Frame::new(1, flags, id, &block).bytes());
        }
    }

    /// What is known of a stream, for messages.
    fn story(&self, number: usize) -> String {
        let planned = &self.planned[number];
        let text = |(name, value): &(Vec<u8>, Vec<u8>)| {
            format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        let fields: Vec<String> = planned.fields.iter().map(text).collect();
        let stream = self.referee.streams.get(&(2 * number as u32 + 1));
        format!(
            "stream {} of {} opened, {fields:?}, {} of {} bytes written, ended: {}\n{stream:?}\n\
             last {}, window {}, closes: {}, pause {}, half-closes: {}, half-closed: {}, broken: {}, \
             evicts: {}, over: {}, idle: {}, {:?}",
            2 * number + 1,
            self.opened,
            planned.written,
            planned.body.len(),
            planned.ended,
            self.referee.last,
            self.referee.receive_window,
            self.closes,
            self.pause_us,
            self.half_closes,
            self.half_closed,
            self.broken,
            self.evicts,
            self.over,
            self.idle,
            self.random,
        )
    }

    /// After the run: all is answered, unless it had a reason not to be.
    pub(crate) fn check(&self) {
        if self.vanishes != Time::NEVER || self.may_end {
            return;
        }
        for (number, planned) in self.planned.iter().enumerate() {
            let served = 2 * number as u64 + 1 < u64::from(self.referee.last);
            // One that had been idle for a second may be evicted while its next request is under way,
            // and while a slow client reads what the kernel has: that is lost if it sends more.
            let stream = self.referee.streams.get(&(2 * number as u32 + 1));
            let evicted = self.broken || stream.is_none_or(|stream| stream.status.is_none());
            let evicted = self.evicts && evicted;
            assert!(planned.done || !served || evicted, "no answer: {}", self.story(number));
        }
        // A quarter is given back at once.
        let window = self.referee.receive_window;
        let answered = self.referee.streams.values().any(|stream| stream.status.is_some());
        let left = window > i64::from(CONNECTION_WINDOW / 2);
        assert!(left || !answered, "the window shrinks to {window}");
    }
}

fn settings(initial: u32) -> Vec<u8> {
    let payload = [&[0, 4], initial.to_be_bytes().as_slice()].concat();
    Frame::new(4, 0, 0, &payload).bytes()
}

/// The least time of a moment after another.
pub(crate) fn early(from: Option<Time>, least: Duration, now: Time) -> bool {
    from.is_none_or(|from| now < from.after(least))
}
