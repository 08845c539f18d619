//! Re-encodes a JSON text as Python or Go would: parsed, and written with sorted keys.
//!
//! Integers of any size stay exact, floats are formatted as by the writer's spelling, the last of
//! several equal keys wins, keys are sorted by code points at every depth, and Python keeps lone
//! surrogates. Departures: what JSON cannot express (`NaN`, `Infinity`, `1e400`) becomes `null`,
//! and so does a text that is nested too deep or that indentation would enlarge too much.
//! go-httpbin reads integers as floats and so changes large ones; here they stay exact.

pub use super::parse::is_json;
use super::parse::{Kind, Node, Reader};
use super::write::{WORD, copy_plain};
use super::{Json, Spelling, escape_char, escape_char_utf8, escape_unit, float};
use crate::base::limits::{JSON_GROWTH_FLOOR, MAX_JSON_GROWTH};
use crate::base::sort::sort_by_bytes;

/// Writes the value of `text`, or `null` if it is not JSON.
pub fn write(json: &mut Json, text: &str) {
    if text.is_empty() {
        return json.raw("null");
    }
    let most = MAX_JSON_GROWTH.saturating_mul(text.len()).max(JSON_GROWTH_FLOOR);
    let end = json.output.len().saturating_add(most);
    let mut tree = Tree { text, end, keys: Vec::new(), decoded: Vec::new() };
    let written = Reader::new(text).and_then(|mut reader| {
        json.attempt(|json| reader.whole(|reader| tree.copy(json, reader, 0)))
    });
    if written.is_none() {
        json.raw("null");
    }
}

/// The text of a node.
fn span<'a>(text: &'a str, node: &Node) -> &'a str {
    text.get(node.span.0 as usize..node.span.1 as usize).unwrap_or_default()
}

struct Tree<'a> {
    text: &'a str,
    /// Most bytes of output.
    end: usize,
    /// The keys of the objects that are being written, those of each object sorted: the index of a
    /// node in the upper 32 of 64 bits, in the lower ones how many are in `decoded` with it, or 0.
    keys: Vec<u128>,
    /// The content of keys with escapes.
    decoded: Vec<Vec<u8>>,
}

impl<'a> Tree<'a> {
    /// Reads a value and writes it; `None` if it is not JSON, or the output has grown too long. A
    /// list is written while it is read: only an object must be known to its end, as its keys are
    /// sorted.
    fn copy(&mut self, json: &mut Json, reader: &mut Reader, depth: usize) -> Option<()> {
        if reader.peek()? != b'[' {
            reader.nodes.clear();
            reader.value(depth)?;
            return self.write(json, &reader.nodes, 0);
        }
        json.open(b'[');
        reader.items(b']', depth, |reader| {
            json.item();
            self.copy(json, reader, depth + 1)
        })?;
        json.close(b']');
        (json.output.len() <= self.end).then_some(())
    }

    /// Writes the node at this index.
    fn write(&mut self, json: &mut Json, nodes: &[Node], place: usize) -> Option<()> {
        let node = *nodes.get(place)?;
        let span = span(self.text, &node);
        match node.kind {
            Kind::Null => json.raw("null"),
            // Python's integers have no negative zero; Go's floats do.
            Kind::Integer if span == "-0" && json.spelling == Spelling::Python => json.raw("0"),
            Kind::Literal | Kind::Integer => json.raw(span),
            Kind::Float => {
                let written = float::write(json.output, json.spelling, span);
                written.unwrap_or_else(|| json.raw("null"));
            }
            Kind::Plain | Kind::String | Kind::Escaped => self.write_string(json, &node),
            Kind::List => self.write_list(json, nodes, place)?,
            Kind::Object => self.write_object(json, nodes, place)?,
        }
        (json.output.len() <= self.end).then_some(())
    }

    /// Writes a string with the same content.
    fn write_string(&self, json: &mut Json, node: &Node) {
        let (start, end) = (node.span.0 as usize, node.span.1 as usize);
        match node.kind {
            // With its quotes.
            Kind::Plain => json.raw(self.text.get(start - 1..end + 1).unwrap_or_default()),
            Kind::Escaped => write_escaped(json, span(self.text, node)),
            _ => json.text(span(self.text, node)),
        }
    }

    fn write_list(&mut self, json: &mut Json, nodes: &[Node], place: usize) -> Option<()> {
        json.open(b'[');
        let (mut item, end) = (place + 1, after(nodes, place)?);
        while item < end {
            json.item();
            self.write(json, nodes, item)?;
            item = after(nodes, item)?;
        }
        json.close(b']');
        Some(())
    }

    fn write_object(&mut self, json: &mut Json, nodes: &[Node], place: usize) -> Option<()> {
        let (start, decoded) = (self.keys.len(), self.decoded.len());
        let (mut key, end) = (place + 1, after(nodes, place)?);
        while key < end {
            self.push_key(nodes, key, json.spelling);
            key = after(nodes, key + 1)?;
        }
        sort_by_bytes(self.keys.get_mut(start..)?, &|place| match self
            .decoded
            .get((place as u32 as usize).wrapping_sub(1))
        {
            Some(decoded) => decoded,
            None => {
                nodes.get((place >> 32) as usize).map_or("", |key| span(self.text, key)).as_bytes()
            }
        });
        json.open(b'{');
        for place in start..self.keys.len() {
            // The last of several equal keys counts, and they are in the order of the text.
            if self.keys.get(place + 1).is_some_and(|next| next >> 64 == 1) {
                continue;
            }
            let key = (*self.keys.get(place)? as u64 >> 32) as usize;
            json.item();
            self.write_string(json, nodes.get(key)?);
            json.colon();
            self.write(json, nodes, key + 1)?;
        }
        json.close(b'}');
        self.keys.truncate(start);
        self.decoded.truncate(decoded);
        Some(())
    }

    fn push_key(&mut self, nodes: &[Node], place: usize, spelling: Spelling) {
        let escaped = nodes.get(place).filter(|node| node.kind == Kind::Escaped);
        let decoded = escaped.map_or(0, |node| {
            self.decoded.push(wtf8(points(spelling, span(self.text, node))));
            self.decoded.len()
        });
        self.keys.push((place as u128) << 32 | decoded as u128);
    }
}

/// A text as UTF-8, whose order is that of code points. So it is with a lone surrogate, which UTF-8
/// has no bytes for, if it is written by the same rule.
fn wtf8(points: impl Iterator<Item = u32>) -> Vec<u8> {
    let mut bytes = Vec::new();
    for point in points {
        match char::from_u32(point) {
            Some(char) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
            None => bytes.extend([0xed, (point >> 6) as u8 & 63 | 128, point as u8 & 63 | 128]),
        }
    }
    bytes
}

/// The index of the node after this one and what is in it.
fn after(nodes: &[Node], place: usize) -> Option<usize> {
    nodes.get(place).map(|node| node.next as usize)
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
    let digit = |unit: u32, digit: char| Some(unit << 4 | digit.to_digit(16)?);
    Some((digits.chars().try_fold(0, digit)?, rest))
}

/// The next code point of a string's content, and the rest. Go replaces a lone surrogate by U+FFFD.
fn next_point(spelling: Spelling, text: &str) -> Option<(u32, &str)> {
    let (point, rest) = first_point(text)?;
    match (spelling, point) {
        (Spelling::Go, 0xd800..0xe000) => Some((0xfffd, rest)),
        _ => Some((point, rest)),
    }
}

/// The code points of a string's content.
pub(super) fn points(spelling: Spelling, text: &str) -> impl Iterator<Item = u32> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (point, after) = next_point(spelling, rest)?;
        rest = after;
        Some(point)
    })
}

/// Writes a string from the content of one with escapes, in the writer's spelling.
fn write_escaped(json: &mut Json, text: &str) {
    let spelling = json.spelling;
    json.quoted(|output| {
        let mut rest = text;
        loop {
            rest = copy_plain(output, rest);
            for _ in 0..WORD {
                let Some((point, after)) = next_point(spelling, rest) else { return };
                match (char::from_u32(point), spelling) {
                    (Some(char), Spelling::Python) => escape_char(output, char),
                    (Some(char), Spelling::Go) => escape_char_utf8(output, char),
                    (None, _) => escape_unit(output, point as u16),
                }
                rest = after;
            }
        }
    });
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
            ("4.9406564584124654e-324", "5e-324"),
            ("2.2250738585072014e-308", "2.2250738585072014e-308"),
            ("0.30000000000000004", "0.30000000000000004"),
            ("0.1000000000000000055", "0.1"),
            ("12.50000000000000000000", "12.5"),
            ("100000000000000000000.0", "1e+20"),
            ("0.000e99999999999", "0.0"),
            ("-207187847431045.125", "-207187847431045.12"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("-1e-99999", "-0.0"),
            ("0.01e-2147483648", "0.0"),
            ("10e2147483647", "null"),
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
        let short = [
            "", " ", "{}{}", "[1,]", "01", "+1", "1.", ".5", "-", "1e", "1e+", "[1 2]", "tRue",
            "nan", "\u{b}1", "\u{a0}1", "\"a\nb\"", r#""\x""#, "{1:2}", "{\"a\"}", "{\"a\":}", "[",
            "]", "\"", "'a'", "-x",
        ];
        let long = ["\u{feff}{}", "{\"a\":1,}", r#""\u12""#, r#""\u+123""#];
        for text in short.into_iter().chain(long) {
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
            ("123456789012345683968.0", "123456789012345680000"),
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
