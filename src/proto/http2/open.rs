//! Makes requests of heads, and answers them or lets them wait.

use std::borrow::Cow;

use super::active::{Active, Then, Work};
use super::answer::Left;
use super::frame::{self, ErrorCode};
use super::guard::ConnectionError;
use super::hpack::decoded::{Decoded, Fault};
use super::kept::OWN;
use super::priority::Priority;
use super::streams::{List, NONE, Queued, State};
use super::{Http2, INITIAL_WINDOW, Stage, request};
use crate::base::buf::Buf;
use crate::base::limits::{HIGH_WATER, STREAM_BYTES};
use crate::base::random::Random;
use crate::endpoint::{self, Answers, Found};
use crate::http::app::HalfClose;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Request};
use crate::proto::exchange::{Admission, Ending, Exchange, Opened};
use crate::proto::http2::request::FieldTable;
use crate::proto::modify::{self, Asked};
use crate::proto::{Cx, http1};

/// In place of a kept head's number: the stream has its head and a body.
pub(super) const WITH_BODY: u8 = OWN - 1;
/// In place of a kept head's number: the stream keeps nothing.
pub(super) const NOTHING: u8 = OWN - 2;

/// The stream that an answer goes to.
#[derive(Clone, Copy, Debug)]
pub(super) struct To {
    pub(super) id: u32,
    /// Its slot, if it has one.
    pub(super) slot: Option<u32>,
    /// See [`Active::window`].
    pub(super) window: i64,
    /// See [`Active::receive_window`] and [`Active::uncredited`].
    pub(super) receive_window: i64,
    pub(super) uncredited: u32,
    /// Whether the client's side has ended.
    pub(super) ended: bool,
    pub(super) priority: Priority,
}

impl To {
    /// A stream that has no state yet.
    pub(super) fn new(id: u32, ended: bool, priority: Priority) -> To {
        let (receive_window, uncredited) = (INITIAL_WINDOW.into(), 0);
        To { id, slot: None, window: 0, receive_window, uncredited, ended, priority }
    }

    /// One that is active.
    pub(super) fn of(slot: u32, id: u32, active: &Active, priority: Priority) -> To {
        let Active { window, receive_window, uncredited, ended, .. } = *active;
        To { id, slot: Some(slot), window, receive_window, uncredited, ended, priority }
    }

    /// Its slot; that of no stream if it has none.
    pub(super) fn slot(&self) -> u32 {
        self.slot.unwrap_or(NONE)
    }
}

type Result<T> = std::result::Result<T, ConnectionError>;

/// Whether a route speaks WebSocket: a CONNECT for it must not get the answer of any other, which
/// would be taken for the beginning of a tunnel (RFC 8441 4).
fn is_websocket(cx: &Cx, asked: &Asked) -> bool {
    let speaks = |found: &Found| found.route.answers_of(cx.app.compat) == Answers::WebSocket;
    asked.found.as_ref().map_or(true, speaks)
}

impl Http2 {
    /// A head opens a stream.
    pub(super) fn open(
        &mut self,
        cx: &mut Cx,
        id: u32,
        decoded: &Decoded,
        ended: bool,
        output: &mut Buf,
    ) -> Result<()> {
        self.last_id = id;
        cx.worker.metrics.http2_streams += 1;
        if matches!(self.stage, Stage::Leaving { .. }) {
            return Ok(());
        }
        // Without memory a connection still has one request at a time.
        let most = if cx.worker.memory.is_short() { 1 } else { cx.app.limits.streams as usize };
        if self.index.len() >= most {
            return self.reset_id(cx, id, ErrorCode::REFUSED_STREAM, output);
        }
        if self.requests_left != u32::MAX {
            self.requests_left = self.requests_left.saturating_sub(1);
        }
        if self.requests_left == 0 && !matches!(self.stage, Stage::Closed { .. }) {
            // The GOAWAY follows what is answered at once: some clients take it for the end.
            self.stage = Stage::Leaving { last: id };
            self.owes_goaway = true;
        }
        let mut table = FieldTable::empty();
        let origin = http1::origin(cx, cx.clock.now);
        let mut head = match request::parse(decoded, &mut table, origin) {
            Ok(head) => head,
            Err(Fault::Malformed(_)) => {
                return self.reset_id(cx, id, ErrorCode::PROTOCOL_ERROR, output);
            }
            Err(Fault::Refused(refusal)) => {
                let to = To::new(id, ended, Priority::default());
                let mut table = FieldTable::empty();
                let request = request::placeholder(decoded, &mut table, origin);
                return self.refuse(cx, to, &refusal, &request, output);
            }
        };
        if ended && head.length.is_some_and(|length| length > 0) {
            return self.reset_id(cx, id, ErrorCode::PROTOCOL_ERROR, output);
        }
        head.request.seed = self.seed_of(id);
        let to = To::new(id, ended, head.priority);
        let found = endpoint::find(cx.app, &head.request.target, head.request.method);
        let mut asked = Asked::plain(found);
        modify::plan(cx, &head.request, &mut asked, !ended && !head.websocket);
        if head.websocket {
            if !is_websocket(cx, &asked) {
                let refusal = Refusal::bad("only /websocket/echo speaks WebSocket");
                return self.refuse(cx, to, &refusal, &head.request, output);
            }
            let opened = Exchange::open(cx, &mut head.request, &mut asked);
            return self.admit(cx, to, opened, &head.request, &decoded.text, output);
        }
        // What a CONNECT is followed by is no body, and is not waited for.
        let has_body = !ended && head.request.method != Method::Connect;
        if has_body || asked.changes_reading() {
            return self.receive_body(cx, to, head, &decoded.text, asked, output);
        }
        let opened = Exchange::open(cx, &mut head.request, &mut asked);
        self.admit(cx, to, opened, &head.request, &decoded.text, output)
    }

    /// Answers a request, or lets it wait with `text`, its head and body.
    pub(super) fn admit(
        &mut self,
        cx: &mut Cx,
        to: To,
        opened: Opened,
        request: &Request,
        text: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        let Opened { mut exchange, admission } = opened;
        if admission != Admission::Delayed {
            let room = (self.initial_window + to.window).min(self.window);
            let now = self.unsent < self.most_unsent || room >= HIGH_WATER as i64;
            if !now && !exchange.is_short() {
                return self.queue(cx, to, exchange, request, text, output);
            }
            self.hint(output.tail(), to.id, exchange.plan());
            return self.answer_now(cx, to, exchange, request, output);
        }
        if self.half_closed {
            cx.worker.metrics.half_closed += u64::from(self.delayed == 0);
            if cx.app.half_close == HalfClose::Cancel {
                cx.client_left();
                exchange.abort(cx);
                self.drop_stream(cx, to);
                return Ok(());
            }
        }
        let Some((head, bytes)) = self.keep(text, request) else {
            return self.refuse_stream(cx, to, exchange, request, output);
        };
        self.hint(output.tail(), to.id, exchange.plan());
        exchange.derive_seed();
        exchange.park(Cow::Owned(bytes), request);
        if self.half_closed {
            exchange.client_closed(cx.clock.now);
        }
        let slow = exchange.takes_time();
        let slot = self.place(cx, to, State::Waiting(exchange), head);
        self.set_slow(cx, slot, slow);
        self.lists.push(&mut cx.worker.streams, slot, List::Unclocked);
        Ok(())
    }

    /// Lets a request wait until other bodies are sent. Its answer, which may be long, is dropped:
    /// it is made again. What modifiers have drawn for one must not be drawn again, so a modified
    /// one is refused.
    #[cold]
    fn queue(
        &mut self,
        cx: &mut Cx,
        to: To,
        exchange: Exchange,
        request: &Request,
        text: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        // A tunnel is no answer that can be made later, and the length of a body that is hashed is
        // not kept.
        let hashed = !request.body.is_empty() && request.body.len() as u64 != request.body_bytes;
        let plain = exchange.plan().is_none() && to.ended && !hashed;
        let kept = if plain { self.keep(text, request) } else { None };
        let Some((head, own)) = kept else {
            return self.refuse_stream(cx, to, exchange, request, output);
        };
        let began = exchange.withdraw(cx);
        let queued = Queued { own: own.into(), window: to.window, began };
        let slot = self.place(cx, to, State::Queued(queued), head);
        self.lists.push(&mut cx.worker.streams, slot, List::Queued);
        Ok(())
    }

    /// Refuses a request that was opened, in the way after which a client sends it again (RFC 9113
    /// 8.7): so it must not have counted.
    fn refuse_stream(
        &mut self,
        cx: &mut Cx,
        to: To,
        exchange: Exchange,
        request: &Request,
        output: &mut Buf,
    ) -> Result<()> {
        modify::uncount(cx, request, exchange.plan());
        exchange.refuse_stream(cx);
        self.reset_to(cx, to, ErrorCode::REFUSED_STREAM, output)
    }

    /// Opens a request that was [queued](Http2::queue).
    pub(super) fn open_queued(
        &mut self,
        cx: &mut Cx,
        to: To,
        queued: Queued,
        output: &mut Buf,
    ) -> Result<()> {
        let text = self.take_kept(cx, to, &queued.own);
        let (mut table, origin) = (FieldTable::empty(), http1::origin(cx, cx.clock.now));
        let Some(mut request) = request::reparse(&text, &mut table, origin) else {
            return self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output);
        };
        request.seed = self.seed_of(to.id);
        let found = endpoint::find(cx.app, &request.target, request.method);
        let mut asked = Asked::plain(found);
        modify::plan(cx, &request, &mut asked, false);
        let mut opened = Exchange::open(cx, &mut request, &mut asked);
        opened.exchange.began(cx, queued.began);
        self.admit(cx, to, opened, &request, &text, output)
    }

    /// Queues a request with this head, which is opened at the next call.
    pub(super) fn queue_text(&mut self, cx: &mut Cx, id: u32, text: Vec<u8>) {
        self.kept_bytes += text.len() as u64;
        let to = To::new(id, true, Priority::default());
        let queued = Queued { own: text.into(), window: 0, began: cx.clock.now };
        let slot = self.place(cx, to, State::Queued(queued), WITH_BODY);
        self.make_ready(slot, cx.worker);
    }

    /// The text of a request of which the stream keeps `own`. It is not kept any more.
    pub(super) fn take_kept(&mut self, cx: &mut Cx, to: To, own: &[u8]) -> Vec<u8> {
        let stream = to.slot.and_then(|slot| cx.worker.streams.get(slot));
        let head = stream.map_or(NOTHING, |stream| std::mem::replace(&mut stream.head, NOTHING));
        let mut text = std::mem::take(&mut cx.worker.decoded.text);
        text.clear();
        text.extend_from_slice(&self.heads.text(head, own));
        self.release_kept(head, own);
        text
    }

    /// Keeps a request that waits. A body is kept with its head, and counts with the bodies that
    /// arrive.
    fn keep(&mut self, text: &[u8], request: &Request) -> Option<(u8, Vec<u8>)> {
        if !request.body.is_empty() {
            self.kept_bytes += text.len() as u64;
            return Some((WITH_BODY, text.to_vec()));
        }
        self.heads.keep(text)
    }

    /// Gives back what was kept of a request.
    pub(super) fn release_kept(&mut self, head: u8, own: &[u8]) {
        match head {
            WITH_BODY => self.kept_bytes -= own.len() as u64,
            head => self.heads.release(head, own),
        }
    }

    /// Writes the head of an answer and what the windows let out of its body.
    pub(super) fn answer_now(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut exchange: Exchange,
        request: &Request,
        output: &mut Buf,
    ) -> Result<()> {
        let room = self.initial_window + to.window;
        let left = self.answer(cx, &mut exchange, request, (to.id, room), None, output);
        match left.then {
            None => self.finish(cx, to, exchange, output),
            Some(_) if exchange.upgrades() => self.begin_tunnel(cx, to, exchange, output),
            Some(then) => {
                self.go_on(cx, to, Work::Sending(exchange), (left, then));
                Ok(())
            }
        }
    }

    /// The stream goes on: its head is out.
    pub(super) fn go_on(
        &mut self,
        cx: &mut Cx,
        to: To,
        work: Work,
        (left, then): (Left, Then),
    ) -> u32 {
        let slow = match &work {
            Work::Sending(exchange) => exchange.takes_time(),
            Work::Receiving(intake) => intake.is_slow(),
            Work::Tunnel(_) => false,
        };
        let mut active = Active::new(work);
        active.window = to.window - left.sent as i64;
        active.receive_window = to.receive_window;
        active.uncredited = to.uncredited;
        active.ended = to.ended;
        active.made = left.rest;
        active.then = then;
        self.unsent += active.made.len();
        cx.worker.memory.take(active.made.len());
        let slot = self.place(cx, to, State::Active(Box::new(active)), NOTHING);
        self.set_slow(cx, slot, slow);
        self.make_ready(slot, cx.worker);
        slot
    }

    /// Gives a stream this state; it gets a slot if it has none.
    fn place(&mut self, cx: &mut Cx, to: To, mut state: State, head: u8) -> u32 {
        let plain = to.window == 0 && to.ended;
        if matches!(state, State::Waiting(_))
            && !plain
            && let Some(active) = state.activate()
        {
            (active.window, active.ended) = (to.window, to.ended);
            active.receive_window = to.receive_window;
            active.uncredited = to.uncredited;
        }
        let Some(slot) = to.slot else {
            cx.worker.memory.take(STREAM_BYTES);
            let streams = &mut cx.worker.streams;
            let slot = streams.insert(cx.connection, to.id, state, (head, to.priority));
            self.index.insert(to.id, slot);
            return slot;
        };
        if let Some(stream) = cx.worker.streams.get(slot) {
            (stream.state, stream.head) = (state, head);
        }
        slot
    }

    /// Refuses a request.
    pub(super) fn refuse(
        &mut self,
        cx: &mut Cx,
        to: To,
        refusal: &Refusal,
        request: &Request,
        output: &mut Buf,
    ) -> Result<()> {
        let exchange = Exchange::refused(cx, refusal, request);
        self.answer_now(cx, to, exchange, request, output)
    }

    /// An answer is complete: its stream ends. A client that is still sending its request is asked
    /// to stop (RFC 9113 8.1).
    pub(super) fn finish(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut exchange: Exchange,
        output: &mut Buf,
    ) -> Result<()> {
        self.record(cx, &mut exchange);
        if matches!(exchange.ending(), Ending::Idle(_)) {
            self.goes = true;
        }
        if !to.ended {
            frame::write_rst_stream(output.tail(), to.id, ErrorCode::NO_ERROR);
            self.resets.note(to.id);
        }
        self.drop_stream(cx, to);
        Ok(())
    }

    /// Ends a stream with an error that is not the client's: it does not count against it.
    pub(super) fn reset_to(
        &mut self,
        cx: &mut Cx,
        to: To,
        code: ErrorCode,
        output: &mut Buf,
    ) -> Result<()> {
        frame::write_rst_stream(output.tail(), to.id, code);
        self.resets.note(to.id);
        self.drop_stream(cx, to);
        Ok(())
    }

    pub(super) fn drop_stream(&mut self, cx: &mut Cx, to: To) {
        match to.slot {
            Some(slot) => {
                self.remove(cx, slot);
            }
            None if self.index.is_empty() => self.idle_since = cx.clock.now,
            None => {}
        }
    }

    /// The random number of a request, never 0.
    pub(super) fn seed_of(&self, id: u32) -> u64 {
        Random::new(self.seed ^ u64::from(id)).next_u64().max(1)
    }
}

#[cfg(test)]
mod tests;
