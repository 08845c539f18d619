//! The header fields of a request, told as httpbin sees them through gunicorn and Werkzeug, or as
//! go-httpbin sees them.
//!
//! To httpbin names are in title case, repeated fields joined with `,`, names with `_` left out,
//! and the fields that hosting platforms add hidden unless the query asks for `show_env`.
//! go-httpbin has names as MIME writes them, and lists of values. Fields that the operator excludes
//! are told nowhere. Nothing is allocated for as many fields as requests usually have: the order is
//! an array of indices on the stack.

use super::name_case::NameCase;
use crate::base::limits::{MAX_FIELDS, STACK_FIELDS};
use crate::http::app::App;
use crate::http::json::{Json, escape_latin1};
use crate::http::request::{Field, Request};
use crate::http::uri::query::{self, Order};

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

const _: () = assert!(MAX_FIELDS <= 1 << 16, "the place of a field is told in two bytes");

/// Room for the places of fields.
struct Places {
    few: [u16; STACK_FIELDS],
    many: Vec<u16>,
}

impl Places {
    const fn new() -> Places {
        Places { few: [0; STACK_FIELDS], many: Vec::new() }
    }

    /// As many as there are fields.
    fn room(&mut self, fields: &[Field]) -> &mut [u16] {
        if fields.len() > STACK_FIELDS {
            self.many.resize(fields.len(), 0);
            return &mut self.many;
        }
        &mut self.few
    }
}

/// Writes the request's fields as an object.
pub fn write(json: &mut Json, app: &App, request: &Request, order: Order) {
    let fields = request.fields.get(..MAX_FIELDS).unwrap_or(request.fields);
    let python = app.compat.wsgi_fields;
    let hide = python && !query::of(request).any(|pair| pair.0 == "show_env");
    let mut places = Places::new();
    let places = gather(places.room(fields), fields, |field, after| {
        let dropped = python && !passes_cgi(field, after) || hide && is_hidden(field);
        !dropped && !is_excluded(app, field.name)
    });
    let teller = FieldWriter { fields, case: app.compat.name_case, lists: app.compat.always_lists };
    json.object(|json| match order {
        Order::Sorted => teller.write_sorted(json, places),
        Order::Arrival => teller.write_arrival(json, places),
    });
}

/// Appends the request's fields as lines: Host first and the others sorted, each by itself, their
/// names as MIME writes them. No value holds a line end: the head was read so.
pub fn write_lines(output: &mut Vec<u8>, app: &App, request: &Request) {
    let fields = request.fields.get(..MAX_FIELDS).unwrap_or(request.fields);
    let mut places = Places::new();
    let places = gather(places.room(fields), fields, |field, _| !is_excluded(app, field.name));
    sort(NameCase::Mime, fields, places);
    for hosts in [true, false] {
        let sorted = places.iter().filter_map(|&place| fields.get(usize::from(place)));
        for field in sorted.filter(|field| field.is("Host") == hosts) {
            NameCase::Mime.write(output, field.name);
            output.extend_from_slice(b": ");
            output.extend_from_slice(field.value);
            output.extend_from_slice(b"\r\n");
        }
    }
}

/// Writes the request's fields as they were sent: a list of names and values, none left out but
/// those that the operator excludes.
pub fn write_raw(json: &mut Json, app: &App, request: &Request) {
    json.list(|json| {
        for field in request.fields.iter().filter(|field| !is_excluded(app, field.name)) {
            json.item();
            json.list(|json| {
                json.item();
                json.bytes(field.name);
                json.item();
                json.bytes(field.value);
            });
        }
    });
}

/// Whether the operator wants no answer to tell a field of this name.
pub fn is_excluded(app: &App, name: &[u8]) -> bool {
    app.exclude_headers.iter().any(|pattern| fits(pattern.as_bytes(), name))
}

/// Whether a name fits a pattern in lower case, in which `*` stands for any text.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // What stood behind the last `*`, and how much of the name was left then.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, name) {
            ([], []) => return true,
            ([b'*', after @ ..], _) => {
                retry = Some((after, name));
                pattern = after;
                continue;
            }
            ([wanted, after @ ..], [byte, rest @ ..]) if byte.to_ascii_lowercase() == *wanted => {
                (pattern, name) = (after, rest);
                continue;
            }
            _ => {}
        }
        let Some((after, [_, rest @ ..])) = retry else { return false };
        retry = Some((after, rest));
        (pattern, name) = (after, rest);
    }
}

/// The places of the fields that are shown. `is_shown` is given a field and those after it.
fn gather<'a>(
    places: &'a mut [u16],
    fields: &[Field],
    is_shown: impl Fn(&Field, &[Field]) -> bool,
) -> &'a mut [u16] {
    let shown = (0..=u16::MAX).zip(fields).filter(|(place, field)| {
        is_shown(field, fields.get(usize::from(*place) + 1..).unwrap_or_default())
    });
    let mut count = 0;
    for ((place, _), slot) in shown.zip(places.iter_mut()) {
        *slot = place;
        count += 1;
    }
    places.get_mut(..count).unwrap_or_default()
}

/// Whether a field comes through CGI, seeing those that come `after` it. gunicorn drops names with
/// `_`, for CGI could not tell them from those with `-`; the two fields that CGI has names of its
/// own for are never joined, and left out when empty.
fn passes_cgi(field: &Field, after: &[Field]) -> bool {
    if field.is("Content-Type") || field.is("Content-Length") {
        return !field.value.is_empty() && !after.iter().any(|next| same_name(field, next));
    }
    !field.name.contains(&b'_')
}

/// Whether a field is one of those that platforms add. Most names are told apart from all of them
/// by their first letter.
fn is_hidden(field: &Field) -> bool {
    let first = field.name.first().map(u8::to_ascii_uppercase);
    matches!(first, Some(b'X' | b'V' | b'T' | b'C')) && HIDDEN.iter().any(|name| field.is(name))
}

/// Tells fields, each together with the later ones of its name.
struct FieldWriter<'a> {
    fields: &'a [Field<'a>],
    case: NameCase,
    lists: bool,
}

impl FieldWriter<'_> {
    fn write_sorted(&self, json: &mut Json, places: &mut [u16]) {
        self.groups(places).for_each(|group| self.write_group(json, group));
    }

    fn write_arrival(&self, json: &mut Json, places: &mut [u16]) {
        let mut groups: Vec<&[u16]> = self.groups(places).collect();
        groups.sort_unstable_by_key(|group| group.first().copied());
        groups.iter().for_each(|group| self.write_group(json, group));
    }

    /// The places of fields of the same name together, those of one name in order.
    fn groups<'p>(&self, places: &'p mut [u16]) -> impl Iterator<Item = &'p [u16]> {
        sort(self.case, self.fields, places);
        let name = |place: u16| self.at(place).map_or(&b""[..], |field| field.name);
        places.chunk_by(move |&a, &b| name(a).eq_ignore_ascii_case(name(b)))
    }

    fn write_group(&self, json: &mut Json, group: &[u16]) {
        let mut fields = group.iter().filter_map(|&place| self.at(place));
        if let Some(first) = fields.next() {
            self.write_field(json, first, fields);
        }
    }

    fn at(&self, place: u16) -> Option<&Field<'_>> {
        self.fields.get(usize::from(place))
    }

    fn write_field<'a>(
        &self,
        json: &mut Json,
        first: &Field,
        later: impl Iterator<Item = &'a Field<'a>>,
    ) {
        json.item();
        json.quoted(|output| self.case.write(output, first.name));
        json.colon();
        if self.lists {
            return json.list(|json| {
                json.item();
                json.bytes(first.value);
                for field in later {
                    json.item();
                    json.bytes(field.value);
                }
            });
        }
        json.quoted(|output| {
            escape_latin1(output, first.value);
            for field in later {
                output.push(b',');
                escape_latin1(output, field.value);
            }
        });
    }
}

/// Sorts the places of fields by their names as they are told; those of one name stay in order.
fn sort(case: NameCase, fields: &[Field], places: &mut [u16]) {
    let name = |place: u16| fields.get(usize::from(place)).map_or(&b""[..], |field| field.name);
    places.sort_unstable_by(|&a, &b| case.order(name(a), name(b)).then(a.cmp(&b)));
}

fn same_name(one: &Field, other: &Field) -> bool {
    one.name.eq_ignore_ascii_case(other.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::GO_HTTPBIN;
    use crate::http::json::Layout;
    use crate::http::tests::ask;

    fn told_by(app: &App, target: &str, fields: &[(&str, &str)], order: Order) -> String {
        let mut output = Vec::new();
        let mut json = Json::spelled(&mut output, Layout::Wide, app.compat.spelling);
        ask(target, fields, b"", |request| write(&mut json, app, request, order));
        String::from_utf8(output).unwrap()
    }

    fn told(target: &str, fields: &[(&str, &str)], order: Order) -> String {
        told_by(&App::default(), target, fields, order)
    }

    #[test]
    fn go_httpbin_hides_nothing_and_has_lists() {
        let app = App { compat: &GO_HTTPBIN, ..App::default() };
        let fields = [
            ("x-a1b-c3PO", "é"),
            ("ETag", ""),
            ("x_under-SCORE", "1"),
            ("etag", "2"),
            ("via", "3"),
            ("Content-Type", ""),
            ("X-Y", "4"),
        ];
        assert_eq!(
            told_by(&app, "/", &fields, Order::Sorted),
            r#"{"Content-Type": [""], "Etag": ["", "2"], "Via": ["3"], "X-A1b-C3po": ["é"], "#
                .to_owned()
                + r#""X-Y": ["4"], "X_under-Score": ["1"]}"#
        );
        assert_eq!(
            told_by(&app, "/", &[("b", "1"), ("A", "2"), ("B", "3")], Order::Arrival),
            r#"{"B": ["1", "3"], "A": ["2"]}"#
        );
    }

    #[test]
    fn excluded_fields_are_not_told() {
        let exclude_headers = vec!["x-secret-*".to_owned(), "*token".to_owned(), "dnt".to_owned()];
        for compat in [&GO_HTTPBIN, crate::http::app::App::default().compat] {
            let app = App { compat, exclude_headers: exclude_headers.clone(), ..App::default() };
            let fields = [("X-SECRET-a", "1"), ("Token", "2"), ("A-Token", "3"), ("DNT", "4")];
            assert_eq!(told_by(&app, "/?show_env", &fields, Order::Sorted), "{}");
            let text = told_by(&app, "/", &[("X-Secret", "1"), ("Dntx", "2")], Order::Sorted);
            assert!(text.contains("X-Secret") && text.contains("Dntx"), "{text}");
        }
    }

    #[test]
    fn patterns_fit_whole_names() {
        for (pattern, name, yes) in [
            ("*", "", true),
            ("*", "Any", true),
            ("a*b*c", "AxxBbxC", true),
            ("a*b*c", "AxxBbxCd", false),
            ("a*", "a", true),
            ("**a**", "bab", true),
            ("*ab", "aab", true),
            ("ab", "a", false),
            ("a", "ab", false),
            ("", "a", false),
            ("", "", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), yes, "{pattern} {name}");
        }
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
