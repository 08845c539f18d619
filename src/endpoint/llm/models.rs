//! Models, and the length of messages.

use super::anthropic::MESSAGES;
use super::ask::{self, ECHO};
use super::error::{self, Bad, Provider};
use super::tool;
use crate::http::app::App;
use crate::http::json::{Json, Layout, Spelling};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The models that are listed. Any other name is one as well.
const MODELS: [&str; 3] = ["loiter", ECHO, tool::MODEL];
/// When they were made, as no time is known.
const DATE: &str = "2026-01-01T00:00:00Z";
/// How many tokens a model may read and write, as clients ask before they use it.
const CONTEXT: &str = "131072";
/// What Ollama has of every model.
#[rustfmt::skip]
const DETAILS: &str = r#"{"parent_model":"","format":"gguf","family":"loiter","families":["loiter"],"parameter_size":"1B","quantization_level":"F16"}"#;
/// The version of Ollama whose API this is: clients refuse to work with an older one.
const OLLAMA: &str = "0.12.0";

/// `/v1/models`: the members of both OpenAI and Anthropic.
pub(super) fn list(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(reply(|json| {
        json.text_at("object", "list");
        json.list_at("data", |json| {
            for name in MODELS {
                json.item();
                json.object(|json| write_model(json, name));
            }
        });
        json.raw_at("has_more", "false");
        json.text_at("first_id", MODELS[0]);
        json.text_at("last_id", MODELS[2]);
    }))
}

/// `/v1/models/{id}`: any name is a model.
pub(super) fn one(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let name = String::from_utf8_lossy(request.param(0));
    Ok(reply(|json| write_model(json, &name)))
}

fn write_model(json: &mut Json, name: &str) {
    json.text_at("id", name);
    json.text_at("object", "model");
    json.raw_at("created", "1767225600");
    json.text_at("owned_by", "loiter");
    json.text_at("type", "model");
    json.text_at("display_name", name);
    json.text_at("created_at", DATE);
}

/// `/api/tags`, and `/api/ps`: every model is loaded.
pub(super) fn tags(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(reply(|json| {
        json.list_at("models", |json| {
            for name in MODELS {
                json.item();
                json.object(|json| {
                    json.text_at("name", name);
                    json.text_at("model", name);
                    json.text_at("modified_at", DATE);
                    json.text_at("expires_at", "2100-01-01T00:00:00Z");
                    json.raw_at("size", "0");
                    json.raw_at("size_vram", "0");
                    json.raw_at("context_length", CONTEXT);
                    json.text_at("digest", &"0".repeat(64));
                    json.raw_at("details", DETAILS);
                });
            }
        });
    }))
}

/// `/api/version`.
pub(super) fn version(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(reply(|json| json.text_at("version", OLLAMA)))
}

/// `/api/show`: any name is a model.
pub(super) fn show(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let document = ask::parse(request);
    Ok(match document.as_ref().map_err(Bad::clone).and_then(|it| ask::model(it.root())) {
        Ok(_) => reply(|json| {
            json.text_at("template", "{{ .Prompt }}");
            json.text_at("modified_at", DATE);
            json.raw_at("details", DETAILS);
            json.object_at("model_info", |json| {
                json.text_at("general.architecture", "loiter");
                json.raw_at("loiter.context_length", CONTEXT);
                json.raw_at("loiter.embedding_length", "1536");
            });
            json.raw_at("capabilities", r#"["completion","tools","embedding"]"#);
        }),
        Err(bad) => error::refused(Provider::Ollama, request, &bad),
    })
}

/// `/v1/messages/count_tokens`.
pub(super) fn count_tokens(_: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(match ask::parse(request) {
        Ok(document) => reply(|json| {
            let count = ask::prompt_tokens(&MESSAGES, document.root());
            json.raw_at("input_tokens", itoa::Buffer::new().format(count));
        }),
        Err(bad) => error::refused(Provider::Anthropic, request, &bad),
    })
}

fn reply(fill: impl FnOnce(&mut Json)) -> Reply {
    let mut output = Vec::new();
    Json::spelled(&mut output, Layout::Compact, Spelling::Go).object(fill);
    Reply::whole(Status::OK, Media::Json, output)
}
