//! How a connection gets a slot, and datagrams their echo.

use std::io::ErrorKind;
use std::net::IpAddr;

use super::drain::{ASSUME_READABLE, RunState};
use super::{Listener, Worker};
use crate::base::limits::{ACCEPT_RETRY, ACCEPTS_PER_TURN, COMPLAINT_INTERVAL, CONNECTION_BYTES};
use crate::base::slab::Token;
use crate::base::time::Time;
use crate::http::metrics::Refused;
use crate::http::modifiers::Protocol::UdpEcho;
use crate::proto::conn::{Conn, Protocol};
use crate::proto::defaults;
use crate::server::admission::Verdict;
use crate::server::net::{Net, is_exhausted};
use crate::server::session::Session;

impl<N: Net> Worker<N> {
    /// Admission: the only place where a connection gets a slot.
    pub(super) fn accept(&mut self, listener: usize) {
        let Some(protocol) = self.listeners[listener].protocol else {
            return self.echo_datagrams(listener);
        };
        for _ in 0..ACCEPTS_PER_TURN {
            let verdict = self.verdict();
            if verdict == Verdict::Wait {
                return self.pause(listener);
            }
            match self.net.accept(listener) {
                Ok((socket, peer)) => {
                    if let Verdict::Evict(victim) = verdict {
                        self.evict_one(victim);
                    }
                    let counted = self.counted(listener, peer);
                    let refused = match verdict {
                        Verdict::Refuse => Some(Refused::Full),
                        _ => (!self.acquire_ip(counted)).then_some(Refused::Address),
                    };
                    refused.inspect(|reason| self.shared.metrics.refuse(*reason));
                    self.admit(listener, protocol, socket, peer, refused.is_none());
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        return self.listeners[listener].next_accept = Time::NEVER;
                    }
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    _ if self.makes_room(&error) => {}
                    _ => {
                        self.complain(&error);
                        return self.pause(listener);
                    }
                },
            }
        }
    }

    /// Counts a call that failed. If it did for want of a descriptor or of memory, a connection is
    /// evicted; returns whether there was one.
    pub(super) fn makes_room(&mut self, error: &std::io::Error) -> bool {
        if !is_exhausted(error) {
            self.shared.metrics.accept_errors += 1;
            return false;
        }
        self.shared.metrics.exhausted += 1;
        self.evict()
    }

    /// Closes a connection to make room.
    pub(super) fn evict_one(&mut self, token: Token) {
        self.shared.metrics.evicted += 1;
        self.close(token);
    }

    /// Counts a connection for its address, unless that has reached the limit.
    pub(super) fn acquire_ip(&self, peer: Option<IpAddr>) -> bool {
        match (self.config.max_per_ip, peer) {
            (Some(most), Some(peer)) => self.config.per_ip.acquire(peer, most),
            _ => true,
        }
    }

    /// Creates a session. Without a free slot the client gets a 503, if its protocol has that.
    fn admit(
        &mut self,
        listener: usize,
        protocol: Protocol,
        socket: N::Socket,
        peer: Option<IpAddr>,
        free: bool,
    ) {
        if !free && !protocol.has_refusals() {
            return self.net.close(socket);
        }
        let conn = self.conn(listener, protocol, peer, free);
        let peer = self.counted(listener, peer);
        let mut session = Session::new(socket, conn, peer, listener as u8, free);
        if free && peer.is_some() && self.config.max_per_ip.is_some() {
            session = session.counted();
        }
        if self.listeners[listener].deferred || self.state != RunState::Serving {
            session.on_event(ASSUME_READABLE);
            self.admit_late();
        }
        self.shared.metrics.opened(session.state());
        if self.shows_ports() {
            session.peer_port = self.net.peer_port(&session.socket).unwrap_or_default();
        }
        let token = self.sessions.insert(session);
        self.trace_accept(token, free);
        self.listeners[listener].sessions += 1;
        self.ready.push(token);
        self.stats.connections += 1;
        self.shared.memory.take(CONNECTION_BYTES as usize);
        self.trim.on_open(self.sessions.len());
        let over = if free { None } else { self.admission.refuse(token, self.config.refusals) };
        if let Some(token) = over {
            // It may be new: it gets its response first.
            self.turn(token);
            self.close(token);
        }
    }

    /// What a new connection speaks: under the defaults in effect, unless it is refused.
    fn conn(
        &mut self,
        listener: usize,
        protocol: Protocol,
        peer: Option<IpAddr>,
        free: bool,
    ) -> Conn {
        let (app, now) = (&self.config.app, self.now);
        let modifiers = self.listeners[listener].modifiers.as_deref();
        if !free {
            return Conn::new(protocol, &app.limits, now);
        }
        let conn = Conn::accepted(protocol, app, modifiers, &mut self.shared, now);
        conn.behind_proxy(self.listeners[listener].proxy, protocol, app, peer, now)
    }

    /// Sends datagrams back, under the defaults in effect.
    fn echo_datagrams(&mut self, number: usize) {
        let (app, now) = (&self.config.app, self.now);
        let Listener { modifiers, next_accept, .. } = &mut self.listeners[number];
        *next_accept = match defaults::asked(app, modifiers.as_deref(), UdpEcho) {
            None => self.net.echo_datagrams(number, None),
            Some(asked) => {
                let mut plan = || defaults::plan(&asked, app, &mut self.shared, now);
                self.net.echo_datagrams(number, Some(&mut || plan().unwrap_or_default()))
            }
        };
    }

    /// Tries again later, or when a connection closes, to accept connections without a slot or
    /// descriptor. The listener is edge-triggered: no further event reports them.
    fn pause(&mut self, listener: usize) {
        self.listeners[listener].next_accept = self.now.after(ACCEPT_RETRY);
    }

    /// Logs why connections cannot be accepted, at most once per interval.
    pub(super) fn complain(&mut self, error: &std::io::Error) {
        if self.now >= self.complain_next {
            self.complain_next = self.now.after(COMPLAINT_INTERVAL);
            tracing::warn!(%error, connections = self.sessions.len(), "cannot accept connections");
        }
    }
}
