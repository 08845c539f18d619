//! When many connections have gone: then the allocator is asked for what it keeps of theirs.

use crate::base::limits::{TRIM_DELAY, TRIM_MIN};
use crate::base::time::Time;

/// How far the number of connections has fallen.
#[derive(Debug)]
pub(super) struct MemoryTrim {
    /// Most connections at a time since memory was given back.
    high: usize,
    /// When memory is to be given back.
    pub(super) due: Time,
}

impl MemoryTrim {
    /// Before the first connection.
    pub(super) fn new() -> MemoryTrim {
        MemoryTrim { high: 0, due: Time::NEVER }
    }

    /// One has come: there are so many.
    pub(super) fn on_open(&mut self, connections: usize) {
        self.high = self.high.max(connections);
    }

    /// One has gone.
    pub(super) fn on_close(&mut self, connections: usize, now: Time) {
        if self.due == Time::NEVER && connections + TRIM_MIN.max(self.high / 4) <= self.high {
            self.due = now.after(TRIM_DELAY);
        }
    }

    /// Whether memory is to be given back now.
    pub(super) fn is_due(&mut self, connections: usize, now: Time) -> bool {
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
        let (mut trim, now) = (MemoryTrim::new(), Time::START);
        for connections in [10, 9].repeat(2 * TRIM_MIN) {
            trim.on_open(connections);
            trim.on_close(connections - 1, now);
        }
        assert_eq!(trim.due, Time::NEVER);
        trim.on_open(3 * TRIM_MIN);
        trim.on_close(2 * TRIM_MIN + 1, now);
        assert_eq!(trim.due, Time::NEVER);
        for connections in (TRIM_MIN..=2 * TRIM_MIN).rev() {
            trim.on_close(connections, now);
        }
        let due = now.after(TRIM_DELAY);
        assert!(trim.due == due && !trim.is_due(TRIM_MIN, now));
        assert!(trim.is_due(TRIM_MIN, due) && !trim.is_due(TRIM_MIN, due));
        trim.on_close(1, due);
        assert_eq!(trim.due, Time::NEVER);
        trim.on_close(0, due);
        assert_eq!(trim.due, due.after(TRIM_DELAY));
    }
}
