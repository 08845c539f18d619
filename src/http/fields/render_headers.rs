//! A request's header fields in a body: as httpbin shows them behind gunicorn and Werkzeug, or as
//! go-httpbin does.
//!
//! httpbin: names in title case, repeated fields joined with `,`, no names with `_`, and no fields
//! of hosting platforms unless the query has `show_env`. go-httpbin: canonical MIME names, and
//! lists of values. Fields that the operator excludes are never shown. The order is an array of
//! indices on the stack, so that the usual number of fields needs no allocation.

use super::name_case::NameCase;
use crate::base::limits::{MAX_FIELDS, STACK_FIELDS};
use crate::base::pattern::matches;
use crate::base::sort::sort_by;
use crate::http::app::App;
use crate::http::json::{Json, escape_latin1};
use crate::http::request::{Field, Request};
use crate::http::uri::query::{self, Order};

/// Fields that httpbin hides, since the platforms it was hosted on added them.
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

const _: () = assert!(MAX_FIELDS <= 1 << 16, "the index of a field has two bytes");

/// Memory for the indices of fields.
struct Indices {
    stack: [u16; STACK_FIELDS],
    heap: Vec<u16>,
}

impl Indices {
    const fn new() -> Indices {
        Indices { stack: [0; STACK_FIELDS], heap: Vec::new() }
    }

    /// At least as many as there are fields.
    fn room(&mut self, fields: &[Field]) -> &mut [u16] {
        if fields.len() > STACK_FIELDS {
            self.heap.resize(fields.len(), 0);
            return &mut self.heap;
        }
        &mut self.stack
    }
}

/// Writes the request's fields as an object.
pub fn write(json: &mut Json, app: &App, request: &Request, order: Order) {
    let fields = request.fields.get(..MAX_FIELDS).unwrap_or(request.fields);
    let python = app.compat.wsgi_fields;
    let hide = python && !query::of(request).any(|pair| pair.0 == "show_env");
    let mut indices = Indices::new();
    let indices = select(indices.room(fields), fields, |field, after| {
        let dropped = python && !passes_wsgi(field, after) || hide && is_hidden(field);
        !dropped && !is_excluded(app, field.name)
    });
    let writer = FieldWriter {
        fields,
        name_case: app.compat.name_case,
        always_lists: app.compat.always_lists,
    };
    json.object(|json| match order {
        Order::Sorted => writer.write_sorted(json, indices),
        Order::Arrival => writer.write_arrival(json, indices),
    });
}

/// Appends the request's fields as lines: Host first and the others sorted, not joined, with
/// canonical MIME names. The parser of the head lets no line end into a value.
pub fn write_lines(output: &mut Vec<u8>, app: &App, request: &Request) {
    let fields = request.fields.get(..MAX_FIELDS).unwrap_or(request.fields);
    let mut indices = Indices::new();
    let indices = select(indices.room(fields), fields, |field, _| !is_excluded(app, field.name));
    sort(NameCase::Mime, fields, indices);
    for hosts in [true, false] {
        let sorted = indices.iter().filter_map(|&index| fields.get(usize::from(index)));
        for field in sorted.filter(|field| field.is("Host") == hosts) {
            NameCase::Mime.write(output, field.name);
            output.extend_from_slice(b": ");
            output.extend_from_slice(field.value);
            output.extend_from_slice(b"\r\n");
        }
    }
}

/// Writes the request's fields as they were sent, without those that the operator excludes.
pub fn write_raw(json: &mut Json, app: &App, request: &Request) {
    json.list(|json| {
        for field in request.fields.iter().filter(|field| !is_excluded(app, field.name)) {
            json.pair(field.name, field.value);
        }
    });
}

/// Whether the operator excludes fields with this name from answers.
pub fn is_excluded(app: &App, name: &[u8]) -> bool {
    let same = |wanted: u8, byte: u8| wanted == byte.to_ascii_lowercase();
    app.exclude_headers.iter().any(|pattern| matches(pattern.as_bytes(), name, same))
}

/// The indices of the fields to show. `is_shown` gets a field and those after it.
fn select<'a>(
    indices: &'a mut [u16],
    fields: &[Field],
    is_shown: impl Fn(&Field, &[Field]) -> bool,
) -> &'a mut [u16] {
    let shown = (0..=u16::MAX).zip(fields).filter(|(index, field)| {
        is_shown(field, fields.get(usize::from(*index) + 1..).unwrap_or_default())
    });
    let mut count = 0;
    for ((index, _), slot) in shown.zip(indices.iter_mut()) {
        *slot = index;
        count += 1;
    }
    indices.get_mut(..count).unwrap_or_default()
}

/// Whether a field passes gunicorn's WSGI environment; `after` are the fields after it. Names with
/// `_` are dropped, as they are the same there as names with `-`. Content-Type and Content-Length
/// have variables of their own: the last one counts, and an empty one is dropped.
fn passes_wsgi(field: &Field, after: &[Field]) -> bool {
    if field.is("Content-Type") || field.is("Content-Length") {
        return !field.value.is_empty() && !after.iter().any(|next| same_name(field, next));
    }
    !field.name.contains(&b'_')
}

/// Whether a platform adds this field. The first letter rules out most names.
fn is_hidden(field: &Field) -> bool {
    let first = field.name.first().map(u8::to_ascii_uppercase);
    matches!(first, Some(b'X' | b'V' | b'T' | b'C')) && HIDDEN.iter().any(|name| field.is(name))
}

/// Writes fields, each with the later ones of its name.
struct FieldWriter<'a> {
    fields: &'a [Field<'a>],
    name_case: NameCase,
    always_lists: bool,
}

impl FieldWriter<'_> {
    fn write_sorted(&self, json: &mut Json, indices: &mut [u16]) {
        self.groups(indices).for_each(|group| self.write_group(json, group));
    }

    #[cold] // for the lines of /stream
    fn write_arrival(&self, json: &mut Json, indices: &mut [u16]) {
        let mut groups: Vec<&[u16]> = self.groups(indices).collect();
        sort_by(&mut groups, |one, other| one.first().cmp(&other.first()));
        groups.iter().for_each(|group| self.write_group(json, group));
    }

    /// The indices grouped by name, those of one name in order.
    fn groups<'p>(&self, indices: &'p mut [u16]) -> impl Iterator<Item = &'p [u16]> {
        sort(self.name_case, self.fields, indices);
        let name = |index: u16| self.at(index).map_or(&b""[..], |field| field.name);
        indices.chunk_by(move |&a, &b| name(a).eq_ignore_ascii_case(name(b)))
    }

    fn write_group(&self, json: &mut Json, group: &[u16]) {
        let mut fields = group.iter().filter_map(|&index| self.at(index));
        if let Some(first) = fields.next() {
            self.write_field(json, first, fields);
        }
    }

    fn at(&self, index: u16) -> Option<&Field<'_>> {
        self.fields.get(usize::from(index))
    }

    fn write_field<'a>(
        &self,
        json: &mut Json,
        first: &Field,
        later: impl Iterator<Item = &'a Field<'a>>,
    ) {
        json.item();
        json.quoted(|output| self.name_case.write(output, first.name));
        json.colon();
        if self.always_lists {
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

/// Sorts the indices of fields by name; those of one name stay in order.
fn sort(case: NameCase, fields: &[Field], indices: &mut [u16]) {
    let name = |index: u16| fields.get(usize::from(index)).map_or(&b""[..], |field| field.name);
    indices.sort_unstable_by(|&a, &b| case.order(name(a), name(b)).then(a.cmp(&b)));
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

    fn rendered_by(app: &App, target: &str, fields: &[(&str, &str)], order: Order) -> String {
        let mut output = Vec::new();
        let mut json = Json::spelled(&mut output, Layout::Spaced, app.compat.spelling);
        ask(target, fields, b"", |request| write(&mut json, app, request, order));
        String::from_utf8(output).unwrap()
    }

    fn rendered(target: &str, fields: &[(&str, &str)], order: Order) -> String {
        rendered_by(&App::default(), target, fields, order)
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
            rendered_by(&app, "/", &fields, Order::Sorted),
            r#"{"Content-Type": [""], "Etag": ["", "2"], "Via": ["3"], "X-A1b-C3po": ["é"], "#
                .to_owned()
                + r#""X-Y": ["4"], "X_under-Score": ["1"]}"#
        );
        assert_eq!(
            rendered_by(&app, "/", &[("b", "1"), ("A", "2"), ("B", "3")], Order::Arrival),
            r#"{"B": ["1", "3"], "A": ["2"]}"#
        );
    }

    #[test]
    fn excluded_fields_are_not_shown() {
        let exclude_headers = vec!["x-secret-*".to_owned(), "*token".to_owned(), "dnt".to_owned()];
        for compat in [&GO_HTTPBIN, crate::http::app::App::default().compat] {
            let app = App { compat, exclude_headers: exclude_headers.clone(), ..App::default() };
            let fields = [("X-SECRET-a", "1"), ("Token", "2"), ("A-Token", "3"), ("DNT", "4")];
            assert_eq!(rendered_by(&app, "/?show_env", &fields, Order::Sorted), "{}");
            let text = rendered_by(&app, "/", &[("X-Secret", "1"), ("Dntx", "2")], Order::Sorted);
            assert!(text.contains("X-Secret") && text.contains("Dntx"), "{text}");
        }
    }

    #[test]
    fn patterns_match_whole_names() {
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
            let same = |one: u8, other: u8| one.eq_ignore_ascii_case(&other);
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes(), same), yes, "{pattern} {name}");
        }
    }

    fn sorted(fields: &[(&str, &str)]) -> String {
        rendered("/", fields, Order::Sorted)
    }

    #[test]
    fn names_are_in_title_case() {
        let fields = [("x-a1b-c3PO", ""), ("ETag", ""), ("DNT", ""), ("x-o'neil", "")];
        assert_eq!(sorted(&fields), r#"{"Dnt": "", "Etag": "", "X-A1B-C3Po": "", "X-O'Neil": ""}"#);
    }

    #[test]
    fn names_are_sorted_as_they_are_written() {
        let fields = [("ab", "1"), ("A-b", "2"), ("a", "3"), ("A1c", "4"), ("accept", "5")];
        let text = r#"{"A": "3", "A-B": "2", "A1C": "4", "Ab": "1", "Accept": "5"}"#;
        assert_eq!(sorted(&fields), text);
    }

    #[test]
    fn repeated_fields_are_joined() {
        let fields = [("Cookie", "b"), ("X", "1"), ("cookie", "a"), ("x", "")];
        assert_eq!(sorted(&fields), r#"{"Cookie": "b,a", "X": "1,"}"#);
        let fields = [("X", "1"), ("Host", "h"), ("x", "2")];
        assert_eq!(rendered("/", &fields, Order::Arrival), r#"{"X": "1,2", "Host": "h"}"#);
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
            let text = rendered(&format!("/?{query}"), &fields, Order::Sorted);
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
