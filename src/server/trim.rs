//! Decides when to return memory to the system: after many connections have closed.

use crate::base::limits::{TRIM_DELAY, TRIM_IN_NEED, TRIM_MIN};
use crate::base::time::Time;

/// Watches the number of connections.
#[derive(Debug)]
pub(super) struct MemoryTrim {
    /// Most connections at a time since the last trim.
    high: usize,
    /// When to trim; [`Time::NEVER`] if not.
    pub(super) due: Time,
    /// When to trim again at the earliest if no memory is left.
    needed: Time,
}

impl MemoryTrim {
    /// No connections yet.
    pub(super) fn new() -> MemoryTrim {
        MemoryTrim { high: 0, due: Time::NEVER, needed: Time::START }
    }

    /// A connection was opened: there are `connections` now.
    pub(super) fn on_open(&mut self, connections: usize) {
        self.high = self.high.max(connections);
    }

    /// A connection was closed: there are `connections` now.
    pub(super) fn on_close(&mut self, connections: usize, now: Time) {
        if self.due == Time::NEVER && connections + TRIM_MIN.max(self.high / 4) <= self.high {
            self.due = now.after(TRIM_DELAY);
        }
    }

    /// No memory is left: whether to trim now; the caller must do so.
    pub(super) fn begin_in_need(&mut self, connections: usize, now: Time) -> bool {
        let due = self.needed <= now;
        if due {
            (self.high, self.due) = (connections, Time::NEVER);
            self.needed = now.after(TRIM_IN_NEED);
        }
        due
    }

    /// Whether to trim now; the caller must do so.
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
    fn memory_is_trimmed_once_after_many_connections_have_closed() {
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
