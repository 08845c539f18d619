//! Probes on the listeners that clients use.

use loiter::http::app::App;
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/healthz", "GET /healthz", &[], b"", 200, TEXT, Is("ok\n")),
    ("/healthz", "HEAD /healthz", &[], b"", 200, TEXT, Any),
    ("/healthz", "GET /healthz?a=b", &[], b"", 200, TEXT, Is("ok\n")),
    ("/healthz", "POST /healthz", &[], b"", 405, HTML, Any),
    ("/healthz", "GET /healthz/", &[], b"", 404, HTML, Any),
    ("/readyz", "GET /readyz", &[], b"", 200, TEXT, Is("ready\n")),
    ("/readyz", "PUT /readyz?on=false", &[], b"", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/healthz", "GET /healthz", &[], b"", 200, TEXT, Is("ok\n")),
    ("/healthz", "POST /healthz", &[], b"", 405, TEXT, Any),
    ("/readyz", "GET /readyz", &[], b"", 200, TEXT, Is("ready\n")),
];

#[test]
fn a_server_that_wants_no_requests_is_healthy_all_the_same() {
    let app = App::default();
    app.readiness.set(false);
    let (health, ready) = (ask_of(&app, "GET /healthz", CURL, b""), |app| {
        let answer = ask_of(app, "GET /readyz", CURL, b"");
        (answer.status, String::from_utf8(answer.body).unwrap())
    });
    assert_eq!((health.status, health.field("Cache-Control")), (200, Some("no-store")));
    assert_eq!(ready(&app), (503, "switched off\n".to_owned()));
    app.readiness.set(true);
    assert_eq!(ready(&app), (200, "ready\n".to_owned()));
    app.readiness.drain();
    assert_eq!(ready(&app), (503, "draining\n".to_owned()));
}

/// What a connection answers to this request, and how many lines the access log has of it.
fn over_a_connection(app: App, head: &str) -> (String, usize) {
    let mut driver = Driver::new(app, Protocol::Http, 1);
    driver.receive(format!("{head}\r\nHost: a\r\n\r\n").as_bytes());
    let answer = String::from_utf8(driver.output.unread().to_vec()).unwrap();
    (answer, driver.worker.records.len())
}

#[test]
fn no_modifier_changes_a_probe() {
    let with = "status=503; delay=1s; fault=close";
    for compat in [&HTTPBIN, &GO_HTTPBIN] {
        let mut app = App { compat, ..App::default() };
        app.with.add_list(with.as_bytes()).unwrap();
        for (target, field) in [
            ("/healthz", ""),
            ("/healthz?~status=500", ""),
            ("/~status=500/~delay=5s/healthz", ""),
            ("/delay/5/healthz", ""),
            ("/healthz", "\r\nLoiter: fault=reset"),
            ("/healthz", "\r\nLoiter: no such modifier"),
            ("/readyz?~fault=hang", ""),
        ] {
            let head = format!("GET {target} HTTP/1.1{field}");
            let (answer, _) = over_a_connection(app.clone(), &head);
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{head}: {answer}");
            assert!(!answer.contains("Loiter:"), "{head}: {answer}");
        }
        let (answer, _) = over_a_connection(app.clone(), "GET /get HTTP/1.1");
        assert_eq!(answer, "", "other routes are modified");
    }
}

#[test]
fn the_access_log_has_no_probes_unless_it_is_to() {
    let lines = |target: &str, log_probes| {
        let app = App { records: true, log_probes, prefix: "/p".to_owned(), ..App::default() };
        over_a_connection(app, &format!("GET {target} HTTP/1.1")).1
    };
    for target in ["/p/healthz", "/p/readyz", "/p/~delay=1s/healthz"] {
        assert_eq!((lines(target, false), lines(target, true)), (0, 1), "{target}");
    }
    for target in ["/p/get", "/healthz", "/p/nope", "/p/"] {
        assert_eq!((lines(target, false), lines(target, true)), (1, 1), "{target}");
    }
}
