//! Applies a plan to a reply: what of it can be changed before it is sent. The rest of the plan
//! goes with the body: the exchange plays it.

use crate::http::headers::Headers;
use crate::http::modifiers::plan::{At, Fault, FaultKind, Frame, Plan};
use crate::http::pace::Source;
use crate::http::reply::{Body, Media, Modified, Refusal, Reply};
use crate::http::request::{Request, Version};
use crate::http::status::Status;

/// The reply under this plan. Refuses a fault after an event where there are none.
pub fn modify(mut reply: Reply, mut plan: Plan, request: &Request) -> Result<Reply, Refusal> {
    if matches!(plan.fault, Some(Fault { at: Some(At::Event(_)), .. })) && !has_events(&reply.body)
    {
        return Err(Refusal::bad(
            "modifier fault: `event:N` needs an answer of events or lines, as /sse, /jsonl and \
             /stream have, or WebSocket messages",
        ));
    }
    reply.after_us = reply.after_us.saturating_add(plan.path_us).saturating_add(plan.delay_us);
    reply.timed |= plan.path_us > 0;
    if !plan.asked {
        return Ok(reply);
    }
    if let Some(status) = plan.status.filter(|status| status.0 >= 200) {
        reply = with_status(reply, status);
    }
    if let Some(text) = &plan.text {
        let headers = without(&reply.headers, &["Content-Encoding", "Content-Range", "ETag"]);
        let body = Body::Whole(Box::new(text.clone().into_bytes().into()));
        reply = Reply { media: Media::Text, headers, body, ..reply };
    }
    if plan.frame.is_none() {
        plan.frame = frame(&plan, request.version);
    }
    let body = std::mem::replace(&mut reply.body, Body::Empty);
    reply.body = Body::Modified(Box::new(Modified { plan, body }));
    Ok(reply)
}

/// Replaces the status and keeps the body, unless that changes the protocol.
fn with_status(reply: Reply, status: Status) -> Reply {
    let body = match reply.body {
        Body::WebSocket(_) => Body::Empty,
        body => body,
    };
    let headers = match reply.status {
        Status(101) => without(&reply.headers, &["Upgrade", "Connection", "Sec-WebSocket-Accept"]),
        _ => reply.headers,
    };
    Reply { status, headers, body, ..reply }
}

/// The fields except those of these names.
fn without(headers: &Headers, names: &[&str]) -> Headers {
    let mut kept = Headers::default();
    for (name, value) in headers.iter() {
        if !names.iter().any(|left_out| left_out.eq_ignore_ascii_case(name)) {
            kept.push(name.to_owned(), value.to_owned());
        }
    }
    kept
}

/// The framing that a fault needs: a length that is wrong, or a chunk. HTTP/1.0 has no chunks, so
/// that only a length shows that a body is short.
fn frame(plan: &Plan, version: Version) -> Option<Frame> {
    match plan.fault?.kind {
        FaultKind::DupLength | FaultKind::Extra(_) => Some(Frame::Length),
        FaultKind::Truncate if version == Version::Http10 => Some(Frame::Length),
        FaultKind::BadChunk => Some(Frame::Chunked),
        _ => None,
    }
}

/// Whether a body has events or lines, which a fault can count.
fn has_events(body: &Body) -> bool {
    match body {
        Body::Paced(pace) => matches!(pace.source, Source::Lines { .. } | Source::Events { .. }),
        Body::WebSocket(_) => true,
        _ => false,
    }
}
