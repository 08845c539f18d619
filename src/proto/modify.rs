//! Which modifiers apply to a request, and what they make of its answer, in any protocol.

use super::{Cx, Ends};
use crate::endpoint::{self, Answers, BodyRule, Found, Route};
use crate::http::app::App;
use crate::http::fields::trace_context;
use crate::http::modifiers::dialect::words;
use crate::http::modifiers::plan::{At, Fault};
use crate::http::modifiers::{
    self, BadModifier, Bounds, Carrier, Modifiers, Name, PathModifiers, Plan,
};
use crate::http::reply::Refusal;
use crate::http::request::{Method, Request};

/// What a request asks for.
#[derive(Debug)]
pub struct Asked {
    /// Its route, or why it has none.
    pub found: Result<Found, Refusal>,
    /// What modifiers do to its answer.
    pub plan: Option<Box<Plan>>,
}

impl Asked {
    /// A route, without modifiers.
    pub fn plain(found: Result<Found, Refusal>) -> Asked {
        Asked { found, plan: None }
    }

    /// What happens to the body of this request: a modified answer is not sent while it arrives.
    pub fn body_rule(&self, app: &App, request: &Request) -> BodyRule {
        match &self.found {
            Ok(found) => match found.route.body_of(app.compat, request) {
                BodyRule::Stream if self.plan.is_some() => BodyRule::Keep,
                rule => rule,
            },
            Err(_) => BodyRule::Discard,
        }
    }

    /// Whether its body is read in another way than usual.
    pub fn changes_reading(&self) -> bool {
        self.plan.as_ref().is_some_and(|plan| plan.changes_reading())
    }
}

/// Finds what modifiers do to the answer to this request, which has a body or not.
#[inline(always)] // one look at flags for a plain request
pub fn plan(cx: &mut Cx, request: &Request, asked: &mut Asked, has_body: bool) {
    if may_be_modified(cx, request, &asked.found) {
        *asked = modified(cx, request, has_body);
    }
}

/// The same for a request that has been read again, with the plan that was made: it is not counted
/// a second time, and nothing is drawn.
pub fn again(cx: &Cx, request: &Request, plan: Option<Box<Plan>>) -> Asked {
    let found = endpoint::find(cx.app, &request.target, request.method);
    if plan.is_none() && !may_be_modified(cx, request, &found) {
        return Asked::plain(found);
    }
    let (found, path) = endpoint::find_modified(cx.app, &request.target, request.method);
    if plan.is_some() || is_spared(request, &found) {
        return Asked { found, plan };
    }
    let route = found.as_ref().ok().map(|found| found.route);
    Asked::plain(refused(cx, request, &path, route).and(found))
}

/// Takes back what was counted of a request that was opened with this plan, and that its client is
/// to send again: the number under its key, and its places in rate limits.
#[cold]
pub fn uncount(cx: &Cx, request: &Request, plan: Option<&Plan>) {
    let (found, path) = endpoint::find_modified(cx.app, &request.target, request.method);
    let route = found.ok().map(|found| found.route);
    if let Some(plan) = plan
        && let Ok(own) = own(cx.app, request, &path, route)
        && let Ok((asked, _)) = check(cx.app, cx.ends, request, &own, route)
    {
        let key = asked.selection().key;
        if let Some(key) = key {
            cx.worker.modifiers.uncount(key);
        }
        if let Some(limited) = &plan.limited {
            endpoint::uncount_limited(cx.app, request, &limited.limit, key);
        }
    }
    if let Some(route) = route {
        endpoint::uncount(cx.app, request, route);
    }
}

/// An error if its modifiers were refused.
fn refused(
    cx: &Cx,
    request: &Request,
    path: &PathModifiers,
    route: Option<&Route>,
) -> Result<(), Refusal> {
    let own = own(cx.app, request, path, route).map_err(refusal)?;
    check(cx.app, cx.ends, request, &own, route).map_err(refusal)?;
    endpoint::delay_before_us(cx.app, path).map(|_| ())
}

#[inline(always)]
fn may_be_modified(cx: &Cx, request: &Request, found: &Result<Found, Refusal>) -> bool {
    // OPTIONS has a route on every path where the API accepts it everywhere.
    let may_be = found.is_err()
        | (request.method == Method::Options)
        | request.query_modifiers
        | request.loiter_field
        | !cx.app.with.is_empty()
        | !cx.app.dialects.is_empty()
        | cx.ends.modifiers.is_some();
    may_be && cx.app.modifiers
}

#[cold]
#[inline(never)]
fn modified(cx: &mut Cx, request: &Request, has_body: bool) -> Asked {
    let (found, path) = endpoint::find_modified(cx.app, &request.target, request.method);
    if is_spared(request, &found) {
        return Asked::plain(found);
    }
    match plan_of(cx, request, &path, found.as_ref().ok().map(|found| found.route)) {
        Ok(mut plan) => {
            plan.as_mut().filter(|_| !has_body).map(Plan::spare_reading);
            Asked { found, plan: plan.map(Box::new) }
        }
        Err(refusal) => Asked::plain(Err(refusal)),
    }
}

/// Whether modifiers do not apply: to a probe, or where a browser asks for permission, of which its
/// user knows nothing.
fn is_spared(request: &Request, found: &Result<Found, Refusal>) -> bool {
    found.as_ref().is_ok_and(|found| found.route.is_probe()) || is_preflight(request)
}

fn is_preflight(request: &Request) -> bool {
    request.method == Method::Options && request.field("Access-Control-Request-Method").is_some()
}

/// What the modifiers in effect make of the answer; `None` if there are none.
fn plan_of(
    cx: &mut Cx,
    request: &Request,
    path: &PathModifiers,
    route: Option<&Route>,
) -> Result<Option<Plan>, Refusal> {
    let own = own(cx.app, request, path, route).map_err(refusal)?;
    let (asked, skipped) = check(cx.app, cx.ends, request, &own, route).map_err(refusal)?;
    cx.worker.skipped += skipped as u64;
    let path_us = endpoint::delay_before_us(cx.app, path)?;
    if asked.is_empty() && path_us == 0 {
        return Ok(None);
    }
    let bounds = bounds(cx.app);
    let seed = cx.worker.random.next_u64();
    if asked.is_empty() {
        return Ok(Some(Plan { seed, path_us, ..Plan::default() }));
    }
    let (state, now) = (&cx.worker.modifiers, cx.clock.now);
    let selection = asked.selection();
    let selected = state.select(&selection, seed, now);
    let mut plan = Plan::spared(selected.seed);
    if selected.active {
        let parent = request.field("traceparent").filter(|_| asked.has(Name::Trace));
        let trace = parent.and_then(|parent| trace_context::response(parent, selected.seed));
        let limit = asked.limit().filter(|_| request.method != Method::Options);
        let count = |limit| endpoint::count_limited(cx.app, request, limit, selection.key);
        let limited = limit.map(count);
        if limited.as_ref().is_some_and(|limited| !limited.passes) {
            // Nothing else applies: what is beyond a limit is answered at once.
            let headers = asked.plan(selected.seed, 0, &bounds).headers;
            return Ok(Some(Plan { headers, limited, trace, ..plan }));
        }
        let others = if asked.has(Name::Load) { cx.worker.answering() } else { 0 };
        let mut queued_us = asked.load_us(selected.seed, others);
        if let Some((slots, service_us)) = asked.slots().zip(asked.service_us(selected.seed)) {
            let wait_us = state.queue(&slots, service_us, now, bounds.max_wait_us);
            queued_us = queued_us.saturating_add(wait_us);
        }
        plan = asked.plan(selected.seed, queued_us, &bounds);
        (plan.limited, plan.trace) = (limited, trace);
        plan.fault = plan.fault.filter(is_of_answer);
        let converses = |route: &Route| route.answers_of(cx.app.compat) == Answers::WebSocket;
        plan.messages = asked.messages(&bounds).filter(|_| route.is_some_and(converses));
    }
    Ok(Some(Plan { path_us, ..plan }))
}

/// The modifiers in effect, and how many defaults were skipped; unless one is refused. The defaults
/// apply to all routes but the page.
fn check<'a>(
    app: &'a App,
    ends: Ends<'a>,
    request: &Request,
    own: &'a [Modifiers],
    route: Option<&Route>,
) -> Result<(modifiers::Asked<'a>, usize), BadModifier> {
    let inherits = route.is_none_or(|route| route.path != "/");
    let defaults = [Some(&app.with), ends.modifiers].into_iter().flatten().filter(|_| inherits);
    let layers: Vec<&Modifiers> = defaults.chain(own).collect();
    let mut asked = modifiers::merge(&layers);
    let skipped = asked.check(request.version.into(), &bounds(app))?;
    let misplaced = |fault| route.and_then(|route| endpoint::misplaced_on(app, route, fault));
    let misplaced = asked.check_faults(misplaced)?;
    Ok((asked, skipped + misplaced))
}

fn bounds(app: &App) -> Bounds {
    Bounds::new(&app.limits, app.public, app.dangerous_responses)
}

/// The modifiers that the request itself has, in ascending order of precedence: those in its field,
/// its path and its query, and what dialects call them.
fn own(
    app: &App,
    request: &Request,
    path: &PathModifiers,
    route: Option<&Route>,
) -> Result<[Modifiers; 5], BadModifier> {
    let mut own = [Carrier::Field, Carrier::Path, Carrier::Query].map(Modifiers::new);
    let [field, segments, query] = &mut own;
    request.fields_named("Loiter").try_for_each(|value| field.add_list(value))?;
    path.tokens().try_for_each(|token| segments.add_segment(token))?;
    let raw_query = request.target.raw_query.unwrap_or_default();
    if request.query_modifiers {
        query.add_query(raw_query)?;
    }
    let (mut their_field, mut their_query) = Default::default();
    if !app.dialects.is_empty() {
        let is_parameter = |name: &str| {
            route.is_some_and(|route| route.params(app.compat).any(|param| param.name == name))
        };
        their_field = words::of_fields(app.dialects, request.fields)?;
        their_query = words::of_query(app.dialects, raw_query, is_parameter)?;
    }
    let [field, segments, query] = own;
    Ok([their_field, field, segments, their_query, query])
}

/// Whether a fault is one of an answer, and not of a connection that is accepted.
fn is_of_answer(fault: &Fault) -> bool {
    fault.at != Some(At::Connect)
}

fn refusal(bad: BadModifier) -> Refusal {
    Refusal::new(bad.status(), bad.to_string())
}
