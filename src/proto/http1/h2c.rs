//! `Upgrade: h2c`: a change to HTTP/2 that a request asks for (RFC 7540 3.2; RFC 9113 has no more
//! of it, but curl and Java still do it).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::head::{Head, Length};
use crate::base::buf::Buf;
use crate::http::request::{Request, Version};
use crate::proto::{Cx, H2c, Next, Upgrade};

/// The answer that changes the protocol; the request's own follows on stream 1.
const SWITCHING: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

/// The change to HTTP/2 that a request without body asks for, if it does so as it must; any other
/// is answered as if it did not ask.
#[inline(always)]
pub(super) fn upgrade(cx: &Cx, head: &Head, requests: u32, output: &mut Buf) -> Option<Next> {
    if cx.app.h2c_upgrade { change(cx, head, requests, output.tail()) } else { None }
}

#[cold]
fn change(cx: &Cx, head: &Head, requests: u32, output: &mut Vec<u8>) -> Option<Next> {
    let request = &head.request;
    let plain = cx.ends.secure.is_none() && request.version == Version::Http11;
    // After the last request that a connection may have, no protocol has use for it.
    if !plain || requests == 0 || head.body != Length::Exact(0) || !lists(request, "Upgrade", "h2c")
    {
        return None;
    }
    let named = ["Upgrade", "HTTP2-Settings"].iter().all(|name| lists(request, "Connection", name));
    let mut settings = request.fields_named("HTTP2-Settings");
    let (Some(settings), None, true) = (settings.next(), settings.next(), named) else {
        return None;
    };
    let settings = URL_SAFE_NO_PAD.decode(settings).ok()?;
    output.extend_from_slice(SWITCHING);
    let head = text(request);
    Some(Next::Become(Box::new(Upgrade::H2c(Box::new(H2c { requests, settings, head })))))
}

/// The head of stream 1, without what is of the connection alone.
fn text(request: &Request) -> Vec<u8> {
    let mut text = Vec::new();
    let host = request.host.unwrap_or(request.local.as_bytes());
    let mut path = request.target.raw_path.to_vec();
    if let Some(query) = request.target.raw_query {
        path.extend([b"?", query].into_iter().flatten());
    }
    for (name, value) in [
        (":method", request.method_name().as_bytes()),
        (":scheme", b"http"),
        (":authority", host),
        (":path", path.as_slice()),
    ] {
        line(&mut text, name.as_bytes(), value);
    }
    let of_connection = |name: &[u8]| {
        let names = ["connection", "upgrade", "http2-settings", "host", "keep-alive", "te"];
        let own = names.iter().any(|own| name.eq_ignore_ascii_case(own.as_bytes()));
        own || name.eq_ignore_ascii_case(b"proxy-connection")
    };
    for field in request.fields.iter().filter(|field| !of_connection(field.name)) {
        line(&mut text, &field.name.to_ascii_lowercase(), field.value);
    }
    text.extend_from_slice(b"\r\n");
    text
}

fn line(text: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    text.extend([name, b": ", value, b"\r\n"].into_iter().flatten());
}

/// Whether the list in the fields with this name has `word` in any case.
fn lists(request: &Request, name: &str, word: &str) -> bool {
    let mut words = request.fields_named(name).flat_map(|value| value.split(|&b| b == b','));
    words.any(|listed| listed.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}
