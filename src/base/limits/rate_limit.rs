//! Bounds of rate limits.

/// Most keys of rate limits, of all clients together: a megabyte, as each takes 100 bytes. The
/// least recently used is dropped for a new one, and begins a new window when it comes again.
pub const MAX_RATE_LIMIT_KEYS: usize = 10_000;
/// Most requests in a window of a rate limit: RFC 9651 has integers of 15 digits, and clients 32
/// bits.
pub const MAX_RATE_LIMIT: u32 = 1_000_000_000;
