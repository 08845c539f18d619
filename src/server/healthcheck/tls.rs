//! TLS for the health check.
//!
//! The certificate is not verified: the question is whether the server answers, as it is without
//! TLS, and the request has nothing to hide. Its own CA is not known here either. For the same
//! reason a server that only wants a certificate of the client's is one that answers.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, DigitallySignedStruct, Error,
    SignatureScheme, StreamOwned,
};

use crate::config::Host;

/// Does the [exchange](super::exchange) with `host`, whose name is sent (SNI), over `socket`.
/// Returns whether there is an answer: there is none, and no error, where the server refuses a
/// client that has no certificate.
pub(super) fn exchange<S: Read + Write>(
    socket: S,
    host: &Host,
    asked: &[u8],
    answer: &mut [u8],
) -> io::Result<bool> {
    let name = match host {
        Host::Address(address) => ServerName::IpAddress(address.ip().into()),
        Host::Name(name, _) | Host::Inherited(name) => {
            ServerName::try_from(name.clone()).map_err(io::Error::other)?
        }
    };
    let provider = Arc::new(default_provider());
    let own = Arc::new(NoCertificate::default());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Unverified))
        .with_client_cert_resolver(own.clone());
    let client = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    match super::exchange(&mut StreamOwned::new(client, socket), asked, answer) {
        Err(error) if own.is_asked.load(Ordering::Relaxed) && is_refusal(&error) => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

/// Whether it is one of the alerts to a client without a certificate: TLS 1.3 has one for it (RFC
/// 8446 6.2), TLS 1.2 has `handshake_failure` (RFC 5246 7.4.6), and some servers send
/// `bad_certificate`.
fn is_refusal(error: &io::Error) -> bool {
    let error = error.get_ref().and_then(|inner| inner.downcast_ref());
    matches!(
        error,
        Some(Error::AlertReceived(
            AlertDescription::CertificateRequired
                | AlertDescription::HandshakeFailure
                | AlertDescription::BadCertificate
        ))
    )
}

/// Sends no certificate, and knows whether it was asked for one.
#[derive(Debug, Default)]
struct NoCertificate {
    is_asked: AtomicBool,
}

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.is_asked.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

/// Accepts every certificate.
#[derive(Debug)]
struct Unverified;

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
