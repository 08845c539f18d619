//! The TLS connection of the request: `/tls`; what clients need of the server's own CA: `/ca.pem`
//! and `/crl.pem`.

mod names;
#[cfg(test)]
mod tests;

use sha2::{Digest, Sha256};

use super::inspect::write_object;
use super::route::{Group, Route};
use crate::base::text::hex;
use crate::http::app::App;
use crate::http::json::Json;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::tls_facts::{ClientHello, TlsFacts};
use crate::http::x509::{Alternative, Certificate, date};
use names::{EXTENSIONS, GROUPS, SIGNATURES, SUITES, VERSIONS, name};

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "TLS",
    about: "The TLS connection, and the server's own CA",
    routes: &[
        Route::any("/tls", tls, "Returns what is known of the TLS connection"),
        Route::get("/ca.pem", certificate, "Returns the CA's certificate, to be trusted")
            .answers(PEM),
        Route::get("/crl.pem", revocations, "Returns the CA's list of revoked certificates")
            .answers(PEM),
    ],
};

const PEM: &str = "application/x-pem-file";

/// `/ca.pem`: without TLS too, since a client needs it before it can trust TLS.
fn certificate(app: &App, _: &Request) -> Result<Reply, Refusal> {
    pem(app.ca.as_ref().map(|ca| &ca.certificate))
}

/// `/crl.pem`: it has the certificate of `revoked.localhost`.
fn revocations(app: &App, _: &Request) -> Result<Reply, Refusal> {
    pem(app.ca.as_ref().map(|ca| &ca.revocations))
}

fn pem(text: Option<&String>) -> Result<Reply, Refusal> {
    let none = "This server has no CA, because none of its listeners has TLS.";
    let text = text.ok_or_else(|| Refusal::new(Status(404), none))?;
    let reply = Reply::whole(Status::OK, Media::None, text.clone().into_bytes());
    Ok(reply.header("Content-Type", PEM))
}

/// `/tls`: `null` on a plain connection.
fn tls(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        write_object(app, output, |json| match request.tls {
            Some(facts) => json.object_at("tls", |json| write_facts(json, facts)),
            None => json.raw_at("tls", "null"),
        })
    }))
}

fn write_facts(json: &mut Json, facts: &TlsFacts) {
    let hello = facts.hello.as_ref();
    json.text_at("version", facts.version.name());
    json.text_at("cipher_suite", &name(&SUITES, facts.suite));
    text_or_null(json, "group", facts.group.map(|group| name(&GROUPS, group)));
    bytes_or_null(json, "alpn", facts.alpn);
    bytes_or_null(json, "server_name", hello.and_then(ClientHello::server_name));
    write_switch(json, "resumed", facts.resumed);
    // It can be replayed, so it is never accepted.
    write_switch(json, "early_data", false);
    write_switch(json, "close_notify", facts.close_notify);
    json.list_at("client_certificates", |json| {
        for der in &facts.client_chain {
            json.item();
            json.object(|json| write_certificate(json, der));
        }
    });
    json.key("client_hello");
    match hello {
        Some(hello) => json.object(|json| write_hello(json, hello)),
        None => json.raw("null"),
    }
}

/// A certificate of the client's. The handshake has verified it, but may not have read all of it.
fn write_certificate(json: &mut Json, der: &[u8]) {
    if let Some(certificate) = Certificate::read(der) {
        json.text_at("subject", &certificate.subject.to_string());
        json.text_at("issuer", &certificate.issuer.to_string());
        json.text_at("serial", &hex(certificate.serial));
        json.text_at("not_before", &date(certificate.not_before));
        json.text_at("not_after", &date(certificate.not_after));
        json.list_at("alternative_names", |json| {
            for alternative in &certificate.alternatives {
                json.item();
                json.text(&match alternative {
                    Alternative::Dns(name) => format!("DNS:{name}"),
                    Alternative::Ip(ip) => format!("IP:{ip}"),
                    Alternative::Email(address) => format!("email:{address}"),
                    Alternative::Uri(uri) => format!("URI:{uri}"),
                });
            }
        });
    }
    json.text_at("sha256", &hex(&Sha256::digest(der)));
}

/// What the client offered, in its order.
fn write_hello(json: &mut Json, hello: &ClientHello) {
    write_names(json, "versions", &VERSIONS, hello.versions());
    write_names(json, "cipher_suites", &SUITES, hello.suites());
    write_names(json, "groups", &GROUPS, hello.groups());
    write_names(json, "signature_algorithms", &SIGNATURES, hello.signature_algorithms());
    json.list_at("alpn", |json| {
        for protocol in hello.alpn() {
            json.item();
            json.bytes(protocol);
        }
    });
    write_names(json, "extensions", &EXTENSIONS, hello.extensions());
    json.text_at("ja3", &hello.ja3());
    json.text_at("ja3_text", &hello.ja3_text());
    json.text_at("ja4", &hello.ja4());
}

fn write_names(
    json: &mut Json,
    key: &str,
    table: &[(u16, &str)],
    numbers: impl Iterator<Item = u16>,
) {
    json.list_at(key, |json| {
        for number in numbers {
            json.item();
            json.text(&name(table, number));
        }
    });
}

fn write_switch(json: &mut Json, key: &str, on: bool) {
    json.raw_at(key, if on { "true" } else { "false" });
}

fn text_or_null(json: &mut Json, key: &str, text: Option<String>) {
    match text {
        Some(text) => json.text_at(key, &text),
        None => json.raw_at(key, "null"),
    }
}

fn bytes_or_null(json: &mut Json, key: &str, bytes: Option<&[u8]>) {
    json.key(key);
    match bytes {
        Some(bytes) => json.bytes(bytes),
        None => json.raw("null"),
    }
}
