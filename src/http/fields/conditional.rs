//! Preconditions (RFC 9110 13): a request's validators against the current ones.

use std::time::{Duration, UNIX_EPOCH};

use crate::http::request::{Method, Request};

/// A date for a field (RFC 9110 5.6.7).
pub fn http_date(unix_us: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_micros(unix_us))
}

/// The date in the field of this name as Unix time in seconds; `None` if it is missing or invalid.
pub fn date_s(request: &Request, name: &str) -> Option<u64> {
    let text = std::str::from_utf8(request.field(name)?).ok()?;
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

/// An entity tag in a list.
struct Tag<'a> {
    weak: bool,
    text: &'a [u8],
    /// Whether it is in quotes, as RFC 9110 requires.
    quoted: bool,
    /// Whether it is an unquoted `*`, which matches any tag.
    any: bool,
}

impl Tag<'_> {
    fn is(&self, tag: &str) -> bool {
        self.quoted && self.text == tag.as_bytes()
    }
}

/// The tags of a list. As in httpbin, quotes may be missing, and a comma in quotes separates.
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

/// Whether a list has this tag, weak or not, or `*`, which httpbin accepts in quotes too.
pub fn has_tag(list: &[u8], tag: &str) -> bool {
    tags(list).any(|item| item.text == b"*" || item.text == tag.as_bytes())
}

/// The weak comparison of RFC 9110 8.8.3.2: tags must be in quotes, and `"*"` is an ordinary tag.
fn matches_weakly(list: &[u8], tag: &str) -> bool {
    tags(list).any(|item| item.any || item.is(tag))
}

/// The strong comparison, which weak tags never pass.
fn matches_strongly(list: &[u8], tag: &str) -> bool {
    tags(list).any(|item| item.any || !item.weak && item.is(tag))
}

/// The result of evaluating the preconditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Process the request.
    Proceed,
    /// 304: the client has the current document.
    NotModified,
    /// 412: the document has changed, or exists already.
    Failed,
}

/// A document's entity tag, without quotes, and its last change as Unix time in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Validator<'a> {
    /// The tag.
    pub tag: &'a str,
    /// The date; without one, preconditions with dates are ignored.
    pub modified_s: Option<u64>,
}

impl Validator<'_> {
    /// Evaluates a request's preconditions in the order of RFC 9110 13.2.2, except for ranges.
    pub fn evaluate(self, request: &Request) -> Outcome {
        let since = |name| self.modified_s.zip(date_s(request, name)).map(|(at, by)| at <= by);
        let meant = match request.joined("If-Match") {
            Some(list) => matches_strongly(&list, self.tag),
            None => since("If-Unmodified-Since").unwrap_or(true),
        };
        let reads = matches!(request.method, Method::Get | Method::Head);
        let known = match request.joined("If-None-Match") {
            Some(list) => matches_weakly(&list, self.tag),
            None => reads && since("If-Modified-Since").unwrap_or(false),
        };
        match (meant, known) {
            (true, false) => Outcome::Proceed,
            (true, true) if reads => Outcome::NotModified,
            _ => Outcome::Failed,
        }
    }

    /// Whether to process the Range field: there is no If-Range, or it matches this document.
    pub fn allows_range(self, request: &Request) -> bool {
        let Some(value) = request.field("If-Range") else { return true };
        let same_second = self.modified_s.is_some_and(|at| date_s(request, "If-Range") == Some(at));
        same_second || tags(value).any(|item| !item.weak && item.is(self.tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    const BEFORE: &str = "Sun, 22 Nov 2026 14:47:00 GMT";
    const VALIDATOR: Validator = Validator { tag: "abc", modified_s: Some(1_795_358_821) };

    fn evaluate(fields: &[(&str, &str)]) -> Outcome {
        ask("/", fields, b"", |request| VALIDATOR.evaluate(request))
    }

    #[test]
    fn a_date_is_written() {
        assert_eq!(http_date(1_795_358_821_485_000), "Sun, 22 Nov 2026 14:47:01 GMT");
    }

    #[test]
    fn lists_of_tags() {
        let known: [&[u8]; 8] =
            [b"*", b"abc", b"W/abc", b"\"abc\"", b"x, W/\"abc\" ", b"\"abc", b"abc\"", b"x,*"];
        for list in known {
            assert!(has_tag(list, "abc"), "{}", list.escape_ascii());
        }
        let other: [&[u8]; 6] = [b"", b"x", b"w/abc", b"W/ \"abc\"", b"abc x", b"\"a,b\""];
        for list in other {
            assert!(!has_tag(list, "abc"), "{}", list.escape_ascii());
        }
        assert!(has_tag(b"\"*\"", "abc") && matches_weakly(b"\"*\"", "*"));
        assert!(!matches_strongly(b"W/\"abc\"", "abc") && matches_strongly(b"x, \"abc\"", "abc"));
    }

    #[test]
    fn preconditions_in_their_order() {
        use Outcome::{Failed, NotModified, Proceed};
        for (fields, outcome) in [
            (&[][..], Proceed),
            (&[("If-Match", "\"abc\"")], Proceed),
            (&[("If-Match", "W/\"abc\"")], Failed),
            (&[("If-Match", "\"x\""), ("If-None-Match", "\"abc\"")], Failed),
            (&[("If-Match", "\"*\"")], Failed),
            (&[("If-None-Match", "*")], NotModified),
            (&[("If-None-Match", "\"*\"")], Proceed),
            (&[("If-None-Match", "abc")], Proceed),
            (&[("If-Match", "abc")], Failed),
            (&[("If-Match", "*"), ("If-Unmodified-Since", BEFORE)], Proceed),
            (&[("If-Unmodified-Since", BEFORE)], Failed),
            (&[("If-Unmodified-Since", "junk")], Proceed),
            (&[("If-None-Match", "x"), ("if-none-match", "W/\"abc\"")], NotModified),
            (&[("If-None-Match", "x"), ("If-Modified-Since", BEFORE)], Proceed),
            (&[("If-Modified-Since", BEFORE)], Proceed),
            (&[("If-Modified-Since", "Sun, 22 Nov 2026 14:47:01 GMT")], NotModified),
        ] {
            assert_eq!(evaluate(fields), outcome, "{fields:?}");
        }
        let outcome = ask("/", &[("If-None-Match", "\"abc\"")], b"", |request| {
            VALIDATOR.evaluate(&Request { method: Method::Put, ..request.clone() })
        });
        assert_eq!(outcome, Failed);
    }

    #[test]
    fn a_range_counts_only_for_this_very_document() {
        let lets = |value| ask("/", &[("If-Range", value)], b"", |r| VALIDATOR.allows_range(r));
        assert!(lets("\"abc\"") && lets("Sun, 22 Nov 2026 14:47:01 GMT"));
        assert!(!lets("W/\"abc\"") && !lets("abc") && !lets("\"x\"") && !lets(BEFORE));
        assert!(ask("/", &[], b"", |request| VALIDATOR.allows_range(request)));
    }
}
