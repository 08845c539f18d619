//! Checks the authority of a request: its Host field's, or its target's.

use std::net::Ipv6Addr;

use crate::http::char_class::in_plain_host;

/// Whether this is `uri-host [":" port]` (RFC 9110 7.2, RFC 3986 3.2.2), which may be empty.
pub(in crate::proto) fn is_valid(host: &[u8]) -> bool {
    // Nearly every name has only these characters; the whole grammar takes far longer to check.
    let plain = host.iter().position(|&byte| !in_plain_host(byte));
    match plain.and_then(|end| host.get(end..)) {
        None => true,
        Some([b':', port @ ..]) if port.iter().all(u8::is_ascii_digit) => true,
        Some(_) => matches_grammar(host),
    }
}

/// Whether there is a host before the port. An `http` URI without one is invalid (RFC 9110 4.2.1).
pub(in crate::proto) fn has_name(host: &[u8]) -> bool {
    !matches!(host, [] | [b':', ..])
}

/// Whether this is a target of CONNECT: a host and a port (RFC 9112 3.2.3), neither of them empty,
/// and the port a valid one (RFC 9110 9.3.6).
pub(in crate::proto) fn is_tunnel(authority: &[u8]) -> bool {
    let (_, port) = split(authority);
    let port = std::str::from_utf8(port).ok().and_then(|port| port.parse::<u16>().ok());
    is_valid(authority) && has_name(authority) && port.is_some_and(|port| port > 0)
}

/// The host, and the port after its colon.
fn split(host: &[u8]) -> (&[u8], &[u8]) {
    match host.iter().rposition(|&b| b == b':') {
        Some(colon) if !host.ends_with(b"]") => (&host[..colon], &host[colon + 1..]),
        _ => (host, b""),
    }
}

fn matches_grammar(host: &[u8]) -> bool {
    let (name, port) = split(host);
    let literal = name.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    port.iter().all(u8::is_ascii_digit)
        && match literal {
            Some(address) => is_ip_literal(address),
            None => is_reg_name(name),
        }
}

/// The content of the brackets: an IPv6 address, possibly with a zone (RFC 6874), or an address of
/// a later version.
fn is_ip_literal(literal: &[u8]) -> bool {
    let address = literal.split(|&b| b == b'%').next().unwrap_or_default();
    let zone = literal.get(address.len()..).unwrap_or_default();
    let ipv6 = std::str::from_utf8(address).is_ok_and(|text| text.parse::<Ipv6Addr>().is_ok());
    (ipv6 && (zone.is_empty() || is_zone_id(zone))) || is_ipv_future(literal)
}

/// `"%25" 1*( unreserved / pct-encoded )`
fn is_zone_id(zone: &[u8]) -> bool {
    zone.strip_prefix(b"%25").is_some_and(|name| !name.is_empty() && is_reg_name(name))
}

/// `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`
fn is_ipv_future(literal: &[u8]) -> bool {
    let [b'v' | b'V', rest @ ..] = literal else { return false };
    let digits = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let name = rest.get(digits..).and_then(|rest| rest.strip_prefix(b"."));
    let in_address = |&b: &u8| b == b':' || (b != b'%' && in_reg_name(b));
    digits > 0 && name.is_some_and(|name| !name.is_empty() && name.iter().all(in_address))
}

/// `*( unreserved / pct-encoded / sub-delims )`: other characters are sent as Punycode or escaped.
fn is_reg_name(name: &[u8]) -> bool {
    let digits =
        |rest: &[u8]| matches!(rest, [a, b, ..] if [a, b].iter().all(|d| d.is_ascii_hexdigit()));
    name.iter().all(|&b| in_reg_name(b)) && name.split(|&b| b == b'%').skip(1).all(digits)
}

fn in_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}
