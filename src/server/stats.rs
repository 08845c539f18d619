//! What a worker has counted when it ends.

use crate::http::modifiers::ROWS;

/// The counters of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerStats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests answered.
    pub requests: u64,
    /// Connections closed in the middle of an answer, because the time for the shutdown was over.
    pub cut_off: u64,
    /// Requests whose client closed the connection before the end of the response.
    pub clients_gone: u64,
    /// How often each modifier was applied, in the order of [`ROWS`].
    pub applied: [u64; ROWS.len()],
    /// Defaults that were left out because the protocol of a request has no such thing.
    pub skipped: u64,
    /// What is still counted after every connection was closed; zero unless a counter leaks.
    pub leaked: usize,
}

impl WorkerStats {
    /// Adds those of another worker.
    pub fn add(&mut self, other: &WorkerStats) {
        self.connections += other.connections;
        self.requests += other.requests;
        self.cut_off += other.cut_off;
        self.clients_gone += other.clients_gone;
        self.skipped += other.skipped;
        self.leaked += other.leaked;
        for (sum, applied) in self.applied.iter_mut().zip(other.applied) {
            *sum += applied;
        }
    }

    /// The modifiers that were applied and how often: `delay=12 fault=3`; empty for none.
    pub fn applied_text(&self) -> String {
        let applied = ROWS.iter().zip(self.applied).filter(|(_, count)| *count > 0);
        let texts = applied.map(|(row, count)| format!("{}={count}", row.name.text()));
        texts.collect::<Vec<_>>().join(" ")
    }
}
