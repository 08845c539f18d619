//! Probes on the listeners that clients use: `/healthz` for whoever restarts a server, `/readyz`
//! for whoever sends it requests.
//!
//! Modifiers do not change them, and the access log has them only with `--log-probes`: they are
//! asked every few seconds by machines, for which a test's faults are not meant.

use super::route::{Group, Route};
use crate::http::app::App;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Probes",
    about: "Probes of orchestrators and load balancers, which no modifier changes",
    routes: &[
        Route::get("/healthz", healthz, "Returns 200: the server answers")
            .fixed()
            .probe()
            .answers("text/plain"),
        Route::get("/readyz", readyz, "Returns 200, or 503 when the server wants no requests")
            .fixed()
            .probe()
            .answers("text/plain"),
    ],
};

/// `/healthz`: that it is answered is the answer. It does not depend on readiness, as a server that
/// drains, or that was switched off, must not be restarted for that.
fn healthz(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(fresh(ok()))
}

/// `/readyz`.
fn readyz(app: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(fresh(readiness(app)))
}

/// What a healthy server answers.
pub(super) fn ok() -> Reply {
    Reply::whole(Status::OK, Media::Text, b"ok\n".as_slice())
}

/// Whether the server wants requests: 200, or 503 with the reason.
pub(super) fn readiness(app: &App) -> Reply {
    match app.readiness.refusal() {
        None => Reply::whole(Status::OK, Media::Text, b"ready\n".as_slice()),
        Some(why) => Reply::whole(Status(503), Media::Text, format!("{why}\n").into_bytes()),
    }
}

/// A reply that no cache keeps.
fn fresh(reply: Reply) -> Reply {
    reply.header("Cache-Control", "no-store")
}
