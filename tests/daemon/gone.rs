//! Clients that leave before their answer is complete, as the access log shows them.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::process::*;

/// The access log when the server has ended: target and status of each line, and whether the
/// duration is above zero.
fn logged(folder: &Folder) -> Vec<(String, u64, bool)> {
    let log = fs::read_to_string(folder.file("access.log")).expect("a log");
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        let status = line["status"].as_u64().expect("a status");
        let waited = line["duration_us"].as_u64().is_some_and(|us| us > 0);
        (line["target"].as_str().expect("a target").to_owned(), status, waited)
    };
    log.lines().map(line).collect()
}

fn start(folder: &Folder) -> Daemon {
    let path = folder.file("access.log").display().to_string();
    Daemon::start(&["--access-log", "json", "--access-log-file", &path, "--linger-timeout", "5s"])
}

#[test]
fn a_client_that_closes_during_a_delay_is_logged_as_gone() {
    let folder = Folder::new("gone-fin");
    let daemon = start(&folder);
    let targets =
        ["/delay/0.3", "/drip?delay=0.3&duration=1&numbytes=5", "/sse?delay=0.3&duration=1"];
    for target in targets {
        let mut stream = daemon.connect();
        ask(&mut stream, target, "");
        drop(stream);
    }
    daemon.get("/delay/2");
    daemon.stop();
    let mut logged = logged(&folder);
    logged.sort();
    let line = |target: &str, status| (target.to_owned(), status, true);
    let gone = targets.map(|target| line(target, 499));
    assert_eq!(logged, [&[gone[0].clone(), line("/delay/2", 200)][..], &gone[1..]].concat());
}

#[test]
fn a_client_that_only_half_closes_has_its_answer() {
    let folder = Folder::new("gone-half");
    let daemon = start(&folder);
    let mut stream = daemon.connect();
    ask(&mut stream, "/delay/0.3", "");
    stream.shutdown(Shutdown::Write).expect("it is connected");
    assert!(status_line(&mut stream).is_ok_and(|line| line.starts_with("HTTP/1.1 200 ")));
    daemon.stop();
    assert_eq!(logged(&folder), [("/delay/0.3".to_owned(), 200, true)]);
}

#[test]
fn a_client_that_resets_is_logged_at_once() {
    let folder = Folder::new("gone-rst");
    let daemon = start(&folder);
    for target in ["/delay/9", "/drip?duration=9&numbytes=2&delay=0", "/sse?duration=1&delay=8"] {
        let mut stream = daemon.connect();
        ask(&mut stream, target, "");
        if target.starts_with("/drip") {
            assert!(status_line(&mut stream).is_ok_and(|line| line.starts_with("HTTP/1.1 200 ")));
        }
        reset(stream);
        let log = folder.file("access.log");
        eventually("a line", || fs::read_to_string(&log).is_ok_and(|log| log.contains(target)));
    }
    daemon.stop();
    let status: Vec<u64> = logged(&folder).into_iter().map(|line| line.1).collect();
    assert_eq!(status, [499, 200, 499], "an answer that has begun keeps its status");
}

#[test]
fn a_client_that_never_takes_its_answer_is_logged_when_it_is_given_up() {
    let folder = Folder::new("gone-silent");
    let path = folder.file("access.log").display().to_string();
    let args = ["--access-log", "json", "--access-log-file", &path, "--send-timeout", "1s"];
    let daemon = Daemon::start(&[&args[..], &["--max-bytes", "100MiB"]].concat());
    let mut stream = daemon.connect();
    ask(&mut stream, "/bytes/90000000", "");
    eventually("a line", || fs::read_to_string(&path).is_ok_and(|log| log.contains("/bytes/")));
    daemon.stop();
    assert_eq!(logged(&folder), [("/bytes/90000000".to_owned(), 200, true)]);
    drop(stream);
}

#[test]
fn a_client_that_leaves_within_its_body_is_logged() {
    let folder = Folder::new("gone-body");
    let daemon = start(&folder);
    for target in ["/post", "/upload", "/echo"] {
        let mut stream = daemon.connect();
        let head = format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
        stream.write_all(head.as_bytes()).expect("it is connected");
        drop(stream);
        let log = folder.file("access.log");
        eventually("a line", || fs::read_to_string(&log).is_ok_and(|log| log.contains(target)));
    }
    daemon.stop();
    let status: Vec<u64> = logged(&folder).into_iter().map(|line| line.1).collect();
    assert_eq!(status, [499, 499, 200]);
}

#[test]
fn a_client_that_leaves_within_its_head_is_logged() {
    let folder = Folder::new("gone-head");
    let daemon = start(&folder);
    for (target, resets) in [("/fin", false), ("/rst", true)] {
        let mut stream = daemon.connect();
        stream
            .write_all(format!("GET {target} HTTP/1.1\r\nHo").as_bytes())
            .expect("it is connected");
        // An answer on another connection of this worker comes after the first bytes were read.
        daemon.get("/status/204");
        if resets {
            reset(stream)
        } else {
            drop(stream)
        }
        let log = folder.file("access.log");
        eventually("a line", || fs::read_to_string(&log).is_ok_and(|log| log.contains(target)));
    }
    daemon.stop();
    let mut logged = logged(&folder);
    logged.retain(|line| line.1 != 204);
    let line = |target: &str| (target.to_owned(), 499, true);
    assert_eq!(logged, [line("/fin"), line("/rst")]);
}

/// What was pipelined behind the request that waited was sent before the client left.
#[test]
fn a_client_that_leaves_with_further_requests_behind_is_logged_as_gone() {
    let folder = Folder::new("gone-pipelined");
    let daemon = start(&folder);
    let mut stream = daemon.connect();
    for target in ["/delay/0.3", "/status/204", "/delay/5"] {
        ask(&mut stream, target, "");
    }
    drop(stream);
    let log = folder.file("access.log");
    eventually("a line", || fs::read_to_string(&log).is_ok_and(|log| log.contains("/delay/5")));
    daemon.stop();
    let mut lines: Vec<_> = logged(&folder).into_iter().map(|line| (line.0, line.1)).collect();
    lines.sort();
    let line = |target: &str, status| (target.to_owned(), status);
    let expected = [line("/delay/0.3", 499), line("/delay/5", 499), line("/status/204", 204)];
    assert_eq!(lines, expected);
}

fn start_to_cancel(folder: &Folder) -> Daemon {
    let path = folder.file("access.log").display().to_string();
    let args = ["--workers", "1", "--max-delayed", "1", "--max-connections", "2", "--half-close"];
    let log = ["cancel", "--access-log", "json", "--access-log-file", &path];
    Daemon::start(&[&args[..], &log].concat())
}

#[test]
fn a_cancelled_request_frees_its_place_and_its_slot_at_once() {
    let folder = Folder::new("gone-cancel");
    let daemon = start_to_cancel(&folder);
    // Nobody closes the streams that only shut down their side.
    let mut kept = Vec::new();
    for target in ["/delay/9", "/drip?duration=9&numbytes=2&delay=0", "/sse?duration=1&delay=8"] {
        for leaves in 0..3 {
            let mut stream = daemon.connect();
            ask(&mut stream, target, "");
            match leaves {
                0 => drop(stream),
                1 => reset(stream),
                _ => {
                    stream.shutdown(Shutdown::Write).expect("it is connected");
                    kept.push(stream);
                }
            }
            eventually("its place is free", || {
                daemon.get("/delay/0.001").starts_with("HTTP/1.1 200 OK\r\n")
            });
        }
    }
    daemon.stop();
    let mut lines = logged(&folder);
    lines.retain(|line| line.0 != "/delay/0.001");
    assert_eq!(lines.len(), 9, "{lines:?}");
    assert!(lines.iter().all(|line| line.1 == 499 || line.0.starts_with("/drip")), "{lines:?}");
    drop(kept);
}

/// Only what waits is cancelled: what was answered before, and what is answered at once, arrives.
#[test]
fn a_cancelled_request_costs_no_answer_before_it() {
    let folder = Folder::new("gone-cancel-behind");
    let daemon = start_to_cancel(&folder);
    for (targets, answers) in [
        (&["/bytes/50000"][..], 1),
        (&["/bytes/50000", "/status/204", "/delay/9", "/get"], 2),
        (&["/bytes/50000", "/delay/9", "/bytes/9", "/bytes/9"], 1),
    ] {
        let mut stream = daemon.connect();
        targets.iter().for_each(|target| ask(&mut stream, target, ""));
        stream.shutdown(Shutdown::Write).expect("it is connected");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("a FIN");
        let starts = bytes.windows(9).filter(|bytes| bytes.starts_with(b"HTTP/1.1 "));
        assert_eq!((starts.count(), bytes.len() > 50_000), (answers, true), "{targets:?}");
    }
    daemon.stop();
}

/// Sends the preface of HTTP/2 (RFC 9113 3.4) and a request on stream 1.
fn ask_http2(stream: &mut TcpStream, target: &str) {
    // `:method: GET`, `:scheme: http`, `:authority: a` and `:path`, without a dynamic table.
    let path = [&[0x04, u8::try_from(target.len()).expect("short")], target.as_bytes()].concat();
    let block = [&[0x82, 0x86, 0x01, 1, b'a'], &path[..]].concat();
    let length = u8::try_from(block.len()).expect("short");
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let headers = [0, 0, length, 1, 0x5, 0, 0, 0, 1];
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
    let bytes = [preface, &settings, &headers, &block].concat();
    stream.write_all(&bytes).expect("it is connected");
}

#[test]
fn a_client_of_http2_that_closes_during_a_delay_is_logged_as_gone() {
    let folder = Folder::new("gone-http2");
    let daemon = start(&folder);
    let mut gone = daemon.connect();
    ask_http2(&mut gone, "/delay/0.3?gone");
    drop(gone);
    let mut reads = daemon.connect();
    ask_http2(&mut reads, "/delay/0.3?reads");
    reads.shutdown(Shutdown::Write).expect("it is connected");
    let mut answer = Vec::new();
    reads.read_to_end(&mut answer).expect("an answer and the end");
    assert!(String::from_utf8_lossy(&answer).contains("/delay/0.3?reads"));
    daemon.stop();
    let mut logged = logged(&folder);
    logged.sort();
    let line = |target: &str, status| (target.to_owned(), status, true);
    assert_eq!(logged, [line("/delay/0.3?gone", 499), line("/delay/0.3?reads", 200)]);
}
