//! Sends one reply on schedule: delay, head, paced body. Independent of the protocol;
//! `http1/encode.rs` and
//! `http2/answer.rs` produce the bytes.
//!
//! This is the only place where a due time is compared with now. All due times of a body's pieces
//! count from one start, so they do not drift, and no piece is sent early.

use std::time::Duration;

use super::modify::Asked;
use super::{Clock, Cx, Upgrade};
use crate::base::limits::PACE_TICK;
use crate::base::time::Time;
use crate::endpoint;
use crate::http::app::App;
use crate::http::headers::Headers;
use crate::http::modifiers::plan::{FaultKind, Plan};
use crate::http::modifiers::show;
use crate::http::pace::Pace;
use crate::http::record::Record;
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::{Method, Request};
use crate::http::status::Status;

mod awaited;
mod interim;
mod parked;
mod recording;
mod shaped;

use awaited::{is_awaited, next_look};
pub use parked::Parked;
use recording::record_if_wanted;
pub use recording::{count_applied, record_outcome, unfinished};
use shaped::Shaped;
pub use shaped::{ModifiedHead, garbage};

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
    /// It is being sent.
    Playing(Playing),
}

/// Who plays a reply. An enum of its own, as that makes an exchange 8 bytes smaller.
#[derive(Debug)]
enum Playing {
    /// Nobody: its head went out then, and the pieces count from it. The head of its request came
    /// so many microseconds before, 71 minutes at most.
    Plain { since: Time, before_us: u32 },
    /// Modifiers.
    Shaped(Box<Shaped>),
}

/// An exchange that has been opened, and what becomes of it.
#[derive(Debug)]
pub struct Opened {
    /// The exchange.
    pub exchange: Exchange,
    /// What becomes of it.
    pub admission: Admission,
}

/// What becomes of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is answered at once.
    Ready,
    /// Its answer takes time: it is to be [parked](Exchange::park).
    Delayed,
    /// The limit on delayed answers or on memory is reached: it is the refusal.
    Overloaded,
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
    /// Another call: these bytes are sent as they are, whatever the framing.
    Raw(Vec<u8>),
    /// Nothing: the body is complete.
    End,
    /// Nothing: it is [broken](Exchange::ending) off.
    Break,
}

/// How the connection ends after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As the protocol has it.
    Usual,
    /// Unannounced, so many microseconds later.
    Idle(u64),
    /// At once, by a fault.
    Broken(Break),
}

/// How a fault ends an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Our side of the connection is closed.
    Close,
    /// The connection is reset.
    Reset,
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

impl Exchange {
    /// Asks the endpoint that was found, and admits the answer if it takes time. The request gets
    /// a random number unless it has one.
    pub fn open(cx: &mut Cx, request: &mut Request, asked: &mut Asked) -> Opened {
        if let Some(plan) = asked.plan.take() {
            return Exchange::open_modified(cx, request, asked, *plan);
        }
        if request.seed == 0 {
            request.seed = cx.worker.random.next_u64();
        }
        let reply = reply(cx.app, request, asked);
        let mut exchange = Exchange::new(cx, reply, request);
        if let Err(refusal) = &asked.found {
            exchange.note(refusal);
        }
        exchange.admit(cx, request)
    }

    /// The same under a plan.
    #[cold]
    fn open_modified(cx: &mut Cx, request: &mut Request, asked: &Asked, plan: Plan) -> Opened {
        request.seed = plan.seed;
        let shown = (cx.app.records && plan.asked).then(|| show::line(&plan).into());
        match endpoint::modify(cx.app, reply(cx.app, request, asked), plan, request) {
            Ok(reply) => {
                let mut exchange = Exchange::new(cx, reply, request);
                // Its client may be gone before it is known what of this the answer has.
                if let Some(record) = exchange.record() {
                    record.modifiers = shown;
                }
                exchange.admit(cx, request)
            }
            Err(refusal) => {
                let exchange = Exchange::refused(cx, &refusal, request);
                Opened { exchange, admission: Admission::Ready }
            }
        }
    }

    /// Admits it if it takes time.
    #[inline(always)]
    fn admit(self, cx: &mut Cx, request: &Request) -> Opened {
        let mut opened = Opened { exchange: self, admission: Admission::Ready };
        if opened.exchange.takes_time() {
            opened.admission = Admission::Delayed;
            if let Err(refusal) = cx.check_delayed() {
                let route = opened.exchange.reply.route;
                let refused = Exchange::refused(cx, &refusal, request);
                std::mem::replace(&mut opened.exchange, refused).withdraw(cx);
                opened.exchange.reply.route = route;
                opened.admission = Admission::Overloaded;
            }
        }
        opened
    }

    /// The refusal of a request without an endpoint being asked.
    pub fn refused(cx: &mut Cx, refusal: &Refusal, request: &Request) -> Exchange {
        let reply = endpoint::refuse_before(cx.app, refusal, request);
        let mut exchange = Exchange::new(cx, reply, request);
        exchange.fail(refusal);
        exchange
    }

    #[inline(always)] // for every request
    fn new(cx: &mut Cx, mut reply: Reply, request: &Request) -> Exchange {
        reply.method = request.method;
        let record = record_if_wanted(cx, request, &reply);
        let playing = Playing::Plain { since: cx.clock.now, before_us: 0 };
        Exchange { reply, record, phase: Phase::Playing(playing) }
    }

    /// Whether its head is still to come.
    pub fn waits(&self) -> bool {
        matches!(self.phase, Phase::Waiting { .. })
    }

    /// When its head is due; [`Time::NEVER`] if it does not wait, or its delay has not begun.
    pub fn due(&self) -> Time {
        match &self.phase {
            Phase::Waiting { due, .. } => *due,
            Phase::Playing(_) => Time::NEVER,
        }
    }

    /// Whether its head is followed by nothing but the body that it has.
    #[inline(always)] // for every request
    pub fn is_whole(&self) -> bool {
        let pieces = matches!(self.reply.body, Body::Paced(_) | Body::Modified(_));
        !pieces && matches!(self.phase, Phase::Playing(Playing::Plain { .. }))
    }

    /// Whether nothing of a body in pieces is left to be made, and no trailers follow.
    pub fn is_made(&self) -> bool {
        match (&self.phase, &self.reply.body) {
            (Phase::Playing(Playing::Plain { .. }), Body::Paced(pace)) => {
                pace.due_us().is_none() && pace.trailers.is_empty()
            }
            _ => false,
        }
    }

    /// Whether it counts among the delayed answers. One that does not needs no clock.
    pub fn takes_time(&self) -> bool {
        let paced = |body: &Body| matches!(body, Body::Paced(pace) if pace.span_us > 0);
        let slow = match (&self.phase, &self.reply.body) {
            (Phase::Playing(Playing::Shaped(shaped)), _) => shaped.takes_time(),
            (_, Body::Modified(modified)) => modified.plan.takes_time() || paced(&modified.body),
            (_, body) => paced(body),
        };
        self.reply.after_us > 0 || slow
    }

    /// The fault that breaks it, if there is one.
    pub fn fault(&self) -> Option<FaultKind> {
        match &self.phase {
            Phase::Playing(Playing::Shaped(shaped)) => shaped.plan().fault.map(|fault| fault.kind),
            _ => None,
        }
    }

    /// Whether its body is the request's own, sent back while it arrives.
    pub fn echoes(&self) -> bool {
        matches!(self.reply.body, Body::Echo)
    }

    /// How modifiers end the connection after it, if they do.
    pub fn ending(&self) -> Ending {
        match &self.phase {
            Phase::Playing(Playing::Shaped(shaped)) => shaped.ending(),
            _ => Ending::Usual,
        }
    }

    /// The plan of an answer whose head modifiers change.
    pub fn plan(&self) -> Option<&Plan> {
        match &self.reply.body {
            Body::Modified(modified) => Some(&modified.plan),
            _ => None,
        }
    }

    /// Whether the connection changes its protocol with this answer.
    pub fn upgrades(&self) -> bool {
        let body = match &self.reply.body {
            Body::Modified(modified) => &modified.body,
            body => body,
        };
        matches!(body, Body::WebSocket(_))
    }

    /// What it changes to.
    pub fn upgrade(&mut self) -> Option<Box<Upgrade>> {
        if !matches!(self.reply.body, Body::WebSocket(_)) {
            return None;
        }
        let body = std::mem::replace(&mut self.reply.body, Body::Empty);
        let Body::WebSocket(limits) = body else { return None };
        let plan = match &mut self.phase {
            Phase::Playing(Playing::Shaped(shaped)) => Some(Box::new(shaped.take_plan())),
            _ => None,
        };
        Some(Box::new(Upgrade::WebSocket(*limits, plan)))
    }

    /// Whether the status is 101.
    pub fn switches_protocols(&self) -> bool {
        self.reply.status == Status(101)
    }

    /// What is due: nothing, a head, or pieces of the body. These are appended to `into`, at least
    /// one, and no more once they fill `room` bytes.
    pub fn step(&mut self, clock: Clock, room: usize, into: &mut Vec<u8>) -> Step {
        match &mut self.phase {
            Phase::Waiting { due: Time::NEVER, .. } if !clock.fresh => Step::Clock,
            Phase::Waiting { due, .. } if *due == Time::NEVER => {
                // `now` is cut to whole microseconds, so one more is waited: never early.
                *due = clock.now.after_us(self.reply.after_us).after_us(1);
                Step::Wait(next_look(&self.reply.body, clock.now, *due))
            }
            Phase::Waiting { .. } if is_awaited(&self.reply.body) => self.look(clock.now),
            Phase::Waiting { due, .. } if clock.now < *due => Step::Wait(*due),
            Phase::Waiting { .. } => self.come_due(clock.now),
            Phase::Playing(Playing::Plain { since, .. }) => match &mut self.reply.body {
                Body::Paced(pace) => {
                    let step = piece(pace, *since, clock.now, room, into);
                    self.note_piece(step, into)
                }
                // Only one of which nothing is sent is still in its body.
                Body::Modified(_) => self.break_now(clock.now),
                _ => Step::End,
            },
            Phase::Playing(Playing::Shaped(shaped)) => {
                let step = shaped.step(clock.now, room, into);
                self.note_piece(step, into)
            }
        }
    }

    /// Its head is due: the request comes back, unless nothing is sent.
    #[inline(always)] // for every answer that was delayed
    fn come_due(&mut self, now: Time) -> Step {
        if self.sends_nothing() {
            return self.break_now(now);
        }
        let before_us = u32::try_from(self.elapsed_us(now)).unwrap_or(u32::MAX);
        let playing = Phase::Playing(Playing::Plain { since: now, before_us });
        match std::mem::replace(&mut self.phase, playing) {
            Phase::Waiting { request, due } => {
                self.note_lateness(due, now);
                let waited = Duration::from_micros(self.reply.after_us.saturating_add(1));
                Step::Answer(request, due.before(waited))
            }
            Phase::Playing(_) => Step::End,
        }
    }

    /// The head, its moment having come; `streamed` is the length of a body that is sent back while
    /// it arrives, if known. A body that is rendered is left in [`Shared::body`]. When it has been
    /// written, that is to be [noted](Exchange::note_head).
    ///
    /// [`Shared::body`]: super::Shared::body
    #[inline(always)] // in the answer to a plain request
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
            Body::Modified(_) | Body::Awaited(_) => None,
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
        Head {
            status: self.reply.status,
            media: self.reply.media,
            headers: &self.reply.headers,
            length: length.filter(|_| shown),
            timing_us: self.reply.timed.then_some(self.reply.after_us),
            body,
        }
    }

    /// The fields after a body that comes in pieces whose length no field shows: in chunks, where
    /// the protocol has them.
    pub fn trailers(&self) -> Option<&Headers> {
        match (&self.phase, &self.reply.body) {
            (Phase::Playing(Playing::Shaped(shaped)), _) => shaped.trailers(),
            (_, Body::Paced(pace)) if pace.length.is_none() => Some(&pace.trailers),
            _ => None,
        }
    }
}

/// Asks the endpoint that was found.
#[inline(always)]
fn reply(app: &App, request: &mut Request, asked: &Asked) -> Reply {
    match &asked.found {
        Ok(found) => {
            request.params = found.params;
            let mut reply = endpoint::answer(app, found, request);
            reply.route = found.index;
            reply
        }
        Err(refusal) => endpoint::not_served(app, refusal, request),
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

#[cfg(test)]
mod tests;
