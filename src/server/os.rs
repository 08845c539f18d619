//! The operating system, through mio. All `unsafe` code is here and below.
//!
//! A socket is registered at most once, edge-triggered and for both directions, when it first has
//! to wait: epoll and kqueue then report its readiness so far. On Linux a timer descriptor makes a
//! wait exact to some hundredths of a millisecond; elsewhere mio rounds timeouts up to a
//! millisecond.
#![allow(unsafe_code)]

use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Shutdown};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mio::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use mio::{Events, Interest, Poll};
use socket2::SockRef;

use super::cgroup::Cgroup;
use super::memory::MemoryGauge;
use super::net::{Event, ListenKind, Net, Plans, Readiness};
use crate::base::limits::{EVENTS_PER_WAIT, NARROW_BYTES};
use crate::base::slab::Token;
use crate::base::time::Time;

mod clock;
#[cfg_attr(not(target_os = "linux"), path = "os/closing_none.rs")]
mod closing;
mod datagrams;
pub(super) mod descriptors;
mod host;
pub(super) mod output;
pub(super) mod process;
#[cfg_attr(not(target_os = "linux"), path = "os/splice_none.rs")]
mod splice;
#[cfg_attr(not(target_os = "linux"), path = "os/timer_poll.rs")]
mod timer;
mod unacked;

pub(super) use clock::Clock;
pub(super) use closing::defer_accept;
pub(super) use datagrams::Datagrams;
pub(super) use host::hostname;
use splice::SplicePipe;

/// The socket of a connection.
#[derive(Debug)]
pub(super) enum Socket {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix socket.
    Unix(UnixStream),
}

/// The socket of a listener.
#[derive(Debug)]
pub(super) enum ListenSocket {
    /// For TCP connections.
    Tcp(TcpListener),
    /// For connections over a Unix socket.
    Unix(UnixListener),
    /// For datagrams.
    Udp(Datagrams),
}

/// The sockets, clock and events of one worker.
#[derive(Debug)]
pub(super) struct Os {
    poll: Poll,
    events: Events,
    /// `None`: closed.
    listeners: Vec<Option<ListenSocket>>,
    inbox: UnixStream,
    /// Descriptors that have come with commands.
    handed: Vec<OwnedFd>,
    timer: timer::Timer,
    pipe: SplicePipe,
    clock: Clock,
    /// The last clock read.
    last_now: Time,
    short_read_is_all: bool,
    gauge: MemoryGauge,
}

/// Poll tokens that no session has.
const INBOX: u32 = u32::MAX;
const TIMER: u32 = u32::MAX - 1;
const FIRST_LISTENER: u32 = u32::MAX / 2;

impl Os {
    /// Without listeners. Commands are announced, and descriptors come, through `inbox`; `clock` is
    /// [`Time::START`], the same for all workers.
    pub(super) fn new(
        inbox: UnixStream,
        clock: Clock,
        read_until_would_block: bool,
    ) -> io::Result<Os> {
        let poll = Poll::new()?;
        let timer = timer::Timer::new(&poll, special(TIMER))?;
        // kqueue makes a new edge only after a read has found the socket empty.
        let short_read_is_all = cfg!(target_os = "linux") && !read_until_would_block;
        let mut os = Os {
            poll,
            events: Events::with_capacity(EVENTS_PER_WAIT),
            listeners: Vec::new(),
            inbox,
            handed: Vec::new(),
            timer,
            pipe: SplicePipe::open(),
            clock,
            last_now: Time::START,
            short_read_is_all,
            gauge: MemoryGauge::open(&Cgroup::read().memory),
        };
        os.poll.registry().register(&mut os.inbox, special(INBOX), Interest::READABLE)?;
        Ok(os)
    }

    fn open_listener(
        &mut self,
        number: usize,
        kind: ListenKind,
        socket: OwnedFd,
    ) -> io::Result<()> {
        let (registry, token) = (self.poll.registry(), special(FIRST_LISTENER + number as u32));
        let socket = match kind {
            ListenKind::Tcp => {
                let mut tcp = TcpListener::from_std(socket.into());
                registry.register(&mut tcp, token, Interest::READABLE)?;
                ListenSocket::Tcp(tcp)
            }
            ListenKind::Unix => {
                let mut unix = UnixListener::from_std(socket.into());
                registry.register(&mut unix, token, Interest::READABLE)?;
                ListenSocket::Unix(unix)
            }
            ListenKind::Udp => {
                let mut udp = UdpSocket::from_std(socket.into());
                registry.register(&mut udp, token, Interest::READABLE | Interest::WRITABLE)?;
                ListenSocket::Udp(Datagrams::new(udp))
            }
        };
        if self.listeners.len() <= number {
            self.listeners.resize_with(number + 1, || None);
        }
        self.listeners[number] = Some(socket);
        Ok(())
    }

    fn tcp(&self, listener: usize) -> Option<&TcpListener> {
        match self.listeners.get(listener) {
            Some(Some(ListenSocket::Tcp(tcp))) => Some(tcp),
            _ => None,
        }
    }

    fn drain_inbox(&mut self) {
        loop {
            match descriptors::receive(&self.inbox, &mut self.handed) {
                Ok(1..) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return,
            }
        }
    }
}

fn special(index: u32) -> mio::Token {
    mio::Token(index as usize)
}

const _: () = assert!(usize::BITS == 64, "a poll token holds an index and a generation");

/// A session's token has the generation in its upper half and the index in its lower half. The
/// special tokens have generation 0 and indexes that no slab reaches.
fn pack(token: Token) -> mio::Token {
    mio::Token((u64::from(token.generation) << 32 | u64::from(token.index)) as usize)
}

fn event_from_mio(event: &mio::event::Event) -> Option<Event> {
    let readiness = Readiness {
        readable: event.is_readable(),
        ending: event.is_read_closed(),
        broken: event.is_error(),
    };
    event_from_token(event.token().0 as u64, readiness)
}

fn event_from_token(packed: u64, readiness: Readiness) -> Option<Event> {
    let (index, generation) = (packed as u32, (packed >> 32) as u32);
    Some(match index {
        INBOX => Event::Inbox,
        TIMER => return None,
        FIRST_LISTENER.. => Event::Listener((index - FIRST_LISTENER) as usize),
        _ => Event::Socket(Token { index, generation }, readiness),
    })
}

impl Net for Os {
    type Socket = Socket;

    fn now(&mut self) -> Time {
        self.last_now = self.clock.now();
        self.last_now
    }

    fn unix_time(&mut self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    fn wait(&mut self, until: Time, events: &mut Vec<Event>) {
        // The last clock read is recent enough for this.
        let due = until <= self.last_now;
        if due || !self.timer.wait_near(&self.poll, self.last_now, until, self.clock, events) {
            let timeout = match due {
                true => Some(Duration::ZERO),
                false => self.timer.timeout(self.last_now, until, self.clock),
            };
            // After EINTR the events are polled at once: a deadline must not be checked before
            // events that have already happened.
            if self.poll.poll(&mut self.events, timeout).is_err()
                && self.poll.poll(&mut self.events, Some(Duration::ZERO)).is_err()
            {
                return;
            }
            events.extend(self.events.iter().filter_map(event_from_mio));
        }
        if events.contains(&Event::Inbox) {
            self.drain_inbox();
        }
    }

    fn accept(&mut self, listener: usize) -> io::Result<(Socket, Option<IpAddr>)> {
        match self.listeners.get(listener) {
            Some(Some(ListenSocket::Tcp(tcp))) => {
                let (stream, peer) = tcp.accept()?;
                Ok((Socket::Tcp(stream), Some(peer.ip().to_canonical())))
            }
            Some(Some(ListenSocket::Unix(unix))) => Ok((Socket::Unix(unix.accept()?.0), None)),
            Some(Some(ListenSocket::Udp(_)) | None) | None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn peer_port(&mut self, socket: &Socket) -> Option<u16> {
        match socket {
            Socket::Tcp(stream) => Some(stream.peer_addr().ok()?.port()),
            Socket::Unix(_) => None,
        }
    }

    fn register(&mut self, socket: &mut Socket, token: Token) -> io::Result<()> {
        let both = Interest::READABLE | Interest::WRITABLE;
        match socket {
            Socket::Tcp(stream) => self.poll.registry().register(stream, pack(token), both),
            Socket::Unix(stream) => self.poll.registry().register(stream, pack(token), both),
        }
    }

    fn echo_datagrams(&mut self, listener: usize, plans: Option<Plans>) -> Time {
        let Some(Some(ListenSocket::Udp(datagrams))) = self.listeners.get_mut(listener) else {
            return Time::NEVER;
        };
        match plans {
            Some(plans) => datagrams.echo_modified(plans, || self.clock.now()),
            None if datagrams.echo() => self.last_now,
            None => Time::NEVER,
        }
    }

    fn read(&mut self, socket: &mut Socket, into: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        let room = into.spare_capacity_mut();
        let most = most.min(room.len());
        let bytes = match socket {
            Socket::Tcp(stream) => SockRef::from(&*stream).recv(&mut room[..most])?,
            Socket::Unix(stream) => SockRef::from(&*stream).recv(&mut room[..most])?,
        };
        // SAFETY: `recv` has written the first `bytes` bytes of the spare capacity.
        unsafe { into.set_len(into.len() + bytes) };
        Ok(bytes)
    }

    fn short_read_is_all(&self) -> bool {
        self.short_read_is_all
    }

    fn write(&mut self, socket: &mut Socket, bytes: &[u8]) -> io::Result<usize> {
        match socket {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        }
    }

    fn splice(&mut self, from: &mut Socket, most: usize, rest: &mut Vec<u8>) -> io::Result<usize> {
        match from {
            Socket::Tcp(stream) => self.pipe.splice(stream.as_raw_fd(), most, rest),
            Socket::Unix(_) => Ok(0),
        }
    }

    fn shutdown(&mut self, socket: &mut Socket) {
        // It fails only if the connection is gone, which the next read reports too.
        let _ = match socket {
            Socket::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Socket::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    fn unacked(&mut self, socket: &mut Socket) -> usize {
        match socket {
            Socket::Tcp(stream) => unacked::unacked(stream.as_raw_fd()),
            Socket::Unix(_) => 0,
        }
    }

    fn reset_on_close(&mut self, socket: &mut Socket) {
        if let Socket::Tcp(stream) = socket {
            // It fails only if the connection is gone. Without the option closing sends FIN.
            let _ = SockRef::from(&*stream).set_linger(Some(Duration::ZERO));
        }
    }

    fn narrow(&mut self, socket: &mut Socket) {
        if let Socket::Tcp(stream) = socket {
            // A larger buffer only lets the client send more before it is slowed down.
            let _ = SockRef::from(&*stream).set_recv_buffer_size(NARROW_BYTES);
        }
    }

    fn close(&mut self, socket: Socket) {
        drop(socket);
    }

    fn open_listeners(&mut self, new: &[(usize, ListenKind)]) -> io::Result<()> {
        // An earlier command may have woken the worker before they came.
        self.drain_inbox();
        // An earlier command that could not be sent whole may have left some.
        let earlier = self.handed.len().saturating_sub(new.len());
        let mut sockets = std::mem::take(&mut self.handed).into_iter().skip(earlier);
        let missing = || io::Error::other("the descriptor of a listener did not arrive");
        let mut open = |os: &mut Os, (number, kind)| {
            os.open_listener(number, kind, sockets.next().ok_or_else(missing)?)
        };
        let opened = new.iter().try_for_each(|new| open(self, *new));
        if opened.is_err() {
            new.iter().for_each(|(number, _)| self.close_listener(*number));
        }
        opened
    }

    fn close_listener(&mut self, number: usize) {
        if let Some(listener) = self.listeners.get_mut(number)
            && let Some(mut closed) = listener.take()
        {
            // Other processes may have the socket too: then closing does not remove it from epoll.
            let registry = self.poll.registry();
            let _ = match &mut closed {
                ListenSocket::Tcp(tcp) => registry.deregister(tcp),
                ListenSocket::Unix(unix) => registry.deregister(unix),
                ListenSocket::Udp(udp) => registry.deregister(&mut udp.socket),
            };
        }
    }

    fn spare_memory(&mut self) -> Option<u64> {
        self.gauge.spare()
    }

    fn stop_deferring(&mut self, listener: usize) {
        if let Some(tcp) = self.tcp(listener) {
            // Otherwise those that are held back are accepted with their first bytes only.
            let _ = closing::defer_accept(tcp, false);
        }
    }

    fn stop_handshakes(&mut self, listener: usize) {
        if let Some(tcp) = self.tcp(listener) {
            // Otherwise a handshake that begins just before the listener is closed is reset.
            let _ = closing::drop_syns(tcp);
        }
    }

    fn has_handshakes(&mut self, listener: usize) -> bool {
        let port = self.tcp(listener).and_then(|tcp| tcp.local_addr().ok());
        port.is_some_and(|address| closing::handshakes(address.port()))
    }

    /// glibc keeps free memory between blocks in use: tens of megabytes after 10,000 connections.
    /// Other allocators return it by themselves.
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    fn trim(&mut self) {
        // SAFETY: no pointers; only free memory is affected.
        unsafe { libc::malloc_trim(0) };
    }
}

/// Gives the calling thread its own descriptor table, a copy of the current one. The descriptor
/// limit counts per table, and look-ups in a table of one thread need no lock.
#[cfg(target_os = "linux")]
pub(super) fn unshare_descriptors() -> io::Result<()> {
    // SAFETY: the range is empty, so nothing is closed; the flag only copies the table.
    let result = unsafe {
        let none = libc::c_uint::MAX;
        libc::syscall(libc::SYS_close_range, none, none, CLOSE_RANGE_UNSHARE)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(target_os = "linux")]
const CLOSE_RANGE_UNSHARE: libc::c_uint = 1 << 1;

/// On other systems all threads share one table.
#[cfg(not(target_os = "linux"))]
pub(super) fn unshare_descriptors() -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Closes descriptors by their numbers: copies that a new descriptor table began with, of which no
/// other code in this thread knows.
pub(super) fn close_copies(numbers: &[RawFd]) {
    for number in numbers {
        // SAFETY: the caller owns this table, and nothing in it uses the number.
        drop(unsafe { OwnedFd::from_raw_fd(*number) });
    }
}

/// Raises the soft descriptor limit to the hard limit, and returns it.
pub(super) fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a valid pointer to write to.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let wanted = libc::rlimit { rlim_cur: limit.rlim_max, rlim_max: limit.rlim_max };
    // SAFETY: `wanted` is valid. macOS refuses an infinite limit; the old one then stays.
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &wanted) } == 0 {
        limit = wanted;
    }
    // The type differs between systems.
    #[allow(clippy::unnecessary_cast)]
    Ok(limit.rlim_cur as u64)
}

#[cfg(all(test, target_os = "linux"))]
pub(super) mod tests;
