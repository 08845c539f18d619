//! Where and with what loiter serves.

use super::*;
use crate::config::listen::listeners;

/// Most threads that may be asked for.
const MOST_WORKERS: u64 = 1024;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "listen",
        also: &[],
        shape: Shape::List,
        value: "ADDRESS",
        default: "http://127.0.0.1:8080",
        takes: "HOST:PORT, with http://, tcp-echo:// or udp-echo:// before it, or unix:PATH",
        help: "Where to listen, and what is spoken there; may be given more than once. No host is \
               every interface, port 0 any free port",
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
        shape: Shape::Switch,
        value: "on|off",
        default: "on",
        takes: ON_OR_OFF,
        help: "Send `Server: loiter/VERSION` with every answer",
        set: |s, text| switch(text).map(|on| s.server_header = on),
        show: |s| on_off(s.server_header),
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
