//! A chain with a short key in it: an authority with 768 bits of RSA, between the server's own and
//! a certificate that it has signed.
//!
//! ring makes no RSA keys, and signs with none shorter than 2048 bits. So that no short key has to
//! sign in a handshake, the short key is not the server's: `tests/certificates/make-weak-key` made
//! what it signed. 768 bits have been factored (2009), and no client accepts them; 1024 some do.

use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyIdMethod, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rustls::sign::CertifiedKey;
use sha1::{Digest, Sha1};

use super::names::Names;
use super::own::{Authority, LEAF_LIFE, MakeError, certified, set_validity};
use crate::http::x509::key_bits;

/// A certificate for localhost, its private key, and the public key that has signed it.
const MADE: &[u8] = include_bytes!("weak-key.pem");

/// The chain and its key.
pub(super) fn chain(
    authority: &Authority,
    now: SystemTime,
) -> Result<Arc<CertifiedKey>, MakeError> {
    let leaf = CertificateDer::from_pem_slice(MADE)?;
    let key = KeyPair::try_from(&PrivateKeyDer::from_pem_slice(MADE)?)?;
    let short = SubjectPublicKeyInfoDer::from_pem_slice(MADE)?;
    let short = ShortKey(key_bits(&short).unwrap_or_default().to_vec());
    let mut params = CertificateParams::default();
    set_validity(&mut params, now - LEAF_LIFE, now + LEAF_LIFE);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "loiter");
    params.distinguished_name.push(DnType::CommonName, "loiter weak key CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Whoever factors the key cannot sign for anything but localhost, whatever the authority can.
    params.name_constraints = Some(Names::new([]).constraints());
    // OpenSSL's identifier, which the leaf has (RFC 5280 4.2.1.2, method 1).
    params.key_identifier_method = KeyIdMethod::PreSpecified(Sha1::digest(&short.0).to_vec());
    params.use_authority_key_identifier_extension = true;
    certified(vec![leaf, authority.sign(&params, &short)?], &key)
}

/// An RSA public key that nothing here can sign with.
struct ShortKey(Vec<u8>);

impl PublicKeyData for ShortKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}
