//! Bodies in pieces.

use loiter::http::app::App;
use loiter::http::compat::GO_HTTPBIN;

use crate::ask::*;

const LINES: &str = "application/x-ndjson; charset=utf-8";
const EVENTS: &str = "text/event-stream; charset=utf-8";
const TOO_MUCH: Check = Is("Too much time\n");

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/stream/{n}", "GET /stream/2", &[], b"", 200, JSON, Is(STREAM)),
    ("/stream/{n}", "GET /stream/0", &[], b"", 200, JSON, Is("")),
    ("/stream/{n}", "GET /stream/1000", &[], b"", 200, JSON, Has("\"id\": 99}\n")),
    ("/stream/{n}", "GET /stream/1?b=1&a=2&b=3", &[], b"", 200, JSON, Has("\"args\": {\"b\": [\"1\", \"3\"], \"a\": \"2\"}")),
    ("/stream/{n}", "GET /stream/x", &[], b"", 404, HTML, Any),
    ("/stream-bytes/{n}", "GET /stream-bytes/10", &[], b"", 200, BYTES, Long(10)),
    ("/stream-bytes/{n}", "GET /stream-bytes/0", &[], b"", 200, BYTES, Is("")),
    ("/stream-bytes/{n}", "GET /stream-bytes/3?SEED=%201&CHUNK_SIZE=2", &[], b"", 200, BYTES, Is("D \u{82}")),
    ("/stream-bytes/{n}", "GET /stream-bytes/200000?chunk_size=0", &[], b"", 200, BYTES, Long(102_400)),
    ("/stream-bytes/{n}", "GET /stream-bytes/3?chunk_size=x", &[], b"", 400, JSON, Has("bad chunk_size")),
    ("/stream-bytes/{n}", "GET /stream-bytes/3?seed=x", &[], b"", 400, JSON, Has("bad seed")),
    ("/stream-bytes/{n}", "GET /stream-bytes/x", &[], b"", 404, HTML, Any),
    ("/jsonl", "GET /jsonl?count=2", &[], b"", 200, LINES, Is(JSON_LINES)),
    ("/jsonl", "POST /jsonl", &[], b"", 200, LINES, Has("{\"id\":9,")),
    ("/jsonl", "GET /jsonl?count=0", &[], b"", 200, LINES, Has("{\"id\":0,")),
    ("/jsonl", "GET /jsonl?count=x", &[], b"", 400, JSON, Has("bad count")),
    ("/jsonl", "GET /jsonl?jitter=1.1", &[], b"", 400, JSON, Has("it must be 0 to 1")),
    ("/jsonl", "GET /jsonl?jitter=nan", &[], b"", 400, JSON, Has("bad jitter")),
    ("/jsonl", "GET /jsonl?duration=-1", &[], b"", 400, JSON, Has("negative")),
    ("/jsonl", "GET /jsonl?delay=x", &[], b"", 400, JSON, Has("bad delay")),
    ("/jsonl", "GET /jsonl?duration=6&delay=4001ms", &[], b"", 400, TEXT, TOO_MUCH),
    ("/jsonl", "GET /jsonl?duration=inf&delay=inf", &[], b"", 400, TEXT, TOO_MUCH),
    ("/sse", "GET /sse?count=2&duration=100ms", &[], b"", 200, EVENTS, Is(PINGS)),
    ("/sse", "GET /sse?count=18724", &[], b"", 200, EVENTS, Has("{\"id\":18723,")),
    ("/sse", "GET /sse?count=18725", &[], b"", 400, JSON, Has("it must be 1 to 18724")),
    ("/sse", "GET /sse?count=0", &[], b"", 400, JSON, Has("it must be 1 to 18724")),
    ("/sse", "GET /sse?count=-1", &[], b"", 400, JSON, Has("bad count")),
    ("/sse", "GET /sse?duration=0", &[], b"", 400, JSON, Has("bad duration \\\"0\\\"")),
    ("/sse", "GET /sse?duration=6&delay=4001ms", &[], b"", 400, JSON, Has("together are longer than 10s")),
    ("/sse", "GET /sse?jitter=-0.1", &[], b"", 400, JSON, Has("bad jitter")),
    ("/sse", "GET /sse?count=&duration=&delay=&jitter=", &[], b"", 200, "text/event-stream; charset=utf-8", Any),
    ("/jsonl", "GET /jsonl?count=&duration=&delay=&jitter=", &[], b"", 200, "application/x-ndjson; charset=utf-8", Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/stream/{n}", "GET /stream/0", &[], b"", 200, TEXT, Has("{\"id\":0,")),
    ("/stream/{n}", "GET /stream/1", &[], b"", 200, TEXT, Is(GO_STREAM)),
    ("/stream/{n}", "GET /stream/-1", &[], b"", 200, TEXT, Has("\"origin\":\"127.0.0.1\",\"url\":\"http://127.0.0.1:18080/stream/-1\"}\n")),
    ("/stream/{n}", "POST /stream/1000", &[], b"", 200, TEXT, Has("\n{\"id\":99,")),
    ("/stream/{n}", "GET /stream/x", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/stream-bytes/{n}", "GET /stream-bytes/200000", &[], b"", 200, BYTES, Long(200_000)),
    ("/stream-bytes/{n}", "GET /stream-bytes/0?chunk_size=0", &[], b"", 200, BYTES, Is("")),
    ("/stream-bytes/{n}", "GET /stream-bytes/1048577", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/stream-bytes/{n}", "GET /stream-bytes/x", &[], b"", 400, GO_JSON, Has("bad n")),
    ("/jsonl", "GET /jsonl?count=2", &[], b"", 200, LINES, Is(GO_JSON_LINES)),
    ("/jsonl", "GET /jsonl?duration=11", &[], b"", 400, TEXT, TOO_MUCH),
    ("/jsonl", "GET /jsonl?count=1.5", &[], b"", 400, GO_JSON, Has("bad count")),
    ("/sse", "PUT /sse?count=2&duration=100ms", &[], b"", 200, EVENTS, Is(PINGS)),
    ("/sse", "GET /sse?count=99999999999999999999", &[], b"", 400, GO_JSON, Has("bad count")),
    ("/sse", "GET /sse?duration=10001ms", &[], b"", 400, GO_JSON, Has("together are longer than 10s")),
    ("/stream-bytes/{n}", "GET /stream-bytes/3?chunk_size=&seed=", &[], b"", 200, BYTES, Long(3)),
];

#[test]
fn lines_and_events_come_with_the_ends_of_the_duration() {
    for (line, after_us, dues_us) in [
        ("/jsonl?count=3&duration=1&delay=.5", 500_000, vec![0, 500_000, 1_000_000]),
        ("/jsonl?count=1&duration=1", 0, vec![0]),
        ("/jsonl?count=4&duration=10us", 0, vec![0, 4, 7, 10]),
        ("/jsonl?count=-9", 0, vec![0]),
        ("/sse?count=5&delay=5", 5_000_000, (0..5).map(|n| n * 1_250_000).collect()),
        ("/sse?count=1", 0, vec![0]),
    ] {
        let answer = ask(&format!("GET {line}"), CURL, b"");
        assert_eq!((answer.after_us, answer.dues_us), (after_us, dues_us), "{line}");
    }
}

#[test]
fn jitter_varies_the_pauses() {
    let answer = ask("GET /sse?count=101&duration=1&jitter=0.5", CURL, b"");
    let pauses: Vec<u64> = answer.dues_us.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!(pauses.len(), 100);
    assert!(pauses.iter().all(|pause| (5_000..=15_000).contains(pause)), "{pauses:?}");
    assert!(pauses.iter().any(|pause| *pause < 8_000));
    assert!(pauses.iter().any(|pause| *pause > 12_000));
}

#[test]
fn jitter_takes_no_longer_than_the_duration() {
    // The only pause is drawn longer than the duration.
    let answer = ask("GET /sse?count=2&duration=1&jitter=1", CURL, b"");
    assert_eq!(answer.dues_us, [0, 1_000_000]);
}

#[test]
fn what_an_event_stream_took_follows_it() {
    let timing = "total_duration;dur=350.00;desc=\"total request duration\", \
        initial_delay;dur=250.00;desc=\"initial delay\", \
        write_duration;dur=100.00;desc=\"duration of writes after initial delay\", \
        pause_per_write;dur=50.00;desc=\"computed pause between writes\"";
    let answer = ask("GET /sse?count=3&duration=100ms&delay=250ms", CURL, b"");
    assert_eq!(answer.field("Trailer"), Some("Server-Timing"));
    assert_eq!(answer.field("Server-Timing"), None);
    assert_eq!(answer.trailers, [("Server-Timing".to_owned(), timing.to_owned())]);
}

#[test]
fn counts_follow_the_largest_body() {
    let mut app = app_of(&GO_HTTPBIN);
    let lines = |app: &App, line| ask_of(app, line, &[], b"").dues_us.len();
    assert_eq!(lines(&app, "GET /jsonl?count=9999&duration=1"), 6096);
    let long = ask_of(&app, "GET /jsonl?count=9999", &[("A", &"x".repeat(10_000))], b"");
    assert!((1_000_000..=1_050_000).contains(&long.body.len()), "{}", long.body.len());
    app.limits.body_bytes = 400;
    assert_eq!(lines(&app, "GET /jsonl?count=9&duration=1"), 2);
    assert_eq!(ask_of(&app, "GET /sse?count=8", CURL, b"").status, 400);
    app.limits.body_bytes = 1;
    assert_eq!(lines(&app, "GET /jsonl?duration=1"), 1);
    assert_eq!(lines(&app, "GET /sse?count=1"), 1);
}

#[test]
fn streamed_bytes_are_those_of_bytes_in_chunks() {
    let whole = ask("GET /bytes/30000?seed=5", CURL, b"").body;
    for (query, chunks) in [
        ("", 3),
        ("&chunk_size=1", 30_000),
        ("&chunk_size=0", 30_000),
        ("&chunk_size=-4", 30_000),
        ("&chunk_size=7000", 5),
        ("&chunk_size=99999999999999999999", 1),
    ] {
        let answer = ask(&format!("GET /stream-bytes/30000?seed=5{query}"), CURL, b"");
        assert_eq!(answer.pace, Some((0, chunks)), "{query}");
        assert_eq!(answer.body, whole, "{query}");
    }
    let chunks = |line| ask_go(line, CURL, b"").pace.unwrap().1;
    assert_eq!(chunks("GET /stream-bytes/30000?chunk_size=0"), 1);
    assert_eq!(chunks("GET /stream-bytes/30000?chunk_size=-4"), 1);
    assert_eq!(chunks("GET /stream-bytes/30000"), 3);
}

#[test]
fn clamped_values_are_reported() {
    for (line, clamped) in [
        ("GET /stream/101", Some("n=100")),
        ("GET /stream/100", None),
        ("GET /stream-bytes/102401", Some("n=102400")),
        ("GET /stream-bytes/9?chunk_size=1048577", Some("chunk_size=1048576")),
        ("GET /stream-bytes/9?chunk_size=0", None),
        ("GET /jsonl?count=6097", Some("count=6096")),
        ("GET /jsonl", None),
    ] {
        assert_eq!(ask(line, &[], b"").field("X-Clamped"), clamped, "{line}");
    }
}

// Captured from httpbin 0.10.4.
const STREAM: &str = r#"{"url": "http://127.0.0.1:18080/stream/2", "args": {}, "headers": {"Host": "127.0.0.1:18080", "User-Agent": "curl/7.88.1", "Accept": "*/*"}, "origin": "127.0.0.1", "id": 0}
{"url": "http://127.0.0.1:18080/stream/2", "args": {}, "headers": {"Host": "127.0.0.1:18080", "User-Agent": "curl/7.88.1", "Accept": "*/*"}, "origin": "127.0.0.1", "id": 1}
"#;
// Same as go-httpbin's, except for single values instead of lists.
const JSON_LINES: &str = r#"{"id":0,"args":{"count":"2"},"headers":{"Accept":"*/*","Host":"127.0.0.1:18080","User-Agent":"curl/7.88.1"},"origin":"127.0.0.1","url":"http://127.0.0.1:18080/jsonl?count=2"}
{"id":1,"args":{"count":"2"},"headers":{"Accept":"*/*","Host":"127.0.0.1:18080","User-Agent":"curl/7.88.1"},"origin":"127.0.0.1","url":"http://127.0.0.1:18080/jsonl?count=2"}
"#;
// The time of the request is 1795358821.485.
const PINGS: &str = r#"event: ping
data: {"id":0,"timestamp":1795358821485}

event: ping
data: {"id":1,"timestamp":1795358821585}

"#;
// Captured from go-httpbin 2.25, with another address.
const GO_STREAM: &str = r#"{"id":0,"args":{},"headers":{"Accept":["*/*"],"Host":["127.0.0.1:18080"],"User-Agent":["curl/7.88.1"]},"origin":"127.0.0.1","url":"http://127.0.0.1:18080/stream/1"}
"#;
const GO_JSON_LINES: &str = r#"{"id":0,"args":{"count":["2"]},"headers":{"Accept":["*/*"],"Host":["127.0.0.1:18080"],"User-Agent":["curl/7.88.1"]},"origin":"127.0.0.1","url":"http://127.0.0.1:18080/jsonl?count=2"}
{"id":1,"args":{"count":["2"]},"headers":{"Accept":["*/*"],"Host":["127.0.0.1:18080"],"User-Agent":["curl/7.88.1"]},"origin":"127.0.0.1","url":"http://127.0.0.1:18080/jsonl?count=2"}
"#;
