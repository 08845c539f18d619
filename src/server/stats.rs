//! What a worker has counted when it ends.

/// The counters of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerStats {
    /// Connections accepted.
    pub connections: u64,
    /// Requests answered.
    pub requests: u64,
    /// Connections closed because the time for the shutdown was over.
    pub cut_off: u64,
    /// Requests whose client closed the connection before the end of the response.
    pub clients_gone: u64,
    /// What is still counted after every connection was closed; zero unless a counter leaks.
    pub leaked: usize,
}
