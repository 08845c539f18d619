//! Clients with and without a certificate.

use rcgen::{ExtendedKeyUsagePurpose, KeyPair};
use rustls::AlertDescription;
use rustls::client::ResolvesClientCert;
use rustls::server::WebPkiClientVerifier;

use super::*;
use crate::config::ClientAuth;

/// A server of this identity that asks for client certificates.
fn asking(identity: &Arc<Identity>) -> Arc<ServerConfig> {
    let verifier = identity.client_auth().unwrap_or_else(WebPkiClientVerifier::no_client_auth);
    let config = ServerConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(Resolver::new(identity, None)));
    Arc::new(config)
}

/// The client with a certificate that this authority has signed.
fn with_certificate(client: &Arc<ClientConfig>, ca: &own::Authority) -> Arc<ClientConfig> {
    let key = KeyPair::generate().unwrap();
    let names = Names::new([]);
    let mut params = own::leaf(&names, None, SystemTime::now());
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let chain = vec![ca.sign(&params, &key).unwrap()];
    let mut config = (**client).clone();
    config.client_auth_cert_resolver = Arc::new(Always(own::certified(chain, &key).unwrap()));
    Arc::new(config)
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

#[test]
fn the_alert_says_what_is_wrong_with_a_client() {
    let folder = Folder::new("mutual");
    let now = SystemTime::now();
    let names = Names::new([]);
    let [ours, other] = [(); 2].map(|()| own::Authority::generate(&names, now).unwrap());
    let client_ca = folder.write("ca.pem", &pem::write("CERTIFICATE", ours.certificate()));
    let alert = |alert| Some(Error::AlertReceived(alert));
    let none = alert(AlertDescription::CertificateRequired);
    let unknown = alert(AlertDescription::UnknownCA);
    for (auth, without, with_other) in [
        (None, &none, &unknown),
        (Some(ClientAuth::Required), &none, &unknown),
        (Some(ClientAuth::Optional), &None, &unknown),
        (Some(ClientAuth::Off), &None, &None),
    ] {
        let client_ca = Some(client_ca.clone());
        let settings = TlsSettings { client_ca, client_auth: auth, ..TlsSettings::default() };
        let identity = build(&settings).unwrap();
        let (client, server) = (client(&identity.ca_pem(), None), asking(&identity));
        let refused = |client: &_| shake_hands(client, &server, "localhost").client;
        assert_eq!(&refused(&client), without, "{auth:?}, without a certificate");
        assert_eq!(&refused(&with_certificate(&client, &other)), with_other, "{auth:?}, another's");
        assert_eq!(refused(&with_certificate(&client, &ours)), None, "{auth:?}, the right one");
    }
}
