//! The access log in its file, and the rotation of that file.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;

use serde_json::{Value, json};

use super::process::*;

fn logging_to(path: &Path) -> Daemon {
    let path = path.display().to_string();
    Daemon::start(&["--access-log", "combined", "--access-log-file", &path])
}

#[test]
fn the_access_log_is_whole_by_the_end() {
    let folder = Folder::new("whole-log");
    let daemon = logging_to(&folder.file("access.log"));
    for n in 0..10 {
        daemon.get(&format!("/get?n={n}"));
    }
    let mut stream = daemon.connect();
    ask(&mut stream, "/status/404", "User-Agent: \"x\"\r\nReferer: http://r/\r\n");
    assert!(status_line(&mut stream).is_ok_and(|line| line.starts_with("HTTP/1.1 404 ")));
    daemon.stop();
    let log = fs::read_to_string(folder.file("access.log")).expect("a log");
    assert_eq!(log.lines().count(), 11, "{log}");
    for n in 0..10 {
        assert!(log.contains(&format!("\"GET /get?n={n} HTTP/1.1\" 200 ")), "{log}");
    }
    assert!(log.contains(" 404 0 \"http://r/\" \"\\x22x\\x22\"\n"), "{log}");
    assert!(log.lines().all(|line| line.starts_with("127.0.0.1 - - [")), "{log}");
}

#[test]
fn sigusr1_opens_the_access_log_anew() {
    let folder = Folder::new("rotated-log");
    let (path, old) = (folder.file("access.log"), folder.file("access.log.1"));
    let daemon = logging_to(&path);
    let lines_in = |path: &Path| fs::read_to_string(path).unwrap_or_default().lines().count();
    daemon.get("/get?before");
    eventually("a line", || lines_in(&path) == 1);
    fs::rename(&path, &old).expect("the log is there");
    daemon.signal("USR1");
    eventually("a new file", || path.exists());
    daemon.get("/get?after");
    daemon.stop();
    assert_eq!((lines_in(&old), lines_in(&path)), (1, 1));
}

/// A deleted log must free its space, whatever descriptor tables it was open in.
#[cfg(target_os = "linux")]
#[test]
fn a_rotated_log_is_let_go() {
    let folder = Folder::new("freed-log");
    let (path, old) = (folder.file("access.log"), folder.file("access.log.1"));
    let daemon = logging_to(&path);
    daemon.get("/get");
    fs::rename(&path, &old).expect("the log is there");
    daemon.signal("USR1");
    eventually("a new file", || path.exists());
    let open = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", daemon.child.id())).expect("it runs");
        let tables = tasks.flatten().filter_map(|task| fs::read_dir(task.path().join("fd")).ok());
        let links = tables.flatten().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
        links.filter(|link| *link == old).count()
    };
    eventually("no thread holding the old file", || open() == 0);
    daemon.stop();
}

/// A request; then its answer's status and, from the log, method, target, version and the start of
/// the error.
type Refused<'a> = (&'a [u8], u16, Value, Value, Value, &'a str);

#[test]
fn what_is_refused_is_logged_as_far_as_it_was_read_with_the_reason() {
    let folder = Folder::new("refused-log");
    let path = folder.file("access.log");
    let name = path.display().to_string();
    let options = ["--access-log", "json", "--access-log-file", &name, "--workers", "1"];
    let more = [
        "--max-body-size",
        "4",
        "--max-head-line",
        "64",
        "--head-timeout",
        "100ms",
        "--body-timeout",
        "100ms",
    ];
    // With TLS on the port, the first bytes of a handshake would be no mistake.
    let plain = ["--listen", "http://127.0.0.1:0"];
    let args = [&plain[..], &options, &more].concat();
    let daemon = Daemon::of(command(BIN).args(args));
    let (none, v1) = (Value::Null, json!("HTTP/1.1"));
    let long = ["GET /", &"x".repeat(65)].concat();
    let endless = "M".repeat(65);
    #[rustfmt::skip]
    let rows: &[Refused] = &[
        (b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", 413, json!("POST"), json!("/post"), v1.clone(), "the body is larger"),
        (b"PUT /put HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 413, json!("PUT"), json!("/put"), v1.clone(), "the body is larger"),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, json!("POST"), json!("/post"), v1.clone(), "a chunk size"),
        (b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na", 408, json!("POST"), json!("/post"), v1.clone(), "the request arrived too slowly"),
        (b"GET /get?a HTTP/1.1\r\n\r\n", 400, json!("GET"), json!("/get?a"), v1.clone(), "an HTTP/1.1 request needs a Host"),
        (b"GET /get HTTP/1.0\r\nHost: a b\r\n\r\n", 400, json!("GET"), json!("/get"), json!("HTTP/1.0"), "the Host field is malformed"),
        (b"BAN /get HTTP/1.1\r\nHost: a\r\na b\r\n\r\n", 400, json!("BAN"), json!("/get"), v1.clone(), "a line of the head is not"),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400, json!("GET"), json!("/a b"), v1.clone(), "the request line does not"),
        (b"GET /get HTTP/1.1\r\nHost: a\n", 400, json!("GET"), json!("/get"), v1.clone(), "a line of the head ends with a lone LF"),
        (b"PRI * HTTP/2.0\r\n\r\nMS\r\n\r\n", 505, json!("PRI"), json!("*"), json!("HTTP/2.0"), "only HTTP/1.0 and"),
        (b"GET /get HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, json!("GET"), json!("/get"), v1.clone(), "chunked is the only"),
        (b"GET /get HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n", 417, json!("GET"), json!("/get"), v1.clone(), "100-continue is the only"),
        (b"GET /get HTTP/1.1\r\nHost: ", 408, json!("GET"), json!("/get"), v1.clone(), "the request arrived too slowly"),
        (b"GET /g", 408, json!("GET"), json!("/g"), none.clone(), "the request arrived too slowly"),
        (long.as_bytes(), 414, json!("GET"), json!(&long[4..]), none.clone(), "the request line is too long"),
        (endless.as_bytes(), 501, none.clone(), json!(endless), none.clone(), "the method is too long"),
        (b"\x16\x03\x01\x00\xa5\x01", 400, none.clone(), json!("\u{16}\u{3}\u{1}\u{0}\u{fffd}\u{1}"), none.clone(), "the request line does not begin"),
        (b"SSH-2.0-x\r\n", 400, none.clone(), json!("SSH-2.0-x"), none.clone(), "the request line does not"),
        (b"GET /\"\\ HTTP/1.1\r\nHost: :x\r\nUser-Agent: me\r\n\r\n", 400, json!("GET"), json!("/\"\\"), v1.clone(), "the Host field is malformed"),
    ];
    for (sent, ..) in rows {
        let mut stream = daemon.connect();
        stream.write_all(sent).expect("it is taken");
        stream.read_to_end(&mut Vec::new()).expect("an answer, then FIN");
    }
    daemon.stop();
    let log = fs::read_to_string(path).expect("a log");
    let lines: Vec<Value> = log.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), rows.len(), "{log}");
    for (line, (_, status, method, target, version, error)) in lines.iter().zip(rows) {
        assert_eq!(line["status"], *status, "{line}");
        assert_eq!((&line["method"], &line["target"]), (method, target), "{line}");
        assert_eq!(line["version"], *version, "{line}");
        assert!(line["error"].as_str().is_some_and(|text| text.starts_with(error)), "{line}");
        // A request that came too slowly has waited.
        let least_us = if *status == 408 { 100_000 } else { 1 };
        assert!(line["duration_us"].as_u64() >= Some(least_us), "{line}");
    }
    assert_eq!(lines.last().map(|line| &line["agent"]), Some(&json!("me")));
}

#[test]
fn a_line_says_how_long_its_answer_took() {
    let folder = Folder::new("timed-log");
    let path = folder.file("access.log");
    let name = path.display().to_string();
    let one = ["--workers", "1"];
    let log = ["--access-log", "json", "--access-log-file", &name];
    let daemon = Daemon::start(&[&log[..], &one].concat());
    for path in ["/get", "/status/204", "/html", "/stream/5", "/nope", "/delay/50ms"] {
        daemon.get(path);
    }
    daemon.stop();
    let log = fs::read_to_string(path).expect("a log");
    let lines: Vec<Value> = log.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(lines.len(), 6, "{log}");
    for line in &lines {
        assert!(line["duration_us"].as_u64() > Some(0) && line["error"].is_null(), "{line}");
    }
    assert!(lines.last().and_then(|line| line["duration_us"].as_u64()) > Some(50_000), "{log}");
}

#[test]
fn the_other_formats_have_the_line_of_what_is_refused() {
    let folder = Folder::new("refused-line");
    let path = folder.file("access.log");
    let name = path.display().to_string();
    let limit = ["--max-connections-per-ip", "1"];
    let daemon = Daemon::start(
        &[&["--access-log", "common", "--access-log-file", &name], &limit[..]].concat(),
    );
    let mut first = daemon.connect();
    ask(&mut first, "/get", "");
    assert!(status_line(&mut first).is_ok_and(|line| line.starts_with("HTTP/1.1 200 ")));
    let mut second = daemon.connect();
    second.write_all(b"GET /full HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is taken");
    second.read_to_end(&mut Vec::new()).expect("an answer, then FIN");
    first.write_all(b"\x16\x03\x01\"\\\xff ").expect("it is taken");
    first.read_to_end(&mut Vec::new()).expect("an answer, then FIN");
    daemon.stop();
    let log = fs::read_to_string(path).expect("a log");
    assert!(log.contains("] \"-\" 503 "), "{log}");
    assert!(log.contains("] \"\\x16\\x03\\x01\\x22\\x5C\\xFF \" 400 "), "{log}");
}
