//! The bounds of answers in the form of a language model's.

/// Most tokens of an answer of a language model, of all its choices together: with the longest word
/// for each, the events at its end that repeat its text are still made at once, in half a MiB.
pub const MAX_COMPLETION_TOKENS: u64 = 16 * 1024;
/// Most bytes of a text that such an answer is given: escaped and repeated likewise, 1 MiB at most.
pub const MAX_COMPLETION_TEXT_BYTES: usize = 32 * 1024;
/// Longest name of a model or a tool in bytes: every event of a stream may repeat it.
pub const MAX_NAME_BYTES: usize = 256;
/// Most bytes of a JSON Schema that are searched for a sample: each reference may search all of it,
/// of which a schema of 16 KiB has 255 that are followed, and each item of a list all of its own.
pub const MAX_SCHEMA_STEPS: usize = 4 * 1024 * 1024;
/// Most choices of an answer: each may have a given text of its own, so a whole answer has 1.5 MiB
/// at most.
pub const MAX_CHOICES: i64 = 8;
/// Most choices of an answer to several prompts, which share what eight choices may have: a piece
/// of the stream has a token of each, 16 KiB.
pub const MAX_BATCH_CHOICES: usize = 64;
/// Most stop sequences of a request: the text is searched for each.
pub const MAX_STOP_SEQUENCES: usize = 16;
/// Most texts of a request for embeddings, which is OpenAI's limit. A vector is made when it is
/// sent, so each text that waits costs eight bytes.
pub const MAX_EMBEDDINGS: usize = 2048;
/// Most dimensions of an embedding: 48 KiB of text.
pub const MAX_DIMENSIONS: i64 = 4096;
