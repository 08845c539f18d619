//! Preconditions (RFC 9110 13): what a request knows of a document against what it is now.

use std::time::{Duration, UNIX_EPOCH};

use crate::http::request::{Method, Request};

/// A moment as a field tells it (RFC 9110 5.6.7).
pub fn http_date(unix_us: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_micros(unix_us))
}

/// The seconds of Unix time that a field of this name tells, if it tells any.
pub fn seconds(request: &Request, name: &str) -> Option<u64> {
    let text = std::str::from_utf8(request.field(name)?).ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// An entity tag of a list.
struct Tag<'a> {
    weak: bool,
    text: &'a [u8],
    /// Whether it stands in quotes, as it must.
    quoted: bool,
    /// Whether it is `*` as it stands, without quotes: any tag.
    any: bool,
}

impl Tag<'_> {
    fn is(&self, tag: &str) -> bool {
        self.quoted && self.text == tag.as_bytes()
    }
}

/// The tags of a list. Their quotes may be missing, as in httpbin, and hold no comma.
fn tags(list: &[u8]) -> impl Iterator<Item = Tag<'_>> {
    list.split(|&byte| byte == b',').map(|item| {
        let item = item.trim_ascii();
        let weak = item.strip_prefix(b"W/");
        let sent = weak.unwrap_or(item);
        let text = sent.strip_prefix(b"\"").unwrap_or(sent);
        let text = text.strip_suffix(b"\"").unwrap_or(text);
        Tag { weak: weak.is_some(), text, quoted: text.len() + 2 == sent.len(), any: item == b"*" }
    })
}

/// Whether a list has this tag, weak or not, or `*`, which httpbin takes in quotes too.
pub fn names(list: &[u8], tag: &str) -> bool {
    tags(list).any(|item| item.text == b"*" || item.text == tag.as_bytes())
}

/// The same as RFC 9110 has it: a tag stands in quotes, and `"*"` is one like any other.
fn names_weakly(list: &[u8], tag: &str) -> bool {
    tags(list).any(|item| item.any || item.is(tag))
}

/// The same, but for weak ones.
fn names_strongly(list: &[u8], tag: &str) -> bool {
    tags(list).any(|item| item.any || !item.weak && item.is(tag))
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is answered.
    Go,
    /// 304: the client has the document already.
    NotModified,
    /// 412: the document is not the one that was meant.
    Failed,
}

/// A document's entity tag, without quotes, and the second of Unix time when it last changed.
#[derive(Clone, Copy, Debug)]
pub struct Validator<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The date; without one the fields that compare dates do not count.
    pub modified_s: Option<u64>,
}

impl Validator<'_> {
    /// Weighs a request's preconditions in the order of RFC 9110 13.2.2, up to ranges.
    pub fn weigh(self, request: &Request) -> Outcome {
        let since = |name| self.modified_s.zip(seconds(request, name)).map(|(at, by)| at <= by);
        let meant = match request.joined("If-Match") {
            Some(list) => names_strongly(&list, self.tag),
            None => since("If-Unmodified-Since").unwrap_or(true),
        };
        let reads = matches!(request.method, Method::Get | Method::Head);
        let known = match request.joined("If-None-Match") {
            Some(list) => names_weakly(&list, self.tag),
            None => reads && since("If-Modified-Since").unwrap_or(false),
        };
        match (meant, known) {
            (true, false) => Outcome::Go,
            (true, true) if reads => Outcome::NotModified,
            _ => Outcome::Failed,
        }
    }

    /// Whether a range counts: there is no If-Range, or it names this very document.
    pub fn lets_range(self, request: &Request) -> bool {
        let Some(value) = request.field("If-Range") else { return true };
        let same_second =
            self.modified_s.is_some_and(|at| seconds(request, "If-Range") == Some(at));
        same_second || tags(value).any(|item| !item.weak && item.is(self.tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    const BEFORE: &str = "Sun, 22 Nov 2026 14:47:00 GMT";
    const VALIDATOR: Validator = Validator { tag: "abc", modified_s: Some(1_795_358_821) };

    fn weigh(fields: &[(&str, &str)]) -> Outcome {
        ask("/", fields, b"", |request| VALIDATOR.weigh(request))
    }

    #[test]
    fn a_date_is_told() {
        assert_eq!(http_date(1_795_358_821_485_000), "Sun, 22 Nov 2026 14:47:01 GMT");
    }

    #[test]
    fn lists_of_tags() {
        let known: [&[u8]; 8] =
            [b"*", b"abc", b"W/abc", b"\"abc\"", b"x, W/\"abc\" ", b"\"abc", b"abc\"", b"x,*"];
        for list in known {
            assert!(names(list, "abc"), "{}", list.escape_ascii());
        }
        let other: [&[u8]; 6] = [b"", b"x", b"w/abc", b"W/ \"abc\"", b"abc x", b"\"a,b\""];
        for list in other {
            assert!(!names(list, "abc"), "{}", list.escape_ascii());
        }
        assert!(names(b"\"*\"", "abc") && names_weakly(b"\"*\"", "*"));
        assert!(!names_strongly(b"W/\"abc\"", "abc") && names_strongly(b"x, \"abc\"", "abc"));
    }

    #[test]
    fn preconditions_in_their_order() {
        use Outcome::{Failed, Go, NotModified};
        for (fields, outcome) in [
            (&[][..], Go),
            (&[("If-Match", "\"abc\"")], Go),
            (&[("If-Match", "W/\"abc\"")], Failed),
            (&[("If-Match", "\"x\""), ("If-None-Match", "\"abc\"")], Failed),
            (&[("If-Match", "\"*\"")], Failed),
            (&[("If-None-Match", "*")], NotModified),
            (&[("If-None-Match", "\"*\"")], Go),
            (&[("If-None-Match", "abc")], Go),
            (&[("If-Match", "abc")], Failed),
            (&[("If-Match", "*"), ("If-Unmodified-Since", BEFORE)], Go),
            (&[("If-Unmodified-Since", BEFORE)], Failed),
            (&[("If-Unmodified-Since", "junk")], Go),
            (&[("If-None-Match", "x"), ("if-none-match", "W/\"abc\"")], NotModified),
            (&[("If-None-Match", "x"), ("If-Modified-Since", BEFORE)], Go),
            (&[("If-Modified-Since", BEFORE)], Go),
            (&[("If-Modified-Since", "Sun, 22 Nov 2026 14:47:01 GMT")], NotModified),
        ] {
            assert_eq!(weigh(fields), outcome, "{fields:?}");
        }
        let outcome = ask("/", &[("If-None-Match", "\"abc\"")], b"", |request| {
            VALIDATOR.weigh(&Request { method: Method::Put, ..request.clone() })
        });
        assert_eq!(outcome, Failed);
    }

    #[test]
    fn a_range_counts_only_for_this_very_document() {
        let lets = |value| ask("/", &[("If-Range", value)], b"", |r| VALIDATOR.lets_range(r));
        assert!(lets("\"abc\"") && lets("Sun, 22 Nov 2026 14:47:01 GMT"));
        assert!(!lets("W/\"abc\"") && !lets("abc") && !lets("\"x\"") && !lets(BEFORE));
        assert!(ask("/", &[], b"", |request| VALIDATOR.lets_range(request)));
    }
}
