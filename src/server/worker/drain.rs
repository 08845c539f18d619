//! How a worker ends: what the kernel has accepted is taken, then what was begun is finished.

use std::time::Duration;

use super::Worker;
use crate::base::time::Time;
use crate::server::net::{Net, Readiness};

/// Whether a worker is to end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Life {
    Serves,
    /// It takes what is in the listeners' queues, as slots and descriptors come free, until then.
    Closes {
        by: Time,
    },
    /// It listens no more, and lets what was begun end until then.
    Drains {
        by: Time,
    },
    Stops,
}

impl Life {
    /// When it is to be over, whatever is left.
    pub(super) fn end(self) -> Time {
        match self {
            Life::Serves | Life::Stops => Time::NEVER,
            Life::Closes { by } | Life::Drains { by } => by,
        }
    }
}

impl<N: Net> Worker<N> {
    pub(super) fn is_done(&self) -> bool {
        match self.life {
            Life::Serves => false,
            Life::Closes { by } => self.now >= by,
            Life::Drains { by } => self.sessions.is_empty() || self.now >= by,
            Life::Stops => true,
        }
    }

    /// What is in the listeners' queues was promised service by the kernel, so they are closed only
    /// once they have been seen empty.
    pub(super) fn drain(&mut self, within: Duration) {
        self.life = Life::Closes { by: self.now.after(within) };
        for gate in &mut self.setup.gates {
            gate.look = if gate.protocol.is_some() { self.now } else { Time::NEVER };
        }
        for token in self.sessions.tokens().collect::<Vec<_>>() {
            if let Some(session) = self.sessions.get_mut(token) {
                session.notice(UNTOLD);
            }
            self.ready(token);
        }
    }

    /// Closes the listeners of a worker that is to end, once nothing waits in their queues.
    pub(super) fn close_listeners(&mut self) {
        if let Life::Closes { by } = self.life
            && self
                .setup
                .gates
                .iter()
                .all(|gate| gate.protocol.is_none() || gate.look == Time::NEVER)
        {
            self.net.close_listeners();
            self.life = Life::Drains { by };
        }
    }
}

/// A request may have arrived that no event has told of yet: looked for before a connection ends,
/// and when it begins where the client has spoken first.
pub(super) const UNTOLD: Readiness = Readiness { readable: true, ending: false, broken: false };
