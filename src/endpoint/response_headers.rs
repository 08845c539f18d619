//! `/response-headers`: an answer with the header fields that the query names.

use std::collections::HashMap;

use super::inspect::tall;
use super::params::bad;
use super::route::{Names, Param, Route};
use crate::http::app::{App, Redirects};
use crate::http::char_class::{ANY_TEXT, FIELD_VALUE, TOKEN, is_field_value, is_token};
use crate::http::fields::name_case::NameCase;
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;
use crate::http::uri::query::{self, Pair};

const FIELD: Param =
    Param::any(Names { pattern: TOKEN, except: &[] }, "a header field of this name")
        .like(FIELD_VALUE)
        .go(&Param::any(
            Names { pattern: ANY_TEXT, except: &[] },
            "a header field of this name, if one can have it",
        ));

/// A row of `status`' group.
pub(super) const HEADERS: Route =
    Route::new(METHODS, "/response-headers", headers, "an answer with these fields")
        .with(&[FIELD])
        .go(headers_go)
        .answers("*/*");

const METHODS: Methods = Methods::of(&[Method::Get, Method::Head, Method::Post, Method::Query]);

/// Fields that are told in the body, but not sent: those that frame an answer or belong to the
/// connection, and those that every answer has already.
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

/// `/response-headers`: the body tells the fields, with the length of the body itself.
///
/// Departures from httpbin: fields that would end or confuse the answer are not sent; a
/// Content-Type takes the place of our own, where httpbin sends both, and escapes what is told when
/// a browser would run it; names that differ only in case are told together, not each with the
/// values of all, which could grow by their square; values are sent as UTF-8, where httpbin sends
/// ISO 8859-1 and fails on the rest; a name or value that cannot be one is refused.
fn headers(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = asked(app, request)?;
    let mut length = 0;
    // A longer number makes a longer body: a few rounds, and it says its own length.
    let body = loop {
        let digits = itoa::Buffer::new().format(length).to_owned();
        let mut fields: Vec<Pair> = vec![
            ("Content-Type".into(), "application/json".into()),
            ("Content-Length".into(), digits.into()),
        ];
        fields.extend(asked.iter().cloned());
        let body = told(app, &fields);
        if body.len() == length {
            break body;
        }
        length = body.len();
    };
    Ok(sent(app, body, asked))
}

/// The same in go-httpbin, which tells only what was asked for and the media type, in lists.
/// Nothing is refused: what cannot stand in a field is told in the body alone.
fn headers_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut asked = grouped(query::as_fields(app.compat, request)?);
    if media(&asked).is_none_or(str::is_empty) {
        asked.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        asked.push(("Content-Type".into(), "application/json; charset=utf-8".into()));
    }
    Ok(sent(app, told(app, &asked), asked))
}

/// The fields of the query, those of one name together, where the first of them stood.
fn asked<'a>(app: &App, request: &Request<'a>) -> Result<Vec<Pair<'a>>, Refusal> {
    let fields = query::as_fields(app.compat, request)?;
    for (name, value) in &fields {
        if !is_token(name) {
            return Err(bad("name", name, "a field's name is a token (RFC 9110 5.6.2)"));
        }
        if !is_field_value(value) {
            return Err(bad(name, value, "a field's value has no control character"));
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
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, field)| field).collect()
}

fn same_name(one: &Pair, other: &Pair) -> bool {
    one.0.eq_ignore_ascii_case(&other.0)
}

/// The body: one value as a string, several as a list; lists only, if the profile has them. What
/// HTML would read as markup is taken out if the answer is to be read as HTML.
fn told(app: &App, fields: &[Pair]) -> Vec<u8> {
    let escaped = media(fields).is_some_and(html::is_dangerous) && !app.dangerous_responses;
    let text = |text: &str| match escaped {
        true => html::escape(text),
        false => text.to_owned(),
    };
    let fields = grouped(fields.to_vec());
    let mut groups: Vec<&[Pair]> = fields.chunk_by(same_name).collect();
    groups.sort_by(|one, other| name(one).cmp(name(other)));
    let mut output = Vec::new();
    tall(app, &mut output, |json| {
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

/// The media type that was asked for: of several the last, which is the one a browser takes.
fn media<'a>(fields: &'a [Pair]) -> Option<&'a str> {
    let named = |(name, _): &&Pair| name.eq_ignore_ascii_case("Content-Type");
    fields.iter().rfind(named).map(|(_, value)| value.as_ref())
}

/// The answer. With an allow list for redirects there is no `Refresh`, for it would redirect too.
fn sent(app: &App, body: Vec<u8>, fields: Vec<Pair>) -> Reply {
    let mut reply = Reply::whole(Status::OK, Media::Json, body);
    let mut add = |name: &str, value: &str| match app.compat.strict {
        true => reply.headers.push_as_go(NameCase::Mime.of(name), value),
        false => reply.headers.push(name.to_owned(), value.to_owned()),
    };
    if let Some(media) = media(&fields) {
        add("Content-Type", media);
    }
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let free = app.redirects == Redirects::All;
    for (name, value) in &fields {
        if (free || !is(name, "Refresh")) && !UNSENT.iter().any(|unsent| is(name, unsent)) {
            add(name, value);
        }
    }
    let own = media(&fields).is_none();
    reply.media(if own { Media::Json } else { Media::None })
}
