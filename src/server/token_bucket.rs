//! A token bucket that limits the bytes a worker sends per second.

use std::time::Duration;

use crate::base::time::Time;

/// The bytes that can be sent now. A write may overdraw it; then nothing is sent until it refills.
#[derive(Debug)]
pub struct TokenBucket {
    /// Bytes per second as of the last refill; [`u64::MAX`] for unlimited.
    rate: u64,
    left: i64,
    filled: Time,
}

impl Default for TokenBucket {
    /// Unlimited before the first [`refill`](TokenBucket::refill).
    fn default() -> TokenBucket {
        TokenBucket { rate: u64::MAX, left: 1, filled: Time::START }
    }
}

impl TokenBucket {
    /// The capacity of the bucket, as the time to fill it.
    const BURST: Duration = Duration::from_millis(100);
    /// Shortest wait for a refill.
    const TICK_US: u64 = 1000;

    /// Whether there is a limit.
    pub fn is_bounded(&self) -> bool {
        self.rate != u64::MAX
    }

    /// Adds what has become available since the last call, at `rate` bytes per second.
    pub fn refill(&mut self, now: Time, rate: u64) {
        self.rate = rate;
        if self.is_bounded() {
            let burst = self.earned(Self::BURST.as_micros() as u64);
            let earned = self.earned(now.since(self.filled).as_micros() as u64);
            self.left = self.left.saturating_add(earned).min(burst.max(1));
            self.filled = now;
        } else {
            self.left = 1;
        }
    }

    /// Takes the bytes that were sent.
    pub fn spend(&mut self, bytes: usize) {
        if self.is_bounded() {
            self.left = self.left.saturating_sub_unsigned(bytes as u64);
        }
    }

    /// When sending is possible again; `None` for now.
    pub fn blocked_until(&self, now: Time) -> Option<Time> {
        let missing = u64::try_from(1 - self.left).ok().filter(|missing| *missing > 0)?;
        let wait_us = u128::from(missing) * 1_000_000 / u128::from(self.rate.max(1));
        Some(now.after_us(u64::try_from(wait_us).unwrap_or(u64::MAX).max(Self::TICK_US)))
    }

    fn earned(&self, micros: u64) -> i64 {
        let bytes = u128::from(self.rate) * u128::from(micros) / 1_000_000;
        i64::try_from(bytes).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes per second.
    const RATE: u64 = 1_000_000;

    fn limited() -> TokenBucket {
        let mut bucket = TokenBucket::default();
        bucket.refill(Time::START, RATE);
        bucket
    }

    #[test]
    fn an_overdrawn_bucket_blocks_until_it_has_refilled() {
        let mut bucket = limited();
        assert_eq!(bucket.blocked_until(Time::START), None);
        bucket.spend(500_001);
        assert_eq!(bucket.blocked_until(Time::START), Some(Time::from_micros(500_001)));
        bucket.refill(Time::from_micros(400_000), RATE);
        let soon = Time::from_micros(400_000);
        assert_eq!(bucket.blocked_until(soon), Some(Time::from_micros(500_001)));
        bucket.refill(Time::from_micros(500_001), RATE);
        assert_eq!(bucket.blocked_until(Time::from_micros(500_001)), None);
    }

    #[test]
    fn unused_bytes_add_up_to_a_burst_at_most() {
        let mut bucket = limited();
        bucket.refill(Time::from_micros(1_000_000_000), RATE);
        bucket.spend(100_000);
        assert!(bucket.blocked_until(Time::from_micros(1_000_000_000)).is_some());
    }

    #[test]
    fn without_a_limit_nothing_blocks() {
        let mut bucket = TokenBucket::default();
        for second in 0..10 {
            bucket.spend(usize::MAX);
            bucket.refill(Time::from_micros(second * 1_000_000), u64::MAX);
            assert_eq!(bucket.blocked_until(Time::START), None);
        }
    }

    #[test]
    fn a_new_rate_applies_from_the_next_refill_on() {
        let (mut bucket, now) = (limited(), Time::from_micros(1));
        bucket.spend(RATE as usize);
        assert!(bucket.blocked_until(now).is_some());
        bucket.refill(now, u64::MAX);
        assert_eq!(bucket.blocked_until(now), None);
        bucket.spend(RATE as usize);
        bucket.refill(now, RATE);
        assert_eq!(bucket.blocked_until(now), None);
        bucket.spend(2);
        assert!(bucket.blocked_until(now).is_some());
    }
}
