//! The bounds of answers in the form of a language model's.

/// Most tokens of an answer of a language model: with the longest word for each, the events at its
/// end that repeat its text are still made at once, in half a MiB.
pub const MAX_COMPLETION_TOKENS: u64 = 16 * 1024;
/// Most bytes of a text that such an answer is given: escaped and repeated likewise, 1 MiB at most.
pub const MAX_COMPLETION_TEXT_BYTES: usize = 32 * 1024;
/// Most bytes of a JSON Schema that are searched for what its references mean, of which each may
/// search all of it: a schema of 16 KiB has 256 that are followed.
pub const MAX_SCHEMA_STEPS: usize = 4 * 1024 * 1024;
