//! `--ca-file`: an authority of the operator's, whose certificate and key are in one file.

use std::path::Path;
use std::time::SystemTime;

use rcgen::string::{BmpString, Ia5String, PrintableString, TeletexString, UniversalString};
use rcgen::{DistinguishedName, DnType, DnValue, KeyPair, PublicKeyData};
use rustls::pki_types::PrivateKeyDer;

use super::given::{check, warn};
use super::names::Names;
use super::own::{Authority, leaf};
use super::pem::PemFile;
use crate::config::BadValue;
use crate::http::x509::{Attribute, Certificate, Name};

/// What makes a file that is accepted. Strict clients ask for the key's usage.
const HOW_TO: &str = "make one: openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -nodes -days 3650 -subj '/CN=my CA' -addext keyUsage=critical,keyCertSign,cRLSign";

/// The authority in this file, and whether another one has signed its certificate.
pub(super) fn load(path: &Path, now: SystemTime) -> Result<(Authority, bool), BadValue> {
    if !path.exists() {
        let path = path.display();
        return Err(BadValue::new(format!("--ca-file: the file {path} does not exist"))
            .advise(format!("{HOW_TO} -keyout {path} -out {path}")));
    }
    read(&PemFile::read("ca-file", path)?, now)
}

/// The random authority of an earlier process, as [`Authority::portable`] shows it.
pub(super) fn adopt(pem: &str, now: SystemTime) -> Result<Authority, BadValue> {
    let file = PemFile::parse("ca-file", Path::new("of an earlier process"), pem.as_bytes())?;
    read(&file, now).map(|(authority, _)| authority)
}

fn read(file: &PemFile, now: SystemTime) -> Result<(Authority, bool), BadValue> {
    let chain = file.chain()?;
    let (key_line, key) = file.key()?;
    let key = signing_key(key).ok_or_else(|| {
        file.bad(key_line, "the CA's key is not supported").advise(format!(
            "give one for ECDSA on P-256 or P-384, RSA of 2048 to 4096 bits, or Ed25519, in \
             PKCS #8: openssl pkcs8 -topk8 -nodes -in {}",
            file.path().display()
        ))
    })?;
    let (line, certificate) = &chain[0];
    check(&chain, Some(&key.subject_public_key_info()))
        .map_err(|(line, wrong, advice)| file.bad(line, wrong).advise(advice))?;
    if !certificate.is_ca {
        let wrong = format!("the certificate of {} is not a CA's", certificate.subject);
        return Err(file.bad(*line, wrong).advise(HOW_TO));
    }
    warn(file, &chain, now);
    let der = file.certificates()?[0].1.clone();
    let name = rcgen_name(certificate.subject);
    let authority = Authority::from_parts(der, key, name, certificate.key_id);
    let is_signed = certificate.issuer != certificate.subject;
    match signs_as(&authority, certificate.subject, now) {
        true => Ok((authority, is_signed)),
        false => Err(file
            .bad(*line, format!("the CA's name cannot be copied: {}", certificate.subject))
            .advise("give a CA whose name has each kind of attribute once")),
    }
}

fn signing_key(key: &PrivateKeyDer) -> Option<KeyPair> {
    match key {
        PrivateKeyDer::Pkcs8(_) => KeyPair::try_from(key).ok(),
        _ => None,
    }
}

/// Whether the issuer of what it signs is its name, byte by byte, as clients compare them.
fn signs_as(authority: &Authority, name: Name, now: SystemTime) -> bool {
    let signed = KeyPair::generate()
        .ok()
        .and_then(|key| authority.sign(&leaf(&Names::new([]), None, now), &key).ok());
    signed
        .and_then(|der| Certificate::read(&der).map(|signed| signed.issuer == name))
        .unwrap_or_default()
}

/// A name as rcgen has it. It leaves out what it cannot hold.
fn rcgen_name(name: Name) -> DistinguishedName {
    let mut copy = DistinguishedName::new();
    for attribute in name.attributes() {
        if let Some(value) = rcgen_value(&attribute) {
            copy.push(DnType::from_oid(&attribute.kind()), value);
        }
    }
    copy
}

fn rcgen_value(attribute: &Attribute) -> Option<DnValue> {
    let value = attribute.value;
    let text = std::str::from_utf8(value);
    Some(match attribute.tag {
        0x0c => DnValue::Utf8String(text.ok()?.to_owned()),
        0x13 => DnValue::PrintableString(PrintableString::try_from(text.ok()?).ok()?),
        0x14 => DnValue::TeletexString(TeletexString::try_from(text.ok()?).ok()?),
        0x16 => DnValue::Ia5String(Ia5String::try_from(text.ok()?).ok()?),
        0x1c => DnValue::UniversalString(UniversalString::from_utf32be(value.to_vec()).ok()?),
        0x1e => DnValue::BmpString(BmpString::from_utf16be(value.to_vec()).ok()?),
        _ => return None,
    })
}
