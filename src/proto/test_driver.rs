//! A connection without a socket, on a clock that its owner moves: for tests, benches and fuzz
//! targets, which call a machine as a session does.

use std::sync::Arc;
use std::time::Duration;

use super::conn::{Conn, Protocol};
use super::proxy_protocol::ProxyMode;
use super::tls::acceptor::Acceptor;
use super::{Clock, Cx, Edge, Ends, Event, Machine, Next, Shared};
use crate::base::buf::Buf;
use crate::base::limits::HANDSHAKES_PER_TURN;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::modifiers::Modifiers;

/// A connection, its buffers, and all that its machine is called with.
#[derive(Debug)]
pub struct Driver {
    /// The settings.
    pub app: Arc<App>,
    /// How the listener's connections begin to speak TLS.
    pub tls: Option<Arc<Acceptor>>,
    /// Whether the listener's connections begin with a header of the PROXY protocol.
    pub proxy: ProxyMode,
    /// The listener's defaults for every request.
    pub modifiers: Option<Arc<Modifiers>>,
    /// The machine.
    pub conn: Conn,
    /// The time of the next call.
    pub clock: Clock,
    /// What is new at the next call; the event is taken by it.
    pub edge: Edge,
    /// What the worker's connections would share. It is 1970-01-01 at [`Time::START`].
    pub worker: Shared,
    /// Bytes that have arrived.
    pub input: Buf,
    /// Bytes of answers.
    pub output: Buf,
}

impl Driver {
    /// The client's address, and ours.
    pub const ENDS: Ends<'static> = Ends {
        peer: Some(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST)),
        peer_port: 54_321,
        local: "127.0.0.1:8080",
        tls: None,
        secure: None,
        proxy: None,
        modifiers: None,
    };

    /// A connection accepted at [`Time::START`], with chance that follows from `seed`.
    pub fn new(app: impl Into<Arc<App>>, protocol: Protocol, seed: u64) -> Driver {
        let app = app.into();
        let mut worker = Shared::new(seed);
        let server = app.server_header.as_deref();
        worker.date_header.update(Time::START, Duration::ZERO, server);
        Driver {
            conn: Conn::new(protocol, &app.limits, Time::START),
            app,
            tls: None,
            proxy: ProxyMode::Off,
            modifiers: None,
            clock: Clock { now: Time::START, fresh: false },
            edge: Edge::default(),
            worker,
            input: Buf::with_capacity(128 * 1024),
            output: Buf::with_capacity(128 * 1024),
        }
    }

    /// Another connection, which is accepted now under the defaults in effect.
    pub fn accept(&mut self, protocol: Protocol) {
        let Driver { app, proxy, modifiers, worker, clock, .. } = self;
        let (now, peer) = (clock.now, Driver::ENDS.peer);
        let conn = Conn::accepted(protocol, app, modifiers.as_deref(), worker, now);
        self.conn = conn.behind_proxy(*proxy, protocol, app, peer, now);
    }

    /// What a machine is called with.
    pub fn cx(&mut self) -> Cx<'_> {
        let Driver { clock, edge, app, tls, modifiers, worker, .. } = self;
        let (tls, modifiers) = (tls.as_deref(), modifiers.as_deref());
        let ends = Ends { tls, modifiers, ..Driver::ENDS };
        Cx { clock: *clock, edge: *edge, ends, connection: 0, app, worker }
    }

    /// Calls the machine once. Its own delayed answers are not counted meanwhile, as in a session.
    pub fn advance(&mut self) -> Next {
        let Driver { app, tls, modifiers, conn, clock, edge, worker, input, output, .. } = self;
        worker.delayed -= conn.standing().delayed as usize;
        let (tls, modifiers) = (tls.as_deref(), modifiers.as_deref());
        let ends = Ends { tls, modifiers, ..Driver::ENDS };
        let mut cx = Cx { clock: *clock, edge: *edge, ends, connection: 0, app, worker };
        let next = conn.advance(&mut cx, input, output);
        worker.delayed += conn.standing().delayed as usize;
        edge.event = Event::None;
        next
    }

    /// Lets the timers of streams fire that are due.
    pub fn fire(&mut self) {
        let Driver { conn, worker, clock, .. } = self;
        let mut fired = Vec::new();
        worker.streams.expire(clock.now, usize::MAX / 2, &mut fired);
        fired.iter().for_each(|(_, stream)| conn.fire(*stream, worker));
    }

    /// Lets bytes arrive, and calls the machine until it waits, reading the clock when it asks for
    /// that. What it writes stays in `output`.
    pub fn receive(&mut self, bytes: &[u8]) -> Next {
        self.input.tail().extend_from_slice(bytes);
        self.clock.fresh = false;
        loop {
            match self.advance() {
                Next::ReadClock => self.clock.fresh = true,
                Next::Yield => self.worker.handshakes_left = HANDSHAKES_PER_TURN,
                Next::Narrow | Next::Identified => {}
                next => return next,
            }
        }
    }
}
