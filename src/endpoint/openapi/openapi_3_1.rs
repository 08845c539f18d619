//! `/openapi.json`: OpenAPI 3.1.

use super::{FORMS, place_of, responses, write_place};
use super::{document, loiter_field, schema, write_heading, write_info, write_paths, write_tags};
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
        json.text_at("openapi", "3.1.0");
        write_info(json);
        json.list_at("servers", |json| {
            json.item();
            let root = if app.prefix.is_empty() { "/" } else { &app.prefix };
            json.object(|json| json.text_at("url", root));
        });
        write_tags(json);
        // OpenAPI 3.1 has no key for QUERY; 3.2 has one.
        write_paths(json, app, |method| method != Method::Query, write_operation);
        json.object_at("components", |json| {
            loiter_field::write_component(json, app, |json| {
                json.object_at("schema", |json| json.text_at("type", "string"));
                json.text_at("example", &loiter_field::example());
            });
        });
    })
}

fn write_operation(json: &mut Json, app: &App, route: &Route, method: Method) {
    write_heading(json, app, route, method);
    let form = route.takes_form(app.compat, method);
    json.list_at("parameters", |json| {
        for param in route.params(app.compat) {
            json.item();
            json.object(|json| write_param(json, app, param, form));
        }
        loiter_field::write_reference(json, app, "components/parameters");
    });
    if form {
        json.object_at("requestBody", |json| write_forms(json, app, route));
    } else if route.takes_body(method) {
        json.object_at("requestBody", |json| write_body(json, route));
    }
    json.object_at("responses", |json| {
        for (status, about) in responses(app, route) {
            json.object_at(status, |json| {
                json.text_at("description", about);
                if let ("200", Answers::Media(media)) = (status, route.answers_of(app.compat)) {
                    write_content(json, &[media]);
                }
            });
        }
    });
}

fn write_body(json: &mut Json, route: &Route) {
    if route.sample_body.is_empty() {
        return write_content(json, &BODIES);
    }
    json.raw_at("required", "true");
    json.object_at("content", |json| {
        json.object_at("application/json", |json| {
            json.object_at("schema", |json| json.text_at("type", "object"));
            json.raw_at("example", route.sample_body);
        });
    });
}

fn write_content(json: &mut Json, medias: &[&str]) {
    json.object_at("content", |json| {
        for media in medias {
            json.object_at(media, |json| {
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
    json.text_at("description", "the parameters, if the query does not have them");
    json.object_at("content", |json| {
        for media in FORMS {
            json.object_at(media, |json| {
                json.object_at("schema", |json| write_properties(json, app, params()));
            });
        }
    });
}

fn write_properties<'a>(json: &mut Json, app: &App, params: impl Iterator<Item = &'a Param>) {
    json.text_at("type", "object");
    json.object_at("properties", |json| {
        for param in params {
            json.object_at(param.name, |json| {
                json.text_at("description", &schema::about(app, param));
                write_schema(json, app, param);
            });
        }
    });
}

/// A form with any names.
fn write_form(json: &mut Json) {
    json.object_at("schema", |json| json.text_at("type", "object"));
}

/// A parameter; `form`: it may be in a form instead.
fn write_param(json: &mut Json, app: &App, param: &Param, form: bool) {
    write_place(json, app, param, place_of(param), form);
    json.object_at("schema", |json| write_schema(json, app, param));
    if let (true, Some(sample)) = (param.required, param.default) {
        json.key("example");
        schema::write_value(json, param, sample);
    }
}

fn write_schema(json: &mut Json, app: &App, param: &Param) {
    if let Some(names) = param.names {
        return schema::write_names(json, app, param, names, MAX_RESPONSE_FIELDS);
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
    json.list_at("anyOf", |json| {
        json.item();
        json.object(|json| schema::write(json, app, param));
        json.item();
        json.object(|json| {
            json.text_at("const", "");
        });
    });
}
