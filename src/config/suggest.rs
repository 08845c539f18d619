//! "Did you mean": the known word nearest to one that is not known.

/// Words people try, and what loiter calls it.
const OTHER_WORDS: [(&str, &str); 10] = [
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

/// The one of `known` that `word` may have been meant for.
pub(crate) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('_', "-");
    let other = OTHER_WORDS.iter().find(|(tried, _)| *tried == word).map(|(_, name)| *name);
    let (distance, name) = known
        .map(|name| (if other == Some(name) { 0 } else { distance(&word, name) }, name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1.max(word.len() / 3)).then_some(name)
}

/// Levenshtein's: letters to add, drop or change to make one word of the other. Only one row of
/// the matrix is kept.
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (from, to, expected) in
            [("", "abc", 3), ("abc", "abc", 0), ("worker", "workers", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(from, to), expected);
            assert_eq!(distance(to, from), expected);
        }
    }

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
