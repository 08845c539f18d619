//! Why a server does not start, or does not take new settings.

use std::fmt;
use std::io::{self, ErrorKind};

use super::listen::Address;
use crate::config::{BadValue, Bind};

/// Why a server did not start. Displayed, it includes advice.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A value that was given by name is invalid.
    Setting(BadValue),
    /// The address is invalid.
    Address(BadValue),
    /// The modifiers of the server or a listener are invalid.
    Modifiers(BadValue),
    /// A certificate or another part of TLS is invalid.
    Tls(BadValue),
    /// The host name does not resolve.
    Resolve(Bind, io::Error),
    /// Listening on the address failed.
    Listen(Address, io::Error),
    /// Opening the access log failed.
    Log(io::Error),
    /// The machine's host name is not known.
    Hostname(io::Error),
    /// The workers did not open the listeners.
    Workers(io::Error),
    /// The system has no thread, poll or pipe to give.
    System(io::Error),
    /// The server is being stopped, and takes no new settings.
    Stopping,
}

impl std::error::Error for StartError {}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Setting(error)
            | StartError::Address(error)
            | StartError::Modifiers(error)
            | StartError::Tls(error) => error.fmt(f),
            StartError::Resolve(bind, error) => write!(
                f,
                "cannot resolve the host of {bind}: {error}; give an address, such as \
                 127.0.0.1, or add the name to /etc/hosts"
            ),
            StartError::Listen(address, error) => {
                write!(f, "cannot listen on {address}: {error}; {}", advice(address, error))
            }
            StartError::Log(error) => write!(
                f,
                "cannot open the access log {error}; give a file in a directory that this user can \
                 write to with --access-log-file"
            ),
            StartError::Hostname(error) => write!(
                f,
                "cannot get this machine's host name: {error}; remove --use-real-hostname"
            ),
            StartError::Workers(error) => {
                write!(f, "the workers did not open the listeners: {error}")
            }
            StartError::System(error) => {
                write!(f, "no thread or descriptor is available: {error}; check `ulimit -a`")
            }
            StartError::Stopping => f.write_str("the server is being stopped"),
        }
    }
}

fn advice(address: &Address, error: &io::Error) -> &'static str {
    match (error.kind(), address) {
        (ErrorKind::AddrInUse, Address::Unix(_)) => {
            "another server uses this socket file; choose another with --listen unix:PATH"
        }
        (ErrorKind::AddrInUse, _) => {
            "another program uses this port; choose another with --listen HOST:PORT, or port 0 for \
             any free one"
        }
        (ErrorKind::PermissionDenied, Address::Unix(_)) => {
            "choose a directory that this user can write to"
        }
        (ErrorKind::Other, Address::Unix(_)) => {
            "only root can set any owner; other users can only set a group they are in"
        }
        (ErrorKind::PermissionDenied, _) => {
            "choose a port above 1023, or grant the capability CAP_NET_BIND_SERVICE"
        }
        (ErrorKind::AddrNotAvailable, _) => {
            "this machine does not have this address; try 127.0.0.1, or 0.0.0.0 for every interface"
        }
        _ => "choose another address with --listen",
    }
}
