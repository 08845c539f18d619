//! Options and resets of real sockets.

use std::io::Read;
use std::net::{SocketAddr, TcpStream as Client, UdpSocket};

use std::time::Instant;

use super::*;
use crate::http::app::App;
use crate::http::modifiers::{At, Fault, FaultKind, Plan};
use crate::proto::broken::Broken;
use crate::proto::conn::{Conn, Protocol};
use crate::proto::echo::modified::ModifiedEcho;
use crate::proto::test_driver::Driver;
use crate::server::listen::Group;
use crate::server::session::{Session, SharedBuffers, TurnResult};

/// For how long the kernel defers accepting, in seconds, as rounded by it.
pub(in crate::server) fn deferral(listener: &socket2::Socket) -> i32 {
    let (mut seconds, mut length) = (0i32, size_of::<i32>() as libc::socklen_t);
    // SAFETY: both pointers are valid, and the length is that of the first.
    let result = unsafe {
        let value = (&raw mut seconds).cast();
        let (level, option) = (libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT);
        libc::getsockopt(listener.as_raw_fd(), level, option, value, &mut length)
    };
    assert_eq!(result, 0);
    seconds
}

/// A worker's environment with one listener, and its address.
fn os(listen: &str) -> (Os, SocketAddr) {
    let listen = listen.parse().unwrap();
    let group = Group::resolve(&listen).unwrap();
    let mut open = group.open(1, |_| false, |_| false).unwrap().remove(0);
    let at = open.sockets[0].local_addr().unwrap().as_socket().unwrap();
    let (_, inbox) = UnixStream::pair().unwrap();
    let mut os = Os::new(inbox, Clock::begin(), false).unwrap();
    os.handed.push(open.sockets.remove(0).into());
    os.open_listeners(&[(0, open.address.kind())]).unwrap();
    (os, at)
}

/// A connection: the client's socket, and ours.
fn connected(os: &mut Os, at: SocketAddr) -> (Client, Socket) {
    let client = Client::connect(at).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match os.accept(0) {
            Ok((socket, _)) => return (client, socket),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        let next = os.now().after(Duration::from_millis(100));
        os.wait(next, &mut Vec::new());
    }
}

/// Runs a session until it closes, and closes its socket.
fn run(os: &mut Os, mut session: Session<Socket>, output: &[u8]) {
    let mut driver = Driver::new(App::default(), Protocol::Echo, 1);
    let mut buffers = SharedBuffers::new(&driver.app.limits);
    buffers.output.tail().extend_from_slice(output);
    let token = Token { index: 0, generation: 1 };
    os.register(&mut session.socket, token).unwrap();
    let mut events = Vec::new();
    loop {
        driver.clock.now = os.now();
        match session.turn(os, &mut driver.cx(), &mut buffers) {
            TurnResult::Close => return os.close(session.socket),
            TurnResult::Yield | TurnResult::Handshake | TurnResult::Identified => {}
            TurnResult::Wait => os.wait(session.due, &mut events),
        }
        for event in events.drain(..) {
            if let Event::Socket(_, readiness) = event {
                session.on_event(readiness);
            }
        }
    }
}

/// What a client receives, and how it ends.
fn receive(mut client: Client) -> (Vec<u8>, Option<ErrorKind>) {
    let mut received = Vec::new();
    let end = client.read_to_end(&mut received);
    (received, end.err().map(|error| error.kind()))
}

/// A client that reads slowly, or has sent what nobody read, receives everything; then a reset or
/// the end, as the fault asks.
#[test]
fn a_connection_breaks_after_everything_was_received() {
    let (mut os, at) = os("tcp-echo://127.0.0.1:0");
    let output: Vec<u8> = (0..5_000_000_u64).map(|i| (i * i / 7) as u8).collect();
    for (kind, sends, end) in [
        (FaultKind::Reset, 0, Some(ErrorKind::ConnectionReset)),
        (FaultKind::Abort, 100_000, Some(ErrorKind::ConnectionReset)),
        (FaultKind::Close, 0, None),
        (FaultKind::Close, 100_000, None),
    ] {
        for length in [0, 1, output.len()] {
            let (mut client, socket) = connected(&mut os, at);
            client.write_all(&vec![b'x'; sends]).unwrap();
            let reader = std::thread::spawn(move || receive(client));
            let conn = Conn::Broken(Broken::Begins(kind));
            run(&mut os, Session::new(socket, conn, None, 0, true), &output[..length]);
            let (received, ended) = reader.join().unwrap();
            assert!(received == output[..length], "{kind:?}: {} bytes", received.len());
            assert_eq!(ended, end, "{kind:?} after {length} bytes");
        }
    }
}

/// Exactly as much comes back as the fault says, whatever else was sent.
#[test]
fn an_echo_breaks_after_its_bytes_were_received() {
    let (mut os, at) = os("tcp-echo://127.0.0.1:0");
    for (kind, bytes, end) in [
        (FaultKind::Reset, 1, Some(ErrorKind::ConnectionReset)),
        (FaultKind::Reset, 4_000_000, Some(ErrorKind::ConnectionReset)),
        (FaultKind::Truncate, 70_000, None),
    ] {
        let (client, socket) = connected(&mut os, at);
        let mut sender = client.try_clone().unwrap();
        let body: Vec<u8> = (0..5_000_000_u64).map(|i| (i * i / 7) as u8).collect();
        let expected = body[..bytes].to_vec();
        let sending = std::thread::spawn(move || sender.write_all(&body));
        let reader = std::thread::spawn(move || receive(client));
        let fault = Some(Fault { kind, at: Some(At::Byte(bytes as u64)) });
        let plan = Plan { fault, ..Plan::default() };
        let conn = Conn::Echo(Some(Box::new(ModifiedEcho::new(&plan))));
        run(&mut os, Session::new(socket, conn, None, 0, true), b"");
        let (received, ended) = reader.join().unwrap();
        assert!(received == expected, "{kind:?}: {} bytes", received.len());
        // A socket reports its reset once: to the writer or to the reader.
        let written = sending.join().unwrap().err().map(|error| error.kind());
        assert_eq!(ended.or(written), end, "{kind:?}");
    }
}

/// Datagrams wait for their due time; some are lost. Without plans they
/// come back at once.
#[test]
fn datagrams_come_back_when_they_are_due() {
    let (mut os, at) = os("udp-echo://127.0.0.1:0");
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let began = Instant::now();
    (0..4u8).for_each(|number| _ = client.send_to(&[number], at).unwrap());
    let mut drawn = 0;
    let mut plans = || {
        drawn += 1;
        let fault = Some(Fault { kind: FaultKind::Close, at: None }).filter(|_| drawn == 2);
        Plan { delay_us: 50_000 - 10_000 * drawn, fault, ..Plan::default() }
    };
    let (mut received, mut buffer, mut events) = (Vec::new(), [0; 9], Vec::new());
    client.set_nonblocking(true).unwrap();
    while received.len() < 3 {
        let until = os.echo_datagrams(0, Some(&mut plans));
        assert!(began.elapsed() < Duration::from_secs(30), "{received:?}");
        os.wait(until.min(os.last_now.after(Duration::from_secs(1))), &mut events);
        os.now();
        while let Ok((_, _)) = client.recv_from(&mut buffer) {
            let delay = Duration::from_millis([40, 0, 20, 10][usize::from(buffer[0])]);
            assert!(began.elapsed() >= delay, "{} is early", buffer[0]);
            received.push(buffer[0]);
        }
    }
    received.sort();
    assert_eq!((received, drawn), (vec![0, 2, 3], 4));
    client.set_nonblocking(false).unwrap();
    client.send_to(b"x", at).unwrap();
    os.wait(os.last_now.after(Duration::from_secs(30)), &mut events);
    assert_eq!(os.echo_datagrams(0, None), Time::NEVER);
    assert_eq!(client.recv_from(&mut buffer).unwrap().0, 1);
}

#[test]
fn bytes_are_unacked_until_the_client_has_them() {
    let (mut os, at) = os("tcp-echo://127.0.0.1:0");
    let (mut client, mut socket) = connected(&mut os, at);
    assert_eq!(os.unacked(&mut socket), 0);
    let piece = [b'x'; 65_536];
    let mut sent = 0;
    while let Ok(bytes) = os.write(&mut socket, &piece) {
        sent += bytes;
    }
    assert!((1..=sent).contains(&os.unacked(&mut socket)));
    let mut received = vec![0; sent];
    client.read_exact(&mut received).unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while os.unacked(&mut socket) > 0 {
        assert!(Instant::now() < deadline, "never acknowledged");
        std::thread::yield_now();
    }
}

#[test]
fn a_narrow_socket_has_a_small_receive_buffer() {
    let (mut os, at) = os("tcp-echo://127.0.0.1:0");
    let (_client, mut socket) = connected(&mut os, at);
    let size = |socket: &Socket| match socket {
        Socket::Tcp(stream) => SockRef::from(stream).recv_buffer_size().unwrap(),
        Socket::Unix(_) => panic!("a TCP socket"),
    };
    let before = size(&socket);
    os.narrow(&mut socket);
    // The kernel doubles it, for its own administration.
    assert!(size(&socket) < before && size(&socket) <= 2 * NARROW_BYTES, "{before}");
}
