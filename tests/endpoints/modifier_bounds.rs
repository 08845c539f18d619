//! What modifiers are not allowed to do: hold a place for ever, or let a browser execute an answer.

use std::sync::Arc;
use std::time::Duration;

use loiter::http::app::App;

use super::played::play;

/// The answer to a request, as text, and how long it took in microseconds.
fn ask(app: App, request: &str) -> (String, u64) {
    let played = play(&Arc::new(app), None, request.as_bytes());
    (String::from_utf8_lossy(&played.bytes).into_owned(), played.over_us)
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

fn short() -> App {
    let mut app = App::default();
    app.limits.max_wait = Duration::from_secs(3);
    app
}

#[test]
fn a_rate_ends_with_the_longest_wait_and_shows_that() {
    let (text, over_us) = ask(short(), &get("/~rate=20/bytes/150"));
    assert!(text.contains("rate=20; seed=") && text.contains("; cut=rate\r\n"), "{text}");
    assert!((3_000_000..3_100_000).contains(&over_us), "{over_us}");
    let (text, over_us) = ask(short(), &get("/~rate=20/bytes/50"));
    assert!(!text.contains("cut=") && over_us >= 2_500_000, "{over_us}: {text}");
}

#[test]
fn slow_reading_ends_with_the_longest_wait() {
    let post = "POST /~read=1/post HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nxxxxxxxxx";
    let (text, over_us) = ask(short(), post);
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("xxxxxxxxx"), "{text}");
    assert!((3_000_000..3_100_000).contains(&over_us), "{over_us}");
}

#[test]
fn no_field_lets_a_browser_execute_an_answer() {
    for field in
        ["Content-Type:text%2Fhtml", "content-type:image/svg%2Bxml", "X-Content-Type-Options:"]
    {
        let request = get(&format!("/get?~header={field}&~text=%3Cscript%3E"));
        let (text, _) = ask(App::default(), &request);
        assert!(text.starts_with("HTTP/1.1 403") && text.contains("--unsafe"), "{field}: {text}");
        let app = App { dangerous_responses: true, ..App::default() };
        let (text, _) = ask(app, &request);
        assert!(text.starts_with("HTTP/1.1 200"), "{field}: {text}");
    }
    let (text, _) = ask(App::default(), &get("/get?~header=Content-Type:text/csv"));
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("text/csv"), "{text}");
}

#[test]
fn a_refused_fault_counts_for_no_key_whatever_is_drawn() {
    let key = "~key=k&~times=1&~status=503";
    let faults = ["stall:event:2", "none@9,stall:event:2@1", "ws-close:4000"];
    let refused: String = faults.map(|fault| get(&format!("/get?{key}&~fault={fault}"))).concat();
    let (text, _) = ask(App::default(), &(refused + &get(&format!("/get?{key}"))));
    let statuses: Vec<&str> =
        text.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)).collect();
    assert_eq!(statuses, ["400", "400", "400", "503"], "{text}");
}

#[test]
fn a_public_server_sends_few_bytes_too_many() {
    let app = App { public: true, ..App::default() };
    let (text, _) = ask(app, &get("/~fault=extra:16385/get"));
    assert!(text.starts_with("HTTP/1.1 403") && text.contains("extra:16384"), "{text}");
}
