//! The text of an answer, token by token.

use std::fmt::Write as _;

use crate::base::random::Random;

/// Where the text of an answer comes from.
#[derive(Clone, Debug)]
pub enum Text {
    /// Words drawn from a list, from this number.
    Words(u64),
    /// A text that was given, and how far it has been sent in bytes.
    Given(Box<str>, usize),
}

impl Text {
    /// Words that follow from a seed.
    pub fn words(seed: u64) -> Text {
        // Mixed, since the words of two seeds that follow each other would else be shifted copies.
        Text::Words(Random::new(seed).next_u64())
    }

    /// The text of the choice of this number, from 0: other words, or the same text.
    pub fn choice(&self, n: u64) -> Text {
        match self {
            Text::Words(start) if n > 0 => Text::words(start.wrapping_add(n)),
            text => text.clone(),
        }
    }

    /// A text that was given.
    pub fn given(text: impl Into<Box<str>>) -> Text {
        Text::Given(text.into(), 0)
    }

    /// The next token, which has this number, from 0.
    pub(super) fn next(&mut self, n: u64) -> String {
        match self {
            Text::Words(start) => word(*start, n),
            Text::Given(text, at) => {
                let token = tokens(text.get(*at..).unwrap_or_default()).next().unwrap_or_default();
                *at += token.len();
                token.to_owned()
            }
        }
    }

    /// The text of the first so many tokens.
    pub fn whole(&self, count: u64) -> String {
        match self {
            Text::Words(start) => (0..count).map(|n| word(*start, n)).collect(),
            Text::Given(text, _) => {
                tokens(text).take(usize::try_from(count).unwrap_or(usize::MAX)).collect()
            }
        }
    }
}

/// The tokens of a text: each a word with the whitespace before it, and the last whitespace.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(|char: char| !char.is_whitespace()).unwrap_or(rest.len());
        let after = rest.get(word..)?;
        let end = word + after.find(char::is_whitespace).unwrap_or(after.len());
        let (token, left) = rest.split_at_checked(end).filter(|split| !split.0.is_empty())?;
        rest = left;
        Some(token)
    })
}

/// Word number `n`, with a space before it unless it is the first.
fn word(start: u64, n: u64) -> String {
    let draw = Random::new(start.wrapping_add(n)).below(WORDS.len() as u64);
    let word = WORDS.get(draw as usize).copied().unwrap_or_default();
    let mut text = String::with_capacity(1 + word.len());
    // Writing to a string cannot fail.
    _ = write!(text, "{}{word}", if n == 0 { "" } else { " " });
    text
}

/// Common short words, as long as tokens of English are: four bytes with the space.
const WORDS: [&str; 64] = [
    "a", "all", "and", "are", "as", "at", "be", "blue", "book", "but", "by", "can", "car", "day",
    "do", "door", "each", "few", "find", "for", "from", "go", "good", "has", "he", "here", "hill",
    "how", "if", "in", "is", "it", "lake", "light", "long", "make", "many", "more", "new", "no",
    "not", "of", "on", "one", "or", "out", "rain", "road", "sea", "she", "so", "song", "stone",
    "that", "the", "then", "they", "to", "tree", "two", "was", "we", "wind", "you",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_follow_from_the_seed() {
        let words = |seed| Text::words(seed).whole(50);
        assert_eq!(words(1), words(1));
        assert_ne!(words(1)[..20], words(2)[..20]);
        let mut text = Text::words(7);
        let one_by_one: String = (0..50).map(|n| text.next(n)).collect();
        assert_eq!(one_by_one, words(7));
        assert_eq!(tokens(&words(3)).count(), 50);
    }

    #[test]
    fn other_choices_have_other_words_and_the_same_text() {
        let choices = |text: &Text| [0, 1, 2].map(|n| text.choice(n).whole(50));
        let [first, second, third] = choices(&Text::words(1));
        assert_eq!(first, Text::words(1).whole(50));
        assert!(first != second && second != third && first != third);
        assert_eq!(choices(&Text::given("a b")), ["a b", "a b", "a b"]);
    }

    proptest::proptest! {
        #[test]
        fn tokens_are_the_whole_text(text in "[ \n\u{a0}a-cé\"]{0,40}") {
            let all: Vec<&str> = tokens(&text).collect();
            assert_eq!(all.concat(), text);
            assert!(all.iter().all(|token| !token.is_empty()));
        }
    }
}
