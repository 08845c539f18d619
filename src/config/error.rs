//! What an operator got wrong, where, and what to do about it.

use std::fmt;
use std::path::PathBuf;

use super::settings::Setting;
use super::values::BadValue;

/// A usage or configuration error. Shown, it is the whole line an operator reads, starting with
/// `loiter: `; the exit code is 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// Where it was written.
    pub place: Place,
    /// The setting it is about, when it is about one.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub wrong: String,
    /// What to do next.
    pub advice: String,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The command line as a whole.
    Usage,
    /// This flag, without its dashes.
    Flag(&'static str),
    /// This word of the command line, with its single dash.
    GoFlag(String),
    /// This environment variable.
    Environment(String),
    /// This file and, where one is to blame, line.
    File(PathBuf, Option<usize>),
}

impl ConfigError {
    /// An error about no setting in particular.
    pub(crate) fn new(
        place: Place,
        wrong: impl Into<String>,
        advice: impl Into<String>,
    ) -> ConfigError {
        ConfigError { place, key: None, wrong: wrong.into(), advice: advice.into() }
    }

    /// A value that `row` does not take.
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

/// Everything that is wrong with a configuration, a line each; never empty.
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
    /// The place and a colon, or nothing for [`Place::Usage`].
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
