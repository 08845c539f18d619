//! Samples of the regular expressions that a JSON Schema has as `pattern`.

use std::str::Chars;

/// Deepest nesting of groups that is followed.
const DEPTH: usize = 8;

/// Longest pattern that is followed, and longest sample, in bytes: a schema may have thousands of
/// patterns, each with dozens of alternatives of which a sample is made and dropped.
const MAX_BYTES: usize = 512;

/// The characters that are tried first for one of a set.
const TRIED: [char; 6] = ['a', 'A', '0', '-', ' ', '.'];

/// Sets of characters that have a letter, within ASCII: `\d`, `\s`, `\w` and their complements.
const SETS: [(char, &[(char, char)]); 6] = [
    ('d', &[('0', '9')]),
    ('D', &[(' ', '/'), (':', '~')]),
    ('s', &[(' ', ' '), ('\t', '\r')]),
    ('S', &[('!', '~')]),
    ('w', &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')]),
    ('W', &[(' ', '/'), (':', '@'), ('[', '^'), ('`', '`'), ('{', '~')]),
];

/// A text that a pattern matches from its beginning to its end: of alternatives the first, and
/// what may be there several times is there as many times as `repeat` has it, within its bounds.
/// `None` for a pattern that is not followed: one with look-around, references, boundaries or
/// properties, or a long one.
pub(super) fn sample(pattern: &str, repeat: usize) -> Option<String> {
    if pattern.len() > MAX_BYTES {
        return None;
    }
    let mut reader = Reader { rest: pattern.chars(), repeat };
    let text = reader.alternatives(0)?;
    reader.peek().is_none().then_some(text)
}

/// Reads a pattern, and makes a text of it.
struct Reader<'a> {
    rest: Chars<'a>,
    repeat: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    /// Whether this is the next character, which is taken then.
    fn takes(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.rest.next();
        }
        is_next
    }

    /// The first of several alternatives.
    fn alternatives(&mut self, depth: usize) -> Option<String> {
        let first = self.sequence(depth)?;
        while self.takes('|') {
            self.sequence(depth)?;
        }
        Some(first)
    }

    /// A text of each of these in turn, as often as is to be.
    fn sequence(&mut self, depth: usize) -> Option<String> {
        let mut text = String::new();
        while let Some(char) = self.peek().filter(|char| !matches!(char, '|' | ')')) {
            self.rest.next();
            let one = match char {
                '^' | '$' => continue,
                '(' => self.group(depth)?,
                '[' => self.set()?.to_string(),
                '\\' => {
                    let mut set = Vec::new();
                    self.escape(&mut set)?;
                    one_of(&set, false)?.to_string()
                }
                '.' => 'a'.to_string(),
                '*' | '+' | '?' | '{' => return None,
                char => char.to_string(),
            };
            let count = self.count()?;
            if one.len().saturating_mul(count).saturating_add(text.len()) > MAX_BYTES {
                return None;
            }
            text.push_str(&one.repeat(count));
        }
        Some(text)
    }

    /// The rest of a group, with or without a number.
    fn group(&mut self, depth: usize) -> Option<String> {
        if depth == DEPTH || self.takes('?') && !self.takes(':') {
            return None;
        }
        let text = self.alternatives(depth + 1)?;
        self.takes(')').then_some(text)
    }

    /// A character of the set of which this is the rest.
    fn set(&mut self) -> Option<char> {
        let is_complement = self.takes('^');
        let mut set = Vec::new();
        while !self.takes(']') {
            match self.rest.next()? {
                '\\' => self.escape(&mut set)?,
                char => set.push((char, char)),
            }
            if self.peek() == Some('-') && !self.rest.as_str().starts_with("-]") {
                self.rest.next();
                let (start, _) = set.pop().filter(|(start, end)| start == end)?;
                set.push((start, self.rest.next().filter(|end| *end >= start && *end != '\\')?));
            }
        }
        one_of(&set, is_complement)
    }

    /// Adds what an escape means.
    fn escape(&mut self, set: &mut Vec<(char, char)>) -> Option<()> {
        let char = self.rest.next()?;
        let named = SETS.iter().find(|(name, _)| *name == char);
        match (char, named) {
            (_, Some((_, ranges))) => set.extend_from_slice(ranges),
            ('t', _) => set.push(('\t', '\t')),
            ('n', _) => set.push(('\n', '\n')),
            _ if char.is_alphanumeric() => return None,
            _ => set.push((char, char)),
        }
        Some(())
    }

    /// How many times what comes before it is there.
    fn count(&mut self) -> Option<usize> {
        let (least, most) = match self.peek() {
            Some('*') => (0, usize::MAX),
            Some('+') => (1, usize::MAX),
            Some('?') => (0, 1),
            Some('{') => self.bounds()?,
            _ => return Some(1),
        };
        self.rest.next();
        // As few as possible: the text is the same.
        self.takes('?');
        Some(self.repeat.max(least).min(most))
    }

    /// The bounds in braces, of which the last one is left.
    fn bounds(&mut self) -> Option<(usize, usize)> {
        let (text, _) = self.rest.as_str().strip_prefix('{')?.split_once('}')?;
        let (least, most) = text.split_once(',').unwrap_or((text, text));
        let bounds = match most {
            "" => (least.parse().ok()?, usize::MAX),
            most => (least.parse().ok()?, most.parse().ok()?),
        };
        self.rest.nth(text.chars().count());
        Some(bounds)
    }
}

/// A character in these ranges, or in none of them.
fn one_of(set: &[(char, char)], is_complement: bool) -> Option<char> {
    let has = |char: &char| set.iter().any(|(start, end)| (start..=end).contains(&char));
    let first = || set.first().filter(|_| !is_complement).map(|range| range.0);
    TRIED.into_iter().find(|char| has(char) != is_complement).or_else(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_matches() {
        for (pattern, text) in [
            ("", ""),
            (r"^\d{4}-\d{2}-\d{2}$", "0000-00-00"),
            ("^[A-Z]{3}$", "AAA"),
            ("[a-z]+@[a-z]+\\.(com|org)", "a@a.com"),
            (r"^(?:\+49|0)[1-9]\d*$", "+4910"),
            (r"^v?\d+(\.\d+){2,}$", "v0.0.0"),
            (r"^[^a-zA-Z]x[^\s\w]{2,3}$", "0x--"),
            (r"\S+?\s\W\D", "a -a"),
            ("[]", ""),
            (r"[+\-*/][b-]", "--"),
            ("a{2}{3}", ""),
            ("é|", "é"),
            ("(|a)b", "b"),
            ("[ -~]{1,5}", "a"),
        ] {
            let sample = sample(pattern, 1);
            let is_followed = !matches!(pattern, "[]" | "a{2}{3}");
            assert_eq!(sample.as_deref(), is_followed.then_some(text), "{pattern}");
        }
        let repeated = |repeat| sample("^a?b*c+d{2,4}e{3}$", repeat);
        assert_eq!(repeated(0).as_deref(), Some("cddeee"));
        assert_eq!(repeated(1).as_deref(), Some("abcddeee"));
        assert_eq!(repeated(3).as_deref(), Some("abbbcccdddeee"));
    }

    #[test]
    fn what_is_not_followed() {
        for pattern in [
            "(?=a)b",
            r"(a)\1",
            r"\bword\b",
            r"\p{L}+",
            "(a",
            "a)",
            "[a",
            "*",
            "a{x}",
            "a{1",
            "\\",
            "[z-a]",
            r"[\d-x]",
            "a{513}",
            "a{99999999999999999999}",
            "[^\\s\\S]",
            "(((((((((a)))))))))",
            "ba{18446744073709551615}",
        ] {
            assert_eq!(sample(pattern, 1), None, "{pattern}");
        }
        let letters = |count| sample(&"a".repeat(count), 1).is_some();
        assert!(letters(MAX_BYTES) && !letters(MAX_BYTES + 1));
    }

    proptest::proptest! {
        #[test]
        fn any_pattern_ends(pattern in r"[a\[\]{}()|?*+,0-9^$.\\dw-]{0,30}", repeat in 0..3usize) {
            let sample = sample(&pattern, repeat);
            assert!(sample.is_none_or(|text| text.len() <= MAX_BYTES));
        }
    }
}
