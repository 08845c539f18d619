//! The live page of the admin listener: the journal's requests as they come.

use super::assets::{LIVE, heading};
use super::negotiate::reply;
use crate::http::app::App;
use crate::http::fields::accept::preference;
use crate::http::reply::{Media, Reply};
use crate::http::request::Request;

const INTRO: &str = "The requests of this server, as they come.";
const MAIN: &str = include_str!("live.html");
/// What is shown in its place where no journal is kept.
const OFF: &str = "<main id=routes tabindex=-1>\n<section aria-labelledby=off-name>\n\
    <h2 id=off-name>The journal is off</h2>\n<p class=about>Start loiter with \
    <code>--journal 1000</code> to see its last 1000 requests here.</p>\n</section>\n</main>\n";

/// Whether the client asks for HTML by its name, as browsers do for a page.
pub(in crate::endpoint) fn wants_live(request: &Request) -> bool {
    let html = preference(request, "text/html");
    html.precision == 3 && html.weight > 0
}

/// The live page; `on` is whether the server keeps a journal.
pub(in crate::endpoint) fn live(app: &App, request: &Request, on: bool) -> Reply {
    let document = if on { &app.documents.live } else { &app.documents.no_journal };
    let make = || LIVE.document("loiter: live", &before(app, on));
    reply(document, request, Media::Html, "Accept", make)
        .header("Content-Security-Policy", LIVE.policy())
}

fn before(app: &App, on: bool) -> String {
    let link = |path: &str, name: &str| format!("<a href=\"{}\">{name}</a> ", app.local(path));
    let mut links = String::new();
    let mut filter = "";
    if on {
        links += &link("/requests", "/requests");
        links += &link("/requests.har", "HAR");
        filter = "<p class=filter hidden><label for=filter>Filter <kbd>/</kbd></label>\
            <input id=filter type=search placeholder=\"part of a path, or /hook*\" \
            spellcheck=false autocomplete=off>\
            <output for=filter></output></p>\n";
    }
    links += &link("/stats", "Statistics");
    links += &link("/settings", "Settings");
    format!(
        "<body>\n<a class=skip href=\"#routes\">Skip to the requests</a>\n<header>\n{heading}\
         <p class=intro>{INTRO}</p>\n<p class=links>{links}</p>\n{filter}\
         <p class=version>loiter {version}</p>\n</header>\n{main}",
        heading = heading(),
        version = env!("CARGO_PKG_VERSION"),
        main = if on { MAIN } else { OFF },
    )
}
