//! The journal as an HTTP Archive (HAR 1.2), which browsers' developer tools and proxies import.
//!
//! Members that the format does not know begin with `_`. Of an answer's body it has what the
//! journal has, unless that has a content coding: the format wants it decoded.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::events::summary;
use super::head::text;
use super::{Entry, Received, SharedJournal};
use crate::http::fields::conditional::http_date;
use crate::http::json::{Json, Layout, Spelling};
use crate::http::request::Target;
use crate::http::uri::percent::{
    AsciiSet, all_but, form_decode, percent_encode_bytes, utf8_or_escapes,
};

/// What a URI may not have (RFC 3986 2), apart from `%`.
static NOT_IN_URI: AsciiSet = all_but(b"!#$%&'()*+,/:;=?@[]");

/// What is written before the entries.
const BEFORE: &str = concat!(
    "{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"loiter\",\"version\":\"",
    env!("CARGO_PKG_VERSION"),
    "\"},\"entries\":["
);

/// An archive that is written in pieces of one request each, as all of it may be 12 times as long
/// as the journal. It has only their numbers: those that the journal drops meanwhile are left out.
#[derive(Clone, Debug)]
pub struct Archive {
    journal: SharedJournal,
    /// The numbers of the requests that are left.
    ids: std::vec::IntoIter<u64>,
    /// Whether an entry was written.
    begun: bool,
}

impl Archive {
    /// An archive of the requests with these numbers.
    pub fn new(journal: SharedJournal, ids: Vec<u64>) -> Archive {
        Archive { journal, ids: ids.into_iter(), begun: false }
    }

    /// How many pieces are left: one for each request, and the end.
    pub fn pieces(&self) -> u64 {
        self.ids.len() as u64 + 1
    }

    /// Appends the next piece; nothing for a request that is no longer there.
    pub fn piece(&mut self, output: &mut Vec<u8>) {
        let Some(id) = self.ids.next() else {
            let before = if self.begun { "" } else { BEFORE };
            return output.extend_from_slice([before, "]}}\n"].concat().as_bytes());
        };
        let Some(entry) = self.journal.entry(id) else { return };
        let before = if std::mem::replace(&mut self.begun, true) { "," } else { BEFORE };
        output.extend_from_slice(before.as_bytes());
        output.push(b'\n');
        let mut json = Json::spelled(output, Layout::Compact, Spelling::Go);
        json.object(|json| write_entry(json, &entry));
    }
}

fn write_entry(json: &mut Json, entry: &Entry) {
    let (received, answer) = (&*entry.received, &entry.answer);
    let all_us = answer.duration_us.unwrap_or_default();
    let wait_us = answer.delay_us.saturating_add(answer.late_us.unwrap_or_default()).min(all_us);
    json.text_at("startedDateTime", &date_time(received.unix_us));
    json.raw_at("time", &milliseconds(all_us));
    json.object_at("request", |json| write_request(json, received));
    json.object_at("response", |json| write_response(json, entry));
    json.object_at("cache", |_| ());
    json.object_at("timings", |json| {
        json.raw_at("send", "0");
        json.raw_at("wait", &milliseconds(wait_us));
        json.raw_at("receive", &milliseconds(all_us - wait_us));
    });
    if let Some(port) = received.peer_port {
        json.text_at("connection", itoa::Buffer::new().format(port));
    }
    json.object_at("_loiter", |json| summary(json, entry));
}

fn write_request(json: &mut Json, received: &Received) {
    json.text_at("method", &received.method);
    json.text_at("url", &url(received));
    json.text_at("httpVersion", received.version);
    json.list_at("cookies", |json| {
        for (name, value) in cookies(received) {
            pair(json, name, value);
        }
    });
    json.list_at("headers", |json| {
        received.header_fields().for_each(|field| pair(json, field.name, field.value));
    });
    json.list_at("queryString", |json| {
        let pairs = received.query().split(|&byte| byte == b'&');
        for (name, value) in pairs.filter(|pair| !pair.is_empty()).map(halves) {
            let [name, value] = [name, value].map(|half| utf8_or_escapes(form_decode(half)));
            pair(json, name.as_bytes(), value.as_bytes());
        }
    });
    if received.body_bytes > 0 {
        json.object_at("postData", |json| {
            json.key("mimeType");
            json.bytes(received.field("Content-Type").unwrap_or_default());
            write_body(json, &received.body, received.body_bytes);
        });
    }
    head_size(json, &received.head);
    number_at(json, "bodySize", received.body_bytes);
}

/// The body. That base64 is named `encoding` is what HAR 1.3 proposes, and some tools do.
fn write_body(json: &mut Json, kept: &[u8], bytes: u64) {
    let is_cut = bytes > kept.len() as u64;
    match text(kept, is_cut) {
        Some(text) => json.text_at("text", text),
        None => {
            json.text_at("text", &STANDARD.encode(kept));
            json.text_at("encoding", "base64");
        }
    }
    if is_cut {
        json.text_at("comment", &format!("the first {} of {bytes} bytes", kept.len()));
    }
}

fn write_response(json: &mut Json, entry: &Entry) {
    let answer = &entry.answer;
    let named = |name| answer.header_fields().filter(move |field| field.is(name));
    let first = |name| named(name).next().map(|field| field.value);
    number_at(json, "status", answer.status.0.into());
    json.text_at("statusText", answer.status.reason());
    // An answer may have another version than a request that could not be parsed.
    let line = answer.status_line();
    let version = line.as_deref().and_then(|line| line.split(' ').next());
    json.text_at("httpVersion", version.unwrap_or(entry.received.version));
    json.list_at("cookies", |json| {
        for field in named("Set-Cookie") {
            let end = memchr::memchr(b';', field.value).unwrap_or(field.value.len());
            let (name, value) = halves(field.value.get(..end).unwrap_or_default());
            pair(json, name, value);
        }
    });
    json.list_at("headers", |json| {
        answer.header_fields().for_each(|field| pair(json, field.name, field.value));
    });
    json.object_at("content", |json| {
        number_at(json, "size", answer.body_bytes);
        json.key("mimeType");
        json.bytes(first("Content-Type").unwrap_or(b"x-unknown"));
        if !answer.body.is_empty() && first("Content-Encoding").is_none() {
            write_body(json, &answer.body, answer.body_bytes);
        }
    });
    json.key("redirectURL");
    json.bytes(first("Location").unwrap_or_default());
    head_size(json, &answer.head);
    number_at(json, "bodySize", answer.body_bytes);
}

fn pair(json: &mut Json, name: &[u8], value: &[u8]) {
    json.item();
    json.object(|json| {
        json.key("name");
        json.bytes(name);
        json.key("value");
        json.bytes(value);
    });
}

/// The bytes of a head; -1 for that of an answer that has none yet, and for HTTP/2's, which is
/// compressed.
fn head_size(json: &mut Json, head: &[u8]) {
    match head {
        [] | [b':', ..] => json.raw_at("headersSize", "-1"),
        _ => number_at(json, "headersSize", head.len() as u64),
    }
}

fn number_at(json: &mut Json, name: &str, number: u64) {
    json.raw_at(name, itoa::Buffer::new().format(number));
}

/// Microseconds as a number of milliseconds.
fn milliseconds(micros: u64) -> String {
    format!("{}.{:03}", micros / 1000, micros % 1000)
}

/// The URL; what a URI may not have is percent-encoded.
fn url(received: &Received) -> String {
    let target = received.target.as_bytes();
    let mut url = String::new();
    if !matches!(Target::parse(target), Some((_, Some(_authority)))) {
        url.push_str(if received.tls.is_some() { "https://" } else { "http://" });
        let host = received.host().unwrap_or(received.listener.as_bytes());
        percent_encode_bytes(&mut url, host, &NOT_IN_URI);
        if !target.starts_with(b"/") {
            url.push('/');
        }
    }
    percent_encode_bytes(&mut url, target, &NOT_IN_URI);
    url
}

/// The names and values of the Cookie fields (RFC 6265 4.2.1).
fn cookies(received: &Received) -> impl Iterator<Item = (&[u8], &[u8])> {
    let fields = received.header_fields().filter(|field| field.is("Cookie"));
    let cookies = fields.flat_map(|field| field.value.split(|&byte| byte == b';'));
    cookies.map(<[u8]>::trim_ascii).filter(|cookie| !cookie.is_empty()).map(halves)
}

/// The name and the value in a cookie or a query.
fn halves(text: &[u8]) -> (&[u8], &[u8]) {
    let at = memchr::memchr(b'=', text).unwrap_or(text.len());
    let (name, value) = text.split_at_checked(at).unwrap_or((text, b""));
    (name, value.get(1..).unwrap_or_default())
}

/// A Unix time in microseconds as ISO 8601 has it, with milliseconds.
fn date_time(unix_us: u64) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    // Such as `Sun, 06 Nov 1994 08:49:37 GMT`.
    let date = http_date(unix_us);
    let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default();
    let month = MONTHS.find(part(8, 11)).map_or(1, |at| at / 3 + 1);
    let (year, day, time) = (part(12, 16), part(5, 7), part(17, 25));
    format!("{year}-{month:02}-{day}T{time}.{:03}Z", unix_us / 1000 % 1000)
}
