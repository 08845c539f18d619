//! WebSocket on a stream (RFC 8441): its DATA frames are the bytes of a connection.

use super::active::{Active, Then, Work};
use super::answer::Left;
use super::frame::ErrorCode;
use super::guard::ConnectionError;
use super::open::To;
use super::streams::{List, State};
use super::{Http2, answer};
use crate::base::buf::Buf;
use crate::base::limits::HIGH_WATER;
use crate::http::modifiers::FaultKind;
use crate::proto::exchange::Exchange;
use crate::proto::websocket::WebSocket;
use crate::proto::{Cx, Edge, Next, Upgrade};

type Result<T> = std::result::Result<T, ConnectionError>;

impl Http2 {
    /// The handshake's answer is out: the stream changes its protocol.
    pub(super) fn begin_tunnel(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut exchange: Exchange,
        output: &mut Buf,
    ) -> Result<()> {
        self.record(cx, &mut exchange);
        let Some(Upgrade::WebSocket(limits, plan)) = exchange.upgrade().map(|upgrade| *upgrade)
        else {
            return self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output);
        };
        let until = cx.clock.now.after(cx.app.limits.max_duration);
        let socket = Box::new(WebSocket::new(limits, until, plan));
        self.go_on(cx, to, Work::Tunnel(socket), (Left::default(), Then::More));
        Ok(())
    }

    /// What a tunnel holds counts no more.
    pub(super) fn end_tunnel(&mut self, active: &Active) {
        self.unsent -= active.unsent().len();
        if let Work::Tunnel(socket) = &active.work {
            self.kept_bytes -= socket.message_bytes();
        }
    }

    /// Gives a tunnel what had arrived before it began.
    pub(super) fn give_pending(&mut self, cx: &mut Cx, slot: u32, pending: Vec<u8>) {
        if let Some(stream) = cx.worker.streams.get(slot)
            && let State::Active(active) = &mut stream.state
            && matches!(active.work, Work::Tunnel(_))
        {
            active.pending = pending;
            self.make_ready(slot, cx.worker);
        }
    }

    /// Lets the machine of a tunnel take what has arrived. What it writes is made, and sent as the
    /// windows allow; it writes no more before that.
    pub(super) fn drive(
        &mut self,
        cx: &mut Cx,
        to: To,
        mut active: Box<Active>,
        output: &mut Buf,
    ) -> Result<()> {
        let slot = to.slot();
        let Work::Tunnel(socket) = &mut active.work else { return Ok(()) };
        let (mut input, mut made) = (Buf::default(), Buf::default());
        input.tail().append(&mut active.pending);
        let arrived = input.len();
        let edge = Edge { read_eof: to.ended, eof_reported: to.ended, ..Edge::default() };
        let Cx { clock, ends, connection, app, .. } = *cx;
        let mut within = Cx { clock, edge, ends, connection, app, worker: &mut *cx.worker };
        let before = socket.message_bytes();
        let next = socket.advance(&mut within, &mut input, &mut made);
        let slow = socket.standing().delayed > 0;
        let message = socket.message_bytes();
        self.kept_bytes = self.kept_bytes + message - before;
        let full = self.kept_bytes > cx.app.limits.body_bytes && self.index.len() > 1;
        let taken = arrived - input.len();
        active.pending.extend_from_slice(input.unread());
        active.made.extend_from_slice(made.unread());
        self.unsent += made.len();
        let more = !made.is_empty();
        if full {
            self.end_tunnel(&active);
            return self.reset_to(cx, to, ErrorCode::ENHANCE_YOUR_CALM, output);
        }
        match next {
            Next::Read(until) | Next::Sleep(until) => active.due = until,
            Next::Linger(_) | Next::Close | Next::Narrow => active.then = Then::End,
            Next::Become(upgrade) => {
                let kind = match *upgrade {
                    Upgrade::Broken(kind) => kind,
                    _ => FaultKind::Close,
                };
                let room = (self.initial_window + active.window).min(self.window).max(0) as usize;
                let piece = active.unsent();
                let piece = piece.get(..room.min(piece.len())).unwrap_or_default();
                answer::data(output.tail(), to.id, piece);
                self.window -= piece.len() as i64;
                self.end_tunnel(&active);
                return self.break_stream(cx, to, kind, output);
            }
            Next::Reset => {
                self.end_tunnel(&active);
                return self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output);
            }
            Next::Write | Next::ReadClock | Next::Yield | Next::Identified => {}
        }
        let ends = active.then == Then::End;
        let due = active.due;
        self.put_back(cx, slot, State::Active(active))?;
        self.set_slow(cx, slot, slow);
        self.credit(cx, slot, taken as u32, output);
        match next {
            Next::ReadClock => self.lists.push(&mut cx.worker.streams, slot, List::Unclocked),
            _ if more || ends || next == Next::Write => self.make_ready(slot, cx.worker),
            _ => cx.worker.streams.arm(slot, due),
        }
        Ok(())
    }
}

/// Whether the machine of a tunnel may write more.
pub(super) fn has_room(active: &Active) -> bool {
    active.unsent().len() < HIGH_WATER
}
