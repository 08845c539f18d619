//! `/websocket/echo`: the handshake (RFC 6455 4.2). The messages are `proto/websocket`'s.

use base64::engine::{Engine, general_purpose::STANDARD};
use sha1::{Digest, Sha1};

use super::params::{bad, integer};
use super::route::{GET, Group, Kind, Param, Route};
use crate::http::app::App;
use crate::http::profile::GO_HTTPBIN;
use crate::http::query::{first, given};
use crate::http::reply::{Body, Messages, Refusal, Reply};
use crate::http::request::{Method, Request, Version};
use crate::http::status::Status;

const SIZE: Kind = Kind::Integer(1, 1024 * 1024);

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "WebSocket",
    about: "Messages that come back",
    routes: &[Route::new(GET, "/websocket/echo", echo, "an echo of messages")
        .fixed()
        .messages()
        .with(&[
            Param::query("max_fragment_size", SIZE, "longest frame, in bytes")
                .or("524288")
                .strict(),
            Param::query("max_message_size", SIZE, "longest message, in bytes")
                .or("1048576")
                .strict(),
        ])],
};

/// Takes the handshake, or says what it lacks. An Upgrade that the Connection field does not name,
/// which go-httpbin takes, is none (RFC 9110 7.8), and neither is one with HEAD or in HTTP/1.0
/// (RFC 6455 4.1).
fn echo(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let is = |name, value: &str| {
        request.field(name).is_some_and(|field| field.eq_ignore_ascii_case(value.as_bytes()))
    };
    let upgradable = request.method == Method::Get && request.version == Version::Http11;
    if !is("Upgrade", "websocket") || !upgradable {
        return Err(Refusal::bad("missing required `Upgrade: websocket` header"));
    }
    if !is("Sec-WebSocket-Version", "13") {
        return Err(Refusal::bad("only `Sec-WebSocket-Version: 13` is spoken here"));
    }
    if !upgrades(request) {
        return Err(Refusal::bad("missing required `Connection: upgrade` header"));
    }
    let key = request.field("Sec-WebSocket-Key").filter(|key| !key.is_empty());
    let key = key.ok_or_else(|| Refusal::bad("missing required `Sec-WebSocket-Key` header"))?;
    let messages = messages(app, request)?;
    Ok(Reply { body: Body::Messages(Box::new(messages)), ..Reply::new(Status(101)) }
        .header("Connection", "upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Accept", accept(key)))
}

/// Whether the Connection fields name the Upgrade, which belongs to this hop alone.
fn upgrades(request: &Request) -> bool {
    let fields = request.fields_named("Connection");
    let mut options = fields.flat_map(|value| value.split(|&b| b == b','));
    options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"upgrade"))
}

/// The bounds asked for: 1 to the largest body, and no fragment longer than a message.
fn messages(app: &App, request: &Request) -> Result<Messages, Refusal> {
    let most = app.limits.body_bytes;
    let size = |name: &str, usual: u64| match given(&GO_HTTPBIN, first(request, name)) {
        None => Ok(usual),
        Some(text) => match u64::try_from(integer(app.profile, name, &text)?) {
            Ok(bytes) if (1..=most).contains(&bytes) => Ok(bytes),
            _ => Err(bad(name, &text, &format!("it must be 1 to {most}"))),
        },
    };
    let message_bytes = size("max_message_size", most)?;
    let fragment_bytes = size("max_fragment_size", most / 2)?;
    match fragment_bytes <= message_bytes {
        true => Ok(Messages { fragment_bytes, message_bytes }),
        false => Err(Refusal::bad("max_fragment_size must not be beyond max_message_size")),
    }
}

/// The proof that the key was understood (RFC 6455 4.2.2).
fn accept(key: &[u8]) -> String {
    let digest =
        Sha1::new().chain_update(key).chain_update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest.finalize())
}
