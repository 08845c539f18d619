//! JSON re-encoded: the output is JSON with the same meaning, and a second pass changes nothing.

use loiter::http::json::reencode;
use loiter::http::json::{Json, Layout, Spelling};
use serde::Deserialize;
use serde_json::Value;

fn reencode(text: &str, layout: Layout, spelling: Spelling) -> String {
    let mut output = Vec::new();
    reencode::write(&mut Json::spelled(&mut output, layout, spelling), text);
    String::from_utf8(output).expect("JSON is UTF-8")
}

fn read(text: &str) -> Option<Value> {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.disable_recursion_limit();
    let value = Value::deserialize(&mut reader).ok()?;
    reader.end().ok()?;
    Some(value)
}

/// Replaces lone surrogates, which serde_json refuses, by other characters.
fn without_surrogates(text: &str) -> String {
    text.replace("\\ud", "\\u0").replace("\\uD", "\\u0")
}

/// Whether the two have the same meaning; numbers are compared as floats.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64() == other.as_f64(),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, one)| other.get(key).is_some_and(|it| same(one, it)))
        }
        _ => one == other,
    }
}

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let meant = read(text);
    for layout in [Layout::Indented, Layout::Spaced, Layout::Compact] {
        for spelling in [Spelling::Python, Spelling::Go] {
            let once = reencode(text, layout, spelling);
            assert_eq!(reencode(&once, layout, spelling), once, "a second pass changes it");
            if text.len() > 4000 {
                continue;
            }
            match (&meant, read(&once)) {
                // Too deep, or too long an integer.
                (_, Some(Value::Null)) => {}
                (Some(meant), Some(again)) => assert!(same(meant, &again), "{text} becomes {once}"),
                (None, Some(_)) => {}
                // An integer beyond the range of a float is valid for Python, not for serde_json.
                (_, None) => assert!(
                    read(&without_surrogates(&once)).is_some() || once.len() > 300,
                    "not JSON: {once}"
                ),
            }
        }
    }
    if reencode::is_json(text) {
        let once = reencode(text, Layout::Compact, Spelling::Go);
        assert_ne!(once, "", "JSON that is not re-encoded");
    }
    if meant.is_some() && text.len() < 300 {
        assert!(reencode::is_json(text), "not accepted as JSON: {text}");
    }
}
