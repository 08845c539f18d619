//! Generated answers: `/uuid`, `/bytes`, `/echo`; `/base64` is in `base64`.

use std::io::Write;

use super::route::{Ceiling, Client, Group, Kind, Origin, Param, Route, UPLOAD};
use super::{base64, params};
use crate::base::go_rand::GoRand;
use crate::base::limits::BODY_PIECE;
use crate::base::random::{Mersenne, Random};
use crate::http::app::App;
use crate::http::char_class::has_no_controls;
use crate::http::compat::Generator;
use crate::http::pace::{Pace, RandomBytes, Source};
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::query;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Dynamic data",
    about: "Generated answers",
    routes: &Origin::Httpbin.of([
        Route::get("/uuid", uuid, "Returns a random UUID (version 4)"),
        Route::get("/bytes/{n}", bytes, "Returns n random bytes")
            .with(&[SIZE, SEED])
            .client(&[Client::Save])
            .answers("application/octet-stream"),
        Route::new(UPLOAD, "/echo", echo, "Streams the request's body back")
            .from(Origin::Loiter)
            .stream()
            .client(&[Client::Save])
            .answers("*/*"),
        base64::TEXT,
        base64::OPERATION,
    ]),
};

/// The number of random bytes.
pub(super) const SIZE: Param = Param::path("n", COUNT, "16", "number of bytes")
    .up_to(Ceiling::Bytes)
    .go(&Param::path("n", COUNT, "16", "number of bytes").up_to(Ceiling::Body));
const COUNT: Kind = Kind::Integer(0, i64::MAX);
/// The seed of the generator.
pub(super) const SEED: Param =
    Param::query("seed", Kind::Integer(i64::MIN, i64::MAX), "seed of the random generator");

/// `/uuid`: a random UUID (RFC 9562 5.4), from the request's seed.
fn uuid(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(render_uuid))
}

fn render_uuid(_: &App, request: &Request, output: &mut Vec<u8>) {
    let mut random = Random::new(request.seed);
    let high = random.next_u64() & !0xf000 | 0x4000;
    let low = random.next_u64() & !(0b11 << 62) | 0b10 << 62;
    let (a, b, c) = (high >> 32, high >> 16 & 0xffff, high & 0xffff);
    let (d, e) = (low >> 48, low & 0xffff_ffff_ffff);
    // Writing to a vector cannot fail.
    let _ = write!(output, "{{\n  \"uuid\": \"{a:08x}-{b:04x}-{c:04x}-{d:04x}-{e:012x}\"\n}}\n");
}

/// `/bytes/{n}`: random bytes; with `seed` those that the API's own generator produces for it.
fn bytes(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let (asked, bytes) = size(app, request)?;
    let source = random(app, request, bytes, BODY_PIECE)?;
    let pace = Pace::new(source, bytes.div_ceil(u64::from(BODY_PIECE)), 0, Some(bytes));
    let body = Body::Paced(Box::new(pace));
    let reply = Reply { media: Media::OctetStream, body, ..Reply::new(Status::OK) };
    Ok(reply.sized().clamped("n", asked, bytes))
}

/// The number of bytes requested, and the number granted, by the limit of the API.
pub(super) fn size(app: &App, request: &Request) -> Result<(u64, u64), Refusal> {
    let asked = params::count(app, "n", request.param(0))?;
    let most = app.compat.most_bytes(&app.limits);
    Ok((asked, params::bounded(app, "n", asked, 0..=most)?))
}

/// Random bytes, `piece` at a time; with `seed` from Python's generator or Go's.
pub(super) fn random(
    app: &App,
    request: &Request,
    left: u64,
    piece: u32,
) -> Result<Source, Refusal> {
    let seed = query::given(app.compat, query::first_any_case(request, "seed"));
    let bytes = match (seed, app.compat.generator) {
        (None, _) => RandomBytes::Noise(Random::new(request.seed)),
        (Some(seed), Generator::Python) => {
            let digits = params::digits("seed", &seed)?;
            RandomBytes::Python(Box::new(Mersenne::from_decimal(&digits)))
        }
        (Some(seed), Generator::Go) => {
            RandomBytes::Go(Box::new(GoRand::new(params::integer(app.compat, "seed", &seed)?)))
        }
    };
    Ok(Source::Random { bytes, left, piece })
}

/// `/echo`, an addition, as in fortio: the request's body with its media type.
fn echo(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let reply = Reply { body: Body::Echo, ..Reply::new(Status::OK) };
    let media = request.field("Content-Type").and_then(|media| std::str::from_utf8(media).ok());
    let sound = |media: &&str| !media.is_empty() && has_no_controls(media);
    Ok(match media.filter(sound) {
        Some(media) => reply.header("Content-Type", media.to_owned()),
        None => Reply { media: Media::OctetStream, ..reply },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    #[test]
    fn a_body_of_100_mib_is_made_piece_by_piece() {
        let reply = |n: u64, seed: &str| {
            let target = format!("/bytes/{n}{seed}");
            ask(&target, &[], b"", |request| {
                let mut request = request.clone();
                request.params.spans[0] = (7, 7 + n.to_string().len() as u32);
                bytes(&App::default(), &request).unwrap()
            })
        };
        const MOST: u64 = 100 << 20;
        for seed in ["", "?seed=1"] {
            for (n, clamped) in [(MOST, None), (MOST + 1, Some(MOST))] {
                let reply = reply(n, seed);
                let Body::Paced(pace) = &reply.body else { panic!("{:?}", reply.body) };
                assert_eq!((pace.length, pace.pieces), (Some(MOST), MOST / u64::from(BODY_PIECE)));
                let said = reply.headers.iter().find(|(name, _)| *name == "X-Clamped");
                let said = said.map(|(_, value)| value.to_owned());
                assert_eq!(said, clamped.map(|most| format!("n={most}")), "{n}");
            }
        }
    }
}
