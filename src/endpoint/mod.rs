//! Layer 2: what loiter answers. Every endpoint is a pure function from a request to a reply.
//!
//! [`ROUTES`] is the index of the product: routing, the page at `/` and the tests read it. A new
//! endpoint is one function and one row.

mod content;
mod index;
mod inspect;
pub mod params;
mod refusal;
mod router;
mod timing;

use crate::http::app::App;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::status::Status;
pub use refusal::refuse;
pub use router::{Found, find};

/// Answers one request, at once and without waiting.
pub type Endpoint = fn(&App, &Request) -> Result<Reply, Refusal>;

/// What becomes of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// Read and thrown away.
    Discard,
    /// Collected whole, up to the limit, before the endpoint is called.
    Keep,
    /// Passed on while it arrives; the endpoint is called first.
    Stream,
}

/// One row: a path, what may be asked of it, and who answers.
#[derive(Debug)]
pub struct Route {
    /// The methods it takes. HEAD goes with GET, and OPTIONS with every route.
    pub methods: Methods,
    /// The path; `{name}` stands for one segment, `{name*}` at the end for the rest.
    pub path: &'static str,
    /// Who answers.
    pub endpoint: Endpoint,
    /// What becomes of a body.
    pub body: BodyRule,
    /// What it is for, in one line.
    pub about: &'static str,
}

const GET: Methods = Methods::of(&[Method::Get, Method::Head]);
const POST: Methods = Methods::of(&[Method::Post]);
const PUT: Methods = Methods::of(&[Method::Put]);
const PATCH: Methods = Methods::of(&[Method::Patch]);
const DELETE: Methods = Methods::of(&[Method::Delete]);
const UPLOAD: Methods = Methods::of(&[Method::Post, Method::Put, Method::Patch]);
const ANY: Methods = Methods::of(&[
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Delete,
    Method::Patch,
    Method::Trace,
]);

/// Every route, in the order in which the index page lists them.
#[rustfmt::skip]
pub static ROUTES: &[Route] = &[
    Route { methods: GET,    path: "/",                endpoint: index::index,        body: BodyRule::Discard, about: "this page" },
    Route { methods: GET,    path: "/get",             endpoint: inspect::get,        body: BodyRule::Discard, about: "what a GET request said" },
    Route { methods: POST,   path: "/post",            endpoint: inspect::with_body,  body: BodyRule::Keep,    about: "what a POST request said, with its body" },
    Route { methods: PUT,    path: "/put",             endpoint: inspect::with_body,  body: BodyRule::Keep,    about: "the same for PUT" },
    Route { methods: PATCH,  path: "/patch",           endpoint: inspect::with_body,  body: BodyRule::Keep,    about: "the same for PATCH" },
    Route { methods: DELETE, path: "/delete",          endpoint: inspect::with_body,  body: BodyRule::Keep,    about: "the same for DELETE" },
    Route { methods: ANY,    path: "/anything",        endpoint: inspect::anything,   body: BodyRule::Keep,    about: "what any request said, with its method" },
    Route { methods: ANY,    path: "/anything/{rest*}", endpoint: inspect::anything,  body: BodyRule::Keep,    about: "the same under any path" },
    Route { methods: GET,    path: "/headers",         endpoint: inspect::headers,    body: BodyRule::Discard, about: "the request's header fields" },
    Route { methods: GET,    path: "/ip",              endpoint: inspect::ip,         body: BodyRule::Discard, about: "the client's address" },
    Route { methods: GET,    path: "/user-agent",      endpoint: inspect::user_agent, body: BodyRule::Discard, about: "the client's User-Agent" },
    Route { methods: GET,    path: "/uuid",            endpoint: content::uuid,       body: BodyRule::Discard, about: "a random UUID (version 4)" },
    Route { methods: ANY,    path: "/status/{codes}",  endpoint: content::status,     body: BodyRule::Discard, about: "a status code, or one drawn from 200:3,500:1" },
    Route { methods: GET,    path: "/bytes/{n}",       endpoint: content::bytes,      body: BodyRule::Discard, about: "n random bytes; seed=N makes them repeatable" },
    Route { methods: GET,    path: "/stream/{n}",      endpoint: content::stream,     body: BodyRule::Discard, about: "n lines of JSON, a chunk each" },
    Route { methods: ANY,    path: "/delay/{delay}",   endpoint: timing::delay,       body: BodyRule::Keep,    about: "the answer after 3 (seconds), 0.25, 50ms or 1.5s" },
    Route { methods: GET,    path: "/drip",            endpoint: timing::drip,        body: BodyRule::Discard, about: "bytes over time: duration, numbytes, code, delay" },
    Route { methods: UPLOAD, path: "/echo",            endpoint: content::echo,       body: BodyRule::Stream,  about: "the request's body, while it arrives" },
];

/// Answers a request that was found to be for this route, and carries its parameters.
pub fn answer(app: &App, found: &Found, request: &Request) -> Reply {
    if request.method == Method::Options {
        return preflight(found.route, request);
    }
    match (found.route.endpoint)(app, request) {
        Ok(reply) => reply,
        Err(refusal) => refuse(&refusal),
    }
}

/// The answer to OPTIONS, which is also a browser asking whether a page may send a request. It
/// may, always: as in httpbin. The two fields that every answer has are not written here.
fn preflight(route: &Route, request: &Request) -> Reply {
    let allow = refusal::allow(route.methods.with(Methods::of(&[Method::Options])));
    let methods = "GET, POST, PUT, DELETE, PATCH, OPTIONS";
    let reply = Reply { media: Media::Html, ..Reply::new(Status::OK) }
        .header("Allow", allow)
        .header("Access-Control-Allow-Methods", methods)
        .header("Access-Control-Max-Age", "3600");
    match request.field("Access-Control-Request-Headers").map(std::str::from_utf8) {
        Some(Ok(asked)) => reply.header("Access-Control-Allow-Headers", asked.to_owned()),
        _ => reply,
    }
}
