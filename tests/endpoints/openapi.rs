//! The API's descriptions against the server, for each parameter of each row: values that a schema
//! allows are not refused, and values that it forbids are.

use std::cell::RefCell;
use std::collections::HashMap;

use loiter::base::duration::signed_us;
use loiter::endpoint::{Ceiling, Kind, Param, Place, ROUTES, Route};
use loiter::http::app::App;
use loiter::http::compat::GO_HTTPBIN;
use loiter::http::modifiers::row::Public;
use loiter::http::modifiers::rows::for_requests;
use loiter::http::request::Method;
use loiter::http::uri::percent::{NOT_UNRESERVED, percent_encode};
use proptest::strategy::{Strategy, ValueTree};
use proptest::string::string_regex;
use proptest::test_runner::TestRunner;
use regex_lite::Regex;
use serde_json::Value;

use crate::ask::*;

/// Values and names of every kind: each is tried for every parameter.
#[rustfmt::skip]
const TEXTS: &[&str] = &[
    "", "0", "1", "2", "3", "-1", "-0", "+1", "007", "1.5", ".5", "5.", "1.0", "-0.5", "0.0", "1e-1",
    "1e999", "1_0", " 1", "1 ", "inf", "-inf", "nan", "null", "true", "TRUE", "t", "false", "AAA",
    "abc", "1s", "5s", "50ms", "0s", "1ns", "1h", "-5ms", "1m30s", "10s", "10", "11", "10.000001",
    "6", "99", "100", "599", "600", "999", "1000", "300", "399", "302", "255", "256", "257", "200",
    "102400", "102401", "1048576", "1048577", "9223372036854775807", "9223372036854775808",
    "-9223372036854775808", "-9223372036854775809", "99999999999999999999", "json", "text", "xml",
    "lax", "LAX", "Strict", "none", "auth", "AUTH", "auth-int", "md5", "MD5", "SHA-256", "SHA-512",
    "encode", "decode", "ENCODE", "never", "é", "a b", "a;b", "a,b", "a=b", "\"q\"", "a\nb", "\r",
    "\u{7f}", "a\u{7f}", "\u{85}", "a\tb", "\0", "a/b", "/get", "get", "http://h/", "http://[",
    "http://h:x", "//h", "/%zz", "%zz", "http://h:65536/", "text/plain", "text/html; charset=utf-8",
    "text/html;", "text/html; charset", "application/x;a=\"b;\\\"c\"", "a/b\n", "YQ==", "YQ", "+A==",
    "_-8=", "200:3,500:1", "200:0", "200:3", "a:b", "200,", "700,200", "200:x,500", "Content-Length",
    "trailer", "X-A", "attr[Path]", "attr[x]", "a[b", "lax ", "0.25", "1,5", "--1",
];

/// Parameters whose schema allows only what is accepted with every value of another parameter; with
/// some of those values, more is accepted.
const TOGETHER: &[(&str, &str)] = &[("/base64/{op}/{value}", "value")];

/// Other parameters that a value needs to be checked by itself.
const BESIDES: &[(&str, &str, &str)] =
    &[("/websocket/echo", "max_message_size", "max_fragment_size=1")];

const HANDSHAKE: &[(&str, &str)] = &[
    ("Host", "h"),
    ("Connection", "upgrade"),
    ("Upgrade", "websocket"),
    ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Allowed,
    Forbidden,
    /// Neither: another notation of a number, which a schema of numbers does not cover.
    Unsaid,
}
use Verdict::*;

/// Whether a text matches a schema's regular expression; each is compiled once.
fn matches(pattern: &Value, text: &str) -> bool {
    thread_local!(static COMPILED: RefCell<HashMap<String, Regex>> = RefCell::default());
    let pattern = pattern.as_str().unwrap();
    let compiled = || Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    COMPILED.with_borrow_mut(|all| {
        all.entry(pattern.to_owned()).or_insert_with(compiled).is_match(text)
    })
}

/// Applies a schema to a value in a path or a query.
fn judge(schema: &Value, text: &str) -> Verdict {
    if let Some(schemas) = schema["anyOf"].as_array() {
        let verdicts: Vec<Verdict> = schemas.iter().map(|schema| judge(schema, text)).collect();
        let found = [Allowed, Unsaid].into_iter().find(|verdict| verdicts.contains(verdict));
        return found.unwrap_or(Forbidden);
    }
    if let Some(only) = schema["const"].as_str() {
        return if text == only { Allowed } else { Forbidden };
    }
    let allowed = match schema["type"].as_str().unwrap() {
        "string" => {
            let long = text.len() as u64 >= schema["minLength"].as_u64().unwrap_or(0);
            let listed = |list: &Vec<Value>| list.iter().any(|item| item == text);
            long && schema["enum"].as_array().is_none_or(listed)
                && (schema["pattern"].is_null() || matches(&schema["pattern"], text))
        }
        "integer" | "number" if text.is_empty() => schema["allowEmptyValue"] == true,
        "integer" => {
            let Ok(value) = text.parse::<i128>() else { return unless_number(text) };
            if value.to_string() != text {
                return Unsaid;
            }
            let bound = |name| schema[name].as_i64().map(i128::from);
            bound("minimum").is_none_or(|least| least <= value)
                && bound("maximum").is_none_or(|most| value <= most)
        }
        "number" => {
            let value = serde_json::from_str::<f64>(text).ok().filter(|_| text == text.trim());
            let Some(value) = value else { return unless_number(text) };
            let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
            (least.unwrap()..=most.unwrap()).contains(&value)
        }
        other => panic!("{other}"),
    };
    if allowed { Allowed } else { Forbidden }
}

/// Numbers in a notation of Python or Rust that JSON does not have are not judged.
fn unless_number(text: &str) -> Verdict {
    let plain = text.trim().replace('_', "");
    if plain.parse::<f64>().is_ok() { Unsaid } else { Forbidden }
}

fn encoded(text: &str) -> String {
    let mut output = String::new();
    percent_encode(&mut output, text, &NOT_UNRESERVED);
    output
}

/// Requests a route with this value of a parameter, and the sample values of the others.
fn answered(app: &App, route: &Route, param: &Param, name: &str, value: &str) -> Answer {
    let (mut path, mut query) = (route.path.to_owned(), Vec::new());
    for other in route.params(app.compat).filter(|other| other.required) {
        let value = if other.name == param.name { value } else { other.default.unwrap() };
        match other.place {
            Place::Path => {
                let open = path.find('{').unwrap();
                let close = path.find('}').unwrap();
                path.replace_range(open..=close, &encoded(value));
            }
            Place::Query => query.push(format!("{}={}", other.name, encoded(value))),
        }
    }
    if !param.required {
        query.push(format!("{}={}", encoded(name), encoded(value)));
    }
    let besides = BESIDES.iter().filter(|row| (row.0, row.1) == (route.path, param.name));
    query.extend(besides.map(|row| row.2.to_owned()));
    let method = route.methods(app.compat).iter().next().unwrap();
    let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
    let line = format!("{} {path}{query}", method.name());
    ask_of(app, &line, HANDSHAKE, route.sample_body.as_bytes())
}

/// Whether a duration is accepted that its schema leaves out: a sum, or more than half of a limit
/// that two parameters share.
fn is_other_duration(app: &App, param: &Param, text: &str) -> bool {
    let most = match param.ceiling {
        Some(Ceiling::Year) => Ceiling::Year.of(app).into(),
        _ => app.limits.max_duration.as_micros(),
    };
    let micros = signed_us(text).and_then(|micros| u128::try_from(micros).ok());
    matches!(param.kind, Kind::Duration(_)) && micros.is_some_and(|micros| micros <= most)
}

struct Case<'a> {
    app: &'a App,
    route: &'a Route,
    param: &'a Param,
    breaches: &'a RefCell<Vec<String>>,
}

impl Case<'_> {
    fn check(&self, verdict: Verdict, name: &str, value: &str) {
        let Case { app, route, param, breaches } = *self;
        // With an empty segment it is another path.
        if param.place == Place::Path && value.is_empty() {
            return;
        }
        let answer = answered(app, route, param, name, value);
        let status = answer.status;
        // An escaped slash may end the segment, which makes it another path.
        if answer.route != Some(route.path) && verdict == Forbidden {
            return;
        }
        let elsewhere = status == 404 && unserved(app, route);
        let together = TOGETHER.contains(&(route.path, param.name));
        let refused = matches!(status, 400 | 403 | 404);
        let sound = match verdict {
            Allowed => !refused || elsewhere || status == 403,
            Forbidden => refused || together || is_other_duration(app, param, value),
            Unsaid => true,
        };
        if !sound {
            let (mode, path) = (app.compat.name, route.path);
            let verdict = format!("{name:?}={value:?} is {verdict:?} and answered {status}");
            breaches.borrow_mut().push(format!("{mode} {path}: {verdict}"));
        }
    }

    /// Tries all texts, values around the schema's limits, and some generated from its pattern.
    fn check_schema(&self, schema: &Value) {
        let texts = TEXTS.iter().map(|text| (*text).to_owned());
        let edges = ["minimum", "maximum"].into_iter().filter_map(|name| schema[name].as_i64());
        let edges = edges.map(i128::from).flat_map(|edge| [edge - 1, edge, edge + 1]);
        for text in texts.chain(edges.map(|edge| edge.to_string())) {
            self.check(judge(schema, &text), self.param.name, &text);
        }
        for text in schema["pattern"].as_str().into_iter().flat_map(made_of) {
            assert_eq!(judge(schema, &text), Allowed, "{text:?}");
            self.check(Allowed, self.param.name, &text);
        }
    }

    /// Tries parameter names, and values for one of them.
    fn check_names(&self, schema: &Value) {
        let (names, values) = (&schema["propertyNames"], &schema["additionalProperties"]);
        let of_name = |name: &str| {
            let excluded = !names["not"].is_null() && matches(&names["not"]["pattern"], name);
            if matches(&names["pattern"], name) && !excluded { Allowed } else { Forbidden }
        };
        for text in TEXTS {
            let verdict = of_name(text);
            // Names that are listed separately are parameters of their own, checked there.
            let own = |param: &Param| param.name.eq_ignore_ascii_case(text);
            if !self.route.params(self.app.compat).any(own) {
                self.check(verdict, text, "v");
            }
            self.check(judge(values, text), "x", text);
        }
        // Those of modifiers do not reach an endpoint.
        for text in ["~", "~x", "~delay"] {
            assert_eq!(of_name(text), Forbidden, "{text}");
        }
        let names = made_of(names["pattern"].as_str().unwrap());
        for text in names.iter().filter(|text| !text.starts_with('~')) {
            self.check(of_name(text), text, "v");
        }
    }
}

/// Whether a route is not served in this mode.
fn unserved(app: &App, route: &Route) -> bool {
    let method = route.methods(app.compat).iter().next().unwrap();
    let line = format!("{} {}", method.name(), route.sample());
    ask_of(app, &line, HANDSHAKE, b"").status == 404
}

/// Texts that match a pattern.
fn made_of(pattern: &str) -> Vec<String> {
    let inner = pattern.strip_prefix("^$|").unwrap_or(pattern);
    let inner = inner.strip_prefix('^').and_then(|inner| inner.strip_suffix('$')).unwrap();
    let strategy = string_regex(inner).unwrap();
    let mut runner = TestRunner::deterministic();
    (0..30).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

fn described(app: &App, path: &str) -> Value {
    serde_json::from_slice(&ask_of(app, &format!("GET {path}"), CURL, b"").body).unwrap()
}

/// A parameter's schema in a document; in Swagger it is the parameter object itself.
fn schema<'a>(document: &'a Value, route: &Route, method: &str, param: &Param) -> &'a Value {
    let name = if param.name == "*" { "freeform" } else { param.name };
    let operation = &document["paths"][route.path.replace('*', "")][method];
    let params = operation["parameters"].as_array().unwrap();
    let param = params.iter().find(|param| param["name"] == name).unwrap();
    if param["schema"].is_null() { param } else { &param["schema"] }
}

fn every_parameter(app: &App) {
    let documents = ["/openapi.json", "/spec.json"].map(|path| described(app, path));
    let breaches = RefCell::default();
    // OpenAPI 3.1 has no QUERY.
    let only_query = |route: &&Route| route.methods(app.compat).iter().eq([Method::Query]);
    for route in ROUTES.iter().filter(|route| !only_query(route)) {
        let method = route.methods(app.compat).iter().next().unwrap().name().to_lowercase();
        for param in route.params(app.compat) {
            let case = Case { app, route, param, breaches: &breaches };
            for document in &documents {
                match schema(document, route, &method, param) {
                    schema if schema["type"] == "object" => case.check_names(schema),
                    schema => case.check_schema(schema),
                }
            }
        }
    }
    let mut breaches = breaches.into_inner();
    breaches.dedup();
    assert!(breaches.is_empty(), "{}:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn a_schema_matches_what_is_answered_and_what_is_refused() {
    every_parameter(&brief());
}

#[test]
fn a_schema_matches_what_go_httpbin_answers_and_refuses() {
    every_parameter(&App { compat: &GO_HTTPBIN, ..App::default() });
}

#[test]
fn a_schema_follows_the_settings() {
    for compat in [App::default().compat, &GO_HTTPBIN] {
        let mut app = App { compat, ..App::default() };
        app.limits.max_bytes = 5000;
        app.limits.body_bytes = 3000;
        app.limits.max_duration = std::time::Duration::from_millis(12_340);
        every_parameter(&app);
    }
}

/// The operations in a document.
fn operations(document: &Value) -> Vec<&Value> {
    let items = document["paths"].as_object().unwrap().values();
    items.flat_map(|item| item.as_object().unwrap().values()).collect()
}

#[test]
fn every_operation_is_described_in_more_than_its_summary() {
    for app in [App::default(), App { compat: &GO_HTTPBIN, ..App::default() }] {
        for document in ["/openapi.json", "/spec.json"].map(|path| described(&app, path)) {
            let operations = operations(&document);
            assert!(operations.len() > ROUTES.len());
            for operation in operations {
                let [summary, description] =
                    ["summary", "description"].map(|key| operation[key].as_str().unwrap());
                let id = operation["operationId"].as_str().unwrap();
                assert!(description.len() > summary.len() + 20, "{id}: {description}");
                let params = operation["parameters"].as_array().unwrap();
                for param in params.iter().filter(|param| param["$ref"].is_null()) {
                    let name = param["name"].as_str().unwrap();
                    let name = if name == "freeform" { "any name" } else { name };
                    assert!(param["in"] == "body" || description.contains(name), "{id}: {name}");
                }
            }
        }
    }
}

#[test]
fn every_operation_has_the_field_for_modifiers_unless_they_are_off() {
    for (path, place) in
        [("/openapi.json", "/components/parameters"), ("/spec.json", "/parameters")]
    {
        for (modifiers, public) in [(true, false), (true, true), (false, false)] {
            let document = described(&App { modifiers, public, ..App::default() }, path);
            let reference = format!("#{place}/Loiter");
            for operation in operations(&document) {
                let params = operation["parameters"].as_array().unwrap();
                let count = params.iter().filter(|param| param["$ref"] == *reference).count();
                assert_eq!(count, usize::from(modifiers));
                let described = operation["description"].as_str().unwrap().contains("`Loiter`");
                assert_eq!(described, modifiers);
            }
            let field = document.pointer(place).map(|components| &components["Loiter"]);
            assert_eq!(field.is_some(), modifiers);
            for (row, field) in for_requests().zip(field.into_iter().cycle()) {
                let about = field["description"].as_str().unwrap();
                let line = format!("- `{}`: {}", row.usage(), row.summary);
                assert_eq!(about.contains(&line), !public || row.public != Public::Off, "{line}");
            }
        }
    }
}
