//! Handshakes between rustls as a client and what is served.

use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig,
    ServerConnection,
};

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn identity() -> Arc<Identity> {
    Arc::new(Identity::generate(Some("Web.example"), SystemTime::now()).unwrap())
}

fn server(resolver: Resolver) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    Arc::new(config)
}

fn client(ca_pem: &str) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config)
}

/// Shakes hands, and returns what the client refused.
fn refused(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &str) -> Option<Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        bytes.clear();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        if let Err(error) = client.process_new_packets() {
            return Some(error);
        }
    }
    None
}

#[test]
fn a_client_that_trusts_the_authority_accepts_every_name_of_this_host() {
    let identity = identity();
    let (client, server) = (client(&identity.ca_pem()), server(Resolver::new(&identity, None)));
    for name in ["localhost", "127.0.0.1", "::1", "web.example", "a.localhost", "A.b.web.example"] {
        assert_eq!(refused(&client, &server, name), None, "{name}");
    }
    let stranger = self::identity();
    let refusal = refused(&self::client(&stranger.ca_pem()), &server, "localhost");
    assert_eq!(refusal, Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)));
}

#[test]
fn the_authority_cannot_sign_for_another_host() {
    let identity = identity();
    let client = client(&identity.ca_pem());
    let (key, now) = (rcgen::KeyPair::generate().unwrap(), SystemTime::now());
    let stranger = Names::new(["example.org"]);
    let params = own::leaf(&stranger, None, now);
    let leaf = identity.maker.authority.sign(&params, &key).unwrap().into();
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Fixed(own::certified(vec![leaf], &key).unwrap())));
    let refusal = refused(&client, &Arc::new(config), "example.org").unwrap();
    assert!(refusal.to_string().contains("NameConstraintViolation"), "{refusal}");
}

#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

#[test]
fn a_certificate_is_made_again_every_day() {
    let identity = identity();
    let now = SystemTime::now();
    let leaf = |at| identity.certificate(None, Some("localhost"), at).unwrap().cert[0].clone();
    let first = leaf(now);
    assert_eq!(leaf(now + DAY - Duration::from_secs(1)), first);
    let second = leaf(now + DAY);
    assert_ne!(second, first);
    assert_eq!(leaf(now + DAY), second);
    assert_ne!(leaf(now), second, "the clock was set back");
}

#[test]
fn what_was_made_for_names_is_bounded() {
    let identity = identity();
    for n in 0..=MAX_MADE_CERTIFICATES {
        assert!(
            identity
                .certificate(None, Some(&format!("n{n}.localhost")), SystemTime::now())
                .is_some()
        );
    }
    assert_eq!(identity.made.lock().unwrap().len(), MAX_MADE_CERTIFICATES);
}

/// What rustls reports of each certificate that has one thing wrong.
fn is_expected(wrong: Certificate, error: &CertificateError) -> bool {
    use CertificateError as E;
    match wrong {
        Certificate::Expired => matches!(error, E::ExpiredContext { .. }),
        Certificate::NotYetValid => matches!(error, E::NotValidYetContext { .. }),
        Certificate::WrongHost | Certificate::NoName => {
            matches!(error, E::NotValidForNameContext { .. })
        }
        Certificate::SelfSigned | Certificate::UntrustedRoot | Certificate::IncompleteChain => {
            *error == E::UnknownIssuer
        }
        Certificate::Revoked => *error == E::Revoked,
        Certificate::WeakKey => *error == E::BadSignature,
    }
}

#[test]
fn each_certificate_is_refused_for_its_reason() {
    let identity = identity();
    let client = client(&identity.ca_pem());
    for wrong in Certificate::ALL {
        if matches!(wrong, Certificate::Revoked | Certificate::WeakKey) {
            continue;
        }
        let always = server(Resolver::new(&identity, Some(wrong)));
        let by_name = server(Resolver::new(&identity, None));
        let name = format!("{wrong}.localhost");
        for (server, name) in [(&always, "localhost"), (&by_name, &name), (&always, "127.0.0.1")] {
            match refused(&client, server, name) {
                Some(Error::InvalidCertificate(error)) if is_expected(wrong, &error) => {}
                other => panic!("{wrong} at {name}: {other:?}"),
            }
        }
    }
}
