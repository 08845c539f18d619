//! `/response-headers`: an answer with the header fields of the query.

use std::collections::HashMap;

use super::inspect::write_object;
use super::params::bad;
use super::route::{Names, Param, Route};
use crate::base::sort::sort_by;
use crate::http::app::{App, Redirects};
use crate::http::char_class::{ANY_TEXT, FIELD_VALUE, TOKEN, is_field_value, is_token};
use crate::http::fields::name_case::NameCase;
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;
use crate::http::uri::query::{self, Pair};

const FIELD: Param =
    Param::any(Names { pattern: TOKEN, except: &[] }, "header field with this name")
        .like(FIELD_VALUE)
        .go(&Param::any(
            Names { pattern: ANY_TEXT, except: &[] },
            "header field with this name, if it is valid",
        ));

/// A route in `status`' group.
pub(super) const HEADERS: Route =
    Route::new(METHODS, "/response-headers", headers, "Returns an answer with these header fields")
        .with(&[FIELD])
        .go(headers_go)
        .answers("*/*");

const METHODS: Methods = Methods::of(&[Method::Get, Method::Head, Method::Post, Method::Query]);

/// Fields shown in the body but not sent: of framing, the connection, and every answer.
const UNSENT: [&str; 14] = [
    "Content-Length",
    "Transfer-Encoding",
    "Connection",
    "Keep-Alive",
    "Upgrade",
    "Trailer",
    "TE",
    "Proxy-Connection",
    "Date",
    "Server",
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "X-Content-Type-Options",
    "Content-Type",
];

/// `/response-headers`: the body lists the fields, with its own length.
///
/// Departures from httpbin: fields that affect framing are not sent; a Content-Type replaces our
/// own, where httpbin sends both, and the body is escaped if a browser would execute it; names that
/// differ only in case are listed together, not each with the values of all, which could grow
/// quadratically; values are sent as UTF-8, where httpbin sends ISO 8859-1 and fails on other
/// characters; an invalid name or value is refused.
fn headers(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = requested(app, request)?;
    let mut length = 0;
    // A longer number makes the body longer: after a few rounds it has its own length.
    let body = loop {
        let digits = itoa::Buffer::new().format(length).to_owned();
        let mut fields: Vec<Pair> = vec![
            ("Content-Type".into(), "application/json".into()),
            ("Content-Length".into(), digits.into()),
        ];
        fields.extend(asked.iter().cloned());
        let body = body_of(app, &fields);
        if body.len() == length {
            break body;
        }
        length = body.len();
    };
    Ok(reply_with(app, body, asked))
}

/// The same in go-httpbin, which lists only the requested fields and the media type. Nothing is
/// refused: an invalid field is in the body alone.
fn headers_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut asked = grouped(query::response_fields(app.compat, request)?);
    if media(&asked).is_none_or(str::is_empty) {
        asked.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        asked.push(("Content-Type".into(), "application/json; charset=utf-8".into()));
    }
    Ok(reply_with(app, body_of(app, &asked), asked))
}

/// The fields of the query, those of one name together, in the place of the first.
fn requested<'a>(app: &App, request: &Request<'a>) -> Result<Vec<Pair<'a>>, Refusal> {
    let fields = query::response_fields(app.compat, request)?;
    for (name, value) in &fields {
        if !is_token(name) {
            return Err(bad("name", name, "a field name must be a token (RFC 9110 5.6.2)"));
        }
        if !is_field_value(value) {
            return Err(bad(name, value, "a field value must not contain control characters"));
        }
    }
    Ok(grouped(fields))
}

fn grouped(fields: Vec<Pair>) -> Vec<Pair> {
    let mut first = HashMap::new();
    let placed = fields.into_iter().enumerate();
    let mut placed: Vec<(usize, Pair)> = placed
        .map(|(n, field)| (*first.entry(field.0.to_ascii_lowercase()).or_insert(n), field))
        .collect();
    // A stable sort, so the values of one name keep their order.
    sort_by(&mut placed, |one, other| one.0.cmp(&other.0));
    placed.into_iter().map(|(_, field)| field).collect()
}

fn same_name(one: &Pair, other: &Pair) -> bool {
    one.0.eq_ignore_ascii_case(&other.0)
}

/// The body. Escaped if a browser would execute it.
fn body_of(app: &App, fields: &[Pair]) -> Vec<u8> {
    let escaped = media(fields).is_some_and(html::is_dangerous) && !app.dangerous_responses;
    let text = |text: &str| if escaped { html::escape(text) } else { text.to_owned() };
    let fields = grouped(fields.to_vec());
    let mut groups: Vec<&[Pair]> = fields.chunk_by(same_name).collect();
    sort_by(&mut groups, |one, other| name(one).cmp(name(other)));
    let mut output = Vec::new();
    write_object(app, &mut output, |json| {
        for group in groups {
            json.text_key(&text(name(group)));
            let values: Vec<String> = group.iter().map(|(_, value)| text(value)).collect();
            query::write_values(json, app.compat, values.iter().map(String::as_str));
        }
    });
    output
}

fn name<'a>(group: &'a [Pair]) -> &'a str {
    group.first().map_or("", |(name, _)| name)
}

/// The requested media type: the last of several, which is the one that browsers use.
fn media<'a>(fields: &'a [Pair]) -> Option<&'a str> {
    let named = |(name, _): &&Pair| name.eq_ignore_ascii_case("Content-Type");
    fields.iter().rfind(named).map(|(_, value)| value.as_ref())
}

/// The answer. On a public server, and with an allow list for redirects, it has neither `Refresh`
/// nor `Location`, which redirect too: the second one behind a modifier that sets the status.
fn reply_with(app: &App, body: Vec<u8>, fields: Vec<Pair>) -> Reply {
    let mut reply = Reply::whole(Status::OK, Media::Json, body);
    let mut add = |name: &str, value: &str| {
        if app.compat.strict {
            reply.headers.push_as_go(NameCase::Mime.of(name), value)
        } else {
            reply.headers.push(name.to_owned(), value.to_owned())
        }
    };
    if let Some(media) = media(&fields) {
        add("Content-Type", media);
    }
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let free = app.redirects == Redirects::All && !app.public;
    let redirects = |name: &str| is(name, "Refresh") || is(name, "Location");
    for (name, value) in &fields {
        if (free || !redirects(name)) && !UNSENT.iter().any(|unsent| is(name, unsent)) {
            add(name, value);
        }
    }
    let own = media(&fields).is_none();
    reply.media(if own { Media::Json } else { Media::None })
}
