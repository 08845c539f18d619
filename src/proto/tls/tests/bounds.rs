//! What a client cannot make the server keep or do.

use rustls::crypto::CipherSuiteCommon;
use rustls::crypto::cipher::{MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConfig};
use rustls::{SupportedCipherSuite, Tls12CipherSuite};

use super::super::Stage;
use super::super::link::Link;
use super::*;
use crate::base::limits::{
    HANDSHAKE_INPUT_BYTES, HANDSHAKES_PER_TURN, IDLE_TLS_RECORDS, TLS_INPUT_BYTES,
};
use crate::proto::conn::Conn;

/// A client after its handshake that writes records of its own.
struct Forger {
    server: Driver,
    encrypter: Box<dyn MessageEncrypter>,
    sequence: u64,
}

impl Forger {
    fn new() -> Forger {
        let server = Server::new(|_| {});
        let mut config = server.client(&[&version::TLS13]);
        config.enable_secret_extraction = true;
        let mut pair = server.connect(&Arc::new(config), Protocol::Https);
        assert!(pair.get("/get").starts_with("HTTP/1.1 200 "));
        let suite = pair.client.negotiated_cipher_suite();
        let Some(SupportedCipherSuite::Tls13(suite)) = suite else { panic!("{suite:?}") };
        let (sequence, secrets) = pair.client.dangerous_extract_secrets().unwrap().tx;
        let (ConnectionTrafficSecrets::Aes256Gcm { key, iv }
        | ConnectionTrafficSecrets::Aes128Gcm { key, iv }
        | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
        else {
            panic!()
        };
        let encrypter = suite.aead_alg.encrypter(key, iv);
        Forger { server: pair.server, encrypter, sequence }
    }

    /// A record of this type, padded with so many zeros.
    fn record(&mut self, typ: u8, content: &[u8], padding: usize) -> Vec<u8> {
        let padded = [content, &[typ], &vec![0; padding - 1]].concat();
        let message = OutboundPlainMessage {
            // The type that is appended is the last byte of the padding.
            typ: ContentType::Unknown(0),
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(&padded),
        };
        let sealed = self.encrypter.encrypt(message, self.sequence).unwrap();
        self.sequence += 1;
        sealed.encode()
    }
}

/// Type 24 is KeyUpdate; rustls waits for as many bytes as its header announces.
#[test]
fn a_message_in_padded_records_is_not_kept_beyond_a_bound() {
    let mut forger = Forger::new();
    let message = [&[24, 0, 0xff, 0xff][..], &[0; 100]].concat();
    let mut most = 0;
    let over = message.iter().position(|byte| {
        let record = forger.record(22, &[*byte], 16_000);
        let reads = matches!(forger.server.receive(&record), Next::Read(_));
        most = most.max(if reads { forger.server.input.len() } else { 0 });
        !reads
    });
    assert_eq!(over, Some(1), "{most}");
    assert!(most <= TLS_INPUT_BYTES, "{most}");
    // One that fits may be as padded.
    let mut forger = Forger::new();
    let update = forger.record(22, &[24, 0, 0, 1, 0], 16_000);
    assert!(matches!(forger.server.receive(&update), Next::Read(_)));
    assert!(forger.server.input.is_empty());
}

#[test]
fn a_handshake_in_short_records_is_not_kept_beyond_a_bound() {
    let server = Server::new(|_| {});
    let mut pair = server.connect(&Arc::new(server.client(&[&version::TLS12])), Protocol::Https);
    let mut hello = Vec::new();
    pair.client.write_tls(&mut hello).unwrap();
    pair.server.receive(&hello);
    while !pair.server.output.is_empty() {
        pair.server.output.clear();
        pair.server.receive(b"");
    }
    let mut most = 0;
    let exchange = [&[16, 0, 0xff, 0xff][..], &[0; 0xffff]].concat();
    let over = exchange.chunks(100).position(|bytes| {
        let records = bytes.iter().flat_map(|byte| [22, 3, 3, 0, 1, *byte]).collect::<Vec<_>>();
        let reads = matches!(pair.server.receive(&records), Next::Read(_));
        most = most.max(if reads { pair.server.input.len() } else { 0 });
        !reads
    });
    assert!(over.is_some() && most <= HANDSHAKE_INPUT_BYTES, "{over:?} {most}");
}

/// No request is read, and no client certificate forgone, because of it.
#[test]
fn a_close_notify_in_a_handshake_does_not_open_the_connection() {
    let server = Server::new(|_| {});
    for version in BOTH {
        let mut pair = server.connect(&Arc::new(server.client(&[version])), Protocol::Https);
        let mut hello = Vec::new();
        pair.client.write_tls(&mut hello).unwrap();
        pair.server.receive(&hello);
        while !pair.server.output.is_empty() {
            pair.server.output.clear();
            pair.server.receive(b"");
        }
        // TLS 1.2 takes it for a warning, and goes on with the handshake.
        pair.server.receive(&[21, 3, 3, 0, 2, 1, 0]);
        assert!(format!("{:?}", pair.server.conn).find("Open {").is_none(), "{version:?}");
        let next = pair.server.receive(b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n");
        assert!(matches!(next, Next::Write | Next::Linger(_)), "{version:?} {next:?}");
        assert_eq!(pair.server.worker.served, 0);
    }
}

/// A KeyUpdate is one of them, and costs the server much more than the client. These are parts of a
/// message that never ends.
#[test]
fn records_without_data_are_bounded() {
    for (idle, reads, ends) in [(64, 1, false), (65, 1, true), (65, 2, false), (130, 2, true)] {
        let mut forger = Forger::new();
        let message = [&[24, 0][..], &[255; 200]].concat();
        let records = message.chunks(1).take(idle).map(|byte| forger.record(22, byte, 1));
        let records = records.collect::<Vec<_>>();
        let mut next = Next::Write;
        for records in records.chunks(records.len().div_ceil(reads)) {
            next = forger.server.receive(&records.concat());
        }
        assert_eq!(!matches!(next, Next::Read(_)), ends, "{idle} {reads} {next:?}");
    }
    assert_eq!(IDLE_TLS_RECORDS, 64);
}

/// AES-GCM in TLS 1.2 has a limit of 2^24 records, which is lowered here.
#[test]
fn keys_that_are_used_up_end_the_connection() {
    let server = Server::new(|_| {});
    let mut pair = server.connect(&Arc::new(server.client(&[&version::TLS12])), Protocol::Https);
    let mut provider = default_provider();
    for suite in &mut provider.cipher_suites {
        if let SupportedCipherSuite::Tls12(old) = suite {
            let common = CipherSuiteCommon { confidentiality_limit: 3, ..old.common };
            let new = Tls12CipherSuite { common, ..**old };
            *suite = SupportedCipherSuite::Tls12(Box::leak(Box::new(new)));
        }
    }
    let config = ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&[&version::TLS12])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![server.identity.der.clone()],
            server.identity.key.clone_key().into(),
        );
    let link = Link::new(Arc::new(config.unwrap())).unwrap();
    let Conn::Tls(tls) = &mut pair.server.conn else { panic!() };
    tls.stage = Stage::Handshake { link, hello: None, fault: None };
    // The first record is the handshake's.
    for _ in 0..2 {
        assert!(pair.get("/get").starts_with("HTTP/1.1 200 "), "{:?}", pair.error);
    }
    let gone = pair.server.worker.clients_gone;
    assert_eq!(pair.get("/drip?numbytes=3&duration=1"), "");
    while let Next::Sleep(until) = pair.next {
        pair.server.clock.now = until;
        pair.receive(b"");
        pair.talk();
    }
    assert!(pair.heard.is_empty());
    assert!(pair.is_over && pair.error.is_none());
    assert!(pair.client.process_new_packets().unwrap().peer_has_closed());
    assert_eq!(pair.server.worker.clients_gone, gone + 1);
}

/// As the key exchange of TLS 1.2: its answer waits for the Finished.
#[test]
fn a_step_of_a_handshake_counts_when_it_sends_nothing() {
    let server = Server::new(|_| {});
    let mut pair = server.connect(&Arc::new(server.client(&[&version::TLS12])), Protocol::Https);
    let mut sent = Vec::new();
    pair.client.write_tls(&mut sent).unwrap();
    pair.receive(&sent);
    pair.receive(b"");
    sent.clear();
    while pair.client.wants_write() {
        pair.client.write_tls(&mut sent).unwrap();
    }
    let exchange = 5 + usize::from(u16::from_be_bytes([sent[3], sent[4]]));
    for (bytes, steps) in [(&sent[..9], 0), (&sent[9..exchange], 1), (&sent[exchange..], 2)] {
        assert!(pair.server.output.is_empty());
        pair.server.input.tail().extend_from_slice(bytes);
        pair.server.advance();
        let left = pair.server.worker.handshakes_left;
        assert_eq!(left + steps, HANDSHAKES_PER_TURN - 1);
    }
    assert!(!pair.server.output.is_empty());
}
