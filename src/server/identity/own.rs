//! The server's own certificate authority, made in memory, and the certificates it signs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName,
    DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PublicKeyData, RevocationReason, RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls::crypto::ring::sign::any_ecdsa_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use super::names::Names;
use super::pem;
use super::seeded::CaKey;
use crate::base::text::hex;
use crate::config::BadValue;

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
/// When an authority that follows from a text is valid: 2025 to 2049, since its certificate must
/// not depend on the time of its making.
const SEEDED_VALIDITY: [u64; 2] = [1_735_689_600, 2_524_607_999];

/// Why a certificate could not be made: no random numbers, or a key that cannot sign.
#[derive(Debug)]
pub struct MakeError(String);

impl std::fmt::Display for MakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<MakeError> for BadValue {
    fn from(error: MakeError) -> BadValue {
        BadValue::new(format!("no certificate could be made: {error}"))
    }
}

impl From<rcgen::Error> for MakeError {
    fn from(error: rcgen::Error) -> MakeError {
        MakeError(error.to_string())
    }
}

impl From<rustls::pki_types::pem::Error> for MakeError {
    fn from(error: rustls::pki_types::pem::Error) -> MakeError {
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
    issuer: Issuer<'static, CaKey>,
    key_id: Vec<u8>,
}

impl Authority {
    /// An authority with a random key that may sign for these names.
    pub(super) fn generate(names: &Names, now: SystemTime) -> Result<Authority, MakeError> {
        let key = CaKey::Ring(KeyPair::generate()?);
        Authority::make(key, names, now - AUTHORITY_PAST, now + AUTHORITY_LIFE)
    }

    /// An authority that follows from a text and these names, its certificate to the last byte.
    pub(super) fn from_seed(seed: &str, names: &Names) -> Result<Authority, MakeError> {
        let since_epoch = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let [from, until] = SEEDED_VALIDITY.map(since_epoch);
        Authority::make(CaKey::from_seed(seed), names, from, until)
    }

    fn make(
        key: CaKey,
        names: &Names,
        from: SystemTime,
        until: SystemTime,
    ) -> Result<Authority, MakeError> {
        let mut params = CertificateParams::default();
        set_validity(&mut params, from, until);
        // One authority may be between it and a server's certificate: the one with a short key.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.name_constraints = Some(names.constraints());
        // Part of the key's identifier makes each authority's name unique. Clients look up an
        // issuer by its name, so one of an earlier process counts as unknown, not as forged.
        let key_id = params.key_identifier(&key);
        let id = hex(key_id.get(..4).unwrap_or(&key_id));
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "loiter");
        params.distinguished_name.push(DnType::CommonName, format!("loiter CA {id}"));
        let certificate = params.self_signed(&key)?.into();
        Ok(Authority { certificate, issuer: Issuer::new(params, key), key_id })
    }

    /// An authority with this certificate and key. `name` and `key_id` are the certificate's.
    pub(super) fn from_parts(
        certificate: CertificateDer<'static>,
        key: KeyPair,
        name: DistinguishedName,
        key_id: Option<&[u8]>,
    ) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name = name;
        if let Some(key_id) = key_id {
            params.key_identifier_method = KeyIdMethod::PreSpecified(key_id.to_vec());
        }
        let key_id = params.key_identifier(&key);
        Authority { certificate, issuer: Issuer::new(params, CaKey::Ring(key)), key_id }
    }

    /// Its certificate and its key in PEM, unless the key follows from a text.
    pub(super) fn portable(&self) -> Option<String> {
        let CaKey::Ring(key) = self.issuer.key() else { return None };
        Some(
            pem::write("CERTIFICATE", &self.certificate)
                + &pem::write("PRIVATE KEY", &key.serialize_der()),
        )
    }

    /// Its certificate.
    pub(super) fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Signs a certificate for this key.
    pub(super) fn sign(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> Result<CertificateDer<'static>, MakeError> {
        Ok(params.signed_by(key, &self.issuer)?.into())
    }

    /// The serial number of the certificate that it has revoked: as random as its key.
    pub(super) fn revoked_serial(&self) -> SerialNumber {
        let mut bytes = self.key_id.clone();
        // Positive and at most 20 bytes (RFC 5280 4.1.2.2).
        bytes.truncate(20);
        bytes.first_mut().into_iter().for_each(|first| *first &= 0x7f);
        SerialNumber::from_slice(&bytes)
    }

    /// Its revocation list, valid as long as the server can run: no client has to get it again.
    pub(super) fn revocations(&self, now: SystemTime) -> Result<Vec<u8>, MakeError> {
        let this_update = date_time_ymd(1970, 1, 1) + since_epoch(now - CLOCK_SKEW);
        let list = CertificateRevocationListParams {
            this_update,
            next_update: this_update + AUTHORITY_LIFE,
            crl_number: SerialNumber::from_slice(&[1]),
            issuing_distribution_point: None,
            revoked_certs: vec![RevokedCertParams {
                serial_number: self.revoked_serial(),
                revocation_time: this_update,
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            }],
            key_identifier_method: KeyIdMethod::PreSpecified(self.key_id.clone()),
        };
        Ok(list.signed_by(&self.issuer)?.der().to_vec())
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
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(from);
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(until);
}

fn since_epoch(at: SystemTime) -> Duration {
    at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// A chain and its key, as a handshake needs them.
pub(super) fn certified(
    chain: Vec<CertificateDer<'static>>,
    key: &KeyPair,
) -> Result<Arc<CertifiedKey>, MakeError> {
    let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialized_der()));
    Ok(Arc::new(CertifiedKey::new(chain, any_ecdsa_type(&der)?)))
}
