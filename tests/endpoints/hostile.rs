//! Malformed and out-of-range numbers in every parameter: no server error (R1, R2).

use crate::ask::*;
use loiter::endpoint::ROUTES;
use loiter::http::app::App;
use loiter::http::compat::{Compat, GO_HTTPBIN};
use loiter::http::request::Method;

const BAD: &[&str] = &[
    "-1",
    "-0",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "1e999",
    "-1e999",
    "1e-999",
    "1e18",
    "4294967296",
    "9223372036854775808",
    "18446744073709551616",
    "100000000000000000000",
    "-100000000000000000000",
    "0x10",
    "1_000",
    "+",
    "-",
    ".",
    "",
    "%00",
    "%",
    "%zz",
    "%0d%0aX-Injected:%201",
    "%ff%fe",
    "%F0%9F%98%80",
    "\u{661}",
    "99999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
];

/// Sends each of them as a path parameter and as a query parameter. Routes that answer errors on
/// request may do so.
fn sweep(compat: &'static Compat) {
    let app = app_of(compat);
    for route in &ROUTES {
        let allowed = route.methods(compat);
        let method = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete]
            .into_iter()
            .find(|method| allowed.contains(*method));
        let Some(method) = method else { continue };
        let mut targets = Vec::new();
        for bad in BAD {
            let mut path: Vec<String> = vec![String::new()];
            for segment in route.path.split('/').skip(1) {
                let hole = segment.starts_with('{');
                path.push(if hole { (*bad).to_owned() } else { segment.to_owned() });
            }
            targets.push(path.join("/"));
            let in_path = |name: &str| route.path.contains(&format!("{{{name}}}"));
            let queries = route.params(compat).filter(|param| !in_path(param.name));
            let sample = route.sample();
            let sample = sample.split('?').next().unwrap_or_default();
            targets.extend(queries.map(|param| format!("{sample}?{}={bad}", param.name)));
        }
        for target in targets {
            let line = format!("{} {target}", method.name());
            let answer = ask_of(&app, &line, CURL, b"{\"a\": 1}");
            let asked = ["/status/{codes}", "/unstable"].contains(&route.path);
            // go-httpbin has no Brotli, and answers 501.
            let missing = answer.status == 501 && route.path == "/brotli";
            assert!(
                answer.status < 500 || asked || missing,
                "{line} is answered {}",
                answer.status
            );
            let injected = answer.field("X-Injected").is_some();
            assert!(!injected, "{line} injects a field into the answer");
            assert!(answer.after_us <= 10_000_000, "{line} takes {} us", answer.after_us);
            assert!(answer.body.len() <= 16 << 20, "{line} makes {} bytes", answer.body.len());
        }
    }
}

#[test]
fn a_bad_number_is_refused_or_clamped_and_never_fails() {
    sweep(App::default().compat);
}

#[test]
fn a_bad_number_never_fails_under_go_httpbin() {
    sweep(&GO_HTTPBIN);
}
