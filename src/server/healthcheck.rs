//! `loiter healthcheck`: checks a running server, for images without a shell or curl.
//!
//! It sends one blocking request with a deadline, over TCP, TLS or a Unix socket; an echo listener
//! must return what it is sent.

mod tls;

use std::io::{self, ErrorKind, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use socket2::{SockAddr, Socket, Type};

use super::daemon::fail;
use super::{process, resolve};
use crate::config::{Check, Host, NO_URL, SocketName};

/// Time to connect, send the request and read the response.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Length of `HTTP/1.1 200`, the part of the response that is read.
const STATUS_BYTES: usize = 12;
/// What is sent to an echo listener.
const ECHOED: &[u8] = b"loiter healthcheck\n";

/// Checks a server. The exit status is 0 for a 2xx or 3xx response, 1 for any other, for none or if
/// no server is found, 2 for an invalid URL.
pub fn run(check: &Check) -> ExitCode {
    let urls = match check {
        Check::Url(url) => Ok(vec![url.clone()]),
        Check::Process(number) => process::urls(*number),
        Check::Container { .. } if process::is_container() => process::urls(process::FIRST),
        Check::Container { otherwise } if otherwise.is_empty() => {
            let (wrong, advice) = NO_URL;
            return fail(format_args!("loiter: {wrong}; {advice}"), 2);
        }
        Check::Container { otherwise } => Ok(otherwise.clone()),
    };
    match urls {
        Ok(urls) => ask_any(&urls),
        Err(wrong) => fail(format_args!("loiter: {wrong}"), 1),
    }
}

/// Checks each until one is healthy; reports the error of the last if none is.
fn ask_any(urls: &[String]) -> ExitCode {
    let deadline = Instant::now() + TIMEOUT;
    let mut status = ExitCode::from(1);
    for (at, url) in urls.iter().enumerate() {
        let last = at + 1 == urls.len();
        status = match Target::parse(url).map(|target| ask(&target, deadline)) {
            Some(Ok(Health::Answers)) => return ExitCode::SUCCESS,
            Some(Ok(Health::WantsCertificate)) => {
                return fail(
                    format_args!("loiter: {url} answers; it requires a client certificate"),
                    0,
                );
            }
            Some(Err(wrong)) if last => fail(format_args!("loiter: {url} {wrong}"), 1),
            None if last => fail(format_args!("loiter: `{url}` is not a valid URL; {ADVICE}"), 2),
            _ => status,
        };
    }
    status
}

const ADVICE: &str = "write http://HOST:PORT/PATH, https://HOST:PORT/PATH, unix:SOCKET:/PATH, \
                      tcp-echo://HOST:PORT or udp-echo://HOST:PORT";

/// A parsed URL.
#[derive(Debug, PartialEq)]
enum Target<'a> {
    /// HTTP: where to connect, whether with TLS, the Host field and the path.
    Http { at: At, tls: bool, authority: &'a str, path: &'a str },
    /// An echo listener for TCP or UDP.
    Echo { at: At, kind: Type },
}

/// Where to connect.
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
            ("http", rest) => Target::on_host(rest, false),
            ("https", rest) => Target::on_host(rest, true),
            ("tcp-echo", host) => Some(Target::Echo { at: at(host)?, kind: Type::STREAM }),
            ("udp-echo", host) => Some(Target::Echo { at: at(host)?, kind: Type::DGRAM }),
            _ => None,
        }
    }

    /// `HOST:PORT/PATH`.
    fn on_host(rest: &'a str, tls: bool) -> Option<Target<'a>> {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let port = if tls { 443 } else { 80 };
        let at = at(authority).or_else(|| at(&format!("{authority}:{port}")))?;
        let path = if path.is_empty() { "/" } else { path };
        is_path(path).then_some(Target::Http { at, tls, authority, path })
    }

    /// `SOCKET:/PATH`, as nginx writes it; as for listeners, two slashes before it are accepted.
    fn behind_socket(rest: &'a str) -> Option<Target<'a>> {
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let (socket, path) = rest.split_at(rest.find(":/").unwrap_or(rest.len()));
        let path = path.strip_prefix(':').unwrap_or("/");
        let at = At::Socket(SocketName::parse(socket).ok()?);
        let authority = "localhost";
        is_path(path).then_some(Target::Http { at, tls: false, authority, path })
    }
}

/// A host and a port; a wildcard host is not accepted.
fn at(text: &str) -> Option<At> {
    let named = !text.starts_with([':', '*']);
    let is_address = |host: &Host| named && !matches!(host, Host::Inherited(_));
    Host::parse(text).ok().filter(is_address).map(At::Host)
}

fn is_path(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is healthy.
#[derive(Debug, PartialEq)]
enum Health {
    /// The answer is the expected one.
    Answers,
    /// The server speaks TLS, with clients that have a certificate.
    WantsCertificate,
}

/// Sends a request. An error is the end of a sentence about the server.
fn ask(target: &Target, deadline: Instant) -> Result<Health, String> {
    let silent = |error| format!("does not answer: {error}");
    match target {
        Target::Http { at, tls, authority, path } => {
            let head = format!(
                "GET {path} HTTP/1.1\r\nHost: {authority}\r\nUser-Agent: loiter-healthcheck\r\n\
                 Connection: close\r\n\r\n"
            );
            let mut answer = [0; STATUS_BYTES];
            let sent = connect(at, Type::STREAM, deadline).and_then(|socket| match at {
                At::Host(host) if *tls => tls::exchange(socket, host, head.as_bytes(), &mut answer),
                _ => exchange(&mut { socket }, head.as_bytes(), &mut answer).map(|()| true),
            });
            if !sent.map_err(silent)? {
                return Ok(Health::WantsCertificate);
            }
            match status(&answer) {
                Some(200..400) => Ok(Health::Answers),
                Some(status) => Err(format!("answers with status {status}")),
                None => Err("does not answer: the response is not HTTP".to_owned()),
            }
        }
        Target::Echo { at, kind } => {
            let mut answer = [0; ECHOED.len()];
            connect(at, *kind, deadline)
                .and_then(|mut socket| exchange(&mut socket, ECHOED, &mut answer))
                .map_err(silent)?;
            match answer == ECHOED {
                true => Ok(Health::Answers),
                false => Err("does not answer: the response is not an echo".to_owned()),
            }
        }
    }
}

/// Sends `asked`, and fills `answer` from the response.
fn exchange(stream: &mut (impl Read + Write), asked: &[u8], answer: &mut [u8]) -> io::Result<()> {
    stream.write_all(asked)?;
    stream.read_exact(answer).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => ErrorKind::UnexpectedEof.into(),
        _ => error,
    })
}

/// A socket whose reads and writes end at a deadline.
struct Timed {
    socket: Socket,
    deadline: Instant,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(left(self.deadline)?))?;
        self.socket.read(buffer).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => too_late(),
            _ => error,
        })
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(left(self.deadline)?))?;
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Connects to the first address that accepts; returns the error of the last if none does.
fn connect(at: &At, kind: Type, deadline: Instant) -> io::Result<Timed> {
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
    outcome.map(|socket| Timed { socket, deadline })
}

/// The time left; an error if there is none, as socket options do not accept zero.
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
            Target::Http { at, tls, authority, path } => {
                assert_eq!(tls, url.starts_with("https:"));
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
            ("https://127.0.0.1/", "127.0.0.1:443 127.0.0.1 /"),
            ("https://a.localhost:8443/b", "a.localhost:8443 a.localhost:8443 /b"),
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
            "http://fd:web/",
            "unix:",
            "unix://",
            "unix::/a",
            "unix:s:/a b",
        ] {
            assert_eq!(Target::parse(bad), None, "{bad}");
        }
    }

    /// The result for a server that reads a request and sends `answer`.
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
        outcome.map_or_else(|unhealthy| unhealthy.to_string(), |health| format!("{health:?}"))
    }

    #[test]
    fn answers() {
        assert_eq!(asked(b"HTTP/1.1 204 No Content\r\n\r\n"), "Answers");
        assert_eq!(asked(b"HTTP/1.1 302 Found\r\n\r\n"), "Answers");
        assert_eq!(asked(b"HTTP/1.0 503 Busy\r\n\r\n"), "answers with status 503");
        assert_eq!(asked(b"HTTP/1.1"), "does not answer: unexpected end of file");
        assert_eq!(asked(b"SSH-2.0-OpenSSH_9\r\n"), "does not answer: the response is not HTTP");
    }

    #[test]
    fn nobody_there() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        drop(listener);
        for scheme in ["http", "tcp-echo", "udp-echo"] {
            let url = format!("{scheme}://{address}");
            let outcome = ask(&Target::parse(&url).expect("a good URL"), Instant::now() + TIMEOUT);
            assert!(outcome.is_err_and(|wrong| wrong.starts_with("does not answer: ")), "{url}");
        }
    }
}
