//! Durations as Go writes them and as Python reads seconds, and exact multiples of decimal numbers.

use super::number::{is_digits, sign, trim, without_underscores};

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

/// Microseconds of a duration with its sign, rounded up: seconds as Python reads a float (`1`,
/// `.25`, `1e-1`, `inf`), or as Go writes them (`50ms`, `-1.5s`). One that is too long becomes the
/// longest; `None` if it is invalid.
pub fn signed_us(text: &str) -> Option<i64> {
    let text = trim(text);
    let (negative, rest) = sign(text);
    let nanos = seconds_ns(rest).or_else(|| parse(rest))?;
    let micros = i64::try_from(nanos.div_ceil(1000)).unwrap_or(i64::MAX);
    Some(if negative { -micros } else { micros })
}

/// Nanoseconds of a number of seconds as Python reads it, rounded up.
fn seconds_ns(text: &str) -> Option<u128> {
    if text.eq_ignore_ascii_case("inf") || text.eq_ignore_ascii_case("infinity") {
        return Some(u128::MAX);
    }
    let text = without_underscores(text)?;
    let (number, exponent) = match text.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, self::exponent(exponent)?),
        None => (text.as_ref(), 0),
    };
    scaled(number, exponent, SECOND)
}

/// An exponent, clamped to where every number is infinite or zero.
fn exponent(text: &str) -> Option<i64> {
    const ENDLESS: i64 = 1_000_000;
    let (negative, digits) = sign(text);
    if !is_digits(digits) {
        return None;
    }
    let exponent = digits.parse().unwrap_or(ENDLESS).min(ENDLESS);
    Some(if negative { -exponent } else { exponent })
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

/// Removes spaces, as in `1 h 30 m`. `None` if one is between two digits, or a dot is not.
pub fn compact(text: &str) -> Option<String> {
    let digit = |char: char| char.is_ascii_digit();
    let joins_digits = |pair: &[&str]| pair[0].ends_with(digit) && pair[1].starts_with(digit);
    let words: Vec<&str> = text.split_whitespace().collect();
    let dotted: Vec<&str> = text.split('.').collect();
    let valid = !words.windows(2).any(joins_digits) && dotted.windows(2).all(joins_digits);
    valid.then(|| words.concat())
}

/// Writes a duration in microseconds exactly, in the largest unit below it: `150us`, `137.204ms`,
/// `1.5s`.
pub fn show_us(micros: u64) -> String {
    let (unit, places) = match micros {
        0 | 1_000_000.. => ("s", 6),
        1_000.. => ("ms", 3),
        _ => ("us", 0),
    };
    let scale = 10u64.pow(places as u32);
    let fraction = format!("{:0places$}", micros % scale);
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{}{point}{fraction}{unit}", micros / scale)
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
    fn seconds_as_python_reads_them() {
        for (text, micros) in [
            ("1", 1_000_000),
            (".25", 250_000),
            ("5.", 5_000_000),
            ("1e-1", 100_000),
            ("1E1", 10_000_000),
            ("+1_0", 10_000_000),
            (" 1\t", 1_000_000),
            ("0", 0),
            ("-0.0", 0),
            ("0e999999999999", 0),
            ("1.1", 1_100_000),
            ("0.29", 290_000),
            ("inf", i64::MAX),
            ("1e400", i64::MAX),
            ("-inf", -i64::MAX),
            ("-1", -1_000_000),
        ] {
            assert_eq!(signed_us(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn durations_as_go_writes_them() {
        for (text, micros) in [
            ("50ms", 50_000),
            ("1.5s", 1_500_000),
            ("1h2m", 3_720_000_000),
            (".5s", 500_000),
            ("1us", 1),
            ("1µs", 1),
            ("1μs", 1),
            ("-5ms", -5_000),
            ("0s", 0),
        ] {
            assert_eq!(signed_us(text), Some(micros), "{text}");
        }
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_duration() {
        for (micros, text) in [
            (0, "0s"),
            (1, "1us"),
            (999, "999us"),
            (1_000, "1ms"),
            (137_204, "137.204ms"),
            (1_000_000, "1s"),
            (1_500_000, "1.5s"),
            (60_000_001, "60.000001s"),
            (u64::MAX >> 1, "9223372036854.775807s"),
        ] {
            assert_eq!(show_us(micros), text);
            assert_eq!(signed_us(text), i64::try_from(micros).ok(), "{text}");
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
