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
use crate::proto::exchange::{Exchange, record_outcome};
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
        if let Some(record) = exchange.finish(cx) {
            record_outcome(cx, record, false);
        }
        let Some(Upgrade::WebSocket(limits, plan)) = exchange.upgrade().map(|upgrade| *upgrade)
        else {
            return self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output);
        };
        let until = cx.clock.now.after(cx.app.limits.max_duration);
        let socket = Box::new(WebSocket::new(limits, until, plan));
        self.go_on(cx, to, Work::Tunnel(socket), (Left::default(), Then::More));
        Ok(())
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
        let slot = to.slot.unwrap_or_default();
        let Work::Tunnel(socket) = &mut active.work else { return Ok(()) };
        let (mut input, mut made) = (Buf::default(), Buf::default());
        input.tail().append(&mut active.pending);
        let arrived = input.len();
        let edge = Edge { read_eof: to.ended, eof_reported: to.ended, ..Edge::default() };
        let Cx { clock, ends, connection, app, .. } = *cx;
        let mut within = Cx { clock, edge, ends, connection, app, worker: &mut *cx.worker };
        let next = socket.advance(&mut within, &mut input, &mut made);
        let slow = socket.standing().delayed > 0;
        let taken = arrived - input.len();
        active.pending.extend_from_slice(input.unread());
        active.made.extend_from_slice(made.unread());
        self.unsent += made.len();
        let more = !made.is_empty();
        match next {
            Next::Read(until) | Next::Sleep(until) => active.due = until,
            Next::Linger(_) | Next::Close | Next::Narrow => active.then = Then::End,
            Next::Become(upgrade) => {
                let kind = match *upgrade {
                    Upgrade::Broken(kind) => kind,
                    _ => FaultKind::Close,
                };
                answer::data(output.tail(), to.id, active.unsent());
                self.unsent -= active.unsent().len();
                return self.break_stream(cx, to, kind, output);
            }
            Next::Reset => return self.reset_to(cx, to, ErrorCode::INTERNAL_ERROR, output),
            Next::Write | Next::ReadClock | Next::Yield => {}
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
