//! Opens listeners.
//!
//! Each worker opens its own socket for an address, with SO_REUSEPORT, and the kernel distributes
//! the connections. SO_REUSEPORT would also let a second loiter share the port unnoticed, so the
//! first worker first binds without it. A Unix socket cannot be shared: the first worker serves it
//! alone.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use socket2::{Domain, Protocol as Transport, Socket, Type};

use super::os::{self, Datagrams, ListenSocket};
use super::resolve;
use super::socket_file;
use super::worker::Listener;
use crate::base::limits::{DATAGRAM_BUFFER_BYTES, LISTEN_BACKLOG, SAME_PORT_TRIES};
use crate::config::{Bind, Host, Listen, SocketName, UnixSocket};
use crate::http::app::App;
use crate::http::modifiers::Modifiers;
use crate::http::modifiers::Protocol::Http11;
use crate::proto::conn::Protocol;
use crate::proto::defaults;
use crate::proto::tls::acceptor::Acceptor;

/// The address and protocol of a listener. The settings have hosts, which resolve to these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// HTTP over TCP, without TLS.
    Http(SocketAddr),
    /// HTTP over TLS.
    Https(SocketAddr),
    /// Both on one port.
    HttpAndHttps(SocketAddr),
    /// TCP echo: every byte received is sent back.
    TcpEcho(SocketAddr),
    /// UDP echo: every datagram received is sent back.
    UdpEcho(SocketAddr),
    /// HTTP on a Unix socket.
    Unix(UnixSocket),
}

impl Address {
    /// Its IP address and port, unless it is a Unix socket.
    fn at(&self) -> Option<SocketAddr> {
        match self {
            Address::UdpEcho(at) => Some(*at),
            _ => self.tcp(),
        }
    }

    /// The IP address and port of a TCP listener.
    pub(super) fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Address::Http(at)
            | Address::Https(at)
            | Address::HttpAndHttps(at)
            | Address::TcpEcho(at) => Some(*at),
            Address::UdpEcho(_) | Address::Unix(_) => None,
        }
    }

    /// The port; 0 for any free one, or for a Unix socket.
    pub(super) fn port(&self) -> u16 {
        self.at().map_or(0, |at| at.port())
    }

    /// The URL for TLS where the displayed one is without.
    pub(super) fn tls_url(&self) -> Option<String> {
        match self {
            Address::HttpAndHttps(at) => Some(format!("https://{at}")),
            _ => None,
        }
    }

    /// The file of a Unix socket that has one.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Address::Unix(UnixSocket { name: SocketName::File(path), .. }) => Some(path),
            _ => None,
        }
    }

    /// The same with this port.
    fn on_port(mut self, port: u16) -> Address {
        match &mut self {
            Address::Http(at)
            | Address::Https(at)
            | Address::HttpAndHttps(at)
            | Address::TcpEcho(at)
            | Address::UdpEcho(at) => at.set_port(port),
            Address::Unix(_) => {}
        }
        self
    }
}

impl fmt::Display for Address {
    /// A URL that clients take, where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Http(at) | Address::HttpAndHttps(at) => write!(f, "http://{at}"),
            Address::Https(at) => write!(f, "https://{at}"),
            Address::TcpEcho(at) => write!(f, "tcp-echo://{at}"),
            Address::UdpEcho(at) => write!(f, "udp-echo://{at}"),
            Address::Unix(socket) => write!(f, "unix:{}", socket.name),
        }
    }
}

/// The addresses of one `--listen`, which get the same port.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Without duplicates; never empty.
    pub(super) addresses: Vec<Address>,
    /// Whether addresses that this machine does not have are skipped, if it has one of them.
    lenient: bool,
    /// The defaults for every request there, if there are any.
    modifiers: Option<Arc<Modifiers>>,
    /// How its connections begin to speak TLS, if they can.
    pub(super) tls: Option<Arc<Acceptor>>,
}

impl Group {
    /// Resolves the host of a listener.
    pub(super) fn resolve(listen: &Listen) -> io::Result<Group> {
        let modifiers = listen.shared_modifiers();
        let (host, kind): (&Host, fn(SocketAddr) -> Address) = match &listen.bind {
            Bind::Http(host) => (host, Address::Http),
            Bind::Https(host) => (host, Address::Https),
            Bind::HttpAndHttps(host) => (host, Address::HttpAndHttps),
            Bind::TcpEcho(host) => (host, Address::TcpEcho),
            Bind::UdpEcho(host) => (host, Address::UdpEcho),
            Bind::Unix(socket) => {
                let addresses = vec![Address::Unix(socket.clone())];
                return Ok(Group { addresses, lenient: false, modifiers, tls: None });
            }
        };
        let addresses = resolve::addresses(host)?.into_iter().map(kind).collect();
        // There may be no IPv6. All addresses of any other name must exist on this machine.
        Ok(Group { addresses, lenient: host.is_localhost(), modifiers, tls: None })
    }

    /// The same for those of its addresses that are open, with their actual port.
    pub(super) fn at(&self, addresses: Vec<Address>) -> Group {
        Group { addresses, lenient: false, ..self.clone() }
    }

    /// Whether its defaults may break a connection as soon as it is accepted; then accepting is not
    /// deferred until the client has sent something.
    pub(super) fn breaks_at_connect(&self, app: &App) -> bool {
        let asked = defaults::asked(app, self.modifiers.as_deref(), Http11);
        asked.is_some_and(|asked| defaults::break_at_connect(&asked))
    }

    /// Opens all addresses. `first`: for the first worker, which checks that no other program uses
    /// them. `defers`: HTTP connections are accepted when their first bytes have arrived.
    pub(super) fn open(
        &self,
        first: bool,
        defers: bool,
    ) -> Result<Vec<Open>, (Address, io::Error)> {
        let one_port_for_all = self.addresses.len() > 1 && self.addresses[0].port() == 0;
        let mut tries = if one_port_for_all { SAME_PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            match self.try_open(first, defers) {
                // A port that is free at the first address may be in use at another.
                Err((_, error)) if tries > 0 && error.kind() == ErrorKind::AddrInUse => {}
                outcome => return outcome,
            }
        }
    }

    fn try_open(&self, first: bool, defers: bool) -> Result<Vec<Open>, (Address, io::Error)> {
        let mut all: Vec<Open> = Vec::new();
        let mut missing = None;
        for address in self.addresses.iter().cloned() {
            let address = match all.first() {
                Some(open) => address.on_port(open.address.port()),
                None => address,
            };
            match open(&address, first, defers) {
                Ok(Open { listener, socket, address }) => {
                    let listener = listener.with(self.modifiers.clone()).with_tls(self.tls.clone());
                    all.push(Open { listener, socket, address });
                }
                Err(error) if self.lenient && is_missing(&error) => {
                    missing = Some((address, error))
                }
                Err(error) => return Err((address, error)),
            }
        }
        missing.filter(|_| all.is_empty()).map_or(Ok(all), Err)
    }
}

/// An open listener.
#[derive(Debug)]
pub(super) struct Open {
    /// For [`Os`](os::Os).
    pub(super) socket: ListenSocket,
    /// For the worker.
    pub(super) listener: Listener,
    /// Its address, with the actual port.
    pub(super) address: Address,
}

/// Opens one listener, as [`Group::open`] does.
pub(super) fn open(address: &Address, first: bool, defers: bool) -> io::Result<Open> {
    match address {
        Address::Http(at) => tcp(*at, first, defers, Protocol::Http, Address::Http),
        Address::Https(at) => tcp(*at, first, defers, Protocol::Https, Address::Https),
        Address::HttpAndHttps(at) => tcp(*at, first, defers, Protocol::Http, Address::HttpAndHttps),
        Address::TcpEcho(at) => tcp(*at, first, false, Protocol::Echo, Address::TcpEcho),
        Address::UdpEcho(at) => udp(*at, first),
        Address::Unix(socket) => unix(socket),
    }
}

fn tcp(
    address: SocketAddr,
    first: bool,
    defers: bool,
    protocol: Protocol,
    named: fn(SocketAddr) -> Address,
) -> io::Result<Open> {
    let socket = bind(address, Type::STREAM, Transport::TCP, first)?;
    // Accepted sockets inherit both. TCP echo has no timeouts: keep-alive detects dead clients.
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    let deferred = defers && os::defer_accept(&socket).is_ok();
    socket.listen(LISTEN_BACKLOG)?;
    let listener = mio::net::TcpListener::from_std(socket.into());
    let local = listener.local_addr()?;
    Ok(Open {
        socket: ListenSocket::Tcp(listener),
        listener: Listener::new(Some(protocol), &local.to_string(), deferred),
        address: named(local),
    })
}

fn udp(address: SocketAddr, first: bool) -> io::Result<Open> {
    let socket = bind(address, Type::DGRAM, Transport::UDP, first)?;
    // The kernel limits the size, so failure is not an error.
    let _ = socket.set_recv_buffer_size(DATAGRAM_BUFFER_BYTES);
    let socket = mio::net::UdpSocket::from_std(socket.into());
    let local = socket.local_addr()?;
    Ok(Open {
        socket: ListenSocket::Udp(Datagrams::new(socket)),
        listener: Listener::new(None, &local.to_string(), false),
        address: Address::UdpEcho(local),
    })
}

/// A bound socket. `[::]` includes IPv4; without IPv6 it is replaced by 0.0.0.0.
fn bind(address: SocketAddr, kind: Type, transport: Transport, first: bool) -> io::Result<Socket> {
    match bind_exactly(address, kind, transport, first) {
        Err(error) if address.ip() == IpAddr::from([0u16; 8]) && is_missing(&error) => {
            let address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
            bind_exactly(address, kind, transport, first)
        }
        result => result,
    }
}

/// Whether this machine does not have the address, or no address of its family.
fn is_missing(error: &io::Error) -> bool {
    [Some(libc::EAFNOSUPPORT), Some(libc::EADDRNOTAVAIL)].contains(&error.raw_os_error())
}

fn bind_exactly(
    address: SocketAddr,
    kind: Type,
    transport: Transport,
    first: bool,
) -> io::Result<Socket> {
    if first && address.port() != 0 {
        new_socket(address, kind, transport)?.bind(&address.into())?;
    }
    let socket = new_socket(address, kind, transport)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn new_socket(address: SocketAddr, kind: Type, transport: Transport) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(transport))?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(address.ip() != IpAddr::from([0u16; 8]))?;
    }
    // Allows binding beside an earlier server's connections in TIME_WAIT. UDP would share the port.
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    Ok(socket)
}

fn unix(socket: &UnixSocket) -> io::Result<Open> {
    let listener = socket_file::listen(socket)?;
    Ok(Open {
        socket: ListenSocket::Unix(mio::net::UnixListener::from_std(listener.into())),
        listener: Listener::new(Some(Protocol::Http), "localhost", false),
        address: Address::Unix(socket.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_socket_of_a_listener_has_its_modifiers() {
        for (text, count) in [
            ("localhost:0/~delay=1s", 1..=2),
            ("tcp-echo://127.0.0.1:0/~rate=1KiB", 1..=1),
            ("udp-echo://127.0.0.1:0/~delay=1s", 1..=1),
            ("127.0.0.1:0", 1..=1),
        ] {
            let listen: Listen = text.parse().expect(text);
            let group = Group::resolve(&listen).expect(text);
            let first = group.open(true, false).expect(text);
            assert!(count.contains(&first.len()), "{text}");
            let group = group.at(first.iter().map(|open| open.address.clone()).collect());
            let second = group.open(false, false).expect("a second worker listens too");
            for Open { listener, .. } in first.iter().chain(&second) {
                assert_eq!(listener.modifiers, listen.shared_modifiers(), "{text}");
                assert_eq!(listener.modifiers.is_some(), text.contains('~'), "{text}");
            }
        }
    }
}
