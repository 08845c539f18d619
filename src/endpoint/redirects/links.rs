//! `/links`: pages that link to each other.

use std::borrow::Cow;
use std::fmt::Write;

use super::found;
use crate::endpoint::params::{bounded, count, integer};
use crate::endpoint::route::{Kind, Param, Route};
use crate::http::app::App;
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::percent::utf8_or_escapes;

/// httpbin's limits on the number of links.
const LINKS: std::ops::RangeInclusive<u64> = 1..=200;
/// go-httpbin's limits.
const GO_LINKS: std::ops::RangeInclusive<u64> = 0..=256;

const COUNT: Param = Param::path("n", Kind::Integer(1, 200), "10", "number of pages")
    .go(&Param::path("n", Kind::Integer(0, 256), "10", "number of pages"));
const OFFSET: Param = Param::path("offset", Kind::Integer(0, i64::MAX), "0", "index of this page")
    .go(&Param::path("offset", ANY_INTEGER, "0", "index of this page"));
const ANY_INTEGER: Kind = Kind::Integer(i64::MIN, i64::MAX);

/// A route in `redirects`' group; the next is another.
pub(super) const FIRST: Route =
    Route::get("/links/{n}", first, "Redirects to the first of n pages")
        .with(&[COUNT])
        .go(first_go)
        .redirects();
pub(super) const PAGE: Route =
    Route::get("/links/{n}/{offset}", page, "Returns a page with links to n pages")
        .with(&[COUNT, OFFSET])
        .go(page_go)
        .answers("text/html");

/// `/links/{n}`: any number; the page clamps it.
fn first(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let n = count(app, "n", request.param(0))?;
    Ok(found(app, app.local_for(request, &format!("/links/{n}/0"))))
}

/// The same in go-httpbin, which keeps the query.
fn first_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let n = bounded(app, "n", count(app, "n", request.param(0))?, GO_LINKS)?;
    let query = request.target.raw_query.map(|raw| utf8_or_escapes(Cow::Borrowed(raw)));
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    Ok(found(app, app.local_for(request, &format!("/links/{n}/0{query}"))))
}

/// `/links/{n}/{offset}`.
fn page(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let asked = count(app, "n", request.param(0))?;
    let n = bounded(app, "n", asked, LINKS)?;
    let offset = count(app, "offset", request.param(1))?;
    let base = app.local_for(request, &format!("/links/{n}"));
    Ok(link_page(&base, n, Some(offset), '\'').clamped("n", asked, n))
}

/// The same in go-httpbin, where a negative offset is none of the pages.
fn page_go(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let n = bounded(app, "n", count(app, "n", request.param(0))?, GO_LINKS)?;
    let offset = String::from_utf8_lossy(request.param(1));
    let offset = u64::try_from(integer(app.compat, "offset", &offset)?).ok();
    Ok(link_page(&app.local_for(request, &format!("/links/{n}")), n, offset, '"'))
}

/// A page of links below `base`, without one to itself.
fn link_page(base: &str, n: u64, offset: Option<u64>, quote: char) -> Reply {
    let base = html::escape(base);
    let mut page = String::from("<html><head><title>Links</title></head><body>");
    for link in 0..n {
        // Writing to a string cannot fail.
        let _ = if Some(link) == offset {
            write!(page, "{link} ")
        } else {
            write!(page, "<a href={quote}{base}/{link}{quote}>{link}</a> ")
        };
    }
    page.push_str("</body></html>");
    Reply::whole(Status::OK, Media::Html, page.into_bytes())
}
