//! Counts of times, for exact percentiles.

/// Times below this have a count for each microsecond.
const EXACT_US: u64 = 1 << 16;
/// Beyond that, each doubling has so many counts: a percentile is at most 1/64 too great.
const STEPS: u64 = 64;
/// Counts in all: a doubling for each further bit of a `u64`.
const COUNTS: usize = (EXACT_US + (64 - 16) * STEPS) as usize;

/// Times in microseconds: exact up to 65 ms, and to 1/64 beyond. Without memory until there is one;
/// then half a megabyte is reserved, of which the pages are used whose counts are.
#[derive(Debug, Default)]
pub struct Exact {
    counts: Vec<u64>,
    /// Counts at and behind this one are zero.
    end: usize,
    total: u64,
    max_us: u64,
}

impl Exact {
    /// Counts a time.
    pub fn record(&mut self, us: u64) {
        let place = place(us);
        if self.counts.is_empty() {
            // Zeroed by the system, page by page when they are touched.
            self.counts = vec![0; COUNTS];
        } else if self.counts.len() <= place {
            self.counts.resize(COUNTS, 0);
        }
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
        self.end = self.end.max(place + 1);
        self.total += 1;
        self.max_us = self.max_us.max(us);
    }

    /// Forgets all times.
    pub fn reset(&mut self) {
        *self = Exact::default();
    }

    /// Adds those of another worker.
    pub fn add(&mut self, other: &Exact) {
        if self.counts.len() < other.end {
            self.counts.resize(other.end, 0);
        }
        for (sum, more) in self.counts.iter_mut().zip(other.counts.iter().take(other.end)) {
            *sum += more;
        }
        self.end = self.end.max(other.end);
        self.total += other.total;
        self.max_us = self.max_us.max(other.max_us);
    }

    /// Number of times.
    pub fn count(&self) -> u64 {
        self.total
    }

    /// The longest time, which is always exact.
    pub fn max_us(&self) -> u64 {
        self.max_us
    }

    /// The least time that at least this share of all do not exceed, in thousandths of a per cent:
    /// 99,900 for 99.9 %. `None` without times.
    pub fn percentile(&self, thousandths: u64) -> Option<u64> {
        let rank = u128::from(self.total) * u128::from(thousandths);
        let rank = (rank.div_ceil(100_000) as u64).max(1);
        let mut before = 0;
        let place = self.counts.iter().take(self.end).position(|count| {
            before += count;
            before >= rank
        });
        place.map(|place| greatest(place as u64).min(self.max_us))
    }
}

/// A copy has no memory behind the last count, so that a report is short.
impl Clone for Exact {
    fn clone(&self) -> Exact {
        let counts = self.counts.get(..self.end).unwrap_or_default().to_vec();
        Exact { counts, ..*self }
    }
}

/// Where a time is counted.
fn place(us: u64) -> usize {
    if us < EXACT_US {
        return us as usize;
    }
    let doubling = u64::from(us.ilog2() - EXACT_US.ilog2());
    let step = us >> (doubling + u64::from((EXACT_US / STEPS).ilog2()));
    (EXACT_US + doubling * STEPS + step % STEPS) as usize
}

/// The greatest time that is counted there.
fn greatest(place: u64) -> u64 {
    let Some(beyond) = place.checked_sub(EXACT_US) else { return place };
    let shift = beyond / STEPS + u64::from((EXACT_US / STEPS).ilog2());
    let next = u128::from(STEPS + beyond % STEPS + 1) << shift;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut random = Random::new(2);
        let [mut exact, mut other] = [(); 2].map(|()| Exact::default());
        let mut times = Vec::new();
        assert_eq!((exact.percentile(50_000), exact.max_us()), (None, 0));
        for n in 0..9_999 {
            let us = random.next_u64() >> (random.next_u64() % 64);
            times.push(us);
            if n % 2 == 0 { exact.record(us) } else { other.record(us) }
        }
        times.sort_unstable();
        let mut sum = other.clone();
        sum.add(&exact);
        assert_eq!((sum.count(), sum.max_us()), (9_999, times[9_998]));
        for thousandths in [0, 1, 10_000, 50_000, 90_000, 99_000, 99_900, 99_999, 100_000] {
            let rank = (9_999 * thousandths as usize).div_ceil(100_000).max(1);
            let (wanted, found) = (times[rank - 1], sum.percentile(thousandths).unwrap());
            match wanted < EXACT_US {
                true => assert_eq!(found, wanted),
                false => assert!(found >= wanted && found - wanted <= wanted / STEPS),
            }
        }
        sum.reset();
        assert_eq!((sum.count(), sum.percentile(50_000)), (0, None));
    }

    #[test]
    fn every_time_has_a_count() {
        for us in [0, EXACT_US - 1, EXACT_US, EXACT_US * 2 - 1, EXACT_US * 2, 1 << 40, u64::MAX] {
            let place = place(us);
            assert!(place < COUNTS && greatest(place as u64) >= us, "{us}");
            assert!(place == 0 || greatest(place as u64 - 1) < us, "{us}");
        }
    }
}
