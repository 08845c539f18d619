//! The page before a redirect leads a browser to another server, on a public one: a link to this
//! server must not deceive people who trust its name (open redirects, CWE-601).

use crate::http::app::App;
use crate::http::fields::accept::preference;
use crate::http::html::{self, HEAD};
use crate::http::reply::{Media, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::reference::Reference;
use crate::http::uri::request_url;

/// Whether a target, at `location`, is on another server than the request's.
pub(super) fn leads_elsewhere(
    app: &App,
    request: &Request,
    target: &Reference,
    location: &str,
) -> bool {
    let own = location.strip_prefix(&request_url::site(app, request));
    !target.is_local() && !own.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

/// Whether a browser opens a page with this request. Browsers report that themselves (Fetch
/// Metadata); an older one is recognized by asking for HTML by name, which programs do not.
pub(super) fn is_navigation(request: &Request) -> bool {
    match request.field("Sec-Fetch-Mode") {
        Some(mode) => mode == b"navigate",
        None => preference(request, "text/html").precision == 3,
    }
}

/// The page cannot be shown within another site's, which could have a click on its link meant for
/// something else.
const POLICY: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The page, with a link to a target on the web. Another one is text: it may be a script, and
/// letters of other alphabets may look like those of a known host.
pub(super) fn page(target: &Reference, location: &str) -> Reply {
    let to = html::escape(location);
    let plain = |host: &&str| {
        host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.:[]_".contains(&byte))
    };
    let (place, link) = match target.web_host().filter(plain) {
        Some(host) => (
            format!("<b>{}</b>, which is another server", html::escape(host)),
            format!("<a href=\"{to}\" rel=noreferrer>{to}</a>"),
        ),
        None => ("another place".to_owned(), format!("<code>{to}</code>")),
    };
    let page = format!(
        "{HEAD}<title>Leaving this server</title>\n<h1>Leaving this server</h1>\n\
         <p>The redirect leads to {place}:</p>\n<p>{link}</p>\n\
         <p>Follow it only if you know where it comes from.</p>\n"
    );
    let reply = Reply::whole(Status::OK, Media::Html, page.into_bytes());
    varies(reply).header("Content-Security-Policy", POLICY)
}

/// The answer depends on who asks.
pub(super) fn varies(reply: Reply) -> Reply {
    reply.header("Vary", "Sec-Fetch-Mode, Accept")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::app::Redirects;
    use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
    use crate::http::reply::Body;
    use crate::http::tests::ask;

    const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    const NAVIGATES: (&str, &str) = ("Sec-Fetch-Mode", "navigate");

    /// The status, and the page or the location.
    fn answer(app: &App, url: &str, field: (&str, &str)) -> (u16, String) {
        let route = super::super::GROUP.routes.iter().find(|route| route.path == "/redirect-to");
        let endpoint = route.unwrap().endpoint(app.compat);
        let target = format!("/redirect-to?url={url}");
        let reply = ask(&target, &[("Host", "own.example"), field], b"", |request| {
            endpoint(app, request).unwrap()
        });
        let location = reply.headers.iter().find(|(name, _)| *name == "Location");
        let text = match (&reply.body, location) {
            (Body::Whole(page), _) => String::from_utf8_lossy(page).into_owned(),
            (_, location) => location.unwrap().1.to_owned(),
        };
        (reply.status.0, text)
    }

    fn public(compat: &'static crate::http::compat::Compat, redirects: Redirects) -> App {
        App { public: true, redirects, compat, ..App::default() }
    }

    #[test]
    fn only_a_browser_that_leaves_a_public_server_is_asked() {
        const FAR: &str = "http://far.example/x?a=%3Cb%3E%22";
        for compat in [&HTTPBIN, &GO_HTTPBIN] {
            let hosts = ["far.example", "own.example"].map(str::to_owned).to_vec();
            let app = public(compat, Redirects::Hosts(hosts));
            for field in [BROWSER, NAVIGATES] {
                let (status, page) = answer(&app, FAR, field);
                assert_eq!(status, 200, "{field:?}");
                assert!(page.contains("<b>far.example</b>"), "{page}");
                assert!(
                    page.contains("<a href=\"http://far.example/x?a=%3Cb%3E%22\" rel"),
                    "{page}"
                );
            }
            for field in [("Accept", "*/*"), ("Sec-Fetch-Mode", "cors"), ("X", "y")] {
                assert_eq!(answer(&app, FAR, field).0, 302, "{field:?}");
            }
            for own in ["/get", "http://own.example/get", "http://OWN.example?a"] {
                assert_eq!(answer(&app, own, NAVIGATES).0, 302, "{own}");
            }
            for far in ["http://own.example:81/", "https://own.example/", "http://own.example"] {
                let asks = far != "http://own.example";
                assert_eq!(answer(&app, far, NAVIGATES).0 == 200, asks, "{far}");
            }
            assert_eq!(answer(&app, "http://evil.example/", NAVIGATES).0, 403);
            let local = App { public: false, ..app };
            assert_eq!(answer(&local, FAR, NAVIGATES).0, 302);
        }
    }

    #[test]
    fn a_script_and_a_host_that_looks_like_another_are_no_links() {
        let app = public(&HTTPBIN, Redirects::All);
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//far.example/",
            "http://a@b/",
            "http://%D0%B0pple.example/",
            "http://far.example%2500.own.example/",
        ] {
            let (status, page) = answer(&app, url, NAVIGATES);
            assert!(status == 200 && !page.contains("<a "), "{url}: {page}");
        }
    }
}
