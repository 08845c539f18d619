//! The operator's certificates: what is refused, what is a warning, and which one a client gets.

use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, SanType};

use super::*;
use crate::http::x509;

/// Authorities that OpenSSL made, their keys in PKCS #8.
pub(super) const EC: &str = include_str!("ca-ec.pem");
pub(super) const RSA: &str = include_str!("ca-rsa.pem");
/// The same keys in the formats of before PKCS #8.
pub(super) const SEC1: &str = include_str!("sec1.key");
const PKCS1: &str = include_str!("pkcs1.key");

/// A chain that clients accept for these names, its own certificate first, and the key.
fn pair(names: &[&str], key: &KeyPair) -> [String; 3] {
    let now = SystemTime::now();
    let all = Names::new(["example.org"]);
    let authority = Authority::generate(&all, now).unwrap();
    let mut params = own::leaf(&all, None, now);
    let name = |name: &&str| SanType::DnsName((*name).try_into().unwrap());
    params.subject_alt_names = names.iter().map(name).collect();
    let leaf = pem::write("CERTIFICATE", &authority.sign(&params, key).unwrap());
    let ca = pem::write("CERTIFICATE", authority.certificate());
    [leaf, ca, pem::write("PRIVATE KEY", key.serialized_der())]
}

fn ec() -> KeyPair {
    KeyPair::generate().unwrap()
}

fn given(pairs: &[(PathBuf, PathBuf)]) -> Result<Arc<Identity>, BadValue> {
    let (certificates, keys) = pairs.iter().cloned().unzip();
    build(&TlsSettings { certificates, keys, ..Default::default() })
}

#[test]
fn keys_of_every_format_are_read() {
    let folder = Folder::new("formats");
    for (certificate, key) in [(EC, EC), (EC, SEC1), (RSA, RSA), (RSA, PKCS1)] {
        // What is around the sections is ignored, and CRLF is a line end.
        let certificate = format!("Bag Attributes\n{certificate}\n").replace('\n', "\r\n");
        let files = (folder.write("cert.pem", &certificate), folder.write("key.pem", key));
        given(&[files]).unwrap();
    }
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let [leaf, ca, key] = pair(&["example.org"], &key);
    let both = folder.write("both.pem", &(key + &leaf + &ca));
    given(&[(both.clone(), both)]).unwrap();
}

#[test]
fn each_mistake_is_refused_with_the_line_and_what_to_do() {
    let folder = Folder::new("mistakes");
    let [leaf, ca, key] = pair(&["example.org"], &ec());
    let [other, _, other_key] = pair(&["example.org"], &ec());
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----";
    let old =
        "\n-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n";
    let short = key.replacen("-----END", "!\n-----END", 1);
    let open = leaf.replace("-----END", "----END");
    let p521 = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    let wrong = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let gap =
        "the chain is in the wrong order: CN=localhost did not sign the certificate before it; ";
    for (chain, key, expected) in [
        (
            &*leaf,
            &*other_key,
            "c:1: the certificate of CN=localhost is for another key; give the key",
        ),
        (
            &(ca.clone() + &leaf),
            &key,
            "c:1: the chain is in the wrong order; move the certificate of \
            CN=localhost, in line ",
        ),
        (&(leaf.clone() + &other), &key, gap),
        (&leaf, encrypted, "k:1: the private key is encrypted; decrypt it: openssl pkey -in "),
        (&leaf, old, "k:2: the private key is encrypted; decrypt it: openssl pkey -in "),
        (
            &leaf,
            &leaf,
            "k has no private key; give a PEM file with -----BEGIN PRIVATE KEY-----; it has a \
            certificate: are --tls-cert and --tls-key swapped?",
        ),
        (&key, &key, "c has no certificate; give a PEM file with -----BEGIN CERTIFICATE-----"),
        ("", &key, "c has no certificate"),
        (&open, &key, "c:1: the section has no -----END line"),
        (&leaf, &short, "k:1: the section is not valid base64"),
        (
            &leaf,
            p521,
            "k:1: the private key is not supported; give one for RSA of 2048 to 4096 bits",
        ),
        (&(leaf.clone() + wrong), &key, ": the certificate cannot be read"),
        ("0\u{1}", &key, "c:1: the file is DER or PKCS#12, not PEM; convert it: openssl x509 -in "),
    ] {
        let bad = given(&[(folder.write("c", chain), folder.write("k", key))]).unwrap_err();
        assert!(bad.to_string().contains(expected), "{bad}\n{expected}");
    }
    let absent = folder.0.join("absent");
    let bad = given(&[(absent.clone(), absent.clone())]).unwrap_err();
    let expected = format!("--tls-cert: cannot read {}: No such file", absent.display());
    assert!(bad.to_string().starts_with(&expected), "{bad}");
    let large = "x".repeat(MAX_PEM_BYTES as usize + 1);
    let bad = given(&[(folder.write("c", &large), absent)]).unwrap_err();
    assert!(bad.to_string().contains("it is larger than 1 MiB"), "{bad}");
}

#[test]
fn what_clients_refuse_is_a_warning() {
    let key = ec();
    let (now, names) = (SystemTime::now(), Names::new([]));
    let params = own::leaf(&names, None, now);
    let mut nameless = params.clone();
    nameless.subject_alt_names.clear();
    for (params, at, expected) in [
        (&params, now, ""),
        (&params, now + 8 * DAY, "the certificate of CN=localhost expired on "),
        (&params, now - 2 * DAY, "the certificate of CN=localhost is not valid before "),
        (&nameless, now, "the certificate of CN=localhost has no alternative name"),
    ] {
        let der = params.self_signed(&key).unwrap();
        let read = x509::Certificate::read(der.der()).unwrap();
        let warnings = given::warnings(&[(1, read)], at);
        let text = warnings.first().map_or("", |(_, warning)| warning);
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(warnings.len(), usize::from(!expected.is_empty()), "{warnings:?}");
    }
}

#[test]
fn the_server_name_selects_a_pair() {
    let folder = Folder::new("names");
    let p384 = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let pairs = [
        (&["example.org"][..], ec()),
        (&["*.example.org"], ec()),
        (&["a.example.org", "B.example.org"], ec()),
        (&["a.example.org"], p384),
    ];
    let mut files = Vec::new();
    for (number, (names, key)) in pairs.iter().enumerate() {
        let [leaf, _, key] = pair(names, key);
        let [chain, key] = [("c", leaf), ("k", key)]
            .map(|(kind, text)| folder.write(&format!("{kind}{number}"), &text));
        files.push((chain, key));
    }
    let identity = given(&files).unwrap();
    let p384 = &[SignatureScheme::ECDSA_NISTP384_SHA384][..];
    for (name, schemes, expected) in [
        (Some("example.org"), SCHEMES, Some(0)),
        (Some("EXAMPLE.org"), SCHEMES, Some(0)),
        (Some("www.example.org"), SCHEMES, Some(1)),
        (Some("a.example.org"), SCHEMES, Some(2)),
        (Some("b.example.org"), SCHEMES, Some(2)),
        (Some("a.example.org"), p384, Some(3)),
        (Some("www.example.org"), p384, Some(1)),
        (Some("a.b.example.org"), SCHEMES, Some(0)),
        (Some("localhost"), SCHEMES, Some(0)),
        (None, SCHEMES, Some(0)),
        (None, p384, Some(3)),
        (Some("expired.localhost"), SCHEMES, None),
    ] {
        let served = identity.certificate(None, name, schemes, SystemTime::now()).unwrap();
        let number = identity.pairs.iter().position(|pair| Arc::ptr_eq(pair.key(), &served));
        assert_eq!(number, expected, "{name:?} {schemes:?}");
    }
    let now = SystemTime::now();
    let always = Some(Certificate::SelfSigned);
    let served = identity.certificate(always, Some("example.org"), SCHEMES, now).unwrap();
    assert!(identity.pairs.iter().all(|pair| !Arc::ptr_eq(pair.key(), &served)));
}
