//! Endpoints about TLS: without it here; with it in `src/endpoint/tls/tests.rs` and the daemon.

use loiter::http::app::{App, Ca};

use crate::ask::*;

const PEM: &str = "application/x-pem-file";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/tls", "GET /tls", &[], b"", 200, JSON, Is("{\n  \"tls\": null\n}\n")),
    ("/tls", "POST /tls", &[], b"x", 200, JSON, Has("null")),
    ("/tls", "GET /tls/", &[], b"", 404, HTML, Any),
    ("/ca.pem", "GET /ca.pem", &[], b"", 200, PEM, Is("the CA")),
    ("/ca.pem", "POST /ca.pem", &[], b"", 405, HTML, Any),
    ("/crl.pem", "GET /crl.pem", &[], b"", 200, PEM, Is("its list")),
    ("/crl.pem", "GET /crl.pem/x", &[], b"", 404, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/tls", "GET /tls", &[], b"", 200, GO_JSON, Is("{\n  \"tls\": null\n}\n")),
    ("/ca.pem", "GET /ca.pem", &[], b"", 200, PEM, Is("the CA")),
];

/// The settings of a server with TLS.
pub(crate) fn with_ca(app: App) -> App {
    let ca = Ca { certificate: "the CA".into(), revocations: "its list".into() };
    App { ca: Some(ca), ..app }
}

#[test]
fn without_tls_there_is_no_ca() {
    for path in ["/ca.pem", "/crl.pem"] {
        let answer = ask(&format!("GET {path}"), CURL, b"");
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!((answer.status, answer.media.as_str()), (404, HTML), "{text}");
        assert!(text.contains("none of its listeners has TLS"), "{text}");
    }
}
