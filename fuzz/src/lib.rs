//! Shared by the targets: a request built from parts, and a simulated connection.

#[path = "../../tests/http2/frames.rs"]
#[allow(dead_code)]
mod frames;
pub mod play;
#[path = "../../tests/http2/referee.rs"]
#[allow(dead_code)]
mod referee;
pub mod script;

use loiter::http::request::{Field, Method, Params, Request, Target, Version};
use loiter::proto::http1::head::{self, Head, Origin};

/// Facts about the connection that are not in a request head.
pub const ORIGIN: Origin<'static> = Origin {
    peer: None,
    local: "127.0.0.1:80",
    tls: None,
    proxy: None,
    unix_us: 1_795_358_821_485_000,
    modifiers: true,
};

/// Runs `run` with a request for `/` that has these fields and this body.
pub fn ask<R>(fields: &[(&str, &[u8])], body: &[u8], run: impl FnOnce(&Request) -> R) -> R {
    let fields: Vec<Field> =
        fields.iter().map(|(name, value)| Field { name: name.as_bytes(), value }).collect();
    let (target, _) = Target::parse(b"/").expect("a path is a target");
    run(&Request {
        method: Method::Get,
        version: Version::Http11,
        query_modifiers: true,
        loiter_field: false,
        target,
        params: Params::default(),
        host: None,
        fields: &fields,
        body,
        journaled: None,
        body_bytes: body.len() as u64,
        peer: None,
        local: "127.0.0.1:80",
        tls: None,
        proxy: None,
        seed: 1,
        unix_us: 0,
        head: b"",
    })
}

/// A parsed head as text that can be compared.
pub fn summary(head: &Head) -> String {
    format!("{head:?}")
}

/// Scans and parses a head that arrives in pieces of `piece` bytes, each line scanned once.
/// `None`: the head has no end.
pub fn read_head(
    bytes: &[u8],
    piece: usize,
    limits: &loiter::base::limits::Limits,
) -> Option<Result<String, String>> {
    let (mut seen, mut scanned) = (0, 0);
    while seen < bytes.len() {
        seen = (seen + piece).min(bytes.len());
        match head::scan(&bytes[..seen], scanned, limits) {
            Ok(head::Scan::More(lines)) => {
                assert!((scanned..=seen).contains(&lines), "a scan goes backward or too far");
                scanned = lines;
            }
            Ok(head::Scan::End(end)) => {
                assert!(end <= seen, "a head ends beyond the input");
                let mut slots = head::FieldTable::empty();
                return Some(match head::parse(&bytes[..end], &mut slots, limits, ORIGIN) {
                    Ok(head) => {
                        assert_eq!(head.bytes, end, "scan and parse find different ends");
                        Ok(summary(&head))
                    }
                    Err(refusal) => Err(format!("{refusal:?}")),
                });
            }
            Err(refusal) => return Some(Err(format!("{refusal:?}"))),
        }
    }
    None
}
