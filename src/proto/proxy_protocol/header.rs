//! Reads a header of the PROXY protocol: pure functions of the first bytes of a connection.
//!
//! The numbers are sections of HAProxy's `proxy-protocol.txt`. Where it leaves a choice, a header
//! that says that it knows no addresses (UNKNOWN, UNSPEC) is accepted, and what is behind that is
//! skipped unread, as in a LOCAL header: how long its addresses are cannot be known.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use super::crc32c::crc32c;
use crate::base::limits::{MAX_PROXY_HEADER_BYTES, PROXY_LINE_BYTES};
use crate::http::proxy_facts::{ProxiedRoute, ProxyFacts, TLV_CRC32C, TLV_SSL, tlvs};

/// What a connection begins with.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// A header, so far; not all of it is there.
    Partial,
    /// Anything else.
    Other,
    /// A header of this many bytes.
    Header(usize, ProxyFacts),
    /// A header that is not valid, and why.
    Invalid(&'static str),
}

/// What begins a header of version 1 (2.1).
const LINE: &[u8] = b"PROXY ";
/// What begins one of version 2 (2.2).
const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of version 2 before the addresses.
const FIXED_BYTES: usize = 16;
/// Bytes of each address of a Unix socket.
const UNIX_BYTES: usize = 108;

const BAD_ADDRESSES: &str = "its addresses are malformed";
const BAD_LENGTH: &str = "its length does not fit its contents";

/// Reads the header that `bytes` begins with. `proxy` is who has sent them. The result does not
/// depend on how many of the bytes behind a header or an error are there.
pub fn read(bytes: &[u8], proxy: Option<IpAddr>) -> Start {
    let begins = |with: &[u8]| bytes.iter().zip(with).all(|(one, other)| one == other);
    let read = match bytes.first() {
        None => return Start::Partial,
        Some(b'P') if begins(LINE) => read_line(bytes),
        Some(b'\r') if begins(SIGNATURE) => read_binary(bytes),
        Some(_) => return Start::Other,
    };
    match read {
        Ok(None) => Start::Partial,
        Ok(Some(Read { length, version, is_local, route, tlvs })) => {
            let tlvs = tlvs.into();
            Start::Header(length, ProxyFacts { proxy, version, is_local, route, tlvs })
        }
        Err(why) => Start::Invalid(why),
    }
}

/// A whole header.
struct Read<'a> {
    length: usize,
    version: u8,
    is_local: bool,
    route: ProxiedRoute,
    tlvs: &'a [u8],
}

/// Version 1: a line. The limit is the specification's, so no line is searched for its end twice
/// for long.
fn read_line(bytes: &[u8]) -> Result<Option<Read<'_>>, &'static str> {
    let most = bytes.get(..PROXY_LINE_BYTES).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', most) else {
        return if most.len() < PROXY_LINE_BYTES { Ok(None) } else { Err("its line is too long") };
    };
    let line = most.get(LINE.len()..end).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.ok_or("its line does not end with CR LF")?;
    let route = route_of_line(line).ok_or(BAD_ADDRESSES)?;
    Ok(Some(Read { length: end + 1, version: 1, is_local: false, route, tlvs: b"" }))
}

/// What follows `PROXY `. Behind UNKNOWN anything may.
fn route_of_line(line: &[u8]) -> Option<ProxiedRoute> {
    if line == b"UNKNOWN" || line.starts_with(b"UNKNOWN ") {
        return Some(ProxiedRoute::Unknown);
    }
    let mut parts = std::str::from_utf8(line).ok()?.split(' ');
    let address: fn(&str) -> Option<IpAddr> = match parts.next()? {
        "TCP4" => |text| Ipv4Addr::from_str(text).ok().map(IpAddr::V4),
        "TCP6" => |text| Ipv6Addr::from_str(text).ok().map(IpAddr::V6),
        _ => return None,
    };
    let [source, destination] = [address(parts.next()?)?, address(parts.next()?)?];
    let [from, to] = [port(parts.next()?)?, port(parts.next()?)?];
    let ends = [SocketAddr::new(source, from), SocketAddr::new(destination, to)];
    parts.next().is_none().then(|| ip_route(false, ends))
}

/// A port without leading zeros.
fn port(text: &str) -> Option<u16> {
    let plain = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| plain)
}

fn ip_route(datagrams: bool, [source, destination]: [SocketAddr; 2]) -> ProxiedRoute {
    let local = destination.to_string().into();
    ProxiedRoute::Ip { datagrams, source, destination, local }
}

/// Version 2: 16 bytes, addresses, TLVs.
fn read_binary(bytes: &[u8]) -> Result<Option<Read<'_>>, &'static str> {
    let rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    let is_local = match rest.first() {
        None => return Ok(None),
        Some(0x20) => true,
        Some(0x21) => false,
        Some(0x22..=0x2f) => return Err("its command is unknown"),
        Some(_) => return Err("its version is not 2"),
    };
    let Some([_, kind, high, low]) = rest.first_chunk() else { return Ok(None) };
    let length = FIXED_BYTES + usize::from(u16::from_be_bytes([*high, *low]));
    if length > MAX_PROXY_HEADER_BYTES {
        return Err("it is too long");
    }
    let Some(header) = bytes.get(..length) else { return Ok(None) };
    let block = header.get(FIXED_BYTES..).unwrap_or_default();
    let mut read = Read { length, version: 2, is_local, route: ProxiedRoute::Unknown, tlvs: b"" };
    if is_local {
        return Ok(Some(read));
    }
    let (family, transport) = (kind >> 4, kind & 0x0f);
    if family > 3 || transport > 2 {
        return Err("its address family or transport is unknown");
    }
    if family != 0 && transport != 0 {
        (read.route, read.tlvs) = addresses(family, transport == 2, block).ok_or(BAD_LENGTH)?;
        check_tlvs(header, read.tlvs)?;
    }
    Ok(Some(read))
}

/// The addresses at the start of a block, and the TLVs behind them.
fn addresses(family: u8, datagrams: bool, block: &[u8]) -> Option<(ProxiedRoute, &[u8])> {
    let port = |bytes: &[u8; 2]| u16::from_be_bytes(*bytes);
    let (ips, rest): ([IpAddr; 2], &[u8]) = match family {
        1 => {
            let (source, rest) = block.split_first_chunk::<4>()?;
            let (destination, rest) = rest.split_first_chunk::<4>()?;
            ([(*source).into(), (*destination).into()], rest)
        }
        2 => {
            let (source, rest) = block.split_first_chunk::<16>()?;
            let (destination, rest) = rest.split_first_chunk::<16>()?;
            ([(*source).into(), (*destination).into()], rest)
        }
        _ => {
            let (source, rest) = block.split_at_checked(UNIX_BYTES)?;
            let (destination, rest) = rest.split_at_checked(UNIX_BYTES)?;
            let [source, destination] = [source, destination].map(|name| unpadded(name).into());
            return Some((ProxiedRoute::Unix { datagrams, source, destination }, rest));
        }
    };
    let (from, rest) = rest.split_first_chunk::<2>()?;
    let (to, rest) = rest.split_first_chunk::<2>()?;
    let [source, destination] = ips;
    let ends = [SocketAddr::new(source, port(from)), SocketAddr::new(destination, port(to))];
    Some((ip_route(datagrams, ends), rest))
}

/// A socket's name without the zero bytes at its end; one in Linux's abstract namespace begins with
/// one.
fn unpadded(name: &[u8]) -> &[u8] {
    let end = name.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    name.get(..end).unwrap_or_default()
}

/// Checks that the TLVs at the end of a header are whole, and its checksum if it has one.
fn check_tlvs(header: &[u8], all: &[u8]) -> Result<(), &'static str> {
    let mut at = header.len() - all.len();
    for tlv in tlvs(all) {
        let tlv = tlv.map_err(|_| BAD_LENGTH)?;
        match tlv.kind {
            TLV_CRC32C => {
                let sum = tlv.value.try_into().map_err(|_| BAD_LENGTH)?;
                let before = header.get(..at + 3).unwrap_or_default();
                let after = header.get(at + 7..).unwrap_or_default();
                if crc32c(&[before, &[0; 4], after]) != u32::from_be_bytes(sum) {
                    return Err("its checksum is wrong");
                }
            }
            TLV_SSL => {
                let ssl = tlv.ssl().ok_or(BAD_LENGTH)?;
                if tlvs(ssl.subs).any(|sub| sub.is_err()) {
                    return Err(BAD_LENGTH);
                }
            }
            _ => {}
        }
        at += 3 + tlv.value.len();
    }
    Ok(())
}
