//! The APIs of language models: OpenAI's, Anthropic's and Ollama's, answered with words.
//!
//! What an answer is made of follows from the request alone:
//!
//! - Its text is the query's `text`; else, for the model `echo`, the last message of the user; else
//!   a document that fits the JSON Schema which the request asks for; else words from the request's
//!   `seed`, or from the seed that modifiers give: 64, or the query's `tokens`.
//! - A token is a word with the space before it. `max_tokens`, by any of its names, cuts the text.
//!   `min_tokens` and `ignore_eos`, which load tools send, make words as many.
//! - A stop sequence ends the text before it. `n` is how many choices a chat or completion has.
//! - A tool is called if `tool_choice` forces it; or if the model is `tool`, unless the last
//!   message is a tool's result.
//!
//! Times are modifiers: `delay` until the first token, `gap` between tokens. A piece of a stream is
//! a token, so `event:N` in a fault counts tokens.

mod anthropic;
mod ask;
mod choices;
mod embeddings;
mod error;
mod models;
mod ollama;
mod openai;
mod pattern;
mod schema;
mod tool;

pub(super) use error::{in_place, over_limit, refused_before};

use super::route::{Client, Group, Kind, Param, Route};
use crate::base::limits::MAX_COMPLETION_TOKENS;
use crate::http::app::App;
use crate::http::completion::{Completion, Form};
use crate::http::pace::{Pace, Source};
use crate::http::reply::{Body, Media, Refusal, Render, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;
use ask::Ask;
use error::Provider;

const POST: Methods = Methods::of(&[Method::Post]);
const PARAMS: &[Param] = &[
    Param::query(
        "text",
        Kind::Text,
        "the answer's text; without it, the last message for the model `echo`, else words from \
         the seed",
    )
    .blank(),
    Param::query(
        "tokens",
        Kind::Integer(1, MAX_COMPLETION_TOKENS as i64),
        "number of words, of which `max_tokens` may cut some",
    )
    .or("64")
    .beyond(super::Beyond::Refused)
    .blank(),
];

/// What clients of answers must do that may be streamed.
const STREAMED: &[Client] = &[Client::Unbuffered];

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "LLM APIs",
    about: "Answers of language models, streamed or whole: words, or the request's own text",
    routes: &[
        completion(
            "/v1/chat/completions",
            |app, request| answer(&openai::CHAT, app, request),
            "Answers as OpenAI's chat completions; with `logprobs`, all tokens are equally likely",
        )
        .keep_json(SAMPLE),
        completion(
            "/v1/completions",
            |app, request| answer(&openai::COMPLETIONS, app, request),
            "Answers as OpenAI's completions of one prompt or several, without `logprobs`",
        )
        .keep_json(r#"{"model": "echo", "prompt": "Hello, world", "stream": true}"#),
        completion(
            "/v1/responses",
            |app, request| answer(&openai::RESPONSES, app, request),
            "Answers as OpenAI's responses",
        )
        .keep_json(r#"{"model": "echo", "input": "Hello, world", "stream": true}"#),
        completion(
            "/v1/messages",
            |app, request| answer(&anthropic::MESSAGES, app, request),
            "Answers as Anthropic's messages",
        )
        .keep_json(SAMPLE),
        Route::new(
            POST,
            "/v1/messages/count_tokens",
            models::count_tokens,
            "Returns the number of words of messages, as Anthropic",
        )
        .keep_json(SAMPLE)
        .fixed(),
        completion(
            "/api/chat",
            |app, request| answer(&ollama::CHAT, app, request),
            "Answers as Ollama's chat, streamed unless `stream` is false",
        )
        .keep_json(SAMPLE),
        completion(
            "/api/generate",
            |app, request| answer(&ollama::GENERATE, app, request),
            "Answers as Ollama's completion of a prompt, likewise",
        )
        .keep_json(r#"{"model": "echo", "prompt": "Hello, world"}"#),
        Route::new(
            POST,
            "/v1/embeddings",
            embeddings::openai,
            "Returns vectors of length 1 that follow from model and text, as OpenAI",
        )
        .keep_json(r#"{"model": "echo", "input": "Hello, world", "dimensions": 8}"#)
        .fixed(),
        Route::new(POST, "/api/embed", embeddings::ollama, "Returns the same vectors, as Ollama")
            .keep_json(r#"{"model": "echo", "input": "Hello, world", "dimensions": 8}"#)
            .fixed(),
        Route::get("/v1/models", models::list, "Returns models, as OpenAI and Anthropic").fixed(),
        Route::get("/v1/models/{id*}", models::one, "Returns the model of this name")
            .fixed()
            .with(&[Param::path("id", Kind::Text, "echo", "name of a model").like(r"^[\s\S]+$")]),
        Route::get("/api/tags", models::tags, "Returns models, as Ollama").fixed(),
        Route::get("/api/ps", models::tags, "Returns the models that are loaded, as Ollama")
            .fixed(),
        Route::new(POST, "/api/show", models::show, "Returns what is known of a model, as Ollama")
            .keep_json(r#"{"model": "echo"}"#)
            .fixed(),
        Route::get("/api/version", models::version, "Returns a version of Ollama").fixed(),
        Route::get(
            "/health",
            |_, _| Ok(Reply::new(Status::OK)),
            "Returns 200, as vLLM, whose load tools ask for it first",
        )
        .answers("*/*")
        .fixed(),
    ],
};

/// A body that is one for all APIs with messages.
const SAMPLE: &str = r#"{"model": "echo", "max_tokens": 99, "stream": true,
"messages": [{"role": "user", "content": "Hello, world"}]}"#;

/// An answer is JSON, or a stream of events or of lines, as the request has it.
const fn completion(path: &'static str, endpoint: super::Endpoint, about: &'static str) -> Route {
    Route::new(POST, path, endpoint, about).fixed().with(PARAMS).client(STREAMED).answers("*/*")
}

/// Whether answers of a route may be streamed.
pub(super) fn streams(route: &Route) -> bool {
    GROUP.routes.iter().any(|own| own.path == route.path && own.client == STREAMED)
}

/// One API: what its requests name things, and the forms of its answers.
#[derive(Debug)]
struct Api {
    provider: Provider,
    /// The member that has the prompt.
    prompt: &'static str,
    /// The members that bound the tokens of the answer.
    limits: &'static [&'static str],
    /// The media type of a stream.
    media: Media,
    /// An answer that is a text, and one that calls a tool.
    forms: [&'static Form; 2],
    /// An event that reports an error.
    error: &'static str,
    /// The member that has stop sequences, and the most of them; none if it has no such member.
    stop: (&'static str, usize),
    /// The most choices that `n` may ask for; 1 where an answer has no choices.
    choices: i64,
    /// Whether a prompt may be a list of prompts.
    batch: bool,
    /// Why an answer ended, for each [`choices::End`], and what else that says, in JSON.
    finish: [(&'static str, &'static str); 5],
    /// What events have in addition if the usage is asked for, and the event that has it.
    usage: [&'static str; 2],
    /// Writes an answer that is not streamed.
    render: Render,
}

/// The answer of an API: streamed, or whole and made when it is sent.
fn answer(api: &'static Api, app: &App, request: &Request) -> Result<Reply, Refusal> {
    let reply = match ask::parse(request).and_then(|it| Ask::of(api, app, request, it.root())) {
        Err(bad) => error::refused(api.provider, request, &bad),
        Ok(ask) => {
            let (asked, sent) = ask.clamped;
            let reply = match ask.stream {
                true => streamed(api.media, ask.completion),
                false => Reply::json(api.render),
            };
            reply.clamped("tokens", asked, sent)
        }
    };
    Ok(error::identified(api.provider, request.seed, reply))
}

/// An answer in pieces.
fn streamed(media: Media, completion: Completion) -> Reply {
    let pieces = completion.pieces();
    let source = Source::Completion(Box::new(completion));
    let body = Body::Paced(Box::new(Pace::new(source, pieces, 0, None)));
    Reply { media, body, ..Reply::new(Status::OK) }
}

/// Writes the whole answer, for a request that was found to be valid.
fn render(api: &'static Api, app: &App, request: &Request, output: &mut Vec<u8>) {
    if let Ok(document) = ask::parse(request)
        && let Ok(mut ask) = Ask::of(api, app, request, document.root())
    {
        ask.completion.whole(output);
    }
}
