//! Who gets a slot, and who must go when there is none.
//!
//! A full worker first closes what is of least use: connections that only wait for their client to
//! take its last answer, then the one that has been idle longest. If there is none it waits a
//! moment for a slot, and then begins to turn clients away, so that none hangs in the kernel's
//! queue.

use std::collections::VecDeque;

use super::session::Session;
use crate::base::limits::{ADMISSION_WAIT, EVICTION_PROBES, IDLE_BEFORE_EVICTION, Limits};
use crate::base::slab::{Slab, Token};
use crate::base::time::Time;
use crate::proto::conn::Rest;

/// What a worker remembers of being full.
#[derive(Debug, Default)]
pub(super) struct Admission {
    /// Since when there has been no slot; `None` while there is one.
    full: Option<Time>,
    /// Where the search for somebody to send away goes on.
    hand: u32,
    /// Connections that are being turned away, the oldest first.
    refused: VecDeque<Token>,
}

/// What is to be done with the next connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// There is a slot for it.
    Free,
    /// There will be, once this one is closed.
    Instead(Token),
    /// It may wait where it is.
    Soon,
    /// It is to be turned away.
    None,
}

impl Admission {
    /// Judges how things stand with `capacity` slots.
    pub(super) fn room<S>(
        &mut self,
        sessions: &mut Slab<Session<S>>,
        capacity: usize,
        limits: &Limits,
        now: Time,
    ) -> Room {
        if sessions.len() < capacity {
            self.full = None;
            return Room::Free;
        }
        if let Some(victim) = self.victim(sessions, limits, now) {
            self.full = None;
            return Room::Instead(victim);
        }
        let since = *self.full.get_or_insert(now);
        if now < since.after(ADMISSION_WAIT) { Room::Soon } else { Room::None }
    }

    /// Whom to close: of those looked at one that lingers, else the one that has been idle longest.
    pub(super) fn victim<S>(
        &mut self,
        sessions: &mut Slab<Session<S>>,
        limits: &Limits,
        now: Time,
    ) -> Option<Token> {
        let mut oldest: Option<(Time, Token)> = None;
        for _ in 0..EVICTION_PROBES.min(sessions.len()) {
            let Some(token) = self.next(sessions) else { break };
            let rest = sessions.get_mut(token).map_or(Rest::None, |session| session.rest(limits));
            match rest {
                Rest::Lingers => return Some(token),
                Rest::Idle(since) if since.after(IDLE_BEFORE_EVICTION) <= now => {
                    let older = oldest.is_none_or(|(other, _)| since < other);
                    oldest = if older { Some((since, token)) } else { oldest };
                }
                _ => {}
            }
        }
        oldest.map(|(_, token)| token)
    }

    /// The next session round the slab.
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

    /// A connection is being turned away, which takes a moment beyond all slots; says which of the
    /// earlier ones has had its moment.
    pub(super) fn refuse(&mut self, token: Token, most: usize) -> Option<Token> {
        self.refused.push_back(token);
        if self.refused.len() > most { self.refused.pop_front() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::conn::{Conn, Protocol};

    #[test]
    fn the_one_that_has_been_idle_longest_goes_and_none_that_has_only_come() {
        let (mut sessions, limits) = (Slab::default(), Limits::default());
        let second = |n: u64| Time::from_micros(n * 1_000_000);
        let mut tokens = Vec::new();
        for accepted in [3, 1, 2, 5] {
            let conn = Conn::new(Protocol::Http, &limits, second(accepted));
            tokens.push(sessions.insert(Session::new((), conn, None, 0)));
        }
        let mut admission = Admission::default();
        for (seconds, expected) in [(1, None), (2, Some(tokens[1])), (6, Some(tokens[1]))] {
            let victim = admission.victim(&mut sessions, &limits, second(seconds));
            assert_eq!(victim, expected, "at {seconds} s");
        }
        sessions.remove(tokens[1]);
        let victim = admission.victim(&mut sessions, &limits, second(6));
        assert_eq!(victim, Some(tokens[2]));
    }
}
