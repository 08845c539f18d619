//! The house rules, read off the sources: layers, lengths, and what may stand where.
//!
//! Each rule is a function from a source file to its breaches; `every_rule_can_fail` feeds each a
//! line that breaks it and one that does not. The rules count on rustfmt's layout: an item ends
//! with the first `}` that stands as far to the left as its first line.

mod blank;
mod circles;
mod examples;
mod rules;
mod source;
mod words;

use rules::*;
use source::{Source, sources};
use words::plain_words;

type Rule = fn(&Source) -> Vec<String>;

/// The rules for `src/`.
const RULES: &[(&str, Rule)] = &[
    ("layers", layers),
    ("layer_roots", layer_roots),
    ("file_length", file_length),
    ("function_length", function_length),
    ("line_length", line_length),
    ("no_panic", no_panic),
    ("no_unsafe", no_unsafe),
    ("shell_only", shell_only),
    ("plain_core", plain_core),
    ("file_header", file_header),
    ("nothing_ignored", nothing_ignored),
    ("nothing_left_over", nothing_left_over),
    ("no_sleep", no_sleep),
    ("plain_words", plain_words),
];

/// Those of them that hold for `tests/` too.
const TEST_RULES: &[(&str, Rule)] = &[
    ("file_length", file_length),
    ("file_header", file_header),
    ("nothing_ignored", nothing_ignored),
    ("nothing_left_over", nothing_left_over),
    ("no_sleep", no_sleep),
];

#[test]
fn the_sources_keep_the_house_rules() {
    let breaches = [("src", RULES), ("tests", TEST_RULES)]
        .into_iter()
        .flat_map(|(folder, rules)| sources(folder).into_iter().map(move |file| (file, rules)))
        .flat_map(|(file, rules)| {
            rules.iter().flat_map(|(_, rule)| rule(&file)).collect::<Vec<_>>()
        })
        .collect::<Vec<String>>();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_heart_function_is_found() {
    let files = sources("src");
    for heart in HEART {
        let found = files.iter().any(|file| file.functions().iter().any(|f| f.is(file, heart)));
        assert!(found, "{heart:?} has moved: the rule for it must move with it");
    }
}
