//! An address to listen on, and what is spoken there.
//!
//! Names are not looked up: a server that waits for DNS before it listens fails in ways that are
//! hard to see. `localhost` is the one name that is known, and means 127.0.0.1.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;

use super::values::BadValue;
use crate::base::limits::MAX_LISTENERS;

/// One listener: what is spoken, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    /// HTTP over TCP.
    Http(SocketAddr),
    /// Every byte received over TCP is sent back.
    TcpEcho(SocketAddr),
    /// Every datagram received is sent back.
    UdpEcho(SocketAddr),
    /// HTTP on a socket file.
    Unix(PathBuf),
}

impl Listen {
    /// Whether both cannot be listened on at once. Port 0 never clashes: each gets its own.
    fn clashes(&self, other: &Listen) -> bool {
        use Listen::{Http, TcpEcho, UdpEcho, Unix};
        match (self, other) {
            (Unix(path), Unix(other)) => path == other,
            (UdpEcho(address), UdpEcho(other))
            | (Http(address) | TcpEcho(address), Http(other) | TcpEcho(other)) => {
                address == other && address.port() != 0
            }
            _ => false,
        }
    }
}

impl FromStr for Listen {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Listen, BadValue> {
        if let Some(path) = text.strip_prefix("unix:") {
            return socket_file(path);
        }
        match text.split_once("://") {
            None => address(text).map(Listen::Http),
            Some(("http", at)) => address(at.strip_suffix('/').unwrap_or(at)).map(Listen::Http),
            Some(("tcp-echo", at)) => address(at).map(Listen::TcpEcho),
            Some(("udp-echo", at)) => address(at).map(Listen::UdpEcho),
            Some((scheme, _)) => Err(BadValue::new(format!("`{scheme}://` is not spoken here"))
                .advise("write http://, tcp-echo:// or udp-echo:// and an address, or unix:PATH")),
        }
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Http(address) => write!(f, "http://{address}"),
            Listen::TcpEcho(address) => write!(f, "tcp-echo://{address}"),
            Listen::UdpEcho(address) => write!(f, "udp-echo://{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Addresses with commas between them, each given once: with SO_REUSEPORT the kernel would not
/// mind a second time, and would share the connections out between the two.
pub(crate) fn listeners(text: &str) -> Result<Vec<Listen>, BadValue> {
    let mut all: Vec<Listen> = Vec::new();
    for part in text.split(',') {
        let listen: Listen = part.trim().parse()?;
        if all.iter().any(|other| listen.clashes(other)) {
            return Err(BadValue::new(format!("`{listen}` is listened on already"))
                .advise("give each address once"));
        }
        if all.len() == MAX_LISTENERS {
            return Err(BadValue::new(format!("there are more than {MAX_LISTENERS} listeners"))
                .advise("start a second loiter for the others"));
        }
        all.push(listen);
    }
    Ok(all)
}

/// `unix:PATH`, or `unix://PATH` as it is often written.
fn socket_file(path: &str) -> Result<Listen, BadValue> {
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path.contains([',', '\0']) {
        return Err(BadValue::new(format!("`unix:{path}` names no usable socket file"))
            .advise("write unix:PATH, such as unix:/run/loiter.sock (a comma ends an address)"));
    }
    Ok(Listen::Unix(PathBuf::from(path)))
}

/// `HOST:PORT`, where no host, or `*`, is every interface of both IP versions.
fn address(text: &str) -> Result<SocketAddr, BadValue> {
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    let (host, port) = split_port(text)?;
    let port = port.parse().map_err(|_| {
        BadValue::new(format!("`{port}` is not a port"))
            .advise("a port is a number from 0 (any free one) to 65535")
    })?;
    let ip = match host {
        "" | "*" => Ok(IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        "localhost" => Ok(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        _ => host.parse().map_err(|_| {
            BadValue::new(format!("`{host}` is not an IP address")).advise(
                "names are not looked up: write an address, such as 127.0.0.1, \
                 or 0.0.0.0 for every interface",
            )
        }),
    }?;
    Ok(SocketAddr::new(ip, port))
}

/// The host, with its brackets, and the port.
fn split_port(text: &str) -> Result<(&str, &str), BadValue> {
    let port_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if port_only {
        return Err(BadValue::new(format!("`{text}` has no host")).advise(format!(
            "write 127.0.0.1:{text} for this machine only, or :{text} for every interface"
        )));
    }
    if !text.starts_with('[') && text.matches(':').count() > 1 {
        let host = text.parse::<Ipv6Addr>().map_or("::1".to_owned(), |host| host.to_string());
        return Err(BadValue::new(format!("`{text}` is an IPv6 address without brackets"))
            .advise(format!("write [{host}]:8080")));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Ok((host, port)),
        _ => Err(BadValue::new(format!("`{text}` has no port"))
            .advise("write HOST:PORT, such as 127.0.0.1:8080")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> String {
        match text.parse::<Listen>() {
            Ok(listen) => listen.to_string(),
            Err(bad) => bad.to_string(),
        }
    }

    #[test]
    fn every_kind_of_address_is_read_and_shown() {
        for (text, shown) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("localhost:80", "http://127.0.0.1:80"),
            (":8080", "http://[::]:8080"),
            ("*:8080", "http://[::]:8080"),
            ("[::1]:0", "http://[::1]:0"),
            ("[fe80::1%2]:80", "http://[fe80::1%2]:80"),
            ("tcp-echo://0.0.0.0:7", "tcp-echo://0.0.0.0:7"),
            ("udp-echo://:7", "udp-echo://[::]:7"),
            ("unix:/run/loiter.sock", "unix:/run/loiter.sock"),
            ("unix:///run/loiter.sock", "unix:/run/loiter.sock"),
            ("unix:loiter.sock", "unix:loiter.sock"),
        ] {
            assert_eq!(listen(text), shown, "{text}");
            assert_eq!(listen(shown), shown, "what is shown reads back");
        }
    }

    #[test]
    fn an_address_is_given_once() {
        for (text, fine) in [
            (":80,:81,unix:a,unix:b", true),
            ("tcp-echo://:7,udp-echo://:7", true),
            (":0,:0,udp-echo://:0,udp-echo://:0", true),
            (":80,127.0.0.1:80", true),
            (":80,:80", false),
            (":80,tcp-echo://:80", false),
            ("udp-echo://:7,udp-echo://:7", false),
            ("unix:a,unix:a", false),
            (":80,", false),
        ] {
            assert_eq!(listeners(text).is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn every_mistake_says_what_to_write_instead() {
        for (text, said) in [
            ("8080", "write 127.0.0.1:8080 for this machine only, or :8080"),
            ("127.0.0.1", "`127.0.0.1` has no port; write HOST:PORT"),
            ("[::1]", "`[::1]` has no port"),
            ("", "`` has no port"),
            ("::1", "write [::1]:8080"),
            ("::1:8080", "without brackets"),
            ("a:b:c", "without brackets"),
            ("127.0.0.1:99999", "`99999` is not a port; a port is a number from 0"),
            ("127.0.0.1:", "`` is not a port"),
            ("example.org:80", "names are not looked up: write an address, such as 127.0.0.1, or"),
            ("https://127.0.0.1:443", "`https://` is not spoken here; write http://"),
            ("unix:", "names no usable socket file; write unix:PATH"),
            ("unix:/a,b", "names no usable socket file"),
        ] {
            assert!(listen(text).contains(said), "{text}: {}", listen(text));
        }
    }
}
