//! Documents that never change: `/json`, `/xml`, `/html`, `/robots.txt`, `/deny`, `/encoding/utf8`,
//! `/forms/post`.
//!
//! `/json` is httpbin's byte for byte, since clients compare it. The others are our own and have
//! what clients look for: the names in `/xml` and the form, the heading of `/html`.

use super::route::{Group, Origin, Route};
use crate::http::app::App;
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// An HTML page with the common head.
macro_rules! page {
    ($html:literal, $file:literal) => {
        concat!(
            "<!DOCTYPE html>\n",
            $html,
            "\n",
            include_str!("documents/head.html"),
            include_str!($file)
        )
    };
}

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Documents",
    about: "Static documents",
    routes: &Origin::Httpbin.of([
        Route::get("/json", |_, _| whole(Media::Json, JSON), "A JSON document"),
        Route::get("/xml", |_, _| whole(Media::Xml, XML), "An XML document")
            .answers("application/xml"),
        Route::get("/html", |_, _| whole(Media::Html, HTML), "An HTML page from Moby-Dick")
            .answers("text/html"),
        Route::get("/robots.txt", |_, _| whole(Media::PlainText, ROBOTS), "Rules for robots")
            .answers("text/plain"),
        Route::get("/deny", |_, _| whole(Media::PlainText, DENY), "A page denied to robots")
            .answers("text/plain"),
        Route::get("/encoding/utf8", |_, _| whole(Media::Html, UTF8), "A page in many scripts")
            .fixed()
            .answers("text/html"),
        Route::get("/forms/post", form, "An HTML form for `/post`").fixed().answers("text/html"),
    ]),
};

const JSON: &str = include_str!("documents/slides.json");
const XML: &str = include_str!("documents/slides.xml");
/// Clients look for a plain `<html>` in it.
const HTML: &str = page!("<html>", "documents/moby.html");
const UTF8: &str = page!("<html lang=\"en\">", "documents/utf8.html");
const FORM: &str = page!("<html lang=\"en\">", "documents/form.html");
const DENY: &str = include_str!("documents/deny.txt");
const ROBOTS: &str = "User-agent: *\nDisallow: /deny\n";

fn whole(media: Media, text: &'static str) -> Result<Reply, Refusal> {
    Ok(Reply::whole(Status::OK, media, text.as_bytes()))
}

/// `/forms/post`, with the fields of httpbin's form.
fn form(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let page = FORM.replace("{action}", &html::escape(&app.local_for(request, "/post")));
    Ok(Reply::whole(Status::OK, Media::Html, page.into_bytes()))
}
