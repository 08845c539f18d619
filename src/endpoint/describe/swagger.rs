//! `/spec.json`: Swagger 2.0, as httpbin serves it. It has no TRACE.

use super::{document, schema, write_heading, write_info, write_paths, write_tags, write_text};
use super::{name_of, place_of, responses, takes_body, write_texts};
use crate::endpoint::route::{Answers, Param, Route};
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
        write_paths(json, app, |method| method != Method::Trace, write_operation);
        json.key("definitions");
        json.object(|_| {});
    })
}

fn write_operation(json: &mut Json, app: &App, route: &Route, method: Method) {
    write_heading(json, route, method);
    if takes_body(route, method) {
        write_texts(json, "consumes", ["*/*"]);
    }
    if let Answers::Media(media) = route.answers_of(app.profile) {
        write_texts(json, "produces", [media]);
    }
    json.key("parameters");
    json.open(b'[');
    for param in route.params(app.profile) {
        json.item();
        json.object(|json| write_param(json, app, param));
    }
    if takes_body(route, method) {
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

fn write_param(json: &mut Json, app: &App, param: &Param) {
    write_text(json, "name", name_of(param));
    write_text(json, "in", place_of(param));
    write_text(json, "description", &schema::about(app, param));
    if param.required {
        json.key("required");
        json.raw("true");
    }
    schema::write(json, app, param);
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
