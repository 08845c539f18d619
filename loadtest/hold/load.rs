//! One load process: opens its share of connections at its rate, sends, waits, and counts.
//!
//! One loop, no allocation per event, and no `close` until all processes are done: a close costs
//! more than reading an answer and would delay the answers behind it.

use super::answer::Answer;
use super::link::{self, Link};
use super::plan::{Plan, SPARE_DESCRIPTORS};
use super::socket::{self, Event};
use super::tally::{CHURN, COUNT, Failure, Tally};
use rustls::ClientConfig;
use std::io::{self, Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Token of standard input; connections have their index.
const INPUT: u64 = u64::MAX;
/// Shortest sleep between two replacements of connections.
const CHURN_TICK: Duration = Duration::from_micros(100);
/// Most connections opened per turn of the loop, so that a process behind schedule still reads.
const MAX_OPENED_AT_ONCE: usize = 32;

enum State {
    Connecting,
    Waiting { sent_ns: i64, answer: Answer },
    Answered,
    Failed,
}

struct Connection {
    link: Link,
    state: State,
}

struct Load {
    plan: Plan,
    request: Vec<u8>,
    tls: Option<Arc<ClientConfig>>,
    epoll: RawFd,
    started: Instant,
    connections: Vec<Connection>,
    connecting: usize,
    waiting: usize,
    answered: usize,
    announced: bool,
    counted: bool,
    churn: Option<Churn>,
    tally: Tally,
}

/// Replacement of connections, the oldest first.
struct Churn {
    started: Instant,
    replaced: usize,
}

/// Runs the share and writes `waiting N` and then the tally to standard output. On request from
/// standard input, which comes once all processes have written `waiting`, it counts how many it
/// still holds. When that input ends, it exits and closes its connections.
pub(crate) fn run(plan: Plan) -> io::Result<()> {
    let limit = socket::raise_descriptor_limit()?;
    if plan.connections as u64 + SPARE_DESCRIPTORS > limit {
        let most = limit.saturating_sub(SPARE_DESCRIPTORS);
        return Err(io::Error::other(format!("more than {most} connections: use --processes")));
    }
    let mut load = Load::new(plan)?;
    load.run()?;
    load.tally.write(&mut io::BufWriter::new(io::stdout()))?;
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

impl Load {
    fn new(plan: Plan) -> io::Result<Load> {
        let epoll = socket::epoll()?;
        socket::watch_input(epoll, 0, INPUT)?;
        Ok(Load {
            request: plan.request(),
            tls: if plan.tls { Some(link::config("http/1.1")?) } else { None },
            epoll,
            started: Instant::now(),
            connections: Vec::with_capacity(plan.connections),
            connecting: 0,
            waiting: 0,
            answered: 0,
            announced: false,
            counted: false,
            churn: None,
            tally: Tally::with_room(plan.connections),
            plan,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = vec![Event { events: 0, u64: 0 }; 1024];
        let mut scratch = vec![0; 16 * 1024];
        while self.started.elapsed() < self.plan.timeout {
            self.open_due();
            self.churn_due()?;
            self.announce()?;
            if self.is_over() {
                break;
            }
            let n = socket::wait(self.epoll, &mut events, self.until_next())?;
            for event in &events[..n] {
                match event.u64 {
                    INPUT => self.on_command()?,
                    index => self.turn(index as usize, event, &mut scratch),
                }
            }
        }
        self.give_up();
        Ok(())
    }

    /// Opens the connections that are due: the i-th is due i/ramp seconds after the start.
    fn open_due(&mut self) {
        let due = (self.started.elapsed().as_secs_f64() * self.plan.ramp) as usize + 1;
        let end = due.min(self.plan.connections).min(self.connections.len() + MAX_OPENED_AT_ONCE);
        for index in self.connections.len()..end {
            let connection = self.open(index);
            self.connections.push(connection);
        }
    }

    fn open(&mut self, index: usize) -> Connection {
        match socket::socket(self.source(index)) {
            Ok(fd) => self.connect(fd, index),
            Err(_) => self.failed(-1, Failure::Socket),
        }
    }

    /// Replaces the connections that are due, up to one that still waits for its answer; writes
    /// `churned N` at the end. No event of an old one is left: all were handled before.
    fn churn_due(&mut self) -> io::Result<()> {
        let Some(mut churn) = self.churn.take() else { return Ok(()) };
        let elapsed = churn.started.elapsed().as_secs_f64();
        let due = (elapsed.min(self.plan.seconds) * self.plan.churn) as usize;
        for _ in 0..due.saturating_sub(churn.replaced).min(MAX_OPENED_AT_ONCE) {
            let index = churn.replaced % self.connections.len();
            match self.connections[index].state {
                State::Connecting | State::Waiting { .. } => break,
                State::Answered => self.answered -= 1,
                State::Failed => {}
            }
            if self.connections[index].link.fd >= 0 {
                socket::close(self.connections[index].link.fd);
            }
            self.connections[index] = self.open(index);
            churn.replaced += 1;
        }
        if elapsed >= self.plan.seconds && self.connecting + self.waiting == 0 {
            return writeln!(io::stdout(), "churned {}", churn.replaced);
        }
        self.churn = Some(churn);
        Ok(())
    }

    fn connect(&mut self, fd: RawFd, index: usize) -> Connection {
        let begun = socket::connect(fd, self.plan.server)
            .and_then(|()| socket::watch(self.epoll, fd, index as u64))
            .and_then(|()| Link::new(fd, self.tls.as_ref()));
        match begun {
            Ok(link) => {
                self.connecting += 1;
                Connection { link, state: State::Connecting }
            }
            Err(_) => self.failed(fd, Failure::Connect),
        }
    }

    fn failed(&mut self, fd: RawFd, reason: Failure) -> Connection {
        self.tally.fail(reason);
        if fd >= 0 {
            socket::close(fd);
        }
        Connection { link: Link::none(), state: State::Failed }
    }

    /// 127.1.0.1, 127.1.0.2, …: each process has its own addresses and therefore its own ports.
    fn source(&self, index: usize) -> Ipv4Addr {
        let share = self.plan.share.unwrap_or(0);
        let number = share * self.plan.sources + index % self.plan.sources;
        let (high, middle, low) = (number / 62_500, number / 250 % 250, number % 250);
        Ipv4Addr::new(127, 1 + high as u8, middle as u8, 1 + low as u8)
    }

    /// Writes `waiting N` once, when every request is sent (or, with `--idle`, answered).
    fn announce(&mut self) -> io::Result<()> {
        let all_open = self.connections.len() == self.plan.connections && self.connecting == 0;
        if self.announced || !all_open || self.plan.idle && self.waiting > 0 {
            return Ok(());
        }
        self.announced = true;
        writeln!(io::stdout(), "waiting {}", self.held())
    }

    fn held(&self) -> usize {
        if self.plan.idle { self.answered } else { self.waiting }
    }

    fn is_over(&self) -> bool {
        self.counted && self.waiting == 0
    }

    fn until_next(&self) -> Duration {
        let elapsed = self.started.elapsed();
        let left = self.plan.timeout.saturating_sub(elapsed);
        if let Some(churn) = &self.churn {
            let due = Duration::from_secs_f64((churn.replaced + 1) as f64 / self.plan.churn);
            return due.saturating_sub(churn.started.elapsed()).max(CHURN_TICK).min(left);
        }
        if self.connections.len() == self.plan.connections {
            return left;
        }
        let due = Duration::from_secs_f64(self.connections.len() as f64 / self.plan.ramp);
        due.saturating_sub(elapsed).min(left)
    }

    /// Reads a command of the coordinator; without a coordinator it is pointless to continue.
    fn on_command(&mut self) -> io::Result<()> {
        let mut word = [0];
        match (socket::read(0, &mut word)?, word[0]) {
            (1, CHURN) => self.churn = Some(Churn { started: Instant::now(), replaced: 0 }),
            (1, COUNT) => {
                self.counted = true;
                self.tally.holding = self.held() as u64;
            }
            _ => return Err(io::Error::other("the coordinator is gone")),
        }
        Ok(())
    }

    fn turn(&mut self, index: usize, event: &Event, scratch: &mut [u8]) {
        let result = match self.connections[index].state {
            State::Connecting if socket::is_broken(event) => Err(Failure::Connect),
            State::Connecting if socket::is_writable(event) => self.send(index),
            State::Waiting { .. } => self.receive(index, scratch),
            State::Answered => self.watch_idle(index, scratch),
            State::Connecting | State::Failed => Ok(()),
        };
        if let Err(reason) = result {
            self.fail(index, reason);
        }
    }

    fn send(&mut self, index: usize) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        if !connection.link.is_open().map_err(|_| Failure::Handshake)? {
            return Ok(());
        }
        let sent_ns = self.started.elapsed().as_nanos() as i64;
        let written = connection.link.write(&self.request);
        if !written.is_ok_and(|n| n == self.request.len()) {
            return Err(Failure::Send);
        }
        connection.state = State::Waiting { sent_ns, answer: Answer::new() };
        self.connecting -= 1;
        self.waiting += 1;
        self.tally.most = self.tally.most.max(self.waiting as u64);
        self.tally.sent += 1;
        Ok(())
    }

    /// Reads until a read fills less than the buffer: after that, new bytes make a new edge.
    fn receive(&mut self, index: usize, scratch: &mut [u8]) -> Result<(), Failure> {
        let connection = &mut self.connections[index];
        let State::Waiting { sent_ns, answer } = &mut connection.state else { return Ok(()) };
        loop {
            let n = match connection.link.read(scratch) {
                Ok(0) => return Err(Failure::Closed),
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Failure::Reset),
            };
            let elapsed_ns = self.started.elapsed().as_nanos() as i64 - *sent_ns;
            let is_first = answer.is_new();
            let is_complete = answer.take(&scratch[..n])?;
            let late_ns = elapsed_ns - answer.delay_ns.unwrap_or(self.plan.delay_ns());
            self.tally.early += u64::from(is_first && late_ns < 0);
            if is_complete {
                self.tally.lateness_ns.push(late_ns);
                connection.state = State::Answered;
                self.waiting -= 1;
                self.answered += 1;
                return Ok(());
            }
        }
    }

    /// With `--idle`, a connection must stay open: unexpected bytes or a FIN are failures.
    /// Otherwise the server may do what it likes after the answer.
    fn watch_idle(&mut self, index: usize, scratch: &mut [u8]) -> Result<(), Failure> {
        if !self.plan.idle || self.counted {
            return Ok(());
        }
        match self.connections[index].link.read(scratch) {
            Ok(0) => Err(Failure::Closed),
            Ok(_) => Err(Failure::Malformed),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(_) => Err(Failure::Reset),
        }
    }

    fn fail(&mut self, index: usize, reason: Failure) {
        match self.connections[index].state {
            State::Connecting => self.connecting -= 1,
            State::Waiting { .. } => self.waiting -= 1,
            State::Answered => self.answered -= 1,
            State::Failed => return,
        }
        let fd = self.connections[index].link.fd;
        self.connections[index] = self.failed(fd, reason);
    }

    /// The time is over: every connection without an answer has failed.
    fn give_up(&mut self) {
        let unopened = self.plan.connections - self.connections.len();
        for _ in 0..unopened + self.connecting + self.waiting {
            self.tally.fail(Failure::Timeout);
        }
    }
}
