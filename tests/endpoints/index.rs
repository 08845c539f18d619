//! The page.

use loiter::endpoint::ROUTES;

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/", "GET /", &[], b"", 200, TEXT, Has("/delay/{delay}  ")),
    ("/", "GET /", &[("Accept", "text/html,*/*;q=0.8")], b"", 200, HTML, Has("<a href=\"/get\">/get</a>")),
    ("/", "GET /", &[("Accept", "text/html")], b"", 200, HTML, Has("go-httpbin")),
    ("/", "HEAD /?x", &[], b"", 200, TEXT, Has("httpbin")),
    ("/", "POST /", &[], b"", 405, HTML, Any),
];

#[test]
fn the_page_needs_nothing_from_elsewhere() {
    let page = String::from_utf8(ask("GET /", &[("Accept", "text/html")], b"").body).unwrap();
    assert!(ROUTES.iter().all(|route| page.contains(route.path) && page.contains(route.about)));
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
}
