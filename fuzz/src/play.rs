//! Drives a connection's state machine as `server/session.rs` does and checks the rules for every
//! machine: a call without news changes nothing, output is bounded, no wait is for a time in the
//! past, and the connection closes in the end.

use std::sync::Arc;

use loiter::base::limits::{HANDSHAKES_PER_TURN, HIGH_WATER};
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::http::journal::{State, har};
use loiter::http::modifiers::ROWS;
use loiter::http::rate_limit::RateLimiter;
use loiter::proto::conn::{Conn, Protocol};
use loiter::proto::proxy_protocol::ProxyMode;
use loiter::proto::test_driver::Driver;
use loiter::proto::tls::acceptor::Acceptor;
use loiter::proto::{Event, Next};

use crate::referee::Referee;
use crate::script::{self, Step};

/// Calls after which the machine counts as one that never waits.
const MOST_CALLS: usize = 20_000;
/// Timers after which the machine counts as one that never closes.
const MOST_TIMERS: usize = 50_000;
/// Most bytes appended in one call beyond the high-water mark: the longest body rendered whole.
const MOST_AT_ONCE: usize = HIGH_WATER + 4 * 1024 * 1024;
/// A run ends after this much output: more of the same finds nothing new.
const ENOUGH: usize = 1024 * 1024;

/// The output of a connection, and how many requests it served.
#[derive(Debug, PartialEq)]
pub struct Said {
    /// Every byte.
    pub bytes: Vec<u8>,
    /// Exchanges finished.
    pub served: u64,
    /// Streams of HTTP/2 that were opened.
    pub streams: u64,
    /// Whether the run was cut because of its length.
    pub cut: bool,
}

/// A connection, its client, and the clock.
pub struct Player {
    driver: Driver,
    next: Next,
    arrived: Vec<u8>,
    /// The client's FIN: whether it has arrived, and whether it has been read.
    end: (bool, bool),
    said: Vec<u8>,
    /// Whether what arrives is spliced, where that is allowed.
    splices: bool,
    /// Records so far.
    recorded: u64,
    /// What watches the frames of HTTP/2, and the first rule that was broken.
    referee: Option<Box<Referee>>,
    broken_rule: Option<String>,
}

impl Player {
    /// A connection that was just accepted.
    pub fn new(app: &App, protocol: Protocol, seed: u64) -> Player {
        // Clones of the settings share what was counted and kept, and each run begins anew.
        let journal = app.journal.as_ref().map(|_| script::journal());
        let app = App { journal, rate_limiter: RateLimiter::default(), ..app.clone() };
        let mut player = Player {
            driver: Driver::new(app, protocol, seed),
            next: Next::Write,
            arrived: Vec::new(),
            end: (false, false),
            said: Vec::new(),
            splices: false,
            recorded: 0,
            referee: None,
            broken_rule: None,
        };
        player.turn();
        player
    }

    /// The same on a listener that can speak TLS.
    pub fn secure(mut self, acceptor: &Arc<Acceptor>) -> Player {
        self.driver.tls = Some(Arc::clone(acceptor));
        self
    }

    /// The same on a listener of this mode.
    pub fn behind(mut self, mode: ProxyMode) -> Player {
        self.driver.proxy = mode;
        self.driver.accept(Protocol::Http);
        self
    }

    /// The same, but what arrives is spliced where that is allowed.
    pub fn splicing(self, splices: bool) -> Player {
        Player { splices, ..self }
    }

    /// The same for a connection that begins with the preface of HTTP/2: a referee checks the
    /// server's frames.
    pub fn watched(self) -> Player {
        Player { referee: Some(Referee::new().into()), ..self }
    }

    /// Plays these steps until the connection is closed, and returns its output. Input arrives in
    /// pieces of at most `piece` bytes.
    pub fn play(mut self, steps: &[Step], piece: usize) -> Said {
        for (number, step) in steps.iter().enumerate() {
            match step {
                // Nothing follows the FIN but a reset.
                Step::Arrive(_) | Step::End if self.end.0 => {}
                // The FIN may come with the last bytes.
                Step::Arrive(bytes) if bytes.len() <= piece => {
                    self.arrived.extend_from_slice(bytes);
                    self.end.0 |= steps.get(number + 1) == Some(&Step::End);
                    self.turn();
                }
                Step::Arrive(bytes) => bytes.chunks(piece).for_each(|bytes| self.arrive(bytes)),
                Step::Pass(micros) => self.pass(self.driver.clock.now.after_us(*micros)),
                Step::End => {
                    self.end.0 = true;
                    self.turn();
                }
                Step::Drain => {
                    self.driver.worker.drain(self.driver.clock.now);
                    self.turn();
                }
                Step::Unblock => {
                    self.driver.edge.event = Event::WriteUnblocked;
                    self.turn();
                }
                Step::Reset => {
                    self.reset();
                    break;
                }
            }
        }
        self.finish()
    }

    /// Bytes arrive.
    pub fn arrive(&mut self, bytes: &[u8]) {
        self.arrived.extend_from_slice(bytes);
        self.turn();
    }

    /// The connection breaks: the machine is called once more, and closes.
    fn reset(&mut self) {
        if self.next != Next::Close {
            self.driver.edge.event = Event::Reset;
            self.next = self.advance(false);
            assert_eq!(self.next, Next::Close, "it goes on after a reset");
        }
    }

    /// Nothing more arrives: the connection closes by itself, or after the client's FIN.
    fn finish(mut self) -> Said {
        if matches!(self.driver.conn, Conn::Echo(_)) && self.next != Next::Close {
            self.end.0 = true;
            self.turn();
        }
        let mut timers = 0;
        while self.next != Next::Close && self.said.len() < ENOUGH {
            let due = self.due().unwrap_or_else(|| panic!("it waits for nothing: {:?}", self.next));
            assert!(due < Time::NEVER, "it waits for ever");
            self.driver.clock.now = due;
            self.driver.fire();
            self.turn();
            timers += 1;
            assert!(timers < MOST_TIMERS, "it never closes");
        }
        let cut = self.next != Next::Close || self.said.len() >= ENOUGH;
        let worker = &self.driver.worker;
        if !cut {
            assert_eq!(worker.delayed, 0, "a delayed answer is counted after the end");
            assert!(worker.streams.is_empty(), "a stream outlives its connection");
            let kept = !self.driver.app.records || self.recorded >= worker.served;
            assert!(kept, "the last exchange is not recorded");
            self.check_journal();
        }
        if let Some(rule) = &self.broken_rule {
            // A fault may send what is no frame.
            let faults =
                ROWS.iter().zip(worker.applied).find(|(row, _)| row.name.text() == "fault");
            assert!(faults.is_some_and(|(_, count)| count > 0), "{rule}");
        }
        Said { bytes: self.said, served: worker.served, streams: worker.metrics.http2_streams, cut }
    }

    /// What became of each request is known, and they can be exported.
    fn check_journal(&self) {
        let Some(journal) = &self.driver.app.journal else { return };
        let entries = journal.entries();
        let is_over = |state| matches!(state, State::Done | State::Aborted);
        assert!(entries.iter().all(|entry| is_over(entry.answer.state)), "{entries:?}");
        assert!(entries.is_sorted_by(|one, other| one.id < other.id), "{entries:?}");
        let mut export = Vec::new();
        let ids = entries.iter().map(|entry| entry.id).collect();
        let mut archive = har::Archive::new(journal.clone(), ids);
        (0..archive.pieces()).for_each(|_| archive.piece(&mut export));
        let export = serde_json::from_slice::<serde::de::IgnoredAny>(&export);
        assert!(export.is_ok(), "{export:?}: {entries:?}");
    }

    fn pass(&mut self, until: Time) {
        while let Some(due) = self.due().filter(|due| *due <= until && self.said.len() < ENOUGH) {
            self.driver.clock.now = due;
            self.driver.fire();
            self.turn();
        }
        self.driver.clock.now = until;
        self.turn();
    }

    fn due(&self) -> Option<Time> {
        match self.next {
            Next::Read(until) | Next::Sleep(until) | Next::Linger(until) => {
                Some(until.min(self.driver.worker.streams.next()))
            }
            _ => None,
        }
    }

    /// A turn of the session, and a second one without news.
    fn turn(&mut self) {
        self.work();
        if self.said.len() >= ENOUGH {
            // A run that was cut is not called again.
            return self.wait(Next::Close);
        }
        let before = (self.next.clone(), self.said.len(), self.driver.worker.served);
        self.work();
        let after = (self.next.clone(), self.said.len(), self.driver.worker.served);
        assert_eq!(after, before, "called for nothing it does something");
    }

    fn work(&mut self) {
        if self.next == Next::Close {
            return;
        }
        let (mut next, mut fresh) = (Next::Write, false);
        for _ in 0..MOST_CALLS {
            assert!(
                self.driver.output.len() <= MOST_AT_ONCE,
                "{} bytes at once",
                self.driver.output.len()
            );
            self.say();
            match next {
                Next::ReadClock => {
                    assert!(!fresh, "it wants a clock that it has");
                    fresh = true;
                }
                Next::Write | Next::Narrow | Next::Identified => {}
                // The worker's next loop.
                Next::Yield => self.driver.worker.handshakes_left = HANDSHAKES_PER_TURN,
                // The session resets the connection, and does not call again.
                Next::Reset => return self.wait(Next::Close),
                Next::Read(_) | Next::Linger(_) if self.read() => fresh = false,
                _ => return self.wait(next),
            }
            if self.said.len() >= ENOUGH {
                return self.wait(Next::Close);
            }
            next = self.advance(fresh);
        }
        panic!("the machine never waits: {next:?}");
    }

    /// The client gets what the machine has written.
    fn say(&mut self) {
        let output = self.driver.output.unread();
        if let Some(Err(rule)) = self.referee.as_mut().map(|referee| referee.said(output)) {
            self.broken_rule.get_or_insert(rule);
        }
        self.said.extend_from_slice(output);
        self.driver.output.clear();
    }

    fn wait(&mut self, next: Next) {
        self.next = next;
        let late = self.due().is_some_and(|due| due <= self.driver.clock.now);
        assert!(!late, "it is {:?} and it waits for {:?}", self.driver.clock.now, self.next);
        if self.next != Next::Close && self.driver.conn.standing().reads {
            assert!(self.arrived.is_empty(), "it reads, and leaves something unread");
        }
    }

    /// Reads what has arrived, and the FIN, or splices what may be spliced; returns whether there
    /// was anything.
    fn read(&mut self) -> bool {
        if self.arrived.is_empty() && self.end.0 == self.end.1 {
            return false;
        }
        let budget = self.driver.conn.standing().splice_budget;
        let spliced = usize::try_from(budget).unwrap_or(usize::MAX).min(self.arrived.len());
        if self.splices && spliced > 0 && self.driver.input.is_empty() {
            self.said.extend(self.arrived.drain(..spliced));
            self.driver.edge.event = Event::Spliced(spliced);
            return true;
        }
        if let Some(referee) = &mut self.referee {
            referee.sent(&self.arrived);
        }
        self.driver.input.tail().append(&mut self.arrived);
        self.end.1 = self.end.0;
        true
    }

    fn advance(&mut self, fresh: bool) -> Next {
        self.driver.clock.fresh = fresh;
        self.driver.edge.eof_reported = self.end.0;
        self.driver.edge.read_eof = self.end.1;
        let next = self.driver.advance();
        assert!(self.driver.worker.body.is_empty(), "the shared body is left full");
        self.count_records(&next);
        next
    }

    /// Each exchange is recorded once: when it is finished; a little later, if it is not known yet
    /// whether its client is gone; or when it is cut off, which ends the connection.
    fn count_records(&mut self, next: &Next) {
        let (worker, journal) = (&mut self.driver.worker, &self.driver.app.journal);
        worker.records.drain(|record| {
            self.recorded += 1;
            if let Some(journal) = journal.as_ref().filter(|_| record.journaled > 0) {
                journal.complete(record);
            }
        });
        if !self.driver.app.records {
            return assert_eq!(self.recorded, 0, "a record that is not wanted");
        }
        if matches!(self.driver.conn, Conn::Http2(_)) {
            // It ends any number of exchanges at a time.
            return;
        }
        let (recorded, served) = (self.recorded, worker.served);
        assert!(
            recorded <= served + 1 && served <= recorded + 1,
            "{recorded} of {served} recorded"
        );
        let ends = matches!(next, Next::Close | Next::Write);
        assert!(recorded <= served || ends, "cut off, it goes on: {next:?}");
    }
}

/// Plays the same steps with all input at once, spliced or read, and one byte at a time: the output
/// must be the same, except where it is random.
pub fn alike(app: &App, protocol: Protocol, steps: &[Step], splices: bool) {
    let say = |seed, piece| {
        let player = Player::new(app, protocol, seed);
        player.splicing(splices && piece > 1).play(steps, piece)
    };
    is_alike(steps, say, is_first_chunk);
}

/// The same for a connection over HTTP that has to begin, or may begin, with a header of the PROXY
/// protocol.
pub fn alike_behind(mode: ProxyMode, app: &App, steps: &[Step]) {
    let say = |seed, piece| Player::new(app, Protocol::Http, seed).behind(mode).play(steps, piece);
    let head = matches!(steps.first(), Some(Step::Arrive(bytes)) if bytes.starts_with(b"HEAD "));
    is_alike(steps, say, |whole, bytewise| {
        is_first_chunk(whole, bytewise) || (head && is_refused_before_its_method(whole, bytewise))
    });
}

/// `may_differ` has the outputs for which there is a reason.
fn is_alike(
    steps: &[Step],
    say: impl Fn(u64, usize) -> Said,
    may_differ: impl Fn(&[u8], &[u8]) -> bool,
) {
    let whole = say(1, usize::MAX);
    let bytewise = say(1, 1);
    // A draining server closes before it reads on, so input that arrives later is not seen.
    if steps.contains(&Step::Drain) {
        return;
    }
    // Streams are served in turn, so what is sent on one depends on what has arrived for others.
    if whole.streams > 0 && bytewise.streams > 0 {
        return;
    }
    if whole.cut || bytewise.cut || plain(&whole) == plain(&bytewise) {
        return;
    }
    if may_differ(&plain(&whole).0, &plain(&bytewise).0) {
        return;
    }
    // Each parse of a head draws a random number: output that depends on it differs between seeds.
    if (2..100).any(|seed| say(seed, usize::MAX).bytes != whole.bytes) {
        return;
    }
    panic!(
        "all at once:\n{}\nbyte by byte:\n{}",
        whole.bytes.escape_ascii(),
        bytewise.bytes.escape_ascii()
    );
}

/// Whether the two differ because the first chunk of an echo is bad: if it arrives with the head,
/// the request is refused; otherwise the answer has begun and is cut off.
fn is_first_chunk(whole: &[u8], bytewise: &[u8]) -> bool {
    let same = whole.iter().zip(bytewise).take_while(|(a, b)| a == b).count();
    let (refused, begun) = (&whole[same..], &bytewise[same..]);
    let names = |word: &[u8]| refused.windows(word.len()).any(|bytes| bytes == word);
    refused.starts_with(b"400 ")
        && begun.starts_with(b"200 ")
        && (names(b"chunk") || names(b"trailer"))
}

/// Whether the two differ because what is no header of the PROXY protocol is refused at its first
/// byte: only if more has arrived it is known that the method is HEAD, whose answer has no body.
fn is_refused_before_its_method(whole: &[u8], bytewise: &[u8]) -> bool {
    let end = bytewise.windows(4).position(|four| four == b"\r\n\r\n");
    let (head, body) = bytewise.split_at(end.map_or(0, |end| end + 4));
    // Not every API shows the length of a body to HEAD.
    let lines = |head: &[u8]| -> Vec<Vec<u8>> {
        let lines = head.split(|&byte| byte == b'\n').map(<[u8]>::to_vec);
        lines.filter(|line| !line.starts_with(b"Content-Length: ")).collect()
    };
    whole.starts_with(b"HTTP/1.1 400 ") && lines(whole) == lines(head) && body.starts_with(b"{")
}

/// The output without what depends on how the request arrives: `100 Continue` is sent to clients
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

/// The content of the chunks at the start of `bytes`, complete or not, and what follows them.
pub fn chunks(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
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
