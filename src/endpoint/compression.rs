//! Compressed answers: `/gzip`, `/deflate`, `/brotli`, `/zstd`, and `/compressed` in the coding
//! that the client prefers.
//!
//! Compressed at moderate levels when they are sent, as they are about as long as the request.

use super::inspect::write_echo;
use super::refusal::refuse;
use super::route::{Client, Group, Origin, Route};
use crate::http::app::App;
use crate::http::compat::{EchoField, EchoFields};
use crate::http::content_coding::{Coding, accepted};
use crate::http::reply::{Refusal, Render, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// An endpoint that answers in this coding, whatever the client accepts.
macro_rules! always {
    ($coding:ident, $flag:literal) => {
        |_, _| {
            Ok(coded(Coding::$coding, |app, request, output| {
                render(app, request, $flag, Coding::$coding, output);
            }))
        }
    };
}

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Compression",
    about: "The request, compressed",
    routes: &Origin::Httpbin.of([
        Route::get("/gzip", always!(Gzip, "gzipped"), "Returns the request in gzip").client(CODED),
        Route::get(
            "/deflate",
            always!(Deflate, "deflated"),
            "Returns the request in deflate (zlib format)",
        )
        .client(CODED),
        Route::get("/brotli", always!(Brotli, "brotli"), "Returns the request in Brotli")
            .client(CODED)
            .go(no_brotli),
        Route::get("/zstd", always!(Zstd, "zstd"), "Returns the request in Zstandard")
            .from(Origin::Loiter)
            .client(CODED),
        Route::get(
            "/compressed",
            negotiated,
            "Returns the request in the coding that `Accept-Encoding` prefers",
        )
        .from(Origin::Loiter)
        .client(CODED),
    ]),
};

const CODED: &[Client] = &[Client::Decompress];

/// `/brotli` in go-httpbin, which does not implement it.
fn no_brotli(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Err(Refusal::new(Status(501), ""))
}

/// `/compressed`, an addition. A client that excludes every coding gets a 406.
fn negotiated(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let reply = match accepted(request, &Coding::ALL) {
        Some(coding) => coded(coding, |app, request, output| {
            let coding = accepted(request, &Coding::ALL).unwrap_or(Coding::Identity);
            render(app, request, "compressed", coding, output);
        }),
        None => refuse(app, &Refusal::new(Status(406), NONE_ACCEPTED)),
    };
    Ok(reply.header("Vary", "Accept-Encoding"))
}

const NONE_ACCEPTED: &str =
    "Accept-Encoding excludes every supported coding: zstd, br, gzip, deflate and identity";

fn coded(coding: Coding, render: Render) -> Reply {
    let reply = Reply::json(render).sized();
    match coding.name() {
        Some(name) => reply.header("Content-Encoding", name),
        None => reply,
    }
}

/// Appends the document with this flag, compressed.
fn render(app: &App, request: &Request, flag: &'static str, coding: Coding, output: &mut Vec<u8>) {
    let mut document = Vec::new();
    write_echo(app, request, &fields(&app.compat.echo, flag), &mut document);
    coding.compress(&document, output);
}

/// The members of the document, with this flag.
fn fields(echo: &EchoFields, flag: &'static str) -> Vec<EchoField> {
    let mut fields = echo.compressed.to_vec();
    let sorted = fields.iter().position(|field| echo.sorted_flag && field.name() > flag);
    fields.insert(sorted.unwrap_or(fields.len()), EchoField::Flag(flag));
    fields
}
