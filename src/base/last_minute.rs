//! The greatest value of the last minute.

use super::time::Time;

/// Seconds that are kept.
const SECONDS: usize = 60;

/// The greatest value of each of the last 60 seconds, the present one included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastMinute {
    /// By second modulo 60.
    greatest: [u64; SECONDS],
    /// The present second.
    second: u64,
    /// Its end, and its greatest value, for a quick comparison.
    present: (Time, u64),
}

impl Default for LastMinute {
    fn default() -> LastMinute {
        LastMinute { greatest: [0; SECONDS], second: 0, present: (Time::START, 0) }
    }
}

impl LastMinute {
    /// Notes a value.
    #[inline(always)] // in nearly every loop of a worker
    pub fn record(&mut self, now: Time, value: u64) {
        let (end, greatest) = self.present;
        if now >= end || value > greatest {
            self.record_greatest(now, value);
        }
    }

    #[cold]
    fn record_greatest(&mut self, now: Time, value: u64) {
        self.advance(now);
        self.raise(self.second, value);
        let end = Time::from_micros((self.second + 1).saturating_mul(1_000_000));
        self.present = (end, self.of(self.second));
    }

    /// Forgets what is older than a minute.
    pub fn advance(&mut self, now: Time) {
        let now = now.micros() / 1_000_000;
        let passed = now.saturating_sub(self.second).min(SECONDS as u64);
        for second in (now + 1).saturating_sub(passed)..=now {
            if let Some(greatest) = self.greatest.get_mut(second as usize % SECONDS) {
                *greatest = 0;
            }
        }
        self.second = self.second.max(now);
    }

    /// Adds the values of another one, whose clock has the same start.
    pub fn add(&mut self, other: &LastMinute) {
        self.advance(Time::from_micros(other.second.saturating_mul(1_000_000)));
        let oldest = (self.second + 1).saturating_sub(SECONDS as u64);
        for second in oldest..=other.second {
            self.raise(second, other.of(second));
        }
    }

    /// The greatest value, as of the last [`advance`](LastMinute::advance); 0 without values.
    pub fn max(&self) -> u64 {
        self.greatest.iter().copied().max().unwrap_or_default()
    }

    fn of(&self, second: u64) -> u64 {
        self.greatest.get(second as usize % SECONDS).copied().unwrap_or_default()
    }

    fn raise(&mut self, second: u64, value: u64) {
        if let Some(greatest) = self.greatest.get_mut(second as usize % SECONDS) {
            *greatest = value.max(*greatest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_micros(seconds * 1_000_000 + 5)
    }

    fn of(values: &[(u64, u64)]) -> LastMinute {
        let mut minute = LastMinute::default();
        for (second, value) in values {
            minute.record(at(*second), *value);
        }
        minute
    }

    #[test]
    fn a_value_is_forgotten_after_a_minute() {
        let mut minute = of(&[(0, 9), (0, 3), (30, 5)]);
        for (now, max) in [(59, 9), (60, 5), (89, 5), (90, 0), (1000, 0)] {
            minute.advance(at(now));
            assert_eq!(minute.max(), max, "at {now} s");
        }
        minute.record(at(100_000), 4);
        assert_eq!(minute.max(), 4);
    }

    #[test]
    fn two_are_added_by_their_seconds() {
        let (older, newer) = (of(&[(1, 9), (70, 2)]), of(&[(65, 7), (100, 1)]));
        for (mut sum, other) in [(older.clone(), newer.clone()), (newer, older)] {
            sum.add(&other);
            assert_eq!((sum.max(), sum.second), (7, 100));
            sum.advance(at(125));
            assert_eq!(sum.max(), 2);
        }
    }
}
