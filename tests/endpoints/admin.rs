//! The endpoints of the admin listener, with a server that only notes what it is asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use loiter::endpoint::{ADMIN_ROUTES, ROUTES};
use loiter::http::app::App;
use loiter::http::compat::ADMIN;
use loiter::http::control::{Control, Defaults, Readiness, SharedControl};
use loiter::http::journal::SharedJournal;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;

use crate::ask::*;
use crate::journal;

/// Notes the changes that it is asked for.
#[derive(Debug, Default)]
struct Noted {
    changes: Mutex<Vec<String>>,
    readiness: Readiness,
    silent: Vec<usize>,
    journal: Option<SharedJournal>,
}

impl Noted {
    fn note(&self, change: String) {
        self.changes.lock().unwrap().push(change);
    }
}

impl Control for Noted {
    fn metrics(&self) -> String {
        "loiter_up 1\n".to_owned()
    }

    fn stats(&self) -> String {
        "{}\n".to_owned()
    }

    fn reset_stats(&self) {
        self.note("reset".to_owned());
    }

    fn settings(&self) -> String {
        "workers = 1\n".to_owned()
    }

    fn defaults(&self) -> Defaults {
        Defaults { list: "delay=1s".to_owned(), ..Defaults::default() }
    }

    fn set_defaults(&self, list: &str, ttl: Option<Duration>) -> Result<(), String> {
        if list == "bad" {
            return Err("modifier `bad`: there is no such modifier".to_owned());
        }
        self.note(format!("with {list} {ttl:?}"));
        Ok(())
    }

    fn journal(&self) -> Option<SharedJournal> {
        self.journal.clone()
    }

    fn clear_defaults(&self) {
        self.note("clear".to_owned());
    }

    fn set_ready(&self, on: bool) {
        self.readiness.set(on);
        self.note(format!("ready {on}"));
    }

    fn silent_workers(&self) -> Vec<usize> {
        self.silent.clone()
    }

    fn exit(&self, status: Option<u8>, wait: Duration) -> Result<(), String> {
        self.note(format!("exit {status:?} {wait:?}"));
        Ok(())
    }

    fn has_name(&self, host: &str) -> bool {
        host == "node1.example.org"
    }
}

fn app_for(noted: &Arc<Noted>) -> App {
    let control = SharedControl(Arc::clone(noted) as Arc<dyn Control>);
    let readiness = noted.readiness.clone();
    App { compat: &ADMIN, modifiers: false, control: Some(control), readiness, ..App::default() }
}

/// The application of an admin listener whose server keeps this journal.
pub(crate) fn app_with(journal: Option<SharedJournal>) -> App {
    app_for(&Arc::new(Noted { journal, ..Noted::default() }))
}

/// The answer to a request with these fields, and what it changed.
fn admin(line: &str, fields: &[(&str, &str)], body: &[u8]) -> (Answer, Vec<String>) {
    let noted = Arc::new(Noted::default());
    let answer = ask_of(&app_for(&noted), line, fields, body);
    let changes = std::mem::take(&mut *noted.changes.lock().unwrap());
    (answer, changes)
}

pub(crate) const MAY: (&str, &str) = ("Loiter-Admin", "1");
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
const IN_EFFECT: &str =
    "{\n  \"with\": \"delay=1s\",\n  \"from\": \"settings\",\n  \"seconds_left\": null\n}\n";

#[rustfmt::skip]
const READS: &[Row] = &[
    ("/", "GET /", &[], b"", 200, TEXT, Has("  GET     /metrics           Metrics in")),
    ("/", "GET /", &[], b"", 200, TEXT, Has("  PUT     /with?ttl=         Replaces")),
    ("/", "POST /", &[MAY], b"", 405, TEXT, Has("not allowed")),
    ("/healthz", "GET /healthz", &[], b"", 200, TEXT, Is("ok\n")),
    ("/healthz", "GET /healthz?a", &[], b"", 400, TEXT, Has("no parameter `a`; there is none here")),
    ("/livez", "GET /livez", &[], b"", 200, TEXT, Is("ok\n")),
    ("/livez", "PUT /livez", &[MAY], b"", 405, TEXT, Any),
    ("/readyz", "HEAD /readyz", &[], b"", 200, TEXT, Any),
    ("/readyz", "GET /readyz", &[], b"", 200, TEXT, Is("ready\n")),
    ("/readyz", "DELETE /readyz", &[MAY], b"", 405, TEXT, Any),
    ("/metrics", "GET /metrics", &[], b"", 200, METRICS, Is("loiter_up 1\n")),
    ("/metrics", "GET /metric", &[], b"", 404, TEXT, Is("there is no /metric here; did you mean /metrics?\n")),
    ("/stats", "GET /stats", &[], b"", 200, JSON, Is("{}\n")),
    ("/stats", "GET /stats/", &[], b"", 404, TEXT, Any),
    ("/settings", "GET /settings", &[], b"", 200, TEXT, Is("workers = 1\n")),
    ("/settings", "PUT /settings", &[MAY], b"", 405, TEXT, Any),
    ("/with", "GET /with", &[], b"", 200, JSON, Is(IN_EFFECT)),
    ("/with", "GET /with?ttl=1", &[], b"", 400, TEXT, Has("there is no parameter `ttl`")),
    ("/", "GET /get", &[], b"", 404, TEXT, Any),
    ("/", "GET /%2e%2e/secret/of/great/length", &[], b"", 404, TEXT, Has("GET / lists")),
];

/// Requests that change something, and what the server is asked for; or why not.
#[rustfmt::skip]
const CHANGES: &[(&str, &str, &[u8], u16, &str)] = &[
    ("/stats/reset", "POST /stats/reset", b"", 200, "reset"),
    ("/stats/reset", "GET /stats/reset", b"", 405, ""),
    ("/with", "PUT /with", b"delay=20ms\nstatus=503@0.1", 200, "with delay=20ms\nstatus=503@0.1 None"),
    ("/with", "PUT /with", b"", 200, "with  None"),
    ("/with", "PUT /with?ttl=60s", b"last", 200, "with last Some(60s)"),
    ("/with", "PUT /with?ttl=1.5", b"last", 200, "with last Some(1.5s)"),
    ("/with", "PUT /with?ttl=0", b"last", 400, "bad ttl \"0\""),
    ("/with", "PUT /with?ttl=-1", b"last", 400, "bad ttl"),
    ("/with", "PUT /with?ttl=soon", b"last", 400, "bad ttl \"soon\": expected seconds"),
    ("/with", "PUT /with?ttl=721h", b"last", 400, "it is longer than 2592000s"),
    ("/with", "PUT /with?tll=60s", b"last", 400, "there is no parameter `tll`; did you mean ttl?"),
    ("/with", "PUT /with", b"bad", 400, "modifier `bad`: there is no such modifier"),
    ("/with", "PUT /with", b"\xff", 400, "not valid UTF-8"),
    ("/with", "DELETE /with", b"", 200, "clear"),
    ("/with", "POST /with", b"last", 405, ""),
    ("/with", "PATCH /with", b"last", 405, ""),
    ("/ready", "PUT /ready?on=false", b"", 200, "ready false"),
    ("/ready", "PUT /ready?on=true", b"", 200, "ready true"),
    ("/ready", "PUT /ready?on=maybe", b"", 400, "bad on \"maybe\": write on=true or on=false"),
    ("/ready", "PUT /ready", b"", 400, "write on=true or on=false"),
    ("/ready", "GET /ready?on=false", b"", 405, ""),
    ("/exit", "POST /exit", b"", 202, "exit None 0ns"),
    ("/exit", "POST /exit?code=3&wait=2s", b"", 202, "exit Some(3) 2s"),
    ("/exit", "POST /exit?code=256", b"", 400, "bad code \"256\": it must be 0 to 255"),
    ("/exit", "POST /exit?code=-1", b"", 400, "bad code"),
    ("/exit", "POST /exit?code=", b"", 400, "bad code"),
    ("/exit", "POST /exit?wait=2h", b"", 400, "it is longer than 3600s"),
    ("/exit", "POST /exit?status=1", b"", 400, "there is no parameter `status`; there is code, wait"),
    ("/exit", "GET /exit", b"", 405, ""),
];

#[test]
fn every_row_that_reads() {
    let app = app_for(&Arc::new(Noted::default()));
    READS.iter().for_each(|row| check(&app, row));
}

#[test]
fn every_row_that_changes_needs_the_field() {
    for (_, line, body, status, what) in CHANGES {
        let (answer, changes) = admin(line, &[("Host", "localhost:9090"), MAY], body);
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!(answer.status, *status, "{line}: {text}");
        match status {
            200..300 => assert_eq!(changes, [*what], "{line}"),
            _ => assert!(text.contains(what) && changes.is_empty(), "{line}: {text}"),
        }
        for other in [&[][..], &[("Loiter-Admin", "0")], &[("Loiter-Admin", "")]] {
            let (answer, changes) = admin(line, &[CURL, other].concat(), body);
            assert!(answer.status >= 400 && changes.is_empty(), "{line}");
            if *status < 300 {
                let text = String::from_utf8(answer.body).unwrap();
                assert_eq!(answer.status, 403, "{line}");
                assert!(text.contains("the header field `Loiter-Admin: 1`"), "{text}");
            }
        }
    }
}

#[test]
fn every_route_has_a_good_and_a_bad_row() {
    for route in ADMIN_ROUTES {
        let reads = READS.iter().chain(journal::ROWS).map(|row| (row.0, row.4));
        let changes = CHANGES.iter().map(|row| (row.0, row.3));
        let rows = || reads.clone().chain(changes.clone()).filter(|row| row.0 == route.path);
        assert!(rows().any(|row| row.1 < 400), "{} has no good row", route.path);
        assert!(rows().any(|row| row.1 >= 400), "{} has no bad row", route.path);
    }
}

#[test]
fn both_tables_are_apart() {
    let (main, noted) = (App::default(), Arc::new(Noted::default()));
    for route in ADMIN_ROUTES.iter().filter(|route| !route.path.ends_with('z')).skip(1) {
        assert_eq!(ask_of(&main, &format!("GET {}", route.path), CURL, b"").status, 404);
    }
    for route in ROUTES.iter().filter(|route| !route.is_probe() && route.path != "/") {
        let line = format!("GET {}", route.sample());
        assert!(ask_of(&app_for(&noted), &line, CURL, b"").status >= 400, "{line}");
    }
    assert!(noted.changes.lock().unwrap().is_empty());
}

/// Who asks for HTML by its name gets the live page, everyone else the list.
#[test]
fn a_browser_gets_the_live_page() {
    for (accept, live) in [
        ("text/html,application/xhtml+xml,*/*;q=0.8", true),
        ("text/html;q=0", false),
        ("text/*", false),
        ("*/*", false),
    ] {
        for (journal, shown) in
            [(Some(SharedJournal::default()), "id=list>"), (None, "<code>--journal 1000</code>")]
        {
            let fields = [("Host", "localhost"), ("Accept", accept)];
            let answer = ask_of(&app_with(journal), "GET /", &fields, b"");
            let text = String::from_utf8(answer.body.clone()).unwrap();
            assert_eq!(text.contains(shown), live, "{accept}");
            assert_eq!(text.starts_with("loiter "), !live, "{accept}");
            assert_eq!(answer.field("Content-Security-Policy").is_some(), live);
            assert!(answer.field("Vary").unwrap().starts_with("Accept"));
            assert!(!text.contains("https://") && !text.contains("src="));
        }
    }
}

#[test]
fn readiness_and_silent_workers_are_shown() {
    let noted = Arc::new(Noted { silent: vec![0, 3], ..Noted::default() });
    let app = app_for(&noted);
    let ask = |line: &str| {
        let answer = ask_of(&app, line, &[CURL, &[MAY]].concat(), b"");
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    let silent = (503, "no answer within a second from worker 0, 3\n".to_owned());
    assert_eq!(ask("GET /livez"), silent);
    assert_eq!(ask("GET /healthz"), silent);
    assert_eq!(ask("PUT /ready?on=off"), (200, "switched off\n".to_owned()));
    assert_eq!(ask("GET /readyz"), (503, "switched off\n".to_owned()));
    assert_eq!(ask("PUT /ready?on=1"), (200, "ready\n".to_owned()));
    assert_eq!(ask("GET /readyz"), (200, "ready\n".to_owned()));
}

/// A page of a name that resolves to this machine is of the same origin: it can send any field.
#[test]
fn a_page_that_rebinds_its_name_gets_nothing() {
    for host in ["evil.example:9090", "evil.example", "127.0.0.1.evil.example"] {
        for line in [
            "GET /settings",
            "GET /with",
            "GET /stats",
            "GET /",
            "GET /requests",
            "GET /requests/1/raw",
            "GET /requests.har",
            "GET /events",
            "DELETE /requests",
            "POST /exit",
            "PUT /with",
        ] {
            let (answer, changes) = admin(line, &[("Host", host), MAY], b"");
            let text = String::from_utf8(answer.body).unwrap();
            assert_eq!((answer.status, changes), (421, Vec::new()), "{line} {host}: {text}");
            assert!(text.contains("send `Host: localhost`"), "{text}");
        }
        for line in ["GET /healthz", "GET /livez", "GET /readyz", "GET /metrics"] {
            assert_eq!(admin(line, &[("Host", host)], b"").0.status, 200, "{line}");
        }
    }
    for host in ["localhost", "127.0.0.1:1", "[::1]:1", "loiter:9090", "NODE1.example.org:9090"] {
        assert_eq!(admin("GET /settings", &[("Host", host)], b"").0.status, 200, "{host}");
    }
    assert_eq!(admin("GET /settings", &[], b"").0.status, 200, "HTTP/1.0 has no host");
}

/// What a connection answers to these bytes, and what they changed.
fn over_a_connection(bytes: &str) -> (String, Vec<String>) {
    let noted = Arc::new(Noted::default());
    let mut driver = Driver::new(app_for(&noted), Protocol::Http, 1);
    driver.receive(bytes.as_bytes());
    let changes = std::mem::take(&mut *noted.changes.lock().unwrap());
    (String::from_utf8(driver.output.unread().to_vec()).unwrap(), changes)
}

/// What browsers send for a page of another site, by the Fetch standard: it changes nothing, and
/// no script reads the answer.
#[test]
fn a_page_of_another_site_changes_nothing_and_reads_nothing() {
    let of_page = "Host: 127.0.0.1:9090\r\nOrigin: http://evil.example\r\n\
                   Sec-Fetch-Site: cross-site\r\n";
    let form = "Sec-Fetch-Mode: navigate\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                Content-Length: 3\r\n\r\na=b";
    let no_cors = "Sec-Fetch-Mode: no-cors\r\nContent-Type: text/plain;charset=UTF-8\r\n\
                   Content-Length: 4\r\n\r\nlast";
    let preflight = "Sec-Fetch-Mode: cors\r\nAccess-Control-Request-Method: PUT\r\n\
                     Access-Control-Request-Headers: loiter-admin\r\n\
                     Access-Control-Request-Private-Network: true\r\n\r\n";
    for (line, rest, status) in [
        ("POST /exit?code=1", form, 403),
        ("POST /exit", no_cors, 403),
        ("POST /stats/reset", form, 403),
        ("POST /with", no_cors, 405),
        ("GET /exit", "\r\n", 405),
        ("GET /ready?on=false", "\r\n", 405),
        ("OPTIONS /with", preflight, 405),
        ("OPTIONS /exit", preflight, 405),
        ("OPTIONS /nope", preflight, 404),
        ("OPTIONS *", preflight, 404),
        ("GET /settings", "Sec-Fetch-Mode: cors\r\n\r\n", 403),
        ("GET /requests?wait=1s", "Sec-Fetch-Mode: no-cors\r\n\r\n", 403),
        ("GET /events", "Sec-Fetch-Mode: navigate\r\n\r\n", 403),
        ("GET /", "Sec-Fetch-Mode: navigate\r\n\r\n", 200),
        ("GET /readyz", "Sec-Fetch-Mode: no-cors\r\n\r\n", 200),
    ] {
        let request = format!("{line} HTTP/1.1\r\n{of_page}{rest}");
        let (answer, changes) = over_a_connection(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {answer}");
        assert!(!answer.contains("Access-Control"), "{line}: {answer}");
        assert!(answer.contains("X-Content-Type-Options: nosniff\r\n"), "{line}: {answer}");
        assert_eq!(changes, [""; 0], "{line}");
    }
}

/// Of this machine's other ports either; its own page may, and its user.
#[test]
fn a_page_of_another_port_may_not_ask() {
    for (site, status) in [("same-site", 403), ("same-origin", 200), ("none", 200)] {
        let fields = [("Host", "localhost:9090"), ("Sec-Fetch-Site", site)];
        let (answer, _) = admin("GET /settings", &fields, b"");
        assert_eq!(answer.status, status, "{site}");
        assert_eq!(admin("GET /metrics", &fields, b"").0.status, 200, "{site}");
    }
}

/// Nothing of the API's, such as modifiers in the path, query or fields, reaches this listener.
#[test]
fn modifiers_mean_nothing_there() {
    for (target, status) in [("/~status=500/readyz", 404), ("/readyz?~status=500", 400)] {
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let (answer, _) = over_a_connection(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{target}: {answer}");
    }
    let request = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nLoiter: status=500\r\n\r\n";
    assert!(over_a_connection(request).0.starts_with("HTTP/1.1 200 "));
}
