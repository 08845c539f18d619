//! What a listener needs to speak TLS: rustls' configuration, made once and shared by all workers.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier};
use rustls::{Error, KeyLog, ServerConfig, SupportedProtocolVersion, version};

use super::link::Link;
use crate::http::tls_facts::TlsVersion;

/// What an [`Acceptor`] is made from.
#[derive(Debug)]
pub struct AcceptorConfig {
    /// Chooses the certificate by what the ClientHello asks for.
    pub resolver: Arc<dyn ResolvesServerCert>,
    /// Verifies client certificates; `None`: none is asked for.
    pub client_auth: Option<Arc<dyn ClientCertVerifier>>,
    /// Protocols by ALPN, the most preferred first; empty: no ALPN.
    pub alpn: Vec<Vec<u8>>,
    /// The lowest and the highest version that is spoken.
    pub versions: [TlsVersion; 2],
    /// Where the secrets of connections are logged, if they are.
    pub key_log: Option<Arc<dyn KeyLog>>,
}

/// How a listener's connections begin to speak TLS.
#[derive(Clone, Debug)]
pub struct Acceptor {
    /// All versions that are spoken.
    all: Arc<ServerConfig>,
    /// Each version alone, for a connection that is limited to it, whatever else is spoken.
    only: [Arc<ServerConfig>; 2],
}

impl Acceptor {
    /// An acceptor with a new ticket key, which rustls replaces every six hours. An error means
    /// that there is no version between the lowest and the highest, or no random numbers.
    pub fn new(config: &AcceptorConfig) -> Result<Acceptor, Error> {
        let [least, most] = config.versions;
        let is_spoken = |version: &TlsVersion| (least..=most).contains(version);
        let spoken = TlsVersion::ALL.into_iter().filter(is_spoken).collect::<Vec<_>>();
        let tickets = Ticketer::new()?;
        let provider = Arc::new(default_provider());
        let server = |versions: &[TlsVersion]| {
            let mut made = server_config(config, provider.clone(), versions)?;
            made.ticketer = tickets.clone();
            Ok::<_, Error>(Arc::new(made))
        };
        let [old, new] = TlsVersion::ALL;
        let only = [server(&[old])?, server(&[new])?];
        let acceptor = Acceptor { all: server(&spoken)?, only };
        // rustls checks the rest of a configuration when a connection begins.
        acceptor.link(None).map(|_| acceptor)
    }

    /// A connection that speaks every version, or only this one.
    pub(super) fn link(&self, only: Option<TlsVersion>) -> Result<Link, Error> {
        let [old, new] = &self.only;
        Link::new(Arc::clone(match only {
            Some(TlsVersion::Tls12) => old,
            Some(TlsVersion::Tls13) => new,
            None => &self.all,
        }))
    }
}

/// One ticket a handshake and no table of sessions: a resumption costs the server no memory. Early
/// data stays off, as it can be replayed.
fn server_config(
    config: &AcceptorConfig,
    provider: Arc<CryptoProvider>,
    versions: &[TlsVersion],
) -> Result<ServerConfig, Error> {
    let versions = versions.iter().map(|version| supported(*version)).collect::<Vec<_>>();
    let verifier = config.client_auth.clone();
    let mut made = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)?
        .with_client_cert_verifier(verifier.unwrap_or_else(WebPkiClientVerifier::no_client_auth))
        .with_cert_resolver(config.resolver.clone());
    made.alpn_protocols.clone_from(&config.alpn);
    made.session_storage = Arc::new(NoServerSessionStorage {});
    made.send_tls13_tickets = 1;
    if let Some(key_log) = &config.key_log {
        made.key_log = key_log.clone();
    }
    Ok(made)
}

fn supported(version: TlsVersion) -> &'static SupportedProtocolVersion {
    match version {
        TlsVersion::Tls12 => &version::TLS12,
        TlsVersion::Tls13 => &version::TLS13,
    }
}
