//! Writes answers: their heads as HEADERS frames, and as much of their bodies as the client's
//! windows let out at once.

use super::Http2;
use super::active::Then;
use super::frame::{HEAD_BYTES, Head as Frame, Kind, MAX_PAYLOAD, flags};
use super::hpack::decode::Decoder;
use super::hpack::decoded::Decoded;
use super::hpack::encode;
use crate::base::buf::Buf;
use crate::base::limits::{BODY_HIGH_WATER, JOURNAL_ANSWER_BYTES, Limits};
use crate::http::compat::Compat;
use crate::http::headers::Headers;
use crate::http::modifiers::plan::Plan;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::proto::Cx;
use crate::proto::exchange::{Exchange, Head};
use crate::proto::http1;

/// A status that HTTP/2 does not have (RFC 9113 8.6).
const NO_SUCH: Status = Status(101);

/// What is left of an answer whose head is out.
#[derive(Debug, Default)]
pub(super) struct Left {
    /// Bytes of its body that are out.
    pub(super) sent: usize,
    /// Those that are made and not out.
    pub(super) rest: Vec<u8>,
    /// What follows them; nothing if the stream has ended.
    pub(super) then: Option<Then>,
}

/// The fields that every answer has, encoded once for all answers to requests without `Origin`.
#[derive(Debug, Default)]
pub struct CommonFields {
    /// `Server` and `Date`, as text, and encoded.
    date: (Vec<u8>, Vec<u8>),
    /// CORS, and what stops browsers from sniffing.
    any_origin: Vec<u8>,
}

impl CommonFields {
    /// Appends `Server` and `Date`, of which this is the text.
    fn date(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if self.date.0 != text {
            self.date = (text.to_vec(), Vec::new());
            lines(text, &mut self.date.1);
        }
        out.extend_from_slice(&self.date.1);
    }

    fn cors(&mut self, compat: &Compat, origin: Option<&[u8]>, out: &mut Vec<u8>) {
        if origin.is_some() {
            return cors(compat, origin, out);
        }
        if self.any_origin.is_empty() {
            cors(compat, None, &mut self.any_origin);
        }
        out.extend_from_slice(&self.any_origin);
    }
}

fn cors(compat: &Compat, origin: Option<&[u8]>, out: &mut Vec<u8>) {
    let mut text = Vec::new();
    http1::encode::cors(&mut text, compat, origin);
    lines(&text, out);
}

/// Whether a field is about a connection of HTTP/1 (RFC 9113 8.2.2).
fn is_of_http1(name: &[u8]) -> bool {
    let own: [&[u8]; 3] = [b"Connection", b"Transfer-Encoding", b"Upgrade"];
    own.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// Appends the fields in these lines, but for those of HTTP/1 alone (RFC 9113 8.2.2).
fn lines(text: &[u8], out: &mut Vec<u8>) {
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        if !is_of_http1(name) {
            encode::compressed_field(out, name, value.get(2..).unwrap_or_default());
        }
    }
}

impl Http2 {
    /// Appends the head of an answer, and as many bytes of its body as `room` has. `streamed` is
    /// the length, if known, of a body that is sent back while it arrives.
    pub(super) fn answer(
        &mut self,
        cx: &mut Cx,
        exchange: &mut Exchange,
        request: &Request,
        (id, room): (u32, i64),
        streamed: Option<Option<u64>>,
        output: &mut Buf,
    ) -> Left {
        if exchange.plan().is_some() {
            return self.answer_modified(cx, exchange, request, id, output.tail());
        }
        if let Some(status) = exchange.take_interim().filter(|status| *status != NO_SUCH) {
            self.interim(output.tail(), id, status, exchange.link(status));
        }
        let room = room.min(self.window).min(BODY_HIGH_WATER as i64 - output.len() as i64);
        let mut rendered = std::mem::take(&mut cx.worker.body);
        let upgrades = exchange.upgrades();
        let is_streamed = streamed.is_some();
        let length = streamed.unwrap_or(Some(request.body.len() as u64));
        let head = exchange.head(cx.app, request, length, &mut rendered);
        let out = output.tail();
        let mut frame = self.begin_headers(out);
        encode_head(cx, &head, request, upgrades, out);
        let body = head.body;
        let (text, kept) = journaled(cx, out, frame, body);
        end_headers(out, &mut frame, id);
        let now = body.len().min(usize::try_from(room).unwrap_or(0));
        let (sent, rest) = body.split_at(now);
        if let Some(last) = data(out, id, sent) {
            frame = last;
        }
        self.window -= sent.len() as i64;
        let (sent, rest, bytes) = (sent.len(), rest.to_vec(), body.len());
        exchange.note_head(cx, bytes, || (&text, &kept));
        rendered.clear();
        cx.worker.body = rendered;
        let then = match exchange.is_whole() {
            _ if exchange.upgrades() => Some(Then::More),
            // An echo goes on while it arrives.
            _ if is_streamed => Some(Then::More),
            false => Some(Then::More),
            true if !rest.is_empty() => Some(Then::End),
            true => {
                end_stream(out, frame);
                None
            }
        };
        Left { sent, rest, then }
    }

    /// The head of a modified answer: HTTP/1 writes it as text, whose lines are encoded.
    #[cold]
    fn answer_modified(
        &mut self,
        cx: &mut Cx,
        exchange: &mut Exchange,
        request: &Request,
        id: u32,
        out: &mut Vec<u8>,
    ) -> Left {
        if exchange.sends_nothing() {
            return Left { then: Some(Then::More), ..Left::default() };
        }
        if let Some(status) = exchange.take_interim().filter(|status| *status != NO_SUCH) {
            self.interim(out, id, status, exchange.link(status));
        }
        let interim_status = exchange.plan().and_then(|plan| plan.status);
        if let Some(status) = interim_status.filter(|status| status.0 < 200 && *status != NO_SUCH) {
            self.interim(out, id, status, None);
        }
        let upgrades = exchange.upgrades();
        let mut text = Vec::new();
        if http1::modified_head(exchange, cx, request, &mut text) {
            self.goes = true;
        }
        let line_end = memchr::memchr(b'\n', &text).unwrap_or_default();
        let (line, fields) = text.split_at(line_end);
        let mut digits = line.split(|&byte| byte == b' ').skip(1);
        let status = digits.next().and_then(|digits| std::str::from_utf8(digits).ok());
        let status = status.and_then(|digits| digits.parse().ok()).map_or(Status::OK, Status);
        let mut frame = self.begin_headers(out);
        encode::status(out, status);
        // The answer to a CONNECT has no length (RFC 9110 9.3.6).
        let length = memchr::memmem::find(fields, b"\r\nContent-Length: 0").filter(|_| upgrades);
        let (before, after) = fields.split_at(length.unwrap_or(0));
        lines(before, out);
        lines(after.get(length.map_or(0, |_| 19)..).unwrap_or_default(), out);
        let (text, kept) = journaled(cx, out, frame, b"");
        exchange.note_head(cx, 0, || (&text, &kept));
        end_headers(out, &mut frame, id);
        Left { then: Some(Then::More), ..Left::default() }
    }

    /// Appends the HEADERS frame of an interim answer: a 103 with a Link field, or any other.
    pub(super) fn interim(
        &mut self,
        out: &mut Vec<u8>,
        id: u32,
        status: Status,
        link: Option<&str>,
    ) {
        let mut frame = self.begin_headers(out);
        encode::status(out, status);
        if let Some(link) = link {
            encode::field(out, b"link", link.as_bytes());
        }
        end_headers(out, &mut frame, id);
    }

    /// The 103 that is sent before the answer, and before its delay.
    pub(super) fn hint(&mut self, out: &mut Vec<u8>, id: u32, plan: Option<&Plan>) {
        let sent = plan.filter(|plan| !plan.sends_nothing());
        if let Some(hint) = sent.and_then(|plan| plan.hint.as_ref()) {
            self.interim(out, id, Status(103), Some(hint));
        }
    }

    /// Appends trailers, which end the stream (RFC 9113 8.1).
    pub(super) fn send_trailers(&mut self, out: &mut Vec<u8>, id: u32, fields: &Headers) {
        let mut frame = self.begin_headers(out);
        for (name, value) in fields.iter() {
            encode::field(out, name.as_bytes(), value.as_bytes());
        }
        end_headers(out, &mut frame, id);
        end_stream(out, frame);
    }

    /// Leaves room for the head of a HEADERS frame. The first block of a connection says that there
    /// is no dynamic table, as a client that allows but a small one must be answered (RFC 7541
    /// 4.2).
    fn begin_headers(&mut self, out: &mut Vec<u8>) -> Place {
        let start = out.len();
        out.extend_from_slice(&[0; HEAD_BYTES]);
        if !std::mem::replace(&mut self.is_table_off, true) {
            encode::table_size(out, 0);
        }
        start
    }
}

/// Appends the fields of a head, in httpbin's order.
fn encode_head(cx: &mut Cx, head: &Head, request: &Request, upgrades: bool, out: &mut Vec<u8>) {
    let common = &mut cx.worker.common_fields;
    encode::status(out, head.status);
    common.date(cx.worker.date_header.fields(), out);
    let media = head.media.field(cx.app.compat.json_charset).as_bytes();
    if let Some(media) = media.get(b"Content-Type: ".len()..media.len().saturating_sub(2)) {
        encode::field(out, b"content-type", media);
    }
    if let Some(length) = head.length.filter(|_| head.status.allows_body() && !upgrades) {
        encode::field(out, b"content-length", itoa::Buffer::new().format(length).as_bytes());
    }
    if let Some(timing_us) = head.timing_us {
        let mut text = Vec::new();
        http1::encode::server_timing(&mut text, timing_us);
        lines(&text, out);
    }
    for (name, value) in head.headers.iter().filter(|(name, _)| !is_of_http1(name.as_bytes())) {
        encode::field(out, name.as_bytes(), value.as_bytes());
    }
    common.cors(cx.app.compat, request.field("origin"), out);
}

/// The fields of the head whose block ends the output, as lines, and the beginning of a body: for
/// the journal, if there is one.
fn journaled(cx: &Cx, out: &[u8], start: Place, body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    if cx.app.journal.is_none() {
        return (Vec::new(), Vec::new());
    }
    let most = usize::MAX;
    let limits =
        Limits { head_bytes: most, head_line_bytes: most, head_fields: most, ..Limits::default() };
    let mut decoded = Decoded::default();
    // It refers to no dynamic table, so a decoder of its own can read it.
    let _ = Decoder::new().decode(
        out.get(start + HEAD_BYTES..).unwrap_or_default(),
        &mut decoded,
        &limits,
    );
    (decoded.text, body.get(..JOURNAL_ANSWER_BYTES).unwrap_or(body).to_vec())
}

/// Where the last frame of a stream begins in the output.
type Place = usize;

/// Writes the head of the frame whose block has been appended. A block that is longer than a frame
/// may be goes on in CONTINUATION frames.
fn end_headers(out: &mut Vec<u8>, start: &mut Place, stream: u32) {
    let length = out.len() - *start - HEAD_BYTES;
    let frame = |kind, length: usize, flags| {
        Frame { length: length as u32, kind, flags, stream }.to_bytes()
    };
    if length <= MAX_PAYLOAD {
        let head = frame(Kind::Headers, length, flags::END_HEADERS);
        return patch(out, *start, &head);
    }
    let block = out.split_off(*start + HEAD_BYTES);
    let (first, rest) = block.split_at(MAX_PAYLOAD);
    patch(out, *start, &frame(Kind::Headers, MAX_PAYLOAD, 0));
    out.extend_from_slice(first);
    let mut chunks = rest.chunks(MAX_PAYLOAD).peekable();
    while let Some(chunk) = chunks.next() {
        let flags = if chunks.peek().is_none() { flags::END_HEADERS } else { 0 };
        out.extend_from_slice(&frame(Kind::Continuation, chunk.len(), flags));
        out.extend_from_slice(chunk);
    }
}

fn patch(out: &mut [u8], start: Place, head: &[u8; HEAD_BYTES]) {
    if let Some(place) = out.get_mut(start..start + HEAD_BYTES) {
        place.copy_from_slice(head);
    }
}

/// Sets the flag that ends the stream in the frame that begins there.
pub(super) fn end_stream(out: &mut [u8], frame: Place) {
    if let Some(flags) = out.get_mut(frame + 4) {
        *flags |= flags::END_STREAM;
    }
}

/// Appends DATA frames, and returns where the last one begins; nothing without data.
pub(super) fn data(out: &mut Vec<u8>, stream: u32, bytes: &[u8]) -> Option<Place> {
    let mut last = None;
    for chunk in bytes.chunks(MAX_PAYLOAD) {
        last = Some(out.len());
        let length = chunk.len() as u32;
        Frame { length, kind: Kind::Data, flags: 0, stream }.write(out);
        out.extend_from_slice(chunk);
    }
    last
}

/// Appends an empty DATA frame that ends the stream.
pub(super) fn end(out: &mut Vec<u8>, stream: u32) {
    Frame { length: 0, kind: Kind::Data, flags: flags::END_STREAM, stream }.write(out);
}
