//! Certificates with one thing wrong, made when a handshake first asks for them.

use std::sync::Arc;
use std::time::SystemTime;

use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;

use super::names::Names;
use super::own::{Authority, LEAF_LIFE, MakeError, certified, leaf, set_validity};
use super::weak;
use crate::http::certificate::Certificate;

/// The name in the certificate for another host.
const OTHER_HOST: &str = "other.localhost";

/// What makes certificates.
#[derive(Debug)]
pub(super) struct Maker {
    pub(super) authority: Authority,
    /// The authority's certificate if another one has signed that: clients may not have it.
    pub(super) between: Option<CertificateDer<'static>>,
    /// What it may sign for.
    pub(super) names: Names,
}

impl Maker {
    /// Makes a chain and its key: a good one, or one with one thing wrong. `name` is one that the
    /// client asks for and that the common names do not have.
    pub(super) fn make(
        &self,
        wrong: Option<Certificate>,
        name: Option<&str>,
        now: SystemTime,
    ) -> Result<Arc<CertifiedKey>, MakeError> {
        let mut params = leaf(&self.names, name, now);
        let key = KeyPair::generate()?;
        match wrong {
            None => {}
            // A week either way: more than any clock is off, and than the age of a renewed one.
            Some(Certificate::Expired) => {
                set_validity(&mut params, now - 2 * LEAF_LIFE, now - LEAF_LIFE);
            }
            Some(Certificate::NotYetValid) => {
                set_validity(&mut params, now + LEAF_LIFE, now + 2 * LEAF_LIFE);
            }
            Some(Certificate::WrongHost) => rename(&mut params, OTHER_HOST),
            Some(Certificate::NoName) => {
                params.subject_alt_names.clear();
                params.distinguished_name = DistinguishedName::new();
                params.distinguished_name.push(DnType::OrganizationName, "loiter");
            }
            Some(Certificate::SelfSigned) => {
                return certified(vec![params.self_signed(&key)?.into()], &key);
            }
            Some(Certificate::UntrustedRoot) => {
                let other = Authority::generate(&self.names, now)?;
                let leaf = other.sign(&params, &key)?;
                return certified(vec![leaf, other.certificate().clone()], &key);
            }
            Some(Certificate::IncompleteChain) => {
                let between = Authority::generate(&self.names, now)?;
                return certified(vec![between.sign(&params, &key)?], &key);
            }
            Some(Certificate::Revoked) => {
                params.serial_number = Some(self.authority.revoked_serial());
            }
            Some(Certificate::WeakKey) => return weak::chain(&self.authority, now),
        }
        let mut chain = vec![self.authority.sign(&params, &key)?];
        chain.extend(self.between.clone());
        certified(chain, &key)
    }
}

/// Makes a certificate one for this name alone.
fn rename(params: &mut CertificateParams, name: &str) {
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = name.try_into().map(rcgen::SanType::DnsName).into_iter().collect();
}
