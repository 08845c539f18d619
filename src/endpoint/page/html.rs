//! The page for browsers: one self-contained document. Without its script it is an index with
//! links; the script lets the user try each route.

use std::fmt::Write;
use std::time::Duration;

use super::assets::{MAIN, heading};
use super::composer;
use super::{INTRO, MORE, takes};
use crate::endpoint::openapi::limit;
use crate::endpoint::route::{Answers, BodyRule, Client, Group, Kind, Param, Place, Route};
use crate::endpoint::{GROUPS, ROUTES};
use crate::http::app::App;
use crate::http::html::escape as text;
use crate::http::request::Method;

/// The script copies this into each route that is opened.
const BENCH: &str = include_str!("bench.html");

pub(super) fn page(app: &App) -> Vec<u8> {
    let (version, count) = (env!("CARGO_PKG_VERSION"), ROUTES.len());
    let (mut nav, mut groups) = (String::new(), String::new());
    for group in GROUPS {
        let (name, id, count) = (text(group.name), slug(group.name), group.routes.len());
        // Writing to a string cannot fail.
        let _ = writeln!(nav, "<li><a href=\"#{id}\">{name} <span>{count}</span></a>");
        write_group(&mut groups, app, group);
    }
    let heading = heading();
    let (get, spec, openapi) =
        (app.local("/get"), app.local("/spec.json"), app.local("/openapi.json"));
    let live = app.live_page.as_ref().map(|url| format!(" <a href=\"{url}\">Live</a>"));
    let live = live.unwrap_or_default();
    let mode = app.compat.name;
    let start = start(app);
    let composer = if app.modifiers { composer::template(app.public) } else { String::new() };
    let before = format!(
        "<body data-prefix=\"{prefix}\">\n<a class=skip href=\"#routes\">Skip to the routes</a>\n\
         <header>\n{heading}<p class=intro>{INTRO}</p>\n\
         <p>{more} Where the two differ, it follows {mode}.</p>\n\
         <p class=links><a href=\"{get}\">{get}</a> \
         <a href=\"{spec}\">Swagger 2.0</a> <a href=\"{openapi}\">OpenAPI 3.1</a>{live}\n\
         <p class=filter hidden><label for=filter>Filter <kbd>/</kbd></label>\
         <input id=filter type=search placeholder=\"{count} routes\" spellcheck=false>\
         <output for=filter></output></p>\n\
         <nav aria-label=Groups><ul>\n{nav}</ul></nav>\n<p class=version>loiter {version}</p>\n\
         </header>\n<main id=routes tabindex=-1>\n{start}{groups}\
         <p class=none hidden>No route matches.</p>\n</main>\n\
         <template id=bench>\n{BENCH}</template>\n{composer}",
        more = text(MORE),
        prefix = text(&app.prefix),
    );
    MAIN.document("loiter", &before)
}

/// The first form, which the script runs: a drip of about two seconds, or what the settings allow.
/// It stays hidden without the script.
fn start(app: &App) -> String {
    let mut params = String::new();
    let route = ROUTES.iter().find(|route| route.path == "/drip");
    for param in route.iter().flat_map(|route| route.params(app.compat)) {
        write_param(&mut params, app, param);
    }
    let (about, state) = if app.modifiers {
        let about = "Any answer can be slow, odd or broken. This one comes in pieces, at random.";
        (about, "duration=0&numbytes=12&delay=0&~gap=lognormal:150ms:0.7".to_owned())
    } else {
        let span = app.limits.max_duration.min(Duration::from_secs(2));
        ("This answer comes in pieces.", format!("duration={span:?}&numbytes=12&delay=0"))
    };
    format!(
        "<section id=start aria-labelledby=start-name data-path=\"/drip\" data-methods=GET \
         data-client=unbuffered data-state=\"{state}\" hidden>\n\
         <h2 id=start-name>Try it</h2>\n<p class=about>{about}</p>\n\
         <div class=panel><ul class=params>\n{params}</ul></div>\n</section>\n",
        state = text(&state),
    )
}

fn write_group(html: &mut String, app: &App, group: &Group) {
    let (id, name, about) = (slug(group.name), text(group.name), prose(group.about));
    let _ = write!(
        html,
        "<section id=\"{id}\" aria-labelledby=\"{id}-name\">\n\
         <h2 id=\"{id}-name\">{name}</h2>\n<p class=about>{about}</p>\n"
    );
    group.routes.iter().for_each(|route| write_route(html, app, route));
    html.push_str("</section>\n");
}

fn write_route(html: &mut String, app: &App, route: &Route) {
    let methods: Vec<&str> = route.listed(app.compat).map(Method::name).collect();
    let shown_methods = match methods.len() {
        0..=4 => methods.join(" "),
        _ => "any".to_owned(),
    };
    let body = body_mark(app, route);
    let redirects = route.answers_of(app.compat) == Answers::Redirect;
    let client = route.client.iter().copied().chain(redirects.then_some(Client::Follow));
    let client: Vec<&str> = client.map(Client::name).collect();
    let _ = write!(
        html,
        "<details id=\"r{id}\" data-path=\"{path}\" data-methods=\"{methods}\" \
         data-client=\"{client}\"{body}>\n\
         <summary><span class=path>{shown}</span> <span class=about>{about}</span> \
         <span class=origin>{origin}</span> \
         <span class=methods>{shown_methods}</span></summary>\n<div class=panel>\n",
        id = slug(route.path),
        path = text(route.path),
        methods = methods.join(" "),
        client = client.join(" "),
        origin = route.origin().name(),
        shown = shown(route.path),
        about = prose(route.about),
    );
    let mut params = route.params(app.compat).peekable();
    if params.peek().is_some() {
        html.push_str("<ul class=params>\n");
        params.for_each(|param| write_param(html, app, param));
        html.push_str("</ul>\n");
    }
    if methods.contains(&"GET") {
        let link = text(&app.local(&route.sample()));
        let _ = writeln!(html, "<p class=link><a href=\"{link}\">{link}</a></p>");
    }
    html.push_str("</div>\n</details>\n");
}

/// Whether it takes messages or a body, of which there may be a sample.
fn body_mark(app: &App, route: &Route) -> String {
    match (route.answers_of(app.compat), route.body) {
        (Answers::WebSocket, _) => " data-messages".to_owned(),
        (_, BodyRule::Discard) => String::new(),
        _ => format!(" data-body=\"{}\"", text(route.sample_body)),
    }
}

fn write_param(html: &mut String, app: &App, param: &Param) {
    let place = if param.place == Place::Path { "path" } else { "query" };
    let default = match (param.required, param.default) {
        (false, Some(default)) => format!("default {}", text(default)),
        _ => String::new(),
    };
    let any = param.name == "*";
    let _ = write!(
        html,
        "<li data-name=\"{name}\" data-in={place} data-default=\"{value}\"",
        name = text(param.name),
        value = text(param.default.unwrap_or(if any { "name=value" } else { "" })),
    );
    if param.required {
        html.push_str(" data-required");
    }
    match param.kind {
        Kind::Choice(texts, _) => {
            let _ = write!(html, " data-choices=\"{}\"", text(&texts.join("|")));
        }
        Kind::Switch => html.push_str(" data-choices=\"true|false\""),
        Kind::Integer(..) => html.push_str(" data-numeric"),
        Kind::Text | Kind::Number(..) | Kind::Duration(_) => {}
    }
    let name = if any { "any name" } else { param.name };
    let limit = prose(&limit(app, param).unwrap_or_default());
    let facts = [text(&takes(app, param)), default, limit];
    let facts = facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>();
    let _ = writeln!(
        html,
        "><span class=name>{}</span> <span class=hint>{}<small>{}</small></span>",
        text(name),
        prose(param.about),
        facts.join("; "),
    );
}

/// A path with marked parameters, and a line break opportunity before each slash.
fn shown(path: &str) -> String {
    let parts = text(path).replace('{', "<var>{").replace('}', "}</var>");
    let (root, rest) = parts.split_at_checked(1).unwrap_or((&parts, ""));
    [root, &rest.replace('/', "<wbr>/").replace("<<wbr>/var>", "</var>")].concat()
}

/// An identifier for a fragment, of letters and digits.
fn slug(text: &str) -> String {
    let parts = text.split(|char: char| !char.is_ascii_alphanumeric() && char != '.');
    let mut slug = String::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let _ = write!(slug, "-{}", part.to_ascii_lowercase());
    }
    slug
}

/// A sentence in HTML; backticks become code.
fn prose(sentence: &str) -> String {
    let escaped = text(sentence);
    let part = |(n, part): (usize, &str)| match n % 2 {
        0 => part.to_owned(),
        _ => format!("<code>{part}</code>"),
    };
    escaped.split('`').enumerate().map(part).collect()
}
