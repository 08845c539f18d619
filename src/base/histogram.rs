//! A histogram with fixed bounds.

/// Counts of values by range, and their sum. The bounds are in the unit of the values, ascending;
/// each is the greatest value of its range, as in Prometheus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [u64; N],
    /// Values beyond the last bound.
    above: u64,
    sum: u64,
}

impl<const N: usize> Histogram<N> {
    /// Without values.
    pub const fn new(bounds: &'static [u64; N]) -> Histogram<N> {
        Histogram { bounds, counts: [0; N], above: 0, sum: 0 }
    }

    /// Counts a value. Most are in the first range.
    #[inline(always)] // for every request
    pub fn record(&mut self, value: u64) {
        match (self.bounds.first(), self.counts.first_mut()) {
            (Some(bound), Some(count)) if value <= *bound => {
                *count += 1;
                self.sum = self.sum.wrapping_add(value);
            }
            _ => self.record_greater(value),
        }
    }

    #[cold]
    fn record_greater(&mut self, value: u64) {
        self.sum = self.sum.wrapping_add(value);
        let place = self.bounds.iter().position(|bound| value <= *bound);
        match place.and_then(|place| self.counts.get_mut(place)) {
            Some(count) => *count += 1,
            None => self.above += 1,
        }
    }

    /// Adds the values of another one, which has the same bounds.
    pub fn add(&mut self, other: &Histogram<N>) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count += more;
        }
        self.above += other.above;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    /// Each bound, and how many values do not exceed it.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> {
        let counts = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        self.bounds.iter().copied().zip(counts)
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.above
    }

    /// Sum of the values, modulo 2^64: in microseconds that is 580,000 years.
    pub fn sum(&self) -> u64 {
        self.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_range() {
        let mut histogram = Histogram::new(&[1, 10, 100]);
        for value in [0, 1, 2, 10, 11, 100, 101, 1 << 40] {
            histogram.record(value);
        }
        let cumulative: Vec<_> = histogram.cumulative().collect();
        assert_eq!(cumulative, [(1, 2), (10, 4), (100, 6)]);
        assert_eq!((histogram.count(), histogram.sum()), (8, 225 + (1 << 40)));
    }

    #[test]
    fn the_sum_of_two_has_the_values_of_both() {
        let [mut one, mut other, mut both] = [(); 3].map(|()| Histogram::new(&[5, 50]));
        for value in [3, 7, 70] {
            one.record(value);
            both.record(value);
        }
        for value in [5, 51, 50] {
            other.record(value);
            both.record(value);
        }
        one.add(&other);
        assert_eq!(one, both);
    }
}
