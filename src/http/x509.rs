//! What a certificate says (RFC 5280): a reader of its DER, for what is shown and checked here.
//!
//! It verifies nothing: rustls does that. What it does not know, it skips.

mod der;
mod name;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use crate::http::fields::conditional::http_date;
use der::{BIT_STRING, BOOLEAN, INTEGER, OCTET_STRING, Reader, SEQUENCE, context, time};
pub use name::{Attribute, Name};

/// A certificate, read.
#[derive(Clone, Debug)]
pub struct Certificate<'a> {
    /// Its serial number, big-endian, without leading zeros.
    pub serial: &'a [u8],
    /// Who signed it.
    pub issuer: Name<'a>,
    /// When it begins to be valid, in seconds since 1970.
    pub not_before: i64,
    /// The last second in which it is valid.
    pub not_after: i64,
    /// Whom it is for.
    pub subject: Name<'a>,
    /// Its SubjectPublicKeyInfo, as DER.
    pub public_key: &'a [u8],
    /// Its alternative names, in its order.
    pub alternatives: Vec<Alternative<'a>>,
    /// The identifier of its key.
    pub key_id: Option<&'a [u8]>,
    /// Whether it may sign others.
    pub is_ca: bool,
}

/// An alternative name. Kinds that servers and clients do not have are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alternative<'a> {
    /// A host's name; the first label may be `*`.
    Dns(&'a str),
    /// An address.
    Ip(IpAddr),
    /// A mail address.
    Email(&'a str),
    /// A URI, such as a SPIFFE ID.
    Uri(&'a str),
}

/// The extensions that are read.
const KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const ALTERNATIVES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

impl<'a> Certificate<'a> {
    /// Reads a certificate; `None` if it is not one.
    pub fn read(der: &'a [u8]) -> Option<Certificate<'a>> {
        let mut outer = Reader(Reader(der).take(SEQUENCE)?);
        let mut inner = Reader(outer.take(SEQUENCE)?);
        inner.skip_if(context(0))?;
        let serial = inner.take(INTEGER)?;
        inner.take(SEQUENCE)?;
        let issuer = Name(inner.whole(SEQUENCE)?);
        let mut validity = Reader(inner.take(SEQUENCE)?);
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = Name(inner.whole(SEQUENCE)?);
        let public_key = inner.whole(SEQUENCE)?;
        let mut certificate = Certificate {
            serial: serial.strip_prefix(&[0]).unwrap_or(serial),
            issuer,
            not_before,
            not_after,
            subject,
            public_key,
            alternatives: Vec::new(),
            key_id: None,
            is_ca: false,
        };
        while let Some((tag, value)) = inner.next() {
            if tag == context(3) {
                certificate.read_extensions(Reader(value).take(SEQUENCE)?)?;
            }
        }
        Some(certificate)
    }

    fn read_extensions(&mut self, list: &'a [u8]) -> Option<()> {
        let mut list = Reader(list);
        while let Some((_, extension)) = list.next() {
            let mut extension = Reader(extension);
            let id = extension.take(der::OBJECT_ID)?;
            extension.skip_if(BOOLEAN)?;
            let value = extension.take(OCTET_STRING)?;
            match id {
                KEY_ID => self.key_id = Reader(value).take(OCTET_STRING),
                ALTERNATIVES => {
                    let mut names = Reader(Reader(value).take(SEQUENCE)?);
                    while let Some((tag, name)) = names.next() {
                        self.alternatives.extend(alternative(tag, name));
                    }
                }
                BASIC_CONSTRAINTS => {
                    let mut constraints = Reader(Reader(value).take(SEQUENCE)?);
                    self.is_ca = constraints.next() == Some((BOOLEAN, &[0xff]));
                }
                _ => {}
            }
        }
        Some(())
    }
}

/// The bits of a SubjectPublicKeyInfo's key, without its algorithm.
pub fn key_bits(public_key: &[u8]) -> Option<&[u8]> {
    let mut info = Reader(Reader(public_key).take(SEQUENCE)?);
    info.take(SEQUENCE)?;
    info.take(BIT_STRING)?.strip_prefix(&[0])
}

fn alternative(tag: u8, value: &[u8]) -> Option<Alternative<'_>> {
    // A GeneralName's tags are primitive.
    match tag & 0x1f {
        1 => Some(Alternative::Email(std::str::from_utf8(value).ok()?)),
        2 => Some(Alternative::Dns(std::str::from_utf8(value).ok()?)),
        6 => Some(Alternative::Uri(std::str::from_utf8(value).ok()?)),
        7 => match value.len() {
            4 => Some(Alternative::Ip(<[u8; 4]>::try_from(value).ok()?.into())),
            16 => Some(Alternative::Ip(<[u8; 16]>::try_from(value).ok()?.into())),
            _ => None,
        },
        _ => None,
    }
}

/// A time in seconds since 1970 as HTTP writes it, which has years up to 9999.
pub fn date(unix: i64) -> String {
    http_date(unix.clamp(0, 253_402_300_799).unsigned_abs() * 1_000_000)
}
