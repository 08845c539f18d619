//! Which requests of the journal are meant.

use std::ops::RangeInclusive;

use super::{Entry, Received};
use crate::base::limits::MAX_FILTER_BYTES;
use crate::base::pattern;
use crate::http::char_class::is_token;

/// What a request must have to be meant; at first every one is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only requests with a higher number are meant.
    since: Option<u64>,
    /// None with a higher number is meant.
    until: Option<u64>,
    method: Option<String>,
    /// A pattern.
    path: Option<String>,
    /// A pattern.
    target: Option<String>,
    status: Option<RangeInclusive<u16>>,
    fields: Vec<FieldFilter>,
}

/// A field that must be there.
#[derive(Clone, Debug, PartialEq)]
struct FieldFilter {
    name: String,
    /// A pattern.
    value: String,
}

/// What to write in place of a condition that is wrong.
pub type Advice = &'static str;

impl Filter {
    /// Only requests after the one with this number.
    pub fn since(&mut self, id: u64) {
        self.since = Some(id);
    }

    /// Only requests up to the one with this number.
    pub fn until(&mut self, id: u64) {
        self.until = Some(id);
    }

    /// Whether only requests after one with some number are meant.
    pub fn has_start(&self) -> bool {
        self.since.is_some()
    }

    /// Only those with this method, in any case.
    pub fn method(&mut self, name: &str) -> Result<(), Advice> {
        if !is_token(name) {
            return Err("expected a method, such as POST");
        }
        self.method = Some(name.to_owned());
        Ok(())
    }

    /// Only those whose path, percent-decoded and without the query, matches a pattern in which
    /// `*` is any text.
    pub fn path(&mut self, pattern: &str) -> Result<(), Advice> {
        if !pattern.starts_with(['/', '*']) {
            return Err("a path begins with `/` or `*`, such as /hook or */hook");
        }
        self.path = Some(bounded(pattern)?);
        Ok(())
    }

    /// Only those whose target, as it was sent and with the query, matches a pattern in which `*`
    /// is any text.
    pub fn target(&mut self, pattern: &str) -> Result<(), Advice> {
        self.target = Some(bounded(pattern)?);
        Ok(())
    }

    /// Only those with this status, such as `503`, or of this class, such as `5xx`.
    pub fn status(&mut self, text: &str) -> Result<(), Advice> {
        let class = text.strip_suffix("xx").and_then(|class| class.parse().ok());
        let status = match (class, text.parse()) {
            (Some(class @ 1..=9), _) => class * 100..=class * 100 + 99,
            (_, Ok(status @ 100..=999)) => status..=status,
            _ => return Err("expected a status, such as 503, or a class, such as 5xx"),
        };
        self.status = Some(status);
        Ok(())
    }

    /// Only those with a field of this name, in any case, and this value, in which `*` is any
    /// text. Called again, they need that one too.
    pub fn field(&mut self, name: &str, value: &str) -> Result<(), Advice> {
        if !is_token(name) {
            return Err("expected the name of a field, such as X-Id, or `X-Id: 7`");
        }
        let value = bounded(value.trim())?;
        self.fields.push(FieldFilter { name: name.to_owned(), value });
        Ok(())
    }

    /// Whether a request is meant. Each pattern takes at most as many steps as its length, which is
    /// bounded, times that of the text.
    pub fn matches(&self, entry: &Entry) -> bool {
        let (received, status) = (&*entry.received, entry.answer.status.0);
        let target = received.target.as_bytes();
        self.since.is_none_or(|since| entry.id > since)
            && self.until.is_none_or(|until| entry.id <= until)
            && self.method.as_ref().is_none_or(|name| received.method.eq_ignore_ascii_case(name))
            && self.status.as_ref().is_none_or(|range| range.contains(&status))
            && self.path.as_ref().is_none_or(|path| is_like(path, &received.path()))
            && self.target.as_ref().is_none_or(|pattern| is_like(pattern, target))
            && self.fields.iter().all(|field| field.is_in(received))
    }
}

impl FieldFilter {
    fn is_in(&self, received: &Received) -> bool {
        let is_this = |name: &[u8]| name.eq_ignore_ascii_case(self.name.as_bytes());
        let mut named = received.header_fields().filter(|field| is_this(field.name));
        named.any(|field| is_like(&self.value, field.value))
    }
}

fn is_like(pattern: &str, text: &[u8]) -> bool {
    pattern::matches(pattern.as_bytes(), text, |wanted, byte| wanted == byte)
}

fn bounded(pattern: &str) -> Result<String, Advice> {
    match pattern.len() <= MAX_FILTER_BYTES {
        true => Ok(pattern.to_owned()),
        false => Err("expected at most 256 bytes; write `*` for a part of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_a_bound() {
        let longest = "/".repeat(MAX_FILTER_BYTES);
        let mut filter = Filter::default();
        assert_eq!(filter.path(&longest), Ok(()));
        let advice = "expected at most 256 bytes; write `*` for a part of it";
        assert_eq!(filter.path(&format!("{longest}/")), Err(advice));
        assert_eq!(filter.field("a", &format!("{longest}/")), Err(advice));
        assert_eq!(filter.path, Some(longest), "a refused one changes nothing");
    }

    #[test]
    fn a_status_is_one_or_a_class() {
        for (text, range) in [
            ("200", Some(200..=200)),
            ("999", Some(999..=999)),
            ("5xx", Some(500..=599)),
            ("9xx", Some(900..=999)),
            ("99", None),
            ("1000", None),
            ("0xx", None),
            ("10xx", None),
            ("5x", None),
            ("xx", None),
            ("", None),
        ] {
            let mut filter = Filter::default();
            assert_eq!(filter.status(text).is_ok(), range.is_some(), "{text}");
            assert_eq!(filter.status, range, "{text}");
        }
    }
}
