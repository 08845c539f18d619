//! A connection's machine, called as `server/session.rs` calls it, and held to what every machine
//! promises: called again with nothing new it does nothing new, its output is bounded, it never
//! waits for a moment that has passed, and in the end it closes.

use std::net::{IpAddr, Ipv4Addr};

use loiter::base::buf::Buf;
use loiter::base::limits::HIGH_WATER;
use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::http::record::Records;
use loiter::proto::conn::{Conn, Protocol};
use loiter::proto::{Cx, Next};

use crate::script::Step;

/// The fields that every answer carries; the simulator's worker says the same.
const STAMP: &[u8] = b"Server: loiter/0.1.0\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n";
/// Calls after which a machine is taken to be one that never waits.
const MOST_CALLS: usize = 20_000;
/// Timers after which it is taken to be one that never closes.
const MOST_TIMERS: usize = 50_000;
/// Most that may be appended in one call beyond the high-water mark: the longest body that is made
/// whole.
const MOST_AT_ONCE: usize = HIGH_WATER + 4 * 1024 * 1024;
/// A run that has said so much is over: more of the same teaches nothing.
const ENOUGH: usize = 1024 * 1024;

/// What a connection has said, and how much it was asked.
#[derive(Debug, PartialEq)]
pub struct Said {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// Exchanges finished.
    pub served: u64,
    /// Whether it has said so much that the run was cut.
    pub cut: bool,
}

/// A connection, its client, and the clock.
pub struct Player<'a> {
    app: &'a App,
    conn: Conn,
    now: Time,
    next: Next,
    input: Buf,
    output: Buf,
    arrived: Vec<u8>,
    /// The client's end: it has come, and it has been noticed.
    end: (bool, bool),
    draining: bool,
    said: Vec<u8>,
    random: Random,
    body: Vec<u8>,
    delayed: usize,
    served: u64,
}

impl<'a> Player<'a> {
    /// A connection that was just accepted.
    pub fn new(app: &'a App, protocol: Protocol, seed: u64) -> Player<'a> {
        let mut player = Player {
            app,
            conn: Conn::new(protocol, &app.limits, Time::START),
            now: Time::START,
            next: Next::Write,
            input: Buf::default(),
            output: Buf::default(),
            arrived: Vec::new(),
            end: (false, false),
            draining: false,
            said: Vec::new(),
            random: Random::new(seed),
            body: Vec::new(),
            delayed: 0,
            served: 0,
        };
        player.turn();
        player
    }

    /// What is said to these steps until the connection is closed, everything arriving in pieces of
    /// at most `piece` bytes.
    pub fn play(mut self, steps: &[Step], piece: usize) -> Said {
        for (number, step) in steps.iter().enumerate() {
            match step {
                // The end may come with the last bytes.
                Step::Arrive(bytes) if bytes.len() <= piece => {
                    self.arrived.extend_from_slice(bytes);
                    self.end.0 |= steps.get(number + 1) == Some(&Step::End);
                    self.turn();
                }
                Step::Arrive(bytes) => bytes.chunks(piece).for_each(|bytes| self.arrive(bytes)),
                Step::Pass(micros) => self.pass(self.now.after_us(*micros)),
                Step::End => {
                    self.end.0 = true;
                    self.turn();
                }
                Step::Drain => {
                    self.draining = true;
                    self.turn();
                }
            }
            if self.end.0 {
                break;
            }
        }
        self.finish()
    }

    /// Bytes arrive.
    pub fn arrive(&mut self, bytes: &[u8]) {
        self.arrived.extend_from_slice(bytes);
        self.turn();
    }

    /// Nothing more arrives: it closes, by itself or when the client ends.
    fn finish(mut self) -> Said {
        if matches!(self.conn, Conn::Echo) {
            self.end.0 = true;
            self.turn();
        }
        let mut timers = 0;
        while self.next != Next::Close && self.said.len() < ENOUGH {
            let due = self.due().unwrap_or_else(|| panic!("it waits for nothing: {:?}", self.next));
            assert!(due < Time::NEVER, "it waits for ever");
            self.now = due;
            self.turn();
            timers += 1;
            assert!(timers < MOST_TIMERS, "it never closes");
        }
        let cut = self.next != Next::Close || self.said.len() >= ENOUGH;
        assert!(cut || self.delayed == 0, "a delayed answer is counted after the end");
        Said { bytes: self.said, served: self.served, cut }
    }

    fn pass(&mut self, until: Time) {
        while let Some(due) = self.due().filter(|due| *due <= until && self.said.len() < ENOUGH) {
            self.now = due;
            self.turn();
        }
        self.now = until;
        self.turn();
    }

    fn due(&self) -> Option<Time> {
        match self.next {
            Next::Read(until) | Next::Sleep(until) | Next::Linger(until) => Some(until),
            Next::Now | Next::Write | Next::Close => None,
        }
    }

    /// A turn of the session, and one more for nothing.
    fn turn(&mut self) {
        self.work();
        if self.said.len() >= ENOUGH {
            // What is cut off is not asked again.
            return self.wait(Next::Close);
        }
        let before = (self.next, self.said.len(), self.served);
        self.work();
        let after = (self.next, self.said.len(), self.served);
        assert_eq!(after, before, "called for nothing it does something");
    }

    fn work(&mut self) {
        if self.next == Next::Close {
            return;
        }
        let (mut next, mut fresh) = (Next::Write, false);
        for _ in 0..MOST_CALLS {
            assert!(self.output.len() <= MOST_AT_ONCE, "{} bytes at once", self.output.len());
            self.said.extend_from_slice(self.output.unread());
            self.output.clear();
            match next {
                Next::Now => {
                    assert!(!fresh, "it wants a clock that it has");
                    fresh = true;
                }
                Next::Write => {}
                Next::Read(_) | Next::Linger(_) if self.read() => fresh = false,
                _ => return self.wait(next),
            }
            if self.said.len() >= ENOUGH {
                return self.wait(Next::Close);
            }
            next = self.advance(fresh);
        }
        panic!("the machine is never content: {next:?}");
    }

    fn wait(&mut self, next: Next) {
        self.next = next;
        let late = self.due().is_some_and(|due| due <= self.now);
        assert!(!late, "it is {:?} and it waits for {:?}", self.now, self.next);
        if !matches!(next, Next::Close) && self.conn.reads() {
            assert!(self.arrived.is_empty(), "it reads, and leaves something unread");
        }
    }

    /// Reads what has arrived, and the end with it; says whether there was either.
    fn read(&mut self) -> bool {
        if self.arrived.is_empty() && self.end.0 == self.end.1 {
            return false;
        }
        self.input.tail().append(&mut self.arrived);
        self.end.1 = self.end.0;
        true
    }

    fn advance(&mut self, fresh: bool) -> Next {
        let mut records = Records::default();
        let served = self.served;
        let mut cx = Cx {
            unix_start_us: 0,
            delayed: &mut self.delayed,
            now: self.now,
            fresh,
            ended: self.end.1,
            leaving: false,
            resumed: false,
            draining: self.draining,
            peer: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            local: "127.0.0.1:80",
            app: self.app,
            stamp: STAMP,
            random: &mut self.random,
            body: &mut self.body,
            records: &mut records,
            served: &mut self.served,
            left: &mut 0,
        };
        let next = self.conn.advance(&mut cx, &mut self.input, &mut self.output);
        assert!(self.body.is_empty(), "the shared body is left full");
        let kept = if self.app.records { self.served - served } else { 0 };
        assert_eq!(records.len() as u64, kept, "a record for each exchange");
        next
    }
}

/// The same steps with everything arriving at once, and one byte at a time: what is said must be
/// the same, but where it is left to chance.
pub fn alike(app: &App, protocol: Protocol, steps: &[Step]) {
    let say = |seed, piece| Player::new(app, protocol, seed).play(steps, piece);
    let whole = say(1, usize::MAX);
    let bytewise = say(1, 1);
    // A server that stops closes before it reads on, so what arrives later is not looked at.
    if steps.contains(&Step::Drain) {
        return;
    }
    if whole.cut || bytewise.cut || plain(&whole) == plain(&bytewise) {
        return;
    }
    if is_first_chunk(&plain(&whole).0, &plain(&bytewise).0) {
        return;
    }
    // Each look at a head draws a number: what depends on it differs between seeds too.
    if (2..100).any(|seed| say(seed, usize::MAX).bytes != whole.bytes) {
        return;
    }
    panic!(
        "whole it says\n{}\nand byte by byte\n{}",
        whole.bytes.escape_ascii(),
        bytewise.bytes.escape_ascii()
    );
}

/// Whether the two differ because the first chunk of an echo is bad: if that is there with the head
/// it is refused, and otherwise the answer has begun and is cut off.
fn is_first_chunk(whole: &[u8], bytewise: &[u8]) -> bool {
    let same = whole.iter().zip(bytewise).take_while(|(a, b)| a == b).count();
    let (refused, begun) = (&whole[same..], &bytewise[same..]);
    let names = |word: &[u8]| refused.windows(word.len()).any(|bytes| bytes == word);
    refused.starts_with(b"400 ")
        && begun.starts_with(b"200 ")
        && (names(b"chunk") || names(b"trailer"))
}

/// What was said, without what may depend on how the request arrives: `100 Continue` is for clients
/// that have not sent their body yet, and an echo comes back in the chunks in which it is read.
fn plain(said: &Said) -> (Vec<u8>, u64) {
    let (mut plain, mut rest) = (Vec::new(), said.bytes.as_slice());
    while let Some((&byte, after)) = rest.split_first() {
        let interim = INTERIM.iter().find_map(|interim| rest.strip_prefix(*interim));
        if let Some(after) = interim {
            rest = after;
        } else if let Some((content, after)) = rest.strip_prefix(b"\r\n\r\n").and_then(chunks) {
            plain.extend_from_slice(b"\r\n\r\n");
            plain.extend_from_slice(&content);
            rest = after;
        } else {
            plain.push(byte);
            rest = after;
        }
    }
    (plain, said.served)
}

const INTERIM: [&[u8]; 2] = [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 CONTINUE\r\n\r\n"];

/// The content of the chunks that `bytes` begins with, be the last of them there or not, and what
/// follows it.
fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut content, mut rest) = (Vec::new(), bytes);
    let mut any = false;
    while let Some((size, after)) = size(rest) {
        any = true;
        if size == 0 {
            return Some((content, after));
        }
        content.extend_from_slice(after.get(..size)?);
        rest = after.get(size..)?.strip_prefix(b"\r\n")?;
    }
    any.then_some((content, rest))
}

fn size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let end = bytes.windows(2).take(10).position(|line| line == b"\r\n")?;
    let digits = std::str::from_utf8(&bytes[..end]).ok()?;
    Some((usize::from_str_radix(digits, 16).ok()?, &bytes[end + 2..]))
}
