//! How a worker ends: what the kernel has accepted is taken, then what was begun is finished.

use std::time::Duration;

use super::Worker;
use crate::base::time::Time;
use crate::server::net::{Net, Readiness};

/// Whether a worker is to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RunState {
    Serving,
    /// It takes what is in the listeners' queues, as slots and descriptors come free, until then.
    ClosingListeners {
        by: Time,
    },
    /// It listens no more, and lets what was begun end until then.
    Draining {
        by: Time,
    },
    Stopping,
}

impl RunState {
    /// When it is to be over, whatever is left.
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

    /// What is in the listeners' queues was promised service by the kernel, so they are closed only
    /// once they have been seen empty.
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

    /// Closes the listeners of a worker that is to end, once nothing waits in their queues.
    pub(super) fn close_listeners(&mut self) {
        if let RunState::ClosingListeners { by } = self.state
            && self
                .listeners
                .iter()
                .all(|listener| listener.protocol.is_none() || listener.next_accept == Time::NEVER)
        {
            self.net.close_listeners();
            self.state = RunState::Draining { by };
        }
    }
}

/// A request may have arrived that no event has told of yet: looked for before a connection ends,
/// and when it begins where the client has spoken first.
pub(super) const ASSUME_READABLE: Readiness =
    Readiness { readable: true, ending: false, broken: false };
