//! When many connections have gone: then the allocator is asked for what it keeps of theirs.

use crate::base::limits::{EBB, EBB_DELAY};
use crate::base::time::Time;

/// How far the number of connections has fallen.
#[derive(Debug)]
pub(super) struct Tide {
    /// Most connections at a time since memory was given back.
    high: usize,
    /// When memory is to be given back.
    pub(super) due: Time,
}

impl Tide {
    /// Before the first connection.
    pub(super) fn new() -> Tide {
        Tide { high: 0, due: Time::NEVER }
    }

    /// One has come: there are so many.
    pub(super) fn rise(&mut self, connections: usize) {
        self.high = self.high.max(connections);
    }

    /// One has gone.
    pub(super) fn fall(&mut self, connections: usize, now: Time) {
        if self.due == Time::NEVER && connections + EBB.max(self.high / 4) <= self.high {
            self.due = now.after(EBB_DELAY);
        }
    }

    /// Whether memory is to be given back now.
    pub(super) fn turns(&mut self, connections: usize, now: Time) -> bool {
        let due = self.due <= now;
        if due {
            (self.high, self.due) = (connections, Time::NEVER);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_given_back_once_after_many_have_gone_and_not_for_those_that_come_and_go() {
        let (mut tide, now) = (Tide::new(), Time::START);
        for connections in [10, 9].repeat(2 * EBB) {
            tide.rise(connections);
            tide.fall(connections - 1, now);
        }
        assert_eq!(tide.due, Time::NEVER);
        tide.rise(3 * EBB);
        tide.fall(2 * EBB + 1, now);
        assert_eq!(tide.due, Time::NEVER);
        for connections in (EBB..=2 * EBB).rev() {
            tide.fall(connections, now);
        }
        let due = now.after(EBB_DELAY);
        assert!(tide.due == due && !tide.turns(EBB, now));
        assert!(tide.turns(EBB, due) && !tide.turns(EBB, due));
        tide.fall(1, due);
        assert_eq!(tide.due, Time::NEVER);
        tide.fall(0, due);
        assert_eq!(tide.due, due.after(EBB_DELAY));
    }
}
