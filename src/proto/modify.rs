//! Which modifiers apply to a request, and what they make of its answer, in any protocol.

use super::Cx;
use crate::endpoint::{self, BodyRule, Found};
use crate::http::app::App;
use crate::http::modifiers::Plan;
use crate::http::reply::Refusal;
use crate::http::request::Request;

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

/// What a request asks for for which this route was found, or none.
pub fn plan(cx: &mut Cx, request: &mut Request, found: Result<Found, Refusal>) -> Asked {
    let _ = (cx, request);
    Asked::plain(found)
}

/// The same for a request that has been read again, with the plan that it has.
pub fn again(cx: &mut Cx, request: &mut Request, plan: Option<Box<Plan>>) -> Asked {
    Asked { found: endpoint::find(cx.app, &request.target, request.method), plan }
}
