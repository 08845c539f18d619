//! Texts from outside in messages: shortened, or with the known name that was probably meant.

use std::borrow::Cow;

use strsim::osa_distance;

use super::limits::MAX_QUOTED_BYTES;

/// A text as a message quotes it: shortened if it is longer than [`MAX_QUOTED_BYTES`].
pub fn shortened(text: &str) -> Cow<'_, str> {
    let end = (0..=MAX_QUOTED_BYTES.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    match text.get(..end.unwrap_or_default()).unwrap_or_default() {
        start if start.len() < text.len() => Cow::Owned(format!("{start}…")),
        _ => Cow::Borrowed(text),
    }
}

/// How many edits make `known` of a word, two letters in the wrong order counting as one; `None` if
/// that is more than a third of its letters.
pub fn edits(word: &str, known: &str) -> Option<usize> {
    let most = 1.max(word.len() / 3);
    // The distance takes time in proportion to both lengths.
    let may_be = word.len().abs_diff(known.len()) <= most;
    may_be.then(|| osa_distance(word, known)).filter(|edits| *edits <= most)
}

/// "Did you mean": the one of `known` that `word` is most like, if it differs in at most a third
/// of its letters; two in the wrong order count as one. `synonyms` are words that others use, each
/// with ours.
pub fn nearest<'a>(
    word: &str,
    known: impl Iterator<Item = &'a str>,
    synonyms: &[(&str, &str)],
) -> Option<&'a str> {
    // Shortened, since the distance takes time in proportion to both lengths.
    let word = shortened(word).to_ascii_lowercase().replace('_', "-");
    let synonym = synonyms.iter().find(|(tried, _)| *tried == word).map(|(_, name)| *name);
    let (distance, name) = known
        .map(|name| (if synonym == Some(name) { 0 } else { osa_distance(&word, name) }, name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1.max(word.len() / 3)).then_some(name)
}

/// Bytes in hexadecimal, two digits each, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(half.into(), 16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_ends_at_a_character() {
        assert_eq!(shortened("short"), "short");
        let long = format!("a{}", "é".repeat(50));
        assert_eq!(shortened(&long), format!("a{}…", "é".repeat(31)));
    }

    #[test]
    fn bytes_have_two_digits_each() {
        assert_eq!(hex(&[0x00, 0x0f, 0xa0, 0xff]), "000fa0ff");
        assert_eq!(hex(&[]), "");
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let synonyms = [("port", "listen"), ("threads", "workers")];
        let known = ["workers", "listen", "max-body-size"];
        let nearest = |word: &str| nearest(word, known.into_iter(), &synonyms);
        assert_eq!(nearest("worker"), Some("workers"));
        assert_eq!(nearest("MAX_BODY_SIZE"), Some("max-body-size"));
        assert_eq!(nearest("lsiten"), Some("listen"));
        assert_eq!(nearest("max-body"), None);
        assert_eq!(nearest("port"), Some("listen"));
        assert_eq!(nearest("zebra"), None);
        assert_eq!(nearest("threads"), Some("workers"));
        assert_eq!(nearest(&"x".repeat(1000)), None);
    }
}
