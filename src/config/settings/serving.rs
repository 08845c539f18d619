//! Listeners, workers and how sockets are used.

use super::*;
use crate::config::listen_list::listeners;
use crate::http::app::SERVER;

/// Most worker threads that can be set.
const MOST_WORKERS: u64 = 1024;

/// Longest Server field that can be set, in bytes: every response has it.
const MOST_SERVER_BYTES: usize = 256;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "listen",
        shape: Shape::List,
        value: "ADDRESS",
        takes: "HOST:PORT or fd:NAME, also after a scheme such as tcp-echo://; or unix:PATH",
        help: "Address and protocol to listen on; can be repeated. Without a scheme it is \
               http+https://: HTTP with TLS and without on one port. No host means every \
               interface, localhost both loopback addresses, port 0 any free port. By default \
               every user can connect to a socket file (mode 0666); \
               'unix:PATH?mode=0660&owner=USER&group=GROUP' changes that. unix:@NAME is a socket \
               without a file (Linux). fd:NAME is a socket that systemd has opened, fd:* every \
               other such socket. 'http://:8081/~delay=20ms' and 'unix:PATH?~delay=20ms' \
               modify all responses there (`loiter help modifiers`). \
               'http://:8081?proxy=required' and 'unix:PATH?proxy=required' refuse connections \
               without a PROXY protocol header of a trusted proxy, proxy=optional takes both. \
               After a modifier, a comma \
               begins a listener only if a scheme such as http://, unix:, an IP address, :PORT or \
               localhost:PORT follows; %2C never does",
        set: |s, text| listeners(text).map(|listen| s.listen = listen),
        show: |s| s.listen.iter().map(Listen::to_string).collect::<Vec<_>>().join("\n"),
        ..ROW
    },
    Setting {
        name: "workers",
        takes: "a whole number, 0 for one per CPU",
        help: "Worker threads, each with its own event loop",
        ..count!(workers, 0..=MOST_WORKERS)
    },
    Setting {
        name: "private-fd-tables",
        help: "Give each worker its own descriptor table, so that the descriptor limit counts per \
               worker (Linux)",
        ..switch!(private_fd_tables)
    },
    Setting {
        name: "read-until-would-block",
        help: "Read each socket until it would block, instead of until the first short read: one \
               more system call per request, but right on every system",
        ..switch!(read_until_would_block)
    },
    Setting {
        name: "defer-accept",
        help: "Accept HTTP connections only when their first bytes have arrived, or after a \
               second: new connections cost much less CPU (Linux, TCP_DEFER_ACCEPT)",
        ..switch!(defer_accept)
    },
    Setting {
        name: "server-header",
        value: "TEXT",
        takes: "a text such as gunicorn/19.9.0, on for loiter/VERSION, or off",
        help: "Server header field of every response; off sends none",
        set: |s, text| server(text).map(|server| s.api.server_header = server),
        show: |s| match s.api.server_header.as_deref() {
            None => "off".to_owned(),
            Some(SERVER) => "on".to_owned(),
            Some(text) => text.to_owned(),
        },
        ..ROW
    },
];

/// A field value (RFC 9110 5.5): printable ASCII.
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
            .advise("use printable ASCII")),
    }
}
