//! Documents that follow from the settings alone, such as the page at `/`.
//!
//! Each is made when it is first requested and compressed when a client first asks for that coding.
//! Both belong to the [`App`](super::app::App) whose settings they follow from, and go with it. All
//! of them together are about a megabyte: their size depends on the rows, not on any request.

use std::fmt;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::conditional::{Outcome, Validator};
use super::content_coding::{Coding, accepted};
use super::reply::{Media, Reply};
use super::request::Request;
use super::status::Status;

/// The codings that are offered, the preferred ones first. Clients that take zstd take Brotli too.
const OFFERED: [Coding; 4] = [Coding::Brotli, Coding::Gzip, Coding::Deflate, Coding::Identity];

/// The documents of one [`App`](super::app::App).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// The page at `/`.
    pub page: Document,
    /// The same as plain text.
    pub text: Document,
    /// `/spec.json`.
    pub swagger: Document,
    /// `/openapi.json`.
    pub openapi: Document,
}

/// A document in every coding that was asked for.
#[derive(Default)]
pub struct Document {
    whole: OnceLock<Whole>,
    coded: [OnceLock<Vec<u8>>; OFFERED.len()],
}

/// The document without a coding, and its entity tag.
struct Whole {
    bytes: Vec<u8>,
    tag: String,
}

impl Whole {
    fn of(bytes: Vec<u8>) -> Whole {
        let hash = Sha256::digest(&bytes);
        let tag = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        Whole { bytes, tag }
    }
}

impl Document {
    /// The document in the coding that the client prefers, or a 304 if the client has it. `make`
    /// must depend on the settings alone; it is called once. `vary` names the request fields, other
    /// than Accept-Encoding, by which the endpoint chose this document.
    pub fn reply(
        &self,
        request: &Request,
        media: Media,
        vary: &str,
        make: impl FnOnce() -> Vec<u8>,
    ) -> Reply {
        let coding = accepted(request, &OFFERED).unwrap_or(Coding::Identity);
        let whole = self.whole.get_or_init(|| Whole::of(make()));
        // Each coding is a representation of its own, so it needs its own tag (RFC 9110 8.8.3.3).
        let tag = match coding.name() {
            Some(name) => format!("{}-{name}", whole.tag),
            None => whole.tag.clone(),
        };
        let reply = match (Validator { tag: &tag, modified_s: None }).weigh(request) {
            Outcome::NotModified => Reply::new(Status(304)),
            Outcome::Failed => Reply::new(Status(412)),
            Outcome::Go => {
                let reply = Reply::whole(Status::OK, media, self.coded(coding, &whole.bytes));
                match coding.name() {
                    Some(name) => reply.header("Content-Encoding", name),
                    None => reply,
                }
            }
        };
        let vary = if vary.is_empty() { String::new() } else { format!("{vary}, ") };
        reply.header("ETag", format!("\"{tag}\"")).header("Vary", vary + "Accept-Encoding")
    }

    fn coded(&self, coding: Coding, whole: &[u8]) -> Vec<u8> {
        let place = OFFERED.iter().position(|offered| *offered == coding);
        let place = place.filter(|_| coding != Coding::Identity).and_then(|n| self.coded.get(n));
        let compress = || {
            let mut output = Vec::new();
            coding.compress(whole, &mut output);
            output
        };
        place.map_or(whole, |form| form.get_or_init(compress)).to_vec()
    }
}

/// Nothing is copied: the copy's settings may be changed, and the document with them.
impl Clone for Document {
    fn clone(&self) -> Document {
        Document::default()
    }
}

/// Equal settings have equal documents, whether they were made yet or not.
impl PartialEq for Document {
    fn eq(&self, _: &Document) -> bool {
        true
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let made = self.whole.get().map(|whole| whole.bytes.len());
        f.debug_struct("Document").field("bytes", &made).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::reply::Body;
    use crate::http::tests::ask;

    fn reply(document: &Document, fields: &[(&str, &str)], text: &str) -> Reply {
        ask("/", fields, b"", |request| {
            document.reply(request, Media::Html, "Accept", || text.as_bytes().to_vec())
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
