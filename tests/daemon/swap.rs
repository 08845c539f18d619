//! As a replacement for go-httpbin: the same environment and nothing else.

use std::io::{Read, Write};

use super::process::*;

/// The binary with the environment of go-httpbin's containers, on a free port.
fn in_its_place() -> Daemon {
    Daemon::of(command(BIN).envs([
        ("LOITER_COMPAT", "go-httpbin"),
        ("HOST", "127.0.0.1"),
        ("PORT", "0"),
        ("PREFIX", "/test"),
        ("EXCLUDE_HEADERS", "X-Real-Ip,Cf-*"),
        ("ALLOWED_REDIRECT_DOMAINS", "example.com,httpbingo.org"),
        ("USE_REAL_HOSTNAME", "1"),
        ("USE_FULL_VERSION", "true"),
        ("UNSAFE_ALLOW_DANGEROUS_RESPONSES", "0"),
        ("LOG_FORMAT", "json"),
        ("LOG_LEVEL", "WARN"),
        ("MAX_BODY_SIZE", "4"),
        ("MAX_DURATION", "1m30s"),
        ("SRV_MAX_HEADER_BYTES", "1024"),
        ("SRV_READ_HEADER_TIMEOUT", "0.2s"),
        ("SRV_READ_TIMEOUT", "5s"),
        ("HTTPBIN_ENV_COLOUR", "blue"),
        // Something to warn about: this level does not exist.
        ("RUST_LOG", "mio=loud"),
    ]))
}

#[test]
fn it_is_found_under_the_prefix_alone() {
    let daemon = in_its_place();
    let answer = daemon.get("/test/get");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("Content-Type: application/json; charset=utf-8\r\n"), "{answer}");
    for outside in ["/get", "/", "/testget", "/test", "/test/nowhere"] {
        let answer = daemon.get(outside);
        assert!(answer.starts_with("HTTP/1.1 404 Not Found\r\n"), "{outside}: {answer}");
        assert!(answer.ends_with("404 page not found\n"), "{outside}: {answer}");
    }
    daemon.stop();
}

#[test]
fn its_limits_hold() {
    let daemon = in_its_place();
    let answer = |request: &str| {
        let mut stream = daemon.connect();
        stream.write_all(request.as_bytes()).expect("it takes a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer, then FIN");
        answer.lines().next().unwrap_or_default().to_owned()
    };
    let start = "GET /test/get HTTP/1.1\r\nHost: test\r\nConnection: close\r\n";
    assert_eq!(answer(&format!("{start}\r\n")), "HTTP/1.1 200 OK");
    let long = "x".repeat(1024);
    let line = answer(&format!("{start}X: {long}\r\n\r\n"));
    assert!(line.starts_with("HTTP/1.1 431 "), "SRV_MAX_HEADER_BYTES: {line}");
    assert!(answer(start).starts_with("HTTP/1.1 408 "), "SRV_READ_HEADER_TIMEOUT");
    let post = "POST /test/post HTTP/1.1\r\nHost: test\r\nContent-Length: 5\r\n\r\n12345";
    assert!(answer(post).starts_with("HTTP/1.1 413 "), "MAX_BODY_SIZE");
    daemon.stop();
}

#[test]
fn its_log_has_the_level_and_the_format_it_was_given() {
    let mut daemon = in_its_place();
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    let lines: Vec<String> = daemon.log.iter().collect();
    let [line] = lines.as_slice() else { panic!("one warning and no more: {lines:?}") };
    assert!(line.starts_with('{') && line.ends_with('}'), "{line}");
    assert!(line.contains(r#""level":"WARN""#) && line.contains("RUST_LOG"), "{line}");
}

#[test]
fn what_it_cannot_do_in_its_place_it_refuses() {
    for (name, text) in [("HTTPS_CERT_FILE", "/tls/cert.pem"), ("HTTPS_KEY_FILE", "/tls/key.pem")] {
        let output = command(BIN).env(name, text).output().expect("the binary starts");
        refused(&output, 2, &[name, "one --tls-key for each --tls-cert"]);
    }
    let output = command(BIN).env("LOITER_COMPATS", "go-httpbin").output();
    refused(&output.expect("the binary starts"), 2, &["LOITER_COMPATS", "`LOITER_COMPAT`"]);
}

/// The log of a server whose RUST_LOG names only other crates.
#[test]
fn rust_log_about_others_does_not_silence_it() {
    let daemon =
        Daemon::of(command(BIN).args(["--listen", "127.0.0.1:0"]).env("RUST_LOG", "mio=warn"));
    daemon.logged("connection limit");
    daemon.stop();
}
