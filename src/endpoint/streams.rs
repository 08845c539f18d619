//! Answers in chunks: `/stream`, `/stream-bytes`, `/jsonl`, `/sse`.

use super::content::{SEED, SIZE, random, size};
use super::inspect::write_members;
use super::params::{self, value};
use super::route::{Beyond, Ceiling, Client, Group, Kind, Origin, Param, Route, Sign};
use super::timing::Times;
use crate::base::limits::{EVENT_BYTES, JSON_LINE_BYTES, MAX_CHUNK_BYTES, MAX_STREAM_LINES};
use crate::base::random::Random;
use crate::http::app::App;
use crate::http::compat::GO_HTTPBIN;
use crate::http::json::{Json, Layout};
use crate::http::pace::{Jitter, Pace, Source};
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::{Request, Version};
use crate::http::status::Status;
use crate::http::uri::query::{self, Order};

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Streams",
    about: "Answers in chunks",
    routes: &Origin::Httpbin.of([
        Route::get("/stream/{n}", stream, "Returns n lines of JSON, one per chunk")
            .with(&[Param::path("n", Kind::Integer(0, 100), "3", "number of lines").go(&CUT_LINES)])
            .go(stream_go)
            .client(PIECES)
            .go_answers("text/plain"),
        Route::get("/stream-bytes/{n}", stream_bytes, "Returns n random bytes in chunks")
            .with(&[
                SIZE,
                SEED,
                Param::query("chunk_size", Kind::Integer(1, MAX_CHUNK_BYTES as i64), CHUNK)
                    .or("10240")
                    .beyond(Beyond::Cut),
            ])
            .client(&[Client::Unbuffered, Client::Save])
            .answers("application/octet-stream"),
        Route::any("/jsonl", jsonl, "Returns lines of JSON over a duration")
            .from(Origin::GoHttpbin)
            .with(&[
                Param::query("count", AT_LEAST_ONE, "number of lines")
                    .or("10")
                    .up_to(Ceiling::Pieces(JSON_LINE_BYTES))
                    .beyond(Beyond::Cut)
                    .blank(),
                Param::query("duration", TIME, "time from the first line to the last")
                    .or("0")
                    .up_to(Ceiling::HalfDuration)
                    .beyond(Beyond::Refused)
                    .blank(),
                DELAY,
                JITTER,
            ])
            .client(PIECES)
            .answers("application/x-ndjson"),
        Route::any("/sse", sse, "Returns server-sent events over a duration")
            .from(Origin::GoHttpbin)
            .with(&[
                Param::query("count", AT_LEAST_ONE, "number of events")
                    .or("10")
                    .up_to(Ceiling::Pieces(EVENT_BYTES))
                    .beyond(Beyond::Refused)
                    .blank(),
                Param::query("duration", LONG, "time from the first event to the last")
                    .or("5s")
                    .up_to(Ceiling::HalfDuration)
                    .beyond(Beyond::Refused)
                    .blank(),
                DELAY,
                JITTER,
            ])
            .client(PIECES)
            .answers("text/event-stream"),
    ]),
};

/// go-httpbin clamps these, where it refuses others.
const CUT_LINES: Param =
    Param::path("n", Kind::Integer(1, MAX_STREAM_LINES as i64), "3", "number of lines")
        .beyond(Beyond::Cut);

const PIECES: &[Client] = &[Client::Unbuffered];
const CHUNK: &str = "chunk size in bytes";
const AT_LEAST_ONE: Kind = Kind::Integer(1, i64::MAX);
const TIME: Kind = Kind::Duration(Sign::NonNegative);
const LONG: Kind = Kind::Duration(Sign::Positive);
const DELAY: Param = Param::query("delay", TIME, "time to the first of them")
    .or("0")
    .up_to(Ceiling::HalfDuration)
    .beyond(Beyond::Refused)
    .blank();
const JITTER: Param =
    Param::query("jitter", Kind::Number(0.0, 1.0), "share by which pauses vary").or("0").blank();

/// `/stream/{n}`: lines of JSON that show the request, one per chunk; none for 0.
fn stream(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = params::count(app, "n", request.param(0))?;
    let lines = asked.min(MAX_STREAM_LINES);
    let source = wide_lines(app, request);
    Ok(in_pieces(Media::Json, Pace::new(source, lines, 0, None)).clamped("n", asked, lines))
}

/// The same in go-httpbin: at least one line, in its own order.
fn stream_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = params::integer(app.compat, "n", &String::from_utf8_lossy(request.param(0)))?;
    let asked = u64::try_from(asked).unwrap_or_default();
    let lines = asked.clamp(1, MAX_STREAM_LINES);
    let source = tight_lines(app, request);
    Ok(in_pieces(Media::Text, Pace::new(source, lines, 0, None)).clamped("n", asked, lines))
}

/// `/stream-bytes/{n}`: the answer of `/bytes` in chunks. A chunk size below 1 means 1 in httpbin,
/// and in go-httpbin a single chunk. The chunk size is limited, since a chunk is produced at once.
fn stream_bytes(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let (asked, bytes) = size(app, request)?;
    let chunk = match query::given(app.compat, query::first_any_case(request, "chunk_size")) {
        Some(text) => params::integer(app.compat, "chunk_size", &text)?,
        None => 10 * 1024,
    };
    let chunk = match u64::try_from(chunk) {
        Ok(chunk @ 1..) => chunk,
        _ if app.compat.chunk_size_0_is_all => bytes.max(1),
        _ => 1,
    };
    let piece = chunk.min(MAX_CHUNK_BYTES);
    let source = random(app, request, bytes, piece as u32)?;
    let pace = Pace::new(source, bytes.div_ceil(piece), 0, None);
    let reply = in_pieces(Media::OctetStream, pace).clamped("n", asked, bytes);
    Ok(reply.clamped("chunk_size", chunk, piece))
}

/// `/jsonl`: go-httpbin's lines of JSON over time, in both APIs: the first at once, the last at the
/// end of the duration. As there, the count is clamped, and a duration that is too long is refused.
/// Departure: the limit takes a line that shows a long request at its real length, as all lines
/// together could otherwise be hundreds of times the largest body.
fn jsonl(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = params::integer(app.compat, "count", &value(&GO_HTTPBIN, request, "count", "10"))?;
    let asked = u64::try_from(asked).unwrap_or_default();
    let times = Times::of(app, request, "0", "0")?;
    if !times.fit(app) {
        return Ok(Reply::whole(Status(400), Media::Text, b"Too much time\n".as_slice()));
    }
    let source = tight_lines(app, request);
    let lines = asked.clamp(1, most(app, source.line_bytes().max(JSON_LINE_BYTES)));
    let pace = spread(request, source, lines, times)?;
    let reply = in_pieces(Media::NdJson, pace).clamped("count", asked, lines);
    Ok(Reply { after_us: times.delay_us, ..reply })
}

/// `/sse`: go-httpbin's server-sent events over time, in both APIs. `Server-Timing` is a trailer
/// with the planned times; HTTP/1.0 has no trailers, so there it is in the head.
fn sse(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = value(&GO_HTTPBIN, request, "count", "10");
    let events = params::within(app.compat, "count", &asked, 1..=most(app, EVENT_BYTES))?;
    let times = Times::of(app, request, "0", "5s")?.checked(app)?;
    if times.span_us == 0 {
        let text = value(&GO_HTTPBIN, request, "duration", "");
        return Err(params::bad("duration", &text, "it must be greater than 0"));
    }
    let started_us = request.unix_us.saturating_add(times.delay_us);
    let mut pace = spread(request, Source::Events { next: 0, started_us }, events, times)?;
    let timing = times.server_timing(pace.gaps);
    let (name, value) = match request.version {
        Version::Http10 => ("Server-Timing", timing),
        Version::Http11 | Version::Http2 => {
            pace.trailers.push("Server-Timing", timing);
            ("Trailer", "Server-Timing".to_owned())
        }
    };
    let reply = in_pieces(Media::EventStream, pace).header(name, value);
    Ok(Reply { after_us: times.delay_us, ..reply })
}

fn in_pieces(media: Media, pace: Pace) -> Reply {
    Reply { media, body: Body::Paced(Box::new(pace)), ..Reply::new(Status::OK) }
}

/// The first piece at once and the last at the end of the span. `jitter` makes each pause longer or
/// shorter by up to its share; nothing is later than the end of the span.
fn spread(request: &Request, source: Source, pieces: u64, times: Times) -> Result<Pace, Refusal> {
    let text = value(&GO_HTTPBIN, request, "jitter", "0");
    let share = params::python_float(&text).filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or_else(|| params::bad("jitter", &text, "it must be 0 to 1"))?;
    let jitter = (share > 0.0).then(|| Jitter::new(share, Random::new(request.seed)));
    let pace = Pace::new(source, pieces, times.span_us, None);
    Ok(Pace { gaps: pieces.saturating_sub(1), jitter, ..pace })
}

/// The number of pieces of this size that an answer may have.
fn most(app: &App, piece_bytes: u64) -> u64 {
    (app.compat.most_streamed(&app.limits) / piece_bytes).max(1)
}

/// httpbin's lines: unsorted, the number last.
fn wide_lines(app: &App, request: &Request) -> Source {
    let mut before = Vec::new();
    let mut json = Json::spelled(&mut before, Layout::Spaced, app.compat.spelling);
    json.open(b'{');
    write_members(&mut json, app, request, app.compat.echo.stream, Order::Arrival);
    json.key("id");
    Source::Lines { before: before.into(), next: 0, after: b"}\n".as_slice().into() }
}

/// go-httpbin's lines: no spaces, the number first. `/jsonl` has them in both APIs.
fn tight_lines(app: &App, request: &Request) -> Source {
    let mut before = Vec::new();
    let mut json = Json::spelled(&mut before, Layout::Compact, app.compat.spelling);
    json.open(b'{');
    json.key("id");
    let number = json.output.len();
    write_members(&mut json, app, request, GO_HTTPBIN.echo.stream, Order::Sorted);
    json.close(b'}');
    json.output.push(b'\n');
    let after = before.split_off(number);
    Source::Lines { before: before.into(), next: 0, after: after.into() }
}
