//! Connections that are broken on purpose, over real sockets: what was sent before arrives, and then
//! the end that was asked for.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::process::*;

/// Starts a server with another listener, of which the second address is returned.
fn start(listen: &str) -> (Daemon, SocketAddr) {
    let daemon = Daemon::start(&["--max-bytes", "20MiB", "--listen", listen, "--workers", "1"]);
    let line = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    let address = line.split_once("://").and_then(|(_, rest)| rest.split('/').next()?.parse().ok());
    let address = address.unwrap_or_else(|| panic!("no address: {line}"));
    (daemon, address)
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream
}

/// Everything that arrives, and how it ends: by FIN, or by an error.
fn receive(mut stream: &TcpStream) -> (Vec<u8>, Option<ErrorKind>) {
    let mut received = Vec::new();
    let end = stream.read_to_end(&mut received);
    (received, end.err().map(|error| error.kind()))
}

/// Two answers behind each other are larger than the kernels' buffers, so some of both is still on
/// its way when the second breaks.
#[test]
fn a_reset_comes_after_everything_before_it_was_received() {
    const LENGTH: usize = 10_000_000;
    let (daemon, _) = start("tcp-echo://127.0.0.1:0");
    for (fault, bytes) in [("reset:0.5", LENGTH / 2), ("abort:1", 1), ("reset:1.0", LENGTH)] {
        let mut stream = daemon.connect();
        ask(&mut stream, &format!("/bytes/{LENGTH}?seed=1"), "");
        ask(&mut stream, &format!("/~fault={fault}/bytes/{LENGTH}?seed=1"), "");
        let (received, end) = receive(&stream);
        assert_eq!(end, Some(ErrorKind::ConnectionReset), "{fault}");
        let head = |from: usize| {
            let heads = received[from..].windows(4).position(|four| four == b"\r\n\r\n");
            from + heads.expect("a head") + 4
        };
        let first = head(0);
        let second = head(first + LENGTH);
        assert_eq!(received.len(), second + bytes, "{fault}");
        assert!(received[second..] == received[first..][..bytes], "{fault}: other bytes");
    }
    daemon.stop();
}

/// Closing a socket with unread input would reset the connection.
#[test]
fn a_fin_stays_a_fin_when_more_was_sent() {
    let (daemon, _) = start("tcp-echo://127.0.0.1:0");
    for (fault, bytes) in [("close", 0), ("truncate:4", 4)] {
        let mut stream = daemon.connect();
        ask(&mut stream, &format!("/~fault={fault}/bytes/9?seed=1"), "");
        let more = vec![b'x'; 1 << 20];
        stream.write_all(&more).expect("it is read, or still in the kernels' buffers");
        let (received, end) = receive(&stream);
        assert_eq!(end, None, "{fault}");
        let body = received.windows(4).position(|four| four == b"\r\n\r\n");
        assert_eq!(received.len() - body.map_or(0, |at| at + 4), bytes, "{fault}");
    }
    daemon.stop();
}

#[test]
fn a_connection_breaks_as_soon_as_it_is_accepted() {
    for (fault, end) in [("close", None), ("reset", Some(ErrorKind::ConnectionReset))] {
        let (daemon, address) = start(&format!("http://127.0.0.1:0/~fault={fault}:connect"));
        // It may be reset before the system has returned the socket.
        if let Ok(stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
            assert_eq!(receive(&stream), (vec![], end), "{fault}");
        }
        assert!(daemon.get("/status/200").starts_with("HTTP/1.1 200 "), "only that listener");
        daemon.stop();
    }
}

#[test]
fn a_raw_echo_is_delayed_and_broken() {
    let (daemon, address) = start("tcp-echo://127.0.0.1:0/~delay=50ms/~fault=reset:4096");
    let mut stream = connect(address);
    let began = Instant::now();
    stream.write_all(&[b'x'; 4096]).expect("it reads");
    let (received, end) = receive(&stream);
    assert!(began.elapsed() >= Duration::from_millis(50), "{:?}", began.elapsed());
    assert_eq!((received.len(), end), (4096, Some(ErrorKind::ConnectionReset)));
    daemon.stop();
}

#[test]
fn datagrams_are_delayed_and_lost() {
    let (daemon, address) = start("udp-echo://127.0.0.1:0/~delay=50ms..60ms/~fault=close@0.5");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let began = Instant::now();
    (0..100u8).for_each(|number| _ = socket.send_to(&[number], address).expect("it is sent"));
    let (mut buffer, mut received) = ([0; 9], 0);
    socket.recv_from(&mut buffer).expect("some come back");
    assert!(began.elapsed() >= Duration::from_millis(50), "{:?}", began.elapsed());
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    while socket.recv_from(&mut buffer).is_ok() {
        received += 1;
    }
    assert!((10..90).contains(&received), "{received} of 100 came back");
    daemon.stop();
}
