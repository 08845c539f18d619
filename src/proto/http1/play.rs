//! Plays an exchange on the wire: its head, its body, and what follows from its steps.

use super::encode::{
    Framing, ResponseTerms, chunk, cors, framing, interim, last_chunk, write_head,
};
use super::head::{self, FieldTable};
use super::{modified, origin};
use crate::base::limits::{BODY_HIGH_WATER, HIGH_WATER};
use crate::base::time::Time;
use crate::http::request::{Method, Request, Version};
use crate::proto::exchange::{Exchange, Parked, Step};
use crate::proto::{Cx, Next};

/// Appends the head of an answer, and its body unless that comes in pieces. `streamed` is the
/// length of a body that is sent back while it arrives, if known.
pub(super) fn answer(
    exchange: &mut Exchange,
    terms: &mut ResponseTerms,
    cx: &mut Cx,
    request: &Request,
    streamed: Option<u64>,
    output: &mut Vec<u8>,
) {
    if exchange.plan().is_some() {
        return modified::answer(exchange, terms, cx, request, output);
    }
    if exchange.is_interim() {
        interim(exchange, terms, cx.app.compat.uppercase_reason, output);
    }
    let drains = cx.worker.draining && !exchange.upgrades();
    let head = exchange.head(cx.app, request, streamed, &mut cx.worker.body);
    let head_only = request.method == Method::Head;
    let framing = framing(head.status, head.length, terms.version, head_only);
    if drains || framing == Framing::Close {
        terms.close();
    }
    let server_and_date = cx.worker.date_header.fields();
    let start = output.len();
    write_head(output, &head, *terms, framing, server_and_date, cx.app.compat);
    cors(output, cx.app.compat, request.field("Origin"));
    output.extend_from_slice(head.body);
    let bytes = head.body.len();
    exchange.note_head(cx, bytes, || {
        let (before, body) = output.split_at(output.len() - bytes);
        (before.get(start..).unwrap_or_default(), body)
    });
    cx.worker.body.clear();
}

/// Appends what is due behind the head of an answer; `None` once it is over. Nearly every answer is
/// over with its head, which is found out here with 2 % fewer instructions than by a step.
#[inline(always)]
pub(super) fn rest(
    exchange: &mut Exchange,
    terms: &mut ResponseTerms,
    cx: &mut Cx,
    output: &mut Vec<u8>,
) -> Option<Next> {
    if exchange.is_whole() { None } else { play(exchange, terms, cx, output) }
}

/// Appends what is due of an answer; `None` once it is over.
pub(super) fn play(
    exchange: &mut Exchange,
    terms: &mut ResponseTerms,
    cx: &mut Cx,
    output: &mut Vec<u8>,
) -> Option<Next> {
    loop {
        match step(exchange, *terms, cx, output) {
            Step::Clock => return Some(Next::ReadClock),
            // A silence has nothing to finish: a drain ends it.
            Step::Wait(_) if cx.ends_idle() && exchange.end_silence() => return None,
            Step::Wait(until) => return Some(Next::Sleep(until)),
            Step::Room => return Some(Next::Write),
            Step::Answer(parked, arrived) => {
                if !answer_parked(exchange, terms, cx, &parked, arrived, output) {
                    return None;
                }
                // A long answer is over only when the client has taken most of it.
                if output.len() >= HIGH_WATER {
                    return Some(Next::Write);
                }
            }
            Step::Data(_) => {}
            Step::Raw(bytes) => output.extend_from_slice(&bytes),
            Step::End | Step::Break => return None,
        }
    }
}

/// One step of an exchange, its data appended in chunks where no field shows the length.
fn step(exchange: &mut Exchange, terms: ResponseTerms, cx: &mut Cx, output: &mut Vec<u8>) -> Step {
    let room = BODY_HIGH_WATER.saturating_sub(output.len());
    if exchange.trailers().is_none() || terms.version == Version::Http10 {
        return exchange.step(cx.clock, room, output);
    }
    let piece = &mut cx.worker.body;
    let step = exchange.step(cx.clock, room.min(1), piece);
    match (&step, exchange.trailers()) {
        (Step::End, Some(trailers)) => last_chunk(output, trailers),
        _ => chunk(output, piece),
    }
    piece.clear();
    step
}

/// Reads a parked request again, and answers it; returns whether it could be read. No limit is
/// consulted: it was within them when it arrived.
fn answer_parked(
    exchange: &mut Exchange,
    terms: &mut ResponseTerms,
    cx: &mut Cx,
    parked: &Parked,
    arrived: Time,
    output: &mut Vec<u8>,
) -> bool {
    let (mut table, bytes) = (FieldTable::empty(), parked.bytes(exchange.parked_numbers()));
    let Some(mut request) = head::reparse(bytes, &mut table, origin(cx, arrived)) else {
        terms.close();
        return false;
    };
    exchange.restore(cx, &mut request, parked, arrived);
    let length = request.body.len() as u64;
    answer(exchange, terms, cx, &request, Some(length), output);
    true
}
