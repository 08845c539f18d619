//! How modifiers slow the reading of a request's body, or break it off.

use std::time::Duration;

use crate::base::limits::{PACE_TICK, RATE_BURST_US};
use crate::base::time::Time;
use crate::http::modifiers::plan::{At, FaultKind, Plan, ReadSpeed};
use crate::http::modifiers::rate;
use crate::proto::Cx;
use crate::proto::exchange::{Break, garbage};

/// The plan of a request whose body is arriving, and how far it has been read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) plan: Box<Plan>,
    /// When the next bytes may be taken, were there no time that they take themselves;
    /// [`Time::NEVER`] until a clock has been read after the head.
    due: Time,
    /// Since when nothing is read.
    held: Option<Time>,
}

/// How much of a body may be taken now.
#[derive(Debug, PartialEq, Eq)]
pub enum Allowance {
    /// So many bytes.
    Bytes(usize),
    /// None before a clock was read after the head.
    Clock,
    /// None until this moment.
    Wait(Time),
    /// None any more: these bytes are sent, then the connection breaks.
    Break(Vec<u8>, Break),
}

impl Reading {
    pub(super) fn new(plan: Box<Plan>) -> Reading {
        Reading { plan, due: Time::NEVER, held: None }
    }

    /// Whether it takes time.
    pub(super) fn is_slow(&self) -> bool {
        self.plan.reads_slowly()
    }

    /// Whether nothing is read for now.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether nothing is read any more.
    pub(super) fn is_silent(&self) -> bool {
        self.is_held() && !matches!(self.plan.read, Some(ReadSpeed::Rate(_)))
    }

    /// For how many microseconds nothing was read just now.
    pub(super) fn held_us(&mut self, now: Time) -> u64 {
        self.held.take().map_or(0, |held| now.since(held).as_micros() as u64)
    }

    /// How much may be taken of a body of which `content` bytes were taken and `there` further ones
    /// have arrived; `None` for these at its end. Its head came at `began`.
    pub(super) fn allowance(
        &mut self,
        cx: &Cx,
        began: Time,
        content: u64,
        there: Option<usize>,
    ) -> Allowance {
        let mut most = there.unwrap_or(0);
        if let Some(fault) = self.plan.fault
            && let Some(At::Upload(bytes)) = fault.at
        {
            let left = bytes.saturating_sub(content);
            if left == 0 || there.is_none() {
                return self.break_off(cx, began, fault.kind);
            }
            most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        match self.plan.read {
            Some(ReadSpeed::Hang) => self.break_off(cx, began, FaultKind::Hang),
            Some(ReadSpeed::Rate(rate)) if most > 0 => self.paced(cx, rate, most),
            _ => Allowance::Bytes(most),
        }
    }

    /// A twentieth of a second's worth at most, when the time that it takes is over.
    fn paced(&mut self, cx: &Cx, rate: u64, most: usize) -> Allowance {
        let now = cx.clock.now;
        if self.due == Time::NEVER {
            if !cx.clock.fresh {
                return Allowance::Clock;
            }
            // `now` is cut to whole microseconds, so one more is waited: never early.
            self.due = now.after_us(1);
        }
        let bytes = most.min(rate::slice(rate));
        let due = self.due.after_us(rate::time_us(bytes, rate));
        if now < due {
            return self.hold(now, due.max(now.after(PACE_TICK)));
        }
        // After a time in which its client sent nothing, it may catch up with a little only.
        self.due = due.max(now.before(Duration::from_micros(RATE_BURST_US)));
        Allowance::Bytes(bytes)
    }

    /// Breaks, or is silent as long as that may last: a drain ends it.
    fn break_off(&mut self, cx: &Cx, began: Time, kind: FaultKind) -> Allowance {
        let (now, end) = (cx.clock.now, began.after_us(self.plan.silence_us));
        match kind {
            FaultKind::Hang if now < end && !cx.worker.draining => self.hold(now, end),
            FaultKind::Reset | FaultKind::Abort => Allowance::Break(Vec::new(), Break::Reset),
            FaultKind::Garbage => Allowance::Break(garbage(self.plan.seed), Break::Close),
            _ => Allowance::Break(Vec::new(), Break::Close),
        }
    }

    fn hold(&mut self, now: Time, until: Time) -> Allowance {
        self.held = Some(now);
        Allowance::Wait(until)
    }
}
