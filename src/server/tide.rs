//! When many connections have gone: then the allocator is asked for what it keeps of theirs.

use crate::base::limits::{TRIM_DELAY, TRIM_MIN};
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
        if self.due == Time::NEVER && connections + TRIM_MIN.max(self.high / 4) <= self.high {
            self.due = now.after(TRIM_DELAY);
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
        for connections in [10, 9].repeat(2 * TRIM_MIN) {
            tide.rise(connections);
            tide.fall(connections - 1, now);
        }
        assert_eq!(tide.due, Time::NEVER);
        tide.rise(3 * TRIM_MIN);
        tide.fall(2 * TRIM_MIN + 1, now);
        assert_eq!(tide.due, Time::NEVER);
        for connections in (TRIM_MIN..=2 * TRIM_MIN).rev() {
            tide.fall(connections, now);
        }
        let due = now.after(TRIM_DELAY);
        assert!(tide.due == due && !tide.turns(TRIM_MIN, now));
        assert!(tide.turns(TRIM_MIN, due) && !tide.turns(TRIM_MIN, due));
        tide.fall(1, due);
        assert_eq!(tide.due, Time::NEVER);
        tide.fall(0, due);
        assert_eq!(tide.due, due.after(TRIM_DELAY));
    }
}
