//! The capitalization of header field names.

use std::cmp::Ordering;

/// How the names of header fields are capitalized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameCase {
    /// As Python's `str.title`: a letter is in upper case unless a letter precedes it.
    Title,
    /// As Go's canonical MIME keys: the first letter and each after a `-` is in upper case.
    Mime,
}

impl NameCase {
    /// The name in this case.
    pub fn of(self, name: &str) -> String {
        let mut output = Vec::with_capacity(name.len());
        self.write(&mut output, name.as_bytes());
        String::from_utf8_lossy(&output).into_owned()
    }

    /// Appends a name in this case.
    pub fn write(self, output: &mut Vec<u8>, name: &[u8]) {
        let mut starts = true;
        output.extend(name.iter().map(|&byte| self.byte(byte, &mut starts)));
    }

    /// Compares two names in this case. Up to the first difference, the same letters start words.
    pub fn order(self, one: &[u8], other: &[u8]) -> Ordering {
        let mut starts = true;
        for (a, b) in one.iter().copied().zip(other.iter().copied()) {
            if !a.eq_ignore_ascii_case(&b) {
                return self.byte(a, &mut starts.clone()).cmp(&self.byte(b, &mut starts));
            }
            self.byte(a, &mut starts);
        }
        one.len().cmp(&other.len())
    }

    /// One byte of a name; `starts` is whether it starts a word.
    fn byte(self, byte: u8, starts: &mut bool) -> u8 {
        let cased = if *starts { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        *starts = match self {
            NameCase::Title => !byte.is_ascii_alphabetic(),
            NameCase::Mime => byte == b'-',
        };
        cased
    }
}
