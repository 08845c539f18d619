//! HTTP/2: a `script.rs` script after the client's preface; or, if the first byte is odd, frames made
//! of the bytes, so that a run gets beyond their heads.

use loiter::proto::conn::Protocol;
use loiter::proto::http2::frame::{Head, Kind, PREFACE, write_settings};
use loiter::proto::http2::hpack::encode;
use loiter_fuzz::play::Player;
use loiter_fuzz::script::{self, Step};

/// What streams ask for.
const PATHS: [&str; 16] = [
    "/get",
    "/delay/0.02",
    "/echo",
    "/anything",
    "/bytes/5000?seed=1",
    "/drip?duration=0.03&numbytes=3&delay=0.01",
    "/status/204",
    "/upload",
    "/stream/3",
    "/trailers?a=b",
    "/get?~fault=hang",
    "/bytes/900?~rate=20000",
    "/~fault=reset:5/robots.txt",
    "/anything?~read=1000",
    "/~delay=9ms/~fault=reset/get",
    "/websocket/echo",
];

pub(crate) fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let mut preface = PREFACE.to_vec();
    write_settings(&mut preface, &[(4, [0, 1, 1000, 65_535][usize::from(first >> 1 & 3)])]);
    let mut steps = vec![Step::Arrive(preface)];
    match first & 1 {
        0 => steps.extend(script::steps(rest)),
        _ => rest.as_chunks().0.iter().for_each(|chunk| step(*chunk, &mut steps)),
    }
    let app = script::app(first & !0x4f | first >> 4 & 0x0e);
    for piece in [usize::MAX, 7] {
        Player::new(&app, Protocol::Http, 1).watched().play(&steps, piece);
    }
}

/// Makes a step of four bytes: what, on which stream, and two numbers.
fn step([what, stream, a, b]: [u8; 4], steps: &mut Vec<Step>) {
    let id = 2 * u32::from(stream % 32) + 1;
    let end = u8::from(a & 1 == 1);
    let more = u32::from(a) << (b % 24);
    let frame = match what % 14 {
        0..=3 => return steps.push(Step::Arrive(head(id, a, b))),
        4 | 5 => frame(Kind::Data, end, id, &vec![b; usize::from(a) * usize::from(b % 64)]),
        6 => frame(Kind::WindowUpdate, 0, id, &more.to_be_bytes()),
        7 => frame(Kind::WindowUpdate, 0, 0, &more.to_be_bytes()),
        8 => frame(Kind::RstStream, 0, id, &8u32.to_be_bytes()),
        9 => {
            let mut settings = Vec::new();
            write_settings(&mut settings, &[(4, more), (u16::from(b % 10), u32::from(a % 2))]);
            settings
        }
        10 => return steps.push(Step::Pass(1 << (a % 26))),
        11 => frame(Kind::Ping, a & 1, 0, b"loiter.."),
        12 => {
            let ends = [Step::End, Step::Unblock, Step::Drain, Step::Reset];
            return steps.extend(ends.into_iter().nth(usize::from(a % 4)));
        }
        _ => frame(Kind::of(a), b, id * u32::from(b >> 7), &vec![b; usize::from(what / 14)]),
    };
    steps.push(Step::Arrive(frame));
}

/// A request, its head in one frame or in two.
fn head(id: u32, a: u8, b: u8) -> Vec<u8> {
    let mut block = Vec::new();
    let method = ["GET", "POST", "HEAD", "CONNECT"][usize::from(b >> 1 & 3)].as_bytes();
    for (name, value) in [
        (&b":method"[..], method),
        (b":scheme", b"http"),
        (b":authority", b"a"),
        (b":path", PATHS[usize::from(a) % PATHS.len()].as_bytes()),
    ] {
        encode::field(&mut block, name, value);
    }
    if method == b"CONNECT" {
        block.clear();
        encode::field(&mut block, b":method", method);
        encode::field(&mut block, b":protocol", b"websocket");
        encode::field(&mut block, b":scheme", b"http");
        encode::field(&mut block, b":path", b"/websocket/echo");
        encode::field(&mut block, b":authority", b"a");
    }
    if a & 0x80 != 0 {
        encode::field(&mut block, b"expect", b"100-continue");
    }
    let end = b & 1;
    if a & 0x40 == 0 {
        return frame(Kind::Headers, end | 4, id, &block);
    }
    let (one, other) = block.split_at(block.len() / 2);
    [frame(Kind::Headers, end, id, one), frame(Kind::Continuation, 4, id, other)].concat()
}

fn frame(kind: Kind, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    Head { length: payload.len() as u32, kind, flags, stream }.write(&mut bytes);
    bytes.extend_from_slice(payload);
    bytes
}
