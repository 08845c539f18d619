//! A whole request of the journal as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Entry;
use super::events::summary;
use crate::http::json::Json;

/// Writes the members of an object that shows an entry with its header fields and its body.
pub fn whole(json: &mut Json, entry: &Entry) {
    summary(json, entry);
    let received = &*entry.received;
    json.list_at("headers", |json| {
        for field in received.header_fields() {
            json.pair(field.name, field.value);
        }
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
