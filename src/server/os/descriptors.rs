//! Passes descriptors to a worker: with a descriptor table of its own it cannot use those of
//! another thread (SCM_RIGHTS, unix(7)).

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::ptr;

/// Most descriptors in one message; Linux allows 253.
const PER_MESSAGE: usize = 64;

/// Room for the control message that carries them.
#[repr(C, align(8))]
struct Control([MaybeUninit<u8>; CONTROL_BYTES]);

const CONTROL_BYTES: usize = 64 + PER_MESSAGE * size_of::<RawFd>();

/// Sends copies of these descriptors. It never waits: if the other side does not read, the result
/// is [`WouldBlock`](io::ErrorKind::WouldBlock).
pub(in crate::server) fn send(to: &impl AsRawFd, all: &[BorrowedFd]) -> io::Result<()> {
    all.chunks(PER_MESSAGE).try_for_each(|some| send_some(to.as_raw_fd(), some))
}

fn send_some(to: RawFd, some: &[BorrowedFd]) -> io::Result<()> {
    let numbers: Vec<RawFd> = some.iter().map(AsRawFd::as_raw_fd).collect();
    let bytes = size_of_val(&*numbers);
    let mut control = Control([MaybeUninit::zeroed(); CONTROL_BYTES]);
    let mut payload = [1u8];
    let mut part = libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: 1 };
    let mut message = header(&mut part, &mut control);
    // SAFETY: `control` is aligned, and has room for the header and these descriptors.
    let sent = unsafe {
        message.msg_controllen = libc::CMSG_SPACE(bytes as _) as _;
        let first = libc::CMSG_FIRSTHDR(&message);
        (*first).cmsg_level = libc::SOL_SOCKET;
        (*first).cmsg_type = libc::SCM_RIGHTS;
        (*first).cmsg_len = libc::CMSG_LEN(bytes as _) as _;
        ptr::copy_nonoverlapping(numbers.as_ptr().cast(), libc::CMSG_DATA(first), bytes);
        libc::sendmsg(to, &message, SEND_FLAGS)
    };
    if sent == 1 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads what has been sent: returns how many bytes, and appends the descriptors that came with
/// them, fewer if the table is full.
pub(in crate::server) fn receive(
    from: &impl AsRawFd,
    into: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut control = Control([MaybeUninit::zeroed(); CONTROL_BYTES]);
    let mut payload = [0u8; 64];
    let mut part = libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: payload.len() };
    let mut message = header(&mut part, &mut control);
    message.msg_controllen = CONTROL_BYTES as _;
    // SAFETY: all pointers in `message` are valid for their lengths. A descriptor in the control
    // message is new, and nothing else owns it.
    unsafe {
        let read = libc::recvmsg(from.as_raw_fd(), &mut message, RECEIVE_FLAGS);
        if read < 0 {
            return Err(io::Error::last_os_error());
        }
        let mut next = libc::CMSG_FIRSTHDR(&message);
        while !next.is_null() {
            if (*next).cmsg_level == libc::SOL_SOCKET && (*next).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*next).cmsg_len as usize - libc::CMSG_LEN(0) as usize;
                let data = libc::CMSG_DATA(next).cast::<RawFd>();
                for number in 0..bytes / size_of::<RawFd>() {
                    into.push(OwnedFd::from_raw_fd(data.add(number).read_unaligned()));
                }
            }
            next = libc::CMSG_NXTHDR(&message, next);
        }
        Ok(read as usize)
    }
}

fn header(part: &mut libc::iovec, control: &mut Control) -> libc::msghdr {
    // SAFETY: all zeros are a valid header.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message
}

/// The socket's own mode is what it was created with, so each call says that it does not wait.
#[cfg(target_os = "linux")]
const SEND_FLAGS: libc::c_int = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
#[cfg(not(target_os = "linux"))]
const SEND_FLAGS: libc::c_int = libc::MSG_DONTWAIT;

#[cfg(target_os = "linux")]
const RECEIVE_FLAGS: libc::c_int = libc::MSG_DONTWAIT | libc::MSG_CMSG_CLOEXEC;
#[cfg(not(target_os = "linux"))]
const RECEIVE_FLAGS: libc::c_int = libc::MSG_DONTWAIT;

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{ErrorKind, Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    #[test]
    fn descriptors_arrive_in_order_and_are_copies() {
        let (here, there) = UnixStream::pair().expect("a pair");
        let ends: Vec<_> = (0..100).map(|_| UnixStream::pair().expect("a pair")).collect();
        let copies: Vec<_> = ends.iter().map(|(_, other)| other.as_fd()).collect();
        send(&here, &copies).expect("sent");
        let mut received = Vec::new();
        assert_eq!(receive(&there, &mut received).expect("the first message"), 1);
        assert_eq!(receive(&there, &mut received).expect("the second message"), 1);
        assert_eq!(received.len(), 100);
        let last = receive(&there, &mut received);
        assert_eq!(last.map_err(|error| error.kind()), Err(ErrorKind::WouldBlock));
        for (number, ((mut one, other), copy)) in ends.into_iter().zip(received).enumerate() {
            drop(other);
            one.write_all(&[number as u8]).expect("the copy is open");
            let mut byte = [0];
            UnixStream::from(copy).read_exact(&mut byte).expect("a byte");
            assert_eq!(byte, [number as u8]);
        }
        drop(here);
        assert_eq!(receive(&there, &mut Vec::new()).expect("the end"), 0);
    }
}
