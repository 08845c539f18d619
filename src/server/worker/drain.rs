//! The shutdown of a worker: accept what is queued, then finish the requests in progress.

use std::time::Duration;

use super::Worker;
use crate::base::time::Time;
use crate::server::net::{Net, Readiness};

/// How far the shutdown of a worker has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RunState {
    Serving,
    /// It accepts what is in the queues of its listeners as slots become free, until `by`.
    ClosingListeners {
        by: Time,
    },
    /// Its listeners are closed, and requests in progress can finish until `by`.
    Draining {
        by: Time,
    },
    Stopping,
}

impl RunState {
    /// The deadline of the shutdown; [`Time::NEVER`] if there is none.
    pub(super) fn end(self) -> Time {
        match self {
            RunState::Serving | RunState::Stopping => Time::NEVER,
            RunState::ClosingListeners { by } | RunState::Draining { by } => by,
        }
    }
}

impl<N: Net> Worker<N> {
    pub(super) fn is_done(&self) -> bool {
        match self.state {
            RunState::Serving => false,
            RunState::ClosingListeners { by } => self.now >= by,
            RunState::Draining { by } => self.sessions.is_empty() || self.now >= by,
            RunState::Stopping => true,
        }
    }

    /// Begins the shutdown. The kernel has accepted the connections in the queues of the listeners,
    /// so these are closed only when they have been found empty.
    pub(super) fn drain(&mut self, within: Duration) {
        self.state = RunState::ClosingListeners { by: self.now.after(within) };
        self.shared.draining = true;
        for listener in &mut self.listeners {
            listener.next_accept = if listener.protocol.is_some() { self.now } else { Time::NEVER };
        }
        for token in self.sessions.tokens().collect::<Vec<_>>() {
            if let Some(session) = self.sessions.get_mut(token) {
                session.on_event(ASSUME_READABLE);
            }
            self.ready(token);
        }
    }

    /// Closes the listeners of a worker that drains, when their queues are empty.
    pub(super) fn close_listeners(&mut self) {
        if let RunState::ClosingListeners { by } = self.state
            && self
                .listeners
                .iter()
                .all(|listener| listener.protocol.is_none() || listener.next_accept == Time::NEVER)
        {
            self.close_all_listeners();
            self.state = RunState::Draining { by };
        }
    }
}

/// Makes a session read without an event: before it ends, since a request may have arrived that was
/// not reported yet, and when it begins after a deferred accept.
pub(super) const ASSUME_READABLE: Readiness =
    Readiness { readable: true, ending: false, broken: false };
