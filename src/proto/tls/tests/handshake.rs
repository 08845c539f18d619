//! Handshakes: cut at every byte, of both versions, resumed, with client certificates, refused.

use super::*;

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
