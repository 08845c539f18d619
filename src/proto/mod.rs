//! Layer 3, the protocols: state machines without sockets and clocks.
//!
//! Each has one verb, `advance(cx, input, output) -> Next`: it consumes what it can of `input`,
//! appends its answers to `output` and returns what it waits for. Two rules hold for all of them: a
//! machine that is called again with nothing new does nothing new, so it may be called at any time;
//! and it stops producing once `output` holds [`HIGH_WATER`] bytes, for a body made in pieces
//! [`BODY_HIGH_WATER`]. This is the only back-pressure mechanism.
//!
//! [`HIGH_WATER`]: crate::base::limits::HIGH_WATER
//! [`BODY_HIGH_WATER`]: crate::base::limits::BODY_HIGH_WATER

pub mod broken;
pub mod canned_errors;
pub mod conn;
pub mod defaults;
pub mod echo;
pub mod exchange;
pub mod http1;
pub mod http2;
pub mod intake;
pub mod memory;
pub mod modify;
pub mod proxy_protocol;
pub mod test_driver;
pub mod tls;
pub mod websocket;

use std::net::IpAddr;
use std::sync::Arc;

use self::canned_errors::{NO_MEMORY, OVERLOADED};
use self::http2::{CommonFields, hpack::decoded::Decoded, streams::Streams};
use crate::base::buf::Buf;
use crate::base::limits::HANDSHAKES_PER_TURN;
use crate::base::random::Random;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::date_header::DateHeader;
use crate::http::metrics::{ConnectionState, Leaving, Metrics};
use crate::http::modifiers::state::State;
use crate::http::modifiers::{FaultKind, Modifiers, Plan, ROWS};
use crate::http::proxy_facts::ProxyFacts;
use crate::http::record::Records;
use crate::http::reply::{Refusal, WebSocketLimits};
use crate::http::tls_facts::TlsFacts;
use memory::Memory;
use tls::Plain;
use tls::acceptor::Acceptor;

/// A machine, whatever it speaks: what a filter such as TLS needs of the one inside it.
pub trait Machine {
    /// The verb.
    fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next;

    /// The question: its state between two calls.
    fn standing(&self) -> Standing;

    /// The timer of one of its streams has fired: it has something to do at the next call.
    fn fire(&mut self, stream: u32, worker: &mut Shared);

    /// Gives back what it holds of the worker. Nothing is called after this.
    fn release(&mut self, worker: &mut Shared);
}

/// What a machine waits for.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Input, until this moment.
    Read(Time),
    /// This moment; input can wait.
    Sleep(Time),
    /// The client to take `output`: there is more to come.
    Write,
    /// A clock read after the last input: a delay is about to start, and one counted from an older
    /// `now` would end early.
    ReadClock,
    /// The client to close, until this moment: our side is shut down once `output` has been taken,
    /// and input is still read (RFC 9112 9.6).
    Linger(Time),
    /// Another turn, soon: the worker has done enough of the work that is next.
    Yield,
    /// A small receive buffer, for a client that is to be read slowly; call again at once.
    Narrow,
    /// Another protocol, which the connection speaks from the next byte on.
    Become(Box<Upgrade>),
    /// Another turn: a proxy has reported who the client is, so it can be counted.
    Identified,
    /// Nothing: close once `output` has been taken.
    Close,
    /// Nothing: reset the connection (RST) once the client's kernel has all of `output`. It has as
    /// long for that as for any answer (`send_timeout`, `send_rate`).
    Reset,
}

/// The protocol a connection changes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Upgrade {
    /// WebSocket, with these bounds, and what modifiers do to the messages.
    WebSocket(WebSocketLimits, Option<Box<Plan>>),
    /// HTTP/2, which the client's preface begins (RFC 9113 3.4). So many requests may be answered.
    Http2(u32),
    /// HTTP/2 too, which a request has asked for.
    H2c(Box<H2c>),
    /// None: the connection is broken by this fault, once `output` has been taken.
    Broken(FaultKind),
    /// TLS around the present one, which has consumed nothing.
    Tls,
    /// HTTP/1, to refuse what the connection begins with: what is not TLS on a port that speaks
    /// nothing else, or what is no valid header of the PROXY protocol where one is required.
    Refused(Refusal),
}

/// A request that has asked for HTTP/2 (RFC 7540 3.2), and is answered on stream 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct H2c {
    /// Requests that may be answered after it.
    pub requests: u32,
    /// The client's settings: the payload of a SETTINGS frame.
    pub settings: Vec<u8>,
    /// The request's head as HTTP/2 has it, in lines.
    pub head: Vec<u8>,
}

/// What a connection is doing between two calls, derived from its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// What it is counted as.
    pub state: ConnectionState,
    /// Whether it reads input. A request that waits for its answer keeps the next one out.
    pub reads: bool,
    /// Whether further input may be answered although the client has not yet taken what it was
    /// sent: the body of an echo, and what arrives together with its last bytes.
    pub collects: bool,
    /// Whether it can be evicted.
    pub evictable: Evictable,
    /// How many of its answers take time: [`Shared::delayed`] is the sum over the others.
    pub delayed: u32,
    /// How many of the next bytes go back unchanged, while no input is left over: they need not be
    /// read, an [`Event::Spliced`] reports them.
    pub splice_budget: u64,
    /// Bytes of bodies and messages that it keeps.
    pub held: usize,
}

impl Standing {
    /// A connection at work that reads.
    pub const READS: Standing = Standing {
        state: ConnectionState::Active,
        reads: true,
        collects: false,
        evictable: Evictable::No,
        delayed: 0,
        splice_budget: 0,
        held: 0,
    };
}

/// Whether a connection can be evicted without losing data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evictable {
    /// It is at work.
    No,
    /// It has been between two requests since then.
    IdleSince(Time),
    /// Its last answer is out; it waits for the client to have read it.
    Lingers,
}

/// What a machine is called with.
#[derive(Debug)]
pub struct Cx<'a> {
    /// The time.
    pub clock: Clock,
    /// What is new on the connection.
    pub edge: Edge,
    /// Both ends of the connection.
    pub ends: Ends<'a>,
    /// The number of the connection in the worker.
    pub connection: u32,
    /// The settings.
    pub app: &'a App,
    /// What all connections of the worker share.
    pub worker: &'a mut Shared,
}

impl<'a> Cx<'a> {
    /// Counts a client that left before its answer was out.
    pub fn client_left(&mut self) {
        self.worker.clients_gone += 1;
        let how = match self.edge {
            Edge { event: Event::Reset, .. } => Leaving::Reset,
            Edge { read_eof: true, .. } | Edge { eof_reported: true, .. } => Leaving::Closed,
            _ => Leaving::Cancelled,
        };
        self.worker.metrics.leave(how);
    }

    /// For a first call at `now`, with nothing new.
    pub fn new(now: Time, ends: Ends<'a>, app: &'a App, worker: &'a mut Shared) -> Cx<'a> {
        let clock = Clock { now, fresh: false };
        Cx { clock, edge: Edge::default(), ends, connection: 0, app, worker }
    }

    /// Why no further answer that takes time is admitted, if so.
    pub fn check_delayed(&mut self) -> Result<(), Refusal> {
        let refusal = match () {
            () if self.worker.delayed >= self.app.limits.delayed => OVERLOADED,
            () if self.worker.memory.is_short() => NO_MEMORY,
            () => return Ok(()),
        };
        self.worker.metrics.overloaded += 1;
        Err(refusal)
    }

    /// Whether what is idle or silent ends now, because the server stops.
    pub fn ends_idle(&self) -> bool {
        self.clock.now >= self.worker.idle_until
    }
}

/// The time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Not before any timer that has fired.
    pub now: Time,
    /// Whether `now` was read after the last input.
    pub fresh: bool,
}

/// What is new on a connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Edge {
    /// Whether the client sends no more than `input` holds.
    pub read_eof: bool,
    /// Whether the end of the client's bytes has been reported, though not all of them may have
    /// been read.
    pub eof_reported: bool,
    /// What happened since the last call.
    pub event: Event,
}

/// What happened to a connection since its machine was last called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Event {
    /// Nothing but time and input.
    #[default]
    None,
    /// The client took output that had been blocked: its time to send starts now.
    WriteUnblocked,
    /// This many bytes came and went back without being read; they are behind `output`, or sent.
    Spliced(usize),
    /// The server has no room for it: answer so, if the protocol can express that, and close.
    Refused,
    /// It is broken: nothing that is sent arrives. What was begun is recorded as it is.
    Reset,
}

/// Both ends of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    /// The client's address; `None` on a socket file.
    pub peer: Option<IpAddr>,
    /// The client's port, if a log shows it; 0 if not.
    pub peer_port: u16,
    /// Our address, as `host:port`.
    pub local: &'a str,
    /// How the listener's connections begin to speak TLS, if they can.
    pub tls: Option<&'a Acceptor>,
    /// What is known of the TLS connection, if it is one.
    pub secure: Option<&'a TlsFacts>,
    /// What a proxy has reported of the connection, if it has.
    pub proxy: Option<&'a ProxyFacts>,
    /// The listener's defaults for every request, if there are any.
    pub modifiers: Option<&'a Modifiers>,
}

/// What all connections of a worker share.
#[derive(Debug)]
pub struct Shared {
    /// Whether the server is stopping: each answer says that its connection ends.
    pub draining: bool,
    /// When what is idle or silent ends; [`Time::NEVER`] unless the server is stopping. Until then
    /// a client may send a request, as it cannot know yet that the server stops.
    pub idle_until: Time,
    /// The `Server` and `Date` fields.
    pub date_header: DateHeader,
    /// Random generator.
    pub random: Random,
    /// Where bodies are rendered before their length is known; empty between uses.
    pub body: Vec<u8>,
    /// The streams of HTTP/2 connections that are not answered at once.
    pub streams: Streams,
    /// Where heads of HTTP/2 are decoded; of no use between two.
    pub decoded: Decoded,
    /// The fields of every HTTP/2 answer.
    pub common_fields: CommonFields,
    /// What TLS connections lend their machines; empty between turns.
    pub plain: Plain,
    /// How much memory may still be taken.
    pub memory: Memory,
    /// Steps of TLS handshakes that may still be taken in this loop of the worker.
    pub handshakes_left: u32,
    /// Finished exchanges, when they are recorded.
    pub records: Records,
    /// The state of modifiers, which all workers share.
    pub modifiers: Arc<State>,
    /// The number of this worker, from 0.
    pub number: usize,
    /// Answers that take time and are under way in all other connections;
    /// [`Standing::delayed`] has this one's.
    pub delayed: usize,
    /// Most of what is counted.
    pub metrics: Metrics,
    /// Exchanges finished.
    pub served: u64,
    /// Requests whose client was gone before its answer was out.
    pub clients_gone: u64,
    /// How often each modifier was applied, in the order of [`ROWS`].
    pub applied: [u64; ROWS.len()],
    /// Defaults that were left out because the protocol of a request has no such thing.
    pub skipped: u64,
}

impl Shared {
    /// Answers of all workers that take time and are under way, for `load`.
    pub fn answering(&self) -> u64 {
        self.modifiers.answering(self.number, self.delayed)
    }

    /// Begins to stop; what is idle may go on until this moment.
    pub fn drain(&mut self, idle_until: Time) {
        (self.draining, self.idle_until) = (true, idle_until);
    }

    /// Publishes this worker's part of them.
    pub fn publish(&self) {
        self.modifiers.set_answering(self.number, self.delayed);
    }

    /// Random numbers follow from `seed`.
    pub fn new(seed: u64) -> Shared {
        Shared {
            draining: false,
            idle_until: Time::NEVER,
            date_header: DateHeader::default(),
            random: Random::new(seed),
            body: Vec::new(),
            streams: Streams::default(),
            decoded: Decoded::default(),
            common_fields: CommonFields::default(),
            plain: Plain::default(),
            memory: Memory::default(),
            handshakes_left: HANDSHAKES_PER_TURN,
            records: Records::default(),
            modifiers: Arc::default(),
            number: 0,
            delayed: 0,
            metrics: Metrics::default(),
            served: 0,
            clients_gone: 0,
            applied: [0; ROWS.len()],
            skipped: 0,
        }
    }
}
