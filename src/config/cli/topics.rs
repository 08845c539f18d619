//! `loiter help TOPIC`: a setting, a modifier or a fault by its name; clap has the subcommands.

use std::fmt::Write;

use super::error::{ConfigError, Place};
use super::modifiers_help::kinds;
use crate::config::print::assignment;
use crate::config::settings::Setting;
use crate::config::suggest::nearest;
use crate::http::modifiers::ROWS;
use crate::http::modifiers::fault::FAULTS;

/// The help on a topic; `about` describes a setting. `None` if it is one of the subcommands.
pub(crate) fn text(
    topic: &str,
    subcommands: &[&'static str],
    about: fn(&Setting) -> String,
) -> Result<Option<String>, ConfigError> {
    let name = topic.trim_start_matches('-').trim_start_matches('~');
    let name = name.split('=').next().unwrap_or(name);
    if subcommands.contains(&topic) {
        return Ok(None);
    }
    let mut text = String::new();
    if let Some(row) = Setting::named(name) {
        let assignment = assignment(row, &row.default_text());
        let about = about(row);
        // Writing to a text does not fail.
        let _ = writeln!(text, "--{} {}\n{about}\nin a file: {assignment}", row.name, row.value);
    }
    for row in ROWS.iter().filter(|row| row.name.text() == name) {
        // One name, `with`, is both.
        text.push_str(if text.is_empty() { "" } else { "\n" });
        let _ = write!(text, "~{}\n{}\n{}", row.usage(), row.summary, kinds(row.name));
    }
    for row in FAULTS.iter().filter(|row| row.kind.name() == name) {
        let _ = writeln!(text, "~fault={name}{}\n{}", row.place.syntax(), row.summary);
    }
    if text.is_empty() {
        return Err(unknown(topic, name, subcommands));
    }
    if !text.starts_with("--") {
        text.push_str("`loiter help modifiers` shows values, and where modifiers are written\n");
    }
    Ok(Some(text))
}

fn unknown(topic: &str, name: &str, subcommands: &[&'static str]) -> ConfigError {
    let settings = Setting::all().map(|row| row.name);
    let modifiers = ROWS.iter().map(|row| row.name.text());
    let faults = FAULTS.iter().map(|row| row.kind.name());
    let known = subcommands.iter().copied().chain(settings).chain(modifiers).chain(faults);
    let advice = match nearest(name, known) {
        Some(known) => format!("did you mean `loiter help {known}`?"),
        None => "topics are listed by `loiter --help` and `loiter help modifiers`".to_owned(),
    };
    ConfigError::new(Place::Usage, format!("there is no help on `{topic}`"), advice)
}
