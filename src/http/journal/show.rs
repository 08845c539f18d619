//! A whole request of the journal as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Entry;
use super::events::{optional, summary};
use crate::http::json::Json;

/// Writes the members of an object that shows an entry with its header fields and its body.
pub fn whole(json: &mut Json, entry: &Entry) {
    summary(json, entry);
    let (received, answer) = (&*entry.received, &entry.answer);
    optional(json, "response_line", answer.status_line().as_deref());
    json.list_at("response_headers", |json| {
        answer.header_fields().for_each(|field| json.pair(field.name, field.value));
    });
    json.list_at("headers", |json| {
        received.header_fields().for_each(|field| json.pair(field.name, field.value));
    });
    match received.text() {
        Some(text) => json.text_at("body", text),
        None => {
            json.raw_at("body", "null");
            json.text_at("body_base64", &STANDARD.encode(&received.body));
        }
    }
    json.raw_at("body_cut", if received.is_cut() { "true" } else { "false" });
}
