//! The API's descriptions for programs, made from the rows: `/spec.json` and `/openapi.json`.
//!
//! They are exact: a schema has a limit only if values beyond it are refused. If such a value is
//! clamped, the description mentions the limit.

mod loiter_field;
mod openapi_3_1;
mod patterns;
mod prose;
mod schema;
mod swagger_2_0;

pub(super) use openapi_3_1::openapi;
pub(super) use schema::{limit, range};
pub(super) use swagger_2_0::swagger;

use super::route::{Answers, BodyRule, Kind, Param, Place, Route};
use super::{GROUPS, ROUTES};
use crate::http::app::App;
use crate::http::json::{Json, Layout};
use crate::http::request::Method;

const TITLE: &str = "loiter";
const ABOUT: &str = "An HTTP server that is fast, slow, odd or broken on command: the API of \
    httpbin, and go-httpbin's endpoints and durations.";

/// Writes an indented document; `fill` writes its members.
fn document(fill: impl FnOnce(&mut Json)) -> Vec<u8> {
    let mut output = Vec::new();
    Json::new(&mut output, Layout::Indented).object(fill);
    output.push(b'\n');
    output
}

fn write_texts<'a>(json: &mut Json, key: &str, texts: impl IntoIterator<Item = &'a str>) {
    json.list_at(key, |json| {
        for text in texts {
            json.item();
            json.text(text);
        }
    });
}

fn write_info(json: &mut Json) {
    json.object_at("info", |json| {
        json.text_at("title", TITLE);
        json.text_at("description", ABOUT);
        json.text_at("version", env!("CARGO_PKG_VERSION"));
    });
}

/// The groups, as tags.
fn write_tags(json: &mut Json) {
    json.list_at("tags", |json| {
        for group in GROUPS {
            json.item();
            json.object(|json| {
                json.text_at("name", group.name);
                json.text_at("description", group.about);
            });
        }
    });
}

/// One operation, as a version of the description writes it.
type Operation = fn(&mut Json, &App, &Route, Method);

/// All paths with their operations; routes with the same path share an entry.
fn write_paths(json: &mut Json, app: &App, known: fn(Method) -> bool, operation: Operation) {
    json.object_at("paths", |json| {
        for (n, route) in ROUTES.iter().enumerate() {
            let same = |other: &&Route| other.path == route.path;
            if ROUTES.iter().take(n).any(|other| same(&other)) {
                continue;
            }
            json.text_key(&route.path.replace('*', ""));
            json.object(|json| {
                for route in ROUTES.iter().filter(same) {
                    for method in route.listed(app.compat).filter(|method| known(*method)) {
                        json.object_at(&method.name().to_ascii_lowercase(), |json| {
                            operation(json, app, route, method)
                        });
                    }
                }
            });
        }
    });
}

/// The members of an operation that both versions share.
fn write_heading(json: &mut Json, app: &App, route: &Route, method: Method) {
    let group = GROUPS.iter().find(|group| group.routes.iter().any(|row| row.path == route.path));
    write_texts(json, "tags", group.map(|group| group.name));
    json.text_at("summary", route.about);
    json.text_at("description", &prose::description(app, route, method));
    json.text_at("operationId", &operation_id(route, method));
    json.text_at("x-origin", route.origin().name());
}

/// The method and the words of the path: `get_cookies_set_name_value`.
fn operation_id(route: &Route, method: Method) -> String {
    let words = route.path.split(|char: char| !char.is_ascii_alphanumeric());
    let mut id = method.name().to_ascii_lowercase();
    for word in words.filter(|word| !word.is_empty()) {
        id.push('_');
        id.push_str(word);
    }
    id
}

/// The members of a parameter that both versions share; `form`: it may be in a form instead.
fn write_place(json: &mut Json, app: &App, param: &Param, place: &str, form: bool) {
    // For any name httpbin's word.
    json.text_at("name", if param.name == "*" { "freeform" } else { param.name });
    json.text_at("in", place);
    json.text_at("description", &schema::about(app, param));
    if param.required && !form {
        json.raw_at("required", "true");
    }
}

fn place_of(param: &Param) -> &'static str {
    match param.place {
        Place::Path => "path",
        Place::Query => "query",
    }
}

/// The media types of a form.
const FORMS: [&str; 2] = ["application/x-www-form-urlencoded", "multipart/form-data"];

/// The answers that follow from the route, as status and description.
fn responses(app: &App, route: &Route) -> impl Iterator<Item = (&'static str, &'static str)> {
    let integer =
        |param: &Param| param.place == Place::Path && matches!(param.kind, Kind::Integer(..));
    let lost = app.compat.clamps && route.params(app.compat).any(integer);
    let bad = route.params(app.compat).next().is_some() || route.body == BodyRule::Keep;
    let well = match route.answers_of(app.compat) {
        Answers::Media(_) => ("200", "Success"),
        Answers::Redirect => ("302", "A redirect"),
        Answers::WebSocket => ("101", "WebSocket messages follow"),
    };
    let all = [
        (true, well),
        (bad, ("400", "A parameter or the body is invalid")),
        (lost, ("404", "A segment of the path is not an integer")),
        (true, ("default", "Another status, if it was requested")),
    ];
    all.into_iter().filter(|row| row.0).map(|row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::HTTPBIN;

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let of = |route: &'static Route| {
            route.listed(&HTTPBIN).map(move |method| operation_id(route, method))
        };
        let mut ids: Vec<String> = ROUTES.iter().flat_map(of).collect();
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
