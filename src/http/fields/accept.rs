//! Content negotiation by `Accept` (RFC 9110 12.4 and 12.5).

use crate::http::request::Request;

/// A client's preference for a media type. The greater is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    /// The weight, in thousandths; 0: not acceptable.
    pub weight: u16,
    /// How specific the range is: 3 for the full type, 2 for `type/*`, 1 for `*/*`, 0 for no match.
    pub precision: u8,
}

/// The client's preference for a media type, which is given in lower case and without parameters.
/// The most specific range decides (RFC 9110 12.5.1); parameters other than the weight are ignored.
/// Without `Accept`, or with an empty one, every type is acceptable.
pub fn preference(request: &Request, media: &str) -> Preference {
    let lines = request.fields_named("Accept").filter_map(|line| std::str::from_utf8(line).ok());
    let ranges = lines.flat_map(|line| line.split(',')).filter(|range| !range.trim().is_empty());
    let mut ranges = ranges.peekable();
    let silent = ranges.peek().is_none();
    let named =
        ranges.filter_map(|range| match_range(range, media)).max_by_key(|named| named.precision);
    let weight = if silent { 1000 } else { 0 };
    named.unwrap_or(Preference { weight, precision: 0 })
}

/// The preference by one range of `Accept`; `None` if it does not match, or its weight is invalid.
fn match_range(range: &str, media: &str) -> Option<Preference> {
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

/// A weight (`q=0.5`) in thousandths; `None` if it is invalid.
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
            let found = preference(request, "text/html");
            (found.weight, found.precision)
        })
    }

    #[test]
    fn the_range_that_is_closest_decides() {
        for (accept, expected) in [
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
            assert_eq!(html(accept), expected, "{accept:?}");
        }
    }

    #[test]
    fn weights() {
        for (text, expected) in [("q=1", Some(1000)), ("Q=0.0001", Some(1)), ("q=0", Some(0))] {
            assert_eq!(weight(text), expected, "{text}");
        }
        for text in ["q", "q=", "q=x", "q=-1", "q=1.1", "q=NaN", "level=1"] {
            assert_eq!(weight(text), None, "{text}");
        }
    }
}
