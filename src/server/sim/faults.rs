//! What a simulated world is like.

use std::time::Duration;

use crate::base::time::Time;

/// What happens in a world, beside its clients.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Whether a short read means that the pipe was empty, as on Linux.
    pub short_read_is_all: bool,
    /// One call in so many fails for a passing reason; 0: none.
    pub error_one_in: u64,
    /// Most bytes a pipe holds.
    pub pipe_bytes: usize,
    /// Most connections the server can have open: there are no descriptors for more.
    pub descriptors: usize,
    /// Once in so many waits the clock jumps ahead, as after a suspension; 0: never.
    pub jump_one_in: u64,
    /// When the server is told to finish, and within which time; otherwise when all clients are
    /// gone.
    pub drain: Option<(Time, Duration)>,
}
