//! Coded answers: `/gzip`, `/deflate`, `/brotli`, `/zstd`, and `/compressed` in the coding that
//! the client likes best.
//!
//! Coded at moderate levels when they are sent: the documents are about as long as their request.

use std::io::Write;

use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use ruzstd::encoding::CompressionLevel;

use super::inspect::tell;
use super::refusal::refuse;
use super::route::{Group, Route};
use crate::http::app::App;
use crate::http::reply::{Refusal, Render, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Compression",
    about: "What the request said, compressed",
    routes: &[
        Route::get("/gzip", gzip, "always in gzip"),
        Route::get("/deflate", deflate, "always in deflate, with zlib's wrapper"),
        Route::get("/brotli", brotli, "always in Brotli").go(no_brotli),
        Route::get("/zstd", zstd, "always in Zstandard"),
        Route::get("/compressed", negotiated, "in the coding that `Accept-Encoding` likes best"),
    ],
};

/// A content coding (RFC 9110 8.4.1). The first ones are preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Zstd,
    Brotli,
    Gzip,
    Deflate,
    Identity,
}

/// `/gzip`, whatever the client accepts; so do the next three.
fn gzip(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(coded(Coding::Gzip, |app, request, output| {
        render(app, request, "gzipped", Coding::Gzip, output);
    }))
}

/// `/deflate`: the zlib format, as the name means in HTTP.
fn deflate(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(coded(Coding::Deflate, |app, request, output| {
        render(app, request, "deflated", Coding::Deflate, output);
    }))
}

/// `/brotli`.
fn brotli(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(coded(Coding::Brotli, |app, request, output| {
        render(app, request, "brotli", Coding::Brotli, output);
    }))
}

/// `/brotli` in go-httpbin, which has not got it.
fn no_brotli(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Err(Refusal::new(Status(501), ""))
}

/// `/zstd`: our own.
fn zstd(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(coded(Coding::Zstd, |app, request, output| {
        render(app, request, "zstd", Coding::Zstd, output);
    }))
}

/// `/compressed`: our own. A client that refuses everything we can send gets a 406.
fn negotiated(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let reply = match accepted(request) {
        Some(coding) => coded(coding, |app, request, output| {
            let coding = accepted(request).unwrap_or(Coding::Identity);
            render(app, request, "compressed", coding, output);
        }),
        None => refuse(app, &Refusal::new(Status(406), NONE_ACCEPTED)),
    };
    Ok(reply.header("Vary", "Accept-Encoding"))
}

const NONE_ACCEPTED: &str =
    "Accept-Encoding excludes zstd, br, gzip, deflate and identity: there is nothing else";

fn coded(coding: Coding, render: Render) -> Reply {
    let reply = Reply::json(render);
    match coding.names().first() {
        Some(name) if coding != Coding::Identity => reply.header("Content-Encoding", *name),
        _ => reply,
    }
}

/// Appends the document with this flag, coded.
fn render(
    app: &App,
    request: &Request,
    flag: &'static str,
    coding: Coding,
    output: &mut Vec<u8>,
) {
    let mut document = Vec::new();
    tell(app, request, &(app.profile.documents.coded)(flag), &mut document);
    coding.compress(&document, output);
}

impl Coding {
    const ALL: [Coding; 5] =
        [Coding::Zstd, Coding::Brotli, Coding::Gzip, Coding::Deflate, Coding::Identity];

    /// Its names, the one that we send first.
    const fn names(self) -> &'static [&'static str] {
        match self {
            Coding::Zstd => &["zstd"],
            Coding::Brotli => &["br"],
            Coding::Gzip => &["gzip", "x-gzip"],
            Coding::Deflate => &["deflate"],
            Coding::Identity => &["identity"],
        }
    }

    /// Appends `input` in this coding. Writing to a vector cannot fail.
    fn compress(self, mut input: &[u8], output: &mut Vec<u8>) {
        let level = Compression::new(5);
        let _ = match self {
            Coding::Identity => output.write_all(input),
            Coding::Gzip => GzEncoder::new(output, level).write_all(input),
            Coding::Deflate => ZlibEncoder::new(output, level).write_all(input),
            Coding::Zstd => {
                ruzstd::encoding::compress(input, output, CompressionLevel::Fastest);
                Ok(())
            }
            Coding::Brotli => {
                let size_hint = input.len();
                let params = BrotliEncoderParams {
                    quality: 4,
                    lgwin: 18,
                    size_hint,
                    ..BrotliEncoderParams::default()
                };
                brotli::BrotliCompress(&mut input, output, &params).map(drop)
            }
        };
    }
}

/// The coding that the client likes best, and of several the one that we prefer (RFC 9110 12.5.3).
/// A client that says nothing gets the document as it is.
fn accepted(request: &Request) -> Option<Coding> {
    let lines = || request.fields_named("Accept-Encoding");
    let mut best = None;
    for coding in Coding::ALL {
        let quality = quality(lines(), coding);
        if quality > best.map_or(0, |(most, _)| most) {
            best = Some((quality, coding));
        }
    }
    best.map(|(_, coding)| coding)
}

/// How much the client likes a coding: 0, not at all, to 1000. Identity passes unless it is
/// excluded, but comes after everything that is named.
fn quality<'a>(lines: impl Iterator<Item = &'a [u8]>, coding: Coding) -> u16 {
    let (mut named, mut any) = (None, None);
    let entries = lines.flat_map(|line| line.split(|&byte| byte == b','));
    for entry in entries.filter_map(|entry| std::str::from_utf8(entry).ok()) {
        let (name, parameters) = entry.split_once(';').unwrap_or((entry, ""));
        let name = name.trim();
        let Some(quality) = weight(parameters) else { continue };
        if coding.names().iter().any(|own| own.eq_ignore_ascii_case(name)) {
            named = named.max(Some(quality));
        } else if name == "*" {
            any = Some(quality);
        }
    }
    let unnamed = if coding == Coding::Identity { UNNAMED_IDENTITY } else { 0 };
    named.or(any).map_or(unnamed, |quality| quality)
}
