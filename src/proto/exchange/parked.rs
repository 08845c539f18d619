//! A request that waits for its answer.

use std::borrow::Cow;

/// A request in one allocation: the bytes from which its protocol reads it again, and the numbers
/// that are not in them. It is all that a delayed request costs beside its connection and exchange.
#[derive(Debug, Default)]
pub struct Parked(Box<[u8]>);

/// Bytes of a number.
const NUMBER: usize = size_of::<u64>();

impl Parked {
    /// Keeps these bytes and numbers.
    pub fn new(bytes: Cow<[u8]>, numbers: &[u64]) -> Parked {
        let mut kept = match bytes {
            Cow::Owned(bytes) => bytes,
            Cow::Borrowed(bytes) => {
                let mut kept = Vec::with_capacity(bytes.len() + NUMBER * numbers.len());
                kept.extend_from_slice(bytes);
                kept
            }
        };
        kept.reserve_exact(NUMBER * numbers.len());
        kept.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        Parked(kept.into_boxed_slice())
    }

    /// The bytes, behind which it has so many numbers.
    pub fn bytes(&self, numbers: usize) -> &[u8] {
        let end = self.0.len().saturating_sub(NUMBER * numbers);
        self.0.get(..end).unwrap_or_default()
    }

    /// The numbers, of which it has so many.
    pub fn numbers(&self, numbers: usize) -> impl Iterator<Item = u64> {
        let kept = self.0.get(self.bytes(numbers).len()..).unwrap_or_default();
        kept.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_numbers_come_back() {
        for bytes in [Cow::Borrowed(b"GET /".as_slice()), Cow::Owned(b"GET /".to_vec())] {
            let parked = Parked::new(bytes, &[7 << 40, 1]);
            assert_eq!(parked.bytes(2), b"GET /");
            assert_eq!(parked.numbers(2).collect::<Vec<_>>(), [7 << 40, 1]);
        }
        assert_eq!(Parked::new(Cow::Borrowed(b""), &[3]).numbers(1).next(), Some(3));
        assert_eq!(Parked::default().numbers(1).next(), None);
    }
}
