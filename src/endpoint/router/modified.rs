//! Finds the route of a path that may begin with modifiers: `/~delay=1s/delay/5/get`.

use super::{Found, find, find_inner, routed};
use crate::endpoint::params::{bounded_duration_us, max_duration_us};
use crate::http::app::App;
use crate::http::modifiers::PathModifiers;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Target};
use crate::http::uri::percent::percent_decode;

/// As [`find`], for the path after the modifiers that it begins with, which are returned too. A
/// path of modifiers alone is `/`.
///
/// No route begins with `~` and none continues `/delay/{delay}`, so `find` fails with 404 where a
/// path has modifiers, except for OPTIONS where every path is accepted
/// ([`blind_options`](crate::http::compat::Compat::blind_options)).
pub fn find_modified<'a>(
    app: &App,
    target: &Target<'a>,
    method: Method,
) -> (Result<Found, Refusal>, PathModifiers<'a>) {
    let modifiers = PathModifiers::of(app, target);
    if modifiers.is_empty() {
        return (find(app, target, method), modifiers);
    }
    let path = routed(app, target);
    let before = app.prefix.len() + modifiers.bytes;
    let inner = path.get(before..).filter(|inner| !inner.is_empty()).unwrap_or(b"/");
    let any = method == Method::Options && app.compat.blind_options;
    (find_inner(app, inner, before, any, method), modifiers)
}

/// What `/delay/D` before a path adds, in microseconds. Each D and their sum are bounded as the
/// endpoint's is: what is longer is clamped or refused, depending on the API.
pub fn delay_before_us(app: &App, modifiers: &PathModifiers) -> Result<u64, Refusal> {
    let sum_us = modifiers.delays().try_fold(0u64, |sum_us, delay| {
        let text = percent_decode(delay);
        let delay_us = bounded_duration_us(app, "delay", &String::from_utf8_lossy(&text))?;
        Ok(sum_us.saturating_add(delay_us))
    })?;
    let most_us = max_duration_us(&app.limits);
    if sum_us <= most_us || app.compat.clamps {
        return Ok(sum_us.min(most_us));
    }
    let most = app.limits.max_duration;
    Err(Refusal::bad(format!("the delays of the path together are longer than {most:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::{ROUTES, params_of};
    use crate::http::compat::{GO_HTTPBIN, HTTPBIN};
    use crate::http::status::Status;

    /// The route's path with its parameters, which must be found again.
    fn route(app: &App, raw: &str) -> Result<String, Status> {
        let target = Target::parse(raw.as_bytes()).unwrap().0;
        let (found, _) = find_modified(app, &target, Method::Get);
        let found = found.map_err(|refusal| refusal.status)?;
        assert_eq!(params_of(app, found.index, &target), found.params, "{raw}");
        let spans = found.params.spans.iter().filter(|span| span.1 > 0);
        let texts = spans.map(|span| &target.path[span.0 as usize..span.1 as usize]);
        let texts = texts.map(|text| String::from_utf8(text.to_vec()).unwrap());
        Ok([found.route.path.to_owned()].into_iter().chain(texts).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn no_route_can_be_a_modifier() {
        let (app, no_text) = (App::default(), |path: &str| path.replace(['{', '}', '*'], ""));
        for route in &ROUTES {
            let path = no_text(route.path);
            let target = Target::parse(path.as_bytes()).unwrap().0;
            assert!(PathModifiers::of(&app, &target).is_empty(), "{path}");
            assert!(!path.starts_with("/~"), "{path}");
        }
    }

    #[test]
    fn a_route_is_found_after_modifiers() {
        for prefix in ["", "/a/b"] {
            let app = App { prefix: prefix.to_owned(), ..App::default() };
            for (path, wanted) in [
                ("/~x=1/get", "/get"),
                ("/~x", "/"),
                ("/~x/", "/"),
                ("/~x//get", "/get"),
                ("/delay/5/status/404", "/status/{codes} 404"),
                ("/delay/1/delay/2", "/delay/{delay} 2"),
                ("/~x=%2F%41/delay/1/anything/~a/b", "/anything/{anything*} ~a/b"),
                ("/%7Ex/cookies/set/a%20b/c", "/cookies/set/{name}/{value} a b c"),
                ("/delay/1/~x/", "/"),
                ("/get", "/get"),
                ("/anything/~x/get", "/anything/{anything*} ~x/get"),
            ] {
                assert_eq!(route(&app, &[prefix, path].concat()).as_deref(), Ok(wanted), "{path}");
            }
            for path in ["/~x/nope", "/~x/delay/1/", "/delay/1/2", "/delay/1/", "/nope/~x"] {
                assert_eq!(route(&app, &[prefix, path].concat()), Err(Status(404)), "{path}");
            }
        }
    }

    #[test]
    fn a_method_is_refused_after_modifiers_too() {
        let target = Target::parse(b"/~x/get").unwrap().0;
        let found = |compat, method| {
            let app = App { compat, ..App::default() };
            find_modified(&app, &target, method).0.map(|found| found.route.path)
        };
        assert_eq!(found(&HTTPBIN, Method::Post).unwrap_err().status, Status(405));
        assert_eq!(found(&HTTPBIN, Method::Options), Ok("/get"));
        assert_eq!(found(&GO_HTTPBIN, Method::Options), Ok("/get"));
        let app = App { compat: &GO_HTTPBIN, ..App::default() };
        let nope = Target::parse(b"/~x/nope").unwrap().0;
        assert!(find_modified(&app, &nope, Method::Options).0.is_ok());
    }

    #[test]
    fn in_go_httpbin_an_escaped_slash_ends_no_segment_after_modifiers() {
        let app = App { compat: &GO_HTTPBIN, prefix: "/pre".to_owned(), ..App::default() };
        for (path, wanted) in [
            ("/pre/~x=a%2Fb/etag/a%2Fb", Ok("/etag/{etag} a/b")),
            ("/pre/~x/basic-auth/u/p%2Fq", Ok("/basic-auth/{user}/{passwd} u p/q")),
            ("/pre/~x/%2Fget", Err(Status(404))),
            ("/pre/~x%2Fget", Ok("/")),
        ] {
            assert_eq!(route(&app, path), wanted.map(str::to_owned), "{path}");
        }
    }

    #[test]
    fn nothing_is_a_modifier_when_they_are_off() {
        let off = App { modifiers: false, ..App::default() };
        for path in ["/~x/get", "/~x", "/delay/5/get"] {
            assert_eq!(route(&off, path), Err(Status(404)), "{path}");
        }
    }

    #[test]
    fn delays_add_up() {
        let sum = |compat, raw: &str| {
            let app = App { compat, ..App::default() };
            let target = Target::parse(raw.as_bytes()).unwrap().0;
            delay_before_us(&app, &PathModifiers::of(&app, &target))
                .map_err(|refusal| refusal.reason.into_owned())
        };
        assert_eq!(sum(&HTTPBIN, "/get"), Ok(0));
        assert_eq!(sum(&HTTPBIN, "/delay/1.5/~x/delay/50%6Ds/get"), Ok(1_550_000));
        assert_eq!(sum(&HTTPBIN, "/delay/99/delay/99/get"), Ok(10_000_000));
        assert!(sum(&GO_HTTPBIN, "/delay/99/get").unwrap_err().contains("longer than 10s"));
        let long = sum(&GO_HTTPBIN, "/delay/6/delay/6/get").unwrap_err();
        assert!(long.contains("together are longer than 10s"), "{long}");
        let bad = sum(&HTTPBIN, "/delay/1/delay/x/get").unwrap_err();
        assert!(bad.starts_with("bad delay \"x\""), "{bad}");
    }
}
