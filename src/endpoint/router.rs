//! Finds the route of a path: a hash table over first segments, built from [`ROUTES`] at compile
//! time.
//!
//! A route's path is text followed by parameters only, which the tests check. So a route matches if
//! the path starts with its text and the rest has as many segments as the route has parameters.

mod admin;
mod hint;
mod modified;

use std::borrow::Cow;

use super::{ROUTES, Route};
use crate::http::app::App;
use crate::http::compat::HTTPBIN;
use crate::http::modifiers::PathModifiers;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Methods, Params, Target};
use crate::http::status::Status;
pub(super) use hint::{Hint, hint};
pub use modified::{delay_before_us, find_modified};

/// The result for a path and a method.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// The route.
    pub route: &'static Route,
    /// Its index in [`ROUTES`].
    pub index: u8,
    /// The positions of its parameters in the decoded path.
    pub params: Params,
}

/// The route for a target and a method: 404 if no route has the path, 405 if it does not accept the
/// method. OPTIONS is accepted everywhere, and for `*`, the whole server. CONNECT is accepted
/// nowhere: its target is not a path, so `Allow` lists what the server accepts.
#[inline(always)] // for every request
pub fn find(app: &App, target: &Target, method: Method) -> Result<Found, Refusal> {
    if app.control.is_some() {
        admin::find(target, method)
    } else if app.compat.keep_encoded_slash {
        find_path(app, &target.path_with_encoded_slashes(), method)
    } else {
        find_path(app, &target.path, method)
    }
}

/// The path in which routes are found.
fn routed<'a>(app: &App, target: &'a Target) -> Cow<'a, [u8]> {
    match app.compat.keep_encoded_slash {
        false => Cow::Borrowed(target.path.as_ref()),
        true => target.path_with_encoded_slashes(),
    }
}

/// The parameters of a request that was [found](find) to be for the route of this index, with or
/// without modifiers; of no use if the settings have changed so that it is not for that any more.
pub fn params_of(app: &App, index: u8, target: &Target) -> Params {
    let shape = SHAPES.get(usize::from(index)).copied().unwrap_or(Shape::TEXT);
    if shape.params == 0 {
        return Params::default();
    }
    let (path, prefix) = (routed(app, target), app.prefix.len());
    let params = |before: usize| {
        let route = ROUTES.get(usize::from(index))?;
        without_prefix(app, &path)?;
        matches(app, path.get(before..)?, before, route, shape)
    };
    let modified = || params(prefix + PathModifiers::of(app, target).bytes);
    params(prefix).or_else(modified).unwrap_or_default()
}

fn find_path(app: &App, path: &[u8], method: Method) -> Result<Found, Refusal> {
    let any = method == Method::Options && (path == b"*" || app.compat.blind_options);
    match without_prefix(app, path) {
        Some(inner) => find_inner(app, inner, app.prefix.len(), any, method),
        None if any => server(),
        None => Err(missing(app, method)),
    }
}

/// The route for the part of a path that follows `before` bytes; `any` if every path has one.
#[inline(always)]
fn find_inner(
    app: &App,
    inner: &[u8],
    before: usize,
    any: bool,
    method: Method,
) -> Result<Found, Refusal> {
    let mut allow: Option<Methods> = None;
    let mut next = FIRST.get(slot(inner)).copied().unwrap_or(NONE);
    while let Some(route) = ROUTES.get(usize::from(next)) {
        let shape = SHAPES.get(usize::from(next)).copied().unwrap_or(Shape::TEXT);
        if let Some(params) = matches(app, inner, before, route, shape) {
            let methods = route.methods(app.compat);
            if methods.contains(method) || method == Method::Options {
                return Ok(Found { route, index: next, params });
            }
            allow = Some(allow.unwrap_or(methods).with(methods));
        }
        next = NEXT.get(usize::from(next)).copied().unwrap_or(NONE);
    }
    match allow {
        Some(allow) => Err(not_allowed(app, allow)),
        None if any => server(),
        None => Err(missing(app, method)),
    }
}

/// No route has the path; CONNECT's target is not a path.
fn missing(app: &App, method: Method) -> Refusal {
    match (method, server()) {
        (Method::Connect, Ok(found)) => not_allowed(app, found.route.methods(app.compat)),
        _ => Refusal::not_found(),
    }
}

/// The path without the prefix.
fn without_prefix<'a>(app: &App, path: &'a [u8]) -> Option<&'a [u8]> {
    match app.prefix.as_bytes() {
        // An empty slice's pointer is dangling, and comparing against it is slow on some
        // processors: glibc's memcmp for AVX-512 loads from it with the fault suppressed.
        [] => Some(path),
        prefix => path.strip_prefix(prefix),
    }
}

/// The whole server, for `OPTIONS *` (RFC 9110 9.3.7), as the route with the most methods.
fn server() -> Result<Found, Refusal> {
    let routes = (0..NONE).zip(&ROUTES);
    let route = routes.max_by_key(|(_, route)| route.methods(&HTTPBIN).iter().count());
    let (index, route) = route.ok_or_else(Refusal::not_found)?;
    Ok(Found { route, index, params: Params::default() })
}

fn not_allowed(app: &App, allow: Methods) -> Refusal {
    let mut refusal = Refusal::new(Status(405), "The method is not allowed for the requested URL.");
    let options = Methods::of(&[Method::Options]);
    refusal.allow = Some(if app.compat.blind_options { allow } else { allow.with(options) });
    refusal
}

/// The positions of the parameters if the path, which follows `before` bytes, matches the route.
#[inline(always)] // in the loop over the routes of a slot, or every request takes 1 % more
fn matches(app: &App, path: &[u8], before: usize, route: &Route, shape: Shape) -> Option<Params> {
    let text = route.path.as_bytes().get(..shape.text.into()).unwrap_or_default();
    let mut rest = path.strip_prefix(text)?;
    let mut params = Params::default();
    let mut at = text.len();
    for (n, span) in (1..=shape.params).zip(params.spans.iter_mut()) {
        let whole = shape.rest && n == shape.params;
        let end = rest.iter().position(|&byte| byte == b'/').filter(|_| !whole);
        let end = end.unwrap_or(rest.len());
        if end == 0 && !(whole && app.compat.empty_rest) {
            return None;
        }
        *span = ((before + at) as u32, (before + at + end) as u32);
        at += end + 1;
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    // Past the end if the last parameter took the rest.
    let left = if shape.params == 0 { at < path.len() } else { at <= path.len() };
    (!left).then_some(params)
}

/// Slots of the table: a power of two, several times the number of first segments.
const SLOTS: usize = 256;
/// The end of a chain: no route has this index.
const NONE: u8 = u8::MAX;

static FIRST: [u8; SLOTS] = build().0;
static NEXT: [u8; NONE as usize] = build().1;
static SHAPES: [Shape; NONE as usize] = shapes();

/// The shape of a route's path.
#[derive(Clone, Copy)]
struct Shape {
    /// Length of the text before the parameters.
    text: u8,
    /// Number of parameters.
    params: u8,
    /// Whether the last one matches the rest of the path.
    rest: bool,
}

impl Shape {
    const TEXT: Shape = Shape { text: 0, params: 0, rest: false };

    const fn of(path: &[u8]) -> Shape {
        let mut shape = Shape::TEXT;
        let mut at = 0;
        while at < path.len() {
            match path[at] {
                b'{' => shape.params += 1,
                b'*' => shape.rest = true,
                _ if shape.params == 0 => shape.text += 1,
                _ => {}
            }
            at += 1;
        }
        shape
    }
}

const fn shapes() -> [Shape; NONE as usize] {
    let mut shapes = [Shape::TEXT; NONE as usize];
    let mut place = 0;
    while place < ROUTES.len() {
        shapes[place] = Shape::of(ROUTES[place].path.as_bytes());
        place += 1;
    }
    shapes
}

/// The first route in each slot, and for each route the next one in its slot.
const fn build() -> ([u8; SLOTS], [u8; NONE as usize]) {
    assert!(ROUTES.len() < NONE as usize);
    let mut first = [NONE; SLOTS];
    let mut next = [NONE; NONE as usize];
    let mut place = ROUTES.len();
    while place > 0 {
        place -= 1;
        let slot = slot(ROUTES[place].path.as_bytes());
        next[place] = first[slot];
        first[slot] = place as u8;
    }
    (first, next)
}

/// The slot of a path: a hash of its first segment, or of the start of a long one.
const fn slot(path: &[u8]) -> usize {
    const LONGEST: usize = 24;
    let mut hash = 0u32;
    let mut at = 1;
    while at < path.len() && at <= LONGEST && path[at] != b'/' {
        hash = hash.wrapping_mul(31).wrapping_add(path[at] as u32);
        at += 1;
    }
    (hash ^ hash >> 8) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Place;
    use crate::http::compat::GO_HTTPBIN;

    fn ask(path: &[u8], method: Method) -> Result<Found, Refusal> {
        find_path(&App::default(), path, method)
    }

    fn spans(path: &str) -> Option<(&'static str, Vec<String>)> {
        let found = find_path(&App::default(), path.as_bytes(), Method::Get).ok()?;
        let texts = found.params.spans.iter().filter(|span| span.1 > 0);
        let texts = texts.map(|span| path[span.0 as usize..span.1 as usize].to_owned());
        Some((found.route.path, texts.collect()))
    }

    #[test]
    fn paths_and_their_parameters() {
        let found =
            |path, texts: &[&str]| Some((path, texts.iter().map(|t| t.to_string()).collect()));
        assert_eq!(spans("/"), found("/", &[]));
        assert_eq!(spans("/get"), found("/get", &[]));
        assert_eq!(spans("/delay/50ms"), found("/delay/{delay}", &["50ms"]));
        assert_eq!(spans("/anything"), found("/anything", &[]));
        assert_eq!(spans("/anything/a/b"), found("/anything/{anything*}", &["a/b"]));
        assert_eq!(spans("/anything//b"), found("/anything/{anything*}", &["/b"]));
    }

    #[test]
    fn parameters_are_found_again_by_the_route() {
        for prefix in ["", "/a/b"] {
            let app = App { prefix: prefix.to_owned(), ..App::default() };
            for path in ["/get", "/delay/50ms", "/anything/a/b", "/cookies/set/a/b"] {
                let target = [prefix, path].concat();
                let target = Target::parse(target.as_bytes()).unwrap().0;
                let found = find(&app, &target, Method::Get).unwrap();
                assert_eq!(params_of(&app, found.index, &target), found.params);
                assert!(std::ptr::eq(&ROUTES[usize::from(found.index)], found.route));
            }
            let other = Target::parse(b"/c/cookies/set/a/b").unwrap().0;
            let path = [prefix, "/cookies/set/a/b"].concat();
            let found = find_path(&app, path.as_bytes(), Method::Get).unwrap();
            assert_eq!(params_of(&app, found.index, &other), Params::default());
        }
    }

    #[test]
    fn other_paths() {
        for path in [
            "",
            "*",
            "/x",
            "/get/",
            "/GET",
            "get",
            "/delay/",
            "/delay",
            "/delay/1/2",
            "/delay/1/",
            "/anything/",
            "/getx",
            "/ge",
        ] {
            assert_eq!(spans(path), None, "{path}");
        }
        assert!(ask(&vec![b'a'; 100_000], Method::Get).is_err());
    }

    #[test]
    fn methods() {
        let refusal = ask(b"/get", Method::Post).unwrap_err();
        assert_eq!(refusal.status, Status(405));
        let allow: Vec<&str> = refusal.allow.unwrap().iter().map(Method::name).collect();
        assert_eq!(allow, ["GET", "HEAD", "OPTIONS"]);
        assert!(ask(b"/get", Method::Head).is_ok());
        assert!(ask(b"/get", Method::Options).is_ok());
        assert!(ask(b"*", Method::Options).is_ok());
        assert_eq!(ask(b"/nope", Method::Options).unwrap_err().status, Status(404));
        assert_eq!(ask(b"/anything", Method::Connect).unwrap_err().status, Status(405));
        assert_eq!(ask(b"/anything", Method::Other).unwrap_err().status, Status(405));
        assert_eq!(ask(b"/nope", Method::Other).unwrap_err().status, Status(404));
    }

    #[test]
    fn query_is_taken_where_post_is_one_of_several() {
        for (compat, any) in [(&HTTPBIN, false), (&GO_HTTPBIN, true)] {
            let app = App { compat, ..App::default() };
            for (path, taken) in [
                ("/anything", true),
                ("/anything/a", true),
                ("/status/200", true),
                ("/delay/1", true),
                ("/upload", true),
                ("/query", true),
                ("/echo", true),
                ("/response-headers", true),
                ("/post", false),
                ("/get", false),
                ("/put", false),
                ("/headers", any),
                ("/cookies/set", any),
            ] {
                let found = find_path(&app, path.as_bytes(), Method::Query);
                assert_eq!(found.is_ok(), taken, "{path} {}", compat.name);
                let allow = found.err().and_then(|refusal| refusal.allow);
                assert!(!allow.is_some_and(|allow| allow.contains(Method::Query)), "{path}");
            }
        }
    }

    #[test]
    fn connect_gets_the_methods_of_the_server() {
        for compat in [&HTTPBIN, &GO_HTTPBIN] {
            let app = App { compat, prefix: "/pre".to_owned(), ..App::default() };
            let refusal = find(&app, &Target::whole(b"a:443"), Method::Connect).unwrap_err();
            let allow = refusal.allow.unwrap();
            assert!(refusal.status == Status(405) && allow.contains(Method::Get));
            assert!(!allow.contains(Method::Connect));
        }
    }

    #[test]
    fn every_route_is_found_and_has_its_parameters_last() {
        for route in &ROUTES {
            let path = route.path.replace(['{', '}', '*'], "");
            let method = route.methods(&HTTPBIN).iter().next().unwrap();
            assert_eq!(ask(path.as_bytes(), method).unwrap().route.path, route.path);
            let wanted = route.path.split_once('{').map_or("", |parts| parts.1);
            assert!(wanted.split('/').skip(1).all(|part| part.starts_with('{')), "{path}");
            let named = route.params(&HTTPBIN).filter(|param| param.place == Place::Path);
            let named: Vec<&str> = named.map(|param| param.name).collect();
            let braced: Vec<&str> = route.path.split('{').skip(1).collect();
            let braced: Vec<&str> =
                braced.iter().filter_map(|part| part.split(['}', '*']).next()).collect();
            assert_eq!(named, braced, "{path}: each parameter of a path has its row, in order");
            let names = wanted.split('/').count();
            assert!(names <= crate::base::limits::MAX_PARAMS);
            assert!(wanted.split('/').rev().skip(1).all(|name| !name.ends_with("*}")), "{path}");
        }
    }

    #[test]
    fn a_prefix_stands_before_every_path() {
        let app = App { prefix: "/bin".to_owned(), ..App::default() };
        let found = find_path(&app, b"/bin/delay/1", Method::Get).unwrap();
        assert_eq!((found.route.path, found.params.spans[0]), ("/delay/{delay}", (11, 12)));
        for path in [b"/delay/1".as_slice(), b"/bin", b"/binget", b"/bi", b"*"] {
            assert!(find_path(&app, path, Method::Get).is_err());
        }
        assert!(find_path(&app, b"*", Method::Options).is_ok());
    }

    #[test]
    fn go_httpbin_minds_methods_only_where_the_path_is_named_after_one() {
        let app = App { compat: &GO_HTTPBIN, ..App::default() };
        assert!(find_path(&app, b"/headers", Method::Delete).is_ok());
        assert!(find_path(&app, b"/headers", Method::Other).is_ok());
        assert!(find_path(&app, b"/post", Method::Other).is_err());
        assert!(find_path(&app, b"/nope", Method::Options).is_ok());
        let refusal = find_path(&app, b"/get", Method::Post).unwrap_err();
        assert_eq!(refusal.allow, Some(Methods::of(&[Method::Get, Method::Head])));
    }

    #[test]
    fn in_go_httpbin_an_escaped_slash_ends_no_segment() {
        let app = App { compat: &GO_HTTPBIN, prefix: "/pre".to_owned(), ..App::default() };
        let find = |app: &App, raw: &[u8]| {
            let target = Target::parse(raw).unwrap().0;
            let found = find(app, &target, Method::Get).ok()?;
            let params = found.params.spans.iter().filter(|span| span.1 > 0);
            let params = params.map(|span| &target.path[span.0 as usize..span.1 as usize]);
            Some(String::from_utf8(params.collect::<Vec<_>>().join(&b'|')).unwrap())
        };
        for (raw, params) in [
            ("/pre/basic-auth/u/p%2Fq", Some("u|p/q")),
            ("/pre/base64/%2f%2B8=", Some("/+8=")),
            ("/pre/etag/a%2Fb", Some("a/b")),
            ("/pre/anything/a%2Fb/c", Some("a/b/c")),
            ("/pre%2Fget", None),
            ("/%2Fpre/get", None),
            ("/pre/basic-auth/u%2Fp", None),
        ] {
            assert_eq!(find(&app, raw.as_bytes()).as_deref(), params, "{raw}");
        }
        let httpbin = App { compat: &HTTPBIN, ..app };
        assert_eq!(find(&httpbin, b"/pre%2Fget").as_deref(), Some(""));
        assert_eq!(find(&httpbin, b"/pre/etag/a%2Fb"), None);
    }
}
