//! The part of a form that makes its answer slow, odd or broken. It is made from the modifiers'
//! rows, once for the page: the script copies it into each form that is opened.

use std::fmt::Write;

use crate::http::html::escape as text;
use crate::http::modifiers::distribution::FORMS;
use crate::http::modifiers::fault::FAULTS;
use crate::http::modifiers::row::{Group, Kind, Name, Public, Row};
use crate::http::modifiers::rows::ROWS;
use crate::http::uri::percent::percent_decode;

/// Modifiers that a button sets, by what they do.
const PRESETS: [(&str, &str); 4] = [
    ("slow", "delay=lognormal:2s:0.4"),
    ("flaky", "status=503@0.3"),
    ("broken", "fault=reset:0.5"),
    ("half, then stall", "fault=stall:0.5"),
];

/// The groups, in the order in which they are listed.
const GROUPS: [(Group, &str); 5] = [
    (Group::Time, "Time"),
    (Group::Answer, "Answer"),
    (Group::Wire, "Wire"),
    (Group::Fault, "Fault"),
    (Group::Selection, "Selection"),
];

/// The template: presets, then a line for each group with what can be added. A public server's has
/// nothing that it refuses.
pub(super) fn template(public: bool) -> String {
    let mut html = String::from(
        "<template id=modifiers>\n<details class=odd><summary>Slow, odd or broken \
         <span class=count></span></summary>\n<p class=presets>",
    );
    for (name, set) in PRESETS {
        // Writing to a string cannot fail.
        let _ = write!(
            html,
            "<button type=button data-set=\"{set}\">{name} <code>{set}</code></button> "
        );
    }
    html.push_str("</p>\n<ul class=groups>\n");
    for (group, name) in GROUPS {
        let offered = |row: &&Row| {
            row.group == group
                && row.name != Name::Cut
                && !(public && matches!(row.public, Public::Off))
        };
        write_group(&mut html, name, ROWS.iter().filter(offered));
    }
    html.push_str("</ul></details></template>\n");
    html
}

fn write_group(html: &mut String, name: &str, rows: impl Iterator<Item = &'static Row>) {
    let _ = write!(
        html,
        "<li class=group><p class=adds><span class=name>{name}</span> \
         <select aria-label={name}><option value=\"\">choose\u{2026}</option>"
    );
    for row in rows {
        if row.name == Name::Fault {
            for kind in &FAULTS {
                let name = format!("fault={}", kind.kind.name());
                write_option(html, row, &name, kind.summary, kind.sample);
            }
        } else {
            write_option(html, row, row.name.text(), row.summary, row.sample);
        }
    }
    let _ = writeln!(
        html,
        "</select> <button type=button class=add disabled aria-label=\"Add, {name}\">Add\
         </button></p><ul class=set></ul></li>"
    );
}

/// What can be added: a row with its sample, or a kind of a fault with one of its own.
fn write_option(html: &mut String, row: &Row, name: &str, about: &str, sample: &str) {
    let sample = percent_decode(sample.as_bytes());
    let form = match row.kind {
        Kind::Time => &format!("duration, {FORMS}"),
        _ => row.syntax,
    };
    let _ = writeln!(
        html,
        "<option value={} data-form=\"{}\" data-about=\"{}\" data-sample=\"{}\"{}>{name}: {}",
        row.name.text(),
        text(form),
        text(row.summary),
        text(&String::from_utf8_lossy(&sample)),
        if row.repeatable() { " data-repeats" } else { "" },
        text(about),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::modifiers::{Carrier, Modifiers};

    #[test]
    fn presets_and_samples_are_valid() {
        let parses = |text: &str| Modifiers::parse(text, Carrier::Field).map(|_| ());
        for (name, set) in PRESETS {
            assert_eq!(parses(set), Ok(()), "{name}");
        }
        for kind in &FAULTS {
            assert_eq!(parses(&format!("fault={}", kind.sample)), Ok(()));
        }
    }
}
