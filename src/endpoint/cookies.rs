//! `/cookies`: shown, set and deleted.

use super::inspect::tall;
use super::params::bad;
use super::redirects::found;
use super::route::{Group, Kind, Param, Route};
use crate::base::limits::{MAX_ATTRIBUTE_BYTES, MAX_FIELDS};
use crate::http::app::App;
use crate::http::cookies::{self, Attribute, is_name};
use crate::http::query::{self, Pair};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::Request;
use crate::http::url;

/// Cookies that httpbin hides: those of the statistics on its own site.
const HIDDEN: [&str; 8] = [
    "__utma",
    "__utmb",
    "__utmz",
    "_gauges_unique",
    "_gauges_unique_day",
    "_gauges_unique_hour",
    "_gauges_unique_month",
    "_gauges_unique_year",
];
const ATTRIBUTES: [&str; 5] =
    ["attr[Domain]", "attr[Path]", "attr[HttpOnly]", "attr[Secure]", "attr[SameSite]"];

/// Names that any client takes (RFC 6265 4.1.1). More is taken.
const NAMES: &str = "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
/// What cannot end an attribute.
const ATTRIBUTE: &str = "^[!-+./0-9:<-~-]*$";

const NAME: Param = Param::path("name", Kind::Text, "name", "the cookie's name").like(NAMES);
/// httpbin's: go-httpbin hides none.
const SHOW_ENV: Param =
    Param::query("show_env", Kind::Text, "any value: those of statistics are not hidden");
const VALUE: Param = Param::path("value", Kind::Text, "value", "its value");
const ANY: Param = Param::query("*", Kind::Text, "a cookie of this name");
const DOMAIN: Param =
    Param::query("attr[Domain]", Kind::Text, "the cookies' Domain").like(ATTRIBUTE);
const PATH: Param = Param::query("attr[Path]", Kind::Text, "their Path").or("/").like(ATTRIBUTE);
const HTTP_ONLY: Param =
    Param::query("attr[HttpOnly]", Kind::Switch, "whether they are hidden from scripts")
        .or("false")
        .go(&Param::query("attr[HttpOnly]", Kind::Switch, "whether they are hidden from scripts")
            .or("true"));
const SECURE: Param = Param::query("attr[Secure]", Kind::Switch, "whether they need TLS");
const SAME_SITE: Param = Param::query(
    "attr[SameSite]",
    Kind::Choice(&["lax", "strict", "none"]),
    "whether other sites' requests carry them",
);

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Cookies",
    about: "Cookies shown, set and deleted",
    routes: &[
        Route::get("/cookies", show, "the request's cookies").go(show_go).with(&[SHOW_ENV]),
        Route::get("/cookies/set", set, "sets cookies, then shows them")
            .with(&[ANY, DOMAIN, PATH, HTTP_ONLY, SECURE, SAME_SITE])
            .redirects(),
        Route::get("/cookies/set/{name}/{value}", set_one, "sets one cookie")
            .go(|_, _| Err(Refusal::not_found()))
            .with(&[NAME, VALUE, DOMAIN, PATH, HTTP_ONLY, SECURE, SAME_SITE])
            .redirects()
            .go_answers("text/plain"),
        Route::get("/cookies/delete", delete, "deletes cookies").with(&[ANY]).redirects(),
    ],
};

/// `/cookies`: some are hidden, unless the query asks for `show_env`.
fn show(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| {
        let all = query::first(request, "show_env").is_some();
        let mut cookies = cookies::of(request);
        cookies.retain(|name, _| all || !HIDDEN.contains(&name.as_str()));
        render(app, cookies, output);
    }))
}

/// The same in go-httpbin, which hides none.
fn show_go(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, request, output| render(app, cookies::of_go(request), output)))
}

fn render(app: &App, cookies: impl IntoIterator<Item = (String, String)>, output: &mut Vec<u8>) {
    tall(app, output, |json| {
        json.key("cookies");
        json.object(|json| {
            for (name, value) in cookies {
                json.text_key(&name);
                json.text(&value);
            }
        });
    });
}

/// `/cookies/set`: each name of the query is one, with the attributes that `attr[…]` tells.
///
/// Departures from httpbin, here and in the next two: `attr[…]` is go-httpbin's, and there a
/// cookie. A name that would not come back is refused: it would bring in attributes of its own, or
/// end the field.
fn set(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let attributes = attributes(app, request)?;
    let mut reply = found(app, app.local("/cookies"));
    for (name, value) in named(request, |name| !is_attribute(name))? {
        reply.headers.push("Set-Cookie", cookie(app, &name, &value, &attributes));
    }
    Ok(reply)
}

/// `/cookies/set/{name}/{value}`: httpbin's.
fn set_one(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let name = checked(&String::from_utf8_lossy(request.param(0)))?.to_owned();
    let value = String::from_utf8_lossy(request.param(1));
    let cookie = cookie(app, &name, &value, &attributes(app, request)?);
    Ok(found(app, app.local("/cookies")).header("Set-Cookie", cookie))
}

/// `/cookies/delete`: each name of the query, whatever its value.
fn delete(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let gone = (app.profile.cookies.gone)(request.unix_us);
    let mut reply = found(app, app.local("/cookies"));
    for (name, _) in named(request, |_| true)? {
        reply.headers.push("Set-Cookie", format!("{name}=; {gone}"));
    }
    Ok(reply)
}

/// The pairs of the query that name a cookie: of several of one name the first.
fn named<'a>(
    request: &Request<'a>,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Pair<'a>>, Refusal> {
    let mut named: Vec<Pair> = Vec::new();
    for (name, value) in query::of(request).filter(|pair| wanted(&pair.0)) {
        if named.iter().all(|pair| pair.0 != name) {
            checked(&name)?;
            named.push((name, value));
        }
        if named.len() > MAX_FIELDS {
            return Err(Refusal::bad(format!("too many cookies: {MAX_FIELDS} at most")));
        }
    }
    Ok(named)
}

fn checked(name: &str) -> Result<&str, Refusal> {
    let hint = "a cookie's name has no blank, `=`, `;`, quote or control character";
    if is_name(name) { Ok(name) } else { Err(bad("name", name, hint)) }
}

/// The value of a `Set-Cookie` field.
fn cookie(app: &App, name: &str, value: &str, attributes: &str) -> String {
    [name, "=", &(app.profile.cookies.spell)(value), attributes].concat()
}

/// What follows a cookie's value, in the order of the API that is spoken.
fn attributes(app: &App, request: &Request) -> Result<String, Refusal> {
    let style = app.profile.cookies;
    let text = |name: &str, default: &str| {
        let given = attribute(request, &format!("attr[{name}]"))?.unwrap_or(default.to_owned());
        Ok((!given.is_empty()).then(|| format!("; {name}={given}")))
    };
    let switch = |name: &str, default: bool| {
        let given = attribute(request, &format!("attr[{name}]"))?;
        let on = given.map_or(default, |value| matches!(value.as_str(), "1" | "true"));
        Ok(on.then(|| format!("; {name}")))
    };
    let parts = style.attributes.map(|attribute| match attribute {
        Attribute::Domain => text("Domain", ""),
        Attribute::Path => text("Path", "/"),
        Attribute::HttpOnly => switch("HttpOnly", style.http_only),
        Attribute::Secure => switch("Secure", url::is_secure(app.profile, request)),
        Attribute::SameSite => Ok(same_site(request)?.map(|site| format!("; SameSite={site}"))),
    });
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn same_site(request: &Request) -> Result<Option<&'static str>, Refusal> {
    let Some(asked) = attribute(request, "attr[SameSite]")? else { return Ok(None) };
    let known = ["Lax", "Strict", "None"].into_iter().find(|k| k.eq_ignore_ascii_case(&asked));
    known.map(Some).ok_or_else(|| bad("attr[SameSite]", &asked, "write lax, strict or none"))
}

fn is_attribute(name: &str) -> bool {
    ATTRIBUTES.iter().any(|attribute| attribute.eq_ignore_ascii_case(name))
}

/// The value of an attribute: refused when it would end it and bring in others, and when no client
/// would keep it.
fn attribute(request: &Request, name: &str) -> Result<Option<String>, Refusal> {
    let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b';' | b',');
    match query::first_any_case(request, name) {
        Some(value) if !value.bytes().all(plain) => {
            Err(bad(name, &value, "it has no `;`, `,` or control character, and is ASCII"))
        }
        Some(value) if value.len() > MAX_ATTRIBUTE_BYTES => {
            Err(bad(name, &value, "it is longer than 1024 bytes"))
        }
        value => Ok(value.map(|value| value.into_owned())),
    }
}
