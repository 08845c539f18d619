//! Who may use the admin endpoints. There are no passwords: whoever can connect may, except for a
//! web page in a browser that can.
//!
//! - **Another site's page** can send simple requests, such as a form's POST, but cannot read the
//!   answers without CORS, which this listener never grants. A request that changes something needs
//!   a header field, which a page can add only after a preflight; that is refused here.
//! - **Nor may it ask at all**, except for the index page, to which other pages may link: it sees
//!   when an answer comes, and `/requests?field=Authorization: Bearer a*&wait=1s` comes at once if
//!   a request matches. Browsers report such requests themselves (Fetch Metadata).
//! - **A page of a name that its owner lets point to this machine** (DNS rebinding) is of the same
//!   origin, so neither rule stops it. Its requests have its name as host, so the host must be one
//!   that a stranger cannot own: an IP address, a name without a dot, `localhost` or below it, or
//!   a name of this machine. Probes and metrics are answered under any name: monitors may have
//!   names of their own for a server, and counts are all that such a page would learn.
//!
//! A Unix socket has no such clients, and any host.

use std::net::Ipv4Addr;

use super::{ADMIN_ROUTES, params_of};
use crate::base::text::{nearest, shortened};
use crate::endpoint::route::{Place, Route};
use crate::http::app::App;
use crate::http::control::Control;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Request};
use crate::http::status::Status;
use crate::http::uri::query;

/// The field that a request must have to change something.
pub(super) const FIELD: &str = "Loiter-Admin";

/// The server, for a request that may use it.
pub(super) fn enter<'a>(app: &'a App, request: &Request) -> Result<&'a dyn Control, Refusal> {
    let control = probe(app, request)?;
    if request.peer.is_some() {
        check_host(control, request)?;
        check_site(request)?;
    }
    let reads = matches!(request.method, Method::Get | Method::Head);
    if !reads && request.field(FIELD) != Some(b"1") {
        let reason = format!(
            "this changes the server, so it needs the header field `{FIELD}: 1`, which a web page \
             of another site cannot send"
        );
        return Err(Refusal::new(Status(403), reason));
    }
    Ok(control)
}

/// The server, for a probe or a monitor, whatever it calls it.
pub(super) fn probe<'a>(app: &'a App, request: &Request) -> Result<&'a dyn Control, Refusal> {
    check_names(app, request)?;
    app.control.as_deref().ok_or_else(Refusal::not_found)
}

/// Refuses names in the query that mean nothing there: a misspelled `ttl` would have no end.
fn check_names(app: &App, request: &Request) -> Result<(), Refusal> {
    let is_own = |route: &&Route| {
        let methods = route.methods(app.compat);
        params_of(route, &request.target.path).is_some() && methods.contains(request.method)
    };
    let route = ADMIN_ROUTES.iter().find(is_own);
    let params = || route.into_iter().flat_map(|route| route.params(app.compat));
    let known = || params().filter(|param| param.place == Place::Query).map(|param| param.name);
    match query::of(request).find(|(name, _)| known().all(|known| known != name)) {
        None => Ok(()),
        Some((name, _)) => {
            let name = shortened(&name).into_owned();
            let advice = nearest(&name, known(), &[]).map_or_else(
                || match known().collect::<Vec<_>>().join(", ") {
                    all if all.is_empty() => "there is none here".to_owned(),
                    all => format!("there is {all}"),
                },
                |near| format!("did you mean {near}?"),
            );
            Err(Refusal::bad(format!("there is no parameter `{name}`; {advice}")))
        }
    }
}

/// Refuses a host that a stranger can own.
fn check_host(control: &dyn Control, request: &Request) -> Result<(), Refusal> {
    let Some(host) = request.host else { return Ok(()) };
    let host = String::from_utf8_lossy(host).to_ascii_lowercase();
    let name = name(&host);
    if is_no_strangers(name) || control.has_name(name) {
        return Ok(());
    }
    let reason = format!(
        "the host `{}` is neither an IP address, nor a name without a dot, nor one of this \
         machine or of --admin: a web page may have sent this; send `Host: localhost`",
        shortened(name)
    );
    Err(Refusal::new(Status(421), reason))
}

/// Refuses what a browser sends for a page of another site or port, except for the index page. What
/// its user asks for without a page has the site `none`.
fn check_site(request: &Request) -> Result<(), Refusal> {
    match request.field("Sec-Fetch-Site") {
        Some(b"cross-site" | b"same-site") if *request.target.path != *b"/" => Err(Refusal::new(
            Status(403),
            "a web page of another site or port asks for this; open it by its address, or from \
             the page at /",
        )),
        _ => Ok(()),
    }
}

/// The host without its port and the dot of an absolute name.
fn name(host: &str) -> &str {
    let name = match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    };
    name.strip_suffix('.').unwrap_or(name)
}

/// Whether nobody can own this name in the public DNS.
fn is_no_strangers(name: &str) -> bool {
    let is_address = name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok();
    is_address || !name.contains('.') || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_stranger_can_own_is_known_by_its_dot() {
        for (host, own) in [
            ("127.0.0.1:9090", true),
            ("10.1.2.3", true),
            ("[::1]:9090", true),
            ("[fe80::1%25eth0]", true),
            ("localhost", true),
            ("localhost.:9090", true),
            ("a.localhost:80", true),
            ("loiter:9090", true),
            ("example.org", false),
            ("example.org:9090", false),
            ("example.org.", false),
            ("127.0.0.1.example.org", false),
            ("127.1", false),
            ("localhost.example.org", false),
            ("xlocalhost.org", false),
            ("1.2.3.4.5", false),
        ] {
            assert_eq!(is_no_strangers(name(host)), own, "{host}");
        }
    }
}
