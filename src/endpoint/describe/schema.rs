//! What a parameter takes, as a JSON schema: of the words that both versions know.

use super::write_texts;
use crate::endpoint::route::{Kind, Param, Place};
use crate::http::app::App;
use crate::http::json::Json;

/// Decimal seconds, or what Go writes. Numbers with exponents are taken too, but not advertised.
const DURATION: &str =
    "^([0-9]+(\\.[0-9]+)?|([0-9]+(\\.[0-9]+)?(ns|us|ms|s|m|h))([0-9]+(ns|us|ms|s|m|h))*)$";

/// Writes the words of a schema into an object that is open.
pub(super) fn write(json: &mut Json, app: &App, param: &Param) {
    let pattern = param.pattern.or((param.kind == Kind::Duration).then_some(DURATION));
    match param.kind {
        Kind::Text | Kind::Duration | Kind::Switch => {
            super::write_text(json, "type", "string");
            if let Some(pattern) = pattern {
                super::write_text(json, "pattern", pattern);
            } else if param.place == Place::Path {
                json.key("minLength");
                json.raw("1");
            }
        }
        Kind::Choice(texts) => {
            super::write_text(json, "type", "string");
            write_texts(json, "enum", texts.iter().copied());
        }
        Kind::Integer(..) => {
            super::write_text(json, "type", "integer");
            let (least, most) = bounds(app, param);
            write_number(json, "minimum", least);
            write_number(json, "maximum", most);
        }
        Kind::Number(least, most) => {
            super::write_text(json, "type", "number");
            write_number(json, "minimum", Some(least));
            write_number(json, "maximum", Some(most));
        }
    }
    if let (false, Some(default)) = (param.required, param.default) {
        json.key("default");
        write_value(json, param, default);
    }
}

/// The bounds of an integer beyond which it is refused. In httpbin's ways most are cut to them; but
/// a segment of the path with a sign is never found.
fn bounds(app: &App, param: &Param) -> (Option<i64>, Option<i64>) {
    let Kind::Integer(least, most) = param.kind else { return (None, None) };
    let held = param.strict || !app.profile.clamps;
    let least = match param.place {
        _ if held => Some(least).filter(|least| *least != i64::MIN),
        Place::Path => Some(0),
        Place::Query => None,
    };
    (least, Some(most).filter(|most| held && *most != i64::MAX))
}

/// What a parameter is for, with its bound where the schema leaves it out.
pub(super) fn about(app: &App, param: &Param) -> String {
    match (param.kind, bounds(app, param)) {
        (Kind::Integer(_, most), (_, None)) if most != i64::MAX => {
            format!("{}; {most} at most, more is cut to it", param.about)
        }
        _ => param.about.to_owned(),
    }
}

fn write_number(json: &mut Json, key: &str, number: Option<impl ToString>) {
    if let Some(number) = number {
        json.key(key);
        json.raw(&number.to_string());
    }
}

/// A sample or default in the type of its parameter.
pub(super) fn write_value(json: &mut Json, param: &Param, value: &str) {
    let number = match param.kind {
        Kind::Integer(..) => value.parse::<i64>().is_ok(),
        Kind::Number(..) => value.parse::<f64>().is_ok_and(f64::is_finite),
        _ => false,
    };
    // JSON has no number that begins or ends with its point.
    match number && !value.starts_with(['.', '+']) && !value.ends_with('.') {
        true => json.raw(value),
        false => json.text(value),
    }
}
