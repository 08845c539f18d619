//! The description of an operation, derived from its route.

use crate::endpoint::route::{Answers, BodyRule, Param, Place, Route};
use crate::http::app::App;
use crate::http::request::Method;

/// The description of an operation: summary, successful answer, parameters and body.
pub(super) fn description(app: &App, route: &Route, method: Method) -> String {
    let mut text = format!("`{} {}`: {}.", method.name(), route.path, route.about);
    text.push_str(&match route.answers_of(app.compat) {
        Answers::Media("*/*") => {
            " Success is a 200 of a media type that depends on the request.".to_owned()
        }
        Answers::Media(media) => format!(" Success is a 200 of type `{media}`."),
        Answers::Redirect => " Success is a redirect.".to_owned(),
        Answers::WebSocket => " Success is a 101, followed by WebSocket messages.".to_owned(),
    });
    if route.params(app.compat).next().is_none() {
        text.push_str(" It has no parameters of its own.");
    }
    for (place, title) in [(Place::Path, "In the path"), (Place::Query, "In the query")] {
        let params = route.params(app.compat).filter(|param| param.place == place);
        let params: Vec<String> = params.map(parameter).collect();
        if !params.is_empty() {
            text.push_str(&format!(" {title}: {}.", params.join(", ")));
        }
    }
    text.push_str(body(app, route, method));
    if app.modifiers {
        text.push_str(" The field `Loiter` makes the answer slow, odd or broken.");
    }
    text
}

fn body(app: &App, route: &Route, method: Method) -> &'static str {
    if route.takes_form(app.compat, method) {
        return " A form may have the parameters if the query does not.";
    }
    match (route.body, method) {
        (BodyRule::Keep, _) if route.takes_body(method) => {
            " The body is read before the answer is sent."
        }
        (BodyRule::Hash, _) if route.takes_body(method) => {
            " The body is counted and hashed, and not kept."
        }
        (BodyRule::Stream, _) if route.takes_body(method) => {
            " The body is read while the answer is sent."
        }
        (_, Method::Post | Method::Put | Method::Patch | Method::Delete) => " A body is ignored.",
        _ => "",
    }
}

fn parameter(param: &Param) -> String {
    match param.name {
        "*" => format!("any name ({})", param.about),
        name => format!("`{name}` ({})", param.about),
    }
}
