//! Handshakes under a listener's modifiers.

use std::time::Duration;

use rustls::{AlertDescription, Error, ProtocolVersion};

use super::*;
use crate::base::limits::GARBAGE_BYTES;
use crate::base::time::Time;
use crate::http::modifiers::{Carrier, Modifiers, Name};

/// A connection under these modifiers that has sent its ClientHello, and its answer.
fn hello(protocol: Protocol, modifiers: &str) -> (Pair, Vec<u8>) {
    let server = Server::new(|config| config.versions = [TlsVersion::Tls12, TlsVersion::Tls13]);
    let mut pair = server.connect(&Arc::new(server.client(&BOTH)), protocol);
    let modifiers = Modifiers::parse(modifiers, Carrier::Listener).unwrap();
    pair.server.modifiers = Some(Arc::new(modifiers));
    let mut sent = Vec::new();
    pair.client.write_tls(&mut sent).unwrap();
    // Nothing happens before the last byte.
    let (last, most) = sent.split_last().unwrap();
    for bytes in [most, &[*last]] {
        assert!(pair.server.output.is_empty() && applied(&pair, Name::Tls) == 0);
        pair.next = pair.server.receive(bytes);
        while pair.next == Next::Write {
            pair.next = pair.server.receive(b"");
        }
    }
    let answer = pair.server.output.unread().to_vec();
    (pair, answer)
}

fn applied(pair: &Pair, name: Name) -> u64 {
    pair.server.worker.applied[name as usize]
}

#[test]
fn a_handshake_is_broken_in_place_of_the_server_hello() {
    for protocol in [Protocol::Https, Protocol::Http] {
        let (pair, answer) = hello(protocol, "handshake=hang");
        let until = Time::START.after(pair.server.app.limits.max_wait);
        assert_eq!((pair.next.clone(), answer.len()), (Next::Sleep(until), 0));
        assert_eq!((pair.server.conn.standing().delayed, applied(&pair, Name::Handshake)), (1, 1));
        let (pair, answer) = hello(protocol, "handshake=close");
        assert!(matches!(pair.next, Next::Linger(_)) && answer.is_empty());
        let (pair, answer) = hello(protocol, "handshake=garbage");
        assert!(matches!(pair.next, Next::Linger(_)) && answer.len() == GARBAGE_BYTES);
        let (pair, answer) = hello(protocol, "handshake=reset");
        assert_eq!((&answer[..3], answer[5], pair.next.clone()), (&[22, 3, 3][..], 2, Next::Reset));
        for (value, alert) in [
            ("alert:40", AlertDescription::HandshakeFailure),
            ("alert:unknown_ca", AlertDescription::UnknownCA),
            ("alert:255", AlertDescription::Unknown(255)),
        ] {
            let (mut pair, answer) = hello(protocol, &format!("handshake={value}"));
            assert!(matches!(pair.next, Next::Linger(_)) && answer.len() == 7);
            pair.client.read_tls(&mut &answer[..]).unwrap();
            let error = pair.client.process_new_packets().unwrap_err();
            assert_eq!(error, Error::AlertReceived(alert));
        }
    }
}

#[test]
fn a_server_hello_is_delayed_from_a_clock_read_after_the_hello() {
    let (mut pair, answer) = hello(Protocol::Https, "hello=2s; delay=1s");
    let due = Time::START.after(Duration::from_secs(2)).after_us(1);
    assert_eq!((pair.next.clone(), answer.len()), (Next::Sleep(due), 0));
    assert_eq!(pair.server.conn.standing().delayed, 1);
    // A drain, or a client that leaves, ends the wait.
    pair.server.worker.idle_until = pair.server.clock.now;
    assert_eq!(pair.server.receive(b""), Next::Close);
    pair.server.worker.idle_until = Time::NEVER;
    pair.server.edge.eof_reported = true;
    assert_eq!(pair.server.receive(b""), Next::Close);
    pair.server.edge.eof_reported = false;
    assert_eq!(pair.server.receive(b""), Next::Sleep(due));
    pair.server.clock.now = due;
    pair.receive(b"");
    pair.get("/get");
    // The request has the delay that is its own.
    let Next::Sleep(after) = pair.next else { panic!("{:?}", pair.next) };
    assert!(after > due.after(Duration::from_secs(1)) && pair.heard.is_empty());
    assert_eq!((applied(&pair, Name::Hello), pair.server.worker.skipped), (1, 0));
    let (mut pair, _) = hello(Protocol::Https, "hello=1s; handshake=close");
    assert!(matches!(pair.next, Next::Sleep(_)), "{:?}", pair.next);
    pair.server.clock.now = due;
    assert_eq!(pair.server.receive(b""), Next::Write);
    assert!(matches!(pair.server.receive(b""), Next::Linger(_)));
}

/// Whatever else the server speaks.
#[test]
fn one_version_alone_is_spoken() {
    for (value, version) in [("1.2", ProtocolVersion::TLSv1_2), ("1.3", ProtocolVersion::TLSv1_3)] {
        let (mut pair, _) = hello(Protocol::Https, &format!("tls={value}"));
        pair.receive(b"");
        assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
        assert_eq!(pair.client.protocol_version(), Some(version));
    }
}

#[test]
fn handshakes_are_modified_by_chance_and_by_time() {
    let broken =
        |modifiers: &str| matches!(hello(Protocol::Https, modifiers).0.next, Next::Linger(_));
    assert!(!broken("handshake=none@9,close@0.1; seed=1"));
    assert!(broken("handshake=close; since=0s..1s") && !broken("handshake=close; since=1s.."));
    assert!(!broken("delay=1s; fault=reset:0.5"));
}
