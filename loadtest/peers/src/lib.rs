//! Shared by the servers: all answer the same few paths, each in its library's usual way.
//!
//! `GET /status/200` (empty), `GET /text` (13 bytes), `GET /bytes/N`, `GET /delay/SECONDS`, and
//! `POST /echo` (the body). Each listens on 127.0.0.1, on the port of its first argument.

use std::net::SocketAddr;
use std::time::Duration;

/// The 13 bytes of `/text`.
pub const TEXT: &str = "Hello, World!";
/// The type that httpbin and loiter give to `/status/200`.
pub const HTML: &str = "text/html; charset=utf-8";
/// The type of `/bytes/N`.
pub const BINARY: &str = "application/octet-stream";
/// Most bytes of `/bytes` and `/echo`.
pub const MOST: usize = 1 << 21;

static FILLER: [u8; MOST] = [b'x'; MOST];

/// What a path requests.
pub enum Asked {
    /// `/status/200`
    Nothing,
    /// `/text`
    Text,
    /// `/bytes/N`, all of them
    Bytes(&'static [u8]),
    /// `/delay/SECONDS`
    Delay(Duration),
    /// `/echo`
    Echo,
}

/// Parses a path by hand, because the server is measured and not its router. Axum, actix and ntex
/// are frameworks and use their routers, as for their users.
pub fn asked(path: &str) -> Option<Asked> {
    let (first, rest) = path.strip_prefix('/')?.split_once('/').unwrap_or((&path[1..], ""));
    match first {
        "status" => Some(Asked::Nothing),
        "text" => Some(Asked::Text),
        "bytes" => Some(Asked::Bytes(bytes(rest)?)),
        "delay" => Some(Asked::Delay(delay(rest)?)),
        "echo" => Some(Asked::Echo),
        _ => None,
    }
}

/// `count` bytes.
pub fn bytes(count: &str) -> Option<&'static [u8]> {
    FILLER.get(..count.parse().ok()?)
}

/// `seconds` as a duration.
pub fn delay(seconds: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.parse().ok()?).ok()
}

/// The address to listen on.
pub fn address() -> SocketAddr {
    let argument = std::env::args().nth(1);
    let port: u16 =
        argument.and_then(|text| text.parse().ok()).expect("the first argument is a port");
    SocketAddr::from(([127, 0, 0, 1], port))
}
