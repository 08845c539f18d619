//! Names and values in a query or a URL-encoded form.
//!
//! Werkzeug: pairs are separated by `&` only, empty pairs are skipped, a missing value is empty,
//! `+` is a space, and invalid UTF-8 stays percent-encoded. Go: pairs with an invalid escape or a
//! `;` are malformed, and invalid UTF-8 is replaced.

use std::borrow::Cow;

use super::percent;
use crate::base::limits::MAX_RESPONSE_FIELDS;
use crate::http::compat::Compat;
use crate::http::json::Json;
use crate::http::reply::Refusal;
use crate::http::request::Request;

/// A name and its value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The pairs of a query, in order.
pub fn pairs(raw: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    split(raw).map(|(name, value)| (decode(name), decode(value)))
}

/// The pairs as Go parses them; `None` for each that is malformed.
pub fn strict_pairs(raw: &[u8]) -> impl Iterator<Item = Option<Pair<'_>>> {
    split(raw).map(|(name, value)| Some((decode_strict(name)?, decode_strict(value)?)))
}

/// Names and values as they were sent, without empty pairs.
fn split(raw: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    raw.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(
        |pair| match memchr::memchr(b'=', pair).and_then(|at| pair.split_at_checked(at)) {
            Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
            None => (pair, b"".as_slice()),
        },
    )
}

/// The pairs of a request's query.
pub fn of<'a>(request: &Request<'a>) -> impl Iterator<Item = Pair<'a>> + use<'a> {
    pairs(request.target.raw_query.unwrap_or_default())
}

/// The pairs of a request's query, one for each field of the answer. Too many are refused.
pub fn response_fields<'a>(
    compat: &Compat,
    request: &Request<'a>,
) -> Result<Vec<Pair<'a>>, Refusal> {
    let raw = request.target.raw_query.unwrap_or_default();
    let most = MAX_RESPONSE_FIELDS + 1;
    let fields: Vec<Pair> = if compat.strict {
        strict_pairs(raw).flatten().take(most).collect()
    } else {
        pairs(raw).take(most).collect()
    };
    if fields.len() < most {
        Ok(fields)
    } else {
        Err(Refusal::bad(format!("too many fields: {MAX_RESPONSE_FIELDS} at most")))
    }
}

/// The value of the first pair with exactly this name.
pub fn first<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    of(request).find(|pair| pair.0 == name).map(|pair| pair.1)
}

/// The value of the first pair with this name in any case.
pub fn first_any_case<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    of(request).find(|pair| pair.0.eq_ignore_ascii_case(name)).map(|pair| pair.1)
}

/// The value, unless it is empty and the API treats empty values as missing.
pub fn given<'a>(compat: &Compat, value: Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
    value.filter(|text| !(compat.empty_is_absent && text.is_empty()))
}

fn decode(raw: &[u8]) -> Cow<'_, str> {
    percent::utf8_or_escapes(percent::form_decode(raw))
}

fn decode_strict(raw: &[u8]) -> Option<Cow<'_, str>> {
    let sound = percent::has_valid_escapes(raw);
    (sound && !raw.contains(&b';')).then(|| percent::utf8_or_replacement(percent::form_decode(raw)))
}

/// The order of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By code points.
    Sorted,
    /// In order of arrival.
    Arrival,
}

/// Writes the arguments of a request as an object.
pub fn write_args(json: &mut Json, compat: &Compat, request: &Request, order: Order) {
    match compat.strict {
        true => {
            let raw = request.target.raw_query.unwrap_or_default();
            write(json, compat, strict_pairs(raw).flatten(), order);
        }
        false => write(json, compat, of(request), order),
    }
}

/// Writes pairs as an object; the values of a name as by [`write_values`].
pub fn write<'a>(
    json: &mut Json,
    compat: &Compat,
    pairs: impl Iterator<Item = Pair<'a>>,
    order: Order,
) {
    let mut pairs: Vec<(usize, Pair)> = pairs.enumerate().collect();
    // A stable sort, so the values of one name keep their order.
    pairs.sort_by(|one, other| one.1.0.cmp(&other.1.0));
    let mut groups: Vec<&[(usize, Pair)]> = pairs.chunk_by(|a, b| a.1.0 == b.1.0).collect();
    if order == Order::Arrival {
        groups.sort_by_key(|group| group.first().map(|entry| entry.0));
    }
    json.object(|json| groups.iter().for_each(|group| write_group(json, compat, group)));
}

fn write_group(json: &mut Json, compat: &Compat, group: &[(usize, Pair)]) {
    let Some((_, (name, _))) = group.first() else { return };
    json.text_key(name);
    write_values(json, compat, group.iter().map(|(_, (_, value))| value.as_ref()));
}

/// Writes the values of a name: a single one as a string, several as a list; or all as lists.
pub fn write_values<'a>(
    json: &mut Json,
    compat: &Compat,
    values: impl ExactSizeIterator<Item = &'a str>,
) {
    if values.len() == 1 && !compat.always_lists {
        return values.for_each(|value| json.text(value));
    }
    json.list(|json| {
        for value in values {
            json.item();
            json.text(value);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
    use crate::http::json::Layout;
    use crate::http::tests::ask;

    fn args_by(compat: &Compat, raw: &str, order: Order) -> String {
        let mut output = Vec::new();
        let mut json = Json::spelled(&mut output, Layout::Spaced, compat.spelling);
        ask(&format!("/?{raw}"), &[], b"", |request| write_args(&mut json, compat, request, order));
        String::from_utf8(output).unwrap()
    }

    fn args(raw: &str, order: Order) -> String {
        args_by(&HTTPBIN, raw, order)
    }

    #[test]
    fn go_httpbin_has_lists_and_drops_what_is_malformed() {
        let args = |raw| args_by(&GO_HTTPBIN, raw, Order::Sorted);
        assert_eq!(args("b=1&a=&b=é"), r#"{"a": [""], "b": ["1", "é"]}"#);
        assert_eq!(args("a=%zz&%4=1&c;d=1&e=%C3%A9+f"), r#"{"e": ["é f"]}"#);
        assert_eq!(args("a=%e2%82x"), "{\"a\": [\"\u{fffd}\u{fffd}x\"]}");
        assert_eq!(args("a=%e"), "{}");
    }

    #[test]
    fn one_value_is_a_string_and_several_are_a_list() {
        assert_eq!(args("b=1&a=2&b=3", Order::Sorted), r#"{"a": "2", "b": ["1", "3"]}"#);
        assert_eq!(args("b=1&a=2&b=3", Order::Arrival), r#"{"b": ["1", "3"], "a": "2"}"#);
        assert_eq!(args("", Order::Sorted), "{}");
    }

    #[test]
    fn odd_pairs() {
        assert_eq!(args("&&a&=x&", Order::Sorted), r#"{"": "x", "a": ""}"#);
        assert_eq!(args("a=1;b=2", Order::Sorted), r#"{"a": "1;b=2"}"#);
        assert_eq!(args("a+b=c+d%2B", Order::Sorted), r#"{"a b": "c d+"}"#);
        assert_eq!(args("a=%zz%&b=%ff%c3", Order::Sorted), r#"{"a": "%zz%", "b": "%FF%C3"}"#);
        assert_eq!(args("a==b", Order::Sorted), r#"{"a": "=b"}"#);
        assert_eq!(args("%26=%3D%2B%25%23", Order::Sorted), r#"{"&": "=+%#"}"#);
    }

    proptest::proptest! {
        #[test]
        fn no_query_panics(raw in proptest::collection::vec(0..=u8::MAX, 0..60)) {
            assert!(pairs(&raw).all(|(name, value)| name.len() + value.len() <= 3 * raw.len()));
        }
    }
}
