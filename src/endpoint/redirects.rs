//! Redirects: `/redirect`, `/relative-redirect`, `/absolute-redirect`, `/redirect-to`; `/links`
//! is in `links`.

mod confirm;
mod links;

use super::params::{bad, count, integer};
use super::route::{Beyond, Group, Kind, Origin, Param, Route, UPLOAD};
use crate::base::sort::sort_by;
use crate::http::app::{App, Redirects};
use crate::http::body;
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::percent::has_valid_escapes;
use crate::http::uri::query::{self, Pair};
use crate::http::uri::reference::{ESCAPED_REFERENCE, REFERENCE, Reference};
use crate::http::uri::request_url;

const HOPS: Param = Param::path("n", Kind::Integer(1, i64::MAX), "2", "number of redirects")
    .beyond(Beyond::Refused);
const ABSOLUTE: Param = Param::query("absolute", Kind::Switch, "`true`: absolute URLs");
const ANY_STATUS: Kind = Kind::Integer(i64::MIN, i64::MAX);
const URL: Param = Param::query("url", Kind::Text, "target of the redirect").sample("/get");
const TARGET: &[Param] = &[
    URL.like(REFERENCE).go(&URL.like(ESCAPED_REFERENCE)),
    Param::query("status_code", ANY_STATUS, "300 to 399; any other number means 302")
        .or("302")
        .go(&Param::query("status_code", Kind::Integer(300, 399), "status code").or("302")),
];

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Redirects and links",
    about: "Redirects, and pages for crawlers",
    routes: &Origin::Httpbin.of([
        Route::get("/redirect/{n}", redirect, "Redirects n times, then to `/get`")
            .with(&[HOPS, ABSOLUTE])
            .redirects(),
        Route::get("/relative-redirect/{n}", relative, "The same, with relative URLs")
            .with(&[HOPS])
            .redirects(),
        Route::get("/absolute-redirect/{n}", absolute, "The same, with absolute URLs")
            .with(&[HOPS])
            .redirects(),
        Route::any("/redirect-to", redirect_to, "Redirects to a URL")
            .or_form("url")
            .with(TARGET)
            .go(redirect_to_go)
            .redirects(),
        links::FIRST,
        links::PAGE,
    ]),
};

/// `/redirect/{n}`. Departure from httpbin, here and in the next two: it fails if n is 0.
fn redirect(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let absolute = query::first(request, "absolute");
    let absolute = absolute.is_some_and(|value| value.eq_ignore_ascii_case("true"));
    Ok(found(app, next_hop(app, request, absolute)?))
}

/// `/relative-redirect/{n}`, without a page.
fn relative(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let media = if app.compat.pages { Media::Html } else { Media::None };
    Ok(Reply::new(Status(302)).media(media).header("Location", next_hop(app, request, false)?))
}

/// `/absolute-redirect/{n}`.
fn absolute(app: &App, request: &Request) -> Result<Reply, Refusal> {
    Ok(found(app, next_hop(app, request, true)?))
}

/// The target of the next of n redirects; the last one is `/get`.
fn next_hop(app: &App, request: &Request, absolute: bool) -> Result<String, Refusal> {
    let path = match count(app, "n", request.param(0))? {
        0 => return Err(bad("n", "0", "it must be at least 1")),
        1 => app.local_for(request, "/get"),
        n if absolute => app.local_for(request, &format!("/absolute-redirect/{}", n - 1)),
        n => app.local_for(request, &format!("/relative-redirect/{}", n - 1)),
    };
    Ok(if absolute { request_url::site(app, request) + &path } else { path })
}

/// `302 Found`, with a page for clients that do not follow it, if the API has pages.
pub(super) fn found(app: &App, location: String) -> Reply {
    let reply = match app.compat.pages {
        false => Reply::new(Status(302)),
        true => {
            let to = html::escape(&location);
            let page = format!(
                "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>Redirect</title>\n\
                 <h1>Redirect</h1>\n<p>The document is at <a href=\"{to}\">{to}</a>.\n"
            );
            Reply::whole(Status(302), Media::Html, page.into_bytes())
        }
    };
    reply.header("Location", location)
}

/// `/redirect-to`. Departures from httpbin: without a URL it redirects to the word `None`, or to an
/// empty target; it fails on a status that is not a number, and on an invalid URL. A URL with a
/// control character is refused, since a browser might read it differently. With an allow list
/// other targets are forbidden. httpbin documents a form for POST, PUT and PATCH and does not read
/// it: here it is read if the query has no URL.
fn redirect_to(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let mut asked: Vec<Pair> = query::of(request).collect();
    if UPLOAD.contains(request.method) && named(&asked, "url").is_none() {
        asked.extend(body::read(app.compat, request)?.form);
    }
    let url = named(&asked, "url").unwrap_or_default();
    let target = parse_target(url)?;
    let code = named(&asked, "status_code").map(|code| integer(app.compat, "status_code", code));
    let code = code.transpose()?.and_then(redirect_code).unwrap_or(302);
    Ok(answer(app, request, &target, code, Media::Html, target.to_uri()))
}

/// The value of the first pair of this name, in any case.
fn named<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    pairs.iter().find(|pair| pair.0.eq_ignore_ascii_case(name)).map(|pair| pair.1.as_ref())
}

/// The same in go-httpbin, which reads the query alone: names are case-sensitive, the status must
/// be in range, and the target must be an absolute URL or an absolute path, which gets our prefix.
fn redirect_to_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let url = query::first(request, "url").unwrap_or_default();
    let target = parse_target(&url)?;
    if !has_valid_escapes(target.path.as_bytes()) {
        return Err(bad("url", &url, "it contains a `%` without two hexadecimal digits"));
    }
    let code = match query::given(app.compat, query::first(request, "status_code")) {
        None => 302,
        Some(code) => integer(app.compat, "status_code", &code)
            .ok()
            .and_then(redirect_code)
            .ok_or_else(|| bad("status_code", &code, "it must be 300 to 399"))?,
    };
    let uri = target.to_uri();
    let ours = uri.starts_with('/') && !uri.starts_with("//");
    let location = if ours { app.local(&uri) } else { uri };
    Ok(if target.scheme.is_some() || target.path.starts_with('/') {
        answer(app, request, &target, code, Media::None, location)
    } else {
        forbidden(app)
    })
}

fn parse_target(url: &str) -> Result<Reference<'_>, Refusal> {
    match url {
        "" => Err(Refusal::bad("url is missing: give the target of the redirect, as in ?url=/get")),
        url => Reference::parse(url).ok_or_else(|| bad("url", url, "it is not a valid URL")),
    }
}

fn redirect_code(code: i64) -> Option<u16> {
    u16::try_from(code).ok().filter(|code| (300..400).contains(code))
}

/// The redirect, if it is allowed. A 304 has no media type. On a public server, a browser that
/// would leave it is asked first.
fn answer(
    app: &App,
    request: &Request,
    target: &Reference,
    code: u16,
    media: Media,
    location: String,
) -> Reply {
    if !is_allowed(&app.redirects, target) {
        return forbidden(app);
    }
    let media = if code == 304 { Media::None } else { media };
    let away = app.public && confirm::leads_elsewhere(app, request, target, &location);
    if away && confirm::is_navigation(request) {
        return confirm::page(target, &location);
    }
    let reply = Reply::new(Status(code)).media(media).header("Location", location);
    if away { confirm::varies(reply) } else { reply }
}

/// Without an allow list everything is allowed; with one, our own paths and the web on exactly
/// these hosts. The list has IPv6 addresses without brackets.
fn is_allowed(redirects: &Redirects, target: &Reference) -> bool {
    let Redirects::Hosts(hosts) = redirects else { return true };
    let listed = |host: &str| {
        let inside = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let host = inside.unwrap_or(host);
        hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    };
    target.is_local() || target.web_host().is_some_and(listed)
}

/// Plain text, not JSON as for other refusals, since people will see it.
fn forbidden(app: &App) -> Reply {
    let mut text = String::from("Redirects to this URL are not allowed. ");
    text.push_str(match &app.redirects {
        Redirects::All => "It must start with a scheme or with one slash.\n",
        Redirects::Hosts(hosts) if hosts.is_empty() => "Allowed are paths of this server.\n",
        Redirects::Hosts(_) => "Allowed are paths of this server, and these hosts:\n",
    });
    if let Redirects::Hosts(hosts) = &app.redirects {
        let mut hosts: Vec<&String> = hosts.iter().collect();
        sort_by(&mut hosts, Ord::cmp);
        hosts.iter().for_each(|host| text.extend(["- ", host, "\n"]));
    }
    Reply::whole(Status(403), Media::Text, text.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(url: &str) -> bool {
        let hosts = Redirects::Hosts(vec!["good.example".to_owned(), "::1".to_owned()]);
        Reference::parse(url).is_some_and(|target| is_allowed(&hosts, &target))
    }

    #[test]
    fn targets_that_are_allowed() {
        for url in [
            "/",
            "/get?url=http://evil.example",
            "/a/b#//evil.example",
            "/@evil.example",
            "http://good.example",
            "HTTPS://GOOD.example:8443/x?y=\\",
            "http://good.example?@evil.example",
            "http://good.example#@evil.example",
            "http://good.example:/",
            "http://[::1]:80/",
            " http://good.example/",
        ] {
            assert!(allowed(url), "{url}");
        }
    }

    #[test]
    fn attacks_on_the_allow_list() {
        for url in [
            // Another host.
            "http://evil.example",
            "http://good.example.evil.example",
            "http://evilgood.example",
            "http://sub.good.example",
            "http://good.example.",
            "http://[::1].evil.example",
            "http://[::2]/",
            // A host without a scheme.
            "//evil.example",
            "//good.example",
            "///evil.example",
            "////evil.example",
            " //evil.example",
            // Backslashes, which browsers read as slashes.
            "/\\evil.example",
            "\\/evil.example",
            "\\\\evil.example",
            "/a\\..\\\\evil.example",
            "http:\\\\evil.example",
            "http:/\\evil.example",
            "http://evil.example\\.good.example",
            "http://evil.example\\@good.example",
            "http://good.example\\@evil.example",
            // A scheme without slashes, or with too many.
            "http:evil.example",
            "https:evil.example",
            "http:/evil.example",
            "http:///evil.example",
            "https:good.example",
            // A user that looks like the host.
            "http://good.example@evil.example",
            "http://good.example:80@evil.example",
            "http://@evil.example",
            "http://evil.example@good.example",
            "http://evil.example#@good.example",
            "http://evil.example?@good.example",
            "http://evil.example/@good.example",
            // Invalid ports.
            "http://good.example:80.evil.example",
            "http://good.example:x",
            "http://good.example:99999",
            // Characters that browsers drop, or that end a line.
            "/\t/evil.example",
            "/\n/evil.example",
            "/\r/evil.example",
            "h\tttp://evil.example",
            "http:/\t/evil.example",
            "\thttp://evil.example",
            "\u{1}//evil.example",
            "http://good.example\r\nSet-Cookie: a=b",
            "/\0",
            "/\x7f",
            // Hosts that are equal only once decoded or normalized.
            "http://good%2eexample",
            "http://good。example",
            "http://ｇood.example",
            "http://evil.example／.good.example",
            "http://good.example%00.evil.example",
            "http://good.example%2f@evil.example",
            "http://good.example,evil.example",
            "http://good.example;evil.example",
            "http://good.example .evil.example",
            // Other schemes.
            "ftp://good.example",
            "javascript://good.example/%0aalert(1)",
            "javascript:alert(1)",
            "data:text/html,x",
            "x-http://good.example",
            ":http://good.example",
            // Relative paths, which depend on the path of the request.
            "",
            "evil",
            "../x",
            "?x",
            "#x",
            "\u{a0}//evil.example",
        ] {
            assert!(!allowed(url), "{url:?}");
        }
    }

    #[test]
    fn without_a_list_all_is_allowed_that_can_be_read() {
        for url in ["//evil.example", "http:evil", "javascript:alert(1)", "/\\evil"] {
            assert!(is_allowed(&Redirects::All, &Reference::parse(url).unwrap()), "{url}");
        }
    }
}
