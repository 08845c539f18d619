//! Large echoes: on Linux they use splice, so only the real kernel can test them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use super::process::*;

const LENGTH: usize = 8 * 1024 * 1024;

/// A server, the address of its raw echo, and the body of each echo.
struct Echo {
    daemon: Daemon,
    raw: SocketAddr,
    body: Vec<u8>,
}

impl Echo {
    /// Starts one worker, so that all clients share its pipe.
    fn start() -> Echo {
        let daemon = Daemon::start(&["--listen", "tcp-echo://127.0.0.1:0", "--workers", "1"]);
        let line = daemon.out.recv_timeout(DEADLINE).expect("a second line");
        let raw = line.strip_prefix("listening tcp-echo://").expect(&line).parse();
        // Misplaced bytes show: the period is not a divisor of a buffer's or a page's size.
        let period: Vec<u8> = (0..4099_u32).map(|i| (i * i / 7) as u8).collect();
        let body = period.iter().copied().cycle().take(LENGTH).collect();
        Echo { daemon, raw: raw.expect("an address"), body }
    }

    /// An HTTP connection whose head is sent, and one for raw echo.
    fn connect(&self) -> [TcpStream; 2] {
        let mut http = self.daemon.connect();
        let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {LENGTH}\r\n\r\n");
        http.write_all(head.as_bytes()).expect("it reads");
        let raw = TcpStream::connect(self.raw).expect("it listens");
        raw.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        [http, raw]
    }

    /// Shuts down the client's side and checks everything that it has received and still receives.
    fn end(&self, mut stream: TcpStream, mut received: Vec<u8>) {
        stream.shutdown(Shutdown::Write).expect("a socket");
        stream.read_to_end(&mut received).expect("all, then FIN");
        self.check(&received);
    }

    /// Checks that this is the body, after a head or not.
    fn check(&self, received: &[u8]) {
        let (head, body) = received.split_at(received.len() - LENGTH);
        assert!(head.is_empty() || head.starts_with(b"HTTP/1.1 200 OK\r\n"), "a 200");
        assert!(body == self.body, "other bytes came back");
    }
}

/// Sends as much as the kernel takes, and reads some only when it takes no more.
fn press(mut stream: &TcpStream, body: &[u8]) -> Vec<u8> {
    let (mut sent, mut received, mut piece) = (0, Vec::new(), vec![0; 10_000]);
    while sent < body.len() {
        stream.set_nonblocking(true).expect("a socket");
        match stream.write(&body[sent..]) {
            Ok(bytes) => sent += bytes,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stream.set_nonblocking(false).expect("a socket");
                let bytes = stream.read(&mut piece).expect("part of the echo");
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
        reader.read_to_end(&mut received).expect("all, then FIN");
        sender.join().expect("all is sent");
        echo.check(&received);
    }
    echo.daemon.stop();
}

#[test]
fn what_a_client_takes_slowly_comes_back_beside_those_that_vanish() {
    let echo = Echo::start();
    for stream in echo.connect() {
        // They close with unread bytes, so their kernel resets the connection.
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
fn urgent_data_does_not_stall_echo() {
    let echo = Echo::start();
    for stream in echo.connect() {
        let (first, second) = echo.body.split_at(LENGTH / 2);
        let mut received = press(&stream, first);
        // The urgent byte is not part of the stream: a server that does not ask for it never reads
        // it.
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
        stream.read_to_string(&mut answer).expect("an answer, then FIN");
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("1048576 bytes") && answer.contains("max-body-size"), "{answer}");
    }
}
