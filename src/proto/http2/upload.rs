//! Takes the bodies of requests, at the pace that the [`Intake`] allows.

use super::active::{Active, Then, Work};
use super::answer::Left;
use super::frame::{self, ErrorCode, Head as Frame, flags};
use super::guard::{ConnectionError, error};
use super::hpack::decoded::Decoded;
use super::open::To;
use super::request::Head;
use super::streams::{List, State};
use super::{Http2, INITIAL_WINDOW, request, tunnel};
use crate::base::buf::Buf;
use crate::base::limits::CONNECTION_WINDOW;
use crate::base::time::Time;
use crate::endpoint::BodyRule;
use crate::http::modifiers::ReadSpeed;
use crate::http::modifiers::plan::FaultKind;
use crate::http::reply::Refusal;
use crate::http::status::Status;
use crate::proto::canned_errors::{NO_MEMORY, OVERLOADED, too_large};
use crate::proto::exchange::{self, Admission, Exchange, Opened};
use crate::proto::http2::request::FieldTable;
use crate::proto::intake::{Allowance, Intake, Sink, Taken, TakenRequest};
use crate::proto::modify::{self, Asked};
use crate::proto::{Cx, http1};

type Result<T> = std::result::Result<T, ConnectionError>;

/// What a body needs next.
enum Next {
    /// More of it, until then.
    More(Time),
    /// A clock read after its head.
    Clock,
    /// This moment.
    Wait(Time),
    /// Nothing: it is complete.
    Done,
    /// Nothing: a fault breaks the stream, after these bytes.
    Break(Vec<u8>),
    /// Nothing: it is refused.
    Refuse(Refusal),
}

impl Http2 {
    /// Begins to take a body. A streamed answer begins here.
    pub(super) fn receive_body(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut head: Head,
        text: &[u8],
        asked: Asked,
        output: &mut Buf,
    ) -> Result<()> {
        let rule = asked.body_rule(cx.app, &head.request);
        let Asked { found, plan } = asked;
        let limits = &cx.app.limits;
        let slow = plan.as_ref().is_some_and(|plan| plan.reads_slowly());
        let delayed = if slow { cx.check_delayed().err() } else { None };
        let refusal = match (rule, head.length) {
            _ if delayed.is_some() => delayed,
            (BodyRule::Keep, Some(length)) if length > limits.body_bytes => Some(too_large(limits)),
            (BodyRule::Keep, Some(length)) if !cx.worker.memory.has_for_body(length) => {
                Some(NO_MEMORY)
            }
            _ => None,
        };
        if let Some(refusal) = refusal {
            return self.refuse(cx, to, &refusal, &head.request, output);
        }
        let read = plan.as_ref().and_then(|plan| plan.read);
        if head.expects_continue && !to.ended && read != Some(ReadSpeed::Hang) {
            self.interim(output.tail(), to.id, Status(100), None);
        }
        let mut left = Left::default();
        let sink = match (found, rule) {
            (Ok(found), BodyRule::Stream) => {
                let mut asked = Asked::plain(Ok(found));
                let Opened { mut exchange, admission } =
                    Exchange::open(cx, &mut head.request, &mut asked);
                match admission {
                    Admission::Ready if exchange.echoes() => {
                        let (id, length) = ((to.id, 0), head.length);
                        let request = &head.request;
                        left = self.answer(cx, &mut exchange, request, id, Some(length), output);
                        Sink::Stream(Box::new(exchange))
                    }
                    _ => {
                        exchange.withdraw(cx);
                        match admission {
                            Admission::Delayed => Sink::Keep,
                            Admission::Ready | Admission::Overloaded => Sink::Discard,
                        }
                    }
                }
            }
            (_, rule) => Sink::of(rule),
        };
        let intake = Box::new(Intake::new(cx, text, sink, plan));
        let slot = self.go_on(cx, to, Work::Receiving(intake), (left, Then::More));
        if let Some(active) = active(cx, slot) {
            active.left = head.length;
        }
        Ok(())
    }

    /// A DATA frame. Its stream and the connection have room for it, or it is an error (RFC 9113
    /// 6.9.1).
    pub(super) fn data(
        &mut self,
        cx: &mut Cx,
        head: Frame,
        payload: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        self.receive_window -= i64::from(head.length);
        if self.receive_window < 0 {
            let reason = "more was sent than the window of the connection allows";
            return Err(error(ErrorCode::FLOW_CONTROL_ERROR, reason));
        }
        let data = frame::data(head, payload)
            .map_err(|code| error(code, "the padding of a DATA frame is too long"))?;
        let ends = head.has(flags::END_STREAM);
        if data.is_empty() && !ends {
            self.guard.empty(cx.clock.now)?;
        }
        let slot = self.index.find(head.stream);
        let open = slot.and_then(|slot| cx.worker.streams.get(slot).zip(Some(slot)));
        let open = open.and_then(|(stream, slot)| match &mut stream.state {
            State::Active(active) if !active.ended => Some((active, &mut stream.held, slot)),
            _ => None,
        });
        let Some((active, held, slot)) = open else {
            self.credit_connection(head.length, output);
            return match slot {
                Some(_) => self.reset_id(cx, head.stream, ErrorCode::STREAM_CLOSED, output),
                None => self.check_closed(head.stream),
            };
        };
        active.receive_window -= i64::from(head.length);
        active.ended = ends;
        let left = active.left.map(|left| left.checked_sub(data.len() as u64));
        let exceeds = left == Some(None) || (ends && left.flatten().is_some_and(|left| left > 0));
        active.left = left.flatten();
        let full = active.receive_window < 0;
        if full || exceeds {
            self.credit_connection(head.length, output);
            let code = if full { ErrorCode::FLOW_CONTROL_ERROR } else { ErrorCode::PROTOCOL_ERROR };
            return self.reset_id(cx, head.stream, code, output);
        }
        *held += head.length as u16;
        active.pending.extend_from_slice(data);
        let padding = head.length - data.len() as u32;
        self.credit(cx, slot, padding, output);
        self.take_body(cx, slot, output)
    }

    /// Trailers end a body (RFC 9113 8.1); nothing is done with them.
    pub(super) fn trailers(
        &mut self,
        cx: &mut Cx,
        slot: u32,
        decoded: &Decoded,
        ends: bool,
        output: &mut Buf,
    ) -> Result<()> {
        let Some(stream) = cx.worker.streams.get(slot) else { return Ok(()) };
        let id = stream.id;
        let code = match &mut stream.state {
            State::Active(active) if !active.ended => {
                active.ended = true;
                let short = active.left.is_some_and(|left| left > 0);
                let valid =
                    ends && request::check_trailers(decoded, &cx.app.limits).is_ok() && !short;
                (!valid).then_some(ErrorCode::PROTOCOL_ERROR)
            }
            _ => Some(ErrorCode::STREAM_CLOSED),
        };
        match code {
            Some(code) => self.reset_id(cx, id, code, output),
            None => self.take_body(cx, slot, output),
        }
    }

    /// Takes what has arrived of a body, as far as modifiers and, for an echo, the client allow.
    pub(super) fn take_body(&mut self, cx: &mut Cx, slot: u32, output: &mut Buf) -> Result<()> {
        let Some(stream) = cx.worker.streams.get(slot) else { return Ok(()) };
        let priority = stream.priority;
        let (id, state) = (stream.id, std::mem::replace(&mut stream.state, State::Served));
        let State::Active(mut active) = state else { return Ok(()) };
        let to = To::of(slot, id, &active, priority);
        let has_room = tunnel::has_room(&active) && self.unsent < self.most_unsent;
        let intake = match &mut active.work {
            Work::Receiving(intake) => intake,
            Work::Tunnel(_) if has_room => {
                return self.drive(cx, to, active, output);
            }
            Work::Tunnel(_) => return self.put_back(cx, slot, State::Active(active)),
            Work::Sending(exchange) => {
                // What is sent before a handshake is answered is for the tunnel.
                if !exchange.upgrades() {
                    active.pending = Vec::new();
                }
                return self.put_back(cx, slot, State::Active(active));
            }
        };
        let kept = intake.kept_bytes();
        let mut pending = std::mem::take(&mut active.pending);
        let (taken, next) = take(cx, intake, &pending, active.ended, &mut active.made);
        self.kept_bytes = self.kept_bytes + intake.kept_bytes() - kept;
        // All bodies of a connection together may be as long as one.
        let full = intake.kept_bytes() > 0
            && self.kept_bytes > cx.app.limits.body_bytes
            && self.index.len() > 1;
        let next = if full { Next::Refuse(OVERLOADED) } else { next };
        let streams = intake.streams();
        let unread = if taken == pending.len() { Vec::new() } else { pending.split_off(taken) };
        active.pending = unread;
        let made = if streams { taken } else { 0 };
        self.unsent += made;
        match next {
            Next::Done => return self.complete(cx, to, *active, output),
            Next::Break(bytes) => return self.break_body(cx, to, *active, &bytes, output),
            Next::Refuse(refusal) => return self.refuse_body(cx, to, *active, &refusal, output),
            Next::Clock => {
                self.put_back(cx, slot, State::Active(active))?;
                self.lists.push(&mut cx.worker.streams, slot, List::Unclocked);
            }
            Next::More(until) | Next::Wait(until) => {
                active.due = until;
                self.put_back(cx, slot, State::Active(active))?;
                cx.worker.streams.arm(slot, until);
            }
        }
        if made > 0 {
            self.make_ready(slot, cx.worker);
        } else {
            self.credit(cx, slot, taken as u32, output);
        }
        Ok(())
    }

    /// A body is complete.
    fn complete(&mut self, cx: &mut Cx, to: To, active: Active, output: &mut Buf) -> Result<()> {
        let Active { work: Work::Receiving(intake), made, sent, .. } = active else {
            return Ok(());
        };
        self.kept_bytes -= intake.kept_bytes();
        let mut taken = match intake.end() {
            Taken::Request(taken) => taken,
            Taken::Answer(exchange) => {
                let rest = made.get(sent..).unwrap_or_default().to_vec();
                self.unsent -= rest.len();
                let left = Left { sent: 0, rest, then: None };
                self.go_on(cx, to, Work::Sending(exchange), (left, Then::End));
                return Ok(());
            }
        };
        taken.append_hash();
        let (plan, bytes) = (taken.plan.take(), &taken.bytes);
        let mut table = FieldTable::empty();
        let origin = http1::origin(cx, cx.clock.now);
        let Some(mut request) = request::reparse(bytes, &mut table, origin) else {
            return self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output);
        };
        taken.complete(&mut request);
        request.seed = self.seed_of(to.id);
        let mut asked = modify::again(cx, &request, plan);
        let mut opened = Exchange::open(cx, &mut request, &mut asked);
        opened.exchange.began(cx, taken.began);
        self.admit(cx, to, opened, &request, bytes, output)
    }

    /// Ends a stream whose body is too slow or too long. If its answer has begun, only the log can
    /// show why it is cut off.
    fn refuse_body(
        &mut self,
        cx: &mut Cx,
        to: To,
        active: Active,
        refusal: &Refusal,
        output: &mut Buf,
    ) -> Result<()> {
        let Work::Receiving(intake) = active.work else { return Ok(()) };
        self.kept_bytes -= intake.kept_bytes();
        self.unsent -= active.made.len() - active.sent;
        match intake.end() {
            Taken::Answer(mut exchange) => {
                exchange.fail(refusal);
                exchange.abort(cx);
                self.reset_to(cx, to, ErrorCode::CANCEL, output)
            }
            Taken::Request(taken) => {
                let mut table = FieldTable::empty();
                let origin = http1::origin(cx, taken.began);
                match request::reparse(&taken.bytes, &mut table, origin) {
                    Some(mut request) => {
                        taken.complete(&mut request);
                        self.refuse(cx, to, refusal, &request, output)
                    }
                    None => self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output),
                }
            }
        }
    }

    /// A fault breaks a stream before its request's body is complete.
    fn break_body(
        &mut self,
        cx: &mut Cx,
        to: To,
        active: Active,
        bytes: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        let mut kind = None;
        if let Work::Receiving(intake) = active.work {
            self.kept_bytes -= intake.kept_bytes();
            if let Taken::Request(taken) = intake.end() {
                record_taken(cx, &taken, Status::NO_ANSWER);
                if let Some(plan) = &taken.plan {
                    exchange::count_applied(cx, plan);
                    kind = plan.fault.map(|fault| fault.kind);
                }
            }
        }
        cx.worker.served += 1;
        output.tail().extend_from_slice(bytes);
        self.break_stream(cx, to, kind.unwrap_or(FaultKind::Reset), output)
    }

    /// The client has left a stream whose body comes or goes.
    pub(super) fn abort(&mut self, cx: &mut Cx, active: Active) {
        match active.work {
            Work::Sending(exchange) => exchange.abort(cx),
            Work::Tunnel(socket) => self.kept_bytes -= socket.message_bytes(),
            Work::Receiving(intake) => {
                self.kept_bytes -= intake.kept_bytes();
                match intake.end() {
                    Taken::Answer(exchange) => exchange.abort(cx),
                    Taken::Request(taken) => record_taken(cx, &taken, Status::CLIENT_GONE),
                }
            }
        }
    }

    /// Lets the client send so many more bytes on a stream and on the connection, in one frame each
    /// for a good part of a window.
    pub(super) fn credit(&mut self, cx: &mut Cx, slot: u32, bytes: u32, output: &mut Buf) {
        let Some(stream) = cx.worker.streams.get(slot) else { return };
        stream.held -= bytes as u16;
        self.credit_connection(bytes, output);
        let State::Active(active) = &mut stream.state else { return };
        active.uncredited += bytes;
        if active.uncredited >= INITIAL_WINDOW / 2 && !active.ended {
            let more = std::mem::take(&mut active.uncredited);
            active.receive_window += i64::from(more);
            frame::write_window_update(output.tail(), stream.id, more);
        }
    }

    pub(super) fn credit_connection(&mut self, bytes: u32, output: &mut Buf) {
        self.uncredited += bytes;
        if self.uncredited >= CONNECTION_WINDOW / 4 {
            let more = std::mem::take(&mut self.uncredited);
            self.receive_window += i64::from(more);
            frame::write_window_update(output.tail(), 0, more);
        }
    }

    /// Gives a stream that was served its state back.
    pub(super) fn put_back(&mut self, cx: &mut Cx, slot: u32, state: State) -> Result<()> {
        if let Some(stream) = cx.worker.streams.get(slot) {
            stream.state = state;
        }
        Ok(())
    }
}

fn active<'a>(cx: &'a mut Cx, slot: u32) -> Option<&'a mut Active> {
    match &mut cx.worker.streams.get(slot)?.state {
        State::Active(active) => Some(active),
        _ => None,
    }
}

/// Takes content; that of an echo goes to `echo`. Returns how many bytes, and what comes next.
fn take(
    cx: &Cx,
    intake: &mut Intake,
    content: &[u8],
    ended: bool,
    echo: &mut Vec<u8>,
) -> (usize, Next) {
    let mut taken = 0;
    loop {
        let rest = content.get(taken..).unwrap_or_default();
        let there = if rest.is_empty() && ended { None } else { Some(rest.len()) };
        let most = match intake.allowance(cx, there) {
            Allowance::Bytes(most) => most,
            Allowance::Clock => return (taken, Next::Clock),
            Allowance::Wait(until) => return (taken, Next::Wait(until)),
            Allowance::Break(bytes, _) => return (taken, Next::Break(bytes)),
        };
        match there {
            None => return (taken, Next::Done),
            Some(0) => {
                let next = match intake.check_deadline(cx) {
                    Ok(()) => Next::More(intake.deadline()),
                    Err(refusal) => Next::Refuse(refusal),
                };
                return (taken, next);
            }
            Some(_) => {}
        }
        let piece = rest.get(..most.min(rest.len())).unwrap_or_default();
        intake.count(cx, piece.len());
        taken += piece.len();
        intake.journal(cx, piece);
        if intake.streams() {
            echo.extend_from_slice(piece);
        } else if let Err(refusal) = intake.take(cx, piece) {
            return (taken, Next::Refuse(refusal));
        }
    }
}

/// Records a request that ended before its body was complete.
fn record_taken(cx: &mut Cx, taken: &TakenRequest, status: Status) {
    let TakenRequest { bytes, began, plan, .. } = taken;
    let mut table = FieldTable::empty();
    if let Some(mut request) = request::reparse(bytes, &mut table, http1::origin(cx, *began)) {
        taken.complete(&mut request);
        exchange::unfinished(cx, &request, *began, plan.as_deref(), status);
    }
}
