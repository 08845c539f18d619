//! Documents that never change: `/json`, `/xml`, `/html`, `/robots.txt`, `/deny`,
//! `/encoding/utf8`, `/forms/post`.
//!
//! `/json` is httpbin's to the byte, for clients compare it. The others are our own and keep what
//! clients look for: the names in `/xml` and the form, the heading of `/html`.

use super::route::{Group, Route};
use crate::http::app::App;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Documents",
    about: "Documents that never change",
    routes: &[
        Route::get("/json", |_, _| whole(Media::Json, JSON), "a JSON document"),
        Route::get("/xml", |_, _| whole(Media::Xml, XML), "an XML document")
            .answers("application/xml"),
        Route::get("/html", |_, _| whole(Media::Html, HTML), "a page of Moby-Dick")
            .answers("text/html"),
        Route::get("/robots.txt", |_, _| whole(Media::PlainText, ROBOTS), "rules for robots")
            .answers("text/plain"),
        Route::get("/deny", |_, _| whole(Media::PlainText, DENY), "what robots may not see")
            .answers("text/plain"),
        Route::get("/encoding/utf8", |_, _| whole(Media::Html, UTF8), "a page in many scripts")
            .fixed()
            .answers("text/html"),
        Route::get("/forms/post", form, "a form that is sent to `/post`")
            .fixed()
            .answers("text/html"),
    ],
};

const JSON: &str = include_str!("documents/slides.json");
const XML: &str = include_str!("documents/slides.xml");
/// Clients look for a bare `<html>` in it.
const HTML: &str = concat!(
    "<!DOCTYPE html>\n<html>\n",
    include_str!("documents/head.html"),
    include_str!("documents/moby.html")
);
const UTF8: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"en\">\n",
    include_str!("documents/head.html"),
    include_str!("documents/utf8.html")
);
const FORM: &str = concat!(
    "<!DOCTYPE html>\n<html lang=\"en\">\n",
    include_str!("documents/head.html"),
    include_str!("documents/form.html")
);
const DENY: &str = include_str!("documents/deny.txt");
const ROBOTS: &str = "User-agent: *\nDisallow: /deny\n";

fn whole(media: Media, text: &'static str) -> Result<Reply, Refusal> {
    Ok(Reply::whole(Status::OK, media, text.as_bytes()))
}

/// `/forms/post`: with the fields that httpbin's has.
fn form(app: &App, _: &Request) -> Result<Reply, Refusal> {
    let page = FORM.replace("{action}", &app.local("/post"));
    Ok(Reply::whole(Status::OK, Media::Html, page.into_bytes()))
}
