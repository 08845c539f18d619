//! Error answers to requests.

use std::borrow::Cow;

use super::inspect::object_reply;
use super::llm;
use super::router::Hint;
use crate::http::app::App;
use crate::http::fields::accept::preference;
use crate::http::html::{self, HEAD};
use crate::http::reply::{Media, NOT_FOUND, Refusal, Reply};
use crate::http::request::{Methods, Request};

/// The answer to a refused request: an HTML page as in httpbin, or for a path or method that is not
/// served a text as in go-httpbin; for anything else go-httpbin's JSON object. The admin listener
/// answers with the reason alone.
pub fn refuse(app: &App, refusal: &Refusal) -> Reply {
    with_fields(refusal, reply(app, refusal, false, None))
}

/// The same for a request of which the path is known: the APIs of language models have their own
/// errors.
#[cold]
pub fn refuse_before(app: &App, refusal: &Refusal, request: &Request) -> Reply {
    match of_provider(app, refusal, request, None) {
        Some(reply) => reply,
        None => refuse(app, refusal),
    }
}

/// The same for a client that may prefer JSON, with what it probably meant. Departure from both
/// APIs: one that asks for `application/json` by name, and not rather for HTML, gets the object for
/// a path or method that is not served too.
#[cold]
pub(super) fn refuse_to(
    app: &App,
    refusal: &Refusal,
    request: &Request,
    hint: Option<&Hint>,
) -> Reply {
    if let Some(reply) = of_provider(app, refusal, request, hint) {
        return reply;
    }
    let json = preference(request, "application/json");
    let named = json.precision == 3 && json.weight > 0;
    let json = named && json > preference(request, "text/html");
    with_fields(refusal, reply(app, refusal, json, hint))
}

/// The answer that a language model's API gives, if the request is for one. The admin listener has
/// none.
fn of_provider(
    app: &App,
    refusal: &Refusal,
    request: &Request,
    hint: Option<&Hint>,
) -> Option<Reply> {
    let reply = llm::refused_before(refusal, request, &detail(refusal, hint));
    let reply = reply.filter(|_| app.control.is_none())?;
    Some(with_fields(refusal, reply))
}

fn reply(app: &App, refusal: &Refusal, json: bool, hint: Option<&Hint>) -> Reply {
    let status = refusal.status;
    let unserved = refusal.allow.is_some() || refusal.reason == NOT_FOUND;
    let depends_on_accept =
        matches!(status.0, 404 | 405) && app.control.is_none() && (app.compat.pages || unserved);
    let reply = match status.0 {
        _ if app.control.is_some() => {
            Reply::whole(status, Media::Text, format!("{}\n", refusal.reason).into_bytes())
        }
        404 | 405 if json => object(app, refusal, hint),
        404 | 405 if app.compat.pages => {
            Reply::whole(status, Media::Html, page(app, refusal, hint).into_bytes())
        }
        404 if unserved => Reply::whole(status, Media::Text, b"404 page not found\n".as_slice()),
        405 if unserved => Reply::whole(status, Media::Text, b"Method Not Allowed\n".as_slice()),
        _ => object(app, refusal, hint),
    };
    if depends_on_accept { reply.header("Vary", "Accept") } else { reply }
}

/// Adds the fields that the status or the reason has.
fn with_fields(refusal: &Refusal, reply: Reply) -> Reply {
    let reply = match refusal.status.0 {
        503 => reply.header("Retry-After", "1"),
        _ => reply,
    };
    match refusal.allow {
        Some(methods) => reply.header("Allow", allow(methods)),
        None => reply,
    }
}

/// The value of an `Allow` field.
pub(super) fn allow(methods: Methods) -> String {
    let mut value = String::new();
    for method in methods.iter() {
        if !value.is_empty() {
            value.push_str(", ");
        }
        value.push_str(method.name());
    }
    value
}

/// An HTML page. Reason and hint may quote the client, so they are escaped.
fn page(app: &App, refusal: &Refusal, hint: Option<&Hint>) -> String {
    let (code, name) = (refusal.status.0, refusal.status.reason());
    let home = app.local("/");
    let reason = html::escape(&refusal.reason);
    let mut more = String::new();
    if let Some(methods) = refusal.allow {
        more = format!("\n<p>Allowed: {}</p>", allow(methods));
    }
    if let Some(Hint { path, question }) = hint {
        let path = html::escape(path);
        more += &format!("\n<p>{question} <a href=\"{path}\">{path}</a>?</p>");
    }
    format!(
        "{HEAD}<title>{code} {name}</title>\n\
         <h1>{code} {name}</h1>\n<p>{reason}</p>{more}\n\
         <p><a href={home}>List of endpoints</a></p>\n"
    )
}

/// The reason, and what was probably meant.
fn detail<'a>(refusal: &'a Refusal, hint: Option<&Hint>) -> Cow<'a, str> {
    match hint {
        Some(Hint { path, question }) => format!("{} {question} {path}?", refusal.reason).into(),
        None => Cow::Borrowed(&refusal.reason),
    }
}

fn object(app: &App, refusal: &Refusal, hint: Option<&Hint>) -> Reply {
    object_reply(app, refusal.status, |json| {
        json.raw_at("status_code", itoa::Buffer::new().format(refusal.status.0));
        json.text_at("error", refusal.status.reason());
        let detail = detail(refusal, hint);
        if !detail.is_empty() {
            json.text_at("detail", &detail);
        }
        if let Some(Hint { path, .. }) = hint {
            json.text_at("did_you_mean", path);
        }
        if let Some(methods) = refusal.allow {
            json.key("allow");
            json.list(|json| {
                for method in methods.iter() {
                    json.item();
                    json.text(method.name());
                }
            });
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::compat::GO_HTTPBIN;
    use crate::http::reply::Body;
    use crate::http::request::Method;
    use crate::http::status::Status;

    fn body(refusal: &Refusal) -> String {
        match refuse(&App::default(), refusal).body {
            Body::Whole(body) => String::from_utf8(body.into_owned()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bad_request_is_answered_with_json() {
        let text = "{\n  \"status_code\": 400,\n  \"error\": \"Bad Request\",\n  \
            \"detail\": \"bad \\\"x\\\"\"\n}\n";
        assert_eq!(body(&Refusal::bad("bad \"x\"")), text);
        assert_eq!(refuse(&App::default(), &Refusal::bad("")).media, Media::Json);
        assert!(!body(&Refusal::bad("")).contains("detail"));
    }

    #[test]
    fn a_page_holds_no_markup_of_the_clients() {
        let page = body(&Refusal::new(Status(404), "<script>&"));
        assert!(page.contains("&lt;script&gt;&amp;") && !page.contains("<script"));
    }

    #[test]
    fn what_is_allowed() {
        assert_eq!(allow(Methods::of(&[Method::Get, Method::Options])), "GET, OPTIONS");
    }

    #[test]
    fn go_httpbin_has_texts_for_what_is_not_served() {
        let app = App { compat: &GO_HTTPBIN, ..App::default() };
        let media = |refusal: Refusal| refuse(&app, &refusal).media;
        assert_eq!(media(Refusal::not_found()), Media::Text);
        assert_eq!(media(Refusal::new(Status(404), "hidden")), Media::Json);
        let allow = Some(Methods::of(&[Method::Get]));
        assert_eq!(media(Refusal { allow, ..Refusal::new(Status(405), "x") }), Media::Text);
    }

    #[test]
    fn json_is_for_those_who_ask_for_it() {
        use crate::http::tests::ask;
        let media = |app: &App, accept: &str| {
            ask("/x", &[("Accept", accept)], b"", |request| {
                let reply = refuse_to(app, &Refusal::not_found(), request, None);
                assert!(reply.headers.iter().any(|field| field == ("Vary", "Accept")), "{accept}");
                reply.media
            })
        };
        let go = App { compat: &GO_HTTPBIN, ..App::default() };
        for (accept, json) in [
            ("application/json", true),
            ("application/json, text/plain, */*", true),
            ("text/html;q=0.9, application/json", true),
            ("*/*", false),
            ("", false),
            ("application/*", false),
            ("text/html, application/json", false),
            ("text/html, application/json;q=0.9, */*;q=0.8", false),
            ("application/json;q=0", false),
        ] {
            let or = |other| if json { Media::Json } else { other };
            assert_eq!(media(&App::default(), accept), or(Media::Html), "{accept}");
            assert_eq!(media(&go, accept), or(Media::Text), "{accept}");
        }
    }

    /// As an object is what these are for every client.
    #[test]
    fn what_does_not_depend_on_accept_says_nothing_of_it() {
        for (app, refusal) in [
            (App { compat: &GO_HTTPBIN, ..App::default() }, Refusal::new(Status(404), "hidden")),
            (App::default(), Refusal::bad("x")),
        ] {
            let names = refuse(&app, &refusal).headers;
            assert_eq!(names.iter().find(|(name, _)| *name == "Vary"), None, "{refusal:?}");
        }
    }

    #[test]
    fn what_was_meant_and_what_is_allowed_are_shown() {
        let hint = Hint { path: "/a<b\"".to_owned(), question: "Did you mean" };
        let app = App::default();
        let shown = page(&app, &Refusal::not_found(), Some(&hint));
        let link = "<p>Did you mean <a href=\"/a&lt;b&#34;\">/a&lt;b&#34;</a>?</p>";
        assert!(shown.contains(link), "{shown}");
        let text = |refusal: &Refusal, hint| match object(&app, refusal, hint).body {
            Body::Whole(body) => String::from_utf8(body.into_owned()).unwrap(),
            other => panic!("{other:?}"),
        };
        let shown = text(&Refusal::not_found(), Some(&hint));
        assert!(shown.contains("server. Did you mean /a<b\\\"?\""), "{shown}");
        assert!(shown.contains("\"did_you_mean\": \"/a<b\\\"\"\n"), "{shown}");
        let allow = Some(Methods::of(&[Method::Get, Method::Head]));
        let refusal = Refusal { allow, ..Refusal::new(Status(405), "x") };
        assert!(page(&app, &refusal, None).contains("<p>Allowed: GET, HEAD</p>"));
        let shown = text(&refusal, None);
        assert!(shown.ends_with("\"allow\": [\n    \"GET\",\n    \"HEAD\"\n  ]\n}\n"), "{shown}");
    }
}
