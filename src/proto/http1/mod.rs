//! HTTP/1.0 and HTTP/1.1 (RFC 9112): the life of a connection.
//!
//! ```text
//!       first byte        whole head           whole body           last byte out
//!  Idle ───────────▶ Head ───────────▶ Body ───────────────▶ Play ────────────────▶ Idle
//!                     │ └─ no body, or all of it is there ────▲│
//!                     │                │                       │
//!                     │ malformed, too long, too slow          │ the last answer
//!                     └────────────────┴───────▶ Linger ◀──────┘
//!                                                  └──▶ Close
//! ```
//!
//! Modifiers may reset the connection, which then is no HTTP any more, or end it unannounced after
//! an answer (`Doomed`).
//!
//! Nearly every head arrives complete and valid, and is past `Head` at once. A request that waits
//! is parked in an allocation of its own. Requests that were sent behind it stay in the input, so
//! they are answered in order.

pub(in crate::proto) mod authority;
pub mod body;
mod chunk_extension;
pub(super) mod encode;
mod ending;
mod h2c;
pub mod head;
mod modified;
mod play;
mod refused_head;
mod request_body;
mod request_framing;
mod sniff;
pub mod tokenize;

use std::borrow::Cow;

pub(super) use modified::head as modified_head;

use super::canned_errors::{TOO_SLOW, too_large};
use super::exchange::{Admission, Exchange, Opened};
use super::intake::{Taken, TakenRequest};
use super::modify::{self, Asked};
use super::{Cx, Ends, Event, Evictable, Next, Standing};
use crate::base::buf::Buf;
use crate::base::limits::{HIGH_WATER, Limits};
use crate::base::time::Time;
use crate::endpoint::{self, BodyRule};
use crate::http::metrics::ConnectionState;
use crate::http::record::Record;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Request, Version};
use encode::{Closing, ResponseTerms};
use head::{FieldTable, Head, Length, Origin, Scan};
use request_body::{RequestBody, Step, complete_bytes, is_too_large, take_body};

/// One HTTP/1 connection.
#[derive(Debug)]
pub struct Http1 {
    stage: Stage,
    /// Requests that may still be answered.
    requests_left: u32,
    /// Whether no request has come yet.
    first_request: bool,
    /// How the current request is answered.
    terms: ResponseTerms,
    /// The record of the last exchange whose client had closed its side before the answer was out:
    /// whether it is gone shows only later.
    unconfirmed: Option<Box<Record>>,
}

#[derive(Debug)]
enum Stage {
    /// No byte of a request is there, since the last answer was out or the connection accepted.
    Idle { since: Time },
    /// The same, after an answer that asked for an end of the connection.
    Doomed(Box<Doom>),
    /// A part of a head is there; its lines before `scanned` are complete.
    Head { until: Time, scanned: u32 },
    /// The head is there; its body is arriving.
    Body(Box<RequestBody>),
    /// The request is there; its answer waits or is being sent.
    Play(Box<Exchange>),
    /// The last answer is being sent, or was, to a client that may still be sending.
    Linger { until: Time, left: u32 },
    /// The same, to a client that sends no more, or there is none.
    Close,
    /// It is out, and an exchange is unconfirmed: if its client is gone, its kernel resets the
    /// connection now.
    Departed { until: Time },
}

/// The end of an idle connection that the last answer asked for.
#[derive(Debug)]
struct Doom {
    /// When the answer was out; [`Time::NEVER`] until a clock has been read after it.
    since: Time,
    /// How long after that the connection is closed, unannounced, in microseconds.
    idle_us: u64,
}

impl Http1 {
    /// A connection accepted at `now`. It has as long for its first head as for any other.
    pub fn new(limits: &Limits, now: Time) -> Http1 {
        Http1 {
            stage: Stage::Idle { since: now },
            requests_left: limits.requests,
            first_request: true,
            terms: ResponseTerms { version: Version::Http11, closing: Closing::KeptAlive },
            unconfirmed: None,
        }
    }

    /// See [`Standing`].
    #[inline(always)] // twice a turn
    pub fn standing(&self) -> Standing {
        let reads = Standing::READS;
        match &self.stage {
            Stage::Idle { since } if self.unconfirmed.is_none() => {
                let (state, evictable) = (ConnectionState::Idle, Evictable::IdleSince(*since));
                Standing { state, evictable, ..reads }
            }
            Stage::Doomed(doom) if self.unconfirmed.is_none() => {
                let evictable = Evictable::IdleSince(doom.since);
                Standing { state: ConnectionState::Idle, evictable, ..reads }
            }
            Stage::Idle { .. } | Stage::Doomed(_) => {
                Standing { state: ConnectionState::Idle, ..reads }
            }
            Stage::Head { .. } => Standing { state: ConnectionState::Reading, ..reads },
            Stage::Departed { .. } => Standing { state: ConnectionState::Closing, ..reads },
            Stage::Body(body) => Standing {
                state: at_work(body.is_slow()),
                reads: !body.is_held(),
                collects: body.streams(),
                splice_budget: body.splice_budget(),
                delayed: body.is_slow().into(),
                ..reads
            },
            Stage::Play(exchange) => {
                let slow = exchange.takes_time();
                let (state, delayed) = (at_work(slow), slow.into());
                Standing { state, reads: false, delayed, ..reads }
            }
            Stage::Linger { .. } => {
                let (state, evictable) = (ConnectionState::Closing, Evictable::Lingers);
                Standing { state, evictable, ..reads }
            }
            Stage::Close => Standing { state: ConnectionState::Closing, reads: false, ..reads },
        }
    }

    /// See [`proto`](super).
    #[inline(always)]
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        if cx.edge.event != Event::None {
            self.on_event(cx, input, output);
        }
        loop {
            if output.len() >= HIGH_WATER {
                return Next::Write;
            }
            let next = match &mut self.stage {
                Stage::Idle { .. } | Stage::Doomed(_) => self.idle(cx, input, output),
                Stage::Head { .. } => self.head(cx, input, output),
                Stage::Body(_) => self.body(cx, input, output),
                Stage::Play(_) => self.play(cx, input, output),
                Stage::Linger { .. } => self.linger(cx, input),
                Stage::Close if self.unconfirmed.is_none() => Some(Next::Close),
                Stage::Close | Stage::Departed { .. } => self.departed(cx, input),
            };
            if let Some(next) = next {
                return next;
            }
        }
    }

    /// Goes to a stage, which then decides what comes next.
    fn to(&mut self, stage: Stage) -> Option<Next> {
        self.stage = stage;
        None
    }

    /// Between two requests: a first byte begins the next. Empty lines do not (RFC 9112 2.2), or a
    /// client that ends its bodies with one would be answered that its next request is too slow.
    ///
    /// Nearly every head arrives complete and valid, and is parsed without being scanned first,
    /// which would take a tenth more instructions. Any other is not touched, and goes to the next
    /// stage, which finds out what is missing or wrong.
    fn idle(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let limits = &cx.app.limits;
        let patience =
            if self.first_request { limits.head_timeout } else { limits.keep_alive_timeout };
        let (since, until) = match &self.stage {
            Stage::Idle { since } => (*since, since.after(patience)),
            Stage::Doomed(doom) => (doom.since, doom.since.after_us(doom.idle_us)),
            _ => return None,
        };
        let until = until.min(cx.worker.idle_until);
        input.consume(head::blank_lines(input.unread()));
        match input.unread() {
            [] | [b'\r'] if since == Time::NEVER => self.start_doom(cx),
            [] | [b'\r'] if cx.edge.read_eof || cx.clock.now >= until => self.close_idle(cx),
            [] | [b'\r'] => Some(Next::Read(until)),
            _ => self.request(cx, input, output, false).unwrap_or_else(|_| {
                let until = cx.clock.now.after(cx.app.limits.head_timeout);
                self.to(Stage::Head { until, scanned: 0 })
            }),
        }
    }

    fn head(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Head { until, scanned } = self.stage else { return None };
        let sniffed = self.sniff(cx, input.unread(), until);
        if sniffed.is_some() {
            return sniffed;
        }
        match head::scan(input.unread(), scanned as usize, &cx.app.limits) {
            Ok(Scan::End(_)) => self
                .request(cx, input, output, true)
                .unwrap_or_else(|refusal| self.refuse(cx, &refusal, input, output)),
            Ok(Scan::More(scanned)) => match head::check_start(input.unread(), &cx.app.limits) {
                Err(refusal) => self.refuse(cx, &refusal, input, output),
                Ok(()) if cx.edge.read_eof => self.abandon_head(cx, input),
                Ok(()) if cx.clock.now >= until => self.refuse(cx, &TOO_SLOW, input, output),
                Ok(()) => {
                    self.stage = Stage::Head { until, scanned: scanned as u32 };
                    Some(Next::Read(until))
                }
            },
            Err(refusal) => self.refuse(cx, &refusal, input, output),
        }
    }

    /// Parses the head, `scanned` before or not, finds its route, and answers, unless the body must
    /// be waited for. On an error the state is unchanged.
    fn request(
        &mut self,
        cx: &mut Cx,
        input: &mut Buf,
        output: &mut Buf,
        scanned: bool,
    ) -> Result<Option<Next>, Refusal> {
        let mut table = FieldTable::empty();
        let mut parsed = parse(cx, input.unread(), &mut table, scanned);
        // Borrowed, as a head is large to move.
        let Ok(head) = &mut parsed else { return parsed.map(|_| None) };
        self.accept(head);
        if let Some(change) = h2c::upgrade(cx, head, self.requests_left, output) {
            let bytes = head.bytes;
            input.consume(bytes);
            return Ok(Some(change));
        }
        let mut asked = find(cx, head);
        let rule = asked.body_rule(cx.app, &head.request);
        let Some(bytes) = complete_bytes(cx, head, &asked, rule, input.unread()) else {
            let bytes = self.receive(cx, head, asked, rule, input, output);
            input.consume(bytes);
            return Ok(None);
        };
        let bytes = take_body(head, input.unread(), bytes);
        let exchange = self.open(cx, &mut head.request, &mut asked, bytes.into(), None, output);
        let bytes = bytes.len();
        input.consume(bytes);
        Ok(self.begin(cx, exchange, input, output))
    }

    /// Begins to take a body that is not there to its end, or is to be streamed; or refuses it.
    /// Returns how many bytes of input that took.
    fn receive(
        &mut self,
        cx: &mut Cx,
        head: &mut Head,
        asked: Asked,
        rule: BodyRule,
        input: &Buf,
        output: &mut Buf,
    ) -> usize {
        let (head_bytes, bytes) = (head.bytes, input.unread());
        let body = match rule {
            BodyRule::Keep if is_too_large(head, cx) => Err(too_large(&cx.app.limits)),
            _ => RequestBody::begin(cx, &mut self.terms, head, asked, rule, bytes, output),
        };
        match body {
            Ok(body) => {
                self.stage = Stage::Body(body);
                head_bytes
            }
            Err(refusal) => {
                self.refuse(cx, &refusal, input, output);
                0
            }
        }
    }

    /// Counts a request, and notes how it is answered.
    fn accept(&mut self, head: &Head) {
        self.first_request = false;
        if self.requests_left != u32::MAX {
            self.requests_left = self.requests_left.saturating_sub(1);
        }
        let closing = match head.request.method {
            _ if self.requests_left == 0 => Closing::ByUs,
            _ if !head.keep_alive => Closing::ByClient,
            // What comes behind it may be tunnel data.
            Method::Connect => Closing::ByUs,
            _ => Closing::KeptAlive,
        };
        self.terms = ResponseTerms { version: head.request.version, closing };
    }

    /// Opens the exchange of a request, whose head may have come before its body, and answers it,
    /// unless it is to wait: then it keeps `bytes`, the head and what was kept of the body.
    #[inline(always)] // in the answer to a plain request
    fn open(
        &mut self,
        cx: &mut Cx,
        request: &mut Request,
        asked: &mut Asked,
        bytes: Cow<[u8]>,
        began: Option<Time>,
        output: &mut Buf,
    ) -> Exchange {
        let Opened { mut exchange, admission } = Exchange::open(cx, request, asked);
        if let Some(began) = began {
            exchange.began(cx, began);
        }
        if admission == Admission::Overloaded {
            self.terms.close();
        }
        if let Some(plan) = exchange.plan() {
            modified::hint(plan, output.tail());
        }
        if admission == Admission::Delayed {
            exchange.park(bytes, request);
        } else {
            let length = Some(request.body.len() as u64);
            play::answer(&mut exchange, &mut self.terms, cx, request, length, output.tail());
        }
        exchange
    }

    /// Plays an exchange whose request has been consumed. One that cannot be finished now is kept.
    fn begin(
        &mut self,
        cx: &mut Cx,
        mut exchange: Exchange,
        input: &Buf,
        output: &mut Buf,
    ) -> Option<Next> {
        if exchange.waits() {
            return self.to(Stage::Play(Box::new(exchange)));
        }
        match play::rest(&mut exchange, &mut self.terms, cx, output.tail()) {
            None => self.finish(cx, exchange, input),
            next => {
                self.stage = Stage::Play(Box::new(exchange));
                next
            }
        }
    }

    fn body(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Body(body) = &mut self.stage else { return None };
        let step = match body.step(cx, input, output) {
            Ok(Step::Wait(_)) if body.is_abandoned(cx) => Ok(Step::Gone),
            Ok(Step::Wait(next)) => return Some(next),
            step => step,
        };
        let Stage::Body(body) = std::mem::replace(&mut self.stage, Stage::Close) else {
            return None;
        };
        match (step, body.end()) {
            (Ok(Step::Done), Taken::Answer(exchange)) => self.finish(cx, exchange, input),
            (Ok(Step::Done), Taken::Request(taken)) => self.complete(cx, taken, input, output),
            (Ok(Step::Broken(kind)), taken) => self.break_off_body(cx, taken, kind),
            (Ok(_), taken) => self.abandon_body(cx, taken),
            (Err(refusal), taken) => self.refuse_body(cx, &refusal, taken, output),
        }
    }

    /// Answers a request whose body arrived by itself.
    fn complete(
        &mut self,
        cx: &mut Cx,
        mut taken: TakenRequest,
        input: &Buf,
        output: &mut Buf,
    ) -> Option<Next> {
        taken.append_hash();
        let plan = taken.plan.take();
        let mut table = FieldTable::empty();
        let mut request = head::reparse(&taken.bytes, &mut table, origin(cx, cx.clock.now))?;
        taken.complete(&mut request);
        let mut asked = modify::again(cx, &request, plan);
        let (bytes, began) = (Cow::Borrowed(&taken.bytes[..]), Some(taken.began));
        let exchange = self.open(cx, &mut request, &mut asked, bytes, began, output);
        self.begin(cx, exchange, input, output)
    }

    fn play(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Play(exchange) = &mut self.stage else { return None };
        match play::play(exchange, &mut self.terms, cx, output.tail()) {
            Some(next) if cx.edge.eof_reported => return self.half_closed(cx, next, input),
            Some(next) => return Some(next),
            None => {}
        }
        match std::mem::replace(&mut self.stage, Stage::Close) {
            Stage::Play(exchange) => self.finish(cx, *exchange, input),
            _ => None,
        }
    }
}

/// The state of a connection that serves a request, which takes time or not.
fn at_work(slow: bool) -> ConnectionState {
    if slow { ConnectionState::Delayed } else { ConnectionState::Active }
}

/// Parses a head, which has been scanned before or not.
fn parse<'a>(
    cx: &Cx<'a>,
    bytes: &'a [u8],
    table: &'a mut FieldTable<'a>,
    scanned: bool,
) -> Result<Head<'a>, Refusal> {
    let (limits, origin) = (&cx.app.limits, origin(cx, cx.clock.now));
    match scanned {
        true => head::parse(bytes, table, limits, origin),
        false => head::parse_unscanned(bytes, table, limits, origin),
    }
}

/// The route of a request, and what modifiers do to its answer.
#[inline(always)]
fn find(cx: &mut Cx, head: &Head) -> Asked {
    let Request { target, method, .. } = &head.request;
    let mut asked = Asked::plain(endpoint::find(cx.app, target, *method));
    modify::plan(cx, &head.request, &mut asked, head.body != Length::Exact(0));
    asked
}

/// What the connection adds to a request that arrived then.
pub(super) fn origin<'a>(cx: &Cx<'a>, arrived: Time) -> Origin<'a> {
    let unix_us = cx.worker.date_header.unix_start_us().saturating_add(arrived.micros());
    let modifiers = cx.app.modifiers;
    let Ends { peer, local, secure: tls, proxy, .. } = cx.ends;
    Origin { peer, local, tls, proxy, unix_us, modifiers }
}
