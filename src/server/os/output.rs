//! Pipes whose other end may be slow.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

/// Most bytes that a pipe takes whole or not at all: `PIPE_BUF`, which POSIX makes at least 512.
pub(in super::super) const ATOMIC_BYTES: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Waits until something can be written, or an error reported, but not longer than `most`. Returns
/// whether that is so.
pub(in super::super) fn wait_writable(file: BorrowedFd<'_>, most: Duration) -> bool {
    let mut wanted = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    let milliseconds = libc::c_int::try_from(most.as_millis()).unwrap_or(libc::c_int::MAX);
    // SAFETY: one valid entry, which is used during the call only. A failure, such as EINTR, ends
    // the wait early, which callers must expect.
    unsafe { libc::poll(&raw mut wanted, 1, milliseconds) > 0 }
}
