//! Parsing of parameters in paths and queries: numbers and durations.
//!
//! Numbers are read as Python does for httpbin, durations as Go does for go-httpbin; both APIs
//! accept both. Durations are exact decimals, never floats, and rounded up: no answer is early.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use crate::base::duration;
use crate::base::limits::{Limits, MAX_INTEGER_DIGITS};
use crate::base::number::{is_digits, sign, trim, without_underscores};
use crate::base::text::shortened;
use crate::http::app::App;
use crate::http::compat::Compat;
use crate::http::reply::Refusal;
use crate::http::request::Request;
use crate::http::uri::query;

/// The value of a name in the query, or its default.
pub fn value<'a>(
    compat: &Compat,
    request: &Request<'a>,
    name: &str,
    default: &'static str,
) -> Cow<'a, str> {
    query::given(compat, query::first(request, name)).unwrap_or(Cow::Borrowed(default))
}

/// The longest delay of an answer, in microseconds.
pub fn max_duration_us(limits: &Limits) -> u64 {
    u64::try_from(limits.max_duration.as_micros()).unwrap_or(u64::MAX)
}

/// A duration in microseconds, rounded up: seconds as Python reads a float (`1`, `.25`, `1e-1`,
/// `inf`), or as Go writes them (`50ms`, `1.5s`, `1h2m`). Not limited: the caller does that. A
/// negative duration or any other text is refused.
pub fn duration_us(compat: &Compat, name: &str, text: &str) -> Result<u64, Refusal> {
    match duration::signed_us(text).filter(|_| is_read(compat, text)) {
        Some(micros) if micros >= 0 => Ok(micros.unsigned_abs()),
        Some(_) => Err(bad(name, text, "it is negative")),
        None => Err(bad(name, text, "expected seconds (1, .25) or a unit (50ms, 1.5s, 1h2m)")),
    }
}

/// A duration up to the longest delay: a longer one is clamped or refused, depending on the API.
pub fn bounded_duration_us(app: &App, name: &str, text: &str) -> Result<u64, Refusal> {
    let (asked, most) = (duration_us(app.compat, name, text)?, max_duration_us(&app.limits));
    match asked <= most || app.compat.clamps {
        true => Ok(asked.min(most)),
        false => {
            let hint = format!("it is longer than {:?}", app.limits.max_duration);
            Err(bad(name, text, &hint))
        }
    }
}

/// An integer path segment. httpbin's router matches ASCII digits only, so anything else is not
/// found; a number that is too large becomes the largest. go-httpbin refuses invalid numbers.
pub fn count(app: &App, name: &str, segment: &[u8]) -> Result<u64, Refusal> {
    if app.compat.go_numbers {
        let text = String::from_utf8_lossy(segment);
        let count = text.parse::<i64>().ok().and_then(|count| u64::try_from(count).ok());
        return count.ok_or_else(|| bad(name, &text, "expected an integer"));
    }
    match std::str::from_utf8(segment) {
        Ok(text) if is_digits(text) => Ok(text.parse().unwrap_or(u64::MAX)),
        _ => Err(Refusal::not_found()),
    }
}

/// A value within its limits: another one is clamped or refused, depending on the API. The caller
/// reports a clamped value with [`Reply::clamped`](crate::http::reply::Reply::clamped).
pub fn bounded(
    app: &App,
    name: &str,
    asked: u64,
    bounds: RangeInclusive<u64>,
) -> Result<u64, Refusal> {
    let (least, most) = (*bounds.start(), *bounds.end());
    match bounds.contains(&asked) || app.compat.clamps {
        true => Ok(asked.clamp(least, most)),
        false => {
            let hint = format!("it must be {least} to {most}");
            Err(bad(name, itoa::Buffer::new().format(asked), &hint))
        }
    }
}

/// An integer as Python's `int` reads it, with whitespace, sign, `_` and leading zeros; one that is
/// too large becomes the largest. Or as Go reads it, with a sign and leading zeros.
pub fn integer(compat: &Compat, name: &str, text: &str) -> Result<i64, Refusal> {
    let value = if compat.go_numbers { text.parse().ok() } else { python_integer(text) };
    value.ok_or_else(|| bad(name, text, "expected an integer"))
}

/// Whether the API accepts a text at all: whitespace and `_` are Python's.
pub fn is_read(compat: &Compat, text: &str) -> bool {
    let odd = |char: char| char == '_' || char.is_whitespace() || char.is_control();
    !(compat.go_numbers && text.contains(odd))
}

/// An integer in this range; others are refused in both APIs.
pub fn within(
    compat: &Compat,
    name: &str,
    text: &str,
    range: RangeInclusive<u64>,
) -> Result<u64, Refusal> {
    let value = u64::try_from(integer(compat, name, text)?).ok();
    let value = value.filter(|value| range.contains(value));
    let hint = || format!("it must be {} to {}", range.start(), range.end());
    value.ok_or_else(|| bad(name, text, &hint()))
}

/// An integer as Python's `int` reads it; `None` if it is invalid.
pub fn python_integer(text: &str) -> Option<i64> {
    let (negative, digits) = integer_digits(text)?;
    let value: i64 = digits.parse().unwrap_or(i64::MAX);
    Some(if negative { -value } else { value })
}

/// The digits of an integer of any size, without its sign.
pub fn digits<'a>(name: &str, text: &'a str) -> Result<Cow<'a, str>, Refusal> {
    match integer_digits(text) {
        Some((_, digits)) if digits.len() <= MAX_INTEGER_DIGITS => Ok(digits),
        Some(_) => Err(bad(name, text, "it has too many digits")),
        None => Err(bad(name, text, "expected an integer")),
    }
}

fn integer_digits(text: &str) -> Option<(bool, Cow<'_, str>)> {
    // The usual form.
    if is_digits(text) {
        return Some((false, Cow::Borrowed(text)));
    }
    let (negative, rest) = sign(trim(text));
    let digits = without_underscores(rest)?;
    is_digits(&digits).then_some((negative, digits))
}

/// A number as Python's `float` reads it, if it is finite.
pub fn python_float(text: &str) -> Option<f64> {
    let text = without_underscores(trim(text))?;
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The refusal of a value, which it quotes, shortened.
pub fn bad(name: &str, text: &str, hint: &str) -> Refusal {
    Refusal::bad(format!("bad {name} \"{}\": {hint}", shortened(text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
    use crate::http::status::Status;
    use proptest::prelude::*;

    #[test]
    fn durations_are_rounded_up() {
        for text in ["10ns", "1e-6", "0.0000001", "1e-999999", "0.1us", "1ns"] {
            assert_eq!(duration_us(&HTTPBIN, "delay", text).unwrap(), 1, "{text}");
        }
        assert_eq!(duration_us(&HTTPBIN, "delay", "1.0000001").unwrap(), 1_000_001);
        let long = format!("1.{}1", "0".repeat(60));
        assert_eq!(duration_us(&HTTPBIN, "delay", &long).unwrap(), 1_000_001);
    }

    #[test]
    fn durations_are_cut_or_refused() {
        let app = App::default();
        let go = App { compat: &GO_HTTPBIN, ..App::default() };
        assert_eq!(bounded_duration_us(&app, "delay", "inf"), Ok(10_000_000));
        assert_eq!(bounded_duration_us(&go, "delay", "10s"), Ok(10_000_000));
        let refusal = Refusal::bad("bad delay \"10.000001\": it is longer than 10s");
        assert_eq!(bounded_duration_us(&go, "delay", "10.000001"), Err(refusal));
    }

    #[test]
    fn bad_durations_are_named() {
        for text in [
            "", " ", "abc", "nan", "1x", "ms", "1h2", ".", "1..2", "1e", "_1", "1__0", "1_", "--1",
            "1 s", "0x1", "1ms2",
        ] {
            assert!(duration_us(&HTTPBIN, "delay", text).is_err(), "{text}");
        }
        let refusal = duration_us(&HTTPBIN, "delay", "-1").unwrap_err();
        assert_eq!(refusal, Refusal::bad("bad delay \"-1\": it is negative"));
        let long = duration_us(&HTTPBIN, "delay", &"é".repeat(50)).unwrap_err();
        assert!(long.reason.contains(&format!("\"{}…\"", "é".repeat(32))));
    }

    #[test]
    fn integers() {
        let app = App::default();
        let go = App { compat: &GO_HTTPBIN, ..App::default() };
        let count = |text: &[u8]| count(&app, "n", text);
        assert_eq!(count(b"007"), Ok(7));
        assert_eq!(count("9".repeat(50).as_bytes()), Ok(u64::MAX));
        for text in ["x", "", " 1", "1_0", "-1", "9223372036854775808"] {
            let refusal = super::count(&go, "n", text.as_bytes()).unwrap_err();
            assert_eq!(refusal.status, Status(400), "{text}");
        }
        assert_eq!(super::count(&go, "n", b"+02"), Ok(2));
        assert_eq!(bounded(&app, "n", 9, 1..=5), Ok(5));
        assert_eq!(bounded(&go, "n", 5, 1..=5), Ok(5));
        assert!(bounded(&go, "n", 0, 1..=5).is_err());
        assert_eq!(within(&HTTPBIN, "n", " 05", 1..=5), Ok(5));
        let refusal = Refusal::bad("bad n \"6\": it must be 1 to 5");
        assert_eq!(within(&HTTPBIN, "n", "6", 1..=5), Err(refusal));
        assert!(within(&HTTPBIN, "n", "-1", 0..=5).is_err());
        for text in ["", "-1", "+1", "1.5", "1_0", " 1", "x"] {
            assert_eq!(count(text.as_bytes()), Err(Refusal::not_found()), "{text}");
        }
        for (text, value) in
            [("200", 200), (" +2_00 ", 200), ("-0", 0), ("-12", -12), ("0200", 200)]
        {
            assert_eq!(python_integer(text), Some(value), "{text}");
        }
        for text in ["", "1.0", "0x1", "1 0", "_1", "1_", "+-1", "١"] {
            assert_eq!(python_integer(text), None, "{text}");
        }
        assert_eq!(digits("seed", "-1_0").unwrap(), "10");
        assert!(digits("seed", &"1".repeat(4301)).is_err());
    }

    #[test]
    fn go_reads_numbers_without_blanks_and_within_64_bits() {
        for text in [" 1", "1 ", "1_0", "\u{a0}1", ""] {
            assert!(duration_us(&GO_HTTPBIN, "delay", text).is_err(), "{text}");
            assert!(integer(&GO_HTTPBIN, "n", text).is_err(), "{text}");
        }
        assert_eq!(duration_us(&GO_HTTPBIN, "delay", "+.5"), Ok(500_000));
        assert_eq!(integer(&GO_HTTPBIN, "n", "-07"), Ok(-7));
        assert_eq!(integer(&HTTPBIN, "n", " 1_0"), Ok(10));
        assert!(integer(&GO_HTTPBIN, "n", "9223372036854775808").is_err());
        assert_eq!(integer(&HTTPBIN, "n", "9223372036854775808"), Ok(i64::MAX));
    }

    #[test]
    fn weights() {
        assert_eq!(python_float(" 1_0.5 "), Some(10.5));
        assert_eq!(python_float("1e1"), Some(10.0));
        for text in ["", "nan", "inf", "x", "1e999", "1__0"] {
            assert_eq!(python_float(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = (duration::signed_us(&text), python_integer(&text), python_float(&text));
        }

        #[test]
        fn a_duration_is_never_early(nanos in 0u64..1 << 50) {
            let seconds = format!("{}.{:09}", nanos / duration::SECOND, nanos % duration::SECOND);
            let micros = duration_us(&HTTPBIN, "delay", &seconds).unwrap();
            prop_assert_eq!(micros, nanos.div_ceil(1000));
            prop_assert_eq!(duration_us(&HTTPBIN, "delay", &format!("{nanos}ns")).unwrap(), micros);
        }
    }
}
