//! The `Loiter` field: a parameter that every operation has, made from the modifiers' rows.

use crate::http::app::App;
use crate::http::json::Json;
use crate::http::modifiers::row::{Name, Public};
use crate::http::modifiers::rows::for_requests;

/// The name of the field, and of its component in a document.
const NAME: &str = "Loiter";

/// Writes the component into an open object, if modifiers have an effect. `write_type` writes the
/// members for a text.
pub(super) fn write_component(json: &mut Json, app: &App, write_type: fn(&mut Json)) {
    if !app.modifiers {
        return;
    }
    json.object_at("parameters", |json| {
        json.object_at(NAME, |json| {
            json.text_at("name", NAME);
            json.text_at("in", "header");
            json.text_at("description", &about(app));
            write_type(json);
        });
    });
}

/// Writes a reference to the component as an item of an open list.
pub(super) fn write_reference(json: &mut Json, app: &App, components: &str) {
    if app.modifiers {
        json.item();
        json.object(|json| json.text_at("$ref", &format!("#/{components}/{NAME}")));
    }
}

/// A value.
pub(super) fn example() -> String {
    let item = |name: Name| format!("{}={}", name.text(), name.row().sample);
    [Name::Delay, Name::Status].map(item).join("; ")
}

/// Every modifier with its value and what it does, except those that a public server refuses.
fn about(app: &App) -> String {
    let mut about = "What makes the answer slow, odd or broken: `NAME=VALUE`, separated by `;`. \
        The same may precede the path (`/~delay=2s/get`) or be in the query (`?~delay=2s`); \
        values are percent-decoded. The answer's field of this name has the values that were \
        drawn.\n"
        .to_owned();
    for row in for_requests().filter(|row| !(app.public && row.public == Public::Off)) {
        about.push_str(&format!("\n- `{}`: {}", row.usage(), row.summary));
    }
    about
}
