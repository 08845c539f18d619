//! `/tls` over connections of every kind.

use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};

use super::*;
use crate::http::tests::{ask, tls_facts};

/// The answer of `/tls` over a connection with these facts.
fn answer(facts: &TlsFacts) -> serde_json::Value {
    let app = App::default();
    let mut output = Vec::new();
    ask("/tls", &[], b"", |request| {
        let request = Request { tls: Some(facts), ..request.clone() };
        let reply = tls(&app, &request).expect("it has no parameters");
        let crate::http::reply::Body::Render(render) = reply.body else { panic!("{reply:?}") };
        render(&app, &request, &mut output);
    });
    let answer: serde_json::Value = serde_json::from_slice(&output).expect("it is JSON");
    answer["tls"].clone()
}

#[test]
fn what_is_not_known_is_null() {
    let answer = answer(&tls_facts());
    assert_eq!(answer["version"], "TLS 1.2");
    assert_eq!(answer["cipher_suite"], "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    for unknown in ["group", "alpn", "server_name", "client_hello"] {
        assert!(answer[unknown].is_null(), "{answer}");
    }
    assert_eq!(answer["resumed"], true);
    assert_eq!(answer["early_data"], false);
    assert!(answer["client_certificates"].as_array().expect("a list").is_empty());
}

#[test]
fn what_the_client_offered_is_named_in_its_order() {
    let lists: [&[u8]; 8] = [
        &[0xca, 0xca, 0x13, 0x02, 0xc0, 0x2f, 0x12, 0x34],
        &[0, 16, 0, 0, 0, 43],
        &[0x11, 0xec, 0, 29],
        &[0],
        &[0x04, 0x03],
        &[3, 4, 3, 3],
        b"\x02h2\x08http/1.1\x02\xff\x0a",
        b"a.localhost",
    ];
    let hello = ClientHello::new(0x0303, lists);
    let (alpn, group) = (Some(b"h2".as_slice()), Some(29));
    let answer = answer(&TlsFacts { hello, alpn, group, close_notify: true, ..tls_facts() });
    let list = |key: &str| {
        let list = answer["client_hello"][key].as_array().expect(key);
        list.iter().map(|name| name.as_str().expect(key)).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(list("versions"), "TLS 1.3 TLS 1.2");
    assert_eq!(
        list("cipher_suites"),
        "GREASE TLS_AES_256_GCM_SHA384 TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 0x1234"
    );
    assert_eq!(list("groups"), "X25519MLKEM768 x25519");
    assert_eq!(list("signature_algorithms"), "ecdsa_secp256r1_sha256");
    assert_eq!(list("alpn"), "h2 http/1.1 \u{ff}\n");
    let extensions = "application_layer_protocol_negotiation server_name supported_versions";
    assert_eq!(list("extensions"), extensions);
    assert_eq!(answer["client_hello"]["ja3_text"], "771,4866-49199-4660,16-0-43,4588-29,0");
    assert_eq!(answer["client_hello"]["ja3"].as_str().map(str::len), Some(32));
    let ja4 = answer["client_hello"]["ja4"].as_str().expect("a text");
    assert!(ja4.starts_with("t13d0303h2_"), "{ja4}");
    assert_eq!((&answer["alpn"], &answer["group"]), (&"h2".into(), &"x25519".into()));
    assert_eq!(answer["server_name"], "a.localhost");
    assert_eq!(answer["close_notify"], true);
}

#[test]
fn a_clients_certificates_are_shown() {
    let mut params = CertificateParams::new(["me.example".to_owned()]).expect("a name");
    params.distinguished_name.push(DnType::CommonName, "me \"and\" you");
    let uri = "spiffe://example/me".try_into().expect("ASCII");
    params.subject_alt_names.push(SanType::URI(uri));
    params.subject_alt_names.push(SanType::IpAddress([192, 0, 2, 1].into()));
    params.not_before = date_time_ymd(2026, 11, 22);
    params.not_after = date_time_ymd(9999, 1, 1);
    params.serial_number = Some(vec![0x0a, 0xbc].into());
    let key = KeyPair::generate().expect("random numbers");
    let der = params.self_signed(&key).expect("a key that signs").der().to_vec();
    let chain = [der.clone().into(), b"no certificate".as_slice().into()];
    let answer = answer(&TlsFacts { client_chain: chain.into(), ..tls_facts() });
    let [certificate, other] = &answer["client_certificates"].as_array().expect("a list")[..]
    else {
        panic!("{answer}")
    };
    let subject = certificate["subject"].as_str().expect("a text");
    assert!(subject.contains("me ") && subject.contains("you"), "{subject}");
    assert_eq!(certificate["issuer"], certificate["subject"]);
    assert_eq!(certificate["serial"], "0abc");
    assert_eq!(certificate["not_before"], "Sun, 22 Nov 2026 00:00:00 GMT");
    assert_eq!(certificate["not_after"], "Fri, 01 Jan 9999 00:00:00 GMT");
    let names = certificate["alternative_names"].to_string();
    assert_eq!(names, r#"["DNS:me.example","URI:spiffe://example/me","IP:192.0.2.1"]"#);
    assert_eq!(certificate["sha256"], hex(&Sha256::digest(&der)));
    assert_eq!(other.as_object().map(serde_json::Map::len), Some(1), "{other}");
}
