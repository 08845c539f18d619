//! Answers that take their time: `/delay` and `/drip`. The time is written in the reply; the
//! exchange plays it.

use super::inspect::render_delayed;
use super::params::{duration_us, integer, max_duration_us, signed_duration_us};
use super::route::{Group, Kind, Param, Route};
use crate::base::limits::MAX_DRIP_BYTES;
use crate::http::app::App;
use crate::http::pace::{Pace, Source};
use crate::http::query;
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Time",
    about: "Answers that take their time",
    routes: &[
        Route::any("/delay/{delay}", delay, "what the request said, after a while").keep().with(&[
            Param::path("delay", Kind::Duration, "1", "seconds (3, .25), or a unit (50ms, 1.5s)"),
        ]),
        Route::get("/drip", drip, "bytes spread over a duration, after a delay")
            .with(&[
                Param::query("duration", Kind::Duration, "over which the bytes are spread").or("2"),
                Param::query("numbytes", Kind::Integer(1, MAX_DRIP_BYTES), "how many").or("10"),
                Param::query("code", Kind::Integer(100, 999), "the status code").or("200").strict(),
                Param::query("delay", Kind::Duration, "before the first byte").or("0"),
            ])
            .answers("application/octet-stream"),
    ],
};

/// `/delay/{delay}`: what the request said, after a while that is cut to the longest allowed, and
/// told in `Server-Timing`.
///
/// httpbin fails on a negative number, on `nan` and on text; we refuse those, and take Go's
/// durations too.
fn delay(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = duration_us("delay", &String::from_utf8_lossy(request.param(0)))?;
    let after_us = asked.min(max_duration_us(&app.limits));
    Ok(Reply { after_us, timed: true, ..Reply::json(render_delayed) })
}

/// `/drip`: bytes spread over a duration, after a delay.
///
/// As in httpbin the head comes after the delay, and the first byte with it. httpbin pauses after
/// the last byte too, which no client can see; we do not. Delay and duration together are bounded,
/// the delay taking precedence; `Server-Timing` tells what they came to, in go-httpbin's words.
fn drip(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let Drip { bytes, delay_us, span_us, status } = match Drip::of(app, request)? {
        Some(drip) => drip,
        None => {
            let text = b"number of bytes must be positive";
            return Ok(Reply::whole(Status(400), Media::Text, text.as_slice()));
        }
    };
    let source = Source::Fill { byte: b'*', piece: 1 };
    let pace = Pace::new(source, bytes, span_us, Some(bytes));
    let body = if status.allows_body() { Body::Paced(Box::new(pace)) } else { Body::Empty };
    let media = if status == Status(304) { Media::None } else { Media::Bytes };
    let timing = server_timing(delay_us, span_us, bytes);
    let reply = Reply { after_us: delay_us, media, body, ..Reply::new(status) };
    Ok(reply.header("Server-Timing", timing))
}

/// What `/drip` was asked for, bounded.
struct Drip {
    bytes: u64,
    delay_us: u64,
    span_us: u64,
    status: Status,
}

impl Drip {
    /// Reads the query; `None` when no bytes were asked for.
    fn of(app: &App, request: &Request) -> Result<Option<Drip>, Refusal> {
        let text = |name| query::first(request, name);
        let span_us = duration_us("duration", &text("duration").unwrap_or("2".into()))?;
        let bytes = integer("numbytes", &text("numbytes").unwrap_or("10".into()))?;
        let code = text("code").unwrap_or("200".into());
        let status =
            u16::try_from(integer("code", &code)?).ok().filter(|c| (100..=999).contains(c));
        let status =
            status.ok_or_else(|| super::params::bad("code", &code, "it must be 100 to 999"))?;
        let delay = text("delay").unwrap_or("0".into());
        // A negative delay is none, as in httpbin.
        let delay_us = match signed_duration_us(&delay) {
            Some(..0) => 0,
            _ => duration_us("delay", &delay)?,
        };
        let most = max_duration_us(&app.limits);
        let delay_us = delay_us.min(most);
        let span_us = span_us.min(most - delay_us);
        let bytes = u64::try_from(bytes.min(MAX_DRIP_BYTES)).unwrap_or_default();
        Ok((bytes > 0).then_some(Drip { bytes, delay_us, span_us, status: Status(status) }))
    }
}

/// The four entries of go-httpbin's `Server-Timing`, in milliseconds.
fn server_timing(delay_us: u64, span_us: u64, bytes: u64) -> String {
    let entries = [
        ("total_duration", delay_us + span_us, "total request duration"),
        ("initial_delay", delay_us, "initial delay"),
        ("write_duration", span_us, "duration of writes after initial delay"),
        ("pause_per_write", span_us / bytes.max(1), "computed pause between writes"),
    ];
    let entry = |(name, micros, about): (&str, u64, &str)| {
        format!("{name};dur={}.{:02};desc=\"{about}\"", micros / 1000, micros % 1000 / 10)
    };
    entries.map(entry).join(", ")
}
