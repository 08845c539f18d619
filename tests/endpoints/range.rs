//! Byte ranges.

use crate::ask::*;

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
const BOUND: &str = "number of bytes must be in the range (0, 102400]";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/range/{numbytes}", "GET /range/26", &[], b"", 200, BYTES, Is(ALPHABET)),
    ("/range/{numbytes}", "GET /range/28", &[("Range", "bytes=24-")], b"", 206, BYTES, Is("yzab")),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=10-14")], b"", 206, BYTES, Is("klmno")),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=-50")], b"", 200, BYTES, Is(ALPHABET)),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=30-")], b"", 416, TEXT, Is("")),
    ("/range/{numbytes}", "GET /range/26", &[("If-None-Match", "range26")], b"", 200, BYTES, Any),
    ("/range/{numbytes}", "GET /range/102400", &[], b"", 200, BYTES, Long(102_400)),
    ("/range/{numbytes}", "GET /range/102401", &[], b"", 404, TEXT, Is(BOUND)),
    ("/range/{numbytes}", "GET /range/0", &[], b"", 404, TEXT, Is(BOUND)),
    ("/range/{numbytes}", "GET /range/x", &[], b"", 404, HTML, Any),
    ("/range/{numbytes}", "GET /range/5?chunk_size=-3&duration=0.1", &[], b"", 200, BYTES, Is("abcde")),
    ("/range/{numbytes}", "GET /range/5?chunk_size=3", &[], b"", 200, BYTES, Is("abcde")),
    ("/range/{numbytes}", "GET /range/5?CHUNK_SIZE=x", &[], b"", 400, JSON, Has("bad chunk_size")),
    ("/range/{numbytes}", "GET /range/5?duration=-1", &[], b"", 400, JSON, Has("bad duration")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/range/{numbytes}", "GET /range/26", &[], b"", 200, TEXT, Is(ALPHABET)),
    ("/range/{numbytes}", "GET /range/1048576", &[], b"", 200, TEXT, Long(1_048_576)),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=20-99")], b"", 206, TEXT, Is("uvwxyz")),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=0-1,3-4")], b"", 200, TEXT, Is(ALPHABET)),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=5-4")], b"", 200, TEXT, Is(ALPHABET)),
    ("/range/{numbytes}", "GET /range/26", &[("Range", "bytes=26-")], b"", 416, TEXT, Is("")),
    ("/range/{numbytes}", "GET /range/26", &[("If-None-Match", "\"range26\"")], b"", 304, "", Is("")),
    ("/range/{numbytes}", "GET /range/0", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/range/{numbytes}", "GET /range/1.5", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/range/{numbytes}", "GET /range/1048577", &[], b"", 400, GO_JSON, Any),
    ("/range/{numbytes}", "GET /range/5?duration=11s", &[], b"", 400, GO_JSON, Has("bad duration")),
    ("/range/{numbytes}", "GET /range/5?duration=", &[], b"", 200, TEXT, Is("abcde")),
];

#[test]
fn content_range_of_a_range() {
    let content_range = |range| {
        let fields = [CURL, &[("Range", range)]].concat();
        let answer = ask("GET /range/26", &fields, b"");
        assert_eq!(answer.field("ETag"), Some("range26"));
        assert_eq!(answer.field("Accept-Ranges"), Some("bytes"));
        answer.field("Content-Range").unwrap().to_owned()
    };
    assert_eq!(content_range("bytes=0-"), "bytes 0-25/26");
    assert_eq!(content_range("bytes=10-14"), "bytes 10-14/26");
    assert_eq!(content_range("bytes=30-"), "bytes */26");
    assert_eq!(ask("GET /range/0", CURL, b"").field("ETag"), Some("range0"));
}

#[test]
fn letters_take_their_share_of_the_duration() {
    for (query, range, after, pace) in [
        ("chunk_size=5&duration=1", "bytes=0-", 0, (1_000_000, 2)),
        ("chunk_size=3&duration=1", "bytes=0-", 0, (1_000_000, 4)),
        ("chunk_size=2&duration=1", "bytes=5-", 0, (500_000, 3)),
        ("chunk_size=5&duration=1", "bytes=2-4", 300_000, (0, 1)),
        ("duration=500ms", "bytes=0-", 500_000, (0, 1)),
        ("chunk_size=1&duration=1m", "bytes=0-", 0, (10_000_000, 10)),
        ("chunk_size=1", "bytes=0-", 0, (0, 1)),
    ] {
        let fields = [CURL, &[("Range", range)]].concat();
        let answer = ask(&format!("GET /range/10?{query}"), &fields, b"");
        assert_eq!((answer.after_us, answer.pace), (after, Some(pace)), "{query}");
        let clamped = query.contains("1m").then_some("duration=10000000us");
        assert_eq!(answer.field("X-Clamped"), clamped, "{query}");
    }
    assert_eq!(ask_go("GET /range/10?duration=2", CURL, b"").after_us, 2_000_000);
    // The default is 10 KiB.
    assert_eq!(ask("GET /range/20480?duration=1", CURL, b"").pace, Some((1_000_000, 2)));
}
