//! The bounds of the journal and of those who watch it.

use std::time::Duration;

/// Most requests that the journal can keep: it is searched as a whole.
pub const MAX_JOURNAL_REQUESTS: u64 = 100_000;
/// Most bytes that the journal can keep.
pub const MAX_JOURNAL_BYTES: u64 = 1 << 40;
/// How often a waiting client of the admin listener looks for changes of the journal: often enough
/// for a person and a test, and at most 50 looks a second for each client.
pub const JOURNAL_TICK: Duration = Duration::from_millis(20);
/// Most changed entries that a client of `/events` is sent each time: 6,400 a second.
pub const JOURNAL_EVENTS: usize = 128;
/// Most changed entries that such a client may be behind; of more, it is sent the last. As many as
/// the live page keeps: less than a second of events.
pub const JOURNAL_BACKLOG: usize = 5000;
/// Changes of which the journal knows what they changed. A request changes three times at most, so
/// these reach back further than a watcher may be behind.
pub const JOURNAL_CHANGES: usize = 4 * JOURNAL_BACKLOG;
/// How long `/events` lasts: a client that is still there connects again.
pub const JOURNAL_EVENTS_TIME: Duration = Duration::from_secs(24 * 60 * 60);
/// How often `/events` sends a comment when nothing changes, so that it is seen to be alive.
pub const JOURNAL_KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Most requests that the admin listener lists unless it is asked for more.
pub const JOURNAL_LISTED: u64 = 100;
/// Bytes of heads and bodies after which it lists no more: as many as a journal keeps by default.
/// Their JSON is at most twice as long, and is made whole.
pub const JOURNAL_LISTED_BYTES: usize = 16 * 1024 * 1024;
/// Most bytes of an answer's body that the journal keeps: nearly all answers to webhooks, and of a
/// journal of 1000 requests a quarter of its bytes by default.
pub const JOURNAL_ANSWER_BYTES: usize = 4096;
/// Longest time that a client may have it wait for requests: less than most clients wait.
pub const MAX_JOURNAL_WAIT: Duration = Duration::from_secs(60);
/// Longest pattern for a path or a field of the journal's requests: the time of a search is in
/// proportion to it.
pub const MAX_FILTER_BYTES: usize = 256;
