//! About the server: `/hostname`, `/env`, `/version`, and `/unstable`, which fails at random.

use std::borrow::Cow;

use super::inspect::write_object;
use super::params;
use super::route::{Beyond, Group, Kind, Origin, Param, Route};
use crate::base::go_rand::GoRand;
use crate::base::random::Random;
use crate::base::sort::sort_by;
use crate::http::app::App;
use crate::http::compat::GO_HTTPBIN;
use crate::http::json::Json;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::query;

/// The routes.
pub(super) const GROUP: Group = Group {
    name: "Server",
    about: "About the server",
    routes: &Origin::GoHttpbin.of([
        Route::any("/hostname", hostname, "Returns the host name"),
        Route::any("/env", environment, "Returns the variables `LOITER_ENV_*` and `HTTPBIN_ENV_*`"),
        Route::any("/version", version, "Returns the server's name and version"),
    ]),
};

/// A route in `status`' group.
pub(super) const UNSTABLE: Route =
    Route::any("/unstable", unstable, "Returns 200, or 500 at the given rate")
        .from(Origin::GoHttpbin)
        .with(&[
            Param::query("failure_rate", Kind::Number(0.0, 1.0), "share of failures")
                .or("0.5")
                .blank(),
            Param::query("seed", Kind::Integer(i64::MIN, i64::MAX), "seed of the random generator")
                .beyond(Beyond::Refused)
                .blank(),
        ])
        .answers("text/plain");

/// `/hostname`.
fn hostname(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, _, output| {
        write_object(app, output, |json| {
            json.text_at("hostname", &app.hostname);
        })
    }))
}

/// `/env`: sorted; `null` when empty.
fn environment(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, _, output| {
        write_object(app, output, |json| {
            json.key("env");
            if app.environment.is_empty() {
                json.raw("null")
            } else {
                json.object(|json| write_environment(app, json))
            }
        })
    }))
}

fn write_environment(app: &App, json: &mut Json) {
    let mut variables: Vec<_> = app.environment.iter().collect();
    sort_by(&mut variables, Ord::cmp);
    for (name, value) in variables {
        json.text_key(name);
        json.text(value);
    }
}

/// `/version`: the service, and the version if the operator permits it.
fn version(_: &App, _: &Request) -> Result<Reply, Refusal> {
    Ok(Reply::json(|app, _, output| {
        write_object(app, output, |json| {
            json.text_at("service", app.compat.service);
            if app.full_version {
                json.text_at("version", env!("CARGO_PKG_VERSION"));
            }
        })
    }))
}

/// `/unstable`: fails at random; with `seed` as go-httpbin does for that seed.
fn unstable(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let rate = match given(request, "failure_rate").as_deref() {
        None => 0.5,
        Some(text) => rate(text)?,
    };
    let drawn = match given(request, "seed").as_deref() {
        None => Random::new(request.seed).fraction(),
        Some(text) => GoRand::new(seed(text)?).float64(),
    };
    let status = if drawn < rate { Status(500) } else { Status::OK };
    Ok(Reply::new(status).media(Media::Text))
}

/// A parameter; an empty one counts as missing, as in go-httpbin.
fn given<'a>(request: &Request<'a>, name: &str) -> Option<Cow<'a, str>> {
    query::given(&GO_HTTPBIN, query::first(request, name))
}

fn rate(text: &str) -> Result<f64, Refusal> {
    let rate = text.parse().ok().filter(|rate| (0.0..=1.0).contains(rate));
    rate.ok_or_else(|| params::bad("failure_rate", text, "expected a number from 0 to 1"))
}

fn seed(text: &str) -> Result<i64, Refusal> {
    text.parse().map_err(|_| params::bad("seed", text, "expected a 64-bit integer"))
}
