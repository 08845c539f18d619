//! The bounds that requests are held to.

use super::*;
use crate::base::limits::MAX_FIELDS;

/// Longest head that may be allowed: each worker keeps room for one.
const MOST_HEAD: u64 = 16 << 20;
/// Largest body that may be allowed: a waiting request, head and body, is counted in 32 bits.
const MOST_BODY: u64 = 1 << 30;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "max-duration",
        also: &["MAX_DURATION"],
        shape: Shape::Number,
        value: "TIME",
        default: "10s",
        takes: TIME,
        help: "Longest time an answer may be asked to take, as with /delay and /drip",
        set: |s, text| duration(text).map(|time| s.limits.max_duration = time),
        show: |s| show_duration(s.limits.max_duration),
    },
    Setting {
        name: "max-bytes",
        also: &[],
        shape: Shape::Number,
        value: "SIZE",
        default: "100KiB",
        takes: SIZE,
        help: "Most bytes /bytes/N makes",
        set: |s, text| size(text, 0..=u64::MAX).map(|n| s.limits.max_bytes = n),
        show: |s| show_size(s.limits.max_bytes),
    },
    Setting {
        name: "max-body-size",
        also: &["MAX_BODY_SIZE"],
        shape: Shape::Number,
        value: "SIZE",
        default: "1MiB",
        takes: SIZE,
        help: "Largest request body that is kept; a larger one is answered 413",
        set: |s, text| size(text, 0..=MOST_BODY).map(|n| s.limits.body_bytes = n),
        show: |s| show_size(s.limits.body_bytes),
    },
    Setting {
        name: "max-head-line",
        also: &[],
        shape: Shape::Number,
        value: "SIZE",
        default: "16KiB",
        takes: SIZE,
        help: "Longest request line or header field; a longer one is answered 414 or 431",
        set: |s, text| size(text, 1..=MOST_HEAD).map(|n| s.limits.head_line_bytes = n as usize),
        show: |s| show_size(s.limits.head_line_bytes as u64),
    },
    Setting {
        name: "max-head-size",
        also: &["SRV_MAX_HEADER_BYTES"],
        shape: Shape::Number,
        value: "SIZE",
        default: "64KiB",
        takes: SIZE,
        help: "Longest request head in all; a longer one is answered 431",
        set: |s, text| size(text, 1..=MOST_HEAD).map(|n| s.limits.head_bytes = n as usize),
        show: |s| show_size(s.limits.head_bytes as u64),
    },
    Setting {
        name: "max-head-fields",
        also: &[],
        shape: Shape::Number,
        value: "N",
        default: "128",
        takes: "a whole number from 1 to 128",
        help: "Most header fields in one request head; more are answered 431",
        set: |s, text| {
            number(text, 1..=MAX_FIELDS as u64).map(|n| s.limits.head_fields = n as usize)
        },
        show: |s| s.limits.head_fields.to_string(),
    },
    Setting {
        name: "head-timeout",
        also: &["SRV_READ_HEADER_TIMEOUT"],
        shape: Shape::Number,
        value: "TIME",
        default: "10s",
        takes: TIME,
        help: "Time for a whole request head; answered 408 after it",
        set: |s, text| timeout(text).map(|time| s.limits.head_timeout = time),
        show: |s| show_duration(s.limits.head_timeout),
    },
    Setting {
        name: "body-timeout",
        also: &["SRV_READ_TIMEOUT"],
        shape: Shape::Number,
        value: "TIME",
        default: "1m",
        takes: TIME,
        help: "Longest gap between two pieces of a request body; answered 408 after it",
        set: |s, text| timeout(text).map(|time| s.limits.body_timeout = time),
        show: |s| show_duration(s.limits.body_timeout),
    },
    Setting {
        name: "send-timeout",
        also: &[],
        shape: Shape::Number,
        value: "TIME",
        default: "1m",
        takes: TIME,
        help: "Longest time a client may take nothing of an answer that is ready; closed after it",
        set: |s, text| timeout(text).map(|time| s.limits.send_timeout = time),
        show: |s| show_duration(s.limits.send_timeout),
    },
    Setting {
        name: "keep-alive-timeout",
        also: &[],
        shape: Shape::Number,
        value: "TIME",
        default: "75s",
        takes: TIME,
        help: "Longest idle time between two requests of a connection",
        set: |s, text| timeout(text).map(|time| s.limits.keep_alive_timeout = time),
        show: |s| show_duration(s.limits.keep_alive_timeout),
    },
];
