//! `/proxy` without a proxy: with one in `src/endpoint/proxy/tests.rs` and `tests/wire`.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/proxy", "GET /proxy", &[], b"", 200, JSON, Is("{\n  \"proxy\": null\n}\n")),
    ("/proxy", "POST /proxy", &[("X-Forwarded-For", "1.1.1.1")], b"x", 200, JSON, Has("null")),
    ("/proxy", "GET /proxy/", &[], b"", 404, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/proxy", "GET /proxy", &[], b"", 200, GO_JSON, Is("{\n  \"proxy\": null\n}\n")),
];
