//! The request shown as JSON: `/get`, `/post`, `/query` and the like, `/upload`, `/anything`,
//! `/headers`, `/ip`, `/user-agent`.
//!
//! Answers are rendered when they are sent, directly into the output. `http/compat/echo` lists
//! their members. The departures from httpbin in their form are documented in `uri/request_url`,
//! `fields/render_headers`, `json/reencode` and `body/go`.

use sha2::{Digest, Sha256};

use super::route::{Group, Kind, Origin, Others, Param, Route, UPLOAD};
use crate::base::text::hex;
use crate::http::app::App;
use crate::http::body::{self, content::Content};
use crate::http::compat::EchoField;
use crate::http::fields::render_headers;
use crate::http::json::reencode;
use crate::http::json::{Json, Layout};
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;
use crate::http::uri::query::{self, Order};
use crate::http::uri::request_url;

const HEAD: Methods = Methods::of(&[Method::Head]);
const POST: Methods = Methods::of(&[Method::Post]);
const QUERY: Methods = Methods::of(&[Method::Query]);
const PUT: Methods = Methods::of(&[Method::Put]);
const PATCH: Methods = Methods::of(&[Method::Patch]);
const DELETE: Methods = Methods::of(&[Method::Delete]);
/// The media types of a QUERY (RFC 10008 3).
pub(super) const ACCEPT_QUERY: &str = "Accept-Query";
const GET_ABOUT: &str = "Returns the request's query, headers and origin";
const BODY_ABOUT: &str = "Returns the request's query, headers, origin and body";
const ANYTHING_ABOUT: &str = "Returns the request's method, query, headers, origin and body";
const UPLOAD_ABOUT: &str = "Returns the request, the length of its body and its SHA-256";
const RAW: Param =
    Param::query("raw", Kind::Switch, "adds the header fields as they were sent").or("false");
/// httpbin only: go-httpbin hides none.
const SHOW_ENV: Param =
    Param::query("show_env", Kind::Text, "any value: shows fields that proxies add");
const ALL: &[Param] = &[SHOW_ENV];

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Requests",
    about: "Answers that show the request",
    routes: &Origin::Httpbin.of([
        Route::get("/get", get, GET_ABOUT).fixed().with(ALL),
        Route::new(HEAD, "/head", get, "The same as `/get`, for HEAD only")
            .from(Origin::GoHttpbin)
            .fixed()
            .with(ALL),
        Route::new(POST, "/post", with_body, BODY_ABOUT).keep().fixed().with(ALL),
        Route::new(PUT, "/put", with_body, BODY_ABOUT).keep().fixed().with(ALL),
        Route::new(PATCH, "/patch", with_body, BODY_ABOUT).keep().fixed().with(ALL),
        Route::new(DELETE, "/delete", with_body, BODY_ABOUT).keep().fixed().with(ALL),
        Route::new(QUERY, "/query", query_echo, BODY_ABOUT)
            .from(Origin::Loiter)
            .keep()
            .fixed()
            .with(ALL),
        Route::new(UPLOAD, "/upload", upload, UPLOAD_ABOUT)
            .from(Origin::GoHttpbin)
            .hash()
            .fixed()
            .with(ALL),
        Route::any("/anything", anything, ANYTHING_ABOUT).keep().with(&[RAW, SHOW_ENV]),
        Route::any("/anything/{anything*}", anything, "The same under any path").keep().with(&[
            Param::path("anything", Kind::Text, "a/b", "further path").like(r"^[\s\S]+$"),
            RAW,
            SHOW_ENV,
        ]),
        Route::get("/headers", headers, "Returns the request's header fields").with(ALL),
        Route::get("/ip", ip, "Returns the client's address")
            .with(&[Param::query(
                "format",
                Kind::Choice(&["json", "text"], Others::Taken),
                "`text`: only the address",
            )
            .or("json")])
            .answers("*/*"),
        Route::get("/user-agent", user_agent, "Returns the request's User-Agent"),
    ]),
};

/// `/get` and `/head`.
fn get(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| write_echo(app, request, app.compat.echo.get, output)))
}

/// `/post`, `/put`, `/patch` and `/delete`.
fn with_body(app: &App, request: &Request) -> Result<Reply, Refusal> {
    check_body(app, request)?;
    Ok(Reply::json(|app, request, output| write_echo(app, request, app.compat.echo.body, output)))
}

/// `/query`, an addition: RFC 10008 2 requires a Content-Type, and 3 has the field that names those
/// which are accepted. Other routes accept a QUERY without one too.
fn query_echo(app: &App, request: &Request) -> Result<Reply, Refusal> {
    if request.field("Content-Type").is_none_or(<[u8]>::is_empty) {
        return Err(Refusal::bad(
            "a QUERY must have a Content-Type (RFC 10008): add one, such as application/json",
        ));
    }
    Ok(with_body(app, request)?.header(ACCEPT_QUERY, "*/*"))
}

/// Refuses a form with too many fields and, if the API is strict, a malformed body. Call this
/// before rendering an answer with [`EchoField::Data`], `Files`, `Form` or `Json`.
pub(super) fn check_body(app: &App, request: &Request) -> Result<(), Refusal> {
    body::check(app.compat, request)
}

/// `/upload`, from go-httpbin: the length of the body is unlimited, as it is not kept. Departure:
/// httpbin's dialect, which has no such endpoint, adds its SHA-256.
fn upload(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| write_echo(app, request, app.compat.echo.upload, output)))
}

/// `/anything`: the same with the method. `raw=1`, an addition, adds the header fields as they were
/// sent: in their order and case, not joined.
fn anything(app: &App, request: &Request) -> Result<Reply, Refusal> {
    check_body(app, request)?;
    Ok(Reply::json(|app, request, output| {
        let raw = query::first(request, "raw").is_some_and(|raw| raw == "1" || raw == "true");
        let echo = &app.compat.echo;
        write_echo(app, request, if raw { echo.raw } else { echo.anything }, output);
    }))
}

/// The body of `/delay`, which in httpbin has neither `json` nor `method`.
pub(super) fn render_delayed(app: &App, request: &Request, output: &mut Vec<u8>) {
    write_echo(app, request, app.compat.echo.delay, output);
}

/// `/headers`.
fn headers(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| write_echo(app, request, &[EchoField::Headers], output)))
}

/// `/ip`. As in go-httpbin, `format=text` asks for the address alone.
fn ip(_: &App, request: &Request) -> Result<Reply, Refusal> {
    if query::first(request, "format").is_some_and(|format| format == "text") {
        return Ok(Reply::json(render_address).media(Media::Text));
    }
    Ok(Reply::json(|app, request, output| write_echo(app, request, &[EchoField::Origin], output)))
}

/// The origin and a line feed. With JSON escapes, so that no control character can get in.
fn render_address(app: &App, request: &Request, output: &mut Vec<u8>) {
    request_url::escape_origin(output, app, request);
    output.push(b'\n');
}

/// `/user-agent`: `null` or an empty text if it is missing.
fn user_agent(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        const NAME: &str = "User-Agent";
        write_object(app, output, |json| {
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

/// Writes a document with these members, and a line feed.
pub(super) fn write_echo(
    app: &App,
    request: &Request,
    document: &[EchoField],
    output: &mut Vec<u8>,
) {
    write_object(app, output, |json| write_members(json, app, request, document, Order::Sorted));
}

/// Writes an indented object and a line feed; `fill` writes its members.
pub(super) fn write_object(app: &App, output: &mut Vec<u8>, fill: impl FnOnce(&mut Json)) {
    Json::spelled(output, Layout::Indented, app.compat.spelling).object(fill);
    output.push(b'\n');
}

/// A reply with an object; `fill` writes its members.
pub(super) fn object_reply(app: &App, status: Status, fill: impl FnOnce(&mut Json)) -> Reply {
    let mut body = Vec::new();
    write_object(app, &mut body, fill);
    Reply::whole(status, Media::Json, body)
}

/// Writes these members into an open object.
pub(super) fn write_members(
    json: &mut Json,
    app: &App,
    request: &Request,
    document: &[EchoField],
    order: Order,
) {
    let form = document
        .iter()
        .any(|field| matches!(field, EchoField::Data | EchoField::Files | EchoField::Form));
    // A malformed body has been refused by the endpoint.
    let content = if form { body::read(app.compat, request).ok() } else { None };
    let content = content.unwrap_or_default();
    for &field in document {
        write_member(json, app, request, &content, field, order);
    }
}

fn write_member(
    json: &mut Json,
    app: &App,
    request: &Request,
    content: &Content,
    field: EchoField,
    order: Order,
) {
    let compat = app.compat;
    json.key(field.name());
    match field {
        EchoField::Args => query::write_args(json, compat, request, order),
        EchoField::Data => content.data.write(json),
        EchoField::Files => content.write_files(json, compat),
        EchoField::Form => content.write_form(json, compat),
        EchoField::Headers => render_headers::write(json, app, request, order),
        EchoField::Json => reencode::write(json, &content.json),
        EchoField::Method => json.text(request.method_name()),
        EchoField::RawHeaders => render_headers::write_raw(json, app, request),
        EchoField::BytesReceived => json.raw(itoa::Buffer::new().format(request.body_bytes)),
        EchoField::Sha256 => json.quoted(|output| write_sha256(output, request.body)),
        EchoField::Origin => json.quoted(|output| request_url::escape_origin(output, app, request)),
        EchoField::Url => json.quoted(|output| request_url::escape_url(output, app, request)),
        EchoField::EmptyUrl => json.raw("\"\""),
        EchoField::Flag(_) => json.raw("true"),
    }
}

/// Writes the SHA-256 with which a body ends, in hexadecimal; that of nothing for an empty one.
fn write_sha256(output: &mut Vec<u8>, body: &[u8]) {
    let hash = body.last_chunk().copied().unwrap_or_else(|| Sha256::digest(b"").into());
    output.extend_from_slice(hex(&hash).as_bytes());
}
