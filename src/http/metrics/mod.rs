//! What a worker counts: plain numbers that belong to it alone. They are copied and summed between
//! two turns of its loop when someone asks, so that they are consistent and cost no lock.

mod delays;
mod exact;
mod requests;

pub use delays::Delays;
pub use exact::Exact;
pub use requests::{Requests, Series, UNMATCHED};

use crate::base::last_minute::LastMinute;
use crate::base::time::Time;

/// What a connection is doing between two of its turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ConnectionState {
    /// It waits for a request.
    Idle,
    /// It is in a TLS handshake, or waits for one to begin.
    Handshake,
    /// A part of a request's head is there.
    Reading,
    /// HTTP/1: a body arrives, or an answer is sent.
    Active,
    /// HTTP/1: an answer takes time.
    Delayed,
    /// HTTP/2, with streams that are open.
    Streams,
    /// WebSocket, or raw echo.
    Tunnel,
    /// Nothing more is answered: it ends, or is silent.
    Closing,
}

impl ConnectionState {
    /// All of them, with their names.
    pub const ALL: [(ConnectionState, &str); 8] = [
        (ConnectionState::Idle, "idle"),
        (ConnectionState::Handshake, "handshake"),
        (ConnectionState::Reading, "reading"),
        (ConnectionState::Active, "active"),
        (ConnectionState::Delayed, "delayed"),
        (ConnectionState::Streams, "streams"),
        (ConnectionState::Tunnel, "tunnel"),
        (ConnectionState::Closing, "closing"),
    ];
}

/// How it is known that a client left before its answer was out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// It reset the connection.
    Reset,
    /// It closed its side, and could not be answered any more.
    Closed,
    /// Its stream ended without an answer: it, or an error of its connection, cancelled it.
    Cancelled,
}

impl Leaving {
    /// All of them, with their names.
    pub const ALL: [(Leaving, &str); 3] =
        [(Leaving::Reset, "reset"), (Leaving::Closed, "closed"), (Leaving::Cancelled, "cancelled")];
}

/// Why a connection was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There was no slot or descriptor for it.
    Full,
    /// Its address has as many as it may (`--max-connections-per-ip`).
    Address,
    /// It had to begin with a header of the PROXY protocol, and has sent no valid one.
    ProxyHeader,
}

impl Refused {
    /// All of them, with their names.
    pub const ALL: [(Refused, &str); 3] = [
        (Refused::Full, "full"),
        (Refused::Address, "address"),
        (Refused::ProxyHeader, "proxy_header"),
    ];
}

/// The counters of a worker.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Finished exchanges.
    pub requests: Requests,
    /// Answers that waited.
    pub delays: Delays,
    /// Connections by [`ConnectionState`], between two turns.
    pub connections: [u64; ConnectionState::ALL.len()],
    /// Bytes read from connections, and written to them.
    pub received_bytes: u64,
    /// See [`received_bytes`](Metrics::received_bytes).
    pub sent_bytes: u64,
    /// Connections that were refused, by [`Refused`].
    pub refused: [u64; Refused::ALL.len()],
    /// Connections that were closed to make room.
    pub evicted: u64,
    /// Requests that were refused because too many answers were delayed.
    pub overloaded: u64,
    /// Clients that left before their answer was out, by [`Leaving`].
    pub left: [u64; Leaving::ALL.len()],
    /// Clients that closed their side while they waited for an answer.
    pub half_closed: u64,
    /// Connections that broke: their client reset them, or a write failed.
    pub broken: u64,
    /// Calls of accept or epoll that failed for want of a descriptor or of memory.
    pub exhausted: u64,
    /// Calls of accept that failed for another reason.
    pub accept_errors: u64,
    /// TLS handshakes that were completed.
    pub handshakes: u64,
    /// TLS handshakes that failed.
    pub handshakes_failed: u64,
    /// HTTP/2 connections.
    pub http2_connections: u64,
    /// Streams that clients opened.
    pub http2_streams: u64,
    /// Whether the present turn of a connection is long, or has delayed answers: it ends with a
    /// clock read.
    pub reads_clock: bool,
    /// Turns of the worker's loop.
    pub loops: u64,
    /// The longest of them, in microseconds.
    pub longest_loop: LastMinute,
    /// Timers that fired.
    pub timers_fired: u64,
}

impl Metrics {
    /// A connection begins in this state. Here it wraps, as a test may have a connection that never
    /// began; a worker checks at its end that none is left.
    pub fn opened(&mut self, state: ConnectionState) {
        if let Some(count) = self.connections.get_mut(state as usize) {
            *count = count.wrapping_add(1);
        }
    }

    /// A connection ends in this state.
    pub fn closed(&mut self, state: ConnectionState) {
        if let Some(count) = self.connections.get_mut(state as usize) {
            *count = count.wrapping_sub(1);
        }
    }

    /// Counts a connection that is refused.
    pub fn refuse(&mut self, reason: Refused) {
        if let Some(count) = self.refused.get_mut(reason as usize) {
            *count += 1;
        }
    }

    /// Counts a client that left.
    pub fn leave(&mut self, how: Leaving) {
        if let Some(count) = self.left.get_mut(how as usize) {
            *count += 1;
        }
    }

    /// A copy as of `now`.
    #[cold]
    pub fn snapshot(&mut self, now: Time) -> Metrics {
        self.advance(now);
        self.clone()
    }

    /// Forgets what is older than a minute, of what is kept for a minute.
    pub fn advance(&mut self, now: Time) {
        self.delays.worst.advance(now);
        self.longest_loop.advance(now);
    }

    /// Adds those of another worker.
    pub fn add(&mut self, other: &Metrics) {
        self.requests.add(&other.requests);
        self.delays.add(&other.delays);
        self.longest_loop.add(&other.longest_loop);
        let lists = [
            (&mut self.connections[..], &other.connections[..]),
            (&mut self.refused, &other.refused),
            (&mut self.left, &other.left),
        ];
        for (sum, more) in lists.into_iter().flat_map(|(sum, more)| sum.iter_mut().zip(more)) {
            *sum += more;
        }
        self.received_bytes += other.received_bytes;
        self.sent_bytes += other.sent_bytes;
        self.evicted += other.evicted;
        self.overloaded += other.overloaded;
        self.half_closed += other.half_closed;
        self.broken += other.broken;
        self.exhausted += other.exhausted;
        self.accept_errors += other.accept_errors;
        self.handshakes += other.handshakes;
        self.handshakes_failed += other.handshakes_failed;
        self.http2_connections += other.http2_connections;
        self.http2_streams += other.http2_streams;
        self.loops += other.loops;
        self.timers_fired += other.timers_fired;
    }
}
