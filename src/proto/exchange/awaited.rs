//! Replies that wait for something other than time. Only the admin listener has them.

use super::{Exchange, Phase, Step};
use crate::base::limits::JOURNAL_TICK;
use crate::base::time::Time;
use crate::http::pace::Source;
use crate::http::reply::Body;

/// Whether a head waits for this body.
pub(super) fn is_awaited(body: &Body) -> bool {
    matches!(body, Body::Awaited(_))
}

/// When to look at this body next, which is due then: sooner if it waits for something else.
#[inline(always)] // for every answer that is delayed
pub(super) fn next_look(body: &Body, now: Time, due: Time) -> Time {
    if is_awaited(body) { now.after(JOURNAL_TICK).min(due) } else { due }
}

impl Exchange {
    /// Looks whether its body is known, or its time is over.
    #[cold]
    pub(super) fn look(&mut self, now: Time) -> Step {
        let (Phase::Waiting { due, .. }, Body::Awaited(awaited)) =
            (&mut self.phase, &mut self.reply.body)
        else {
            return Step::End;
        };
        let Some((status, body)) = awaited.look(now >= *due) else {
            return Step::Wait(next_look(&self.reply.body, now, *due));
        };
        // What it was asked to wait at most is no delay.
        let left_us = due.micros().saturating_sub(now.micros());
        self.reply.after_us = self.reply.after_us.saturating_sub(left_us);
        *due = now.min(*due);
        self.reply.status = status;
        self.reply.body = Body::Whole(Box::new(body.into()));
        self.come_due(now)
    }

    /// Ends it when it is looked at again, if it reports what happens: then the server has ended,
    /// and nothing more will.
    pub(super) fn stop_watching(&mut self) {
        match (&mut self.phase, &mut self.reply.body) {
            (Phase::Waiting { due, .. }, Body::Awaited(_)) => *due = Time::START,
            (_, Body::Paced(pace)) if matches!(pace.source, Source::Journal(_)) => {
                pace.pieces = pace.made + 1;
            }
            _ => {}
        }
    }
}
