//! Answers over time: `/delay` and `/drip`. The reply has the times; the exchange waits for them.

use super::inspect::{check_body, render_delayed};
use super::params::{self, duration_us, max_duration_us, value};
use super::route::{Beyond, Ceiling, Client, Group, Kind, Origin, Param, Route, Sign};
use super::status::{check_upgrade, with_due_fields};
use crate::base::duration;
use crate::base::limits::MAX_DRIP_BYTES;
use crate::http::app::App;
use crate::http::compat::GO_HTTPBIN;
use crate::http::pace::{Pace, Source};
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

const TIME: Kind = Kind::Duration(Sign::NonNegative);
const DURATION: Param =
    Param::query("duration", TIME, SPAN).or("2").up_to(Ceiling::Duration).go(&GO_DURATION);
const GO_DURATION: Param =
    Param::query("duration", TIME, SPAN).or("2s").up_to(Ceiling::HalfDuration);
const SPAN: &str = "time over which the bytes are spread";
const NUMBYTES: Param = Param::query("numbytes", Kind::Integer(1, MAX_DRIP_BYTES as i64), "length")
    .or("10")
    .beyond(Beyond::CutAbove)
    .go(&GO_NUMBYTES);
const GO_NUMBYTES: Param =
    Param::query("numbytes", Kind::Integer(1, i64::MAX), "length").or("10").up_to(Ceiling::Body);
const CODE: Param = Param::query("code", Kind::Integer(100, 999), "status code")
    .or("200")
    .beyond(Beyond::Refused)
    .go(&GO_CODE);
const GO_CODE: Param = Param::query("code", Kind::Integer(100, 599), "status code").or("200");
const DELAY: Param = Param::query("delay", Kind::Duration(Sign::Any), "time to the first byte")
    .or("0")
    .up_to(Ceiling::Duration)
    .go(&GO_DELAY);
const GO_DELAY: Param =
    Param::query("delay", TIME, "time to the first byte").or("2s").up_to(Ceiling::HalfDuration);

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Time",
    about: "Delayed and slow answers",
    routes: &Origin::Httpbin.of([
        Route::any("/delay/{delay}", delay, "Returns the request after a delay")
            .keep()
            .with(&[Param::path("delay", TIME, "1", "seconds (3, .25), or a unit (50ms, 1.5s)")
                .up_to(Ceiling::Duration)]),
        Route::get("/drip", drip, "Returns bytes spread over a duration, after a delay")
            .with(&[DURATION, NUMBYTES, CODE, DELAY])
            .client(&[Client::Unbuffered])
            .answers("application/octet-stream")
            .go_answers("text/plain")
            .go(drip_go),
    ]),
};

/// `/delay/{delay}`: shows the request after a delay. A delay beyond the limit is clamped, or
/// refused as in go-httpbin; `Server-Timing` reports the delay used.
///
/// httpbin fails on a negative number, on `nan` and on text; go-httpbin treats `nan` and `inf` as
/// 0. We refuse those (`inf` is clamped), and accept Go's durations in both APIs.
fn delay(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let text = String::from_utf8_lossy(request.param(0));
    let after_us = params::bounded_duration_us(app, "delay", &text)?;
    check_body(app, request)?;
    Ok(Reply { after_us, timed: true, ..Reply::json(render_delayed) })
}

/// `/drip`: bytes spread over a duration, after a delay.
///
/// As in httpbin, the head comes after the delay, with the first byte. httpbin also pauses after
/// the last byte, which no client can see; we do not. Delay and duration together are limited, the
/// delay taking precedence; `Server-Timing` reports them in go-httpbin's format. An interim status
/// is followed by 200 and the bytes, where httpbin's answer is malformed.
fn drip(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked =
        params::integer(app.compat, "numbytes", &value(app.compat, request, "numbytes", "10"))?;
    let status = code(app, request, 999)?;
    let times = cut_times(app, request)?;
    let bytes = match u64::try_from(asked) {
        Ok(asked @ 1..) => asked.min(MAX_DRIP_BYTES),
        _ => {
            let text = b"number of bytes must be positive";
            return Ok(Reply::whole(Status(400), Media::Text, text.as_slice()));
        }
    };
    let reply = with_due_fields(dripping(Media::OctetStream, status, bytes, times, bytes), request);
    Ok(reply.clamped("numbytes", asked.unsigned_abs(), bytes))
}

/// The times of httpbin's `/drip`, clamped. A negative delay is 0, as there.
fn cut_times(app: &App, request: &Request) -> Result<Times, Refusal> {
    let span_us =
        duration_us(app.compat, "duration", &value(app.compat, request, "duration", "2"))?;
    let delay = value(app.compat, request, "delay", "0");
    let delay_us = match duration::signed_us(&delay) {
        Some(..0) => 0,
        _ => duration_us(app.compat, "delay", &delay)?,
    };
    let most = max_duration_us(&app.limits);
    let delay_us = delay_us.min(most);
    Ok(Times { delay_us, span_us: span_us.min(most - delay_us) })
}

/// `/drip` in go-httpbin: the delay is two seconds by default, the last byte comes at the end of
/// the duration, and values out of range are refused.
fn drip_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let bytes = value(app.compat, request, "numbytes", "10");
    let bytes = params::within(app.compat, "numbytes", &bytes, 1..=app.limits.body_bytes)?;
    let status = code(app, request, 599)?;
    let times = Times::of(app, request, "2s", "2s")?.checked(app)?;
    Ok(with_due_fields(dripping(Media::Text, status, bytes, times, bytes - 1), request))
}

fn code(app: &App, request: &Request, most: u64) -> Result<Status, Refusal> {
    let code = value(app.compat, request, "code", "200");
    let code = params::within(app.compat, "code", &code, 100..=most)? as u16;
    check_upgrade(request, code)?;
    Ok(Status(code))
}

/// Bytes with `gaps` pauses; none for a final status without a body.
fn dripping(media: Media, status: Status, bytes: u64, times: Times, gaps: u64) -> Reply {
    let source = Source::Fill { byte: b'*', piece: 1 };
    let pace = Pace { gaps, ..Pace::new(source, bytes, times.span_us, Some(bytes)) };
    let body = match status {
        Status(101 | 204 | 304) => Body::Empty,
        _ => Body::Paced(Box::new(pace)),
    };
    let media = if status == Status(304) { Media::None } else { media };
    let reply = Reply { after_us: times.delay_us, media, body, ..Reply::new(status) };
    let reply = match status {
        // The whole document as a part of itself (RFC 9110 15.3.7.1).
        Status(206) => reply.header("Content-Range", format!("bytes 0-{}/{bytes}", bytes - 1)),
        _ => reply,
    };
    reply.sized().header("Server-Timing", times.server_timing(gaps))
}

/// A delay, and the span of the pieces after it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) delay_us: u64,
    pub(super) span_us: u64,
}

impl Times {
    /// The `delay` and `duration` of the query, without a limit, for endpoints from go-httpbin.
    pub(super) fn of(
        app: &App,
        request: &Request,
        delay: &'static str,
        span: &'static str,
    ) -> Result<Times, Refusal> {
        let read = |name, default| {
            duration_us(app.compat, name, &value(&GO_HTTPBIN, request, name, default))
        };
        let (delay_us, span_us) = (read("delay", delay)?, read("duration", span)?);
        Ok(Times { delay_us, span_us })
    }

    /// Whether both together are within the longest delay of an answer.
    pub(super) fn fit(self, app: &App) -> bool {
        self.delay_us.saturating_add(self.span_us) <= max_duration_us(&app.limits)
    }

    /// The same times, refused if they are too long.
    pub(super) fn checked(self, app: &App) -> Result<Times, Refusal> {
        let most = app.limits.max_duration;
        let long = || Refusal::bad(format!("delay and duration together are longer than {most:?}"));
        self.fit(app).then_some(self).ok_or_else(long)
    }

    /// The four entries of go-httpbin's `Server-Timing`, in milliseconds.
    pub(super) fn server_timing(self, gaps: u64) -> String {
        let Times { delay_us, span_us } = self;
        let entries = [
            ("total_duration", delay_us + span_us, "total request duration"),
            ("initial_delay", delay_us, "initial delay"),
            ("write_duration", span_us, "duration of writes after initial delay"),
            ("pause_per_write", span_us / gaps.max(1), "computed pause between writes"),
        ];
        let entry = |(name, micros, about): (&str, u64, &str)| {
            format!("{name};dur={}.{:02};desc=\"{about}\"", micros / 1000, micros % 1000 / 10)
        };
        entries.map(entry).join(", ")
    }
}
