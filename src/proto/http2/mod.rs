//! HTTP/2 (RFC 9113): the life of a connection and of its streams.
//!
//! ```text
//!            HEADERS, END_STREAM          answered at once: no state is made
//!  receive ───────────────────▶ open ──────────────────────────────▶ answer ▶ output
//!     │ HEADERS                  │ delayed                            ▲
//!     ▼        END_STREAM        ▼            due        ready        │
//!  Receiving ───────────────▶ Waiting ─────────────────▶ lists ──▶ send ──▶ Sending
//!  (DATA)                     (a timer)                    ▲    a frame each   │
//!                                                          └───────────────────┘
//! ```
//!
//! `receive` takes the frames, `open` makes requests of them, `upload` takes their bodies, `answer`
//! writes heads, `send` gives each stream its turn. A stream that waits is a slot in the worker's
//! [`Streams`](streams::Streams); it has no buffer. A body is made when the client's windows let it
//! out.

mod active;
mod answer;
#[cfg(debug_assertions)]
mod audit;
mod drain;
pub mod frame;
mod guard;
pub mod hpack;
pub mod huffman;
mod index;
mod kept;
mod open;
mod priority;
mod receive;
pub mod request;
mod request_fields;
mod resets;
mod send;
pub mod streams;
mod tunnel;
mod upload;

use super::{Cx, Event, Evictable, H2c, Next, Shared, Standing, Upgrade};
use crate::base::buf::Buf;
use crate::base::limits::{CONNECTION_WINDOW, HIGH_WATER, UNSENT_BYTES};
use crate::base::time::Time;
use crate::http::metrics::ConnectionState;
use crate::http::modifiers::FaultKind;
use crate::http::record::Record;
pub use answer::CommonFields;
use guard::Guard;
use hpack::decode::Decoder;
use index::Index;
use kept::KeptHeads;
use resets::Resets;
use streams::{List, Lists, State, Stream};

/// The window of a stream, and at first of the connection (RFC 9113 6.9.2).
const INITIAL_WINDOW: u32 = 65_535;

/// One HTTP/2 connection.
#[derive(Debug)]
pub struct Http2 {
    stage: Stage,
    decoder: Decoder,
    heads: KeptHeads,
    index: Index,
    lists: Lists,
    guard: Guard,
    resets: Resets,
    /// A head of which more frames are to come.
    fragments: Option<Box<Fragments>>,
    /// From which the random numbers of its requests follow, so that those that wait need not keep
    /// theirs.
    seed: u64,
    /// The greatest identifier of a stream so far.
    last_id: u32,
    /// Requests that may still be answered.
    requests_left: u32,
    /// How many of its answers take time.
    delayed: u32,
    /// What the client lets us send: on each stream at first, and on the connection.
    initial_window: i64,
    window: i64,
    /// What we let the client send on the connection, and what was taken since that was increased.
    receive_window: i64,
    uncredited: u32,
    /// Bytes of all answers' bodies that are made and not sent.
    unsent: usize,
    /// No other body is made while `unsent` is this or more.
    most_unsent: usize,
    /// Bytes of all requests' bodies that are kept.
    kept_bytes: u64,
    /// Since when no stream is open.
    idle_since: Time,
    /// When bytes of a body went out last.
    taken_at: Time,
    /// Whether the client opens no more streams.
    client_leaves: bool,
    /// Whether it is known that the client sends no more.
    half_closed: bool,
    /// Records of answers that were given after that: it is not known yet whether the client is
    /// gone.
    #[expect(clippy::vec_box, reason = "a record is in its box from its first byte to its last")]
    unconfirmed: Vec<Box<Record>>,
    /// Whether a GOAWAY is due, as no further stream is served.
    owes_goaway: bool,
    /// Whether its silences have been ended by a drain.
    drained: bool,
    /// Whether an answer asked for the end of the connection.
    goes: bool,
    /// Whether a fault resets the connection.
    broken: bool,
    /// Whether the client knows that we use no dynamic table.
    is_table_off: bool,
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The client's preface is to come (RFC 9113 3.4).
    Preface,
    /// The SETTINGS frame that ends it is to come.
    Settings,
    /// Streams may be opened.
    Open,
    /// The client has been asked to open no more; those it opens meanwhile are served until then
    /// (RFC 9113 6.8).
    Draining { until: Time },
    /// No stream above this one is served.
    Leaving { last: u32 },
    /// Nothing more is sent. What arrives is discarded until then, and up to so many bytes.
    Closed { until: Time, left: u64 },
}

/// A head of which not all frames have come (RFC 9113 4.3).
#[derive(Debug)]
struct Fragments {
    id: u32,
    block: Vec<u8>,
    /// CONTINUATION frames so far.
    frames: u32,
    /// Whether the head ends its stream.
    ends_stream: bool,
    /// Whether the stream depends on itself.
    malformed: bool,
    /// It must be complete by then.
    until: Time,
}

impl Http2 {
    /// A connection of which the client's preface has come, or its beginning. `requests` may still
    /// be answered.
    pub fn new(worker: &mut Shared, requests: u32, now: Time) -> Http2 {
        worker.metrics.http2_connections += 1;
        Http2 {
            stage: Stage::Preface,
            decoder: Decoder::new(),
            heads: KeptHeads::default(),
            index: Index::default(),
            lists: Lists::default(),
            guard: Guard::new(now),
            resets: Resets::default(),
            fragments: None,
            seed: worker.random.next_u64(),
            last_id: 0,
            requests_left: requests,
            delayed: 0,
            initial_window: INITIAL_WINDOW.into(),
            window: INITIAL_WINDOW.into(),
            receive_window: CONNECTION_WINDOW.into(),
            uncredited: 0,
            unsent: 0,
            most_unsent: worker.memory.share_of(UNSENT_BYTES),
            kept_bytes: 0,
            idle_since: now,
            taken_at: now,
            client_leaves: false,
            half_closed: false,
            unconfirmed: Vec::new(),
            owes_goaway: false,
            drained: false,
            goes: false,
            broken: false,
            is_table_off: false,
        }
    }

    /// A connection that a request of HTTP/1 has asked for; it is answered on stream 1, which the
    /// client has ended (RFC 7540 3.2).
    pub fn upgraded(cx: &mut Cx, request: H2c, output: &mut Buf) -> Http2 {
        let H2c { requests, settings, head } = request;
        let mut http2 = Http2::new(cx.worker, requests, cx.clock.now);
        http2.begin(cx, output);
        http2.stage = Stage::Preface;
        if let Err(error) = http2.apply(cx, &settings) {
            http2.fail(cx, error, output);
            return http2;
        }
        http2.last_id = 1;
        cx.worker.metrics.http2_streams += 1;
        http2.queue_text(cx, 1, head);
        http2
    }

    /// See [`Standing`]. Frames about the connection are read whatever its streams wait for.
    pub fn standing(&self) -> Standing {
        let (state, evictable) = match self.stage {
            Stage::Closed { .. } if !self.unconfirmed.is_empty() => {
                (ConnectionState::Closing, Evictable::No)
            }
            Stage::Closed { .. } => (ConnectionState::Closing, Evictable::Lingers),
            _ if self.index.is_empty() => {
                (ConnectionState::Idle, Evictable::IdleSince(self.idle_since))
            }
            _ => (ConnectionState::Streams, Evictable::No),
        };
        let held = self.unsent + self.kept_bytes as usize;
        Standing { state, evictable, delayed: self.delayed, held, ..Standing::READS }
    }

    /// See [`proto`](super). Its own delayed answers count while it advances, as it may have many.
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        cx.worker.delayed += self.delayed as usize;
        let next = self.turn(cx, input, output);
        cx.worker.delayed -= self.delayed as usize;
        #[cfg(debug_assertions)]
        self.audit(cx.worker);
        next
    }

    fn turn(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        if matches!(cx.edge.event, Event::Reset | Event::Refused) {
            self.settle(cx, true);
            self.abandon(cx);
            return Next::Close;
        }
        if matches!(self.stage, Stage::Closed { .. }) {
            return self.linger(cx, input);
        }
        let advanced = self.receive(cx, input, output).and_then(|()| self.send(cx, output));
        match advanced {
            Ok(()) if self.is_open() => self.credit_connection(0, output),
            Ok(()) => {}
            Err(error) => self.fail(cx, error, output),
        }
        if cx.edge.read_eof && !self.half_closed && output.len() < HIGH_WATER {
            self.half_closed = true;
            self.half_close(cx);
        }
        if self.broken {
            self.settle(cx, false);
            self.abandon(cx);
            return Next::Become(Box::new(Upgrade::Broken(FaultKind::Reset)));
        }
        self.next(cx, input, output)
    }

    /// What the connection waits for.
    fn next(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        self.leave_if_due(cx, output);
        if matches!(self.stage, Stage::Closed { .. }) {
            return self.linger(cx, input);
        }
        if output.len() >= HIGH_WATER || self.has_ready() {
            return Next::Write;
        }
        if self.lists.first(List::Unclocked).is_some() {
            return Next::ReadClock;
        }
        let until = self.deadline(cx);
        if cx.edge.read_eof { Next::Sleep(until) } else { Next::Read(until) }
    }

    /// A stream has something to do.
    pub fn fire(&mut self, slot: u32, worker: &mut Shared) {
        self.make_ready(slot, worker);
    }

    /// Puts a stream on the list of those that can be served.
    fn make_ready(&mut self, slot: u32, worker: &mut Shared) {
        if let Some(stream) = worker.streams.get(slot) {
            let list = stream.ready_list();
            self.lists.push(&mut worker.streams, slot, list);
        }
    }

    /// Gives back the streams of a connection that ends without an event.
    pub fn release(&mut self, worker: &mut Shared) {
        for slot in self.index.slots().collect::<Vec<u32>>() {
            self.lists.remove(&mut worker.streams, slot);
            worker.streams.remove(slot);
        }
        self.index = Index::default();
        self.delayed = 0;
    }

    /// Notes whether a stream counts among the delayed answers.
    fn set_slow(&mut self, cx: &mut Cx, slot: u32, slow: bool) {
        let Some(stream) = cx.worker.streams.get(slot) else { return };
        let before = std::mem::replace(&mut stream.slow, slow);
        self.delayed = self.delayed + u32::from(slow) - u32::from(before);
        cx.worker.delayed = cx.worker.delayed + usize::from(slow) - usize::from(before);
    }

    /// Removes a stream from all that knows it.
    fn remove(&mut self, cx: &mut Cx, slot: u32) -> Option<Stream> {
        self.set_slow(cx, slot, false);
        self.lists.remove(&mut cx.worker.streams, slot);
        let stream = cx.worker.streams.remove(slot)?;
        self.index.remove(stream.id);
        self.uncredited += u32::from(stream.held);
        if let State::Active(active) = &stream.state {
            self.unsent -= active.unsent().len();
        }
        if self.index.is_empty() {
            self.idle_since = cx.clock.now;
        }
        Some(stream)
    }
}
