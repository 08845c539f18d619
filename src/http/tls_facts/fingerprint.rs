//! Fingerprints of a ClientHello: JA3 and JA4. Both leave GREASE values out.

use md5::{Digest, Md5};
use sha2::Sha256;

use super::ClientHello;
use crate::base::text::hex;

const SERVER_NAME: u16 = 0;
const ALPN: u16 = 16;

impl ClientHello {
    /// The text that JA3 hashes: version, suites, extensions, groups and point formats in decimal.
    pub fn ja3_text(&self) -> String {
        let formats = self.point_formats().iter().map(|format| u16::from(*format));
        let lists = [
            decimals(self.suites().filter(is_no_grease)),
            decimals(self.extensions().filter(is_no_grease)),
            decimals(self.groups().filter(is_no_grease)),
            decimals(formats),
        ];
        format!("{},{}", self.legacy_version, lists.join(","))
    }

    /// JA3: the MD5 of that, in hexadecimal.
    pub fn ja3(&self) -> String {
        hex(&Md5::digest(self.ja3_text()))
    }

    /// JA4: the version, whether a name is asked for, how many suites and extensions there are and
    /// the first protocol; hashes of the sorted suites, and of the sorted extensions with the
    /// signature algorithms.
    pub fn ja4(&self) -> String {
        let mut suites = self.suites().filter(is_no_grease).collect::<Vec<_>>();
        let mut extensions = self.extensions().filter(is_no_grease).collect::<Vec<_>>();
        let counts = [suites.len(), extensions.len()].map(|count| count.min(99));
        let name = if extensions.contains(&SERVER_NAME) { 'd' } else { 'i' };
        suites.sort_unstable();
        extensions.retain(|kind| ![SERVER_NAME, ALPN].contains(kind));
        extensions.sort_unstable();
        let mut second = hexadecimals(extensions.iter().copied());
        let signatures = hexadecimals(self.signature_algorithms().filter(is_no_grease));
        if !signatures.is_empty() && !second.is_empty() {
            second = format!("{second}_{signatures}");
        }
        format!(
            "t{}{name}{:02}{:02}{}_{}_{}",
            self.highest_version(),
            counts[0],
            counts[1],
            self.first_protocol(),
            short_hash(&hexadecimals(suites.into_iter())),
            short_hash(&second),
        )
    }

    fn highest_version(&self) -> &'static str {
        let offered = self.versions().filter(is_no_grease).max();
        match offered.unwrap_or(self.legacy_version) {
            0x0304 => "13",
            0x0303 => "12",
            0x0302 => "11",
            0x0301 => "10",
            0x0300 => "s3",
            _ => "00",
        }
    }

    /// The first and last character of the first protocol.
    fn first_protocol(&self) -> String {
        match self.alpn().next() {
            Some([first, .., last]) | Some([first @ last]) => {
                let is_text = first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric();
                match is_text {
                    true => [*first, *last].map(char::from).iter().collect(),
                    false => format!("{:x}{:x}", first >> 4, last & 15),
                }
            }
            _ => "00".to_owned(),
        }
    }
}

/// GREASE values have two equal bytes that end with 0xa (RFC 8701 2).
fn is_no_grease(value: &u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high != low || low & 15 != 10
}

fn decimals(numbers: impl Iterator<Item = u16>) -> String {
    numbers.map(|number| number.to_string()).collect::<Vec<_>>().join("-")
}

fn hexadecimals(numbers: impl Iterator<Item = u16>) -> String {
    numbers.map(|number| format!("{number:04x}")).collect::<Vec<_>>().join(",")
}

/// The first 12 digits of the SHA-256; zeros for an empty text.
fn short_hash(text: &str) -> String {
    match text.is_empty() {
        true => "0".repeat(12),
        false => hex(Sha256::digest(text).get(..6).unwrap_or_default()),
    }
}
