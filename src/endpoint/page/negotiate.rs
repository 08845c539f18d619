//! Answers with a document of [`App::documents`](crate::http::app::App::documents).

use crate::http::content_coding::{Coding, accepted};
use crate::http::document::{Document, OFFERED};
use crate::http::fields::conditional::{Outcome, Validator};
use crate::http::reply::{Media, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The document in the coding that the client prefers, or a 304 if the client has it. `make` must
/// depend on the settings alone. `vary` names the request fields, other than Accept-Encoding, by
/// which the endpoint chose this document.
pub(super) fn reply(
    document: &Document,
    request: &Request,
    media: Media,
    vary: &str,
    make: impl Fn() -> Vec<u8>,
) -> Reply {
    let coding = accepted(request, &OFFERED).unwrap_or(Coding::Identity);
    let tag = document.tag(coding, &make);
    let reply = match (Validator { tag: &tag, modified_s: None }).evaluate(request) {
        Outcome::NotModified => Reply::new(Status(304)),
        Outcome::Failed => Reply::new(Status(412)),
        Outcome::Proceed => {
            let reply = Reply::whole(Status::OK, media, document.bytes(coding, make));
            match coding.name() {
                Some(name) => reply.header("Content-Encoding", name),
                None => reply,
            }
        }
    };
    let vary = if vary.is_empty() { String::new() } else { format!("{vary}, ") };
    reply.header("ETag", format!("\"{tag}\"")).header("Vary", vary + "Accept-Encoding")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reply::Body;
    use crate::http::tests::ask;

    fn reply(document: &Document, fields: &[(&str, &str)], text: &str) -> Reply {
        ask("/", fields, b"", |request| {
            super::reply(document, request, Media::Html, "Accept", || text.as_bytes().to_vec())
        })
    }

    fn field<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
        reply.headers.iter().find(|field| field.0 == name).map(|field| field.1)
    }

    fn body(reply: &Reply) -> &[u8] {
        match &reply.body {
            Body::Whole(body) => body,
            _ => b"",
        }
    }

    #[test]
    fn a_document_is_made_once_and_sent_in_the_coding_that_is_preferred() {
        let document = Document::default();
        let text = "loiter ".repeat(100);
        for (accept, name) in [
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip, deflate", Some("gzip")),
            ("deflate", Some("deflate")),
            ("br;q=0.5, gzip;q=0.4", Some("br")),
            ("zstd", None),
            ("identity", None),
            ("br;q=0", None),
            ("*;q=0", None),
        ] {
            let reply = reply(&document, &[("Accept-Encoding", accept)], &text);
            assert_eq!(field(&reply, "Content-Encoding"), name, "{accept}");
            assert_eq!(field(&reply, "Vary"), Some("Accept, Accept-Encoding"));
            assert_eq!(body(&reply).len() < text.len(), name.is_some(), "{accept}");
        }
        assert_eq!(body(&reply(&document, &[], "another")), text.as_bytes());
        assert_eq!(body(&reply(&document.clone(), &[], "another")), b"another");
    }

    #[test]
    fn each_coding_has_a_tag_by_which_the_client_may_have_it_already() {
        let document = Document::default();
        let tag = |accept| {
            let reply = reply(&document, &[("Accept-Encoding", accept)], "loiter");
            field(&reply, "ETag").unwrap().to_owned()
        };
        let (gzip, plain) = (tag("gzip"), tag("identity"));
        assert!(gzip.ends_with("-gzip\"") && gzip != plain);
        let again = |accept, known: &str, name| {
            let reply = reply(&document, &[("Accept-Encoding", accept), (name, known)], "");
            (reply.status.0, body(&reply).len(), field(&reply, "ETag").map(str::to_owned))
        };
        assert_eq!(again("gzip", &gzip, "If-None-Match"), (304, 0, Some(gzip.clone())));
        assert_eq!(again("gzip", "*", "If-None-Match").0, 304);
        assert_eq!(again("identity", &gzip, "If-None-Match"), (200, 6, Some(plain.clone())));
        assert_eq!(again("identity", &gzip, "If-Match"), (412, 0, Some(plain)));
    }
}
