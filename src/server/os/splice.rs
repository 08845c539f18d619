//! Echoes what a socket has received without copying it: `splice` through a pipe.
//!
//! A worker has one pipe. It is empty between two calls, or it is dropped: bytes left in it would
//! go to another connection. Without a pipe, bytes are read and written instead.
//!
//! The kernel stops before urgent bytes, and then returns the same as for an empty socket or the
//! end of the stream: only a number of bytes above zero has a meaning.

use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr::null_mut;

use mio::unix::pipe;

use crate::base::limits::SPLICE_MAX;

/// The pipe, if there is one.
#[derive(Debug)]
pub(super) struct SplicePipe(Option<(pipe::Sender, pipe::Receiver)>);

impl SplicePipe {
    /// Opens the pipe. Call it in the worker's thread, after it got its own descriptor table.
    pub(super) fn open() -> SplicePipe {
        let ends = pipe::new();
        match &ends {
            // SAFETY: no pointers. A pipe that cannot grow moves less at a time.
            Ok((into, _)) => unsafe {
                libc::fcntl(into.as_raw_fd(), libc::F_SETPIPE_SZ, SPLICE_MAX);
            },
            Err(error) => {
                tracing::debug!(%error, "no pipe for splice: large echoes are copied")
            }
        }
        SplicePipe(ends.ok())
    }

    /// See `Net::splice`.
    pub(super) fn splice(
        &mut self,
        socket: RawFd,
        most: usize,
        rest: &mut Vec<u8>,
    ) -> io::Result<usize> {
        let Some((into, mut out)) = self.0.take() else { return Ok(0) };
        let taken = splice(socket, into.as_raw_fd(), most).unwrap_or(0);
        let mut left = taken;
        while left > 0
            && let Ok(sent @ 1..) = splice(out.as_raw_fd(), socket, left)
        {
            left -= sent;
        }
        if left > 0 {
            rest.reserve_exact(left);
            let back = (&mut out).take(left as u64).read_to_end(rest)?;
            if back < left {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        self.0 = Some((into, out));
        Ok(taken)
    }
}

/// Moves at most `most` bytes, and returns how many; one of the two must be a pipe.
fn splice(from: RawFd, to: RawFd, most: usize) -> io::Result<usize> {
    let flags = libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MOVE;
    // SAFETY: both offsets are null.
    let moved = unsafe { libc::splice(from, null_mut(), to, null_mut(), most, flags) };
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}
