//! What a worker serves with: its configuration and its listeners.

use std::sync::Arc;

use crate::base::time::Time;
use crate::http::app::App;
use crate::http::modifiers::Modifiers;
use crate::proto::conn::Protocol;
use crate::proto::proxy_protocol::ProxyMode;
use crate::proto::tls::acceptor::Acceptor;
use crate::server::access_log::Sink;
use crate::server::per_ip::ConnectionsPerIp;

/// Everything that a worker derives from the settings and keeps; the rest is read from
/// [`app`](WorkerConfig::app) when it is used. So a reload can replace this as a whole.
#[derive(Debug)]
pub struct WorkerConfig {
    /// The settings that protocols and endpoints read.
    pub app: Arc<App>,
    /// When `app` lapses, and what replaces it then: modifiers that were set for a time.
    pub lapse: Option<(Time, Arc<App>)>,
    /// Most connections at a time.
    pub capacity: usize,
    /// Most connections at a time that are being refused, in addition to `capacity`.
    pub refusals: usize,
    /// Most connections from one IP address, if there is a limit.
    pub max_per_ip: Option<u32>,
    /// The connections from each IP address, if there is a limit; all workers share it.
    pub per_ip: Arc<ConnectionsPerIp>,
    /// The access log; `None` if it is off.
    pub sink: Option<Sink>,
}

/// A listener, as a worker sees it.
#[derive(Clone, Debug)]
pub struct Listener {
    /// The same in all workers.
    pub(in crate::server) id: u32,
    /// Whether another process has its socket too: it is closed at once, and stays as it is.
    pub(super) shared: bool,
    /// The connections that came through it, and are open.
    pub(super) sessions: usize,
    pub(super) phase: ListenPhase,
    /// The protocol of its connections; `None` for datagrams, which are echoed.
    pub(super) protocol: Option<Protocol>,
    /// Its address, for requests without a Host field.
    pub(super) local: String,
    /// Whether they begin with a header of the PROXY protocol.
    pub(super) proxy: ProxyMode,
    /// How its connections begin to speak TLS, if they can; all workers share it.
    pub(in crate::server) tls: Option<Arc<Acceptor>>,
    /// The defaults for every request there, if there are any; all workers share them.
    pub(in crate::server) modifiers: Option<Arc<Modifiers>>,
    /// Whether the kernel defers accepting until the client has sent something. Such a connection
    /// is read at once; without this, most of those reads would find nothing.
    pub(super) deferred: bool,
    /// When to accept without an event: connections may be left from the last time.
    pub(super) next_accept: Time,
}

impl Listener {
    /// A listener at the address `local`. Its connections speak `protocol`, or it echoes datagrams;
    /// `deferred`: they are accepted once the client has sent something.
    pub fn new(protocol: Option<Protocol>, local: &str, deferred: bool) -> Listener {
        let (local, next_accept) = (local.to_owned(), Time::NEVER);
        let (id, shared, sessions, phase) = (0, false, 0, ListenPhase::Open);
        let (proxy, tls, modifiers) = (ProxyMode::Off, None, None);
        Listener {
            id,
            shared,
            sessions,
            phase,
            protocol,
            local,
            proxy,
            tls,
            modifiers,
            deferred,
            next_accept,
        }
    }

    /// The same with this number, which it has in all workers. `shared`: another process has its
    /// socket too.
    pub(in crate::server) fn numbered(self, id: u32, shared: bool) -> Listener {
        Listener { id, shared, ..self }
    }

    /// The protocol of its connections; `None` for datagrams.
    #[cfg(test)]
    pub(in crate::server) fn protocol(&self) -> Option<Protocol> {
        self.protocol
    }

    /// Takes over the settings of a listener whose socket is the same.
    pub(super) fn configure(&mut self, new: &Listener) {
        let Listener { sessions, phase, next_accept, .. } = *self;
        *self = Listener { sessions, phase, next_accept, ..new.clone() };
    }

    /// Its socket has connections or datagrams, unless it was closed meanwhile.
    pub(super) fn on_event(&mut self, now: Time) {
        if self.is_open() {
            self.next_accept = now;
        }
    }

    /// Whether it accepts connections, or has datagrams to echo.
    pub(super) fn is_open(&self) -> bool {
        self.phase != ListenPhase::Closed
    }

    /// A slot that no listener uses.
    pub(super) fn closed() -> Listener {
        Listener { phase: ListenPhase::Closed, ..Listener::new(None, "", false) }
    }

    /// The same, able to speak TLS in this way.
    pub fn with_tls(self, tls: Option<Arc<Acceptor>>) -> Listener {
        Listener { tls, ..self }
    }

    /// The same, behind proxies or not.
    pub fn with_proxy(self, proxy: ProxyMode) -> Listener {
        Listener { proxy, ..self }
    }

    /// The same with these modifiers as the defaults for every request there.
    pub fn with(self, modifiers: Option<Arc<Modifiers>>) -> Listener {
        Listener { modifiers, ..self }
    }
}

/// How far a listener has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListenPhase {
    /// It accepts.
    Open,
    /// It begins no handshakes. Whether some are still under way is looked at again at `look`, but
    /// not after `until`.
    Finishing { look: Time, until: Time },
    /// It is closed once its queue is empty.
    Closing,
    /// It is closed. Its connections still use its settings, and its number is free after them.
    Closed,
}
