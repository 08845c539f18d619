//! Distributions of a duration: fixed, uniform, normal, log-normal, exponential and Pareto.

use std::f64::consts::TAU;
use std::fmt;
use std::ops::RangeInclusive;

use super::draw::{Draw, Use};
use crate::base::duration::{show_us, signed_us};
use crate::base::limits::MAX_FRACTION_DIGITS;
use crate::base::text::shortened;

/// The distribution of a duration. Times are in microseconds.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always this.
    Fixed(u64),
    /// Uniform between two, both included.
    Uniform(u64, u64),
    /// Normal, with its mean and standard deviation; a draw below 0 is 0.
    Normal(u64, u64),
    /// Log-normal, with its median and the standard deviation of its logarithm.
    LogNormal(u64, f64),
    /// Exponential, with its mean.
    Exp(u64),
    /// Pareto, with its least value and its shape.
    Pareto(u64, f64),
}

use Distribution::{Exp, Fixed, LogNormal, Normal, Pareto, Uniform};

/// The shape of a log-normal distribution: at 10, one draw in six is more than 20,000 medians.
const SIGMA: RangeInclusive<f64> = 0.0..=10.0;
/// The shape of a Pareto distribution: below 0.1 hardly any draw is within any bound, and above
/// 1000 all are the least value.
const ALPHA: RangeInclusive<f64> = 0.1..=1000.0;
/// What to write, for errors.
pub const FORMS: &str =
    "A..B, normal:MEAN:SD, lognormal:MEDIAN:SIGMA, exp:MEAN or pareto:MIN:ALPHA";

impl Distribution {
    /// Parses a duration, or a distribution of one. The error is what is wrong, as a sentence.
    pub fn parse(text: &str) -> Result<Distribution, String> {
        if let Some((least, most)) = text.split_once("..") {
            let (least, most) = (duration(least)?, duration(most)?);
            let reversed = || format!("`{}` ends before it begins", shortened(text));
            return if least <= most { Ok(Uniform(least, most)) } else { Err(reversed()) };
        }
        let Some((name, parameters)) = text.split_once(':') else {
            return duration(text).map(Fixed);
        };
        let two = || {
            let missing =
                || format!("`{}` has one parameter too few; write {FORMS}", shortened(text));
            parameters.split_once(':').ok_or_else(missing)
        };
        match name {
            "normal" => two().and_then(|(mean, sd)| Ok(Normal(duration(mean)?, duration(sd)?))),
            "lognormal" => two().and_then(|(median, sigma)| {
                Ok(LogNormal(duration(median)?, fraction("SIGMA", sigma, SIGMA)?))
            }),
            "exp" => duration(parameters).map(Exp),
            "pareto" => two().and_then(|(least, alpha)| {
                Ok(Pareto(duration(least)?, fraction("ALPHA", alpha, ALPHA)?))
            }),
            _ => Err(format!("`{}` is not a distribution; write {FORMS}", shortened(name))),
        }
    }

    /// The longest duration that was given for it, to be compared with the bound.
    pub fn longest_us(&self) -> u64 {
        match *self {
            Fixed(time) | LogNormal(time, _) | Exp(time) | Pareto(time, _) => time,
            Uniform(one, other) | Normal(one, other) => one.max(other),
        }
    }

    /// A duration in microseconds, rounded up. Not bounded.
    pub fn draw_us(&self, draw: Draw) -> u64 {
        let time = |micros: u64| micros as f64;
        // In 0.0..1.0, so that the logarithm of what is left to 1 is finite.
        let left = || 1.0 - draw.fraction(Use::Value);
        let micros = match *self {
            Fixed(micros) => return micros,
            Uniform(least, most) => {
                return least.saturating_add(draw.up_to(Use::Value, most.saturating_sub(least)));
            }
            Normal(mean, sd) => time(mean) + time(sd) * normal(draw),
            LogNormal(median, sigma) => time(median) * (sigma * normal(draw)).exp(),
            Exp(mean) => time(mean) * -left().ln(),
            Pareto(least, alpha) => time(least) * left().powf(-1.0 / alpha),
        };
        // The conversion makes a negative number 0 and one that is too large the largest.
        micros.ceil() as u64
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = show_us;
        match *self {
            Fixed(time) => f.write_str(&us(time)),
            Uniform(least, most) => write!(f, "{}..{}", us(least), us(most)),
            Normal(mean, sd) => write!(f, "normal:{}:{}", us(mean), us(sd)),
            LogNormal(median, sigma) => write!(f, "lognormal:{}:{sigma}", us(median)),
            Exp(mean) => write!(f, "exp:{}", us(mean)),
            Pareto(least, alpha) => write!(f, "pareto:{}:{alpha}", us(least)),
        }
    }
}

/// A draw from the standard normal distribution (Box and Muller's method).
fn normal(draw: Draw) -> f64 {
    let radius = (-2.0 * (1.0 - draw.fraction(Use::Value)).ln()).sqrt();
    radius * (TAU * draw.fraction(Use::Angle)).cos()
}

/// A duration in microseconds, read as `/delay` does. The error is what is wrong, as a sentence.
pub fn duration(text: &str) -> Result<u64, String> {
    let wrong = |what| format!("`{}` {what}", shortened(text));
    match signed_us(text) {
        Some(micros) => micros.try_into().map_err(|_| wrong("is negative")),
        None => Err(wrong("is not a duration; write 50ms, 1.5s, 1m30s or 0.25")),
    }
}

/// A number within a range: digits, with a point or without. No sign or exponent, so that it is
/// written as short as it was read.
pub fn fraction(what: &str, text: &str, range: RangeInclusive<f64>) -> Result<f64, String> {
    let plain = text.trim_start_matches('0').len() <= MAX_FRACTION_DIGITS
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let number = text.parse().ok().filter(|number| plain && range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        format!("{what} `{}` is not a number from {least} to {most}, such as 0.5", shortened(text))
    })
}
