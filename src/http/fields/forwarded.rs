//! What listed proxies report of a request's client: `X-Forwarded-*`, or `Forwarded` (RFC 7239).
//!
//! Each proxy adds the address that it was connected from at the end, so the lists are read from
//! there, and only as long as the one who reports is trusted: the first address that is not is the
//! client's, and what is before it is only the client's word. `Forwarded` counts where there is no
//! `X-Forwarded-*`: a proxy sets one of them, most the latter, and passes on what a client has
//! written into the other.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::limits::MAX_FORWARDED_HOPS;
use crate::http::request::Request;
use crate::http::trusted_proxies::TrustedProxies;

/// What is known of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Forwarded<'a> {
    /// Its address; `None` on a Unix socket.
    pub client: Option<IpAddr>,
    /// Whether it has used TLS, if that is reported.
    pub secure: Option<bool>,
    /// The host that it has asked for, with its port, if that is reported.
    pub host: Option<Cow<'a, [u8]>>,
}

/// Reads what `trusted` proxies report; without any the client is the other end of the connection.
pub fn read<'a>(trusted: &TrustedProxies, request: &Request<'a>) -> Forwarded<'a> {
    let direct = Forwarded { client: request.peer, ..Forwarded::default() };
    if !trusted.contain(request.peer) {
        return direct;
    }
    let is_x = |name: &&str| request.field(name).is_some();
    if [FOR, PROTO, SSL, HOST].iter().any(is_x) {
        return x_forwarded(trusted, request);
    }
    let lines = request.fields_named("Forwarded").map(elements).collect::<Option<Vec<_>>>();
    let elements = lines.unwrap_or_default().concat();
    let hops = elements.iter().rev().map(|element| element.client.unwrap_or_default());
    let (client, hops) = walk(trusted, request.peer, hops);
    match elements.iter().rev().nth(hops.saturating_sub(1)) {
        None => direct,
        Some(element) => Forwarded {
            client,
            secure: element.proto.and_then(is_secure),
            host: element.host.filter(|host| is_host(host)).map(Cow::Borrowed),
        },
    }
}

const FOR: &str = "X-Forwarded-For";
const PROTO: &str = "X-Forwarded-Proto";
const SSL: &str = "X-Forwarded-Ssl";
const HOST: &str = "X-Forwarded-Host";

/// The other fields may be lists as well, or have one value, which is then of the last proxy.
fn x_forwarded<'a>(trusted: &TrustedProxies, request: &Request<'a>) -> Forwarded<'a> {
    let (client, hops) = walk(trusted, request.peer, last_first(request, FOR));
    let value = |name| last_first(request, name).take(hops.max(1)).last();
    let by_ssl = || value(SSL).map(|ssl| ssl.eq_ignore_ascii_case(b"on"));
    let secure = value(PROTO).and_then(is_secure).or_else(by_ssl);
    let host = value(HOST).filter(|host| is_host(host));
    let port = value("X-Forwarded-Port").and_then(|text| std::str::from_utf8(text).ok());
    let port = port.and_then(|text| text.parse::<u16>().ok());
    let usual = if secure.unwrap_or(request.tls.is_some()) { 443 } else { 80 };
    let host = host.map(|host| match port {
        Some(port) if port != usual && !has_port(host) => {
            [host, b":", port.to_string().as_bytes()].concat().into()
        }
        _ => Cow::Borrowed(host),
    });
    Forwarded { client, secure, host }
}

/// The entries of a comma-separated field, the last first.
fn last_first<'a>(request: &Request<'a>, name: &str) -> impl Iterator<Item = &'a [u8]> {
    let fields: &'a [_] = request.fields;
    let lines = fields.iter().rev().filter(move |field| field.is(name)).map(|field| field.value);
    lines.flat_map(|line| line.rsplit(|&byte| byte == b',').map(<[u8]>::trim_ascii))
}

/// The client's address, after reports of `hops`, the nearest first; and how many were read.
fn walk<'a>(
    trusted: &TrustedProxies,
    peer: Option<IpAddr>,
    hops: impl Iterator<Item = &'a [u8]>,
) -> (Option<IpAddr>, usize) {
    let (mut client, mut read) = (peer, 0);
    for hop in hops.take(MAX_FORWARDED_HOPS) {
        read += 1;
        let Some(address) = address(hop) else { break };
        client = Some(address);
        if !trusted.contain(client) {
            break;
        }
    }
    (client, read)
}

/// An address, which may have a port; an IPv6 address then has brackets.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        address.parse::<Ipv6Addr>().ok().filter(|_| fits)?.into()
    } else if let Ok(address) = text.parse::<IpAddr>() {
        address
    } else {
        let (address, port) = text.split_once(':')?;
        address.parse::<Ipv4Addr>().ok().filter(|_| is_port(port))?.into()
    };
    Some(address.to_canonical())
}

/// Whether a scheme is that of TLS; `None` for one that is neither of HTTP.
fn is_secure(scheme: &[u8]) -> Option<bool> {
    match scheme.to_ascii_lowercase().as_slice() {
        b"https" | b"wss" => Some(true),
        b"http" | b"ws" => Some(false),
        _ => None,
    }
}

/// Whether a text can be the host of a URL, with or without a port.
pub fn is_host(text: &[u8]) -> bool {
    let sound = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(byte);
    !text.is_empty() && text.iter().all(sound)
}

fn has_port(host: &[u8]) -> bool {
    let name = host.iter().rposition(|&byte| byte == b']').and_then(|end| host.get(end..));
    name.unwrap_or(host).contains(&b':')
}

/// What one proxy reports by `Forwarded`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Element<'a> {
    client: Option<&'a [u8]>,
    proto: Option<&'a [u8]>,
    host: Option<&'a [u8]>,
}

/// The elements of a field (RFC 7239 4); `None` if it is malformed.
fn elements(line: &[u8]) -> Option<Vec<Element<'_>>> {
    split(line, b',').map(|element| self::element(element?)).collect()
}

fn element(text: &[u8]) -> Option<Element<'_>> {
    let mut element = Element::default();
    for pair in split(text, b';').filter(|pair| *pair != Some(b"")) {
        let pair = pair?;
        let (name, value) = pair.split_at_checked(pair.iter().position(|&byte| byte == b'=')?)?;
        let read = match name.to_ascii_lowercase().as_slice() {
            b"for" => &mut element.client,
            b"proto" => &mut element.proto,
            b"host" => &mut element.host,
            _ => continue,
        };
        *read = Some(unquoted(value.get(1..)?)?);
    }
    Some(element)
}

/// A value without its quotes. Nothing that is read needs a backslash.
fn unquoted(value: &[u8]) -> Option<&[u8]> {
    match value.strip_prefix(b"\"") {
        Some(rest) => rest.strip_suffix(b"\"").filter(|value| !value.contains(&b'\\')),
        None => Some(value),
    }
}

/// Splits a text at `mark`, but not within quotes; `None`: a quote has no end.
fn split(text: &[u8], mark: u8) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = text.iter().position(|&byte| {
            let ends = !quoted && byte == mark;
            quoted ^= byte == b'"' && !escaped;
            escaped = quoted && byte == b'\\' && !escaped;
            ends
        });
        rest = end.and_then(|end| text.get(end + 1..));
        let part = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
        Some((!quoted).then_some(part.trim_ascii()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;
    use crate::http::trusted_proxies::{Network, Networks};

    /// What 127.0.0.1 reports, if it, 10.0.0.0/8 and 2001:db8::/32 are trusted.
    fn reported(fields: &[(&str, &str)]) -> (String, Option<bool>, Option<String>) {
        let network = |address: &str, prefix| Network::new(address.parse().unwrap(), prefix);
        let ip = [("127.0.0.1", 32), ("10.0.0.0", 8), ("2001:db8::", 32)];
        let ip = ip.into_iter().map(|(at, prefix)| network(at, prefix).unwrap()).collect();
        let trusted = TrustedProxies::Listed(Networks { ip, unix: false });
        ask("/", fields, b"", |request| {
            let Forwarded { client, secure, host } = read(&trusted, request);
            let host = host.map(|host| String::from_utf8(host.into_owned()).unwrap());
            (client.unwrap().to_string(), secure, host)
        })
    }

    fn client(name: &str, value: &str) -> String {
        reported(&[(name, value)]).0
    }

    #[test]
    fn the_client_is_the_last_address_that_no_proxy_has() {
        for (list, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("1.1.1.1, 192.0.2.1", "192.0.2.1"),
            ("1.1.1.1, 192.0.2.1, 10.0.0.1,10.9.9.9", "192.0.2.1"),
            ("192.0.2.1:99, [2001:db8::1]:80, 2001:db8::2", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("10.0.0.1, 10.0.0.2", "10.0.0.1"),
            ("192.0.2.1, unknown, 10.0.0.2", "10.0.0.2"),
            ("192.0.2.1, , 10.0.0.2", "10.0.0.2"),
            ("", "127.0.0.1"),
            ("_hidden", "127.0.0.1"),
            ("192.0.2.1:x", "127.0.0.1"),
            ("[192.0.2.1]", "127.0.0.1"),
            ("[::1]x", "127.0.0.1"),
        ] {
            assert_eq!(client(FOR, list), expected, "{list}");
        }
        let lines = [(FOR, "1.1.1.1"), ("x-forwarded-for", "192.0.2.1"), (FOR, "10.0.0.1")];
        assert_eq!(reported(&lines).0, "192.0.2.1");
        let many = "10.0.0.1,".repeat(MAX_FORWARDED_HOPS);
        assert_eq!(client(FOR, &format!("1.1.1.1,{}", many.trim_end_matches(','))), "10.0.0.1");
    }

    #[test]
    fn forwarded_is_read_by_element_unless_there_are_x_fields() {
        for (value, expected) in [
            ("for=192.0.2.1", ("192.0.2.1", None, None)),
            (
                "for=1.1.1.1;proto=http, For=\"192.0.2.1:8\";Proto=HTTPS;host=a.b , for=10.0.0.1",
                ("192.0.2.1", Some(true), Some("a.b")),
            ),
            ("by=_x;for=\"[2001:db9::1]:80\";;proto=http", ("2001:db9::1", Some(false), None)),
            ("for=unknown;proto=https", ("127.0.0.1", Some(true), None)),
            ("proto=https;host=a", ("127.0.0.1", Some(true), Some("a"))),
            ("for=192.0.2.1;ext=\"a,b;\\\"c\";host=\"a:1\"", ("192.0.2.1", None, Some("a:1"))),
            ("for=192.0.2.1;host=a/b", ("192.0.2.1", None, None)),
            ("for=192.0.2.1;ext=\"a", ("127.0.0.1", None, None)),
            ("for=192.0.2.1, x", ("127.0.0.1", None, None)),
            ("for=\"192.0.2\\.1\"", ("127.0.0.1", None, None)),
            ("", ("127.0.0.1", None, None)),
        ] {
            let (client, secure, host) = reported(&[("Forwarded", value)]);
            assert_eq!((client.as_str(), secure, host.as_deref()), expected, "{value}");
        }
        for name in [FOR, PROTO, SSL, HOST] {
            let fields = [("Forwarded", "for=192.0.2.1;proto=https;host=a"), (name, "?")];
            assert_ne!(reported(&fields).0, "192.0.2.1", "{name}");
        }
    }

    #[test]
    fn scheme_and_host_are_of_the_same_proxy_as_the_client() {
        let two = "192.0.2.1, 10.0.0.1";
        for (fields, secure, host) in [
            (&[(PROTO, "https")][..], Some(true), None),
            (&[(PROTO, "http"), (SSL, "on")], Some(false), None),
            (&[(PROTO, "ftp"), (SSL, "on")], Some(true), None),
            (&[(SSL, "off")], Some(false), None),
            (&[(FOR, two), (PROTO, "http, https, http")], Some(true), None),
            (&[(FOR, two), (PROTO, "https")], Some(true), None),
            (&[(PROTO, "https, http")], Some(false), None),
            (&[(HOST, "a"), ("X-Forwarded-Port", "8443")], None, Some("a:8443")),
            (&[(HOST, "[::1]"), ("X-Forwarded-Port", "81")], None, Some("[::1]:81")),
            (&[(HOST, "a:1"), ("X-Forwarded-Port", "8443")], None, Some("a:1")),
            (&[(HOST, "a"), ("X-Forwarded-Port", "80")], None, Some("a")),
            (&[(HOST, "a"), ("X-Forwarded-Port", "443")], None, Some("a:443")),
            (&[(HOST, "a"), ("X-Forwarded-Port", "443"), (PROTO, "https")], Some(true), Some("a")),
            (&[(HOST, "x, a"), ("X-Forwarded-Port", "x")], None, Some("a")),
            (&[(HOST, "a b")], None, None),
        ] {
            let reported = reported(fields);
            assert_eq!((reported.1, reported.2.as_deref()), (secure, host), "{fields:?}");
        }
    }
}
