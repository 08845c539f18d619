//! CRC32c (RFC 9260 appendix A), which may protect a header of the PROXY protocol.

/// The polynomial of Castagnoli, its bits reversed.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// The remainder of each half of a byte: a header is short, and a table for bytes takes 1 KiB.
const REMAINDERS: [u32; 16] = remainders();

const fn remainders() -> [u32; 16] {
    let mut table = [0; 16];
    let mut half = 0;
    while half < 16 {
        let mut rest = half as u32;
        let mut bit = 0;
        while bit < 4 {
            rest = (rest >> 1) ^ if rest & 1 == 1 { POLYNOMIAL } else { 0 };
            bit += 1;
        }
        table[half] = rest;
        half += 1;
    }
    table
}

/// The checksum of these parts, one behind the other.
pub(super) fn crc32c(parts: &[&[u8]]) -> u32 {
    let half = |rest: u32| (rest >> 4) ^ REMAINDERS[(rest & 15) as usize];
    let bytes = parts.iter().copied().flatten();
    !bytes.fold(!0, |rest, &byte| half(half(rest ^ u32::from(byte))))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3720 B.4, and the usual check value.
    #[test]
    fn known_checksums() {
        assert_eq!(crc32c(&[b"123456789"]), 0xe306_9283);
        assert_eq!(crc32c(&[b"1234", b"", b"56789"]), 0xe306_9283);
        assert_eq!(crc32c(&[&[0; 32]]), 0x8a91_36aa);
        assert_eq!(crc32c(&[&[0xff; 32]]), 0x62a8_ab43);
        let ascending: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&[&ascending]), 0x46dd_794e);
    }
}
