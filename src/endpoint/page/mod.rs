//! Descriptions of this server: the page at `/` and those of the API. All are made from
//! [`GROUPS`](super::GROUPS), so they include every route.

mod assets;
mod composer;
mod html;
mod live;
mod negotiate;
mod text;

use super::openapi::{openapi, range, swagger};
use super::route::{Client, Group, Kind, Origin, Param, Route};
use crate::http::app::App;
use crate::http::fields::accept::preference;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use assets::MAIN;
pub(super) use live::{live, wants_live};
use negotiate::reply;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Descriptions",
    about: "Descriptions of this API",
    routes: &Origin::Httpbin.of([
        Route::get("/", page, "This page").fixed().client(CODED_HTML).answers("text/*"),
        Route::get("/legacy", page, "This page, at the path of httpbin's old one")
            .client(CODED_HTML)
            .answers("text/*"),
        Route::get("/spec.json", spec, "This API in Swagger 2.0").client(CODED),
        Route::get("/openapi.json", description, "This API in OpenAPI 3.1")
            .from(Origin::Loiter)
            .client(CODED),
    ]),
};

const CODED: &[Client] = &[Client::Decompress];
const CODED_HTML: &[Client] = &[Client::Decompress, Client::Html];

/// A slogan and an explanation. Clients' tests look for the words of httpbin's page.
const INTRO: &str = "An HTTP server that is fast, slow, odd or broken on command.";
const MORE: &str = "An HTTP Request & Response Service like httpbin.org: httpbin's API, \
    go-httpbin's additions, and more.";

/// Command-line programs that print what they get, by the product in their User-Agent.
const PRINTERS: [&str; 3] = ["curl", "wget", "httpie"];

/// `/` and `/legacy`: the page, in both APIs; or plain text for clients that print it or prefer it.
fn page(app: &App, request: &Request) -> Result<Reply, Refusal> {
    const CHOSEN_BY: &str = "Accept, User-Agent";
    let documents = &app.documents;
    Ok(match wants_text(request) {
        true => reply(&documents.text, request, Media::Text, CHOSEN_BY, || text::text(app)),
        false => reply(&documents.page, request, Media::Html, CHOSEN_BY, || html::page(app))
            .header("Content-Security-Policy", MAIN.policy()),
    })
}

/// Whether the client prefers plain text, or prints and does not ask for HTML more specifically.
fn wants_text(request: &Request) -> bool {
    let html = preference(request, "text/html");
    let plain = preference(request, "text/plain");
    let agent = request.field("User-Agent").unwrap_or_default();
    let product = agent.split(|&byte| byte == b'/' || byte == b' ').next().unwrap_or_default();
    let prints = PRINTERS.iter().any(|name| product.eq_ignore_ascii_case(name.as_bytes()))
        && plain.precision >= html.precision;
    plain.weight > html.weight || plain.weight == html.weight && prints
}

/// `/spec.json`.
fn spec(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(reply(&app.documents.swagger, request, Media::Json, "", || swagger(app)))
}

/// `/openapi.json`.
fn description(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(reply(&app.documents.openapi, request, Media::Json, "", || openapi(app)))
}

/// The type of a parameter, in a few words; none for a text of any kind.
fn takes(app: &App, param: &Param) -> String {
    match param.kind {
        Kind::Text if param.name == "*" => "name=value".to_owned(),
        Kind::Text => String::new(),
        Kind::Integer(..) => match range(app, param) {
            (i64::MIN, i64::MAX) => "integer".to_owned(),
            (least, i64::MAX) => format!("integer from {least}"),
            (least, most) => format!("integer, {least} to {most}"),
        },
        Kind::Number(least, most) => format!("number, {least} to {most}"),
        Kind::Duration(_) => "duration".to_owned(),
        Kind::Switch => "true or false".to_owned(),
        Kind::Choice(texts, _) => texts.join(" or "),
    }
}
