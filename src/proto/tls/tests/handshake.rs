//! Handshakes: cut at every byte, of both versions, resumed, with client certificates, refused.

use rustls::server::WebPkiClientVerifier;
use rustls::{AlertDescription, Error, HandshakeKind};

use super::*;
use crate::base::limits::HANDSHAKES_PER_TURN;
use crate::base::time::Time;
use crate::proto::{Event, Evictable};

#[test]
fn a_request_is_answered_in_whatever_pieces_the_bytes_come() {
    let server = Server::new(|_| {});
    for version in BOTH {
        let config = Arc::new(server.client(&[version]));
        for cut in [usize::MAX, 1, 2, 5, 100] {
            for protocol in [Protocol::Https, Protocol::Http] {
                let mut pair = server.connect(&config, protocol);
                pair.cut = cut;
                let answer = pair.get("/get");
                assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{version:?} {cut}: {answer}");
                assert!(matches!(pair.next, Next::Read(_)), "{:?}", pair.next);
                assert_eq!(pair.client.protocol_version(), Some(version.version));
                assert_eq!(pair.client.alpn_protocol(), Some(&b"http/1.1"[..]));
            }
        }
    }
}

/// The client's first flights are cut once at each byte: nothing depends on where.
#[test]
fn a_handshake_may_be_cut_at_every_byte() {
    let server = Server::new(|_| {});
    for version in BOTH {
        let config = Arc::new(server.client(&[version]));
        for at in 1.. {
            let mut pair = server.connect(&config, Protocol::Https);
            pair.client.writer().write_all(b"GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
            let mut before = 0;
            while pair.heard.is_empty() {
                let mut sent = Vec::new();
                while pair.client.wants_write() {
                    pair.client.write_tls(&mut sent).unwrap();
                }
                assert!(!sent.is_empty(), "{at}: {:?}", pair.next);
                let (head, tail) = sent.split_at(sent.len().min(at - before.min(at)));
                before += sent.len();
                [head, tail].into_iter().for_each(|piece| pair.receive(piece));
            }
            assert!(pair.heard.starts_with(b"HTTP/1.1 204 "), "{version:?} {at}");
            if at > before {
                break;
            }
        }
    }
}

#[test]
fn a_session_is_resumed_with_the_one_ticket_of_a_handshake() {
    let server = Server::new(|_| {});
    for version in BOTH {
        let config = Arc::new(server.client(&[version]));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let mut pair = server.connect(&config, Protocol::Https);
            assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
            assert_eq!(pair.client.handshake_kind(), Some(kind), "{version:?}");
            if version == &version::TLS13 {
                assert_eq!(pair.client.tls13_tickets_received(), 1);
            }
        }
    }
}

#[test]
fn versions_and_protocols_are_those_of_the_configuration() {
    let refuses = |server: &Server, config: ClientConfig| {
        let mut pair = server.connect(&Arc::new(config), Protocol::Https);
        pair.talk();
        assert!(pair.is_over && pair.heard.is_empty());
        pair.error
    };
    let alert = |description| Some(Error::AlertReceived(description));
    let new = Server::new(|config| config.versions = [TlsVersion::Tls13; 2]);
    let old = new.client(&[&version::TLS12]);
    assert_eq!(refuses(&new, old), alert(AlertDescription::ProtocolVersion));
    let server = Server::new(|config| config.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()]);
    for (offered, agreed) in [
        (&[&b"http/1.1"[..], b"h2"][..], Some(&b"h2"[..])),
        (&[b"http/1.1"], Some(b"http/1.1")),
        (&[], None),
    ] {
        let mut config = server.client(&BOTH);
        config.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
        let mut pair = server.connect(&Arc::new(config), Protocol::Https);
        pair.talk();
        assert_eq!(pair.client.alpn_protocol(), agreed);
    }
    let mut config = server.client(&BOTH);
    config.alpn_protocols = vec![b"ftp".to_vec()];
    assert_eq!(refuses(&server, config), alert(AlertDescription::NoApplicationProtocol));
    let without = Server::new(|config| config.alpn.clear());
    let mut pair = without.connect(&Arc::new(without.client(&BOTH)), Protocol::Https);
    assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
    assert_eq!(pair.client.alpn_protocol(), None);
}

/// A client certificate that is asked for, or required.
#[test]
fn a_client_certificate_is_verified_and_its_absence_has_its_alert() {
    let client = Identity::new("client");
    let other = Identity::new("other");
    let roots = Arc::new(client.roots());
    for (required, version) in [true, false].into_iter().flat_map(|one| BOTH.map(|v| (one, v))) {
        let provider = Arc::new(default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider);
        let verifier = if required { verifier } else { verifier.allow_unauthenticated() };
        let server = Server::new(|config| config.client_auth = Some(verifier.build().unwrap()));
        let connect = |identity: Option<&Identity>| {
            let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(server.identity.roots());
            let config = match identity {
                Some(Identity { der, key }) => builder
                    .with_client_auth_cert(vec![der.clone()], key.clone_key().into())
                    .unwrap(),
                None => builder.with_no_client_auth(),
            };
            let mut pair = server.connect(&Arc::new(config), Protocol::Https);
            pair.get("/get");
            (pair.wire[1].len(), pair.error.clone(), pair)
        };
        let alert = |description| Some(Error::AlertReceived(description));
        assert_eq!(connect(Some(&client)).1, None);
        let (_, without, _) = connect(None);
        let missing =
            required.then_some(Error::AlertReceived(AlertDescription::CertificateRequired));
        assert_eq!(without, missing, "{version:?}");
        assert_eq!(connect(Some(&other)).1, alert(AlertDescription::UnknownCA), "{version:?}");
    }
}

#[test]
fn what_is_not_tls_is_refused_in_plain_text_on_a_port_for_tls_alone() {
    let server = Server::new(|_| {});
    for (bytes, body) in [
        (&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..], true),
        (b"\x80\x2e\x01\x03", true),
        (b"H", true),
        (b"HEAD / HTTP/1.1\r\n", false),
    ] {
        let config = Arc::new(server.client(&BOTH));
        for cut in [1, usize::MAX] {
            let mut driver = server.connect(&config, Protocol::Https).server;
            let mut next = Next::Write;
            bytes.chunks(cut.min(bytes.len())).for_each(|piece| next = driver.receive(piece));
            if bytes == b"H" {
                // It may become HEAD, whose answer has no body.
                assert!(matches!(next, Next::Read(_)) && driver.output.is_empty());
                driver.receive(b"X");
            }
            let next = driver.receive(b"");
            assert!(matches!(next, Next::Linger(_)), "{bytes:?}: {next:?}");
            let answer = String::from_utf8_lossy(driver.output.unread()).into_owned();
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
            assert_eq!(answer.contains("use https:// in the URL"), body, "{answer}");
            assert_eq!(driver.worker.served, 1);
        }
    }
    let plain = server.connect(&Arc::new(server.client(&BOTH)), Protocol::Http).server;
    let mut plain = Driver { tls: None, ..plain };
    plain.receive(b"\x16\x03\x01\x00\x05hello");
    assert!(plain.output.unread().starts_with(b"HTTP/1.1 400 "));
}

#[test]
fn a_connection_that_does_not_finish_its_handshake_is_closed_in_time() {
    let server = Server::new(|_| {});
    let config = Arc::new(server.client(&BOTH));
    for (flights, protocol) in
        [0, 1].into_iter().flat_map(|n| [Protocol::Https, Protocol::Http].map(|p| (n, p)))
    {
        let mut pair = server.connect(&config, protocol);
        let mut hello = Vec::new();
        pair.client.write_tls(&mut hello).unwrap();
        let sent = if flights == 0 { &hello[..50] } else { &hello };
        let mut next = pair.server.receive(sent);
        while next == Next::Write {
            next = pair.server.receive(b"");
        }
        let until = Time::START.after(pair.server.app.limits.head_timeout);
        assert_eq!(next, Next::Read(until), "{flights}");
        let standing = pair.server.conn.standing();
        assert_eq!(standing.evictable, Evictable::IdleSince(Time::START));
        assert!(standing.reads && standing.splice_budget == 0);
        pair.server.clock.now = until;
        assert_eq!(pair.server.receive(b""), Next::Close);
    }
}

#[test]
fn a_refused_or_broken_connection_ends_without_a_word() {
    let server = Server::new(|_| {});
    let config = Arc::new(server.client(&BOTH));
    for event in [Event::Refused, Event::Reset] {
        for sends in [false, true] {
            let mut pair = server.connect(&config, Protocol::Https);
            let mut hello = Vec::new();
            pair.client.write_tls(&mut hello).unwrap();
            if sends {
                pair.server.receive(&hello);
                pair.server.output.clear();
            }
            pair.server.edge.event = event;
            assert_eq!(pair.server.receive(b""), Next::Close);
            assert!(pair.server.output.is_empty());
        }
    }
}

/// Steps beyond the bound wait for the worker's next loop.
#[test]
fn steps_of_handshakes_are_bounded_for_each_loop() {
    let server = Server::new(|_| {});
    for version in BOTH {
        let config = Arc::new(server.client(&[version]));
        let mut pair = server.connect(&config, Protocol::Https);
        let mut steps = 0;
        pair.client.writer().write_all(b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        for _ in 0..2 {
            let mut sent = Vec::new();
            while pair.client.wants_write() {
                pair.client.write_tls(&mut sent).unwrap();
            }
            pair.server.worker.handshakes_left = 0;
            pair.server.input.tail().extend_from_slice(&sent);
            for _ in 0..3 {
                // It does nothing meanwhile.
                assert_eq!(pair.server.advance(), Next::Yield);
                assert!(pair.server.output.is_empty());
            }
            pair.server.worker.handshakes_left = HANDSHAKES_PER_TURN;
            pair.receive(b"");
            steps += HANDSHAKES_PER_TURN - pair.server.worker.handshakes_left;
        }
        assert_eq!(steps, 2, "{version:?}");
        // An open connection needs none.
        pair.talk();
        pair.server.worker.handshakes_left = 0;
        assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
        assert_eq!(pair.server.worker.handshakes_left, 0);
    }
}
