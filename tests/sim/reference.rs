//! The requests, and the answers of the protocol's state machine alone.

use std::time::Duration;

use loiter::base::random::Random;
use loiter::http::app::App;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;

/// A request, and what is known of its answer.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    pub(crate) bytes: Vec<u8>,
    /// The least time from the request to the answer's first byte, and to its end.
    pub(crate) delay: Duration,
    pub(crate) complete: Duration,
    /// The least time from there to an unannounced end.
    pub(crate) idle: Duration,
    /// Whether it waits for its time, before its head or within its body.
    pub(crate) timed: bool,
    /// Whether it may begin, or break, before the request has ended.
    pub(crate) early: bool,
    /// What comes after it.
    pub(crate) end: End,
    /// The end of what is sent, the length of it, and whether that is nothing; where known.
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) length: Option<usize>,
    pub(crate) empty: bool,
}

/// What comes after an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum End {
    /// The next one, unless the request asked for the end.
    #[default]
    Next,
    /// FIN.
    Fin,
    /// FIN, after some time without a request.
    Idle,
    /// FIN, after a silence, unless the client leaves before.
    Silence,
    Rst,
}

impl Asked {
    /// The least time from the request to the end of its connection, where it asks for that.
    pub(crate) fn closes(&self) -> Duration {
        self.complete + self.idle
    }

    fn plain(bytes: Vec<u8>, delay: Duration) -> Asked {
        let early = bytes.starts_with(b"POST /echo") || bytes.starts_with(b"GET /websocket");
        let modified = bytes.windows(7).any(|bytes| bytes == b"Loiter:");
        let timed = !delay.is_zero() || modified || bytes.starts_with(b"GET /drip");
        Asked { bytes, delay, complete: delay, timed, early, ..Asked::default() }
    }

    /// Checks the answer of the machine alone against what is known.
    fn check(&self, answer: &[u8], reset: bool) {
        let text = || (String::from_utf8_lossy(&self.bytes), String::from_utf8_lossy(answer));
        assert_eq!(reset, self.end == End::Rst, "{:?}", text());
        assert!(!self.empty || answer.is_empty(), "{:?}", text());
        assert!(self.length.is_none_or(|length| answer.len() == length), "{:?}", text());
        if let Some(body) = &self.body {
            let ending = [b"\r\n\r\n", &**body].concat();
            assert!(answer.ends_with(&ending), "{:?}", text());
        }
    }
}

/// The protocol's state machine alone, given one request at a time.
pub(crate) struct Reference {
    driver: Driver,
    over: bool,
}

impl Reference {
    pub(crate) fn new(app: App) -> Reference {
        Reference { driver: Driver::new(app, Protocol::Http, 1), over: false }
    }

    /// Whether the connection's last answer has been sent.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// The answer to a request; `None` if the connection is closed.
    pub(crate) fn ask(&mut self, asked: &Asked) -> Option<Vec<u8>> {
        if self.over {
            return None;
        }
        let mut answer = Vec::new();
        let mut next = self.driver.receive(&asked.bytes);
        loop {
            answer.extend_from_slice(self.driver.output.unread());
            self.driver.output.clear();
            match next {
                Next::Sleep(until) => self.driver.clock.now = until,
                Next::Close | Next::Linger(_) if answer.is_empty() && !asked.empty => return None,
                Next::Linger(_) | Next::Reset => {
                    self.over = true;
                    asked.check(&answer, next == Next::Reset);
                    return Some(answer);
                }
                Next::Read(_) | Next::Close => {
                    asked.check(&answer, false);
                    return Some(answer);
                }
                _ => {}
            }
            next = self.driver.receive(b"");
        }
    }
}

/// A request without modifiers.
pub(crate) fn request(random: &mut Random, last: bool) -> Asked {
    let (bytes, delay) = plain(random, last);
    Asked::plain(bytes, delay)
}

/// A request, and the delay before its answer.
fn plain(random: &mut Random, last: bool) -> (Vec<u8>, Duration) {
    let micros = random.below(300_000);
    let delay = Duration::from_micros(micros);
    let end = match (last, random.below(3)) {
        (true, 0) => "Connection: close\r\n\r\n",
        _ => "\r\n",
    };
    let body: Vec<u8> = (0..random.below(3000)).map(|i| b'a' + (i % 26) as u8).collect();
    let length = body.len();
    let text = match random.below(if last { 16 } else { 14 }) {
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
        14 => return (messages(&body, random, ""), Duration::ZERO),
        15 => {
            let kind = random.below(WEBSOCKET_MODIFIERS.len() as u64);
            let modifiers = WEBSOCKET_MODIFIERS[kind as usize];
            let field = format!("Loiter: {modifiers}; seed={micros:x}\r\n");
            return (messages(&body, random, &field), Duration::ZERO);
        }
        _ => {
            let head =
                format!("POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n{end}");
            return ([head.into_bytes(), chunked(&body, random)].concat(), Duration::ZERO);
        }
    };
    (text.into_bytes(), Duration::ZERO)
}

pub(crate) fn chunked(body: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for piece in body.chunks(1 + random.below(900) as usize) {
        bytes.extend_from_slice(format!("{:x};x=y\r\n", piece.len()).as_bytes());
        bytes.extend_from_slice(piece);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\nX-Trailer: 1\r\n\r\n");
    bytes
}

/// What delays and breaks messages. A reset is not among them, as it has no bytes to compare.
const WEBSOCKET_MODIFIERS: [&str; 8] = [
    "delay=0..100ms",
    "delay=exp:20ms; rate=50KB",
    "rate=20KB; piece=100",
    "gap=0..5ms; delay=30ms@0.5",
    "fault=close; delay=5ms",
    "fault=truncate:event:1",
    "fault=truncate:1000; rate=30KB",
    "fault=ws-close:4000:event:2; delay=0..3ms",
];

/// WebSocket frames: messages in fragments, a ping, and a close. With modifiers there are no pings,
/// because when the messages between them go back depends on when they came.
fn messages(body: &[u8], random: &mut Random, field: &str) -> Vec<u8> {
    let mut bytes = format!(
        "GET /websocket/echo HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: MTIzNDU2Nzg5MDEyMzQ1Ng==\r\n{field}\r\n"
    )
    .into_bytes();
    for piece in body.chunks(1 + random.below(900) as usize) {
        let (front, back) = piece.split_at(random.below(piece.len() as u64) as usize);
        frame(&mut bytes, 0x01, front, random);
        if field.is_empty() {
            frame(&mut bytes, 0x89, b"ping", random);
        }
        frame(&mut bytes, 0x80, back, random);
    }
    frame(&mut bytes, 0x88, &[3, 232], random);
    bytes
}

fn frame(bytes: &mut Vec<u8>, start: u8, payload: &[u8], random: &mut Random) {
    bytes.push(start);
    match payload.len() {
        short @ ..126 => bytes.push(0x80 | short as u8),
        long => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(long as u16).to_be_bytes());
        }
    }
    let mask = (random.next_u64() as u32).to_be_bytes();
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
}
