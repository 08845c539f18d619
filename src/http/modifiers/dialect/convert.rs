//! How the values of other programs' words become values of modifiers.

use crate::base::duration;
use crate::base::limits::{MAX_MODIFIER_HEADER_BYTES, MAX_MODIFIER_TEXT_BYTES};
use crate::base::number::is_digits;
use crate::base::text::shortened;
use crate::http::json::{self, reencode};

/// How the value of a word becomes a modifier's.
#[derive(Debug)]
pub(super) enum How {
    /// The value behind this text.
    Behind(&'static str),
    /// This, whatever the value is.
    Always(&'static str),
    /// One of these texts, and what each becomes.
    OneOf(&'static [(&'static str, &'static str)]),
    /// A whole number, with this unit behind it. The word of this name, if there is one, is the
    /// percentage of requests to which it applies.
    Number {
        /// The unit.
        unit: &'static str,
        /// The other word.
        percentage: &'static str,
    },
    /// fortio's `VALUE`, or `VALUE:PERCENTAGE,…`, where the rest of 100 is nothing.
    Percentages {
        /// Whether values are durations, which have a unit.
        duration: bool,
    },
    /// fortio's `true`, or anything else but `false` and a percentage.
    Switch,
    /// A number of bytes of text.
    Filler,
    /// Echo-Server's `200-404-503`, one of which is drawn.
    Codes,
    /// Echo-Server's body: JSON, or a text that becomes a JSON string.
    Json,
    /// Echo-Server's `One:1, Two:2`.
    Fields,
    /// A media type.
    MediaType,
    /// A whole number with Apache's unit: d, h, mi, s, ms or us; s if there is none.
    ApacheTime,
    /// curltest's number of chunks, each of `chunk_size` bytes.
    Chunks,
    /// curltest's chunked coding, unless there is `with_cl`.
    Framing,
    /// curltest's `close`, after `close_delay` if there is one.
    CloseDelay,
    /// curltest's `timeout` or `reset`, after the first chunk.
    BodyError,
    /// curltest's field of so many bytes.
    LongField,
    /// No modifier does this; what to do instead.
    Refused(&'static str),
}

/// curltest's chunk size, if the request has none; also the largest.
const CHUNK: usize = 16 * 1024;
/// What is left of 100 after a sum that is 100.
const ROUNDING: f64 = 1e-6;
/// The units of Apache's durations, and ours.
const UNITS: [(&str, &str, u64); 6] = [
    ("us", "us", 1),
    ("ms", "ms", 1),
    ("mi", "m", 1),
    ("s", "s", 1),
    ("h", "h", 1),
    ("d", "h", 24),
];

/// The values of a modifier that a value becomes; `find` returns the value of another word. The
/// error is what is wrong, as a sentence.
pub(super) fn values<'a>(
    how: &How,
    value: &str,
    find: &impl Fn(&str) -> Option<&'a str>,
) -> Result<Vec<String>, String> {
    let one = match how {
        How::Behind(start) => [start, value].concat(),
        How::Always(text) => (*text).to_owned(),
        How::OneOf(texts) => one_of(texts, value)?.to_owned(),
        How::Number { unit, percentage } => {
            let (number, percentage) = (number(value)?, find(percentage));
            return with_percentage(format!("{number}{unit}"), percentage);
        }
        How::Percentages { duration } => percentages(value, *duration)?,
        How::Switch => return switch(value),
        How::Filler => filler('x', number(value)?)?,
        How::Codes => codes(value)?,
        How::Json => quoted(value),
        How::Fields => return Ok(value.split(", ").map(trimmed_field).collect()),
        How::MediaType => ["Content-Type:", media_type(value)?].concat(),
        How::ApacheTime => apache_time(value)?,
        How::Chunks => filler('X', number(value)?.saturating_mul(chunk_size(find)?))?,
        How::Framing => if find("with_cl").is_some() { "length" } else { "chunked" }.to_owned(),
        How::CloseDelay => apache_time(find("close_delay").unwrap_or("0"))?,
        How::BodyError => {
            let kind = one_of(&[("timeout", "truncate"), ("reset", "reset")], value)?;
            format!("{kind}:{}", chunk_size(find)?)
        }
        How::LongField => long_field(number(value)?)?,
        How::Refused(instead) => return Err((*instead).to_owned()),
    };
    Ok(vec![one])
}

fn number(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|_| is_digits(text));
    number.ok_or_else(|| format!("`{}` is not a whole number", shortened(text)))
}

fn one_of<'a>(texts: &[(&str, &'a str)], value: &str) -> Result<&'a str, String> {
    let found = texts.iter().find(|(text, _)| *text == value).map(|(_, becomes)| *becomes);
    found.ok_or_else(|| {
        let texts = texts.iter().map(|(text, _)| *text).collect::<Vec<&str>>().join(" or ");
        format!("`{}` is not {texts}", shortened(value))
    })
}

/// A value that applies to this percentage of requests: to all, if there is none.
fn with_percentage(value: String, percentage: Option<&str>) -> Result<Vec<String>, String> {
    match percentage.map(number).transpose()? {
        None | Some(100) => Ok(vec![value]),
        Some(percent @ 0..100) => Ok(vec![format!("{value}@{}", percent as f64 / 100.0)]),
        Some(_) => Err("its percentage is more than 100".to_owned()),
    }
}

fn percentages(text: &str, durations: bool) -> Result<String, String> {
    let value = |text: &str| {
        let good = !durations || duration::parse(text).is_some();
        let bad = || format!("`{}` is not a duration such as 150us or 1.5s", shortened(text));
        good.then(|| text.to_owned()).ok_or_else(bad)
    };
    if !text.contains([',', ':']) {
        return value(text);
    }
    let (mut list, mut rest) = (String::new(), 100.0);
    for part in text.split(',') {
        let (before, percent) =
            part.split_once(':').ok_or("each value of a list has a percentage, as in 2ms:5")?;
        let percent = percent.strip_suffix('%').unwrap_or(percent);
        let percent = percent.parse().ok().filter(|percent| (0.0..=100.0).contains(percent));
        let percent: f64 = percent.ok_or("a percentage is a number from 0 to 100")?;
        list += &format!("{}@{percent},", value(before)?);
        rest -= percent;
    }
    if rest < -ROUNDING {
        return Err("its percentages are more than 100 together".to_owned());
    }
    Ok(format!("{list}none@{}", if rest > ROUNDING { rest } else { 0.0 }))
}

fn switch(text: &str) -> Result<Vec<String>, String> {
    match text.parse::<f64>() {
        Err(_) if matches!(text, "" | "false") => Ok(Vec::new()),
        Ok(0.0) => Ok(Vec::new()),
        Ok(100.0) | Err(_) => Ok(vec![String::new()]),
        Ok(_) => Err("`last` has no chance; write true".to_owned()),
    }
}

fn filler(char: char, bytes: usize) -> Result<String, String> {
    if bytes > MAX_MODIFIER_TEXT_BYTES {
        let most = MAX_MODIFIER_TEXT_BYTES;
        return Err(format!("its body has at most {most} bytes here; request /bytes/{bytes}"));
    }
    Ok(char.to_string().repeat(bytes))
}

fn long_field(bytes: usize) -> Result<String, String> {
    if bytes > MAX_MODIFIER_HEADER_BYTES {
        return Err(format!("a field has at most {MAX_MODIFIER_HEADER_BYTES} bytes; use x-hd"));
    }
    // The last of the bytes is the NUL of a C string.
    Ok(["X-Mega-Header:", &"Y".repeat(bytes.saturating_sub(1))].concat())
}

fn codes(text: &str) -> Result<String, String> {
    let codes = text.split('-').map(number).collect::<Result<Vec<usize>, String>>()?;
    let codes = codes.iter().map(|code| code.to_string());
    Ok(codes.collect::<Vec<String>>().join(","))
}

fn quoted(text: &str) -> String {
    if reencode::is_json(text) {
        return text.to_owned();
    }
    let mut string = Vec::new();
    json::escape(&mut string, text);
    format!("\"{}\"", String::from_utf8_lossy(&string))
}

fn trimmed_field(field: &str) -> String {
    let (name, value) = field.split_once(':').unwrap_or((field, ""));
    [name.trim(), ":", value.trim()].concat()
}

fn media_type(text: &str) -> Result<&str, String> {
    let whole = text.contains('/').then_some(text);
    whole.ok_or_else(|| format!("`{}` is not a media type such as text/html", shortened(text)))
}

fn apache_time(text: &str) -> Result<String, String> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end).unwrap_or_default();
    let unit = if unit.is_empty() { "s" } else { unit };
    let known = UNITS.iter().find(|(apache, ..)| apache.eq_ignore_ascii_case(unit));
    let (_, ours, times) = known.ok_or("its unit is not d, h, mi, s, ms or us")?;
    Ok(format!("{}{ours}", (number(digits)? as u64).saturating_mul(*times)))
}

fn chunk_size<'a>(find: &impl Fn(&str) -> Option<&'a str>) -> Result<usize, String> {
    match find("chunk_size").map_or(Ok(CHUNK), number)? {
        size @ ..=CHUNK => Ok(size),
        _ => Err(format!("chunk_size is at most {CHUNK}")),
    }
}
