//! Errors as each provider reports them, with the fields that its clients read.

use std::borrow::Cow;

use super::super::ROUTES;
use super::GROUP;
use crate::http::completion::write_id;
use crate::http::date_header::rfc_3339;
use crate::http::json::{Json, Layout, Spelling};
use crate::http::rate_limit::Limited;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// Whose API it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    OpenAi,
    Anthropic,
    Ollama,
}

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(super) struct Bad {
    status: Status,
    param: Option<&'static str>,
    /// OpenAI's code, which distinguishes errors of one status.
    code: Option<&'static str>,
    reason: Cow<'static, str>,
}

impl Bad {
    /// A reason for a 400 as a sentence, and the member of the request that it is about.
    pub(super) fn new(param: Option<&'static str>, reason: impl Into<Cow<'static, str>>) -> Bad {
        Bad { status: Status(400), param, code: None, reason: reason.into() }
    }
}

/// The error in place of the answer of a route that is given this status: its body, and the fields
/// that come with it. `None` if it is not an error, or the route is not one of this group.
pub(in crate::endpoint) fn in_place(route: u8, status: Status, request: &Request) -> Option<Reply> {
    if status.0 < 400 {
        return None;
    }
    let provider = of_route(route)?;
    let code = match status.0 {
        401 => Some("invalid_api_key"),
        404 => Some("model_not_found"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    };
    let message = format!("{}, as a modifier asks for it", status.reason());
    let reply = refused(provider, request, &Bad { status, code, ..Bad::new(None, message) });
    Some(match status.0 {
        // Used up for a second, which is what `Retry-After` says.
        429 => LIMITS.into_iter().fold(reply, |reply, (unit, limit)| {
            limited(provider, reply, unit, limit, request.unix_us, 1)
        }),
        _ => reply,
    })
}

/// The error in place of an answer of a route that is beyond a limit: its body, and the fields that
/// come with it. `None` if the route is not one of this group.
pub(in crate::endpoint) fn over_limit(
    route: u8,
    over: &Limited,
    request: &Request,
) -> Option<Reply> {
    let (provider, code) = (of_route(route)?, Some("rate_limit_exceeded"));
    let bad = Bad { status: Status(429), code, ..Bad::new(None, over.reason()) };
    let limit = over.limit.requests.to_string();
    let reply = identified(provider, request.seed, refused(provider, request, &bad));
    Some(limited(provider, reply, "requests", &limit, request.unix_us, over.left_s()))
}

fn of_route(route: u8) -> Option<Provider> {
    provider(ROUTES.get(usize::from(route))?.path.as_bytes())
}

/// The answer to a request that is refused before its route is asked, as its modifiers, method,
/// path or length are wrong: the clients of a provider show no reason but one in its own form.
/// `None` if the path does not end as that of a route of this group, nor is unknown to a client of
/// a provider.
pub(in crate::endpoint) fn refused_before(
    refusal: &Refusal,
    request: &Request,
    reason: &str,
) -> Option<Reply> {
    let status = refusal.status;
    let by_client = || client(request).filter(|_| status.0 == 404);
    let provider = provider(&request.target.path).or_else(by_client)?;
    let code = match status.0 {
        404 => Some("unknown_url"),
        405 => Some("method_not_supported"),
        _ => None,
    };
    Some(refused(provider, request, &Bad { status, code, ..Bad::new(None, reason.to_owned()) }))
}

/// The provider of the route of this group whose path is the end of this one.
fn provider(path: &[u8]) -> Option<Provider> {
    let route = GROUP.routes.iter().find(|route| path.ends_with(route.path.as_bytes()))?;
    match route.path {
        // It is that of many servers.
        "/health" => None,
        path if path.starts_with("/v1/messages") => Some(Provider::Anthropic),
        path if path.starts_with("/api/") => Some(Provider::Ollama),
        _ => Some(Provider::OpenAi),
    }
}

/// The provider whose client sends a request, by the fields that it adds.
fn client(request: &Request) -> Option<Provider> {
    let agent = request.field("User-Agent").unwrap_or_default();
    if request.field("anthropic-version").is_some() {
        Some(Provider::Anthropic)
    } else if agent.starts_with(b"ollama") {
        Some(Provider::Ollama)
    } else {
        agent.starts_with(b"OpenAI/").then_some(Provider::OpenAi)
    }
}

/// Adds the field by which a provider's clients name a request.
pub(super) fn identified(provider: Provider, seed: u64, reply: Reply) -> Reply {
    match provider {
        Provider::OpenAi => reply.header("x-request-id", request_id(seed)),
        Provider::Anthropic => reply.header("request-id", request_id(seed)),
        Provider::Ollama => reply,
    }
}

/// The limits that a status alone is about.
const LIMITS: [(&str, &str); 2] = [("requests", "60"), ("tokens", "100000")];

/// Adds the fields of a limit that is used up, from now for so many seconds.
fn limited(
    provider: Provider,
    reply: Reply,
    unit: &str,
    limit: &str,
    unix_us: u64,
    left_s: u64,
) -> Reply {
    let reset = match provider {
        Provider::OpenAi => format!("{left_s}s"),
        Provider::Anthropic => rfc_3339(unix_us.saturating_add(left_s.saturating_mul(1_000_000))),
        Provider::Ollama => return reply,
    };
    let named = |name| match provider {
        Provider::Anthropic => format!("anthropic-ratelimit-{unit}-{name}"),
        _ => format!("x-ratelimit-{name}-{unit}"),
    };
    let values = [("limit", limit), ("remaining", "0"), ("reset", &reset)];
    values
        .into_iter()
        .fold(reply, |reply, (name, value)| reply.header(named(name), value.to_owned()))
}

fn request_id(seed: u64) -> String {
    let mut id = b"req_".to_vec();
    write_id(seed, &mut id);
    String::from_utf8_lossy(&id).into_owned()
}

/// The answer to a request that is refused.
pub(super) fn refused(provider: Provider, request: &Request, bad: &Bad) -> Reply {
    let (status, message) = (bad.status, &*bad.reason);
    let mut output = Vec::new();
    Json::spelled(&mut output, Layout::Compact, Spelling::Go).object(|json| match provider {
        Provider::OpenAi => json.object_at("error", |json| {
            json.text_at("message", message);
            json.text_at("type", openai_type(status));
            text_or_null(json, "param", bad.param);
            text_or_null(json, "code", bad.code);
        }),
        Provider::Anthropic => {
            json.text_at("type", "error");
            json.object_at("error", |json| {
                json.text_at("type", anthropic_type(status));
                json.text_at("message", message);
            });
            json.text_at("request_id", &request_id(request.seed));
        }
        Provider::Ollama => json.text_at("error", message),
    });
    Reply::whole(status, Media::Json, output)
}

fn text_or_null(json: &mut Json, name: &str, text: Option<&str>) {
    match text {
        Some(text) => json.text_at(name, text),
        None => json.raw_at(name, "null"),
    }
}

/// OpenAI's type of an error.
fn openai_type(status: Status) -> &'static str {
    match status.0 {
        429 => "requests",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

/// Anthropic's type of an error.
fn anthropic_type(status: Status) -> &'static str {
    match status.0 {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}
