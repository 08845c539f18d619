//! Names with values: a query, or a form that is sent like one.
//!
//! Werkzeug's reading: only `&` separates, empty pairs are skipped, a name without `=` has an empty
//! value, `+` is a blank, and what is no UTF-8 stays as the escapes it came from.

use std::borrow::Cow;

use super::coding;
use super::json::Json;
use super::request::Request;

/// A name and its value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The pairs of a query, in the order in which they came.
pub fn pairs(raw: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    raw.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).map(
        |pair| match memchr::memchr(b'=', pair).and_then(|at| pair.split_at_checked(at)) {
            Some((name, value)) => (decode(name), decode(value.get(1..).unwrap_or_default())),
            None => (decode(pair), Cow::Borrowed("")),
        },
    )
}

/// The pairs of a request's query.
pub fn of<'a>(request: &Request<'a>) -> impl Iterator<Item = Pair<'a>> + use<'a> {
    pairs(request.target.raw_query.unwrap_or_default())
}

/// The value of the first pair of exactly this name.
pub fn first<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    of(request).find(|pair| pair.0 == name).map(|pair| pair.1)
}

/// The value of the first pair of this name in any case.
pub fn first_any_case<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    of(request).find(|pair| pair.0.eq_ignore_ascii_case(name)).map(|pair| pair.1)
}

fn decode(raw: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'+', raw).is_none() {
        return coding::text(coding::percent_decode(raw));
    }
    let blanks: Vec<u8> = raw.iter().map(|&b| if b == b'+' { b' ' } else { b }).collect();
    Cow::Owned(coding::text(coding::percent_decode(&blanks)).into_owned())
}

/// Which name comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By code points.
    Sorted,
    /// As they came.
    Arrival,
}

/// Writes pairs as an object: a name with one value has a string, one with several a list of them.
pub fn write<'a>(json: &mut Json, pairs: impl Iterator<Item = Pair<'a>>, order: Order) {
    let mut pairs: Vec<(usize, Pair)> = pairs.enumerate().collect();
    // A stable sort, so the values of one name keep their order.
    pairs.sort_by(|one, other| one.1.0.cmp(&other.1.0));
    let mut groups: Vec<&[(usize, Pair)]> = pairs.chunk_by(|a, b| a.1.0 == b.1.0).collect();
    if order == Order::Arrival {
        groups.sort_by_key(|group| group.first().map(|entry| entry.0));
    }
    json.object(|json| groups.iter().for_each(|group| write_group(json, group)));
}

fn write_group(json: &mut Json, group: &[(usize, Pair)]) {
    let Some((_, (name, value))) = group.first() else { return };
    json.text_key(name);
    if group.len() == 1 {
        return json.text(value);
    }
    json.open(b'[');
    for (_, (_, value)) in group {
        json.item();
        json.text(value);
    }
    json.close(b']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Layout;

    fn told(raw: &str, order: Order) -> String {
        let mut output = Vec::new();
        write(&mut Json::new(&mut output, Layout::Wide), pairs(raw.as_bytes()), order);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn one_value_is_a_string_and_several_are_a_list() {
        assert_eq!(told("b=1&a=2&b=3", Order::Sorted), r#"{"a": "2", "b": ["1", "3"]}"#);
        assert_eq!(told("b=1&a=2&b=3", Order::Arrival), r#"{"b": ["1", "3"], "a": "2"}"#);
        assert_eq!(told("", Order::Sorted), "{}");
    }

    #[test]
    fn odd_pairs() {
        assert_eq!(told("&&a&=x&", Order::Sorted), r#"{"": "x", "a": ""}"#);
        assert_eq!(told("a=1;b=2", Order::Sorted), r#"{"a": "1;b=2"}"#);
        assert_eq!(told("a+b=c+d%2B", Order::Sorted), r#"{"a b": "c d+"}"#);
        assert_eq!(told("a=%zz%&b=%ff%c3", Order::Sorted), r#"{"a": "%zz%", "b": "%FF%C3"}"#);
        assert_eq!(told("a==b", Order::Sorted), r#"{"a": "=b"}"#);
        assert_eq!(told("%26=%3D%2B%25%23", Order::Sorted), r#"{"&": "=+%#"}"#);
    }

    proptest::proptest! {
        #[test]
        fn no_query_panics(raw in proptest::collection::vec(0..=u8::MAX, 0..60)) {
            assert!(pairs(&raw).all(|(name, value)| name.len() + value.len() <= 3 * raw.len()));
        }
    }
}
