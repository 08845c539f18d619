//! How much of what was written to a TCP socket its peer has not acknowledged.

use std::os::fd::RawFd;

/// See `Net::unacked`.
#[cfg(target_os = "linux")]
pub(super) fn unacked(socket: RawFd) -> usize {
    let mut bytes: libc::c_int = 0;
    // SAFETY: `bytes` is valid to write to. For a TCP socket this request is SIOCOUTQ.
    let result = unsafe { libc::ioctl(socket, libc::TIOCOUTQ, &raw mut bytes) };
    if result == 0 { bytes.max(0) as usize } else { 0 }
}

/// See `Net::unacked`.
#[cfg(target_vendor = "apple")]
pub(super) fn unacked(socket: RawFd) -> usize {
    let (mut bytes, mut length) = (0i32, size_of::<i32>() as libc::socklen_t);
    // SAFETY: both pointers are valid, and the length is that of the first.
    let result = unsafe {
        let value = (&raw mut bytes).cast();
        libc::getsockopt(socket, libc::SOL_SOCKET, libc::SO_NWRITE, value, &raw mut length)
    };
    if result == 0 { bytes.max(0) as usize } else { 0 }
}

/// Other systems have no common call for it.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
pub(super) fn unacked(_: RawFd) -> usize {
    0
}
