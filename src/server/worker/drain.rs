//! The shutdown of a worker: it leaves, closes its listeners without losing a connection, and
//! finishes the requests in progress.
//!
//! ```text
//!          command      + delay      + idle                            + within
//! Serving ────▶ Leaving ───┬────────────┬─▶ ClosingListeners ─▶ Draining ─▶ end
//!     everything is served │            │   until their queues  requests in
//!     as before, answers   │            │   are empty           progress
//!     say `close`          │            │
//!                          └ no session ┘
//! ```
//!
//! A client cannot know at once that the server stops, and many send a request on an idle
//! connection without looking whether it has ended. So idle connections stay readable for a while,
//! as long as the listeners are open; one that ends lingers.

use std::time::Duration;

use super::{Listener, Worker};
use crate::base::limits::{DRAIN_IDLE, FIRST_REQUEST_TIME};
use crate::base::time::Time;
use crate::config::Settings;
use crate::proto::Evictable;
use crate::server::net::{Net, Readiness};
use crate::server::socket_file::SocketFile;

/// How a server stops. All times count from the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// How long everything is served as before, new connections too: so long balancers may take to
    /// notice that the server is not ready any more. Each answer ends its connection.
    pub delay: Duration,
    /// How long after that an idle connection may still send a request.
    pub idle: Duration,
    /// When what is still in progress is cut off; it bounds the other two.
    pub within: Duration,
    /// Whether another process serves the listeners: it gets what is in their queues.
    pub handed_over: bool,
}

/// A drain that may take this time, without a delay.
impl From<Duration> for Drain {
    fn from(within: Duration) -> Drain {
        Drain { delay: Duration::ZERO, idle: DRAIN_IDLE, within, handed_over: false }
    }
}

/// What these settings say.
impl From<&Settings> for Drain {
    fn from(settings: &Settings) -> Drain {
        let Settings { drain_delay, drain_idle, shutdown_timeout, .. } = *settings;
        Drain { delay: drain_delay, idle: drain_idle, within: shutdown_timeout, handed_over: false }
    }
}

/// The moments of a shutdown, each not before the previous one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Times {
    /// The end of the delay.
    serve: Time,
    /// The last moment at which a connection is waited for.
    listen: Time,
    end: Time,
}

/// How far the shutdown of a worker has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum RunState {
    Serving,
    /// Everything is served on.
    Leaving(Times),
    /// It accepts what is in the queues of its listeners as slots become free.
    ClosingListeners(Times),
    /// Its listeners are closed, and requests in progress can finish.
    Draining(Times),
    Stopping,
}

impl RunState {
    fn times(self) -> Option<Times> {
        match self {
            RunState::Serving | RunState::Stopping => None,
            RunState::Leaving(times)
            | RunState::ClosingListeners(times)
            | RunState::Draining(times) => Some(times),
        }
    }
}

impl<N: Net> Worker<N> {
    pub(super) fn is_done(&self) -> bool {
        match self.state {
            RunState::Draining(_) if self.sessions.is_empty() => true,
            RunState::Stopping => true,
            state => state.times().is_some_and(|times| self.now >= times.end),
        }
    }

    /// When the shutdown takes its next step; [`Time::NEVER`] if there is none.
    pub(super) fn next_drain_step(&self) -> Time {
        let step = match self.state {
            RunState::Serving | RunState::Stopping => return Time::NEVER,
            RunState::Leaving(times) if self.sessions.is_empty() => times.serve,
            RunState::Leaving(times) => times.listen,
            RunState::ClosingListeners(times) | RunState::Draining(times) => times.end,
        };
        step.min(self.idle_ends)
    }

    /// Begins the shutdown, at the end of which these files are removed.
    pub(super) fn drain(&mut self, drain: Drain, files: Vec<SocketFile>) {
        let end = self.now.after(drain.within);
        let serve = self.now.after(drain.delay).min(end);
        let times = Times { serve, listen: serve.after(drain.idle).min(end), end };
        (self.state, self.files) = (RunState::Leaving(times), files);
        (self.idle_ends, self.shared.idle_until) = (times.listen, times.listen);
        self.shared.draining = true;
        if drain.handed_over {
            self.close_all_listeners();
        }
        for (slot, listener) in self.listeners.iter().enumerate() {
            if listener.is_open() && !listener.shared {
                self.net.stop_deferring(slot);
            }
        }
        // HTTP/2 asks its clients to open no more streams.
        self.sessions.tokens().collect::<Vec<_>>().into_iter().for_each(|token| self.ready(token));
    }

    /// A connection that is accepted during the shutdown is read at once, and has time for its
    /// first request.
    pub(super) fn admit_late(&mut self) {
        if let Some(times) = self.state.times() {
            let until = self.shared.idle_until.max(self.now.after(FIRST_REQUEST_TIME));
            self.shared.idle_until = until.min(times.end);
            self.idle_ends = self.shared.idle_until;
        }
    }

    /// Takes the steps of the shutdown that are due.
    pub(super) fn take_drain_steps(&mut self) {
        if self.idle_ends <= self.now {
            self.end_idle();
        }
        if let RunState::Leaving(times) = self.state
            && self.now >= self.next_drain_step()
        {
            self.remove_files();
            (0..self.listeners.len()).for_each(|slot| self.begin_closing(slot));
            self.state = RunState::ClosingListeners(times);
        }
        if let RunState::ClosingListeners(times) = self.state
            && !self.listeners.iter().any(Listener::is_open)
        {
            self.state = RunState::Draining(times);
        }
    }

    /// Removes the socket files while their listeners are open: those of a successor, which may
    /// have the same names and even numbers, come later.
    pub(super) fn remove_files(&mut self) {
        self.files.drain(..).for_each(SocketFile::remove);
    }

    /// Ends what is idle. Each session reads first: a request may have arrived that was not
    /// reported yet.
    fn end_idle(&mut self) {
        self.idle_ends = Time::NEVER;
        for token in self.sessions.tokens().collect::<Vec<_>>() {
            if let Some(session) = self.sessions.get_mut(token) {
                session.on_event(ASSUME_READABLE);
            }
            self.ready(token);
        }
    }

    /// Connections at work: their answers are cut off if the worker ends now.
    pub(super) fn at_work(&mut self) -> u64 {
        let tokens = self.sessions.tokens().collect::<Vec<_>>().into_iter();
        let at_work = |token| {
            self.sessions.get_mut(token).is_some_and(|session| session.evictable() == Evictable::No)
        };
        tokens.map(at_work).filter(|at_work| *at_work).count() as u64
    }
}

/// Makes a session read without an event: before it ends, since a request may have arrived that was
/// not reported yet, and when it begins after a deferred accept.
pub(super) const ASSUME_READABLE: Readiness =
    Readiness { readable: true, ending: false, broken: false };
