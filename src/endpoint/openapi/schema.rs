//! A parameter as a JSON schema, in the vocabulary that both versions share.
//!
//! The schema is as exact as possible: values that it allows are not refused, and values that it
//! forbids are. If the limit of a parameter depends on another, the schema allows what is never
//! refused.

use super::patterns;
use super::write_texts;
use crate::base::duration::show_us;
use crate::endpoint::route::{Beyond, Ceiling, Kind, Names, Others, Param, Place};
use crate::http::app::App;
use crate::http::json::Json;

/// Writes the members of a schema into an open object.
pub(super) fn write(json: &mut Json, app: &App, param: &Param) {
    match param.kind {
        Kind::Integer(..) => {
            json.text_at("type", "integer");
            let (least, most) = bounds(app, param);
            write_number(json, "minimum", least);
            write_number(json, "maximum", most);
        }
        Kind::Number(least, most) => {
            json.text_at("type", "number");
            write_number(json, "minimum", Some(least));
            write_number(json, "maximum", Some(most));
        }
        Kind::Choice(texts, Others::Refused) => {
            json.text_at("type", "string");
            let blank = param.may_be_blank(app.compat).then_some("");
            write_texts(json, "enum", texts.iter().copied().chain(blank));
        }
        Kind::Text | Kind::Switch | Kind::Choice(..) | Kind::Duration(_) => {
            json.text_at("type", "string");
            match pattern(app, param) {
                Some(pattern) => json.text_at("pattern", &pattern),
                None if param.required => write_number(json, "minLength", Some(1)),
                None => {}
            }
        }
    }
}

/// Writes the default, unless the settings forbid that value.
pub(super) fn write_default(json: &mut Json, app: &App, param: &Param) {
    let Some(default) = param.default.filter(|_| !param.required) else { return };
    let fits = match param.kind {
        Kind::Duration(_) => patterns::fits(default, held_ceiling(app, param)),
        Kind::Integer(..) => bounds(app, param)
            .1
            .is_none_or(|most| default.parse::<i64>().is_ok_and(|default| default <= most)),
        _ => true,
    };
    if fits {
        json.key("default");
        write_value(json, param, default);
    }
}

/// Whether a number may be empty, which its type alone does not express.
pub(super) fn is_blank_number(app: &App, param: &Param) -> bool {
    let number = matches!(param.kind, Kind::Integer(..) | Kind::Number(..));
    number && param.may_be_blank(app.compat)
}

/// The regular expression for a text.
fn pattern(app: &App, param: &Param) -> Option<String> {
    let pattern = match param.kind {
        Kind::Choice(texts, Others::RefusedInAnyCase) => patterns::any_case(texts),
        Kind::Duration(sign) => patterns::duration(sign, held_ceiling(app, param)),
        _ => match param.pattern {
            Some(pattern) => pattern.to_owned(),
            // An encoded slash ends the segment like any other.
            None if param.place == Place::Path && !app.compat.keep_encoded_slash => {
                "^[^/]+$".to_owned()
            }
            None => return None,
        },
    };
    Some(if param.may_be_blank(app.compat) { format!("^$|{pattern}") } else { pattern })
}

/// The longest duration in microseconds, if a longer one is refused.
fn held_ceiling(app: &App, param: &Param) -> Option<u64> {
    let held = param.beyond == Beyond::Refused || !app.compat.clamps;
    param.ceiling.filter(|_| held).map(|ceiling| ceiling.of(app))
}

/// The range of an integer, by its type and the settings.
pub(in crate::endpoint) fn range(app: &App, param: &Param) -> (i64, i64) {
    let Kind::Integer(least, most) = param.kind else { return (i64::MIN, i64::MAX) };
    let ceiling = param.ceiling.map(|ceiling| ceiling.of(app));
    (least, ceiling.map_or(most, |most| i64::try_from(most).unwrap_or(i64::MAX)))
}

/// Whether values below and above the range are refused.
fn refuses(app: &App, param: &Param) -> (bool, bool) {
    match param.beyond {
        Beyond::AsProfile => (!app.compat.clamps, !app.compat.clamps),
        Beyond::Refused => (true, true),
        Beyond::CutAbove => (true, false),
        Beyond::Cut => (false, false),
    }
}

/// The range beyond which an integer is refused. In httpbin a path segment with a sign is never
/// found, and integers of any size are accepted. In go-httpbin they have 64 bits; a route with that
/// limit in both has no other.
fn bounds(app: &App, param: &Param) -> (Option<i64>, Option<i64>) {
    let (least, most) = range(app, param);
    let (below, above) = refuses(app, param);
    let wide = app.compat.go_numbers || (above && (least, most) == (i64::MIN, i64::MAX));
    let unbounded = match param.place {
        _ if wide => Some(i64::MIN),
        Place::Path => Some(0),
        Place::Query => None,
    };
    let least = if below && (wide || least != i64::MIN) { Some(least) } else { unbounded };
    let most = if above { most } else { i64::MAX };
    (least, Some(most).filter(|most| wide || *most != i64::MAX))
}

/// The summary of a parameter, with what the schema leaves out.
pub(super) fn about(app: &App, param: &Param) -> String {
    let mut about = param.about.to_owned();
    if let Kind::Choice(texts, Others::Taken) = param.kind {
        about.push_str(&format!("; one of {}, but any value is accepted", texts.join(", ")));
    }
    if let Some(limit) = limit(app, param) {
        about.push_str("; ");
        about.push_str(&limit);
    }
    about
}

/// What happens to a value above the limit, and which setting that is, as text.
pub(in crate::endpoint) fn limit(app: &App, param: &Param) -> Option<String> {
    let (_, most) = range(app, param);
    let cut = !refuses(app, param).1;
    let what = match (param.kind, param.ceiling) {
        (Kind::Integer(..), _) if cut && most != i64::MAX => {
            format!("a value above {most} is clamped to it and reported in `X-Clamped`")
        }
        (_, Some(Ceiling::HalfDuration)) => {
            format!("at most {:?} together with the other duration", app.limits.max_duration)
        }
        (Kind::Duration(_), Some(_)) if cut => {
            format!("a longer one is clamped to {:?}", app.limits.max_duration)
        }
        (Kind::Duration(_), Some(ceiling)) => format!("at most {}", show_us(ceiling.of(app))),
        // The range has it.
        (Kind::Integer(..), Some(ceiling)) if ceiling.flag(app).is_none() => return None,
        (_, Some(_)) => format!("at most {most}"),
        _ => return None,
    };
    Some(match param.ceiling.and_then(|ceiling| ceiling.flag(app)) {
        Some(flag) => format!("{what}; `{flag}` sets this limit"),
        None => what,
    })
}

/// The names of modifiers in a query. Two tildes begin the name of an argument that has one.
const MODIFIERS: &str = "^~([^~]|$)";

/// Writes the schema of an object with any names and text values.
pub(super) fn write_names(json: &mut Json, app: &App, param: &Param, names: Names, most: usize) {
    let other = (!names.except.is_empty()).then(|| patterns::any_case(names.except));
    let modifiers = app.modifiers.then(|| MODIFIERS.to_owned());
    let not: Vec<String> = other.into_iter().chain(modifiers).collect();
    json.text_at("type", "object");
    json.object_at("propertyNames", |json| {
        json.text_at("pattern", names.pattern);
        if !not.is_empty() {
            json.object_at("not", |json| json.text_at("pattern", &not.join("|")));
        }
    });
    write_number(json, "maxProperties", Some(most));
    json.object_at("additionalProperties", |json| {
        json.text_at("type", "string");
        if let Some(pattern) = param.pattern {
            json.text_at("pattern", pattern);
        }
    });
}

fn write_number(json: &mut Json, key: &str, number: Option<impl ToString>) {
    if let Some(number) = number {
        json.raw_at(key, &number.to_string());
    }
}

/// A sample or default in the type of its parameter.
pub(super) fn write_value(json: &mut Json, param: &Param, value: &str) {
    let number = match param.kind {
        Kind::Integer(..) => value.parse::<i64>().is_ok(),
        Kind::Number(..) => value.parse::<f64>().is_ok_and(f64::is_finite),
        _ => false,
    };
    // JSON has no number that starts or ends with the point.
    if number && !value.starts_with(['.', '+']) && !value.ends_with('.') {
        json.raw(value)
    } else {
        json.text(value)
    }
}
