//! The server's own certificate authority, made in memory, and the certificates it signs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::names::Names;

const DAY: Duration = Duration::from_secs(86_400);
/// How long a certificate is valid: days, so that a copied key is soon useless. A new one is made
/// every day, so clients whose clock is up to six days fast accept it.
pub(super) const LEAF_LIFE: Duration = DAY.saturating_mul(7);
/// Age at which a new one is made.
pub(super) const LEAF_RENEWAL: Duration = DAY;
/// How long before now its validity begins, for clients whose clock is slow.
const CLOCK_SKEW: Duration = DAY;
/// How long before now the authority's begins: certificates that expired are within it.
const AUTHORITY_PAST: Duration = DAY.saturating_mul(30);
/// How long the authority is valid: longer than any process runs. Its key is gone when that ends.
const AUTHORITY_LIFE: Duration = DAY.saturating_mul(3650);

/// Why a certificate could not be made: no random numbers, or a key that cannot sign.
#[derive(Debug)]
pub struct MakeError(String);

impl std::fmt::Display for MakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<rcgen::Error> for MakeError {
    fn from(error: rcgen::Error) -> MakeError {
        MakeError(error.to_string())
    }
}

impl From<rustls::Error> for MakeError {
    fn from(error: rustls::Error) -> MakeError {
        MakeError(error.to_string())
    }
}

/// A certificate authority: its certificate, and the key that signs others.
#[derive(Debug)]
pub(super) struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority with a random key that may sign for these names.
    pub(super) fn generate(names: &Names, now: SystemTime) -> Result<Authority, MakeError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        set_validity(&mut params, now - AUTHORITY_PAST, now + AUTHORITY_LIFE);
        // One authority may be between it and a server's certificate: the one with a short key.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(names.constraints());
        // Part of the key's identifier makes each authority's name unique. Clients look up an
        // issuer by its name, so one of an earlier process counts as unknown, not as forged.
        let id: String = params.key_identifier(&key).iter().map(|b| format!("{b:02x}")).collect();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "loiter");
        params.distinguished_name.push(DnType::CommonName, format!("loiter CA {}", &id[..8]));
        let certificate = params.self_signed(&key)?.into();
        Ok(Authority { certificate, issuer: Issuer::new(params, key) })
    }

    /// Its certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Signs a certificate for this key.
    pub(super) fn sign(
        &self,
        params: &CertificateParams,
        key: &KeyPair,
    ) -> Result<Certificate, MakeError> {
        Ok(params.signed_by(key, &self.issuer)?)
    }
}

/// What a server's certificate has, valid from a day ago.
pub(super) fn leaf(names: &Names, name: Option<&str>, now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    set_validity(&mut params, now - CLOCK_SKEW, now + LEAF_LIFE);
    params.distinguished_name = DistinguishedName::new();
    // At most 64 characters (RFC 5280 appendix A.1); clients read the alternative names.
    let common = name.filter(|name| name.len() <= 64).unwrap_or("localhost");
    params.distinguished_name.push(DnType::CommonName, common);
    params.subject_alt_names = names.alternatives(name);
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Required by `openssl verify -x509_strict`, and by Python from 3.13 on.
    params.use_authority_key_identifier_extension = true;
    params
}

/// Sets the time in which a certificate is valid.
pub(super) fn set_validity(params: &mut CertificateParams, from: SystemTime, until: SystemTime) {
    let since_epoch = |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH);
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(from).unwrap_or_default();
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(until).unwrap_or_default();
}

/// A chain and its key, as a handshake needs them.
pub(super) fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: &KeyPair,
) -> Result<Arc<CertifiedKey>, MakeError> {
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialized_der()));
    Ok(Arc::new(CertifiedKey::new(chain, any_ecdsa_type(&der)?)))
}

/// DER as PEM (RFC 7468): base64 in lines of 64 characters between two lines with a label.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    let base64 = STANDARD.encode(der);
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
