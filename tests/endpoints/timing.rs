//! Delayed and paced answers.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/delay/{delay}", "GET /delay/1", &[], b"", 200, JSON, Is(DELAY)),
    ("/delay/{delay}", "POST /delay/0", &[], b"{}", 200, JSON, Has("\"data\": \"{}\"")),
    ("/delay/{delay}", "GET /delay/abc", &[], b"", 400, JSON, Has("bad delay \\\"abc\\\"")),
    ("/delay/{delay}", "GET /delay/-1", &[], b"", 400, JSON, Has("negative")),
    ("/delay/{delay}", "GET /delay/nan", &[], b"", 400, JSON, Any),
    ("/delay/{delay}", "GET /delay/%ff", &[], b"", 400, JSON, Any),
    ("/delay/{delay}", "GET /delay/1/2", &[], b"", 404, HTML, Any),
    ("/drip", "GET /drip?duration=0&numbytes=5&code=200", &[], b"", 200, BYTES, Is("*****")),
    ("/drip", "GET /drip", &[], b"", 200, BYTES, Is("**********")),
    ("/drip", "GET /drip?numbytes=99999999", &[], b"", 200, BYTES, Long(10 * 1024 * 1024)),
    ("/drip", "GET /drip?code=418&NUMBYTES=1", &[], b"", 418, BYTES, Is("**********")),
    ("/drip", "GET /drip?code=204", &[], b"", 204, BYTES, Is("")),
    ("/drip", "GET /drip?numbytes=0", &[], b"", 400, TEXT, Is("number of bytes must be positive")),
    ("/drip", "GET /drip?numbytes=-1", &[], b"", 400, TEXT, Is("number of bytes must be positive")),
    ("/drip", "GET /drip?numbytes=x", &[], b"", 400, JSON, Has("bad numbytes")),
    ("/drip", "GET /drip?duration=-1", &[], b"", 400, JSON, Has("bad duration")),
    ("/drip", "GET /drip?duration=", &[], b"", 400, JSON, Has("bad duration")),
    ("/drip", "GET /drip?delay=x", &[], b"", 400, JSON, Has("bad delay")),
    ("/drip", "GET /drip?code=99", &[], b"", 400, JSON, Has("bad code")),
    ("/drip", "GET /drip?code=x", &[], b"", 400, JSON, Has("bad code")),
    ("/drip", "GET /drip?code=100&numbytes=3", &[], b"", 100, BYTES, Is("***")),
    ("/drip", "GET /drip?code=101", &[("Upgrade", "x")], b"", 101, BYTES, Is("")),
    ("/drip", "GET /drip?code=101", &[], b"", 400, JSON, Has("Upgrade")),
    ("/drip", "GET /drip?code=304", &[], b"", 304, "", Is("")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/delay/{delay}", "GET /delay/100ms", &[], b"", 200, GO_JSON, Is(GO_DELAY)),
    ("/delay/{delay}", "GET /delay/10", &[], b"", 200, GO_JSON, Any),
    ("/delay/{delay}", "GET /delay/10.000001", &[], b"", 400, GO_JSON, Has("longer than 10s")),
    ("/delay/{delay}", "GET /delay/1h", &[], b"", 400, GO_JSON, Has("longer than 10s")),
    ("/delay/{delay}", "GET /delay/inf", &[], b"", 400, GO_JSON, Has("longer than 10s")),
    ("/delay/{delay}", "GET /delay/nan", &[], b"", 400, GO_JSON, Has("bad delay")),
    ("/delay/{delay}", "GET /delay/-1", &[], b"", 400, GO_JSON, Has("negative")),
    ("/delay/{delay}", "GET /delay/abc", &[], b"", 400, GO_JSON, Has("bad delay")),
    ("/delay/{delay}", "POST /delay/0", &[("Content-Type", "application/json")], b"{", 400, GO_JSON, Has("body")),
    ("/drip", "GET /drip?numbytes=3&duration=100ms&delay=0", &[], b"", 200, TEXT, Is("***")),
    ("/drip", "POST /drip", &[], b"", 200, TEXT, Is("**********")),
    ("/drip", "GET /drip?code=100&numbytes=2", &[], b"", 100, TEXT, Is("**")),
    ("/drip", "GET /drip?code=204", &[], b"", 204, TEXT, Is("")),
    ("/drip", "GET /drip?code=600", &[], b"", 400, GO_JSON, Has("it must be 100 to 599")),
    ("/drip", "GET /drip?code=99", &[], b"", 400, GO_JSON, Has("it must be 100 to 599")),
    ("/drip", "GET /drip?numbytes=0", &[], b"", 400, GO_JSON, Has("it must be 1 to 1048576")),
    ("/drip", "GET /drip?numbytes=-1", &[], b"", 400, GO_JSON, Has("it must be 1 to 1048576")),
    ("/drip", "GET /drip?numbytes=1048576", &[], b"", 200, TEXT, Long(1_048_576)),
    ("/drip", "GET /drip?numbytes=1048577", &[], b"", 400, GO_JSON, Has("1 to 1048576")),
    ("/drip", "GET /drip?duration=8&delay=2s", &[], b"", 200, TEXT, Any),
    ("/drip", "GET /drip?duration=8&delay=2001ms", &[], b"", 400, GO_JSON, Has("together are longer than 10s")),
    ("/drip", "GET /drip?duration=inf&delay=inf", &[], b"", 400, GO_JSON, Has("together are longer than 10s")),
    ("/drip", "GET /drip?delay=-1", &[], b"", 400, GO_JSON, Has("negative")),
    ("/delay/{delay}", "GET /delay/%201", &[], b"", 400, GO_JSON, Has("bad delay")),
    ("/drip", "GET /drip?duration=&numbytes=&code=&delay=0", &[], b"", 200, TEXT, Is("**********")),
];

#[test]
fn delays_are_bounded_and_never_early() {
    for (delay, micros) in [
        ("0", 0),
        ("1", 1_000_000),
        (".25", 250_000),
        ("1e-1", 100_000),
        ("50ms", 50_000),
        ("1.5s", 1_500_000),
        ("10ns", 1),
        ("12", 10_000_000),
        ("inf", 10_000_000),
        ("1h2m", 10_000_000),
        ("%31", 1_000_000),
        ("10%C2%B5s", 10),
    ] {
        let answer = ask(&format!("GET /delay/{delay}"), CURL, b"");
        assert_eq!((answer.status, answer.after_us), (200, micros), "{delay}");
    }
    assert_eq!(ask("OPTIONS /delay/5", CURL, b"").after_us, 0);
}

#[test]
fn drips_are_limited_and_show_their_timing() {
    for (query, after, span, pieces) in [
        ("", 0, 2_000_000, 10),
        ("duration=1&delay=.5&numbytes=3", 500_000, 1_000_000, 3),
        ("duration=8&delay=5", 5_000_000, 5_000_000, 10),
        ("duration=1m&delay=inf", 10_000_000, 0, 10),
        ("duration=100ms&delay=-3&numbytes=1", 0, 100_000, 1),
    ] {
        let answer = ask(&format!("GET /drip?{query}"), CURL, b"");
        assert_eq!((answer.after_us, answer.pace), (after, Some((span, pieces))), "{query}");
    }
    let timing = "total_duration;dur=100.00;desc=\"total request duration\", \
        initial_delay;dur=0.00;desc=\"initial delay\", \
        write_duration;dur=100.00;desc=\"duration of writes after initial delay\", \
        pause_per_write;dur=50.00;desc=\"computed pause between writes\"";
    let answer = ask("GET /drip?numbytes=2&duration=100ms", CURL, b"");
    assert_eq!(answer.field("Server-Timing"), Some(timing));
}

#[test]
fn go_httpbins_drip_ends_with_the_last_byte() {
    let answer = ask_go("GET /drip?numbytes=3&duration=100ms&delay=0", CURL, b"");
    let timing = "total_duration;dur=100.00;desc=\"total request duration\", \
        initial_delay;dur=0.00;desc=\"initial delay\", \
        write_duration;dur=100.00;desc=\"duration of writes after initial delay\", \
        pause_per_write;dur=50.00;desc=\"computed pause between writes\"";
    assert_eq!(answer.field("Server-Timing"), Some(timing));
    assert_eq!(answer.dues_us, [0, 50_000, 100_000]);
    let answer = ask_go("GET /drip?numbytes=3", CURL, b"");
    assert_eq!((answer.after_us, answer.pace), (2_000_000, Some((2_000_000, 3))));
    let answer = ask_go("GET /drip?numbytes=1&duration=1", CURL, b"");
    assert!(answer.field("Server-Timing").unwrap().contains("pause_per_write;dur=1000.00;"));
}

#[test]
fn clamped_values_are_reported() {
    let clamped = |line| ask(line, CURL, b"").field("X-Clamped").map(str::to_owned);
    assert_eq!(clamped("GET /drip?numbytes=99999999").unwrap(), "numbytes=10485760");
    assert_eq!(clamped("GET /drip?numbytes=9"), None);
    let answer = ask("GET /drip?duration=8&delay=5&numbytes=5", CURL, b"");
    let timing = answer.field("Server-Timing").unwrap();
    assert!(timing.contains("write_duration;dur=5000.00;"), "{timing}");
    assert!(timing.contains("pause_per_write;dur=1000.00;"), "{timing}");
}

// Captured from httpbin 0.10.4.
const DELAY: &str = r#"{
  "args": {},
  "data": "",
  "files": {},
  "form": {},
  "headers": {
    "Accept": "*/*",
    "Host": "127.0.0.1:18080",
    "User-Agent": "curl/7.88.1"
  },
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/delay/1"
}
"#;
// Captured from go-httpbin 2.25, with another address.
const GO_DELAY: &str = r#"{
  "args": {},
  "headers": {
    "Accept": [
      "*/*"
    ],
    "Host": [
      "127.0.0.1:18080"
    ],
    "User-Agent": [
      "curl/7.88.1"
    ]
  },
  "method": "GET",
  "origin": "127.0.0.1",
  "url": "http://127.0.0.1:18080/delay/100ms",
  "data": "",
  "files": {},
  "form": {},
  "json": null
}
"#;
