//! Samples of what a JSON Schema describes: arguments of a tool, and answers that have a schema.

use std::borrow::Cow;

use super::pattern;
use crate::base::limits::{MAX_COMPLETION_TEXT_BYTES, MAX_SCHEMA_STEPS};
use crate::http::json::{Json, Layout, Spelling, Value};

/// Deepest nesting of a sample: schemas may refer to themselves.
const DEPTH: usize = 16;

/// Most items of a list that are written since there must be so many: an answer has no room for
/// many more.
const MAX_ITEMS: usize = 4096;

/// Samples of the formats of a text that JSON Schema names (2020-12, 7.3).
const FORMATS: [(&str, &str); 10] = [
    ("date-time", "2026-01-01T00:00:00Z"),
    ("date", "2026-01-01"),
    ("time", "00:00:00Z"),
    ("duration", "P1D"),
    ("email", "text@example.com"),
    ("hostname", "example.com"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("uri", "https://example.com/"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
];

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
    let output = schema.map(written).unwrap_or_default();
    match output.len() {
        1..=MAX_COMPLETION_TEXT_BYTES => String::from_utf8_lossy(&output).into_owned(),
        _ => "{}".to_owned(),
    }
}

/// A sample of any length, which grows with the schema's own length only.
fn written(root: Value) -> Vec<u8> {
    let mut output = Vec::new();
    let mut json = Json::spelled(&mut output, Layout::Spaced, Spelling::Go);
    Sampler { root, steps: MAX_SCHEMA_STEPS, open: vec![root] }.write(&mut json, root, 0);
    output
}

/// Writes a sample of a schema.
struct Sampler<'a> {
    root: Value<'a>,
    /// How many more bytes may be searched: the items of a list may all have one long schema.
    steps: usize,
    /// The schemas of which a sample is being written, by reference. One that refers to an open one
    /// could go on without end, so it is left out where the schema permits.
    open: Vec<Value<'a>>,
}

impl<'a> Sampler<'a> {
    fn write(&mut self, json: &mut Json, schema: Value<'a>, depth: usize) {
        let target = self.target(schema);
        self.write_as(json, schema, target, depth);
    }

    /// Writes a value of a schema, or of the one that it refers to: the only or the first one that
    /// is allowed, else a plain one of the type.
    fn write_as(
        &mut self,
        json: &mut Json,
        schema: Value<'a>,
        target: Option<Value<'a>>,
        depth: usize,
    ) {
        let too_long = json.output.len() > MAX_COMPLETION_TEXT_BYTES;
        if depth == DEPTH || too_long || self.is_open(target) || self.search(schema).is_none() {
            return json.raw("null");
        }
        if let Some(target) = target {
            self.open.push(target);
            self.write(json, target, depth + 1);
            self.open.pop();
            return;
        }
        let mut several = ["anyOf", "oneOf", "allOf"].iter().filter_map(|name| schema.get(name));
        if let Some(schemas) = several.find(|list| list.items().next().is_some()) {
            return self.write_first(json, schemas, depth + 1);
        }
        let value = schema.get("const").or_else(|| schema.get("default"));
        let value = value.or_else(|| {
            let mut plain = schema.get("enum").into_iter().flat_map(Value::items);
            plain.find(|item| item.text().is_some() || item.scalar().is_some())
        });
        if let Some(text) = value.and_then(Value::text) {
            return json.text(&text);
        }
        match value.and_then(Value::scalar) {
            Some(scalar) => json.raw(scalar),
            None => self.write_typed(json, schema, depth),
        }
    }

    /// Writes a plain value of the type.
    fn write_typed(&mut self, json: &mut Json, schema: Value<'a>, depth: usize) {
        let kind = first(schema, "type").or_else(|| schema.get("type")).and_then(Value::text);
        match (kind.as_deref(), schema.get("properties")) {
            (Some("object"), _) | (None, Some(_)) => self.write_object(json, schema, depth + 1),
            (Some("array"), _) => self.write_list(json, schema, depth + 1),
            (Some("integer" | "number"), _) => json.raw(&number(schema)),
            (Some("boolean"), _) => json.raw("true"),
            (Some("null"), _) => json.raw("null"),
            _ => json.text(&text(schema)),
        }
    }

    /// Writes a value of the first of these schemas that ends.
    fn write_first(&mut self, json: &mut Json, schemas: Value<'a>, depth: usize) {
        for schema in schemas.items() {
            let target = self.target(schema);
            if !self.is_open(target) {
                return self.write_as(json, schema, target, depth);
            }
        }
        json.raw("null");
    }

    /// Writes as many items as there must be, one at least unless that might go on without end.
    fn write_list(&mut self, json: &mut Json, schema: Value<'a>, depth: usize) {
        let list = |name: &str| schema.get(name).into_iter().flat_map(Value::items);
        let count = length(schema, "minItems").unwrap_or_default().clamp(1, MAX_ITEMS);
        let items = schema.get("items").filter(|items| items.is_object());
        let items = items.map(|items| (items, self.target(items)));
        let items = items.filter(|items| !self.is_open(items.1));
        json.list(|json| {
            for item in list("prefixItems") {
                json.item();
                self.write(json, item, depth);
            }
            for (item, target) in
                items.into_iter().flat_map(|item| std::iter::repeat_n(item, count))
            {
                if json.output.len() > MAX_COMPLETION_TEXT_BYTES {
                    break;
                }
                json.item();
                self.write_as(json, item, target, depth);
            }
        });
    }

    fn write_object(&mut self, json: &mut Json, schema: Value<'a>, depth: usize) {
        let required = |name: &str| {
            let mut names = schema.get("required").into_iter().flat_map(Value::items);
            names.any(|item| item.text().is_some_and(|item| item == name))
        };
        json.object(|json| {
            for (name, schema) in schema.get("properties").into_iter().flat_map(Value::members) {
                let target = self.target(schema);
                if !self.is_open(target) || required(&name) {
                    json.text_key(&name);
                    self.write_as(json, schema, target, depth);
                }
            }
        });
    }

    /// The schema that a schema refers to, if it does.
    fn target(&mut self, schema: Value<'a>) -> Option<Value<'a>> {
        schema.get("$ref").and_then(|reference| self.resolve(&reference.text()?))
    }

    /// Takes the steps to search a value; `None` if there are too few left.
    fn search(&mut self, value: Value) -> Option<()> {
        self.steps = self.steps.checked_sub(value.bytes())?;
        Some(())
    }

    fn is_open(&self, target: Option<Value<'a>>) -> bool {
        target.is_some_and(|target| self.open.iter().any(|open| open.is_same(target)))
    }

    /// What a reference within the document means, such as `#/$defs/Name`; `#` is all of it. Its
    /// names are searched for, which may take as many steps as the schema has bytes.
    fn resolve(&mut self, reference: &str) -> Option<Value<'a>> {
        let mut names = reference.split('/');
        names.next().filter(|document| *document == "#")?;
        self.search(self.root)?;
        names.take(DEPTH).try_fold(self.root, |value, name| value.get(name))
    }
}

/// A number that is not negative; `None` if the member is none.
fn length(schema: Value, name: &str) -> Option<usize> {
    schema.get(name).and_then(Value::integer).and_then(|length| length.try_into().ok())
}

/// 1 if it is within the bounds; else a bound, the integer next to one that is excluded, or such a
/// bound with more digits, as there may be no integer between two.
fn number(schema: Value) -> String {
    let bound = |name: &str| schema.get(name).and_then(Value::scalar);
    let beside = |name: &str, step: i64| {
        let number = schema.get(name).and_then(Value::integer)?.saturating_add(step);
        Some(itoa::Buffer::new().format(number).to_owned())
    };
    let refined = |name: &str| {
        let text = bound(name)?;
        Some([text, if text.contains('.') { "01" } else { ".01" }].concat())
    };
    let (over, under) = ("exclusiveMinimum", "exclusiveMaximum");
    let fits = |text: &String| {
        let holds = |name: &str, order: fn(&f64, &f64) -> bool| {
            let bound = bound(name).and_then(|bound| bound.parse().ok());
            bound.is_none_or(|bound| text.parse().is_ok_and(|number| order(&number, &bound)))
        };
        holds("minimum", f64::ge)
            && holds("maximum", f64::le)
            && holds(over, f64::gt)
            && holds(under, f64::lt)
    };
    let one = "1".to_owned();
    let bounds = [bound("minimum"), bound("maximum")].map(|bound| bound.map(str::to_owned));
    let others = [beside(over, 1), beside(under, -1), refined(over), refined(under)];
    let mut candidates = [Some(one.clone())].into_iter().chain(bounds).chain(others).flatten();
    candidates.find(fits).unwrap_or(one)
}

/// A text that matches the pattern, or of a format, or of four letters if it may have so many.
fn text(schema: Value) -> Cow<'static, str> {
    let of = |name: &str| schema.get(name).and_then(Value::text);
    let most = length(schema, "maxLength").unwrap_or(usize::MAX).min(MAX_COMPLETION_TEXT_BYTES);
    let least = length(schema, "minLength").unwrap_or_default();
    if let Some(pattern) = of("pattern") {
        let fits = |text: &String| (least..=most).contains(&text.chars().count());
        let mut samples = [1, 0, least].into_iter().filter_map(|n| pattern::sample(&pattern, n));
        if let Some(text) = samples.find(fits) {
            return Cow::Owned(text);
        }
    }
    let format = of("format");
    if let Some((_, sample)) =
        FORMATS.iter().find(|row| format.as_ref().is_some_and(|it| it == row.0))
    {
        return Cow::Borrowed(sample);
    }
    let count = least.max(4).min(most);
    "text".chars().cycle().take(count).collect()
}

/// The first item of a list of this name.
fn first<'a>(schema: Value<'a>, name: &str) -> Option<Value<'a>> {
    schema.get(name)?.items().next()
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

    #[test]
    fn a_sample_is_within_its_bounds() {
        for (schema, sample) in [
            (r#"{"type": "integer", "minimum": -9007199254740991}"#, "1"),
            (r#"{"type": "integer", "exclusiveMinimum": 5}"#, "6"),
            (r#"{"type": "number", "exclusiveMinimum": 0, "maximum": 0.5}"#, "0.5"),
            (r#"{"type": "number", "minimum": 1.5, "maximum": 9}"#, "1.5"),
            (r#"{"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}"#, "0.01"),
            (r#"{"type": "number", "exclusiveMinimum": -0.5, "exclusiveMaximum": -0.2}"#, "-0.201"),
            (r#"{"type": "number", "minimum": 0, "exclusiveMaximum": 1}"#, "0"),
            (r#"{"type": "integer", "exclusiveMaximum": 0}"#, "-1"),
            (r#"{"type": "integer", "exclusiveMinimum": 7, "exclusiveMaximum": 9}"#, "8"),
            (r#"{"type": "integer", "maximum": -3}"#, "-3"),
            (r#"{"type": "integer", "minimum": 5, "maximum": 1}"#, "1"),
            (r#"{"enum": [null, 2]}"#, "2"),
            (r#"{"type": "string", "minLength": 6}"#, r#""textte""#),
            (r#"{"type": "string", "maxLength": 2}"#, r#""te""#),
            (r#"{"type": "string", "format": "date"}"#, r#""2026-01-01""#),
            (r#"{"type": "string", "pattern": "^\\d{2}x*$"}"#, r#""00x""#),
            (r#"{"type": "string", "pattern": "^[a-z]+$", "minLength": 3}"#, r#""aaa""#),
            (r#"{"type": "string", "pattern": "^a?b?c*$", "maxLength": 2}"#, r#""""#),
            (r#"{"type": "string", "pattern": "(?=no)", "maxLength": 2}"#, r#""te""#),
            (
                r#"{"type": "array", "items": {"type": "null"}, "minItems": 3}"#,
                "[null, null, null]",
            ),
            (r#"{"type": "array", "prefixItems": [{"type": "null"}, {"const": 2}]}"#, "[null, 2]"),
            (r#"{"type": "array", "items": false}"#, "[]"),
        ] {
            assert_eq!(sampled(schema), sample, "{schema}");
        }
        let many = sampled(r#"{"type": "array", "items": {"const": 7}, "minItems": 300}"#);
        assert_eq!(many.matches('7').count(), 300);
        let nested = r#"{"type": "array", "minItems": 999999999, "items": "#;
        let deep = format!("{}{{}}{}", nested.repeat(15), "}".repeat(15));
        assert_eq!(sampled(&deep), "{}");
        let list = |n| format!(r#""p{n}": {nested} {{}}}}, "#);
        let lists = (0..1000).map(list).collect::<String>();
        let document = format!(r#"{{"properties": {{{lists} "z": {{}}}}}}"#);
        let document = Document::parse(document.as_bytes()).unwrap();
        let written = written(document.root()).len();
        assert!((MAX_COMPLETION_TEXT_BYTES..2 * MAX_COMPLETION_TEXT_BYTES).contains(&written));
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
        // Once it is searched itself.
        assert_eq!(followed, MAX_SCHEMA_STEPS / bytes);
        assert!(followed > 1);
    }

    #[test]
    fn a_long_schema_is_written_as_often_as_the_bound_lets_it() {
        let spare = (0..20_000).map(|n| format!(r#""spare{n}": 0, "#)).collect::<String>();
        let item = format!(r#"{{{spare} "const": 7}}"#);
        let sample = sampled(&format!(r#"{{"type": "array", "minItems": 4096, "items": {item}}}"#));
        assert_eq!(sample.matches('7').count(), MAX_SCHEMA_STEPS / item.len() - 1);
        assert_eq!(sample.matches("null").count(), 4096 - sample.matches('7').count());
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

    /// Each sample is valid by its schema, as long as one can be.
    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        for (schema, sample) in [
            (
                r##"{"properties": {"a": {"$ref": "#"}, "b": {"$ref": "#/nope"}}}"##,
                r#"{"b": "text"}"#,
            ),
            (
                r##"{"properties": {"n": {"type": "integer"}, "a": {"anyOf": [{"$ref": "#"},
                {"type": "null"}]}}, "required": ["n", "a"]}"##,
                r#"{"n": 1, "a": null}"#,
            ),
            (
                r##"{"$ref": "#/$defs/Node", "$defs": {"Node": {"type": "object", "properties":
                {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}}}}}"##,
                r#"{"children": []}"#,
            ),
            (r##"{"type": "array", "items": {"$ref": "#"}}"##, "[]"),
            // No value is as deep as these require.
            (r##"{"properties": {"a": {"$ref": "#"}}, "required": ["a"]}"##, r#"{"a": null}"#),
            (r##"{"$ref": "#/a", "a": {"$ref": "#/a"}}"##, "null"),
            (r##"{"$ref": "#"}"##, "null"),
        ] {
            assert_eq!(sampled(schema), sample, "{schema}");
        }
    }
}
