//! Start and end: listeners, signals, drains, and descriptors in between.

use std::fs;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::process::*;

#[test]
fn it_says_where_it_listens_and_ends_on_sigterm() {
    let daemon = Daemon::start(&[]);
    assert_ne!(daemon.address.port(), 0);
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.stop();
}

#[test]
fn sigint_ends_it_too_and_a_stray_sigusr1_does_not() {
    let mut daemon = Daemon::start(&[]);
    daemon.signal("USR1");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.signal("INT");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn every_listener_has_its_line() {
    let folder = Folder::new("listeners");
    let socket = format!("unix:{}", folder.file("socket").display());
    let mut command = command(BIN);
    command.args(["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", &socket]);
    let daemon = Daemon::of(&mut command);
    let second = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    assert!(second.starts_with("listening http://127.0.0.1:"), "{second}");
    assert!(!second.ends_with(&format!(":{}", daemon.address.port())), "{second}");
    let third = daemon.out.recv_timeout(DEADLINE).expect("a third line");
    assert_eq!(third, format!("listening {socket}"));
    daemon.stop();
}

#[test]
fn a_drain_answers_what_is_in_flight() {
    // One worker, so that its answer to a later request proves that it has read the earlier ones.
    let mut daemon = Daemon::start(&["--workers", "1"]);
    let mut waiting: Vec<TcpStream> = (0..100).map(|_| daemon.connect()).collect();
    waiting.iter_mut().for_each(|stream| ask(stream, "/delay/1", ""));
    let mut idle = daemon.connect();
    ask(&mut idle, "/get", "");
    assert_eq!(status_line(&mut idle).as_deref(), Ok("HTTP/1.1 200 OK"));
    let begun = Instant::now();
    daemon.signal("TERM");
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, then FIN");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("}\n"), "a complete answer: {answer}");
    }
    assert_eq!(daemon.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(6), "it ends after the last answer");
    let refused = TcpStream::connect(daemon.address).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
}

#[test]
fn a_drain_has_an_end() {
    let mut daemon = Daemon::start(&["--workers", "1", "--shutdown-timeout", "100ms"]);
    let begun = Instant::now();
    let mut cut_off = in_flight(&daemon);
    daemon.signal("TERM");
    daemon.logged("1 answer was cut off after 100ms: raise --shutdown-timeout");
    assert_eq!(daemon.ended(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(8), "/delay/10 was not waited for");
    assert!(status_line(&mut cut_off).is_err(), "and not answered early");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut daemon = Daemon::start(&["--workers", "1", "--shutdown-timeout", "1h"]);
    let begun = Instant::now();
    let mut cut_off = in_flight(&daemon);
    // A second TERM at once counts as the same signal: `timeout` sends it twice.
    daemon.signal_twice("TERM");
    daemon.logged("finishing requests in flight");
    let first = Instant::now();
    while first.elapsed() < Duration::from_millis(100) {
        assert_eq!(daemon.child.try_wait().expect("it is ours"), None);
        std::thread::yield_now();
    }
    daemon.signal("TERM");
    daemon.logged("1 answer was cut off by the second signal");
    assert_eq!(daemon.ended(), Some(1));
    assert!(begun.elapsed() < Duration::from_secs(8), "/delay/10 was not waited for");
    assert!(status_line(&mut cut_off).is_err(), "and not answered early");
}

/// A delayed request on a daemon with one worker.
fn in_flight(daemon: &Daemon) -> TcpStream {
    let mut stream = daemon.connect();
    ask(&mut stream, "/delay/10", "");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    stream
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_is_gone_is_no_signal() {
    let daemon = Daemon::start(&[]);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id()));
    let status = status.expect("it runs");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    let ignored = u64::from_str_radix(mask.trim(), 16).expect("a number");
    assert_ne!(ignored & 1 << (13 - 1), 0, "SIGPIPE, which is 13, is ignored");
    daemon.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn more_connections_than_descriptors_are_served_when_there_is_room() {
    let mut limited = command("sh");
    limited.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", BIN]);
    let daemon = Daemon::of(limited.args(["--listen", "127.0.0.1:0", "--workers", "1"]));
    // More than the descriptors; the others wait in the kernel until connections have been idle for
    // a second and are closed.
    let mut streams: Vec<TcpStream> = (0..100).map(|_| daemon.connect()).collect();
    streams.iter_mut().for_each(|stream| ask(stream, "/get", ""));
    for stream in &mut streams[..10] {
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    }
    let before = daemon.cpu_ticks();
    for stream in &mut streams[10..] {
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    }
    let ticks = daemon.cpu_ticks() - before;
    assert!(ticks <= 10, "{ticks} hundredths of a second of CPU time while it was full");
    daemon.stop();
}
