//! The faults of a simulated environment.

use std::time::Duration;

use crate::base::time::Time;

/// The faults and limits of a simulated environment.
#[derive(Clone, Debug)]
pub struct Faults {
    /// Whether a short read means that the pipe is empty, as on Linux.
    pub short_read_is_all: bool,
    /// One call in this many is interrupted; 0 for none.
    pub error_one_in: u64,
    /// The capacity of a pipe, in bytes.
    pub pipe_bytes: usize,
    /// Most connections that the server has descriptors for.
    pub descriptors: usize,
    /// In one wait in this many the clock jumps ahead, as after a suspend; 0 for never.
    pub jump_one_in: u64,
    /// When the drain begins and how long it may take; without it, when all clients are gone.
    pub drain: Option<(Time, Duration)>,
}
