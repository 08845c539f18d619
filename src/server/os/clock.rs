//! The monotonic clock in microseconds since a start. `Instant` would take five times the
//! instructions for a difference in whole microseconds, and a worker reads it in each of its loops.

use crate::base::time::Time;

/// A clock that began at [`Time::START`].
#[derive(Clone, Copy, Debug)]
pub(in crate::server) struct Clock {
    /// In nanoseconds of the system's clock.
    start_ns: u64,
}

impl Clock {
    /// One that begins now.
    pub(in crate::server) fn begin() -> Clock {
        Clock { start_ns: monotonic_ns() }
    }

    /// The time, rounded down to microseconds.
    pub(in crate::server) fn now(self) -> Time {
        Time::from_micros(monotonic_ns().saturating_sub(self.start_ns) / 1000)
    }
}

fn monotonic_ns() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` can be written. The call does not fail for this clock, which every system has.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    (time.tv_sec as u64).wrapping_mul(1_000_000_000).wrapping_add(time.tv_nsec as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn it_runs_as_instant_does() {
        let (outer, clock, inner) = (Instant::now(), Clock::begin(), Instant::now());
        let mut last = Time::START;
        for _ in 0..1000 {
            let least = inner.elapsed().as_micros() as u64;
            let now = clock.now();
            let most = outer.elapsed().as_micros() as u64;
            assert!(least <= now.micros() && now.micros() <= most, "{least} {now:?} {most}");
            assert!(last <= now);
            last = now;
        }
    }
}
