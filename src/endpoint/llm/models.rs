//! Lists of models, and the length of messages.

use super::anthropic::MESSAGES;
use super::ask::{self, ECHO};
use super::error::{self, Provider};
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

/// `/api/tags`.
pub(super) fn tags(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(reply(|json| {
        json.list_at("models", |json| {
            for name in MODELS {
                json.item();
                json.object(|json| {
                    json.text_at("name", name);
                    json.text_at("model", name);
                    json.text_at("modified_at", DATE);
                    json.raw_at("size", "0");
                    json.text_at("digest", "");
                    json.object_at("details", |json| {
                        json.text_at("format", "gguf");
                        json.text_at("family", "loiter");
                    });
                });
            }
        });
    }))
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
