//! Pages of links.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/links/{n}", "GET /links/3", &[], b"", 302, HTML, Has("\"/links/3/0\"")),
    ("/links/{n}", "GET /links/x", &[], b"", 404, HTML, Any),
    ("/links/{n}/{offset}", "GET /links/3/1", &[], b"", 200, HTML, Is("<html><head><title>Links</title></head><body><a href='/links/3/0'>0</a> 1 <a href='/links/3/2'>2</a> </body></html>")),
    ("/links/{n}/{offset}", "GET /links/2/9", &[], b"", 200, HTML, Is("<html><head><title>Links</title></head><body><a href='/links/2/0'>0</a> <a href='/links/2/1'>1</a> </body></html>")),
    ("/links/{n}/{offset}", "GET /links/0/0", &[], b"", 200, HTML, Is("<html><head><title>Links</title></head><body>0 </body></html>")),
    ("/links/{n}/{offset}", "GET /links/999/0", &[], b"", 200, HTML, Has("<a href='/links/200/199'>199</a> </body>")),
    ("/links/{n}/{offset}", "GET /links/3/-1", &[], b"", 404, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/links/{n}", "GET /links/256", &[], b"", 302, "", Is("")),
    ("/links/{n}", "GET /links/257", &[], b"", 400, GO_JSON, Has("0 to 256")),
    ("/links/{n}/{offset}", "GET /links/2/1", &[], b"", 200, HTML, Is("<html><head><title>Links</title></head><body><a href=\"/links/2/0\">0</a> 1 </body></html>")),
    ("/links/{n}/{offset}", "GET /links/0/0", &[], b"", 200, HTML, Is("<html><head><title>Links</title></head><body></body></html>")),
    ("/links/{n}/{offset}", "GET /links/257/0", &[], b"", 400, GO_JSON, Any),
    ("/links/{n}/{offset}", "GET /links/2/x", &[], b"", 400, GO_JSON, Any),
    ("/links/{n}/{offset}", "GET /links/2/-1", &[], b"", 200, HTML, Is(BOTH)),
    ("/links/{n}/{offset}", "GET /links/2/-0", &[], b"", 200, HTML, Has("<body>0 <a")),
    ("/links/{n}/{offset}", "GET /links/2/99", &[], b"", 200, HTML, Is(BOTH)),
    ("/links/{n}/{offset}", "GET /links/2/-9223372036854775808", &[], b"", 200, HTML, Is(BOTH)),
    ("/links/{n}/{offset}", "GET /links/2/-9223372036854775809", &[], b"", 400, GO_JSON, Any),
    ("/links/{n}/{offset}", "GET /links/-1/0", &[], b"", 400, GO_JSON, Any),
];

/// Two links, none to the page itself.
const BOTH: &str = "<html><head><title>Links</title></head><body>\
    <a href=\"/links/2/0\">0</a> <a href=\"/links/2/1\">1</a> </body></html>";

#[test]
fn too_many_links_are_clamped() {
    assert_eq!(ask("GET /links/999/0", CURL, b"").field("X-Clamped"), Some("n=200"));
    assert_eq!(ask("GET /links/9", CURL, b"").field("Location"), Some("/links/9/0"));
}
