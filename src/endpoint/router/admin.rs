//! Finds the route of a path on the admin listener, which has few.

use super::Found;
use crate::base::text::{nearest, shortened};
use crate::endpoint::{ADMIN_ROUTES, admin_params};
use crate::http::compat::ADMIN;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Methods, Target};
use crate::http::status::Status;

/// The route for a target and a method, as [`find`](super::find) finds it. OPTIONS is accepted
/// nowhere: it would permit the requests of web pages.
#[cold]
pub(super) fn find(target: &Target, method: Method) -> Result<Found, Refusal> {
    let mut allow: Option<Methods> = None;
    for (index, route) in (0..).zip(ADMIN_ROUTES) {
        let Some(params) = admin_params(route, &target.path) else { continue };
        let methods = route.methods(&ADMIN);
        if methods.contains(method) {
            return Ok(Found { route, index, params });
        }
        allow = Some(allow.unwrap_or(methods).with(methods));
    }
    Err(match allow {
        None => unknown(target),
        Some(_) => Refusal { allow, ..Refusal::new(Status(405), "the method is not allowed here") },
    })
}

fn unknown(target: &Target) -> Refusal {
    let path = String::from_utf8_lossy(&target.path);
    let near = nearest(&path, ADMIN_ROUTES.iter().map(|route| route.path), &[]);
    let advice =
        near.map_or("GET / lists what there is".to_owned(), |near| format!("did you mean {near}?"));
    Refusal::new(Status(404), format!("there is no {} here; {advice}", shortened(&path)))
}
