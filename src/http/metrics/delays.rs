//! Answers that waited: for how long, and how late they were.

use super::exact::Exact;
use crate::base::histogram::Histogram;
use crate::base::last_minute::LastMinute;
use crate::base::limits::UNMEASURED_ANSWERS;
use crate::base::time::Time;

/// Bounds of the lateness, 10 µs to 10 s, in microseconds.
static LATE: [u64; 19] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000,
    500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000,
];
/// Bounds of the delays, 1 ms to 100 s, in microseconds.
static IMPOSED: [u64; 16] = [
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    5_000_000,
    10_000_000,
    25_000_000,
    50_000_000,
    100_000_000,
];

/// Answers that waited. An answer's lateness is measured when its head has been written, at the end
/// of its connection's turn: by the time of the loop, those that come due together would all be as
/// late as the first.
#[derive(Clone, Debug)]
pub struct Delays {
    /// How late heads went out, in microseconds.
    pub late: Histogram<19>,
    /// The delays that they had, in microseconds.
    pub imposed: Histogram<16>,
    /// The latest.
    pub worst: LastMinute,
    /// How late heads went out since the last reset.
    pub exact: Exact,
    /// When those were due that have been answered in this turn.
    unmeasured: Vec<Time>,
}

impl Default for Delays {
    fn default() -> Delays {
        Delays {
            late: Histogram::new(&LATE),
            imposed: Histogram::new(&IMPOSED),
            worst: LastMinute::default(),
            exact: Exact::default(),
            unmeasured: Vec::new(),
        }
    }
}

impl Delays {
    /// The head of an answer that was due then, after this delay, is written now.
    pub fn answered(&mut self, due: Time, imposed_us: u64, now: Time) {
        self.imposed.record(imposed_us);
        match self.unmeasured.len() < UNMEASURED_ANSWERS {
            true => self.unmeasured.push(due),
            false => self.record(due, now),
        }
    }

    /// They are out now.
    #[cold]
    pub fn measure(&mut self, now: Time) {
        let mut unmeasured = std::mem::take(&mut self.unmeasured);
        for due in unmeasured.drain(..) {
            self.record(due, now);
        }
        self.unmeasured = unmeasured;
    }

    fn record(&mut self, due: Time, now: Time) {
        let late_us = now.micros().saturating_sub(due.micros());
        self.late.record(late_us);
        self.worst.record(now, late_us);
        self.exact.record(late_us);
    }

    /// Adds those of another worker.
    pub fn add(&mut self, other: &Delays) {
        self.late.add(&other.late);
        self.imposed.add(&other.imposed);
        self.worst.add(&other.worst);
        self.exact.add(&other.exact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_answers_of_a_turn_are_measured_by_its_end() {
        let mut delays = Delays::default();
        for due in 0..=UNMEASURED_ANSWERS as u64 {
            delays.answered(Time::from_micros(due), 1_000, Time::from_micros(3_000));
        }
        assert_eq!((delays.imposed.count(), delays.late.count()), (1025, 1));
        delays.measure(Time::from_micros(5_000));
        assert_eq!((delays.late.count(), delays.worst.max()), (1025, 5_000));
        assert_eq!(delays.exact.percentile(0), Some(1_976));
        let of_others = delays.clone();
        delays.add(&of_others);
        assert_eq!((delays.late.count(), delays.exact.count()), (2050, 2050));
    }
}
