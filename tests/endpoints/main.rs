//! Good and bad requests for every route, and their answers: byte for byte where httpbin's and
//! go-httpbin's are known. One file per group of routes; each has rows for both modes.

mod about;
mod admin;
mod archive;
mod ask;
mod auth;
mod base64;
mod caching;
mod compression;
mod content;
mod cookies;
mod dialects;
mod documents;
mod faults;
mod hostile;
mod images;
mod index;
mod inspect;
mod journal;
mod links;
mod llm;
mod llm_choices;
mod modified_routes;
mod modifier_bounds;
mod modifiers;
mod openapi;
mod path_modifiers;
mod played;
mod probes;
mod proxy;
mod query;
mod range;
mod rate_limit;
mod raw;
mod redirects;
mod response;
mod response_headers;
mod status;
mod streams;
mod timing;
mod tls;
mod websocket;

use ask::{CURL, HTML, Row, app_of, ask, ask_go, brief, check};
use loiter::endpoint::ROUTES;
use loiter::http::compat::GO_HTTPBIN;

/// Rows for httpbin's mode.
const ROWS: &[&[Row]] = &[
    auth::ROWS,
    base64::ROWS,
    caching::ROWS,
    compression::ROWS,
    content::ROWS,
    cookies::ROWS,
    documents::ROWS,
    images::ROWS,
    index::ROWS,
    inspect::ROWS,
    links::ROWS,
    llm::ROWS,
    query::ROWS,
    range::ROWS,
    rate_limit::ROWS,
    redirects::ROWS,
    response_headers::ROWS,
    about::ROWS,
    streams::ROWS,
    timing::ROWS,
    tls::ROWS,
    probes::ROWS,
    proxy::ROWS,
    websocket::ROWS,
    raw::ROWS,
];
/// Rows for go-httpbin's mode.
const GO_ROWS: &[&[Row]] = &[
    auth::GO_ROWS,
    base64::GO_ROWS,
    caching::GO_ROWS,
    compression::GO_ROWS,
    content::GO_ROWS,
    cookies::GO_ROWS,
    documents::GO_ROWS,
    images::GO_ROWS,
    index::GO_ROWS,
    inspect::GO_ROWS,
    links::GO_ROWS,
    query::GO_ROWS,
    range::GO_ROWS,
    rate_limit::GO_ROWS,
    redirects::GO_ROWS,
    response_headers::GO_ROWS,
    about::GO_ROWS,
    status::GO_ROWS,
    streams::GO_ROWS,
    timing::GO_ROWS,
    tls::GO_ROWS,
    probes::GO_ROWS,
    proxy::GO_ROWS,
    raw::GO_ROWS,
];

#[test]
fn every_row() {
    let app = tls::with_ca(brief());
    ROWS.iter().copied().flatten().for_each(|row| check(&app, row));
}

#[test]
fn every_row_of_go_httpbins() {
    let app = tls::with_ca(app_of(&GO_HTTPBIN));
    GO_ROWS.iter().copied().flatten().for_each(|row| check(&app, row));
}

#[test]
fn every_route_has_a_good_and_a_bad_row() {
    for route in &ROUTES {
        let rows = || ROWS.iter().copied().flatten().filter(|row| row.0 == route.path);
        assert!(rows().any(|row| row.4 < 400), "{} has no good row", route.path);
        assert!(rows().any(|row| row.4 >= 400), "{} has no bad row", route.path);
    }
}

#[test]
fn a_preflight_is_answered() {
    let fields = [CURL, &[("Access-Control-Request-Headers", "X-A")]].concat();
    let answer = ask("OPTIONS /get", &fields, b"");
    assert_eq!((answer.status, answer.media.as_str(), answer.body.len()), (200, HTML, 0));
    for (name, value) in [
        ("Allow", "GET, HEAD, OPTIONS"),
        ("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS"),
        ("Access-Control-Max-Age", "3600"),
        ("Access-Control-Allow-Headers", "X-A"),
    ] {
        assert_eq!(answer.field(name), Some(value));
    }
    assert_eq!(ask("OPTIONS /get", CURL, b"").field("Access-Control-Allow-Headers"), None);
    assert_eq!(ask("OPTIONS *", CURL, b"").status, 200);
    assert_eq!(ask("OPTIONS /nope", CURL, b"").status, 404);
    assert_eq!(ask("GET *", CURL, b"").status, 404);
}

#[test]
fn a_405_lists_the_allowed_methods() {
    assert_eq!(ask("POST /get", CURL, b"").field("Allow"), Some("GET, HEAD, OPTIONS"));
    assert_eq!(ask("GET /post", CURL, b"").field("Allow"), Some("POST, OPTIONS"));
    assert_eq!(ask("GET /nope", CURL, b"").field("Allow"), None);
}

#[test]
fn go_httpbin_names_no_options() {
    assert_eq!(ask_go("POST /get", CURL, b"").field("Allow"), Some("GET, HEAD"));
    let answer = ask_go("OPTIONS /nope", CURL, b"");
    let methods = "GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS";
    assert_eq!(answer.field("Access-Control-Allow-Methods"), Some(methods));
    assert_eq!((answer.status, answer.media.as_str(), answer.field("Allow")), (200, "", None));
}
