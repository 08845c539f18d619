//! `/websocket/echo`: the handshake (RFC 6455 4.2). `proto/websocket` handles the messages.

use base64::Engine;
use sha1::{Digest, Sha1};

use super::base64::STANDARD;
use super::params::{bad, integer};
use super::refusal::refuse;
use super::route::{Beyond, Ceiling, GET, Group, Kind, Origin, Param, Route};
use crate::http::app::App;
use crate::http::compat::GO_HTTPBIN;
use crate::http::reply::{Body, Refusal, Reply, WebSocketLimits};
use crate::http::request::{Method, Request, Version};
use crate::http::status::Status;
use crate::http::uri::query::{first, given};

/// The supported version of the protocol (RFC 6455 4.1).
const VERSION: &str = "13";
const SIZE: Param =
    Param::query("max_message_size", Kind::Integer(1, i64::MAX), "longest message in bytes")
        .up_to(Ceiling::Body)
        .beyond(Beyond::Refused)
        .blank();
const FRAME: &str = "longest frame in bytes, at most a message; default: half of the maximum";
const MESSAGE: &str = "longest message in bytes; default: the maximum";

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "WebSocket",
    about: "WebSocket echo",
    routes: &[Route::new(GET, "/websocket/echo", echo, "Echoes WebSocket messages")
        .fixed()
        .from(Origin::GoHttpbin)
        .messages()
        .with(&[
            Param { name: "max_fragment_size", about: FRAME, ..SIZE },
            Param { about: MESSAGE, ..SIZE },
        ])],
};

/// Accepts the handshake, or reports what is missing. Upgrade is ignored unless the Connection
/// field names it, though go-httpbin accepts it (RFC 9110 7.8), and for HEAD and HTTP/1.0 (RFC 6455
/// 4.1). A repeated version or key is refused (RFC 6455 11.3).
fn echo(app: &App, request: &Request) -> Result<Reply, Refusal> {
    if is_extended_connect(request) {
        return over_http2(app, request);
    }
    let upgradable = request.method == Method::Get && request.version == Version::Http11;
    if !lists(request, "Upgrade", b"websocket") || !upgradable {
        return Err(Refusal::bad("missing required `Upgrade: websocket` header"));
    }
    if only(request, "Sec-WebSocket-Version") != Some(VERSION.as_bytes()) {
        return Ok(other_version(app));
    }
    if !lists(request, "Connection", b"upgrade") {
        return Err(Refusal::bad("missing required `Connection: upgrade` header"));
    }
    let key = only(request, "Sec-WebSocket-Key").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Refusal::bad("missing required `Sec-WebSocket-Key` header"))?;
    if !is_nonce(key) {
        return Err(Refusal::bad("bad `Sec-WebSocket-Key`: it must be 16 bytes in base64"));
    }
    let messages = messages(app, request)?;
    Ok(Reply { body: Body::WebSocket(Box::new(messages)), ..Reply::new(Status(101)) }
        .header("Connection", "upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Accept", accept(key)))
}

/// Whether it is a CONNECT that asks for WebSocket (RFC 8441 4), which was checked when it was
/// read.
fn is_extended_connect(request: &Request) -> bool {
    let lines = request.head.split(|&byte| byte == b'\n');
    let mut pseudo = lines.take_while(|line| line.starts_with(b":"));
    request.version == Version::Http2 && pseudo.any(|line| line == b":protocol: websocket\r")
}

/// The same over HTTP/2, where a stream is the connection: there is no key to prove (RFC 8441 5).
fn over_http2(app: &App, request: &Request) -> Result<Reply, Refusal> {
    if only(request, "Sec-WebSocket-Version") != Some(VERSION.as_bytes()) {
        return Ok(other_version(app));
    }
    let messages = messages(app, request)?;
    Ok(Reply { body: Body::WebSocket(Box::new(messages)), ..Reply::new(Status::OK) })
}

/// The refusal of another version, or of none: it names the supported one, so that the client can
/// try again with it (RFC 6455 4.2.2 and 4.4).
fn other_version(app: &App) -> Reply {
    let refusal = Refusal::bad("only `Sec-WebSocket-Version: 13` is supported");
    refuse(app, &refusal).header("Sec-WebSocket-Version", VERSION)
}

/// Whether the list in the fields with this name has `word` in any case.
fn lists(request: &Request, name: &str, word: &[u8]) -> bool {
    let mut words = request.fields_named(name).flat_map(|value| value.split(|&b| b == b','));
    words.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word))
}

/// The value of the field of this name, if there is exactly one.
fn only<'a>(request: &Request<'a>, name: &str) -> Option<&'a [u8]> {
    let mut values = request.fields_named(name);
    values.next().filter(|_| values.next().is_none())
}

/// Whether a key is 16 bytes in base64 (RFC 6455 4.1); trailing bits are ignored.
fn is_nonce(key: &[u8]) -> bool {
    STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16)
}

/// The requested limits: 1 to the largest body, and no frame longer than a message.
fn messages(app: &App, request: &Request) -> Result<WebSocketLimits, Refusal> {
    let most = app.limits.body_bytes;
    let size = |name: &str, usual: u64| match given(&GO_HTTPBIN, first(request, name)) {
        None => Ok(usual),
        Some(text) => match u64::try_from(integer(app.compat, name, &text)?) {
            Ok(bytes) if (1..=most).contains(&bytes) => Ok(bytes),
            _ => Err(bad(name, &text, &format!("it must be 1 to {most}"))),
        },
    };
    let message_bytes = size("max_message_size", most)?;
    let fragment_bytes = size("max_fragment_size", (most / 2).min(message_bytes))?;
    if fragment_bytes <= message_bytes {
        Ok(WebSocketLimits { fragment_bytes, message_bytes })
    } else {
        Err(Refusal::bad("max_fragment_size must not exceed max_message_size"))
    }
}

/// The proof that the key was received (RFC 6455 4.2.2).
fn accept(key: &[u8]) -> String {
    let digest =
        Sha1::new().chain_update(key).chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest.finalize())
}
