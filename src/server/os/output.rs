//! Writing to pipes with a slow reader.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Most bytes that a pipe takes atomically: `PIPE_BUF`, at least 512 in POSIX.
pub(in super::super) const ATOMIC_BYTES: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Waits until `file` is writable or has an error, for at most `most`; returns whether it is.
pub(in super::super) fn wait_writable(file: BorrowedFd<'_>, most: Duration) -> bool {
    let mut wanted = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    let milliseconds = libc::c_int::try_from(most.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: one valid entry, used only during the call. EINTR ends the wait early.
    unsafe { libc::poll(&raw mut wanted, 1, milliseconds) > 0 }
}
