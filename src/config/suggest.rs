//! "Did you mean": the known name that is most like an unknown one.

use crate::base::text;

/// Names from other programs, and loiter's for the same setting.
const SYNONYMS: [(&str, &str); 10] = [
    ("port", "listen"),
    ("host", "listen"),
    ("bind", "listen"),
    ("address", "listen"),
    ("addr", "listen"),
    ("threads", "workers"),
    ("timeout", "keep-alive-timeout"),
    ("body-limit", "max-body-size"),
    ("verbose", "log-level"),
    ("file", "config"),
];

/// The one of `known` that `word` is most like; see [`text::nearest`].
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    text::nearest(word, known, &SYNONYMS)
}
