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
//! Nearly every head comes whole and sound, and is past `Head` at once. A request that waits stays
//! at the front of the input until its answer begins. Requests that were sent behind it stay there
//! as well, so their order is kept by doing nothing.

mod authority;
pub mod body;
mod ending;
mod extension;
pub mod head;
mod kept;
mod receive;
mod refusals;
pub(super) mod refused_head;
mod request_framing;
mod tokenize;
pub mod write;

use super::conn::Rest;
use super::exchange::{self, Exchange, Phase};
use super::{Cx, Next};
use crate::base::buf::Buf;
use crate::base::limits::{COPIED_BYTES, HIGH_WATER, Limits};
use crate::base::time::Time;
use crate::endpoint::{self, BodyRule, Found};
use crate::http::record::Record;
use crate::http::reply::{Messages, Refusal};
use crate::http::request::{Method, Request};
use head::{Origin, Scan};
use kept::{is_too_large, kept, whole};
use receive::Receive;
use refusals::{FULL, OVERLOADED, TOO_SLOW, too_large};

/// One HTTP/1 connection.
#[derive(Debug)]
pub struct Http1 {
    stage: Stage,
    /// Requests that may still be answered.
    left: u32,
    /// Whether no request has come yet.
    new: bool,
}

#[derive(Debug)]
enum Stage {
    /// No byte of a request is there. The record is of the last one, if its client had left before
    /// the answer was out.
    Idle { until: Time, left: Option<Box<Record>> },
    /// A part of a head is there; its lines before `scanned` are whole.
    Head { until: Time, scanned: u32 },
    /// The head is there; its body is coming.
    Body(Box<Receive>),
    /// The request is there; its answer waits or is going out.
    Play { phase: Phase, exchange: Box<Exchange> },
    /// The last answer is going out, or is out, to a client that may still be sending.
    Linger { until: Time, left: u64 },
    /// The last answer is out to a client that had left before: if it is gone altogether, its
    /// kernel says so now.
    Departed { until: Time, record: Box<Record> },
    /// The last answer is going out to a client that sends no more, or there is none.
    Close,
    /// Nothing is asked yet, and there is no room to hear it.
    Refused,
    /// The last answer hands the connection over to WebSocket.
    Upgraded(Box<Messages>),
}

impl Http1 {
    /// A connection accepted at `now`. It has as long for its first head as for any other.
    pub fn new(limits: &Limits, now: Time) -> Http1 {
        let stage = Stage::Idle { until: now.after(limits.head_timeout), left: None };
        Http1 { stage, left: limits.requests, new: true }
    }

    /// A connection that is told there is no room for it.
    pub fn refused() -> Http1 {
        Http1 { stage: Stage::Refused, left: 0, new: true }
    }

    /// Whether it is one of those.
    pub fn is_refused(&self) -> bool {
        self.new && self.left == 0
    }

    /// See [`Conn::rest`](super::conn::Conn::rest).
    pub fn rest(&self, limits: &Limits) -> Rest {
        let patience = if self.new { limits.head_timeout } else { limits.keep_alive_timeout };
        match &self.stage {
            Stage::Idle { until, left: None } => Rest::Idle(until.before(patience)),
            Stage::Linger { .. } => Rest::Lingers,
            _ => Rest::None,
        }
    }

    /// What the connection is to become, once it is no longer HTTP/1's.
    pub fn upgraded(&self) -> Option<Messages> {
        match &self.stage {
            Stage::Upgraded(messages) => Some(**messages),
            _ => None,
        }
    }

    /// Whether its answer takes time, and counts among those that do.
    pub fn delays(&self) -> bool {
        matches!(&self.stage, Stage::Play { exchange, .. } if exchange.takes_time())
    }

    /// See [`Conn::reads`](super::conn::Conn::reads).
    pub fn reads(&self) -> bool {
        !matches!(self.stage, Stage::Play { .. } | Stage::Close | Stage::Refused)
    }

    /// See [`Conn::collects`](super::conn::Conn::collects).
    pub fn collects(&self) -> bool {
        matches!(&self.stage, Stage::Body(receive) if receive.echoes())
    }

    /// A client that was slow to take an answer has its whole time after it.
    fn resume(&mut self, cx: &Cx) {
        match &mut self.stage {
            Stage::Idle { until, .. } => {
                *until = cx.now.after(cx.app.limits.keep_alive_timeout);
            }
            Stage::Body(receive) => receive.resume(cx),
            Stage::Linger { until, .. } => *until = cx.now.after(cx.app.limits.linger_timeout),
            _ => {}
        }
    }

    /// See [`proto`](super).
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        if cx.resumed {
            self.resume(cx);
        }
        loop {
            if output.len() >= HIGH_WATER {
                return Next::Write;
            }
            let next = match &mut self.stage {
                Stage::Idle { .. } => self.idle(cx, input, output),
                Stage::Head { .. } => self.head(cx, input, output),
                Stage::Body(_) => self.receive(cx, input, output),
                Stage::Play { .. } => self.play(cx, input, output),
                Stage::Linger { .. } => self.linger(cx, input),
                Stage::Departed { .. } => self.departed(cx, input),
                Stage::Close => Some(Next::Close),
                Stage::Refused => self.last_word(cx, &FULL, b"", cx.now, output),
                Stage::Upgraded(_) => Some(Next::Write),
            };
            if let Some(next) = next {
                return next;
            }
        }
    }

    /// Goes to a stage, which then says what comes next.
    fn to(&mut self, stage: Stage) -> Option<Next> {
        self.stage = stage;
        None
    }

    /// Between two requests: a first byte begins the next. Empty lines do not (RFC 9112 2.2), or a
    /// client that ends its bodies with one would be told that its next request came too slowly.
    ///
    /// Nearly every head comes whole and sound, and is understood without being scanned first,
    /// which would take a tenth more instructions. Any other is not touched, and goes to the
    /// next stage, which finds out what is missing or wrong.
    fn idle(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Idle { until, left } = &mut self.stage else { return None };
        let until = *until;
        input.consume(head::blank_lines(input.unread()));
        match input.unread() {
            [] | [b'\r'] if cx.ended || cx.draining || cx.now >= until => {
                let left = left.take();
                self.close_idle(cx, until, left)
            }
            [] | [b'\r'] => Some(Next::Read(until)),
            _ => {
                if let Some(record) = left.take() {
                    exchange::settle(cx, record, false);
                }
                self.request(cx, input, output, false).unwrap_or_else(|_| {
                    let until = cx.now.after(cx.app.limits.head_timeout);
                    self.to(Stage::Head { until, scanned: 0 })
                })
            }
        }
    }

    fn head(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Head { until, scanned } = self.stage else { return None };
        match head::scan(input.unread(), scanned as usize, &cx.app.limits) {
            Ok(Scan::End(_)) => self
                .request(cx, input, output, true)
                .unwrap_or_else(|refusal| self.refuse(cx, &refusal, input, output)),
            Ok(Scan::More(scanned)) => match head::is_begun(input.unread(), &cx.app.limits) {
                Err(refusal) => self.refuse(cx, &refusal, input, output),
                Ok(()) if cx.ended => self.to(Stage::Close),
                Ok(()) if cx.now >= until => self.refuse(cx, &TOO_SLOW, input, output),
                Ok(()) => {
                    self.stage = Stage::Head { until, scanned: scanned as u32 };
                    Some(Next::Read(until))
                }
            },
            Err(refusal) => self.refuse(cx, &refusal, input, output),
        }
    }

    /// If the head, `scanned` before or not, is understood, finds out who answers, and whether the
    /// body must be waited for. If not, nothing has happened.
    fn request(
        &mut self,
        cx: &mut Cx,
        input: &mut Buf,
        output: &mut Buf,
        scanned: bool,
    ) -> Result<Option<Next>, Refusal> {
        let (mut slots, limits, origin) = (head::FieldTable::empty(), &cx.app.limits, origin(cx));
        let mut head = match scanned {
            true => head::parse(input.unread(), &mut slots, limits, origin)?,
            false => head::parse_unscanned(input.unread(), &mut slots, limits, origin)?,
        };
        self.new = false;
        self.left = if self.left == u32::MAX { self.left } else { self.left.saturating_sub(1) };
        head.keep_alive &= self.left > 0;
        let found = endpoint::find(cx.app, &head.request.target, head.request.method);
        let rule = found
            .as_ref()
            .map_or(BodyRule::Discard, |found| found.route.body_of(cx.app.profile, &head.request));
        Ok(match whole(&head, input.unread()) {
            _ if rule == BodyRule::Keep && is_too_large(&head, cx) => {
                self.refuse(cx, &too_large(&cx.app.limits), input, output)
            }
            Some(bytes) if rule != BodyRule::Stream || bytes < COPIED_BYTES => {
                let request = &mut head.request;
                request.body = input.unread().get(head.bytes..bytes).unwrap_or_default();
                request.body_bytes = request.body.len() as u64;
                let begun = begin(cx, found, request, head.keep_alive, output.tail());
                self.begun(cx, begun, bytes, input, output)
            }
            _ => match Receive::begin(cx, head, found, rule, input.unread(), output) {
                Ok((receive, head)) => {
                    input.consume(head);
                    self.to(Stage::Body(receive))
                }
                Err(refusal) => self.refuse(cx, &refusal, input, output),
            },
        })
    }

    /// The answer to the request of the first `bytes` of input has begun, or is to wait.
    fn begun(
        &mut self,
        cx: &mut Cx,
        begun: Begun,
        bytes: usize,
        input: &mut Buf,
        output: &mut Buf,
    ) -> Option<Next> {
        match begun {
            Begun::Waits(mut exchange) => {
                *cx.delayed += 1;
                exchange.request_bytes = bytes as u32;
                self.to(Stage::Play { phase: Phase::New, exchange })
            }
            Begun::Plays(mut exchange) => {
                input.consume(bytes);
                let next = exchange.play(cx, cx.now, output.tail());
                match next {
                    None => self.end(cx, exchange, input),
                    Some(_) => {
                        let (phase, exchange) = (Phase::Playing(cx.now), Box::new(exchange));
                        self.stage = Stage::Play { phase, exchange };
                    }
                }
                next
            }
        }
    }

    fn receive(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Body(receive) = &mut self.stage else { return None };
        let began = receive.began();
        match receive.step(cx, input, output) {
            Ok(receive::Step::Wait(next)) => Some(next),
            Ok(receive::Step::Answer { head, body, content }) => {
                input.prepend(&[&head, &body]);
                let bytes = head.len() + body.len();
                self.received(cx, began, bytes, content, input, output)
            }
            Ok(receive::Step::Echoed(exchange)) => {
                self.end(cx, exchange, input);
                None
            }
            Err(receive::Fault::Refused(refusal)) => {
                let head = receive.take_head();
                self.last_word(cx, &refusal, &head, began, output)
            }
            Err(receive::Fault::Broken) => {
                if let Stage::Body(receive) = std::mem::replace(&mut self.stage, Stage::Close) {
                    receive.cut(cx);
                }
                None
            }
            Err(receive::Fault::Gone) => {
                self.abandon(cx);
                None
            }
        }
    }

    /// A request whose body of `content` bytes came by itself stands at the front of the input: its
    /// head, and then its body without transfer coding, if it was kept.
    fn received(
        &mut self,
        cx: &mut Cx,
        began: Time,
        bytes: usize,
        content: u64,
        input: &mut Buf,
        output: &mut Buf,
    ) -> Option<Next> {
        let (mut slots, unread) = (head::FieldTable::empty(), input.unread());
        let Some((mut request, keep_alive)) =
            kept(unread, bytes, &cx.app.limits, origin(cx), &mut slots)
        else {
            return self.to(Stage::Close);
        };
        request.body_bytes = content;
        let found = endpoint::find(cx.app, &request.target, request.method);
        let keep_alive = keep_alive && self.left > 0;
        let begun = begin(cx, found, &mut request, keep_alive, output.tail()).since(began);
        self.begun(cx, begun, bytes, input, output)
    }

    fn play(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let Stage::Play { phase, exchange } = &mut self.stage else { return None };
        match *phase {
            Phase::New if !cx.fresh => return Some(Next::Now),
            Phase::New => *phase = Phase::Waiting(exchange.due(cx)),
            Phase::Waiting(until) if cx.now < until => {
                if cx.leaving {
                    exchange.leave(cx);
                }
                return Some(Next::Sleep(until));
            }
            Phase::Waiting(_) => {
                let bytes = exchange.request_bytes as usize;
                let (mut slots, unread) = (head::FieldTable::empty(), input.unread());
                let Some((mut request, _)) =
                    kept(unread, bytes, &cx.app.limits, origin(cx), &mut slots)
                else {
                    *cx.delayed = cx.delayed.saturating_sub(1);
                    return self.to(Stage::Close);
                };
                request.seed = cx.random.next_u64();
                exchange.begin(cx, &request, Some(request.body.len() as u64), output.tail());
                input.consume(bytes);
                *phase = Phase::Playing(cx.now);
            }
            Phase::Playing(started) => match exchange.play(cx, started, output.tail()) {
                Some(next) => return Some(next),
                None => self.ended(cx, input),
            },
        }
        None
    }

    /// The exchange being played is over.
    fn ended(&mut self, cx: &mut Cx, input: &Buf) {
        if let Stage::Play { exchange, .. } = std::mem::replace(&mut self.stage, Stage::Close) {
            *cx.delayed = cx.delayed.saturating_sub(usize::from(exchange.takes_time()));
            self.end(cx, *exchange, input);
        }
    }
}

/// What has become of a request.
#[derive(Debug)]
enum Begun {
    /// Its answer waits; it must be kept until then.
    Waits(Box<Exchange>),
    /// Its answer's head is out.
    Plays(Exchange),
}

impl Begun {
    /// The same of a request that began earlier: before its body had come.
    fn since(mut self, began: Time) -> Begun {
        match &mut self {
            Begun::Waits(exchange) => exchange.since(began),
            Begun::Plays(exchange) => exchange.since(began),
        }
        self
    }
}

/// Asks the endpoint, and begins the answer if it is to begin at once.
fn begin(
    cx: &mut Cx,
    found: Result<Found, Refusal>,
    request: &mut Request,
    keep_alive: bool,
    output: &mut Vec<u8>,
) -> Begun {
    let reply = match found {
        Ok(found) => {
            (request.params, request.seed) = (found.params, cx.random.next_u64());
            endpoint::answer(cx.app, &found, request)
        }
        Err(refusal) => endpoint::not_served(cx.app, &refusal, request),
    };
    let mut exchange = Exchange::new(cx, reply, request, keep_alive);
    // What comes behind it may be meant for the tunnel already.
    exchange.last(request.method == Method::Connect);
    if exchange.takes_time() {
        if *cx.delayed < cx.app.limits.delayed {
            return Begun::Waits(Box::new(exchange));
        }
        exchange = Exchange::refused(cx, &OVERLOADED, request, keep_alive);
        exchange.last(true);
    }
    exchange.begin(cx, request, Some(request.body.len() as u64), output);
    Begun::Plays(exchange)
}

fn origin<'a>(cx: &Cx<'a>) -> Origin<'a> {
    Origin {
        peer: cx.peer,
        local: cx.local,
        unix_us: cx.unix_start_us.saturating_add(cx.now.micros()),
    }
}
