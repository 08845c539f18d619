//! One load process with HTTP/2: opens its share of streams at its rate on few connections, waits,
//! and counts.
//!
//! A stream is a number here: the time at which its request was sent, and later its lateness. The
//! connections are opened before the clock starts.

use super::http2::{self, Frame, Request};
use super::link::{self, Link};
use super::plan::Plan;
use super::socket::{self, Event};
use super::tally::{COUNT, Failure, Tally};
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::IntoRawFd;
use std::time::{Duration, Instant};

/// Token of standard input; connections have their index.
const INPUT: u64 = u64::MAX;
/// Most requests written at once on a connection, before the next one has its turn.
const MAX_RUN: usize = 16;
/// Most runs per turn of the loop, so that a process behind schedule still reads.
const MAX_RUNS_AT_ONCE: usize = 64;
/// Bytes of one read.
const READ_BYTES: usize = 256 * 1024;
/// Time allowed for a connection to open.
const OPEN_TIME: Duration = Duration::from_secs(10);
/// What the connection's window is filled up by, at once.
const WINDOW_STEP: u32 = 1 << 30;
/// In place of the send time of a stream that has ended.
const ENDED: i64 = i64::MIN;

struct Connection {
    link: Link,
    /// The time before each request was written, by the number of its stream.
    sent_ns: Vec<i64>,
    open: u32,
    /// Most streams at once that the server allows; 0 until its settings have come.
    max_open: u32,
    /// The start of a frame, and when its first bytes were read.
    partial: Vec<u8>,
    partial_ns: i64,
    /// Frames that are no requests, and requests of which at least a part has to be written again.
    control: Vec<u8>,
    unsent: Vec<u8>,
    /// Bytes of DATA since the connection's window was last filled up.
    received: u32,
    is_closed: bool,
}

struct Streams {
    plan: Plan,
    request: Request,
    run: usize,
    epoll: i32,
    started: Instant,
    connections: Vec<Connection>,
    opened: usize,
    waiting: usize,
    answered: usize,
    announced: bool,
    counted: bool,
    tally: Tally,
}

/// Runs the share; the protocol with the coordinator is that of `load::run`.
pub(crate) fn run(plan: Plan) -> io::Result<()> {
    socket::raise_descriptor_limit()?;
    let mut streams = Streams::new(plan)?;
    streams.run()?;
    streams.tally.write(&mut io::BufWriter::new(io::stdout()))?;
    io::stdin().read_to_end(&mut Vec::new()).map(drop)
}

/// One answered request, which makes what the server makes once.
pub(crate) fn warm_up(plan: &Plan) -> io::Result<()> {
    let mut connection = Connection::open(plan, 1)?;
    let mut out = Vec::new();
    Request::to(plan, "/status/200").write(&mut out, 1, 0);
    connection.link.write(&out)?;
    let mut bytes = vec![0; http2::MAX_FRAME];
    let started = Instant::now();
    while started.elapsed() < OPEN_TIME {
        let n = match connection.link.read(&mut bytes) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::sleep(Duration::from_millis(1));
                continue;
            }
            Err(error) => return Err(error),
        };
        connection.partial.extend_from_slice(&bytes[..n]);
        let mut rest = &connection.partial[..];
        while let Ok(Some((frame, after))) = http2::split(rest) {
            if frame.kind == http2::HEADERS && frame.status_class() == 2 {
                socket::close(connection.link.fd);
                return Ok(());
            }
            rest = after;
        }
    }
    Err(io::Error::other("the server did not answer /status/200 with a 2xx by HTTP/2"))
}

impl Connection {
    /// Connects, shakes hands and writes the preface; then the socket does not block any more.
    fn open(plan: &Plan, streams: usize) -> io::Result<Connection> {
        let stream = TcpStream::connect(plan.server)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(OPEN_TIME))?;
        let config = if plan.tls { Some(link::config("h2")?) } else { None };
        let mut link = Link::new(stream.try_clone()?.into_raw_fd(), config.as_ref())?;
        if !link.is_open()? {
            return Err(io::Error::other("the TLS handshake took too long"));
        }
        let mut first = Vec::new();
        http2::start(&mut first);
        if link.write(&first)? < first.len() {
            return Err(io::Error::other("the preface could not be written"));
        }
        stream.set_nonblocking(true)?;
        Ok(Connection {
            link,
            sent_ns: Vec::with_capacity(streams),
            open: 0,
            max_open: 0,
            partial: Vec::new(),
            partial_ns: 0,
            control: Vec::new(),
            unsent: Vec::new(),
            received: 0,
            is_closed: false,
        })
    }

    /// How many more streams it can open now.
    fn room(&self) -> usize {
        if self.unsent.is_empty() { self.max_open.saturating_sub(self.open) as usize } else { 0 }
    }

    /// Writes what is left. Requests that had not been written whole get a new send time: the
    /// server cannot have seen their end.
    fn flush(&mut self, now_ns: i64, request_bytes: usize) -> io::Result<()> {
        let unsent = self.unsent.len().div_ceil(request_bytes);
        for sent_ns in self.sent_ns.iter_mut().rev().take(unsent) {
            *sent_ns = now_ns;
        }
        self.link.flush()?;
        send(&mut self.link, &mut self.unsent)?;
        if self.unsent.is_empty() {
            send(&mut self.link, &mut self.control)?;
        }
        Ok(())
    }
}

/// Writes as much as possible, and keeps the rest.
fn send(link: &mut Link, bytes: &mut Vec<u8>) -> io::Result<()> {
    while !bytes.is_empty() {
        match link.write(bytes) {
            Ok(n) => drop(bytes.drain(..n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Streams {
    fn new(plan: Plan) -> io::Result<Streams> {
        let epoll = socket::epoll()?;
        socket::watch_input(epoll, 0, INPUT)?;
        let run = (plan.streams / plan.connections).clamp(1, MAX_RUN);
        let each = plan.streams.div_ceil(plan.connections).next_multiple_of(run);
        let mut connections = Vec::with_capacity(plan.connections);
        for index in 0..plan.connections {
            let connection = Connection::open(&plan, each)?;
            socket::watch(epoll, connection.link.fd, index as u64)?;
            connections.push(connection);
        }
        Ok(Streams {
            request: Request::new(&plan),
            run,
            epoll,
            started: Instant::now(),
            connections,
            opened: 0,
            waiting: 0,
            answered: 0,
            announced: false,
            counted: false,
            tally: Tally::with_room(plan.streams),
            plan,
        })
    }

    fn run(&mut self) -> io::Result<()> {
        let mut events = vec![Event { events: 0, u64: 0 }; 1024];
        let mut scratch = vec![0; READ_BYTES];
        while self.started.elapsed() < self.plan.timeout && !self.is_over() {
            let blocked = !self.open_due();
            self.announce()?;
            let n = socket::wait(self.epoll, &mut events, self.until_next(blocked))?;
            for event in &events[..n] {
                match event.u64 {
                    INPUT => self.on_command()?,
                    index => self.turn(index as usize, &mut scratch),
                }
            }
        }
        for _ in 0..self.plan.streams - self.opened + self.waiting {
            self.tally.fail(Failure::Timeout);
        }
        Ok(())
    }

    fn now_ns(&self) -> i64 {
        self.started.elapsed().as_nanos() as i64
    }

    /// Opens the streams that are due: the i-th is due i/ramp seconds after the start. Runs go to
    /// the connections in turn. False if a connection allows no more at present.
    fn open_due(&mut self) -> bool {
        let due = (self.started.elapsed().as_secs_f64() * self.plan.ramp) as usize + self.run;
        let due = due.min(self.plan.streams);
        for _ in 0..MAX_RUNS_AT_ONCE {
            if self.opened >= due {
                break;
            }
            let index = self.opened / self.run % self.connections.len();
            let left_of_run = self.run - self.opened % self.run;
            let count = left_of_run.min(self.plan.streams - self.opened);
            if self.connections[index].is_closed {
                self.opened += count;
                (0..count).for_each(|_| self.tally.fail(Failure::Closed));
                continue;
            }
            match self.connections[index].room() {
                0 => return false,
                room => self.send(index, count.min(room)),
            }
        }
        true
    }

    fn send(&mut self, index: usize, count: usize) {
        let base = self.plan.share.unwrap_or(0) * self.plan.streams;
        let connection = &mut self.connections[index];
        for _ in 0..count {
            let stream = connection.sent_ns.len() as u32 * 2 + 1;
            self.request.write(&mut connection.unsent, stream, base + self.opened);
            connection.sent_ns.push(0);
            self.opened += 1;
        }
        connection.open += count as u32;
        self.waiting += count;
        self.tally.sent += count as u64;
        self.tally.most = self.tally.most.max(self.waiting as u64);
        self.flush(index);
    }

    fn flush(&mut self, index: usize) {
        let (now_ns, bytes) = (self.now_ns(), self.request.bytes());
        if self.connections[index].flush(now_ns, bytes).is_err() {
            self.close(index, Failure::Send);
        }
    }

    /// Writes `waiting N` once, when every request is sent (or, with `--idle`, answered).
    fn announce(&mut self) -> io::Result<()> {
        let all_open = self.opened == self.plan.streams;
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

    fn until_next(&self, blocked: bool) -> Duration {
        let elapsed = self.started.elapsed();
        let left = self.plan.timeout.saturating_sub(elapsed);
        if blocked || self.opened == self.plan.streams {
            return left;
        }
        let due = Duration::from_secs_f64(self.opened as f64 / self.plan.ramp);
        due.saturating_sub(elapsed).min(left)
    }

    fn on_command(&mut self) -> io::Result<()> {
        let mut word = [0];
        if socket::read(0, &mut word)? != 1 || word[0] != COUNT {
            return Err(io::Error::other("the coordinator is gone"));
        }
        self.counted = true;
        self.tally.holding = self.held() as u64;
        Ok(())
    }

    fn turn(&mut self, index: usize, scratch: &mut [u8]) {
        if self.connections[index].is_closed {
            return;
        }
        match self.receive(index, scratch) {
            Ok(()) => self.flush(index),
            Err(reason) => self.close(index, reason),
        }
    }

    /// Reads until there is nothing more, and takes all whole frames.
    fn receive(&mut self, index: usize, scratch: &mut [u8]) -> Result<(), Failure> {
        loop {
            let connection = &mut self.connections[index];
            let kept = connection.partial.len();
            scratch[..kept].copy_from_slice(&connection.partial);
            let n = match connection.link.read(&mut scratch[kept..]) {
                Ok(0) => return Err(Failure::Closed),
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Failure::Reset),
            };
            let now_ns = self.now_ns();
            let mut began_ns = if kept > 0 { self.connections[index].partial_ns } else { now_ns };
            let mut rest = &scratch[..kept + n];
            while let Some((frame, after)) = http2::split(rest).map_err(|()| Failure::Malformed)? {
                self.take(index, &frame, began_ns, now_ns)?;
                (rest, began_ns) = (after, now_ns);
            }
            let connection = &mut self.connections[index];
            connection.partial.clear();
            connection.partial.extend_from_slice(rest);
            connection.partial_ns = began_ns;
        }
    }

    /// `began_ns` is when the first byte of the frame was read, `now_ns` when the last one was.
    fn take(
        &mut self,
        at: usize,
        frame: &Frame,
        began_ns: i64,
        now_ns: i64,
    ) -> Result<(), Failure> {
        let connection = &mut self.connections[at];
        let control = &mut connection.control;
        match frame.kind {
            http2::DATA => {
                connection.received += frame.payload.len() as u32;
                if connection.received >= WINDOW_STEP {
                    http2::window_update(control, std::mem::take(&mut connection.received));
                }
            }
            http2::HEADERS => return self.take_head(at, frame, began_ns, now_ns),
            http2::RST_STREAM if frame.number(0) == http2::REFUSED_STREAM => {
                self.fail(at, frame.stream, Failure::Refused);
            }
            http2::RST_STREAM => self.fail(at, frame.stream, Failure::Reset),
            http2::SETTINGS if frame.flags & http2::ACK == 0 => {
                let most = frame.setting(3);
                let no_limit =
                    if connection.max_open == 0 { u32::MAX } else { connection.max_open };
                connection.max_open = most.unwrap_or(no_limit);
                http2::frame(control, http2::SETTINGS, http2::ACK, 0, &[]);
            }
            http2::PING if frame.flags & http2::ACK == 0 => {
                http2::frame(control, http2::PING, http2::ACK, 0, frame.payload);
            }
            http2::GOAWAY => return Err(Failure::Closed),
            _ => {}
        }
        if frame.kind == http2::DATA && frame.flags & http2::END_STREAM != 0 {
            self.end(at, frame.stream, now_ns);
        }
        Ok(())
    }

    fn take_head(&mut self, at: usize, frame: &Frame, began: i64, now: i64) -> Result<(), Failure> {
        let sent_ns = self.sent_ns(at, frame.stream).copied().ok_or(Failure::Malformed)?;
        match frame.status_class() {
            1 => return Ok(()),
            2 => self.tally.early += u64::from(began - sent_ns < self.plan.delay_ns()),
            0 => return Err(Failure::Malformed),
            _ => self.fail(at, frame.stream, Failure::Status),
        }
        if frame.flags & http2::END_STREAM != 0 {
            self.end(at, frame.stream, now);
        }
        Ok(())
    }

    /// When the request was sent, of a stream that was opened.
    fn sent_ns(&mut self, index: usize, stream: u32) -> Option<&mut i64> {
        self.connections[index].sent_ns.get_mut(stream as usize / 2).filter(|_| stream % 2 == 1)
    }

    fn end(&mut self, index: usize, stream: u32, now_ns: i64) {
        let delay_ns = self.plan.delay_ns();
        if let Some(sent_ns) = self.take_open(index, stream) {
            self.tally.lateness_ns.push(now_ns - sent_ns - delay_ns);
            self.answered += 1;
        }
    }

    fn fail(&mut self, index: usize, stream: u32, reason: Failure) {
        if self.take_open(index, stream).is_some() {
            self.tally.fail(reason);
        }
    }

    /// Marks a stream as ended; its send time, unless it had ended before.
    fn take_open(&mut self, index: usize, stream: u32) -> Option<i64> {
        let sent_ns = self.sent_ns(index, stream).filter(|sent_ns| **sent_ns != ENDED)?;
        let sent_ns = std::mem::replace(sent_ns, ENDED);
        self.connections[index].open -= 1;
        self.waiting -= 1;
        Some(sent_ns)
    }

    /// All its streams fail; with `--idle` the connection itself does, unless all is over.
    fn close(&mut self, index: usize, reason: Failure) {
        let connection = &mut self.connections[index];
        connection.is_closed = true;
        socket::close(connection.link.fd);
        let streams = connection.sent_ns.len() as u32;
        for number in 0..streams {
            self.fail(index, number * 2 + 1, reason);
        }
        if self.plan.idle && !self.counted && self.answered > 0 {
            self.answered -= 1;
            self.tally.fail(reason);
        }
    }
}
