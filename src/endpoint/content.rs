//! Answers of a given kind: `/uuid`, `/bytes`, `/stream`, `/echo`.

use std::io::Write;

use super::inspect::stream_line;
use super::params;
use super::route::{Group, Kind, Param, Route};
use crate::base::limits::{BODY_PIECE, MAX_STREAM_LINES};
use crate::base::random::{Mersenne, Random};
use crate::http::app::App;
use crate::http::pace::{Pace, Source};
use crate::http::query;
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Dynamic data",
    about: "Answers made to order",
    routes: &[
        Route::get("/uuid", uuid, "a random UUID (version 4)"),
        Route::get("/bytes/{n}", bytes, "n random bytes")
            .with(&[
                Param::path("n", Kind::Integer(0, 102_400), "16", "how many"),
                Param::query("seed", Kind::Integer(i64::MIN, i64::MAX), "makes them repeatable"),
            ])
            .answers("application/octet-stream"),
        Route::get("/stream/{n}", stream, "n lines of JSON, a chunk each").with(&[Param::path(
            "n",
            Kind::Integer(0, 100),
            "3",
            "how many lines",
        )]),
        Route::new(UPLOAD, "/echo", echo, "the request's body, while it arrives")
            .stream()
            .answers("*/*"),
    ],
};

const UPLOAD: Methods = Methods::of(&[Method::Post, Method::Put, Method::Patch]);

/// `/uuid`: random (RFC 9562 5.4), from the request's seed.
fn uuid(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(render_uuid))
}

fn render_uuid(_: &App, request: &Request, output: &mut Vec<u8>) {
    let mut random = Random::new(request.seed);
    let high = random.next_u64() & !0xf000 | 0x4000;
    let low = random.next_u64() & !(0b11 << 62) | 0b10 << 62;
    let groups =
        (high >> 32, high >> 16 & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff);
    let (a, b, c, d, e) = groups;
    // Writing to a vector cannot fail.
    let _ = write!(output, "{{\n  \"uuid\": \"{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}\"\n}}\n");
}

/// `/bytes/{n}`: random bytes; with `seed` those that Python's generator gives for it.
fn bytes(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = params::count(app, "n", request.param(0))?;
    let bytes = params::bounded(app, "n", asked, 0..=app.limits.max_bytes)?;
    let source = match query::first_any_case(request, "seed") {
        Some(seed) => {
            let mersenne = Box::new(Mersenne::from_decimal(&params::digits("seed", &seed)?));
            Source::Python { mersenne, left: bytes, piece: BODY_PIECE }
        }
        None => {
            let random = Random::new(request.seed);
            Source::Noise { random, left: bytes, piece: BODY_PIECE }
        }
    };
    let pieces = bytes.div_ceil(u64::from(BODY_PIECE));
    let body = match bytes {
        0 => Body::Empty,
        _ => Body::Paced(Box::new(Pace::new(source, pieces, 0, Some(bytes)))),
    };
    Ok(Reply { media: Media::Bytes, body, ..Reply::new(Status::OK) }.clamped("n", asked, bytes))
}

/// `/stream/{n}`: lines of JSON that tell the request, a chunk each.
fn stream(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = params::count(app, "n", request.param(0))?;
    let pieces = asked.min(MAX_STREAM_LINES);
    let before = if pieces > 0 { stream_line(app, request) } else { Vec::new() };
    let after = b"}\n".as_slice();
    let source = Source::Lines { before: before.into(), next: 0, after: after.into() };
    let body = Body::Paced(Box::new(Pace::new(source, pieces, 0, None)));
    let reply = Reply { media: Media::Json, body, ..Reply::new(Status::OK) };
    Ok(reply.clamped("n", asked, pieces))
}

/// `/echo`: the request's body in its own type. Not httpbin's: fortio's, at a path of its own.
fn echo(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let reply = Reply { body: Body::Echo, ..Reply::new(Status::OK) };
    let media = request.field("Content-Type").and_then(|media| std::str::from_utf8(media).ok());
    let sound = |media: &&str| !media.is_empty() && !media.contains(char::is_control);
    Ok(match media.filter(sound) {
        Some(media) => reply.header("Content-Type", media.to_owned()),
        None => Reply { media: Media::Bytes, ..reply },
    })
}
