//! Large echoes: on Linux the kernel passes them back unread, so only the real one shows that.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::process::*;

const LENGTH: usize = 8 * 1024 * 1024;

/// What a client sends behind its head, if it speaks HTTP, and where.
struct Echo {
    daemon: Daemon,
    raw: SocketAddr,
    body: Vec<u8>,
}

impl Echo {
    /// One worker, so that all clients share what it has of the kernel's.
    fn start() -> Echo {
        let daemon = Daemon::start(&["--listen", "tcp-echo://127.0.0.1:0", "--workers", "1"]);
        let line = daemon.out.recv_timeout(DEADLINE).expect("a second line");
        let raw = line.strip_prefix("listening tcp-echo://").expect(&line).parse();
        // What is out of its place shows: the period is none of a buffer or a page.
        let period: Vec<u8> = (0..4099_u32).map(|i| (i * i / 7) as u8).collect();
        let body = period.iter().copied().cycle().take(LENGTH).collect();
        Echo { daemon, raw: raw.expect("an address"), body }
    }

    /// A connection for HTTP whose head is sent, and one for raw echo.
    fn connect(&self) -> [TcpStream; 2] {
        let mut http = self.daemon.connect();
        let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n");
        http.write_all(head.as_bytes()).expect("it reads");
        let raw = TcpStream::connect(self.raw).expect("it listens");
        raw.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        [http, raw]
    }

    /// Ends the client's side: what it has received, and what it still does, is all of it.
    fn end(&self, mut stream: TcpStream, mut received: Vec<u8>) {
        stream.shutdown(Shutdown::Write).expect("a socket");
        stream.read_to_end(&mut received).expect("all, and an end");
        self.check(&received);
    }

    /// Whether this is what comes back, behind a head or not.
    fn check(&self, received: &[u8]) {
        let (head, body) = received.split_at(received.len() - LENGTH);
        assert!(head.is_empty() || head.starts_with(b"HTTP/1.1 200 OK\r\n"), "a right head");
        assert!(body == self.body, "something else came back");
    }
}

/// Sends as much as the kernels take, and reads some only when they take no more.
fn press(mut stream: &TcpStream, body: &[u8]) -> Vec<u8> {
    let (mut sent, mut received, mut piece) = (0, Vec::new(), vec![0; 10_000]);
    while sent < body.len() {
        stream.set_nonblocking(true).expect("a socket");
        match stream.write(&body[sent..]) {
            Ok(bytes) => sent += bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stream.set_nonblocking(false).expect("a socket");
                let bytes = stream.read(&mut piece).expect("some comes back");
                received.extend_from_slice(&piece[..bytes]);
            }
            Err(error) => panic!("{error}"),
        }
    }
    stream.set_nonblocking(false).expect("a socket");
    received
}

#[test]
fn what_is_read_while_it_is_sent_comes_back() {
    let echo = Echo::start();
    for stream in echo.connect() {
        let (mut writer, mut reader) = (stream.try_clone().expect("a socket"), stream);
        let body = echo.body.clone();
        let sender = std::thread::spawn(move || {
            writer.write_all(&body).expect("it reads");
            writer.shutdown(Shutdown::Write).expect("a socket");
        });
        let mut received = Vec::new();
        reader.read_to_end(&mut received).expect("all, and an end");
        sender.join().expect("all is sent");
        echo.check(&received);
    }
    echo.daemon.stop();
}

#[test]
fn what_a_client_takes_slowly_comes_back_beside_those_that_vanish() {
    let echo = Echo::start();
    for stream in echo.connect() {
        // What they have not read makes their kernel break the connection.
        let gone: Vec<TcpStream> = echo.connect().into_iter().chain(echo.connect()).collect();
        let (first, second) = echo.body.split_at(LENGTH / 2);
        gone.iter().for_each(|stream| drop(press(stream, first)));
        let mut received = press(&stream, first);
        drop(gone);
        received.extend(press(&stream, second));
        echo.end(stream, received);
    }
    echo.daemon.stop();
}

#[test]
fn urgent_bytes_hold_nothing_up() {
    let echo = Echo::start();
    for stream in echo.connect() {
        let (first, second) = echo.body.split_at(LENGTH / 2);
        let mut received = press(&stream, first);
        // It is not one of the stream's: whoever does not ask for it reads on behind it.
        let urgent = socket2::SockRef::from(&stream).send_out_of_band(b"!").expect("a socket");
        assert_eq!(urgent, 1);
        received.extend(press(&stream, second));
        echo.end(stream, received);
    }
    echo.daemon.stop();
}

#[test]
fn a_client_that_writes_all_before_it_reads_learns_which_bound_it_met() {
    let daemon = Daemon::start(&["--max-body-size", "1MiB"]);
    let chunk = [&b"100000\r\n"[..], &[b'x'; 1 << 20], b"\r\n"].concat();
    let bodies = [
        ("Content-Length: 20971520", vec![b'x'; 20 << 20]),
        ("Transfer-Encoding: chunked", [&*chunk.repeat(20), b"0\r\n\r\n"].concat()),
    ];
    for (field, body) in bodies {
        let mut stream = daemon.connect();
        let head = format!("POST /post HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        stream.write_all(head.as_bytes()).expect("it takes a head");
        stream.write_all(&body).expect("it takes the body, though it keeps none of it");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer and an orderly end");
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("1048576 bytes") && answer.contains("max-body-size"), "{answer}");
    }
}
