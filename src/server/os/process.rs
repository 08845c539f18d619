//! System calls on processes, and descriptors that were inherited.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// Takes over a descriptor that this process has inherited, and keeps programs that it starts from
/// inheriting it. Each number is taken over once, before anything else opens descriptors.
pub(in crate::server) fn take_inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: the calls have no pointers. Afterwards the descriptor is known to be open, and by the
    // contract of this function nothing else owns it.
    unsafe {
        let flags = libc::fcntl(number, libc::F_GETFD);
        if flags < 0 || libc::fcntl(number, libc::F_SETFD, flags | libc::FD_CLOEXEC) < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(OwnedFd::from_raw_fd(number))
    }
}

/// Sends a signal to a process.
pub(in crate::server) fn signal(process: u32, signal: libc::c_int) -> io::Result<()> {
    let process = libc::pid_t::try_from(process).map_err(io::Error::other)?;
    if process <= 0 {
        return Err(io::Error::other("that is a group of processes"));
    }
    // SAFETY: the call has no pointers, and the number is that of one process.
    if unsafe { libc::kill(process, signal) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The time of CLOCK_MONOTONIC.
pub(in crate::server) fn monotonic() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid pointer to write to. The clock exists on every system.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
