//! "Did you mean": the known name that is most like an unknown one.

use strsim::levenshtein;

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

/// The one of `known` that `word` is most like, if it differs in at most a third of its letters.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('_', "-");
    let synonym = SYNONYMS.iter().find(|(tried, _)| *tried == word).map(|(_, name)| *name);
    let (distance, name) = known
        .map(|name| (if synonym == Some(name) { 0 } else { levenshtein(&word, name) }, name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1.max(word.len() / 3)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_near_is_suggested() {
        let nearest = |word| nearest(word, ["workers", "listen", "max-body-size"].into_iter());
        assert_eq!(nearest("worker"), Some("workers"));
        assert_eq!(nearest("MAX_BODY_SIZE"), Some("max-body-size"));
        assert_eq!(nearest("max-body"), None);
        assert_eq!(nearest("port"), Some("listen"));
        assert_eq!(nearest("zebra"), None);
        assert_eq!(nearest("threads"), Some("workers"));
    }
}
