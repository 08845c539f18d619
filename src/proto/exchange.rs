//! Sends one reply on schedule: delay, head, paced body. Independent of the protocol;
//! `http1/encode.rs` produces the bytes.
//!
//! This is the only place where a due time is compared with now. All due times of a body's pieces
//! count from one start, so they do not drift, and no piece is sent early.

use std::time::Duration;

use super::canned_errors::OVERLOADED;
use super::{Clock, Cx};
use crate::base::limits::PACE_TICK;
use crate::base::time::Time;
use crate::endpoint::{self, Found};
use crate::http::app::App;
use crate::http::headers::Headers;
use crate::http::pace::Pace;
use crate::http::record::{LoggedLine, Record};
use crate::http::reply::{Body, Media, Refusal, Reply, WebSocketLimits};
use crate::http::request::{Method, Request};
use crate::http::status::Status;

/// A reply being played. One that waits, with its [`Parked`] request, is all that a delayed request
/// costs beside its connection.
#[derive(Debug)]
pub struct Exchange {
    reply: Reply,
    /// The access log's record, if there is one; also made when the client closes its side.
    record: Option<Box<Record>>,
    phase: Phase,
}

/// How far a reply has been played.
#[derive(Debug)]
enum Phase {
    /// Its head is due then; [`Time::NEVER`] until a clock has been read after the request.
    Waiting { request: Parked, due: Time },
    /// Its head went out then; the pieces count from it.
    Playing { since: Time },
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Opened {
    /// It is answered at once.
    Ready(Exchange),
    /// Its answer takes time: it is to be [parked](Exchange::park).
    Delayed(Exchange),
    /// The limit on delayed responses is reached: the refusal.
    Overloaded(Exchange),
}

/// What an exchange needs next.
#[derive(Debug)]
pub enum Step {
    /// A clock read after the request.
    Clock,
    /// This moment.
    Wait(Time),
    /// Its [head](Exchange::head), which is due: this is its request, and when that had arrived.
    Answer(Parked, Time),
    /// Room for output.
    Room,
    /// A piece of this many bytes was appended; call again.
    Data(usize),
    /// Nothing: the body is complete.
    End,
}

/// The head of an answer, without what the protocol adds.
#[derive(Debug)]
pub struct Head<'a> {
    /// The status. Never 1xx, except 101.
    pub status: Status,
    /// The media type.
    pub media: Media,
    /// Further fields.
    pub headers: &'a Headers,
    /// The body's length in bytes; `None` where it is not known, or not shown to HEAD.
    pub length: Option<u64>,
    /// The delay for a `Server-Timing` field, in microseconds.
    pub timing_us: Option<u64>,
    /// What follows the head at once: the whole body, unless it comes in pieces.
    pub body: &'a [u8],
}

/// A request that waits for its answer, in one allocation: the bytes from which its protocol reads
/// it again, and its random number.
#[derive(Debug)]
pub struct Parked(Box<[u8]>);

impl Parked {
    /// Keeps these bytes of a request with this seed.
    pub fn new(mut bytes: Vec<u8>, seed: u64) -> Parked {
        bytes.reserve_exact(size_of::<u64>());
        bytes.extend_from_slice(&seed.to_le_bytes());
        Parked(bytes.into_boxed_slice())
    }

    /// The same of borrowed bytes.
    pub fn copied(bytes: &[u8], seed: u64) -> Parked {
        Parked([bytes, &seed.to_le_bytes()].concat().into_boxed_slice())
    }

    /// The bytes and the seed.
    pub fn parts(&self) -> (&[u8], u64) {
        let (bytes, seed) = self.0.split_last_chunk().unwrap_or((&[], &[0; 8]));
        (bytes, u64::from_le_bytes(*seed))
    }
}

impl Exchange {
    /// Asks the endpoint that was found, and admits the answer if it takes time.
    pub fn open(cx: &mut Cx, request: &mut Request, found: Result<Found, Refusal>) -> Opened {
        let reply = match found {
            Ok(found) => {
                (request.params, request.seed) = (found.params, cx.worker.random.next_u64());
                let mut reply = endpoint::answer(cx.app, &found, request);
                reply.route = found.index;
                reply
            }
            Err(refusal) => endpoint::not_served(cx.app, &refusal, request),
        };
        let exchange = Exchange::new(cx, reply, request);
        if !exchange.takes_time() {
            return Opened::Ready(exchange);
        }
        match cx.worker.delayed < cx.app.limits.delayed {
            true => Opened::Delayed(exchange),
            false => Opened::Overloaded(Exchange::refused(cx, &OVERLOADED, request)),
        }
    }

    /// The refusal of a request without an endpoint being asked.
    pub fn refused(cx: &mut Cx, refusal: &Refusal, request: &Request) -> Exchange {
        let reply = endpoint::refuse(cx.app, refusal);
        let mut exchange = Exchange::new(cx, reply, request);
        exchange.fail(refusal);
        exchange
    }

    fn new(cx: &mut Cx, reply: Reply, request: &Request) -> Exchange {
        let record = cx.app.records.then(|| record(cx, request));
        Exchange { reply, record, phase: Phase::Playing { since: cx.clock.now } }
    }

    /// Gives a request that was [parked](Exchange::park), and has been read again, what it had: its
    /// parameters and random number.
    pub fn restore(&self, app: &App, request: &mut Request, seed: u64) {
        request.seed = seed;
        request.params = endpoint::params_of(app, self.reply.route, &request.target);
    }

    /// Lets it wait until it is due.
    pub fn park(&mut self, request: Parked) {
        self.phase = Phase::Waiting { request, due: Time::NEVER };
    }

    /// Whether its head is still to come.
    pub fn waits(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }

    /// Whether it counts among the delayed answers. One that does not needs no clock.
    pub fn takes_time(&self) -> bool {
        let paced = matches!(&self.reply.body, Body::Paced(pace) if pace.span_us > 0);
        self.reply.after_us > 0 || paced
    }

    /// Whether its body is the request's own, sent back while it arrives.
    pub fn echoes(&self) -> bool {
        matches!(self.reply.body, Body::Echo)
    }

    /// Whether the connection changes its protocol with this answer.
    pub fn upgrades(&self) -> bool {
        matches!(self.reply.body, Body::WebSocket(_))
    }

    /// What it changes to.
    pub fn upgrade(&mut self) -> Option<Box<WebSocketLimits>> {
        match std::mem::replace(&mut self.reply.body, Body::Empty) {
            Body::WebSocket(limits) => Some(limits),
            _ => None,
        }
    }

    /// Whether the status is 101.
    pub fn switches_protocols(&self) -> bool {
        self.reply.status == Status(101)
    }

    /// An interim status, which cannot be the last (RFC 9110 15.2): the answer becomes `200 OK`,
    /// and the protocol sends the other before it.
    pub fn take_interim(&mut self) -> Option<Status> {
        let interim = self.reply.status.0 < 200;
        interim.then(|| std::mem::replace(&mut self.reply.status, Status::OK))
    }

    /// What is due: nothing, a head, or pieces of the body. These are appended to `into`, at least
    /// one, and no more once they fill `room` bytes.
    pub fn step(&mut self, clock: Clock, room: usize, into: &mut Vec<u8>) -> Step {
        match &mut self.phase {
            Phase::Waiting { due: Time::NEVER, .. } if !clock.fresh => Step::Clock,
            Phase::Waiting { due, .. } if *due == Time::NEVER => {
                // `now` is cut to whole microseconds, so one more is waited: never early.
                *due = clock.now.after_us(self.reply.after_us).after_us(1);
                Step::Wait(*due)
            }
            Phase::Waiting { due, .. } if clock.now < *due => Step::Wait(*due),
            Phase::Waiting { request, due } => {
                let request = Parked(std::mem::take(&mut request.0));
                let waited = Duration::from_micros(self.reply.after_us.saturating_add(1));
                let arrived = due.before(waited);
                self.phase = Phase::Playing { since: clock.now };
                Step::Answer(request, arrived)
            }
            Phase::Playing { since } => match &mut self.reply.body {
                Body::Paced(pace) => piece(pace, *since, clock.now, room, into),
                _ => Step::End,
            },
        }
    }

    /// The head, its moment having come; `streamed` is the length of a body that is sent back while
    /// it arrives, if known. A body that is rendered is left in [`Shared::body`].
    ///
    /// [`Shared::body`]: super::Shared::body
    pub fn head<'a>(
        &'a mut self,
        app: &App,
        request: &Request<'a>,
        streamed: Option<u64>,
        rendered: &'a mut Vec<u8>,
    ) -> Head<'a> {
        let head_only = request.method == Method::Head;
        if let Body::Render(render) = &self.reply.body {
            render(app, request, rendered);
        }
        let length = match &self.reply.body {
            Body::Empty | Body::WebSocket(_) => Some(0),
            Body::Whole(body) => Some(body.len() as u64),
            Body::Render(_) => Some(rendered.len() as u64),
            Body::Paced(pace) => pace.length,
            Body::Echo => streamed,
        };
        let shown = !head_only || app.compat.head_length || self.reply.sized;
        let has_body = !head_only && self.reply.status.allows_body();
        if !has_body && !self.upgrades() {
            self.reply.body = Body::Empty;
            rendered.clear();
        }
        let body: &[u8] = match &self.reply.body {
            Body::Whole(body) => body,
            Body::Echo => request.body,
            Body::Render(_) => rendered,
            _ => &[],
        };
        if let Some(record) = &mut self.record {
            record.body_bytes += body.len() as u64;
        }
        Head {
            status: self.reply.status,
            media: self.reply.media,
            headers: &self.reply.headers,
            length: length.filter(|_| shown),
            timing_us: self.reply.timed.then_some(self.reply.after_us),
            body,
        }
    }

    /// The fields after a body that comes in pieces whose length no field shows.
    pub fn trailers(&self) -> Option<&Headers> {
        match &self.reply.body {
            Body::Paced(pace) if pace.length.is_none() => Some(&pace.trailers),
            _ => None,
        }
    }

    /// This many bytes of the body were sent: for the access log.
    pub fn count(&mut self, bytes: usize) {
        if let Some(record) = &mut self.record {
            record.body_bytes += bytes as u64;
        }
    }

    /// Its record, to complete it.
    pub fn record(&mut self) -> Option<&mut Record> {
        self.record.as_deref_mut()
    }

    /// Records why it was refused, or cut off.
    pub fn fail(&mut self, refusal: &Refusal) {
        if let Some(record) = &mut self.record {
            record.error = Some(refusal.reason.clone());
        }
    }

    /// The client has closed its side while it waits: it may be gone, or read on (RFC 9112 9.6).
    pub fn client_closed(&mut self, cx: &Cx) {
        if !self.is_client_closed() {
            let record = self.record.get_or_insert_default();
            record.waited_us = Some(elapsed_us(cx.clock.now, record));
        }
    }

    fn is_client_closed(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.waited_us.is_some())
    }

    /// The answer is sent. Returns its record if the client may be gone, which only now can be
    /// determined.
    pub fn finish(&mut self, cx: &mut Cx) -> Option<Box<Record>> {
        cx.worker.served += 1;
        let mut record = self.record.take()?;
        record.status = self.reply.status;
        record.duration_us = elapsed_us(cx.clock.now, &record);
        if record.waited_us.is_some() {
            return Some(record);
        }
        cx.worker.records.push(record);
        None
    }

    /// The answer is cut off, and recorded as far as it went: if not even its head is out, its
    /// client is gone.
    pub fn abort(mut self, cx: &mut Cx) {
        let kept = !self.waits() && !self.is_client_closed();
        if let Some(mut record) = self.record.take().filter(|_| cx.app.records) {
            record.status = if kept { self.reply.status } else { Status::CLIENT_GONE };
            record.duration_us =
                record.waited_us.unwrap_or_else(|| elapsed_us(cx.clock.now, &record));
            cx.worker.records.push(record);
        }
    }
}

/// Appends the pieces of a body that are due, its head having gone out at `since`.
fn piece(pace: &mut Pace, since: Time, now: Time, room: usize, into: &mut Vec<u8>) -> Step {
    let Some(due) = pace.due_us().map(|due_us| since.after_us(due_us)) else { return Step::End };
    if due > now {
        return Step::Wait(due.max(now.after(PACE_TICK)));
    }
    if room == 0 {
        return Step::Room;
    }
    let before = into.len();
    pace.make(now.since(since).as_micros() as u64, room, into);
    Step::Data(into.len() - before)
}

/// Records a request, its head read at `began`, whose client was gone before its body was complete.
pub fn unfinished(cx: &mut Cx, request: &Request, began: Time) {
    if cx.app.records {
        let mut record = record(cx, request);
        record.started = began;
        record.status = Status::CLIENT_GONE;
        record.duration_us = elapsed_us(cx.clock.now, &record);
        cx.worker.records.push(record);
    }
}

/// Records a finished exchange that [`finish`](Exchange::finish) returned, now that it is known
/// whether its client is gone.
#[cold]
pub fn record_outcome(cx: &mut Cx, mut record: Box<Record>, gone: bool) {
    if gone {
        cx.worker.clients_gone += 1;
        record.status = Status::CLIENT_GONE;
        record.duration_us = record.waited_us.unwrap_or(record.duration_us);
    }
    if cx.app.records {
        cx.worker.records.push(record);
    }
}

/// The time since a record's request came, in microseconds.
fn elapsed_us(now: Time, record: &Record) -> u64 {
    now.since(record.started).as_micros() as u64
}

/// A record with what is known when the answer begins.
fn record(cx: &mut Cx, request: &Request) -> Box<Record> {
    let mut record = cx.worker.records.blank();
    record.started = cx.clock.now;
    record.peer = request.peer;
    record.waited_us = None;
    record.body_bytes = 0;
    record.error = None;
    let (referer, agent) = (request.field("Referer"), request.field("User-Agent"));
    record.strings.set(LoggedLine::of(request), referer, agent);
    record
}

#[cfg(test)]
mod tests;
