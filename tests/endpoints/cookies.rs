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
    ("/cookies/set", "GET /cookies/set?a=1&attr[samesite]=x", &[], b"", 302, "", Is("")),
    ("/cookies/set", "GET /cookies/set?a%20b=1&=2&%0d%0a=3", &[], b"", 302, "", Is("")),
    ("/cookies/delete", "GET /cookies/delete?a", &[], b"", 302, "", Is("")),
    ("/cookies/delete", "GET /cookies/delete?=", &[], b"", 302, "", Is("")),
];

type Ask = fn(&str, &[(&str, &str)], &[u8]) -> Answer;

/// The cookies that an answer sets; with `secure`, a proxy has received the request over TLS.
fn set(ask: Ask, path: &str, secure: bool) -> Vec<String> {
    let proto = [("X-Forwarded-Proto", "https")];
    let answer = ask(&format!("GET {path}"), if secure { &proto } else { &[] }, b"");
    assert_eq!((answer.status, answer.field("Location")), (302, Some("/cookies")), "{path}");
    let cookies = answer.fields.into_iter().filter(|field| field.0 == "Set-Cookie");
    cookies.map(|field| field.1).collect()
}

// The first four are answers of httpbin 0.10.4.
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
}

#[test]
fn there_may_not_be_too_many() {
    let many = |count: usize| (0..count).map(|n| format!("c{n}=1&")).collect::<String>();
    for ask in [ask, ask_go] {
        for count in [150, 4096] {
            let cookies = set(ask, &format!("/cookies/set?{}", many(count)), false);
            assert_eq!(cookies.len(), count);
            assert_eq!(set(ask, &format!("/cookies/delete?{}", many(count)), false).len(), count);
        }
        let status = |query: &str| ask(&format!("GET /cookies/set?{query}"), CURL, b"").status;
        assert_eq!(status(&many(4097)), 400);
        let long = |attribute| format!("{}attr[Path]=/{}", many(600), "x".repeat(attribute));
        assert_eq!((status(&long(800)), status(&long(1000))), (302, 400));
    }
}

#[test]
fn go_httpbin_sets_cookies() {
    for (query, cookie) in [
        ("a=1&attr[SameSite]=lax", "a=1; Path=/; HttpOnly; SameSite=Lax"),
        ("a=x%3By%20&attr[HttpOnly]=false&attr[Domain]=h", "a=\"xy \"; Path=/; Domain=h"),
        ("a=1&attr[SameSite]=invalid", "a=1; Path=/; HttpOnly"),
        ("a=1&attr[SameSite]=", "a=1; Path=/; HttpOnly"),
        ("a=1&attr[secure]=TRUE&ATTR[HTTPONLY]=True", "a=1; Path=/; HttpOnly; Secure"),
        ("a=1&attr[Secure]=t&attr[HttpOnly]=yes", "a=1; Path=/"),
        ("attr[X]=1&a=1&attr[Max-Age]=9&Attr[]=2&attr[Expires]=x", "a=1; Path=/; HttpOnly"),
        ("a=1&attr[Path]=/x%3Bb%0d%0aX:1%C3%A9", "a=1; Path=/xbX:1; HttpOnly"),
        ("a=1&attr[Domain]=.h.example", "a=1; Path=/; Domain=h.example; HttpOnly"),
        ("a=1&attr[Domain]=x,y", "a=1; Path=/; HttpOnly"),
        ("a=1&a%20b=2&=3&a%0d%0aX=4&b;c=5&d=%zz&%C3%A9=6", "a=1; Path=/; HttpOnly"),
        ("a=1&a=2&attr%5BPath%5D=/y", "a=1; Path=/y; HttpOnly"),
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
    let moved = "a=; Domain=h; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Secure; Path=/x";
    let attributes = "attr[Path]=/x&attr[domain]=h&attr[Secure]=1";
    assert_eq!(set(ask, &format!("/cookies/delete?a=1&{attributes}"), false), [moved]);
    assert_eq!(set(ask, "/cookies/delete?a", true), [format!("a=; {gone}")]);
}

#[test]
fn go_httpbin_deletes_cookies() {
    // A year before the time of the request.
    const GONE: &str = "Expires=Sat, 22 Nov 2025 14:47:01 GMT; Max-Age=0";
    for (query, cookie) in [
        ("a", format!("a=; Path=/; {GONE}; HttpOnly")),
        ("a=1", format!("a=1; Path=/; {GONE}; HttpOnly")),
        ("a=x%20y&a=2", format!("a=\"x y\"; Path=/; {GONE}; HttpOnly")),
        ("a=1&attr[Path]=/x&attr[Domain]=h", format!("a=1; Path=/x; Domain=h; {GONE}; HttpOnly")),
        ("attr[X]=1&a=1&attr[HttpOnly]=0&attr[SameSite]=x", format!("a=1; Path=/; {GONE}")),
        ("a=1&attr[samesite]=STRICT", format!("a=1; Path=/; {GONE}; HttpOnly; SameSite=Strict")),
    ] {
        assert_eq!(set(ask_go, &format!("/cookies/delete?{query}"), false), [cookie], "{query}");
    }
}
