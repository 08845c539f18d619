//! Names and values in a query or a URL-encoded form.
//!
//! Werkzeug: pairs are separated by `&` only, empty pairs are skipped, a missing value is empty,
//! `+` is a space, and invalid UTF-8 stays percent-encoded. Go: pairs with an invalid escape or a
//! `;` are malformed, and invalid UTF-8 is replaced.
//!
//! A name that begins with `~` is a modifier's and not an argument; `~~x` is the argument `~x`.

use std::borrow::Cow;

use super::percent::{self, strip_tilde};
use crate::base::limits::MAX_RESPONSE_FIELDS;
use crate::base::sort::{sort_by, sort_by_bytes};
use crate::http::char_class::all;
use crate::http::compat::Compat;
use crate::http::json::Json;
use crate::http::reply::Refusal;
use crate::http::request::Request;

/// A name and its value.
pub type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The pairs of a query, in order.
pub fn pairs(raw: &[u8]) -> impl Iterator<Item = Pair<'_>> {
    split(raw, false).map(decode_pair)
}

/// The pairs as Go parses them; `None` for each that is malformed.
pub fn strict_pairs(raw: &[u8]) -> impl Iterator<Item = Option<Pair<'_>>> {
    split(raw, false).map(decode_pair_strict)
}

/// Names and values as they were sent, without empty pairs; if there are modifiers, without them.
fn split(raw: &[u8], modifiers: bool) -> impl Iterator<Item = (&[u8], &[u8])> {
    let left_out = move |pair: &[u8]| pair.is_empty() || modifiers && is_modifier(pair);
    raw.split(|&byte| byte == b'&').filter(move |pair| !left_out(pair)).map(move |pair| {
        // Of two `~` at its start the first is not a part of its name.
        let pair = if modifiers { strip_tilde(pair).unwrap_or(pair) } else { pair };
        match memchr::memchr(b'=', pair).and_then(|at| pair.split_at_checked(at)) {
            Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
            None => (pair, b"".as_slice()),
        }
    })
}

fn is_modifier(pair: &[u8]) -> bool {
    strip_tilde(pair).is_some_and(|rest| strip_tilde(rest).is_none())
}

/// Whether any name in a query begins with `~`.
pub fn has_modifiers(raw: &[u8]) -> bool {
    // Most have neither byte, and are short.
    !all(raw, |byte| (byte != b'~') & (byte != b'%'))
        && raw.split(|&byte| byte == b'&').any(|pair| strip_tilde(pair).is_some())
}

/// The modifiers of a query in order, as they were sent: the name without its `~`, and the value if
/// there is a `=`.
pub fn modifiers(raw: &[u8]) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    raw.split(|&byte| byte == b'&').filter(|pair| is_modifier(pair)).map(|pair| {
        let pair = strip_tilde(pair).unwrap_or(pair);
        let equals = memchr::memchr(b'=', pair).and_then(|at| pair.split_at_checked(at));
        equals.map_or((pair, None), |(name, value)| (name, value.get(1..)))
    })
}

/// The pairs of a request's query, without modifiers.
pub fn of<'a>(request: &Request<'a>) -> impl Iterator<Item = Pair<'a>> + use<'a> {
    arguments(request).map(decode_pair)
}

/// The same as Go parses them, without those that are malformed.
fn strict_of<'a>(request: &Request<'a>) -> impl Iterator<Item = Pair<'a>> + use<'a> {
    arguments(request).filter_map(decode_pair_strict)
}

/// The same as they were sent.
fn arguments<'a>(request: &Request<'a>) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
    split(request.target.raw_query.unwrap_or_default(), request.query_modifiers)
}

/// The pairs of a request's query, one for each field of the answer. Too many are refused.
pub fn response_fields<'a>(
    compat: &Compat,
    request: &Request<'a>,
) -> Result<Vec<Pair<'a>>, Refusal> {
    let most = MAX_RESPONSE_FIELDS + 1;
    let fields: Vec<Pair> = if compat.strict {
        strict_of(request).take(most).collect()
    } else {
        of(request).take(most).collect()
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

fn decode_pair<'a>((name, value): (&'a [u8], &'a [u8])) -> Pair<'a> {
    (decode(name), decode(value))
}

fn decode_pair_strict<'a>((name, value): (&'a [u8], &'a [u8])) -> Option<Pair<'a>> {
    Some((decode_strict(name)?, decode_strict(value)?))
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
        true => write(json, compat, &strict_of(request).collect::<Vec<_>>(), order),
        false => write(json, compat, &of(request).collect::<Vec<_>>(), order),
    }
}

/// Writes pairs as an object; the values of a name as by [`write_values`].
pub fn write(json: &mut Json, compat: &Compat, pairs: &[Pair], order: Order) {
    if pairs.is_empty() {
        return json.object(|_| ());
    }
    let pair = |place: u128| {
        let pair = pairs.get(place as u64 as usize);
        pair.map_or(("", ""), |(name, value)| (name, value))
    };
    let mut places: Vec<u128> = (0..pairs.len() as u128).collect();
    sort_by_bytes(&mut places, &|place| pair(place.into()).0.as_bytes());
    // The values of one name are in order of arrival.
    let mut groups: Vec<&[u128]> = places.chunk_by(|_, next| next >> 64 == 1).collect();
    if order == Order::Arrival {
        let first = |group: &[u128]| group.first().map(|place| *place as u64);
        sort_by(&mut groups, |one, other| first(one).cmp(&first(other)));
    }
    json.object(|json| {
        for group in groups {
            let Some(first) = group.first() else { continue };
            json.text_key(pair(*first).0);
            write_values(json, compat, group.iter().map(|place| pair(*place).1));
        }
    });
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

    #[test]
    fn names_that_begin_with_a_tilde_are_modifiers() {
        for (raw, left) in [
            ("~delay=1s&a=1", r#"{"a": "1"}"#),
            ("a=~&~~b=~c&%7Edelay=1s&%7e~d=1", r#"{"a": "~", "~b": "~c", "~d": "1"}"#),
            ("~last&~%7ex&~=1&~", r#"{"~x": ""}"#),
            ("~~~x=1", r#"{"~~x": "1"}"#),
            ("a~=1&%257Eb=2&c=%7E", r#"{"%7Eb": "2", "a~": "1", "c": "~"}"#),
        ] {
            assert_eq!(args(raw, Order::Sorted), left, "{raw}");
            let lists = args_by(&GO_HTTPBIN, raw, Order::Sorted);
            assert_eq!(lists.replace(['[', ']'], ""), left, "{raw}");
        }
    }

    #[test]
    fn modifiers_are_as_they_were_sent() {
        let of = |raw: &'static str| {
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            modifiers(raw.as_bytes())
                .map(|(name, value)| (text(name), value.map(text)))
                .collect::<Vec<_>>()
        };
        let pair = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        let some = |name, value| pair(name, Some(value));
        assert_eq!(
            of("a=1&~delay=1s%40&%7Elast&~~b=1&~c==&~=&%7e%7Ed&~"),
            [
                some("delay", "1s%40"),
                pair("last", None),
                some("c", "="),
                some("", ""),
                pair("", None)
            ]
        );
        assert_eq!(of("~a=&~b"), [some("a", ""), pair("b", None)]);
    }

    #[test]
    fn a_query_with_a_tilde_at_the_start_of_a_name_may_have_modifiers() {
        for raw in ["~a", "a=1&~b", "%7Ea=1", "a=%20&%7eb", "a~&~", "~~a"] {
            assert!(has_modifiers(raw.as_bytes()), "{raw}");
        }
        for raw in ["", "a=~", "a~=1", "a=%7E", "%257E=1", "a&b=~&c%7E", "%~a", "=~", "%7"] {
            assert!(!has_modifiers(raw.as_bytes()), "{raw}");
            assert_eq!(modifiers(raw.as_bytes()).count(), 0, "{raw}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_pair_is_an_argument_or_a_modifier(raw in "([~%7Ee&=a]){0,30}") {
            let args: Vec<_> = ask(&format!("/?{raw}"), &[], b"", |request| {
                of(request).map(|pair| pair.0.into_owned()).collect()
            });
            let modifiers = modifiers(raw.as_bytes()).count();
            proptest::prop_assert_eq!(args.len() + modifiers, pairs(raw.as_bytes()).count());
            proptest::prop_assert!(has_modifiers(raw.as_bytes()) || modifiers == 0);
        }

        #[test]
        fn no_query_panics(raw in proptest::collection::vec(0..=u8::MAX, 0..60)) {
            assert!(pairs(&raw).all(|(name, value)| name.len() + value.len() <= 3 * raw.len()));
        }
    }
}
