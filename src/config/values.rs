//! Values: numbers, sizes, durations, switches and choices, parsed and written.
//!
//! What a `show` function writes parses back to the same value, so the output of `--print-config`
//! is a configuration file.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::base::duration::{self, compact};
use crate::base::size;
pub(crate) use crate::base::size::show as show_size;

/// An invalid value: what is wrong and, where [`Setting::takes`](crate::config::Setting::takes)
/// would not help, what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadValue {
    /// What is wrong; it names the value.
    pub wrong: String,
    /// What to write instead.
    pub advice: Option<String>,
}

impl BadValue {
    /// An error without advice.
    pub fn new(wrong: impl Into<String>) -> BadValue {
        BadValue { wrong: wrong.into(), advice: None }
    }

    /// The same error with advice.
    pub fn advise(self, advice: impl Into<String>) -> BadValue {
        BadValue { advice: Some(advice.into()), ..self }
    }
}

impl fmt::Display for BadValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.wrong)?;
        self.advice.iter().try_for_each(|advice| write!(f, "; {advice}"))
    }
}

impl std::error::Error for BadValue {}

/// A whole number within `range`.
pub(crate) fn number(text: &str, range: RangeInclusive<u64>) -> Result<u64, BadValue> {
    let number = whole(text).ok_or_else(|| BadValue::new(format!("`{text}` is not a number")))?;
    within(text, number, range)
}

/// A limit from 1 to `most`; `off` for none.
pub(crate) fn limit(text: &str, most: u64) -> Result<Option<u64>, BadValue> {
    if text.eq_ignore_ascii_case("off") { Ok(None) } else { number(text, 1..=most).map(Some) }
}

/// Writes a limit.
pub(crate) fn show_limit(limit: Option<u64>) -> String {
    limit.map_or("off".to_owned(), |most| most.to_string())
}

/// A size in bytes within `range`; see [`size::parse`].
pub(crate) fn size(text: &str, range: RangeInclusive<u64>) -> Result<u64, BadValue> {
    let bytes =
        size::parse(text).ok_or_else(|| BadValue::new(format!("`{text}` is not a size")))?;
    let bytes =
        u64::try_from(bytes).map_err(|_| BadValue::new(format!("`{text}` is too large")))?;
    within(text, bytes, range)
}

/// A span of time: `500ms`, `1.5s`, `2m`, `1h30m`, or plain seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, BadValue> {
    let nanos = compact(text).and_then(|text| {
        duration::scaled(&text, 0, duration::SECOND).or_else(|| duration::parse(&text))
    });
    let nanos = nanos.ok_or_else(|| BadValue::new(format!("`{text}` is not a duration")))?;
    if nanos > LONGEST.as_nanos() {
        return Err(BadValue::new(format!("`{text}` is too long"))
            .advise(format!("the longest is {}", show_duration(LONGEST))));
    }
    // Below LONGEST, so it fits.
    Ok(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
}

/// A duration that cannot be zero: zero would close every connection at once.
pub(crate) fn timeout(text: &str) -> Result<Duration, BadValue> {
    let timeout = duration(text)?;
    if timeout.is_zero() {
        return Err(BadValue::new(format!("`{text}` would close every connection at once"))
            .advise("give a time, such as 10s (zero does not mean without limit)"));
    }
    Ok(timeout)
}

/// Writes a duration with the largest unit that divides it.
pub(crate) fn show_duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    let divides =
        |(unit, scale): &(&str, u64)| unit.is_ascii() && nanos.is_multiple_of(u128::from(*scale));
    let whole = duration::UNITS.into_iter().rev().filter(|_| nanos > 0).find(divides);
    let (unit, scale) = whole.unwrap_or(("s", duration::SECOND));
    format!("{}{unit}", nanos / u128::from(scale))
}

/// On or off, by any of their usual names.
pub(crate) fn switch(text: &str) -> Result<bool, BadValue> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "on" | "yes" | "1" => Ok(true),
        "false" | "off" | "no" | "0" => Ok(false),
        _ => Err(BadValue::new(format!("`{text}` is neither on nor off"))),
    }
}

/// The items of a [list](crate::config::Shape::List) between commas; empty ones are left out.
pub(crate) fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n'])
        .map(|item| item.trim_matches([' ', '\t']))
        .filter(|item| !item.is_empty())
}

/// The value called `text` in `table`, ignoring case.
pub(crate) fn choice<T: Copy>(text: &str, table: &[(&str, T)]) -> Result<T, BadValue> {
    let row = table.iter().find(|(name, _)| name.eq_ignore_ascii_case(text));
    let unknown = || BadValue::new(format!("`{text}` is not one of its values"));
    row.map(|(_, value)| *value).ok_or_else(unknown)
}

/// The name of `value` in `table`.
pub(crate) fn show_choice<T: PartialEq>(value: &T, table: &[(&str, T)]) -> String {
    table.iter().find(|(_, row)| row == value).map_or("", |(name, _)| name).to_owned()
}

/// Longest duration that can be set: far beyond any use, and safe from overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

fn within(text: &str, number: u64, range: RangeInclusive<u64>) -> Result<u64, BadValue> {
    let (least, most) = range.into_inner();
    if number < least {
        return Err(BadValue::new(format!("`{text}` is too small; the least is {least}")));
    }
    if number > most {
        return Err(BadValue::new(format!("`{text}` is too large; the most is {most}")));
    }
    Ok(number)
}

/// A number of digits alone: `parse` would accept a sign.
fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        let read = |text| size(text, 0..=u64::MAX);
        for (text, bytes) in [
            ("0", 0),
            ("1048576", 1 << 20),
            ("64KiB", 64 << 10),
            ("1k", 1024),
            ("1.5 MiB", 3 << 19),
            ("10MB", 10_000_000),
            ("2g", 2 << 30),
        ] {
            assert_eq!(read(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "-1", "+1", "1x", "1.", ".5", "1.5.5", "1e3", "one"] {
            assert_eq!(read(text).unwrap_err().wrong, format!("`{text}` is not a size"));
        }
        assert_eq!(read("99999999999GiB").unwrap_err().wrong, "`99999999999GiB` is too large");
    }

    #[test]
    fn durations_are_read_exactly() {
        for (text, nanos) in [
            ("0", 0),
            ("10", 10_000_000_000),
            ("0.25", 250_000_000),
            ("500ms", 500_000_000),
            ("1.5s", 1_500_000_000),
            ("2m", 120_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("1 h 30 m", 5_400_000_000_000),
            ("1m0.5s", 60_500_000_000),
            ("7\u{b5}s", 7000),
            ("7\u{3bc}s", 7000),
            ("7us", 7000),
            ("3ns", 3),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_nanos(nanos)), "{text}");
        }
        for text in ["", "s", "-1s", "10 parsecs", "1h30", "1.s", "ms5", "1d"] {
            assert_eq!(duration(text).unwrap_err().wrong, format!("`{text}` is not a duration"));
        }
        assert_eq!(duration("9000h").unwrap_err().advice.unwrap(), "the longest is 8760h");
        assert!(timeout("0s").unwrap_err().wrong.contains("at once"));
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same_value() {
        for bytes in [0, 1, 1000, 1024, 1025, 3 << 19, 1 << 20, 1 << 40, u64::MAX] {
            assert_eq!(size(&show_size(bytes), 0..=u64::MAX), Ok(bytes), "{}", show_size(bytes));
        }
        for nanos in [0, 1, 1500, 1_000_000, 75_000_000_000, 60_000_000_000, 5_400_000_000_000] {
            let value = Duration::from_nanos(nanos);
            assert_eq!(duration(&show_duration(value)), Ok(value), "{}", show_duration(value));
        }
        assert_eq!(show_duration(Duration::ZERO), "0s");
        assert_eq!(show_duration(Duration::from_secs(75)), "75s");
    }

    #[test]
    fn numbers_stay_within_their_range() {
        assert_eq!(number("128", 1..=128), Ok(128));
        assert_eq!(
            number("129", 1..=128).unwrap_err().wrong,
            "`129` is too large; the most is 128"
        );
        assert_eq!(number("0", 1..=128).unwrap_err().wrong, "`0` is too small; the least is 1");
        assert_eq!(number("many", 1..=128).unwrap_err().wrong, "`many` is not a number");
        assert_eq!(number("+1", 1..=128).unwrap_err().wrong, "`+1` is not a number");
    }
}
