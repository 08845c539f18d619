//! A whole request of the journal as JSON.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Entry;
use super::events::{optional, summary};
use super::head::text;
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
    let names = ["response_body", "response_body_base64", "response_body_cut"];
    body(json, names, &answer.body, answer.is_cut());
    body(json, ["body", "body_base64", "body_cut"], &received.body, received.is_cut());
}

/// Writes a body under the first name if it is text, otherwise under the second, and under the
/// third whether it is cut.
fn body(json: &mut Json, [plain, base64, cut]: [&str; 3], body: &[u8], is_cut: bool) {
    match text(body, is_cut) {
        Some(text) => json.text_at(plain, text),
        None => {
            json.raw_at(plain, "null");
            json.text_at(base64, &STANDARD.encode(body));
        }
    }
    json.raw_at(cut, if is_cut { "true" } else { "false" });
}
