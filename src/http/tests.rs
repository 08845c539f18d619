//! Requests for tests.

use super::request::{Field, Method, Params, Request, Target, Version};
use super::tls_facts::{TlsFacts, TlsVersion};
use super::uri::query::has_modifiers;

/// Calls `run` with a request made of these parts.
pub(crate) fn ask<R>(
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
    run: impl FnOnce(&Request) -> R,
) -> R {
    let fields: Vec<Field> = fields.iter().map(|&(name, value)| Field::of(name, value)).collect();
    let (target, host) = Target::parse(target.as_bytes()).unwrap();
    let named = fields.iter().find(|field| field.is("Host"));
    run(&Request {
        method: Method::Get,
        version: Version::Http11,
        query_modifiers: target.raw_query.is_some_and(has_modifiers),
        loiter_field: false,
        target,
        params: Params::default(),
        host: host.or(named.map(|field| field.value)),
        fields: &fields,
        body,
        body_bytes: body.len() as u64,
        journaled: None,
        peer: Some([127, 0, 0, 1].into()),
        local: "127.0.0.1:8080",
        tls: None,
        proxy: None,
        seed: 1,
        unix_us: 1_795_358_821_485_000,
        head: b"",
    })
}

/// A resumed connection of TLS 1.2, of which nothing else is known.
pub(crate) fn tls_facts() -> TlsFacts {
    TlsFacts {
        version: TlsVersion::Tls12,
        suite: 0xc02b,
        group: None,
        alpn: None,
        resumed: true,
        close_notify: false,
        client_chain: Box::default(),
        hello: None,
    }
}
