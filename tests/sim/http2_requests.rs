//! Requests of HTTP/2, made of those of HTTP/1, and what must be answered to them.

use loiter::base::random::Random;
use loiter::base::time::Time;

use crate::http2::early;
use crate::modified;
use crate::referee::Stream;
use crate::reference::{self, Asked, End, Reference};

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A request, how far it is, and its answer.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) fields: Fields,
    pub(crate) body: Vec<u8>,
    /// Most bytes of it in a frame.
    pub(crate) most: u64,
    /// How much of the body is written, and whether that is all.
    pub(crate) written: usize,
    pub(crate) ended: bool,
    /// Whether the client cancels it at some time.
    pub(crate) cancels: bool,
    pub(crate) done: bool,
    /// When its last byte was sent.
    pub(crate) sent_at: Option<Time>,
    /// Bytes of the answer's body that have been judged.
    judged: Option<usize>,
    pub(crate) asked: Asked,
    status: u16,
    answer: Fields,
    content: Vec<u8>,
}

/// What is not compared: it is of HTTP/1, or of the time.
const APART: [&[u8]; 4] = [b"connection", b"transfer-encoding", b"upgrade", b"date"];

impl Planned {
    /// A request whose answer the machine for HTTP/1 gives.
    pub(crate) fn new(random: &mut Random, reference: &mut Reference) -> Planned {
        loop {
            let asked = match random.below(2) {
                0 => reference::request(random, false),
                _ => modified::request(random, false),
            };
            let text = String::from_utf8_lossy(&asked.bytes).into_owned();
            let other = ["Transfer-Encoding", "frame=", "head=", "fault="];
            if asked.end == End::Next && !other.iter().any(|word| text.contains(word)) {
                return Planned::of(random, reference, asked);
            }
        }
    }

    pub(crate) fn of(random: &mut Random, reference: &mut Reference, asked: Asked) -> Planned {
        let (start, request, body) = parts(&asked.bytes);
        let mut words = start.split(|&byte| byte == b' ');
        let (method, path) = (words.next().unwrap_or(b""), words.next().unwrap_or(b""));
        let mut fields: Fields = vec![
            (b":method".to_vec(), method.to_vec()),
            (b":scheme".to_vec(), b"http".to_vec()),
            (b":authority".to_vec(), b"h".to_vec()),
            (b":path".to_vec(), path.to_vec()),
        ];
        fields.extend(request.into_iter().filter(|(name, _)| name != b"host"));
        let whole = reference.ask(&asked).expect("an answer");
        let (mut start, mut answer, mut content) = parts(&whole);
        while start.starts_with(b"HTTP/1.1 1") {
            (start, answer, content) = parts(content);
        }
        let status = std::str::from_utf8(&start[9..12]).unwrap().parse().unwrap();
        let chunked = answer.iter().any(|(name, _)| name == b"transfer-encoding");
        let content = if chunked { unchunked(content) } else { content.to_vec() };
        Planned {
            fields,
            body: body.to_vec(),
            most: [1, 100, 5000, 16_000][random.below(4) as usize],
            written: 0,
            ended: false,
            cancels: random.below(5) == 0,
            done: false,
            sent_at: None,
            judged: None,
            status,
            answer,
            content,
            asked,
        }
    }

    /// What has come on its stream is not early, and right once it is complete.
    pub(crate) fn judge(&mut self, stream: &Stream, now: Time, overloaded: bool) {
        let sent_at = self.sent_at;
        let line = String::from_utf8_lossy(&self.asked.bytes).into_owned();
        let line = line.split("\r\n\r\n").next().unwrap_or_default();
        let story = || format!("{line}\nsent at {sent_at:?}: {stream:?} at {now:?}");
        assert_eq!(stream.reset, None, "reset: {}", story());
        if self.judged == Some(stream.body.len()) && !stream.ended {
            return;
        }
        let Some(status) = stream.status else { return };
        if overloaded && status == 503 && self.asked.timed {
            self.done |= stream.ended;
            return;
        }
        let hinted = self.asked.bytes.windows(5).any(|word| word == b"hint=");
        if !self.asked.early && !hinted {
            assert!(!early(self.sent_at, self.asked.delay, now), "early: {}", story());
        }
        assert_eq!(status, self.status, "{}", story());
        assert!(self.content.starts_with(&stream.body), "another body: {}", story());
        self.judged = Some(stream.body.len());
        if !stream.ended {
            return;
        }
        assert_eq!(stream.body, self.content, "an incomplete body: {}", story());
        assert!(!early(self.sent_at, self.asked.complete, now), "complete early: {}", story());
        let text = |name: &[u8], value: &[u8]| {
            format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
        };
        let compared = |name: &[u8]| !APART.contains(&name);
        let own = self.answer.iter().filter(|(name, _)| compared(name));
        let mut own: Vec<_> = own.map(|(name, value)| text(name, value)).collect();
        let other = stream.fields.iter().filter(|(name, _)| compared(name.as_bytes()));
        let mut other: Vec<_> = other.map(|(name, value)| text(name.as_bytes(), value)).collect();
        own.sort();
        other.sort();
        assert_eq!(own, other, "other fields");
        self.done = true;
    }
}

/// The first line, the fields in lower case, and what follows them.
fn parts(bytes: &[u8]) -> (&[u8], Fields, &[u8]) {
    let end = bytes.windows(4).position(|end| end == b"\r\n\r\n").expect("the end of a head");
    let (head, rest) = (&bytes[..end], &bytes[end + 4..]);
    let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.trim_ascii());
    let start = lines.next().unwrap_or_default();
    let field = |line: &[u8]| {
        let colon = line.iter().position(|&byte| byte == b':').expect("a colon");
        (line[..colon].to_ascii_lowercase(), line[colon + 1..].trim_ascii().to_vec())
    };
    (start, lines.map(field).collect(), rest)
}

/// The content of chunks.
fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    loop {
        let end = bytes.windows(2).position(|end| end == b"\r\n").expect("a chunk size");
        let size = std::str::from_utf8(&bytes[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).expect("a chunk size");
        if size == 0 {
            return content;
        }
        content.extend_from_slice(&bytes[end + 2..][..size]);
        bytes = &bytes[end + 2 + size + 2..];
    }
}
