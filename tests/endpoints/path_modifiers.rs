//! Requests with modifiers in the path and the query: which endpoint answers, and what it shows.

use loiter::http::app::App;
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};

use crate::ask::*;

/// Starts of paths that the answers keep.
const STARTS: [&str; 4] =
    ["/~delay=1s", "/~delay=1s/~status=302@0", "/delay/5", "/delay/1/%7Elast"];

#[test]
fn what_an_answer_links_to_keeps_the_modifiers() {
    for (path, to) in [
        ("/redirect/2", "/relative-redirect/1"),
        ("/redirect/1", "/get"),
        ("/relative-redirect/3", "/relative-redirect/2"),
        ("/absolute-redirect/2", "/absolute-redirect/1"),
        ("/redirect/2?absolute=true", "/absolute-redirect/1"),
        ("/links/3", "/links/3/0"),
        ("/cookies/set?a=b", "/cookies"),
        ("/cookies/delete?a", "/cookies"),
        ("/status/302", "/redirect/1"),
    ] {
        for (compat, prefix) in [(&HTTPBIN, ""), (&GO_HTTPBIN, "/pre")] {
            let app = App { prefix: prefix.to_owned(), ..app_of(compat) };
            for start in STARTS {
                let line = ["GET ", prefix, start, path].concat();
                let answer = ask_of(&app, &line, CURL, b"");
                let location = answer.field("Location").unwrap_or_default();
                let site = "http://127.0.0.1:18080";
                assert_eq!(location.starts_with(site), to.starts_with("/absolute"), "{line}");
                let path = location.strip_prefix(site).unwrap_or(location);
                assert_eq!(path, [prefix, start, to].concat(), "{line}");
            }
        }
    }
}

#[test]
fn a_page_keeps_the_modifiers_and_no_markup() {
    for (app, path, link) in [
        (App::default(), "/links/2/0", "<a href='/~a=&lt;&#34;&#39;&gt;/links/2/1'>"),
        (App::default(), "/redirect/1", "<a href=\"/~a=&lt;&#34;&#39;&gt;/get\">"),
        (app_of(&GO_HTTPBIN), "/status/300", "<a href=\"/~a=&lt;&#34;&#39;&gt;/image/jpeg\">"),
        (App::default(), "/forms/post", "action=\"/~a=&lt;&#34;&#39;&gt;/post\""),
    ] {
        let answer = ask_of(&app, &format!("GET /~a=<\"'>{path}"), CURL, b"");
        let text = String::from_utf8(answer.body).unwrap();
        assert!(text.contains(link), "{path}: {text}");
    }
}

#[test]
fn a_url_that_was_given_gets_no_modifiers() {
    for app in [App::default(), app_of(&GO_HTTPBIN)] {
        let answer = ask_of(&app, "GET /~last/redirect-to?url=/get&~delay=1s", CURL, b"");
        assert_eq!((answer.status, answer.field("Location")), (302, Some("/get")));
    }
    let go = ask_go("GET /~last/links/3?~delay=1s&a", CURL, b"");
    assert_eq!(go.field("Location"), Some("/~last/links/3/0?~delay=1s&a"), "its query is kept");
}

#[test]
fn the_url_shows_modifiers_and_the_arguments_do_not() {
    for (app, args) in [
        (App::default(), "\"args\": {\n    \"a\": \"1\",\n    \"~b\": \"2\"\n  }"),
        (app_of(&GO_HTTPBIN), "\"~b\": [\n      \"2\"\n    ]\n  }"),
    ] {
        let answer = ask_of(&app, "GET /~last/get?a=1&~delay=1s&~~b=2&%7Ex", CURL, b"");
        let text = String::from_utf8(answer.body).unwrap();
        assert_eq!((answer.status, answer.route), (200, Some("/get")));
        assert!(text.contains(args), "{text}");
        assert!(text.contains("/~last/get?a=1&~delay=1s&~~b=2&"), "{text}");
        assert!(!text.contains("\"~delay"), "{text}");
    }
    let dump = ask("GET /~last/dump/request?~a=1", CURL, b"");
    assert!(dump.body.starts_with(b"GET /~last/dump/request?~a=1 HTTP/1.1\r\n"));
}

#[test]
fn no_endpoint_reads_a_modifier_as_an_argument() {
    let answer = ask("GET /response-headers?~delay=1s&a=b&~~c=d", CURL, b"");
    assert_eq!((answer.field("a"), answer.field("~c")), (Some("b"), Some("d")));
    assert_eq!((answer.field("~delay"), answer.field("delay")), (None, None));
    let set = ask("GET /cookies/set?~delay=1s&a=b", CURL, b"");
    let cookies = set.fields.iter().filter(|field| field.0 == "Set-Cookie");
    assert_eq!(cookies.map(|field| field.1.as_str()).collect::<Vec<_>>(), ["a=b; Path=/"]);
    let trailers = ask("GET /trailers?~delay=1s&a=b", CURL, b"").trailers;
    assert_eq!(trailers, [("A".to_owned(), "b".to_owned())]);
}

#[test]
fn without_modifiers_a_tilde_is_a_character() {
    for compat in [&HTTPBIN, &GO_HTTPBIN] {
        let app = App { modifiers: false, ..app_of(compat) };
        assert_eq!(ask_of(&app, "GET /~delay=1s/get", CURL, b"").status, 404);
        assert_eq!(ask_of(&app, "GET /delay/1/get", CURL, b"").status, 404);
        let text = String::from_utf8(ask_of(&app, "GET /get?~a=1&~~b=2", CURL, b"").body).unwrap();
        assert!(text.contains("\"~a\": ") && text.contains("\"~~b\": "), "{text}");
    }
}

#[test]
fn a_digest_login_names_the_whole_target() {
    let login = |uri: &str, response: &str| {
        let login = format!(
            "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"{uri}\", \
             response=\"{response}\", nc=1, cnonce=c, qop=auth"
        );
        let fields = [("Host", "h"), ("Authorization", login.as_str())];
        ask("GET /~delay=1s/delay/1/digest-auth/auth/u/p?~last", &fields, b"").status
    };
    // Computed with Python's hashlib.
    let uri = "/~delay=1s/delay/1/digest-auth/auth/u/p?~last";
    assert_eq!(login(uri, "21771ff2e7b43558d5ffdbe967497270"), 200);
    assert_eq!(login("/digest-auth/auth/u/p", "5a137568e6b661070703aea17cc0dc4f"), 401);
}
