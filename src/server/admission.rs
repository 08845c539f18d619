//! Which connections get a slot, and which are evicted when there is none.
//!
//! A full worker first evicts a connection that only waits for its client to take the last answer,
//! or else the one that has been idle longest. If there is none it waits a moment for a slot, and
//! then refuses clients, so that none hangs in the kernel's queue.

use std::collections::VecDeque;

use super::session::Session;
use crate::base::limits::{ADMISSION_WAIT, EVICTION_PROBES, IDLE_BEFORE_EVICTION};
use crate::base::slab::{Slab, Token};
use crate::base::time::Time;
use crate::proto::Evictable;

/// What a worker remembers of being full.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// Since when there has been no slot; `None` while there is one.
    full: Option<Time>,
    /// The slot at which the search for one to evict goes on.
    hand: u32,
    /// Connections that are being refused, the oldest first.
    refused: VecDeque<Token>,
}

/// The decision for the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is a slot for it.
    Admit,
    /// There is one once this connection is closed.
    Evict(Token),
    /// It may wait in the kernel's queue.
    Wait,
    /// It is refused.
    Refuse,
}

impl Admission {
    /// The decision for the next connection, with `capacity` slots in all. `replaces`: it takes the
    /// slot of another if none is idle, as on the admin listener, where a probe must be answered.
    pub(super) fn verdict<S>(
        &mut self,
        sessions: &mut Slab<Session<S>>,
        capacity: usize,
        replaces: bool,
        now: Time,
    ) -> Verdict {
        if sessions.len() < capacity {
            self.full = None;
            return Verdict::Admit;
        }
        if let Some(victim) = self.victim(sessions, now) {
            self.full = None;
            return Verdict::Evict(victim);
        }
        if let Some(other) = self.next(sessions).filter(|_| replaces) {
            return Verdict::Evict(other);
        }
        let since = *self.full.get_or_insert(now);
        if now < since.after(ADMISSION_WAIT) { Verdict::Wait } else { Verdict::Refuse }
    }

    /// The connection to evict among those probed: one that lingers, else the one idle longest.
    pub(super) fn victim<S>(
        &mut self,
        sessions: &mut Slab<Session<S>>,
        now: Time,
    ) -> Option<Token> {
        let mut oldest: Option<(Time, Token)> = None;
        for _ in 0..EVICTION_PROBES.min(sessions.len()) {
            let Some(token) = self.next(sessions) else { break };
            let session = sessions.get_mut(token);
            match session.map_or(Evictable::No, |session| session.evictable()) {
                Evictable::Lingers => return Some(token),
                Evictable::IdleSince(since) if since.after(IDLE_BEFORE_EVICTION) <= now => {
                    let older = oldest.is_none_or(|(other, _)| since < other);
                    oldest = if older { Some((since, token)) } else { oldest };
                }
                _ => {}
            }
        }
        oldest.map(|(_, token)| token)
    }

    /// The next session in the slab, wrapping around.
    fn next<S>(&mut self, sessions: &Slab<Session<S>>) -> Option<Token> {
        let slots = sessions.slots();
        for _ in 0..slots {
            self.hand = if self.hand + 1 < slots { self.hand + 1 } else { 0 };
            let token = sessions.token_at(self.hand);
            if token.is_some() {
                return token;
            }
        }
        None
    }

    /// Refuses a connection, in an extra slot; returns the oldest being refused, if there are more
    /// than `most`.
    pub(super) fn refuse(&mut self, token: Token, most: usize) -> Option<Token> {
        self.refused.push_back(token);
        if self.refused.len() > most { self.refused.pop_front() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::limits::Limits;
    use crate::proto::conn::{Conn, Protocol};

    #[test]
    fn the_one_that_has_been_idle_longest_goes_and_none_that_has_only_come() {
        let (mut sessions, limits) = (Slab::default(), Limits::default());
        let second = |n: u64| Time::from_micros(n * 1_000_000);
        let mut tokens = Vec::new();
        for accepted in [3, 1, 2, 5] {
            let conn = Conn::new(Protocol::Http, &limits, second(accepted));
            tokens.push(sessions.insert(Session::new((), conn, None, 0, true)));
        }
        let mut admission = Admission::default();
        for (seconds, expected) in [(1, None), (2, Some(tokens[1])), (6, Some(tokens[1]))] {
            let victim = admission.victim(&mut sessions, second(seconds));
            assert_eq!(victim, expected, "at {seconds} s");
        }
        sessions.remove(tokens[1]);
        let victim = admission.victim(&mut sessions, second(6));
        assert_eq!(victim, Some(tokens[2]));
    }
}
