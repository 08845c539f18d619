//! A value that applies by chance, or one of several by weight: `503@0.1`, `1ms@90,2s@10`.

use std::fmt;

use super::distribution::fraction;
use super::draw::{Draw, Use};
use crate::base::limits::MAX_MODIFIER_CHOICES;

/// A value with its chance, or several with their weights. `None` is `none`: nothing, which only a
/// list can have.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice<T>(Vec<(Option<T>, f64)>);

/// Highest weight: the sum of all stays exact enough.
const MAX_WEIGHT: f64 = 1e9;

impl<T> Choice<T> {
    /// Parses `VALUE[@CHANCE]`, or `VALUE[@WEIGHT],…` with two values or more. In a list, `weight`
    /// separates a weight too. The error is what is wrong, as a sentence.
    pub fn parse(
        text: &str,
        weight: char,
        value: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Choice<T>, String> {
        let value = |text: &str| if text == "none" { Ok(None) } else { value(text).map(Some) };
        let chance = |text| fraction("the chance", text, 0.0..=1.0);
        if !text.contains(',') {
            let (text, chance) = match text.rsplit_once('@') {
                Some(("none", _)) => return Err("`none` has no chance".to_owned()),
                Some((text, after)) => (text, chance(after)?),
                None => (text, 1.0),
            };
            return Ok(Choice(vec![(value(text)?, chance)]));
        }
        let mut choices = Vec::new();
        for part in text.split(',') {
            if choices.len() == MAX_MODIFIER_CHOICES {
                return Err(format!("it has more than {MAX_MODIFIER_CHOICES} values"));
            }
            let (text, weight) = match part.rsplit_once(['@', weight]) {
                Some((text, after)) => (text, fraction("the weight", after, 0.0..=MAX_WEIGHT)?),
                None => (part, 1.0),
            };
            choices.push((value(text)?, weight));
        }
        let drawable = choices.iter().any(|(_, weight)| *weight > 0.0);
        drawable.then_some(Choice(choices)).ok_or("all its weights are 0".to_owned())
    }

    /// The value drawn, if any.
    pub fn draw(&self, draw: Draw) -> Option<&T> {
        let total = match &*self.0 {
            // The rest is the chance that it does not apply.
            [_] => 1.0,
            all => all.iter().map(|(_, weight)| weight).sum(),
        };
        let mut left = total * draw.fraction(Use::Choice);
        let drawn = self.0.iter().find(|(_, weight)| {
            left -= weight;
            left < 0.0
        });
        // Rounding errors may leave some at the end of a list.
        let last = || self.0.iter().rfind(|(_, weight)| self.0.len() > 1 && *weight > 0.0);
        drawn.or_else(last)?.0.as_ref()
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(|(value, _)| value.as_ref())
    }
}

impl<T: fmt::Display> fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (value, weight)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "," })?;
            match value {
                Some(value) => value.fmt(f)?,
                None => f.write_str("none")?,
            }
            if *weight != 1.0 {
                write!(f, "@{weight}")?;
            }
        }
        Ok(())
    }
}
