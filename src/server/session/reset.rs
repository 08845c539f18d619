//! A connection that is reset on purpose.

use super::{Session, Turn, TurnResult};
use crate::base::limits::ACK_RETRY;
use crate::server::net::Net;

impl<S> Session<S> {
    /// Resets the connection once the client's kernel has all that was written: a reset discards
    /// what is still on its way. Nothing reports an acknowledgement, so a timer looks for it. A
    /// client that does not take its bytes is reset when its time to send is over.
    #[cold]
    pub(super) fn reset<N: Net<Socket = S>>(&mut self, turn: &mut Turn<N>) -> TurnResult {
        let Turn { net, cx, deadline, .. } = turn;
        net.reset_on_close(&mut self.socket);
        let unacked = net.unacked(&mut self.socket);
        deadline.start_or_extend_until_acked(cx, unacked);
        let now = cx.clock.now;
        match deadline.until() {
            Some(until) if unacked > 0 && now < until => {
                let waited = now.since(until.before(cx.app.limits.send_timeout));
                let retry = (waited / 2).clamp(ACK_RETRY[0], ACK_RETRY[1]);
                self.wait(until.min(now.after(retry)))
            }
            _ => TurnResult::Close,
        }
    }
}
