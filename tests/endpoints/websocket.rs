//! The handshake of WebSocket.

use crate::ask::*;

const UPGRADE: (&str, &str) = ("Upgrade", "websocket");
/// The Upgrade is meant for this hop.
const ONWARD: (&str, &str) = ("Connection", "keep-alive, Upgrade");
const VERSION: (&str, &str) = ("Sec-WebSocket-Version", "13");
const KEY: (&str, &str) = ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/websocket/echo", "GET /websocket/echo", &[ONWARD, UPGRADE, VERSION, KEY], b"", 101, "", Any),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=9&max_fragment_size=9", &[ONWARD, UPGRADE, VERSION, KEY], b"", 101, "", Any),
    ("/websocket/echo", "GET /websocket/echo", &[ONWARD, VERSION, KEY], b"", 400, JSON, Has("Upgrade: websocket")),
    ("/websocket/echo", "GET /websocket/echo", &[ONWARD, UPGRADE, KEY], b"", 400, JSON, Has("Sec-WebSocket-Version")),
    ("/websocket/echo", "GET /websocket/echo", &[ONWARD, UPGRADE, VERSION], b"", 400, JSON, Has("Sec-WebSocket-Key")),
    ("/websocket/echo", "GET /websocket/echo", &[UPGRADE, VERSION, KEY], b"", 400, JSON, Has("Connection: upgrade")),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=0", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Has("max_message_size")),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=1048577", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Has("1 to 1048576")),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=8&max_fragment_size=9", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Has("must not be beyond")),
    ("/websocket/echo", "GET /websocket/echo?max_fragment_size=x", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Any),
    ("/websocket/echo", "POST /websocket/echo", &[ONWARD, UPGRADE, VERSION, KEY], b"", 405, HTML, Any),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=&max_fragment_size=", &[ONWARD, UPGRADE, VERSION, KEY], b"", 101, "", Any),
    ("/websocket/echo", "HEAD /websocket/echo", &[], b"", 400, JSON, Has("Upgrade: websocket")),
    ("/websocket/echo", "HEAD /websocket/echo", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Any),
];

#[test]
fn the_key_of_the_rfc_is_accepted() {
    let answer =
        ask("GET /websocket/echo", &[CURL, &[ONWARD, UPGRADE, VERSION, KEY]].concat(), b"");
    assert_eq!(answer.field("Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(answer.field("Connection"), Some("upgrade"));
}
