//! The proxies that are believed when they report another client than themselves.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Whose reports of a client are believed: in header fields such as `X-Forwarded-For`, and in a
/// header of the PROXY protocol where that is optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedProxies {
    /// Everyone's, as far as httpbin or go-httpbin reads them.
    All,
    /// Nobody's.
    None,
    /// Those of proxies in these networks.
    Listed(Networks),
}

impl TrustedProxies {
    /// Whether a proxy at this address is believed; `None` is the other end of a Unix socket.
    pub fn contain(&self, address: Option<IpAddr>) -> bool {
        match self {
            TrustedProxies::All => true,
            TrustedProxies::None => false,
            TrustedProxies::Listed(networks) => networks.contain(address),
        }
    }
}

/// A list of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    /// IPv4 and IPv6.
    pub ip: Vec<Network>,
    /// Whether Unix sockets are one of them.
    pub unix: bool,
}

impl Networks {
    fn contain(&self, address: Option<IpAddr>) -> bool {
        match address {
            Some(address) => self.ip.iter().any(|network| network.contains(address)),
            None => self.unix,
        }
    }
}

/// An IP network. An IPv4 address and the same mapped into IPv6 are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// IPv4 is mapped into IPv6.
    base: u128,
    /// Bits of `base` that all its addresses have in common, 0 to 128.
    prefix: u32,
}

/// Bits before an IPv4 address that is mapped into IPv6 (RFC 4291 2.5.5.2).
const MAPPED_BITS: u32 = 96;

impl Network {
    /// The network of this address in which so many bits are common to all; `None` if it has fewer.
    pub fn new(address: IpAddr, prefix: u32) -> Option<Network> {
        let (bits, before) = if address.is_ipv4() { (32, MAPPED_BITS) } else { (128, 0) };
        let prefix = (prefix <= bits).then_some(prefix + before)?;
        Some(Network { base: number(address) & mask(prefix), prefix })
    }

    /// Its first address.
    pub fn first(&self) -> IpAddr {
        let first = IpAddr::from(Ipv6Addr::from(self.base));
        if self.prefix < MAPPED_BITS { first } else { first.to_canonical() }
    }

    fn contains(&self, address: IpAddr) -> bool {
        number(address) & mask(self.prefix) == self.base
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.first();
        let (bits, before) = if first.is_ipv4() { (32, MAPPED_BITS) } else { (128, 0) };
        match self.prefix - before {
            prefix if prefix == bits => first.fmt(f),
            prefix => write!(f, "{first}/{prefix}"),
        }
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn mask(prefix: u32) -> u128 {
    u128::MAX.checked_shl(128 - prefix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str, prefix: u32) -> Network {
        Network::new(address.parse().unwrap(), prefix).unwrap()
    }

    #[test]
    fn a_network_contains_its_addresses_in_both_notations() {
        for (network, shown, inside, outside) in [
            (network("10.1.2.3", 8), "10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            (network("10.0.0.1", 32), "10.0.0.1", "10.0.0.1", "10.0.0.2"),
            (network("10.0.0.1", 31), "10.0.0.0/31", "10.0.0.1", "10.0.0.2"),
            (network("0.0.0.0", 0), "0.0.0.0/0", "255.255.255.255", "::1"),
            (network("::ffff:10.0.0.0", 104), "10.0.0.0/8", "10.9.9.9", "::a00:1"),
            (network("2001:db8::", 32), "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            (network("::1", 128), "::1", "::1", "::2"),
            (network("fe80::", 10), "fe80::/10", "febf::1", "fec0::"),
        ] {
            assert_eq!(network.to_string(), shown);
            assert!(network.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!network.contains(outside.parse().unwrap()), "{network} {outside}");
        }
        assert!(network("10.0.0.0", 8).contains("::ffff:10.0.0.1".parse().unwrap()));
        assert!(network("::", 0).contains("127.0.0.1".parse().unwrap()));
        assert_eq!(network("::", 0).to_string(), "::/0");
        assert_eq!(Network::new([10, 0, 0, 0].into(), 33), None);
        assert_eq!(Network::new(Ipv6Addr::LOCALHOST.into(), 129), None);
    }

    #[test]
    fn a_unix_socket_is_a_network_of_its_own() {
        let listed = |unix| TrustedProxies::Listed(Networks { ip: vec![network("::", 0)], unix });
        assert!(listed(true).contain(None) && !listed(false).contain(None));
        assert!(TrustedProxies::All.contain(None) && !TrustedProxies::None.contain(None));
        let loopback = Some([127, 0, 0, 1].into());
        assert!(TrustedProxies::All.contain(loopback) && !TrustedProxies::None.contain(loopback));
    }
}
