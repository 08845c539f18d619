//! What becomes of a request's body: kept, discarded, or sent back while it arrives, in any
//! protocol. Its transfer coding has been removed.

use super::Cx;
use super::canned_errors::{TOO_SLOW, too_large};
use super::exchange::{Break, Exchange, spoilt};
use crate::base::time::Time;
use crate::http::modifiers::plan::{At, FaultKind, Plan, ReadSpeed};
use crate::http::reply::Refusal;

/// A request whose body is arriving.
#[derive(Debug)]
pub struct Intake {
    sink: Sink,
    /// The request as far as it is kept: the bytes of its head, then those of its body.
    request: Vec<u8>,
    /// Bytes of content so far.
    content: u64,
    /// When its head had arrived.
    began: Time,
    /// The next piece must arrive by then.
    until: Time,
    /// What modifiers do to the answer, and to how the body is read.
    plan: Option<Box<Plan>>,
    /// Whether nothing is read until a moment that modifiers set.
    held: bool,
    /// Whether its client is to be kept from sending far ahead of what is read.
    narrow: bool,
}

/// How much of a body may be taken now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// So many bytes.
    Bytes(usize),
    /// None until this moment.
    Wait(Time),
    /// None any more: the connection breaks.
    Break(Break),
}

/// Where the content goes.
#[derive(Debug)]
pub enum Sink {
    /// Nowhere: only its length counts.
    Discard,
    /// Behind the head, for an endpoint that reads it.
    Keep,
    /// Back to the client, as this answer's body.
    Stream(Box<Exchange>),
}

/// The result of an intake, whether its body is complete or not.
#[derive(Debug)]
pub enum Taken {
    /// An answer that has begun.
    Answer(Exchange),
    /// A request that has not been answered.
    Request(TakenRequest),
}

/// A request that has arrived, or as much of it as has.
#[derive(Debug)]
pub struct TakenRequest {
    /// Its head, and then what was kept of its body.
    pub bytes: Vec<u8>,
    /// Bytes of content.
    pub content: u64,
    /// When its head had arrived.
    pub began: Time,
    /// What modifiers do to its answer.
    pub plan: Option<Box<Plan>>,
}

impl Intake {
    /// Takes the body of a request whose head was `head`.
    pub fn new(cx: &Cx, head: &[u8], sink: Sink, plan: Option<Box<Plan>>) -> Intake {
        let (request, now) = (head.to_vec(), cx.clock.now);
        let narrow = plan.as_ref().is_some_and(|plan| plan.read.is_some());
        let (content, held, began, until) = (0, false, now, now);
        let mut intake = Intake { sink, request, content, began, until, plan, held, narrow };
        intake.extend_deadline(cx);
        intake
    }

    /// When the next piece must have arrived.
    pub fn deadline(&self) -> Time {
        self.until
    }

    /// Whether the body goes back while it arrives.
    pub fn streams(&self) -> bool {
        matches!(self.sink, Sink::Stream(_))
    }

    /// Restarts the time for the next piece after back-pressure stopped reading. How often that
    /// happens is bounded by the time for the whole body.
    pub fn write_unblocked(&mut self, cx: &Cx) {
        self.until = cx.clock.now.after(cx.app.limits.body_timeout).min(self.latest(cx));
    }

    /// The client has its time for the next piece; less if it was too slow so far, or took too
    /// long.
    fn extend_deadline(&mut self, cx: &Cx) {
        let limits = &cx.app.limits;
        let earned_us = u128::from(self.content) * 1_000_000 / u128::from(limits.body_rate.max(1));
        let slowest = self.began.after_us(u64::try_from(earned_us).unwrap_or(u64::MAX));
        let slowest = slowest.after(limits.body_timeout);
        self.until = cx.clock.now.after(limits.body_timeout).min(slowest).min(self.latest(cx));
    }

    fn latest(&self, cx: &Cx) -> Time {
        self.began.after(cx.app.limits.request_timeout)
    }

    /// This many bytes of content have arrived.
    pub fn count(&mut self, cx: &Cx, bytes: usize) {
        self.content += bytes as u64;
        self.extend_deadline(cx);
        if let Sink::Stream(exchange) = &mut self.sink {
            exchange.count(bytes);
        }
    }

    /// Takes content that has been [counted](Intake::count) and is not streamed.
    pub fn take(&mut self, cx: &Cx, content: &[u8]) -> Result<(), Refusal> {
        match self.sink {
            Sink::Keep if self.content > cx.app.limits.body_bytes => {
                return Err(too_large(&cx.app.limits));
            }
            Sink::Keep => self.request.extend_from_slice(content),
            Sink::Discard | Sink::Stream(_) => {}
        }
        Ok(())
    }

    /// Whether the client has not sent the next piece in time.
    pub fn check_deadline(&self, cx: &Cx) -> Result<(), Refusal> {
        if cx.clock.now < self.until { Ok(()) } else { Err(TOO_SLOW) }
    }

    /// Whether modifiers slow the reading, and whether they have stopped it for now.
    pub fn is_slow(&self) -> (bool, bool) {
        (self.plan.as_ref().is_some_and(|plan| plan.changes_reading()), self.held)
    }

    /// Whether the receive buffer is to be made [small](super::Next::Narrow); once.
    pub fn narrows(&mut self) -> bool {
        std::mem::take(&mut self.narrow)
    }

    /// How much may be taken now.
    pub fn allowance(&mut self, cx: &Cx) -> Allowance {
        let Some(plan) = &self.plan else { return Allowance::Bytes(usize::MAX) };
        let mut most = u64::MAX;
        if let Some(fault) = plan.fault
            && let Some(At::Upload(bytes)) = fault.at
        {
            most = bytes.saturating_sub(self.content);
            if most == 0 {
                return self.broken(cx, fault.kind);
            }
        }
        self.held = false;
        match plan.read {
            None => {}
            Some(ReadSpeed::Hang) => return self.broken(cx, FaultKind::Hang),
            Some(ReadSpeed::Rate(rate)) => {
                // A tenth of a second's worth at a time, when its time is over.
                let step = (rate / 10).max(1);
                let us_of = |bytes: u64| u128::from(bytes) * 1_000_000 / u128::from(rate.max(1));
                let elapsed_us = cx.clock.now.since(self.began).as_micros();
                let earned = elapsed_us * u128::from(rate) / 1_000_000;
                let earned = u64::try_from(earned).unwrap_or(u64::MAX).saturating_sub(self.content);
                if earned == 0 {
                    let due_us = u64::try_from(us_of(self.content + step)).unwrap_or(u64::MAX);
                    return self.hold(self.began.after_us(due_us.saturating_add(1)));
                }
                most = most.min(earned.min(step.saturating_mul(2)));
            }
        }
        Allowance::Bytes(usize::try_from(most).unwrap_or(usize::MAX))
    }

    /// Breaks, or is silent as long as that may last.
    fn broken(&mut self, cx: &Cx, kind: FaultKind) -> Allowance {
        let silence_us = self.plan.as_ref().map_or(0, |plan| plan.silence_us);
        let end = self.began.after_us(silence_us);
        match kind {
            FaultKind::Reset | FaultKind::Abort => Allowance::Break(Break::Reset),
            FaultKind::Hang | FaultKind::Stall if cx.clock.now < end => self.hold(end),
            _ => Allowance::Break(Break::Close),
        }
    }

    fn hold(&mut self, until: Time) -> Allowance {
        self.held = true;
        Allowance::Wait(until)
    }

    /// The bytes that a fault sends before it breaks the connection.
    pub fn spoilt(&self) -> Vec<u8> {
        let plan = self.plan.as_ref().filter(|plan| plan.changes_reading());
        let fault = plan.and_then(|plan| plan.fault.map(|fault| (fault.kind, plan.seed)));
        match fault {
            Some((kind @ FaultKind::Garbage, seed)) => spoilt(kind, seed),
            _ => Vec::new(),
        }
    }

    /// No more of the body is taken.
    pub fn end(self) -> Taken {
        match self.sink {
            Sink::Stream(exchange) => Taken::Answer(*exchange),
            Sink::Discard | Sink::Keep => {
                let Intake { request, content, began, plan, .. } = self;
                Taken::Request(TakenRequest { bytes: request, content, began, plan })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::app::App;
    use crate::proto::conn::Protocol;
    use crate::proto::test_driver::Driver;

    /// The time a client was blocked does not count, but the time for the whole body goes on.
    #[test]
    fn a_client_that_was_kept_from_sending_has_its_time_again() {
        let mut app = App::default();
        app.limits.body_timeout = Duration::from_secs(20);
        app.limits.request_timeout = Duration::from_secs(60);
        let mut driver = Driver::new(app, Protocol::Http, 1);
        let mut cx = driver.cx();
        let at = |seconds: u64| Time::START.after(Duration::from_secs(seconds));
        let mut intake = Intake::new(&cx, b"", Sink::Discard, None);
        assert_eq!(intake.deadline(), at(20));
        for (now, until) in [(30, 50), (39, 59), (41, 60), (59, 60)] {
            cx.clock.now = at(now);
            intake.write_unblocked(&cx);
            assert_eq!(intake.deadline(), at(until), "{now}");
        }
    }
}
