//! Connections and requests that are refused for lack of room.

use std::io::Read;

use super::process::*;

/// Everything that comes until the server closes.
fn all(mut stream: std::net::TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("the answer, then FIN");
    text
}

#[test]
fn so_many_answers_may_wait_and_another_is_refused() {
    let daemon = Daemon::start(&["--workers", "1", "--max-delayed", "1"]);
    let mut first = daemon.connect();
    ask(&mut first, "/delay/2", "");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"), "an immediate answer is served");
    let mut second = daemon.connect();
    ask(&mut second, "/delay/0.01", "");
    let refusal = all(second);
    assert!(refusal.starts_with("HTTP/1.1 503 SERVICE UNAVAILABLE\r\n"), "{refusal}");
    assert!(refusal.contains("\r\nRetry-After: 1\r\n"), "{refusal}");
    // The waiting client leaves, and its place is free.
    drop(first);
    eventually("the place is free", || {
        daemon.get("/delay/0.001").starts_with("HTTP/1.1 200 OK\r\n")
    });
    daemon.stop();
}

#[test]
fn an_address_has_so_many_connections_and_another_is_refused() {
    let daemon = Daemon::start(&["--max-connections-per-ip", "2"]);
    let mut held: Vec<_> = (0..2).map(|_| daemon.connect()).collect();
    for stream in &mut held {
        ask(stream, "/get", "");
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    }
    let refusal = all(daemon.connect());
    assert!(refusal.starts_with("HTTP/1.1 503 SERVICE UNAVAILABLE\r\n"), "{refusal}");
    drop(held);
    eventually("they are gone", || daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.stop();
}

#[test]
fn a_full_server_turns_away_whom_it_cannot_serve_in_time() {
    let daemon = Daemon::start(&["--workers", "1", "--max-connections", "2"]);
    let mut held: Vec<_> = (0..2).map(|_| daemon.connect()).collect();
    for stream in &mut held {
        ask(stream, "/delay/4", "");
    }
    let refusal = all(daemon.connect());
    assert!(refusal.starts_with("HTTP/1.1 503 SERVICE UNAVAILABLE\r\n"), "{refusal}");
    drop(held);
    daemon.stop();
}

#[test]
fn each_of_a_crowd_gets_a_503() {
    let daemon = Daemon::start(&["--workers", "1", "--max-connections", "1"]);
    let mut held = daemon.connect();
    ask(&mut held, "/delay/5", "");
    // They connect together, and are more than the slots for refusals.
    let crowd: Vec<_> = (0..200).map(|_| daemon.connect()).collect();
    let refused = crowd.into_iter().map(all).filter(|text| text.starts_with("HTTP/1.1 503 "));
    assert_eq!(refused.count(), 200);
    drop(held);
    daemon.stop();
}

#[test]
fn a_client_that_says_nothing_is_seen_and_sent_away_though_accepting_is_deferred() {
    for defers in ["on", "off"] {
        let daemon = Daemon::start(&["--head-timeout", "100ms", "--defer-accept", defers]);
        let begun = std::time::Instant::now();
        assert_eq!(all(daemon.connect()), "", "with --defer-accept {defers}");
        assert!(begun.elapsed() < DEADLINE / 3, "with --defer-accept {defers}");
        // A client that connects, sends nothing and closes.
        drop(daemon.connect());
        assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
        daemon.stop();
    }
}
