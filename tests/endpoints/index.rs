//! The page and the API's descriptions.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use loiter::endpoint::{Answers, GROUPS, Origin, ROUTES, Route};
use loiter::http::app::App;
use loiter::http::compat::GO_HTTPBIN;
use loiter::http::html::escape;
use loiter::http::modifiers;
use loiter::http::modifiers::row::{Name, Public};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::ask::*;

const BROWSER: &[(&str, &str)] = &[("Accept", "text/html,*/*;q=0.8")];

/// A text that clients' own tests look for.
const SERVICE: &str = "HTTP Request &amp; Response Service";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/", "GET /", &[], b"", 200, TEXT, Has("/delay/{delay}  ")),
    ("/", "GET /", BROWSER, b"", 200, HTML, Has("<a href=\"/get\">/get</a>")),
    ("/", "GET /", &[("Accept", "text/html")], b"", 200, HTML, Has("go-httpbin")),
    ("/", "HEAD /?x", &[], b"", 200, TEXT, Has("httpbin")),
    ("/", "HEAD /?x", &[("User-Agent", "x")], b"", 200, HTML, Has(SERVICE)),
    ("/", "GET /", &[("User-Agent", "Python-urllib/3.11")], b"", 200, HTML, Has("httpbin.org")),
    ("/legacy", "GET /legacy", &[("User-Agent", "x")], b"", 200, HTML, Has(SERVICE)),
    ("/", "POST /", &[], b"", 405, HTML, Any),
    ("/legacy", "GET /legacy", BROWSER, b"", 200, HTML, Has("<h1 aria-label=loiter>")),
    ("/legacy", "POST /legacy", &[], b"", 405, HTML, Any),
    ("/spec.json", "GET /spec.json", &[], b"", 200, JSON, Has("\"swagger\": \"2.0\"")),
    ("/spec.json", "PUT /spec.json", &[], b"", 405, HTML, Any),
    ("/openapi.json", "GET /openapi.json", &[], b"", 200, JSON, Has("\"openapi\": \"3.1.0\"")),
    ("/openapi.json", "PUT /openapi.json", &[], b"", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/", "GET /", BROWSER, b"", 200, HTML, Has("follows go-httpbin")),
    ("/", "GET /", &[("User-Agent", "Go-http-client/1.1")], b"", 200, HTML, Has("follows go-httpbin")),
    ("/", "HEAD /", &[("User-Agent", "")], b"", 200, HTML, Has(SERVICE)),
    ("/", "GET /", &[], b"", 200, TEXT, Has("go-httpbin")),
    ("/", "POST /", &[], b"", 405, TEXT, Any),
];

/// The paths in httpbin 0.10.4's `/spec.json`.
const HTTPBIN_PATHS: &str = "\
    /absolute-redirect/{n} /anything /anything/{anything} /base64/{value} \
    /basic-auth/{user}/{passwd} /bearer /brotli /bytes/{n} /cache /cache/{value} /cookies \
    /cookies/delete /cookies/set /cookies/set/{name}/{value} /deflate /delay/{delay} /delete /deny \
    /digest-auth/{qop}/{user}/{passwd} /digest-auth/{qop}/{user}/{passwd}/{algorithm} \
    /digest-auth/{qop}/{user}/{passwd}/{algorithm}/{stale_after} /drip /encoding/utf8 /etag/{etag} \
    /get /gzip /headers /hidden-basic-auth/{user}/{passwd} /html /image /image/jpeg /image/png \
    /image/svg /image/webp /ip /json /links/{n}/{offset} /patch /post /put /range/{numbytes} \
    /redirect-to /redirect/{n} /relative-redirect/{n} /response-headers /robots.txt \
    /status/{codes} /stream-bytes/{n} /stream/{n} /user-agent /uuid /xml";

/// Paths that httpbin 0.10.4 serves without describing them.
const HTTPBIN_UNDESCRIBED: &str = "/ /spec.json /legacy /forms/post /links/{n}";

/// The paths that go-httpbin adds to httpbin's.
const GO_PATHS: &str = "\
    /base64/{op}/{value} /dump/request /env /head /hostname /jsonl /sse /trailers /unstable /upload \
    /version /websocket/echo";

fn page(app: &App) -> Answer {
    ask_of(app, &format!("GET {}/", app.prefix), BROWSER, b"")
}

fn described(app: &App, path: &str) -> Value {
    let answer = ask_of(app, &format!("GET {}{path}", app.prefix), CURL, b"");
    serde_json::from_slice(&answer.body).unwrap()
}

fn go() -> App {
    app_of(&GO_HTTPBIN)
}

fn prefixed() -> App {
    App { prefix: "/bin".to_owned(), ..App::default() }
}

/// The text between the first `<name>` and the next `</name>`.
fn inside<'a>(html: &'a str, name: &str) -> &'a str {
    let (_, rest) = html.split_once(&format!("<{name}>")).unwrap();
    rest.split_once(&format!("</{name}>")).unwrap().0
}

#[test]
fn the_page_has_every_route_and_needs_nothing_from_elsewhere() {
    for app in [App::default(), go(), prefixed()] {
        let html = String::from_utf8(page(&app).body).unwrap();
        let words = html.replace("<code>", "`").replace("</code>", "`");
        for route in &ROUTES {
            assert!(html.contains(&format!("data-path=\"{}\"", route.path)), "{}", route.path);
            assert!(words.contains(&escape(route.about)), "{}", route.about);
        }
        assert!(GROUPS.iter().all(|group| html.contains(group.name)));
        assert!(
            !html.contains("http://") && !html.contains("https://") && !html.contains("src=\"")
        );
        assert_eq!((html.matches("<script").count(), html.matches("<style").count()), (1, 1));
        // The policy blocks these attributes.
        assert!(!html.contains(" style=") && !html.contains(" onclick="));
    }
}

#[test]
fn the_page_offers_modifiers_if_they_have_an_effect() {
    let html = |modifiers, public| {
        let app = App { modifiers, public, ..App::default() };
        String::from_utf8(page(&app).body).unwrap()
    };
    let (all, public, none) = (html(true, false), html(true, true), html(false, false));
    for row in modifiers::rows::for_requests() {
        let option = format!("<option value={} ", row.name.text());
        assert_eq!(all.contains(&option), row.name != Name::Cut, "{option}");
        assert_eq!(public.contains(&option), row.name != Name::Cut && row.public != Public::Off);
        assert!(!none.contains(&option), "{option}");
    }
    assert!(all.contains("id=modifiers") && all.contains("&amp;~gap="));
    assert!(!none.contains("id=modifiers") && !none.contains("~gap="));
    assert!(none.contains("id=start"));
}

#[test]
fn the_page_links_to_the_live_page_where_there_is_one() {
    let live_page = Some("http://127.0.0.1:9090/".to_owned());
    let html = |app: &App| String::from_utf8(page(app).body).unwrap();
    let link = "<a href=\"http://127.0.0.1:9090/\">Live</a>";
    assert!(html(&App { live_page, ..App::default() }).contains(link));
    assert!(!html(&App::default()).contains(">Live</a>"));
}

#[test]
fn the_policy_lets_in_just_the_pages_own_style_and_script() {
    let answer = page(&App::default());
    let html = std::str::from_utf8(&answer.body).unwrap();
    let policy = answer.field("Content-Security-Policy").unwrap();
    let source = |name| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inside(html, name))));
    let (style, script) = (source("style"), source("script"));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src {style}; script-src {script}; connect-src 'self'; \
             img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
    assert_eq!(answer.field("Vary"), Some("Accept, User-Agent, Accept-Encoding"));
}

#[test]
fn the_page_is_for_all_but_those_who_print_it_or_prefer_text() {
    let media = |app: &App, agent: &'static str, accept: &'static str| {
        let given = [("Host", "h"), ("User-Agent", agent), ("Accept", accept)];
        let fields: Vec<_> = given.into_iter().filter(|field| !field.1.is_empty()).collect();
        let answer = ask_of(app, "GET /", &fields, b"");
        assert_eq!(answer.field("Vary"), Some("Accept, User-Agent, Accept-Encoding"));
        answer.media
    };
    let (axios, less_html) = ("application/json, text/plain, */*", "*/*;q=0.5, text/html;q=0.4");
    for (agent, accept, wanted) in [
        ("", "", HTML),
        ("", "*/*", HTML),
        ("python-requests/2.32.3", "*/*", HTML),
        ("Python-urllib/3.11", "", HTML),
        ("okhttp/4.12.0", "", HTML),
        ("Go-http-client/1.1", "", HTML),
        ("axios/1.7.2", axios, HTML),
        ("req/0.5.0", "*/*", HTML),
        ("libcurl/7.88.1 r-curl/5.2 httr/1.4", "application/json, text/xml, */*", HTML),
        ("Mozilla/5.0 curl/8", "*/*", HTML),
        ("curlew/1", "", HTML),
        ("x", "application/json", HTML),
        ("x", "text/plain;q=0.5, text/html", HTML),
        ("x", "text/plain, text/html", HTML),
        ("curl/8.5.0", "text/html", HTML),
        ("curl/8.5.0", "text/html, */*", HTML),
        ("curl/8.5.0", "text/html,*/*;q=0.8", HTML),
        ("curl/8.5.0", "*/*", TEXT),
        ("curl", "", TEXT),
        ("Wget/1.21.3", "*/*", TEXT),
        ("Wget/2.1.0", "", TEXT),
        ("HTTPie/3.2.2", "application/json, */*;q=0.5", TEXT),
        ("CURL/7.1 (x)", "application/json", TEXT),
        ("x", "text/plain", TEXT),
        ("x", "TEXT/PLAIN;charset=utf-8;q=0.9, text/html;q=0.8, */*;q=0.1", TEXT),
        ("x", "text/html;q=0, */*", TEXT),
        ("x", less_html, TEXT),
    ] {
        for app in [App::default(), go()] {
            assert_eq!(media(&app, agent, accept), wanted, "{agent}, {accept}");
        }
    }
}

#[test]
fn what_follows_from_the_settings_is_sent_compressed() {
    for app in [App::default(), prefixed()] {
        for path in ["/", "/legacy", "/spec.json", "/openapi.json"] {
            let line = format!("GET {}{path}", app.prefix);
            let whole = ask_of(&app, &line, BROWSER, b"");
            let fields = [BROWSER, &[("Accept-Encoding", "gzip, deflate, br, zstd")]].concat();
            let coded = ask_of(&app, &line, &fields, b"");
            assert_eq!(whole.field("Content-Encoding"), None);
            assert_eq!(coded.field("Content-Encoding"), Some("br"), "{line}");
            assert!(coded.field("Vary").unwrap().ends_with("Accept-Encoding"), "{line}");
            assert!(coded.body.len() * 4 < whole.body.len(), "{line}: {}", coded.body.len());
            let mut decoded = Vec::new();
            let mut reader = brotli::Decompressor::new(&coded.body[..], 4096);
            std::io::Read::read_to_end(&mut reader, &mut decoded).unwrap();
            assert!(decoded == whole.body, "{line}");
            let known = [&fields[..], &[("If-None-Match", coded.field("ETag").unwrap())]].concat();
            assert_eq!(ask_of(&app, &line, &known, b"").status, 304, "{line}");
        }
    }
}

#[test]
fn each_part_of_the_page_has_a_name_of_its_own() {
    let html = String::from_utf8(page(&App::default()).body).unwrap();
    let ids = html.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let mut ids: Vec<&str> = ids.collect();
    let all = ids.len();
    assert!(all > ROUTES.len());
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn every_link_begins_with_the_prefix() {
    let html = String::from_utf8(page(&prefixed()).body).unwrap();
    assert!(html.contains("<a href=\"/bin/get\">") && html.contains("<a href=\"/bin/delay/1\">"));
    for link in html.split(" href=\"").skip(1) {
        assert!(link.starts_with("/bin/") || link.starts_with('#') || link.starts_with("data:"));
    }
    let text = ask_of(&prefixed(), "GET /bin/", CURL, b"");
    assert!(String::from_utf8(text.body).unwrap().contains("  /bin/delay/{delay}  "));
    assert_eq!(described(&prefixed(), "/spec.json")["basePath"], "/bin");
    assert_eq!(described(&prefixed(), "/openapi.json")["servers"][0]["url"], "/bin");
    assert_eq!(described(&App::default(), "/spec.json")["basePath"], "/");
}

#[test]
fn both_descriptions_have_every_path_and_operation() {
    for app in [App::default(), go()] {
        for (document, trace) in [("/spec.json", false), ("/openapi.json", true)] {
            let paths = &described(&app, document)["paths"];
            for route in &ROUTES {
                let item = &paths[route.path.replace('*', "")];
                let methods: Vec<&str> =
                    route.methods(app.compat).iter().map(|method| method.name()).collect();
                assert!(item.get("query").is_none() && item.get("").is_none(), "{}", route.path);
                for &method in &methods {
                    let goes_with_get = method == "HEAD" && methods.contains(&"GET");
                    // Neither version of OpenAPI supports QUERY.
                    let unlisted =
                        goes_with_get || method == "QUERY" || method == "TRACE" && !trace;
                    let operation = &item[method.to_lowercase()];
                    assert_eq!(operation.is_null(), unlisted, "{method} {}", route.path);
                    let count = operation["parameters"].as_array().map_or(0, Vec::len);
                    assert!(
                        unlisted || count >= route.params(app.compat).count(),
                        "{method} {}",
                        route.path
                    );
                }
            }
        }
    }
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn paths_that_httpbin_describes_are_spelled_as_there() {
    let document = described(&App::default(), "/spec.json");
    let ours: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
    assert_eq!(HTTPBIN_PATHS.split(' ').count(), 52);
    for path in HTTPBIN_PATHS.split(' ') {
        let same = ours.iter().find(|other| shape(other) == shape(path));
        assert_eq!(same.map(|same| same.as_str()), Some(path));
    }
}

#[test]
fn a_route_names_the_api_that_it_comes_from() {
    let lists = [
        (HTTPBIN_PATHS, Origin::Httpbin),
        (HTTPBIN_UNDESCRIBED, Origin::Httpbin),
        (GO_PATHS, Origin::GoHttpbin),
    ];
    let listed: Vec<(&str, Origin)> =
        lists.iter().flat_map(|(paths, from)| paths.split(' ').map(|path| (path, *from))).collect();
    for (path, _) in &listed {
        assert!(ROUTES.iter().any(|route| route.path.replace('*', "") == *path), "{path}");
    }
    let document = described(&App::default(), "/openapi.json");
    for route in &ROUTES {
        let path = route.path.replace('*', "");
        let origin = listed.iter().find(|row| row.0 == path).map_or(Origin::Loiter, |row| row.1);
        assert_eq!(route.origin(), origin, "{path}");
        for operation in document["paths"][&path].as_object().unwrap().values() {
            assert_eq!(operation["x-origin"], origin.name(), "{path}");
        }
    }
}

#[test]
fn a_bound_is_described_where_it_is_held() {
    let schema = |app: &App, path: &str, n: usize| {
        described(app, "/openapi.json")["paths"][path]["get"]["parameters"][n]["schema"].clone()
    };
    let of = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let integer = r#"{"type": "integer", "minimum": 0}"#;
    assert_eq!(schema(&App::default(), "/bytes/{n}", 0), of(integer));
    let integer = r#"{"type": "integer", "minimum": 0, "maximum": 1048576}"#;
    assert_eq!(schema(&go(), "/bytes/{n}", 0), of(integer));
    let code = r#"{"type": "integer", "minimum": 100, "maximum": 999, "default": 200}"#;
    assert_eq!(schema(&App::default(), "/drip", 2), of(code));
    let format = r#"{"type": "string", "default": "json"}"#;
    assert_eq!(schema(&App::default(), "/ip", 0), of(format));
}

/// What an operation lists, without what is described once for all of them.
fn own_parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().unwrap().iter().filter(|param| param["$ref"].is_null())
}

#[test]
fn a_form_is_described_where_it_is_taken() {
    let of = |app: &App, document: &str, method: &str| {
        described(app, document)["paths"]["/redirect-to"][method].clone()
    };
    for method in ["post", "put", "patch"] {
        let operation = of(&App::default(), "/openapi.json", method);
        for media in ["application/x-www-form-urlencoded", "multipart/form-data"] {
            let form = &operation["requestBody"]["content"][media]["schema"]["properties"];
            assert_eq!(form["url"]["type"], "string");
            assert_eq!(form["status_code"]["type"], "integer");
        }
        assert_eq!(operation["parameters"][0]["required"], Value::Null);
        let operation = of(&App::default(), "/spec.json", method);
        let own = own_parameters(&operation).map(|param| &param["in"]);
        assert_eq!(own.collect::<Vec<_>>(), ["query", "query", "formData", "formData"]);
    }
    for (app, method) in [(App::default(), "get"), (App::default(), "delete"), (go(), "post")] {
        let operation = of(&app, "/openapi.json", method);
        assert_eq!(operation["requestBody"], Value::Null, "{method}");
        assert_eq!(operation["parameters"][0]["required"], true, "{method}");
    }
}

/// A request for a route, with the first of its methods.
fn sample(app: &App, route: &Route) -> String {
    let method = route.methods(app.compat).iter().next().unwrap();
    format!("{} {}", method.name(), route.sample())
}

/// Whether a media type matches a row's, which may have a wildcard.
fn is_of(media: &str, range: &str) -> bool {
    let media = media.split(';').next().unwrap();
    let (kind, name) = range.split_once('/').unwrap();
    let (is_kind, is_name) = media.split_once('/').unwrap_or_default();
    (kind == "*" || kind == is_kind) && (name == "*" || name == is_name)
}

#[test]
fn a_routes_answers_have_the_media_types_of_its_row() {
    for app in [App::default(), go()] {
        for route in &ROUTES {
            let line = sample(&app, route);
            let answer = ask_of(&app, &line, &[("Host", "h")], b"");
            match route.answers_of(app.compat) {
                Answers::Redirect => assert_eq!(answer.status, 302, "{line}"),
                Answers::Media(range) if answer.status == 200 => {
                    assert!(is_of(&answer.media, range), "{line}: {} and {range}", answer.media);
                }
                _ => assert!(matches!(answer.status, 400..=599), "{line}"),
            }
        }
    }
}

#[test]
fn samples_and_defaults_are_as_their_parameters_have_it() {
    use loiter::endpoint::Kind::*;
    for app in [App::default(), go()] {
        for param in ROUTES.iter().flat_map(|route| route.params(app.compat)) {
            let Some(text) = param.default else { continue };
            let sound = match param.kind {
                Text | Duration(_) => true,
                Integer(least, most) => (least..=most).contains(&text.parse().unwrap()),
                Number(least, most) => (least..=most).contains(&text.parse().unwrap()),
                Switch => ["true", "false"].contains(&text),
                Choice(texts, _) => texts.contains(&text),
            };
            assert!(sound, "{}={text}", param.name);
            assert_eq!(param.go.map_or(param.name, |go| go.name), param.name);
        }
    }
}
