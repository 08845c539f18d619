//! Embeddings: vectors of length 1, each of which follows from a number.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::random::Random;

/// The vectors of an answer.
#[derive(Clone, Debug, Default)]
pub struct Vectors {
    /// What each follows from.
    pub seeds: Box<[u64]>,
    /// How many numbers each has.
    pub dimensions: usize,
    /// Whether they are written as base64 of 32-bit floats in little endian; else as lists.
    pub base64: bool,
}

impl Vectors {
    /// Appends the vector of this number, from 0. A shorter one is the beginning of a longer one,
    /// scaled to length 1, as OpenAI's are.
    pub(super) fn write(&self, n: usize, output: &mut Vec<u8>) {
        let seed = self.seeds.get(n).copied().unwrap_or_default();
        let part = |random: &mut Random| f64::from(random.next_u64() as i32);
        let (mut random, mut squares) = (Random::new(seed), 0.0);
        for _ in 0..self.dimensions {
            let part = part(&mut random);
            squares += part * part;
        }
        let scale = 1e8 / f64::max(squares, 1.0).sqrt();
        let (mut random, mut floats) = (Random::new(seed), Vec::new());
        for n in 0..self.dimensions {
            // Eight decimals, which are as precise as such a float is. The cast saturates.
            let decimals = ((part(&mut random) * scale) as i32).clamp(-99_999_999, 99_999_999);
            if self.base64 {
                floats.extend_from_slice(&((f64::from(decimals) / 1e8) as f32).to_le_bytes());
                continue;
            }
            output.push(if n == 0 { b'[' } else { b',' });
            output.extend_from_slice(if decimals < 0 { b"-0." } else { b"0." });
            // A digit more than there are decimals keeps zeros at the front.
            let padded = decimals.unsigned_abs() + 100_000_000;
            let mut digits = itoa::Buffer::new();
            output.extend_from_slice(digits.format(padded).as_bytes().get(1..).unwrap_or_default());
        }
        if self.base64 {
            output.push(b'"');
            output.extend_from_slice(STANDARD.encode(floats.as_slice()).as_bytes());
        }
        output.push(if self.base64 { b'"' } else { b']' });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(seed: u64, dimensions: usize, base64: bool) -> Vec<f64> {
        let mut output = Vec::new();
        Vectors { seeds: [seed].into(), dimensions, base64 }.write(0, &mut output);
        if base64 {
            let text = output.strip_prefix(b"\"").unwrap().strip_suffix(b"\"").unwrap();
            let bytes = STANDARD.decode(text).unwrap();
            let float = |bytes: &[u8]| f64::from(f32::from_le_bytes(bytes.try_into().unwrap()));
            bytes.chunks(4).map(float).collect()
        } else {
            serde_json::from_slice(&output).unwrap()
        }
    }

    fn product(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn both_forms_have_the_same_numbers_of_length_1() {
        for dimensions in [1, 2, 3, 64, 1536] {
            let (list, coded) = (vector(7, dimensions, false), vector(7, dimensions, true));
            assert_eq!((list.len(), coded.len()), (dimensions, dimensions));
            assert!(list.iter().zip(&coded).all(|(a, b)| (a - b).abs() < 1e-7));
            assert!((product(&list, &list) - 1.0).abs() < 1e-6, "{dimensions}");
        }
    }

    #[test]
    fn vectors_of_other_numbers_point_elsewhere_and_a_short_one_begins_a_long_one() {
        let (one, other) = (vector(1, 1536, false), vector(2, 1536, false));
        assert!(product(&one, &other).abs() < 0.2);
        let short = vector(1, 256, false);
        let begin = &one[..256];
        let scale = product(begin, begin).sqrt();
        assert!(begin.iter().zip(&short).all(|(a, b)| (a / scale - b).abs() < 1e-6));
    }
}
