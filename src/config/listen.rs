//! What to listen on: a protocol and a host with a port, or a Unix socket; and the modifiers of the
//! answers there.
//!
//! An address without a scheme is `http+https://`: HTTP with TLS and without on one port,
//! distinguished by the first byte of a connection. `http://` and `https://` are one of them alone.
//!
//! The host can be a name, which the server resolves when it starts. `localhost` is always both
//! loopback addresses and is not resolved. `fd:NAME` in place of host and port is a socket that
//! the service manager has opened.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use super::defaults::{self, is_token};
use super::proxy;
use super::unix::UnixSocket;
use super::values::BadValue;
use crate::http::modifiers::settings::Setting;
use crate::http::modifiers::{Carrier, Modifiers, Protocol};
use crate::proto::proxy_protocol::ProxyMode;

/// One listener.
#[derive(Clone, Debug, PartialEq)]
pub struct Listen {
    /// What it binds.
    pub bind: Bind,
    /// Whether its connections begin with a header of the PROXY protocol.
    pub proxy: ProxyMode,
    /// The defaults for every request there.
    pub modifiers: Modifiers,
}

/// What a listener binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bind {
    /// HTTP over TCP, without TLS.
    Http(Host),
    /// HTTP over TLS.
    Https(Host),
    /// Both on one port.
    HttpAndHttps(Host),
    /// TCP echo: every byte received is sent back.
    TcpEcho(Host),
    /// UDP echo: every datagram received is sent back.
    UdpEcho(Host),
    /// HTTP on a Unix socket.
    Unix(UnixSocket),
}

/// A host and a port, or sockets that are open already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// An IP address.
    Address(SocketAddr),
    /// A host name in lower case, and a port.
    Name(String, u16),
    /// The sockets of this name that the process has inherited, open and bound; `*` for all that
    /// no other listener names.
    Inherited(String),
}

/// The name for all inherited sockets that no listener names otherwise.
pub const ALL_INHERITED: &str = "*";

impl From<Bind> for Listen {
    fn from(bind: Bind) -> Listen {
        Listen { bind, proxy: ProxyMode::Off, modifiers: Modifiers::new(Carrier::Listener) }
    }
}

impl Listen {
    /// The modifiers for all workers, if there are any.
    pub fn shared_modifiers(&self) -> Option<Arc<Modifiers>> {
        Some(&self.modifiers).filter(|modifiers| !modifiers.is_empty()).cloned().map(Arc::new)
    }
}

impl Bind {
    /// A listener with these modifiers.
    fn with(self, proxy: ProxyMode, tokens: &[&str]) -> Result<Listen, BadValue> {
        let echo = match self {
            Bind::Http(_) | Bind::Https(_) | Bind::HttpAndHttps(_) | Bind::Unix(_) => None,
            Bind::TcpEcho(_) => Some(Protocol::TcpEcho),
            Bind::UdpEcho(_) => Some(Protocol::UdpEcho),
        };
        let modifiers = defaults::listener(tokens, echo)?;
        let is_for_tls =
            |setting: &&Setting| setting.value.is_some() && !setting.name.row().is_for_requests();
        if let Some(setting) = modifiers.iter().find(is_for_tls)
            && !self.has_tls()
        {
            let wrong = format!("modifier `{setting}`: {self} has no TLS handshake");
            return Err(BadValue::new(wrong).advise("write https:// before the address"));
        }
        if matches!(self, Bind::UdpEcho(_)) && proxy != ProxyMode::Off {
            let wrong = format!("{self} cannot have the PROXY protocol, which is for connections");
            return Err(BadValue::new(wrong).advise(format!("write {self}")));
        }
        Ok(Listen { bind: self, proxy, modifiers })
    }

    /// The host; none for a Unix socket.
    pub fn host(&self) -> Option<&Host> {
        match self {
            Bind::UdpEcho(host) => Some(host),
            _ => self.tcp(),
        }
    }

    /// The name of the inherited sockets that it is for.
    pub fn inherited(&self) -> Option<&str> {
        match self.host() {
            Some(Host::Inherited(name)) => Some(name),
            _ => None,
        }
    }

    /// The host of a TCP listener.
    pub(super) fn tcp(&self) -> Option<&Host> {
        match self {
            Bind::Http(host)
            | Bind::Https(host)
            | Bind::HttpAndHttps(host)
            | Bind::TcpEcho(host) => Some(host),
            Bind::UdpEcho(_) | Bind::Unix(_) => None,
        }
    }

    /// Whether TLS is spoken there.
    pub fn has_tls(&self) -> bool {
        matches!(self, Bind::Https(_) | Bind::HttpAndHttps(_))
    }

    /// Whether both cannot be open at once.
    pub(super) fn clashes(&self, other: &Bind) -> bool {
        match (self, other) {
            (Bind::Unix(socket), Bind::Unix(other)) => socket.name == other.name,
            (Bind::UdpEcho(host), Bind::UdpEcho(other)) => host.clashes(other),
            _ => self.tcp().zip(other.tcp()).is_some_and(|(host, other)| host.clashes(other)),
        }
    }
}

impl Host {
    /// Parses `HOST:PORT`. No host, or `*`, means every interface in both IP versions.
    pub(crate) fn parse(text: &str) -> Result<Host, BadValue> {
        if let Ok(address) = text.parse() {
            return Ok(Host::Address(address));
        }
        if let Some(name) = text.strip_prefix("fd:")
            && !name.starts_with(|first: char| first.is_ascii_digit())
        {
            return Host::inherited(name);
        }
        let (host, port) = split_port(text)?;
        let port = port.parse().map_err(|_| {
            BadValue::new(format!("`{port}` is not a port"))
                .advise("a port is a number from 0 (any free one) to 65535")
        })?;
        let address = |ip| Host::Address(SocketAddr::new(ip, port));
        if matches!(host, "" | "*") {
            return Ok(address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)));
        }
        if let Ok(ip) = host.parse() {
            return Ok(address(ip));
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        if is_name(&name) {
            return Ok(Host::Name(name, port));
        }
        Err(BadValue::new(format!("`{host}` is neither an IP address nor a host name"))
            .advise("write an address, such as 127.0.0.1, or 0.0.0.0 for every interface"))
    }

    /// Parses the name of inherited sockets.
    fn inherited(name: &str) -> Result<Host, BadValue> {
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+\\".contains(&byte);
        if name == ALL_INHERITED || !name.is_empty() && name.bytes().all(in_name) {
            return Ok(Host::Inherited(name.to_owned()));
        }
        Err(BadValue::new(format!("`fd:{name}` is not the name of an inherited socket")).advise(
            "write fd:NAME with a FileDescriptorName= of letters, digits, -, _, . and @, or fd:*",
        ))
    }

    /// The port; 0 for any free one, and for an inherited socket.
    pub fn port(&self) -> u16 {
        match self {
            Host::Address(address) => address.port(),
            Host::Name(_, port) => *port,
            Host::Inherited(_) => 0,
        }
    }

    /// Whether it is `localhost` or a name below it: both loopback addresses (RFC 6761 6.3).
    pub fn is_localhost(&self) -> bool {
        matches!(self, Host::Name(name, _) if name == "localhost" || name.ends_with(".localhost"))
    }

    /// Its addresses, if they need not be resolved.
    pub fn addresses(&self) -> Option<Vec<SocketAddr>> {
        match self {
            Host::Address(address) => Some(vec![*address]),
            Host::Name(_, port) if self.is_localhost() => {
                let loopbacks: [IpAddr; 2] =
                    [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
                Some(loopbacks.map(|ip| SocketAddr::new(ip, *port)).to_vec())
            }
            Host::Name(..) | Host::Inherited(_) => None,
        }
    }

    /// Listeners with port 0 never clash: each gets its own port.
    fn clashes(&self, other: &Host) -> bool {
        if let Host::Inherited(_) = self {
            return self == other;
        }
        let shared = match (self.addresses(), other.addresses()) {
            (Some(own), Some(others)) => own.iter().any(|address| others.contains(address)),
            _ => self == other,
        };
        shared && self.port() != 0
    }
}

impl FromStr for Listen {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Listen, BadValue> {
        if let Some(socket) = text.strip_prefix("unix:") {
            let (socket, proxy, tokens) = UnixSocket::parse(socket)?;
            return Bind::Unix(socket).with(proxy, &tokens);
        }
        let split = text.split_once("://").filter(|(scheme, _)| !scheme.contains('/'));
        let (scheme, at) = split.unwrap_or(("http+https", text));
        let bind = match scheme {
            "http" => Bind::Http,
            "https" => Bind::Https,
            "http+https" => Bind::HttpAndHttps,
            "tcp-echo" => Bind::TcpEcho,
            "udp-echo" => Bind::UdpEcho,
            _ => {
                return Err(BadValue::new(format!("`{scheme}://` is not supported")).advise(
                    "write http://, https://, http+https://, tcp-echo:// or udp-echo:// and an \
                     address, or unix:PATH",
                ));
            }
        };
        if let Some(socket) = at.strip_prefix("unix:")
            && !socket.starts_with(|first: char| first.is_ascii_digit())
        {
            let wrong = match scheme {
                "https" => "a socket file has no TLS".to_owned(),
                _ => format!("a socket file has no `{scheme}://`"),
            };
            return Err(BadValue::new(wrong).advise(format!("write unix:{socket}")));
        }
        let is_path = |(host, path): &(&str, &str)| {
            path.is_empty() || is_token(path) || Host::parse(proxy::split(host).0).is_ok()
        };
        let (host, path) = at.split_once('/').filter(is_path).unwrap_or((at, ""));
        let (host, options) = proxy::split(host);
        let (bind, proxy) = (bind(Host::parse(host)?), proxy::of_host(options)?);
        let mut tokens = Vec::new();
        for segment in path.split('/').filter(|segment| !segment.is_empty()) {
            if let Some(options) = segment.strip_prefix('?') {
                return Err(BadValue::new(format!("`/?{options}` is behind a slash"))
                    .advise(format!("write {bind}?{options}")));
            }
            if !is_token(segment) {
                return Err(BadValue::new(format!("`/{segment}` is not a modifier"))
                    .advise(format!("write {bind}/~NAME=VALUE, such as {bind}/~delay=50ms")));
            }
            tokens.push(segment);
        }
        bind.with(proxy, &tokens)
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = defaults::tokens(&self.modifiers);
        let proxy = proxy::show(self.proxy);
        if let Bind::Unix(socket) = &self.bind {
            return f.write_str(&socket.with(proxy.into_iter().chain(tokens).collect()));
        }
        self.bind.fmt(f)?;
        proxy.iter().try_for_each(|proxy| write!(f, "?{proxy}"))?;
        tokens.iter().try_for_each(|token| write!(f, "/{token}"))
    }
}

impl fmt::Display for Bind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bind::Http(host) => write!(f, "http://{host}"),
            Bind::Https(host) => write!(f, "https://{host}"),
            Bind::HttpAndHttps(host) => write!(f, "http+https://{host}"),
            Bind::TcpEcho(host) => write!(f, "tcp-echo://{host}"),
            Bind::UdpEcho(host) => write!(f, "udp-echo://{host}"),
            Bind::Unix(socket) => socket.fmt(f),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Host::Address(address) => address.fmt(f),
            Host::Name(name, port) => write!(f, "{name}:{port}"),
            Host::Inherited(name) => write!(f, "fd:{name}"),
        }
    }
}

/// Whether this can be a host name (RFC 952, RFC 1123 2.1, and `_`, which many resolvers accept). A
/// name whose last label is a number is a mistyped IPv4 address.
fn is_name(text: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let is_label = |label: &str| matches!(label.len(), 1..=63) && label.bytes().all(in_label);
    let last = text.rsplit('.').next().unwrap_or_default();
    let digits = last.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= 253 && text.split('.').all(is_label) && !digits && !text.starts_with('-')
}

/// Splits the host, with its brackets, from the port.
fn split_port(text: &str) -> Result<(&str, &str), BadValue> {
    let port_only = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if port_only {
        return Err(BadValue::new(format!("`{text}` has no host")).advise(format!(
            "write 127.0.0.1:{text} for this machine only, or :{text} for every interface"
        )));
    }
    if !text.starts_with('[') && !text.contains('/') && text.matches(':').count() > 1 {
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
            ("127.0.0.1:8080", "http+https://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("https://127.0.0.1:443", "https://127.0.0.1:443"),
            ("http+https://web:80/", "http+https://web:80"),
            ("localhost:80", "http+https://localhost:80"),
            ("http://LocalHost.:80/", "http://localhost:80"),
            ("web_1.example-a.org:80", "http+https://web_1.example-a.org:80"),
            ("tcp-echo://localhost:0", "tcp-echo://localhost:0"),
            ("udp-echo://web:7", "udp-echo://web:7"),
            (":8080", "http+https://[::]:8080"),
            ("*:8080", "http+https://[::]:8080"),
            ("[::1]:0", "http+https://[::1]:0"),
            ("[fe80::1%2]:80", "http+https://[fe80::1%2]:80"),
            ("tcp-echo://0.0.0.0:7", "tcp-echo://0.0.0.0:7"),
            ("udp-echo://:7", "udp-echo://[::]:7"),
            ("fd:web", "http+https://fd:web"),
            ("http://fd:web-1.socket/~delay=1s", "http://fd:web-1.socket/~delay=1s"),
            ("tcp-echo://fd:*", "tcp-echo://fd:*"),
            ("fd:80", "http+https://fd:80"),
            ("https://:443/~cert=expired", "https://[::]:443/~cert=expired"),
            ("http://:80/~cert=none", "http://[::]:80/~cert=none"),
            ("unix:/run/loiter.sock", "unix:/run/loiter.sock"),
            ("unix:///run/loiter.sock", "unix:/run/loiter.sock"),
            ("unix:loiter.sock", "unix:loiter.sock"),
            ("unix:/s?owner=0&mode=660", "unix:/s?mode=0660&owner=0"),
            (":80?proxy=required", "http+https://[::]:80?proxy=required"),
            ("http://a:80?proxy=OPTIONAL/", "http://a:80?proxy=optional"),
            ("https://a:80?proxy=off", "https://a:80"),
            ("tcp-echo://a:7?proxy=required", "tcp-echo://a:7?proxy=required"),
            ("http://a:80?proxy=required/~delay=1s", "http://a:80?proxy=required/~delay=1s"),
            ("http://a:80/~text=a?proxy=b", "http://a:80/~text=a%3Fproxy=b"),
            ("unix:/s?proxy=required&mode=660", "unix:/s?mode=0660&proxy=required"),
            ("unix:@s?~last&proxy=optional", "unix:@s?proxy=optional&~last"),
        ] {
            assert_eq!(listen(text), shown, "{text}");
            assert_eq!(listen(shown), shown, "what is shown reads back");
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
            ("http:/web:80", "`http:/web` is neither an IP address nor a host name"),
            ("127.0.0.1:99999", "`99999` is not a port; a port is a number from 0"),
            ("127.0.0.1:", "`` is not a port"),
            ("256.0.0.1:80", "`256.0.0.1` is neither an IP address nor a host name; write an"),
            ("a b:80", "`a b` is neither"),
            ("a..b:80", "`a..b` is neither"),
            ("-a:80", "`-a` is neither"),
            ("[web]:80", "`[web]` is neither"),
            ("é:80", "`é` is neither"),
            ("user@web:80", "`user@web` is neither"),
            ("web", "`web` has no port; write HOST:PORT"),
            ("fd:", "`fd:` is not the name of an inherited socket; write fd:NAME"),
            ("fd:a b", "`fd:a b` is not the name of an inherited socket"),
            ("h2://127.0.0.1:443", "`h2://` is not supported; write http://, https://, http+https"),
            ("https+http://:443", "`https+http://` is not supported"),
            (
                "http://web:80/~cert=expired",
                "`cert=expired`: http://web:80 has no TLS handshake; wr",
            ),
            ("unix:s?~cert=expired", "modifier `cert=expired`: unix:s has no TLS handshake"),
            ("unix:", "is not a valid socket name; write unix:PATH"),
            ("https://unix:/tmp/x", "a socket file has no TLS; write unix:/tmp/x"),
            ("http://unix:x", "a socket file has no `http://`; write unix:x"),
            ("https://unix:99999", "`99999` is not a port"),
            ("unix:/a,b", "is not a valid socket name"),
            (":80?proxy=yes", "`yes` is not a mode of the PROXY protocol; write proxy=required, "),
            ("unix:s?proxy=", "`` is not a mode of the PROXY protocol"),
            (":80?mode=0660", "`mode=0660` is not an option of a listener; write HOST:PORT?proxy="),
            (":80?", "`` is not an option of a listener"),
            ("http://a:80/?proxy=off", "is behind a slash; write http://a:80?proxy=off"),
            (
                "udp-echo://:7?proxy=required",
                "udp-echo://[::]:7 cannot have the PROXY protocol, which is for connections; write",
            ),
        ] {
            assert!(listen(text).contains(said), "{text}: {}", listen(text));
        }
    }
}
