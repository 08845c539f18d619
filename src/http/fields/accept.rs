//! What a client accepts, and how much (RFC 9110 12.4 and 12.5).

use crate::http::request::Request;

/// A media type's standing with a client. The greater is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    /// The weight, in thousandths; 0: not accepted.
    pub weight: u16,
    /// How closely the client names the type: 3 by its full name, 2 as `type/*`, 1 as `*/*`, 0 not
    /// at all.
    pub precision: u8,
}

/// How much the client wants a media type, which is given in lower case and without parameters.
/// The range that names it most closely decides (RFC 9110 12.5.1); parameters other than the weight
/// are ignored. A client without `Accept`, or with an empty one, takes everything.
pub fn preference(request: &Request, media: &str) -> Preference {
    let lines = request.fields_named("Accept").filter_map(|line| std::str::from_utf8(line).ok());
    let ranges = lines.flat_map(|line| line.split(',')).filter(|range| !range.trim().is_empty());
    let mut ranges = ranges.peekable();
    let silent = ranges.peek().is_none();
    let named = ranges.filter_map(|range| named(range, media)).max_by_key(|named| named.precision);
    let weight = if silent { 1000 } else { 0 };
    named.unwrap_or(Preference { weight, precision: 0 })
}

/// What one range of an `Accept` field says of a media type; `None` if it is about others, or its
/// weight cannot be read.
fn named(range: &str, media: &str) -> Option<Preference> {
    let mut parts = range.split(';').map(str::trim);
    let range = parts.next()?.to_ascii_lowercase();
    let (kind, _) = media.split_once('/')?;
    let precision = match range.split_once('/')? {
        _ if range == media => 3,
        (of, "*") if of == kind => 2,
        ("*", "*") => 1,
        _ => return None,
    };
    let weight = match parts.find(|part| part.starts_with(['q', 'Q'])) {
        Some(part) => weight(part)?,
        None => 1000,
    };
    Some(Preference { weight, precision })
}

/// The thousandths of a weight (`q=0.5`); `None` for one that cannot be read.
pub fn weight(parameter: &str) -> Option<u16> {
    let text = parameter.strip_prefix(['q', 'Q'])?.strip_prefix('=')?;
    let weight = text.parse().ok().filter(|weight| (0.0..=1.0).contains(weight));
    weight.map(|weight: f64| (weight * 1000.0).ceil() as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    fn html(accept: &[&str]) -> (u16, u8) {
        let fields: Vec<(&str, &str)> = accept.iter().map(|value| ("Accept", *value)).collect();
        ask("/", &fields, b"", |request| {
            let told = preference(request, "text/html");
            (told.weight, told.precision)
        })
    }

    #[test]
    fn the_range_that_is_closest_decides() {
        for (accept, told) in [
            (&[][..], (1000, 0)),
            (&[""], (1000, 0)),
            (&["*/*"], (1000, 1)),
            (&["text/*;q=0.5, */*"], (500, 2)),
            (&["*/*", "Text/HTML ; level=1 ;Q=0.25"], (250, 3)),
            (&["text/html;q=0"], (0, 3)),
            (&["application/json"], (0, 0)),
            (&["text/html;q=2, text/*"], (1000, 2)),
            (&["text", "*", "text/htm"], (0, 0)),
        ] {
            assert_eq!(html(accept), told, "{accept:?}");
        }
    }

    #[test]
    fn weights() {
        for (text, told) in [("q=1", Some(1000)), ("Q=0.0001", Some(1)), ("q=0", Some(0))] {
            assert_eq!(weight(text), told, "{text}");
        }
        for text in ["q", "q=", "q=x", "q=-1", "q=1.1", "q=NaN", "level=1"] {
            assert_eq!(weight(text), None, "{text}");
        }
    }
}
