//! `/openapi.json`: OpenAPI 3.1.

use super::{FORMS, name_of, place_of, responses};
use super::{document, schema, write_heading, write_info, write_paths, write_tags, write_text};
use crate::base::limits::MAX_RESPONSE_FIELDS;
use crate::endpoint::route::{Answers, Param, Place, Route};
use crate::http::app::App;
use crate::http::json::Json;
use crate::http::request::Method;

/// The media types of bodies that are parsed in a way of their own.
const BODIES: [&str; 4] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "text/plain",
    "application/octet-stream",
];

pub(in crate::endpoint) fn openapi(app: &App) -> Vec<u8> {
    document(|json| {
        write_text(json, "openapi", "3.1.0");
        write_info(json);
        json.key("servers");
        json.open(b'[');
        json.item();
        let root = if app.prefix.is_empty() { "/" } else { &app.prefix };
        json.object(|json| write_text(json, "url", root));
        json.close(b']');
        write_tags(json);
        // OpenAPI 3.1 has no key for QUERY.
        write_paths(json, app, |method| method != Method::Query, write_operation);
    })
}

fn write_operation(json: &mut Json, app: &App, route: &Route, method: Method) {
    write_heading(json, app, route, method);
    let form = route.takes_form(app.compat, method);
    let mut params = route.params(app.compat).peekable();
    if params.peek().is_some() {
        json.key("parameters");
        json.open(b'[');
        for param in params {
            json.item();
            json.object(|json| write_param(json, app, param, form));
        }
        json.close(b']');
    }
    if form {
        json.key("requestBody");
        json.object(|json| write_forms(json, app, route));
    } else if route.takes_body(method) {
        json.key("requestBody");
        json.object(|json| write_content(json, &BODIES));
    }
    json.key("responses");
    json.object(|json| {
        for (status, about) in responses(app, route) {
            json.key(status);
            json.object(|json| {
                write_text(json, "description", about);
                if let ("200", Answers::Media(media)) = (status, route.answers_of(app.compat)) {
                    write_content(json, &[media]);
                }
            });
        }
    });
}

fn write_content(json: &mut Json, medias: &[&str]) {
    json.key("content");
    json.object(|json| {
        for media in medias {
            json.key(media);
            json.object(|json| {
                if *media == "application/x-www-form-urlencoded" {
                    write_form(json);
                }
            });
        }
    });
}

/// A form with the query's parameters.
fn write_forms(json: &mut Json, app: &App, route: &Route) {
    let params = || route.params(app.compat).filter(|param| param.place == Place::Query);
    write_text(json, "description", "the parameters, if the query does not have them");
    json.key("content");
    json.object(|json| {
        for media in FORMS {
            json.key(media);
            json.object(|json| {
                json.key("schema");
                json.object(|json| write_properties(json, app, params()));
            });
        }
    });
}

fn write_properties<'a>(json: &mut Json, app: &App, params: impl Iterator<Item = &'a Param>) {
    write_text(json, "type", "object");
    json.key("properties");
    json.object(|json| {
        for param in params {
            json.key(param.name);
            json.object(|json| {
                write_text(json, "description", &schema::about(app, param));
                write_schema(json, app, param);
            });
        }
    });
}

/// A form with any names.
fn write_form(json: &mut Json) {
    json.key("schema");
    json.object(|json| write_text(json, "type", "object"));
}

/// A parameter; `form`: it may be in a form instead.
fn write_param(json: &mut Json, app: &App, param: &Param, form: bool) {
    write_text(json, "name", name_of(param));
    write_text(json, "in", place_of(param));
    write_text(json, "description", &schema::about(app, param));
    if param.required && !form {
        json.key("required");
        json.raw("true");
    }
    json.key("schema");
    json.object(|json| write_schema(json, app, param));
    if let (true, Some(sample)) = (param.required, param.default) {
        json.key("example");
        schema::write_value(json, param, sample);
    }
}

fn write_schema(json: &mut Json, app: &App, param: &Param) {
    if let Some(names) = param.names {
        return schema::write_names(json, param, names, MAX_RESPONSE_FIELDS);
    }
    if schema::is_blank_number(app, param) {
        write_number_or_nothing(json, app, param)
    } else {
        schema::write(json, app, param)
    }
    schema::write_default(json, app, param);
}

/// A number, or an empty text.
fn write_number_or_nothing(json: &mut Json, app: &App, param: &Param) {
    json.key("anyOf");
    json.open(b'[');
    json.item();
    json.object(|json| schema::write(json, app, param));
    json.item();
    json.object(|json| {
        json.key("const");
        json.text("");
    });
    json.close(b']');
}
