//! The bounds of bodies in lines and events.

/// Nominal bytes of a `/jsonl` line, as in go-httpbin: `max-body-size` divided by it bounds the
/// number of lines. A longer line counts as its real length.
pub const JSON_LINE_BYTES: u64 = 172;
/// Nominal bytes of an `/sse` event, likewise.
pub const EVENT_BYTES: u64 = 56;
/// Most bytes of `/jsonl` and `/sse`: go-httpbin's own limit, as httpbin has neither.
pub const MAX_STREAMED_BYTES: u64 = 1024 * 1024;
/// Most lines of `/stream/{n}`: httpbin's own limit.
pub const MAX_STREAM_LINES: u64 = 100;
