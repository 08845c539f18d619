//! What the debug log shows of each connection: when it is accepted, and when it has ended what it
//! spoke, what it cost and why it ended. Nothing is kept for that unless the level is on.

use tracing::Level;

use super::Worker;
use crate::base::slab::Token;
use crate::base::time::Time;
use crate::server::net::Net;
use crate::server::session::{Session, TurnResult};

/// The connections that have been logged as accepted, by their index.
pub(super) type Traces = Vec<Option<Trace>>;

/// What a connection has done so far.
#[derive(Debug)]
pub(super) struct Trace {
    accepted: Time,
    counts: Counts,
}

/// Requests answered, and bytes received and sent.
#[derive(Clone, Copy, Debug, Default)]
struct Counts([u64; 3]);

impl<N: Net> Worker<N> {
    /// Whether a log shows the ports of clients.
    pub(super) fn shows_ports(&self) -> bool {
        self.config.app.record_details || tracing::enabled!(Level::DEBUG)
    }

    /// Logs a new connection.
    #[inline(always)] // nothing, unless the level is on
    pub(super) fn trace_accept(&mut self, token: Token, free: bool) {
        if tracing::enabled!(Level::DEBUG) {
            self.log_accept(token, free);
        }
    }

    #[cold]
    fn log_accept(&mut self, token: Token, free: bool) {
        let Some(session) = self.sessions.get_mut(token) else { return };
        let listener = &self.listeners[session.listener()].local;
        let (peer, port) = (session.peer.map(tracing::field::display), session.peer_port);
        match free {
            true => tracing::debug!(connection = token.index, peer, port, listener, "accepted"),
            false => tracing::debug!(connection = token.index, peer, port, listener, "refused"),
        }
        let traces = self.traces.get_or_insert_default();
        let index = token.index as usize;
        if traces.len() <= index {
            traces.resize_with(index + 1, || None);
        }
        traces[index] = Some(Trace { accepted: self.now, counts: Counts::default() });
    }

    /// A turn, of which a trace counts what it did.
    #[inline(always)] // a plain turn, unless there are traces
    pub(super) fn traced_turn(&mut self, token: Token) -> Option<TurnResult> {
        if self.traces.is_none() { self.turn(token) } else { self.count_turn(token) }
    }

    #[cold]
    fn count_turn(&mut self, token: Token) -> Option<TurnResult> {
        let Counts(before) = self.counts();
        let result = self.turn(token);
        let Counts(after) = self.counts();
        let trace =
            self.traces.as_mut().and_then(|all| all.get_mut(token.index as usize)?.as_mut());
        if let Some(Trace { counts: Counts(sums), .. }) = trace {
            let differences = after.iter().zip(before).map(|(after, before)| after - before);
            sums.iter_mut().zip(differences).for_each(|(sum, difference)| *sum += difference);
        }
        result
    }

    fn counts(&self) -> Counts {
        let metrics = &self.shared.metrics;
        Counts([self.shared.served, metrics.received_bytes, metrics.sent_bytes])
    }

    /// Logs that a connection has ended.
    #[inline(always)] // nothing, unless there are traces
    pub(super) fn trace_close(&mut self, token: Token, session: &Session<N::Socket>) {
        if self.traces.is_some() {
            self.log_close(token, session);
        }
    }

    #[cold]
    fn log_close(&mut self, token: Token, session: &Session<N::Socket>) {
        let traces = self.traces.as_mut();
        let trace = traces.and_then(|all| all.get_mut(token.index as usize)?.take());
        let Some(Trace { accepted, counts }) = trace else { return };
        let Counts([requests, received, sent]) = counts;
        let tls = session.conn().tls();
        let why = if self.shared.draining { "the server is stopping" } else { session.why() };
        tracing::debug!(
            connection = token.index,
            peer = session.peer.map(tracing::field::display),
            port = session.peer_port,
            protocol = session.conn().name(),
            tls = tls.map(|facts| facts.version.name()),
            suite = tls.map(|facts| facts.suite),
            resumed = tls.map(|facts| facts.resumed),
            requests,
            received,
            sent,
            duration_ms = self.now.since(accepted).as_millis() as u64,
            why,
            "closed"
        );
    }
}
