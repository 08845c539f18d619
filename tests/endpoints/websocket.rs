//! The WebSocket handshake.

use crate::ask::*;

const UPGRADE: (&str, &str) = ("Upgrade", "websocket");
/// Upgrade is listed in Connection, so it applies to this hop.
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
    ("/websocket/echo", "GET /websocket/echo?max_message_size=67108865", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Has("1 to 67108864")),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=8", &[ONWARD, UPGRADE, VERSION, KEY], b"", 101, "", Any),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=8&max_fragment_size=9", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Has("must not exceed")),
    ("/websocket/echo", "GET /websocket/echo?max_fragment_size=x", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Any),
    ("/websocket/echo", "POST /websocket/echo", &[ONWARD, UPGRADE, VERSION, KEY], b"", 405, HTML, Any),
    ("/websocket/echo", "GET /websocket/echo?max_message_size=&max_fragment_size=", &[ONWARD, UPGRADE, VERSION, KEY], b"", 101, "", Any),
    ("/websocket/echo", "HEAD /websocket/echo", &[], b"", 400, JSON, Has("Upgrade: websocket")),
    ("/websocket/echo", "HEAD /websocket/echo", &[ONWARD, UPGRADE, VERSION, KEY], b"", 400, JSON, Any),
];

#[test]
fn another_version_gets_the_supported_one() {
    let versions: [&[(&str, &str)]; 6] = [
        &[("Sec-WebSocket-Version", "8")],
        &[("Sec-WebSocket-Version", "013")],
        &[("Sec-WebSocket-Version", "13, 8")],
        &[("Sec-WebSocket-Version", "")],
        &[VERSION, VERSION],
        &[],
    ];
    for version in versions {
        for ask in [ask, ask_go] {
            let fields = [CURL, &[ONWARD, UPGRADE, KEY], version].concat();
            let answer = ask("GET /websocket/echo", &fields, b"");
            let spoken = answer.field("Sec-WebSocket-Version");
            assert_eq!((answer.status, spoken), (400, Some("13")), "{version:?}");
        }
    }
    let fields = [CURL, &[ONWARD, VERSION, KEY]].concat();
    let answer = ask("GET /websocket/echo", &fields, b"");
    assert_eq!((answer.status, answer.field("Sec-WebSocket-Version")), (400, None));
}

#[test]
fn a_key_is_16_bytes_in_base64() {
    let status = |keys: &[(&str, &str)]| {
        ask("GET /websocket/echo", &[CURL, &[ONWARD, UPGRADE, VERSION], keys].concat(), b"").status
    };
    // The last one has nonzero padding bits, as some clients send.
    for key in ["AAAAAAAAAAAAAAAAAAAAAA==", "+/+/+/+/+/+/+/+/+/+/+w==", "AAAAAAAAAAAAAAAAAAAAAB=="]
    {
        assert_eq!(status(&[("Sec-WebSocket-Key", key)]), 101, "{key}");
    }
    for key in [
        "x",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25j",
        "dGhlIHNhbXBsZSBub25jZXM=",
        "dGhlIHNhbXBsZSBub25jZ!==",
        "_-_-_-_-_-_-_-_-_-_-_w==",
        "dGhlIHNhbXBs ZSBub25jZQ==",
    ] {
        assert_eq!(status(&[("Sec-WebSocket-Key", key)]), 400, "{key}");
    }
    assert_eq!(status(&[KEY, KEY]), 400);
}

#[test]
fn an_upgrade_is_a_list() {
    let status = |upgrades: &[(&str, &str)]| {
        ask("GET /websocket/echo", &[CURL, &[ONWARD, VERSION, KEY], upgrades].concat(), b"").status
    };
    for list in ["h2c, websocket", "WEBSOCKET,h2c", " a/1 ,\twebSocket ", ",,websocket,,"] {
        assert_eq!(status(&[("Upgrade", list)]), 101, "{list}");
    }
    assert_eq!(status(&[("Upgrade", "h2c"), ("upgrade", "x, websocket")]), 101);
    for list in ["", "websocket/13", "websockets", "h2c websocket", "\"websocket\"", "h2c"] {
        assert_eq!(status(&[("Upgrade", list)]), 400, "{list}");
    }
}

#[test]
fn the_key_of_the_rfc_is_accepted() {
    let answer =
        ask("GET /websocket/echo", &[CURL, &[ONWARD, UPGRADE, VERSION, KEY]].concat(), b"");
    assert_eq!(answer.field("Sec-WebSocket-Accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert_eq!(answer.field("Connection"), Some("upgrade"));
}
