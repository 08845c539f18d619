//! What the request said: `/get`, `/post` and their like, `/anything`, `/headers`, `/ip`,
//! `/user-agent`.
//!
//! Answers are rendered when they are sent, straight into the output. Which parts of a request they
//! tell is in the profile's documents. The departures from httpbin in how things are told stand
//! with those who tell them: `http/url`, `http/fields`, `http/respell`.

use super::route::{Group, Kind, Param, Route};
use crate::http::app::App;
use crate::http::fields;
use crate::http::form::{self, Content};
use crate::http::json::{Json, Layout};
use crate::http::profile::Key;
use crate::http::query::{self, Order};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::respell;
use crate::http::url;

const POST: Methods = Methods::of(&[Method::Post]);
const PUT: Methods = Methods::of(&[Method::Put]);
const PATCH: Methods = Methods::of(&[Method::Patch]);
const DELETE: Methods = Methods::of(&[Method::Delete]);
const ANYTHING: &str = "what any request said, with its method";

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Requests",
    about: "What the request said",
    routes: &[
        Route::get("/get", get, "what a GET request said").fixed(),
        Route::new(POST, "/post", with_body, "what a POST request said").keep().fixed(),
        Route::new(PUT, "/put", with_body, "what a PUT request said").keep().fixed(),
        Route::new(PATCH, "/patch", with_body, "what a PATCH request said").keep().fixed(),
        Route::new(DELETE, "/delete", with_body, "what a DELETE request said").keep().fixed(),
        Route::any("/anything", anything, ANYTHING).keep(),
        Route::any("/anything/{rest*}", anything, "the same under any path")
            .keep()
            .with(&[Param::path("rest", Kind::Text, "a/b", "any path")]),
        Route::get("/headers", headers, "the request's header fields"),
        Route::get("/ip", ip, "the client's address").with(&[Param::query(
            "format",
            Kind::Choice(&["json", "text"]),
            "`text`: the address alone",
        )
        .or("json")]),
        Route::get("/user-agent", user_agent, "the client's User-Agent"),
    ],
};

/// `/get`.
fn get(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| tell(app, request, app.profile.documents.get, output)))
}

/// `/post`, `/put`, `/patch` and `/delete`.
fn with_body(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| tell(app, request, app.profile.documents.body, output)))
}

/// `/anything`: the same with the method.
fn anything(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        tell(app, request, app.profile.documents.anything, output)
    }))
}

/// The body of `/delay`, where httpbin knows neither `json` nor `method`.
pub(super) fn render_delayed(app: &App, request: &Request, output: &mut Vec<u8>) {
    tell(app, request, app.profile.documents.delay, output);
}

/// `/headers`.
fn headers(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| tell(app, request, &[Key::Headers], output)))
}

/// `/ip`. As in go-httpbin, `format=text` asks for the address alone.
fn ip(_: &App, request: &Request) -> Result<Reply, Refusal> {
    if query::first(request, "format").is_some_and(|format| format == "text") {
        return Ok(Reply::json(render_address).media(Media::Text));
    }
    Ok(Reply::json(|app, request, output| tell(app, request, &[Key::Origin], output)))
}

/// The origin and a line feed; with the escapes of JSON, so that no field can bring in a control
/// character.
fn render_address(_: &App, request: &Request, output: &mut Vec<u8>) {
    url::escape_origin(output, request);
    output.push(b'\n');
}

/// `/user-agent`: `null` when there is none.
fn user_agent(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        tall(app, output, |json| {
            json.key("user-agent");
            match request.field("User-Agent") {
                None => json.raw("null"),
                Some(_) => json.quoted(|output| url::escape_joined(output, request, "User-Agent")),
            }
        })
    }))
}

/// Writes a document that tells these parts of a request, and a line feed after it.
pub(super) fn tell(app: &App, request: &Request, document: &[Key], output: &mut Vec<u8>) {
    tall(app, output, |json| write_keys(json, app, request, document, Order::Sorted));
}

/// Writes an object that `fill` fills, one item a line, and a line feed after it.
pub(super) fn tall(app: &App, output: &mut Vec<u8>, fill: impl FnOnce(&mut Json)) {
    Json::spelled(output, Layout::Tall, app.profile.spelling).object(fill);
    output.push(b'\n');
}

/// Writes these parts of a request into an object that is open.
pub(super) fn write_keys(
    json: &mut Json,
    app: &App,
    request: &Request,
    document: &[Key],
    order: Order,
) {
    let form = document.iter().any(|key| matches!(key, Key::Data | Key::Files | Key::Form));
    let content = if form { Content::of(request) } else { Content::default() };
    for &key in document {
        write_key(json, app, request, &content, key, order);
    }
}

fn write_key(
    json: &mut Json,
    _: &App,
    request: &Request,
    content: &Content,
    key: Key,
    order: Order,
) {
    let Some(name) = key.name() else { return };
    json.key(name);
    match key {
        Key::Args => query::write(json, query::of(request), order),
        Key::Data => form::write_content(json, content.data, None),
        Key::Files => content.write_files(json),
        Key::Form => content.write_form(json),
        Key::Headers => fields::write(json, request, order),
        Key::Json => respell::write(json, std::str::from_utf8(content.data).unwrap_or_default()),
        Key::Method => json.text(request.method.name()),
        Key::Origin => json.quoted(|output| url::escape_origin(output, request)),
        Key::Url => json.quoted(|output| url::escape_url(output, request)),
        Key::NoUrl => json.raw("\"\""),
        Key::Flag(_) => json.raw("true"),
        Key::Nothing => {}
    }
}
