//! What the logs have of each request and connection.

use std::fs;
use std::io::{Read, Write};

use serde_json::{Value, json};

use super::process::*;

/// The lines of a JSON access log.
fn lines_of(path: &std::path::Path) -> Vec<Value> {
    let log = fs::read_to_string(path).expect("a log");
    log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn logging_json(path: &std::path::Path, more: &[&str]) -> Daemon {
    let path = path.display().to_string();
    let options = ["--access-log", "json", "--access-log-file", &path];
    Daemon::start(&[&options[..], more].concat())
}

/// Sends a whole request on a new connection, reads the answer, and returns the client's port.
fn exchange(daemon: &Daemon, head: &str, body: &str) -> u16 {
    let mut stream = daemon.connect();
    let port = stream.local_addr().expect("bound").port();
    let head = format!("{head}Host: a\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(head.as_bytes()).expect("it takes a request");
    stream.read_to_end(&mut Vec::new()).expect("an answer");
    port
}

#[test]
fn a_json_line_has_the_details() {
    let folder = Folder::new("details");
    let path = folder.file("access.log");
    let daemon = logging_json(&path, &[]);
    let listener = daemon.address.to_string();
    let ports = [
        exchange(&daemon, "GET /delay/0.02?a=1 HTTP/1.1\r\nX-Request-Id: 7f-1\r\n", ""),
        exchange(
            &daemon,
            "POST /post HTTP/1.1\r\nX-Forwarded-For: 192.0.2.1, 10.0.0.1\r\nContent-Length: 5\r\n",
            "hello",
        ),
        exchange(&daemon, "PUT /echo HTTP/1.1\r\nContent-Length: 3\r\n", "abc"),
        exchange(&daemon, "GET /nowhere HTTP/1.1\r\nX-Request-Id: a b\r\n", ""),
    ];
    daemon.stop();
    let lines = lines_of(&path);
    let find = |target: &str| {
        lines.iter().find(|line| line["target"] == target).expect("a line of each").clone()
    };
    for ((target, route, id, forwarded, bytes, delay), port) in [
        ("/delay/0.02?a=1", json!("/delay/{delay}"), json!("7f-1"), Value::Null, 0, 20_000),
        ("/post", json!("/post"), Value::Null, json!("192.0.2.1, 10.0.0.1"), 5, 0),
        ("/echo", json!("/echo"), Value::Null, Value::Null, 3, 0),
        ("/nowhere", Value::Null, Value::Null, Value::Null, 0, 0),
    ]
    .into_iter()
    .zip(ports)
    {
        let line = find(target);
        assert_eq!(line["route"], route, "{line}");
        assert_eq!(line["request_id"], id, "{line}");
        assert_eq!(line["forwarded_for"], forwarded, "{line}");
        assert_eq!(line["request_bytes"], bytes, "{line}");
        assert_eq!(line["delay_us"], delay, "{line}");
        assert_eq!(line["late_us"].is_u64(), delay > 0, "{line}");
        assert_eq!(line["peer_port"], port, "{line}");
        assert_eq!(line["listener"], listener, "{line}");
    }
    assert_eq!(lines.len(), 4);
}

#[test]
fn excluded_paths_have_no_lines_even_if_their_client_leaves() {
    let folder = Folder::new("excluded");
    let path = folder.file("access.log");
    let daemon = logging_json(&path, &["--access-log-exclude", "/status/*,*/get"]);
    for target in ["/status/200", "/get?a", "/~delay=1ms/get", "/uuid", "/Status/200", "/get/"] {
        daemon.get(target);
    }
    let mut gone = daemon.connect();
    ask(&mut gone, "/status/200", "Loiter: delay=10s\r\n");
    gone.shutdown(std::net::Shutdown::Write).expect("it is open");
    reset(gone);
    daemon.get("/uuid?last");
    daemon.stop();
    let lines = lines_of(&path);
    let mut targets: Vec<&str> = lines.iter().filter_map(|line| line["target"].as_str()).collect();
    // Those of several workers are in any order.
    targets.sort_unstable();
    assert_eq!(targets, ["/Status/200", "/get/", "/uuid", "/uuid?last"]);
}

#[test]
fn what_is_no_path_cannot_be_excluded() {
    for bad in ["status/200", "/get?a", "http://a/"] {
        let output = run(&["--access-log-exclude", bad]);
        refused(&output, 2, &["--access-log-exclude", bad, "give the path alone"]);
    }
}

#[test]
fn the_debug_log_has_each_connection() {
    let daemon = Daemon::start(&["--log-level", "debug", "--workers", "1"]);
    let mut stream = daemon.connect();
    let port = stream.local_addr().expect("bound").port();
    for _ in 0..3 {
        ask(&mut stream, "/status/204", "");
        while !status_line(&mut stream).expect("a line").is_empty() {}
    }
    drop(stream);
    let fields = |line: &str| -> Value {
        let line: Value = serde_json::from_str(line).expect("JSON");
        line["fields"].clone()
    };
    let accepted = fields(&daemon.logged("\"accepted\""));
    assert_eq!((&accepted["peer"], &accepted["port"]), (&json!("127.0.0.1"), &json!(port)));
    assert_eq!(accepted["listener"], daemon.address.to_string());
    let closed = fields(&daemon.logged("\"closed\""));
    assert_eq!((&closed["requests"], &closed["protocol"]), (&json!(3), &json!("HTTP/1")));
    assert_eq!((&closed["port"], &closed["why"]), (&json!(port), &json!("the client closed it")));
    daemon.stop();
}
