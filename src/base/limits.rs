//! Every limit and its reason: the configurable ones ([`Limits`]) and the fixed ones.

mod completion;
mod journal;
mod memory;
mod rate_limit;
mod streams;

pub use completion::*;
pub use journal::*;
pub use memory::*;
pub use rate_limit::*;
pub use streams::*;

use std::time::Duration;

/// The configurable limits. Zero never means "unlimited", except for `send_rate`.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Longest request line or field line in bytes, without its line end; 414 or 431 beyond it.
    pub head_line_bytes: usize,
    /// Longest request head in bytes; 431 beyond it.
    pub head_bytes: usize,
    /// Most header fields in one head, at most [`MAX_FIELDS`]; 431 beyond it.
    pub head_fields: usize,
    /// Largest buffered request body in bytes; 413 beyond it. It does not apply to a streamed body
    /// (`POST /echo`).
    pub body_bytes: u64,
    /// Most bytes of one `/echo` buffered for a client that sends without reading; the server then
    /// stops reading until the client takes some.
    pub echo_bytes: usize,
    /// The same for all connections of one worker, in bytes.
    pub all_echo_bytes: usize,
    /// Time for a whole head; 408 after it. It starts at the first byte, or at the accept, which
    /// the kernel may delay by [`DEFER_ACCEPT_SECONDS`].
    pub head_timeout: Duration,
    /// Longest gap between two reads of a request body; 408 after it.
    pub body_timeout: Duration,
    /// Lowest average rate of a request body in bytes per second, after a grace period of
    /// `body_timeout`; 408 below it. It bounds a client that sends each byte just before the
    /// timeout.
    pub body_rate: u64,
    /// Longest time for a whole request body; 408 after it.
    pub request_timeout: Duration,
    /// Most bytes of chunk extensions in one body; 400 beyond it.
    pub chunk_extensions: usize,
    /// Most bytes of trailer fields in one body; 400 beyond it.
    pub trailers: usize,
    /// Most requests on one connection; the last response closes it.
    pub requests: u32,
    /// Most streams at a time of one HTTP/2 connection (RFC 9113 6.5.2); REFUSED_STREAM beyond it.
    pub streams: u32,
    /// Most responses of one worker that are waiting or paced at the same time; 503 beyond it.
    pub delayed: usize,
    /// Most bytes one worker sends per second; [`u64::MAX`] means unlimited.
    pub egress: u64,
    /// Longest time in which a client takes no byte of a response that is ready; closed after it.
    pub send_timeout: Duration,
    /// Lowest average rate at which a client takes a response that is ready, in bytes per second,
    /// after a grace period of `send_timeout`; closed below it. Zero disables the check.
    pub send_rate: u64,
    /// Time a client that may still be sending has to read the last response (lingering close).
    pub linger_timeout: Duration,
    /// Most bytes discarded during a lingering close. Most clients write their whole body before
    /// they read the 413 for it: a connection reset before that loses the response.
    pub linger_bytes: u64,
    /// Longest idle time between two requests on a connection.
    pub keep_alive_timeout: Duration,
    /// Longest time a response may be asked to take (`/delay`, `/drip`): httpbin's own limit.
    pub max_duration: Duration,
    /// Longest time all modifiers of a request together may wait, and a fault may be silent.
    pub max_wait: Duration,
    /// Most bytes of `/bytes/{n}`, `/stream-bytes/{n}` and `/range/{n}`, which are made piece by
    /// piece. httpbin's own limit of 100 KiB surprises its users, who get less than they ask for
    /// (httpbin issue 594); on a link of 1 Gbit/s this much takes a second. Embeddings, which a
    /// short request can ask for, have as many bytes at most.
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
            // As many heads fit into the buffers of a client that does not read.
            streams: 1000,
            delayed: usize::MAX,
            egress: u64::MAX,
            send_timeout: Duration::from_secs(60),
            send_rate: 1,
            linger_timeout: Duration::from_secs(2),
            linger_bytes: 256 * 1024 * 1024,
            keep_alive_timeout: Duration::from_secs(75),
            max_duration: Duration::from_secs(10),
            max_wait: Duration::from_secs(60 * 60),
            max_bytes: 100 * 1024 * 1024,
        }
    }
}

/// Highest `head_fields` that can be configured: no use of more is known.
pub const MAX_FIELDS: usize = 4096;
/// Header fields parsed on the stack, and the default of `head_fields`. A head with more fields
/// costs an allocation.
pub const STACK_FIELDS: usize = 128;
/// Most fields one query may add to a response (`/response-headers`, `/trailers`, `/cookies/set`).
/// Each takes at least two bytes of the request line. Far more than clients test with, and few
/// enough to write within one turn.
pub const MAX_RESPONSE_FIELDS: usize = 4096;
/// Most bytes of attributes in all cookies of one response. The request gives the attributes once
/// and each cookie repeats them, so a thousand short names could ask for megabytes.
pub const MAX_ALL_ATTRIBUTES_BYTES: usize = 512 * 1024;
/// Most path parameters of a route: `/digest-auth` has the most.
pub const MAX_PARAMS: usize = 5;
/// Longest chunk-size line in bytes, without its line end: 16 hex digits and some extensions.
pub const MAX_CHUNK_LINE: usize = 1024;
/// Unsent bytes at which a connection stops producing; pipelined responses share one write.
pub const HIGH_WATER: usize = 64 * 1024;
/// The same for a body produced in pieces. Fewer and longer writes save a quarter of the CPU of a
/// long body; the kernel's send buffer (4 MiB) is far larger anyway.
pub const BODY_HIGH_WATER: usize = 256 * 1024;
/// `/echo` copies the body of a complete request shorter than this. It returns a longer one in the
/// buffers it arrived in.
pub const COPIED_BYTES: usize = 16 * 1024;
/// Streams of one HTTP/2 connection that end with RST_STREAM before it is closed, and how many more
/// in each second: a reset is the cheapest way to make a server work for nothing (CVE-2023-44487,
/// CVE-2025-8671), while a client that cancels what it has started seldom exceeds this. nghttp2 has
/// 1,000 and 33. The same for SETTINGS, PING and PRIORITY_UPDATE frames.
pub const STREAM_ERRORS: u32 = 1000;
/// See [`STREAM_ERRORS`].
pub const STREAM_ERRORS_PER_SECOND: u32 = 100;
/// Empty DATA frames of one HTTP/2 connection, which cost its client nothing. The `h2` crate has
/// 100.
pub const EMPTY_FRAMES: u32 = 100;
/// More of them in each second.
pub const EMPTY_FRAMES_PER_SECOND: u32 = 10;
/// CONTINUATION frames of one head: at 16 KiB each, more than any limit on a head needs (as in
/// nghttp2).
pub const CONTINUATIONS: u32 = 8;
/// Streams of one HTTP/2 connection that are known to have been reset by us: frames that were under
/// way on them are ignored (RFC 9113 5.1).
pub const RECENT_RESETS: usize = 64;
/// Bytes that an HTTP/2 client may send on a connection before the server has taken them. A stream
/// has the protocol's 65,535.
pub const CONNECTION_WINDOW: u32 = 1024 * 1024;
/// Bytes of answers' bodies in one HTTP/2 connection that are made and that its windows do not let
/// out. No other body is made until some of them are sent.
pub const UNSENT_BYTES: usize = 1024 * 1024;
/// Longest body that is kept beyond that, for each stream (`--max-streams`): an endpoint whose
/// answers are so short may count its requests, so it is not asked again.
pub const SHORT_BODY: usize = 1024;
/// A body is spliced while this many bytes of it are left and the last read returned half as many.
/// Below that the system calls cost more than the copies they save; and each spliced piece holds
/// the kernel page it arrived in, which no limit counts, so small pieces could hold far more memory
/// than the socket buffers may.
pub const SPLICE_MIN: usize = 64 * 1024;
/// Most bytes spliced at once, and so the most that stay in the pipe for a client that reads
/// nothing. Half of it makes a large echo cost 10 % more; a larger pipe saves nothing.
pub const SPLICE_MAX: usize = 256 * 1024;
/// Least room for one read, in bytes: the room of a worker's buffer beyond the longest head.
pub const READ_BYTES: usize = 64 * 1024;
/// Room for a head in addition to one read, in bytes: for the request's, so that a body of a round
/// length needs no second read for its last bytes, and for the head of an echoed response.
pub const HEAD_ROOM: usize = 4 * 1024;
/// Bytes of a memory page on nearly all systems; a large buffer begins at a page.
pub const PAGE_BYTES: usize = 4096;
/// Capacity in bytes from which a buffer begins at a page, which costs it up to a page of room. The
/// workers' buffers are larger.
pub const PAGE_ALIGNED_BYTES: usize = 64 * 1024;
/// Wait before `/echo` tries to buffer again when other connections use all of `all_echo_bytes`.
pub const ECHO_RETRY: Duration = Duration::from_millis(100);
/// Bytes of one piece of a backlog: as many as one read returns.
pub const BACKLOG_PIECE: usize = 128 * 1024;
/// Bytes read or written for one connection per turn, so that a fast client does not delay others.
pub const TURN_BYTES: usize = 512 * 1024;
/// Requests answered for one connection per turn, likewise. More may fit into [`HIGH_WATER`].
pub const TURN_REQUESTS: u64 = 128;
/// Connections accepted from one listener before the sockets are polled again.
pub const ACCEPTS_PER_TURN: usize = 256;
/// Seconds the kernel may hold back a connection without data (`TCP_DEFER_ACCEPT`). One is the
/// least it counts, as it uses the handshake's retransmission timer.
pub const DEFER_ACCEPT_SECONDS: i32 = 1;
/// How long an idle connection may still send a request after the server was asked to stop, by
/// default.
pub const DRAIN_IDLE: Duration = Duration::from_secs(1);
/// Time for the first request of a connection that is accepted while the server stops, at least:
/// two round trips for a handshake of TLS 1.2, to a client far away.
pub const FIRST_REQUEST_TIME: Duration = Duration::from_secs(1);
/// Longest time for handshakes under way to finish before a listener is closed. What the kernel has
/// held back is handed over within [`DEFER_ACCEPT_SECONDS`]; a half-open scan never finishes.
pub const HANDSHAKES_TIME: Duration = Duration::from_millis(1500);
/// Time between two looks at whether they have.
pub const HANDSHAKES_RETRY: Duration = Duration::from_millis(20);
/// Most of each of the kernel's tables of TCP sockets that such a look reads, in bytes: some 50,000
/// sockets, which take 20 ms. If it is longer, handshakes are assumed to be under way.
pub const SOCKET_TABLE_BYTES: u64 = 8 << 20;
/// Timers fired before the sockets are polled again.
pub const FIRES_PER_TURN: usize = 1024;
/// Receive buffer of a connection whose client is to be read slowly, in bytes. With a quarter of it
/// a client on the same machine, whose segments have 64 KiB, sends 90 KB/s at most: its kernel
/// waits for the probe timer when a segment does not fit.
pub const NARROW_BYTES: usize = 32 * 1024;
/// Shortest and longest time between two looks at whether a client's kernel has acknowledged all
/// that it was sent, before the connection is reset. In between, half of the time it has taken so
/// far: an acknowledgement may be delayed by 40 ms, and a slow client costs few system calls.
pub const ACK_RETRY: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(100)];
/// Most bytes that a delayed echo holds back for one connection, beside those of one read or of one
/// WebSocket message; it then stops reading. As much as a body that a client does not take.
pub const HELD_ECHO_BYTES: usize = 256 * 1024;
/// Most reads, or messages, of which it holds bytes, each of which is due by itself: a client that
/// sends one byte at a time costs no more.
pub const HELD_ECHO_READS: usize = 4096;
/// Readiness events taken from the kernel per call; the next call returns the rest.
pub const EVENTS_PER_WAIT: usize = 1024;
/// Wait before accepting is retried when descriptors or slots ran out and none was freed.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(100);
/// Shortest time between two pieces of a paced body; pieces due sooner are sent together.
pub const PACE_TICK: Duration = Duration::from_millis(1);
/// Bytes of filler in one header field: few enough for any client, so that the number of fields or
/// of all their bytes is what it meets first.
pub const PAD_FIELD_BYTES: usize = 4000;
/// Random bytes sent in place of an answer: far more than any head that a client would wait for.
pub const GARBAGE_BYTES: usize = 1024;
/// Most bytes of a body with a `rate` that are sent or read at once.
pub const RATE_SLICE_BYTES: usize = 64 * 1024;
/// How far a body with a `rate` may catch up after the other side was slow, in microseconds. With
/// the bytes sent at once this is a tenth of a second's worth: no burst is longer.
pub const RATE_BURST_US: u64 = 50_000;
/// Least number of connections that must close, below the highest count, before freed memory is
/// returned to the system. That many heads of the usual size take 2 MB.
pub const TRIM_MIN: usize = 256;
/// Delay before that, during which more connections may close.
pub const TRIM_DELAY: Duration = Duration::from_secs(1);
/// Idle time after which a connection may be closed when a new one needs its slot.
pub const IDLE_BEFORE_EVICTION: Duration = Duration::from_secs(1);
/// Sessions examined per search for a connection to close, so that a full table costs no full scan.
pub const EVICTION_PROBES: usize = 256;
/// Time a connection may wait in the kernel's queue for a slot before it is refused. Longer than
/// [`IDLE_BEFORE_EVICTION`], so that idle connections are closed first.
pub const ADMISSION_WAIT: Duration = Duration::from_secs(2);
/// Most connections being refused at the same time, in addition to all slots; a new one cuts off
/// the oldest. An eighth of the descriptors if that is less.
pub const MAX_REFUSALS: usize = 64;
/// Shortest time between two warnings of one kind, so that a full server does not flood its log.
pub const COMPLAINT_INTERVAL: Duration = Duration::from_secs(5);
/// Datagrams echoed before the sockets are polled again.
pub const DATAGRAMS_PER_TURN: usize = 64;
/// Most datagrams of one listener that wait in a worker to be sent back; further ones are lost.
/// Enough for 65,000 a second and a delay of a second.
pub const HELD_DATAGRAMS: usize = 64 * 1024;
/// The same in bytes.
pub const HELD_DATAGRAM_BYTES: usize = 16 * 1024 * 1024;
/// Longest datagram in bytes: UDP over IPv4 cannot carry more.
pub const DATAGRAM_BYTES: usize = 64 * 1024;
/// Accept queue requested with `listen`: the highest value; the kernel caps it at its own limit.
pub const LISTEN_BACKLOG: i32 = 65_535;
/// Attempts to find one port that is free on all addresses of a host. Each succeeds nine times in
/// ten, even on a machine with thousands of listeners.
pub const SAME_PORT_TRIES: u32 = 16;
/// Receive buffer requested for a UDP socket, so that a burst is not lost; the kernel caps it.
pub const DATAGRAM_BUFFER_BYTES: usize = 4 * 1024 * 1024;
/// Descriptors a worker needs besides its connections: epoll, timer, inbox, splice pipe, listeners,
/// log, standard streams and some spare.
pub const DESCRIPTORS_RESERVED: usize = 24;
/// Most connections at a time of the admin listener: far more than monitors and probes need. When
/// it has as many, a new one replaces one that is waiting, so a probe is always answered.
pub const ADMIN_CONNECTIONS: usize = 64;
/// Time for the admin listener's last answers, when all else has ended.
pub const ADMIN_LAST: Duration = Duration::from_secs(1);
/// Time for a worker to reply, or it counts as silent: loops take milliseconds, and a probe has a
/// second by default in Kubernetes.
pub const REPLY_TIMEOUT: Duration = Duration::from_millis(900);
/// Longest time that modifiers set at run time can be given: a longer one belongs into the
/// settings.
pub const MAX_DEFAULTS_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Longest wait before an exit that the admin listener was asked for.
pub const MAX_EXIT_WAIT: Duration = Duration::from_secs(60 * 60);
/// Deepest nesting of a JSON body that is echoed; a deeper one becomes `null`. httpbin's own limit
/// is Python's call stack, about 1000, and it fails beyond that.
pub const MAX_JSON_DEPTH: usize = 512;
/// Longest value of a cookie attribute in bytes. Clients ignore longer ones (RFC 6265bis 5.6), and
/// each cookie of a response repeats it.
pub const MAX_ATTRIBUTE_BYTES: usize = 1024;
/// Most parameters of a digest login. RFC 7616 defines eleven; each is compared with all others to
/// find duplicates.
pub const MAX_DIGEST_PARAMETERS: usize = 32;
/// Most digits of an integer in an echoed JSON body, and of a seed. It is Python's own limit:
/// converting digits takes quadratic time.
pub const MAX_INTEGER_DIGITS: usize = 4300;
/// Most times the JSON of an echoed body may be longer than the body; beyond that it becomes
/// `null`. Indentation makes a deep body grow quadratically.
pub const MAX_JSON_GROWTH: usize = 16;
/// Bytes the JSON of an echoed body may always take: enough for the deepest nesting.
pub const JSON_GROWTH_FLOOR: usize = 1024 * 1024;
/// Most fields of a URL-encoded form: twice what a form of 1 MiB can hold. Each takes 48 bytes of
/// memory; this many parse in a third of a second.
pub const MAX_FORM_FIELDS: usize = 1024 * 1024;
/// Bytes of a random body generated at once.
pub const BODY_PIECE: u32 = 16 * 1024;
/// Default bytes per piece of `/range/{n}`, as in httpbin.
pub const RANGE_PIECE: u64 = 10 * 1024;
/// Largest chunk of `/stream-bytes/{n}` and `/range/{n}` in bytes: each is built in memory.
pub const MAX_CHUNK_BYTES: u64 = 1024 * 1024;
/// Most bytes of `/drip`: httpbin's own limit.
pub const MAX_DRIP_BYTES: u64 = 10 * 1024 * 1024;
/// Longest part of a bad value quoted in an error response, in bytes: enough to recognize it.
pub const MAX_QUOTED_BYTES: usize = 64;
/// Records after which the access log is written before the turn ends.
pub const RECORDS_PER_TURN: usize = 256;
/// Bytes of a target, a Referer or a User-Agent kept for the access log.
pub const MAX_LOGGED_BYTES: usize = 2048;
/// Most combinations of route, method and status code that a worker counts by themselves, and all
/// others together: some ten are usual, and a client chooses status codes. Each has 160 bytes.
pub const MAX_REQUEST_SERIES: usize = 512;
/// Answers of one turn whose lateness is measured at its end: HTTP/2 connections may have many.
/// More are measured by the clock of the loop.
pub const UNMEASURED_ANSWERS: usize = 1024;
/// Sessions served in one loop of a worker after which the loop is timed by a clock read of its
/// own: it costs a hundredth of serving so many. A shorter loop is timed if the clock was read in
/// it anyway, as it is for each answer that waited.
pub const TIMED_SESSIONS: usize = 8;
/// Longest time in which all workers report their counters: one that is stuck is left out.
pub const REPORT_TIMEOUT: Duration = Duration::from_secs(1);
/// Most patterns of paths that the access log leaves out: each is compared with every request.
pub const MAX_UNRECORDED_PATHS: usize = 64;
/// Longest value of X-Request-Id that is logged, in bytes; those in use have 20 to 60.
pub const MAX_REQUEST_ID_BYTES: usize = 128;
/// Most bytes of lines queued for one log output: 64 batches of the access log. Lines that do not
/// fit are dropped and counted.
pub const LOG_QUEUE_BYTES: usize = 4 * 1024 * 1024;
/// Additional bytes for lines outside the access log, some hundred of them, so that a flood of
/// requests does not displace the warnings about it.
pub const LOG_RESERVED_BYTES: usize = 64 * 1024;
/// Time for writing the queued lines of all logs at shutdown; after it the rest is lost.
pub const LOG_FLUSH: Duration = Duration::from_secs(1);
/// How long a worker may take to open listeners: it does so between two turns.
pub const COMMAND_PATIENCE: Duration = Duration::from_secs(5);
/// Longest time that a process which replaces this one may take until it serves: reading its files,
/// and names that it has to resolve. Then it is killed.
pub const UPGRADE_TIMEOUT: Duration = Duration::from_secs(30);
/// Most sockets that a service manager can hand over: some for each listener.
pub const MAX_INHERITED: usize = 1024;
/// Most listeners of one server.
pub const MAX_LISTENERS: usize = 64;
/// Most sockets that a worker listens on, or whose connections it still serves after they were
/// closed: a session stores the number in seven bits.
pub const LISTENER_SLOTS: usize = 128;
/// Most certificates of the server's own kept at a time, each about 2 KiB: one for every name below
/// `localhost` that clients ask for. The one unused longest is dropped, and made again when needed.
pub const MAX_MADE_CERTIFICATES: usize = 64;
/// Largest file of certificates or keys in bytes; all authorities that browsers trust are 220 KiB.
pub const MAX_PEM_BYTES: u64 = 1024 * 1024;
/// Most values of one modifier's weighted list.
pub const MAX_MODIFIER_CHOICES: usize = 64;
/// Most digits of a chance, a weight or a distribution's parameter.
pub const MAX_FRACTION_DIGITS: usize = 20;
/// Most fields that modifiers add to one answer.
pub const MAX_MODIFIER_HEADERS: usize = 32;
/// Longest field that a modifier adds, name and value, and longest Link of a 103, in bytes.
pub const MAX_MODIFIER_HEADER_BYTES: usize = 8 * 1024;
/// Longest body given by a modifier, in bytes. In a URL the limits of the head are lower.
pub const MAX_MODIFIER_TEXT_BYTES: usize = 64 * 1024;
/// Longest name of a counter, in bytes: [`MAX_KEYS`] are kept.
pub const MAX_KEY_BYTES: usize = 128;
/// Most counters, of all clients together: 3 MB. The least recently used is dropped for a new one.
pub const MAX_KEYS: usize = 10_000;
/// Time after which a counter that is not used starts again: longer than retries go on, and short
/// enough for a name to be used again.
pub const KEY_LIFETIME: Duration = Duration::from_secs(10 * 60);
/// Most queueing servers, with [`MAX_SLOTS`] places of 8 bytes each: 8 MB, and as much for their
/// names. The least recently used is dropped for a new one.
pub const MAX_QUEUES: usize = 1000;
/// Most bytes of filler in header fields: beyond the limits of clients and proxies.
pub const MAX_PAD_BYTES: u64 = 1024 * 1024;
/// The same for requests to a public server.
pub const MAX_PUBLIC_PAD_BYTES: u64 = 16 * 1024;
/// Largest piece of a body that a modifier cuts: each is built in memory.
pub const MAX_PIECE_BYTES: u64 = 1024 * 1024;
/// Most bytes that an answer has beyond its length.
pub const MAX_EXTRA_BYTES: u64 = 1024 * 1024;
/// Most places of a queueing server: the state has a moment for each.
pub const MAX_SLOTS: u32 = 1024;
/// Longest time after a counter's start that a modifier can begin or end at, and longest period.
pub const MAX_SPAN: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Most bytes of the field that shows what modifiers did: some clients accept 8 KiB in one.
pub const MAX_SHOWN_MODIFIERS_BYTES: usize = 4 * 1024;
/// Most bytes of a connection's HPACK dynamic table, each field counted with 32 (RFC 7541 4.1):
/// what peers assume when no other size is advertised. Clients repeat less than 1 KiB of fields.
pub const HPACK_TABLE_BYTES: usize = 4096;
/// Most bytes of heads that one HTTP/2 connection keeps for streams that wait; the next ones are
/// refused with REFUSED_STREAM. Without it a few bytes of HPACK could make each stream keep a head
/// of 64 KiB. Thousands of ordinary heads fit, and those that are alike count once.
pub const KEPT_BYTES: usize = 1024 * 1024;
/// Most heads that streams of one connection share. A client that waits for many answers asks in
/// few ways, and each head that arrives is compared with all of them.
pub const KEPT_HEADS: usize = 8;
/// Most bytes in which a waiting stream's head differs from a shared one without their counting.
/// They take one of the smallest allocations, so the number of streams bounds them all.
pub const KEPT_FREE_BYTES: usize = 40;
/// Longest ClientHello that is read for what it offers, in bytes; a longer one is left to rustls,
/// which accepts 64 KiB. Those of browsers with post-quantum groups have 2 KB.
pub const MAX_HELLO_BYTES: usize = 16 * 1024;
/// Most records of a ClientHello that is read so: they are read again whenever more has arrived.
/// Nearly every one comes in one record.
pub const MAX_HELLO_RECORDS: usize = 256;
/// Most bytes of what a ClientHello offers that are kept for a connection: Chrome's takes 130, and
/// one of OpenSSL 230.
pub const MAX_OFFERED_BYTES: usize = 1024;
/// Most plaintext in one TLS record (RFC 8446 5.1).
pub const TLS_RECORD_BYTES: usize = 16 * 1024;
/// Most bytes that sealing adds to a record: 5 for its header, at most 24 for nonce and tag.
pub const TLS_RECORD_OVERHEAD: usize = 32;
/// Most bytes of an unfinished TLS handshake that are kept. rustls limits a message to 64 KiB, for
/// chains of client certificates, but not the records that carry it, which may be padded; a further
/// record of 18 KiB may have arrived in part.
pub const HANDSHAKE_INPUT_BYTES: usize = (64 + 18) * 1024;
/// The same once the handshake is over: a part of one record, which has at most 16 KiB, 2 KiB that
/// sealing may add (RFC 5246 6.2.3) and its header, behind a short message such as a KeyUpdate.
pub const TLS_INPUT_BYTES: usize = 20 * 1024;
/// Records in what has arrived on an open TLS connection that bring no data. No client has a use
/// for several, and each may be a KeyUpdate, which costs 3 µs: a read of 64 KiB holds 2,400.
pub const IDLE_TLS_RECORDS: u32 = 64;
/// Steps of TLS handshakes that one loop of a worker takes. Each costs 120 to 150 µs, so timers are
/// at most 0.6 ms late because of them.
pub const HANDSHAKES_PER_TURN: u32 = 4;
/// Longest header of version 1 of the PROXY protocol in bytes, its line end included
/// (proxy-protocol.txt 2.1).
pub const PROXY_LINE_BYTES: usize = 107;
/// Longest header of version 2. Addresses take 216 bytes at most; HAProxy sends 536 at most, and a
/// certificate in a TLV of its own has 2 or 3 KiB. Its TLVs are kept for a connection.
pub const MAX_PROXY_HEADER_BYTES: usize = 4 * 1024;
/// Most networks of trusted proxies; large services publish 200 for all of theirs. Each address
/// that is reported is compared with all.
pub const MAX_TRUSTED_NETWORKS: usize = 256;
/// Most addresses read of what proxies report, from the last one on: more than any chain of them.
pub const MAX_FORWARDED_HOPS: usize = 32;
