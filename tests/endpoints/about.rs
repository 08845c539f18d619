//! Endpoints about the server.

use loiter::http::app::App;
use loiter::http::compat::GO_HTTPBIN;

use crate::ask::*;

const GO_JSON: &str = "application/json; charset=utf-8";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/hostname", "GET /hostname", &[], b"", 200, JSON, Is("{\n  \"hostname\": \"loiter\"\n}\n")),
    ("/hostname", "POST /hostname", &[], b"x", 200, JSON, Any),
    ("/hostname", "GET /hostname/", &[], b"", 404, HTML, Any),
    ("/env", "GET /env", &[], b"", 200, JSON, Is("{\n  \"env\": null\n}\n")),
    ("/env", "GET /env/HOME", &[], b"", 404, HTML, Any),
    ("/version", "DELETE /version", &[], b"", 200, JSON, Is("{\n  \"service\": \"loiter\"\n}\n")),
    ("/version", "GET /versions", &[], b"", 404, HTML, Any),
    ("/unstable", "GET /unstable?failure_rate=0", &[], b"", 200, TEXT, Is("")),
    ("/unstable", "PUT /unstable?failure_rate=1", &[], b"", 500, TEXT, Is("")),
    ("/unstable", "GET /unstable?failure_rate=&seed=", &[], b"", 200, TEXT, Is("")),
    ("/unstable", "GET /unstable?seed=1234567890&failure_rate=0.07", &[], b"", 200, TEXT, Is("")),
    ("/unstable", "GET /unstable?seed=1234567890&failure_rate=0.09", &[], b"", 500, TEXT, Is("")),
    ("/unstable", "GET /unstable?failure_rate=0&seed=-9223372036854775808", &[], b"", 200, TEXT, Is("")),
    ("/unstable", "GET /unstable?seed=9223372036854775808", &[], b"", 400, JSON, Has("bad seed")),
    ("/unstable", "GET /unstable?seed=x", &[], b"", 400, JSON, Has("bad seed \\\"x\\\"")),
    ("/unstable", "GET /unstable?failure_rate=1.01", &[], b"", 400, JSON, Has("from 0 to 1")),
    ("/unstable", "GET /unstable?failure_rate=-0.1", &[], b"", 400, JSON, Any),
    ("/unstable", "GET /unstable?failure_rate=nan", &[], b"", 400, JSON, Any),
    ("/unstable", "GET /unstable?failure_rate=x", &[], b"", 400, JSON, Has("bad failure_rate")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/hostname", "GET /hostname", &[], b"", 200, GO_JSON, Any),
    ("/hostname", "GET /hostname/x", &[], b"", 404, TEXT, Any),
    ("/env", "PATCH /env", &[], b"", 200, GO_JSON, Is("{\n  \"env\": null\n}\n")),
    ("/version", "GET /version", &[], b"", 200, GO_JSON, Is("{\n  \"service\": \"go-httpbin\"\n}\n")),
    ("/unstable", "GET /unstable?failure_rate=1", &[], b"", 500, TEXT, Is("")),
    ("/unstable", "GET /unstable?failure_rate=0", &[], b"", 200, TEXT, Is("")),
    ("/unstable", "GET /unstable?seed=1234567890", &[], b"", 500, TEXT, Is("")),
    ("/unstable", "GET /unstable?seed=1.5", &[], b"", 400, GO_JSON, Any),
];

fn body(app: &App, line: &str) -> String {
    String::from_utf8(ask_of(app, line, CURL, b"").body).unwrap()
}

#[test]
fn what_the_operator_allows_to_be_shown() {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let app = App {
        hostname: "a \"b\"".to_owned(),
        environment: vec![pair("HTTPBIN_ENV_B", "é\n"), pair("HTTPBIN_ENV_A", "")],
        full_version: true,
        ..App::default()
    };
    assert_eq!(body(&app, "GET /hostname"), "{\n  \"hostname\": \"a \\\"b\\\"\"\n}\n");
    let env = r#"{
  "env": {
    "HTTPBIN_ENV_A": "",
    "HTTPBIN_ENV_B": "\u00e9\n"
  }
}
"#;
    assert_eq!(body(&app, "GET /env"), env);
    let version = env!("CARGO_PKG_VERSION");
    let full = format!("{{\n  \"service\": \"loiter\",\n  \"version\": \"{version}\"\n}}\n");
    assert_eq!(body(&app, "GET /version"), full);
    let go = App { compat: &GO_HTTPBIN, ..app };
    assert_eq!(body(&go, "GET /version"), full.replace("loiter", "go-httpbin"));
    assert_eq!(body(&go, "GET /env"), env.replace("\\u00e9", "é"));
}

#[test]
fn half_of_all_fail_by_default() {
    let failed =
        (0..400).filter(|seed| ask(&format!("GET /unstable?seed={seed}"), CURL, b"").status == 500);
    let failed = failed.count();
    assert!((150..250).contains(&failed), "{failed}");
}
