//! Closing a TCP listener on other systems, which have no such options: it is closed as soon as its
//! queue is empty.

use std::io::{self, ErrorKind};

use mio::net::TcpListener;

/// Other systems do not have this, or require a kernel module.
pub(in crate::server) fn defer_accept<S>(_: &S, _: bool) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Handshakes may begin until the listener is closed.
pub(super) fn drop_syns(_: &TcpListener) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// As new ones may begin, waiting for their end would be of no use.
pub(super) fn handshakes(_: u16) -> bool {
    false
}
