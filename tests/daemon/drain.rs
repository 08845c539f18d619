//! The shutdown loses no request: not on idle connections, not in the queues of the kernel, and not
//! while balancers still send.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use super::process::*;

const LONG: [&str; 4] = ["--drain-idle", "1h", "--shutdown-timeout", "2h"];

/// A connection that has had an answer.
fn idle(daemon: &Daemon) -> TcpStream {
    let mut stream = daemon.connect();
    ask(&mut stream, "/status/204", "");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("an answer");
        answer.extend(byte);
    }
    assert!(!String::from_utf8_lossy(&answer).contains("Connection: close"));
    stream
}

/// Reads to the end, which is a FIN.
fn rest(mut stream: impl Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer, then FIN");
    text
}

fn is_last_answer(text: &str) -> bool {
    text.starts_with("HTTP/1.1 204 ") && text.contains("\r\nConnection: close\r\n")
}

#[test]
fn an_idle_connection_may_still_send_a_request() {
    let mut daemon = Daemon::start(&LONG);
    let mut streams: Vec<TcpStream> = (0..8).map(|_| idle(&daemon)).collect();
    daemon.signal("TERM");
    daemon.logged("finishing requests in flight");
    // New connections are served as long.
    streams.push(daemon.connect());
    for mut stream in streams {
        ask(&mut stream, "/status/204", "");
        let text = rest(&stream);
        assert!(is_last_answer(&text), "{text}");
    }
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn without_connections_nothing_is_waited_for() {
    let mut daemon = Daemon::start(&LONG);
    drop(idle(&daemon));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    // The same of a worker without a listener: the first one serves the socket file.
    let folder = Folder::new("drain-unix");
    let socket = format!("unix:{}", folder.file("socket").display());
    let mut command = command(BIN);
    command.args(["--listen", &socket, "--workers", "2"]).args(LONG).stdout(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    let out = lines(child.stdout.take().expect("piped"));
    assert!(out.recv_timeout(DEADLINE).is_ok_and(|line| line.starts_with("listening unix:")));
    signal(&child, "TERM");
    let ended = out.recv_timeout(DEADLINE);
    let _ = child.kill();
    assert_eq!(ended, Err(RecvTimeoutError::Disconnected));
    assert_eq!(child.wait().expect("it can be waited for").code(), Some(0));
}

#[test]
fn a_request_that_comes_too_late_gets_a_fin_and_no_reset() {
    let args = ["--drain-idle", "0", "--linger-timeout", "1h", "--shutdown-timeout", "2h"];
    let mut daemon = Daemon::start(&args);
    let mut streams: Vec<TcpStream> = (0..8).map(|_| idle(&daemon)).collect();
    daemon.signal("TERM");
    for stream in &mut streams {
        assert_eq!(rest(&*stream), "");
        ask(stream, "/status/204", "");
        ask(stream, "/status/204", "");
        assert_eq!(rest(&*stream), "");
    }
    drop(streams);
    assert_eq!(daemon.ended(), Some(0));
}

/// What the kernel has accepted while the process did not run: with requests in the queue of the
/// listener, without them held back by `TCP_DEFER_ACCEPT`.
#[test]
fn connections_that_the_process_does_not_know_of_are_served() {
    for listen in ["127.0.0.1:0", "[::1]:0", "[::]:0"] {
        if TcpListener::bind(listen).is_err() {
            continue; // There is no IPv6.
        }
        for deferred in ["on", "off"] {
            let mut command = command(BIN);
            command.args(["--listen", listen, "--defer-accept", deferred]);
            let mut daemon = Daemon::of(&mut command);
            daemon.address.set_ip(match daemon.address.ip() {
                ip if ip.is_unspecified() => [127, 0, 0, 1].into(),
                ip => ip,
            });
            daemon.signal("STOP");
            let mut streams: Vec<TcpStream> = (0..40).map(|_| daemon.connect()).collect();
            let (asked, silent) = streams.split_at_mut(20);
            asked.iter_mut().for_each(|stream| ask(stream, "/status/204", ""));
            daemon.signal("TERM");
            daemon.signal("CONT");
            silent.iter_mut().for_each(|stream| ask(stream, "/status/204", ""));
            for stream in streams {
                let text = rest(&stream);
                // It may have been served before the signal was.
                assert!(text.starts_with("HTTP/1.1 204 "), "{listen}, {deferred}: {text}");
            }
            assert_eq!(daemon.ended(), Some(0));
        }
    }
}

#[test]
fn during_the_delay_everything_is_served_on() {
    let folder = Folder::new("drain-delay");
    let path = folder.file("socket");
    let socket = format!("unix:{}", path.display());
    let mut command = command(BIN);
    command.args(["--listen", "127.0.0.1:0", "--listen", &socket, "--workers", "1"]);
    command.args(["--drain-delay", "1h", "--drain-idle", "0", "--shutdown-timeout", "2h"]);
    let mut daemon = Daemon::of(&mut command);
    assert!(daemon.out.recv_timeout(DEADLINE).is_ok_and(|line| line.contains("unix:")));
    let mut kept = idle(&daemon);
    daemon.signal("TERM");
    daemon.logged("finishing requests in flight");
    let first = Instant::now();
    for _ in 0..3 {
        let text = daemon.get("/status/204");
        assert!(is_last_answer(&text), "{text}");
    }
    let mut stream = UnixStream::connect(&path).expect("its file is there");
    stream.write_all(b"GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n").expect("it takes a request");
    assert!(is_last_answer(&rest(&stream)));
    ask(&mut kept, "/status/204", "");
    assert!(is_last_answer(&rest(&kept)));
    // A second signal at once counts as the same.
    eventually("another signal", || first.elapsed() > Duration::from_millis(100));
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(!path.exists());
}
