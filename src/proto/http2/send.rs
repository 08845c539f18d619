//! Gives each stream its turn: one frame for each, in the order of their urgency (RFC 9218 10).

use super::active::{Active, Then, Work};
use super::frame::{self, ErrorCode, MAX_PAYLOAD};
use super::guard::ConnectionError;
use super::open::{NOTHING, To};
use super::streams::{List, State};
use super::{Http2, Stage, answer, request};
use crate::base::buf::Buf;
use crate::base::limits::BODY_HIGH_WATER;
use crate::base::time::Time;
use crate::http::modifiers::plan::FaultKind;
use crate::proto::exchange::{Exchange, Parked, Step};
use crate::proto::http2::request::FieldTable;
use crate::proto::{Cx, http1};

type Result<T> = std::result::Result<T, ConnectionError>;

impl Http2 {
    /// Begins the delays that wait for a clock, if one has been read, and serves streams while
    /// there is room for their frames.
    pub(super) fn send(&mut self, cx: &mut Cx, output: &mut Buf) -> Result<()> {
        while cx.clock.fresh
            && let Some(slot) = self.lists.first(List::Unclocked)
        {
            self.serve(cx, slot, output)?;
        }
        while output.len() < BODY_HIGH_WATER
            && self.is_open()
            && !self.broken
            && let Some(slot) = self.first(cx)
        {
            self.serve(cx, slot, output)?;
        }
        let is_new = matches!(self.stage, Stage::Preface | Stage::Settings);
        if self.goes && !is_new {
            self.goes = false;
            self.leave(output);
        }
        Ok(())
    }

    /// The stream whose turn it is. While the window of the connection is open, one that waited for
    /// it joins the others each time: so its urgency counts, and a byte of window wakes but one.
    fn first(&mut self, cx: &mut Cx) -> Option<u32> {
        if let Some(slot) = self.lists.first(List::Blocked).filter(|_| self.window > 0) {
            self.make_ready(slot, cx.worker);
        }
        let queued = || self.lists.first(List::Queued).filter(|_| self.unsent < self.most_unsent);
        self.lists.first_ready().or_else(queued)
    }

    /// Whether a stream can be served.
    pub(super) fn has_ready(&self) -> bool {
        let blocked = self.window > 0 && self.lists.first(List::Blocked).is_some();
        let queued = self.unsent < self.most_unsent && self.lists.first(List::Queued).is_some();
        self.lists.first_ready().is_some() || blocked || queued
    }

    /// Does the next thing for a stream, which leaves its list.
    fn serve(&mut self, cx: &mut Cx, slot: u32, output: &mut Buf) -> Result<()> {
        self.lists.remove(&mut cx.worker.streams, slot);
        let Some(stream) = cx.worker.streams.get(slot) else { return Ok(()) };
        let (id, priority) = (stream.id, stream.priority);
        let to = To { slot: Some(slot), ..To::new(id, true, priority) };
        if let State::Active(active) = &stream.state
            && matches!(active.work, Work::Receiving(_))
            && active.unsent().is_empty()
        {
            return self.take_body(cx, slot, output);
        }
        match std::mem::replace(&mut stream.state, State::Served) {
            State::Waiting(exchange) => self.serve_waiting(cx, to, exchange, output),
            State::Active(active) => {
                let to = To::of(slot, id, &active, priority);
                self.serve_active(cx, to, active, output)
            }
            State::Queued(queued) => {
                let to = To { window: queued.window, ..to };
                self.open_queued(cx, to, queued, output)
            }
            State::Served => Ok(()),
        }
    }

    /// A request that waits: for the time of its answer, or for other bodies to be sent.
    fn serve_waiting(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut exchange: Exchange,
        output: &mut Buf,
    ) -> Result<()> {
        let slot = to.slot();
        if self.unsent >= self.most_unsent && exchange.due() <= cx.clock.now {
            self.put_back(cx, slot, State::Waiting(exchange))?;
            self.lists.push(&mut cx.worker.streams, slot, List::Queued);
            return Ok(());
        }
        self.release_unanswered(cx, slot, &exchange);
        match exchange.step(cx.clock, 0, &mut cx.worker.body) {
            Step::Clock => {
                self.put_back(cx, slot, State::Waiting(exchange))?;
                self.lists.push(&mut cx.worker.streams, slot, List::Unclocked);
                Ok(())
            }
            // One that looks before that has a moment of its own, as an active stream has.
            Step::Wait(due) if exchange.waits() && due == exchange.due() => {
                self.put_back(cx, slot, State::Waiting(exchange))?;
                cx.worker.streams.arm(slot, due);
                Ok(())
            }
            Step::Answer(parked, arrived) => {
                self.answer_parked(cx, to, exchange, (&parked, arrived), output)
            }
            step => {
                let active = Box::new(Active::new(Work::Sending(exchange)));
                self.act(cx, to, active, step, output)
            }
        }
    }

    /// A request that is due, and gets no answer, is not kept any longer.
    fn release_unanswered(&mut self, cx: &mut Cx, slot: u32, exchange: &Exchange) {
        if exchange.due() <= cx.clock.now
            && exchange.sends_nothing()
            && let Some(stream) = cx.worker.streams.get(slot)
        {
            let head = std::mem::replace(&mut stream.head, NOTHING);
            self.release_kept(head, exchange.parked_bytes());
        }
    }

    /// Reads a parked request again, and answers it.
    fn answer_parked(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut exchange: Exchange,
        (parked, arrived): (&Parked, Time),
        output: &mut Buf,
    ) -> Result<()> {
        let text = self.take_kept(cx, to, parked.bytes(exchange.parked_numbers()));
        let (mut table, origin) = (FieldTable::empty(), http1::origin(cx, arrived));
        let result = match request::reparse(&text, &mut table, origin) {
            Some(mut request) => {
                request.seed = self.seed_of(to.id);
                exchange.restore(cx, &mut request, parked, arrived);
                self.answer_now(cx, to, exchange, &request, output)
            }
            None => self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output),
        };
        cx.worker.decoded.text = text;
        result
    }

    /// Sends a frame of what is made, or makes the next piece.
    fn serve_active(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut active: Box<Active>,
        output: &mut Buf,
    ) -> Result<()> {
        if !active.unsent().is_empty() {
            return self.send_made(cx, to, active, output);
        }
        let slot = to.slot();
        if active.then == Then::End {
            answer::end(output.tail(), to.id);
            return self.over(cx, to, *active, output);
        }
        let waits = match &active.work {
            Work::Sending(exchange) => exchange.waits() && exchange.due() > cx.clock.now,
            _ => false,
        };
        if self.unsent >= self.most_unsent && !waits {
            self.put_back(cx, slot, State::Active(active))?;
            self.lists.push(&mut cx.worker.streams, slot, List::Queued);
            return Ok(());
        }
        let exchange = match &mut active.work {
            Work::Sending(exchange) => exchange,
            Work::Tunnel(_) => return self.drive(cx, to, active, output),
            Work::Receiving(_) => return self.put_back(cx, slot, State::Active(active)),
        };
        self.release_unanswered(cx, slot, exchange);
        let step = exchange.step(cx.clock, MAX_PAYLOAD, &mut active.made);
        self.act(cx, to, active, step, output)
    }

    /// Does what a step of an exchange asks for.
    fn act(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut active: Box<Active>,
        step: Step,
        output: &mut Buf,
    ) -> Result<()> {
        let slot = to.slot();
        let Work::Sending(exchange) = &mut active.work else { return Ok(()) };
        let over = cx.ends_idle() || self.half_closed;
        match step {
            Step::Clock => {
                self.put_back(cx, slot, State::Active(active))?;
                self.lists.push(&mut cx.worker.streams, slot, List::Unclocked);
            }
            // A silence has nothing to finish: a drain ends it, and a client that sends no more.
            Step::Wait(until) if !(over && exchange.end_silence()) => {
                active.due = until;
                self.put_back(cx, slot, State::Active(active))?;
                cx.worker.streams.arm(slot, until);
            }
            Step::Wait(_) => {
                self.record(cx, exchange);
                return self.break_stream(cx, to, FaultKind::Hang, output);
            }
            // The journal's events look for changes, and often there is none.
            Step::Room | Step::Data(0) => return self.again(cx, to, active),
            Step::Data(bytes) => {
                if exchange.is_made() {
                    active.then = Then::End;
                }
                self.unsent += bytes;
                return self.send_made(cx, to, active, output);
            }
            Step::Raw(bytes) => {
                output.tail().extend_from_slice(&bytes);
                return self.again(cx, to, active);
            }
            Step::Answer(parked, arrived) => {
                let Active { work: Work::Sending(exchange), pending, .. } = *active else {
                    return Ok(());
                };
                self.answer_parked(cx, to, exchange, (&parked, arrived), output)?;
                if !pending.is_empty() {
                    self.give_pending(cx, slot, pending);
                }
            }
            Step::End => {
                match exchange.trailers().filter(|trailers| !trailers.is_empty()) {
                    Some(trailers) => self.send_trailers(output.tail(), to.id, trailers),
                    None => answer::end(output.tail(), to.id),
                }
                return self.over(cx, to, *active, output);
            }
            Step::Break => {
                let kind = exchange.fault().unwrap_or(FaultKind::Reset);
                if kind == FaultKind::Truncate {
                    answer::end(output.tail(), to.id);
                    return self.over(cx, to, *active, output);
                }
                self.record(cx, exchange);
                return self.break_stream(cx, to, kind, output);
            }
        }
        Ok(())
    }

    /// It has its next turn after the others.
    fn again(&mut self, cx: &mut Cx, to: To, active: Box<Active>) -> Result<()> {
        let slot = to.slot();
        self.put_back(cx, slot, State::Active(active))?;
        self.make_ready(slot, cx.worker);
        Ok(())
    }

    /// Sends a frame of bytes that are made, as far as the windows allow.
    fn send_made(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut active: Box<Active>,
        output: &mut Buf,
    ) -> Result<()> {
        let room = (self.initial_window + active.window).min(self.window);
        let room = usize::try_from(room).unwrap_or(0).min(MAX_PAYLOAD);
        let piece = active.unsent();
        let piece = piece.get(..room.min(piece.len())).unwrap_or_default();
        let Some(frame) = answer::data(output.tail(), to.id, piece) else {
            return self.block(cx, to, active, output);
        };
        let bytes = piece.len();
        active.sent(bytes);
        let unblocked = active.progress(bytes, cx.clock.now);
        if let (true, Work::Receiving(intake)) = (unblocked, &mut active.work) {
            intake.write_unblocked(cx);
        }
        self.window -= bytes as i64;
        self.taken_at = cx.clock.now;
        self.unsent -= bytes;
        if active.unsent().is_empty() && active.then == Then::End {
            answer::end_stream(output.tail(), frame);
            return self.over(cx, to, *active, output);
        }
        let echoed = matches!(active.work, Work::Receiving(_));
        self.again(cx, to, active)?;
        if echoed && let Some(slot) = to.slot {
            self.credit(cx, slot, bytes as u32, output);
        }
        Ok(())
    }

    /// A window is closed: the stream waits until the client opens it, for as long as it may leave
    /// an answer untaken. One that sends no more cannot open it.
    fn block(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut active: Box<Active>,
        output: &mut Buf,
    ) -> Result<()> {
        let slot = to.slot();
        let (now, limits) = (cx.clock.now, &cx.app.limits);
        let own = self.initial_window + active.window <= 0;
        let mut due = active.patience(now, limits);
        if !own {
            // The client takes what is more urgent.
            due = due.max(self.taken_at.after(limits.send_timeout));
        }
        if now >= due || self.half_closed {
            frame::write_rst_stream(output.tail(), to.id, ErrorCode::CANCEL);
            self.resets.note(to.id);
            self.unsent -= active.unsent().len();
            self.abort(cx, *active);
            self.drop_stream(cx, to);
            return if self.half_closed { Ok(()) } else { self.guard.reset(now) };
        }
        active.due = due;
        self.put_back(cx, slot, State::Active(active))?;
        cx.worker.streams.arm(slot, due);
        if !own {
            self.lists.push(&mut cx.worker.streams, slot, List::Blocked);
        }
        Ok(())
    }

    /// The last frame of an answer is out.
    fn over(&mut self, cx: &mut Cx, to: To, active: Active, output: &mut Buf) -> Result<()> {
        match active.work {
            Work::Sending(exchange) => self.finish(cx, to, exchange, output),
            Work::Tunnel(socket) => {
                self.kept_bytes -= socket.message_bytes();
                if !to.ended {
                    frame::write_rst_stream(output.tail(), to.id, ErrorCode::NO_ERROR);
                    self.resets.note(to.id);
                }
                self.drop_stream(cx, to);
                Ok(())
            }
            Work::Receiving(_) => Ok(()),
        }
    }

    /// A fault breaks a stream, or the connection.
    pub(super) fn break_stream(
        &mut self,
        cx: &mut Cx,
        to: To,
        kind: FaultKind,
        output: &mut Buf,
    ) -> Result<()> {
        match kind {
            FaultKind::Reset => self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output),
            FaultKind::Hang | FaultKind::Stall => self.reset_to(cx, to, ErrorCode::CANCEL, output),
            FaultKind::Abort => {
                self.drop_stream(cx, to);
                self.broken = true;
                Ok(())
            }
            _ => {
                self.drop_stream(cx, to);
                self.abandon(cx);
                match kind {
                    FaultKind::Garbage => self.shut(cx),
                    _ => self.close(cx, ErrorCode::NO_ERROR, "", output),
                }
                Ok(())
            }
        }
    }
}
