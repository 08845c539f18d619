//! What the operator of a running server has: shutdown, reload, restart and the admin listener.

use std::path::Path;

use super::*;
use crate::base::limits::{MAX_JOURNAL_BYTES, MAX_JOURNAL_REQUESTS};
use crate::config::admin;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "admin",
        value: "ADDRESS",
        takes: "HOST:PORT, unix:PATH, or off",
        help: "Address of the admin listener: probes, metrics, settings, and modifiers set at run \
               time (GET / lists all). It has no authentication, so give a loopback address or a \
               socket file, which by default its owner alone can use ('unix:PATH?mode=0660&group=\
               GROUP' changes that); port 0 is any free port",
        set: |s, text| admin::parse(text).map(|admin| s.admin = admin),
        show: |s| admin::show(s.admin.as_ref()),
        ..ROW
    },
    Setting {
        name: "journal",
        takes: "a whole number, 0 for off",
        help: "Keep this many requests, the last ones, as they arrived with all fields and bodies, \
               and what became of them, for GET /requests and the live page of the admin \
               listener. They may contain passwords",
        ..count!(journal, 0..=MAX_JOURNAL_REQUESTS)
    },
    Setting {
        name: "journal-bytes",
        help: "Most bytes of all requests in the journal. Of one request, half as much of its body \
               is kept at most",
        ..size!(journal_bytes, 1..=MAX_JOURNAL_BYTES)
    },
    Setting {
        name: "shutdown-timeout",
        help: "Time for requests in progress to finish at shutdown, from the signal on; what is \
               not finished then is cut off, and the exit status is 1. It contains --drain-delay. \
               Docker (10 s by default), systemd and Kubernetes must give a little more",
        ..time!(shutdown_timeout, duration)
    },
    Setting {
        name: "drain-delay",
        help: "Time at the beginning of a shutdown in which everything is served as before, new \
               connections too, while /readyz answers 503 and each answer ends its connection: \
               longer than balancers take to notice",
        ..time!(drain_delay, duration)
    },
    Setting {
        name: "drain-idle",
        help: "Time after that in which an idle connection may still send a request, as clients \
               that keep connections often do not look whether these have ended. Without \
               connections nothing is waited for",
        ..time!(drain_idle, duration)
    },
    Setting {
        name: "pid-file",
        shape: Shape::File,
        value: "FILE",
        takes: "the name of a file, or off for none",
        help: "File for the process ID, written once the server listens and removed at its end; \
               `loiter reload` reads it",
        set: |s, text| pid_file(text).map(|file| s.pid_file = file),
        show: |s| {
            s.pid_file.as_deref().map_or("off".into(), |file: &Path| file.display().to_string())
        },
        ..ROW
    },
];

fn pid_file(text: &str) -> Result<Option<PathBuf>, BadValue> {
    match text {
        "off" => Ok(None),
        "" => Err(BadValue::new("a file needs a name")),
        path => Ok(Some(PathBuf::from(path))),
    }
}
