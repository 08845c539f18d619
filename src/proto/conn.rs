//! A connection's protocol: which state machine runs it.

use std::net::IpAddr;

use super::broken::Broken;
use super::echo::{self, modified::ModifiedEcho};
use super::http1::Http1;
use super::http2::Http2;
use super::proxy_protocol::{Proxied, ProxyMode};
use super::tls::Tls;
use super::websocket::WebSocket;
use super::{Cx, Machine, Next, Shared, Standing, Upgrade, defaults};
use crate::base::buf::Buf;
use crate::base::limits::Limits;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::metrics::ConnectionState;
use crate::http::modifiers::{self, At, Fault, Modifiers, Plan};
use crate::http::tls_facts::TlsFacts;

/// What a listener's connections speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0 and 1.1, and both over TLS if the listener can.
    Http,
    /// HTTP over TLS alone.
    Https,
    /// Raw echo: every byte comes back.
    Echo,
}

impl Protocol {
    /// Whether a client can be answered that there is no room for it.
    pub fn has_refusals(self) -> bool {
        self == Protocol::Http
    }
}

/// One connection.
#[derive(Debug)]
pub enum Conn {
    /// HTTP/1.0 and 1.1.
    Http1(Http1),
    /// TLS, and what is spoken inside it.
    Tls(Box<Tls<Conn>>),
    /// A connection of a proxy, and what is spoken on it.
    Proxied(Box<Proxied<Conn>>),
    /// Raw echo: every byte comes back. With modifiers, later, slowly, or in part.
    Echo(Option<Box<ModifiedEcho>>),
    /// HTTP/2.
    Http2(Box<Http2>),
    /// Every message comes back.
    WebSocket(Box<WebSocket>),
    /// It is broken on purpose.
    Broken(Broken),
}

impl Conn {
    /// A connection accepted at `now`.
    pub fn new(protocol: Protocol, limits: &Limits, now: Time) -> Conn {
        match protocol {
            Protocol::Http => Conn::Http1(Http1::new(limits, now)),
            Protocol::Https => Conn::new(Protocol::Http, limits, now).in_tls(),
            Protocol::Echo => Conn::Echo(None),
        }
    }

    /// The same on a listener with these modifiers. A fault at [`At::Connect`] breaks the
    /// connection before anything is read, and raw echo is modified; requests are modified when
    /// they come.
    pub fn accepted(
        protocol: Protocol,
        app: &App,
        listener: Option<&Modifiers>,
        worker: &mut Shared,
        now: Time,
    ) -> Conn {
        let (speaks, echoes) = match protocol {
            Protocol::Http | Protocol::Https => (modifiers::Protocol::Http11, false),
            Protocol::Echo => (modifiers::Protocol::TcpEcho, true),
        };
        let asked = defaults::asked(app, listener, speaks)
            .filter(|asked| echoes || defaults::break_at_connect(asked));
        let plan = asked.and_then(|asked| defaults::plan(&asked, app, worker, now));
        match plan {
            Some(Plan { fault: Some(Fault { kind, at: Some(At::Connect) }), .. }) => {
                Conn::Broken(Broken::Begins(kind))
            }
            Some(plan) if echoes => Conn::Echo(Some(Box::new(ModifiedEcho::new(&plan)))),
            _ => Conn::new(protocol, &app.limits, now),
        }
    }

    /// The question: its state between two calls.
    #[inline(always)] // twice a turn
    pub fn standing(&self) -> Standing {
        match self {
            Conn::Http1(http1) => http1.standing(),
            Conn::Tls(tls) => tls.standing(),
            Conn::Proxied(proxied) => proxied.standing(),
            Conn::Echo(Some(echo)) => echo.standing(),
            Conn::Echo(None) => {
                let state = ConnectionState::Tunnel;
                Standing { state, splice_budget: u64::MAX, ..Standing::READS }
            }
            Conn::Http2(http2) => http2.standing(),
            Conn::WebSocket(websocket) => websocket.standing(),
            Conn::Broken(broken) => broken.standing(),
        }
    }

    /// The verb; see [`proto`](super).
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        let next = match self {
            Conn::Http1(http1) => http1.advance(cx, input, output),
            Conn::Tls(tls) => tls.advance(cx, input, output),
            Conn::Proxied(proxied) => proxied.advance(cx, input, output),
            Conn::Echo(Some(echo)) => echo.advance(cx, input, output),
            Conn::Echo(None) => echo::advance(cx, input, output),
            Conn::Http2(http2) => http2.advance(cx, input, output),
            Conn::WebSocket(websocket) => websocket.advance(cx, input, output),
            Conn::Broken(broken) => broken.advance(cx, input, output),
        };
        match next {
            Next::Become(upgrade) => {
                self.upgrade(*upgrade, cx, input, output);
                // To be called again after the 101, or what comes before the break, is sent.
                Next::Write
            }
            next => next,
        }
    }

    /// The same, accepted from `peer`, on a listener of this mode. If it has to begin with a header
    /// of the PROXY protocol, it has as long for that as for a head.
    pub fn behind_proxy(
        self,
        mode: ProxyMode,
        protocol: Protocol,
        app: &App,
        peer: Option<IpAddr>,
        now: Time,
    ) -> Conn {
        let demand = mode.demand(&app.trusted_proxies, peer);
        match (demand, self) {
            (Some(demand), conn) if !matches!(conn, Conn::Broken(_)) => {
                let until = now.after(app.limits.head_timeout);
                let answers = protocol.has_refusals();
                Conn::Proxied(Box::new(Proxied::new(conn, demand, answers, peer, until)))
            }
            (_, conn) => conn,
        }
    }

    /// The address of the client that a proxy has reported.
    pub fn client(&self) -> Option<IpAddr> {
        match self {
            Conn::Proxied(proxied) => proxied.client(),
            _ => None,
        }
    }

    /// There is no room for that client: it is refused at the next call.
    pub fn refuse(&mut self) {
        if let Conn::Proxied(proxied) = self {
            proxied.refuse();
        }
    }

    /// Its protocol's name.
    pub fn name(&self) -> &'static str {
        match self {
            Conn::Http1(_) => "HTTP/1",
            Conn::Tls(tls) => tls.inner().name(),
            Conn::Echo(_) => "echo",
            Conn::Http2(_) => "HTTP/2",
            Conn::WebSocket(_) => "WebSocket",
            Conn::Proxied(proxied) => proxied.inner().name(),
            Conn::Broken(_) => "none",
        }
    }

    /// What is known of its TLS, if it has that and its handshake is done.
    pub fn tls(&self) -> Option<&TlsFacts> {
        match self {
            Conn::Tls(tls) => tls.facts(),
            Conn::Proxied(proxied) => proxied.inner().tls(),
            _ => None,
        }
    }

    /// The same inside TLS.
    fn in_tls(self) -> Conn {
        Conn::Tls(Box::new(Tls::new(self)))
    }

    #[cold]
    fn upgrade(&mut self, upgrade: Upgrade, cx: &mut Cx, input: &Buf, output: &mut Buf) {
        *self = match upgrade {
            Upgrade::Http2(requests) => {
                Conn::Http2(Box::new(Http2::new(cx.worker, requests, cx.clock.now)))
            }
            Upgrade::H2c(request) => Conn::Http2(Box::new(Http2::upgraded(cx, *request, output))),
            Upgrade::WebSocket(limits, plan) => {
                let until = cx.clock.now.after(cx.app.limits.max_duration);
                Conn::WebSocket(Box::new(WebSocket::new(limits, until, plan)))
            }
            Upgrade::Broken(kind) => Conn::Broken(Broken::Begins(kind)),
            Upgrade::Tls => std::mem::replace(self, Conn::Echo(None)).in_tls(),
            Upgrade::Refused(refusal) => Conn::Http1(Http1::refusing(cx, &refusal, input, output)),
        }
    }
}

impl Machine for Conn {
    fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        self.advance(cx, input, output)
    }

    fn standing(&self) -> Standing {
        self.standing()
    }

    fn fire(&mut self, stream: u32, worker: &mut Shared) {
        match self {
            Conn::Http2(http2) => http2.fire(stream, worker),
            Conn::Tls(tls) => tls.fire(stream, worker),
            Conn::Proxied(proxied) => proxied.fire(stream, worker),
            _ => {}
        }
    }

    fn release(&mut self, worker: &mut Shared) {
        match self {
            Conn::Http2(http2) => http2.release(worker),
            Conn::Tls(tls) => tls.release(worker),
            Conn::Proxied(proxied) => proxied.release(worker),
            _ => {}
        }
    }
}
