//! What a worker needs of the world: a clock, sockets, and to be woken.
//!
//! Two worlds have it: the operating system (`os`) and a simulation that follows from
//! a seed ([`sim`](super::sim)). It is the only trait the layers need.

use std::fmt::Debug;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::base::slab::Token;
use crate::base::time::Time;

/// Something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A listener has connections, or datagrams.
    Listener(usize),
    /// A socket changed.
    Socket(Token, Readiness),
    /// There are commands.
    Inbox,
}

/// What became of a socket since it was last told: edges, not levels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// There may be bytes to read.
    pub readable: bool,
    /// The peer sends no more: read on until the end.
    pub ending: bool,
    /// The connection is broken; nothing that is sent will arrive.
    pub broken: bool,
}

/// A world to serve in.
pub trait Net {
    /// A connection.
    type Socket: Debug;

    /// The time.
    fn now(&mut self) -> Time;

    /// The time since 1970, for the `Date` field; read once a second.
    fn unix_time(&mut self) -> Duration;

    /// Sleeps until something happens, or until this moment, and appends what happened. It may
    /// return earlier with nothing.
    fn wait(&mut self, until: Time, events: &mut Vec<Event>);

    /// Accepts a connection. It reports no events before it is [registered](Net::register).
    fn accept(&mut self, listener: usize) -> io::Result<(Self::Socket, Option<IpAddr>)>;

    /// From now on events tell of this connection, and carry `token`; the first of them tells what
    /// is the case already. To be called once.
    fn register(&mut self, socket: &mut Self::Socket, token: Token) -> io::Result<()>;

    /// Returns a bounded number of datagrams to their senders; whether there may be more.
    fn echo_datagrams(&mut self, listener: usize) -> bool;

    /// Appends what has arrived, up to `most` bytes, for which there is spare capacity; `Ok(0)` is
    /// the end.
    fn read(
        &mut self,
        socket: &mut Self::Socket,
        into: &mut Vec<u8>,
        most: usize,
    ) -> io::Result<usize>;

    /// Whether a read that brought less than it could have has brought all there was, so that the
    /// next byte makes a new event.
    fn short_read_is_all(&self) -> bool;

    /// Hands over bytes and says how many were taken.
    fn write(&mut self, socket: &mut Self::Socket, bytes: &[u8]) -> io::Result<usize>;

    /// Sends what has arrived back, up to `most` bytes, without bringing it here, and says how many
    /// bytes that took from what has arrived. Those of them that could not be sent are appended to
    /// `rest`: to be written, which also tells why if they cannot be at all. `Ok(0)`: nothing was
    /// done, and reading tells why. An error: bytes have been lost.
    fn splice(
        &mut self,
        socket: &mut Self::Socket,
        most: usize,
        rest: &mut Vec<u8>,
    ) -> io::Result<usize> {
        let _ = (socket, most, rest);
        Ok(0)
    }

    /// Says that we send no more.
    fn shutdown(&mut self, socket: &mut Self::Socket);

    /// Ends a connection.
    fn close(&mut self, socket: Self::Socket);

    /// Stops listening.
    fn close_listeners(&mut self);

    /// Gives memory that is free back, where it would be kept.
    fn trim(&mut self) {}
}

/// Whether closing a connection would help: there is no descriptor, no memory or no watch for
/// another one.
pub fn is_exhausted(error: &io::Error) -> bool {
    let kinds = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM, libc::ENOSPC];
    error.raw_os_error().is_some_and(|code| kinds.contains(&code))
}
