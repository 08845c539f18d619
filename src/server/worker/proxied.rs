//! Connections of proxies, which report who their client is.

use std::net::IpAddr;

use super::Worker;
use crate::base::slab::Token;
use crate::http::metrics::Refused;
use crate::proto::conn::Protocol;
use crate::server::net::Net;

impl<N: Net> Worker<N> {
    /// The address that a new connection counts for; none before a proxy has reported its client.
    pub(super) fn counted(&self, listener: usize, peer: Option<IpAddr>) -> Option<IpAddr> {
        let mode = self.listeners[listener].proxy;
        peer.filter(|_| mode.demand(&self.config.app.trusted_proxies, peer).is_none())
    }

    /// The client of a connection is known: the connection counts for its address from now on, and
    /// is refused if that has too many.
    #[cold]
    pub(super) fn identify(&mut self, token: Token) {
        let client = self.sessions.get_mut(token).and_then(|session| session.client());
        let free = self.acquire_ip(client);
        if !free {
            self.shared.metrics.refuse(Refused::Address);
        }
        let Some(session) = self.sessions.get_mut(token) else { return };
        let protocol = self.listeners[session.listener()].protocol;
        if free {
            session.peer = client;
            if client.is_some() && self.config.max_per_ip.is_some() {
                session.count();
            }
        } else if protocol.is_some_and(Protocol::has_refusals) {
            session.refuse();
        } else {
            return self.close(token);
        }
        self.ready.push(token);
    }
}
