//! What the request said: `/get`, `/post` and their like, `/upload`, `/anything`, `/headers`,
//! `/ip`, `/user-agent`.
//!
//! Answers are rendered when they are sent, straight into the output. Which parts of a request they
//! tell is in the profile's documents. The departures from httpbin in how things are told stand
//! with those who tell them: `http/url`, `http/fields`, `http/respell`, `http/strict`.

use super::route::{Group, Kind, Others, Param, Route, UPLOAD};
use crate::http::app::App;
use crate::http::body::{self, content::Content};
use crate::http::compat::EchoField;
use crate::http::fields::render_headers;
use crate::http::json::reencode;
use crate::http::json::{Json, Layout};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::uri::query::{self, Order};
use crate::http::uri::request_url;

const HEAD: Methods = Methods::of(&[Method::Head]);
const POST: Methods = Methods::of(&[Method::Post]);
const PUT: Methods = Methods::of(&[Method::Put]);
const PATCH: Methods = Methods::of(&[Method::Patch]);
const DELETE: Methods = Methods::of(&[Method::Delete]);
const ANYTHING: &str = "what any request said, with its method";
const RAW: Param =
    Param::query("raw", Kind::Switch, "tells the header fields as they were sent, too").or("false");
/// httpbin's: go-httpbin hides none.
const SHOW_ENV: Param =
    Param::query("show_env", Kind::Text, "any value: fields that proxies add are not hidden");
const ALL: &[Param] = &[SHOW_ENV];

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Requests",
    about: "What the request said",
    routes: &[
        Route::get("/get", get, "what a GET request said").fixed().with(ALL),
        Route::new(HEAD, "/head", get, "the same for HEAD alone").fixed().with(ALL),
        Route::new(POST, "/post", with_body, "what a POST request said").keep().fixed().with(ALL),
        Route::new(PUT, "/put", with_body, "what a PUT request said").keep().fixed().with(ALL),
        Route::new(PATCH, "/patch", with_body, "what a PATCH request said")
            .keep()
            .fixed()
            .with(ALL),
        Route::new(DELETE, "/delete", with_body, "what a DELETE request said")
            .keep()
            .fixed()
            .with(ALL),
        Route::new(UPLOAD, "/upload", upload, "how long a body is, and what else was said")
            .count()
            .fixed()
            .with(ALL),
        Route::any("/anything", anything, ANYTHING).keep().with(&[RAW, SHOW_ENV]),
        Route::any("/anything/{anything*}", anything, "the same under any path").keep().with(&[
            Param::path("anything", Kind::Text, "a/b", "any path").like(r"^[\s\S]+$"),
            RAW,
            SHOW_ENV,
        ]),
        Route::get("/headers", headers, "the request's header fields").with(ALL),
        Route::get("/ip", ip, "the client's address")
            .with(&[Param::query(
                "format",
                Kind::Choice(&["json", "text"], Others::Taken),
                "`text`: the address alone",
            )
            .or("json")])
            .answers("*/*"),
        Route::get("/user-agent", user_agent, "the client's User-Agent"),
    ],
};

/// `/get` and `/head`.
fn get(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| tell(app, request, app.compat.echo.get, output)))
}

/// `/post`, `/put`, `/patch` and `/delete`.
fn with_body(app: &App, request: &Request) -> Result<Reply, Refusal> {
    check_body(app, request)?;
    Ok(Reply::json(|app, request, output| tell(app, request, app.compat.echo.body, output)))
}

/// Refuses a form of too many fields, and a body that cannot be read, where the profile has it so.
/// Whoever answers with [`Key::Data`] or its like calls this first: when the answer is written, it
/// is too late.
pub(super) fn check_body(app: &App, request: &Request) -> Result<(), Refusal> {
    body::check_count(request)?;
    if app.compat.strict {
        body::read(app.compat, request)?;
    }
    Ok(())
}

/// `/upload`: go-httpbin's. What was said without the body itself, and how long that is: any
/// length, as none of it is kept.
fn upload(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| tell(app, request, app.compat.echo.upload, output)))
}

/// `/anything`: the same with the method. `raw=1`, which is our own, adds the header fields as they
/// were sent: in their order and case, repeated ones by themselves.
fn anything(app: &App, request: &Request) -> Result<Reply, Refusal> {
    check_body(app, request)?;
    Ok(Reply::json(|app, request, output| {
        let raw = query::first(request, "raw").is_some_and(|raw| raw == "1" || raw == "true");
        let documents = &app.compat.echo;
        tell(app, request, if raw { documents.raw } else { documents.anything }, output);
    }))
}

/// The body of `/delay`, where httpbin knows neither `json` nor `method`.
pub(super) fn render_delayed(app: &App, request: &Request, output: &mut Vec<u8>) {
    tell(app, request, app.compat.echo.delay, output);
}

/// `/headers`.
fn headers(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| tell(app, request, &[EchoField::Headers], output)))
}

/// `/ip`. As in go-httpbin, `format=text` asks for the address alone.
fn ip(_: &App, request: &Request) -> Result<Reply, Refusal> {
    if query::first(request, "format").is_some_and(|format| format == "text") {
        return Ok(Reply::json(render_address).media(Media::Text));
    }
    Ok(Reply::json(|app, request, output| tell(app, request, &[EchoField::Origin], output)))
}

/// The origin and a line feed; with the escapes of JSON, so that no field can bring in a control
/// character.
fn render_address(app: &App, request: &Request, output: &mut Vec<u8>) {
    request_url::escape_origin(output, app.compat, request);
    output.push(b'\n');
}

/// `/user-agent`: `null` when there is none, or an empty text.
fn user_agent(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        const NAME: &str = "User-Agent";
        tall(app, output, |json| {
            json.key("user-agent");
            match request.field(NAME).filter(|_| !render_headers::is_excluded(app, NAME.as_bytes()))
            {
                None => json.raw(app.compat.missing_user_agent),
                Some(_) => json
                    .quoted(|output| request_url::escape_field(output, app.compat, request, NAME)),
            }
        })
    }))
}

/// Writes a document that tells these parts of a request, and a line feed after it.
pub(super) fn tell(app: &App, request: &Request, document: &[EchoField], output: &mut Vec<u8>) {
    tall(app, output, |json| write_keys(json, app, request, document, Order::Sorted));
}

/// Writes an object that `fill` fills, one item a line, and a line feed after it.
pub(super) fn tall(app: &App, output: &mut Vec<u8>, fill: impl FnOnce(&mut Json)) {
    Json::spelled(output, Layout::Tall, app.compat.spelling).object(fill);
    output.push(b'\n');
}

/// Writes these parts of a request into an object that is open.
pub(super) fn write_keys(
    json: &mut Json,
    app: &App,
    request: &Request,
    document: &[EchoField],
    order: Order,
) {
    let form = document
        .iter()
        .any(|key| matches!(key, EchoField::Data | EchoField::Files | EchoField::Form));
    // The endpoint has refused what cannot be read.
    let content = if form { body::read(app.compat, request).ok() } else { None };
    let content = content.unwrap_or_default();
    for &key in document {
        write_key(json, app, request, &content, key, order);
    }
}

fn write_key(
    json: &mut Json,
    app: &App,
    request: &Request,
    content: &Content,
    key: EchoField,
    order: Order,
) {
    let compat = app.compat;
    json.key(key.name());
    match key {
        EchoField::Args => query::write_args(json, compat, request, order),
        EchoField::Data => content.data.write(json),
        EchoField::Files => content.write_files(json, compat),
        EchoField::Form => content.write_form(json, compat),
        EchoField::Headers => render_headers::write(json, app, request, order),
        EchoField::Json => reencode::write(json, &content.json),
        EchoField::Method => json.text(request.method_name()),
        EchoField::RawHeaders => render_headers::write_raw(json, app, request),
        EchoField::BytesReceived => json.raw(itoa::Buffer::new().format(request.body_bytes)),
        EchoField::Origin => {
            json.quoted(|output| request_url::escape_origin(output, compat, request))
        }
        EchoField::Url => json.quoted(|output| request_url::escape_url(output, compat, request)),
        EchoField::EmptyUrl => json.raw("\"\""),
        EchoField::Flag(_) => json.raw("true"),
    }
}
