//! Images: `/image` in the format that the client accepts, `/image/png` and the like, and
//! `/favicon.ico`.
//!
//! The picture is our own: somebody who loiters under a street lamp.

use super::route::{Client, Group, Origin, Route};
use super::status::status_reply;
use crate::http::app::App;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Images",
    about: "An image in several formats",
    routes: &Origin::Httpbin.of([
        Route::get("/image", negotiated, "An image in the format that `Accept` names")
            .go(go_negotiated)
            .client(SAVED)
            .answers("image/*"),
        Route::get("/image/png", |_, _| Ok(PNG.reply()), "A PNG image")
            .client(SAVED)
            .answers("image/png"),
        Route::get("/image/jpeg", |_, _| Ok(JPEG.reply()), "A JPEG image")
            .client(SAVED)
            .answers("image/jpeg"),
        Route::get("/image/webp", |_, _| Ok(WEBP.reply()), "A WebP image")
            .client(SAVED)
            .answers("image/webp"),
        Route::get("/image/svg", |_, _| Ok(SVG.reply()), "An SVG image")
            .client(SAVED)
            .answers("image/svg+xml"),
        Route::get("/favicon.ico", |_, _| Ok(ICON.reply()), "The icon of this server")
            .from(Origin::Loiter)
            .client(SAVED)
            .answers("image/x-icon"),
    ]),
};

const SAVED: &[Client] = &[Client::Save];

/// An image file.
struct Picture {
    media: &'static str,
    bytes: &'static [u8],
}

impl Picture {
    fn reply(&self) -> Reply {
        Reply::whole(Status::OK, Media::None, self.bytes).header("Content-Type", self.media)
    }
}

static PNG: Picture = Picture { media: "image/png", bytes: include_bytes!("images/lamp.png") };
static JPEG: Picture = Picture { media: "image/jpeg", bytes: include_bytes!("images/lamp.jpeg") };
static WEBP: Picture = Picture { media: "image/webp", bytes: include_bytes!("images/lamp.webp") };
static SVG: Picture = Picture { media: "image/svg+xml", bytes: include_bytes!("images/lamp.svg") };
static ICON: Picture =
    Picture { media: "image/x-icon", bytes: include_bytes!("images/favicon.ico") };

/// Names to look for in `Accept`, and the picture for each.
type Choices = [(&'static str, &'static Picture); 5];

/// `/image`: the first of these that occurs in `Accept`, in any case; weights are ignored. As in
/// httpbin, `*/*` matches none and is answered with 406; without `Accept` the image is a PNG.
fn negotiated(app: &App, request: &Request) -> Result<Reply, Refusal> {
    const CHOICES: Choices = [
        ("image/webp", &WEBP),
        ("image/svg+xml", &SVG),
        ("image/jpeg", &JPEG),
        ("image/png", &PNG),
        ("image/*", &PNG),
    ];
    let lines: Vec<&[u8]> = request.fields_named("Accept").collect();
    if lines.is_empty() {
        return Ok(PNG.reply());
    }
    let accept = lines.join(&b',').to_ascii_lowercase();
    Ok(chosen(&CHOICES, &accept).unwrap_or_else(|| status_reply(app, request, 406)))
}

/// The same in go-httpbin: in another order, case-sensitive, and 415 for other types.
fn go_negotiated(_: &App, request: &Request) -> Result<Reply, Refusal> {
    const CHOICES: Choices = [
        ("image/*", &PNG),
        ("image/png", &PNG),
        ("image/webp", &WEBP),
        ("image/svg+xml", &SVG),
        ("image/jpeg", &JPEG),
    ];
    match request.field("Accept").unwrap_or_default() {
        b"" => Ok(PNG.reply()),
        accept => chosen(&CHOICES, accept).ok_or_else(|| Refusal::new(Status(415), "")),
    }
}

fn chosen(choices: &Choices, accept: &[u8]) -> Option<Reply> {
    let named = |name: &str| memchr::memmem::find(accept, name.as_bytes()).is_some();
    choices.iter().find(|choice| named(choice.0)).map(|choice| choice.1.reply())
}
