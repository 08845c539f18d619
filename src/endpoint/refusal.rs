//! Error answers to requests.

use super::inspect::object_reply;
use crate::http::app::App;
use crate::http::html;
use crate::http::reply::{Media, NOT_FOUND, Refusal, Reply};
use crate::http::request::Methods;

/// The answer to a refused request: an HTML page as in httpbin, or for a path or method that is not
/// served a text as in go-httpbin; for anything else go-httpbin's JSON object. The admin listener
/// answers with the reason alone.
pub fn refuse(app: &App, refusal: &Refusal) -> Reply {
    let status = refusal.status;
    let unserved = refusal.allow.is_some() || refusal.reason == NOT_FOUND;
    let reply = match status.0 {
        _ if app.control.is_some() => {
            Reply::whole(status, Media::Text, format!("{}\n", refusal.reason).into_bytes())
        }
        404 | 405 if app.compat.pages => {
            Reply::whole(status, Media::Html, page(app, refusal).into_bytes())
        }
        404 if unserved => Reply::whole(status, Media::Text, b"404 page not found\n".as_slice()),
        405 if unserved => Reply::whole(status, Media::Text, b"Method Not Allowed\n".as_slice()),
        _ => object(app, refusal),
    };
    let reply = match status.0 {
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

/// An HTML page. The reason may quote the client, so it is escaped.
fn page(app: &App, refusal: &Refusal) -> String {
    let (code, name) = (refusal.status.0, refusal.status.reason());
    let home = app.local("/");
    let reason = html::escape(&refusal.reason);
    format!(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n<title>{code} {name}</title>\n\
         <h1>{code} {name}</h1>\n<p>{reason}</p>\n<p><a href={home}>List of endpoints</a></p>\n"
    )
}

fn object(app: &App, refusal: &Refusal) -> Reply {
    object_reply(app, refusal.status, |json| {
        json.raw_at("status_code", itoa::Buffer::new().format(refusal.status.0));
        json.text_at("error", refusal.status.reason());
        if !refusal.reason.is_empty() {
            json.text_at("detail", &refusal.reason);
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
}
