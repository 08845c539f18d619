//! Content codings (RFC 9110 8.4): which one a client prefers, and how to encode a body.

use std::io::Read;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::read::{GzEncoder, ZlibEncoder};
use ruzstd::encoding::CompressionLevel;

use super::fields::accept::weight;
use super::request::Request;

/// A content coding (RFC 9110 8.4.1), in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// `zstd` (RFC 8878).
    Zstd,
    /// `br` (RFC 7932).
    Brotli,
    /// `gzip` (RFC 1952).
    Gzip,
    /// `deflate`: in HTTP this means the zlib format (RFC 1950).
    Deflate,
    /// No coding.
    Identity,
}

impl Coding {
    /// All of them, in order of preference.
    pub const ALL: [Coding; 5] =
        [Coding::Zstd, Coding::Brotli, Coding::Gzip, Coding::Deflate, Coding::Identity];

    /// The value of the `Content-Encoding` field; `None` for identity, which has no such field.
    pub fn name(self) -> Option<&'static str> {
        self.names().first().copied().filter(|_| self != Coding::Identity)
    }

    /// Its names; the first is the one we send.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Coding::Zstd => &["zstd"],
            Coding::Brotli => &["br"],
            Coding::Gzip => &["gzip", "x-gzip"],
            Coding::Deflate => &["deflate"],
            Coding::Identity => &["identity"],
        }
    }

    /// Appends `input` in this coding, at a moderate level; into a vector, that cannot fail.
    pub fn compress(self, input: &[u8], output: &mut Vec<u8>) {
        self.compress_at(4, input, output);
    }

    /// The same for what is kept: of the page, Brotli leaves a twelfth less.
    pub fn compress_kept(self, input: &[u8], output: &mut Vec<u8>) {
        self.compress_at(5, input, output);
    }

    fn compress_at(self, quality: i32, mut input: &[u8], output: &mut Vec<u8>) {
        let level = Compression::new(5);
        let _ = match self {
            Coding::Zstd => {
                ruzstd::encoding::compress(input, output, CompressionLevel::Fastest);
                Ok(0)
            }
            Coding::Brotli => {
                let (lgwin, size_hint) = (18, input.len());
                let standing = BrotliEncoderParams::default();
                let params = BrotliEncoderParams { quality, lgwin, size_hint, ..standing };
                brotli::BrotliCompress(&mut input, output, &params)
            }
            Coding::Gzip => GzEncoder::new(input, level).read_to_end(output),
            Coding::Deflate => ZlibEncoder::new(input, level).read_to_end(output),
            Coding::Identity => input.read_to_end(output),
        };
    }
}

/// The coding that the client prefers among `offered`, the first of equal ones (RFC 9110 12.5.3);
/// identity without Accept-Encoding. `None` when the client excludes all of them.
pub fn accepted(request: &Request, offered: &[Coding]) -> Option<Coding> {
    let mut best = (0, None);
    for &coding in offered {
        let rank = rank(request.fields_named("Accept-Encoding"), coding);
        if rank > best.0 {
            best = (rank, Some(coding));
        }
    }
    best.1
}

/// The client's weight for a coding: 0 (not acceptable) to 1001. Identity is acceptable unless it
/// is excluded, but ranks below every coding that is named.
fn rank<'a>(lines: impl Iterator<Item = &'a [u8]>, coding: Coding) -> u16 {
    let (mut named, mut any) = (None, None);
    let entries = lines.flat_map(|line| line.split(|&byte| byte == b','));
    for entry in entries.filter_map(|entry| std::str::from_utf8(entry).ok()) {
        let (name, parameter) = entry.split_once(';').unwrap_or((entry, "q=1"));
        let rank = match weight(parameter.trim()) {
            Some(0) => 0,
            Some(thousandths) => thousandths + 1,
            None => continue,
        };
        if coding.names().iter().any(|own| own.eq_ignore_ascii_case(name.trim())) {
            named = named.max(Some(rank));
        } else if name.trim() == "*" {
            any = any.max(Some(rank));
        }
    }
    named.or(any).unwrap_or(u16::from(coding == Coding::Identity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn best(accept: &str) -> Option<Coding> {
        let rank = |coding: &Coding| rank([accept.as_bytes()].into_iter(), *coding);
        // `max_by_key` returns the last of several equal ones.
        Coding::ALL.into_iter().rev().max_by_key(rank).filter(|coding| rank(coding) > 0)
    }

    #[test]
    fn the_clients_preference_decides() {
        use Coding::*;
        for (accept, coding) in [
            ("gzip, deflate, br, zstd", Some(Zstd)),
            ("gzip, deflate, br", Some(Brotli)),
            ("GZIP;Q=0.9,\tdeflate ; q=1.0", Some(Deflate)),
            ("x-gzip", Some(Gzip)),
            ("gzip;q=0.001", Some(Gzip)),
            ("br;q=0.5, *;q=0.5", Some(Zstd)),
            ("zstd;q=0, *", Some(Brotli)),
            ("*;q=0, gzip;q=0.2", Some(Gzip)),
            ("identity, gzip;q=0.5", Some(Identity)),
            ("br;q=0", Some(Identity)),
            ("compress", Some(Identity)),
            ("", Some(Identity)),
            (",,;q=1,", Some(Identity)),
            ("gzip;q=2", Some(Identity)),
            ("gzip;q=nan, br;x=1", Some(Identity)),
            ("gzip;q=0, gzip;q=1", Some(Gzip)),
            ("identity;q=0", None),
            ("*;q=0", None),
            ("*;q=0, compress", None),
            ("*;q=0, identity;q=0.1", Some(Identity)),
        ] {
            assert_eq!(best(accept), coding, "{accept}");
        }
    }

    #[test]
    fn what_is_coded_can_be_decoded() {
        let long: Vec<u8> = (0..200_000u64).map(|n| (n * n / 100) as u8).collect();
        for input in [b"".as_slice(), b"a", b"loiter loiter loiter", &long] {
            for coding in Coding::ALL {
                let mut output = b"before".to_vec();
                coding.compress(input, &mut output);
                assert_eq!(&output[..6], b"before");
                assert_eq!(decoded(coding, &output[6..]), input, "{coding:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_coded_can_be_decoded(input in vec(b'a'..b'h', 0..3000)) {
            for coding in Coding::ALL {
                let mut output = Vec::new();
                coding.compress(&input, &mut output);
                prop_assert_eq!(decoded(coding, &output), &input[..], "{:?}", coding);
            }
        }
    }

    fn decoded(coding: Coding, mut input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        match coding {
            Coding::Zstd => ruzstd::decoding::StreamingDecoder::new(&mut input)
                .unwrap()
                .read_to_end(&mut output),
            Coding::Brotli => brotli::Decompressor::new(input, 4096).read_to_end(&mut output),
            Coding::Gzip => flate2::read::GzDecoder::new(input).read_to_end(&mut output),
            Coding::Deflate => flate2::read::ZlibDecoder::new(input).read_to_end(&mut output),
            Coding::Identity => input.read_to_end(&mut output),
        }
        .unwrap();
        output
    }
}
