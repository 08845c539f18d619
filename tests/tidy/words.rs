//! Words that make a reader stop: comments and messages are in plain technical English.
//!
//! The rule reads whole lines, so it covers comments, messages and names alike.

use super::source::{Source, files, has_word};

/// The folders and files whose language is held to the rule.
const FOLDERS: [&str; 3] = ["src/", "tests/", "config/"];

/// Words for output and input that are not the field's: "writes", "shows", "returns", "reports".
const WORDS: [&str; 5] = ["told", "tell", "tells", "that is none", "stands in"];

/// Right uses: a file, and a part of the line.
const ALLOWED: [(&str, &str); 1] = [("src/endpoint/route/param.rs", "a text that is none of the")];

pub(crate) fn plain_words(file: &Source) -> Vec<String> {
    if !FOLDERS.iter().any(|folder| file.path.starts_with(folder)) {
        return Vec::new();
    }
    let allowed =
        |line: &str| ALLOWED.iter().any(|(path, text)| file.path == *path && line.contains(text));
    let lines = file.raw.iter().enumerate();
    let found = lines.filter(|(_, line)| !allowed(line)).filter_map(|(at, line)| {
        // A phrase may go on in the next line of a comment.
        let next = file.raw.get(at + 1).map_or("", |next| next.trim_start_matches([' ', '/', '!']));
        let two = format!("{line} {next}");
        let word = WORDS.iter().find(|word| {
            has_word(line, word)
                || word.contains(' ') && has_word(&two, word) && !has_word(next, word)
        })?;
        Some(file.breach(at + 1, format!("use the technical word for `{word}`")))
    });
    found.collect()
}

#[test]
fn the_page_is_in_plain_words() {
    let files = ["js", "css", "html"].map(|extension| files("src/endpoint/page", extension));
    let breaches: Vec<String> = files.iter().flatten().flat_map(plain_words).collect();
    assert_eq!(breaches, [""; 0]);
}
