//! What the defaults of the server and of a listener decide without a request: for a connection
//! that was accepted, and for raw echo. There a connection or a datagram is what a request is
//! elsewhere.

use super::{Cx, Shared};
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::modifiers::{self, Asked, At, Bounds, HandshakePlan, Modifiers, Plan, Protocol};

/// The defaults in effect that are possible with this protocol; `None` if there are none.
pub fn asked<'a>(
    app: &'a App,
    listener: Option<&'a Modifiers>,
    protocol: Protocol,
) -> Option<Asked<'a>> {
    if !app.modifiers || (app.with.is_empty() && listener.is_none()) {
        return None;
    }
    let mut asked = match listener {
        Some(listener) => modifiers::merge(&[&app.with, listener]),
        None => modifiers::merge(&[&app.with]),
    };
    // They were checked at the start.
    asked.check(protocol, &bounds(app)).ok()?;
    Some(asked).filter(|asked| !asked.is_empty())
}

/// Whether they may break a connection as soon as it is accepted.
pub fn break_at_connect(asked: &Asked) -> bool {
    asked.faults().any(|fault| fault.at == Some(At::Connect))
}

/// The plan of a connection or a datagram; `None` if it is not modified.
pub fn plan(asked: &Asked, app: &App, worker: &mut Shared, now: Time) -> Option<Plan> {
    let seed = worker.random.next_u64();
    let selected = worker.modifiers.select(&asked.selection(), seed, now);
    selected.active.then(|| planned(asked, app, selected.seed))
}

/// The plan of a TLS handshake; it changes nothing if no default modifies that.
pub fn handshake(cx: &mut Cx) -> HandshakePlan {
    let asked = asked(cx.app, cx.ends.modifiers, Protocol::Tls);
    let plan = asked.and_then(|asked| {
        let seed = cx.worker.random.next_u64();
        let selected = cx.worker.modifiers.select(&asked.selection(), seed, cx.clock.now);
        let max_wait_us = bounds(cx.app).max_wait_us;
        selected.active.then(|| asked.handshake(selected.seed, max_wait_us))
    });
    let plan = plan.unwrap_or_default();
    for name in plan.applied() {
        if let Some(count) = cx.worker.applied.get_mut(name as usize) {
            *count += 1;
        }
    }
    plan
}

/// The plan for this seed.
pub fn planned(asked: &Asked, app: &App, seed: u64) -> Plan {
    asked.plan(seed, 0, &bounds(app))
}

fn bounds(app: &App) -> Bounds {
    Bounds::new(&app.limits, app.public, app.dangerous_responses)
}
