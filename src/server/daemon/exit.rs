//! What `POST /exit` of the admin listener does to the process.

use std::process;
use std::sync::Arc;
use std::time::Instant;

use crate::base::limits::LOG_FLUSH;
use crate::server::Handle;
use crate::server::log::Output;

/// Without a status an exit is a SIGTERM; with one the process ends at once, as if it crashed, but
/// for its logs, which are written first.
pub(super) fn install(handle: &Handle, stderr: &Arc<Output>) {
    let (server, stderr) = (handle.clone(), Arc::clone(stderr));
    handle.on_exit(move |status| {
        let Some(status) = status else {
            tracing::info!("POST /exit: the same as SIGTERM");
            // It is a valid signal, so it cannot fail.
            let _ = signal_hook::low_level::raise(libc::SIGTERM);
            return;
        };
        tracing::warn!(status, "POST /exit: ending now");
        let deadline = Instant::now() + LOG_FLUSH;
        server.remove_socket_files();
        server.close_log(deadline);
        stderr.close(deadline);
        process::exit(status.into())
    });
}
