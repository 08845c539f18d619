//! The few system calls of a load process. All `unsafe` of the tool is in this file.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::RawFd;
use std::time::Duration;

/// An event: its token, and whether the socket is writable.
pub(crate) type Event = libc::epoll_event;

pub(crate) fn epoll() -> io::Result<RawFd> {
    // SAFETY: makes a descriptor; no memory is passed.
    checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// Edge-triggered in both directions, permanently.
pub(crate) fn watch(epoll: RawFd, fd: RawFd, token: u64) -> io::Result<()> {
    let wanted = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET;
    add(epoll, fd, token, wanted)
}

/// Level-triggered, for the end of standard input.
pub(crate) fn watch_input(epoll: RawFd, fd: RawFd, token: u64) -> io::Result<()> {
    add(epoll, fd, token, libc::EPOLLIN)
}

fn add(epoll: RawFd, fd: RawFd, token: u64, wanted: i32) -> io::Result<()> {
    let mut event = libc::epoll_event { events: wanted as u32, u64: token };
    // SAFETY: the event is read during the call only.
    checked(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &mut event) }).map(drop)
}

/// epoll_pwait2: its timeout is in nanoseconds, so a ramp of 10,000/s is even, without bursts of
/// ten per millisecond.
pub(crate) fn wait(epoll: RawFd, events: &mut [Event], timeout: Duration) -> io::Result<usize> {
    let timeout = libc::timespec {
        tv_sec: timeout.as_secs() as libc::time_t,
        tv_nsec: timeout.subsec_nanos().into(),
    };
    let none = std::ptr::null::<libc::sigset_t>();
    // SAFETY: `events` is ours and has the given length; the timeout lives during the call.
    let n = unsafe {
        let (at, room) = (events.as_mut_ptr(), events.len() as libc::c_int);
        libc::syscall(libc::SYS_epoll_pwait2, epoll, at, room, &raw const timeout, none, 0usize)
    };
    match usize::try_from(n) {
        Ok(n) => Ok(n),
        Err(_) => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(0),
            error => Err(error),
        },
    }
}

pub(crate) fn is_writable(event: &Event) -> bool {
    event.events & libc::EPOLLOUT as u32 != 0
}

pub(crate) fn is_broken(event: &Event) -> bool {
    event.events & (libc::EPOLLERR | libc::EPOLLHUP) as u32 != 0
}

/// A socket bound to `source`, with the port left to `connect`: a port bound here would be one of
/// only 28,000, used by this socket alone.
pub(crate) fn socket(source: Ipv4Addr) -> io::Result<RawFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: makes a descriptor; no memory is passed.
    let fd = checked(unsafe { libc::socket(libc::AF_INET, kind, 0) })?;
    bind(fd, source).inspect_err(|_| close(fd))?;
    Ok(fd)
}

fn bind(fd: RawFd, source: Ipv4Addr) -> io::Result<()> {
    let (on, option) = (1i32, libc::IP_BIND_ADDRESS_NO_PORT);
    let address = raw(SocketAddrV4::new(source, 0));
    // SAFETY: both values live during the calls and have the given lengths.
    unsafe {
        let (at, length) = ((&raw const on).cast(), size_of::<i32>() as libc::socklen_t);
        checked(libc::setsockopt(fd, libc::IPPROTO_IP, option, at, length))?;
        checked(libc::bind(fd, (&raw const address).cast(), ADDRESS_BYTES)).map(drop)
    }
}

/// TCP_NODELAY.
pub(crate) fn send_at_once(fd: RawFd) -> io::Result<()> {
    let on = 1i32;
    // SAFETY: the value lives during the call and has the given length.
    checked(unsafe {
        let (at, length) = ((&raw const on).cast(), size_of::<i32>() as libc::socklen_t);
        libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, at, length)
    })
    .map(drop)
}

/// Starts to connect; the result is an event.
pub(crate) fn connect(fd: RawFd, server: SocketAddrV4) -> io::Result<()> {
    let address = raw(server);
    // SAFETY: the address lives during the call and has the given length.
    let result = unsafe { libc::connect(fd, (&raw const address).cast(), ADDRESS_BYTES) };
    match checked(result) {
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => Ok(()),
        result => result.map(drop),
    }
}

pub(crate) fn write(fd: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: `bytes` has the given length. MSG_NOSIGNAL: a broken pipe is an error, not a signal.
    let n = unsafe { libc::send(fd, bytes.as_ptr().cast(), bytes.len(), libc::MSG_NOSIGNAL) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

pub(crate) fn read(fd: RawFd, into: &mut [u8]) -> io::Result<usize> {
    // SAFETY: `into` is ours and has the given length.
    let n = unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) };
    usize::try_from(n).map_err(|_| io::Error::last_os_error())
}

pub(crate) fn close(fd: RawFd) {
    // SAFETY: the caller does not use `fd` again.
    unsafe { libc::close(fd) };
}

/// User and system time, in seconds, of all load processes, which have exited.
pub(crate) fn children_cpu_s() -> io::Result<(f64, f64)> {
    // SAFETY: plain integers, for which zero is valid; the call fills them in.
    let usage = unsafe {
        let mut usage = std::mem::zeroed::<libc::rusage>();
        checked(libc::getrusage(libc::RUSAGE_CHILDREN, &mut usage))?;
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok((seconds(usage.ru_utime), seconds(usage.ru_stime)))
}

/// Ticks per second, as used in /proc.
pub(crate) fn ticks_per_second() -> f64 {
    // SAFETY: returns a number; no memory is passed.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) as f64 }
}

/// Raises the soft limit on descriptors to the hard limit, and returns it.
pub(crate) fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the limit lives during both calls.
    unsafe {
        checked(libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit))?;
        limit.rlim_cur = limit.rlim_max;
        checked(libc::setrlimit(libc::RLIMIT_NOFILE, &limit))?;
    }
    Ok(limit.rlim_max)
}

const ADDRESS_BYTES: libc::socklen_t = size_of::<libc::sockaddr_in>() as libc::socklen_t;

fn raw(address: SocketAddrV4) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr { s_addr: u32::from(*address.ip()).to_be() },
        sin_zero: [0; 8],
    }
}

fn checked(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
