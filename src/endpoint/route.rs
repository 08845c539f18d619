//! Routes: the rows from which routing, the page, the API's descriptions and the tests are made.

mod origin;
mod param;

use crate::http::app::App;
use crate::http::compat::{Compat, Dialect};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::uri::query::first;
pub use origin::Origin;
pub use param::{Beyond, Ceiling, Kind, Names, Others, Param, Place, Sign};

/// Answers one request, without waiting.
pub type Endpoint = fn(&App, &Request) -> Result<Reply, Refusal>;

/// What happens to a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// Read and discarded.
    Discard,
    /// Counted and hashed, whatever its length, and discarded; the endpoint is called at its end.
    /// The request's body ends with the SHA-256, 32 bytes, if anything was sent.
    Hash,
    /// Collected, up to the limit, before the endpoint is called.
    Keep,
    /// Streamed; the endpoint is called first.
    Stream,
}

/// Routes that belong together, one group per module.
#[derive(Debug)]
pub struct Group {
    /// The heading.
    pub name: &'static str,
    /// The same as a phrase.
    pub about: &'static str,
    /// Its routes.
    pub routes: &'static [Route],
}

/// The successful answers of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// 200 with a body of this media type; `*/*` if that depends on the request.
    Media(&'static str),
    /// 302 or another redirect.
    Redirect,
    /// 101, then WebSocket messages.
    WebSocket,
}

/// What a client must do to get what a browser gets; for the page's curl commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Basic authentication (RFC 7617).
    Basic,
    /// A bearer token (RFC 6750).
    Bearer,
    /// Digest authentication (RFC 7616).
    Digest,
    /// Expect a challenge without a preset user and password.
    Challenge,
    /// Ask for HTML, since the answer to curl is plain text.
    Html,
    /// Follow redirects. Implied for routes that answer with nothing else.
    Follow,
    /// Keep cookies between requests.
    Cookies,
    /// Decompress the answer.
    Decompress,
    /// Show pieces of the answer as they arrive.
    Unbuffered,
    /// Write the answer to a file; if it echoes the body, only if that is a file.
    Save,
}

impl Client {
    /// Its name in the page's script.
    pub const fn name(self) -> &'static str {
        match self {
            Client::Basic => "basic",
            Client::Bearer => "bearer",
            Client::Digest => "digest",
            Client::Challenge => "challenge",
            Client::Html => "html",
            Client::Follow => "follow",
            Client::Cookies => "cookies",
            Client::Decompress => "decompress",
            Client::Unbuffered => "unbuffered",
            Client::Save => "save",
        }
    }
}

/// One route: its path, parameters and endpoints.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The path; `{name}` matches one segment, a final `{name*}` the rest.
    pub path: &'static str,
    /// A summary, in one line.
    pub about: &'static str,
    /// What happens to a body.
    pub body: BodyRule,
    /// If the query lacks this name, a form in the body is read for the query's parameters.
    form: Option<&'static str>,
    /// A sample of a body, for a route that needs one of a certain form; empty for others.
    pub sample_body: &'static str,
    /// What a client must do to get what a browser gets.
    pub client: &'static [Client],
    params: &'static [Param],
    /// `None` means loiter, unless the group has another default.
    origin: Option<Origin>,
    answers: [Answers; 2],
    methods: Methods,
    fixed: bool,
    probe: bool,
    endpoints: [Endpoint; 2],
}

/// The methods of most routes.
pub(super) const GET: Methods = Methods::of(&[Method::Get, Method::Head]);
/// The methods of routes that expect a body. QUERY is accepted wherever POST is one of several: a
/// path that is named after a method accepts that one alone.
pub(super) const UPLOAD: Methods =
    Methods::of(&[Method::Post, Method::Put, Method::Patch, Method::Query]);
/// The methods of routes that accept every method httpbin knows.
pub(super) const ANY: Methods = Methods::of(&[
    Method::Get,
    Method::Head,
    Method::Post,
    Method::Put,
    Method::Delete,
    Method::Patch,
    Method::Trace,
    Method::Query,
]);
/// The same with methods that have no name here: go-httpbin accepts any token.
const EVERY: Methods = ANY.with(Methods::of(&[Method::Other]));

impl Route {
    /// A route that accepts these methods and discards bodies.
    pub const fn new(
        methods: Methods,
        path: &'static str,
        endpoint: Endpoint,
        about: &'static str,
    ) -> Route {
        let (endpoints, body) = ([endpoint, endpoint], BodyRule::Discard);
        let answers = [Answers::Media("application/json"); 2];
        let (form, client, params) = (None, [].as_slice(), [].as_slice());
        let (fixed, probe, origin, sample_body) = (false, false, None, "");
        Route {
            path,
            about,
            body,
            form,
            sample_body,
            client,
            params,
            origin,
            answers,
            methods,
            fixed,
            probe,
            endpoints,
        }
    }

    /// A route that accepts GET and HEAD.
    pub const fn get(path: &'static str, endpoint: Endpoint, about: &'static str) -> Route {
        Route::new(GET, path, endpoint, about)
    }

    /// A route that accepts every method.
    pub const fn any(path: &'static str, endpoint: Endpoint, about: &'static str) -> Route {
        Route::new(ANY, path, endpoint, about)
    }

    /// Sets the API that it comes from, if that is not its group's.
    pub const fn from(mut self, origin: Origin) -> Route {
        self.origin = Some(origin);
        self
    }

    /// Sets another endpoint for `--compat go-httpbin`.
    pub const fn go(mut self, endpoint: Endpoint) -> Route {
        self.endpoints[Dialect::GoHttpbin as usize] = endpoint;
        self
    }

    /// Fixes the methods for go-httpbin too.
    pub const fn fixed(mut self) -> Route {
        self.fixed = true;
        self
    }

    /// Makes it a probe: no modifier changes it, and the access log leaves it out.
    pub const fn probe(mut self) -> Route {
        self.probe = true;
        self
    }

    /// Keeps the body.
    pub const fn keep(mut self) -> Route {
        self.body = BodyRule::Keep;
        self
    }

    /// Reads parameters from the form of a POST or the like, if the query does not have `name`.
    pub const fn or_form(mut self, name: &'static str) -> Route {
        self.form = Some(name);
        self.keep()
    }

    /// Keeps the body, of which this is a sample in JSON.
    pub const fn keep_json(mut self, sample: &'static str) -> Route {
        self.sample_body = sample;
        self.keep()
    }

    /// Counts and hashes the body.
    pub const fn hash(mut self) -> Route {
        self.body = BodyRule::Hash;
        self
    }

    /// Streams the body.
    pub const fn stream(mut self) -> Route {
        self.body = BodyRule::Stream;
        self
    }

    /// Sets the parameters.
    pub const fn with(mut self, params: &'static [Param]) -> Route {
        self.params = params;
        self
    }

    /// Sets what clients must do.
    pub const fn client(mut self, client: &'static [Client]) -> Route {
        self.client = client;
        self
    }

    /// Sets the media type of answers.
    pub const fn answers(mut self, media: &'static str) -> Route {
        self.answers = [Answers::Media(media); 2];
        self
    }

    /// Sets another media type for `--compat go-httpbin`.
    pub const fn go_answers(mut self, media: &'static str) -> Route {
        self.answers[Dialect::GoHttpbin as usize] = Answers::Media(media);
        self
    }

    /// Answers with redirects.
    pub const fn redirects(mut self) -> Route {
        self.answers = [Answers::Redirect; 2];
        self
    }

    /// Answers with WebSocket messages.
    pub const fn messages(mut self) -> Route {
        self.answers = [Answers::WebSocket; 2];
        self
    }

    /// The methods it accepts. HEAD is implied by GET, and OPTIONS by every route.
    pub fn methods(&self, compat: &Compat) -> Methods {
        if compat.any_method && !self.fixed { EVERY } else { self.methods }
    }

    /// The methods to list: without HEAD, which every GET implies.
    pub(super) fn listed(&self, compat: &Compat) -> impl Iterator<Item = Method> {
        let methods = self.methods(compat);
        let head = !methods.contains(Method::Get);
        methods.iter().filter(move |method| head || *method != Method::Head)
    }

    /// Its parameters in this API.
    pub fn params(&self, compat: &Compat) -> impl Iterator<Item = &'static Param> {
        let go = compat.dialect == Dialect::GoHttpbin;
        self.params.iter().map(move |param| param.go.filter(|_| go).unwrap_or(param))
    }

    /// Whether this method may have the query's parameters in a form; in httpbin only.
    pub fn takes_form(&self, compat: &Compat, method: Method) -> bool {
        self.form.is_some() && compat.dialect == Dialect::Httpbin && UPLOAD.contains(method)
    }

    /// Whether it is a probe, which is neither modified nor logged by default, and counted apart.
    pub const fn is_probe(&self) -> bool {
        self.probe
    }

    /// What happens to the body of this request.
    pub fn body_of(&self, compat: &Compat, request: &Request) -> BodyRule {
        match self.form {
            None => self.body,
            Some(_) if !self.takes_form(compat, request.method) => BodyRule::Discard,
            Some(name) if first(request, name).is_some() => BodyRule::Discard,
            Some(_) => self.body,
        }
    }

    /// Whether a request with this method has a body that is read, of any media type.
    pub(super) fn takes_body(&self, method: Method) -> bool {
        use Method::*;
        let read = self.body != BodyRule::Discard && self.form.is_none();
        read && matches!(method, Post | Put | Patch | Delete | Query)
    }

    /// The API that it comes from.
    pub fn origin(&self) -> Origin {
        self.origin.unwrap_or(Origin::Loiter)
    }

    /// Its successful answers.
    pub fn answers_of(&self, compat: &Compat) -> Answers {
        self.answers[compat.dialect as usize]
    }

    /// An example target: its path with a sample for each required parameter.
    pub fn sample(&self) -> String {
        let mut target = self.path.split('{').next().unwrap_or_default().to_owned();
        let (mut slash, mut mark) = ("", "?");
        for param in self.params.iter().filter(|param| param.required) {
            let sample = param.default.unwrap_or(param.name);
            if param.place == Place::Path {
                target.extend([slash, sample]);
                slash = "/";
            } else {
                target.extend([mark, param.name, "=", sample]);
                mark = "&";
            }
        }
        target
    }

    /// Its endpoint in this API.
    pub fn endpoint(&self, compat: &Compat) -> Endpoint {
        self.endpoints[compat.dialect as usize]
    }
}
