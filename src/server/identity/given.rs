//! The operator's certificates and keys: checked when the server starts, chosen by server name.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;

use super::pem::PemFile;
use crate::config::BadValue;
use crate::http::x509::{Alternative, Certificate, date};

/// A certificate chain and its key.
#[derive(Debug)]
pub(super) struct Pair {
    /// The host names that the certificate is for, in lower case; the first label may be `*`.
    names: Vec<String>,
    key: Arc<CertifiedKey>,
}

impl Pair {
    /// Reads and checks both files. What clients refuse, and people test, is a warning.
    pub(super) fn load(chain: &Path, key: &Path, now: SystemTime) -> Result<Pair, BadValue> {
        let chain_file = PemFile::read("tls-cert", chain)?;
        let key_file = PemFile::read("tls-key", key)?;
        let (line, key) = key_file.key()?;
        let key = any_supported_type(key).map_err(|_| {
            key_file.bad(line, "the private key is not supported").advise(
                "give one for RSA of 2048 to 4096 bits, ECDSA on P-256 or P-384, or Ed25519",
            )
        })?;
        let chain = chain_file.chain()?;
        check(&chain, key.public_key().as_deref())
            .map_err(|(line, wrong, advice)| chain_file.bad(line, wrong).advise(advice))?;
        warn(&chain_file, &chain, now);
        let names = names(&chain[0].1);
        let chain = chain_file.certificates()?.into_iter().map(|(_, der)| der.clone()).collect();
        Ok(Pair { names, key: Arc::new(CertifiedKey::new(chain, key)) })
    }

    /// The chain and the key.
    pub(super) fn key(&self) -> &Arc<CertifiedKey> {
        &self.key
    }
}

/// The pair for a server name in lower case: one with the name itself, or else with a wildcard for
/// it (RFC 6125 6.4.3). Of several it is the first whose key can sign as the client asks, so that a
/// name can have one for RSA and one for ECDSA.
pub(super) fn choose<'a>(
    pairs: &'a [Pair],
    name: &str,
    schemes: &[SignatureScheme],
) -> Option<&'a Pair> {
    let wildcard = name.split_once('.').map(|(_, parent)| format!("*.{parent}"));
    let named = |name: &str| {
        let is_named = |pair: &&Pair| pair.names.iter().any(|other| other == name);
        let all = || pairs.iter().filter(is_named);
        all().find(|pair| can_sign(pair, schemes)).or_else(|| all().next())
    };
    named(name).or_else(|| named(&wildcard?))
}

/// The pair for any other name: likewise the first.
pub(super) fn default<'a>(pairs: &'a [Pair], schemes: &[SignatureScheme]) -> Option<&'a Pair> {
    pairs.iter().find(|pair| can_sign(pair, schemes)).or_else(|| pairs.first())
}

/// Whether its key can sign in a way that the client accepts.
fn can_sign(pair: &Pair, schemes: &[SignatureScheme]) -> bool {
    pair.key.key.choose_scheme(schemes).is_some()
}

fn names(leaf: &Certificate) -> Vec<String> {
    let names = leaf.alternatives.iter().filter_map(|alternative| match alternative {
        Alternative::Dns(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    names.collect()
}

/// What is wrong with a chain and its key: the line, the mistake and what to do.
type Mistake = (usize, String, String);

/// Checks that this public key is the first certificate's, and that each is signed by the next one.
pub(super) fn check(
    chain: &[(usize, Certificate)],
    public_key: Option<&[u8]>,
) -> Result<(), Mistake> {
    let is_own =
        |certificate: &Certificate| public_key.is_none_or(|key| certificate.public_key == key);
    let (first, leaf) = &chain[0];
    if !is_own(leaf) {
        return Err(match chain.iter().find(|(_, other)| is_own(other)) {
            Some((line, own)) => (
                *first,
                "the chain is in the wrong order".to_owned(),
                format!("move the certificate of {}, in line {line}, to the top", own.subject),
            ),
            None => (
                *first,
                format!("the certificate of {} is for another key", leaf.subject),
                "give the key that belongs to it; openssl pkey -pubout and openssl x509 -pubkey \
                 show which"
                    .to_owned(),
            ),
        });
    }
    for pair in chain.windows(2) {
        let [(_, below), (line, above)] = pair else { continue };
        if below.issuer != above.subject {
            return Err((
                *line,
                format!(
                    "the chain is in the wrong order: {} did not sign the certificate before it",
                    above.subject
                ),
                format!("put the certificate of {} here, or nothing", below.issuer),
            ));
        }
    }
    Ok(())
}

/// Logs what clients refuse in a chain.
pub(super) fn warn(file: &PemFile, chain: &[(usize, Certificate)], now: SystemTime) {
    for (line, warning) in warnings(chain, now) {
        tracing::warn!("{}; clients will refuse it", file.bad(line, warning));
    }
}

/// What clients refuse in a chain, by line.
pub(super) fn warnings(chain: &[(usize, Certificate)], now: SystemTime) -> Vec<(usize, String)> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() as i64;
    let mut warnings = Vec::new();
    for (line, certificate) in chain {
        let subject = certificate.subject;
        let mut warn = |text: String| warnings.push((*line, text));
        if now > certificate.not_after {
            let date = date(certificate.not_after);
            warn(format!("the certificate of {subject} expired on {date}"));
        } else if now < certificate.not_before {
            let date = date(certificate.not_before);
            warn(format!("the certificate of {subject} is not valid before {date}"));
        }
    }
    let (line, leaf) = &chain[0];
    if leaf.alternatives.is_empty() && !leaf.is_ca {
        let warning = format!("the certificate of {} has no alternative name", leaf.subject);
        warnings.push((*line, warning));
    }
    warnings
}
