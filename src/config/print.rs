//! Settings as a configuration file: the example, and the output of `--print-config`.

use super::settings::{SECTIONS, Setting, Settings, Shape};

/// Longest line of prose in files and in `--help`.
pub(crate) const PROSE_COLUMNS: usize = 90;

const EXAMPLE: &str = "\
# loiter.toml: every setting with its default.
#
# Remove the # before a line and change it, then check the file:
#     loiter --config loiter.toml --check-config
# Flags override the environment, which overrides this file, which overrides the defaults.
# This file is generated from the table in src/config/settings/: LOITER_BLESS=1 cargo test
";

const EFFECTIVE: &str = "\
# The effective settings, from loiter --print-config. This is a configuration file:
#     loiter --print-config > loiter.toml && loiter --config loiter.toml
";

const IN_EFFECT: &str = "\
# The settings in effect in this server, without secrets.
";

/// The contents of `config/loiter.toml`.
pub fn example() -> String {
    file(EXAMPLE, "#", &Settings::default())
}

/// `settings` as a file with a value for each.
pub fn effective(settings: &Settings) -> String {
    file(EFFECTIVE, "", settings)
}

/// The same for whoever may look at a running server: without secrets.
pub fn in_effect(settings: &Settings) -> String {
    let mut shown = settings.clone();
    for row in Setting::all().filter(|row| row.secret && !(row.show)(settings).is_empty()) {
        // A secret is a text, which may be any.
        let _ = (row.set)(&mut shown, "(secret)");
    }
    file(IN_EFFECT, "", &shown)
}

fn file(intro: &str, mark: &str, settings: &Settings) -> String {
    let mut text = intro.to_owned();
    for section in &SECTIONS {
        text += &format!("\n# ---- {} ----\n", section.title);
        for row in section.rows {
            let names: Vec<String> = row.variables().collect();
            let about =
                format!("{}. Values: {}. Environment: {}.", row.help, row.takes, names.join(", "));
            text += &format!("\n{}", wrapped("# ", &about));
            text += &format!("{mark}{}\n", assignment(row, &(row.show)(settings)));
        }
    }
    text
}

/// `key = value` as TOML.
pub(crate) fn assignment(row: &Setting, text: &str) -> String {
    let bare = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let value = match row.shape {
        Shape::Number if bare => text.to_owned(),
        Shape::Switch => (text == "on").to_string(),
        Shape::List => {
            let items = text.split('\n').filter(|item| !item.is_empty());
            let items: Vec<String> = items.map(quoted).collect();
            format!("[{}]", items.join(", "))
        }
        Shape::Number | Shape::Choice(_) | Shape::Text | Shape::File => quoted(text),
    };
    format!("{} = {value}", row.name)
}

/// A TOML basic string.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

/// Wraps `text` into lines of at most [`PROSE_COLUMNS`], each starting with `mark`.
pub(crate) fn wrapped(mark: &str, text: &str) -> String {
    let mut lines = String::new();
    let mut line = mark.to_owned();
    for word in text.split_whitespace() {
        if line.len() > mark.len() && line.len() + 1 + word.len() > PROSE_COLUMNS {
            lines += &line;
            lines.push('\n');
            line = mark.to_owned();
        }
        if line.len() > mark.len() {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_between_words() {
        let text = wrapped("# ", &"word ".repeat(40));
        assert!(text.lines().all(|line| line.starts_with("# word") && line.ends_with("word")));
        assert!(text.lines().all(|line| line.len() <= PROSE_COLUMNS));
        assert_eq!(text.matches("word").count(), 40);
    }

    #[test]
    fn texts_are_quoted() {
        assert_eq!(quoted("a\"b\\c\n"), r#""a\"b\\c\u000A""#);
    }
}
