//! How a listener is closed without losing a connection: those that the kernel has accepted, whose
//! handshakes are under way, or that it holds back.

use std::time::Duration;

use super::Worker;
use super::config::ListenPhase;
use crate::base::limits::{HANDSHAKES_RETRY, HANDSHAKES_TIME};
use crate::base::time::Time;
use crate::server::net::Net;

impl<N: Net> Worker<N> {
    /// Begins to close a listener. If other processes have its socket, what it would still accept
    /// is theirs. A worker that has been idle need not wait for a handshake that it cannot see yet.
    pub(super) fn begin_closing(&mut self, slot: usize) {
        let listener = &mut self.listeners[slot];
        if listener.phase != ListenPhase::Open {
            return;
        }
        if listener.shared || listener.protocol.is_none() {
            return self.close_listener(slot);
        }
        let wait = if self.sessions.is_empty() { Duration::ZERO } else { HANDSHAKES_RETRY };
        let (look, until) = (self.now.after(wait), self.now.after(HANDSHAKES_TIME));
        listener.phase = ListenPhase::Finishing { look, until };
        listener.next_accept = listener.next_accept.min(look);
        self.net.stop_deferring(slot);
        self.net.stop_handshakes(slot);
    }

    /// Takes the steps that are due. A queue counts as empty once it has been found so after the
    /// last handshake.
    pub(super) fn take_closing_steps(&mut self) {
        let now = self.now;
        for slot in 0..self.listeners.len() {
            let handshakes = self.has_handshakes(slot);
            let listener = &mut self.listeners[slot];
            match listener.phase {
                ListenPhase::Finishing { look, .. } if now < look => {
                    listener.next_accept = listener.next_accept.min(look);
                }
                ListenPhase::Finishing { until, .. } if handshakes => {
                    let look = now.after(HANDSHAKES_RETRY);
                    listener.phase = ListenPhase::Finishing { look, until };
                    listener.next_accept = listener.next_accept.min(look);
                }
                ListenPhase::Finishing { .. } => {
                    listener.phase = ListenPhase::Closing;
                    listener.next_accept = now;
                }
                ListenPhase::Closing if listener.next_accept == Time::NEVER => {
                    self.close_listener(slot);
                }
                _ => {}
            }
        }
    }

    /// Whether handshakes are known to be under way at a listener that is to be closed, and can
    /// still be waited for.
    fn has_handshakes(&mut self, slot: usize) -> bool {
        match self.listeners[slot].phase {
            ListenPhase::Finishing { look, until } if (look..until).contains(&self.now) => {
                self.net.has_handshakes(slot)
            }
            _ => false,
        }
    }

    /// Closes all listeners, as they are.
    pub(super) fn close_all_listeners(&mut self) {
        (0..self.listeners.len()).for_each(|slot| self.close_listener(slot));
    }

    fn close_listener(&mut self, slot: usize) {
        let listener = &mut self.listeners[slot];
        if listener.is_open() {
            listener.phase = ListenPhase::Closed;
            listener.next_accept = Time::NEVER;
            self.net.close_listener(slot);
        }
    }
}
