//! What a worker needs from its environment: a clock, sockets and events.
//!
//! Two types implement it: one on the operating system (`os`), and a simulation that is determined
//! by a seed ([`sim`](super::sim)).

use std::fmt::Debug;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::base::slab::Token;
use crate::base::time::Time;
use crate::http::modifiers::Plan;

/// An event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A listener has connections or datagrams.
    Listener(usize),
    /// The readiness of a socket changed.
    Socket(Token, Readiness),
    /// The worker has commands.
    Inbox,
}

/// Changes of a socket's readiness since the last event: edges, not levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// There may be bytes to read.
    pub readable: bool,
    /// The client has ended its side: read on until the end.
    pub ending: bool,
    /// The connection was reset; nothing that is sent will arrive.
    pub broken: bool,
}

/// What a listener's socket is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenKind {
    /// For TCP connections.
    Tcp,
    /// For connections over a Unix socket.
    Unix,
    /// For datagrams.
    Udp,
}

/// Makes the plan of each datagram.
pub type Plans<'a> = &'a mut dyn FnMut() -> Plan;

/// The environment of a worker.
pub trait Net {
    /// A connection.
    type Socket: Debug;

    /// The monotonic time.
    fn now(&mut self) -> Time;

    /// The time since 1970, for the `Date` field; read once a second.
    fn unix_time(&mut self) -> Duration;

    /// Waits for events, until `until` at most, and appends them. It may return early without any.
    fn wait(&mut self, until: Time, events: &mut Vec<Event>);

    /// Accepts a connection. It reports no events before it is [registered](Net::register).
    fn accept(&mut self, listener: usize) -> io::Result<(Self::Socket, Option<IpAddr>)>;

    /// The client's port; `None` on a Unix socket. A system call: only for logs.
    fn peer_port(&mut self, socket: &Self::Socket) -> Option<u16> {
        let _ = socket;
        None
    }

    /// Starts reporting the events of a connection, with this token; the first event reports its
    /// readiness so far. Must be called at most once per connection.
    fn register(&mut self, socket: &mut Self::Socket, token: Token) -> io::Result<()>;

    /// Sends a limited number of datagrams back: at once, or each under a plan. Returns when to
    /// call it again if no event comes before.
    fn echo_datagrams(&mut self, listener: usize, plans: Option<Plans>) -> Time;

    /// Appends what has arrived, at most `most` bytes, for which `into` has the capacity; `Ok(0)`
    /// is the end of the stream.
    fn read(
        &mut self,
        socket: &mut Self::Socket,
        into: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<usize>;

    /// Whether a short read means that the socket is empty and the next byte makes a new event.
    fn short_read_is_all(&self) -> bool;

    /// Writes bytes, and returns how many were taken.
    fn write(&mut self, socket: &mut Self::Socket, bytes: &[u8]) -> io::Result<usize>;

    /// Sends at most `most` of the bytes that have arrived back to the client without copying them
    /// here, and returns how many were taken from the socket. Those that could not be sent are
    /// appended to `rest`: writing them reports the reason. `Ok(0)`: nothing was done, and reading
    /// reports the reason. An error: bytes were lost.
    fn splice(
        &mut self,
        socket: &mut Self::Socket,
        most: usize,
        rest: &mut Vec<u8>,
    ) -> io::Result<usize> {
        let _ = (socket, most, rest);
        Ok(0)
    }

    /// Ends our side of the connection.
    fn shutdown(&mut self, socket: &mut Self::Socket);

    /// How many bytes that were written the client's kernel has not acknowledged; 0 where that
    /// cannot be found out.
    fn unacked(&mut self, socket: &mut Self::Socket) -> usize {
        let _ = socket;
        0
    }

    /// Makes closing the connection reset it (RST), where its transport has that. What is not
    /// [acknowledged](Net::unacked) by then is lost.
    fn reset_on_close(&mut self, socket: &mut Self::Socket);

    /// Asks for a receive buffer of [`NARROW_BYTES`], so that a client that is read slowly soon
    /// notices it.
    ///
    /// [`NARROW_BYTES`]: crate::base::limits::NARROW_BYTES
    fn narrow(&mut self, socket: &mut Self::Socket) {
        let _ = socket;
    }

    /// Closes the connection.
    fn close(&mut self, socket: Self::Socket);

    /// Starts reporting the events of listeners under these numbers, of all or, with an error, of
    /// none. Their sockets have come with the command that adds them, in this order.
    fn open_listeners(&mut self, new: &[(usize, ListenKind)]) -> io::Result<()> {
        let _ = new;
        Ok(())
    }

    /// Lets no new handshake begin at a listener, if that is possible; those under way may finish.
    /// What the kernel holds back until its first bytes is handed over soon.
    fn stop_handshakes(&mut self, listener: usize) {
        let _ = listener;
    }

    /// Hands over what the kernel holds back until its first bytes soon, and holds back no more.
    fn stop_deferring(&mut self, listener: usize) {
        let _ = listener;
    }

    /// Whether handshakes may be under way at a listener that begins no new ones.
    fn has_handshakes(&mut self, listener: usize) -> bool {
        let _ = listener;
        false
    }

    /// Closes a listener. What is in its queue is reset, unless another process or worker has the
    /// same socket.
    fn close_listener(&mut self, number: usize);

    /// Bytes of memory that the process may still take, beside a reserve; `None` without a limit.
    fn spare_memory(&mut self) -> Option<u64> {
        None
    }

    /// Returns free memory to the system, if the allocator would keep it.
    fn trim(&mut self) {}
}

/// Whether closing a connection would help: no descriptor, memory or epoll watch is left.
pub fn is_exhausted(error: &io::Error) -> bool {
    let kinds = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::ENOSPC];
    error.raw_os_error().is_some_and(|code| kinds.contains(&code))
}
