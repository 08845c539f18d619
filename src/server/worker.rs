//! A worker: the event loop of one thread, and all it works with.
//!
//! ```text
//!            ┌────────── wait ◀──────────┐
//!            ▼                           │
//!   events, timers, commands ──▶ ready ──┴─▶ one turn each ──▶ wait, yield or close
//! ```
//!
//! Whatever happens to a session puts its token on the ready list, and each token is one
//! [`turn`](Session::turn). Workers share only the settings.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use super::access_log::Sink;
use super::admission::Admission;
use super::metrics::{Ended, Report};
use super::net::{Event, Net};
use super::session::{Schedule, Session, SharedBuffers, TurnResult};
use super::socket_file::SocketFile;
pub use super::stats::WorkerStats;
use super::trim::MemoryTrim;
use crate::base::limits::{FIRES_PER_TURN, HANDSHAKES_PER_TURN, RECORDS_PER_TURN};
use crate::base::slab::{Slab, Token};
use crate::base::time::Time;
use crate::base::wheel::Wheel;
use crate::http::modifiers::state::State;
use crate::proto::{Cx, Ends, Shared};

mod accept;
mod closing;
mod config;
mod configure;
mod drain;
mod memory;
mod proxied;
mod report;
mod trace;

pub use config::{Listener, WorkerConfig};
pub use configure::{Configuration, Opening};
pub use drain::Drain;
use drain::RunState;
use trace::Traces;

/// A message to a worker.
#[derive(Debug)]
pub enum Command {
    /// Open listeners.
    Open(Opening),
    /// Serve with other settings from now on.
    Configure(Box<Configuration>),
    /// Close the listeners with these numbers.
    Remove(Arc<[u32]>),
    /// Reply with the worker's number.
    Ping(Sender<usize>),
    /// Stop accepting, finish the requests in progress, then end. These files are removed when the
    /// listeners are closed.
    Drain(Drain, Vec<SocketFile>),
    /// Close all connections and end.
    Stop,
    /// Send the number of the worker, and what it has counted.
    Report(Sender<(usize, Report)>),
    /// Forget the exact times of `/stats`.
    ResetStats,
}

/// One event loop.
#[derive(Debug)]
pub struct Worker<N: Net> {
    net: N,
    config: WorkerConfig,
    listeners: Vec<Listener>,
    inbox: Receiver<Command>,
    sessions: Slab<Session<N::Socket>>,
    wheel: Wheel,
    ready: Vec<Token>,
    /// Sessions that wait for a step of their TLS handshake, the first to wait first. Each loop
    /// makes ready only as many as it can serve: a turn for all of them would cost, with thousands,
    /// more than the handshakes.
    handshakes: VecDeque<Token>,
    events: Vec<Event>,
    fired: Vec<u32>,
    fired_streams: Vec<(u32, u32)>, // connection and stream
    buffers: SharedBuffers,
    shared: Shared,
    now: Time,
    /// The last clock read.
    measured: Time,
    complain_next: Time,
    state: RunState,
    /// When sessions that are idle end, because the worker does.
    idle_ends: Time,
    files: Vec<SocketFile>,
    stats: WorkerStats,
    ended: Arc<Ended>,
    admission: Admission,
    trim: MemoryTrim,
    /// For the debug log, once that is on.
    traces: Option<Box<Traces>>,
}

impl<N: Net> Worker<N> {
    /// A worker that has not started. Its `listeners` are in the order of those of `net`; its
    /// random numbers follow from `seed`.
    pub fn new(
        net: N,
        config: WorkerConfig,
        listeners: Vec<Listener>,
        inbox: Receiver<Command>,
        seed: u64,
    ) -> Worker<N> {
        Worker {
            net,
            sessions: Slab::default(),
            wheel: Wheel::default(),
            ready: Vec::new(),
            handshakes: VecDeque::new(),
            events: Vec::new(),
            fired: Vec::new(),
            fired_streams: Vec::new(),
            buffers: SharedBuffers::new(&config.app.limits),
            shared: Shared::new(seed),
            now: Time::START,
            measured: Time::START,
            complain_next: Time::START,
            state: RunState::Serving,
            idle_ends: Time::NEVER,
            files: Vec::new(),
            stats: WorkerStats::default(),
            ended: Arc::default(),
            admission: Admission::default(),
            trim: MemoryTrim::new(),
            traces: None,
            config,
            listeners,
            inbox,
        }
    }

    /// The same as the worker of this number, from 0, of those that share this state of modifiers.
    pub fn with_state(mut self, state: Arc<State>, number: usize) -> Worker<N> {
        self.shared.memory.share(state.workers());
        (self.shared.modifiers, self.shared.number) = (state, number);
        self
    }

    /// The same with a place for its last report.
    pub fn with_ended(self, ended: Arc<Ended>) -> Worker<N> {
        Worker { ended, ..self }
    }

    /// Serves until a command ends it; then returns its `net`, which the simulator inspects.
    pub fn run(mut self) -> (WorkerStats, N) {
        while !self.is_done() {
            let until = self.next_wakeup();
            self.net.wait(until, &mut self.events);
            self.update_clock();
            self.take_events();
            self.take_timers();
            self.serve();
            self.shared.publish();
            if self.has_to_log() {
                self.log();
            }
        }
        self.end()
    }

    /// Reads the clock, and updates what follows from it and the settings.
    fn update_clock(&mut self) {
        self.now = self.net.now();
        if self.shared.memory.is_look_due(self.now) {
            self.look_at_memory();
        }
        if self.config.lapse.is_some() {
            self.lapse();
        }
        let app = &self.config.app;
        self.buffers.update(self.now, &app.limits);
        if self.shared.date_header.is_stale(self.now) {
            let unix = self.net.unix_time();
            self.shared.date_header.update(self.now, unix, app.server_header.as_deref());
        }
        if self.trim.is_due(self.sessions.len(), self.now) {
            self.net.trim();
        }
    }

    /// When there is something to do even without an event.
    fn next_wakeup(&self) -> Time {
        if !self.ready.is_empty() {
            return self.now;
        }
        let listeners =
            self.listeners.iter().map(|listener| listener.next_accept).min().unwrap_or(Time::NEVER);
        let log = self.config.sink.as_ref().map_or(Time::NEVER, Sink::due);
        let timers = self.wheel.next().min(self.shared.streams.next());
        let lapse = self.config.lapse.as_ref().map_or(Time::NEVER, |(at, _)| *at);
        let drain = self.next_drain_step();
        timers.min(lapse).min(listeners).min(log).min(self.trim.due).min(drain)
    }

    fn take_events(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        for event in events.drain(..) {
            match event {
                Event::Socket(token, readiness) => {
                    if let Some(session) = self.sessions.get_mut(token) {
                        session.on_event(readiness);
                        self.ready(token);
                    }
                }
                Event::Listener(listener) => self.listeners[listener].on_event(self.now),
                Event::Inbox => self.handle_commands(),
            }
        }
        self.events = events;
        for listener in 0..self.listeners.len() {
            if self.listeners[listener].next_accept <= self.now {
                self.accept(listener);
            }
        }
        self.take_closing_steps();
        self.take_drain_steps();
    }

    /// Puts a session on the ready list, once.
    fn ready(&mut self, token: Token) {
        if let Some(session) = self.sessions.get_mut(token)
            && session.schedule == Schedule::Waiting
        {
            session.schedule = Schedule::Queued;
            self.ready.push(token);
        }
    }

    fn take_timers(&mut self) {
        let mut fired = std::mem::take(&mut self.fired);
        self.wheel.expire(self.now, FIRES_PER_TURN, &mut fired);
        for index in fired.drain(..) {
            let Some(token) = self.sessions.token_at(index) else { continue };
            match self.sessions.get_mut(token) {
                // The timer was armed for an earlier deadline, which has moved away since.
                Some(session) if session.due > self.now => self.wheel.arm(index, session.due),
                _ => {
                    self.shared.metrics.timers_fired += 1;
                    self.ready(token);
                }
            }
        }
        self.fired = fired;
        if self.shared.streams.next() <= self.now {
            self.take_stream_timers();
        }
    }

    /// The same for the streams of HTTP/2 connections.
    fn take_stream_timers(&mut self) {
        let mut fired = std::mem::take(&mut self.fired_streams);
        self.shared.streams.expire(self.now, FIRES_PER_TURN, &mut fired);
        for (connection, stream) in fired.drain(..) {
            let Some(token) = self.sessions.token_at(connection) else { continue };
            self.shared.metrics.timers_fired += 1;
            if let Some(session) = self.sessions.get_mut(token) {
                session.fire(stream, &mut self.shared);
            }
            self.ready(token);
        }
        self.fired_streams = fired;
    }

    fn handle_commands(&mut self) {
        while let Ok(command) = self.inbox.try_recv() {
            match command {
                Command::Stop => {
                    self.state = RunState::Stopping;
                    self.shared.draining = true;
                }
                Command::Open(opening) => {
                    let outcome = self.open_listeners(&opening.listeners);
                    // Nobody may wait for it any more.
                    let _ = opening.done.try_send(outcome);
                }
                Command::Configure(new) => self.configure(*new),
                Command::Ping(reply) => drop(reply.send(self.shared.number)),
                Command::Remove(ids) => self.remove_listeners(&ids),
                Command::Drain(drain, files) if self.state == RunState::Serving => {
                    self.drain(drain, files);
                }
                Command::Drain(..) => {}
                // Whoever has asked may have left.
                Command::Report(reply) => drop(reply.send((self.shared.number, self.report()))),
                Command::ResetStats => self.shared.metrics.delays.exact.reset(),
            }
        }
    }

    fn serve(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        let sessions = ready.len();
        self.shared.handshakes_left = HANDSHAKES_PER_TURN;
        for token in ready.drain(..) {
            match self.traced_turn(token) {
                Some(TurnResult::Close) => self.close(token),
                Some(TurnResult::Yield) => self.ready.push(token),
                Some(TurnResult::Handshake) => self.handshakes.push_back(token),
                Some(TurnResult::Identified) => self.identify(token),
                Some(TurnResult::Wait) | None => {}
            }
            if self.shared.memory.is_used_up() {
                self.look_at_memory();
            }
            if self.shared.records.len() >= RECORDS_PER_TURN {
                self.log();
            }
        }
        // A huge body may have made it grow.
        self.shared.body.shrink_to(self.buffers.usual);
        if !self.handshakes.is_empty() {
            let next = self.handshakes.len().min(HANDSHAKES_PER_TURN as usize);
            self.ready.extend(self.handshakes.drain(..next));
        }
        // Sessions that yielded are on a new list; the old one has the capacity.
        ready.append(&mut self.ready);
        self.ready = ready;
        self.measure_loop(sessions);
    }

    fn turn(&mut self, token: Token) -> Option<TurnResult> {
        let session = self.sessions.get_mut(token)?;
        let Listener { local, tls, modifiers, .. } = &self.listeners[session.listener()];
        let (tls, modifiers) = (tls.as_deref(), modifiers.as_deref());
        let (peer, peer_port) = (session.peer, session.peer_port);
        let (secure, proxy) = (None, None);
        let ends = Ends { peer, peer_port, local, tls, secure, proxy, modifiers };
        let mut cx = Cx::new(self.now, ends, &self.config.app, &mut self.shared);
        cx.connection = token.index;
        let result = session.turn(&mut self.net, &mut cx, &mut self.buffers);
        if self.shared.records.are_untimed() || self.shared.metrics.reads_clock {
            self.measured = self.net.now();
            self.shared.records.time(self.measured);
            if std::mem::take(&mut self.shared.metrics.reads_clock) {
                self.shared.metrics.delays.measure(self.measured);
            }
        }
        if result == TurnResult::Wait {
            self.wheel.arm(token.index, session.due);
            if std::mem::replace(&mut session.schedule, Schedule::Waiting) == Schedule::New {
                return self.register(token);
            }
        }
        Some(result)
    }

    /// Registers the socket of a session. If the kernel has no memory for that, another connection
    /// is evicted, as for a new one.
    fn register(&mut self, token: Token) -> Option<TurnResult> {
        loop {
            let session = self.sessions.get_mut(token)?;
            match self.net.register(&mut session.socket, token) {
                Ok(()) => return Some(TurnResult::Wait),
                Err(error) if self.makes_room(&error) => {}
                Err(error) => {
                    self.complain(&error);
                    return Some(TurnResult::Close);
                }
            }
        }
    }

    fn close(&mut self, token: Token) {
        if let Some(mut session) = self.sessions.remove(token) {
            self.trace_close(token, &session);
            self.wheel.disarm(token.index);
            self.trim.on_close(self.sessions.len(), self.now);
            self.shared.delayed -= session.delayed();
            self.shared.metrics.closed(session.state());
            session.release(&mut self.shared);
            self.buffers.collected -= session.collected();
            if let Some(peer) = session.peer.filter(|_| session.is_counted()) {
                self.config.per_ip.release(peer);
            }
            self.listeners[session.listener()].sessions -= 1;
            self.net.close(session.socket);
            for listener in &mut self.listeners {
                // There may be a slot or descriptor now. Datagrams need none.
                if listener.next_accept != Time::NEVER && listener.protocol.is_some() {
                    listener.next_accept = self.now;
                }
            }
        }
    }
}
