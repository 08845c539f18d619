//! What arrives at a client that reads bytes: heads, how much of a body, and how it ends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::blocks::same;
use crate::document::Row;
use crate::server::Server;

/// Much longer than anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long nothing must come to be called silence, once all that should come is there.
const SILENCE: Duration = Duration::from_millis(200);
/// The length of the bodies that are sent.
const SENT: usize = 1000;

/// Requests what a row says, as often as it says, and compares; the error is a sentence.
pub(crate) fn arrivals(server: &Server, row: &Row) -> Result<(), String> {
    let words = |here: &String| here.split(' ').map(str::to_owned).collect::<Vec<String>>();
    let own = row.here.iter().find(|here| here.starts_with("--"));
    let own = own.map(|here| {
        let words = words(here);
        Server::start(&words.iter().map(String::as_str).collect::<Vec<_>>())
    });
    let raw = row.here[0].contains("tcp-echo:");
    let request = row.here.iter().find(|here| !here.starts_with("--"));
    let request = request.map_or("/bytes/1000", String::as_str);
    for wanted in &row.arrives {
        let mut client = Client::connect(own.as_ref().unwrap_or(server));
        // A listener that breaks connections at once is not sent anything.
        if !row.here[0].ends_with(":connect") {
            client.send(request, raw);
        }
        let arrived = client.observe(wanted);
        if !same(wanted, &arrived) {
            let Row { there, here, .. } = row;
            return Err(format!("{there}: {here:?} gives `{arrived}`, not `{wanted}`"));
        }
    }
    Ok(())
}

/// The fields of a WebSocket handshake.
const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
/// A text message, masked with zeros, which leave it as it is.
const HELLO: &[u8] = b"\x81\x85\0\0\0\0hello";

struct Client {
    stream: TcpStream,
    raw: bool,
    began: Instant,
    bytes: Vec<u8>,
}

impl Client {
    fn connect(server: &Server) -> Client {
        let stream = TcpStream::connect(&server.addresses[0]).expect("it listens");
        Client { stream, raw: false, began: Instant::now(), bytes: Vec::new() }
    }

    /// Sends `/path`, `METHOD /path` or `field:value /path`, or a raw text. What cannot be sent will show in the answer.
    fn send(&mut self, request: &str, raw: bool) {
        self.raw = raw;
        let body = "x".repeat(SENT);
        let (first, path) = request.split_once(' ').unwrap_or(("GET", request));
        let (method, field) = match first.split_once(':') {
            Some((name, value)) => ("GET", format!("{name}: {value}\r\n")),
            None => (first, String::new()),
        };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\n{field}");
        let bytes = match (raw, method) {
            (true, _) => body.into_bytes(),
            (false, "GET") if path.contains("/websocket/") => {
                [format!("{head}{UPGRADE}\r\n").as_bytes(), HELLO].concat()
            }
            (false, "GET") => format!("{head}\r\n").into_bytes(),
            (false, _) => format!("{head}Content-Length: {SENT}\r\n\r\n{body}").into_bytes(),
        };
        let _ = self.stream.write_all(&bytes);
    }

    /// Reads until the connection ends, or what is wanted is there and nothing follows.
    fn observe(&mut self, wanted: &str) -> String {
        let (least, wanted) =
            match wanted.strip_prefix("≥ ").and_then(|rest| rest.split_once(" s, ")) {
                Some((seconds, rest)) => (seconds.parse().expect("seconds"), rest),
                None => (0.0, wanted),
            };
        let (wanted, about_head) = match wanted.strip_suffix(')').and_then(|it| it.split_once(" ("))
        {
            Some((arrives, field)) => (arrives, Some(field)),
            None => (wanted, None),
        };
        let ending = loop {
            let so_far = same(wanted, &self.described(None));
            match self.read(if so_far { SILENCE } else { DEADLINE }) {
                Ok(0) => break Some("FIN"),
                Ok(_) => {}
                Err(ErrorKind::WouldBlock) => break None,
                Err(_) => break Some("RST"),
            }
        };
        let mut arrived = self.described(ending);
        if let Some(field) = about_head.filter(|field| self.head_has(field)) {
            arrived += &format!(" ({field})");
        }
        match self.began.elapsed().as_secs_f64() >= least {
            true if least > 0.0 => format!("≥ {least} s, {arrived}"),
            true => arrived,
            false => format!("early: {arrived}"),
        }
    }

    fn read(&mut self, patience: Duration) -> Result<usize, ErrorKind> {
        let mut piece = [0; 16384];
        self.stream.set_read_timeout(Some(patience)).expect("a timeout");
        let read = self.stream.read(&mut piece).map_err(|error| error.kind())?;
        self.bytes.extend_from_slice(&piece[..read]);
        Ok(read)
    }

    /// Whether the head has this line, or has so many bytes if it is `head > N B`.
    fn head_has(&self, field: &str) -> bool {
        let head = self.bytes.windows(4).position(|end| end == b"\r\n\r\n").unwrap_or_default();
        match field.strip_prefix("head > ").and_then(|bytes| bytes.strip_suffix(" B")) {
            Some(bytes) => head > bytes.parse().expect("a number"),
            None => String::from_utf8_lossy(&self.bytes[..head]).lines().any(|line| line == field),
        }
    }

    /// What has come so far: an answer that is not whole has ended somehow, with silence if nothing
    /// else is known.
    fn described(&self, ending: Option<&str>) -> String {
        let (text, whole) = match (self.bytes.is_empty(), self.raw) {
            (true, _) => ("nothing".to_owned(), false),
            (false, true) => (format!("{} B", self.bytes.len()), self.bytes.len() == SENT),
            (false, false) => answer(&self.bytes, ending.is_some()),
        };
        match ending {
            Some(ending) => format!("{text}, {ending}"),
            None if whole => text,
            None => format!("{text}, silence"),
        }
    }
}

/// An answer in words, and whether it is whole.
fn answer(bytes: &[u8], ended: bool) -> (String, bool) {
    let not_http = || (format!("{} B that are no HTTP", bytes.len()), false);
    let Some(status) = bytes.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3)) else {
        return not_http();
    };
    let status = String::from_utf8_lossy(status).into_owned();
    let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
        return (format!("{status}, part of a head"), false);
    };
    if !status.bytes().all(|byte| byte.is_ascii_digit()) {
        return not_http();
    }
    let (head, body) = (String::from_utf8_lossy(&bytes[..end]), &bytes[end + 4..]);
    if status.starts_with('1') && status != "101" {
        let (rest, whole) = answer(body, ended);
        return (format!("{status}, {rest}"), whole);
    }
    let (text, whole) = described_body(&head, body, ended);
    (if text.is_empty() { status } else { format!("{status}, {text}") }, whole)
}

fn described_body(head: &str, body: &[u8], ended: bool) -> (String, bool) {
    let fields = head.lines().filter_map(|line| line.split_once(": "));
    let lengths = fields.filter(|(name, _)| *name == "Content-Length");
    let lengths = lengths.filter_map(|(_, value)| value.parse().ok()).collect::<Vec<usize>>();
    let count = body.len();
    match lengths[..] {
        _ if head.starts_with("HTTP/1.1 101 ") => messages(body),
        [0] if count == 0 => (String::new(), true),
        [length] if count < length => (format!("{count} of {length} B"), false),
        [length] if count > length => (format!("{length} B and {} more", count - length), true),
        [length] => (format!("{length} B"), true),
        [one, two, ..] => (format!("{count} B of {one} or {two}"), count >= one.min(two)),
        [] if head.contains("Transfer-Encoding: chunked") => chunks(body),
        [] => (format!("{count} B"), ended),
    }
}

/// Short frames of WebSocket in words.
fn messages(mut body: &[u8]) -> (String, bool) {
    let mut frames = Vec::new();
    while let [opcode, length, rest @ ..] = body {
        let (payload, after) = rest.split_at(rest.len().min(usize::from(*length)));
        frames.push(match (*opcode, payload) {
            (0x81, text) => format!("`{}`", String::from_utf8_lossy(text)),
            (0x88, [high, low, ..]) => format!("close {}", u16::from_be_bytes([*high, *low])),
            _ => format!("a frame of type {opcode:#x}"),
        });
        body = after;
    }
    (frames.join(", "), true)
}

/// A chunked body in words.
fn chunks(mut body: &[u8]) -> (String, bool) {
    let (mut bytes, mut chunks) = (0, 0);
    let ended = loop {
        let line = body.windows(2).position(|end| end == b"\r\n").map(|at| body.split_at(at));
        let Some((line, rest)) = line else { break ", no last chunk" };
        let Ok(size) = usize::from_str_radix(&String::from_utf8_lossy(line), 16) else {
            break ", then a bad chunk";
        };
        let data = rest.get(2..).unwrap_or_default();
        bytes += size.min(data.len());
        if size == 0 {
            break "";
        }
        chunks += 1;
        body = data.get(size + 2..).unwrap_or_default();
    };
    let text = format!("{bytes} B in {chunks} chunk{}", if chunks == 1 { "" } else { "s" });
    (format!("{text}{ended}"), ended.is_empty())
}
