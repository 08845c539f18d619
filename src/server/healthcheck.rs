//! `loiter healthcheck`: asks a running server for its health, for images without a shell or curl.
//!
//! It depends on no reactor: a plain blocking request with a deadline, over TCP or through a Unix
//! socket. An echo is asked for what it returns.

mod process;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use socket2::{SockAddr, Socket, Type};

use super::daemon::complain;
use super::resolve;
use crate::config::{Check, Host, NO_URL, SocketName};

/// Time for connection, request and answer together.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Length of `HTTP/1.1 200`, which is all of the answer that matters.
const STATUS_BYTES: usize = 12;
/// What an echo is asked to return.
const ECHOED: &[u8] = b"loiter healthcheck\n";

/// Asks a server: exit status 0 when the answer is a 2xx or 3xx, 1 when it is another, there is
/// none or the server is not found, 2 when the URL cannot be used.
pub fn run(check: &Check) -> ExitCode {
    let urls = match check {
        Check::Url(url) => Ok(vec![url.clone()]),
        Check::Process(number) => process::urls(*number),
        Check::Container { .. } if process::is_container() => process::urls(process::FIRST),
        Check::Container { otherwise } if otherwise.is_empty() => {
            let (wrong, advice) = NO_URL;
            return complain(format_args!("loiter: {wrong}; {advice}"), 2);
        }
        Check::Container { otherwise } => Ok(otherwise.clone()),
    };
    match urls {
        Ok(urls) => ask_any(&urls),
        Err(wrong) => complain(format_args!("loiter: {wrong}"), 1),
    }
}

/// Asks each until one is well; says what was wrong with the last if none is.
fn ask_any(urls: &[String]) -> ExitCode {
    let deadline = Instant::now() + TIMEOUT;
    let mut status = ExitCode::from(1);
    for (at, url) in urls.iter().enumerate() {
        let last = at + 1 == urls.len();
        status = match Target::parse(url).map(|target| ask(&target, deadline)) {
            Some(Ok(())) => return ExitCode::SUCCESS,
            Some(Err(wrong)) if last => complain(format_args!("loiter: {url} {wrong}"), 1),
            None if last => complain(format_args!("loiter: cannot ask `{url}`; {ADVICE}"), 2),
            _ => status,
        };
    }
    status
}

const ADVICE: &str = "write http://HOST:PORT/PATH, unix:SOCKET:/PATH, tcp-echo://HOST:PORT or \
                      udp-echo://HOST:PORT";

/// What a URL names.
#[derive(Debug, PartialEq)]
enum Target<'a> {
    /// HTTP: where it is spoken, and what is asked for.
    Http { at: At, authority: &'a str, path: &'a str },
    /// An echo of a stream or of datagrams.
    Echo { at: At, kind: Type },
}

/// Where a server is.
#[derive(Debug, PartialEq)]
enum At {
    Host(Host),
    Socket(SocketName),
}

impl<'a> Target<'a> {
    fn parse(url: &'a str) -> Option<Target<'a>> {
        if let Some(rest) = url.strip_prefix("unix:") {
            return Target::behind_socket(rest);
        }
        match url.split_once("://")? {
            ("http", rest) => Target::on_host(rest),
            ("tcp-echo", host) => Some(Target::Echo { at: at(host)?, kind: Type::STREAM }),
            ("udp-echo", host) => Some(Target::Echo { at: at(host)?, kind: Type::DGRAM }),
            _ => None,
        }
    }

    /// `HOST:PORT/PATH`.
    fn on_host(rest: &'a str) -> Option<Target<'a>> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let at = at(authority).or_else(|| at(&format!("{authority}:80")))?;
        let path = if path.is_empty() { "/" } else { path };
        is_path(path).then_some(Target::Http { at, authority, path })
    }

    /// `SOCKET:/PATH`, as proxies write it; as with listeners, two slashes may stand before it.
    fn behind_socket(rest: &'a str) -> Option<Target<'a>> {
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (socket, path) = rest.split_at(rest.find(":/").unwrap_or(rest.len()));
        let path = path.strip_prefix(':').unwrap_or("/");
        let at = At::Socket(SocketName::parse(socket).ok()?);
        is_path(path).then_some(Target::Http { at, authority: "localhost", path })
    }
}

/// A host and a port; there is no asking everywhere.
fn at(text: &str) -> Option<At> {
    let named = !text.starts_with([':', '*']);
    Host::parse(text).ok().filter(|_| named).map(At::Host)
}

fn is_path(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Why a server is not well, as the end of a sentence about it.
#[derive(Debug)]
enum Unwell {
    Status(u16),
    Silent(io::Error),
}

impl fmt::Display for Unwell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unwell::Status(status) => write!(f, "answers with status {status}"),
            Unwell::Silent(error) => write!(f, "does not answer: {error}"),
        }
    }
}

fn ask(target: &Target, deadline: Instant) -> Result<(), Unwell> {
    match target {
        Target::Http { at, authority, path } => {
            let head = Head { authority, path }.to_string();
            let mut answer = [0; STATUS_BYTES];
            exchange(at, Type::STREAM, head.as_bytes(), &mut answer, deadline)?;
            match status(&answer) {
                Some(200..400) => Ok(()),
                Some(status) => Err(Unwell::Status(status)),
                None => Err(Unwell::Silent(invalid("that is not HTTP"))),
            }
        }
        Target::Echo { at, kind } => {
            let mut answer = [0; ECHOED.len()];
            exchange(at, *kind, ECHOED, &mut answer, deadline)?;
            if answer == ECHOED { Ok(()) } else { Err(Unwell::Silent(invalid("that is no echo"))) }
        }
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Sends what is asked, and reads the beginning of the answer.
fn exchange(
    at: &At,
    kind: Type,
    asked: &[u8],
    answer: &mut [u8],
    deadline: Instant,
) -> Result<(), Unwell> {
    let mut socket = connect(at, kind, deadline)?;
    socket.set_write_timeout(Some(left(deadline)?))?;
    socket.write_all(asked)?;
    let mut filled = 0;
    while filled < answer.len() {
        socket.set_read_timeout(Some(left(deadline)?))?;
        match socket.read(&mut answer[filled..]) {
            Ok(0) => Err(io::Error::from(ErrorKind::UnexpectedEof))?,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(too_late())?,
            Err(error) => Err(error)?,
        }
    }
    Ok(())
}

impl From<io::Error> for Unwell {
    fn from(error: io::Error) -> Unwell {
        Unwell::Silent(error)
    }
}

/// The head of a request.
struct Head<'a> {
    authority: &'a str,
    path: &'a str,
}

impl fmt::Display for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { authority, path } = self;
        write!(f, "GET {path} HTTP/1.1\r\nHost: {authority}\r\n")?;
        write!(f, "User-Agent: loiter-healthcheck\r\nConnection: close\r\n\r\n")
    }
}

/// Connects to the first address that allows it; the last one's error when none does.
fn connect(at: &At, kind: Type, deadline: Instant) -> io::Result<Socket> {
    let addresses: Vec<SockAddr> = match at {
        At::Host(host) => resolve::addresses(host)?.into_iter().map(SockAddr::from).collect(),
        At::Socket(name) => vec![SockAddr::unix(name.path())?],
    };
    let mut outcome = Err(too_late());
    for address in addresses {
        let socket = Socket::new(address.domain(), kind, None)?;
        outcome = socket.connect_timeout(&address, left(deadline)?).map(|()| socket);
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
        let http = |url| match Target::parse(url)? {
            Target::Http { at, authority, path } => {
                let at = match at {
                    At::Host(host) => host.to_string(),
                    At::Socket(name) => name.to_string(),
                };
                Some(format!("{at} {authority} {path}"))
            }
            Target::Echo { .. } => None,
        };
        for (url, found) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080 127.0.0.1:8080 /"),
            ("http://localhost:8080/a?b", "localhost:8080 localhost:8080 /a?b"),
            ("http://example.org/", "example.org:80 example.org /"),
            ("http://[::1]:1/", "[::1]:1 [::1]:1 /"),
            ("http://[::1]/", "[::1]:80 [::1] /"),
            ("unix:/s", "/s localhost /"),
            ("unix:///a/s:/b/?c", "/a/s localhost /b/?c"),
            ("unix:s:/", "s localhost /"),
        ] {
            assert_eq!(http(url).as_deref(), Some(found), "{url}");
        }
        #[cfg(target_os = "linux")]
        assert_eq!(http("unix:@s:/b").as_deref(), Some("@s localhost /b"));
        for (url, kind) in [("tcp-echo://[::1]:7", Type::STREAM), ("udp-echo://a:7", Type::DGRAM)] {
            let target = Target::parse(url).expect(url);
            assert!(matches!(target, Target::Echo { kind: found, .. } if found == kind), "{url}");
        }
        for bad in [
            "",
            "127.0.0.1:8080",
            "https://127.0.0.1/",
            "http://",
            "http://:80/",
            "http://*:80/",
            "http://127.0.0.1:/",
            "http://127.0.0.1:99999/",
            "http://::1/",
            "http://127.0.0.1/a b",
            "http://127.0.0.1/\r\nX: y",
            "http://user@127.0.0.1/",
            "tcp-echo://127.0.0.1",
            "udp-echo://127.0.0.1:7/",
            "unix:",
            "unix://",
            "unix::/a",
            "unix:s:/a b",
        ] {
            assert_eq!(Target::parse(bad), None, "{bad}");
        }
    }

    /// What the check says of a server that reads a head and then says `answer`.
    fn asked(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/health", listener.local_addr().expect("bound"));
        let server = thread::spawn(move || -> io::Result<Vec<u8>> {
            let (mut stream, _) = listener.accept()?;
            let mut head = vec![0; 1024];
            let bytes = stream.read(&mut head)?;
            stream.write_all(answer)?;
            head.truncate(bytes);
            Ok(head)
        });
        let outcome = ask(&Target::parse(&url).expect("a good URL"), Instant::now() + TIMEOUT);
        let head = server.join().expect("no panic").expect("a request");
        assert!(head.starts_with(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1:"));
        assert!(head.ends_with(b"\r\n\r\n"));
        outcome.map_or_else(|unwell| unwell.to_string(), |()| "well".to_owned())
    }

    #[test]
    fn answers() {
        assert_eq!(asked(b"HTTP/1.1 204 No Content\r\n\r\n"), "well");
        assert_eq!(asked(b"HTTP/1.1 302 Found\r\n\r\n"), "well");
        assert_eq!(asked(b"HTTP/1.0 503 Busy\r\n\r\n"), "answers with status 503");
        assert_eq!(asked(b"HTTP/1.1"), "does not answer: unexpected end of file");
        assert_eq!(asked(b"SSH-2.0-OpenSSH_9\r\n"), "does not answer: that is not HTTP");
    }

    #[test]
    fn nobody_there() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        for scheme in ["http", "tcp-echo", "udp-echo"] {
            let url = format!("{scheme}://{address}");
            let outcome = ask(&Target::parse(&url).expect("a good URL"), Instant::now() + TIMEOUT);
            assert!(matches!(outcome, Err(Unwell::Silent(_))), "{url}");
        }
    }
}
