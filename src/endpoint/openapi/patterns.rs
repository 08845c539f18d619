//! Regular expressions for valid durations, and for words in any case. They use only what every
//! dialect supports: no look-around, no named classes.

use std::fmt::Write;

use crate::base::duration::signed_us;
use crate::endpoint::route::Sign;

/// Decimal seconds as Python reads them, with `_` and whitespace, or Go's format.
const UNBOUNDED: &str = concat!(
    r"((([0-9](_?[0-9])*(\.([0-9](_?[0-9])*)?)?|\.[0-9](_?[0-9])*)([eE][+-]?[0-9](_?[0-9])*)?",
    r"|[iI][nN][fF]([iI][nN][iI][tT][yY])?)",
    r"|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)",
);
/// The whitespace that Python strips from a number.
const BLANKS: &str = r"[\t-\r\x1c- ]*";

/// The units in nanoseconds.
const UNITS: [(&str, u64); 6] = [
    ("s?", 1_000_000_000),
    ("ms", 1_000_000),
    ("(us|µs|μs)", 1_000),
    ("ns", 1),
    ("m", 60 * 1_000_000_000),
    ("h", 3600 * 1_000_000_000),
];

/// Durations with this sign up to `most_us` microseconds, or of any length. Limited ones are one
/// number with one unit. Sums (`1m30s`), exponents, and fractions of a unit that is longer than the
/// limit are accepted too, but not described.
pub(super) fn duration(sign: Sign, most_us: Option<u64>) -> String {
    let Some(most_us) = most_us else {
        let sign = if sign == Sign::Any { "[+-]?" } else { "[+]?" };
        return format!("^{BLANKS}({sign}{UNBOUNDED}|-0+(\\.0*)?){BLANKS}$");
    };
    let mut terms = Vec::new();
    for (unit, nanos) in UNITS {
        let most = u128::from(most_us) * 1000 / u128::from(nanos);
        if most > 0 {
            terms.push(format!("({}){unit}", up_to(most)));
        }
    }
    if sign != Sign::Positive {
        terms.push(r"(0+(\.0*)?|\.0+)(s|ms|us|µs|μs|ns|m|h)?".to_owned());
    }
    format!("^[+]?({})$", terms.join("|"))
}

/// Whether the pattern describes a duration in this unit with the same limit.
pub(super) fn fits(text: &str, most_us: Option<u64>) -> bool {
    let micros = signed_us(text).and_then(|micros| u64::try_from(micros).ok());
    micros.is_some_and(|micros| most_us.is_none_or(|most| micros <= most))
}

/// Decimal numbers above zero and up to `most`, which is at least one.
fn up_to(most: u128) -> String {
    let fraction = r"(\.[0-9]*)?";
    let mut pattern = format!(r"0*{most}(\.0*)?|0*\.0*[1-9][0-9]*");
    let digits = most.to_string();
    if digits.len() > 1 {
        // Writing to a string cannot fail.
        let _ = write!(pattern, "|0*[1-9][0-9]{{0,{}}}{fraction}", digits.len() - 2);
    }
    // As many digits as `most` has, the first different one being smaller.
    for (at, digit) in digits.bytes().enumerate() {
        let least = if at == 0 { b'1' } else { b'0' };
        if digit > least {
            let (same, rest) = (digits.get(..at).unwrap_or_default(), digits.len() - at - 1);
            let (least, below) = (char::from(least), char::from(digit - 1));
            let _ = write!(pattern, "|0*{same}[{least}-{below}][0-9]{{{rest}}}{fraction}");
        }
    }
    pattern
}

/// These words in any case, and nothing else.
pub(super) fn any_case(words: &[&str]) -> String {
    let letter = |char: char| match char {
        'a'..='z' | 'A'..='Z' => {
            format!("[{}{}]", char.to_ascii_uppercase(), char.to_ascii_lowercase())
        }
        '[' | ']' => format!("\\{char}"),
        _ => char.to_string(),
    };
    let word = |word: &&str| word.chars().map(letter).collect::<String>();
    format!("^({})$", words.iter().map(word).collect::<Vec<_>>().join("|"))
}
