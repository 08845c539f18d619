//! WebSocket: a `script.rs` script after a handshake.

use loiter::proto::conn::Protocol;
use loiter_fuzz::play;
use loiter_fuzz::script::{self, Step};

const HANDSHAKE: &str = "Host: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";

pub(crate) fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let query = ["", "?max_message_size=50&max_fragment_size=20"][usize::from(first & 1)];
    let handshake = format!("GET /websocket/echo{query} HTTP/1.1\r\n{HANDSHAKE}");
    let mut steps = vec![Step::Arrive(handshake.into_bytes())];
    steps.extend(script::steps(rest));
    let app = script::app(1);
    play::alike(&app, Protocol::Http, &steps, false);
}
