//! Where and with what loiter serves.

use super::*;
use crate::config::listen::listeners;
use crate::http::app::SERVER;

/// Most threads that may be asked for.
const MOST_WORKERS: u64 = 1024;

/// Longest Server field that may be set: it is a part of every answer.
const MOST_SERVER_BYTES: usize = 256;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "listen",
        also: &[],
        shape: Shape::List,
        value: "ADDRESS",
        default: "http://127.0.0.1:8080",
        takes: "HOST:PORT, with http://, tcp-echo:// or udp-echo:// before it, or unix:PATH",
        help: "Where to listen, and what is spoken there; may be given more than once. No host is \
               every interface, localhost both loopbacks, port 0 any free port. Everyone may \
               connect to a socket file (mode 0666) unless it is written as \
               'unix:PATH?mode=0660&owner=USER&group=GROUP'; unix:@NAME is a socket without a \
               file (Linux)",
        set: |s, text| listeners(text).map(|listen| s.listen = listen),
        show: |s| s.listen.iter().map(Listen::to_string).collect::<Vec<_>>().join(","),
    },
    Setting {
        name: "workers",
        also: &[],
        shape: Shape::Number,
        value: "N",
        default: "0",
        takes: "a whole number, 0 for one per CPU",
        help: "Threads that serve, each with an event loop of its own",
        set: |s, text| number(text, 0..=MOST_WORKERS).map(|n| s.workers = n as usize),
        show: |s| s.workers.to_string(),
    },
    Setting {
        name: "private-fd-tables",
        also: &[],
        shape: Shape::Switch,
        value: "on|off",
        default: "on",
        takes: ON_OR_OFF,
        help: "Give each worker a descriptor table of its own, so that the descriptor limit \
               counts per worker (Linux)",
        set: |s, text| switch(text).map(|on| s.private_fd_tables = on),
        show: |s| on_off(s.private_fd_tables),
    },
    Setting {
        name: "read-until-would-block",
        also: &[],
        shape: Shape::Switch,
        value: "on|off",
        default: "off",
        takes: ON_OR_OFF,
        help: "Read each socket until it has no more, instead of stopping after a short read: \
               one system call more, and right on every system",
        set: |s, text| switch(text).map(|on| s.read_until_would_block = on),
        show: |s| on_off(s.read_until_would_block),
    },
    Setting {
        name: "defer-accept",
        also: &[],
        shape: Shape::Switch,
        value: "on|off",
        default: "on",
        takes: ON_OR_OFF,
        help: "Let the kernel keep an HTTP connection back until its first bytes are there: a new \
               one costs much less, and one that says nothing is seen a second later (Linux)",
        set: |s, text| switch(text).map(|on| s.defer_accept = on),
        show: |s| on_off(s.defer_accept),
    },
    Setting {
        name: "server-header",
        also: &[],
        shape: Shape::Text,
        value: "TEXT",
        default: "on",
        takes: "a text such as gunicorn/19.9.0, on for loiter/VERSION, or off",
        help: "What the Server field of every answer holds; off sends none",
        set: |s, text| server(text).map(|server| s.server_header = server),
        show: |s| match s.server_header.as_deref() {
            None => "off".to_owned(),
            Some(SERVER) => "on".to_owned(),
            Some(text) => text.to_owned(),
        },
    },
    Setting {
        name: "shutdown-timeout",
        also: &[],
        shape: Shape::Number,
        value: "TIME",
        default: "8s",
        takes: TIME,
        help: "Time that answers under way are given when the server is told to stop",
        set: |s, text| duration(text).map(|time| s.shutdown_timeout = time),
        show: |s| show_duration(s.shutdown_timeout),
    },
];

/// The value of a field (RFC 9110 5.5): visible ASCII, with spaces inside.
fn server(text: &str) -> Result<Option<String>, BadValue> {
    if let Ok(on) = switch(text) {
        return Ok(on.then(|| SERVER.to_owned()));
    }
    if text.is_empty() || text.len() > MOST_SERVER_BYTES {
        let wrong = format!("a field of {} bytes cannot be sent", text.len());
        return Err(BadValue::new(wrong)
            .advise(format!("give 1 to {MOST_SERVER_BYTES} bytes, or off to send no field")));
    }
    match text.chars().find(|c| !matches!(c, ' '..='~')) {
        None => Ok(Some(text.to_owned())),
        Some(odd) => Err(BadValue::new(format!("{odd:?} cannot be sent in a field"))
            .advise("use letters, digits, spaces and marks of ASCII")),
    }
}
