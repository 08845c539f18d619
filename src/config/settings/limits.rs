//! The limits on requests and responses.

use super::*;
use crate::base::limits::MAX_FIELDS;

/// Longest request head that can be set: each worker keeps a buffer for one.
const MOST_HEAD: u64 = 16 << 20;
/// Longest response that can be set: far beyond any use, and safe from overflow.
const MOST_BYTES: u64 = 1 << 40;
/// Most bytes that a lingering close can be set to discard: connections count them in 32 bits.
const MOST_LINGER_BYTES: u64 = u32::MAX as u64;
/// Largest body that can be set: a waiting request, head and body, is counted in 32 bits.
const MOST_BODY: u64 = 1 << 30;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "max-duration",
        also: &["MAX_DURATION"],
        help: "Longest time a request can make its response take, as with /delay and /drip",
        ..time!(api.limits.max_duration, duration)
    },
    Setting {
        name: "max-bytes",
        help: "Largest response of /bytes/N, /stream-bytes/N and /range/N (httpbin's own limit is \
               100KiB). As in httpbin, the first two reduce a larger N to it and report that in \
               X-Clamped; with --compat go-httpbin they refuse an N larger than --max-body-size. \
               Embeddings that would have more bytes are refused",
        ..size!(api.limits.max_bytes, 0..=MOST_BYTES)
    },
    Setting {
        name: "max-body-size",
        also: &["MAX_BODY_SIZE"],
        help: "Largest request body that is buffered; a larger one gets a 413 (default 1MiB with \
               --compat go-httpbin)",
        ..size!(api.limits.body_bytes, 0..=MOST_BODY)
    },
    Setting {
        name: "max-echo-buffer",
        help: "Most bytes of one /echo response that are buffered for a client that sends without \
               reading; beyond it the server stops reading until the client does",
        ..size!(api.limits.echo_bytes, 0..=MOST_BODY)
    },
    Setting {
        name: "max-echo-buffers",
        help: "Most bytes buffered in this way for all connections; each worker has an equal \
               share, but at least one --max-echo-buffer",
        ..size!(api.limits.all_echo_bytes, 0..=MOST_BYTES)
    },
    Setting {
        name: "max-head-line",
        help: "Longest request line or header field line; a longer one gets a 414 or 431",
        ..size!(api.limits.head_line_bytes, 1..=MOST_HEAD)
    },
    Setting {
        name: "max-head-size",
        also: &["SRV_MAX_HEADER_BYTES"],
        help: "Longest request head: request line and header fields; a longer one gets a 431",
        ..size!(api.limits.head_bytes, 1..=MOST_HEAD)
    },
    Setting {
        name: "max-head-fields",
        takes: "a whole number from 1 to 4096",
        help: "Most header fields in one request; more get a 431",
        ..count!(api.limits.head_fields, 1..=MAX_FIELDS as u64)
    },
    Setting {
        name: "head-timeout",
        also: &["SRV_READ_HEADER_TIMEOUT"],
        help: "Time to receive a whole request head; 408 after it",
        ..time!(api.limits.head_timeout, timeout)
    },
    Setting {
        name: "body-timeout",
        help: "Longest time between two reads of a request body; 408 after it",
        ..time!(api.limits.body_timeout, timeout)
    },
    Setting {
        name: "min-body-rate",
        help: "Lowest average rate of a request body, in bytes per second; 408 below it",
        ..size!(api.limits.body_rate, 1..=u64::MAX)
    },
    Setting {
        name: "request-timeout",
        also: &["SRV_READ_TIMEOUT"],
        help: "Time to receive a whole request body; 408 after it",
        ..time!(api.limits.request_timeout, timeout)
    },
    Setting {
        name: "max-chunk-extensions",
        help: "Most bytes of chunk extensions in one request body; more get a 400",
        ..size!(api.limits.chunk_extensions, 0..=MOST_HEAD)
    },
    Setting {
        name: "max-trailers",
        help: "Most bytes of trailer fields in one request; more get a 400",
        ..size!(api.limits.trailers, 0..=MOST_HEAD)
    },
    Setting {
        name: "send-timeout",
        help: "Longest time a client may read nothing of a response that is ready; the connection \
               is closed after it",
        ..time!(api.limits.send_timeout, timeout)
    },
    Setting {
        name: "min-send-rate",
        help: "Lowest average rate at which a client reads a response that is ready, in bytes per \
               second; the connection is closed below it; 0 disables this",
        ..size!(api.limits.send_rate, 0..=u64::MAX)
    },
    Setting {
        name: "linger-timeout",
        help: "Time for a client that is still sending to read the last response before the \
               connection is closed",
        ..time!(api.limits.linger_timeout, timeout)
    },
    Setting {
        name: "linger-bytes",
        help: "Most bytes discarded during that time; the connection is closed beyond it",
        ..size!(api.limits.linger_bytes, 1..=MOST_LINGER_BYTES)
    },
    Setting {
        name: "keep-alive-timeout",
        help: "Longest idle time between two requests on a connection",
        ..time!(api.limits.keep_alive_timeout, timeout)
    },
];
