//! A simulated connection.

use crate::base::limits::NARROW_BYTES;
use crate::base::random::Random;
use crate::server::net::Readiness;

/// A connection: two pipes, as the client sees them.
#[derive(Debug, Default)]
pub struct Link {
    pub(super) to_server: Vec<u8>,
    pub(super) to_client: Vec<u8>,
    /// Most bytes each pipe holds.
    pub(super) room: usize,
    pub(super) client_ended: bool,
    pub(super) server_ended: bool,
    pub(super) reset: bool,
    /// The server has found the pipe full and waits for a writable event.
    pub(super) full: bool,
    /// The server has closed both its sides.
    pub(super) dead: bool,
    /// How many of the bytes for the client its kernel has acknowledged.
    acked: usize,
    /// Closing resets the connection.
    pub(super) reset_on_close: bool,
    /// The server's receive buffer is small.
    pub(super) narrow: bool,
    pub(super) changed: Readiness,
    pub(super) reported: bool,
}

impl Link {
    /// The current readiness, reported or not.
    pub(super) fn state(&self) -> Readiness {
        let ending = self.client_ended || self.reset;
        let readable = ending || !self.to_server.is_empty();
        Readiness { readable, ending, broken: self.reset }
    }

    pub(super) fn new(room: usize) -> Link {
        Link { room, reported: true, ..Link::default() }
    }

    /// Sends what the pipe has room for, and returns how many bytes that was.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        if self.reset || self.client_ended {
            return 0;
        }
        if self.dead && !bytes.is_empty() {
            self.lose();
            return bytes.len();
        }
        let room = if self.narrow { self.room.min(NARROW_BYTES) } else { self.room };
        let sent = bytes.len().min(room.saturating_sub(self.to_server.len()));
        self.to_server.extend_from_slice(&bytes[..sent]);
        self.change(Readiness { readable: sent > 0, ..Readiness::default() });
        sent
    }

    /// Receives at most `most` bytes that the server has sent.
    pub fn receive(&mut self, most: usize) -> Vec<u8> {
        let received: Vec<u8> = self.to_client.drain(..most.min(self.to_client.len())).collect();
        self.acked = self.acked.saturating_sub(received.len());
        if self.full && !received.is_empty() {
            self.full = false;
            self.change(Readiness::default());
        }
        received
    }

    /// Ends the client's side (FIN).
    pub fn finish(&mut self) {
        self.client_ended = true;
        self.change(Readiness { readable: true, ending: true, broken: false });
    }

    /// Resets the connection.
    pub fn reset(&mut self) {
        self.reset = true;
        self.change(Readiness { readable: true, ending: true, broken: true });
    }

    /// If the server closes with unread input, or input arrives later, its kernel resets the
    /// connection, and what the client has not received is lost (RFC 9112 9.6).
    pub(super) fn lose(&mut self) {
        self.to_client.clear();
        self.reset = true;
    }

    /// The client's kernel acknowledges some of what it was sent, up to half of what its pipe
    /// holds; returns how many bytes it has not acknowledged.
    pub(super) fn acknowledge(&mut self, random: &mut Random) -> usize {
        let most = self.to_client.len().min(self.room / 2).max(self.acked);
        self.acked += random.below((most - self.acked) as u64 + 1) as usize;
        self.to_client.len() - self.acked
    }

    /// The server closes both its sides.
    pub(super) fn close(&mut self) {
        (self.server_ended, self.dead) = (true, true);
        if self.reset_on_close {
            self.to_client.truncate(self.acked);
            self.reset = true;
        } else if !self.to_server.is_empty() {
            self.lose();
        }
    }

    /// Whether a read would return `ECONNRESET`: the connection was reset, and everything that had
    /// been delivered before was received.
    pub fn reads_reset(&self) -> bool {
        self.reset && self.to_client.is_empty()
    }

    /// Whether the server has asked for a small receive buffer.
    pub fn is_narrow(&self) -> bool {
        self.narrow
    }

    /// Whether either side has reset the connection.
    pub fn broken(&self) -> bool {
        self.reset
    }

    /// Whether the server has ended its side, and everything it sent was received.
    pub fn ended(&self) -> bool {
        self.server_ended && self.to_client.is_empty()
    }

    /// Whether the server has ended its side.
    pub fn closed(&self) -> bool {
        self.server_ended
    }

    pub(super) fn change(&mut self, what: Readiness) {
        self.changed.readable |= what.readable;
        self.changed.ending |= what.ending;
        self.changed.broken |= what.broken;
        self.reported = false;
    }
}
