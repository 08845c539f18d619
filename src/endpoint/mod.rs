//! Layer 2, the endpoints: pure functions from a request to a reply.
//!
//! [`ROUTES`] lists all of them: routing, the page at `/`, the API's descriptions and the tests
//! read it. A module has the functions of its endpoints and their rows; a new endpoint is one of
//! each.

mod about;
mod admin;
mod auth;
mod base64;
mod caching;
mod compression;
mod content;
mod cookies;
mod documents;
mod images;
mod inspect;
mod llm;
mod modified;
mod openapi;
mod page;
pub mod params;
mod probes;
mod proxy;
mod range;
mod rate_limit;
mod raw;
mod redirects;
mod refusal;
mod response_headers;
mod route;
mod router;
mod status;
mod streams;
mod timing;
mod tls;
mod websocket;

use std::borrow::Cow;

use crate::http::app::App;
use crate::http::reply::{Media, NOT_FOUND, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;
pub use admin::ADMIN_ROUTES;
use admin::params_of as admin_params;
pub use modified::{misplaced_on, modify};
pub use rate_limit::{
    count as count_limited, uncount as uncount_limited, uncount_route as uncount,
};
pub use refusal::{refuse, refuse_before};
pub use route::{
    Answers, Beyond, BodyRule, Ceiling, Client, Endpoint, Group, Kind, Names, Origin, Others,
    Param, Place, Route, Sign,
};
pub use router::{Found, delay_before_us, find, find_modified, params_of};

/// Every group, in the order in which the index page lists them.
pub static GROUPS: &[Group] = &[
    inspect::GROUP,
    raw::GROUP,
    timing::GROUP,
    streams::GROUP,
    status::GROUP,
    redirects::GROUP,
    cookies::GROUP,
    auth::GROUP,
    caching::GROUP,
    compression::GROUP,
    content::GROUP,
    images::GROUP,
    documents::GROUP,
    websocket::GROUP,
    llm::GROUP,
    tls::GROUP,
    proxy::GROUP,
    about::GROUP,
    probes::GROUP,
    page::GROUP,
];

/// Every route of every group.
pub static ROUTES: [Route; COUNT] = flat();

const COUNT: usize = count();

const fn count() -> usize {
    let (mut all, mut group) = (0, 0);
    while group < GROUPS.len() {
        all += GROUPS[group].routes.len();
        group += 1;
    }
    all
}

const fn flat() -> [Route; COUNT] {
    let mut all = [GROUPS[0].routes[0]; COUNT];
    let (mut place, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].routes.len() {
            all[place] = GROUPS[group].routes[row];
            place += 1;
            row += 1;
        }
        group += 1;
    }
    all
}

/// Whether the route of this index, of those that [`ROUTES`] has, is a probe.
pub fn is_probe(route: u8) -> bool {
    ROUTES.get(usize::from(route)).is_some_and(Route::is_probe)
}

/// Answers a request for this route, with its parameters.
#[inline(always)] // for a plain request
pub fn answer(app: &App, found: &Found, request: &Request) -> Reply {
    if request.method == Method::Options {
        return preflight(app, found.route, request);
    }
    match found.route.endpoint(app.compat)(app, request) {
        Ok(reply) => reply,
        Err(refusal) => refusal::refuse_to(app, &refusal, request, None),
    }
}

/// Answers a request without a route. As in httpbin, a CORS preflight is permitted all the same.
pub fn not_served(app: &App, refusal: &Refusal, request: &Request) -> Reply {
    let hint = (refusal.reason == NOT_FOUND).then(|| router::hint(app, request)).flatten();
    let reply = refusal::refuse_to(app, refusal, request, hint.as_ref());
    let is_preflight = request.method == Method::Options && app.compat.cors;
    if is_preflight { permit(app, reply, request) } else { reply }
}

/// The answer to OPTIONS, which may be a CORS preflight. As in httpbin, everything is permitted.
/// The two fields that every answer has are added elsewhere.
fn preflight(app: &App, route: &Route, request: &Request) -> Reply {
    let reply = match app.compat.blind_options {
        true => Reply::new(Status::OK),
        false => {
            let methods = route.methods(app.compat).with(Methods::of(&[Method::Options]));
            let reply =
                Reply::new(Status::OK).media(Media::Html).header("Allow", refusal::allow(methods));
            match methods.contains(Method::Query) {
                true => reply.header(inspect::ACCEPT_QUERY, "*/*"),
                false => reply,
            }
        }
    };
    permit(app, reply, request)
}

/// Adds the fields of a CORS preflight response. QUERY, which neither API knows, is permitted to
/// who asks for it (RFC 10008 4).
fn permit(app: &App, reply: Reply, request: &Request) -> Reply {
    let asks_for_query = request.field("Access-Control-Request-Method") == Some(b"QUERY");
    let methods = match asks_for_query {
        true => Cow::Owned([app.compat.cors_methods, ", QUERY"].concat()),
        false => Cow::Borrowed(app.compat.cors_methods),
    };
    let reply = reply
        .header("Access-Control-Allow-Methods", methods)
        .header("Access-Control-Max-Age", "3600");
    match request.field("Access-Control-Request-Headers").map(std::str::from_utf8) {
        Some(Ok(asked)) => reply.header("Access-Control-Allow-Headers", asked.to_owned()),
        _ => reply,
    }
}
