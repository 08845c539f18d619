//! `/cookies`: shows, sets and deletes cookies.

use std::collections::HashSet;

use super::inspect::write_object;
use super::params::bad;
use super::redirects::found;
use super::route::{Client, Group, Kind, Names, Origin, Others, Param, Route};
use crate::base::limits::{MAX_ALL_ATTRIBUTES_BYTES, MAX_ATTRIBUTE_BYTES};
use crate::http::app::App;
use crate::http::char_class::{ANY_TEXT, is_token};
use crate::http::compat::CookieAttribute;
use crate::http::fields::conditional::http_date;
use crate::http::fields::cookies::{self, domain_go, is_attribute_byte, is_name, path_go};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::Request;
use crate::http::uri::query::{self, Pair};
use crate::http::uri::request_url;

/// Cookies that httpbin hides: those of the analytics on its own site.
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

/// A cookie's name, as in [`is_name`].
const NAMES: &str = r#"^[^\x00- ";=\x7f-\x9f]+$"#;
/// A valid attribute of at most [`MAX_ATTRIBUTE_BYTES`].
const ATTRIBUTE: &str = "^[ -+\\--:<-~]{0,1024}$";
/// go-httpbin drops invalid characters. A character has at most four bytes.
const GO_ATTRIBUTE: &str = r"^([\x00-\x7f]{0,1024}|[\s\S]{0,256})$";

/// A cookie's name in one path segment.
const SEGMENT: &str = r#"^[^\x00- "/;=\x7f-\x9f]+$"#;

const NAME: Param = Param::path("name", Kind::Text, "name", "cookie name").like(SEGMENT);
/// httpbin only: go-httpbin hides none.
const SHOW_ENV: Param =
    Param::query("show_env", Kind::Text, "any value: shows analytics cookies too");
const VALUE: Param = Param::path("value", Kind::Text, "value", "cookie value");
const ANY: Param =
    Param::any(Names { pattern: NAMES, except: &ATTRIBUTES }, "value of the cookie with this name")
        .go(&Param::any(ANY_NAMES, "value of the cookie with this name"));
const GONE: Param =
    Param::any(Names { pattern: NAMES, except: &ATTRIBUTES }, "deletes the cookie with this name")
        .go(&Param::any(ANY_NAMES, "deletes the cookie with this name"));
/// go-httpbin ignores invalid names.
const ANY_NAMES: Names = Names { pattern: ANY_TEXT, except: &[] };
const DOMAIN: Param = attribute_of("attr[Domain]", Kind::Text, "Domain of the cookies")
    .like(ATTRIBUTE)
    .go(&attribute_of("attr[Domain]", Kind::Text, "Domain of the cookies"));
const PATH: Param = attribute_of("attr[Path]", Kind::Text, "Path of the cookies")
    .or("/")
    .like(ATTRIBUTE)
    .go(&attribute_of("attr[Path]", Kind::Text, "Path of the cookies").or("/"));
const HTTP_ONLY: Param = attribute_of("attr[HttpOnly]", Kind::Switch, HIDES)
    .or("false")
    .like(ATTRIBUTE)
    .go(&attribute_of("attr[HttpOnly]", Kind::Switch, HIDES).or("true"));
const HIDES: &str = "whether the cookies are hidden from scripts";
const SECURE: Param = attribute_of("attr[Secure]", Kind::Switch, "whether the cookies require TLS")
    .like(ATTRIBUTE)
    .go(&attribute_of("attr[Secure]", Kind::Switch, "whether the cookies require TLS"));
const SAME_SITE: Param = attribute_of("attr[SameSite]", SITES, CARRIES).go(&attribute_of(
    "attr[SameSite]",
    Kind::Choice(&["lax", "strict", "none"], Others::Taken),
    CARRIES,
));
const SITES: Kind = Kind::Choice(&["lax", "strict", "none"], Others::RefusedInAnyCase);
const CARRIES: &str = "whether cross-site requests have the cookies";

/// A parameter as go-httpbin reads it, with a length limit.
const fn attribute_of(name: &'static str, kind: Kind, about: &'static str) -> Param {
    Param::query(name, kind, about).like(GO_ATTRIBUTE)
}

const KEPT: &[Client] = &[Client::Cookies];

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Cookies",
    about: "Shows, sets and deletes cookies",
    routes: &Origin::Httpbin.of([
        Route::get("/cookies", show, "Returns the request's cookies")
            .go(show_go)
            .client(KEPT)
            .with(&[SHOW_ENV]),
        Route::get("/cookies/set", set, "Sets cookies, then shows them")
            .client(KEPT)
            .with(&[ANY, DOMAIN, PATH, HTTP_ONLY, SECURE, SAME_SITE])
            .redirects(),
        Route::get("/cookies/set/{name}/{value}", set_one, "Sets one cookie, then shows it")
            .go(|_, _| Err(Refusal::not_found()))
            .client(KEPT)
            .with(&[NAME, VALUE, DOMAIN, PATH, HTTP_ONLY, SECURE, SAME_SITE])
            .redirects()
            .go_answers("text/plain"),
        Route::get("/cookies/delete", delete, "Deletes cookies, then shows the rest")
            .client(KEPT)
            .with(&[GONE, DOMAIN, PATH, HTTP_ONLY, SECURE, SAME_SITE])
            .redirects(),
    ]),
};

/// `/cookies`: some are hidden, unless the query has `show_env`.
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
    write_object(app, output, |json| {
        json.object_at("cookies", |json| {
            for (name, value) in cookies {
                json.text_key(&name);
                json.text(&value);
            }
        });
    });
}

/// `/cookies/set`: each name in the query is a cookie, with the attributes of `attr[…]`.
///
/// Departures from httpbin, here and in the next two: `attr[…]` is go-httpbin's; in httpbin it is a
/// cookie. A name that would not be sent back unchanged is refused, since it could add attributes
/// or end the field.
fn set(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let pairs = query::response_fields(app.compat, request)?;
    let attributes = attributes(app, request, &pairs, false)?;
    let cookies = named(app, &pairs)?;
    let cookies = cookies.into_iter().map(|(name, value)| cookie(app, name, value, &attributes));
    answer(app, request, cookies, &attributes)
}

/// `/cookies/set/{name}/{value}`, from httpbin.
fn set_one(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let pairs = query::response_fields(app.compat, request)?;
    let name = String::from_utf8_lossy(request.param(0));
    let value = String::from_utf8_lossy(request.param(1));
    let attributes = attributes(app, request, &pairs, false)?;
    checked(&name)?;
    let cookie = cookie(app, &name, &value, &attributes);
    answer(app, request, [cookie].into_iter(), &attributes)
}

/// `/cookies/delete`: each name in the query. Domain and Path identify a cookie too.
fn delete(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let pairs = query::response_fields(app.compat, request)?;
    let attributes = attributes(app, request, &pairs, true)?;
    let value = |value| if app.compat.cookies.delete_like_set { value } else { "" };
    let cookies = named(app, &pairs)?;
    let cookies = cookies.into_iter().map(|(name, v)| cookie(app, name, value(v), &attributes));
    answer(app, request, cookies, &attributes)
}

/// The redirect to `/cookies` that sets these cookies.
fn answer(
    app: &App,
    request: &Request,
    cookies: impl ExactSizeIterator<Item = String>,
    attributes: &str,
) -> Result<Reply, Refusal> {
    if cookies.len() * attributes.len() > MAX_ALL_ATTRIBUTES_BYTES {
        return Err(Refusal::bad("too many cookies with such long attributes"));
    }
    let mut reply = found(app, app.local_for(request, "/cookies"));
    cookies.for_each(|cookie| reply.headers.push("Set-Cookie", cookie));
    Ok(reply)
}

/// The pairs of the query that name a cookie: the first of each name.
fn named<'a>(app: &App, pairs: &'a [Pair]) -> Result<Vec<(&'a str, &'a str)>, Refusal> {
    let lenient = app.compat.cookies.lenient;
    let (mut seen, mut named) = (HashSet::new(), Vec::new());
    for (name, value) in pairs.iter().filter(|pair| !is_attribute(&pair.0, lenient)) {
        if lenient && !is_token(name) || !seen.insert(name.as_ref()) {
            continue;
        }
        named.push((checked(name)?, value.as_ref()));
    }
    Ok(named)
}

fn checked(name: &str) -> Result<&str, Refusal> {
    let hint = "a cookie name cannot contain spaces, `=`, `;`, quotes or control characters";
    if is_name(name) { Ok(name) } else { Err(bad("name", name, hint)) }
}

/// The value of a `Set-Cookie` field.
fn cookie(app: &App, name: &str, value: &str, attributes: &str) -> String {
    [name, "=", &cookies::quote(app.compat.cookies.quoting, value), attributes].concat()
}

/// The text after a cookie's value, in the order of the API.
fn attributes(app: &App, request: &Request, pairs: &[Pair], gone: bool) -> Result<String, Refusal> {
    let style = &app.compat.cookies;
    let given = |name: &str| attribute(pairs, name, style.lenient);
    let text = |name: &str, given: Option<String>| {
        given.filter(|text| !text.is_empty()).map(|text| format!("; {name}={text}"))
    };
    let switch = |name: &str, default: bool| {
        let on = given(name)?.map_or(default, |value| value == "1" || is(&value, "true"));
        Ok(on.then(|| format!("; {name}")))
    };
    let secure = (!gone || style.delete_like_set) && request_url::is_secure(app, request);
    let parts = style.attributes.map(|attribute| match attribute {
        CookieAttribute::Domain => Ok(text("Domain", given("Domain")?)),
        CookieAttribute::Path => Ok(text("Path", given("Path")?.or_else(|| Some("/".to_owned())))),
        CookieAttribute::Expiry => Ok(gone.then(|| {
            let expired = style.expired_us_ago.map(|ago| request.unix_us.saturating_sub(ago));
            format!("; Expires={}; Max-Age=0", http_date(expired.unwrap_or_default()))
        })),
        CookieAttribute::HttpOnly => switch("HttpOnly", style.http_only),
        CookieAttribute::Secure => switch("Secure", secure),
        CookieAttribute::SameSite => Ok(text("SameSite", given("SameSite")?)),
    });
    Ok(parts.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether a name in the query is an attribute's; to go-httpbin, any that looks like one.
fn is_attribute(name: &str, lenient: bool) -> bool {
    let like = |start: &str| is(start, "attr[") && name.ends_with(']');
    let any = lenient && name.get(..5).is_some_and(like);
    any || ATTRIBUTES.iter().any(|attribute| is(attribute, name))
}

/// The value of an attribute, by its name in a cookie. An invalid or unknown one is refused, or in
/// lenient mode stripped or ignored. One that is too long for every client is refused.
fn attribute(pairs: &[Pair], name: &str, lenient: bool) -> Result<Option<String>, Refusal> {
    let name = format!("attr[{name}]");
    let Some((_, value)) = pairs.iter().find(|pair| is(&pair.0, &name)) else { return Ok(None) };
    let sites = ["Lax", "Strict", "None"];
    let site = sites.into_iter().find(|site| is(site, value));
    let sound = |byte: u8| is_attribute_byte(byte) && byte != b',';
    match name.as_str() {
        _ if value.len() > MAX_ATTRIBUTE_BYTES => {
            Err(bad(&name, value, "it is longer than 1024 bytes"))
        }
        "attr[SameSite]" if lenient || site.is_some() => Ok(site.map(str::to_owned)),
        "attr[SameSite]" => Err(bad(&name, value, "expected lax, strict or none")),
        "attr[Path]" if lenient => Ok(Some(path_go(value))),
        "attr[Domain]" if lenient => Ok(domain_go(value).map(str::to_owned)),
        _ if lenient || value.bytes().all(sound) => Ok(Some(value.to_string())),
        _ => Err(bad(&name, value, "it must be ASCII without `;`, `,` and control characters")),
    }
}
