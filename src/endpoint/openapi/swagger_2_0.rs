//! `/spec.json`: Swagger 2.0, as httpbin serves it. It has no TRACE.

use super::{FORMS, name_of, place_of, responses, write_texts};
use super::{document, schema, write_heading, write_info, write_paths, write_tags, write_text};
use crate::endpoint::route::{Answers, Param, Place, Route};
use crate::http::app::App;
use crate::http::json::Json;
use crate::http::request::Method;

pub(in crate::endpoint) fn swagger(app: &App) -> Vec<u8> {
    document(|json| {
        write_text(json, "swagger", "2.0");
        write_info(json);
        write_text(json, "basePath", if app.prefix.is_empty() { "/" } else { &app.prefix });
        write_texts(json, "schemes", ["http"]);
        write_tags(json);
        write_paths(
            json,
            app,
            |method| !matches!(method, Method::Trace | Method::Query),
            write_operation,
        );
        json.key("definitions");
        json.object(|_| {});
    })
}

fn write_operation(json: &mut Json, app: &App, route: &Route, method: Method) {
    write_heading(json, app, route, method);
    let form = route.takes_form(app.compat, method);
    if form {
        write_texts(json, "consumes", FORMS);
    } else if route.takes_body(method) {
        write_texts(json, "consumes", ["*/*"]);
    }
    if let Answers::Media(media) = route.answers_of(app.compat) {
        // These are for all answers: errors are JSON, HTML or text.
        let others = ["application/json", "text/html", "text/plain"];
        let others = others.into_iter().filter(|other| *other != media && media != "*/*");
        write_texts(json, "produces", [media].into_iter().chain(others));
    }
    json.key("parameters");
    json.open(b'[');
    for param in route.params(app.compat) {
        json.item();
        json.object(|json| write_param(json, app, param, place_of(param), form));
    }
    let query = |param: &&Param| form && param.place == Place::Query;
    for param in route.params(app.compat).filter(query) {
        json.item();
        json.object(|json| write_param(json, app, param, "formData", form));
    }
    if route.takes_body(method) {
        json.item();
        json.object(write_body);
    }
    json.close(b']');
    json.key("responses");
    json.object(|json| {
        for (status, about) in responses(app, route) {
            json.key(status);
            json.object(|json| write_text(json, "description", about));
        }
    });
}

/// A parameter in `place`; `form`: it may be in a form or in the query.
fn write_param(json: &mut Json, app: &App, param: &Param, place: &str, form: bool) {
    write_text(json, "name", name_of(param));
    write_text(json, "in", place);
    write_text(json, "description", &schema::about(app, param));
    if param.required && !form {
        json.key("required");
        json.raw("true");
    }
    schema::write(json, app, param);
    schema::write_default(json, app, param);
    // Its schemas cannot express "a number or nothing".
    if schema::is_blank_number(app, param) {
        json.key("allowEmptyValue");
        json.raw("true");
    }
    if let (true, Some(sample)) = (param.required, param.default) {
        json.key("x-example");
        schema::write_value(json, param, sample);
    }
}

fn write_body(json: &mut Json) {
    write_text(json, "name", "body");
    write_text(json, "in", "body");
    write_text(json, "description", "anything");
    json.key("schema");
    json.object(|_| {});
}
