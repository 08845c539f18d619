//! A key that follows from a text: replicas and restarts have the same authority.
//!
//! ring makes keys from random numbers alone, and its ECDSA signatures have random numbers in them.
//! Those of `p256` have none (RFC 6979), so that the certificate is the same to the last byte.

use p256::ecdsa::signature::Signer;
use p256::ecdsa::{DerSignature, SigningKey};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData, SignatureAlgorithm};
use sha2::{Digest, Sha256};

/// Whether a text can be found by trying, each of which takes some 50 µs: of 16 random digits there
/// are 2^53, and of 10,000 such texts one has fewer than five different digits.
pub(super) fn is_weak(seed: &str) -> bool {
    let first = |&(at, char): &(usize, char)| seed.find(char) == Some(at);
    seed.chars().count() < 16 || seed.char_indices().filter(first).take(5).count() < 5
}

/// The key of an authority.
pub(super) enum CaKey {
    /// Random, or from a file.
    Ring(KeyPair),
    /// From a text: the key, and its public point.
    Seeded(SigningKey, Vec<u8>),
}

impl CaKey {
    /// The P-256 key that follows from this text.
    pub(super) fn from_seed(seed: &str) -> CaKey {
        let mut scalar = Sha256::digest(["loiter CA 1\0", seed].concat());
        loop {
            // One hash in 2^32 is not below the order of the curve, or zero: hash it again.
            match SigningKey::from_slice(&scalar) {
                Ok(key) => {
                    let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
                    return CaKey::Seeded(key, point);
                }
                Err(_) => scalar = Sha256::digest(scalar),
            }
        }
    }
}

impl PublicKeyData for CaKey {
    fn der_bytes(&self) -> &[u8] {
        match self {
            CaKey::Ring(key) => key.der_bytes(),
            CaKey::Seeded(_, point) => point,
        }
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self {
            CaKey::Ring(key) => key.algorithm(),
            CaKey::Seeded(..) => &PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl rcgen::SigningKey for CaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match self {
            CaKey::Ring(key) => key.sign(message),
            CaKey::Seeded(key, _) => {
                let signature: DerSignature =
                    key.try_sign(message).map_err(|_| rcgen::Error::RemoteKeyError)?;
                Ok(signature.as_bytes().to_vec())
            }
        }
    }
}
