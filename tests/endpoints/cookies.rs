//! Cookies.

use crate::ask::*;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/cookies", "GET /cookies", &[], b"", 200, JSON, Is("{\n  \"cookies\": {}\n}\n")),
    ("/cookies", "GET /cookies", &[("Cookie", "b=1; a=2; b=3; __utma=4; =5")], b"", 200, JSON, Is("{\n  \"cookies\": {\n    \"a\": \"2\",\n    \"b\": \"1\"\n  }\n}\n")),
    ("/cookies", "GET /cookies?show_env", &[("Cookie", "__utma=4")], b"", 200, JSON, Has("\"__utma\": \"4\"")),
    ("/cookies", "POST /cookies", &[], b"", 405, HTML, Any),
    ("/cookies/set", "GET /cookies/set?a=1", &[], b"", 302, HTML, Has("\"/cookies\"")),
    ("/cookies/set", "GET /cookies/set", &[], b"", 302, HTML, Any),
    ("/cookies/set", "GET /cookies/set?a;b=1", &[], b"", 400, JSON, Has("bad name")),
    ("/cookies/set", "GET /cookies/set?=1", &[], b"", 400, JSON, Has("bad name")),
    ("/cookies/set", "GET /cookies/set?a%0d=1", &[], b"", 400, JSON, Has("bad name")),
    ("/cookies/set", "GET /cookies/set?a=1&attr[Path]=/;x", &[], b"", 400, JSON, Has("bad attr[Path]")),
    ("/cookies/set", "GET /cookies/set?a=1&ATTR[domain]=x,y", &[], b"", 400, JSON, Has("bad attr[Domain]")),
    ("/cookies/set", "GET /cookies/set?a=1&attr[Domain]=x%0d%0aX:1", &[], b"", 400, JSON, Any),
    ("/cookies/set", "GET /cookies/set?a=1&attr[Path]=%00", &[], b"", 400, JSON, Any),
    ("/cookies/set", "GET /cookies/set?a=1&attr[SameSite]=x", &[], b"", 400, JSON, Has("lax, strict or none")),
    ("/cookies/set/{name}/{value}", "GET /cookies/set/a/b%20c", &[], b"", 302, HTML, Any),
    ("/cookies/set/{name}/{value}", "GET /cookies/set/a%3Bb/c", &[], b"", 400, JSON, Any),
    ("/cookies/set/{name}/{value}", "GET /cookies/set/a/", &[], b"", 404, HTML, Any),
    ("/cookies/delete", "GET /cookies/delete?a&b", &[], b"", 302, HTML, Any),
    ("/cookies/delete", "GET /cookies/delete?a=1&%0a", &[], b"", 400, JSON, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/cookies", "POST /cookies", &[("Cookie", "a=1; a=2; b; __utma")], b"", 200, GO_JSON, Has("\"a\": \"2\"\n")),
    ("/cookies/set", "GET /cookies/set?a=1", &[], b"", 302, "", Is("")),
    ("/cookies/set", "GET /cookies/set?a=1&attr[samesite]=x", &[], b"", 400, GO_JSON, Any),
    ("/cookies/delete", "GET /cookies/delete?a", &[], b"", 302, "", Is("")),
    ("/cookies/delete", "GET /cookies/delete?=", &[], b"", 400, GO_JSON, Any),
];

type Ask = fn(&str, &[(&str, &str)], &[u8]) -> Answer;

/// The cookies that an answer sets; asked over TLS or not, as a proxy tells.
fn set(ask: Ask, path: &str, secure: bool) -> Vec<String> {
    let proto = [("X-Forwarded-Proto", "https")];
    let answer = ask(&format!("GET {path}"), if secure { &proto } else { &[] }, b"");
    assert_eq!((answer.status, answer.field("Location")), (302, Some("/cookies")), "{path}");
    let cookies = answer.fields.into_iter().filter(|field| field.0 == "Set-Cookie");
    cookies.map(|field| field.1).collect()
}

// The first four are what httpbin 0.10.4 answered.
#[test]
fn cookies_are_set() {
    for (query, cookies) in [
        ("?a=1&b=x%20y&a=2&c=", &["a=1; Path=/", "b=\"x y\"; Path=/", "c=; Path=/"][..]),
        ("?c=%22%5C,;%01%c3%a9%0d%0a", &[r#"c="\"\\\054\073\001\303\251\015\012"; Path=/"#]),
        ("/k/v%2Cw", &["k=\"v\\054w\"; Path=/"]),
        ("", &[]),
        ("?attr[httponly]=1&a=1&attr[SECURE]=true", &["a=1; Secure; HttpOnly; Path=/"]),
        (
            "/a/b?attr[Path]=/x&attr[Domain]=h&attr[SameSite]=NONE",
            &["a=b; Domain=h; Path=/x; SameSite=None"],
        ),
        ("?a=1&attr[Secure]=yes&attr[Path]=&attr[X]=1", &["a=1", "attr[X]=1"]),
    ] {
        assert_eq!(set(ask, &format!("/cookies/set{query}"), false), cookies, "{query}");
    }
    assert_eq!(set(ask, "/cookies/set?a=1", true), ["a=1; Secure; Path=/"]);
    assert_eq!(set(ask, "/cookies/set?a=1&attr[Secure]=0", true), ["a=1; Path=/"]);
    let set =
        |attribute: &str| ask(&format!("GET /cookies/set?a=1&attr[Path]=/{attribute}"), CURL, b"");
    assert_eq!(set(&"x".repeat(1023)).status, 302);
    for bad in ["x".repeat(1024).as_str(), "%C3%A9", "%7f", "%09"] {
        assert_eq!(set(bad).status, 400, "{bad}");
    }
    let many: String = (0..129).map(|n| format!("c{n}=1&")).collect();
    assert_eq!(ask(&format!("GET /cookies/set?{many}"), CURL, b"").status, 400);
}

#[test]
fn go_httpbin_sets_cookies() {
    for (query, cookie) in [
        ("a=1&attr[SameSite]=lax", "a=1; Path=/; HttpOnly; SameSite=Lax"),
        ("a=x;y%20&attr[HttpOnly]=false&attr[Domain]=h", "a=\"xy \"; Path=/; Domain=h"),
    ] {
        assert_eq!(set(ask_go, &format!("/cookies/set?{query}"), false), [cookie], "{query}");
    }
    assert_eq!(set(ask_go, "/cookies/set?a=1", true), ["a=1; Path=/; HttpOnly; Secure"]);
}

#[test]
fn cookies_are_deleted() {
    let gone = "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/";
    let both = [format!("a=; {gone}"), format!("b=; {gone}")];
    assert_eq!(set(ask, "/cookies/delete?a&b=1&a", false), both);
    // A year before the request.
    let go = "a=; Expires=Sat, 22 Nov 2025 14:47:01 GMT; Max-Age=0; HttpOnly";
    assert_eq!(set(ask_go, "/cookies/delete?a", false), [go]);
}
