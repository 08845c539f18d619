//! The values of modifiers: parsed as their rows require, and written so that they read back equal.

use std::fmt;
use std::str::FromStr;

use super::choice::Choice;
use super::distribution::{Distribution, duration};
use super::fault;
use super::handshake::HandshakeFault;
use super::plan::{Fault, Frame, ReadSpeed};
use super::row::{Kind, Name, Row};
use crate::base::duration::show_us;
use crate::base::limits::{MAX_MODIFIER_HEADER_BYTES, MAX_RATE_LIMIT, MAX_SLOTS, MAX_SPAN};
use crate::base::number::is_digits;
use crate::base::size;
use crate::base::text::{nearest, shortened};
use crate::http::certificate::Certificate;
use crate::http::char_class::{has_no_controls, is_field_value, is_token};
use crate::http::rate_limit::Limit;
use crate::http::status::Status;
use crate::http::tls_facts::TlsVersion;
use crate::http::uri::percent::{AsciiSet, all_but, percent_encode};

/// A modifier's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The modifier has none.
    Flag,
    /// A time.
    Time(Choice<Distribution>),
    /// Bytes.
    Size(Choice<Bytes>),
    /// How a request's body is read.
    Read(Choice<ReadSpeed>),
    /// A status code.
    Status(Choice<Code>),
    /// A framing.
    Frame(Choice<Frame>),
    /// A fault.
    Fault(Choice<Fault>),
    /// The places of a queueing server, and how long each request takes one.
    Slots(u32, Choice<Distribution>),
    /// A rate limit.
    Limit(Limit),
    /// A field's name and value.
    Header(String, String),
    /// A text.
    Text(String),
    /// The first and last number of the requests that are modified, from 1; `u32::MAX`: no last.
    Times(u32, u32),
    /// When the time begins and ends, in microseconds; `u64::MAX`: it does not end.
    Since(u64, u64),
    /// A period and its first part that counts, in microseconds.
    Every(u64, u64),
    /// A seed.
    Seed(u64),
    /// A certificate with one thing wrong.
    Certificate(Certificate),
    /// What breaks a handshake.
    Handshake(Choice<HandshakeFault>),
    /// A version of TLS.
    Tls(Choice<TlsVersion>),
}

/// A size, written with the largest unit that divides it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bytes(pub u64);

/// A status code, written as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub Status);

/// Fields that frame an answer or manage its connection, and the one that shows what was done.
const REFUSED_FIELDS: [&str; 8] = [
    "Connection",
    "Content-Length",
    "Transfer-Encoding",
    "TE",
    "Trailer",
    "Upgrade",
    "Keep-Alive",
    "Loiter",
];

impl Value {
    /// Parses a value, which is percent-decoded; `None` is `none`. The error is what is wrong, and
    /// what to write, as a sentence.
    pub fn parse(row: &Row, text: &str) -> Result<Option<Value>, String> {
        if text == "none" {
            return Ok(None);
        }
        if text.is_empty() && row.needs_value() {
            return Err(format!("its value is missing; write {}", expected(row)));
        }
        let wrong = || format!("`{}` is not {}", shortened(text), expected(row));
        let value = match row.kind {
            Kind::Time => Value::Time(Choice::parse(text, '@', Distribution::parse)?),
            Kind::Size(least, most) => {
                Value::Size(Choice::parse(text, '@', |text| bytes(text, least, most).map(Bytes))?)
            }
            Kind::Read => Value::Read(Choice::parse(text, '@', read_speed)?),
            Kind::Status => Value::Status(Choice::parse(text, ':', code)?),
            Kind::Frame => Value::Frame(Choice::parse(text, '@', frame)?),
            Kind::Fault => Value::Fault(Choice::parse(text, '@', fault::parse)?),
            Kind::Slots => slots(text).unwrap_or_else(|| Err(wrong()))?,
            Kind::Limit => limit(text)?.ok_or_else(wrong)?,
            Kind::Header => header(text)?,
            Kind::Text(most) => Value::Text(within(text, most)?.to_owned()),
            Kind::Line(most) => line(within(text, most)?)?,
            Kind::Flag if text.is_empty() => Value::Flag,
            Kind::Flag => return Err("it takes no value".to_owned()),
            Kind::Times => times(text).ok_or_else(wrong)?,
            Kind::Since => since(text)?.ok_or_else(wrong)?,
            Kind::Every => every(text)?.ok_or_else(wrong)?,
            Kind::Seed => seed(text).ok_or_else(wrong)?,
            Kind::With => return Err(wrong()),
            // What an answer shows has no effect when it is pasted back.
            Kind::Cut if text.split(',').all(|name| Name::parse(name).is_some()) => Value::Flag,
            Kind::Cut => return Err(wrong()),
            Kind::Certificate => Value::Certificate(certificate(text)?),
            Kind::Handshake => Value::Handshake(Choice::parse(text, '@', HandshakeFault::parse)?),
            Kind::TlsVersion => Value::Tls(Choice::parse(text, '@', tls_version)?),
        };
        Ok(Some(value))
    }

    /// The longest duration given in it, which must be within the bound on waits; 0 without one.
    pub fn longest_us(&self) -> u64 {
        match self {
            Value::Time(time) | Value::Slots(_, time) => {
                time.values().map(Distribution::longest_us).max().unwrap_or_default()
            }
            _ => 0,
        }
    }
}

/// What to write, for errors.
fn expected(row: &Row) -> String {
    let (syntax, sample) = (row.syntax, row.sample);
    if syntax == sample { syntax.to_owned() } else { format!("{syntax}, such as {sample}") }
}

fn bytes(text: &str, least: u64, most: u64) -> Result<u64, String> {
    let shown = shortened(text);
    let Some(bytes) = size::parse(text) else {
        return Err(format!("`{shown}` is not a size; write bytes, or with a unit: 64KiB, 10MB"));
    };
    let bytes = u64::try_from(bytes).ok().filter(|bytes| (least..=most).contains(bytes));
    bytes.ok_or_else(|| format!("`{shown}` is out of range: {least} to {}", size::show(most)))
}

fn read_speed(text: &str) -> Result<ReadSpeed, String> {
    if text == "hang" { Ok(ReadSpeed::Hang) } else { bytes(text, 1, u64::MAX).map(ReadSpeed::Rate) }
}

fn code(text: &str) -> Result<Code, String> {
    let shown = shortened(text);
    match number::<u16>(text) {
        Some(101) => Err("101 would change the protocol of the connection".to_owned()),
        Some(code @ 100..=599) => Ok(Code(Status(code))),
        _ => Err(format!("`{shown}` is not a status code; write 100 to 599")),
    }
}

fn frame(text: &str) -> Result<Frame, String> {
    let found = Frame::ALL.into_iter().find(|frame| frame.name() == text);
    found.ok_or_else(|| format!("`{}` is not length, chunked or close", shortened(text)))
}

fn tls_version(text: &str) -> Result<TlsVersion, String> {
    let found = TlsVersion::ALL.into_iter().find(|version| version.number() == text);
    found.ok_or_else(|| format!("`{}` is not 1.2 or 1.3", shortened(text)))
}

fn certificate(text: &str) -> Result<Certificate, String> {
    Certificate::parse(text).ok_or_else(|| {
        let known = Certificate::ALL.map(Certificate::name);
        let shown = shortened(text);
        match nearest(text, known.into_iter(), &[]) {
            Some(near) => format!("`{shown}` is not a certificate; did you mean {near}?"),
            None => format!("`{shown}` is not a certificate; write {}", known.join(", ")),
        }
    })
}

/// `None`: it does not begin with a number of places.
fn slots(text: &str) -> Option<Result<Value, String>> {
    let (places, time) = text.split_once(':')?;
    let places = number::<u32>(places)?;
    if !(1..=MAX_SLOTS).contains(&places) {
        return Some(Err(format!("`{places}` places are out of range: 1 to {MAX_SLOTS}")));
    }
    let time = Choice::parse(time, '@', Distribution::parse);
    Some(time.map(|time| Value::Slots(places, time)))
}

fn limit(text: &str) -> Result<Option<Value>, String> {
    let mut parts = text.splitn(3, ':');
    let (requests, window) = (parts.next().and_then(number::<u32>), parts.next());
    let Some((requests, window)) = requests.zip(window) else { return Ok(None) };
    if !(1..=MAX_RATE_LIMIT).contains(&requests) {
        return Err(format!("`{requests}` requests are out of range: 1 to {MAX_RATE_LIMIT}"));
    }
    let window_us = span(window)?;
    let field = parts.next().map(str::to_owned);
    let is_sound = window_us > 0 && field.as_deref().is_none_or(is_token);
    Ok(is_sound.then_some(Value::Limit(Limit { requests, window_us, field })))
}

fn header(text: &str) -> Result<Value, String> {
    let (name, value) =
        within(text, MAX_MODIFIER_HEADER_BYTES)?.split_once(':').unwrap_or_default();
    let value = value.trim_matches([' ', '\t']);
    if !is_token(name) {
        return Err(format!("`{}` is not NAME:VALUE, such as Retry-After:5", shortened(text)));
    }
    if !is_field_value(value) || !has_no_controls(value) {
        return Err("a field's value has no control characters".to_owned());
    }
    if REFUSED_FIELDS.iter().any(|refused| refused.eq_ignore_ascii_case(name)) {
        return Err(format!("`{name}` is not to be replaced: the server frames the answer"));
    }
    Ok(Value::Header(name.to_owned(), value.to_owned()))
}

/// A text of at most so many bytes.
fn within(text: &str, most: usize) -> Result<&str, String> {
    let long = || format!("it is longer than {most} bytes");
    if text.len() <= most { Ok(text) } else { Err(long()) }
}

fn line(text: &str) -> Result<Value, String> {
    if !has_no_controls(text) {
        return Err("it has control characters".to_owned());
    }
    Ok(Value::Text(text.to_owned()))
}

fn times(text: &str) -> Option<Value> {
    let (from, to) = match text.split_once("..") {
        Some((from, "")) => (number(from)?, u32::MAX),
        Some((from, to)) => (number(from)?, number(to)?),
        None => (1, number(text)?),
    };
    (1 <= from && from <= to).then_some(Value::Times(from, to))
}

fn since(text: &str) -> Result<Option<Value>, String> {
    let Some((from, to)) = text.split_once("..") else { return Ok(None) };
    let from = span(from)?;
    let to = if to.is_empty() { u64::MAX } else { span(to)? };
    Ok((from < to).then_some(Value::Since(from, to)))
}

fn every(text: &str) -> Result<Option<Value>, String> {
    let Some((period, part)) = text.split_once(':') else { return Ok(None) };
    let (period_text, part_text) = (period, part);
    let (period, part) = (span(period)?, span(part)?);
    if part > period {
        let (part, period) = (shortened(part_text), shortened(period_text));
        return Err(format!("`{part}` is longer than the period, `{period}`; write PERIOD:TIME"));
    }
    Ok((period > 0).then_some(Value::Every(period, part)))
}

/// A time that nothing waits for.
fn span(text: &str) -> Result<u64, String> {
    let most = MAX_SPAN.as_micros();
    let micros = duration(text)?;
    let long = || format!("`{}` is longer than {}h", shortened(text), MAX_SPAN.as_secs() / 3600);
    if u128::from(micros) <= most { Ok(micros) } else { Err(long()) }
}

fn seed(text: &str) -> Option<Value> {
    let hexadecimal = text.len() <= 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16).ok().filter(|_| hexadecimal).map(Value::Seed)
}

/// A number of digits alone: `parse` would accept a sign.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| is_digits(text))
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Flag => Ok(()),
            Value::Time(time) => time.fmt(f),
            Value::Size(size) => size.fmt(f),
            Value::Read(speed) => speed.fmt(f),
            Value::Status(code) => code.fmt(f),
            Value::Frame(frame) => frame.fmt(f),
            Value::Fault(fault) => fault.fmt(f),
            Value::Slots(places, time) => write!(f, "{places}:{time}"),
            Value::Limit(limit) => limit.fmt(f),
            Value::Header(name, value) => write!(f, "{}:{}", Encoded(name), Encoded(value)),
            Value::Text(text) => Encoded(text).fmt(f),
            Value::Times(1, to) if *to < u32::MAX => write!(f, "{to}"),
            Value::Times(from, u32::MAX) => write!(f, "{from}.."),
            Value::Times(from, to) => write!(f, "{from}..{to}"),
            Value::Since(from, u64::MAX) => write!(f, "{}..", show_us(*from)),
            Value::Since(from, to) => write!(f, "{}..{}", show_us(*from), show_us(*to)),
            Value::Every(period, part) => write!(f, "{}:{}", show_us(*period), show_us(*part)),
            Value::Seed(seed) => write!(f, "{seed:x}"),
            Value::Certificate(certificate) => certificate.fmt(f),
            Value::Handshake(fault) => fault.fmt(f),
            Value::Tls(version) => version.fmt(f),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.requests, show_us(self.window_us))?;
        let field = self.field.as_deref();
        field.map_or(Ok(()), |field| write!(f, ":{}", Encoded(field)))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&size::show(self.0))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.0.fmt(f)
    }
}

/// A text with everything percent-encoded that would end it in any carrier.
#[derive(Clone, Copy, Debug)]
pub struct Encoded<'a>(pub &'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNSAFE: AsciiSet = all_but(b":=@!$'()*");
        let mut text = String::new();
        percent_encode(&mut text, self.0, &UNSAFE);
        f.write_str(&text)
    }
}
