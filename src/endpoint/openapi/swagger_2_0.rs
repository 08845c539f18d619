//! `/spec.json`: Swagger 2.0, as httpbin serves it. It has no TRACE.

use super::{FORMS, place_of, responses, write_place, write_texts};
use super::{document, loiter_field, schema, write_heading, write_info, write_paths, write_tags};
use crate::endpoint::route::{Answers, Param, Place, Route};
use crate::http::app::App;
use crate::http::json::Json;
use crate::http::request::Method;

pub(in crate::endpoint) fn swagger(app: &App) -> Vec<u8> {
    document(|json| {
        json.text_at("swagger", "2.0");
        write_info(json);
        json.text_at("basePath", if app.prefix.is_empty() { "/" } else { &app.prefix });
        write_texts(json, "schemes", ["http"]);
        write_tags(json);
        write_paths(
            json,
            app,
            |method| !matches!(method, Method::Trace | Method::Query),
            write_operation,
        );
        loiter_field::write_component(json, app, |json| {
            json.text_at("type", "string");
            json.text_at("x-example", &loiter_field::example());
        });
        json.object_at("definitions", |_| {});
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
    json.list_at("parameters", |json| {
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
        loiter_field::write_reference(json, app, "parameters");
    });
    json.object_at("responses", |json| {
        for (status, about) in responses(app, route) {
            json.object_at(status, |json| json.text_at("description", about));
        }
    });
}

/// A parameter in `place`; `form`: it may be in a form or in the query.
fn write_param(json: &mut Json, app: &App, param: &Param, place: &str, form: bool) {
    write_place(json, app, param, place, form);
    schema::write(json, app, param);
    schema::write_default(json, app, param);
    // Its schemas cannot express "a number or nothing".
    if schema::is_blank_number(app, param) {
        json.raw_at("allowEmptyValue", "true");
    }
    if let (true, Some(sample)) = (param.required, param.default) {
        json.key("x-example");
        schema::write_value(json, param, sample);
    }
}

fn write_body(json: &mut Json) {
    json.text_at("name", "body");
    json.text_at("in", "body");
    json.text_at("description", "anything");
    json.object_at("schema", |_| {});
}
