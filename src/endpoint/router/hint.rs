//! "Did you mean": the path that a request for an unknown one probably meant.

use super::{ROUTES, Route};
use crate::base::limits::MAX_QUOTED_BYTES;
use crate::base::text::edits;
use crate::http::app::App;
use crate::http::modifiers::{Name, PathModifiers};
use crate::http::request::Request;
use crate::http::uri::percent::strip_tilde;

/// What a client probably meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The path to request.
    pub path: String,
    /// What comes before it in a question.
    pub question: &'static str,
}

/// The path that was probably meant by one that no route has: of the template that is most like it,
/// with its own segments for the parameters, and behind its modifiers.
#[cold]
pub(crate) fn hint(app: &App, request: &Request) -> Option<Hint> {
    let raw = std::str::from_utf8(request.target.raw_path).ok()?;
    let modifiers = PathModifiers::of(app, &request.target).raw;
    let own = raw.strip_prefix(app.prefix.as_str()).unwrap_or(raw);
    let own = own.get(modifiers.len()..).filter(|own| own.len() <= MAX_QUOTED_BYTES)?;
    let has_tilde = |segment: &str| strip_tilde(segment.as_bytes()).is_some();
    let is_modifier =
        |segment: &&str| app.modifiers && (has_tilde(segment) || lacks_tilde(segment));
    let segments = own.split('/').filter(|segment| !segment.is_empty());
    let (wrong, segments): (Vec<&str>, Vec<&str>) = segments.partition(is_modifier);
    let question = match wrong.iter().all(|segment| has_tilde(segment)) {
        true if wrong.is_empty() => "Did you mean",
        true => "Modifiers come first: did you mean",
        false => "Modifiers begin with ~: did you mean",
    };
    let mut path = String::new();
    for segment in wrong {
        path.extend([if has_tilde(segment) { "/" } else { "/~" }, segment]);
    }
    path.push_str(&nearest(&segments)?);
    let path = app.local_for(request, &path);
    (path != raw).then_some(Hint { path, question })
}

/// Whether it is a modifier with a value, but without the `~` before its name.
fn lacks_tilde(segment: &str) -> bool {
    segment.split_once('=').is_some_and(|(name, _)| Name::parse(name).is_some())
}

/// The path of the nearest route, by edits and segments that are missing or too many; of two that
/// are as near, the one of so many segments.
fn nearest(segments: &[&str]) -> Option<String> {
    let found = ROUTES.iter().filter_map(|route| Some((Likeness::of(route, segments)?, route)));
    let (like, route) = found.min_by_key(|(like, _)| (like.edits + like.lacking, like.lacking))?;
    let sample = route.sample();
    let sample = sample.split(['?', '#']).next().unwrap_or_default();
    let samples = sample.split('/').skip(1 + like.text_segments);
    let own = segments.get(like.text_segments..).unwrap_or_default();
    let rest: Vec<&str> = match route.path.ends_with("*}") && !own.is_empty() {
        true => own.to_vec(),
        false => samples.enumerate().map(|(n, sample)| *own.get(n).unwrap_or(&sample)).collect(),
    };
    Some([&[text_of(route)], rest.as_slice()].concat().join("/"))
}

/// How like a path is to a route.
struct Likeness {
    /// From the path's text to the route's.
    edits: usize,
    /// How many parameters are missing, or segments too many.
    lacking: usize,
    /// Of the route.
    text_segments: usize,
}

impl Likeness {
    /// `None` if it is not.
    fn of(route: &Route, segments: &[&str]) -> Option<Likeness> {
        let text = text_of(route).strip_prefix('/').filter(|text| !text.is_empty())?;
        let text_segments = text.split('/').count();
        let own = segments.get(..text_segments).unwrap_or(segments);
        let params = route.path.matches('{').count();
        let whole = segments.join("/");
        let is_long = params == 0 && text_segments.min(segments.len()) > 1;
        let edits = match is_long && (is_end(&whole, text) || is_end(text, &whole)) {
            true => 0,
            false => edits(&own.join("/").to_ascii_lowercase(), text)?,
        };
        let lacking = segments.len().abs_diff(text_segments + params);
        Some(Likeness { edits, lacking, text_segments })
    }
}

/// Whether the last segments of a path are these: the base URL of a client of an API may have too
/// many or too few.
fn is_end(path: &str, end: &str) -> bool {
    path.strip_suffix(end).is_some_and(|start| start.ends_with('/'))
}

/// The path of a route up to its parameters.
fn text_of(route: &Route) -> &str {
    route.path.split("/{").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    fn meant(app: &App, target: &str) -> Option<String> {
        ask(target, &[], b"", |request| hint(app, request)).map(|hint| hint.path)
    }

    #[test]
    fn the_nearest_route_is_meant() {
        for (target, path) in [
            ("/dealy/3", Some("/delay/3")),
            ("/delay", Some("/delay/1")),
            ("/delay/", Some("/delay/1")),
            ("/Delay/7?a=b", Some("/delay/7")),
            ("/GET", Some("/get")),
            ("/get//", Some("/get")),
            ("/gte", Some("/get")),
            ("/get/1", Some("/get")),
            ("/bytes", Some("/bytes/16")),
            ("/byte/500", Some("/bytes/500")),
            ("/basic-auth/me", Some("/basic-auth/me/secret")),
            ("/basic_auth/me/x/y", Some("/basic-auth/me/x")),
            ("/cookie/set/a/b", Some("/cookies/set/a/b")),
            ("/image/pgn", Some("/image/png")),
            ("/status/", Some("/status/503")),
            ("/anythng", Some("/anything")),
            ("/anythng/x", Some("/anything/x")),
            ("/anythng/x/y/z", Some("/anything/x/y/z")),
            ("/chat/completions", Some("/v1/chat/completions")),
            ("/v1/v1/messages", Some("/v1/messages")),
            ("/v1/api/chat", Some("/api/chat")),
            ("/v2/get", None),
            ("/nope", None),
            ("/", None),
            ("/x", None),
            ("/zebra/stripes", None),
        ] {
            assert_eq!(meant(&App::default(), target).as_deref(), path, "{target}");
        }
        let long = format!("/delay/1/{}", "a".repeat(100));
        assert_eq!(meant(&App::default(), &long), None);
    }

    #[test]
    fn modifiers_stay_and_come_first() {
        let pre = App { prefix: "/pre".to_owned(), ..App::default() };
        let off = App { modifiers: false, ..App::default() };
        for (app, target, path) in [
            (&App::default(), "/get/~delay=1s", Some("/~delay=1s/get")),
            (&App::default(), "/~a/dealy/3/%7Eb=1", Some("/~a/%7Eb=1/delay/3")),
            (&App::default(), "/~status=503/gett", Some("/~status=503/get")),
            (&App::default(), "/delay=1s/get", Some("/~delay=1s/get")),
            (&App::default(), "/~a/status=503/dealy/3", Some("/~a/~status=503/delay/3")),
            (&App::default(), "/zebra=1/get", None),
            (&App::default(), "/~a", None),
            (&pre, "/get", Some("/pre/get")),
            (&pre, "/pre/gett", Some("/pre/get")),
            (&pre, "/~a/get", Some("/pre/~a/get")),
            (&pre, "/pre/~a/gett", Some("/pre/~a/get")),
            (&off, "/get/~delay=1s", Some("/get")),
        ] {
            assert_eq!(meant(app, target).as_deref(), path, "{target}");
        }
        let question = |target| ask(target, &[], b"", |request| hint(&App::default(), request));
        assert!(question("/get/~a").is_some_and(|hint| hint.question.starts_with("Modifiers")));
        assert!(question("/end=1s/get").is_some_and(|hint| hint.question.contains("begin with ~")));
        assert!(question("/~a/gett").is_some_and(|hint| hint.question == "Did you mean"));
    }

    #[test]
    fn every_route_is_meant_by_its_path_with_a_slash_behind_it() {
        for route in ROUTES.iter().filter(|route| route.path != "/") {
            let path = route.sample().split('?').next().unwrap_or_default().to_owned();
            assert_eq!(meant(&App::default(), &format!("{path}/")), Some(path));
        }
    }
}
