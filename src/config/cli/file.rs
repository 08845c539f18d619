//! The configuration file: TOML with one key per setting, all at the top level.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Given;
use super::error::{ConfigError, Place};
use crate::base::sort::sort_by;
use crate::config::settings::{Setting, Shape};
use crate::config::suggest::nearest;
use crate::config::values::BadValue;

/// Reads the values in the file at `path`, in its order, and the mistakes in it.
pub(crate) fn read(path: &Path) -> Vec<Result<Given, ConfigError>> {
    match std::fs::read_to_string(path) {
        Ok(text) => parse(path, &text),
        Err(error) => vec![Err(ConfigError::new(
            Place::File(path.to_owned(), None),
            format!("cannot be read: {error}"),
            "`loiter --print-config > FILE` writes a file to start from",
        ))],
    }
}

/// Parses `text`; `path` is only for error messages.
fn parse(path: &Path, text: &str) -> Vec<Result<Given, ConfigError>> {
    let source = Source { path, text };
    let table = match DeTable::parse(text) {
        Ok(table) => table.into_inner(),
        Err(error) => return vec![Err(source.syntax(&error))],
    };
    let mut keys: Vec<_> = table.iter().collect();
    sort_by(&mut keys, |one, other| one.0.span().start.cmp(&other.0.span().start));
    keys.into_iter().map(|(key, value)| source.given(key, value)).collect()
}

struct Source<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Source<'_> {
    fn given<K: AsRef<str>>(
        &self,
        key: &Spanned<K>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<Given, ConfigError> {
        let name = key.get_ref().as_ref();
        let place = self.place(key.span());
        let Some(row) = Setting::named(name) else {
            return Err(unknown(place, name, value.get_ref()));
        };
        let Some(text) = as_text(row, value.get_ref()) else {
            let kind = value.get_ref().type_str();
            let example = crate::config::print::assignment(row, &row.default_text());
            let example = format!("write it as in `{example}`");
            let bad = BadValue::new(format!("a value of type {kind} is not accepted"));
            return Err(ConfigError::value(place, row, bad.advise(example)));
        };
        Ok(Given { row, text, place })
    }

    fn syntax(&self, error: &toml::de::Error) -> ConfigError {
        let place = self.place(error.span().unwrap_or(0..0));
        let advice = match error.message().contains("duplicate") {
            true => "give each key once",
            false => "write `key = value`, with text in \"quotes\" and lists in [brackets]",
        };
        ConfigError::new(place, error.message().replace('\n', ", "), advice)
    }

    fn place(&self, span: Range<usize>) -> Place {
        let before = self.text.as_bytes().iter().take(span.start);
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        Place::File(self.path.to_owned(), Some(line))
    }
}

fn unknown(place: Place, name: &str, value: &DeValue<'_>) -> ConfigError {
    let advice = match nearest(name, Setting::all().map(|row| row.name)) {
        Some(known) => format!("did you mean `{known}`?"),
        None if value.is_table() => {
            "there are no tables: write every key at the top level".to_owned()
        }
        None => "`loiter --print-config` shows every key".to_owned(),
    };
    ConfigError::new(place, format!("unknown key `{name}`"), advice)
}

/// The value as it would be written for a flag; `None` for a type that the setting does not accept.
fn as_text(row: &Setting, value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) => {
            let exact = i64::from_str_radix(number.as_str(), number.radix());
            Some(exact.map_or_else(|_| number.to_string(), |number| number.to_string()))
        }
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(on) => Some(on.to_string()),
        DeValue::Array(items) if row.shape == Shape::List => {
            let texts: Option<Vec<&str>> =
                items.iter().map(|item| item.get_ref().as_str()).collect();
            texts.map(|texts| texts.join("\n"))
        }
        DeValue::Array(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}
