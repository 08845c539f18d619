//! Parameters in paths and queries.
//!
//! A row describes a parameter exactly: the page, the API's descriptions and the tests derive from
//! it which values are accepted and which are refused.

use crate::base::limits::MAX_SPAN;
use crate::endpoint::params::max_duration_us;
use crate::http::app::App;
use crate::http::compat::Compat;

/// A parameter of a path or a query.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name; `*` for any name.
    pub name: &'static str,
    /// Where it is.
    pub place: Place,
    /// Its type.
    pub kind: Kind,
    /// Its default; for a required parameter a sample.
    pub default: Option<&'static str>,
    /// A summary, in one line.
    pub about: &'static str,
    /// What happens to a value out of range.
    pub beyond: Beyond,
    /// The setting that is its upper limit, in place of its type's.
    pub ceiling: Option<Ceiling>,
    /// Regular expression for valid texts, if not all are.
    pub pattern: Option<&'static str>,
    /// For any name: the valid names.
    pub names: Option<Names>,
    /// Whether it is required.
    pub required: bool,
    /// Whether an empty value counts as missing in both APIs.
    pub blank: bool,
    /// The parameter for `--compat go-httpbin`, if it differs.
    pub go: Option<&'static Param>,
}

/// Where a parameter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// The type of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An integer in this range, of at most 64 bits if there is no other limit.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// Seconds, or a number with a unit.
    Duration(Sign),
    /// `1` and `true`; anything else is false.
    Switch,
    /// One of these.
    Choice(&'static [&'static str], Others),
}

/// The valid signs of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// Any; a negative one counts as zero.
    Any,
    /// Zero or more.
    NonNegative,
    /// More than zero.
    Positive,
}

/// What happens to a text that is none of the choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// It is refused.
    Refused,
    /// It is refused, unless it differs only in case.
    RefusedInAnyCase,
    /// It is accepted, as the first choice or as no choice.
    Taken,
}

/// What happens to a value out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It is clamped in httpbin and refused in go-httpbin.
    AsProfile,
    /// It is refused.
    Refused,
    /// It is refused below the range and clamped above.
    CutAbove,
    /// It is clamped.
    Cut,
}

/// An upper limit that the operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// `--max-bytes`.
    Bytes,
    /// `--max-body-size`.
    Body,
    /// The number of pieces of this many bytes that an answer may have: at least one, and in
    /// httpbin at most a fixed number, whatever `--max-body-size` is.
    Pieces(u64),
    /// `--max-duration`, in microseconds.
    Duration,
    /// Half of it: if two durations share it, one that is valid whatever the other is.
    HalfDuration,
    /// A year, in microseconds: for what nothing waits for.
    Year,
}

impl Ceiling {
    /// The flag that sets it, if one does.
    pub fn flag(self, app: &App) -> Option<&'static str> {
        let body = app.compat.most_streamed(&app.limits) == app.limits.body_bytes;
        match self {
            Ceiling::Bytes => Some("--max-bytes"),
            Ceiling::Body => Some("--max-body-size"),
            Ceiling::Pieces(_) => Some("--max-body-size").filter(|_| body),
            Ceiling::Duration | Ceiling::HalfDuration => Some("--max-duration"),
            Ceiling::Year => None,
        }
    }

    /// Its value: bytes, pieces or microseconds.
    pub fn of(self, app: &App) -> u64 {
        let limits = &app.limits;
        match self {
            Ceiling::Bytes => limits.max_bytes,
            Ceiling::Body => limits.body_bytes,
            Ceiling::Pieces(bytes) => (app.compat.most_streamed(limits) / bytes.max(1)).max(1),
            Ceiling::Duration => max_duration_us(limits),
            Ceiling::HalfDuration => max_duration_us(limits) / 2,
            Ceiling::Year => MAX_SPAN.as_micros() as u64,
        }
    }
}

/// The names that a query may have if any name is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// Regular expression for them.
    pub pattern: &'static str,
    /// Exceptions, in any case: they have another meaning or are refused.
    pub except: &'static [&'static str],
}

impl Param {
    /// A path segment, with a sample.
    pub const fn path(
        name: &'static str,
        kind: Kind,
        sample: &'static str,
        about: &'static str,
    ) -> Param {
        let (place, default) = (Place::Path, Some(sample));
        Param { place, default, required: true, ..Param::query(name, kind, about) }
    }

    /// An optional name in the query.
    pub const fn query(name: &'static str, kind: Kind, about: &'static str) -> Param {
        Param {
            name,
            place: Place::Query,
            kind,
            default: None,
            about,
            beyond: Beyond::AsProfile,
            ceiling: None,
            pattern: None,
            names: None,
            required: false,
            blank: false,
            go: None,
        }
    }

    /// Any of these names in the query, each with a text.
    pub const fn any(names: Names, about: &'static str) -> Param {
        Param { names: Some(names), ..Param::query("*", Kind::Text, about) }
    }

    /// Sets the default.
    pub const fn or(mut self, default: &'static str) -> Param {
        self.default = Some(default);
        self
    }

    /// Sets what happens to values out of range.
    pub const fn beyond(mut self, beyond: Beyond) -> Param {
        self.beyond = beyond;
        self
    }

    /// Sets the setting that limits it.
    pub const fn up_to(mut self, ceiling: Ceiling) -> Param {
        self.ceiling = Some(ceiling);
        self
    }

    /// Makes an empty value count as missing.
    pub const fn blank(mut self) -> Param {
        self.blank = true;
        self
    }

    /// Sets the pattern of valid texts.
    pub const fn like(mut self, pattern: &'static str) -> Param {
        self.pattern = Some(pattern);
        self
    }

    /// Makes it required, with a sample.
    pub const fn sample(mut self, sample: &'static str) -> Param {
        self.required = true;
        self.or(sample)
    }

    /// Sets the parameter for `--compat go-httpbin`.
    pub const fn go(mut self, param: &'static Param) -> Param {
        self.go = Some(param);
        self
    }

    /// Whether an empty value counts as missing.
    pub fn may_be_blank(&self, compat: &Compat) -> bool {
        let none = self.blank || compat.empty_is_absent;
        none && self.place == Place::Query && !self.required
    }
}
