//! Re-encodes a JSON text as Python or Go would: parsed, and written with sorted keys.
//!
//! Integers of any size stay exact, floats are formatted as by the writer's spelling, the last of
//! several equal keys wins, keys are sorted by code points at every depth, and Python keeps lone
//! surrogates. Departures: what JSON cannot express (`NaN`, `Infinity`, `1e400`) becomes `null`,
//! and so does a text that is nested too deep or that indentation would enlarge too much.
//! go-httpbin reads integers as floats and so changes large ones; here they stay exact.

use std::cmp::Ordering;

use super::parse::{Kind, Node, children, parse};
use super::{Json, Spelling, escape_char, escape_char_utf8, escape_unit};
use crate::base::limits::{JSON_GROWTH_FLOOR, MAX_JSON_GROWTH};

/// Writes the value of `text`, or `null` if it is not JSON.
pub fn write(json: &mut Json, text: &str) {
    if text.is_empty() {
        return json.raw("null");
    }
    let most = MAX_JSON_GROWTH.saturating_mul(text.len()).max(JSON_GROWTH_FLOOR);
    let end = json.output.len().saturating_add(most);
    let written = parse(text).and_then(|nodes| {
        let tree = Tree { text, nodes: &nodes, end };
        json.attempt(|json| tree.write(json, 0))
    });
    if written.is_none() {
        json.raw("null");
    }
}

/// Whether the text is valid JSON by RFC 8259, and all its numbers fit a float.
pub fn is_json(text: &str) -> bool {
    let sound = |node: &Node| {
        let span = span(text, node);
        match node.kind {
            Kind::Null => span == "null",
            Kind::Float => span.parse().is_ok_and(f64::is_finite),
            _ => true,
        }
    };
    parse(text).is_some_and(|nodes| nodes.iter().all(sound))
}

/// The text of a node.
fn span<'a>(text: &'a str, node: &Node) -> &'a str {
    text.get(node.span.0 as usize..node.span.1 as usize).unwrap_or_default()
}

struct Tree<'a> {
    text: &'a str,
    nodes: &'a [Node],
    end: usize,
}

impl<'a> Tree<'a> {
    /// Writes the node at this index; `None` when the output has grown too long.
    fn write(&self, json: &mut Json, place: usize) -> Option<()> {
        let node = self.nodes.get(place)?;
        match node.kind {
            Kind::Null => json.raw("null"),
            Kind::Literal => json.raw(self.span(node)),
            // Python's integers have no negative zero; Go's floats do.
            Kind::Integer if json.spelling == Spelling::Python && self.span(node) == "-0" => {
                json.raw("0");
            }
            Kind::Integer => json.raw(self.span(node)),
            Kind::Float => write_float(json, self.span(node)),
            Kind::String => write_string(json, self.span(node)),
            Kind::List => self.write_list(json, place)?,
            Kind::Object => self.write_object(json, place)?,
        }
        (json.output.len() <= self.end).then_some(())
    }

    fn span(&self, node: &Node) -> &'a str {
        span(self.text, node)
    }

    fn write_list(&self, json: &mut Json, place: usize) -> Option<()> {
        json.open(b'[');
        for child in children(self.nodes, place) {
            json.item();
            self.write(json, child)?;
        }
        json.close(b']');
        Some(())
    }

    fn write_object(&self, json: &mut Json, place: usize) -> Option<()> {
        let mut keys = Vec::new();
        for key in children(self.nodes, place).step_by(2) {
            keys.push((self.span(self.nodes.get(key)?), key + 1));
        }
        // A stable sort, so the last of several equal keys in the text stays the last.
        let spelling = json.spelling;
        let by_points = |one: &str, other: &str| by_points(spelling, one, other);
        keys.sort_by(|one, other| by_points(one.0, other.0));
        json.open(b'{');
        for same in keys.chunk_by(|one, other| by_points(one.0, other.0).is_eq()) {
            let &(key, value) = same.last()?;
            json.item();
            write_string(json, key);
            json.colon();
            self.write(json, value)?;
        }
        json.close(b'}');
        Some(())
    }
}

/// The first character of a JSON string, a code point or a lone surrogate, and the rest.
fn first_point(text: &str) -> Option<(u32, &str)> {
    let mut chars = text.chars();
    let char = chars.next()?;
    if char != '\\' {
        return Some((char.into(), chars.as_str()));
    }
    let unit = match chars.next()? {
        'b' => 8,
        'f' => 12,
        'n' => 10,
        'r' => 13,
        't' => 9,
        'u' => return unicode_point(chars.as_str()),
        other => u32::from(other),
    };
    Some((unit, chars.as_str()))
}

/// The code point of the four digits at the start, or of the surrogate pair.
fn unicode_point(text: &str) -> Option<(u32, &str)> {
    let (high, rest) = unit(text)?;
    let low =
        rest.strip_prefix("\\u").and_then(unit).filter(|low| (0xdc00..0xe000).contains(&low.0));
    match low {
        Some((low, rest)) if (0xd800..0xdc00).contains(&high) => {
            Some((0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), rest))
        }
        _ => Some((high, rest)),
    }
}

fn unit(text: &str) -> Option<(u32, &str)> {
    let (digits, rest) = text.split_at_checked(4)?;
    Some((u32::from_str_radix(digits, 16).ok()?, rest))
}

/// The code points of a string's content. Go replaces a lone surrogate by U+FFFD.
pub(super) fn points(spelling: Spelling, text: &str) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (point, after) = first_point(rest)?;
        rest = after;
        match (spelling, char::from_u32(point)) {
            (Spelling::Go, None) => Some(0xfffd),
            _ => Some(point),
        }
    })
}

/// Compares two strings by code points, which is the order of their UTF-8 bytes as well.
fn by_points(spelling: Spelling, one: &str, other: &str) -> Ordering {
    if one.contains('\\') || other.contains('\\') {
        points(spelling, one).cmp(points(spelling, other))
    } else {
        one.cmp(other)
    }
}

/// Writes a string from the content of one, with its escapes in the writer's spelling.
fn write_string(json: &mut Json, text: &str) {
    if !text.contains('\\') {
        return json.text(text);
    }
    let spelling = json.spelling;
    json.quoted(|output| {
        for point in points(spelling, text) {
            match (char::from_u32(point), spelling) {
                (Some(char), Spelling::Python) => escape_char(output, char),
                (Some(char), Spelling::Go) => escape_char_utf8(output, char),
                (None, _) => escape_unit(output, point as u16),
            }
        }
    });
}

/// Writes a float with the fewest digits that parse to the same value. Python's `repr` uses an
/// exponent of at least two digits below 1e-4 and from 1e16 on; Go's `encoding/json` below 1e-6 and
/// from 1e21 on, and writes no `.0`.
fn write_float(json: &mut Json, text: &str) {
    let float = text.parse::<f64>().unwrap_or(f64::NAN);
    if !float.is_finite() {
        return json.raw("null");
    }
    let shortest = format!("{float:e}");
    let (digits, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let after_point = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let (plain, fraction, width) = match json.spelling {
        Spelling::Python => (-4..=15, 1, 2),
        Spelling::Go => (-6..=20, 0, 1),
    };
    if plain.contains(&exponent) {
        let after_point = i32::try_from(after_point).unwrap_or_default() - exponent;
        let places = usize::try_from(after_point).unwrap_or_default().max(fraction);
        let shortest = || match json.spelling {
            Spelling::Python => format!("{float:?}"),
            Spelling::Go => float.to_string(),
        };
        return json.raw(&nearest(float, format!("{float:.places$}"), shortest));
    }
    let spelled = nearest(float, format!("{float:.after_point$e}"), || shortest.clone());
    let digits = spelled.split_once('e').map_or(spelled.as_str(), |parts| parts.0);
    let sign = if exponent < 0 { '-' } else { '+' };
    json.raw(&format!("{digits}e{sign}{:0width$}", exponent.unsigned_abs()));
}

/// Of two equally near shortest spellings, Python and Go choose the even one and Rust the larger.
/// Rounding to as many digits gives the even one, which nearly always parses to the same value.
fn nearest(float: f64, even: String, shortest: impl FnOnce() -> String) -> String {
    if even.parse() == Ok(float) { even } else { shortest() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::json::Layout;
    use proptest::prelude::*;

    fn reencoded(text: &str) -> String {
        let mut output = Vec::new();
        write(&mut Json::new(&mut output, Layout::Spaced), text);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn numbers_are_spelled_as_python_spells_them() {
        for (text, spelled) in [
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("0.1e1", "1.0"),
            ("1E5", "100000.0"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("12345678901234567.0", "1.2345678901234568e+16"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.5e-7", "1.5e-07"),
            ("1e22", "1e+22"),
            ("5e-324", "5e-324"),
            ("-207187847431045.125", "-207187847431045.12"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("-1e-99999", "-0.0"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
        ] {
            assert_eq!(reencoded(text), spelled, "{text}");
        }
    }

    #[test]
    fn what_json_cannot_express_is_null() {
        assert_eq!(
            reencoded("[NaN, Infinity, -Infinity, 1e400, 1]"),
            "[null, null, null, null, 1]"
        );
    }

    #[test]
    fn strings_keep_lone_surrogates() {
        for (text, spelled) in [
            (r#""\ud800""#, r#""\ud800""#),
            (r#""\uD83D\uDE00""#, r#""\ud83d\ude00""#),
            (r#""\ude00\ud83d""#, r#""\ude00\ud83d""#),
            (r#""\ud83d\u0041\/""#, r#""\ud83dA/""#),
            ("\"\u{7f}\u{2028}\\u000a\\b\"", r#""\u007f\u2028\n\b""#),
            (r#""\"\\""#, r#""\"\\""#),
        ] {
            assert_eq!(reencoded(text), spelled);
        }
    }

    #[test]
    fn keys_are_sorted_by_code_points_and_the_last_of_equals_counts() {
        assert_eq!(
            reencoded(r#"{"a": 1, "b": {"z": 1, "y": []}, "a": 2, "": {}}"#),
            r#"{"": {}, "a": 2, "b": {"y": [], "z": 1}}"#
        );
        assert_eq!(reencoded(r#"{"a":1,"\u0061":2}"#), r#"{"a": 2}"#);
        let emoji = "{\"\u{1f600}\":1,\"\u{ffff}\":2,\"\\ud83d\":3,\"\\ud83d\\ude00\":4}";
        assert_eq!(reencoded(emoji), r#"{"\ud83d": 3, "\uffff": 2, "\ud83d\ude00": 4}"#);
    }

    #[test]
    fn invalid_json_is_null() {
        for text in [
            "",
            " ",
            "\u{feff}{}",
            "{}{}",
            "[1,]",
            "{\"a\":1,}",
            "01",
            "+1",
            "1.",
            ".5",
            "-",
            "1e",
            "1e+",
            "[1 2]",
            "tRue",
            "nan",
            "\u{b}1",
            "\u{a0}1",
            "\"a\nb\"",
            r#""\x""#,
            r#""\u12""#,
            r#""\u+123""#,
            "{1:2}",
            "{\"a\"}",
            "{\"a\":}",
            "[",
            "]",
            "\"",
            "'a'",
            "-x",
        ] {
            assert_eq!(reencoded(text), "null", "{text:?}");
        }
        assert_eq!(reencoded(&"9".repeat(4301)), "null");
        assert_eq!(reencoded(&"9".repeat(4300)).len(), 4300);
        assert_eq!(reencoded(" \t\r\n 1 \n"), "1");
    }

    #[test]
    fn depth_and_growth_are_bounded() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(reencoded(&nested(512)).len(), 1024);
        assert_eq!(reencoded(&nested(513)), "null");
        assert_eq!(reencoded(&nested(500_000)), "null");
        let wide = "[".repeat(400) + "1" + &",1".repeat(200_000) + &"]".repeat(400);
        let mut output = Vec::new();
        write(&mut Json::new(&mut output, Layout::Indented), &wide);
        assert_eq!(output, b"null");
        let hollow = format!("[{}]", vec![nested(500); 100].join(","));
        let mut output = Vec::new();
        write(&mut Json::new(&mut output, Layout::Indented), &hollow);
        assert_eq!(output, b"null");
        let mut output = Vec::new();
        write(&mut Json::new(&mut output, Layout::Indented), &nested(512));
        assert!(output.len() > 500_000);
    }

    fn reencoded_by_go(text: &str) -> String {
        let mut output = Vec::new();
        write(&mut Json::spelled(&mut output, Layout::Compact, Spelling::Go), text);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn numbers_are_spelled_as_go_spells_them() {
        for (text, spelled) in [
            ("1.0", "1"),
            ("1e5", "100000"),
            ("-0", "-0"),
            ("-0.0", "-0"),
            ("0.1e1", "1"),
            ("1.50", "1.5"),
            ("0.000001", "0.000001"),
            ("0.0000001", "1e-7"),
            ("1.5e-10", "1.5e-10"),
            ("1e20", "100000000000000000000"),
            ("1e21", "1e+21"),
            ("-1.25e100", "-1.25e+100"),
            ("123456789.125", "123456789.125"),
            ("5e-324", "5e-324"),
            ("9007199254740993", "9007199254740993"),
        ] {
            assert_eq!(reencoded_by_go(text), spelled, "{text}");
        }
    }

    #[test]
    fn strings_are_spelled_as_go_spells_them() {
        let text = r#"{"b": "\ud800\u003c\u00e9\u2028", "a": ["é<", {}]}"#;
        assert_eq!(reencoded_by_go(text), "{\"a\":[\"é<\",{}],\"b\":\"\u{fffd}<é\\u2028\"}");
    }

    // Found by fuzzing: they were written twice, and sorted as surrogates.
    #[test]
    fn keys_that_are_equal_in_go_are_merged() {
        let text = r#"{"\ud800": 1, "\uf000": 2, "\udfff": 3}"#;
        assert_eq!(reencoded_by_go(text), "{\"\u{f000}\":2,\"\u{fffd}\":3}");
    }

    #[test]
    fn what_is_json_in_the_strict_sense() {
        assert!(is_json(" {\"a\": [1, 1.5, null, true, \"NaN\"]} "));
        for text in ["", " ", "NaN", "[-Infinity]", "1e400", "{} {}", "[1,]", "\u{feff}1"] {
            assert!(!is_json(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[\\[\\]{}\",:\\\\u0-9a-fDd.eE+ -]{0,40}") {
            let once = reencoded(&text);
            prop_assert_eq!(reencoded(&once), once);
        }

        #[test]
        fn floats_read_back_the_same(float in any::<f64>()) {
            let spelled = reencoded(&format!("{float:e}"));
            if float.is_finite() {
                prop_assert_eq!(spelled.parse::<f64>().unwrap().to_bits(), float.to_bits());
            }
        }
    }
}
