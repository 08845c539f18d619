//! What a worker tells of itself in the end.

/// What a worker has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerStats {
    /// Connections accepted.
    pub connections: u64,
    /// Exchanges finished.
    pub requests: u64,
    /// Connections cut off because the time to finish was over.
    pub cut_off: u64,
    /// Requests whose client was gone before its answer was out.
    pub left: u64,
    /// Answers, timers and collected bytes that are counted though every connection is closed:
    /// there are none, or they have leaked.
    pub leaked: usize,
}
