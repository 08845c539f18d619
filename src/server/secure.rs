//! What listeners need to speak TLS, made when the server starts.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use rustls::KeyLog;

use super::identity::{Before, Identity, Resolver};
use super::os;
use crate::base::text::hex;
use crate::config::{BadValue, Listen, Preset, Setting, Settings, TlsSettings};
use crate::http::app::Ca;
use crate::http::modifiers::merge;
use crate::http::tls_facts::TlsVersion;
use crate::proto::tls::acceptor::{Acceptor, AcceptorConfig};

/// The TLS of a server: its certificates, and how its listeners use them.
#[derive(Debug)]
pub(super) struct Secure {
    identity: Arc<Identity>,
    key_log: Option<Arc<dyn KeyLog>>,
}

impl Secure {
    /// The TLS of a server with these settings; `None` if no listener has any. A random CA of
    /// `before` stays, or its clients would have to trust another one.
    pub(super) fn new(settings: &Settings, before: Before) -> Result<Option<Secure>, BadValue> {
        let tls = &settings.tls;
        if !has_tls(settings) {
            warn_of_unused(settings);
            return Ok(None);
        }
        let key_log = match &tls.key_log {
            Some(path) if settings.preset == Preset::Public => {
                let path = path.display();
                tracing::warn!(%path, "--tls-key-log is ignored with --profile public");
                None
            }
            Some(path) => {
                let log = SecretLog::open(path)?;
                let path = path.display();
                tracing::warn!("the secrets of all TLS sessions are appended to {path}");
                Some(log)
            }
            None => None,
        };
        let hostname = os::hostname().ok();
        let identity = Identity::rebuild(tls, hostname.as_deref(), SystemTime::now(), before)?;
        Ok(Some(Secure { identity: Arc::new(identity), key_log }))
    }

    /// Its certificates, for what follows it.
    pub(super) fn before(&self) -> Before<'_> {
        Before::Identity(&self.identity)
    }

    /// Its CA with the key, if it is random, for another process.
    pub(super) fn portable_ca(&self) -> Option<String> {
        self.identity.portable()
    }

    /// What `/ca.pem` and `/crl.pem` return.
    pub(super) fn ca(&self) -> Ca {
        Ca { certificate: self.identity.ca_pem(), revocations: self.identity.crl_pem() }
    }

    /// How the connections of a listener begin to speak TLS; `None` if they cannot.
    pub(super) fn acceptor(
        &self,
        settings: &Settings,
        listen: &Listen,
    ) -> Result<Option<Arc<Acceptor>>, BadValue> {
        if !listen.bind.has_tls() {
            return Ok(None);
        }
        let Settings { tls, api, .. } = settings;
        let asked = merge(&[&api.with, &listen.modifiers]);
        let wrong = asked.certificate().filter(|_| api.modifiers);
        if api.modifiers && asked.tls_versions().any(|version| version < tls.min) {
            let least = tls.min.number();
            tracing::warn!("modifier `tls` of {} overrides --tls-min {least}", listen.bind);
        }
        let alpn = tls.alpn.iter().map(|alpn| alpn.name().as_bytes().to_vec());
        let config = AcceptorConfig {
            resolver: Arc::new(Resolver::new(&self.identity, wrong)),
            client_auth: self.identity.client_auth(),
            alpn: alpn.collect(),
            versions: [tls.min, TlsVersion::Tls13],
            key_log: self.key_log.clone(),
        };
        let acceptor = Acceptor::new(&config).map_err(|error| {
            BadValue::new(format!("TLS cannot be set up for {}: {error}", listen.bind))
        })?;
        Ok(Some(Arc::new(acceptor)))
    }
}

/// Reads and checks the files that a start would read, and writes none.
pub(super) fn check(settings: &Settings) -> Result<(), BadValue> {
    if !has_tls(settings) {
        warn_of_unused(settings);
        return Ok(());
    }
    let tls = TlsSettings { ca_out: None, ..settings.tls.clone() };
    Identity::build(&tls, os::hostname().ok().as_deref(), SystemTime::now()).map(drop)
}

fn has_tls(settings: &Settings) -> bool {
    settings.listen.iter().any(|listen| listen.bind.has_tls())
}

/// The settings without effect where no listener has TLS.
const UNUSED: [&str; 9] = [
    "tls-cert",
    "tls-min",
    "alpn",
    "ca-out",
    "ca-seed",
    "ca-file",
    "tls-client-ca",
    "tls-client-auth",
    "tls-key-log",
];

fn warn_of_unused(settings: &Settings) {
    for row in UNUSED.into_iter().filter_map(Setting::named) {
        if (row.show)(settings) != row.default_text() {
            tracing::warn!("--{} has no effect: no listener has TLS", row.name);
        }
    }
}

/// A file with the secrets of sessions, in the format of NSS that Wireshark reads. A handshake
/// waits for the file, so it is for tests alone.
#[derive(Debug)]
struct SecretLog(Mutex<File>);

impl SecretLog {
    /// Opens a file to append to, which only this user can read.
    fn open(path: &Path) -> Result<Arc<dyn KeyLog>, BadValue> {
        // A FIFO without a reader is an error instead of a wait.
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(libc::O_NONBLOCK)
            .open(path)
            .map_err(|error| {
                BadValue::new(format!("cannot open {}: {error}", path.display()))
                    .advise("give --tls-key-log a file that this user can write to, or unset it")
            })?;
        Ok(Arc::new(SecretLog(Mutex::new(file))))
    }
}

impl KeyLog for SecretLog {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A session without its secrets in the log is served all the same.
        let _ = file.write_all(line.as_bytes());
    }
}
