//! What the request said: `/get`, `/post` and their like, `/anything`, `/headers`, `/ip`,
//! `/user-agent`.
//!
//! Answers are rendered when they are sent, straight into the output. The departures from httpbin
//! in how things are told stand with those who tell them: `http/url`, `http/fields`,
//! `http/respell`.

use crate::http::app::App;
use crate::http::fields;
use crate::http::form::{self, Content};
use crate::http::json::{Json, Layout};
use crate::http::query::{self, Order};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::respell;
use crate::http::url;

/// `/get`.
pub(super) fn get(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|_, request, output| {
        tell(output, |json| {
            tell_args(json, request);
            tell_headers(json, request);
            tell_origin_and_url(json, request);
        })
    }))
}

/// `/post`, `/put`, `/patch` and `/delete`.
pub(super) fn with_body(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|_, request, output| {
        tell(output, |json| {
            tell_args(json, request);
            let text = tell_body(json, request);
            tell_headers(json, request);
            tell_json(json, text);
            tell_origin_and_url(json, request);
        })
    }))
}

/// `/anything`: the same with the method.
pub(super) fn anything(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|_, request, output| {
        tell(output, |json| {
            tell_args(json, request);
            let text = tell_body(json, request);
            tell_headers(json, request);
            tell_json(json, text);
            json.key("method");
            json.text(request.method.name());
            tell_origin_and_url(json, request);
        })
    }))
}

/// The body of `/delay`, which knows neither `json` nor `method`.
pub(super) fn render_delayed(_: &App, request: &Request, output: &mut Vec<u8>) {
    tell(output, |json| {
        tell_args(json, request);
        tell_body(json, request);
        tell_headers(json, request);
        tell_origin_and_url(json, request);
    });
}

/// `/headers`.
pub(super) fn headers(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|_, request, output| tell(output, |json| tell_headers(json, request))))
}

/// `/ip`. As in go-httpbin, `format=text` asks for the address alone.
pub(super) fn ip(_: &App, request: &Request) -> Result<Reply, Refusal> {
    if query::first(request, "format").is_some_and(|format| format == "text") {
        return Ok(Reply { media: Media::Text, ..Reply::json(render_address) });
    }
    Ok(Reply::json(|_, request, output| tell(output, |json| tell_origin(json, request))))
}

/// The origin and a line feed; with the escapes of JSON, so that no field can bring in a control
/// character.
fn render_address(_: &App, request: &Request, output: &mut Vec<u8>) {
    url::escape_origin(output, request);
    output.push(b'\n');
}

/// `/user-agent`: `null` when there is none.
pub(super) fn user_agent(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|_, request, output| {
        tell(output, |json| {
            json.key("user-agent");
            match request.field("User-Agent") {
                None => json.raw("null"),
                Some(_) => json.quoted(|output| url::escape_joined(output, request, "User-Agent")),
            }
        })
    }))
}

/// The line of `/stream`, up to its number: unsorted, as httpbin writes it.
pub(super) fn stream_line(request: &Request) -> Vec<u8> {
    let mut output = Vec::new();
    let mut json = Json::new(&mut output, Layout::Wide);
    json.open(b'{');
    tell_url(&mut json, request);
    json.key("args");
    query::write(&mut json, query::of(request), Order::Arrival);
    json.key("headers");
    fields::write(&mut json, request, Order::Arrival);
    tell_origin(&mut json, request);
    json.key("id");
    output
}

/// Writes a document of httpbin's: an object, and a line feed after it.
fn tell(output: &mut Vec<u8>, fill: impl FnOnce(&mut Json)) {
    Json::new(output, Layout::Tall).object(fill);
    output.push(b'\n');
}

fn tell_args(json: &mut Json, request: &Request) {
    json.key("args");
    query::write(json, query::of(request), Order::Sorted);
}

fn tell_headers(json: &mut Json, request: &Request) {
    json.key("headers");
    fields::write(json, request, Order::Sorted);
}

fn tell_origin(json: &mut Json, request: &Request) {
    json.key("origin");
    json.quoted(|output| url::escape_origin(output, request));
}

fn tell_url(json: &mut Json, request: &Request) {
    json.key("url");
    json.quoted(|output| url::escape_url(output, request));
}

fn tell_origin_and_url(json: &mut Json, request: &Request) {
    tell_origin(json, request);
    tell_url(json, request);
}

/// Writes `data`, `files` and `form`, and gives back the text that may hold JSON: the body when it
/// is no form, whatever its type.
fn tell_body<'a>(json: &mut Json, request: &Request<'a>) -> &'a str {
    let content = Content::of(request);
    let data = content.data;
    json.key("data");
    form::write_content(json, data, None);
    json.key("files");
    content.write_files(json);
    json.key("form");
    content.write_form(json);
    std::str::from_utf8(data).unwrap_or_default()
}

fn tell_json(json: &mut Json, text: &str) {
    json.key("json");
    respell::write(json, text);
}
