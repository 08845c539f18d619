//! The PROXY protocol (HAProxy's `proxy-protocol.txt`, versions 1 and 2): a filter around another
//! machine, by which a proxy reports who its client is.
//!
//! ```text
//!          whole header
//!  Header ──────────────▶ Open: everything passes
//!    │  │ none, optional ────▲
//!    │ none, invalid, untrusted
//!    └──▶ plain 400 or 403, or closed
//! ```
//!
//! It is outside of TLS. To the machine inside, the header is a time without input. A header is
//! read once: a second one is, as all that follows, for the machine inside.

mod crc32c;
pub mod header;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use super::tls::hello;
use super::{Cx, Ends, Event, Machine, Next, Shared, Standing, Upgrade};
use crate::base::buf::Buf;
use crate::base::time::Time;
use crate::http::metrics::{ConnectionState, Refused};
use crate::http::proxy_facts::ProxyFacts;
use crate::http::reply::Refusal;
use crate::http::status::Status;
use crate::http::trusted_proxies::TrustedProxies;
use header::Start;

/// Whether connections of a listener begin with a header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyMode {
    /// They do not.
    #[default]
    Off,
    /// Those of trusted proxies may. The first bytes of others are taken as they are.
    Optional,
    /// All do, and are of trusted proxies.
    Required,
}

impl ProxyMode {
    /// The modes, as `proxy=` names them.
    pub const NAMES: [(&'static str, ProxyMode); 3] = [
        ("off", ProxyMode::Off),
        ("optional", ProxyMode::Optional),
        ("required", ProxyMode::Required),
    ];

    /// What a connection from `peer` has to begin with; `None`: it is not filtered.
    #[inline]
    pub fn demand(self, trusted: &TrustedProxies, peer: Option<IpAddr>) -> Option<Demand> {
        match self {
            ProxyMode::Off => None,
            ProxyMode::Optional => trusted.contain(peer).then_some(Demand::Maybe),
            ProxyMode::Required if trusted.contain(peer) => Some(Demand::Header),
            ProxyMode::Required => Some(Demand::Refusal),
        }
    }
}

/// What a connection has to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demand {
    /// A header.
    Header,
    /// A header, or anything else.
    Maybe,
    /// It is refused: it comes from nobody who is trusted.
    Refusal,
}

/// A connection that may begin with a header, and the machine inside it.
#[derive(Debug)]
pub struct Proxied<M> {
    stage: Stage,
    inner: M,
    /// The other end of the connection; `None` on a Unix socket.
    peer: Option<IpAddr>,
    /// Whether the machine is to refuse the connection at its next call.
    refuse: bool,
}

#[derive(Debug)]
enum Stage {
    /// No whole header is there.
    Header(Waiting),
    /// It is consumed; `None`: the connection begins with something else.
    Open(Option<ProxyFacts>),
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    demand: Demand,
    until: Time,
    /// Whether a refusal can be answered: the listener speaks HTTP without TLS.
    answers: bool,
}

impl<M: Machine> Proxied<M> {
    /// The machine inside it.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// A connection from `peer` of which nothing has been read, and which has `until` to send its
    /// header. `answers`: refusals can be answered.
    pub fn new(
        inner: M,
        demand: Demand,
        answers: bool,
        peer: Option<IpAddr>,
        until: Time,
    ) -> Proxied<M> {
        let stage = Stage::Header(Waiting { demand, until, answers });
        Proxied { stage, inner, peer, refuse: false }
    }

    /// The client's address, after [`Next::Identified`]; `None` on a Unix socket.
    pub fn client(&self) -> Option<IpAddr> {
        match &self.stage {
            Stage::Open(Some(facts)) => facts.client(),
            _ => self.peer,
        }
    }

    /// The server has no room for this client: the machine refuses it when it is called next.
    pub fn refuse(&mut self) {
        self.refuse = true;
    }

    /// Reads the header. What has not arrived yet never changes a decision.
    fn header(&mut self, waiting: Waiting, cx: &mut Cx, input: &mut Buf) -> Next {
        let facts = match (waiting.demand, header::read(input.unread(), self.peer)) {
            (_, Start::Partial) if input.is_empty() || waiting.demand != Demand::Refusal => {
                return self.wait(waiting, cx, input);
            }
            (Demand::Refusal, _) => {
                let why = "this port takes connections of trusted proxies only";
                return self.refused(waiting, cx, input, Refusal::new(Status(403), why));
            }
            (Demand::Maybe, Start::Other) => None,
            (_, Start::Header(bytes, facts)) => {
                input.consume(bytes);
                Some(facts)
            }
            (_, Start::Invalid(why)) => {
                let why = format!("the PROXY protocol header is not valid: {why}");
                return self.refused(waiting, cx, input, Refusal::bad(why));
            }
            (_, Start::Other | Start::Partial) => {
                let why = "a connection to this port must begin with a PROXY protocol header";
                return self.refused(waiting, cx, input, Refusal::bad(why));
            }
        };
        self.stage = Stage::Open(facts);
        Next::Identified
    }

    /// A whole header is not there yet. While nothing is, the machine inside may have a shorter
    /// patience.
    fn wait(&mut self, waiting: Waiting, cx: &mut Cx, input: &Buf) -> Next {
        let over = cx.edge.read_eof || cx.clock.now >= waiting.until;
        match input.is_empty() {
            true if over => Next::Close,
            true => match self.inner.advance(cx, &mut Buf::default(), &mut Buf::default()) {
                Next::Read(until) => Next::Read(until.min(waiting.until)),
                next => next,
            },
            false if over => {
                self.count(cx, "the PROXY protocol header is not complete");
                Next::Close
            }
            false => Next::Read(waiting.until),
        }
    }

    /// Ends the connection, as the specification demands. On a port for HTTP the answer is safe, as
    /// nothing of a client has been read that it could be taken to answer, and says what is wrong.
    fn refused(&self, waiting: Waiting, cx: &mut Cx, input: &Buf, refusal: Refusal) -> Next {
        self.count(cx, &refusal.reason);
        if !waiting.answers || hello::is_tls(input.unread()) {
            return Next::Close;
        }
        cx.ends.peer = self.peer;
        Next::Become(Box::new(Upgrade::Refused(refusal)))
    }

    fn count(&self, cx: &mut Cx, why: &str) {
        cx.worker.metrics.refuse(Refused::ProxyHeader);
        let peer = self.peer.map(tracing::field::display);
        tracing::debug!(peer, why, "connection refused");
    }

    /// Everything passes, with what is known of the client.
    fn open(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        let Stage::Open(facts) = &self.stage else { return Next::Close };
        let ends = match facts {
            Some(facts) => Ends {
                peer: facts.client(),
                peer_port: facts.client_port().unwrap_or(cx.ends.peer_port),
                local: facts.local().unwrap_or(cx.ends.local),
                proxy: Some(facts),
                ..cx.ends
            },
            None => Ends { peer: self.peer, ..cx.ends },
        };
        let mut edge = cx.edge;
        if std::mem::take(&mut self.refuse) {
            edge.event = Event::Refused;
        }
        let Cx { clock, connection, app, .. } = *cx;
        let mut within = Cx { clock, edge, ends, connection, app, worker: &mut *cx.worker };
        self.inner.advance(&mut within, input, output)
    }
}

impl<M: Machine> Machine for Proxied<M> {
    fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        match self.stage {
            Stage::Open(_) => self.open(cx, input, output),
            Stage::Header(_) if matches!(cx.edge.event, Event::Refused | Event::Reset) => {
                Next::Close
            }
            Stage::Header(waiting) => self.header(waiting, cx, input),
        }
    }

    #[inline(always)] // twice a turn
    fn standing(&self) -> Standing {
        match self.stage {
            Stage::Header(_) => {
                let state = ConnectionState::Handshake;
                Standing { state, splice_budget: 0, ..self.inner.standing() }
            }
            Stage::Open(_) => self.inner.standing(),
        }
    }

    fn fire(&mut self, stream: u32, worker: &mut Shared) {
        self.inner.fire(stream, worker);
    }

    fn release(&mut self, worker: &mut Shared) {
        self.inner.release(worker);
    }
}
