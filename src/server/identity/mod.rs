//! Certificates: what a listener's handshake serves.
//!
//! Without a certificate of the operator's, an authority is made in memory when the server
//! starts; it signs a certificate for a few days, again every day. Which one a client gets depends
//! on the server name that it asks for (SNI, RFC 6066 3), and on the listener.

mod ca_file;
mod clients;
mod given;
mod names;
mod odd;
mod own;
mod pem;
mod seeded;
#[cfg(test)]
mod tests;
mod weak;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use lru::LruCache;
use rustls::SignatureScheme;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::base::limits::MAX_MADE_CERTIFICATES;
use crate::config::{BadValue, TlsSettings};
use crate::http::certificate::Certificate;
use given::Pair;
use names::Names;
use odd::Maker;
use own::{Authority, LEAF_RENEWAL, MakeError};

const MOST_MADE: NonZeroUsize = NonZeroUsize::new(MAX_MADE_CERTIFICATES).unwrap();

/// The certificates of a server, shared by its listeners.
#[derive(Debug)]
pub struct Identity {
    /// The operator's certificates; the first one is the default.
    pairs: Vec<Pair>,
    maker: Arc<Maker>,
    /// Whether the authority is neither the operator's nor follows from a text.
    is_random: bool,
    /// What was made, by what is wrong with it and the server name beyond the common ones.
    made: Mutex<LruCache<MadeFor, Made>>,
    revocations: Vec<u8>,
    client_auth: Option<Arc<dyn ClientCertVerifier>>,
}

/// What there was before an identity.
#[derive(Clone, Copy, Debug)]
pub enum Before<'a> {
    /// Nothing.
    Nothing,
    /// The identity of the same server, before a reload.
    Identity(&'a Identity),
    /// The authority of the process that this one replaces, with its key, in PEM.
    Authority(&'a str),
}

type MadeFor = (Option<Certificate>, Option<String>);

/// A certificate that was made.
#[derive(Clone, Debug)]
struct Made {
    at: SystemTime,
    key: Arc<CertifiedKey>,
}

impl Identity {
    /// Reads and checks the operator's files, makes the authority, and writes its certificate where
    /// the settings say. An error names the file, and the line if one is wrong.
    pub fn build(
        settings: &TlsSettings,
        hostname: Option<&str>,
        now: SystemTime,
    ) -> Result<Identity, BadValue> {
        Identity::rebuild(settings, hostname, now, Before::Nothing)
    }

    /// The same after a reload or an upgrade: a random authority goes on, as clients trust it.
    pub fn rebuild(
        settings: &TlsSettings,
        hostname: Option<&str>,
        now: SystemTime,
        before: Before,
    ) -> Result<Identity, BadValue> {
        let pairs = settings.pairs().map(|(chain, key)| Pair::load(chain, key, now));
        let pairs = pairs.collect::<Result<_, _>>()?;
        let client_auth = clients::verifier(settings)?;
        let is_random = settings.ca_file.is_none() && settings.ca_seed.is_none();
        let maker = match before {
            Before::Identity(before) if is_random && before.is_random => Arc::clone(&before.maker),
            Before::Authority(pem) if is_random => {
                let (authority, names) = (ca_file::adopt(pem, now)?, Names::new(hostname));
                Arc::new(Maker { authority, between: None, names })
            }
            _ => Arc::new(maker(settings, hostname, now)?),
        };
        let revocations = maker.authority.revocations(now)?;
        let made = Mutex::new(LruCache::new(MOST_MADE));
        let identity = Identity { pairs, maker, is_random, made, revocations, client_auth };
        if let Some(path) = &settings.ca_out {
            std::fs::write(path, identity.ca_pem()).map_err(|error| {
                BadValue::new(format!("cannot write {}: {error}", path.display()))
                    .advise("give --ca-out a file in a directory that this user can write to")
            })?;
        }
        Ok(identity)
    }

    /// A random authority with its key, in PEM, for [`Before::Authority`] in another process;
    /// `None` if the settings say which one it is.
    pub fn portable(&self) -> Option<String> {
        self.maker.authority.portable().filter(|_| self.is_random)
    }

    /// The authority's certificate as PEM, for clients to trust.
    pub fn ca_pem(&self) -> String {
        pem::write("CERTIFICATE", self.maker.authority.certificate())
    }

    /// The authority's revocation list (RFC 5280 5) as DER. It has the certificate that
    /// [`Certificate::Revoked`] names.
    pub fn crl_der(&self) -> &[u8] {
        &self.revocations
    }

    /// The same as PEM.
    pub fn crl_pem(&self) -> String {
        pem::write("X509 CRL", &self.revocations)
    }

    /// Verifies client certificates; `None`: none is asked for.
    pub fn client_auth(&self) -> Option<Arc<dyn ClientCertVerifier>> {
        self.client_auth.clone()
    }

    /// The certificate for a client that asks for this server name, in any case of letters.
    /// `always` is what the listener serves whatever the name is.
    fn certificate(
        &self,
        always: Option<Certificate>,
        server_name: Option<&str>,
        schemes: &[SignatureScheme],
        now: SystemTime,
    ) -> Option<Arc<CertifiedKey>> {
        let server_name = server_name.map(str::to_ascii_lowercase);
        let server_name = server_name.as_deref();
        let prefix = server_name.and_then(|name| self.maker.names.prefix(name));
        let wrong = always.or_else(|| Certificate::parse(prefix?));
        let given = || {
            let named = server_name.and_then(|name| given::choose(&self.pairs, name, schemes));
            let default = || given::default(&self.pairs, schemes);
            named.or_else(|| default().filter(|_| wrong.is_none()))
        };
        if always.is_none()
            && let Some(pair) = given()
        {
            return Some(Arc::clone(pair.key()));
        }
        // The common names are in every certificate, others in one of their own.
        let name = server_name.filter(|_| prefix.is_some_and(|prefix| !prefix.is_empty()));
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

/// The authority that the settings ask for, and what it may sign for.
fn maker(
    settings: &TlsSettings,
    hostname: Option<&str>,
    now: SystemTime,
) -> Result<Maker, BadValue> {
    // An authority of many hosts must not depend on the name of one.
    let common = Names::new([]);
    let (authority, is_signed, names) = if let Some(path) = &settings.ca_file {
        let (authority, is_signed) = ca_file::load(path, now)?;
        tracing::warn!("--ca-file: whoever can read it can sign what clients of this CA trust");
        (authority, is_signed, Names::new(hostname))
    } else if let Some(seed) = &settings.ca_seed {
        tracing::warn!("--ca-seed: whoever knows it can sign what clients of this CA trust");
        if seeded::is_weak(seed) {
            tracing::warn!(
                "--ca-seed: a text of so few characters can be guessed from the CA's certificate; \
                 give 16 random ones or more: openssl rand -hex 16"
            );
        }
        (Authority::from_seed(seed, &common)?, false, common)
    } else {
        let names = Names::new(hostname);
        (Authority::generate(&names, now)?, false, names)
    };
    let between = is_signed.then(|| authority.certificate().clone());
    Ok(Maker { authority, between, names })
}

/// Chooses the certificate of each handshake of one listener.
pub struct Resolver {
    identity: Arc<Identity>,
    always: Option<Certificate>,
}

/// Without the identity, for the size of the program: see `SharedControl`.
impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("Resolver")
    }
}

impl Resolver {
    /// Serves the certificate that the server name asks for, or always one with this wrong.
    pub fn new(identity: &Arc<Identity>, always: Option<Certificate>) -> Resolver {
        Resolver { identity: Arc::clone(identity), always }
    }
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let (name, schemes) = (hello.server_name(), hello.signature_schemes());
        self.identity.certificate(self.always, name, schemes, SystemTime::now())
    }
}
