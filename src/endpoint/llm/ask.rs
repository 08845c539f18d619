//! What a request to a language model asks for.

use std::borrow::Cow;

use super::Api;
use super::choices::{self, End};
use super::error::{Bad, Provider};
use super::schema;
use super::tool::Tool;
use crate::base::limits::{
    MAX_BATCH_CHOICES, MAX_CHOICES, MAX_COMPLETION_TEXT_BYTES, MAX_COMPLETION_TOKENS,
    MAX_NAME_BYTES,
};
use crate::endpoint::params;
use crate::http::app::App;
use crate::http::compat::GO_HTTPBIN;
use crate::http::completion::{Completion, Text, escaped, tokens};
use crate::http::json::{Document, Value};
use crate::http::request::Request;
use crate::http::uri::query;

/// The model that answers with the last message of the user.
pub(super) const ECHO: &str = "echo";

/// A request that is valid.
pub(super) struct Ask {
    /// Whether the answer is streamed.
    pub(super) stream: bool,
    /// The number of tokens that was asked for, and the number within the bound.
    pub(super) clamped: (u64, u64),
    /// The answer.
    pub(super) completion: Completion,
}

/// The body of a request, which is an object.
pub(super) fn parse<'a>(request: &Request<'a>) -> Result<Document<'a>, Bad> {
    let document = Document::parse(request.body).filter(|document| document.root().is_object());
    document.ok_or_else(|| Bad::new(None, "the body is not a JSON object"))
}

impl Ask {
    /// What a request asks for, or why it is refused.
    pub(super) fn of(
        api: &'static Api,
        app: &App,
        request: &Request,
        body: Value,
    ) -> Result<Ask, Bad> {
        let model = model(body)?;
        let prompt = prompt(api, body)?;
        let options = body.get("options").unwrap_or(body);
        let limit = limit(api, options)?;
        let tool = Tool::called(body, &model, prompt)?;
        let name = tool.as_ref().map_or("", |tool| &tool.name);
        check_name("tools", name)?;
        let prompts = prompts(api, prompt);
        let (count, all) = choices::count(api, body, prompts.len())?;
        let texts = texts(request, body, &model, &prompts, tool.as_ref(), text_bytes(all));
        let bounds = Bounds::of(app, request, options, limit, all)?;
        let mut clamped = (0, 0);
        let each = texts.into_iter().map(|text| {
            let length = bounds.length(&text);
            clamped = clamped.max((length.asked, length.sent));
            match prompt {
                None => (text, 0, End::Load),
                Some(_) => (text, length.sent, length.end(tool.is_some())),
            }
        });
        let completion = Completion {
            usage: usage(api, body),
            error: api.error,
            seed: request.seed,
            unix_us: request.unix_us,
            model: escaped(&model),
            prompt_tokens: prompt_tokens(api, body),
            choices: choices::all(api, count, options, each)?,
            logprobs: body.get("logprobs").is_some_and(Value::is_true),
            tool: escaped(name),
            ..Completion::new(api.forms[usize::from(tool.is_some())])
        };
        Ok(Ask { stream: streams(api, body), clamped, completion })
    }
}

/// How long a choice is, in tokens.
struct Length {
    asked: u64,
    sent: u64,
    /// Whether a bound of the request cut it.
    cut: bool,
}

impl Length {
    /// Why the choice ends.
    fn end(&self, calls: bool) -> End {
        match (self.cut, calls) {
            (true, _) => End::Limit,
            (false, true) => End::Tool,
            (false, false) => End::Text,
        }
    }
}

/// What bounds each choice, in tokens.
struct Bounds {
    /// The number of words, if they are not given.
    words: u64,
    /// The bound of the request.
    limit: Option<u64>,
    /// Whether there are as many words as that.
    endless: bool,
    /// The bound of the server: all choices have together as many tokens as one may.
    most: u64,
}

impl Bounds {
    /// There are as many words as the query asks for, at least `min_tokens`, and up to the limit
    /// with `ignore_eos`, as in vLLM.
    fn of(
        app: &App,
        request: &Request,
        options: Value,
        limit: Option<u64>,
        choices: u64,
    ) -> Result<Bounds, Bad> {
        let words = params::value(&GO_HTTPBIN, request, "tokens", "64");
        let words = params::within(app.compat, "tokens", &words, 1..=MAX_COMPLETION_TOKENS);
        let words = words.map_err(|refusal| Bad::new(Some("tokens"), refusal.reason))?;
        let least = options.get("min_tokens").and_then(Value::integer).unwrap_or_default();
        let words = words.max(u64::try_from(least).unwrap_or_default());
        let endless = options.get("ignore_eos").is_some_and(Value::is_true);
        Ok(Bounds { words, limit, endless, most: MAX_COMPLETION_TOKENS / choices.max(1) })
    }

    /// A given text is as long as it is.
    fn length(&self, text: &Text) -> Length {
        let (all, cut) = match (text, self.limit) {
            (Text::Given(text, _), _) => (tokens(text).count() as u64, false),
            (Text::Words(_), Some(limit)) if self.endless => (limit, true),
            (Text::Words(_), _) => (self.words, false),
        };
        let asked = self.limit.map_or(all, |limit| all.min(limit));
        Length { asked, sent: asked.min(self.most), cut: cut || asked < all }
    }
}

/// The name of the model.
pub(super) fn model<'a>(body: Value<'a>) -> Result<Cow<'a, str>, Bad> {
    let model = body.get("model").and_then(Value::text).filter(|model| !model.is_empty());
    let missing = || Bad::new(Some("model"), "`model` is missing; write a name, such as `echo`");
    let model = model.ok_or_else(missing)?;
    check_name("model", &model)?;
    Ok(model)
}

/// Refuses a name that is too long to be repeated in every event.
fn check_name(member: &'static str, name: &str) -> Result<(), Bad> {
    match name.len() <= MAX_NAME_BYTES {
        true => Ok(()),
        false => {
            let reason = format!("a name in `{member}` has more than {MAX_NAME_BYTES} bytes");
            Err(Bad::new(Some(member), reason))
        }
    }
}

/// The prompt; without one, or with an empty list, Ollama only loads a model.
fn prompt<'a>(api: &Api, body: Value<'a>) -> Result<Option<Value<'a>>, Bad> {
    let prompt = body.get(api.prompt);
    let is_empty = |prompt: Value| {
        let is_list = prompt.is_list() && api.provider == Provider::Ollama;
        is_list && prompt.items().next().is_none()
    };
    let sound = |prompt: Value| match api.prompt {
        "messages" => prompt.items().next().is_some_and(Value::is_object),
        _ => prompt.text().is_some() || prompt.items().next().is_some(),
    };
    let hint = match (api.prompt, prompt) {
        (_, None) if api.provider == Provider::Ollama => return Ok(None),
        ("messages", Some(prompt)) if is_empty(prompt) => return Ok(None),
        (_, Some(prompt)) if sound(prompt) => return Ok(Some(prompt)),
        ("messages", _) => "a list such as [{\"role\": \"user\", \"content\": \"Hello\"}]",
        _ => "a text, or a list of items",
    };
    let state = if prompt.is_some() { "not valid" } else { "missing" };
    Err(Bad::new(Some(api.prompt), format!("`{}` is {state}; write {hint}", api.prompt)))
}

/// The most tokens that the answer may have. A negative number is no limit in Ollama.
fn limit(api: &Api, options: Value) -> Result<Option<u64>, Bad> {
    for &name in api.limits {
        let Some(value) = options.get(name) else { continue };
        return match value.integer().map(u64::try_from) {
            Some(Ok(limit @ 1..)) => Ok(Some(limit)),
            Some(_) if api.provider == Provider::Ollama => Ok(None),
            _ => Err(Bad::new(Some(name), format!("`{name}` must be an integer of at least 1"))),
        };
    }
    match api.limits {
        [name, ..] if api.provider == Provider::Anthropic => {
            Err(Bad::new(Some(name), format!("`{name}` is missing; write a number, such as 1024")))
        }
        _ => Ok(None),
    }
}

/// The prompts: several in a batch of OpenAI's completions, each a text or a list of the numbers of
/// its tokens.
fn prompts<'a>(api: &Api, prompt: Option<Value<'a>>) -> Vec<Option<Value<'a>>> {
    let is_batch = |prompt: &Value| {
        let first = prompt.items().next();
        api.batch && first.is_some_and(|first| first.integer().is_none())
    };
    match prompt.filter(is_batch) {
        Some(prompt) => prompt.items().map(Some).take(MAX_BATCH_CHOICES + 1).collect(),
        None => vec![prompt],
    }
}

/// The texts of the answers to each of these prompts, of so many bytes at most.
fn texts(
    request: &Request,
    body: Value,
    model: &str,
    prompts: &[Option<Value>],
    tool: Option<&Tool>,
    most: usize,
) -> Vec<Text> {
    let given = query::first(request, "text").filter(|text| !text.is_empty());
    let given = tool.map(|tool| Cow::Borrowed(&*tool.arguments)).or(given);
    if given.is_none() && model == ECHO {
        let echo = |prompt: &Option<Value>| {
            last_message((*prompt)?).map(|text| Text::given(cut(&text, most)))
        };
        if let Some(texts) = prompts.iter().map(echo).collect() {
            return texts;
        }
    }
    let text = match given.or_else(|| schema::answer(body).map(Cow::Owned)) {
        Some(text) => Text::given(cut(&text, most)),
        None => {
            let seed = body.get("options").unwrap_or(body).get("seed").and_then(Value::integer);
            Text::words(seed.map_or(request.seed, |seed| seed as u64))
        }
    };
    vec![text; prompts.len()]
}

/// The text of the last message that is the user's; a prompt is one.
fn last_message(prompt: Value) -> Option<String> {
    let is_user = |item: &Value| {
        let role = item.get("role").and_then(Value::text);
        role.is_none_or(|role| role == "user")
    };
    let last = if prompt.is_list() { prompt.items().filter(is_user).last()? } else { prompt };
    let mut text = String::new();
    each_text(last, &mut |part| text.push_str(part));
    Some(text)
}

/// How many bytes the text of each of so many choices may have: all together as many as those of
/// one prompt.
fn text_bytes(choices: u64) -> usize {
    let all = MAX_COMPLETION_TEXT_BYTES * MAX_CHOICES as usize;
    MAX_COMPLETION_TEXT_BYTES.min(all / (choices as usize).max(1))
}

/// A text as far as an answer may have it.
fn cut(text: &str, most: usize) -> &str {
    let most = most.min(text.len());
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or_default()).unwrap_or_default()
}

/// The number of words of a prompt, and of the instructions beside it. A prompt may be a list of
/// the numbers of its tokens, or several.
pub(super) fn prompt_tokens(api: &Api, body: Value) -> u64 {
    let mut count = 0;
    for value in [api.prompt, "system", "instructions"].into_iter().filter_map(|it| body.get(it)) {
        each_text(value, &mut |text| count += tokens(text).count() as u64);
        let numbers = value.items().flat_map(|item| item.items().chain([item]));
        count += numbers.filter(|item| item.integer().is_some()).count() as u64;
    }
    count
}

/// Calls `add` with each text of a message, of its parts, or of a list of either.
fn each_text(value: Value, add: &mut dyn FnMut(&str)) {
    if let Some(text) = value.text() {
        return add(&text);
    }
    for part in value.items() {
        each_text(part, add);
    }
    if let Some(part) = value.get("content").or_else(|| value.get("text")) {
        each_text(part, add);
    }
}

fn streams(api: &Api, body: Value) -> bool {
    body.get("stream").map_or(api.provider == Provider::Ollama, Value::is_true)
}

/// What events have in addition where the usage is asked for.
fn usage(api: &Api, body: Value) -> [&'static str; 2] {
    let options = body.get("stream_options");
    let asked =
        options.and_then(|options| options.get("include_usage")).is_some_and(Value::is_true);
    if asked { api.usage } else { ["", ""] }
}
