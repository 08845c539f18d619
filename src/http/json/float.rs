//! Spells floats with the fewest digits that parse to the same value, as Python's `repr` or Go's
//! `encoding/json`.
//!
//! Most numbers have these digits already: no two decimals of 15 digits or fewer parse to the same
//! float (`DBL_DIG`), so such a number is only laid out anew, and never parsed.

use std::fmt::Write;

use arrayvec::{ArrayString, ArrayVec};

use super::Spelling;

/// Most digits that always survive parsing.
const SURE_DIGITS: usize = f64::DIGITS as usize;
/// Most digits that a float needs.
const MOST_DIGITS: usize = 17;
/// Beyond this power of ten floats lose digits, or are infinite.
const SURE_POINT: i32 = 290;

/// A number `0.DIGITS` times a power of ten.
struct Decimal {
    negative: bool,
    /// Without zeros at the start and the end; empty for zero.
    digits: ArrayVec<u8, MOST_DIGITS>,
    /// The power: how many digits are before the point.
    point: i32,
}

/// Appends a number of JSON; `None` if no float can express it.
pub(super) fn write(output: &mut Vec<u8>, spelling: Spelling, text: &str) -> Option<()> {
    let sure = |decimal: &Decimal| {
        decimal.digits.len() <= SURE_DIGITS && (-SURE_POINT..SURE_POINT).contains(&decimal.point)
    };
    let decimal = scan(text).filter(sure).or_else(|| shortest(text))?;
    decimal.write(output, spelling);
    Some(())
}

/// Whether a number of JSON fits a float. Without an exponent it is long if it does not.
pub(super) fn is_finite(text: &[u8]) -> bool {
    let short =
        text.len() < f64::MAX_10_EXP as usize && !text.contains(&b'e') && !text.contains(&b'E');
    let parse = || std::str::from_utf8(text).ok()?.parse().ok();
    short || parse().is_some_and(f64::is_finite)
}

/// The number as it is in the text; `None` if it has too many digits.
fn scan(text: &str) -> Option<Decimal> {
    let (mut negative, mut fraction, mut point) = (false, false, 0_i32);
    let mut digits = ArrayVec::new();
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'-' => negative = true,
            b'.' => fraction = true,
            b'e' | b'E' => {
                point = point.saturating_add(text.get(at + 1..)?.parse().ok()?);
                break;
            }
            b'0' if digits.is_empty() => point -= i32::from(fraction),
            digit => {
                digits.try_push(digit).ok()?;
                point += i32::from(!fraction);
            }
        }
    }
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    Some(Decimal { negative, digits, point })
}

/// The shortest number that parses to the same float, and of these the nearest.
fn shortest(text: &str) -> Option<Decimal> {
    let float = text.parse::<f64>().ok().filter(|float| float.is_finite())?;
    let mut spelled = ArrayString::<32>::new();
    write!(spelled, "{float:e}").ok()?;
    let decimal = scan(&spelled)?;
    // Of two that are equally near, Python and Go choose the even one and Rust the larger. They
    // are only if the float has one more binary place, and so one more decimal, than they have.
    let places = decimal.digits.len() as i32 - decimal.point;
    if places < 0 || binary_places(float) == places + 1 {
        // Rounding to as many digits gives the even one, which nearly always parses to the same.
        let last = decimal.digits.len().saturating_sub(1);
        let even = format!("{float:.last$e}");
        if even.parse() == Ok(float) {
            return scan(&even);
        }
    }
    Some(decimal)
}

/// How many places a float has behind its binary point; none or fewer for an integer.
fn binary_places(float: f64) -> i32 {
    const BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = float.abs().to_bits();
    let (exponent, fraction) = ((bits >> BITS) as i32, bits & ((1 << BITS) - 1));
    // A subnormal float (exponent 0) has no hidden bit, and the exponent of the smallest normal.
    let mantissa = fraction | u64::from(exponent > 0) << BITS;
    1075 - exponent.max(1) - mantissa.trailing_zeros() as i32
}

impl Decimal {
    /// Python uses an exponent of at least two digits below 1e-4 and from 1e16 on; Go below 1e-6
    /// and from 1e21 on, and writes no `.0`.
    fn write(&self, output: &mut Vec<u8>, spelling: Spelling) {
        let (plain, width) = match spelling {
            Spelling::Python => (-3..=16, 10),
            Spelling::Go => (-5..=21, 0),
        };
        let digits = self.digits.as_slice();
        if self.negative {
            output.push(b'-');
        }
        if digits.is_empty() || plain.contains(&self.point) {
            return self.write_plain(output, spelling);
        }
        let (first, rest) = digits.split_at_checked(1).unwrap_or_default();
        output.extend_from_slice(first);
        if !rest.is_empty() {
            output.push(b'.');
            output.extend_from_slice(rest);
        }
        let exponent = self.point - 1;
        output.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
        if exponent.unsigned_abs() < width {
            output.push(b'0');
        }
        output.extend_from_slice(itoa::Buffer::new().format(exponent.unsigned_abs()).as_bytes());
    }

    fn write_plain(&self, output: &mut Vec<u8>, spelling: Spelling) {
        const ZEROS: &[u8; 21] = b"000000000000000000000";
        let zeros = |count: usize| ZEROS.get(..count).unwrap_or(ZEROS);
        let digits = self.digits.as_slice();
        let point = if digits.is_empty() { 0 } else { self.point };
        let whole = usize::try_from(point).unwrap_or_default();
        let (before, after) = digits.split_at_checked(whole).unwrap_or((digits, b""));
        output.extend_from_slice(if before.is_empty() { b"0" } else { before });
        output.extend_from_slice(zeros(whole.saturating_sub(digits.len())));
        if !after.is_empty() {
            output.push(b'.');
            output.extend_from_slice(zeros(point.min(0).unsigned_abs() as usize));
            output.extend_from_slice(after);
        } else if spelling == Spelling::Python {
            output.extend_from_slice(b".0");
        }
    }
}
