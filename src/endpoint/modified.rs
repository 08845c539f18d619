//! Applies a plan to a reply: what of it can be changed before it is sent. The rest of the plan
//! goes with the body: the exchange plays it.

use super::rate_limit::{over_limit, with_fields};
use super::{Answers, Route, llm};
use crate::http::app::App;
use crate::http::headers::Headers;
use crate::http::modifiers::plan::{At, Fault, FaultKind, Frame, Plan};
use crate::http::modifiers::{BadModifier, Carrier, Name};
use crate::http::reply::{Body, Media, Modified, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The routes whose answers are events or lines.
const EVENTS: [&str; 3] = ["/sse", "/jsonl", "/stream/{n}"];
/// What has them, in words.
const EXAMPLES: &str = "as /sse, /jsonl, /stream and a streamed /v1/chat/completions have";
/// Fields that describe a body, or its trailers.
const OF_BODY: [&str; 5] = ["Content-Encoding", "Content-Range", "Content-Type", "ETag", "Trailer"];

/// The reply under this plan. What the answer makes impossible is refused if the request asked for
/// it, and skipped if a default did.
pub fn modify(
    app: &App,
    mut reply: Reply,
    mut plan: Plan,
    request: &Request,
) -> Result<Reply, Refusal> {
    reply = limit_and_trace(app, reply, &plan, request);
    spare_impossible(&reply.body, &mut plan)?;
    reply.after_us = reply.after_us.saturating_add(plan.path_us).saturating_add(plan.delay_us);
    reply.timed |= plan.path_us > 0;
    if !plan.asked {
        return Ok(reply);
    }
    // A text has the place of the messages, too.
    let switches = plan.text.is_some() && reply.status == Status(101);
    let status = plan.status.filter(|status| status.0 >= 200);
    if let Some(status) = status.or(switches.then_some(Status::OK)) {
        reply = with_status(reply, status);
        let error = llm::in_place(reply.route, status, request);
        reply = error.into_iter().fold(reply, with_error);
    }
    // There is no body in an answer that has none, and before WebSocket messages.
    plan.text = plan.text.filter(|_| reply.status.allows_body());
    if let Some(text) = &plan.text {
        let headers = without(&reply.headers, &OF_BODY);
        let body = Body::Whole(Box::new(text.clone().into_bytes().into()));
        reply = Reply { media: Media::Text, headers, body, ..reply };
    }
    let body = std::mem::replace(&mut reply.body, Body::Empty);
    reply.body = Body::Modified(Box::new(Modified { plan, body }));
    Ok(reply)
}

/// Adds what is shown of the rate limit and of the trace; or refuses what is beyond the limit.
fn limit_and_trace(app: &App, mut reply: Reply, plan: &Plan, request: &Request) -> Reply {
    if let Some(limited) = &plan.limited {
        let route = reply.route;
        reply = match limited.passes {
            true => with_fields(reply, limited),
            false => {
                let error = llm::over_limit(route, limited, request);
                let over = Reply { route, ..over_limit(app, limited) };
                error.into_iter().fold(over, with_error)
            }
        };
    }
    match &plan.trace {
        Some(trace) => reply.header("traceresponse", trace.clone()),
        None => reply,
    }
}

/// The reply with the body of an error, and the fields that come with that.
fn with_error(mut reply: Reply, error: Reply) -> Reply {
    for (name, value) in error.headers.iter() {
        reply.headers.push(name.to_owned(), value.to_owned());
    }
    Reply { media: error.media, body: error.body, ..reply }
}

/// Drops a fault that has no meaning for this body, and a framing without trailers where there are
/// some.
fn spare_impossible(body: &Body, plan: &mut Plan) -> Result<(), Refusal> {
    if let Some(fault) = plan.fault
        && let Some(reason) = misplaced(fault, matches!(body, Body::WebSocket(_)), has_events(body))
    {
        refuse(plan.given_by.fault, &format!("{}={fault}", Name::Fault.text()), &reason)?;
        plan.fault = None;
    }
    if let Some(frame) = plan.frame.filter(|frame| *frame != Frame::Chunked)
        && has_trailers(body)
    {
        let reason = "the answer has trailers, which need frame=chunked";
        refuse(plan.given_by.frame, &format!("{}={frame}", Name::Frame.text()), reason)?;
        plan.frame = None;
    }
    Ok(())
}

fn refuse(carrier: Carrier, modifier: &str, reason: &str) -> Result<(), Refusal> {
    if !carrier.is_request() {
        return Ok(());
    }
    let bad = BadModifier::new(carrier, modifier, reason);
    Err(Refusal::new(bad.status(), bad.to_string()))
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

/// Why a fault has no meaning for a successful answer of this route, if so.
pub fn misplaced_on(app: &App, route: &Route, fault: Fault) -> Option<String> {
    let converses = route.answers_of(app.compat) == Answers::WebSocket;
    misplaced(fault, converses, has_events_on(route))
}

/// Why a fault has no meaning for an answer of WebSocket messages, or of events, or of neither.
fn misplaced(fault: Fault, converses: bool, has_events: bool) -> Option<String> {
    use FaultKind::{
        BadChunk, BadEvent, Close, DupLength, ErrorEvent, Extra, Garbage, Hang, WsClose,
    };
    match (fault.kind, fault.at) {
        (BadChunk | DupLength | Extra(_), _) if converses => {
            Some(format!("`{fault}` needs a body, and WebSocket messages are none"))
        }
        (WsClose(_), _) | (Close | Hang | Garbage, Some(At::Event(_))) if !converses => {
            Some(format!(
                "`{fault}` needs WebSocket messages, as /websocket/echo has after its handshake"
            ))
        }
        (BadEvent | ErrorEvent, _) if !has_events => {
            Some(format!("`{fault}` needs an answer of events or lines, {EXAMPLES}"))
        }
        (_, Some(At::Event(_))) if !converses && !has_events => Some(format!(
            "`{fault}` needs an answer of events or lines, {EXAMPLES}, or WebSocket messages"
        )),
        _ => None,
    }
}

/// Whether answers of a route may have events or lines.
fn has_events_on(route: &Route) -> bool {
    EVENTS.contains(&route.path) || llm::streams(route)
}

/// Whether a body has events or lines, which a fault can count.
fn has_events(body: &Body) -> bool {
    match body {
        Body::Paced(pace) => pace.source.has_events(),
        _ => false,
    }
}

fn has_trailers(body: &Body) -> bool {
    matches!(body, Body::Paced(pace) if !pace.trailers.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{ROUTES, find};
    use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
    use crate::http::request::Method;
    use crate::http::tests::ask;

    /// The list is what the endpoints do: a fault that counts events is refused elsewhere.
    #[test]
    fn routes_with_events_are_listed() {
        for compat in [&HTTPBIN, &GO_HTTPBIN] {
            let app = App { compat, ..App::default() };
            for route in &ROUTES {
                let method = if llm::streams(route) { Method::Post } else { Method::Get };
                let body = br#"{"model": "a", "messages": [{"content": "b"}], "input": "b",
                    "prompt": "b", "max_tokens": 1, "stream": true}"#;
                let answered = ask(&route.sample(), &[("Host", "a")], body, |request| {
                    let mut request = request.clone();
                    let found = find(&app, &request.target, method).ok()?;
                    request.params = found.params;
                    Some(super::super::answer(&app, &found, &request).body)
                });
                let has_events = answered.is_some_and(|body| has_events(&body));
                assert_eq!(has_events_on(route), has_events, "{}", route.path);
            }
        }
    }
}
