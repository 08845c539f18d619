//! Embeddings: a vector for each text.

use super::ask;
use super::error::{self, Bad, Provider};
use super::streamed;
use crate::base::limits::{MAX_DIMENSIONS, MAX_EMBEDDINGS};
use crate::base::random::Random;
use crate::http::app::App;
use crate::http::completion::{Choice, Completion, Form, Text, Vectors, escaped, tokens};
use crate::http::json::{Document, Value};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;

static OPENAI: Form = Form {
    opening: r#"{"object":"list","data":["#,
    token: r#"$,{"object":"embedding","index":$n,"embedding":$b}"#,
    closing: r#"],"model":"$m","usage":{"prompt_tokens":$p,"total_tokens":$p}}"#,
    whole: "",
};

static OLLAMA: Form = Form {
    opening: r#"{"model":"$m","embeddings":["#,
    token: "$,$b",
    closing: r#"],"total_duration":$e,"load_duration":0,"prompt_eval_count":$p}"#,
    whole: "",
};

/// As many as OpenAI's smallest model has.
const DIMENSIONS: i64 = 1536;

/// The length of a number with a comma.
const NUMBER_BYTES: u64 = 12;

/// `/v1/embeddings`.
pub(super) fn openai(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(answer(Provider::OpenAi, &OPENAI, app, request))
}

/// `/api/embed`.
pub(super) fn ollama(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(answer(Provider::Ollama, &OLLAMA, app, request))
}

fn answer(provider: Provider, form: &'static Form, app: &App, request: &Request) -> Reply {
    let most = app.limits.max_bytes;
    let reply = match ask::parse(request).and_then(|it| completion(form, &it, most)) {
        Ok(completion) => streamed(Media::Json, completion),
        Err(bad) => error::refused(provider, request, &bad),
    };
    error::identified(provider, request.seed, reply)
}

/// The vectors that a request asks for, in about so many bytes at most. They follow from the model
/// and the text alone: what was stored must match what is searched for later.
fn completion(form: &'static Form, document: &Document, most: u64) -> Result<Completion, Bad> {
    let body = document.root();
    let model = ask::model(body)?;
    let dimensions = body.get("dimensions").map_or(Some(DIMENSIONS), Value::integer);
    let dimensions = dimensions.filter(|count| (1..=MAX_DIMENSIONS).contains(count));
    let reason = "`dimensions` must be an integer of 1 to 4096";
    let dimensions = dimensions.ok_or_else(|| Bad::new(Some("dimensions"), reason))?;
    let base64 = match body.get("encoding_format").map(Value::text) {
        None => false,
        Some(Some(format)) if format == "float" || format == "base64" => format == "base64",
        _ => return Err(Bad::new(Some("encoding_format"), "write `float` or `base64`")),
    };
    let seeds = body.get("input").and_then(|input| seeds(&model, input));
    let reason = "`input` must be a text that is not empty, or a list of up to 2048 of them";
    let (seeds, prompt_tokens) = seeds.ok_or_else(|| Bad::new(Some("input"), reason))?;
    if seeds.len() as u64 * dimensions.unsigned_abs() * NUMBER_BYTES > most {
        let reason = format!("the answer would have more than {most} bytes; ask for less");
        return Err(Bad::new(Some("input"), reason));
    }
    let tokens = seeds.len() as u64;
    let choices = [Choice { text: Text::Words(0), tokens, finish: ("", "".into()) }].into();
    let vectors = Vectors { seeds, dimensions: dimensions as usize, base64 };
    let model = escaped(&model);
    Ok(Completion { model, choices, vectors, prompt_tokens, ..Completion::new(form) })
}

/// What the vector of each text follows from, and the number of all tokens. A text may be a list of
/// the numbers of its tokens.
fn seeds(model: &str, input: Value) -> Option<(Box<[u64]>, u64)> {
    let is_one = !input.is_list() || input.items().next()?.integer().is_some();
    let (mut seeds, mut count) = (Vec::new(), 0);
    let mut add = |text: Value| {
        let mut hash = fnv(0xcbf2_9ce4_8422_2325, model);
        let before = count;
        match text.text() {
            Some(text) => {
                hash = fnv(hash, &text);
                count += tokens(&text).count() as u64;
            }
            None => {
                for token in text.items() {
                    hash = fnv(hash, token.scalar()?);
                    count += 1;
                }
            }
        }
        seeds.push(Random::new(hash).next_u64());
        (count > before && seeds.len() <= MAX_EMBEDDINGS).then_some(())
    };
    if is_one {
        add(input)?
    } else {
        input.items().try_for_each(add)?
    }
    Some((seeds.into(), count))
}

/// FNV-1a of a text and of the end of it.
fn fnv(hash: u64, text: &str) -> u64 {
    text.bytes()
        .chain([0xff])
        .fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
