//! What a session keeps between turns, when it keeps anything.

use super::backlog::Backlog;
use crate::base::buf::Buf;
use crate::base::time::Time;
use crate::proto::Cx;

/// Bytes that the machine or the kernel has not taken, and how long the client may take for them.
#[derive(Debug)]
pub(super) struct Leftover {
    pub(super) input: Box<[u8]>,
    pub(super) output: Buf,
    /// What comes after `output`: the answer to what the client went on sending.
    pub(super) backlog: Backlog,
    pub(super) deadline: SendDeadline,
}

impl Leftover {
    /// Whether the client has an answer to take.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty() || !self.backlog.is_empty() || self.deadline.runs()
    }
}

/// Deadline for a blocked client to take some output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct SendDeadline {
    /// None while the client takes everything, while the egress limit blocks us, and while its
    /// input is still read.
    until: Option<Time>,
    /// Whether its input was read although it took nothing.
    pub(super) collecting: bool,
    /// Bytes that the client's kernel had not acknowledged at the last look, before a reset.
    unacked: usize,
}

impl SendDeadline {
    /// Whether the client is waited for.
    pub(super) fn runs(&self) -> bool {
        self.until.is_some()
    }

    /// When it ends, if it runs.
    pub(super) fn until(&self) -> Option<Time> {
        self.until
    }

    /// Whether it has ended.
    pub(super) fn has_passed(&self, now: Time) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// Disables it.
    pub(super) fn clear(&mut self) {
        self.until = None;
    }

    /// Extends it, if it runs, for what the client has taken: that earns it time, but never more
    /// than there is at the beginning, or an initial burst would pay for a slow remainder.
    pub(super) fn extend(&mut self, cx: &Cx, taken: usize) {
        let Some(until) = self.until.filter(|_| taken > 0) else { return };
        let limits = &cx.app.limits;
        let latest = cx.clock.now.after(limits.send_timeout);
        let earned_us = (taken as u64).saturating_mul(1_000_000).checked_div(limits.send_rate);
        self.until = Some(earned_us.map_or(latest, |us| latest.min(until.after_us(us))));
    }

    /// The same for a client that is to be reset once nothing is `unacked`.
    pub(super) fn start_or_extend_until_acked(&mut self, cx: &Cx, unacked: usize) {
        self.start_or_extend(cx, self.unacked.saturating_sub(unacked));
        self.unacked = unacked;
    }

    /// Starts it with the whole send time, or extends it.
    pub(super) fn start_or_extend(&mut self, cx: &Cx, taken: usize) {
        match self.until {
            Some(_) => self.extend(cx, taken),
            None => self.until = Some(cx.clock.now.after(cx.app.limits.send_timeout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_whatever_the_client_has_to_take() {
        let mut backlog = Backlog::default();
        backlog.push(b"x");
        let mut output = Buf::default();
        output.tail().push(b'x');
        let none = || (Buf::default(), Backlog::default(), None);
        for ((output, backlog, until), expected) in [
            (none(), false),
            ((output, none().1, None), true),
            ((none().0, backlog, None), true),
            ((none().0, none().1, Some(Time::START)), true),
        ] {
            let deadline = SendDeadline { until, ..SendDeadline::default() };
            let leftover = Leftover { input: Box::default(), output, backlog, deadline };
            assert_eq!(leftover.has_output(), expected, "{leftover:?}");
        }
    }
}
