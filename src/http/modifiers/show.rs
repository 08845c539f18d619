//! What was done to an answer, in the grammar of modifiers: the answer's `Loiter` field.

use std::fmt::{Display, Write};

use super::plan::Plan;
use super::row::Name;
use super::value::Encoded;
use crate::base::duration::show_us;
use crate::base::limits::MAX_SHOWN_MODIFIERS_BYTES;
use crate::base::size;

/// The plan as a `;`-list: a request that has it gets the same plan, but for `cut`.
///
/// What would make it longer than [`MAX_SHOWN_MODIFIERS_BYTES`] is left out, and named in `cut` as
/// are the modifiers whose waits were shortened.
pub fn line(plan: &Plan) -> String {
    let mut line = Line { text: String::new(), cut: plan.cut.clone() };
    match &plan.messages {
        Some(delay) => line.item(Name::Delay, &delay.time),
        None => line.wait(Name::Delay, plan.delay_us),
    }
    line.wait(Name::Head, plan.head_us);
    line.wait(Name::Body, plan.body_us);
    line.wait(Name::End, plan.end_us);
    line.maybe(Name::Gap, plan.gap.as_ref().map(|gap| &gap.time));
    line.maybe(Name::Piece, plan.piece.map(|bytes| size::show(bytes.into())));
    line.maybe(Name::Rate, plan.rate.map(size::show));
    line.maybe(Name::Read, plan.read);
    line.maybe(Name::Status, plan.status.map(|status| status.0));
    for (name, value) in &plan.headers {
        line.item(Name::Header, format_args!("{}:{}", Encoded(name), Encoded(value)));
    }
    line.maybe(Name::Text, plan.text.as_deref().map(Encoded));
    line.maybe(Name::Pad, (plan.pad > 0).then(|| size::show(plan.pad.into())));
    line.maybe(Name::Hint, plan.hint.as_deref().map(Encoded));
    line.maybe(Name::Frame, plan.frame);
    line.flag(Name::Last, plan.last);
    line.maybe(Name::Idle, plan.idle_us.map(show_us));
    line.maybe(Name::Limit, plan.limited.as_ref().map(|limited| &limited.limit));
    line.flag(Name::Trace, plan.trace.is_some());
    line.maybe(Name::Fault, plan.fault);
    line.push(Name::Seed, format_args!("{:x}", plan.seed));
    if !line.cut.is_empty() {
        line.push(Name::Cut, line.cut.join(","));
    }
    line.text
}

struct Line {
    text: String,
    cut: Vec<&'static str>,
}

impl Line {
    fn wait(&mut self, name: Name, micros: u64) {
        self.maybe(name, (micros > 0).then(|| show_us(micros)));
    }

    fn flag(&mut self, name: Name, is_on: bool) {
        if is_on {
            self.separate();
            self.text.push_str(name.text());
        }
    }

    fn maybe(&mut self, name: Name, value: Option<impl Display>) {
        if let Some(value) = value {
            self.item(name, value);
        }
    }

    /// An item, unless it makes the line too long.
    fn item(&mut self, name: Name, value: impl Display) {
        let before = self.text.len();
        self.push(name, value);
        if self.text.len() > MAX_SHOWN_MODIFIERS_BYTES {
            self.text.truncate(before);
            if !self.cut.contains(&name.text()) {
                self.cut.push(name.text());
            }
        }
    }

    fn push(&mut self, name: Name, value: impl Display) {
        self.separate();
        // Writing to a text does not fail.
        let _ = write!(self.text, "{}={value}", name.text());
    }

    fn separate(&mut self) {
        if !self.text.is_empty() {
            self.text.push_str("; ");
        }
    }
}
