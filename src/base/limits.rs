//! Every bound there is, with its reason: what an operator may set ([`Limits`]) and what is fixed.

use std::time::Duration;

/// The bounds an operator may change. Zero never means "without limit": each is a number.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Longest request line or field line, in bytes without its line end: 414 or 431 beyond it.
    pub head_line_bytes: usize,
    /// Longest head in all, in bytes: 431 beyond it.
    pub head_bytes: usize,
    /// Most header fields in one head, up to [`MAX_FIELDS`]: 431 beyond it.
    pub head_fields: usize,
    /// Largest request body that is kept, in bytes: 413 beyond it. A body that is streamed
    /// (`POST /echo`) is not bounded by it.
    pub body_bytes: u64,
    /// Most bytes of one `/echo` that are kept while its client sends and takes nothing; then
    /// nothing more is read until it takes some.
    pub echo_bytes: usize,
    /// The same for all connections of one worker together.
    pub all_echo_bytes: usize,
    /// Time for a whole head, from its first byte (or from the accept, which a client that says
    /// nothing may have to wait a second for): 408 after it.
    pub head_timeout: Duration,
    /// Longest gap between two pieces of a request body: 408 after it.
    pub body_timeout: Duration,
    /// Slowest pace of a request body, in bytes a second, over and above `body_timeout`: 408 below
    /// it. A body that comes in pieces, each just in time, is bounded by it.
    pub body_rate: u64,
    /// Longest time for a request's body in all: 408 after it.
    pub request_timeout: Duration,
    /// All chunk extensions of one body together, in bytes: 400 beyond it.
    pub chunk_extensions: usize,
    /// All trailer fields of one body together, in bytes: 400 beyond it.
    pub trailers: usize,
    /// Most requests of one connection: the answer to the last one closes it.
    pub requests: u32,
    /// Most answers of one worker that take time, at a time: 503 beyond it.
    pub delayed: usize,
    /// Most bytes one worker sends a second; [`u64::MAX`]: as fast as it can.
    pub egress: u64,
    /// Longest time in which a client takes no byte of an answer that is ready: closed after it.
    pub send_timeout: Duration,
    /// Slowest pace at which a client takes an answer that is ready, in bytes a second, over and
    /// above `send_timeout`: closed below it. Zero asks for no pace.
    pub send_rate: u64,
    /// Time a client is given to read the last answer while it may still be sending.
    pub linger_timeout: Duration,
    /// Bytes taken from such a client and thrown away before it is cut off. Most clients write
    /// their whole body before they read that it is too large: one that is cut off never reads it.
    pub linger_bytes: u64,
    /// Longest idle time between two requests of a connection.
    pub keep_alive_timeout: Duration,
    /// Longest time an answer may be made to take (`/delay`, `/drip`): httpbin's clamp.
    pub max_duration: Duration,
    /// Most bytes `/bytes/{n}`, `/stream-bytes/{n}` and `/range/{n}` make: httpbin's bound of
    /// 102,400.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_line_bytes: 16 * 1024,
            head_bytes: 64 * 1024,
            head_fields: STACK_FIELDS,
            body_bytes: 64 * 1024 * 1024,
            echo_bytes: 64 * 1024 * 1024,
            all_echo_bytes: 1024 * 1024 * 1024,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            body_rate: 1,
            request_timeout: Duration::from_secs(60 * 60),
            chunk_extensions: 16 * 1024,
            trailers: 16 * 1024,
            requests: u32::MAX,
            delayed: usize::MAX,
            egress: u64::MAX,
            send_timeout: Duration::from_secs(60),
            send_rate: 1,
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 256 * 1024 * 1024,
            keep_alive_timeout: Duration::from_secs(75),
            max_duration: Duration::from_secs(10),
            max_bytes: 100 * 1024,
        }
    }
}

/// Most header fields that may be allowed in a head: more is no use that anybody has told of.
pub const MAX_FIELDS: usize = 4096;
/// Header fields for which there is room on the stack. So many are allowed unless the operator says
/// otherwise, and a head of more costs an allocation.
pub const STACK_FIELDS: usize = 128;
/// Most fields that a query may ask an answer to carry (`/response-headers`, `/trailers`,
/// `/cookies/set`), each of which takes two bytes of the request line at least. Far more than
/// clients were seen to test with, and few enough to be written within a turn.
pub const MAX_RESPONSE_FIELDS: usize = 4096;
/// Most bytes of attributes in the cookies of one answer: each cookie repeats what the request
/// gives once, so some thousand short names would make megabytes.
pub const MAX_ALL_ATTRIBUTES_BYTES: usize = 512 * 1024;
/// Most path parameters of a route.
pub const MAX_PARAMS: usize = 5;
/// Longest chunk-size line, extensions included, in bytes without its line end.
pub const MAX_CHUNK_LINE: usize = 1024;
/// An answer stops being produced once this many bytes wait to be written.
pub const HIGH_WATER: usize = 64 * 1024;
/// The same for a body that is made in pieces. Fewer and longer writes take a quarter of the CPU
/// off a long one; what the kernel holds for a client that does not read (4 MiB) is far more.
pub const BODY_HIGH_WATER: usize = 256 * 1024;
/// Below this, a request for `/echo` that has come whole is answered by a copy of its body. A
/// longer one is passed back in the buffers in which it comes.
pub const COPIED_BYTES: usize = 16 * 1024;
/// Below this, what is left of a body is read and written: it is hardly worth the calls that
/// passing it on unread takes. So is what comes after less than half of it: in the kernel each
/// piece that is passed on keeps the page it came in, which nobody counts, and a client that sends
/// a few bytes at a time could hold far more memory than its buffers are allowed.
pub const PASSED_BYTES: usize = 64 * 1024;
/// Most bytes passed on unread at once, and so what a client that takes nothing may leave of them.
/// With half of it a large echo costs a tenth more; with a pipe of more, no less.
pub const MOST_PASSED: usize = 256 * 1024;
/// Least room for one read: room in the worker's scratch beyond the longest head.
pub const READ_BYTES: usize = 64 * 1024;
/// Room for a head beside what one read brings: for the request's own, so that a body of a round
/// length leaves no few bytes for another read, and for that of an answer which passes it all back.
pub const HEAD_ROOM: usize = 4 * 1024;
/// Bytes of a page of the system, on nearly all: a buffer begins at one.
pub const PAGE_BYTES: usize = 4096;
/// Room of a buffer that gives up a page of it for that; the worker's have more.
pub const PAGE_ALIGNED_BYTES: usize = 64 * 1024;
/// Wait before collecting is tried again when other connections hold all that may be collected.
pub const ECHO_RETRY: Duration = Duration::from_millis(100);
/// Bytes of a piece of what is kept for a client that takes nothing: as much as one read brings.
pub const BACKLOG_PIECE: usize = 128 * 1024;
/// Bytes read or written for one connection before the next has its turn.
pub const TURN_BYTES: usize = 512 * 1024;
/// Requests answered for one connection before the next has its turn; some more, if their answers
/// fit into [`HIGH_WATER`].
pub const TURN_REQUESTS: u64 = 128;
/// Connections accepted from one listener before others have their turn.
pub const ACCEPTS_PER_TURN: usize = 256;
/// Most seconds a client may say nothing before it is accepted all the same: the fewest the kernel
/// counts, as it asks again by its handshake's own timer.
pub const DEFER_ACCEPT_SECONDS: i32 = 1;
/// Timers fired before sockets are looked at again.
pub const FIRES_PER_TURN: usize = 1024;
/// Readiness events taken from the kernel in one call.
pub const EVENTS_PER_WAIT: usize = 1024;
/// Wait before accepting is tried again when descriptors or slots ran out and none was freed.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Shortest time between two pieces of a paced answer: pieces due sooner are sent together.
pub const PACE_TICK: Duration = Duration::from_millis(1);
/// Connections that are gone, of the most there were: the memory they took is given back to the
/// system. So many heads of the usual size are two megabytes.
pub const TRIM_MIN: usize = 256;
/// Time that others are given to go as well.
pub const TRIM_DELAY: Duration = Duration::from_secs(1);
/// A connection that has been idle for so long may be closed when another needs its slot.
pub const IDLE_BEFORE_EVICTION: Duration = Duration::from_secs(1);
/// Sessions looked at in search of one to close.
pub const EVICTION_PROBES: usize = 256;
/// Time a connection is left in the kernel's queue in the hope of a slot, before it is refused.
/// Longer than others may be idle, so that they are closed first.
pub const ADMISSION_WAIT: Duration = Duration::from_secs(2);
/// Most connections that are being refused at a time, beyond all slots; another one cuts the oldest
/// off. Where descriptors are few, an eighth of them.
pub const MAX_REFUSALS: usize = 64;
/// Shortest time between two log lines about connections that cannot be accepted.
pub const COMPLAINT_INTERVAL: Duration = Duration::from_secs(5);
/// Datagrams returned before sockets are looked at again.
pub const DATAGRAMS_PER_TURN: usize = 64;
/// Longest datagram: what UDP over IPv4 can carry is less.
pub const DATAGRAM_BYTES: usize = 64 * 1024;
/// Connections asked to be queued before they are accepted; the kernel clips it to its own limit.
pub const LISTEN_BACKLOG: i32 = 65_535;
/// Times a port is chosen for a host with several addresses, until one is free at all of them. Each
/// is free with nine chances in ten even on a machine with thousands of listeners.
pub const SAME_PORT_TRIES: u32 = 16;
/// Receive buffer asked for a UDP socket, so that a burst is not lost; clipped likewise.
pub const DATAGRAM_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Descriptors a worker needs beside its connections': poll, timer, inbox, the pipe of its
/// relay, listeners, log, standard streams, and some to spare.
pub const DESCRIPTORS_RESERVED: usize = 24;
/// Deepest nesting of a JSON body that is echoed; a deeper one is told as `null`. httpbin's own
/// bound is Python's call stack, about a thousand, beyond which it fails.
pub const MAX_JSON_DEPTH: usize = 512;
/// Longest value of a cookie's attribute, in bytes: clients pass over longer ones (RFC 6265bis
/// 5.6), and each of many cookies repeats it.
pub const MAX_ATTRIBUTE_BYTES: usize = 1024;
/// Most parameters of a digest login, which are looked through for each other's names; RFC 7616 has
/// eleven.
pub const MAX_DIGEST_PARAMETERS: usize = 32;
/// Most digits of an integer in an echoed JSON body, and of a seed: Python's own bound, since
/// turning digits into a number takes time by their square.
pub const MAX_INTEGER_DIGITS: usize = 4300;
/// How many times longer than the body its JSON may be told. Indentation makes a deep body grow
/// without measure; one that grows beyond this is told as `null`.
pub const MAX_JSON_GROWTH: usize = 16;
/// Bytes an echoed JSON may have whatever the length of the body: room for the deepest nesting.
pub const JSON_GROWTH_FLOOR: usize = 1024 * 1024;
/// Most fields of an urlencoded form: as many as a form of 1 MiB can have, twice over. Each is told
/// apart in memory, 48 bytes, and so many are read in a third of a second.
pub const MAX_FORM_FIELDS: usize = 1024 * 1024;
/// Bytes of a random body made at a time.
pub const BODY_PIECE: u32 = 16 * 1024;
/// Bytes of `/range/{n}` sent at a time unless told: httpbin's.
pub const RANGE_PIECE: u64 = 10 * 1024;
/// Largest chunk of `/stream-bytes/{n}` and `/range/{n}`: each is made whole before it is sent.
pub const MAX_CHUNK_BYTES: u64 = 1024 * 1024;
/// Bytes a line of `/jsonl` is taken to have, so that `max-body-size` bounds how many there are:
/// go-httpbin's measure. Longer lines count as what they are.
pub const JSON_LINE_BYTES: u64 = 172;
/// Bytes an event of `/sse` is taken to have, likewise.
pub const EVENT_BYTES: u64 = 56;
/// Most bytes of `/jsonl` and `/sse`, which httpbin does not have: go-httpbin's own bound.
pub const MAX_STREAMED_BYTES: u64 = 1024 * 1024;
/// Most lines of `/stream/{n}`: httpbin's clamp.
pub const MAX_STREAM_LINES: u64 = 100;
/// Most bytes of `/drip`: httpbin's clamp.
pub const MAX_DRIP_BYTES: u64 = 10 * 1024 * 1024;
/// Longest part of a bad value that is told back in a refusal.
pub const MAX_QUOTED_BYTES: usize = 64;
/// Records handed to the access log at a time, though the turn goes on.
pub const RECORDS_PER_TURN: usize = 256;
/// Bytes of a target, a Referer or a User-Agent that the access log keeps.
pub const MAX_LOGGED_BYTES: usize = 2048;
/// Memory of the lines that wait for one output of the log, in bytes: 64 batches of the access log.
/// What comes when it is full is dropped and counted.
pub const LOG_QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Memory beyond it for lines that are not of the access log: some hundred, so that a flood of
/// requests does not push out what tells of it.
pub const LOG_RESERVED_BYTES: usize = 64 * 1024;
/// Time for writing what is still queued when the server ends, for all logs together: one that
/// takes nothing is given up then.
pub const LOG_FLUSH: Duration = Duration::from_secs(1);
/// Listeners of one server: a session keeps the number of its own in a byte.
pub const MAX_LISTENERS: usize = 64;
