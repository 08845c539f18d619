//! `/proxy` behind proxies of every kind.

use super::*;
use crate::http::tests::ask;

/// The answer of `/proxy` on a connection with these facts.
fn answer(facts: &ProxyFacts) -> serde_json::Value {
    let app = App::default();
    let mut output = Vec::new();
    ask("/proxy", &[], b"", |request| {
        let request = Request { proxy: Some(facts), ..request.clone() };
        let reply = proxy(&app, &request).expect("it has no parameters");
        let crate::http::reply::Body::Render(render) = reply.body else { panic!("{reply:?}") };
        render(&app, &request, &mut output);
    });
    let answer: serde_json::Value = serde_json::from_slice(&output).expect("it is JSON");
    answer["proxy"].clone()
}

fn facts(version: u8, route: ProxiedRoute, tlvs: &[u8]) -> ProxyFacts {
    let proxy = "::ffff:10.0.0.1".parse().ok();
    ProxyFacts { proxy, version, is_local: false, route, tlvs: tlvs.into() }
}

#[test]
fn addresses_are_shown_with_their_ports() {
    let ends = |source: &str, destination: &str| ProxiedRoute::Ip {
        datagrams: false,
        source: source.parse().expect(source),
        destination: destination.parse().expect(destination),
        local: destination.into(),
    };
    let shown = answer(&facts(1, ends("192.0.2.1:99", "192.0.2.2:443"), b""));
    let expected = serde_json::json!({
        "version": 1, "command": "PROXY", "protocol": "TCP4", "source": "192.0.2.1:99",
        "destination": "192.0.2.2:443", "proxy": "10.0.0.1", "tlvs": []
    });
    assert_eq!(shown, expected);
    let shown = answer(&facts(2, ends("[2001:db8::1]:0", "[::1]:80"), b""));
    assert_eq!((&shown["protocol"], &shown["source"]), (&"TCP6".into(), &"[2001:db8::1]:0".into()));
}

#[test]
fn what_is_not_known_is_null() {
    let local = ProxyFacts { is_local: true, proxy: None, ..facts(2, ProxiedRoute::Unknown, b"") };
    let shown = answer(&local);
    assert_eq!((&shown["command"], &shown["protocol"]), (&"LOCAL".into(), &"UNKNOWN".into()));
    for unknown in ["source", "destination", "proxy"] {
        assert!(shown[unknown].is_null(), "{shown}");
    }
}

#[test]
fn socket_names_are_shown_as_texts() {
    let (source, destination) = (b"\0a".as_slice().into(), b"/run/s\xff".as_slice().into());
    let shown = answer(&facts(2, ProxiedRoute::Unix { datagrams: true, source, destination }, b""));
    let ends = [&shown["protocol"], &shown["source"], &shown["destination"]];
    assert_eq!(ends, [&serde_json::json!("UNIX_DGRAM"), &"\0a".into(), &"/run/s\u{ff}".into()]);
}

#[test]
fn tlvs_are_shown_by_name_or_by_number() {
    let tlvs = b"\x01\0\x02h2\x02\0\x03a.b\x03\0\x04\x01\x02\x03\x04\x04\0\0\x05\0\x02\0\xff\
        \x20\0\x13\x07\0\0\0\x01\x21\0\x07TLSv1.3\xee\0\x01\x0f\x30\0\x02ns\xe0\0\x01x";
    let shown = answer(&facts(2, ProxiedRoute::Unknown, tlvs))["tlvs"].clone();
    let expected = serde_json::json!([
        {"type": "ALPN", "text": "h2"},
        {"type": "AUTHORITY", "text": "a.b"},
        {"type": "CRC32C", "hex": "01020304"},
        {"type": "NOOP", "hex": ""},
        {"type": "UNIQUE_ID", "hex": "00ff"},
        {"type": "SSL", "client": "0x07", "verify": 1, "tlvs": [
            {"type": "SSL_VERSION", "text": "TLSv1.3"},
            {"type": "0xee", "hex": "0f"}
        ]},
        {"type": "NETNS", "text": "ns"},
        {"type": "0xe0", "hex": "78"}
    ]);
    assert_eq!(shown, expected);
}
