//! What a memory limit allows: the costs and bounds by which the server stays within one.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Memory in bytes that a connection takes, delayed or idle, for the number of them that a memory
/// limit allows. Measured on Linux 6.18 (2026-11-30): 1,490 in the kernel under cgroup v1, and
/// 2,500 for the socket, which v2 counts too; 130 of our own if idle, 320 if delayed. The rest is
/// for buffers of the kernel.
pub const CONNECTION_BYTES: u64 = 6 * 1024;
/// The same for a stream of HTTP/2 that waits: 300 to 500, and the table of streams doubles.
pub const STREAM_BYTES: usize = 1024;
/// Least and most bytes of a memory limit that are kept free: an eighth, within these. A document
/// of a body that came in one read takes up to 3 MiB.
pub const MEMORY_RESERVE: RangeInclusive<u64> = 3 * 1024 * 1024..=64 * 1024 * 1024;
/// How fast memory may be taken, in bytes per microsecond (1 GiB/s), for the time until the next
/// look at how much is left.
pub const MEMORY_BYTES_PER_US: u64 = 1024;
/// Shortest and longest time between two such looks in microseconds. One takes 2 to 50 µs.
pub const MEMORY_LOOK_US: [u64; 2] = [1000, 100_000];
/// Bytes that connections take beyond what was left, by their own count, before that is checked by
/// another look.
pub const MEMORY_COUNTED_BYTES: u64 = 64 * 1024;
/// Bytes that a connection may hold between two turns even if no memory is left.
pub const HELD_BYTES_IN_NEED: usize = 1024;
/// Part of the memory left that one new HTTP/2 connection may use for bodies that are made: 1/32.
pub const MEMORY_SHARES: u64 = 32;
/// Shortest time between two times that free memory is returned to the system because none is left:
/// in a process that may have little, that takes some hundred microseconds.
pub const TRIM_IN_NEED: Duration = Duration::from_millis(50);
/// How many times its length a body takes at most when it is parsed, including itself: see the
/// table of what a connection holds.
pub const PARSED_GROWTH: u64 = 28;
/// Most bytes read of a file about control groups; mountinfo of a busy host has 100 KiB.
pub const CGROUP_FILE_BYTES: u64 = 256 * 1024;
/// The same of those that are read again for each look: v1's `memory.stat` has 2 KiB.
pub const MEMORY_FILE_BYTES: usize = 16 * 1024;
/// Most groups, from the process's own upward, of which limits are read.
pub const CGROUP_LEVELS: usize = 32;
/// Threads of the process besides its workers: main thread, logs and admin listener.
pub const THREADS_RESERVED: u64 = 8;
