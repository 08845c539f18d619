//! The player: one request and the reply to it, from the first byte of the wait to the last of the
//! answer.
//!
//! This is the only place where a delay is waited for. A reply says when its head is due and over
//! which span its pieces are spread; all moments are counted from one start, so nothing drifts, and
//! a piece is sent when its moment has come and never before.

use super::http1::head::HEAD;
use super::http1::refused_head::describe;
use super::http1::write::{self, Framing};
use super::{Cx, Next};
use crate::base::limits::{BODY_HIGH_WATER, PACE_TICK};
use crate::base::time::Time;
use crate::endpoint;
use crate::http::app::App;
use crate::http::pace::Pace;
use crate::http::record::{Line, Record};
use crate::http::reply::{Body, Messages, Refusal, Reply};
use crate::http::request::{Method, Params, Request, Target, Version};
use crate::http::status::Status;

/// A reply being played. A waiting one is all that a delayed request costs beside its own bytes.
#[derive(Debug)]
pub struct Exchange {
    reply: Reply,
    /// What the access log will say, when there is one.
    record: Option<Box<Record>>,
    /// How many bytes of the input are this request, kept there until the answer begins.
    pub request_bytes: u32,
    version: Version,
    head_only: bool,
    ending: Ending,
    /// Whether the client has ended its side while it waited for this answer.
    left: bool,
}

/// Whether a connection ends with an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ending {
    /// It is kept for the next request.
    Kept,
    /// It ends, as the client has asked.
    Asked,
    /// It ends, and that is our wish alone.
    Ours,
}

/// How far a reply has been played.
#[derive(Clone, Copy, Debug)]
pub enum Phase {
    /// Its wait starts with the next look at a clock.
    New,
    /// Its head is due then.
    Waiting(Time),
    /// Its head went out then; the pieces count from it.
    Playing(Time),
}

impl Exchange {
    /// The reply to a request whose connection is kept afterwards, or not.
    pub fn new(cx: &mut Cx, reply: Reply, request: &Request, keep_alive: bool) -> Exchange {
        let record = cx.app.records.then(|| record(cx, request));
        Exchange {
            reply,
            record,
            request_bytes: 0,
            version: request.version,
            head_only: request.method == Method::Head,
            ending: if keep_alive { Ending::Kept } else { Ending::Asked },
            left: false,
        }
    }

    /// Whether a clock read after the request is needed: not for what is answered at once.
    pub fn takes_time(&self) -> bool {
        let paced = matches!(&self.reply.body, Body::Paced(pace) if pace.span_us > 0);
        self.reply.after_us > 0 || paced
    }

    /// When the head is due, the wait starting now. `now` is cut to whole microseconds, so one more
    /// is waited: an answer is never early.
    pub fn due(&self, cx: &Cx) -> Time {
        cx.now.after_us(self.reply.after_us).after_us(1)
    }

    /// Whether the answer is the request's own body.
    pub fn echoes(&self) -> bool {
        matches!(self.reply.body, Body::Echo)
    }

    /// What the connection goes over to with this answer, if it does.
    pub fn upgrade(&mut self) -> Option<Box<Messages>> {
        match std::mem::replace(&mut self.reply.body, Body::Empty) {
            Body::Messages(messages) => Some(messages),
            _ => None,
        }
    }

    /// Whether the connection ends with this answer.
    pub fn closes(&self) -> bool {
        self.ending != Ending::Kept
    }

    /// Appends the head, and the body if it is not one that comes in pieces. `echo` is the length
    /// of the request's body when that is the answer's.
    pub fn begin(
        &mut self,
        cx: &mut Cx,
        request: &Request,
        echo: Option<u64>,
        output: &mut Vec<u8>,
    ) {
        self.interim(cx.app.profile.shouts, output);
        if let Body::Render(render) = &self.reply.body {
            render(cx.app, request, cx.body);
        }
        let framing = self.framing(cx.app, cx.body.len() as u64, echo);
        self.last(cx.draining && !self.upgrades() || framing == Framing::Close);
        let (version, close, stamp) = (self.version, self.closes(), cx.stamp);
        let origin = request.field("Origin");
        let profile = cx.app.profile;
        let head = write::Head { version, close, framing, stamp, origin, profile };
        write::head(output, &self.reply, head);
        if self.has_body() {
            let body = match &self.reply.body {
                Body::Whole(body) => body,
                Body::Echo => request.body,
                _ => cx.body.as_slice(),
            };
            output.extend_from_slice(body);
            self.count(body.len());
        }
        cx.body.clear();
    }

    /// Whether it ends without the client having said that it sends no more.
    pub fn closes_unasked(&self) -> bool {
        self.ending == Ending::Ours
    }

    /// Lets the connection end with this answer, if `last`.
    pub fn last(&mut self, last: bool) {
        if last && self.ending == Ending::Kept {
            self.ending = Ending::Ours;
        }
    }

    fn upgrades(&self) -> bool {
        matches!(self.reply.body, Body::Messages(_))
    }

    fn has_body(&self) -> bool {
        !self.head_only && self.reply.status.allows_body()
    }

    /// So many bytes of the body were sent: for the access log.
    pub fn count(&mut self, bytes: usize) {
        if let Some(record) = &mut self.record {
            record.body_bytes += bytes as u64;
        }
    }

    /// The refusal of a request without an endpoint being asked.
    pub fn refused(
        cx: &mut Cx,
        refusal: &Refusal,
        request: &Request,
        keep_alive: bool,
    ) -> Exchange {
        let reply = endpoint::refuse(cx.app, refusal);
        let mut exchange = Exchange::new(cx, reply, request, keep_alive);
        exchange.fail(refusal);
        exchange
    }

    /// Appends the answer to what could not be read as a request, the connection's last. `head` is
    /// so much of its head as has come, and `since` when it began.
    pub fn refuse(cx: &mut Cx, refusal: &Refusal, head: &[u8], since: Time, output: &mut Vec<u8>) {
        let head_only = head.starts_with(HEAD);
        let request = Request {
            method: if head_only { Method::Head } else { Method::Get },
            version: Version::Http11,
            target: Target::whole(b""),
            params: Params::default(),
            host: None,
            fields: &[],
            body: &[],
            body_bytes: 0,
            peer: cx.peer,
            local: cx.local,
            seed: 0,
            unix_us: 0,
            head: &[],
        };
        let mut exchange = Exchange::refused(cx, refusal, &request, false);
        if let Some(record) = &mut exchange.record {
            record.started = since;
            describe(head, &mut record.texts);
        }
        exchange.begin(cx, &request, None, output);
        exchange.end(cx);
    }

    /// It began earlier than its answer: before its body had come.
    pub fn since(&mut self, began: Time) {
        if let Some(record) = &mut self.record {
            record.started = began;
        }
    }

    /// What is recorded of it says why it was refused, or cut.
    pub fn fail(&mut self, refusal: &Refusal) {
        if let Some(record) = &mut self.record {
            record.error = Some(refusal.reason.clone());
        }
    }

    /// `/status/103` and the like: an interim answer cannot be the last (RFC 9110 15.2), so 200
    /// follows; except for 101, after which the connection is not ours any more. HTTP/1.0 knows
    /// none.
    ///
    /// Both go out together, and the connection is kept: a client that takes an interim answer for
    /// the last has read the 200 with it, or finds bytes on a connection that should have none.
    fn interim(&mut self, shouts: bool, output: &mut Vec<u8>) {
        match (self.reply.status, self.version) {
            (Status(101), Version::Http11) => self.last(!self.upgrades()),
            (status @ Status(..200), version) => {
                if version == Version::Http11 {
                    write::interim(output, status, shouts);
                }
                self.reply.status = Status::OK;
            }
            _ => {}
        }
    }

    fn framing(&self, app: &App, rendered: u64, echo: Option<u64>) -> Framing {
        let length = match &self.reply.body {
            Body::Empty | Body::Messages(_) => Some(0),
            Body::Whole(body) => Some(body.len() as u64),
            Body::Render(_) => Some(rendered),
            Body::Paced(pace) => pace.length,
            Body::Echo => echo,
        };
        let told = !self.head_only || app.profile.head_length || self.reply.sized;
        let length = length.filter(|_| told);
        write::framing(self.reply.status, length, self.version, self.head_only)
    }

    /// Appends every piece that is due, the head having gone out at `started`. `None`: that was
    /// all.
    pub fn play(&mut self, cx: &mut Cx, started: Time, output: &mut Vec<u8>) -> Option<Next> {
        if !self.has_body() {
            return None;
        }
        while let Body::Paced(pace) = &mut self.reply.body {
            let chunked = pace.length.is_none() && self.version == Version::Http11;
            let Some(due) = pace.due_us().map(|due_us| started.after_us(due_us)) else {
                if chunked {
                    write::last_chunk(output, &pace.trailers);
                }
                break;
            };
            if due > cx.now {
                return Some(Next::Sleep(due.max(cx.now.after(PACE_TICK))));
            }
            if output.len() >= BODY_HIGH_WATER {
                return Some(Next::Write);
            }
            let bytes = make(pace, chunked, cx, started, output);
            self.count(bytes);
        }
        None
    }

    /// The client has ended its side while it waits: it may be gone, or read on (RFC 9112 9.6).
    pub fn leave(&mut self, cx: &Cx) {
        if !self.left {
            self.left = true;
            let waited_us = |record: &mut Box<Record>| record.waited_us = Some(waited(cx, record));
            self.record.iter_mut().for_each(waited_us);
        }
    }

    /// The answer is out: what is left of it is its record. It is given back where the client may
    /// be gone: whether it is shows only now.
    pub fn end(&mut self, cx: &mut Cx) -> Option<Box<Record>> {
        *cx.served += 1;
        let record = match self.record.take() {
            Some(mut record) => {
                record.status = self.reply.status;
                record.duration_us = waited(cx, &record);
                record
            }
            None if self.left => cx.records.blank(),
            None => return None,
        };
        if self.left {
            return Some(record);
        }
        cx.records.push(record);
        None
    }

    /// The answer ends where it is, and is recorded as it stands. If not even its head is out, its
    /// client is gone.
    pub fn cut(mut self, cx: &mut Cx, begun: bool) {
        *cx.delayed = cx.delayed.saturating_sub(usize::from(self.takes_time()));
        if let Some(mut record) = self.record.take() {
            record.status =
                if begun && !self.left { self.reply.status } else { Status::CLIENT_GONE };
            record.duration_us = record.waited_us.unwrap_or_else(|| waited(cx, &record));
            cx.records.push(record);
        }
    }
}

/// Records a request, its head read at `began`, whose client was gone before its body was there.
pub fn unfinished(cx: &mut Cx, request: &Request, began: Time) {
    if cx.app.records {
        let mut record = record(cx, request);
        record.started = began;
        record.status = Status::CLIENT_GONE;
        record.duration_us = waited(cx, &record);
        cx.records.push(record);
    }
}

/// Records an exchange that is over and whose client had [left](Exchange::leave) while it waited.
#[cold]
pub fn settle(cx: &mut Cx, mut record: Box<Record>, gone: bool) {
    if gone {
        *cx.left += 1;
        record.status = Status::CLIENT_GONE;
        record.duration_us = record.waited_us.unwrap_or(record.duration_us);
    }
    if cx.app.records {
        cx.records.push(record);
    }
}

/// The time since the request of a record came, in microseconds.
fn waited(cx: &Cx, record: &Record) -> u64 {
    cx.now.since(record.started).as_micros() as u64
}

/// Appends pieces that are due, and says how long they are: a chunk of one, or as many as there is
/// room for.
fn make(pace: &mut Pace, chunked: bool, cx: &mut Cx, started: Time, output: &mut Vec<u8>) -> usize {
    let elapsed_us = cx.now.since(started).as_micros() as u64;
    if !chunked {
        let before = output.len();
        pace.make(elapsed_us, BODY_HIGH_WATER.saturating_sub(before), output);
        return output.len() - before;
    }
    pace.make(elapsed_us, 1, cx.body);
    write::chunk(output, cx.body);
    let bytes = cx.body.len();
    cx.body.clear();
    bytes
}

/// The beginning of what the access log will say.
fn record(cx: &mut Cx, request: &Request) -> Box<Record> {
    let mut record = cx.records.blank();
    record.started = cx.now;
    record.peer = request.peer;
    record.waited_us = None;
    record.body_bytes = 0;
    record.error = None;
    let (referer, agent) = (request.field("Referer"), request.field("User-Agent"));
    record.texts.set(Line::of(request), referer, agent);
    record
}
