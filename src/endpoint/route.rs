//! What a route is: the one row from which routing, the page, the API's descriptions and the tests
//! are made.

mod param;

use crate::http::app::App;
use crate::http::compat::{Compat, Dialect};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::{Method, Methods, Request};
use crate::http::uri::query::first;
pub use param::{Beyond, Ceiling, Kind, Names, Others, Param, Place, Sign};

/// Answers one request, at once and without waiting.
pub type Endpoint = fn(&App, &Request) -> Result<Reply, Refusal>;

/// What becomes of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyRule {
    /// Read and thrown away.
    Discard,
    /// Counted and thrown away, whatever its length; the endpoint is called when it is over.
    Count,
    /// Collected whole, up to the limit, before the endpoint is called.
    Keep,
    /// Passed on while it arrives; the endpoint is called first.
    Stream,
}

/// Routes that belong together. Each module of endpoints has one.
#[derive(Debug)]
pub struct Group {
    /// What they have in common, as a heading.
    pub name: &'static str,
    /// The same in a sentence, without its full stop.
    pub about: &'static str,
    /// Its routes.
    pub routes: &'static [Route],
}

/// What a route's answers are when all is well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// 200 with a body of this media type; `*/*` when that depends on the request.
    Media(&'static str),
    /// 302 or another redirect.
    Redirect,
    /// 101, and messages of the WebSocket protocol.
    WebSocket,
}

/// What a client must do beyond reading one answer, to get what a browser gets. The page's curl
/// lines follow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// Log in with a user and a password (RFC 7617).
    Basic,
    /// Log in with a token (RFC 6750).
    Bearer,
    /// Log in with a hash (RFC 7616).
    Digest,
    /// Be ready for a challenge that the route makes of its own accord.
    Challenge,
    /// Follow redirects. Rows that answer with nothing else need not say it.
    Follow,
    /// Keep cookies from one request to the next.
    Cookies,
    /// Decompress the answer.
    Decompress,
    /// Show the pieces of the answer as they arrive.
    Unbuffered,
    /// Write the answer to a file: a terminal cannot show its bytes. Where the answer is the
    /// request's own body, that goes for the body of a file.
    Save,
}

impl Client {
    /// Its name, as the page's script has it.
    pub const fn name(self) -> &'static str {
        match self {
            Client::Basic => "basic",
            Client::Bearer => "bearer",
            Client::Digest => "digest",
            Client::Challenge => "challenge",
            Client::Follow => "follow",
            Client::Cookies => "cookies",
            Client::Decompress => "decompress",
            Client::Unbuffered => "unbuffered",
            Client::Save => "save",
        }
    }
}

/// One row: a path, what may be asked of it, and who answers.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The path; `{name}` stands for one segment, `{name*}` at the end for the rest.
    pub path: &'static str,
    /// What it is for, in one line.
    pub about: &'static str,
    /// What becomes of a body.
    pub body: BodyRule,
    /// The name in the query whose absence lets a form say what the query may: it is not read
    /// otherwise.
    form: Option<&'static str>,
    /// What a client must do to get what a browser gets.
    pub client: &'static [Client],
    params: &'static [Param],
    answers: [Answers; 2],
    methods: Methods,
    fixed: bool,
    endpoints: [Endpoint; 2],
}

/// The methods of most routes.
pub(super) const GET: Methods = Methods::of(&[Method::Get, Method::Head]);
/// The methods of routes that want a body. QUERY goes with POST wherever that is one of several.
pub(super) const UPLOAD: Methods =
    Methods::of(&[Method::Post, Method::Put, Method::Patch, Method::Query]);
/// The methods of routes that take all methods that httpbin knows.
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
/// The same with those that have no name here: go-httpbin takes any token.
const EVERY: Methods = ANY.with(Methods::of(&[Method::Other]));

impl Route {
    /// A route that takes these methods and throws bodies away.
    pub const fn new(
        methods: Methods,
        path: &'static str,
        endpoint: Endpoint,
        about: &'static str,
    ) -> Route {
        let (endpoints, body) = ([endpoint, endpoint], BodyRule::Discard);
        let answers = [Answers::Media("application/json"); 2];
        let (form, fixed, client, params) = (None, false, [].as_slice(), [].as_slice());
        Route { path, about, body, form, client, params, answers, methods, fixed, endpoints }
    }

    /// A route that takes GET and HEAD.
    pub const fn get(path: &'static str, endpoint: Endpoint, about: &'static str) -> Route {
        Route::new(GET, path, endpoint, about)
    }

    /// A route that takes every method.
    pub const fn any(path: &'static str, endpoint: Endpoint, about: &'static str) -> Route {
        Route::new(ANY, path, endpoint, about)
    }

    /// The same with another endpoint under `--compat go-httpbin`.
    pub const fn go(mut self, endpoint: Endpoint) -> Route {
        self.endpoints[Dialect::GoHttpbin as usize] = endpoint;
        self
    }

    /// The same with its methods fixed: go-httpbin holds it to them too.
    pub const fn fixed(mut self) -> Route {
        self.fixed = true;
        self
    }

    /// The same, keeping the body.
    pub const fn keep(mut self) -> Route {
        self.body = BodyRule::Keep;
        self
    }

    /// The same, taking what a query may say in a form, by POST and its like, where the query does
    /// not have `name`.
    pub const fn or_form(mut self, name: &'static str) -> Route {
        self.form = Some(name);
        self.keep()
    }

    /// The same, counting the body.
    pub const fn count(mut self) -> Route {
        self.body = BodyRule::Count;
        self
    }

    /// The same, passing the body on while it arrives.
    pub const fn stream(mut self) -> Route {
        self.body = BodyRule::Stream;
        self
    }

    /// The same with these parameters.
    pub const fn with(mut self, params: &'static [Param]) -> Route {
        self.params = params;
        self
    }

    /// The same for clients that do this.
    pub const fn client(mut self, client: &'static [Client]) -> Route {
        self.client = client;
        self
    }

    /// The same with answers of this media type.
    pub const fn answers(mut self, media: &'static str) -> Route {
        self.answers = [Answers::Media(media); 2];
        self
    }

    /// The same with another media type under `--compat go-httpbin`.
    pub const fn go_answers(mut self, media: &'static str) -> Route {
        self.answers[Dialect::GoHttpbin as usize] = Answers::Media(media);
        self
    }

    /// The same with answers that send the client elsewhere.
    pub const fn redirects(mut self) -> Route {
        self.answers = [Answers::Redirect; 2];
        self
    }

    /// The same with messages in place of an answer.
    pub const fn messages(mut self) -> Route {
        self.answers = [Answers::WebSocket; 2];
        self
    }

    /// The methods it takes. HEAD goes with GET, and OPTIONS with every route.
    pub fn methods(&self, compat: &Compat) -> Methods {
        if compat.any_method && !self.fixed { EVERY } else { self.methods }
    }

    /// The methods it is listed with: HEAD, which goes with every GET, is not.
    pub(super) fn listed(&self, compat: &Compat) -> impl Iterator<Item = Method> {
        let methods = self.methods(compat);
        let head = !methods.contains(Method::Get);
        methods.iter().filter(move |method| head || *method != Method::Head)
    }

    /// Its parameters as the profile has them.
    pub fn params(&self, compat: &Compat) -> impl Iterator<Item = &'static Param> {
        let go = compat.dialect == Dialect::GoHttpbin;
        self.params.iter().map(move |param| param.go.filter(|_| go).unwrap_or(param))
    }

    /// Whether a request by this method may say in a form what it could in its query: httpbin's way
    /// alone.
    pub fn takes_form(&self, compat: &Compat, method: Method) -> bool {
        self.form.is_some() && compat.dialect == Dialect::Httpbin && UPLOAD.contains(method)
    }

    /// What becomes of the body of this request.
    pub fn body_of(&self, compat: &Compat, request: &Request) -> BodyRule {
        match self.form {
            None => self.body,
            Some(_) if !self.takes_form(compat, request.method) => BodyRule::Discard,
            Some(name) if first(request, name).is_some() => BodyRule::Discard,
            Some(_) => self.body,
        }
    }

    /// Whether a request by this method has a body of any kind that is read.
    pub(super) fn takes_body(&self, method: Method) -> bool {
        use Method::*;
        let read = self.body != BodyRule::Discard && self.form.is_none();
        read && matches!(method, Post | Put | Patch | Delete)
    }

    /// What its answers are when all is well.
    pub fn answers_of(&self, compat: &Compat) -> Answers {
        let [httpbin, go] = self.answers;
        if compat.dialect == Dialect::GoHttpbin { go } else { httpbin }
    }

    /// A target to try it by: its path with a sample for each parameter that must be said.
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

    /// Who answers.
    pub fn endpoint(&self, compat: &Compat) -> Endpoint {
        match compat.dialect {
            Dialect::Httpbin => self.endpoints[0],
            Dialect::GoHttpbin => self.endpoints[1],
        }
    }
}
