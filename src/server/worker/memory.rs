//! Slots for connections, of which a limit on memory leaves fewer than the settings.

use super::Worker;
use crate::base::limits::CONNECTION_BYTES;
use crate::server::admission::Verdict;
use crate::server::net::Net;

impl<N: Net> Worker<N> {
    /// The decision for the next connection. Without memory for one more, all slots count as taken,
    /// but for the few of the admin listener: whoever restarts a server asks there whether it is
    /// alive.
    pub(super) fn verdict(&mut self) -> Verdict {
        let replaces = self.config.app.control.is_some();
        let free = replaces || self.shared.memory.has(CONNECTION_BYTES);
        let capacity = if free { self.config.capacity } else { 0 };
        self.admission.verdict(&mut self.sessions, capacity, replaces, self.now)
    }

    /// Looks how much memory is left. If none is, free memory that the allocator keeps is given
    /// back first, though not for each look.
    #[cold]
    pub(super) fn look_at_memory(&mut self) {
        let mut spare = self.net.spare_memory();
        if spare == Some(0) && self.trim.begin_in_need(self.sessions.len(), self.now) {
            self.net.trim();
            spare = self.net.spare_memory();
        }
        self.shared.memory.set(spare, self.now);
    }

    /// Makes room for a descriptor; returns whether there was a connection to evict.
    pub(super) fn evict(&mut self) -> bool {
        let victim = self.admission.victim(&mut self.sessions, self.now);
        victim.map(|token| self.evict_one(token)).is_some()
    }
}
