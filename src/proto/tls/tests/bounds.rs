//! What a client cannot make the server keep or do.

use rustls::crypto::cipher::{MessageEncrypter, OutboundChunks, OutboundPlainMessage};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, SupportedCipherSuite};

use super::*;
use crate::base::limits::{HANDSHAKE_INPUT_BYTES, TLS_INPUT_BYTES};

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
