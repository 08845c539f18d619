//! Time as a plain number: microseconds since the worker started.
//!
//! Only `server/` reads a clock. Every layer below takes a `Time` and returns one, so a test can
//! run at any time.

use std::time::Duration;

/// A point in time, in microseconds since an arbitrary start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// The start of the clock.
    pub const START: Time = Time(0);
    /// Later than every other time: no timer is due then.
    pub const NEVER: Time = Time(u64::MAX);

    /// `micros` microseconds after the start.
    pub const fn from_micros(micros: u64) -> Time {
        Time(micros)
    }

    /// Microseconds since the start.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// `delay` later, rounded up to a whole microsecond so that it is never early. Saturates at
    /// [`Time::NEVER`].
    pub const fn after(self, delay: Duration) -> Time {
        // Not through `as_nanos`: its 128-bit division takes longer than all the rest.
        let whole_us = delay.as_secs().saturating_mul(1_000_000);
        self.after_us(whole_us).after_us(delay.subsec_nanos().div_ceil(1000) as u64)
    }

    /// `delay_us` microseconds later. Saturates at [`Time::NEVER`].
    pub const fn after_us(self, delay_us: u64) -> Time {
        Time(self.0.saturating_add(delay_us))
    }

    /// `time` earlier. Saturates at [`Time::START`].
    pub fn before(self, time: Duration) -> Time {
        Time(self.0.saturating_sub(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
    }

    /// The time since `earlier`; zero when that is later.
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
        assert_eq!(Time::from_micros(5).micros(), 5);
    }

    #[test]
    fn an_earlier_time_saturates_at_the_start() {
        assert_eq!(Time::from_micros(5).before(Duration::from_micros(2)), Time::from_micros(3));
        assert_eq!(Time::from_micros(5).before(Duration::from_micros(6)), Time::START);
        // 2^64 µs, of which the low 64 bits are zero.
        let long = Duration::from_micros(u64::MAX) + Duration::from_micros(1);
        assert_eq!(Time::NEVER.before(long), Time::START);
    }
}
