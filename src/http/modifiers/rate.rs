//! A rate in bytes per second: how much is sent at once, and how long that takes.

use crate::base::limits::RATE_SLICE_BYTES;

/// Bytes sent or read at once: a twentieth of a second's worth at most, or one byte.
pub fn slice(rate: u64) -> usize {
    usize::try_from(rate / 20).unwrap_or(RATE_SLICE_BYTES).clamp(1, RATE_SLICE_BYTES)
}

/// How long so many bytes take, in microseconds, rounded up.
pub fn time_us(bytes: usize, rate: u64) -> u64 {
    let us = (bytes as u128 * 1_000_000).div_ceil(u128::from(rate.max(1)));
    u64::try_from(us).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_takes_a_twentieth_of_a_second_or_is_one_byte() {
        for (rate, bytes, us) in [
            (1, 1, 1_000_000),
            (3, 1, 333_334),
            (20_480, 1024, 50_000),
            (u64::MAX, RATE_SLICE_BYTES, 1),
        ] {
            assert_eq!((slice(rate), time_us(slice(rate), rate)), (bytes, us), "{rate}");
        }
        assert_eq!((time_us(0, 9), time_us(usize::MAX, 1)), (0, u64::MAX));
    }
}
