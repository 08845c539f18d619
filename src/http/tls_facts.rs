//! What is known of a TLS connection: what its handshake agreed on, and what the client offered.

mod fingerprint;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::base::limits::MAX_OFFERED_BYTES;

/// A version of TLS. The older ones are deprecated (RFC 8996).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl TlsVersion {
    /// Every version that is spoken, in ascending order.
    pub const ALL: [TlsVersion; 2] = [TlsVersion::Tls12, TlsVersion::Tls13];

    /// Its number, as settings have it: `1.3`.
    pub const fn number(self) -> &'static str {
        match self {
            TlsVersion::Tls12 => "1.2",
            TlsVersion::Tls13 => "1.3",
        }
    }

    /// Its name: `TLS 1.3`.
    pub const fn name(self) -> &'static str {
        match self {
            TlsVersion::Tls12 => "TLS 1.2",
            TlsVersion::Tls13 => "TLS 1.3",
        }
    }
}

impl fmt::Display for TlsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// What the handshake of a TLS connection agreed on. There is no early data: it is never accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFacts {
    /// The version.
    pub version: TlsVersion,
    /// The cipher suite, by its number in the IANA registry.
    pub suite: u16,
    /// The group of the key exchange, likewise; `None`: a session of TLS 1.2 was resumed, which has
    /// none.
    pub group: Option<u16>,
    /// The protocol that ALPN chose.
    pub alpn: Option<&'static [u8]>,
    /// Whether a session was resumed.
    pub resumed: bool,
    /// Whether the client has announced by close_notify that it sends no more. One that closes
    /// without it is tolerated.
    pub close_notify: bool,
    /// The client's certificates in DER, its own first; empty if it sent none.
    pub client_chain: Box<[Box<[u8]>]>,
    /// What the client offered; `None` if that was unusually long.
    pub hello: Option<ClientHello>,
}

/// What a ClientHello offers, in its order and with its GREASE values (RFC 8701). It holds the
/// lists as they are on the wire, since each idle connection has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    legacy_version: u16,
    /// [`LISTS`] lists, each behind its length in two bytes.
    lists: Box<[u8]>,
}

/// Cipher suites, extensions, groups, point formats, signature algorithms, versions, protocols and
/// the server's name.
pub const LISTS: usize = 8;

impl ClientHello {
    /// A hello with these [lists](LISTS) as they are on the wire, without the length of the whole
    /// list; `None` if they are unusually long.
    pub fn new(legacy_version: u16, lists: [&[u8]; LISTS]) -> Option<ClientHello> {
        let bytes = lists.iter().map(|list| 2 + list.len()).sum();
        if bytes > MAX_OFFERED_BYTES {
            return None;
        }
        let mut joined = Vec::with_capacity(bytes);
        for list in lists {
            joined.extend_from_slice(&(list.len() as u16).to_be_bytes());
            joined.extend_from_slice(list);
        }
        Some(ClientHello { legacy_version, lists: joined.into() })
    }

    /// The version in its old place: 0x0303 since TLS 1.2.
    pub fn legacy_version(&self) -> u16 {
        self.legacy_version
    }

    /// Its cipher suites.
    pub fn suites(&self) -> impl Iterator<Item = u16> {
        numbers(self.list(0))
    }

    /// The types of its extensions.
    pub fn extensions(&self) -> impl Iterator<Item = u16> {
        numbers(self.list(1))
    }

    /// Its groups for the key exchange.
    pub fn groups(&self) -> impl Iterator<Item = u16> {
        numbers(self.list(2))
    }

    /// Its formats of points.
    pub fn point_formats(&self) -> &[u8] {
        self.list(3)
    }

    /// Its signature algorithms.
    pub fn signature_algorithms(&self) -> impl Iterator<Item = u16> {
        numbers(self.list(4))
    }

    /// Its versions, in the extension of that name.
    pub fn versions(&self) -> impl Iterator<Item = u16> {
        numbers(self.list(5))
    }

    /// Its protocols for ALPN.
    pub fn alpn(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.list(6);
        std::iter::from_fn(move || {
            let (&length, after) = rest.split_first()?;
            let (name, after) = after.split_at_checked(length.into())?;
            rest = after;
            Some(name)
        })
    }

    /// The server's name (SNI), as it was sent.
    pub fn server_name(&self) -> Option<&[u8]> {
        Some(self.list(7)).filter(|name| !name.is_empty())
    }

    fn list(&self, number: usize) -> &[u8] {
        let mut rest = &*self.lists;
        let mut next = || {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (list, after) = after.split_at_checked(u16::from_be_bytes(*length).into())?;
            rest = after;
            Some(list)
        };
        for _ in 0..number {
            next();
        }
        next().unwrap_or_default()
    }
}

fn numbers(list: &[u8]) -> impl Iterator<Item = u16> {
    list.chunks_exact(2).filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes))
}
