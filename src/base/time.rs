//! Time as a plain number: microseconds since the worker started.
//!
//! Only the server's shell reads a clock. Everything below it is given a `Time` and gives one back,
//! so a test can be at any moment it likes.

use std::time::Duration;

/// A moment, in microseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The moment the clock started.
    pub const START: Time = Time(0);
    /// The moment that never comes: later than every other.
    pub const NEVER: Time = Time(u64::MAX);

    /// The moment `micros` microseconds after the start.
    pub const fn from_micros(micros: u64) -> Time {
        Time(micros)
    }

    /// Microseconds since the start.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// The moment `delay` later, rounded up to a whole microsecond, so that it is never early;
    /// [`Time::NEVER`] when it lies beyond every moment that can be named.
    pub const fn after(self, delay: Duration) -> Time {
        // Not by way of `as_nanos`: dividing 128 bits takes longer than all else that is done here.
        let whole_us = delay.as_secs().saturating_mul(1_000_000);
        self.after_us(whole_us).after_us(delay.subsec_nanos().div_ceil(1000) as u64)
    }

    /// The moment `delay_us` microseconds later, at the latest [`Time::NEVER`].
    pub const fn after_us(self, delay_us: u64) -> Time {
        Time(self.0.saturating_add(delay_us))
    }

    /// The moment this much earlier, at the earliest [`Time::START`].
    pub const fn before(self, time: Duration) -> Time {
        let micros = time.as_micros();
        let micros = if micros > u64::MAX as u128 { u64::MAX } else { micros as u64 };
        Time(self.0.saturating_sub(micros))
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub const fn since(self, earlier: Time) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_rounded_up_and_never_wraps() {
        assert_eq!(Time::START.after(Duration::from_nanos(1)), Time::from_micros(1));
        assert_eq!(Time::START.after(Duration::from_nanos(1000)), Time::from_micros(1));
        assert_eq!(Time::from_micros(5).after(Duration::MAX), Time::NEVER);
        assert_eq!(Time::NEVER.after_us(1), Time::NEVER);
        assert_eq!(Time::from_micros(1).since(Time::from_micros(2)), Duration::ZERO);
    }
}
