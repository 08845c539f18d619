//! The method QUERY (RFC 10008), and `/query`.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/query", "QUERY /query?a=1", &[FORM], b"x=y", 200, JSON, Has("\"form\": {\n    \"x\": \"y\"\n  }")),
    ("/query", "QUERY /query", &[("Content-Type", JSON)], b"{}", 200, JSON, Has("\"json\": {}")),
    ("/query", "QUERY /query", &[], b"{}", 400, JSON, Has("must have a Content-Type (RFC 10008)")),
    ("/query", "QUERY /query", &[("Content-Type", "")], b"", 400, JSON, Any),
    ("/query", "POST /query", &[FORM], b"x=y", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/query", "QUERY /query", &[FORM], b"x=y", 200, GO_JSON, Has("\"x\": [\n      \"y\"\n    ]")),
    ("/query", "QUERY /query", &[], b"", 400, GO_JSON, Has("must have a Content-Type")),
    ("/query", "GET /query", &[], b"", 405, TEXT, Any),
];

#[test]
fn query_is_announced_and_permitted_to_browsers() {
    for (line, types) in [
        ("OPTIONS /anything", Some("*/*")),
        ("OPTIONS /query", Some("*/*")),
        ("OPTIONS /get", None),
        ("OPTIONS /post", None),
    ] {
        assert_eq!(ask(line, CURL, b"").field("Accept-Query"), types, "{line}");
    }
    let with_type = [CURL, &[("Content-Type", "a/b")]].concat();
    assert_eq!(ask("QUERY /query", &with_type, b"").field("Accept-Query"), Some("*/*"));
    let asking = [CURL, &[("Access-Control-Request-Method", "QUERY")]].concat();
    for (answer, methods) in [
        (ask("OPTIONS /query", &asking, b""), "GET, POST, PUT, DELETE, PATCH, OPTIONS, QUERY"),
        (
            ask_go("OPTIONS /echo", &asking, b""),
            "GET, POST, HEAD, PUT, DELETE, PATCH, OPTIONS, QUERY",
        ),
    ] {
        assert_eq!(answer.field("Access-Control-Allow-Methods"), Some(methods));
    }
}
