//! What a session holds between two turns counts as memory that the server has taken.

use super::{Session, Turn, TurnResult};
use crate::base::limits::{COMPLAINT_INTERVAL, HELD_BYTES_IN_NEED};
use crate::server::net::Net;

impl<S> Session<S> {
    /// Counts what it holds at the end of a turn, and what it has read, which may be kept. If no
    /// memory is left and it holds much, it is over: better one connection than the process.
    pub(super) fn hold<N>(&mut self, turn: &mut Turn<N>, result: TurnResult) -> TurnResult
    where
        N: Net<Socket = S>,
    {
        let Turn { net, cx, buffers, read, .. } = turn;
        let memory = &mut cx.worker.memory;
        let mut held = buffers.held();
        if held + *read <= HELD_BYTES_IN_NEED && !memory.is_short() {
            return result;
        }
        held += self.conn.standing().held;
        if held > HELD_BYTES_IN_NEED && memory.is_used_up() {
            // This turn may have taken it all: what is left is found out, not guessed.
            memory.set(net.spare_memory(), cx.clock.now);
        }
        let needed = held > HELD_BYTES_IN_NEED && memory.is_short();
        if needed && result != TurnResult::Close {
            return self.give_up(turn, held);
        }
        // The body of an echo goes back, and is not kept.
        let kept = if self.conn.standing().collects { 0 } else { turn.read };
        turn.cx.worker.memory.take(held + kept);
        result
    }

    #[cold]
    fn give_up<N>(&mut self, turn: &mut Turn<N>, held: usize) -> TurnResult
    where
        N: Net<Socket = S>,
    {
        let now = turn.cx.clock.now;
        if turn.cx.worker.memory.complains(now, COMPLAINT_INTERVAL) {
            tracing::warn!(
                bytes = held,
                "no memory is left: connections that hold much are closed; give the server more \
                 memory, or set --max-connections"
            );
        }
        self.abandon(turn)
    }
}
