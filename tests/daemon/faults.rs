//! Faults as a raw client sees them on a real socket: what was sent, whether FIN or RST ended it,
//! and that neither came early.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::process::*;

/// How the server ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Fin,
    Rst,
}
use End::{Fin, Rst};

/// Reads to the end, which must come.
fn read(stream: &mut TcpStream) -> (Vec<u8>, End) {
    let (mut all, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (all, Fin),
            Ok(bytes) => all.extend_from_slice(&buffer[..bytes]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => return (all, Rst),
            // A read with a timeout is not begun again after the process was stopped.
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}: {}", String::from_utf8_lossy(&all)),
        }
    }
}

/// What follows the head of an answer.
fn body(answer: &[u8]) -> &[u8] {
    let head = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    head.map_or(b"", |at| &answer[at + 4..])
}

/// Sends a request with one before it and one behind, and returns what came after the first
/// answer, which is whole; how that ended, and how long it took.
fn between_others(daemon: &Daemon, request: &str) -> (Vec<u8>, End, Duration) {
    const BEFORE: &str = "GET /range/3 HTTP/1.1\r\nHost: a\r\n\r\n";
    const BEHIND: &str = "GET /bytes/5000 HTTP/1.1\r\nHost: a\r\n\r\n";
    let (mut stream, began) = (daemon.connect(), Instant::now());
    let all = [BEFORE, request, BEHIND].concat();
    stream.write_all(all.as_bytes()).expect("it takes requests");
    let (bytes, end) = read(&mut stream);
    let took = began.elapsed();
    let first = b"HTTP/1.1 200 OK\r\n";
    assert!(bytes.starts_with(first), "{request}: {}", String::from_utf8_lossy(&bytes));
    let rest = body(&bytes).strip_prefix(b"abc").expect("the first answer's body").to_vec();
    assert!(rest.len() < 5000, "{request}: what is behind it was answered");
    (rest, end, took)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn each_fault_sends_what_it_must_and_ends_as_it_must() {
    let daemon = Daemon::start(&["--max-wait", "300ms"]);
    let post = |target: &str| {
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabcdefghi")
    };
    let wait = Duration::from_millis(300);
    let none = Duration::ZERO;
    for (request, sent, end, least) in [
        (get("/~fault=close/get"), None, Fin, none),
        (get("/~fault=close/~delay=200ms/get"), None, Fin, Duration::from_millis(200)),
        (get("/~fault=reset/get"), None, Rst, none),
        (get("/~fault=abort/~delay=200ms/get"), None, Rst, Duration::from_millis(200)),
        (get("/~fault=hang/get"), None, Fin, wait),
        (post("/~read=hang/post"), None, Fin, wait),
        (post("/~fault=reset:up:4/post"), None, Rst, none),
        (post("/~fault=close:up:99/post"), None, Fin, none),
        (get("/~fault=reset:0/range/26"), Some(""), Rst, none),
        (get("/~fault=reset:7/range/26"), Some("abcdefg"), Rst, none),
        (get("/~fault=abort:0.5/range/26"), Some("abcdefghijklm"), Rst, none),
        (get("/~fault=reset:99/range/7"), Some("abcdefg"), Rst, none),
        (get("/~fault=stall:7/range/26"), Some("abcdefg"), Fin, wait),
        (get("/~fault=truncate:7/range/26"), Some("abcdefg"), Fin, none),
        (get("/~fault=truncate:7/~frame=chunked/range/26"), Some("7\r\nabcdefg\r\n"), Fin, none),
        (get("/~fault=bad-chunk:2/range/26"), Some("2\r\nab\r\nloiter\r\n"), Fin, none),
        (get("/~fault=dup-length/range/3"), Some("abc"), Fin, none),
        (get("/~fault=extra:2/range/3"), Some("abcxx"), Fin, none),
        (get("/~fault=bad-head/range/3"), Some("abc"), Fin, none),
        (get("/~last/range/3"), Some("abc"), Fin, none),
        (get("/~frame=close/range/3"), Some("abc"), Fin, none),
        (get("/~fault=reset:2/~rate=10/range/9"), Some("ab"), Rst, Duration::from_millis(200)),
    ] {
        let (rest, got, took) = between_others(&daemon, &request);
        assert_eq!(got, end, "{request}");
        assert!(took >= least, "{request}: early, after {took:?}");
        match sent {
            None => assert_eq!(rest, b"", "{request}"),
            Some(sent) => assert_eq!(String::from_utf8_lossy(body(&rest)), sent, "{request}"),
        }
    }
    let (rest, end, _) = between_others(&daemon, &get("/~fault=garbage/get"));
    assert_eq!((rest.len(), end), (1024, Fin));
    daemon.stop();
}

#[test]
fn head_and_no_content_have_nothing_to_break() {
    let daemon = Daemon::start(&[]);
    let faults = ["truncate", "stall:1", "extra:3", "dup-length", "bad-chunk", "reset:1"];
    let mut stream = daemon.connect();
    for fault in faults {
        let requests = format!(
            "HEAD /~fault={fault}/range/9 HTTP/1.1\r\nHost: a\r\n\r\n\
             GET /~fault={fault}/status/204 HTTP/1.1\r\nHost: a\r\n\r\n"
        );
        stream.write_all(requests.as_bytes()).expect("it is open");
    }
    ask(&mut stream, "/range/3", "Connection: close\r\n");
    let (bytes, end) = read(&mut stream);
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!((text.matches("HTTP/1.1 200 OK\r\n").count(), end), (faults.len() + 1, Fin));
    assert_eq!(text.matches("HTTP/1.1 204 NO CONTENT\r\n").count(), faults.len());
    assert!(text.ends_with("\r\n\r\nabc") && !text.contains("fault="), "{text}");
}

#[test]
fn an_idle_connection_ends_no_sooner_than_was_asked() {
    let daemon = Daemon::start(&[]);
    for _ in 0..20 {
        let (mut stream, began) = (daemon.connect(), Instant::now());
        ask(&mut stream, "/~idle=50ms/~delay=1ms/range/3", "");
        let (answer, end) = read(&mut stream);
        assert!(began.elapsed() >= Duration::from_millis(51), "{:?}", began.elapsed());
        assert_eq!((body(&answer), end), (b"abc".as_slice(), Fin));
    }
}

/// A client whose body is read slowly is held back by its own kernel: it cannot send all at once.
#[test]
fn a_slow_reader_holds_its_client_back() {
    let daemon = Daemon::start(&[]);
    let mut stream = daemon.connect();
    let bytes = 8_000_000;
    let head =
        format!("POST /~read=hang/upload HTTP/1.1\r\nHost: a\r\nContent-Length: {bytes}\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("it takes a head");
    stream.set_write_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    let piece = vec![b'x'; 100_000];
    let mut sent = 0;
    while let Ok(some) = stream.write(&piece) {
        sent += some;
        assert!(sent < bytes, "everything was taken");
    }
    drop(stream);
    // Twice 40,000 bytes at 200,000 a second take 400 ms.
    let (mut stream, began) = (daemon.connect(), Instant::now());
    let body = "x".repeat(80_000);
    let head =
        "POST /~read=200000/~delay=100ms/upload HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).expect("it takes a body");
    let (answer, _) = read(&mut stream);
    assert!(began.elapsed() >= Duration::from_millis(500), "{:?}", began.elapsed());
    let text = String::from_utf8_lossy(&answer);
    assert!(text.contains("\"bytes_received\": 80000"), "{text}");
}

/// Silence, a pause and a rate under way end with the server's shutdown, in its time.
#[test]
fn a_drain_ends_what_is_silent_and_what_takes_too_long() {
    let mut daemon = Daemon::start(&["--shutdown-timeout", "2s"]);
    let mut streams: Vec<TcpStream> = Vec::new();
    for target in ["/~fault=hang/get", "/~fault=stall/range/9", "/~gap=10m/range/9", "/~rate=1/get"]
    {
        let mut stream = daemon.connect();
        ask(&mut stream, target, "");
        streams.push(stream);
    }
    let mut upload = daemon.connect();
    let head = "POST /~read=hang/post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab";
    upload.write_all(head.as_bytes()).expect("it takes a head");
    streams.push(upload);
    // Another connection's answer comes after these requests were read.
    for stream in &mut streams[1..4] {
        assert!(status_line(stream).is_ok_and(|line| line == "HTTP/1.1 200 OK"));
    }
    let began = Instant::now();
    daemon.signal("TERM");
    daemon.logged("2 answers were cut off after 2s");
    assert_eq!(daemon.ended(), Some(1));
    assert!(began.elapsed() >= Duration::from_secs(2), "a rate has its time");
    for stream in &mut streams {
        read(stream);
    }
    // With nothing but silence there is nothing to wait for.
    let mut daemon = Daemon::start(&["--shutdown-timeout", "1h"]);
    let mut stream = daemon.connect();
    ask(&mut stream, "/~fault=stall/range/9", "");
    assert!(status_line(&mut stream).is_ok());
    let mut silent = daemon.connect();
    ask(&mut silent, "/~fault=hang/get", "");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert_eq!(read(&mut silent), (Vec::new(), Fin));
}

/// A thousand clients that asked for silence and left, by FIN and by RST.
#[test]
fn those_who_ask_for_silence_and_leave_give_back_what_they_had() {
    const EACH: usize = 120;
    let daemon = Daemon::start(&["--max-delayed", &EACH.to_string(), "--workers", "1"]);
    let head = "HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc";
    for round in 0..9 {
        let line = ["GET /~fault=hang/get", "GET /~fault=stall:2/range/9", "POST /~read=hang/post"]
            [round % 3];
        let mut streams: Vec<TcpStream> = Vec::new();
        for _ in 0..EACH {
            let mut stream = daemon.connect();
            let head = if line.starts_with("GET") { "HTTP/1.1\r\nHost: a\r\n\r\n" } else { head };
            stream.write_all(format!("{line} {head}").as_bytes()).expect("it takes a request");
            streams.push(stream);
        }
        // All places are taken, until some leave.
        eventually("no place left", || daemon.get("/~delay=1ms/get").starts_with("HTTP/1.1 503 "));
        for (number, stream) in streams.into_iter().enumerate() {
            match number % 2 {
                0 => drop(stream),
                _ => reset(stream),
            }
        }
        eventually("places again", || daemon.get("/~delay=1ms/get").starts_with("HTTP/1.1 200 "));
    }
    daemon.stop();
}

/// A client that leaves is logged with what it asked for, and a fault with the code of none.
#[test]
fn the_log_shows_what_was_done() {
    let folder = Folder::new("faults-log");
    let path = folder.file("access.log").display().to_string();
    let daemon = Daemon::start(&["--access-log", "json", "--access-log-file", &path]);
    for target in ["/~fault=reset/range/9", "/~fault=close/range/9", "/~fault=truncate:4/range/9"] {
        let mut stream = daemon.connect();
        ask(&mut stream, target, "");
        read(&mut stream);
    }
    let mut stream = daemon.connect();
    ask(&mut stream, "/~delay=1h/range/9", "");
    stream.shutdown(Shutdown::Both).expect("it is connected");
    reset(stream);
    let log = || std::fs::read_to_string(&path).unwrap_or_default();
    eventually("four lines", || log().lines().count() == 4);
    daemon.get("/range/9");
    daemon.stop();
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect(line);
        let modifiers =
            line["modifiers"].as_str().map(|text| text.split("; ").next().map(str::to_owned));
        let modifiers = modifiers.flatten().unwrap_or_default();
        (line["status"].as_u64(), line["bytes"].as_u64(), modifiers)
    };
    let mut lines: Vec<_> = log().lines().map(line).collect();
    lines.sort();
    let expected = [
        (200, 4, "fault=truncate:4"),
        (200, 9, ""),
        (444, 0, "fault=close"),
        (444, 0, "fault=reset"),
        (499, 0, "delay=3600s"),
    ];
    let expected = expected
        .map(|(status, bytes, modifiers)| (Some(status), Some(bytes), modifiers.to_owned()));
    assert_eq!(lines, expected);
}
