//! Modifiers as they are given: from the five carriers to a list of settings, and back to a text.

use std::fmt;

use super::row::{Kind, Name};
use super::rows::ROWS;
use super::value::Value;
use super::{BadModifier, Carrier};
use crate::base::limits::MAX_MODIFIER_HEADERS;
use crate::base::text::nearest;
use crate::http::uri::percent::{form_decode, percent_decode};

/// The modifiers that one carrier has. The default has none.
///
/// Written, it is a `;`-list that parses back to the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Modifiers {
    /// Where they were given.
    pub carrier: Carrier,
    /// Each name once, in the order of the rows; `header` repeatedly, in the order given.
    settings: Vec<Setting>,
}

/// One modifier and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The modifier.
    pub name: Name,
    /// Its value; `None` clears what carriers of lower precedence gave.
    pub value: Option<Value>,
}

/// Words that others use for a modifier.
const SYNONYMS: [(&str, &str); 14] = [
    ("latency", "delay"),
    ("sleep", "delay"),
    ("wait", "delay"),
    ("jitter", "delay"),
    ("code", "status"),
    ("bandwidth", "rate"),
    ("throttle", "rate"),
    ("chunk", "piece"),
    ("abort", "fault"),
    ("close", "fault"),
    ("hang", "fault"),
    ("reset", "fault"),
    ("stall", "fault"),
    ("truncate", "fault"),
];

impl Modifiers {
    /// None yet, from this carrier.
    pub fn new(carrier: Carrier) -> Modifiers {
        Modifiers { carrier, settings: Vec::new() }
    }

    /// Parses a `;`-list: a field, or `--with`.
    pub fn parse(text: &str, carrier: Carrier) -> Result<Modifiers, BadModifier> {
        let mut modifiers = Modifiers::new(carrier);
        modifiers.add_list(text.as_bytes())?;
        Ok(modifiers)
    }

    /// Adds a `;`-list, such as a field's value as it was sent. A comma separates too if a known
    /// name and `=` follow it: proxies join fields with commas. A `~` before a name is ignored.
    pub fn add_list(&mut self, raw: &[u8]) -> Result<(), BadModifier> {
        let mut rest = raw;
        while !rest.is_empty() {
            let end = memchr::memchr2_iter(b';', b',', rest).find(|&at| separates(rest, at));
            let (item, after) =
                rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or_default();
            rest = after.get(1..).unwrap_or_default();
            let (name, value) = split(item.trim_ascii());
            let (name, value) = (name.trim_ascii_end(), value.map(<[u8]>::trim_ascii_start));
            if !name.is_empty() || value.is_some() {
                self.add_bytes(&percent_decode(name), value.map(percent_decode).as_deref())?;
            }
        }
        Ok(())
    }

    /// Adds one segment of a path as it was sent, its `~` included: `~delay=1s`.
    pub fn add_segment(&mut self, raw: &[u8]) -> Result<(), BadModifier> {
        let decoded = percent_decode(raw);
        let (name, value) = split(&decoded);
        self.add_bytes(name, value)
    }

    /// Adds the pairs of a query, as it was sent, whose names begin with one `~`: `~~x` is the
    /// argument `~x`. The others are skipped.
    pub fn add_query(&mut self, raw: &[u8]) -> Result<(), BadModifier> {
        for (name, value) in raw.split(|&byte| byte == b'&').map(split) {
            let name = form_decode(name);
            if name.starts_with(b"~") && !name.starts_with(b"~~") {
                self.add_bytes(&name, value.map(form_decode).as_deref())?;
            }
        }
        Ok(())
    }

    fn add_bytes(&mut self, name: &[u8], value: Option<&[u8]>) -> Result<(), BadModifier> {
        let text = |bytes| {
            std::str::from_utf8(bytes).map_err(|_| {
                let lossy = String::from_utf8_lossy(name);
                BadModifier::new(self.carrier, bare(&lossy), "it is not valid UTF-8")
            })
        };
        let (name, value) = (text(name)?, value.map(text).transpose()?);
        self.add(name, value)
    }

    /// Adds one modifier, decoded. A `~` before its name is ignored. The same name replaces an
    /// earlier one of this carrier.
    pub fn add(&mut self, name: &str, value: Option<&str>) -> Result<(), BadModifier> {
        let name = bare(name);
        let bad = |reason: String| {
            let equals = if value.is_some() { "=" } else { "" };
            let modifier = [name, equals, value.unwrap_or_default()].concat();
            BadModifier::new(self.carrier, &modifier, reason)
        };
        let found = Name::parse(name).ok_or_else(|| bad(unknown(name)))?;
        let row = found.row();
        if value.is_none() && row.kind != Kind::Flag {
            return Err(bad(format!("its value is missing; write {}", row.usage())));
        }
        let value = value.unwrap_or_default();
        let value =
            Value::parse(row, value).map_err(|reason| bad(reason + self.carrier.apart(value)))?;
        let fields = self.settings.iter().filter(|setting| setting.name == Name::Header).count();
        if found == Name::Header && fields == MAX_MODIFIER_HEADERS {
            return Err(bad(format!("it is given more than {MAX_MODIFIER_HEADERS} times")));
        }
        if found != Name::Cut {
            self.set(Setting { name: found, value });
        }
        Ok(())
    }

    fn set(&mut self, setting: Setting) {
        let added = setting.name == Name::Header && setting.value.is_some();
        if !added {
            self.settings.retain(|other| other.name != setting.name);
        }
        let at = self.settings.partition_point(|other| other.name <= setting.name);
        self.settings.insert(at, setting);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.settings.is_empty()
    }

    /// The settings, in the order of the rows.
    pub fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }
}

impl Carrier {
    /// How several modifiers are written, if a bad value looks as if it contained some.
    fn apart(self, value: &str) -> &'static str {
        let bytes = value.as_bytes();
        let mut commas = memchr::memchr_iter(b',', bytes);
        let several = value.contains([';', '&', '~']) || commas.any(|at| separates(bytes, at));
        match self {
            Carrier::Path if several => "; several are written /~delay=1s/~status=503",
            Carrier::Query if several => "; several are written ?~delay=1s&~status=503",
            _ => "",
        }
    }
}

impl fmt::Display for Modifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, setting) in self.settings.iter().enumerate() {
            write!(f, "{}{setting}", if at == 0 { "" } else { "; " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.text();
        match &self.value {
            None => write!(f, "{name}=none"),
            Some(Value::Flag) => f.write_str(name),
            Some(value) => write!(f, "{name}={value}"),
        }
    }
}

/// A modifier's name without the `~` that marks it.
fn bare(name: &str) -> &str {
    name.strip_prefix('~').unwrap_or(name)
}

/// The name and the value, if there is a `=`.
fn split(item: &[u8]) -> (&[u8], Option<&[u8]>) {
    let at = memchr::memchr(b'=', item);
    match at.and_then(|at| item.split_at_checked(at)) {
        Some((name, value)) => (name, value.get(1..)),
        None => (item, None),
    }
}

/// Whether the `;` or `,` at this place ends an item of a list.
fn separates(list: &[u8], at: usize) -> bool {
    if list.get(at) == Some(&b';') {
        return true;
    }
    let after = list.get(at + 1..).unwrap_or_default().trim_ascii_start();
    let after = after.strip_prefix(b"~").unwrap_or(after);
    let end = after.iter().position(|byte| !byte.is_ascii_lowercase()).unwrap_or(after.len());
    let (name, rest) = after.split_at_checked(end).unwrap_or_default();
    let known = || std::str::from_utf8(name).is_ok_and(|name| Name::parse(name).is_some());
    rest.trim_ascii_start().starts_with(b"=") && known()
}

fn unknown(name: &str) -> String {
    let known = || ROWS.iter().map(|row| row.name.text());
    match nearest(name, known(), &SYNONYMS) {
        Some(near) => format!("there is no such modifier; did you mean {near}?"),
        None => {
            let names = known().collect::<Vec<&str>>().join(", ");
            format!("there is no such modifier; there are {names}")
        }
    }
}
