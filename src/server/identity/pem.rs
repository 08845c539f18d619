//! PEM (RFC 7468): files of the operator's, with the line of what is wrong, and what we show.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::base::limits::MAX_PEM_BYTES;
use crate::config::BadValue;
use crate::http::x509::Certificate;

const BEGIN: &[u8] = b"-----BEGIN ";
/// The second line of an encrypted key in OpenSSL's old format (RFC 1421 4.6.1.1).
const ENCRYPTED: &[u8] = b"Proc-Type: 4,ENCRYPTED";

/// A file in PEM.
#[derive(Debug)]
pub(super) struct PemFile<'a> {
    /// The setting that names it.
    row: &'static str,
    path: &'a Path,
    sections: Vec<Section>,
}

/// A section of it: what is between `BEGIN` and `END`.
#[derive(Debug)]
struct Section {
    /// The line of its `BEGIN`, from 1.
    line: usize,
    item: Item,
}

#[derive(Debug)]
enum Item {
    Certificate(CertificateDer<'static>),
    Key(PrivateKeyDer<'static>),
    EncryptedKey,
}

impl<'a> PemFile<'a> {
    /// Reads the file that the setting of this name names. Sections that are neither a certificate
    /// nor a private key are skipped.
    pub(super) fn read(row: &'static str, path: &'a Path) -> Result<PemFile<'a>, BadValue> {
        let text = read(path).map_err(|error| {
            let wrong = format!("--{row}: cannot read {}: {error}", path.display());
            match error.kind() {
                ErrorKind::PermissionDenied => {
                    BadValue::new(wrong).advise("let the user that loiter runs as read it")
                }
                _ => BadValue::new(wrong).advise("give the name of a PEM file"),
            }
        })?;
        PemFile::parse(row, path, &text)
    }

    /// The same for the text of such a file.
    pub(super) fn parse(
        row: &'static str,
        path: &'a Path,
        text: &[u8],
    ) -> Result<PemFile<'a>, BadValue> {
        let mut file = PemFile { row, path, sections: Vec::new() };
        let mut rest = text;
        for line in 1.. {
            if rest.starts_with(BEGIN) {
                let section = Section { line, item: Item::EncryptedKey };
                let item = Item::read(rest).map_err(|wrong| file.bad(line, wrong))?;
                file.sections.extend(item.map(|item| Section { item, ..section }));
            }
            let Some(end) = memchr::memchr(b'\n', rest) else { break };
            rest = &rest[end + 1..];
        }
        if file.sections.is_empty() && text.first() == Some(&0x30) {
            let (path, wrong) = (path.display(), "the file is DER or PKCS#12, not PEM");
            return Err(file.bad(1, wrong).advise(format!(
                "convert it: openssl x509 -in {path} -out cert.pem, or openssl pkcs12 -in {path} \
                 -nodes -out both.pem"
            )));
        }
        Ok(file)
    }

    /// Its name.
    pub(super) fn path(&self) -> &Path {
        self.path
    }

    /// An error at this line.
    pub(super) fn bad(&self, line: usize, wrong: impl std::fmt::Display) -> BadValue {
        BadValue::new(format!("--{}: {}:{line}: {wrong}", self.row, self.path.display()))
    }

    /// Its certificates, and their lines; at least one.
    pub(super) fn certificates(&self) -> Result<Vec<(usize, &CertificateDer<'static>)>, BadValue> {
        let found = self.sections.iter().filter_map(|section| match &section.item {
            Item::Certificate(der) => Some((section.line, der)),
            _ => None,
        });
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            let wrong = format!("--{}: {} has no certificate", self.row, self.path.display());
            let advice = "give a PEM file with -----BEGIN CERTIFICATE-----";
            return Err(BadValue::new(wrong).advise(advice));
        }
        Ok(found)
    }

    /// Its certificates as they are read, and their lines; at least one.
    pub(super) fn chain(&self) -> Result<Vec<(usize, Certificate<'_>)>, BadValue> {
        let read = self.certificates()?.into_iter().map(|(line, der)| {
            let read = Certificate::read(der).map(|read| (line, read));
            read.ok_or_else(|| self.bad(line, "the certificate cannot be read"))
        });
        read.collect()
    }

    /// Its private key, and the line.
    pub(super) fn key(&self) -> Result<(usize, &PrivateKeyDer<'static>), BadValue> {
        let path = self.path.display();
        let found = self.sections.iter().find_map(|section| match &section.item {
            Item::Certificate(_) => None,
            Item::Key(key) => Some(Ok((section.line, key))),
            Item::EncryptedKey => {
                let bad = self.bad(section.line, "the private key is encrypted");
                Some(Err(bad.advise(format!("decrypt it: openssl pkey -in {path} -out key.pem"))))
            }
        });
        found.unwrap_or_else(|| {
            let mut advice = "give a PEM file with -----BEGIN PRIVATE KEY-----".to_owned();
            if self.row == "tls-key" && !self.sections.is_empty() {
                advice += "; it has a certificate: are --tls-cert and --tls-key swapped?";
            }
            Err(BadValue::new(format!("--{}: {path} has no private key", self.row)).advise(advice))
        })
    }
}

impl Item {
    /// The section that begins here; `None` if it is of another kind.
    fn read(text: &[u8]) -> Result<Option<Item>, String> {
        let end = |error: pem::Error| match error {
            pem::Error::MissingSectionEnd { .. } => "the section has no -----END line".to_owned(),
            pem::Error::Base64Decode(_) => "the section is not valid base64".to_owned(),
            other => other.to_string(),
        };
        let label = text.get(BEGIN.len()..).unwrap_or_default();
        let mut lines = label.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let label = lines.next().unwrap_or_default();
        match label.strip_suffix(b"-----") {
            Some(b"CERTIFICATE") => {
                CertificateDer::from_pem_slice(text).map(Item::Certificate).map_err(end)
            }
            Some(b"ENCRYPTED PRIVATE KEY") => Ok(Item::EncryptedKey),
            Some(b"PRIVATE KEY" | b"RSA PRIVATE KEY" | b"EC PRIVATE KEY") => {
                if lines.next() == Some(ENCRYPTED) {
                    return Ok(Some(Item::EncryptedKey));
                }
                PrivateKeyDer::from_pem_slice(text).map(Item::Key).map_err(end)
            }
            _ => return Ok(None),
        }
        .map(Some)
    }
}

/// The bytes of a file, at most [`MAX_PEM_BYTES`].
fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_PEM_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_PEM_BYTES {
        return Err(std::io::Error::other("it is larger than 1 MiB"));
    }
    Ok(bytes)
}

/// DER as PEM: base64 in lines of 64 characters between two lines with a label.
pub(super) fn write(label: &str, der: &[u8]) -> String {
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
