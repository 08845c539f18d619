//! What a proxy has reported of the connection by the PROXY protocol: `/proxy`.

#[cfg(test)]
mod tests;

use super::inspect::write_object;
use super::route::{Group, Route};
use crate::base::text::hex;
use crate::http::app::App;
use crate::http::json::Json;
use crate::http::proxy_facts::{ProxiedRoute, ProxyFacts, Tlv, tlvs};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::Request;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Proxies",
    about: "What a proxy reports of the client's connection",
    routes: &[Route::any(
        "/proxy",
        proxy,
        "Returns what a proxy has reported by the PROXY protocol",
    )],
};

/// `/proxy`: `null` if the connection does not begin with a header.
fn proxy(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        write_object(app, output, |json| match request.proxy {
            Some(facts) => json.object_at("proxy", |json| write_facts(json, facts)),
            None => json.raw_at("proxy", "null"),
        })
    }))
}

fn write_facts(json: &mut Json, facts: &ProxyFacts) {
    json.raw_at("version", if facts.version == 1 { "1" } else { "2" });
    json.text_at("command", if facts.is_local { "LOCAL" } else { "PROXY" });
    json.text_at("protocol", facts.route.name());
    match &facts.route {
        ProxiedRoute::Unknown => {
            json.raw_at("source", "null");
            json.raw_at("destination", "null");
        }
        ProxiedRoute::Ip { source, destination, .. } => {
            json.text_at("source", &source.to_string());
            json.text_at("destination", &destination.to_string());
        }
        ProxiedRoute::Unix { source, destination, .. } => {
            json.key("source");
            json.bytes(source);
            json.key("destination");
            json.bytes(destination);
        }
    }
    match facts.proxy {
        Some(proxy) => json.text_at("proxy", &proxy.to_canonical().to_string()),
        None => json.raw_at("proxy", "null"),
    }
    json.list_at("tlvs", |json| {
        for tlv in facts.tlvs() {
            json.item();
            json.object(|json| write_tlv(json, tlv));
        }
    });
}

/// A TLV by its name, or its number. One about TLS has TLVs of its own.
fn write_tlv(json: &mut Json, tlv: Tlv) {
    let Some(ssl) = tlv.ssl() else { return write_plain(json, tlv) };
    json.text_at("type", "SSL");
    json.text_at("client", &format!("0x{:02x}", ssl.client));
    json.raw_at("verify", itoa::Buffer::new().format(ssl.verify));
    json.list_at("tlvs", |json| {
        for sub in tlvs(ssl.subs).map_while(Result::ok) {
            json.item();
            json.object(|json| write_plain(json, sub));
        }
    });
}

/// Its value is a text, or hexadecimal.
fn write_plain(json: &mut Json, tlv: Tlv) {
    match tlv.name() {
        Some(name) => json.text_at("type", name),
        None => json.text_at("type", &format!("0x{:02x}", tlv.kind)),
    }
    match tlv.text() {
        Some(text) => {
            json.key("text");
            json.bytes(text);
        }
        None => json.text_at("hex", &hex(tlv.value)),
    }
}
