//! HTTP/2 frames as lines of text, in both directions. Frames are written by code that shares
//! nothing with the server's.

use loiter::base::limits::Limits;
use loiter::proto::http2::hpack::decode::Decoder;
use loiter::proto::http2::hpack::decoded::Decoded;

pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a frame's head.
pub(crate) const HEAD: usize = 9;

/// The kinds of frames, by their codes (RFC 9113 6).
const KINDS: [&str; 10] = [
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
];
/// RFC 9218 7.1.
const PRIORITY_UPDATE: u8 = 0x10;
/// RFC 9113 7, by their codes.
const ERRORS: [&str; 14] = [
    "NO_ERROR",
    "PROTOCOL_ERROR",
    "INTERNAL_ERROR",
    "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT",
    "STREAM_CLOSED",
    "FRAME_SIZE_ERROR",
    "REFUSED_STREAM",
    "CANCEL",
    "COMPRESSION_ERROR",
    "CONNECT_ERROR",
    "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY",
    "HTTP_1_1_REQUIRED",
];
/// RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1.
const SETTINGS: [&str; 10] = [
    "0",
    "HEADER_TABLE_SIZE",
    "ENABLE_PUSH",
    "MAX_CONCURRENT_STREAMS",
    "INITIAL_WINDOW_SIZE",
    "MAX_FRAME_SIZE",
    "MAX_HEADER_LIST_SIZE",
    "7",
    "ENABLE_CONNECT_PROTOCOL",
    "NO_RFC7540_PRIORITIES",
];

pub(crate) mod flag {
    pub(crate) const END_STREAM: u8 = 1;
    pub(crate) const ACK: u8 = 1;
    pub(crate) const END_HEADERS: u8 = 4;
    pub(crate) const PADDED: u8 = 8;
    pub(crate) const PRIORITY: u8 = 0x20;
}

/// A frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    pub(crate) fn new(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Frame {
        Frame { kind, flags, stream, payload: payload.to_vec() }
    }

    /// The frame that `bytes` start with, and its bytes; `None` if it is not complete.
    pub(crate) fn parse(bytes: &[u8]) -> Option<(Frame, usize)> {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes.first_chunk::<HEAD>()?;
        let end = HEAD + u32::from_be_bytes([0, a, b, c]) as usize;
        let stream = u32::from_be_bytes([d, e, f, g]);
        Some((Frame::new(kind, flags, stream, bytes.get(HEAD..end)?), end))
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let length = (self.payload.len() as u32).to_be_bytes();
        let stream = self.stream.to_be_bytes();
        let head = [&length[1..], &[self.kind, self.flags], &stream].concat();
        [head, self.payload.clone()].concat()
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The number in the payload's four bytes from here.
    pub(crate) fn number(&self, at: usize) -> Option<u32> {
        self.payload.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
    }
}

/// Appends a field as a literal without indexing, or with it, and without Huffman coding
/// (RFC 7541 6.2).
pub(crate) fn field(block: &mut Vec<u8>, name: &[u8], value: &[u8], indexed: bool) {
    block.push(if indexed { 0x40 } else { 0 });
    for text in [name, value] {
        integer(block, 7, text.len());
        block.extend_from_slice(text);
    }
}

/// RFC 7541 5.1, without bits before the prefix.
fn integer(block: &mut Vec<u8>, prefix: u32, value: usize) {
    let most = (1 << prefix) - 1;
    if value < most {
        return block.push(value as u8);
    }
    block.push(most as u8);
    let mut rest = value - most;
    while rest >= 128 {
        block.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    block.push(rest as u8);
}

/// The bytes of a line. Its parts are separated by ` | `; `bytes` resolves the escapes in one.
pub(crate) fn write(
    line: &str,
    bytes: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Vec<u8>, String> {
    let mut parts = line.split(" | ");
    let mut words: Vec<&str> = parts.next().unwrap_or_default().split(' ').collect();
    let parts: Vec<&str> = parts.collect();
    if words == ["PREFACE"] {
        return Ok(PREFACE.to_vec());
    }
    if words == ["BYTES"] {
        return bytes(&parts.join(" | "));
    }
    let mut fields = Vec::new();
    if let Some(ends) = request(words[0]) {
        let (method, path) = (words[0], words.get(2).copied().unwrap_or_default());
        for (name, value) in
            [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)]
        {
            field(&mut fields, name.as_bytes(), &bytes(value)?, false);
        }
        words =
            [&["HEADERS", words.get(1).copied().unwrap_or_default(), "END_HEADERS"], ends].concat();
    }
    let kind = code(&KINDS, words[0])
        .or((words[0] == "PRIORITY_UPDATE").then_some(PRIORITY_UPDATE.into()))
        .or(words[0].strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok()));
    let kind = kind.ok_or_else(|| format!("no frame {:?}", words[0]))? as u8;
    let mut frame = Frame::new(kind, 0, 0, &fields);
    let mut left = words[1..].iter().copied();
    if !matches!(kind, 4 | 6 | 7 | PRIORITY_UPDATE) {
        frame.stream = number(left.next().unwrap_or_default())?;
    }
    let (mut padding, mut raw) = (None, false);
    let mut numbers = Vec::new();
    while let Some(word) = left.next() {
        match word {
            "END_STREAM" => frame.flags |= flag::END_STREAM,
            "ACK" => frame.flags |= flag::ACK,
            "END_HEADERS" => frame.flags |= flag::END_HEADERS,
            "STREAM" => frame.stream = number(left.next().unwrap_or_default())?,
            "RAW" => raw = true,
            "PADDED" => {
                frame.flags |= flag::PADDED;
                padding = Some(number(left.next().unwrap_or_default())?);
            }
            "PRIORITY" => {
                frame.flags |= flag::PRIORITY;
                let depends = number(left.next().unwrap_or_default())?;
                frame.payload.splice(0..0, [depends.to_be_bytes().as_slice(), &[15]].concat());
            }
            word => match code(&ERRORS, word) {
                Some(code) => numbers.push(code),
                None => numbers.push(number(word)?),
            },
        }
    }
    frame.payload.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    for part in &parts {
        match (KINDS.get(usize::from(kind)), raw) {
            (Some(&("HEADERS" | "CONTINUATION")), false) => {
                write_field(&mut frame.payload, part, bytes)?;
            }
            (Some(&"SETTINGS"), false) => {
                let (name, value) = part.split_once(' ').unwrap_or((part, ""));
                let name = code(&SETTINGS, name).map_or_else(|| number(name), Ok)?;
                frame.payload.extend_from_slice(&(name as u16).to_be_bytes());
                frame.payload.extend_from_slice(&number(value)?.to_be_bytes());
            }
            _ => frame.payload.extend(bytes(part)?),
        }
    }
    if kind == 2 && !raw {
        frame.payload.push(15);
    }
    if let Some(padding) = padding {
        frame.payload.insert(0, padding as u8);
        frame.payload.extend(std::iter::repeat_n(0, padding as usize));
    }
    Ok(frame.bytes())
}

/// Whether a word is the method of a request written in short, and then the flag it needs beside
/// END_HEADERS.
fn request(word: &str) -> Option<&'static [&'static str]> {
    match word {
        "GET" | "HEAD" | "OPTIONS" | "DELETE" => Some(&["END_STREAM"]),
        "POST" | "PUT" | "QUERY" => Some(&[]),
        _ => None,
    }
}

/// `name value`; with `+` before it to be indexed; or `#62`, an index.
fn write_field(
    block: &mut Vec<u8>,
    text: &str,
    bytes: &dyn Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<(), String> {
    if let Some(index) = text.strip_prefix('#') {
        block.push(0x80 | number(index)? as u8);
        return Ok(());
    }
    let indexed = text.starts_with('+');
    let text = text.strip_prefix('+').unwrap_or(text);
    let (name, value) = text.split_once(' ').unwrap_or((text, ""));
    field(block, &bytes(name)?, &bytes(value)?, indexed);
    Ok(())
}

fn code(names: &[&str], name: &str) -> Option<u32> {
    names.iter().position(|own| *own == name).map(|code| code as u32)
}

fn number(text: &str) -> Result<u32, String> {
    let number = match text.strip_prefix("0x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    number.ok_or_else(|| format!("{text:?} is neither a number nor a word that is known"))
}

fn name(names: &[&str], code: u32) -> String {
    names.get(code as usize).map_or_else(|| format!("{code:#x}"), |name| (*name).to_owned())
}

/// Makes lines of a server's frames.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    decoder: Decoder,
    decoded: Decoded,
    block: Vec<u8>,
}

impl Reader {
    /// The text of all frames, a line each, which CR LF ends. Bytes that are none are counted.
    pub(crate) fn text(&mut self, mut bytes: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        while !bytes.is_empty() {
            let parsed = Frame::parse(bytes).filter(|(frame, _)| frame.payload.len() <= 16_384);
            let Some((frame, length)) = parsed else {
                text.extend_from_slice(format!("BYTES {}\r\n", bytes.len()).as_bytes());
                return text;
            };
            self.line(&frame, &mut text);
            text.extend_from_slice(b"\r\n");
            bytes = &bytes[length..];
        }
        text
    }

    fn line(&mut self, frame: &Frame, text: &mut Vec<u8>) {
        let kind = name(&KINDS, frame.kind.into());
        text.extend_from_slice(kind.as_bytes());
        if !matches!(&*kind, "SETTINGS" | "PING" | "GOAWAY") {
            text.extend_from_slice(format!(" {}", frame.stream).as_bytes());
        }
        let ends = if matches!(&*kind, "SETTINGS" | "PING") { "ACK" } else { "END_STREAM" };
        for (flag, word) in [(flag::END_STREAM, ends), (flag::END_HEADERS, "END_HEADERS")] {
            if frame.has(flag) {
                text.extend_from_slice(format!(" {word}").as_bytes());
            }
        }
        let number = |at| frame.number(at).unwrap_or(u32::MAX);
        match &*kind {
            "HEADERS" | "CONTINUATION" => self.fields(frame, text),
            "SETTINGS" => {
                for setting in frame.payload.chunks(6) {
                    let id = u16::from_be_bytes([setting[0], setting[1]]);
                    let value =
                        u32::from_be_bytes([setting[2], setting[3], setting[4], setting[5]]);
                    let line = format!(" | {} {value}", name(&SETTINGS, id.into()));
                    text.extend_from_slice(line.as_bytes());
                }
            }
            "RST_STREAM" => {
                text.extend_from_slice(format!(" {}", name(&ERRORS, number(0))).as_bytes());
            }
            "WINDOW_UPDATE" => text.extend_from_slice(format!(" {}", number(0)).as_bytes()),
            "GOAWAY" => {
                let code = name(&ERRORS, number(4));
                text.extend_from_slice(format!(" {} {code}", number(0)).as_bytes());
                if frame.payload.len() > 8 {
                    text.extend_from_slice(b" | ");
                    text.extend_from_slice(&frame.payload[8..]);
                }
            }
            _ if frame.payload.is_empty() => {}
            _ => {
                text.extend_from_slice(b" | ");
                text.extend_from_slice(&frame.payload);
            }
        }
    }

    /// The fields are shown with the last frame of a block.
    fn fields(&mut self, frame: &Frame, text: &mut Vec<u8>) {
        self.block.extend_from_slice(&frame.payload);
        if !frame.has(flag::END_HEADERS) {
            return;
        }
        let block = std::mem::take(&mut self.block);
        if let Err(error) = self.decoder.decode(&block, &mut self.decoded, &generous()) {
            text.extend_from_slice(format!(" | {}", error.0).as_bytes());
        }
        for line in &self.decoded.lines {
            let (name, value) = (line.name(&self.decoded.text), line.value(&self.decoded.text));
            text.extend_from_slice(&[b" | ", name, b" ", value].concat());
        }
        if let Some(fault) = &self.decoded.fault {
            text.extend_from_slice(format!(" | {fault:?}").as_bytes());
        }
    }
}

/// Limits that no answer exceeds.
pub(crate) fn generous() -> Limits {
    Limits {
        head_line_bytes: 1 << 21,
        head_bytes: 1 << 22,
        head_fields: 100_000,
        ..Limits::default()
    }
}
