//! Handshakes between rustls as a client and what is served.

mod authorities;
mod files;
mod mutual;

use std::path::PathBuf;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, Error, RootCertStore, ServerConfig,
    ServerConnection,
};

use super::*;
use crate::base::limits::MAX_PEM_BYTES;

const DAY: Duration = Duration::from_secs(86_400);
/// What rustls' client accepts.
const SCHEMES: &[SignatureScheme] =
    &[SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PSS_SHA256];

fn build(settings: &TlsSettings) -> Result<Arc<Identity>, BadValue> {
    Identity::build(settings, Some("Web.example"), SystemTime::now()).map(Arc::new)
}

fn identity() -> Arc<Identity> {
    build(&TlsSettings::default()).unwrap()
}

fn server(resolver: impl ResolvesServerCert + 'static) -> Arc<ServerConfig> {
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    Arc::new(config)
}

/// A client that trusts this authority, and asks its revocation list if there is one.
fn client(ca_pem: &str, crl_pem: Option<&str>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let crl = |pem: &str| CertificateRevocationListDer::from_pem_slice(pem.as_bytes()).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
        .with_crls(crl_pem.map(crl))
        .build()
        .unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_webpki_verifier(verifier)
        .with_no_client_auth();
    Arc::new(config)
}

/// What each side of a handshake refused.
#[derive(Debug, PartialEq)]
struct Refusals {
    client: Option<Error>,
    server: Option<Error>,
}

/// Shakes hands, and goes on to the end of what both have to send.
fn shake_hands(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &str) -> Refusals {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::clone(server)).unwrap();
    let mut refusals = Refusals { client: None, server: None };
    while client.wants_write() || server.wants_write() {
        let mut bytes = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut bytes).unwrap();
        }
        server.read_tls(&mut bytes.as_slice()).unwrap();
        let processed = server.process_new_packets();
        refusals.server = refusals.server.or(processed.err());
        bytes.clear();
        while server.wants_write() {
            server.write_tls(&mut bytes).unwrap();
        }
        client.read_tls(&mut bytes.as_slice()).unwrap();
        let processed = client.process_new_packets();
        refusals.client = refusals.client.or(processed.err());
    }
    refusals
}

/// What a client refuses of this server.
fn refused(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, name: &str) -> Option<Error> {
    shake_hands(client, server, name).client
}

/// A folder that is removed again.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("loiter-identity-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_client_that_trusts_the_authority_accepts_every_name_of_this_host() {
    let identity = identity();
    let client = client(&identity.ca_pem(), Some(&identity.crl_pem()));
    let server = server(Resolver::new(&identity, None));
    for name in ["localhost", "127.0.0.1", "::1", "web.example", "a.localhost", "A.b.web.example"] {
        assert_eq!(refused(&client, &server, name), None, "{name}");
    }
    let stranger = self::client(&self::identity().ca_pem(), None);
    let refusal = refused(&stranger, &server, "localhost");
    assert_eq!(refusal, Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)));
}

#[test]
fn the_authority_cannot_sign_for_another_host() {
    for (host, other) in [("web.example", "example.org"), ("app", "www.app"), ("app", "example")] {
        let now = SystemTime::now();
        let identity = Identity::build(&TlsSettings::default(), Some(host), now).map(Arc::new);
        let identity = identity.unwrap();
        let client = client(&identity.ca_pem(), None);
        let own = server(Resolver::new(&identity, None));
        assert_eq!(refused(&client, &own, host), None, "{host}");
        let key = rcgen::KeyPair::generate().unwrap();
        let params = own::leaf(&Names::new([other]), None, now);
        let leaf = identity.maker.authority.sign(&params, &key).unwrap();
        let server = server(Fixed(own::certified(vec![leaf], &key).unwrap()));
        let refusal = refused(&client, &server, other).unwrap();
        assert!(refusal.to_string().contains("NameConstraintViolation"), "{other}: {refusal}");
    }
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
    let leaf =
        |at| identity.certificate(None, Some("localhost"), SCHEMES, at).unwrap().cert[0].clone();
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
        let (name, now) = (format!("n{n}.localhost"), SystemTime::now());
        assert!(identity.certificate(None, Some(&name), SCHEMES, now).is_some());
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
    let client = client(&identity.ca_pem(), Some(&identity.crl_pem()));
    for wrong in Certificate::ALL {
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
