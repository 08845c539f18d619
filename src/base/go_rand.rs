//! Go's random numbers (its `math/rand`), so that seeded responses equal go-httpbin's.
//!
//! An additive lagged Fibonacci generator: each word is the sum of those 607 and 273 before it.
//! Go's sources contain a table of initial words: the state after 7.8e12 steps from seed 1. Here it
//! is computed at first use: the recurrence is linear, so a power of `x` modulo its characteristic
//! polynomial skips any number of steps.

use std::sync::OnceLock;

/// Words of state.
const WORDS: usize = 607;
/// Distance back to the nearer of the two summed words.
const TAP: usize = 273;
/// Steps from seed 1 to Go's table.
const STEPS: u64 = 7_800_000_000_000;
/// Modulus of the Lehmer generator that expands a seed.
const MODULUS: u64 = (1 << 31) - 1;

/// The last 607 words of a sequence, oldest first.
type Words = [u64; WORDS];

/// Go's generator.
#[derive(Clone, Debug)]
pub struct GoRand {
    words: Words,
    oldest: usize,
}

impl GoRand {
    /// The same generator as Go's `rand.New(rand.NewSource(seed))`.
    pub fn new(seed: i64) -> GoRand {
        static COOKED: OnceLock<Box<Words>> = OnceLock::new();
        let cooked = COOKED.get_or_init(|| Box::new(advance(&seed_words(1, 10), STEPS)));
        let mut words = seed_words(seed, 20);
        // Go's table is the ring as the steps left it: rotated by this many places.
        let rotated = (STEPS % WORDS as u64) as usize;
        for (i, word) in words.iter_mut().enumerate() {
            *word ^= cooked[(i + WORDS - rotated) % WORDS];
        }
        GoRand { words, oldest: 0 }
    }

    /// The next 63 random bits (Go's `Int63`).
    pub fn next_u63(&mut self) -> u64 {
        let near = (self.oldest + WORDS - TAP) % WORDS;
        let word = self.words[self.oldest].wrapping_add(self.words[near]);
        self.words[self.oldest] = word;
        self.oldest = (self.oldest + 1) % WORDS;
        word & (u64::MAX >> 1)
    }

    /// A number in `0.0..1.0` (Go's `Float64`).
    pub fn float64(&mut self) -> f64 {
        loop {
            let fraction = self.next_u63() as f64 / (1u64 << 63) as f64;
            if fraction < 1.0 {
                return fraction;
            }
        }
    }

    /// Appends `bytes` bytes, each Go's `Intn(256)`.
    pub fn fill(&mut self, output: &mut Vec<u8>, bytes: usize) {
        output.extend((0..bytes).map(|_| (self.next_u63() >> 32) as u8));
    }
}

/// Expands a seed to words of three draws each, `shift` bits apart.
fn seed_words(seed: i64, shift: u32) -> Words {
    let mut draw = match seed.rem_euclid(MODULUS as i64) as u64 {
        0 => 89_482_311,
        seed => seed,
    };
    let mut next = || {
        draw = draw * 48_271 % MODULUS;
        draw
    };
    for _ in 0..20 {
        next();
    }
    // Go fills its ring upwards and then walks it downwards from this place.
    let mut words = [0; WORDS];
    for place in 0..WORDS {
        let word = next() << (2 * shift) ^ next() << shift ^ next();
        words[(2 * WORDS - TAP - 1 - place) % WORDS] = word;
    }
    words
}

/// The state `steps` steps after `words`.
fn advance(words: &Words, steps: u64) -> Words {
    let power = power(steps);
    let mut sequence = [0; 2 * WORDS];
    sequence[..WORDS].copy_from_slice(words);
    for n in WORDS..2 * WORDS {
        sequence[n] = sequence[n - WORDS].wrapping_add(sequence[n - TAP]);
    }
    std::array::from_fn(|n| {
        let terms = power.iter().zip(&sequence[n..]);
        terms.fold(0u64, |sum, (factor, word)| sum.wrapping_add(factor.wrapping_mul(*word)))
    })
}

/// `x` to the power of `exponent`, modulo the characteristic polynomial, by squaring.
fn power(exponent: u64) -> Words {
    let mut power = [0; WORDS];
    power[0] = 1;
    for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
        power = reduce(square(&power, exponent >> bit & 1));
    }
    power
}

/// The square of a polynomial times `x` to the power of `shift`, which is 0 or 1.
fn square(factors: &Words, shift: u64) -> [u64; 2 * WORDS] {
    let mut square = [0u64; 2 * WORDS];
    for (i, left) in factors.iter().enumerate() {
        let row = square[i + shift as usize..].iter_mut();
        for (sum, right) in row.zip(factors) {
            *sum = sum.wrapping_add(left.wrapping_mul(*right));
        }
    }
    square
}

/// A polynomial modulo the characteristic one, where `x^607 = x^334 + 1`.
fn reduce(mut long: [u64; 2 * WORDS]) -> Words {
    for n in (WORDS..2 * WORDS).rev() {
        let high = long[n];
        long[n - WORDS] = long[n - WORDS].wrapping_add(high);
        long[n - TAP] = long[n - TAP].wrapping_add(high);
    }
    std::array::from_fn(|n| long[n])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeded_numbers_are_gos() {
        let mut bytes = Vec::new();
        GoRand::new(1_234_567_890).fill(&mut bytes, 16);
        let known = 0xbfcd_2afa_15a2_b372_c707_985a_2202_4a8e_u128;
        assert_eq!(bytes, known.to_be_bytes());
        let first = GoRand::new(1_234_567_890).float64();
        assert!((first - 0.08).abs() < 0.005, "{first}");
    }

    #[test]
    fn the_first_draws_of_seed_1_are_those_every_gopher_knows() {
        let mut random = GoRand::new(1);
        let draws = [(); 10].map(|()| (random.next_u63() >> 32) % 100);
        assert_eq!(draws, [81, 87, 47, 59, 81, 18, 25, 40, 56, 0]);
    }

    #[test]
    fn every_seed_gives_fractions() {
        for seed in [0, -1, i64::MIN, i64::MAX, MODULUS as i64] {
            let mut random = GoRand::new(seed);
            assert!((0..1000).all(|_| (0.0..1.0).contains(&random.float64())), "{seed}");
        }
        // A draw that rounds to 1 as a fraction is skipped.
        let mut random = GoRand { words: [0; WORDS], oldest: 0 };
        random.words[0] = u64::MAX >> 1;
        assert_eq!((random.float64(), random.oldest), (0.0, 2));
        let first = |seed| GoRand::new(seed).next_u63();
        assert_eq!(first(0), first(MODULUS as i64));
        assert_ne!(first(-1), first(1));
    }
}
