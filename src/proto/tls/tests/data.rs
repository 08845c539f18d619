//! Open connections: bodies of any size, ends of either side, and what may come between.

use std::time::Duration;

use rustls::Error;

use super::*;
use crate::base::limits::BODY_HIGH_WATER;
use crate::base::time::Time;
use crate::proto::{Clock, Event};

fn open(version: &'static SupportedProtocolVersion) -> Pair {
    let server = Server::new(|_| {});
    let config = Arc::new(server.client(&[version]));
    let mut pair = server.connect(&config, Protocol::Https);
    assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
    pair
}

/// Reads until all has come: `output` is bounded all the while.
fn stream(pair: &mut Pair, bytes: usize) {
    for _ in 0..100_000 {
        pair.talk();
        if pair.heard.len() >= bytes {
            return;
        }
        if let Next::Sleep(until) | Next::Read(until) = pair.next {
            pair.server.clock.now = until;
        }
        pair.next = Next::Write;
    }
    panic!("{} bytes: {:?}", pair.heard.len(), pair.next);
}

#[test]
fn a_large_download_is_produced_as_it_is_taken() {
    for version in BOTH {
        let mut pair = open(version);
        let app = App {
            limits: crate::base::limits::Limits { max_bytes: 8 << 20, ..Default::default() },
            ..App::default()
        };
        pair.server.app = Arc::new(app);
        pair.client
            .writer()
            .write_all(b"GET /bytes/8000000?seed=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            .unwrap();
        stream(&mut pair, 8_000_000);
        assert_eq!(pair.most_output / (BODY_HIGH_WATER + 64 * 1024), 0, "{}", pair.most_output);
        assert!(pair.heard.len() < 8_001_000);
    }
}

#[test]
fn a_large_upload_comes_back_from_echo() {
    for version in BOTH {
        for chunked in [false, true] {
            let mut pair = open(version);
            let body = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<_>>();
            let framing = match chunked {
                true => "Transfer-Encoding: chunked".to_owned(),
                false => format!("Content-Length: {}", body.len()),
            };
            let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
            pair.ask(head.as_bytes());
            for piece in body.chunks(100_000) {
                let size = format!("{:x}\r\n", piece.len());
                let mut framed = piece.to_vec();
                if chunked {
                    framed = [size.as_bytes(), piece, b"\r\n"].concat();
                }
                pair.client.writer().write_all(&framed).unwrap();
                let heard = pair.heard.len();
                pair.talk();
                assert!(pair.heard.len() > heard);
            }
            if chunked {
                pair.client.writer().write_all(b"0\r\n\r\n").unwrap();
                pair.talk();
            }
            let answer = std::mem::take(&mut pair.heard);
            if !chunked {
                assert!(answer.ends_with(&body), "{version:?}");
            }
            assert!(answer.len() >= body.len());
            assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
        }
    }
}

#[test]
fn pipelined_requests_are_answered_in_order_however_they_are_cut() {
    for cut in [usize::MAX, 1, 777] {
        let mut pair = open(&version::TLS13);
        pair.cut = cut;
        let requests = (0..50)
            .map(|n| format!("GET /base64/encode/n{n}. HTTP/1.1\r\nHost: a\r\n\r\n"))
            .collect::<String>();
        let answers = pair.ask(requests.as_bytes());
        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 50);
        let last = pair.ask(b"GET /status/418 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(last.starts_with("HTTP/1.1 418 "), "{last}");
    }
}

/// What was pipelined behind a waiting request is opened with it, and answered after it.
#[test]
fn a_delay_counts_from_a_clock_read_after_the_request() {
    let mut pair = open(&version::TLS13);
    let requests =
        b"GET /delay/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n";
    pair.client.writer().write_all(requests).unwrap();
    let mut sent = Vec::new();
    while pair.client.wants_write() {
        pair.client.write_tls(&mut sent).unwrap();
    }
    pair.server.input.tail().extend_from_slice(&sent);
    pair.server.clock.fresh = false;
    assert_eq!(pair.server.advance(), Next::ReadClock);
    let now = Time::START.after(Duration::from_millis(300));
    pair.server.clock = Clock { now, fresh: true };
    let Next::Sleep(due) = pair.server.advance() else { panic!() };
    assert!(due > now.after(Duration::from_secs(1)));
    assert_eq!(pair.server.conn.standing().delayed, 1);
    assert!(!pair.server.conn.standing().reads && pair.server.output.is_empty());
    pair.server.clock = Clock { now: due, fresh: false };
    pair.receive(b"");
    pair.talk();
    let answers = String::from_utf8_lossy(&pair.heard);
    assert!(answers.starts_with("HTTP/1.1 200 ") && answers.contains("HTTP/1.1 204 "));
}

#[test]
fn every_orderly_end_has_a_close_notify() {
    for version in BOTH {
        for (head, lingers) in [("Connection: close\r\n", false), ("Content-Length: x\r\n", true)] {
            let mut pair = open(version);
            pair.ask(format!("GET /get HTTP/1.1\r\nHost: a\r\n{head}\r\n").as_bytes());
            assert!(pair.is_over && pair.error.is_none(), "{head}");
            assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
            assert_eq!(matches!(pair.next, Next::Linger(_)), lingers, "{:?}", pair.next);
            if lingers {
                // What still comes is discarded unopened, whatever it is.
                assert!(matches!(pair.server.receive(&[0xff; 5000]), Next::Linger(_)));
                assert!(pair.server.input.is_empty() && pair.server.output.is_empty());
                pair.server.edge.read_eof = true;
                assert_eq!(pair.server.receive(b""), Next::Close);
            }
        }
        let mut pair = open(version);
        let Next::Read(until) = pair.next else { panic!("{:?}", pair.next) };
        pair.server.clock.now = until;
        pair.receive(b"");
        assert_eq!((pair.is_over, pair.next.clone()), (true, Next::Close));
        assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
    }
}

/// close_notify is the end of the client's bytes; so is a FIN without one.
#[test]
fn the_end_of_the_clients_bytes_comes_with_close_notify_or_without() {
    for announced in [true, false] {
        let mut pair = open(&version::TLS13);
        let path = if announced { "/get" } else { "/status/204" };
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
        pair.client.writer().write_all(request.as_bytes()).unwrap();
        if announced {
            pair.client.send_close_notify();
        } else {
            pair.server.edge.read_eof = true;
        }
        pair.talk();
        assert!(pair.heard.starts_with(b"HTTP/1.1 20"), "{announced}");
        assert!(pair.is_over && pair.error.is_none());
        assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
        assert_eq!(pair.next, Next::Close);
    }
    // In mid-request it ends the connection, and is counted.
    let mut pair = open(&version::TLS13);
    pair.client.writer().write_all(b"GET /get HTTP/1.1\r\nHo").unwrap();
    pair.client.send_close_notify();
    pair.talk();
    assert_eq!(pair.server.worker.clients_gone, 1);
    assert!(pair.is_over && pair.heard.is_empty());
}

#[test]
fn a_record_that_was_changed_ends_the_connection_with_an_alert() {
    for version in BOTH {
        let mut pair = open(version);
        pair.client.writer().write_all(b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut sent = Vec::new();
        pair.client.write_tls(&mut sent).unwrap();
        *sent.last_mut().unwrap() ^= 1;
        pair.receive(&sent);
        pair.talk();
        let bad = Error::AlertReceived(rustls::AlertDescription::BadRecordMac);
        assert_eq!(pair.error, Some(bad));
        assert!(pair.heard.is_empty() && matches!(pair.next, Next::Linger(_)), "{:?}", pair.next);
    }
}

#[test]
fn keys_are_updated_and_nothing_is_negotiated_anew() {
    let mut pair = open(&version::TLS13);
    for _ in 0..5 {
        pair.client.refresh_traffic_keys().unwrap();
        assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
    }
    assert!(pair.error.is_none());
}

#[test]
fn a_reset_reaches_what_was_begun() {
    let mut pair = open(&version::TLS13);
    pair.client.writer().write_all(b"GET /delay/1 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    pair.talk();
    assert!(matches!(pair.next, Next::Sleep(_)), "{:?}", pair.next);
    pair.server.edge.event = Event::Reset;
    assert_eq!(pair.server.receive(b""), Next::Close);
    assert_eq!((pair.server.worker.clients_gone, pair.server.worker.delayed), (1, 0));
}

#[test]
fn tls_does_not_begin_inside_tls() {
    let mut pair = open(&version::TLS13);
    let answer = pair.ask(b"\x16\x03\x01\x00\x05hello");
    assert!(answer.starts_with("HTTP/1.1 400 ") && pair.is_over, "{answer}");
    let server = Server::new(|_| {});
    let mut first = server.connect(&Arc::new(server.client(&BOTH)), Protocol::Https);
    assert!(first.ask(b"\x16\x03\x01\x00\x05hello").starts_with("HTTP/1.1 400 "));
}

#[test]
fn an_upgraded_connection_speaks_its_protocol_inside() {
    let mut pair = open(&version::TLS12);
    let head = "GET /websocket/echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    assert!(pair.ask(head.as_bytes()).starts_with("HTTP/1.1 101 "));
    assert_eq!(pair.ask(b"\x81\x82\0\0\0\0hi"), "\u{fffd}\u{2}hi");
}
