//! An answer that modifiers change: its head, the pieces of its body in time, and how it breaks.

use super::{Break, Ending, Exchange, Head, Phase, Playing, Step};
use crate::base::limits::{GARBAGE_BYTES, PACE_TICK};
use crate::base::random::Random;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::headers::Headers;
use crate::http::modifiers::plan::{FaultKind, Frame, Plan};
use crate::http::modifiers::shape::{Due, Shape};
use crate::http::pace::Pace;
use crate::http::reply::{Body, Modified};
use crate::http::request::{Method, Request};

/// An answer that modifiers play. Its moments count from when its head was due.
#[derive(Debug)]
pub(super) struct Shaped {
    plan: Plan,
    since: Time,
    /// Microseconds from the head of the request until then.
    before_us: u64,
    /// The head without its status line, while that is alone.
    rest_of_head: Vec<u8>,
    /// The body; none for an answer that has none, or that breaks before its head.
    shape: Option<Shape>,
    /// Whether the body is sent in chunks.
    chunked: bool,
    /// Whether it takes time.
    slow: bool,
    /// Whether it is a WebSocket handshake: a fault breaks the messages, not the answer.
    converses: bool,
    /// Whether the bytes of a fault are sent.
    spoiled: bool,
    /// When its silence ends.
    silent_until: Option<Time>,
    /// How it is broken, once it is.
    broken: Option<Break>,
}

/// A modified head: what the protocol writes it from.
#[derive(Debug)]
pub struct ModifiedHead<'a> {
    /// The head; no body follows it at once.
    pub head: Head<'a>,
    /// What else to do to it. A fault that is impossible for this answer is left out.
    pub plan: &'a Plan,
}

const NO_TRAILERS: Headers = Headers::EMPTY;
/// What has the place of a chunk size (RFC 9112 7.1).
const BAD_CHUNK: &[u8] = b"loiter\r\n";

impl Exchange {
    /// Whether nothing of the answer is sent.
    pub fn sends_nothing(&self) -> bool {
        self.plan().is_some_and(Plan::sends_nothing) && !self.upgrades()
    }

    /// Whether it is silent until its client leaves.
    pub fn is_silent(&self) -> bool {
        match &self.phase {
            Phase::Playing(Playing::Shaped(shaped)) => shaped.silent_until.is_some(),
            _ => false,
        }
    }

    /// Ends its silence, if it is silent; returns whether it was. One that watches the journal ends
    /// soon by itself.
    pub fn end_silence(&mut self) -> bool {
        self.stop_watching();
        match &mut self.phase {
            Phase::Playing(Playing::Shaped(shaped)) if shaped.silent_until.is_some() => {
                shaped.broken = Some(Break::Close);
                true
            }
            _ => false,
        }
    }

    /// Breaks an answer of which nothing is sent, its moment having come.
    pub(super) fn break_now(&mut self, now: Time) -> Step {
        let body = std::mem::replace(&mut self.reply.body, Body::Empty);
        let Body::Modified(modified) = body else { return Step::End };
        self.show(&modified.plan);
        let mut shaped = Shaped::new(modified.plan, None, now);
        shaped.before_us = self.elapsed_us(now);
        let step = shaped.break_off(now);
        self.phase = Phase::Playing(Playing::Shaped(Box::new(shaped)));
        step
    }

    /// The head of a modified answer, its moment having come; see [`head`](Exchange::head).
    pub fn modified_head<'a>(
        &'a mut self,
        app: &App,
        request: &Request,
        now: Time,
        rendered: &mut Vec<u8>,
    ) -> Option<ModifiedHead<'a>> {
        let body = std::mem::replace(&mut self.reply.body, Body::Empty);
        let Body::Modified(modified) = body else { return None };
        let Modified { mut plan, body } = *modified;
        let head_only = request.method == Method::Head;
        let sized = !head_only || app.compat.head_length || self.reply.sized;
        let has_body = !head_only && self.reply.status.allows_body();
        let converses = matches!(body, Body::WebSocket(_));
        if !has_body && !converses {
            plan.spare_body();
        }
        let mut shape = match body {
            Body::WebSocket(limits) => {
                self.reply.body = Body::WebSocket(limits);
                None
            }
            body => Some(content(body, app, request, rendered).shape(&plan)),
        };
        let frame = plan.framing(request.version);
        let length = match (&shape, frame) {
            (None, _) => Some(0),
            (Some(_), Some(Frame::Chunked | Frame::Close)) => None,
            (Some(shape), Some(Frame::Length)) => Some(shape.measure()),
            (Some(shape), None) => shape.length(),
        };
        shape = shape.filter(|_| has_body);
        plan.cut_rate(length);
        self.show(&plan);
        let mut shaped = Shaped::new(plan, shape, now);
        shaped.before_us = self.elapsed_us(now);
        shaped.converses = converses;
        shaped.chunked = has_body && length.is_none() && frame != Some(Frame::Close);
        self.phase = Phase::Playing(Playing::Shaped(Box::new(shaped)));
        let Phase::Playing(Playing::Shaped(shaped)) = &self.phase else { return None };
        let head = Head {
            status: self.reply.status,
            media: self.reply.media,
            headers: &self.reply.headers,
            length: length.filter(|_| sized),
            timing_us: Some(self.reply.after_us).filter(|us| *us > 0 || self.reply.timed),
            body: &[],
        };
        Some(ModifiedHead { head, plan: &shaped.plan })
    }

    /// Sends the rest of the head by itself, the status line having been sent.
    pub fn hold_rest_of_head(&mut self, rest: Vec<u8>) {
        if let Phase::Playing(Playing::Shaped(shaped)) = &mut self.phase {
            shaped.rest_of_head = rest;
        }
    }
}

/// The body to be sent under a plan.
enum Content {
    Whole(Vec<u8>),
    Paced(Box<Pace>),
}

impl Content {
    fn shape(self, plan: &Plan) -> Shape {
        match self {
            Content::Whole(bytes) => Shape::whole(bytes, plan),
            Content::Paced(pace) => Shape::paced(pace, plan),
        }
    }
}

fn content(body: Body, app: &App, request: &Request, rendered: &mut Vec<u8>) -> Content {
    match body {
        Body::Paced(pace) => Content::Paced(pace),
        Body::Whole(bytes) => Content::Whole(bytes.into_owned()),
        Body::Echo => Content::Whole(request.body.to_vec()),
        Body::Render(render) => {
            render(app, request, rendered);
            Content::Whole(std::mem::take(rendered))
        }
        Body::Empty | Body::WebSocket(_) | Body::Awaited(_) | Body::Modified(_) => {
            Content::Whole(Vec::new())
        }
    }
}

impl Shaped {
    fn new(plan: Plan, shape: Option<Shape>, since: Time) -> Shaped {
        let paced = shape.as_ref().and_then(Shape::pace).is_some_and(|pace| pace.span_us > 0);
        let slow = paced || plan.takes_time();
        let rest_of_head = Vec::new();
        let (chunked, converses, spoiled) = (false, false, false);
        let (silent_until, broken) = (None, None);
        Shaped {
            plan,
            since,
            before_us: 0,
            rest_of_head,
            shape,
            chunked,
            slow,
            converses,
            spoiled,
            silent_until,
            broken,
        }
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Since when it is played, and how many microseconds before the head of its request came.
    pub(super) fn began(&self) -> (Time, u64) {
        (self.since, self.before_us)
    }

    pub(super) fn takes_time(&self) -> bool {
        self.slow
    }

    pub(super) fn ending(&self) -> Ending {
        match (self.broken, self.plan.idle_us) {
            (Some(kind), _) => Ending::Broken(kind),
            (None, Some(idle_us)) => Ending::Idle(idle_us),
            (None, None) => Ending::Usual,
        }
    }

    /// The plan, for what comes after the answer.
    pub(super) fn take_plan(&mut self) -> Plan {
        std::mem::take(&mut self.plan)
    }

    /// See [`Exchange::trailers`].
    pub(super) fn trailers(&self) -> Option<&Headers> {
        let own = self.shape.as_ref().and_then(Shape::pace).map(|pace| &pace.trailers);
        self.chunked.then(|| own.unwrap_or(&NO_TRAILERS))
    }

    /// See [`Exchange::step`].
    pub(super) fn step(&mut self, now: Time, room: usize, into: &mut Vec<u8>) -> Step {
        let elapsed_us = now.since(self.since).as_micros() as u64;
        if !self.rest_of_head.is_empty() {
            return match elapsed_us < self.plan.head_us {
                true => Step::Wait(self.since.after_us(self.plan.head_us)),
                false => Step::Raw(std::mem::take(&mut self.rest_of_head)),
            };
        }
        let due = self.shape.as_mut().map_or(Due::End, |shape| shape.due(elapsed_us));
        match (due, &mut self.shape) {
            (Due::At(due_us), _) if due_us > elapsed_us => {
                Step::Wait(self.since.after_us(due_us).max(now.after(PACE_TICK)))
            }
            (Due::At(_), _) if room == 0 => Step::Room,
            (Due::At(_), Some(shape)) => {
                let before = into.len();
                shape.send(elapsed_us, into);
                Step::Data(into.len() - before)
            }
            _ => self.break_off(now),
        }
    }

    /// What a fault does now that nothing more of the body is sent; without one it is complete.
    fn break_off(&mut self, now: Time) -> Step {
        let Some(fault) = self.plan.fault.filter(|_| !self.converses) else { return Step::End };
        match fault.kind {
            FaultKind::Reset | FaultKind::Abort => self.end(Break::Reset),
            FaultKind::Hang | FaultKind::Stall => {
                let end = now.after_us(self.plan.silence_us);
                let until = *self.silent_until.get_or_insert(end);
                if now < until { Step::Wait(until) } else { self.end(Break::Close) }
            }
            FaultKind::BadChunk | FaultKind::Garbage | FaultKind::Extra(_) if !self.spoiled => {
                self.spoiled = true;
                Step::Raw(spoilt(fault.kind, self.plan.seed))
            }
            // The rest of the answer is sound, and the connection is closed after it. A code is for
            // WebSocket alone.
            FaultKind::BadHead
            | FaultKind::WsClose(_)
            | FaultKind::BadEvent
            | FaultKind::ErrorEvent => Step::End,
            _ => self.end(Break::Close),
        }
    }

    fn end(&mut self, kind: Break) -> Step {
        self.broken = Some(kind);
        Step::Break
    }
}

/// The bytes that a fault sends.
fn spoilt(kind: FaultKind, seed: u64) -> Vec<u8> {
    match kind {
        FaultKind::BadChunk => BAD_CHUNK.to_vec(),
        FaultKind::Extra(bytes) => vec![b'x'; bytes as usize],
        _ => garbage(seed),
    }
}

/// Random bytes in place of an answer.
pub fn garbage(seed: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    Random::new(seed).fill(&mut bytes, GARBAGE_BYTES);
    bytes
}
