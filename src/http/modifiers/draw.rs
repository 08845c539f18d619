//! Random draws that follow from a seed, a modifier's name and a number.
//!
//! Each is a hash of these three, so adding a modifier, or drawing one more often, changes no other
//! draw.

use crate::base::random::Random;

/// The random numbers of one decision.
#[derive(Clone, Copy, Debug)]
pub struct Draw(u64);

/// Which number of a decision: the choice from a list, or one of a distribution's.
#[derive(Clone, Copy, Debug)]
pub enum Use {
    /// Whether a value applies, and which one of a list.
    Choice = 1,
    /// The number a distribution starts from.
    Value,
    /// The second number of the normal distributions.
    Angle,
}

impl Draw {
    /// The draw number `n` of the modifier of this name.
    pub fn new(seed: u64, name: &str, n: u64) -> Draw {
        // FNV-1a.
        let name = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Draw(mix(mix(mix(seed) ^ name) ^ n))
    }

    /// A number in `0.0..1.0`.
    pub fn fraction(self, which: Use) -> f64 {
        Random::new(self.0 ^ which as u64).fraction()
    }

    /// A number in `0..=most`.
    pub fn up_to(self, which: Use, most: u64) -> u64 {
        let mut random = Random::new(self.0 ^ which as u64);
        match most.checked_add(1) {
            Some(bound) => random.below(bound),
            None => random.next_u64(),
        }
    }
}

/// The seed of the `n`-th request that counts under a key, where `seed` is the one that was asked
/// for.
pub fn nth_seed(seed: u64, n: u64) -> u64 {
    mix(mix(seed) ^ n)
}

fn mix(state: u64) -> u64 {
    Random::new(state).next_u64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_differ_by_seed_name_number_and_use() {
        let draws = [
            Draw::new(1, "delay", 0).fraction(Use::Value),
            Draw::new(2, "delay", 0).fraction(Use::Value),
            Draw::new(1, "head", 0).fraction(Use::Value),
            Draw::new(1, "delay", 1).fraction(Use::Value),
            Draw::new(1, "delay", 0).fraction(Use::Choice),
            Draw::new(1, "delay", 0).fraction(Use::Angle),
        ];
        for (at, one) in draws.iter().enumerate() {
            assert!(draws[at + 1..].iter().all(|other| one != other), "{draws:?}");
        }
        assert_eq!(draws[0], Draw::new(1, "delay", 0).fraction(Use::Value));
        assert_ne!(nth_seed(1, 0), nth_seed(1, 1));
    }

    #[test]
    fn bounds_are_included() {
        let drawn: Vec<u64> =
            (0..100).map(|n| Draw::new(1, "delay", n).up_to(Use::Value, 2)).collect();
        assert!((0..=2).all(|value| drawn.contains(&value)));
        assert!(drawn.iter().all(|&value| value <= 2));
        assert_eq!(Draw::new(1, "delay", 0).up_to(Use::Value, 0), 0);
        assert_ne!(Draw::new(1, "delay", 0).up_to(Use::Value, u64::MAX), 0);
    }
}
