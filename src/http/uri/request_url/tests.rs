//! URLs and origins as both APIs show them, and as listed proxies report them.

use super::*;
use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
use crate::http::tests::{ask, tls_facts};
use crate::http::trusted_proxies::{Network, Networks};

fn app(compat: &'static Compat) -> App {
    App { compat, ..App::default() }
}

fn url_of(compat: &'static Compat, target: &str, fields: &[(&str, &str)]) -> String {
    let mut output = Vec::new();
    ask(target, fields, b"", |request| escape_url(&mut output, &app(compat), request));
    String::from_utf8(output).unwrap()
}

fn url(target: &str, fields: &[(&str, &str)]) -> String {
    url_of(&HTTPBIN, target, fields)
}

fn origin_of(compat: &'static Compat, fields: &[(&str, &str)]) -> String {
    let mut output = Vec::new();
    ask("/", fields, b"", |request| escape_origin(&mut output, &app(compat), request));
    String::from_utf8(output).unwrap()
}

fn origin(fields: &[(&str, &str)]) -> String {
    origin_of(&HTTPBIN, fields)
}

#[test]
fn go_httpbin_shows_a_url_as_it_was_sent() {
    let url = |target: &str, fields: &[_]| url_of(&GO_HTTPBIN, target, fields);
    assert_eq!(url("/a%2fb?q=%C3%A9&%zz", &[("Host", "H:80")]), "http://H:80/a%2fb?q=%C3%A9&%zz");
    assert_eq!(url("/get?", &[("Host", "h")]), "http://h/get?");
    assert_eq!(url("http://a.b/get", &[("Host", "h")]), "http://a.b/get");
    for (name, value) in [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Protocol", "https"),
        ("X-Forwarded-Ssl", "on"),
    ] {
        assert_eq!(url("/", &[("Host", "h"), (name, value)]), "https://h/");
    }
}

#[test]
fn go_httpbin_asks_proxies_of_its_hosters_first() {
    let all = [
        ("X-Forwarded-For", " 5.5.5.5 , 6.6.6.6"),
        ("True-Client-IP", "4.4.4.4"),
        ("Fastly-Client-IP", "3.3.3.3"),
        ("CF-Connecting-IP", "2.2.2.2"),
        ("Fly-Client-IP", "1.1.1.1"),
    ];
    for (left, expected) in
        ["127.0.0.1", "5.5.5.5", "4.4.4.4", "3.3.3.3", "2.2.2.2", "1.1.1.1"].into_iter().enumerate()
    {
        assert_eq!(origin_of(&GO_HTTPBIN, &all[..left]), expected);
    }
    assert_eq!(origin_of(&GO_HTTPBIN, &[("X-Forwarded-For", "")]), "127.0.0.1");
}

#[test]
fn hosts() {
    assert_eq!(url("/get?a=1", &[("Host", "H.COM:80")]), "http://h.com/get?a=1");
    assert_eq!(url("/get?", &[("Host", "h:443")]), "http://h:443/get");
    assert_eq!(url("/get", &[]), "http://127.0.0.1:8080/get");
    assert_eq!(url("http://a.b/get", &[("Host", "h")]), "http://a.b/get");
    assert_eq!(url("/", &[("Host", "[::1]:80")]), "http://[::1]/");
}

#[test]
fn schemes() {
    let with = |name, value| url("/", &[("Host", "h"), (name, value)]);
    assert_eq!(with("X-Forwarded-Proto", "ftp"), "ftp://h/");
    assert_eq!(with("x-forwarded-protocol", "https"), "https://h/");
    assert_eq!(with("X-Forwarded-Proto", ""), "http://h/");
    assert_eq!(with("X-Forwarded-Ssl", "on"), "https://h/");
    assert_eq!(with("X-Forwarded-Ssl", "On"), "http://h/");
    assert_eq!(with("X-Forwarded-Proto", "\""), "\\\"://h/");
}

#[test]
fn a_url_over_tls_is_https_unless_a_proxy_reports_otherwise() {
    let facts = tls_facts();
    for app in [&HTTPBIN, &GO_HTTPBIN].map(app) {
        let over_tls = |fields: &[(&str, &str)]| {
            let mut output = Vec::new();
            let site = ask("/a", fields, b"", |request| {
                let request = Request { tls: Some(&facts), ..request.clone() };
                escape_url(&mut output, &app, &request);
                site(&app, &request)
            });
            (String::from_utf8(output).unwrap(), site)
        };
        let both = |scheme: &str| (format!("{scheme}://h/a"), format!("{scheme}://h"));
        assert_eq!(over_tls(&[("Host", "h")]), both("https"));
        let by_proxy = |value| over_tls(&[("Host", "h"), ("X-Forwarded-Proto", value)]);
        assert_eq!(by_proxy("http"), both("http"));
        assert_eq!(by_proxy("https"), both("https"));
    }
    let url = |host| {
        let mut output = Vec::new();
        ask("/", &[("Host", host)], b"", |request| {
            let request = Request { tls: Some(&facts), ..request.clone() };
            escape_url(&mut output, &app(&HTTPBIN), &request);
        });
        String::from_utf8(output).unwrap()
    };
    assert_eq!(url("h:443"), "https://h/");
    assert_eq!(url("h:80"), "https://h:80/");
}

#[test]
fn a_path_is_shown_as_an_iri_of_its_decoded_form() {
    let path = |path: &str| url(path, &[("Host", "h")]).replace("http://h", "");
    for (sent, expected) in [
        ("//get", "/get"),
        ("/a//b", "/a//b"),
        ("/%2Fa", "/a"),
        ("/a/%252F", "/a/%2F"),
        ("/a/%2541", "/a/A"),
        ("/a/%25C3%25A9", r"/a/\u00e9"),
        ("/a/%FF", r"/a/\ufffd"),
        ("/a/%25ff", "/a/%FF"),
        ("/a%20b%23%3F%zz", "/a%20b%23%3F%zz"),
        ("/é", r"/\u00e9"),
        ("/a?q=é%e9#f", r"/a?q=\u00e9%E9"),
    ] {
        assert_eq!(path(sent), expected, "{sent}");
    }
}

#[test]
fn sites() {
    let site = |fields: &[(&str, &str)]| {
        ask("/", fields, b"", |request| super::site(&app(&HTTPBIN), request))
    };
    assert_eq!(site(&[]), "http://127.0.0.1:8080");
    assert_eq!(site(&[("Host", "FOO.com:80")]), "http://foo.com");
    assert_eq!(site(&[("Host", "a_b<x>")]), "http://127.0.0.1:8080");
    assert_eq!(site(&[("Host", "h@evil")]), "http://127.0.0.1:8080");
    let secure = |name, value| site(&[("Host", "[::1]:443"), (name, value)]);
    for (name, value) in
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-Protocol", "ssl"), ("X-Forwarded-Ssl", "on")]
    {
        assert_eq!(secure(name, value), "https://[::1]", "{name}");
    }
    assert_eq!(secure("X-Forwarded-Protocol", "https"), "http://[::1]:443");
    let fields = [("Host", "h"), ("X-Forwarded-Protocol", "https")];
    let go = ask("/", &fields, b"", |request| super::site(&app(&GO_HTTPBIN), request));
    assert_eq!(go, "https://h");
    assert_eq!(secure("X-Forwarded-Proto", "ftp"), "http://[::1]:443");
    let two = [("Host", "h"), ("X-Forwarded-Ssl", "on"), ("X-Forwarded-Ssl", "on")];
    assert_eq!(site(&two), "http://h");
}

#[test]
fn origins() {
    assert_eq!(origin(&[]), "127.0.0.1");
    let fields = [("X-Forwarded-For", "1.2.3.4, 5.6.7.8"), ("x-forwarded-for", "9")];
    assert_eq!(origin(&fields), "1.2.3.4, 5.6.7.8,9");
    assert_eq!(origin(&[("X-Real-Ip", "1.2.3.4")]), "127.0.0.1");
}

/// URL, site and origin of a request with these fields from 127.0.0.1, in both APIs.
fn seen(trusted: &TrustedProxies, fields: &[(&str, &str)]) -> [[String; 3]; 2] {
    let fields = [&[("Host", "h")], fields].concat();
    [&HTTPBIN, &GO_HTTPBIN].map(|compat| {
        let app = App { trusted_proxies: trusted.clone(), ..app(compat) };
        let (mut url, mut origin) = (Vec::new(), Vec::new());
        let site = ask("/a", &fields, b"", |request| {
            escape_url(&mut url, &app, request);
            escape_origin(&mut origin, &app, request);
            site(&app, request)
        });
        let [url, origin] = [url, origin].map(|text| String::from_utf8(text).unwrap());
        [url, site, origin]
    })
}

const REPORTS: [(&str, &str); 9] = [
    ("X-Forwarded-For", "1.1.1.1, 192.0.2.1"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Protocol", "https"),
    ("X-Forwarded-Ssl", "on"),
    ("X-Forwarded-Host", "a.b:444"),
    ("X-Forwarded-Port", "443"),
    ("Fly-Client-IP", "1.1.1.2"),
    ("X-Real-Ip", "1.1.1.3"),
    ("Forwarded", "for=1.1.1.4;proto=http;host=c"),
];

#[test]
fn nobody_is_believed_who_is_not_trusted() {
    let plain = ["http://h/a", "http://h", "127.0.0.1"].map(str::to_owned);
    let others = Networks { ip: vec![Network::new([10, 0, 0, 0].into(), 8).unwrap()], unix: true };
    for trusted in [TrustedProxies::None, TrustedProxies::Listed(others)] {
        assert_eq!(seen(&trusted, &REPORTS), [plain.clone(), plain.clone()]);
    }
    let all = seen(&TrustedProxies::All, &REPORTS);
    assert_eq!(all[0], ["https://h/a", "https://h", "1.1.1.1, 192.0.2.1"]);
    assert_eq!(all[1], ["https://h/a", "https://h", "1.1.1.2"]);
}

#[test]
fn a_listed_proxy_is_believed_in_both_apis_alike() {
    let ip = vec![Network::new([127, 0, 0, 1].into(), 32).unwrap()];
    let trusted = TrustedProxies::Listed(Networks { ip, unix: false });
    let reported = ["https://a.b:444/a", "https://a.b:444", "192.0.2.1"].map(str::to_owned);
    assert_eq!(seen(&trusted, &REPORTS), [reported.clone(), reported]);
    let by_rfc = ["http://c/a", "http://c", "1.1.1.4"].map(str::to_owned);
    assert_eq!(seen(&trusted, &REPORTS[6..]), [by_rfc.clone(), by_rfc]);
    let plain = ["http://h/a", "http://h", "127.0.0.1"].map(str::to_owned);
    assert_eq!(seen(&trusted, &REPORTS[6..8]), [plain.clone(), plain]);
}
