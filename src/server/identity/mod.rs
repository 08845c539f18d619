//! Certificates: what a listener's handshake serves.
//!
//! Without a certificate of the operator's, an [authority](own) is made in memory when the server
//! starts; it signs a certificate for a few days, again every day. Which one a client gets depends
//! on the server name that it asks for (SNI, RFC 6066 3), and on the listener.

mod names;
mod odd;
mod own;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use lru::LruCache;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::base::limits::MAX_MADE_CERTIFICATES;
use crate::http::certificate::Certificate;
use names::Names;
use odd::Maker;
pub use own::MakeError;
use own::{Authority, LEAF_RENEWAL, pem};

const MOST_MADE: NonZeroUsize = NonZeroUsize::new(MAX_MADE_CERTIFICATES).unwrap();

/// The certificates of a server, shared by its listeners.
#[derive(Debug)]
pub struct Identity {
    maker: Maker,
    /// What was made, by what is wrong with it and the server name beyond the common ones.
    made: Mutex<LruCache<MadeFor, Made>>,
}

type MadeFor = (Option<Certificate>, Option<String>);

/// A certificate that was made.
#[derive(Clone, Debug)]
struct Made {
    at: SystemTime,
    key: Arc<CertifiedKey>,
}

impl Identity {
    /// Makes an authority for `localhost` and this host's name.
    pub fn generate(hostname: Option<&str>, now: SystemTime) -> Result<Identity, MakeError> {
        let names = Names::new(hostname);
        let authority = Authority::generate(&names, now)?;
        let made = Mutex::new(LruCache::new(MOST_MADE));
        Ok(Identity { maker: Maker { authority, names }, made })
    }

    /// The authority's certificate as PEM.
    pub fn ca_pem(&self) -> String {
        pem("CERTIFICATE", self.maker.authority.certificate())
    }

    /// The certificate for a client that asks for this server name, in any case of letters.
    /// `always` is what the listener serves whatever the name is.
    fn certificate(
        &self,
        always: Option<Certificate>,
        server_name: Option<&str>,
        now: SystemTime,
    ) -> Option<Arc<CertifiedKey>> {
        let server_name = server_name.map(str::to_ascii_lowercase);
        let names = &self.maker.names;
        let prefix = server_name.as_deref().and_then(|name| names.prefix(name));
        let wrong = always.or_else(|| Certificate::parse(prefix?));
        // The common names are in every certificate, others in one of their own.
        let name = server_name.as_deref().filter(|_| prefix.is_some_and(|some| !some.is_empty()));
        self.made(wrong, name, now)
            .inspect_err(|error| tracing::error!(%error, "no certificate could be made"))
            .ok()
    }

    /// One that was made today, or a new one.
    fn made(
        &self,
        wrong: Option<Certificate>,
        name: Option<&str>,
        now: SystemTime,
    ) -> Result<Arc<CertifiedKey>, MakeError> {
        let id = (wrong, name.map(str::to_owned));
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = |made: &&Made| {
            // A clock that was set back makes a new one too.
            now.duration_since(made.at).is_ok_and(|age| age < LEAF_RENEWAL)
        };
        if let Some(made) = made.get(&id).filter(is_fresh) {
            return Ok(Arc::clone(&made.key));
        }
        let key = self.maker.make(wrong, name, now)?;
        made.put(id, Made { at: now, key: Arc::clone(&key) });
        Ok(key)
    }
}

/// Chooses the certificate of each handshake of one listener.
#[derive(Debug)]
pub struct Resolver {
    identity: Arc<Identity>,
    always: Option<Certificate>,
}

impl Resolver {
    /// Serves the certificate that the server name asks for, or always one with this wrong.
    pub fn new(identity: &Arc<Identity>, always: Option<Certificate>) -> Resolver {
        Resolver { identity: Arc::clone(identity), always }
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.identity.certificate(self.always, hello.server_name(), SystemTime::now())
    }
}
