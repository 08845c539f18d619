//! `loiter healthcheck`: asks a running server for its health, for images without a shell or curl.
//!
//! It depends on no reactor and no resolver: a plain blocking request with a deadline, over TCP or
//! through a socket file.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use socket2::{SockAddr, Socket, Type};

use super::daemon::complain;

/// Time for connection, request and answer together.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Length of `HTTP/1.1 200`, which is all of the answer that matters.
const STATUS_BYTES: usize = 12;

/// Asks `url`: exit status 0 when the answer is a 2xx or 3xx, 1 when it is another or there is
/// none, 2 when the URL cannot be used.
pub fn run(url: &str) -> ExitCode {
    let Some(place) = Place::parse(url) else {
        let advice = "write http://HOST:PORT/PATH, where HOST is an IP address or localhost, or \
                      unix:SOCKET:/PATH";
        return complain(format_args!("loiter: cannot ask `{url}`; {advice}"), 2);
    };
    match ask(&place) {
        Ok(status) if (200..400).contains(&status) => ExitCode::SUCCESS,
        Ok(status) => complain(format_args!("loiter: {url} answers with status {status}"), 1),
        Err(error) => complain(format_args!("loiter: {url} does not answer: {error}"), 1),
    }
}

/// What a URL names.
#[derive(Debug, PartialEq)]
struct Place<'a> {
    addresses: Vec<SockAddr>,
    authority: &'a str,
    path: &'a str,
}

impl<'a> Place<'a> {
    fn parse(url: &'a str) -> Option<Place<'a>> {
        let place = match url.strip_prefix("unix:") {
            Some(rest) => Place::file(rest)?,
            None => Place::host(url.strip_prefix("http://")?)?,
        };
        place.path.bytes().all(|byte| byte.is_ascii_graphic()).then_some(place)
    }

    /// `HOST:PORT/PATH`.
    fn host(rest: &'a str) -> Option<Place<'a>> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
            _ => (authority, 80),
        };
        let addresses = hosts(host)?.into_iter().map(|host| SocketAddr::new(host, port).into());
        let path = if path.is_empty() { "/" } else { path };
        Some(Place { addresses: addresses.collect(), authority, path })
    }

    /// `SOCKET:/PATH`, as proxies write it; as with listeners, two slashes may stand before it.
    fn file(rest: &'a str) -> Option<Place<'a>> {
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (file, path) = rest.split_at(rest.find(":/").unwrap_or(rest.len()));
        let path = path.strip_prefix(':').unwrap_or("/");
        let address = SockAddr::unix(file).ok().filter(|_| !file.is_empty())?;
        Some(Place { addresses: vec![address], authority: "localhost", path })
    }
}

/// The addresses of a host. Names are not looked up: a static binary has no resolver to ask.
fn hosts(host: &str) -> Option<Vec<IpAddr>> {
    if host == "localhost" {
        return Some(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]);
    }
    match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(host) => host.parse::<Ipv6Addr>().ok().map(|ip| vec![ip.into()]),
        None => host.parse::<Ipv4Addr>().ok().map(|ip| vec![ip.into()]),
    }
}

/// The status of the answer.
fn ask(place: &Place) -> io::Result<u16> {
    let deadline = Instant::now() + TIMEOUT;
    let mut stream = connect(&place.addresses, deadline)?;
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream.write_all(Head(place).to_string().as_bytes())?;
    let mut answer = [0; STATUS_BYTES];
    let mut filled = 0;
    while filled < STATUS_BYTES {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut answer[filled..]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(too_late()),
            Err(error) => return Err(error),
        }
    }
    status(&answer).ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "that is not HTTP"))
}

/// The request's head.
struct Head<'a>(&'a Place<'a>);

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { authority, path, .. } = self.0;
        write!(f, "GET {path} HTTP/1.1\r\nHost: {authority}\r\n")?;
        write!(f, "User-Agent: loiter-healthcheck\r\nConnection: close\r\n\r\n")
    }
}

/// The first address that takes a connection; the last one's error when none does.
fn connect(addresses: &[SockAddr], deadline: Instant) -> io::Result<Socket> {
    let mut outcome = Err(too_late());
    for address in addresses {
        let socket = Socket::new(address.domain(), Type::STREAM, None)?;
        outcome = socket.connect_timeout(address, left(deadline)?).map(|()| socket);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// The time left, which the socket options want to be more than none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(too_late()) } else { Ok(left) }
}

fn too_late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, format!("no answer within {TIMEOUT:?}"))
}

/// The status in `HTTP/1.x NNN`.
fn status(line: &[u8; STATUS_BYTES]) -> Option<u16> {
    let digits = line.strip_prefix(b"HTTP/1.")?.get(2..)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    #[test]
    fn urls() {
        let place = |url| {
            let place = Place::parse(url)?;
            let address = place.addresses[0].as_socket().map(|address| address.to_string());
            Some((address?, place.authority, place.path))
        };
        let found = |address: &str, authority, path| Some((address.to_owned(), authority, path));
        let local = "127.0.0.1:8080";
        assert_eq!(place("http://127.0.0.1:8080"), found(local, local, "/"));
        let file = |url| {
            let place = Place::parse(url)?;
            let file = place.addresses[0].as_pathname().map(|file| file.display().to_string());
            Some((file?, place.authority, place.path))
        };
        assert_eq!(file("unix:/s"), found("/s", "localhost", "/"));
        assert_eq!(file("unix:///a/s:/b/?c"), found("/a/s", "localhost", "/b/?c"));
        assert_eq!(file("unix:s:/"), found("s", "localhost", "/"));
        assert_eq!(place("http://localhost:8080/a?b"), found(local, "localhost:8080", "/a?b"));
        assert_eq!(place("http://[::1]:1/"), found("[::1]:1", "[::1]:1", "/"));
        assert_eq!(place("http://[::1]/"), found("[::1]:80", "[::1]", "/"));
        for bad in [
            "",
            "127.0.0.1:8080",
            "https://127.0.0.1/",
            "http://",
            "http://example.org/",
            "http://127.0.0.1:/",
            "http://127.0.0.1:99999/",
            "http://::1/",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nX: y",
            "http://user@127.0.0.1/",
            "unix:",
            "unix://",
            "unix::/a",
            "unix:s:/a b",
        ] {
            assert_eq!(place(bad), None, "{bad}");
        }
    }

    /// What the check says of a server that reads a head and then says `answer`.
    fn asked(answer: &'static [u8]) -> io::Result<u16> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/health", listener.local_addr()?);
        let server = thread::spawn(move || -> io::Result<Vec<u8>> {
            let (mut stream, _) = listener.accept()?;
            let mut head = vec![0; 1024];
            let bytes = stream.read(&mut head)?;
            stream.write_all(answer)?;
            head.truncate(bytes);
            Ok(head)
        });
        let outcome = ask(&Place::parse(&url).expect("a good URL"));
        let head = server.join().expect("no panic")?;
        assert!(head.starts_with(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert!(head.ends_with(b"\r\n\r\n"));
        outcome
    }

    #[test]
    fn answers() {
        assert_eq!(asked(b"HTTP/1.1 204 No Content\r\n\r\n").ok(), Some(204));
        assert_eq!(asked(b"HTTP/1.0 503 Busy\r\n\r\n").ok(), Some(503));
        assert_eq!(asked(b"HTTP/1.1").map_err(|e| e.kind()), Err(ErrorKind::UnexpectedEof));
        let garbage = asked(b"SSH-2.0-OpenSSH_9\r\n").map_err(|error| error.kind());
        assert_eq!(garbage, Err(ErrorKind::InvalidData));
    }

    #[test]
    fn nobody_there() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/", listener.local_addr().expect("bound"));
        drop(listener);
        assert!(ask(&Place::parse(&url).expect("a good URL")).is_err());
    }
}
