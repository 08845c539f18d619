//! What a route can be told in its path and its query.
//!
//! A row describes a parameter exactly: the page, the API's descriptions and the tests take from it
//! which values are answered and which are refused.

use crate::endpoint::params::max_duration_us;
use crate::http::app::App;
use crate::http::compat::Compat;

/// What may be said in a path or a query.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name; `*` for any name.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it takes.
    pub kind: Kind,
    /// What it is when it is not said; for one that must be said a value to try.
    pub default: Option<&'static str>,
    /// What it is for, in one line.
    pub about: &'static str,
    /// What becomes of a value beyond its bounds.
    pub beyond: Beyond,
    /// The setting that is its upper bound, in place of the one of its kind.
    pub ceiling: Option<Ceiling>,
    /// A regular expression for the texts it takes, if not any.
    pub pattern: Option<&'static str>,
    /// For any name: which names there may be.
    pub names: Option<Names>,
    /// Whether it must be said.
    pub required: bool,
    /// Whether an empty value counts as none, whoever's ways are followed.
    pub blank: bool,
    /// What it is under `--compat go-httpbin`, if that differs.
    pub go: Option<&'static Param>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number in this range, of at most 64 bits where nothing else bounds it.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// Seconds, or a number with a unit.
    Duration(Sign),
    /// `1` and `true`, or anything else.
    Switch,
    /// One of these.
    Choice(&'static [&'static str], Others),
}

/// Which durations a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// All; one below zero counts as zero.
    Any,
    /// Zero and more.
    NonNegative,
    /// More than zero.
    Positive,
}

/// What becomes of a text that is none of a parameter's choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Others {
    /// It is refused.
    Refused,
    /// It is refused, unless it differs in nothing but upper and lower case.
    RefusedInAnyCase,
    /// It is taken, and counts as the first choice or for nothing.
    Taken,
}

/// What becomes of a value beyond the bounds of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// It is cut to them in httpbin's ways and refused in go-httpbin's.
    AsProfile,
    /// It is refused.
    Refused,
    /// It is refused below them and cut to them above.
    CutAbove,
    /// It is cut to them.
    Cut,
}

/// An upper bound that the operator sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// `--max-bytes`.
    Bytes,
    /// `--max-body-size`.
    Body,
    /// As many pieces of this many bytes as an answer over time may have: one at least, and in
    /// httpbin's ways no more than a fixed number, whatever `--max-body-size` is.
    Pieces(u64),
    /// `--max-duration`, in microseconds.
    Duration,
    /// Half of it: of two durations that share it, what fits whatever the other one is.
    HalfDuration,
}

impl Ceiling {
    /// The flag that sets it, if one does now.
    pub fn flag(self, app: &App) -> Option<&'static str> {
        let body = app.compat.most_streamed(&app.limits) == app.limits.body_bytes;
        match self {
            Ceiling::Bytes => Some("--max-bytes"),
            Ceiling::Body => Some("--max-body-size"),
            Ceiling::Pieces(_) => Some("--max-body-size").filter(|_| body),
            Ceiling::Duration | Ceiling::HalfDuration => Some("--max-duration"),
        }
    }

    /// What it is now: bytes, pieces or microseconds.
    pub fn of(self, app: &App) -> u64 {
        let limits = &app.limits;
        match self {
            Ceiling::Bytes => limits.max_bytes,
            Ceiling::Body => limits.body_bytes,
            Ceiling::Pieces(bytes) => (app.compat.most_streamed(limits) / bytes.max(1)).max(1),
            Ceiling::Duration => max_duration_us(limits),
            Ceiling::HalfDuration => max_duration_us(limits) / 2,
        }
    }
}

/// Which names a query may hold where it may hold any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Names {
    /// A regular expression for them.
    pub pattern: &'static str,
    /// Those of them, in any case, that mean something else or are refused.
    pub except: &'static [&'static str],
}

impl Param {
    /// A segment of the path, with a value to try.
    pub const fn path(
        name: &'static str,
        kind: Kind,
        sample: &'static str,
        about: &'static str,
    ) -> Param {
        let (place, default) = (Place::Path, Some(sample));
        Param { place, default, required: true, ..Param::query(name, kind, about) }
    }

    /// A name in the query, which may be left out.
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

    /// The same with what it is when left out.
    pub const fn or(mut self, default: &'static str) -> Param {
        self.default = Some(default);
        self
    }

    /// The same, but for what becomes of values beyond its bounds.
    pub const fn beyond(mut self, beyond: Beyond) -> Param {
        self.beyond = beyond;
        self
    }

    /// The same up to what a setting allows.
    pub const fn up_to(mut self, ceiling: Ceiling) -> Param {
        self.ceiling = Some(ceiling);
        self
    }

    /// The same, and empty is as good as left out.
    pub const fn blank(mut self) -> Param {
        self.blank = true;
        self
    }

    /// The same for texts of this pattern.
    pub const fn like(mut self, pattern: &'static str) -> Param {
        self.pattern = Some(pattern);
        self
    }

    /// The same, which must be said, with a value to try.
    pub const fn sample(mut self, sample: &'static str) -> Param {
        self.required = true;
        self.or(sample)
    }

    /// The same, but this one under `--compat go-httpbin`.
    pub const fn go(mut self, param: &'static Param) -> Param {
        self.go = Some(param);
        self
    }

    /// Whether an empty value counts as none.
    pub fn may_be_blank(&self, compat: &Compat) -> bool {
        let none = self.blank || compat.empty_is_absent;
        none && self.place == Place::Query && !self.required
    }
}
