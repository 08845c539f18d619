//! Heads that modifiers change: rewritten line by line, after they were written as always.

use super::encode::{self, Closing, Framing, ResponseTerms};
use crate::base::limits::PAD_FIELD_BYTES;
use crate::http::modifiers::plan::{FaultKind, Frame, Plan};
use crate::http::modifiers::show;
use crate::http::request::{Method, Request, Version};
use crate::http::status::Status;
use crate::proto::Cx;
use crate::proto::exchange::{Exchange, ModifiedHead};

/// Fields that a modifier adds and never replaces (RFC 9110 5.3).
const LISTS: [&str; 2] = ["Set-Cookie", "Link"];
/// What has the place of the status line.
const BAD_STATUS_LINE: &[u8] = b"THIS IS NOT A STATUS LINE\r\n";

/// Appends the head of a modified answer, or its status line alone if the rest comes later.
pub(super) fn answer(
    exchange: &mut Exchange,
    terms: &mut ResponseTerms,
    cx: &mut Cx,
    request: &Request,
    output: &mut Vec<u8>,
) {
    if exchange.sends_nothing() {
        return;
    }
    encode::interim(exchange, terms, cx.app.compat.uppercase_reason, output);
    let draining = cx.worker.draining && !exchange.upgrades();
    let now = cx.clock.now;
    let Some(modified) = exchange.modified_head(cx.app, request, now, &mut cx.worker.body) else {
        return;
    };
    let ModifiedHead { head, plan } = &modified;
    let (version, head_only) = (terms.version, request.method == Method::Head);
    let framing = match encode::framing(head.status, head.length, version, head_only) {
        Framing::Chunked if plan.framing(version) == Some(Frame::Close) => Framing::Close,
        framing => framing,
    };
    let bad_head = plan.fault.is_some_and(|fault| fault.kind == FaultKind::BadHead);
    if draining || framing == Framing::Close || plan.last || bad_head {
        terms.close();
    }
    if let Some(status) = plan.status.filter(|status| status.0 < 200 && version == Version::Http11)
    {
        encode::status_line(output, status, version, cx.app.compat.uppercase_reason);
        output.extend_from_slice(b"\r\n");
    }
    let mut written = Vec::new();
    let server_and_date = cx.worker.date_header.fields();
    encode::write_head(&mut written, head, *terms, framing, server_and_date, cx.app.compat);
    encode::cors(&mut written, cx.app.compat, request.field("Origin"));
    let status_bytes = 1 + memchr::memchr(b'\n', &written).unwrap_or_default();
    let (status_line, fields) = written.split_at(status_bytes);
    let status_line = if bad_head { BAD_STATUS_LINE } else { status_line };
    output.extend_from_slice(status_line);
    let rest = rewrite(fields, plan, head.status, request.field("Loiter").is_some());
    let is_slow = plan.head_us > 0;
    if version != Version::Http2 && cx.app.journal.is_some() {
        let written = [status_line, &rest].concat();
        exchange.note_head(cx, 0, || (&written, b""));
    }
    if is_slow {
        exchange.hold_rest_of_head(rest);
    } else {
        output.extend_from_slice(&rest);
    }
}

/// Appends the head of a modified answer to an HTTP/2 request as text, from its status line on;
/// returns whether the connection ends with it.
pub(in crate::proto) fn head(
    exchange: &mut Exchange,
    cx: &mut Cx,
    request: &Request,
    output: &mut Vec<u8>,
) -> bool {
    let mut terms = ResponseTerms { version: Version::Http2, closing: Closing::KeptAlive };
    answer(exchange, &mut terms, cx, request, output);
    terms.closing != Closing::KeptAlive
}

/// The 103 that is sent before the answer, and before its delay.
pub(super) fn hint(plan: &Plan, output: &mut Vec<u8>) {
    if let Some(hint) = plan.hint.as_ref().filter(|_| !plan.sends_nothing()) {
        encode::status_line(output, Status(103), Version::Http11, false);
        encode::field(output, "Link", hint.as_bytes());
        output.extend_from_slice(b"\r\n");
    }
}

/// The fields of a head, with its empty line, under a plan.
fn rewrite(fields: &[u8], plan: &Plan, status: Status, by_field: bool) -> Vec<u8> {
    let mut rest = Vec::with_capacity(fields.len() + 256);
    let mut given: Vec<&str> = Vec::new();
    for line in fields.split_inclusive(|&byte| byte == b'\n').filter(|line| line.len() > 2) {
        let name = line.split(|&byte| byte == b':').next().unwrap_or_default();
        let replaced = |(own, _): &&(String, String)| {
            own.as_bytes().eq_ignore_ascii_case(name) && !is_list(own)
        };
        match plan.headers.iter().find(replaced) {
            None => rest.extend_from_slice(line),
            Some((name, _)) if given.iter().any(|given| given.eq_ignore_ascii_case(name)) => {}
            Some((name, _)) => {
                given.push(name);
                write_given(&mut rest, plan, name);
            }
        }
        if plan.fault.is_some_and(|fault| fault.kind == FaultKind::DupLength)
            && name.eq_ignore_ascii_case(b"Content-Length")
        {
            second_length(&mut rest, line);
        }
    }
    for (name, value) in &plan.headers {
        if !given.iter().any(|given| given.eq_ignore_ascii_case(name)) {
            encode::field(&mut rest, name, value.as_bytes());
        }
    }
    add_own(&mut rest, plan, status, by_field);
    rest.extend_from_slice(b"\r\n");
    rest
}

/// Adds what shows the modifiers, and what goes with them, unless it is there.
fn add_own(rest: &mut Vec<u8>, plan: &Plan, status: Status, by_field: bool) {
    let asks_for_retry = plan.status == Some(status) && matches!(status.0, 429 | 503);
    if asks_for_retry && !has_field(rest, b"Retry-After") {
        encode::field(rest, "Retry-After", b"1");
    }
    if !has_field(rest, b"Cache-Control") {
        encode::field(rest, "Cache-Control", b"no-store");
    }
    if by_field {
        encode::field(rest, "Vary", b"Loiter");
    }
    encode::field(rest, "Access-Control-Expose-Headers", b"Loiter, Server-Timing");
    encode::field(rest, "Loiter", show::line(plan).as_bytes());
    let mut left = plan.pad as usize;
    while left > 0 {
        let bytes = left.min(PAD_FIELD_BYTES);
        encode::field(rest, "X-Pad", &vec![b'x'; bytes]);
        left -= bytes;
    }
}

/// Writes every field of this name that a modifier gives.
fn write_given(rest: &mut Vec<u8>, plan: &Plan, name: &str) {
    for (own, value) in plan.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)) {
        encode::field(rest, own, value.as_bytes());
    }
}

/// Writes a second length that differs from that of this line.
fn second_length(rest: &mut Vec<u8>, line: &[u8]) {
    let text = String::from_utf8_lossy(line);
    let length = text.split(':').nth(1).and_then(|length| length.trim().parse().ok());
    let other = length.unwrap_or(0u64).saturating_add(1);
    encode::field(rest, "Content-Length", itoa::Buffer::new().format(other).as_bytes());
}

fn is_list(name: &str) -> bool {
    LISTS.iter().any(|list| list.eq_ignore_ascii_case(name))
}

fn has_field(fields: &[u8], name: &[u8]) -> bool {
    let named = |line: &[u8]| {
        line.split(|&byte| byte == b':').next().is_some_and(|own| own.eq_ignore_ascii_case(name))
    };
    fields.split(|&byte| byte == b'\n').any(named)
}
