//! UDP echo: datagrams go back at once, or under the plans of a listener's modifiers.

use std::io::ErrorKind;
use std::net::SocketAddr;

use mio::net::UdpSocket;

use crate::base::limits::{DATAGRAM_BYTES, DATAGRAMS_PER_TURN};
use crate::base::time::Time;
use crate::server::datagram_queue::DatagramQueue;
use crate::server::net::Plans;

/// A UDP socket, and the datagrams that were not sent back yet.
#[derive(Debug)]
pub(in super::super) struct Datagrams {
    /// The socket.
    pub(in super::super) socket: UdpSocket,
    /// One that could not be sent, if they are not modified.
    pending: Option<(usize, SocketAddr)>,
    /// Those that wait, if they are.
    queue: DatagramQueue<SocketAddr>,
    buffer: Box<[u8]>,
}

impl Datagrams {
    /// Echoes the datagrams of a socket.
    pub(in super::super) fn new(socket: UdpSocket) -> Datagrams {
        let buffer = vec![0; DATAGRAM_BYTES].into_boxed_slice();
        Datagrams { socket, pending: None, queue: DatagramQueue::default(), buffer }
    }

    /// Sends datagrams back, and returns whether there may be more. One that cannot be sent now is
    /// kept, and those after it stay in the kernel's queue.
    pub(super) fn echo(&mut self) -> bool {
        for _ in 0..DATAGRAMS_PER_TURN {
            let (bytes, sender) = match self.pending.take() {
                Some(pending) => pending,
                None => match self.socket.recv_from(&mut self.buffer) {
                    Ok(received) => received,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                    // An ICMP error for an earlier datagram is reported here; it can be ignored.
                    Err(_) => continue,
                },
            };
            if !send(&self.socket, &self.buffer[..bytes], sender) {
                self.pending = Some((bytes, sender));
                return false;
            }
        }
        true
    }

    /// Sends back those that are due, and takes in new ones; returns when to call it again, if
    /// nothing arrives and the socket does not become writable. The clock is read after each
    /// arrival, so none is sent early.
    pub(super) fn echo_modified(&mut self, plans: Plans, mut clock: impl FnMut() -> Time) -> Time {
        let now = clock();
        for _ in 0..DATAGRAMS_PER_TURN {
            let Some((bytes, sender)) = self.queue.due(now) else { break };
            if !send(&self.socket, bytes, *sender) {
                return Time::NEVER;
            }
            self.queue.pop();
        }
        for _ in 0..DATAGRAMS_PER_TURN {
            match self.socket.recv_from(&mut self.buffer) {
                Ok((bytes, sender)) => {
                    self.queue.push(&plans(), clock(), &self.buffer[..bytes], sender);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return self.queue.next(),
                Err(_) => {}
            }
        }
        now
    }
}

/// Sends a datagram, unless the socket takes none now. One to an unreachable sender is lost, as is
/// usual for UDP.
fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) -> bool {
    !matches!(socket.send_to(bytes, to), Err(error) if error.kind() == ErrorKind::WouldBlock)
}
