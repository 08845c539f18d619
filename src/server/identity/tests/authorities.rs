//! Where the authority comes from: random, a text, or a file.

use sha2::{Digest, Sha256};

use super::files::{EC, RSA};
use super::*;
use crate::base::text::hex;
use crate::http::x509;

fn seeded(seed: &str, hostname: &str) -> Arc<Identity> {
    let settings = TlsSettings { ca_seed: Some(seed.to_owned()), ..TlsSettings::default() };
    Arc::new(Identity::build(&settings, Some(hostname), SystemTime::now()).unwrap())
}

#[test]
fn a_seed_gives_the_same_authority_on_every_host_and_in_every_version() {
    let (one, two) = (seeded("correct horse", "a.example"), seeded("correct horse", "b.example"));
    assert_eq!(one.ca_pem(), two.ca_pem());
    assert_ne!(one.ca_pem(), seeded("correct horse ", "a.example").ca_pem());
    let digest = Sha256::digest(one.maker.authority.certificate());
    let known = "946552ea6392fc5ce34ab61cc3eeda9d4d7d864339b0b231c5998890e86f04db";
    assert_eq!(hex(&digest), known);
    // A client of one accepts the other.
    let client = client(&one.ca_pem(), Some(&one.crl_pem()));
    assert_eq!(refused(&client, &server(Resolver::new(&two, None)), "localhost"), None);
    let revoked = server(Resolver::new(&two, Some(Certificate::Revoked)));
    let expected = Some(Error::InvalidCertificate(CertificateError::Revoked));
    assert_eq!(refused(&client, &revoked, "localhost"), expected);
}

#[test]
fn an_authority_from_a_file_signs() {
    let folder = Folder::new("ca-file");
    for ca in [EC, RSA] {
        let ca_file = Some(folder.write("ca.pem", ca));
        let out = folder.0.join("out.pem");
        let settings = TlsSettings { ca_file, ca_out: Some(out.clone()), ..Default::default() };
        let identity = build(&settings).unwrap();
        let out = std::fs::read_to_string(out).unwrap();
        assert_eq!(out, identity.ca_pem());
        assert!(!out.contains("KEY"), "{out}");
        assert!(ca.contains(&out), "{out}");
        let client = client(&out, Some(&identity.crl_pem()));
        for name in ["localhost", "web.example", "x.localhost"] {
            let refusal = refused(&client, &server(Resolver::new(&identity, None)), name);
            assert_eq!(refusal, None, "{name}");
        }
    }
}

#[test]
fn a_certificate_between_the_root_and_the_server_is_sent() {
    let now = SystemTime::now();
    let root = Authority::generate(&Names::new(["web.example"]), now).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = own::leaf(&Names::new([]), None, now);
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
    params.subject_alt_names.clear();
    let between = pem::write("CERTIFICATE", &root.sign(&params, &key).unwrap());
    let folder = Folder::new("between");
    let text = between + &pem::write("PRIVATE KEY", key.serialized_der());
    let ca_file = Some(folder.write("ca.pem", &text));
    let identity = build(&TlsSettings { ca_file, ..Default::default() }).unwrap();
    let root = pem::write("CERTIFICATE", root.certificate());
    let server = server(Resolver::new(&identity, None));
    assert_eq!(refused(&client(&root, None), &server, "localhost"), None);
}

#[test]
fn what_is_wrong_with_a_file_is_named_with_its_line() {
    let folder = Folder::new("ca-mistakes");
    let (now, names) = (SystemTime::now(), Names::new([]));
    let ca = Authority::generate(&names, now).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let leaf = ca.sign(&own::leaf(&names, None, now), &key).unwrap();
    let key = pem::write("PRIVATE KEY", key.serialized_der());
    let leaf = pem::write("CERTIFICATE", &leaf) + &key;
    let (certificate, _) = EC.split_once("-----BEGIN PRIVATE").unwrap();
    let old_key = certificate.to_owned() + files::SEC1;
    for (name, text, expected) in [
        (
            "leaf.pem",
            leaf,
            "leaf.pem:1: the certificate of CN=localhost is not a CA's; make one: op",
        ),
        (
            "sec1.pem",
            old_key,
            "sec1.pem:13: the CA's key is not supported; give one for ECDSA on P",
        ),
        ("none.pem", certificate.to_owned(), "none.pem has no private key; give a PEM file with"),
        ("key.pem", key.clone(), "key.pem has no certificate; give a PEM file with"),
        ("mixed.pem", certificate.to_owned() + &key, "mixed.pem:1: the certificate of C=DE,O=Te"),
    ] {
        let ca_file = Some(folder.write(name, &text));
        let bad = build(&TlsSettings { ca_file, ..Default::default() }).unwrap_err();
        assert!(bad.to_string().contains(expected), "{bad}");
    }
    let path = folder.0.join("absent.pem");
    let ca_file = Some(path.clone());
    let bad = build(&TlsSettings { ca_file, ..Default::default() }).unwrap_err();
    let path = path.display();
    let start = format!("--ca-file: the file {path} does not exist; make one: openssl req -x509 ");
    assert!(bad.to_string().starts_with(&start), "{bad}");
    assert!(bad.to_string().ends_with(&format!(" -keyout {path} -out {path}")), "{bad}");
    let ca_out = Some(folder.0.join("no/such/folder"));
    let bad = build(&TlsSettings { ca_out, ..Default::default() }).unwrap_err();
    assert!(bad.to_string().contains("no/such/folder: No such file"), "{bad}");
}

/// Clients go on trusting it: its certificate is the same, and it signs with the same key.
#[test]
fn a_random_authority_survives_its_process() {
    let (settings, now) = (TlsSettings::default(), SystemTime::now());
    let first = Identity::build(&settings, Some("web.example"), now).unwrap();
    let pem = first.portable().expect("it is random");
    let before = Before::Authority(&pem);
    let second = Identity::rebuild(&settings, Some("web.example"), now, before).unwrap();
    assert_eq!(first.ca_pem(), second.ca_pem());
    assert_eq!(second.portable(), Some(pem.clone()));
    let leaf = second.certificate(None, None, &[], now).expect("a certificate");
    let ca = first.maker.authority.certificate();
    assert!(x509::Certificate::read(&leaf.cert[0]).is_some_and(|leaf| {
        x509::Certificate::read(ca).is_some_and(|ca| leaf.issuer == ca.subject)
    }));
    let seeded = TlsSettings { ca_seed: Some("enough of a seed".into()), ..settings };
    let other = Identity::rebuild(&seeded, None, now, Before::Authority(&pem)).unwrap();
    assert_ne!(other.ca_pem(), first.ca_pem(), "the settings say which one it is");
    assert_eq!(other.portable(), None);
}
