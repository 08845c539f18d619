//! TLS and certificates, as an operator sets them.

use std::path::{Path, PathBuf};

use super::values::BadValue;
pub use crate::http::tls_facts::TlsVersion;

/// What the TLS listeners use. Files are named here and read when the server starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// Files with a certificate chain each, the leaf first; empty for a certificate of our own.
    pub certificates: Vec<PathBuf>,
    /// Files with their private keys, in the same order and as many of them.
    pub keys: Vec<PathBuf>,
    /// The lowest version that is accepted.
    pub min: TlsVersion,
    /// The protocols offered by ALPN, in order of preference; empty to negotiate none.
    pub alpn: Vec<Alpn>,
    /// Where the certificate of our own CA is written at start.
    pub ca_out: Option<PathBuf>,
    /// A text that our own CA's key follows from, so that restarts and replicas have the same CA.
    pub ca_seed: Option<String>,
    /// A file with the key and the certificate of our own CA, for the same purpose.
    pub ca_file: Option<PathBuf>,
    /// The CA certificates that a client's certificate must come from.
    pub client_ca: Option<PathBuf>,
    /// Whether clients need a certificate; `None` for: required if there is a `client_ca`.
    pub client_auth: Option<ClientAuth>,
    /// Where session secrets are logged, in the format of NSS; not on a public server.
    pub key_log: Option<PathBuf>,
}

/// A protocol that ALPN can negotiate (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/2.
    H2,
    /// HTTP/1.1.
    Http11,
}

/// Whether a client is asked for a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// Not at all.
    Off,
    /// It may send one; one that is not valid fails the handshake.
    Optional,
    /// Without a valid one the handshake fails.
    Required,
}

/// The variable by which many programs are asked to log the secrets of TLS sessions.
pub(crate) const KEY_LOG: &str = "SSLKEYLOGFILE";

/// The names of the versions.
pub(crate) const VERSIONS: [(&str, TlsVersion); 2] = [
    (TlsVersion::Tls12.number(), TlsVersion::Tls12),
    (TlsVersion::Tls13.number(), TlsVersion::Tls13),
];

/// The names of the protocols.
pub(crate) const ALPNS: [(&str, Alpn); 2] =
    [(Alpn::H2.name(), Alpn::H2), (Alpn::Http11.name(), Alpn::Http11)];

/// The names of the kinds of client authentication.
pub(crate) const CLIENT_AUTHS: [(&str, Option<ClientAuth>); 4] = [
    ("auto", None),
    ("off", Some(ClientAuth::Off)),
    ("optional", Some(ClientAuth::Optional)),
    ("required", Some(ClientAuth::Required)),
];

impl Default for TlsSettings {
    fn default() -> TlsSettings {
        TlsSettings {
            certificates: Vec::new(),
            keys: Vec::new(),
            min: TlsVersion::Tls12,
            alpn: vec![Alpn::H2, Alpn::Http11],
            ca_out: None,
            ca_seed: None,
            ca_file: None,
            client_ca: None,
            client_auth: None,
            key_log: None,
        }
    }
}

impl TlsSettings {
    /// The files of each certificate and its key.
    pub fn pairs(&self) -> impl Iterator<Item = (&Path, &Path)> {
        let keys = self.keys.iter().map(PathBuf::as_path);
        self.certificates.iter().map(PathBuf::as_path).zip(keys)
    }

    /// Whether clients need a certificate, with `auto` resolved.
    pub fn client_auth(&self) -> ClientAuth {
        let auto = match self.client_ca {
            Some(_) => ClientAuth::Required,
            None => ClientAuth::Off,
        };
        self.client_auth.unwrap_or(auto)
    }

    /// The settings that contradict each other: the row of each, and what is wrong. Files are
    /// checked when the server starts.
    pub(super) fn check(&self) -> Vec<(&'static str, BadValue)> {
        let (certificates, keys) = (self.certificates.len(), self.keys.len());
        let row = if certificates > keys { "tls-cert" } else { "tls-key" };
        let pairs = (certificates != keys).then(|| {
            let wrong =
                format!("the numbers of certificates ({certificates}) and keys ({keys}) differ");
            (row, "give one --tls-key for each --tls-cert, in the same order", wrong)
        });
        let two_cas = (self.ca_file.is_some() && self.ca_seed.is_some()).then(|| {
            let wrong = "there are two CAs: --ca-file and --ca-seed".to_owned();
            ("ca-file", "give one of them", wrong)
        });
        let asks = matches!(self.client_auth, Some(ClientAuth::Optional | ClientAuth::Required));
        let no_client_ca = (asks && self.client_ca.is_none()).then(|| {
            let wrong = "no CA is given that clients' certificates come from".to_owned();
            ("tls-client-auth", "add --tls-client-ca FILE", wrong)
        });
        let all = [pairs, two_cas, no_client_ca].into_iter().flatten();
        all.map(|(row, advice, wrong)| (row, BadValue::new(wrong).advise(advice))).collect()
    }
}

impl Alpn {
    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Alpn::H2 => "h2",
            Alpn::Http11 => "http/1.1",
        }
    }
}
