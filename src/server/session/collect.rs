//! Clients that take no output for now: their input is read on where that helps, or they have their
//! time.

use std::io;

use super::{LastRead, Ready, Session, Turn, TurnResult};
use crate::base::limits::{BACKLOG_PIECE, ECHO_RETRY, TURN_BYTES};
use crate::base::time::Time;
use crate::proto::{Event, Next};
use crate::server::net::Net;

/// The result of reading on for a client that takes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Collected {
    /// All that has arrived. The next bytes must arrive by then.
    All(Time),
    /// As much as one turn may read.
    Enough,
    /// Nothing, or up to a bound: the client must take some first.
    Full,
}

impl<S> Session<S> {
    /// What becomes of a client that takes no more for now: its input is read on, where the answer
    /// may be collected meanwhile; otherwise it has its time to take some.
    #[cold]
    pub(super) fn blocked<N: Net<Socket = S>>(
        &mut self,
        turn: &mut Turn<N>,
        next: &Next,
    ) -> io::Result<TurnResult> {
        if *next == Next::Reset {
            turn.net.reset_on_close(&mut self.socket);
        }
        let collected = self.collect(turn, next)?;
        let Turn { cx, buffers, deadline, sent, .. } = turn;
        // Do not keep an oversized buffer.
        buffers.spare.save(buffers.room());
        deadline.collecting = collected != Collected::Full;
        match collected {
            Collected::Enough | Collected::All(_) => deadline.clear(),
            Collected::Full => deadline.start_or_extend(cx, *sent),
        }
        let now = cx.clock.now;
        Ok(match (collected, deadline.until()) {
            (Collected::Enough, _) => TurnResult::Yield,
            (Collected::All(until), _) => self.wait(until),
            (Collected::Full, Some(until)) if now < until => {
                // Others may release what they hold, which no event reports.
                let own = buffers.backlog.len() >= cx.app.limits.echo_bytes;
                let retry = self.conn.standing().collects && !own;
                self.wait(if retry { until.min(now.after(ECHO_RETRY)) } else { until })
            }
            (Collected::Full, _) => self.abandon(turn),
        })
    }

    /// Reads on for a client that sends and takes nothing, and keeps its answer, within bounds for
    /// one connection and for all: most HTTP clients read nothing before they have written their
    /// whole request, and one with a large body to echo would deadlock with us.
    fn collect<N: Net<Socket = S>>(
        &mut self,
        turn: &mut Turn<N>,
        next: &Next,
    ) -> io::Result<Collected> {
        let Turn { net, cx, buffers, .. } = turn;
        buffers.spare.make_room(buffers.room());
        let (mut next, mut read) = (next.clone(), 0);
        while self.conn.standing().collects
            && buffers.backlog.len() < cx.app.limits.echo_bytes
            && buffers.collected + buffers.backlog.len() < cx.app.limits.all_echo_bytes
            && cx.worker.memory.has((buffers.backlog.len() + BACKLOG_PIECE) as u64)
        {
            match next {
                Next::Read(until) if !self.ready.has(Ready::READABLE) => {
                    return Ok(Collected::All(until));
                }
                _ if read >= TURN_BYTES => return Ok(Collected::Enough),
                Next::Read(_) => {
                    read += self.read(*net, &mut buffers.input, buffers.usual)?;
                    cx.clock.fresh = false;
                }
                Next::Narrow => net.narrow(&mut self.socket),
                _ => {}
            }
            cx.edge.read_eof = self.last_read == LastRead::Eof;
            next = self.conn.advance(cx, &mut buffers.input, &mut buffers.spare);
            cx.edge.event = Event::None;
            buffers.backlog.push(buffers.spare.unread());
            buffers.spare.clear();
        }
        Ok(Collected::Full)
    }
}
