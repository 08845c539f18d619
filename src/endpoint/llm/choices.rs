//! The choices of an answer: how many there are, how long each is, and why it ends.

use std::borrow::Cow;

use super::Api;
use super::error::Bad;
use crate::base::limits::MAX_BATCH_CHOICES;
use crate::http::completion::{Choice, Text, escaped, tokens};
use crate::http::json::Value;

/// Why a choice ends, in the order of [`Api::finish`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// Its text is over.
    Text,
    /// It has as many tokens as it may have.
    Limit,
    /// It calls a tool.
    Tool,
    /// It comes to a stop sequence.
    Stop,
    /// There is no prompt: Ollama loads a model.
    Load,
}

/// So many choices for each of these texts, of so many tokens of it, or up to the first stop
/// sequence among them. The arguments of a tool are not searched for one.
pub(super) fn all(
    api: &Api,
    count: u64,
    options: Value,
    texts: impl Iterator<Item = (Text, u64, End)>,
) -> Result<Box<[Choice]>, Bad> {
    let stops = stops(api, options)?;
    let mut choices = Vec::new();
    for (text, tokens, end) in texts {
        let stops = if end == End::Tool { &[] } else { stops.as_slice() };
        for _ in 0..count {
            choices.push(one(api, text.choice(choices.len() as u64), tokens, end, stops));
        }
    }
    Ok(choices.into())
}

/// How many choices are asked for, for each of so many prompts and for all.
pub(super) fn count(api: &Api, body: Value, prompts: usize) -> Result<(u64, u64), Bad> {
    let asked = body.get("n").filter(|_| api.choices > 1).map_or(Some(1), Value::integer);
    let count = asked.filter(|n| (1..=api.choices).contains(n)).map(i64::unsigned_abs);
    let count = count.ok_or_else(|| Bad::new(Some("n"), "`n` must be an integer of 1 to 8"))?;
    let all = count * prompts as u64;
    match all <= MAX_BATCH_CHOICES as u64 {
        true => Ok((count, all)),
        false => {
            let reason = format!("`prompt` times `n` is more than {MAX_BATCH_CHOICES} choices");
            Err(Bad::new(Some("prompt"), reason))
        }
    }
}

/// The stop sequences.
fn stops<'a>(api: &Api, options: Value<'a>) -> Result<Vec<Cow<'a, str>>, Bad> {
    let (name, most) = api.stop;
    let Some(value) = options.get(name).filter(|_| most > 0) else { return Ok(Vec::new()) };
    let texts = match value.text() {
        Some(text) => Some(vec![text]),
        None if value.is_list() => value.items().take(most + 1).map(Value::text).collect(),
        None => None,
    };
    let bad = || format!("`{name}` must be a text, or a list of at most {most} texts");
    texts.filter(|it| it.len() <= most).ok_or_else(|| Bad::new(Some(name), bad()))
}

fn one(api: &Api, text: Text, count: u64, end: End, stops: &[Cow<str>]) -> Choice {
    let Some((text, stop)) = stopped(&text, count, stops) else {
        let (reason, more) = api.finish[end as usize];
        return Choice { text, tokens: count, finish: (reason, more.into()) };
    };
    let (reason, _) = api.finish[End::Stop as usize];
    let more = format!("\"{}\"", String::from_utf8_lossy(&escaped(stop)));
    let tokens = tokens(&text).count() as u64;
    Choice { text: Text::given(text), tokens, finish: (reason, more.into()) }
}

/// A text as far as the first of these sequences in its first so many tokens, and that sequence.
fn stopped<'a>(text: &Text, count: u64, stops: &'a [Cow<str>]) -> Option<(String, &'a str)> {
    let stops: Vec<&str> = stops.iter().map(|stop| &**stop).filter(|it| !it.is_empty()).collect();
    if stops.is_empty() {
        return None;
    }
    let mut text = text.whole(count);
    let found = stops.iter().filter_map(|stop| Some((text.find(stop)?, *stop)));
    let (end, stop) = found.min_by_key(|found| found.0)?;
    text.truncate(end);
    Some((text, stop))
}
