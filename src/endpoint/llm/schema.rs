//! Samples of what a JSON Schema describes: arguments of a tool, and answers that have a schema.

use crate::base::limits::{MAX_COMPLETION_TEXT_BYTES, MAX_SCHEMA_STEPS};
use crate::http::json::{Json, Layout, Spelling, Value};

/// Deepest nesting of a sample: schemas may refer to themselves.
const DEPTH: usize = 16;

/// The answer to a request for a JSON document, if it is one: by `response_format` of OpenAI's
/// chat, `text.format` of its responses, `output_format` of Anthropic, or `format` of Ollama.
pub(super) fn answer(body: Value) -> Option<String> {
    let inner = |name: &str| body.get(name).and_then(|it| it.get("format"));
    let named = ["response_format", "output_format", "format"].iter();
    let format = named.filter_map(|name| body.get(name)).next();
    let format = format.or_else(|| inner("text")).or_else(|| inner("output_config"))?;
    let kind = format.get("type").and_then(Value::text);
    match kind.as_deref() {
        Some("text") => None,
        Some("json_object") => Some(sample(None)),
        Some("json_schema") => {
            Some(sample(format.get("json_schema").unwrap_or(format).get("schema")))
        }
        _ if format.is_object() => Some(sample(Some(format))),
        _ => format.text().filter(|text| text == "json").map(|_| sample(None)),
    }
}

/// A sample of what a schema describes, with a space after each comma and colon, so that it has
/// several tokens. Without a schema an empty object, as in place of a sample that is longer than an
/// answer may be: cut, it would not be JSON.
pub(super) fn sample(schema: Option<Value>) -> String {
    let mut output = Vec::new();
    let mut json = Json::spelled(&mut output, Layout::Spaced, Spelling::Go);
    if let Some(root) = schema {
        Sampler { root, steps: MAX_SCHEMA_STEPS }.write(&mut json, root, 0);
    }
    match output.len() {
        1..=MAX_COMPLETION_TEXT_BYTES => String::from_utf8_lossy(&output).into_owned(),
        _ => "{}".to_owned(),
    }
}

/// Writes a sample of a schema.
struct Sampler<'a> {
    root: Value<'a>,
    /// How many more bytes of the schema may be searched for what references mean.
    steps: usize,
}

impl<'a> Sampler<'a> {
    /// Writes a value: the only or the first one that is allowed, else a plain one of the type.
    fn write(&mut self, json: &mut Json, schema: Value<'a>, depth: usize) {
        if depth == DEPTH || json.output.len() > MAX_COMPLETION_TEXT_BYTES {
            return json.raw("null");
        }
        let first = |name: &str| schema.get(name).and_then(|list| list.items().next());
        let target = schema.get("$ref").and_then(|reference| self.resolve(&reference.text()?));
        let inner = target.or_else(|| ["anyOf", "oneOf", "allOf"].into_iter().find_map(first));
        if let Some(inner) = inner {
            return self.write(json, inner, depth + 1);
        }
        let value = schema.get("const").or_else(|| schema.get("default")).or_else(|| first("enum"));
        if let Some(text) = value.and_then(Value::text) {
            return json.text(&text);
        }
        if let Some(scalar) = value.and_then(Value::scalar) {
            return json.raw(scalar);
        }
        let kind = first("type").or_else(|| schema.get("type")).and_then(Value::text);
        match (kind.as_deref(), schema.get("properties")) {
            (Some("object"), _) | (None, Some(_)) => json.object(|json| {
                for (name, schema) in schema.get("properties").into_iter().flat_map(Value::members)
                {
                    json.text_key(&name);
                    self.write(json, schema, depth + 1);
                }
            }),
            (Some("array"), _) => json.list(|json| {
                if let Some(items) = schema.get("items") {
                    json.item();
                    self.write(json, items, depth + 1);
                }
            }),
            (Some("integer" | "number"), _) => {
                json.raw(schema.get("minimum").and_then(Value::scalar).unwrap_or("1"));
            }
            (Some("boolean"), _) => json.raw("true"),
            (Some("null"), _) => json.raw("null"),
            _ => json.text("text"),
        }
    }

    /// What a reference within the document means, such as `#/$defs/Name`. Its names are searched
    /// for, which may take as many steps as the schema has bytes.
    fn resolve(&mut self, reference: &str) -> Option<Value<'a>> {
        let names = reference.strip_prefix("#/")?.split('/');
        self.steps = self.steps.checked_sub(self.root.bytes())?;
        names.take(DEPTH).try_fold(self.root, |value, name| value.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Document;

    fn sampled(schema: &str) -> String {
        let document = Document::parse(schema.as_bytes()).unwrap();
        sample(Some(document.root()))
    }

    #[test]
    fn every_type_has_a_sample() {
        let schema = r##"{"type": "object", "properties": {"city": {"type": "string"},
            "days": {"type": "integer", "minimum": 3}, "unit": {"enum": ["°C", "°F"]},
            "when": {"anyOf": [{"type": "boolean"}, {"type": "null"}]}, "n": {"const": 1.5},
            "tags": {"type": ["array", "null"], "items": {"$ref": "#/$defs/Tag"}}, "z": {}},
            "$defs": {"Tag": {"properties": {"x": {"type": "null"}}}}}"##;
        let expected = r#"{"city": "text", "days": 3, "unit": "°C", "when": true, "n": 1.5, "#
            .to_owned()
            + r#""tags": [{"x": null}], "z": "text"}"#;
        assert_eq!(sampled(schema), expected);
        assert_eq!(sample(None), "{}");
    }

    /// Whatever its size: what is searched is counted.
    #[test]
    fn the_references_of_a_long_schema_are_followed_as_far_as_the_bound_lets_them() {
        let followed = |count: usize, names: usize| {
            let property = |n| format!(r##""p{n}": {{"$ref": "#/properties/z"}}, "##);
            let spare = |n| format!(r#""spare{n}": 0, "#);
            let schema = format!(
                r#"{{{} "properties": {{{} "z": {{"const": 7}}}}}}"#,
                (0..names).map(spare).collect::<String>(),
                (0..count).map(property).collect::<String>()
            );
            (schema.len(), sampled(&schema).matches(": 7").count())
        };
        assert_eq!(followed(200, 0).1, 201);
        let (bytes, followed) = followed(1000, 50_000);
        assert_eq!(followed, 1 + MAX_SCHEMA_STEPS / bytes);
        assert!(followed > 1);
    }

    #[test]
    fn a_sample_is_not_cut() {
        let properties = |count| {
            let property = |n| format!(r#""p{n:04}": {{"type": "null"}}"#);
            let properties = (0..count).map(property).collect::<Vec<_>>().join(", ");
            sampled(&format!(r#"{{"properties": {{{properties}}}}}"#))
        };
        let (short, long) = (properties(2000), properties(4000));
        assert!(short.len() <= MAX_COMPLETION_TEXT_BYTES && short.ends_with(r#""p1999": null}"#));
        assert_eq!(long, "{}");
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let twice = r##"{"type": "object", "properties": {"a": {"$ref": "#"},
            "b": {"$ref": "#/properties/a"}, "c": {"$ref": "#/nope"}}}"##;
        assert!(sampled(twice).len() < MAX_COMPLETION_TEXT_BYTES);
        assert_eq!(sampled(r##"{"$ref": "#/a", "a": {"$ref": "#/a"}}"##), "null");
    }
}
