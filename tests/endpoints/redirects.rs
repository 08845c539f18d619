//! Redirects.

use loiter::http::app::{App, Redirects};
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/redirect/{n}", "GET /redirect/3", &[], b"", 302, HTML, Has("<a href=\"/relative-redirect/2\">")),
    ("/redirect/{n}", "GET /redirect/0", &[], b"", 400, JSON, Has("at least 1")),
    ("/redirect/{n}", "GET /redirect/-1", &[], b"", 404, HTML, Any),
    ("/redirect/{n}", "POST /redirect/1", &[], b"", 405, HTML, Any),
    ("/relative-redirect/{n}", "GET /relative-redirect/2", &[], b"", 302, HTML, Is("")),
    ("/relative-redirect/{n}", "GET /relative-redirect/0", &[], b"", 400, JSON, Any),
    ("/relative-redirect/{n}", "GET /relative-redirect/x", &[], b"", 404, HTML, Any),
    ("/absolute-redirect/{n}", "GET /absolute-redirect/1", &[], b"", 302, HTML, Has("\"http://127.0.0.1:18080/get\"")),
    ("/absolute-redirect/{n}", "GET /absolute-redirect/00", &[], b"", 400, JSON, Any),
    ("/redirect-to", "PATCH /redirect-to?url=/get", &[], b"", 302, HTML, Is("")),
    ("/redirect-to", "GET /redirect-to?URL=/y&Status_Code=%20307", &[], b"", 307, HTML, Is("")),
    ("/redirect-to", "GET /redirect-to?url=/y&status_code=304", &[], b"", 304, "", Is("")),
    ("/redirect-to", "GET /redirect-to?url=/y&status_code=400", &[], b"", 302, HTML, Is("")),
    ("/redirect-to", "GET /redirect-to?url=/y&status_code=x", &[], b"", 400, JSON, Has("bad status_code \\\"x\\\"")),
    ("/redirect-to", "GET /redirect-to", &[], b"", 400, JSON, Has("url is missing")),
    ("/redirect-to", "GET /redirect-to?url=", &[], b"", 400, JSON, Has("url is missing")),
    ("/redirect-to", "GET /redirect-to?url=/a%0d%0aX:+1", &[], b"", 400, JSON, Has("bad url")),
    ("/redirect-to", "GET /redirect-to?url=http://h:x/", &[], b"", 400, JSON, Has("bad url")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/redirect/{n}", "POST /redirect/3", &[], b"", 302, "", Is("")),
    ("/redirect/{n}", "GET /redirect/0", &[], b"", 400, GO_JSON, Any),
    ("/redirect/{n}", "GET /redirect/-1", &[], b"", 400, GO_JSON, Any),
    ("/relative-redirect/{n}", "GET /relative-redirect/2", &[], b"", 302, "", Is("")),
    ("/absolute-redirect/{n}", "GET /absolute-redirect/x", &[], b"", 400, GO_JSON, Any),
    ("/redirect-to", "GET /redirect-to?url=//evil/", &[], b"", 302, "", Is("")),
    ("/redirect-to", "GET /redirect-to?url=//evil", &[], b"", 403, TEXT, Has("one slash")),
    ("/redirect-to", "GET /redirect-to?url=evil", &[], b"", 403, TEXT, Has("one slash")),
    ("/redirect-to", "GET /redirect-to?URL=/y", &[], b"", 400, GO_JSON, Has("url is missing")),
    ("/redirect-to", "GET /redirect-to?url=/%25zz", &[], b"", 400, GO_JSON, Has("hexadecimal")),
    ("/redirect-to", "GET /redirect-to?url=/y&status_code=400", &[], b"", 400, GO_JSON, Has("300 to 399")),
    ("/redirect-to", "GET /redirect-to?url=/y&status_code=", &[], b"", 302, "", Is("")),
    ("/redirect-to", "GET /redirect-to?url=/y&status_code=%20301", &[], b"", 400, GO_JSON, Has("300 to 399")),
    ("/redirect/{n}", "GET /redirect/+2", &[], b"", 302, "", Is("")),
];

fn location(app: &App, line: &str, fields: &[(&str, &str)]) -> Option<String> {
    ask_of(app, line, fields, b"").field("Location").map(str::to_owned)
}

#[test]
fn a_form_supplies_what_the_query_omits() {
    let multipart = ("Content-Type", "multipart/form-data; boundary=b");
    let parts = b"--b\r\nContent-Disposition: form-data; name=url\r\n\r\n/m\r\n--b\r\n\
        Content-Disposition: form-data; name=status_code\r\n\r\n307\r\n--b--\r\n";
    let plain = ("Content-Type", "text/plain");
    for (line, media, body, status, to) in [
        (
            "POST /redirect-to",
            FORM,
            &b"url=http%3A%2F%2Ffoo.bar&status_code=308"[..],
            308,
            "http://foo.bar",
        ),
        ("PUT /redirect-to", FORM, b"status_code=303&url=/x", 303, "/x"),
        ("PATCH /redirect-to", FORM, b"url=/x", 302, "/x"),
        ("POST /redirect-to", FORM, b"URL=/x&Status_Code=301", 301, "/x"),
        ("POST /redirect-to", FORM, b"url=/a&url=/b&status_code=999", 302, "/a"),
        ("POST /redirect-to", multipart, parts, 307, "/m"),
        ("PUT /redirect-to?x=1", multipart, parts, 307, "/m"),
        ("POST /redirect-to?status_code=301", FORM, b"url=/x&status_code=308", 301, "/x"),
        // The query's URL wins, as in httpbin.
        ("POST /redirect-to?url=/q", FORM, b"url=/x&status_code=308", 302, "/q"),
        ("POST /redirect-to?url=/q", multipart, b"garbage", 302, "/q"),
    ] {
        let answer = ask(line, &[CURL, &[media]].concat(), body);
        assert_eq!((answer.status, answer.field("Location")), (status, Some(to)), "{line}");
    }
    for (line, media, body) in [
        ("POST /redirect-to", FORM, &b"status_code=308"[..]),
        ("POST /redirect-to", FORM, b"url=/a%0d%0aX:1"),
        ("POST /redirect-to", FORM, b"url=/a&status_code=x"),
        ("POST /redirect-to", plain, b"url=/x"),
        ("POST /redirect-to", multipart, b"garbage"),
        ("POST /redirect-to?url=", FORM, b"url=/x"),
        ("GET /redirect-to", FORM, b"url=/x"),
        ("DELETE /redirect-to", FORM, b"url=/x"),
    ] {
        assert_eq!(ask(line, &[CURL, &[media]].concat(), body).status, 400, "{line}");
    }
    assert_eq!(ask_go("POST /redirect-to", &[CURL, &[FORM]].concat(), b"url=/x").status, 400);
    let app = App { redirects: Redirects::Hosts(vec!["h".to_owned()]), ..App::default() };
    for (body, status) in [(&b"url=//evil"[..], 403), (b"url=http://h/", 302), (b"url=/x", 302)] {
        assert_eq!(ask_of(&app, "POST /redirect-to", &[FORM], body).status, status);
    }
}

#[test]
fn where_redirects_go() {
    let app = App::default();
    for (line, to) in [
        ("GET /redirect/1", "/get"),
        ("GET /redirect/3", "/relative-redirect/2"),
        ("GET /redirect/007?absolute=no", "/relative-redirect/6"),
        ("GET /redirect/3?absolute=TRUE", "http://127.0.0.1:18080/absolute-redirect/2"),
        ("GET /redirect/1?absolute=true", "http://127.0.0.1:18080/get"),
        ("GET /relative-redirect/1", "/get"),
        ("GET /relative-redirect/9", "/relative-redirect/8"),
        ("GET /absolute-redirect/2?x=1", "http://127.0.0.1:18080/absolute-redirect/1"),
        ("GET /redirect-to?url=HTTP%3A%2F%2FH%2Fa%20%C3%A9", "http://h/a%20%C3%A9"),
        ("GET /redirect-to?url=/a&URL=/b", "/a"),
        ("GET /redirect-to?url=../a", "../a"),
    ] {
        assert_eq!(location(&app, line, CURL).as_deref(), Some(to), "{line}");
    }
    let fields = [("Host", "FOO.com:443"), ("X-Forwarded-Proto", "https")];
    let to = location(&app, "GET /absolute-redirect/2", &fields);
    assert_eq!(to.as_deref(), Some("https://foo.com/absolute-redirect/1"));
}

#[test]
fn our_own_paths_have_the_prefix() {
    let app = App { prefix: "/p".to_owned(), ..App::default() };
    for (line, to) in [
        ("GET /p/redirect/1", "/p/get"),
        ("GET /p/redirect/2", "/p/relative-redirect/1"),
        ("GET /p/absolute-redirect/2", "http://127.0.0.1:18080/p/absolute-redirect/1"),
        ("GET /p/cookies/set?a=1", "/p/cookies"),
        ("GET /p/cookies/delete?a", "/p/cookies"),
        ("GET /p/links/2", "/p/links/2/0"),
    ] {
        assert_eq!(location(&app, line, CURL).as_deref(), Some(to), "{line}");
    }
    let go = App { compat: &GO_HTTPBIN, ..app.clone() };
    for (url, to) in [("/get?a=1", "/p/get?a=1"), ("//h/x", "//h/x"), ("http://h/", "http://h/")] {
        let line = format!("GET /p/redirect-to?url={url}");
        assert_eq!(location(&go, &line, CURL).as_deref(), Some(to));
        assert_eq!(location(&app, &line, CURL).as_deref(), Some(url));
    }
    for (query, to) in [("", "/p/links/2/0"), ("?x=1&y=%2f", "/p/links/2/0?x=1&y=%2f")] {
        assert_eq!(location(&go, &format!("GET /p/links/2{query}"), CURL).as_deref(), Some(to));
    }
    let page = ask_of(&app, "GET /p/links/2/0", CURL, b"");
    assert!(page.body.ends_with(b"0 <a href='/p/links/2/1'>1</a> </body></html>"));
}

#[test]
fn an_allow_list_holds_in_both_modes() {
    for compat in [&HTTPBIN, &GO_HTTPBIN] {
        let hosts = vec!["b.example".to_owned(), "a.example".to_owned()];
        let app = App { compat, redirects: Redirects::Hosts(hosts), ..App::default() };
        for url in ["/get", "http://a.example/x", "https://B.example:8/"] {
            let answer = ask_of(&app, &format!("GET /redirect-to?url={url}"), CURL, b"");
            assert_eq!(answer.status, 302, "{url}");
        }
        for url in ["//a.example", "//x/", "http://x", "http://a.example@x", "/%5Cx", "ftp://x"] {
            let answer = ask_of(&app, &format!("GET /redirect-to?url={url}"), CURL, b"");
            assert_eq!((answer.status, answer.media.as_str()), (403, TEXT), "{url}");
            assert_eq!(answer.field("Location"), None);
            assert!(answer.body.ends_with(b"\n- a.example\n- b.example\n"), "{url}");
        }
        let answer = ask_of(&app, "GET /response-headers?refresh=0;url=//x", CURL, b"");
        assert_eq!((answer.status, answer.field("Refresh")), (200, None));
        let open = App { redirects: Redirects::All, ..App::default() };
        let public = App { public: true, redirects: Redirects::All, ..App::default() };
        for (app, sent) in [(&app, false), (&public, false), (&open, true)] {
            let answer = ask_of(app, "GET /response-headers?location=http://x", CURL, b"");
            assert_eq!((answer.status, answer.field("Location").is_some()), (200, sent));
        }
        let app = App { redirects: Redirects::Hosts(Vec::new()), ..app };
        let answer = ask_of(&app, "GET /redirect-to?url=http://a.example", CURL, b"");
        assert_eq!(answer.status, 403);
        assert!(answer.body.ends_with(b". Allowed are paths of this server.\n"));
    }
}
