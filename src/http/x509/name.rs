//! A distinguished name: whom a certificate is for, and who signed it.

use std::fmt;

use super::der::{OBJECT_ID, Reader, SEQUENCE};

/// A distinguished name, as DER. Written, it is the text of RFC 4514, but in the certificate's
/// order: `O=loiter,CN=localhost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name<'a>(pub(super) &'a [u8]);

/// The types of attributes that have a short name.
const SHORT: [(&[u8], &str); 9] = [
    (&[0x55, 0x04, 0x03], "CN"),
    (&[0x55, 0x04, 0x05], "serialNumber"),
    (&[0x55, 0x04, 0x06], "C"),
    (&[0x55, 0x04, 0x07], "L"),
    (&[0x55, 0x04, 0x08], "ST"),
    (&[0x55, 0x04, 0x0a], "O"),
    (&[0x55, 0x04, 0x0b], "OU"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01], "emailAddress"),
];

/// The tag of a text in UTF-16.
const BMP_STRING: u8 = 0x1e;

/// One attribute of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its object identifier, as DER without tag and length.
    kind: &'a [u8],
    /// The tag of its value: which type of string it is.
    pub tag: u8,
    /// Its value.
    pub value: &'a [u8],
}

impl<'a> Name<'a> {
    /// The name's DER. Equal names are compared so.
    pub fn der(&self) -> &'a [u8] {
        self.0
    }

    /// Its attributes, in its order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> {
        let mut sets = Reader(Reader(self.0).take(SEQUENCE).unwrap_or_default());
        let mut set = Reader(&[]);
        std::iter::from_fn(move || {
            if set.0.is_empty() {
                set = Reader(sets.next()?.1);
            }
            let mut pair = Reader(set.take(SEQUENCE)?);
            let kind = pair.take(OBJECT_ID)?;
            let (tag, value) = pair.next()?;
            Some(Attribute { kind, tag, value })
        })
    }
}

impl Attribute<'_> {
    /// The numbers of its object identifier: 7 bits a byte, the first two in one.
    pub fn kind(&self) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut number = 0u64;
        for byte in self.kind {
            number = number << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                if numbers.is_empty() {
                    let top = (number / 40).min(2);
                    numbers.push(top);
                    number -= top * 40;
                }
                numbers.push(number);
                number = 0;
            }
        }
        numbers
    }

    /// Its value as text. Bytes that are not valid are replaced.
    fn text(&self) -> String {
        if self.tag != BMP_STRING {
            return String::from_utf8_lossy(self.value).into_owned();
        }
        let units = self.value.chunks_exact(2);
        let units = units.filter_map(|pair| pair.try_into().ok().map(u16::from_be_bytes));
        char::decode_utf16(units).map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, attribute) in self.attributes().enumerate() {
            if at > 0 {
                f.write_str(",")?;
            }
            match SHORT.iter().find(|(kind, _)| *kind == attribute.kind) {
                Some((_, short)) => f.write_str(short)?,
                None => {
                    let numbers: Vec<String> =
                        attribute.kind().iter().map(u64::to_string).collect();
                    f.write_str(&numbers.join("."))?;
                }
            }
            f.write_str("=")?;
            for char in attribute.text().chars() {
                match char {
                    ',' | '+' | '"' | '\\' | '<' | '>' | ';' => write!(f, "\\{char}")?,
                    _ if char.is_control() => write!(f, "\\{:02X}", char as u32)?,
                    _ => write!(f, "{char}")?,
                }
            }
        }
        Ok(())
    }
}
