//! Watches both directions of an HTTP/2 connection, and checks that the server keeps the rules of
//! RFC 9113, whatever the client does.

use std::collections::{BTreeMap, VecDeque};

use loiter::base::limits::CONNECTION_WINDOW;
use loiter::proto::http2::hpack::decode::Decoder;
use loiter::proto::http2::hpack::decoded::Decoded;

use crate::frames::{Frame, PREFACE, flag, generous};

/// The window that streams and the connection begin with (RFC 9113 6.9.2).
const FIRST_WINDOW: i64 = 65_535;
/// Longest payload without a setting.
const MOST_PAYLOAD: usize = 16_384;

/// What it knows of a connection.
#[derive(Debug)]
pub(crate) struct Referee {
    client: Side,
    server: Side,
    /// The client's initial window that the server has acknowledged, and those that it has not.
    initial: i64,
    settings: VecDeque<Option<u32>>,
    /// What the server may send on the connection, and the client.
    window: i64,
    pub(crate) receive_window: i64,
    pub(crate) streams: BTreeMap<u32, Stream>,
    pings: usize,
    begun: bool,
    /// The last stream that the server serves.
    pub(crate) last: u32,
    /// Whether the server has ended the connection by an error.
    failed: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Side {
    bytes: Vec<u8>,
    decoder: Decoder,
    decoded: Decoded,
    /// A field block of which more is to come: its stream, whether it ends that, and its bytes.
    block: Option<(u32, bool, Vec<u8>)>,
}

/// A stream that the client has opened.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// By how much its window differs from the initial one.
    window: i64,
    pub(crate) receive_window: i64,
    pub(crate) client_ended: bool,
    /// The client has reset it.
    pub(crate) cancelled: bool,
    head_only: bool,
    /// Interim answers.
    pub(crate) interim: Vec<u16>,
    pub(crate) status: Option<u16>,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, Vec<u8>)>,
    pub(crate) ended: bool,
    /// The code by which the server has reset it.
    pub(crate) reset: Option<u32>,
}

impl Stream {
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_slice())
    }
}

type Fields = Vec<(String, Vec<u8>)>;

impl Side {
    /// The next complete frame; `Err` if it is longer than may be.
    fn next(&mut self) -> Result<Option<Frame>, String> {
        if let Some(&[a, b, c]) = self.bytes.first_chunk() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > MOST_PAYLOAD {
                return Err(format!("a frame of {length} bytes"));
            }
        }
        let Some((frame, length)) = Frame::parse(&self.bytes) else { return Ok(None) };
        self.bytes.drain(..length);
        Ok(Some(frame))
    }

    /// The fields of a block, if it is complete, and whether it ends the stream.
    fn fields(&mut self, frame: &Frame) -> Result<Option<(Fields, bool)>, String> {
        let mut payload = frame.payload.as_slice();
        if frame.kind == 1 {
            if frame.has(flag::PADDED) {
                let (&padding, rest) = payload.split_first().ok_or("no padding")?;
                let length = rest.len().checked_sub(padding.into()).ok_or("too much padding")?;
                payload = &rest[..length];
            }
            if frame.has(flag::PRIORITY) {
                payload = payload.get(5..).ok_or("no priority")?;
            }
            self.block = Some((frame.stream, frame.has(flag::END_STREAM), Vec::new()));
        }
        let (stream, ends, block) = self.block.as_mut().ok_or("a block without a beginning")?;
        if *stream != frame.stream {
            return Err("a block is interrupted".to_owned());
        }
        block.extend_from_slice(payload);
        if !frame.has(flag::END_HEADERS) {
            return Ok(None);
        }
        let ends = *ends;
        let (_, _, block) = self.block.take().unwrap_or_default();
        self.decoder.decode(&block, &mut self.decoded, &generous()).map_err(|e| e.0.to_owned())?;
        let text = &self.decoded.text;
        let fields = self.decoded.lines.iter().map(|line| {
            (String::from_utf8_lossy(line.name(text)).into_owned(), line.value(text).to_vec())
        });
        let fields: Fields = fields.collect();
        match &self.decoded.fault {
            Some(fault) if fields.first().is_some_and(|(name, _)| name == ":status") => {
                Err(format!("{fault:?}"))
            }
            _ => Ok(Some((fields, ends))),
        }
    }
}

impl Referee {
    pub(crate) fn new() -> Referee {
        Referee {
            client: Side::default(),
            server: Side::default(),
            initial: FIRST_WINDOW,
            settings: VecDeque::new(),
            window: FIRST_WINDOW,
            receive_window: FIRST_WINDOW,
            streams: BTreeMap::new(),
            pings: 0,
            begun: false,
            last: u32::MAX,
            failed: false,
        }
    }

    /// The client's bytes, when the server's machine gets them.
    pub(crate) fn sent(&mut self, bytes: &[u8]) {
        self.client.bytes.extend_from_slice(bytes);
        if !self.begun {
            if self.client.bytes.len() < PREFACE.len() {
                return;
            }
            self.begun = true;
            self.client.bytes.drain(..PREFACE.len());
        }
        // What is wrong here ends the connection, or should.
        while let Ok(Some(frame)) = self.client.next() {
            self.client_frame(&frame);
        }
    }

    fn client_frame(&mut self, frame: &Frame) {
        let id = frame.stream & 0x7fff_ffff;
        match frame.kind {
            0 => {
                self.receive_window -= frame.payload.len() as i64;
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.receive_window -= frame.payload.len() as i64;
                    stream.client_ended |= frame.has(flag::END_STREAM);
                }
            }
            1 | 9 => {
                if let Ok(Some((fields, ends))) = self.client.fields(frame) {
                    let stream = self.streams.entry(id).or_insert_with(|| Stream {
                        receive_window: FIRST_WINDOW,
                        head_only: fields.contains(&(":method".into(), b"HEAD".to_vec())),
                        ..Stream::default()
                    });
                    stream.client_ended |= ends;
                }
            }
            3 => {
                if let Some(stream) = self.streams.get_mut(&id) {
                    stream.cancelled = true;
                }
            }
            4 if !frame.has(flag::ACK) => {
                let value = |chunk: &[u8; 6]| {
                    let name = u16::from_be_bytes([chunk[0], chunk[1]]);
                    let value = u32::from_be_bytes([chunk[2], chunk[3], chunk[4], chunk[5]]);
                    (name == 4).then_some(value)
                };
                let initial = frame.payload.as_chunks().0.iter().filter_map(value).next_back();
                self.settings.push_back(initial);
            }
            6 if !frame.has(flag::ACK) => self.pings += 1,
            8 => {
                let more = i64::from(frame.number(0).unwrap_or(0) & 0x7fff_ffff);
                match self.streams.get_mut(&id) {
                    _ if id == 0 => self.window += more,
                    Some(stream) => stream.window += more,
                    None => {}
                }
            }
            _ => {}
        }
    }

    /// The server's bytes.
    pub(crate) fn said(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.server.bytes.extend_from_slice(bytes);
        while let Some(frame) = self.server.next()? {
            let what = format!("kind {} on stream {}", frame.kind, frame.stream);
            self.server_frame(&frame).map_err(|error| format!("{error} ({what})"))?;
        }
        Ok(())
    }

    fn server_frame(&mut self, frame: &Frame) -> Result<(), String> {
        if self.server.block.is_some() && frame.kind != 9 {
            return Err("a field block is interrupted".to_owned());
        }
        if self.failed {
            return Err("a frame after the error that ends the connection".to_owned());
        }
        match frame.kind {
            0 | 1 | 3 | 9 => self.on_stream(frame),
            4 if frame.has(flag::ACK) => {
                let initial = self.settings.pop_front().ok_or("an ACK too many")?;
                self.initial = initial.map_or(self.initial, i64::from);
                Ok(())
            }
            6 if frame.has(flag::ACK) => {
                self.pings = self.pings.checked_sub(1).ok_or("a PING too many")?;
                Ok(())
            }
            7 => {
                let last = frame.number(0).ok_or("a short GOAWAY")?;
                let grows = last > self.last;
                self.last = last;
                self.failed = frame.number(4) != Some(0);
                if grows { Err(format!("GOAWAY grows to {last}")) } else { Ok(()) }
            }
            8 => self.credit(frame),
            4 | 6 => Ok(()),
            kind => Err(format!("a frame of kind {kind}")),
        }
    }

    /// No window is made greater than the server has said that it is at most.
    fn credit(&mut self, frame: &Frame) -> Result<(), String> {
        let more = i64::from(frame.number(0).ok_or("a short WINDOW_UPDATE")?);
        let (window, most) = match self.streams.get_mut(&frame.stream) {
            _ if frame.stream == 0 => (&mut self.receive_window, i64::from(CONNECTION_WINDOW)),
            Some(stream) if stream.reset.is_none() && !stream.ended => {
                (&mut stream.receive_window, FIRST_WINDOW)
            }
            _ => return Err("a WINDOW_UPDATE for a stream that is closed".to_owned()),
        };
        *window += more;
        if more == 0 || *window > most {
            return Err(format!("{more} makes a window {window}"));
        }
        Ok(())
    }

    fn on_stream(&mut self, frame: &Frame) -> Result<(), String> {
        let id = frame.stream;
        let block = match frame.kind {
            1 | 9 => self.server.fields(frame)?,
            _ => None,
        };
        let Some(stream) = self.streams.get_mut(&id) else {
            return Err("the client has not opened the stream".to_owned());
        };
        if frame.kind == 3 {
            let code = frame.number(0).ok_or("a short RST_STREAM")?;
            if !(stream.ended && code == 0) {
                stream.reset.get_or_insert(code);
            }
            return Ok(());
        }
        if stream.ended || stream.reset.is_some() || id > self.last {
            return Err("a frame on a stream that is closed".to_owned());
        }
        match frame.kind {
            0 => {
                let bytes = frame.payload.len() as i64;
                stream.window -= bytes;
                self.window -= bytes;
                let left = (self.initial + stream.window).min(self.window);
                if bytes > 0 && left < 0 {
                    return Err(format!("{bytes} bytes exceed a window by {}", -left));
                }
                if stream.status.is_none() {
                    return Err("DATA before the head".to_owned());
                }
                stream.body.extend_from_slice(&frame.payload);
                stream.ended = frame.has(flag::END_STREAM);
            }
            _ => {
                let Some((fields, ends)) = block else { return Ok(()) };
                stream.head(fields, ends)?;
            }
        }
        if stream.ended { stream.check_length() } else { Ok(()) }
    }
}

impl Stream {
    fn head(&mut self, mut fields: Fields, ends: bool) -> Result<(), String> {
        let own = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
        if let Some((name, _)) = fields.iter().find(|(name, _)| own.contains(&&**name)) {
            return Err(format!("a {name} field"));
        }
        self.ended = ends;
        if self.status.is_some() {
            if !ends || fields.iter().any(|(name, _)| name.starts_with(':')) {
                return Err("trailers are malformed".to_owned());
            }
            self.trailers = fields;
            return Ok(());
        }
        if fields.is_empty() || fields.iter().skip(1).any(|(name, _)| name.starts_with(':')) {
            return Err("there is not one pseudo-field".to_owned());
        }
        let (name, value) = fields.remove(0);
        let status = std::str::from_utf8(&value).ok().and_then(|digits| digits.parse().ok());
        let status: u16 = status.filter(|_| name == ":status").ok_or("no :status")?;
        match status {
            101 => return Err("a 101".to_owned()),
            100..200 if ends => return Err("an interim answer ends the stream".to_owned()),
            100..200 => self.interim.push(status),
            _ => (self.status, self.fields) = (Some(status), fields),
        }
        Ok(())
    }

    /// The body is as long as is said (RFC 9113 8.1.1). Modifiers may break that.
    fn check_length(&self) -> Result<(), String> {
        let bodiless = self.head_only || matches!(self.status, Some(204 | 304));
        if bodiless && !self.body.is_empty() {
            return Err("a body where there is none".to_owned());
        }
        let Some(length) = self.field("content-length") else { return Ok(()) };
        if bodiless || self.field("loiter").is_some() {
            return Ok(());
        }
        match length == self.body.len().to_string().as_bytes() {
            true => Ok(()),
            false => Err(format!("content-length: {length:?}, {} bytes", self.body.len())),
        }
    }
}
