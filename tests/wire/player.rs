//! Plays a transcript against a connection's state machine, as `server/session.rs` does with a
//! socket.

use std::fmt;
use std::sync::Arc;

use loiter::base::time::Time;
use loiter::config::{Bind, Listen};
use loiter::http::app::App;
use loiter::http::rate_limit::RateLimiter;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::proxy_protocol::ProxyMode;
use loiter::proto::test_driver::Driver;

use crate::frames;
use crate::pattern::{Pattern, Verdict};
use crate::referee::Referee;
use crate::script::{Failure, Script, Step, spell};

/// The `Server` field of every answer.
const SERVER: &str = "loiter";
/// Most calls in one turn: more means that the machine never waits.
const MOST_CALLS: usize = 100_000;
/// The capacity that a worker's buffers shrink to.
const USUAL: usize = 128 * 1024;

/// How the client's bytes are split.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cut {
    /// Not at all: what is sent together arrives together.
    Nowhere,
    /// In two, before this byte of all the input.
    At(usize),
    /// Each byte arrives by itself.
    Everywhere,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Cut::Nowhere => write!(f, "when played whole"),
            Cut::At(byte) => write!(f, "when split before byte {byte} of the input"),
            Cut::Everywhere => write!(f, "when sent one byte at a time"),
        }
    }
}

/// A connection, its client, and the clock.
pub(crate) struct Player {
    driver: Driver,
    next: Next,
    cut: Cut,
    /// How many bytes the client has sent so far.
    sent: usize,
    /// Bytes that have arrived and are not read.
    arrived: Vec<u8>,
    /// How far the client's FIN has come.
    end: End,
    /// The server's output that no line has matched yet.
    said: Vec<u8>,
    /// What makes lines of HTTP/2 frames, if the transcript has such, and what checks them.
    frames: Option<frames::Reader>,
    referee: Option<Box<Referee>>,
    /// Whether the server has shut down its sending side.
    shut: bool,
    /// Whether a line has expected that.
    shut_expected: bool,
    line: usize,
}

/// The client's FIN.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Open,
    Arrived,
    Read,
}

impl Player {
    /// Plays a transcript to its end, or to the first line that does not match.
    pub(crate) fn play(script: &Script, cut: Cut) -> Result<(), Failure> {
        let server_header = Some(SERVER.to_owned());
        // Clones of the settings share what was counted, and each play begins anew.
        let rate_limiter = RateLimiter::default();
        let app = App { server_header, rate_limiter, ..script.settings.app() };
        let listen = script.settings.listen.first();
        let protocol = match listen.map(|listen| &listen.bind) {
            Some(Bind::TcpEcho(_)) => Protocol::Echo,
            _ => Protocol::Http,
        };
        let mut player = Player::new(app, protocol, cut);
        player.driver.modifiers = listen.and_then(Listen::shared_modifiers);
        player.driver.proxy = listen.map_or(ProxyMode::Off, |listen| listen.proxy);
        player.driver.accept(protocol);
        player.frames = script.frames.then(frames::Reader::default);
        player.referee = (script.frames && !script.garbled).then(|| Referee::new().into());
        let mut steps = script.steps.iter().peekable();
        player.turn().map_err(|what| (1, what))?;
        while let Some((line, step)) = steps.next() {
            player.line = *line;
            let with_end = matches!(steps.peek(), Some((_, Step::SendEnd)));
            player.step(step, with_end).map_err(|what| (player.line, what))?;
        }
        player.line = script.end;
        player.nothing_is_left().map_err(|what| (script.end, what))
    }

    fn new(app: impl Into<Arc<App>>, protocol: Protocol, cut: Cut) -> Player {
        Player {
            driver: Driver::new(app, protocol, 1),
            next: Next::Write,
            cut,
            sent: 0,
            arrived: Vec::new(),
            end: End::Open,
            said: Vec::new(),
            frames: None,
            referee: None,
            shut: false,
            shut_expected: false,
            line: 1,
        }
    }

    fn step(&mut self, step: &Step, with_end: bool) -> Result<(), String> {
        match step {
            Step::Send(bytes) => {
                self.nothing_is_left()?;
                self.send(bytes, with_end)
            }
            Step::SendEnd => self.send_end(),
            Step::Said(pattern) => self.expect(pattern),
            Step::SaidEnd => self.close("closed and still read", self.lingers()),
            Step::Gone => self.close("gone", self.next == Next::Close),
            Step::Reset => self.close("reset", self.next == Next::Reset),
            Step::At(time) => {
                self.nothing_is_left()?;
                self.pass(*time)
            }
            Step::Drain(idle_until) => {
                self.nothing_is_left()?;
                self.driver.worker.drain(*idle_until.max(&self.driver.clock.now));
                self.turn()
            }
            Step::Silence(until) => self.silence(*until),
        }
    }

    /// Sends bytes, split as configured. Unsplit bytes may arrive together with the FIN.
    fn send(&mut self, bytes: &[u8], with_end: bool) -> Result<(), String> {
        let first = self.sent;
        self.sent += bytes.len();
        let pieces: Vec<&[u8]> = match self.cut {
            Cut::Nowhere if with_end => {
                self.arrived.extend_from_slice(bytes);
                return Ok(());
            }
            Cut::At(at) if at > first && at < self.sent => {
                let (one, other) = bytes.split_at(at - first);
                vec![one, other]
            }
            Cut::Nowhere | Cut::At(_) => vec![bytes],
            Cut::Everywhere => bytes.chunks(1).collect(),
        };
        for piece in pieces {
            self.arrived.extend_from_slice(piece);
            self.turn()?;
        }
        Ok(())
    }

    fn send_end(&mut self) -> Result<(), String> {
        self.end = End::Arrived;
        self.turn()
    }

    fn expect(&mut self, pattern: &Pattern) -> Result<(), String> {
        let said = self.take_said();
        match pattern.verdict(&said) {
            Verdict::Same => Ok(()),
            Verdict::Differs { at, line, text } => {
                self.line = line;
                let got = show(said.get(at..).unwrap_or_default());
                let before = show(said.get(at.saturating_sub(60)..at).unwrap_or_default());
                Err(match text {
                    Some(text) => {
                        format!("expected < {text}\n  got \"{got}\"\n  after \"{before}\"")
                    }
                    None => format!("got more than expected: \"{got}\""),
                })
            }
        }
    }

    /// The server's output, as text.
    fn take_said(&mut self) -> Vec<u8> {
        let said = std::mem::take(&mut self.said);
        match &mut self.frames {
            Some(reader) => reader.text(&said),
            None => said,
        }
    }

    /// Checks that all output, and a close, was expected by a line.
    fn nothing_is_left(&mut self) -> Result<(), String> {
        if self.frames.is_some() && !self.said.is_empty() {
            let said = self.take_said();
            return Err(format!("unexpected output: \"{}\"", show(&said)));
        }
        match (self.said.is_empty(), self.shut && !self.shut_expected) {
            (true, false) => Ok(()),
            (true, true) => Err("unexpected close of the connection".to_owned()),
            (false, _) => Err(format!("unexpected output: \"{}\"", show(&self.said))),
        }
    }

    fn close(&mut self, word: &str, is: bool) -> Result<(), String> {
        self.shut_expected = true;
        is.then_some(()).ok_or_else(|| format!("expected the connection to be {word}"))
    }

    fn lingers(&self) -> bool {
        self.shut && !self.is_over()
    }

    fn is_over(&self) -> bool {
        matches!(self.next, Next::Close | Next::Reset)
    }

    /// Lets time pass; timers fire at their times.
    fn pass(&mut self, until: Time) -> Result<(), String> {
        while let Some(due) = self.next_call().filter(|due| *due <= until) {
            self.driver.clock.now = due;
            self.driver.fire();
            self.turn()?;
        }
        if until < self.driver.clock.now {
            return Err(format!("the time is already {}", spell(self.driver.clock.now)));
        }
        self.driver.clock.now = until;
        self.turn()
    }

    fn silence(&mut self, until: Time) -> Result<(), String> {
        let shut = self.shut;
        self.pass(until.max(self.driver.clock.now))?;
        let got = match (self.said.is_empty(), self.shut == shut) {
            (true, true) => return Ok(()),
            (true, false) => "the connection was closed".to_owned(),
            (false, _) => format!("got \"{}\"", show(&self.said)),
        };
        Err(format!("expected silence until {}, but {got}", spell(until)))
    }

    /// When the machine is called next: a drain calls it when what is idle ends.
    fn next_call(&self) -> Option<Time> {
        let idle_ends = Some(self.driver.worker.idle_until);
        let idle_ends = idle_ends.filter(|at| *at > self.driver.clock.now && *at != Time::NEVER);
        self.due().into_iter().chain(idle_ends).min()
    }

    /// When the machine is called although nothing arrives.
    fn due(&self) -> Option<Time> {
        let streams = Some(self.driver.worker.streams.next()).filter(|due| *due != Time::NEVER);
        match self.next {
            Next::Read(until) | Next::Sleep(until) | Next::Linger(until) => {
                Some(until.min(streams.unwrap_or(Time::NEVER)))
            }
            _ => None,
        }
    }

    /// A turn of the session, and a second one without news, which must do nothing.
    fn turn(&mut self) -> Result<(), String> {
        self.work()?;
        let (next, said) = (self.next.clone(), self.said.len());
        self.work()?;
        if (&self.next, self.said.len()) != (&next, said) {
            return Err(format!("a call without news changed something: {:?}", self.next));
        }
        Ok(())
    }

    /// The same as `Session::work`.
    fn work(&mut self) -> Result<(), String> {
        if self.is_over() {
            return Ok(());
        }
        let (mut next, mut fresh) = (Next::Write, false);
        for _ in 0..MOST_CALLS {
            self.take_output()?;
            self.shut |= matches!(next, Next::Linger(_) | Next::Close | Next::Reset);
            match next {
                Next::ReadClock => fresh = true,
                Next::Write | Next::Narrow | Next::Identified => {}
                Next::Read(_) | Next::Linger(_) if self.read() => fresh = false,
                _ => return self.wait(next),
            }
            next = self.advance(fresh);
        }
        Err("the machine never waits".to_owned())
    }

    fn take_output(&mut self) -> Result<(), String> {
        let output = self.driver.output.unread();
        self.said.extend_from_slice(output);
        if let Some(referee) = &mut self.referee {
            referee.said(output)?;
        }
        self.driver.output.clear();
        Ok(())
    }

    /// The machine waits for something in the future.
    fn wait(&mut self, next: Next) -> Result<(), String> {
        self.next = next;
        let kept = self.driver.input.save(USUAL);
        self.driver.input.load(kept);
        match self.due() {
            Some(due) if due <= self.driver.clock.now => {
                Err(format!("at {} it waits for {}", spell(self.driver.clock.now), spell(due)))
            }
            _ => Ok(()),
        }
    }

    /// Reads what has arrived, and the FIN, by itself where input is split; returns whether there was
    /// either.
    fn read(&mut self) -> bool {
        if self.arrived.is_empty() && self.end != End::Arrived {
            return false;
        }
        let together = self.cut == Cut::Nowhere && self.end == End::Arrived;
        if self.arrived.is_empty() || together {
            self.end = End::Read;
        }
        if let Some(referee) = &mut self.referee {
            referee.sent(&self.arrived);
        }
        self.driver.input.tail().append(&mut self.arrived);
        true
    }

    fn advance(&mut self, fresh: bool) -> Next {
        self.driver.clock.fresh = fresh;
        self.driver.edge.read_eof = self.end == End::Read;
        self.driver.edge.eof_reported = self.end != End::Open;
        self.driver.advance()
    }
}

/// The beginning of the output, escaped as in a transcript.
fn show(said: &[u8]) -> String {
    said.get(..400).unwrap_or(said).escape_ascii().to_string()
}

#[test]
fn a_delay_counts_from_a_clock_read_after_the_request() {
    let mut player = Player::new(App::default(), Protocol::Http, Cut::Nowhere);
    player.driver.input.tail().extend_from_slice(b"GET /delay/1 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(player.advance(false), Next::ReadClock);
    player.driver.clock.now = Time::from_micros(500);
    assert_eq!(player.advance(true), Next::Sleep(Time::from_micros(1_000_501)));
}
