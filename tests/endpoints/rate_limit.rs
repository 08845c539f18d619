//! `/ratelimit`: what passes, what does not, and by which key.

use loiter::http::app::App;
use loiter::http::compat::GO_HTTPBIN;

use crate::ask::*;

const ROUTE: &str = "/ratelimit/{n}/{window}";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    (ROUTE, "GET /ratelimit/5/10s", &[], b"", 200, JSON, Is("{\n  \"limit\": 5,\n  \"remaining\": 4,\n  \"reset\": 1795358832,\n  \"reset_after\": 10\n}\n")),
    (ROUTE, "GET /ratelimit/1/.5?key=rows", &[], b"", 200, JSON, Has("\"reset_after\": 1\n")),
    (ROUTE, "POST /ratelimit/1/.5?key=rows", &[], b"", 429, JSON, Is("{\n  \"status_code\": 429,\n  \"error\": \"Too Many Requests\",\n  \"detail\": \"more than 1 in 500ms: try again in 1 s, when the window ends\"\n}\n")),
    (ROUTE, "GET /ratelimit/1000000000/8760h", &[], b"", 200, JSON, Has("\"reset_after\": 31536000\n")),
    (ROUTE, "GET /ratelimit/0/1s", &[], b"", 400, JSON, Has("bad n \\\"0\\\": it must be 1 to 1000000000")),
    (ROUTE, "GET /ratelimit/1000000001/1s", &[], b"", 400, JSON, Has("bad n")),
    (ROUTE, "GET /ratelimit/x/1s", &[], b"", 400, JSON, Has("bad n \\\"x\\\"")),
    (ROUTE, "GET /ratelimit/5/0", &[], b"", 400, JSON, Has("bad window \\\"0\\\": it must be longer than 0, and 8760h at most")),
    (ROUTE, "GET /ratelimit/5/8760.1h", &[], b"", 400, JSON, Has("8760h at most")),
    (ROUTE, "GET /ratelimit/5/-1", &[], b"", 400, JSON, Has("negative")),
    (ROUTE, "GET /ratelimit/5/x", &[], b"", 400, JSON, Has("bad window")),
    (ROUTE, "GET /ratelimit/5/%ff", &[], b"", 400, JSON, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    (ROUTE, "GET /ratelimit/5/1m", &[], b"", 200, GO_JSON, Has("\"reset_after\": 60\n")),
    (ROUTE, "PURGE /ratelimit/1/1m?key=&field=", &[], b"", 200, GO_JSON, Has("\"remaining\": 0")),
    (ROUTE, "GET /ratelimit/1/1m", &[], b"", 429, GO_JSON, Has("more than 1 in 60s")),
    (ROUTE, "GET /ratelimit/5/x", &[], b"", 400, GO_JSON, Any),
];

/// The statuses of these requests, each with these fields.
fn statuses(app: &App, requests: &[(&str, &[(&str, &str)])]) -> Vec<u16> {
    requests.iter().map(|(line, fields)| ask_of(app, line, fields, b"").status).collect()
}

#[test]
fn clients_names_and_values_are_counted_apart() {
    let one = "GET /ratelimit/1/1m";
    let named = "GET /ratelimit/1/1m?key=a";
    let by_field = "GET /ratelimit/1/1m?field=x-api-key";
    let (secret, other): (&[_], &[_]) = (&[("X-Api-Key", "s3")], &[("X-API-KEY", "s4")]);
    let proxied: &[_] = &[("X-Forwarded-For", "203.0.113.7")];
    let app = App::default();
    assert_eq!(statuses(&app, &[(one, &[]), (one, &[]), (one, proxied)]), [200, 429, 200]);
    assert_eq!(statuses(&app, &[(named, &[]), (named, proxied), (named, secret)]), [200, 429, 429]);
    let asked = [(by_field, secret), (by_field, secret), (by_field, other)];
    assert_eq!(statuses(&app, &asked), [200, 429, 200]);
    // Without the field it is the address, of which the first request has already come.
    assert_eq!(statuses(&app, &[(by_field, &[]), ("GET /ratelimit/2/1m", &[])]), [429, 200]);
}

#[test]
fn head_is_counted_and_options_is_not() {
    let app = App::default();
    let asked = ["OPTIONS", "HEAD", "OPTIONS", "GET"].map(|method| [method, " /ratelimit/1/1m"]);
    let asked = asked.map(|line| ask_of(&app, &line.concat(), CURL, b"").status);
    assert_eq!(asked, [200, 200, 200, 429]);
}

#[test]
fn both_answers_have_the_fields() {
    for compat in [App::default().compat, &GO_HTTPBIN] {
        let app = App { compat, ..App::default() };
        for (retry_after, remaining) in [(None, "1"), (None, "0"), (Some("90"), "0")] {
            let answer = ask_of(&app, "GET /ratelimit/2/90s", CURL, b"");
            for (name, value) in [
                ("RateLimit-Policy", Some("\"default\";q=2;w=90")),
                ("RateLimit", Some(&*format!("\"default\";r={remaining};t=90"))),
                ("X-RateLimit-Limit", Some("2")),
                ("X-RateLimit-Remaining", Some(remaining)),
                ("X-RateLimit-Reset", Some("1795358912")),
                ("Retry-After", retry_after),
                ("Cache-Control", Some("no-store")),
            ] {
                assert_eq!(answer.field(name), value, "{name}");
            }
        }
    }
}
