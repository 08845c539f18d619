//! The journal's endpoints: the requests that arrived, as JSON, as they were or as a HAR.

use std::borrow::Cow;
use std::sync::Arc;

use super::bounded;
use super::guard::enter;
use crate::base::limits::{
    JOURNAL_EVENTS_TIME, JOURNAL_LISTED, JOURNAL_TICK, MAX_JOURNAL_REQUESTS, MAX_JOURNAL_WAIT,
};
use crate::endpoint::params::{bad, within};
use crate::endpoint::route::{Beyond, Kind, Param, Sign};
use crate::http::app::App;
use crate::http::journal::events::Events;
use crate::http::journal::filter::Filter;
use crate::http::journal::har::Archive;
use crate::http::journal::search::Search;
use crate::http::journal::{Entry, SharedJournal, show};
use crate::http::json::{Json, Layout, Spelling};
use crate::http::pace::{Pace, Source};
use crate::http::reply::{Body, Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::query::{self, first};

const PATH: Param = Param::query("path", Kind::Text, "path; `*` is any text").like("^[/*]");
const METHOD: Param = Param::query("method", Kind::Text, "method");
const FIELD: Param = Param::query("field", Kind::Text, "`Name` or `Name: value`; may be repeated");
const STATUS: Param = Param::query("status", Kind::Text, "status, or a class such as 5xx")
    .like("^[1-9]([0-9]{2}|xx)$");
const TARGET: Param =
    Param::query("target", Kind::Text, "target as sent, with its query; `*` is any text");
const UNTIL: Param = number("until", 0, i64::MAX, "only requests up to the one of this number");
const SINCE: Param = number("since", 0, i64::MAX, "only requests after the one of this number");
const COUNT: Param = number("count", 1, MOST, "waits until so many requests are there");
const LIMIT: Param = number("limit", 1, MOST, "most requests in the answer");
const WAIT: Param =
    Param::query("wait", Kind::Duration(Sign::NonNegative), "longest wait").beyond(Beyond::Refused);
const MOST: i64 = MAX_JOURNAL_REQUESTS as i64;

/// The parameters of a list.
pub(super) const LISTED: &[Param] =
    &[PATH, TARGET, METHOD, FIELD, STATUS, SINCE, UNTIL, LIMIT.or("100"), COUNT, WAIT];
/// Those of the HAR.
pub(super) const EXPORTED: &[Param] = &[PATH, TARGET, METHOD, FIELD, STATUS, SINCE, UNTIL, LIMIT];
/// Those that choose what is deleted.
pub(super) const CHOSEN: &[Param] = &[PATH, TARGET, METHOD, FIELD, STATUS, SINCE, UNTIL];
/// The one of a request's path.
pub(super) const ID: &[Param] =
    &[Param::path("id", Kind::Integer(1, i64::MAX), "1", "its number").beyond(Beyond::Refused)];
/// The one of the events.
pub(super) const RESUMED: &[Param] =
    &[number("since", 0, i64::MAX, "only changes after the one of this number")];

const fn number(name: &'static str, least: i64, most: i64, about: &'static str) -> Param {
    Param::query(name, Kind::Integer(least, most), about).beyond(Beyond::Refused)
}

/// `GET /requests`: at once, or when as many are there as it waits for.
pub(super) fn list(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut search = search(app, request)?;
    let count = given(app, request, "count")?;
    let wait = bounded(app, request, "wait", MAX_JOURNAL_WAIT)?;
    let (wanted, most) = (count.or(wait.map(|_| 1)).unwrap_or(0), search.journal.capacity());
    if wanted > most as u64 {
        let advice =
            format!("the journal keeps {most} requests; start loiter with a larger --journal");
        return Err(bad("count", itoa::Buffer::new().format(wanted), &advice));
    }
    search.wanted = wanted;
    search.limit = given(app, request, "limit")?.unwrap_or(wanted.max(JOURNAL_LISTED));
    let wait = wait.unwrap_or_default();
    if let Some((status, body)) = search.look(wait.is_zero()) {
        return Ok(Reply::whole(status, Media::Json, body));
    }
    let after_us = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
    let body = Body::Awaited(Box::new(search));
    Ok(Reply { after_us, media: Media::Json, body, ..Reply::new(Status::OK) })
}

/// `GET /requests/{id}`.
pub(super) fn one(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let entry = entry(app, request)?;
    let mut body = Vec::new();
    let mut json = Json::spelled(&mut body, Layout::Compact, Spelling::Go);
    json.object(|json| show::whole(json, &entry));
    body.push(b'\n');
    Ok(Reply::whole(Status::OK, Media::Json, body))
}

/// `GET /requests/{id}/raw`.
pub(super) fn raw(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let entry = entry(app, request)?;
    let bytes = [&*entry.received.head, &*entry.received.body].concat();
    let name = format!("attachment; filename=\"request-{}.http\"", entry.id);
    let reply = Reply::whole(Status::OK, Media::OctetStream, bytes);
    Ok(reply.header("Content-Disposition", name))
}

/// `GET /requests.har`.
pub(super) fn archive(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut search = search(app, request)?;
    search.limit = given(app, request, "limit")?.unwrap_or(u64::MAX);
    let ids = search.find(usize::MAX).entries.iter().map(|entry| entry.id).collect();
    let archive = Archive::new(search.journal, ids);
    let pieces = archive.pieces();
    let pace = Pace::new(Source::Archive(Box::new(archive)), pieces, 0, None);
    let body = Body::Paced(Box::new(pace));
    let reply = Reply { media: Media::Json, body, ..Reply::new(Status::OK) };
    Ok(reply.header("Content-Disposition", "attachment; filename=\"requests.har\""))
}

/// `DELETE /requests`.
pub(super) fn delete(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let journal = journal(app, request)?;
    let filter = filter(request)?;
    // Not within the journal's lock, for which workers may wait.
    let matching: Vec<u64> =
        journal.entries().iter().filter(|entry| filter.matches(entry)).map(|e| e.id).collect();
    let deleted = journal.delete(|entry| matching.binary_search(&entry.id).is_ok());
    let body = format!("{{\"deleted\":{deleted}}}\n");
    Ok(Reply::whole(Status::OK, Media::Json, body.into_bytes()))
}

/// `GET /events`.
pub(super) fn events(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let journal = journal(app, request)?;
    let last = request.field("Last-Event-ID").map(String::from_utf8_lossy);
    let since = match (first(request, "since"), last) {
        (Some(text), _) => Some(number_of("since", &text)?),
        (None, last) => last.and_then(|text| text.parse().ok()),
    };
    let (span, tick) = (JOURNAL_EVENTS_TIME.as_micros(), JOURNAL_TICK.as_micros());
    let span_us = u64::try_from(span).unwrap_or(u64::MAX);
    let pieces = u64::try_from(span / tick.max(1)).unwrap_or(u64::MAX);
    let source = Source::Journal(Box::new(Events::since(journal, since)));
    let body = Body::Paced(Box::new(Pace::new(source, pieces, span_us, None)));
    Ok(Reply { media: Media::EventStream, body, ..Reply::new(Status::OK) })
}

/// The journal, for a request that may see it.
fn journal(app: &App, request: &Request) -> Result<SharedJournal, Refusal> {
    let off = "no requests are kept; start loiter with --journal 1000";
    enter(app, request)?.journal().ok_or_else(|| Refusal::new(Status(404), off))
}

/// The request of the journal that the path names.
fn entry(app: &App, request: &Request) -> Result<Arc<Entry>, Refusal> {
    let journal = journal(app, request)?;
    let text = String::from_utf8_lossy(request.param(0));
    let id = within(app.compat, "id", &text, 1..=i64::MAX.unsigned_abs())?;
    journal.entry(id).ok_or_else(|| {
        let newest = journal.counts().begun;
        let reason = match id <= newest {
            true => format!("request {id} was dropped or deleted; a larger --journal keeps more"),
            false => format!("there is no request {id} yet; the newest is {newest}"),
        };
        Refusal::new(Status(404), reason)
    })
}

/// Which requests the query means.
fn filter(request: &Request) -> Result<Filter, Refusal> {
    let mut filter = Filter::default();
    for (name, value) in query::of(request) {
        let result = match &*name {
            "path" => filter.path(&value),
            "target" => filter.target(&value),
            "method" => filter.method(&value),
            "field" => {
                let (name, value) = value.split_once(':').unwrap_or((&value, "*"));
                filter.field(name, value)
            }
            "status" => filter.status(&value),
            "since" => {
                filter.since(number_of("since", &value)?);
                Ok(())
            }
            "until" => {
                filter.until(number_of("until", &value)?);
                Ok(())
            }
            _ => Ok(()),
        };
        result.map_err(|advice| bad(&name, &value, advice))?;
    }
    Ok(filter)
}

/// The number of a request or a change.
fn number_of(name: &str, text: &str) -> Result<u64, Refusal> {
    text.parse().map_err(|_| bad(name, text, "expected a number, 0 or more"))
}

/// A search of the journal for what the query means.
fn search(app: &App, request: &Request) -> Result<Search, Refusal> {
    let (journal, filter) = (journal(app, request)?, filter(request)?);
    Ok(Search::new(journal, filter))
}

/// A number of requests in the query, if there is one.
fn given(app: &App, request: &Request, name: &str) -> Result<Option<u64>, Refusal> {
    let read = |text: Cow<str>| within(app.compat, name, &text, 1..=MAX_JOURNAL_REQUESTS);
    first(request, name).map(read).transpose()
}
