//! The Huffman code of header strings (RFC 7541 5.2 and appendix B).
//!
//! The code is canonical: sorted by length, then by symbol, each code is the one before it plus
//! one. So the lengths define it, and its tables are made of them at compile time.

/// The length of each symbol's code in bits; the last symbol is EOS.
#[rustfmt::skip]
const LENGTHS: [u8; SYMBOLS] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
     6, 10, 10, 12, 13,  6,  8, 11, 10, 10,  8, 11,  8,  6,  6,  6,
     5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8, 15,  6, 12, 10,
    13,  6,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
     7,  7,  7,  7,  7,  7,  7,  7,  8,  7,  8, 13, 19, 13, 14,  6,
    15,  5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,  6,  5,
     6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
const SYMBOLS: usize = 257;
const EOS: u16 = 256;
const LONGEST: usize = 30;
/// Bits that the first look at a code takes. Nearly all of a text's codes are not longer.
const QUICK_BITS: u32 = 8;

/// The codes, right-aligned.
static CODES: [u32; SYMBOLS] = TABLES.codes;
/// For each value of the next [`QUICK_BITS`] bits: the symbol and the length of its code, which is
/// 0 if that is longer.
static QUICK: [(u8, u8); 1 << QUICK_BITS] = TABLES.quick;
/// For each length: the end of its codes, left-aligned in 32 bits; then its first code,
/// right-aligned, and the place of that code's symbol in [`SORTED`].
static BY_LENGTH: [(u64, u32, u32); LONGEST + 1] = TABLES.by_length;
/// The symbols in the order of their codes.
static SORTED: [u16; SYMBOLS] = TABLES.sorted;

const TABLES: Tables = tables();

struct Tables {
    codes: [u32; SYMBOLS],
    quick: [(u8, u8); 1 << QUICK_BITS],
    by_length: [(u64, u32, u32); LONGEST + 1],
    sorted: [u16; SYMBOLS],
}

const fn tables() -> Tables {
    let mut tables = Tables {
        codes: [0; SYMBOLS],
        quick: [(0, 0); 1 << QUICK_BITS],
        by_length: [(0, 0, 0); LONGEST + 1],
        sorted: [0; SYMBOLS],
    };
    let (mut code, mut place, mut length) = (0, 0, 1);
    while length <= LONGEST {
        code <<= 1;
        tables.by_length[length] = (0, code, place as u32);
        let mut symbol = 0;
        while symbol < SYMBOLS {
            if LENGTHS[symbol] as usize == length {
                tables.codes[symbol] = code;
                tables.sorted[place] = symbol as u16;
                let mut spare = 1 << QUICK_BITS >> length;
                while spare > 0 {
                    spare -= 1;
                    let start = (code as usize) << (QUICK_BITS as usize - length);
                    tables.quick[start + spare] = (symbol as u8, length as u8);
                }
                code += 1;
                place += 1;
            }
            symbol += 1;
        }
        tables.by_length[length].0 = (code as u64) << (32 - length);
        length += 1;
    }
    tables
}

/// Appends what `coded` stands for to `out`, at most 8/5 of its length. `None` if it contains EOS,
/// or its padding has more than seven bits or a zero; `out` then ends with a part of the text.
pub fn decode(coded: &[u8], out: &mut Vec<u8>) -> Option<()> {
    out.reserve(coded.len() * 8 / 5 + 1);
    // The next bits, left-aligned, and their number.
    let (mut bits, mut count) = (0_u64, 0_u32);
    let mut rest = coded;
    loop {
        if let Some(next) = rest.first_chunk() {
            bits |= u64::from_be_bytes(*next) >> count;
            rest = rest.get((63 - count as usize) / 8..)?;
            count |= 56;
        } else {
            while let (Some((&byte, after)), ..=56) = (rest.split_first(), count) {
                bits |= u64::from(byte) << (56 - count);
                (rest, count) = (after, count + 8);
            }
        }
        while count >= LONGEST as u32 || (rest.is_empty() && count > 0) {
            let (symbol, length) = QUICK[(bits >> (64 - QUICK_BITS)) as usize];
            let (symbol, length) = match length {
                0 => long_code(bits)?,
                _ => (symbol, u32::from(length)),
            };
            if length > count {
                return is_padding(bits, count).then_some(());
            }
            out.push(symbol);
            bits <<= length;
            count -= length;
        }
        if rest.is_empty() && count == 0 {
            return Some(());
        }
    }
}

/// The symbol that `bits` start with, and the length of its code, which has more than
/// [`QUICK_BITS`] bits. Padding looks like EOS, so zeros follow it: it gets a length.
#[cold]
fn long_code(bits: u64) -> Option<(u8, u32)> {
    let start = bits >> 32;
    let mut lengths = BY_LENGTH.iter().enumerate().skip(QUICK_BITS as usize + 1);
    let (length, &(_, first, place)) = lengths.find(|(_, of_length)| start < of_length.0)?;
    let nth = (start >> (32 - length)) as u32 - first;
    let symbol = *SORTED.get((place + nth) as usize)?;
    (symbol != EOS).then_some((symbol as u8, length as u32))
}

/// Whether the last `count` bits are the start of EOS, and less than a byte (RFC 7541 5.2).
fn is_padding(bits: u64, count: u32) -> bool {
    count < 8 && bits >> (64 - count) == (1 << count) - 1
}

/// The length of `text` in bytes once it is coded.
pub fn encoded_len(text: &[u8]) -> usize {
    let bits: usize = text.iter().map(|&byte| usize::from(LENGTHS[usize::from(byte)])).sum();
    bits.div_ceil(8)
}

/// Appends the code of `text` to `out`, padded with ones to whole bytes.
pub fn encode(text: &[u8], out: &mut Vec<u8>) {
    // The bits that are not written yet, right-aligned, and their number.
    let (mut bits, mut count) = (0_u64, 0_u32);
    for symbol in text.iter().map(|&byte| usize::from(byte)) {
        let length = u32::from(LENGTHS[symbol]);
        bits = bits << length | u64::from(CODES[symbol]);
        count += length;
        if count >= 32 {
            count -= 32;
            out.extend_from_slice(&((bits >> count) as u32).to_be_bytes());
        }
    }
    let padding = (32 - count) % 8;
    bits = bits << padding | ((1 << padding) - 1);
    count += padding;
    while count > 0 {
        count -= 8;
        out.push((bits >> count) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(coded: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        decode(coded, &mut out).map(|()| out)
    }

    fn encoded(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        encode(text, &mut out);
        assert_eq!(out.len(), encoded_len(text));
        out
    }

    /// RFC 7541 C.4.1, C.4.2, C.4.3, C.6.1.
    #[test]
    fn examples_of_the_specification() {
        let cases: [(&str, &[u8]); 5] = [
            ("www.example.com", b"\xf1\xe3\xc2\xe5\xf2\x3a\x6b\xa0\xab\x90\xf4\xff"),
            ("no-cache", b"\xa8\xeb\x10\x64\x9c\xbf"),
            ("custom-key", b"\x25\xa8\x49\xe9\x5b\xa9\x7d\x7f"),
            ("302", b"\x64\x02"),
            ("", b""),
        ];
        for (text, coded) in cases {
            assert_eq!(encoded(text.as_bytes()), coded);
            assert_eq!(decoded(coded), Some(text.into()));
        }
    }

    #[test]
    fn every_byte_and_every_shift() {
        for byte in 0..=255 {
            for before in 0..16 {
                let mut text = vec![b'0'; before];
                text.extend([byte, byte, b'a']);
                assert_eq!(decoded(&encoded(&text)), Some(text));
            }
        }
    }

    #[test]
    fn the_codes_are_complete() {
        // 30 ones are EOS: the last code, and the sum of all is 1 (Kraft).
        assert_eq!(CODES[usize::from(EOS)], (1 << 30) - 1);
        let sum: u32 = LENGTHS.iter().map(|&length| 1 << (30 - length)).sum();
        assert_eq!(sum, 1 << 30);
        assert_eq!((CODES[0], CODES[10], CODES[255]), (0x1ff8, 0x3fff_fffc, 0x3ff_ffee));
    }

    #[test]
    fn padding_is_less_than_a_byte_of_ones() {
        assert_eq!(decoded(&[0x07]), Some(b"0".into()));
        for byte in [0x00, 0x06, 0x03] {
            assert_ne!(decoded(&[byte]), Some(b"0".into()));
        }
        assert_eq!(decoded(&[0b0000_0110]), None); // a zero in the padding
        assert_eq!(decoded(&[0x07, 0xff]), None); // eleven bits
        assert_eq!(decoded(&[0xff]), None);
        assert_eq!(decoded(&[0xff; 3]), None);
        assert_eq!(decoded(&[0xfe]), None); // the start of a longer code
        for zeros in 1..12 {
            let mut coded = encoded(&vec![b'a'; 8 * zeros]);
            coded.push(0xff);
            assert_eq!(decoded(&coded), None);
        }
    }

    #[test]
    fn eos_is_an_error() {
        for before in 0..40 {
            // Eight times five bits end at a byte; EOS and two bits of padding follow.
            let mut coded = encoded(&vec![b'a'; 8 * before]);
            coded.extend([0xff; 4]);
            assert_eq!(decoded(&coded), None);
            coded.extend(encoded(b"aaaaaaaa"));
            assert_eq!(decoded(&coded), None);
        }
    }
}
