//! The whole worker in a world that follows from a seed.
//!
//! Each client sends requests, in pieces, pipelined or not, fast or slowly, and reads as it likes;
//! some vanish. What comes back must be, byte for byte, what the protocol machine alone answers when
//! it is given one request after the other; no answer may be early; every connection must be closed
//! in the end, and no timer be left. `LOITER_SEED=n cargo test --test sim` replays one seed,
//! `LOITER_SEEDS=n` runs so many.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use loiter::base::buf::Buf;
use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::{Conn, Protocol};
use loiter::proto::{Cx, Next};
use loiter::server::net::Net;
use loiter::server::sim::{Client, Link, Sim, Weather};
use loiter::server::worker::{Gate, Setup, Worker};

/// What one request is answered with, when it is asked alone.
#[derive(Debug)]
struct Expected {
    answer: Vec<u8>,
    delay: Duration,
    /// The last byte of the request, as an offset in everything the client sends.
    sent_at_offset: usize,
}

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// Sends all, then reads to the end, then closes.
    Plain,
    /// Closes its sending side right after the last byte.
    HalfCloses,
    /// Waits for the server to close an idle connection.
    WaitsToBeClosed,
    /// Breaks the connection at some moment.
    Vanishes(Time),
}

#[derive(Debug)]
struct Visitor {
    random: Random,
    manner: Manner,
    request: Vec<u8>,
    expected: Vec<Expected>,
    /// All answers.
    whole: Vec<u8>,
    /// Most bytes sent or received at once.
    piece: u64,
    /// Longest pause between two acts, in microseconds.
    pause_us: u64,
    sent: usize,
    /// When each byte offset that ends a request was sent.
    sent_times: Vec<Time>,
    received: Vec<u8>,
    over: bool,
    /// Whether the server is told to finish in this run.
    finishing: bool,
    /// Whether there are fewer slots than visitors in this run.
    crowded: bool,
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
        let moved = (self.sent, self.received.len()) != before;
        let all = !self.finishing && self.received.len() == self.whole.len();
        if link.ended() || (all && self.sent == self.request.len() && self.manner == Manner::Plain)
        {
            self.over = true;
            link.finish();
            return Time::NEVER;
        }
        match (self.manner, moved) {
            (_, true) => now.after_us(1 + self.random.below(self.pause_us)),
            // The world asks again when there is something to receive, or room to send.
            (Manner::Vanishes(at), false) => at,
            (_, false) => Time::NEVER,
        }
    }
}

impl Visitor {
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
        if !had_all && self.sent == self.request.len() && self.manner == Manner::HalfCloses {
            link.finish();
        }
    }

    /// Checks what comes against what must come, and when.
    fn receive(&mut self, now: Time, link: &mut Link) {
        let bytes = link.receive(1 + self.random.below(self.piece * 4) as usize);
        let before = self.received.len();
        self.received.extend_from_slice(&bytes);
        if self.is_refused() {
            return;
        }
        let mut start = 0;
        for (number, expected) in self.expected.iter().enumerate() {
            // A server that finishes adds a field, after which offsets say nothing.
            let begins = !self.finishing && start >= before && start < self.received.len();
            if begins {
                let sent = self.sent_times.get(number).unwrap_or_else(|| {
                    let text = String::from_utf8_lossy(&bytes);
                    panic!("answer {number} came before it was asked for:\n{text}\n{self:?}")
                });
                let due = sent.after(expected.delay);
                assert!(now >= due, "answer {number} is early: at {now:?}, due {due:?}");
            }
            start += expected.answer.len();
        }
    }

    /// Whether what came says that there is no room.
    fn is_refused(&self) -> bool {
        let refusal = b"HTTP/1.1 503 SERVICE UNAVAILABLE\r\n";
        self.crowded && !self.received.is_empty() && {
            let length = refusal.len().min(self.received.len());
            refusal[..length] == self.received[..length] && !self.whole.starts_with(&self.received)
        }
    }

    fn check(&self) {
        let vanishes = matches!(self.manner, Manner::Vanishes(_));
        if self.is_refused() {
            let text = text(&self.received);
            let whole = text.contains("Retry-After: 1\r\n") && text.ends_with("}\n");
            return assert!(vanishes || whole, "a refusal is cut off:\n{text}");
        }
        if self.crowded && !vanishes {
            return self.check_ends();
        }
        if self.finishing && !vanishes {
            return self.check_ends();
        }
        let (received, whole) = (text(&self.received), text(&self.whole));
        // Those that vanish in a run that adds a field may do so in the middle of it.
        assert!(
            self.finishing || self.whole.starts_with(&self.received),
            "{:?}, received:\n{received}\nexpected:\n{whole}",
            self.manner
        );
        assert!(vanishes || received == whole, "answers are missing after:\n{received}");
    }

    /// A server that finishes leaves out whole answers, and none in part.
    fn check_ends(&self) {
        let (received, whole) = (text(&self.received), text(&self.whole));
        assert!(whole.starts_with(&received), "received:\n{received}\nexpected:\n{whole}");
        let mut ends = vec![0];
        for expected in &self.expected {
            ends.push(ends[ends.len() - 1] + text(&expected.answer).len());
        }
        assert!(ends.contains(&received.len()), "an answer is cut off:\n{received}");
    }
}

/// An answer without what a finishing server adds to it.
fn text(bytes: &[u8]) -> String {
    let latin1: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    latin1.replace("Connection: close\r\n", "")
}

const LOCAL: &str = "127.0.0.1:80";

/// The protocol machine alone, given one request at a time.
struct Reference {
    conn: Conn,
    app: App,
    now: Time,
}

impl Reference {
    fn new() -> Reference {
        let app = App::default();
        Reference {
            conn: Conn::new(Protocol::Http, &app.limits, Time::START),
            app,
            now: Time::START,
        }
    }

    /// What it answers; `None` when it is closed already.
    fn ask(&mut self, request: &[u8]) -> Option<Vec<u8>> {
        let (mut input, mut output) = (Buf::default(), Buf::default());
        let (mut answer, mut random) = (Vec::new(), Random::new(1));
        let (mut body, mut records, mut served) = (Vec::new(), Vec::new(), 0);
        input.tail().extend_from_slice(request);
        loop {
            let mut cx = Cx {
                unix_start_us: 0,
                delayed: &mut 0,
                now: self.now,
                fresh: true,
                ended: false,
                resumed: false,
                draining: false,
                peer: Some([127, 0, 0, 1].into()),
                local: LOCAL,
                app: &self.app,
                stamp: b"Server: loiter/0.1.0\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n",
                random: &mut random,
                body: &mut body,
                records: &mut records,
                served: &mut served,
            };
            let next = self.conn.advance(&mut cx, &mut input, &mut output);
            answer.extend_from_slice(output.unread());
            output.clear();
            match next {
                Next::Sleep(until) => self.now = until,
                Next::Read(_) | Next::Linger(_) => return Some(answer),
                Next::Close if answer.is_empty() => return None,
                Next::Close => return Some(answer),
                Next::Write | Next::Now => {}
            }
        }
    }
}

/// A request, and the delay before its answer.
fn request(random: &mut Random, last: bool) -> (Vec<u8>, Duration) {
    let micros = random.below(300_000);
    let delay = Duration::from_micros(micros);
    let end = match (last, random.below(3)) {
        (true, 0) => "Connection: close\r\n\r\n",
        _ => "\r\n",
    };
    let body: Vec<u8> = (0..random.below(3000)).map(|i| b'a' + (i % 26) as u8).collect();
    let length = body.len();
    let text = match random.below(14) {
        0 => format!("GET /get?a={micros} HTTP/1.1\r\nHost: h\r\n{end}"),
        1 => format!("GET /status/{} HTTP/1.1\r\nHost: h\r\n{end}", 200 + micros % 300),
        2 => format!("GET /bytes/{}?seed=1 HTTP/1.1\r\nHost: h\r\n{end}", micros / 10),
        3 => format!("GET /stream/{} HTTP/1.1\r\nHost: h\r\n{end}", micros % 20),
        4 => format!("HEAD /get HTTP/1.1\r\nHost: h\r\n{end}"),
        5 => format!("GET /drip?duration={micros}us&numbytes=7 HTTP/1.1\r\nHost: h\r\n{end}"),
        6 => format!("GET /no/such/path HTTP/1.1\r\nHost: h\r\nX: {micros}\r\n{end}"),
        7 | 8 => {
            let head = format!("GET /delay/{micros}us HTTP/1.1\r\nHost: h\r\n{end}");
            return (head.into_bytes(), delay);
        }
        9 => {
            let head = format!(
                "POST /delay/{micros}us HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n{end}"
            );
            return ([head.into_bytes(), body].concat(), delay);
        }
        10 => {
            let query = format!("count=5&delay={micros}us&duration={micros}us&jitter=0.5");
            let head = format!("GET /jsonl?{query} HTTP/1.1\r\nHost: h\r\n{end}");
            return (head.into_bytes(), delay);
        }
        11 => format!(
            "GET /stream-bytes/{}?seed=1&chunk_size=7 HTTP/1.1\r\nHost: h\r\n{end}",
            micros / 30
        ),
        12 => {
            let head =
                format!("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n{end}");
            return ([head.into_bytes(), body].concat(), Duration::ZERO);
        }
        _ => {
            let head =
                format!("POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n{end}");
            return ([head.into_bytes(), chunked(&body, random)].concat(), Duration::ZERO);
        }
    };
    (text.into_bytes(), Duration::ZERO)
}

fn chunked(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in body.chunks(1 + random.below(900) as usize) {
        bytes.extend_from_slice(format!("{:x};x=y\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\nX-Trailer: 1\r\n\r\n");
    bytes
}

fn visitor(random: &mut Random, finishing: bool, crowded: bool) -> (Time, Visitor) {
    let connects = Time::from_micros(random.below(2_000_000));
    let manner = match random.below(6) {
        0 => Manner::HalfCloses,
        1 => Manner::WaitsToBeClosed,
        2 => Manner::Vanishes(connects.after_us(random.below(1_000_000))),
        _ => Manner::Plain,
    };
    let (mut reference, mut all, mut expected) = (Reference::new(), Vec::new(), Vec::new());
    let count = 1 + random.below(6);
    for number in 0..count {
        let (bytes, delay) = request(random, number + 1 == count);
        let begins = all.len() + 1;
        all.extend_from_slice(&bytes);
        match reference.ask(&bytes) {
            Some(answer) => {
                // An echo begins before its request has ended, so it is not held to when that was.
                let echo = bytes.starts_with(b"POST /echo");
                let sent_at_offset = if echo { begins } else { all.len() };
                expected.push(Expected { answer, delay, sent_at_offset });
            }
            None => break,
        }
    }
    let visitor = Visitor {
        random: Random::new(random.next_u64()),
        manner,
        request: all,
        whole: expected.iter().flat_map(|expected| expected.answer.clone()).collect(),
        expected,
        piece: [1 << 16, 1 << 16, 400, 50][random.below(4) as usize],
        pause_us: [10, 1000, 20_000][random.below(3) as usize],
        sent: 0,
        sent_times: Vec::new(),
        received: Vec::new(),
        over: false,
        finishing,
        crowded,
    };
    (connects, visitor)
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let drains = random.below(8) == 0;
    let count = 1 + random.below(24);
    let crowded = random.below(2) == 0;
    let clients: Vec<_> = (0..count).map(|_| visitor(&mut random, drains, crowded)).collect();
    let weather = Weather {
        short_read_is_all: random.below(2) == 0,
        faults: [0, 7, 40][random.below(3) as usize],
        room: [1 << 20, 5000, 300][random.below(3) as usize],
        drain: drains
            .then(|| (Time::from_micros(random.below(3_000_000)), Duration::from_secs(20))),
    };
    let (commands, inbox) = mpsc::channel();
    let sim = Sim::new(random.next_u64(), weather, clients, commands);
    let setup = Setup {
        app: Arc::new(App::default()),
        gates: vec![Gate {
            protocol: Some(Protocol::Http),
            local: LOCAL.into(),
            look: Time::NEVER,
        }],
        peers: None,
        refusals: 2,
        capacity: if crowded { 3 } else { 1000 },
        inbox,
        sink: None,
        seed: random.next_u64(),
    };
    let (totals, mut sim) = Worker::new(sim, setup).run();
    assert_eq!(sim.open(), 0, "connections are left open");
    sim.settle();
    if totals.cut_off == 0 {
        sim.peers().iter().for_each(|peer| peer.client.check());
    }
}

#[test]
fn every_request_is_answered_once_in_order_and_never_early() {
    let variable = |name| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match variable("LOITER_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("LOITER_SEEDS").unwrap_or(300),
    };
    for seed in seeds {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("replay it with LOITER_SEED={seed} cargo test --test sim");
            std::panic::resume_unwind(panic);
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let mut random = Random::new(5);
    let mut one = |_| {
        let (commands, inbox) = mpsc::channel();
        drop(inbox);
        let weather = Weather { short_read_is_all: false, faults: 3, room: 100, drain: None };
        let clients = vec![visitor(&mut Random::new(9), false, false)];
        let mut sim = Sim::new(random.below(1), weather, clients, commands);
        (0..50).map(|_| sim.now().micros()).collect::<Vec<_>>()
    };
    assert_eq!(one(0), one(1));
}
