//! mTLS: whether a client needs a certificate, and from whom.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::pem::PemFile;
use crate::config::{BadValue, ClientAuth, TlsSettings};

/// The verifier of client certificates; `None`: none is asked for.
///
/// Without a certificate where one is required, the handshake ends with the alert
/// `certificate_required` (RFC 8446 6.2), with one that another authority signed with
/// `unknown_ca`, and with a CA's own certificate with `certificate_unknown`.
pub(super) fn verifier(
    settings: &TlsSettings,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, BadValue> {
    let (Some(path), auth) = (&settings.client_ca, settings.client_auth()) else {
        return Ok(None);
    };
    let builder = || {
        let roots = Arc::new(roots(path)?);
        let provider = Arc::new(ring::default_provider());
        Ok::<_, BadValue>(WebPkiClientVerifier::builder_with_provider(roots, provider))
    };
    let builder = match auth {
        ClientAuth::Off => return Ok(None),
        ClientAuth::Optional => builder()?.allow_unauthenticated(),
        ClientAuth::Required => builder()?,
    };
    let bad = |error| BadValue::new(format!("--tls-client-ca: {}: {error}", path.display()));
    builder.build().map(Some).map_err(bad)
}

fn roots(path: &Path) -> Result<RootCertStore, BadValue> {
    let file = PemFile::read("tls-client-ca", path)?;
    let mut roots = RootCertStore::empty();
    for (line, der) in file.certificates()? {
        roots.add(der.clone()).map_err(|error| {
            file.bad(line, format!("the certificate cannot be a trust anchor: {error}"))
        })?;
    }
    Ok(roots)
}
