//! What the operator of a running server has: shutdown, reload, restart and the admin listener.

use super::*;

pub(super) const ROWS: &[Setting] = &[Setting {
    name: "shutdown-timeout",
    help: "Time for requests in progress to finish at shutdown",
    ..time!(shutdown_timeout, duration)
}];
