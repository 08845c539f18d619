//! `/`: what is served here, from [`ROUTES`]; as a page for browsers and as text for the others.

use std::fmt::Write;
use std::sync::OnceLock;

use super::ROUTES;
use super::refusal::allow;
use super::route::{BodyRule, Group, Route};
use crate::http::app::App;
use crate::http::profile::HTTPBIN;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "loiter",
    about: "What is served here",
    routes: &[Route::get("/", index, "this page").fixed()],
};

/// The page, or a text for clients that do not ask for one.
fn index(_: &App, request: &Request) -> Result<Reply, Refusal> {
    static PAGE: OnceLock<String> = OnceLock::new();
    static TEXT: OnceLock<String> = OnceLock::new();
    let html = memchr::memmem::Finder::new("text/html");
    let (media, body) = match request.fields_named("Accept").any(|v| html.find(v).is_some()) {
        true => (Media::Html, PAGE.get_or_init(page)),
        false => (Media::Text, TEXT.get_or_init(text)),
    };
    Ok(Reply::whole(Status::OK, media, body.as_bytes()).header("Vary", "Accept"))
}

const INTRO: &str = "An HTTP server that is fast, slow, odd or broken on command. \
    It speaks a part of the API of httpbin, in its very words, and go-httpbin's durations.";

/// The methods that a route is listed with: those that go with every GET are not.
fn methods(route: &Route) -> String {
    allow(route.methods(&HTTPBIN)).replace("GET, HEAD", "GET")
}

fn text() -> String {
    let mut text = format!("loiter {}\n{INTRO}\n\n", env!("CARGO_PKG_VERSION"));
    let width = ROUTES.iter().map(|route| route.path.len()).max().unwrap_or_default();
    for route in &ROUTES {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:width$}  {}  [{}]", route.path, route.about, methods(route));
    }
    text
}

fn page() -> String {
    let mut rows = String::new();
    for route in &ROUTES {
        let path = match is_link(route) {
            true => format!("<a href=\"{0}\">{0}</a>", route.path),
            false => route.path.to_owned(),
        };
        let (about, methods) = (route.about, methods(route));
        let _ =
            writeln!(rows, "<tr><td><code>{path}</code><td>{about}<td><small>{methods}</small>");
    }
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
         <meta name=viewport content=\"width=device-width\">\n<title>loiter</title>\n\
         <style>{STYLE}</style>\n<h1>loiter <small>{version}</small></h1>\n<p>{INTRO}</p>\n\
         <table>\n{rows}</table>\n"
    )
}

/// Whether a browser can go there as it is.
fn is_link(route: &Route) -> bool {
    !route.path.contains('{') && route.body != BodyRule::Stream && methods(route).contains("GET")
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h1{margin-bottom:0}small{opacity:.65}h1 small{font-size:1rem;font-weight:400}\
table{border-collapse:collapse;width:100%}\
td{padding:.3rem 1rem .3rem 0;border-top:1px solid #8884;vertical-align:top}\
code{font:14px/1.5 ui-monospace,monospace;white-space:nowrap}\
a{color:light-dark(#0550ae,#79b8ff)}";
