//! Durations as Go writes them, and exact multiples of decimal numbers.

/// The units of Go's durations in nanoseconds; a longer name before its prefixes.
pub const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3600 * SECOND),
];
/// Nanoseconds of a second.
pub const SECOND: u64 = 1_000_000_000;
/// Numbers up to this have all their digits.
const EXACT: u128 = 10u128.pow(24);

/// Nanoseconds of a duration as Go writes it, rounded up: numbers with units, as in `1h30m` or
/// `1.5s`. `None` for any other text.
pub fn parse(text: &str) -> Option<u128> {
    let mut rest = text;
    let mut total = 0u128;
    while !rest.is_empty() {
        let number = |char: char| char.is_ascii_digit() || char == '.';
        let (digits, tail) = rest.split_at_checked(rest.find(|char| !number(char))?)?;
        let (unit, nanos) = UNITS.iter().find(|(unit, _)| tail.starts_with(unit))?;
        total = total.saturating_add(scaled(digits, 0, *nanos)?);
        rest = tail.strip_prefix(unit)?;
    }
    (!text.is_empty()).then_some(total)
}

/// A decimal number (`1`, `1.5`, `.5` or `1.`) times ten to the power of `exponent` times `unit`,
/// rounded up. `None` if it is not a number. `unit` is at most 10¹³, so that nothing overflows.
pub fn scaled(number: &str, exponent: i64, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let mut digits = whole.bytes().chain(fraction.bytes());
    if whole.len() + fraction.len() == 0 || !digits.clone().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Further digits only round up.
    let (mut value, mut dropped, mut more) = (0u128, 0, false);
    for digit in digits.by_ref().map(|byte| u128::from(byte - b'0')) {
        if value < EXACT {
            value = value * 10 + digit;
        } else {
            dropped += 1;
            more |= digit > 0;
        }
    }
    let value = (value + u128::from(more)) * u128::from(unit);
    Some(shifted(value, exponent + dropped - fraction.len() as i64))
}

/// `value` times ten to the power of `exponent`, rounded up.
fn shifted(value: u128, exponent: i64) -> u128 {
    let power = u32::try_from(exponent.unsigned_abs()).ok().and_then(|e| 10u128.checked_pow(e));
    match power {
        _ if value == 0 => 0,
        Some(power) if exponent >= 0 => value.saturating_mul(power),
        Some(power) => value.div_ceil(power),
        None if exponent >= 0 => u128::MAX,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_sums_of_numbers_with_units() {
        for (text, nanos) in [
            ("1ns", 1),
            ("2us", 2_000),
            ("2µs", 2_000),
            ("2μs", 2_000),
            ("3ms", 3_000_000),
            ("4s", 4_000_000_000),
            ("5m", 300_000_000_000),
            ("6h", 21_600_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1m1ms1ns", 60_001_000_001),
            ("1.5s", 1_500_000_000),
            (".5s1.us", 500_001_000),
            ("0.1ns", 1),
            ("1.0000000001s", 1_000_000_001),
            ("0s", 0),
        ] {
            assert_eq!(parse(text), Some(nanos), "{text}");
        }
        for text in ["", "1", "s", ".s", "1x", "1 s", "-1s", "1.5.2s", "1s2", "1sx"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_scaled_exactly_and_rounded_up() {
        for (number, exponent, unit, scale) in [
            ("12", 2, 3, 3600),
            ("1.25", 1, 10, 125),
            ("12", -2, 100, 12),
            ("12", -2, 1, 1),
            ("0", 99, 1, 0),
            ("0", -99, 1, 0),
            ("1", -99, 1, 1),
            ("1", 38, 1, 10u128.pow(38)),
            ("9", 38, 1, u128::MAX),
            ("1", 99, 1, u128::MAX),
        ] {
            assert_eq!(scaled(number, exponent, unit), Some(scale), "{number}e{exponent} {unit}");
        }
        // Beyond 25 digits, the others only round up.
        for (tail, units) in [("", 0), ("0", 0), ("1", 1), ("7", 1), ("11", 1), (".5", 1)] {
            let places = tail.bytes().filter(u8::is_ascii_digit).count() as u32;
            let power = if tail.starts_with('.') { 1 } else { 10u128.pow(places) };
            let number = format!("1{}{tail}", "0".repeat(24));
            assert_eq!(scaled(&number, 0, 1), Some((EXACT + units) * power), "{number}");
        }
        for number in ["", ".", "x", "1,5", "1.2.3"] {
            assert_eq!(scaled(number, 0, 1), None, "{number}");
        }
    }
}
