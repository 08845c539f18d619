//! The header fields of a request, told as httpbin sees them through gunicorn and Werkzeug.
//!
//! Names in title case, repeated fields joined with `,`, names with `_` left out, and the fields
//! that hosting platforms add hidden unless the query asks for `show_env`. Nothing is allocated:
//! the order is an array of indices on the stack.

use std::cmp::Ordering;

use super::json::{Json, escape_latin1};
use super::query::{self, Order};
use super::request::{Field, Request};
use crate::base::limits::MAX_FIELDS;

/// Fields that httpbin hides: those that the platforms it was hosted on add.
const HIDDEN: [&str; 15] = [
    "X-Varnish",
    "X-Request-Start",
    "X-Heroku-Queue-Depth",
    "X-Real-Ip",
    "X-Forwarded-Proto",
    "X-Forwarded-Protocol",
    "X-Forwarded-Ssl",
    "X-Heroku-Queue-Wait-Time",
    "X-Forwarded-For",
    "X-Heroku-Dynos-In-Use",
    "X-Forwarded-Port",
    "X-Request-Id",
    "Via",
    "Total-Route-Time",
    "Connect-Time",
];

const _: () = assert!(MAX_FIELDS <= 256, "the place of a field is told in a byte");

/// Writes the request's fields as an object.
pub fn write(json: &mut Json, request: &Request, order: Order) {
    let fields = request.fields.get(..MAX_FIELDS).unwrap_or(request.fields);
    let hide = !query::of(request).any(|pair| pair.0 == "show_env");
    let mut places = [0; MAX_FIELDS];
    let places = gather(fields, hide, &mut places);
    json.object(|json| match order {
        Order::Sorted => write_sorted(json, fields, places),
        Order::Arrival => write_arrival(json, fields, places),
    });
}

/// The places of the fields that are shown.
fn gather<'a>(fields: &[Field], hide: bool, places: &'a mut [u8; MAX_FIELDS]) -> &'a mut [u8] {
    let shown = (0..=u8::MAX).zip(fields).filter(|(place, field)| {
        shown(field, fields.get(usize::from(*place) + 1..).unwrap_or_default(), hide)
    });
    let mut count = 0;
    for ((place, _), slot) in shown.zip(places.iter_mut()) {
        *slot = place;
        count += 1;
    }
    places.get_mut(..count).unwrap_or_default()
}

/// Whether a field is shown, seeing those that come `after` it. gunicorn drops names with `_`, for
/// CGI could not tell them from those with `-`; the two fields that CGI has names of its own for
/// are never joined, and left out when empty.
fn shown(field: &Field, after: &[Field], hide: bool) -> bool {
    let is = |name: &str| field.name.eq_ignore_ascii_case(name);
    if is("Content-Type") || is("Content-Length") {
        return !field.value.is_empty() && !after.iter().any(|next| same_name(field, next));
    }
    // Most names are told apart from all the hidden ones by their first letter.
    let first = field.name.bytes().next().map(|byte| byte.to_ascii_uppercase());
    let maybe_hidden = hide && matches!(first, Some(b'X' | b'V' | b'T' | b'C'));
    let hidden = maybe_hidden && HIDDEN.iter().any(|name| is(name));
    !hidden && !field.name.contains('_')
}

fn write_sorted(json: &mut Json, fields: &[Field], places: &mut [u8]) {
    let name = |place: u8| fields.get(usize::from(place)).map_or("", |field| field.name);
    places.sort_unstable_by(|&a, &b| by_title(name(a), name(b)).then(a.cmp(&b)));
    for group in places.chunk_by(|&a, &b| name(a).eq_ignore_ascii_case(name(b))) {
        let mut group = group.iter().filter_map(|&place| fields.get(usize::from(place)));
        if let Some(first) = group.next() {
            write_field(json, first, group);
        }
    }
}

fn write_arrival(json: &mut Json, fields: &[Field], places: &[u8]) {
    for (n, place) in places.iter().enumerate() {
        let Some(field) = fields.get(usize::from(*place)) else { continue };
        let same = |place: &u8| fields.get(usize::from(*place)).filter(|f| same_name(f, field));
        let (before, after) = places.split_at_checked(n).unwrap_or_default();
        if before.iter().all(|place| same(place).is_none()) {
            write_field(json, field, after.iter().skip(1).filter_map(same));
        }
    }
}

/// Writes a field together with the later ones of its name.
fn write_field<'a>(json: &mut Json, first: &Field, later: impl Iterator<Item = &'a Field<'a>>) {
    json.item();
    json.quoted(|output| {
        let mut starts = true;
        output.extend(first.name.bytes().map(|byte| title(byte, &mut starts)));
    });
    json.raw(": ");
    json.quoted(|output| {
        escape_latin1(output, first.value);
        for field in later {
            output.push(b',');
            escape_latin1(output, field.value);
        }
    });
}

fn same_name(one: &Field, other: &Field) -> bool {
    one.name.eq_ignore_ascii_case(other.name)
}

/// The order of two names in title case, without writing them so: up to where they first differ,
/// whether a letter starts a word is the same for both.
fn by_title(one: &str, other: &str) -> Ordering {
    let mut starts = true;
    for (a, b) in one.bytes().zip(other.bytes()) {
        if !a.eq_ignore_ascii_case(&b) {
            return title(a, &mut starts.clone()).cmp(&title(b, &mut starts));
        }
        starts = !a.is_ascii_alphabetic();
    }
    one.len().cmp(&other.len())
}

/// One byte of a name in title case, as Python has it: a letter after anything but a letter is
/// upper case, after a digit too.
fn title(byte: u8, starts: &mut bool) -> u8 {
    let titled = if *starts { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
    *starts = !byte.is_ascii_alphabetic();
    titled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Layout;
    use crate::http::tests::ask;

    fn told(target: &str, fields: &[(&str, &str)], order: Order) -> String {
        let mut output = Vec::new();
        let mut json = Json::new(&mut output, Layout::Wide);
        ask(target, fields, b"", |request| write(&mut json, request, order));
        String::from_utf8(output).unwrap()
    }

    fn sorted(fields: &[(&str, &str)]) -> String {
        told("/", fields, Order::Sorted)
    }

    #[test]
    fn names_are_in_title_case() {
        let fields = [("x-a1b-c3PO", ""), ("ETag", ""), ("DNT", ""), ("x-o'neil", "")];
        assert_eq!(sorted(&fields), r#"{"Dnt": "", "Etag": "", "X-A1B-C3Po": "", "X-O'Neil": ""}"#);
    }

    #[test]
    fn names_are_sorted_as_they_are_told() {
        let fields = [("ab", "1"), ("A-b", "2"), ("a", "3"), ("A1c", "4"), ("accept", "5")];
        let text = r#"{"A": "3", "A-B": "2", "A1C": "4", "Ab": "1", "Accept": "5"}"#;
        assert_eq!(sorted(&fields), text);
    }

    #[test]
    fn repeated_fields_are_joined() {
        let fields = [("Cookie", "b"), ("X", "1"), ("cookie", "a"), ("x", "")];
        assert_eq!(sorted(&fields), r#"{"Cookie": "b,a", "X": "1,"}"#);
        let fields = [("X", "1"), ("Host", "h"), ("x", "2")];
        assert_eq!(told("/", &fields, Order::Arrival), r#"{"X": "1,2", "Host": "h"}"#);
    }

    #[test]
    fn content_fields_are_never_joined_and_left_out_when_empty() {
        assert_eq!(
            sorted(&[("Content-Type", "a"), ("content-type", "b")]),
            r#"{"Content-Type": "b"}"#
        );
        assert_eq!(sorted(&[("Content-Type", ""), ("X", "")]), r#"{"X": ""}"#);
    }

    #[test]
    fn names_with_underscores_are_left_out_and_bytes_are_latin1() {
        assert_eq!(sorted(&[("X_y", "1"), ("X-y", "é\"")]), r#"{"X-Y": "\u00c3\u00a9\""}"#);
    }

    #[test]
    fn fields_of_platforms_are_hidden_unless_asked_for() {
        for name in HIDDEN {
            assert_eq!(sorted(&[(&name.to_lowercase(), "1")]), "{}", "{name}");
        }
        let fields = [("Via", "1"), ("X-Forwarded-Host", "h")];
        assert_eq!(sorted(&fields), r#"{"X-Forwarded-Host": "h"}"#);
        for query in ["show_env", "a=b&show_env=false", "show%5Fenv="] {
            let text = told(&format!("/?{query}"), &fields, Order::Sorted);
            assert_eq!(text, r#"{"Via": "1", "X-Forwarded-Host": "h"}"#);
        }
    }

    #[test]
    fn as_many_fields_as_can_be() {
        let names: Vec<String> = (0..MAX_FIELDS + 9).map(|n| format!("X-{n:03}")).collect();
        let fields: Vec<(&str, &str)> =
            names.iter().rev().map(|name| (name.as_str(), "")).collect();
        assert_eq!(sorted(&fields).matches(':').count(), MAX_FIELDS);
    }
}
