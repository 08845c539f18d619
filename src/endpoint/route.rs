//! What a route is: the one row from which routing, the page, the API's descriptions and the tests
//! are made.

use crate::http::app::App;
use crate::http::profile::{Dialect, Profile};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::{Method, Methods, Request};

/// The longest body that is made to order under `--compat go-httpbin`, unless the settings say
/// otherwise.
pub(super) const BODY_BYTES: i64 = 1024 * 1024;

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
    Messages,
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
    /// Whether what a query may say can come in a form as well.
    form: bool,
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
        let (form, fixed, params) = (false, false, [].as_slice());
        Route { path, about, body, form, params, answers, methods, fixed, endpoints }
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

    /// The same, taking what a query may say in a form as well, by POST, PUT and PATCH.
    pub const fn or_form(mut self) -> Route {
        self.form = true;
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
        self.answers = [Answers::Messages; 2];
        self
    }

    /// The methods it takes. HEAD goes with GET, and OPTIONS with every route.
    pub fn methods(&self, profile: &Profile) -> Methods {
        if profile.any_method && !self.fixed { EVERY } else { self.methods }
    }

    /// The methods it is listed with: HEAD, which goes with every GET, is not.
    pub(super) fn listed(&self, profile: &Profile) -> impl Iterator<Item = Method> {
        let methods = self.methods(profile);
        let head = !methods.contains(Method::Get);
        methods.iter().filter(move |method| head || *method != Method::Head)
    }

    /// Its parameters as the profile has them.
    pub fn params(&self, profile: &Profile) -> impl Iterator<Item = &'static Param> {
        let go = profile.dialect == Dialect::GoHttpbin;
        self.params.iter().map(move |param| param.go.filter(|_| go).unwrap_or(param))
    }

    /// Whether a request by this method may say in a form what it could in its query: httpbin's way
    /// alone.
    pub fn takes_form(&self, profile: &Profile, method: Method) -> bool {
        self.form && profile.dialect == Dialect::Httpbin && UPLOAD.contains(method)
    }

    /// Whether a request by this method has a body of any kind that is read.
    pub(super) fn takes_body(&self, method: Method) -> bool {
        use Method::*;
        let read = self.body != BodyRule::Discard && !self.form;
        read && matches!(method, Post | Put | Patch | Delete)
    }

    /// What its answers are when all is well.
    pub fn answers_of(&self, profile: &Profile) -> Answers {
        let [httpbin, go] = self.answers;
        if profile.dialect == Dialect::GoHttpbin { go } else { httpbin }
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
    pub fn endpoint(&self, profile: &Profile) -> Endpoint {
        match profile.dialect {
            Dialect::Httpbin => self.endpoints[0],
            Dialect::GoHttpbin => self.endpoints[1],
        }
    }
}

/// What may be said in a path or a query.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name; `*` for any name.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it takes.
    pub kind: Kind,
    /// What it is when it is not said; for one that must be said a value to try.
    pub default: Option<&'static str>,
    /// What it is for, in one line.
    pub about: &'static str,
    /// Whether a value beyond its bounds is refused even where others are cut to them.
    pub strict: bool,
    /// A regular expression for the texts it takes, if not any.
    pub pattern: Option<&'static str>,
    /// Whether it must be said.
    pub required: bool,
    /// What it is under `--compat go-httpbin`, if that differs.
    pub go: Option<&'static Param>,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the path.
    Path,
    /// In the query.
    Query,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Any text.
    Text,
    /// A whole number in this range. Beyond it: cut to it or refused, as the profile has it.
    Integer(i64, i64),
    /// A number in this range.
    Number(f64, f64),
    /// Seconds, or a number with a unit.
    Duration,
    /// `1` and `true`, or anything else.
    Switch,
    /// One of these.
    Choice(&'static [&'static str]),
}

impl Param {
    /// A segment of the path, with a value to try.
    pub const fn path(
        name: &'static str,
        kind: Kind,
        sample: &'static str,
        about: &'static str,
    ) -> Param {
        let (place, default) = (Place::Path, Some(sample));
        Param { place, default, required: true, ..Param::query(name, kind, about) }
    }

    /// A name in the query, which may be left out.
    pub const fn query(name: &'static str, kind: Kind, about: &'static str) -> Param {
        let (place, default, strict, pattern) = (Place::Query, None, false, None);
        Param { name, place, kind, default, about, strict, pattern, required: false, go: None }
    }

    /// The same with what it is when left out.
    pub const fn or(mut self, default: &'static str) -> Param {
        self.default = Some(default);
        self
    }

    /// The same, refusing values beyond its bounds.
    pub const fn strict(mut self) -> Param {
        self.strict = true;
        self
    }

    /// The same for texts of this pattern.
    pub const fn like(mut self, pattern: &'static str) -> Param {
        self.pattern = Some(pattern);
        self
    }

    /// The same, which must be said, with a value to try.
    pub const fn sample(mut self, sample: &'static str) -> Param {
        self.required = true;
        self.or(sample)
    }

    /// The same, but this one under `--compat go-httpbin`.
    pub const fn go(mut self, param: &'static Param) -> Param {
        self.go = Some(param);
        self
    }
}
