//! Resolves host names, once, at the start.
//!
//! `localhost` is fixed. Any other name is searched for in `/etc/hosts` and then resolved by the
//! system with getaddrinfo(3), which may wait for DNS. A static binary with glibc uses `/etc/hosts`
//! alone: getaddrinfo would load the modules that nsswitch.conf(5) names, and modules of another
//! glibc version can crash it.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::net::{IpAddr, SocketAddr};

use crate::config::Host;

/// The file that is searched first.
const HOSTS: &str = "/etc/hosts";

/// The addresses of a host, without duplicates; an error if there is none.
pub(super) fn addresses(host: &Host) -> io::Result<Vec<SocketAddr>> {
    let (name, port) = match (host.addresses(), host) {
        (Some(known), _) => return Ok(known),
        (None, Host::Name(name, port)) => (name, *port),
        (None, Host::Address(address)) => return Ok(vec![*address]),
        (None, Host::Inherited(_)) => return Err(ErrorKind::AddrNotAvailable.into()),
    };
    let listed = File::open(HOSTS).map(|file| in_hosts(BufReader::new(file), name));
    let found = match listed {
        Ok(ips) if !ips.is_empty() => ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect(),
        _ => from_system(name, port)?,
    };
    let mut addresses = Vec::new();
    for address in found {
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(ErrorKind::NotFound, "it has no address"));
    }
    Ok(addresses)
}

/// The addresses of `name` in a hosts(5) file, which has an address and its names in each line.
fn in_hosts(file: impl BufRead, name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in file.lines().map_while(Result::ok) {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line.split_whitespace();
        if let Some(Ok(ip)) = words.next().map(str::parse)
            && words.any(|word| word.eq_ignore_ascii_case(name))
        {
            found.push(ip);
        }
    }
    found
}

#[cfg(not(all(target_env = "gnu", target_feature = "crt-static")))]
fn from_system(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    use std::net::ToSocketAddrs;
    tracing::debug!(name, "resolving a host name");
    (name, port).to_socket_addrs().map(Iterator::collect)
}

#[cfg(all(target_env = "gnu", target_feature = "crt-static"))]
fn from_system(_: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
    let why = format!("it is not in {HOSTS}, the only source of a static build");
    Err(io::Error::new(ErrorKind::NotFound, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hosts_file_has_names_after_each_address() {
        let file = "# 10.0.0.9 web\n127.0.0.1\tlocalhost web\n\n::1 localhost\n\
                    10.0.0.1 a.web WEB # b\n10.0.0.2 # web\n\
                    fe80::1%eth0 web\nweb 10.0.0.3\n10.0.0.4 webs";
        let found = |name| {
            let found = in_hosts(file.as_bytes(), name);
            found.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("web"), "127.0.0.1 10.0.0.1");
        assert_eq!(found("localhost"), "127.0.0.1 ::1");
        assert_eq!(found("a.web"), "10.0.0.1");
        assert_eq!(found("webs"), "10.0.0.4");
        assert_eq!(found("b") + &found("eb") + &found("10.0.0.1"), "");
    }

    #[test]
    fn localhost_is_both_loopback_addresses() {
        for name in ["localhost", "a.localhost"] {
            let found = addresses(&Host::Name(name.into(), 80)).expect("known");
            let found: Vec<String> = found.iter().map(SocketAddr::to_string).collect();
            assert_eq!(found, ["127.0.0.1:80", "[::1]:80"]);
        }
    }
}
