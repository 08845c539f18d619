//! A request to the API of a language model: its answer is JSON, or a stream of JSON.
//!
//! The first byte selects the API and the settings; the rest is the request's body.

use loiter::proto::conn::Protocol;
use loiter_fuzz::play::{self, Player};
use loiter_fuzz::script::{self, Step};
use serde_json::Value;

const PATHS: [&str; 8] = [
    "/v1/chat/completions",
    "/v1/completions",
    "/v1/responses",
    "/v1/messages",
    "/v1/messages/count_tokens",
    "/api/chat",
    "/api/generate",
    "/v1/chat/completions?tokens=3",
];

pub(crate) fn run(data: &[u8]) {
    let Some((&first, body)) = data.split_first() else { return };
    let path = PATHS[usize::from(first & 7)];
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let steps = [Step::Arrive([head.as_bytes(), body].concat()), Step::End];
    let app = script::app(first >> 3 & 1);
    let said = Player::new(&app, Protocol::Http, 1).play(&steps, usize::MAX);
    assert_eq!(said.served, 1);
    let end = said.bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let (head, content) = said.bytes.split_at(end);
    let head = std::str::from_utf8(head).expect("a head in ASCII");
    if head.contains("application/json") {
        serde_json::from_slice::<Value>(content).expect("the answer is JSON");
    } else if !said.cut {
        let (stream, _) = play::chunks(content).expect("a stream comes in chunks");
        let stream = String::from_utf8(stream).expect("a stream is UTF-8");
        let events = head.contains("text/event-stream");
        assert!(events || head.contains("application/x-ndjson"), "{head}");
        assert!(stream.ends_with(if events { "\n\n" } else { "\n" }), "{stream}");
        stream.lines().for_each(|line| check_line(line, events));
    }
}

/// A line of a stream is JSON, or data of an event that is, or what ends all events.
fn check_line(line: &str, events: bool) {
    let data = if events { line.strip_prefix("data: ") } else { Some(line) };
    match data {
        Some("[DONE]") if events => {}
        Some(data) => drop(serde_json::from_str::<Value>(data).expect("a line is JSON")),
        None => assert!(line.is_empty() || line.starts_with("event: "), "{line}"),
    }
}
