//! `/range`: letters, whole or in part, at once or over time.

use std::ops::Range;

use super::params;
use super::route::{Beyond, Ceiling, Client, Kind, Param, Route, Sign};
use crate::base::limits::{BODY_PIECE, MAX_CHUNK_BYTES, RANGE_PIECE};
use crate::base::number::is_digits;
use crate::http::app::App;
use crate::http::fields::conditional::{Outcome, Validator};
use crate::http::pace::{Pace, Source};
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::query;

const AT_LEAST_ONE: Kind = Kind::Integer(1, i64::MAX);

/// A route in `caching`'s group.
pub(super) const RANGE: Route =
    Route::get("/range/{numbytes}", range, "Returns n letters, or a range of them")
        .go(go_range)
        .with(&[
            Param::path("numbytes", AT_LEAST_ONE, "26", "number of letters")
                .up_to(Ceiling::Bytes)
                .beyond(Beyond::Refused)
                .go(&Param::path("numbytes", AT_LEAST_ONE, "26", "number of letters")
                    .up_to(Ceiling::Body)),
            Param::query("chunk_size", AT_LEAST_ONE, "letters in a chunk")
                .or("10240")
                .beyond(Beyond::Cut)
                .go(&Param::query("chunk_size", Kind::Text, "ignored by go-httpbin")),
            Param::query(
                "duration",
                Kind::Duration(Sign::NonNegative),
                "time over which all n letters are spread",
            )
            .or("0")
            .up_to(Ceiling::Duration),
        ])
        .client(&[Client::Unbuffered])
        .answers("application/octet-stream")
        .go_answers("text/plain");

/// `/range/{numbytes}`: the letters `a` to `z`, repeated. `duration` is for all of them; a part
/// takes its share.
///
/// As in httpbin, a pause follows each full chunk and precedes a short one. Departures: the pauses
/// before a short last chunk are equal, where httpbin's last one is the shortest, but the total is
/// the same; an invalid number and a negative duration are refused, where httpbin fails; the
/// duration is limited.
fn range(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let n = params::count(app, "numbytes", request.param(0))?;
    let most = app.limits.max_bytes;
    let head = |status| {
        Reply::new(status).header("ETag", format!("range{n}")).header("Accept-Ranges", "bytes")
    };
    if n == 0 || n > most {
        let text = format!("number of bytes must be in the range (0, {most}]").into_bytes();
        return Ok(Reply { body: whole(text), ..head(Status(404)).media(Media::Text) });
    }
    let chunk = match query::first_any_case(request, "chunk_size") {
        Some(text) => params::integer(app.compat, "chunk_size", &text)?.max(1).unsigned_abs(),
        None => RANGE_PIECE,
    };
    let span = Span::of(app, request)?;
    let header = request.joined("Range").unwrap_or_default();
    let Some(part) = python_range(&String::from_utf8_lossy(&header), n) else {
        let reply = head(Status(416)).media(Media::Text);
        return Ok(reply.header("Content-Range", format!("bytes */{n}")));
    };
    let status = if part == (0..n) { Status::OK } else { Status(206) };
    let reply = head(status)
        .media(Media::OctetStream)
        .header("Content-Range", format!("bytes {}-{}/{n}", part.start, part.end - 1));
    let part_us = span.share_us(part.end - part.start, n);
    Ok(span.report(spread(reply, part, chunk, part_us)))
}

fn whole(text: Vec<u8>) -> Body {
    Body::Whole(Box::new(text.into()))
}

/// The letters of a part, in chunks over a span; limited chunks, since each is produced at once.
fn spread(reply: Reply, part: Range<u64>, chunk: u64, span_us: u64) -> Reply {
    let (bytes, chunk) = (part.end - part.start, chunk.min(MAX_CHUNK_BYTES));
    let (pieces, short) = (bytes.div_ceil(chunk), !bytes.is_multiple_of(chunk));
    if pieces == 1 && short && span_us > 0 {
        // The head waits too: nothing is sent before the first chunk.
        return Reply { after_us: span_us, ..spread(reply, part, chunk, 0) };
    }
    // Chunks that no client can distinguish are produced in larger pieces.
    let chunk = if span_us == 0 { BODY_PIECE } else { chunk.min(bytes) as u32 };
    let pieces = if span_us == 0 { bytes.div_ceil(chunk.into()) } else { pieces };
    let source = Source::Letters { at: part.start, left: bytes, piece: chunk };
    let gaps = pieces - u64::from(short && span_us > 0);
    let pace = Pace { gaps, ..Pace::new(source, pieces, span_us, Some(bytes)) };
    Reply { body: Body::Paced(Box::new(pace)), ..reply }
}

/// `duration`: the requested value, and the value after its limit.
struct Span {
    asked_us: u64,
    given_us: u64,
}

impl Span {
    /// Reads the query; a value beyond the limit is clamped or refused, depending on the API.
    fn of(app: &App, request: &Request) -> Result<Span, Refusal> {
        let text = query::given(app.compat, query::first_any_case(request, "duration"));
        let text = text.unwrap_or("0".into());
        let asked_us = params::duration_us(app.compat, "duration", &text)?;
        let given_us = asked_us.min(params::max_duration_us(&app.limits));
        if given_us == asked_us || app.compat.clamps {
            Ok(Span { asked_us, given_us })
        } else {
            Err(params::bad("duration", &text, "it is too long"))
        }
    }

    /// The share of the time for this number of bytes, rounded up.
    fn share_us(&self, bytes: u64, all: u64) -> u64 {
        let share = u128::from(self.given_us) * u128::from(bytes);
        u64::try_from(share.div_ceil(u128::from(all.max(1)))).unwrap_or(u64::MAX)
    }

    /// The reply, with `X-Clamped` if the duration was clamped.
    fn report(&self, reply: Reply) -> Reply {
        if self.asked_us == self.given_us {
            reply
        } else {
            reply.header("X-Clamped", format!("duration={}us", self.given_us))
        }
    }
}

/// The part that httpbin sends for a Range field: `None` if it is beyond the end. As in httpbin an
/// invalid number counts as missing, so that `1-2,4-5` is everything from 1.
fn python_range(header: &str, length: u64) -> Option<Range<u64>> {
    let mut halves = header.trim().strip_prefix("bytes").unwrap_or_default().split('=').skip(1);
    let spec = halves.next().filter(|_| halves.next().is_none()).unwrap_or_default();
    let mut ends = spec.split('-').map(params::python_integer);
    let mut end = || ends.next().flatten().and_then(|end| u64::try_from(end).ok());
    let (first, last) = match (end(), end()) {
        (None, None) => (0, length - 1),
        (None, Some(count)) => (length.saturating_sub(count), length - 1),
        (Some(first), last) => (first, last.unwrap_or(length - 1)),
    };
    (first <= last && last < length).then(|| first..last + 1)
}

/// The same in go-httpbin: plain text, sizes up to the largest body, preconditions, and the
/// duration as a delay. Departure: the pause is for the whole part at once.
fn go_range(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = params::count(app, "numbytes", request.param(0))?;
    let n = params::bounded(app, "numbytes", asked, 1..=app.limits.body_bytes)?;
    let span = Span::of(app, request)?;
    let tag = format!("range{n}");
    let (reply, part) = served(request, Validator { tag: &tag, modified_s: None }, n);
    let reply = reply.header("ETag", tag);
    match part.end - part.start {
        0 => Ok(reply),
        bytes => {
            let after_us = span.share_us(bytes, n);
            Ok(Reply { after_us, ..spread(reply, part, u64::MAX, 0) })
        }
    }
}

/// The head of an answer with a document or a part of it, and that part, as in Go's `ServeContent`
/// (RFC 9110). Several ranges, or none that is valid, get the whole document.
pub(super) fn served(request: &Request, is: Validator, length: u64) -> (Reply, Range<u64>) {
    let reply = |status| Reply::new(Status(status)).media(Media::PlainText);
    match is.evaluate(request) {
        Outcome::NotModified => return (Reply::new(Status(304)), 0..0),
        Outcome::Failed => return (reply(412), 0..0),
        Outcome::Proceed => {}
    }
    let header = request.field("Range").filter(|_| is.allows_range(request));
    let (reply, part) = match part(header.unwrap_or_default(), length) {
        Part::Whole => (reply(200), 0..length),
        Part::Some(part) => {
            let content_range = format!("bytes {}-{}/{length}", part.start, part.end - 1);
            (reply(206).header("Content-Range", content_range), part)
        }
        Part::Beyond => {
            return (reply(416).header("Content-Range", format!("bytes */{length}")), 0..0);
        }
    };
    (reply.sized().header("Accept-Ranges", "bytes"), part)
}

/// The meaning of a Range field.
#[derive(Debug, PartialEq)]
enum Part {
    Whole,
    Some(Range<u64>),
    Beyond,
}

/// Parses a Range field (RFC 9110 14.2) with one range.
fn part(header: &[u8], length: u64) -> Part {
    let spec = header.strip_prefix(b"bytes=").and_then(|spec| std::str::from_utf8(spec).ok());
    let Some((first, last)) = spec.and_then(|spec| spec.trim().split_once('-')) else {
        return Part::Whole;
    };
    let ends = match (first, last) {
        ("", last) => number(last).map(|count| (length.saturating_sub(count), u64::MAX)),
        (first, "") => number(first).map(|first| (first, u64::MAX)),
        (first, last) => number(first).zip(number(last)).filter(|(first, last)| first <= last),
    };
    match ends {
        None => Part::Whole,
        Some((first, _)) if first >= length => Part::Beyond,
        Some((first, last)) => Part::Some(first..last.saturating_add(1).min(length)),
    }
}

/// A number in digits; one that is too large becomes the largest.
fn number(text: &str) -> Option<u64> {
    is_digits(text).then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_httpbin_reads_them() {
        let whole = Some(0..26);
        for (header, part) in [
            ("", whole.clone()),
            ("bytes=0-", whole.clone()),
            ("bytes=5-", Some(5..26)),
            ("bytes=-5", Some(21..26)),
            ("bytes=-50", whole.clone()),
            ("bytes=-0", None),
            ("bytes=26-", None),
            ("bytes=0-26", None),
            ("bytes=5-4", None),
            ("bytes=1-2,4-5", Some(1..26)),
            (" bytes=+1 - 2 ", Some(1..3)),
            ("Bytes=1-2", whole.clone()),
            ("bytes=x-2", Some(24..26)),
            ("bytes=-", whole.clone()),
            ("bytes=1", Some(1..26)),
            ("bytes", whole.clone()),
            ("bytes=1_0-12", Some(10..13)),
            ("bytes=--5", whole.clone()),
            ("bytes=1-2-3", Some(1..3)),
            ("bytes =1-2", Some(1..3)),
            ("bytes=3-4, bytes=5-6", whole.clone()),
            ("bytes=99999999999999999999-", None),
            ("bytes=-99999999999999999999", whole.clone()),
            ("bytes=0-99999999999999999999", None),
        ] {
            assert_eq!(python_range(header, 26), part, "{header}");
        }
    }

    #[test]
    fn ranges_as_the_standard_has_them() {
        for (header, wanted) in [
            ("bytes=0-", Part::Some(0..26)),
            ("bytes=5-9", Part::Some(5..10)),
            ("bytes=20-99", Part::Some(20..26)),
            ("bytes=-5", Part::Some(21..26)),
            ("bytes=-99", Part::Some(0..26)),
            ("bytes=-0", Part::Beyond),
            ("bytes=26-", Part::Beyond),
            ("bytes=99999999999999999999-", Part::Beyond),
            ("bytes=0-99999999999999999999", Part::Some(0..26)),
            ("bytes=5-4", Part::Whole),
            ("bytes=1-2,4-5", Part::Whole),
            ("bytes=x-", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("", Part::Whole),
        ] {
            assert_eq!(part(header.as_bytes(), 26), wanted, "{header}");
        }
        assert_eq!(part(b"bytes=-1", 0), Part::Beyond);
    }

    #[test]
    fn no_chunk_is_too_large_to_be_made() {
        let huge = (1 << 40) + 1;
        let Body::Paced(pace) = spread(Reply::new(Status::OK), 0..huge, huge, 1000).body else {
            panic!("no pace")
        };
        assert!(matches!(pace.source, Source::Letters { piece: 0x10_0000, .. }));
        assert_eq!((pace.pieces, pace.gaps), (0x10_0001, 0x10_0000));
    }

    #[test]
    fn letters_are_spread_over_their_chunks() {
        let spread = |bytes, chunk| {
            let reply = spread(Reply::new(Status::OK), 0..bytes, chunk, 1000);
            let Body::Paced(mut pace) = reply.body else { panic!("no pace") };
            let mut dues = Vec::new();
            while let Some(due_us) = pace.due_us() {
                dues.push(due_us);
                pace.make(due_us, 1, &mut Vec::new());
            }
            (reply.after_us, dues)
        };
        assert_eq!(spread(10, 5), (0, vec![0, 500]));
        assert_eq!(spread(10, 4), (0, vec![0, 500, 1000]));
        assert_eq!(spread(10, 10), (0, vec![0]));
        assert_eq!(spread(10, u64::MAX), (1000, vec![0]));
    }
}
