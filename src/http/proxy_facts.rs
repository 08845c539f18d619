//! What a proxy has reported of a connection by a header of the PROXY protocol.

use std::net::{IpAddr, SocketAddr};

/// A header of the PROXY protocol, and who has sent it. The specification is HAProxy's
/// `proxy-protocol.txt`; "2.2" and the like are its sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyFacts {
    /// The proxy's own address; `None` on a Unix socket.
    pub proxy: Option<IpAddr>,
    /// The version of the protocol, 1 or 2.
    pub version: u8,
    /// Whether the connection is the proxy's own (LOCAL), such as a health check. Its addresses are
    /// then those of the connection.
    pub is_local: bool,
    /// Both ends of the client's connection to the proxy.
    pub route: ProxiedRoute,
    /// Everything behind the addresses as it is on the wire: valid TLVs. Empty in version 1.
    pub tlvs: Box<[u8]>,
}

/// Both ends of the client's connection to a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxiedRoute {
    /// They are not known (UNKNOWN, UNSPEC), or the connection is the proxy's own.
    Unknown,
    /// TCP or UDP.
    Ip {
        /// Whether it is UDP.
        datagrams: bool,
        /// The client's address.
        source: SocketAddr,
        /// The address that it connected to.
        destination: SocketAddr,
        /// The same as a text, for requests without a host.
        local: Box<str>,
    },
    /// A Unix socket.
    Unix {
        /// Whether it is one for datagrams.
        datagrams: bool,
        /// The client's socket, without the zero bytes at its end; usually empty.
        source: Box<[u8]>,
        /// The socket that it connected to, likewise.
        destination: Box<[u8]>,
    },
}

impl ProxiedRoute {
    /// Its family and transport as version 1 names them.
    pub fn name(&self) -> &'static str {
        match self {
            ProxiedRoute::Unknown => "UNKNOWN",
            ProxiedRoute::Ip { datagrams, source, .. } => match (datagrams, source) {
                (false, SocketAddr::V4(_)) => "TCP4",
                (false, SocketAddr::V6(_)) => "TCP6",
                (true, SocketAddr::V4(_)) => "UDP4",
                (true, SocketAddr::V6(_)) => "UDP6",
            },
            ProxiedRoute::Unix { datagrams: false, .. } => "UNIX_STREAM",
            ProxiedRoute::Unix { datagrams: true, .. } => "UNIX_DGRAM",
        }
    }
}

impl ProxyFacts {
    /// The client's address: the one reported, or the proxy's if none is. `None` on a Unix socket.
    pub fn client(&self) -> Option<IpAddr> {
        match &self.route {
            ProxiedRoute::Unknown => self.proxy,
            ProxiedRoute::Ip { source, .. } => Some(source.ip()),
            ProxiedRoute::Unix { .. } => None,
        }
    }

    /// The client's port, if an address was reported.
    pub fn client_port(&self) -> Option<u16> {
        match &self.route {
            ProxiedRoute::Ip { source, .. } => Some(source.port()),
            ProxiedRoute::Unknown | ProxiedRoute::Unix { .. } => None,
        }
    }

    /// The address that the client connected to as `host:port`, if it is known.
    pub fn local(&self) -> Option<&str> {
        match &self.route {
            ProxiedRoute::Ip { local, .. } => Some(local),
            _ => None,
        }
    }

    /// Its TLVs in their order.
    pub fn tlvs(&self) -> impl Iterator<Item = Tlv<'_>> {
        tlvs(&self.tlvs).map_while(Result::ok)
    }
}

/// A TLV of version 2 (2.2): a type and a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The type.
    pub kind: u8,
    /// The value.
    pub value: &'a [u8],
}

/// `PP2_TYPE_CRC32C` (2.2.3).
pub const TLV_CRC32C: u8 = 0x03;
/// `PP2_TYPE_SSL` (2.2.6).
pub const TLV_SSL: u8 = 0x20;

/// The known types, with their names in the specification without `PP2_TYPE_` and
/// `PP2_SUBTYPE_`, and whether their values are texts.
const KINDS: [(u8, &str, bool); 12] = [
    (0x01, "ALPN", true),
    (0x02, "AUTHORITY", true),
    (TLV_CRC32C, "CRC32C", false),
    (0x04, "NOOP", false),
    (0x05, "UNIQUE_ID", false),
    (TLV_SSL, "SSL", false),
    (0x21, "SSL_VERSION", true),
    (0x22, "SSL_CN", true),
    (0x23, "SSL_CIPHER", true),
    (0x24, "SSL_SIG_ALG", true),
    (0x25, "SSL_KEY_ALG", true),
    (0x30, "NETNS", true),
];

impl<'a> Tlv<'a> {
    /// The name of its type, if it is registered.
    pub fn name(&self) -> Option<&'static str> {
        KINDS.iter().find(|kind| kind.0 == self.kind).map(|kind| kind.1)
    }

    /// Its value, if that is a text.
    pub fn text(&self) -> Option<&'a [u8]> {
        let is_text = KINDS.iter().any(|kind| kind.0 == self.kind && kind.2);
        Some(self.value).filter(|_| is_text)
    }

    /// What it reports of TLS, if that is its type and its value is long enough.
    pub fn ssl(&self) -> Option<SslTlv<'a>> {
        let (&client, rest) = self.value.split_first().filter(|_| self.kind == TLV_SSL)?;
        let (verify, subs) = rest.split_first_chunk()?;
        Some(SslTlv { client, verify: u32::from_be_bytes(*verify), subs })
    }
}

/// What a proxy reports of the client's TLS connection (2.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SslTlv<'a> {
    /// Bits: 1 for TLS, 2 and 4 for a client certificate on this connection and in its session.
    pub client: u8,
    /// 0 if the client has presented a certificate that was verified.
    pub verify: u32,
    /// Further TLVs, as they are on the wire.
    pub subs: &'a [u8],
}

/// A TLV that is longer than what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated;

/// Splits `bytes` into TLVs. After an error nothing follows.
pub fn tlvs(bytes: &[u8]) -> impl Iterator<Item = Result<Tlv<'_>, Truncated>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let taken = std::mem::take(&mut rest);
        let split = || {
            let ([kind, high, low], after) = taken.split_first_chunk()?;
            let length = u16::from_be_bytes([*high, *low]);
            let (value, after) = after.split_at_checked(length.into())?;
            Some((Tlv { kind: *kind, value }, after))
        };
        Some(match split() {
            Some((tlv, after)) => {
                rest = after;
                Ok(tlv)
            }
            None => Err(Truncated),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tlvs_end_with_the_bytes_or_with_an_error() {
        let all = |bytes| tlvs(bytes).collect::<Vec<_>>();
        let h2 = Ok(Tlv { kind: 1, value: b"h2".as_slice() });
        assert_eq!(all(b""), []);
        assert_eq!(all(b"\x01\0\x02h2\x04\0\0"), [h2, Ok(Tlv { kind: 4, value: b"" })]);
        for cut in 1..3 {
            assert_eq!(all(&b"\x01\0\x02h2\x04\0\0"[..5 + cut]), [h2, Err(Truncated)]);
            assert_eq!(all(&b"\x01\0\x02h2"[..2 + cut]), [Err(Truncated)]);
        }
    }

    #[test]
    fn what_a_proxy_reports_of_tls_has_tlvs_of_its_own() {
        let value = b"\x07\0\0\0\x01\x21\0\x07TLSv1.3";
        let ssl = Tlv { kind: TLV_SSL, value }.ssl().unwrap();
        assert_eq!((ssl.client, ssl.verify), (7, 1));
        let [Ok(version)] = tlvs(ssl.subs).collect::<Vec<_>>()[..] else { panic!() };
        assert_eq!((version.name(), version.text()), (Some("SSL_VERSION"), Some(&b"TLSv1.3"[..])));
        assert_eq!(Tlv { kind: TLV_SSL, value: &value[..4] }.ssl(), None);
        assert_eq!(Tlv { kind: 1, value }.ssl(), None);
        assert_eq!(Tlv { kind: 0xe0, value }.name(), None);
    }
}
