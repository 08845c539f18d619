//! What is served here, told by itself: the page at `/` and the API's descriptions. All are made
//! from [`GROUPS`](super::GROUPS), so a new row is in each of them.

mod html;
mod text;

use std::borrow::Cow;
use std::sync::OnceLock;

use super::describe::{openapi, swagger};
use super::route::{Group, Param, Route};
use crate::http::accept::preference;
use crate::http::app::App;
use crate::http::profile::Profile;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use html::policy;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Descriptions",
    about: "What is served here",
    routes: &[
        Route::get("/", page, "this page").fixed().answers("text/*"),
        Route::get("/legacy", page, "this page, where httpbin keeps its old one").answers("text/*"),
        Route::get("/spec.json", spec, "this API, described in Swagger 2.0"),
        Route::get("/openapi.json", description, "this API, described in OpenAPI 3.1"),
    ],
};

/// One sentence, and what it means. Clients' own tests look for the words that httpbin's page has.
const INTRO: &str = "An HTTP server that is fast, slow, odd or broken on command.";
const MORE: &str = "It is an HTTP Request & Response Service like httpbin.org: \
    it speaks the API of httpbin, and has go-httpbin's endpoints and durations as well.";

/// Programs of the command line, by the product that their User-Agent begins with: they print what
/// they get.
const PRINTERS: [&str; 3] = ["curl", "wget", "httpie"];

/// `/` and `/legacy`: the page, as both APIs have it; or a text for clients that print it, and for
/// those that prefer one.
fn page(app: &App, request: &Request) -> Result<Reply, Refusal> {
    static TEXT: Made = Made::new();
    static PAGE: Made = Made::new();
    let reply = if wants_text(request) {
        Reply::whole(Status::OK, Media::Text, TEXT.get(app, text::text))
    } else {
        Reply::whole(Status::OK, Media::Html, PAGE.get(app, html::page))
            .header("Content-Security-Policy", policy())
    };
    Ok(reply.header("Vary", "Accept, User-Agent"))
}

/// Whether the client weighs plain text above HTML, or prints what it gets and has not named HTML
/// more closely than plain text.
fn wants_text(request: &Request) -> bool {
    let html = preference(request, "text/html");
    let plain = preference(request, "text/plain");
    let prints = plain.precision >= html.precision && is_printer(request);
    plain.weight > html.weight || plain.weight == html.weight && prints
}

fn is_printer(request: &Request) -> bool {
    let agent = request.field("User-Agent").unwrap_or_default();
    let product = agent.split(|&byte| byte == b'/' || byte == b' ').next().unwrap_or_default();
    PRINTERS.iter().any(|printer| product.eq_ignore_ascii_case(printer.as_bytes()))
}

/// `/spec.json`.
fn spec(app: &App, _: &Request) -> Result<Reply, Refusal> {
    static SPEC: Made = Made::new();
    Ok(Reply::whole(Status::OK, Media::Json, SPEC.get(app, swagger)))
}

/// `/openapi.json`.
fn description(app: &App, _: &Request) -> Result<Reply, Refusal> {
    static DESCRIPTION: Made = Made::new();
    Ok(Reply::whole(Status::OK, Media::Json, DESCRIPTION.get(app, openapi)))
}

/// A text that follows from the settings. It is made once, for those at work when it is first asked
/// for, and lent out; other settings in the same process, as tests have, make it for each request.
struct Made(OnceLock<(&'static Profile, String, Vec<u8>)>);

impl Made {
    const fn new() -> Made {
        Made(OnceLock::new())
    }

    fn get(&'static self, app: &App, make: fn(&App) -> Vec<u8>) -> Cow<'static, [u8]> {
        let first = || (app.profile, app.prefix.clone(), make(app));
        match self.0.get_or_init(first) {
            (profile, prefix, text) if *profile == app.profile && *prefix == app.prefix => {
                Cow::Borrowed(text)
            }
            _ => Cow::Owned(make(app)),
        }
    }
}

/// What a parameter takes, in a few words.
fn takes(param: &Param) -> String {
    use super::route::Kind::*;
    match param.kind {
        Text if param.name == "*" => "name=value".to_owned(),
        Text => "text".to_owned(),
        Integer(i64::MIN, i64::MAX) => "integer".to_owned(),
        Integer(least, i64::MAX) => format!("integer from {least}"),
        Integer(least, most) => format!("integer, {least} to {most}"),
        Number(least, most) => format!("number, {least} to {most}"),
        Duration => "duration".to_owned(),
        Switch => "true or false".to_owned(),
        Choice(texts) => texts.join(" or "),
    }
}
