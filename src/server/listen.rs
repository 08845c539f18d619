//! Opens listeners.
//!
//! An address has a socket for each worker, with SO_REUSEPORT, and the kernel distributes the
//! connections. SO_REUSEPORT would also let a second loiter share the port unnoticed, so it is
//! first bound without it. A Unix socket has no such option: the first worker serves it alone.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;
use std::path::Path;

use socket2::{Domain, Protocol as Transport, SockAddr, SockRef, Socket, Type};

use super::net::ListenKind;
use super::resolve;
use super::socket_file;
use super::worker::Listener;
use crate::base::limits::{DATAGRAM_BUFFER_BYTES, LISTEN_BACKLOG, SAME_PORT_TRIES};
use crate::config::{Bind, Listen, SocketName, UnixSocket};
use crate::proto::conn::Protocol;

/// The address and protocol of a listener. The settings have hosts, which resolve to these.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

    /// The URL, if it has HTTP over TCP: without TLS where both are served.
    pub fn url(&self) -> Option<String> {
        match self {
            Address::Http(_) | Address::HttpAndHttps(_) | Address::Https(_) => {
                Some(self.to_string())
            }
            Address::TcpEcho(_) | Address::UdpEcho(_) | Address::Unix(_) => None,
        }
    }

    /// The URL for TLS, if it has that.
    pub fn https_url(&self) -> Option<String> {
        match self {
            Address::Https(at) | Address::HttpAndHttps(at) => Some(format!("https://{at}")),
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
    fn on_port(self, port: u16) -> Address {
        let moved = self.at().map(|at| SocketAddr::new(at.ip(), port));
        moved.map_or(self.clone(), |at| self.at_socket(at))
    }

    /// The same at this address.
    fn at_socket(mut self, to: SocketAddr) -> Address {
        match &mut self {
            Address::Http(at)
            | Address::Https(at)
            | Address::HttpAndHttps(at)
            | Address::TcpEcho(at)
            | Address::UdpEcho(at) => *at = to,
            Address::Unix(_) => {}
        }
        self
    }

    /// Whether a socket for this address serves the other one too, perhaps with another protocol.
    pub(super) fn shares_socket_with(&self, other: &Address) -> bool {
        match (self, other) {
            (Address::Unix(one), Address::Unix(other)) => one.name == other.name,
            _ => self.kind() == other.kind() && self.at() == other.at(),
        }
    }

    /// Whether it is a socket's, and not any free port.
    pub(super) fn has_socket(&self) -> bool {
        self.at().is_none_or(|at| at.port() != 0)
    }

    /// What its socket is.
    pub(super) fn kind(&self) -> ListenKind {
        match self {
            Address::UdpEcho(_) => ListenKind::Udp,
            Address::Unix(_) => ListenKind::Unix,
            _ => ListenKind::Tcp,
        }
    }

    /// The protocol of its connections; `None` for datagrams.
    pub(super) fn protocol(&self) -> Option<Protocol> {
        match self {
            Address::Http(_) | Address::HttpAndHttps(_) | Address::Unix(_) => Some(Protocol::Http),
            Address::Https(_) => Some(Protocol::Https),
            Address::TcpEcho(_) => Some(Protocol::Echo),
            Address::UdpEcho(_) => None,
        }
    }

    /// Whether this socket is bound to it, and of its kind.
    pub(super) fn is_of(&self, socket: &impl AsFd) -> bool {
        let socket = SockRef::from(socket);
        let (Ok(bound), Ok(kind)) = (socket.local_addr(), socket.r#type()) else { return false };
        let is_datagram = kind == Type::DGRAM;
        match self {
            Address::Unix(unix) if !is_datagram => {
                SockAddr::unix(unix.name.path()).is_ok_and(|address| address == bound)
            }
            _ => is_datagram == (self.kind() == ListenKind::Udp) && self.at() == bound.as_socket(),
        }
    }

    /// The address of a socket that is open already, if it can be served as `bind` says.
    pub(super) fn served_as(bind: &Bind, socket: &impl AsFd) -> Option<Address> {
        let socket = SockRef::from(socket);
        let (bound, kind) = (socket.local_addr().ok()?, socket.r#type().ok()?);
        let is_datagram = matches!(bind, Bind::UdpEcho(_));
        match (bind, bound.as_socket()) {
            _ if is_datagram != (kind == Type::DGRAM) => None,
            (_, Some(at)) => Some(with_protocol(bind)?(at)),
            (Bind::Http(_) | Bind::HttpAndHttps(_), None) => {
                let name = match bound.as_pathname() {
                    Some(path) => SocketName::File(path.to_owned()),
                    None => SocketName::Abstract(
                        String::from_utf8_lossy(bound.as_abstract_namespace()?).into_owned(),
                    ),
                };
                Some(Address::Unix(UnixSocket::named(name)))
            }
            _ => None,
        }
    }

    /// A listener at this address, as workers see it.
    pub(super) fn listener(&self, deferred: bool) -> Listener {
        let local = self.at().map_or_else(|| "localhost".to_owned(), |at| at.to_string());
        Listener::new(self.protocol(), &local, deferred)
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

/// What is served there, at an IP address.
fn with_protocol(bind: &Bind) -> Option<fn(SocketAddr) -> Address> {
    match bind {
        Bind::Http(_) => Some(Address::Http),
        Bind::Https(_) => Some(Address::Https),
        Bind::HttpAndHttps(_) => Some(Address::HttpAndHttps),
        Bind::TcpEcho(_) => Some(Address::TcpEcho),
        Bind::UdpEcho(_) => Some(Address::UdpEcho),
        Bind::Unix(_) => None,
    }
}

/// The addresses of one `--listen`, which get the same port.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// Without duplicates; never empty.
    pub(super) addresses: Vec<Address>,
    /// Whether addresses that this machine does not have are skipped, if it has one of them.
    lenient: bool,
}

impl Group {
    /// Resolves the host of a listener.
    pub(super) fn resolve(listen: &Listen) -> io::Result<Group> {
        let (host, kind) = match (&listen.bind, with_protocol(&listen.bind)) {
            (Bind::Unix(socket), _) => {
                let addresses = vec![Address::Unix(socket.clone())];
                return Ok(Group { addresses, lenient: false });
            }
            (bind, kind) => bind.host().zip(kind).ok_or(ErrorKind::AddrNotAvailable)?,
        };
        let addresses = resolve::addresses(host)?.into_iter().map(kind).collect();
        // There may be no IPv6. All addresses of any other name must exist on this machine.
        Ok(Group { addresses, lenient: host.is_localhost() })
    }

    /// The same on this port, if any free one would do.
    pub(super) fn on_free_port(self, port: impl FnOnce() -> Option<u16>) -> Group {
        let is_free = self.addresses[0].at().is_some_and(|at| at.port() == 0);
        let Some(port) = is_free.then(port).flatten() else { return self };
        let addresses = self.addresses.into_iter().map(|address| address.on_port(port)).collect();
        Group { addresses, ..self }
    }

    /// Opens all addresses, each with a socket for every worker. Those that are `open` already are
    /// left out; `known` returns whether this server listens on a port, beside which the new
    /// sockets must not be refused.
    pub(super) fn open(
        &self,
        workers: usize,
        is_open: impl Fn(&Address) -> bool,
        is_ours: impl Fn(u16) -> bool,
    ) -> Result<Vec<Open>, (Address, io::Error)> {
        let one_port_for_all = self.addresses.len() > 1 && self.addresses[0].port() == 0;
        let mut tries = if one_port_for_all { SAME_PORT_TRIES } else { 1 };
        loop {
            tries -= 1;
            match self.try_open(workers, &is_open, &is_ours) {
                // A port that is free at the first address may be in use at another.
                Err((_, error)) if tries > 0 && error.kind() == ErrorKind::AddrInUse => {}
                outcome => return outcome,
            }
        }
    }

    fn try_open(
        &self,
        workers: usize,
        is_open: &impl Fn(&Address) -> bool,
        is_ours: &impl Fn(u16) -> bool,
    ) -> Result<Vec<Open>, (Address, io::Error)> {
        let mut all: Vec<Open> = Vec::new();
        let mut missing = None;
        for address in self.addresses.iter().filter(|address| !is_open(address)).cloned() {
            let address = match all.first() {
                Some(open) => address.on_port(open.address.port()),
                None => address,
            };
            match open(&address, workers, !is_ours(address.port())) {
                Ok(open) => all.push(open),
                Err(error) if self.lenient && is_missing(&error) => {
                    missing = Some((address, error))
                }
                Err(error) => return Err((address, error)),
            }
        }
        missing.filter(|_| all.is_empty()).map_or(Ok(all), Err)
    }
}

/// An open address.
#[derive(Debug)]
pub(super) struct Open {
    /// It, with the actual port.
    pub(super) address: Address,
    /// One for each worker; on a socket file one alone.
    pub(super) sockets: Vec<Socket>,
}

/// Opens an address. `alone`: no other program may listen on it.
fn open(address: &Address, workers: usize, alone: bool) -> io::Result<Open> {
    let (at, kind, transport) = match address {
        Address::Unix(socket) => {
            let sockets = vec![socket_file::listen(socket)?];
            return Ok(Open { address: address.clone(), sockets });
        }
        Address::UdpEcho(at) => (*at, Type::DGRAM, Transport::UDP),
        Address::Http(at)
        | Address::Https(at)
        | Address::HttpAndHttps(at)
        | Address::TcpEcho(at) => (*at, Type::STREAM, Transport::TCP),
    };
    let mut sockets = vec![bind(at, kind, transport, alone)?];
    let local = sockets[0].local_addr()?.as_socket().unwrap_or(at);
    for _ in 1..workers {
        sockets.push(bind(local, kind, transport, false)?);
    }
    for socket in &sockets {
        match kind {
            // The kernel limits the size, so failure is not an error.
            Type::DGRAM => drop(socket.set_recv_buffer_size(DATAGRAM_BUFFER_BYTES)),
            _ => {
                // Accepted sockets inherit both. TCP echo has no timeouts: keep-alive detects dead
                // clients.
                socket.set_tcp_nodelay(true)?;
                socket.set_keepalive(true)?;
                socket.listen(LISTEN_BACKLOG)?;
            }
        }
    }
    Ok(Open { address: address.clone().at_socket(local), sockets })
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
