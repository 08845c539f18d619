//! Errors in the configuration: what is wrong, where, and what to do.

use std::fmt;
use std::path::PathBuf;

use crate::config::settings::Setting;
use crate::config::values::BadValue;

/// A usage or configuration error. Displayed, it is a complete line that starts with `loiter: `;
/// the exit status is 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where the value was given.
    pub place: Place,
    /// The setting that it concerns, if any.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub wrong: String,
    /// What to do next.
    pub advice: String,
}

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The command line as a whole.
    Usage,
    /// A flag, without its dashes.
    Flag(&'static str),
    /// One of go-httpbin's flags, with its single dash.
    GoFlag(String),
    /// An environment variable.
    Environment(String),
    /// A file, and a line of it if one is wrong.
    File(PathBuf, Option<usize>),
}

impl ConfigError {
    /// An error that concerns no single setting.
    pub(crate) fn new(
        place: Place,
        wrong: impl Into<String>,
        advice: impl Into<String>,
    ) -> ConfigError {
        ConfigError { place, key: None, wrong: wrong.into(), advice: advice.into() }
    }

    /// An invalid value for `row`.
    pub(crate) fn value(place: Place, row: &Setting, bad: BadValue) -> ConfigError {
        let advice = bad.advice.unwrap_or_else(|| format!("give {}", row.takes));
        ConfigError { place, key: Some(row.name), wrong: bad.wrong, advice }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "loiter: {}", self.place)?;
        if let (Place::File(..), Some(key)) = (&self.place, self.key) {
            write!(f, "{key}: ")?;
        }
        write!(f, "{}; {}", self.wrong, self.advice)
    }
}

impl std::error::Error for ConfigError {}

/// All errors in a configuration, one line each; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> ConfigErrors {
        ConfigErrors(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ConfigError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ConfigErrors {}

impl fmt::Display for Place {
    /// The place and a colon; empty for [`Place::Usage`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Usage => Ok(()),
            Place::Flag(name) => write!(f, "--{name}: "),
            Place::GoFlag(name) | Place::Environment(name) => write!(f, "{name}: "),
            Place::File(path, None) => write!(f, "{}: ", path.display()),
            Place::File(path, Some(line)) => write!(f, "{}:{line}: ", path.display()),
        }
    }
}
