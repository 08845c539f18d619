//! Opening listeners.
//!
//! Each worker opens its own, all on the same address (SO_REUSEPORT), so the kernel shares the
//! connections out. That would also let a second loiter slip in unnoticed; therefore the first
//! worker asks beforehand whether the address is free. A socket file cannot be shared this way: the
//! first worker serves it alone.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use socket2::{Domain, Protocol as Transport, Socket, Type};

use super::os::{self, Datagrams, Listener};
use super::worker::Gate;
use crate::base::limits::{BACKLOG, DATAGRAM_BUFFER_BYTES};
use crate::base::time::Time;
use crate::config::Listen;
use crate::proto::conn::Protocol;

/// An open listener, and where it really listens.
#[derive(Debug)]
pub(super) struct Open {
    /// For the worker's part of the system.
    pub(super) listener: Listener,
    /// For the worker.
    pub(super) gate: Gate,
    /// The address with its real port.
    pub(super) bound: Listen,
}

/// Opens one listener. `first`: for the first worker, to which it matters that nobody else is
/// there. `defers`: let HTTP's clients speak before they are accepted.
pub(super) fn open(listen: &Listen, first: bool, defers: bool) -> io::Result<Open> {
    match listen {
        Listen::Http(address) => tcp(*address, first, defers, Protocol::Http, Listen::Http),
        Listen::TcpEcho(address) => tcp(*address, first, false, Protocol::Echo, Listen::TcpEcho),
        Listen::UdpEcho(address) => udp(*address, first),
        Listen::Unix(path) => unix(path),
    }
}

fn tcp(
    address: SocketAddr,
    first: bool,
    defers: bool,
    protocol: Protocol,
    named: fn(SocketAddr) -> Listen,
) -> io::Result<Open> {
    let socket = bind(address, Type::STREAM, Transport::TCP, first)?;
    // Accepted sockets inherit both. Raw echo has no timeout, so the kernel finds out who is gone.
    socket.set_tcp_nodelay(true)?;
    socket.set_keepalive(true)?;
    let deferred = defers && os::defer_accept(&socket).is_ok();
    socket.listen(BACKLOG)?;
    let listener = mio::net::TcpListener::from_std(socket.into());
    let local = listener.local_addr()?;
    Ok(Open {
        listener: Listener::Tcp(listener),
        gate: Gate { deferred, ..gate(Some(protocol), local.to_string()) },
        bound: named(local),
    })
}

fn udp(address: SocketAddr, first: bool) -> io::Result<Open> {
    let socket = bind(address, Type::DGRAM, Transport::UDP, first)?;
    // A wish: the kernel clips it.
    let _ = socket.set_recv_buffer_size(DATAGRAM_BUFFER_BYTES);
    let socket = mio::net::UdpSocket::from_std(socket.into());
    let local = socket.local_addr()?;
    Ok(Open {
        listener: Listener::Udp(Datagrams::new(socket)),
        gate: gate(None, local.to_string()),
        bound: Listen::UdpEcho(local),
    })
}

fn gate(protocol: Option<Protocol>, local: String) -> Gate {
    Gate { protocol, local, deferred: false, look: Time::NEVER }
}

/// A bound socket. `[::]` takes IPv4 as well; where there is no IPv6, 0.0.0.0 stands in for it.
fn bind(address: SocketAddr, kind: Type, transport: Transport, first: bool) -> io::Result<Socket> {
    match bind_exactly(address, kind, transport, first) {
        Err(error) if address.ip() == IpAddr::from([0u16; 8]) && no_ipv6(&error) => {
            let address = SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port());
            bind_exactly(address, kind, transport, first)
        }
        result => result,
    }
}

fn no_ipv6(error: &io::Error) -> bool {
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
    // For TCP it means: although connections of an earlier server still linger here. For UDP it
    // would mean sharing.
    if kind == Type::STREAM {
        socket.set_reuse_address(true)?;
    }
    Ok(socket)
}

fn unix(path: &Path) -> io::Result<Open> {
    make_way(path)?;
    let listener = mio::net::UnixListener::bind(path)?;
    Ok(Open {
        listener: Listener::Unix(listener),
        gate: gate(Some(Protocol::Http), "localhost".into()),
        bound: Listen::Unix(path.into()),
    })
}

/// A socket file that we made, known by its inode: the name may be another server's by now.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    inode: u64,
}

impl SocketFile {
    /// The file of a listener that is one.
    pub(super) fn of(listen: &Listen) -> Option<SocketFile> {
        let Listen::Unix(path) = listen else { return None };
        let inode = path.symlink_metadata().ok()?.ino();
        Some(SocketFile { path: path.clone(), inode })
    }

    /// Removes it, if it is still there.
    pub(super) fn remove(self) {
        if self.path.symlink_metadata().is_ok_and(|metadata| metadata.ino() == self.inode) {
            // Somebody else may just have done so.
            let _ = std::fs::remove_file(self.path);
        }
    }
}

/// Removes a socket file that a dead server left; anything else stays, and is an error to bind to.
fn make_way(path: &Path) -> io::Result<()> {
    let Ok(metadata) = path.symlink_metadata() else { return Ok(()) };
    if !metadata.file_type().is_socket() {
        return Err(io::Error::new(ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Err(error) if error.kind() == ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        _ => Err(ErrorKind::AddrInUse.into()),
    }
}
