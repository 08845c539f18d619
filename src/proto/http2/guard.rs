//! Bounds on what a client may make the server do for nothing.

use super::frame::ErrorCode;
use crate::base::limits::{
    EMPTY_FRAMES, EMPTY_FRAMES_PER_SECOND, STREAM_ERRORS, STREAM_ERRORS_PER_SECOND,
};
use crate::base::time::Time;

/// An error that ends the connection (RFC 9113 5.4.1), and what the client's log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionError {
    /// The code in GOAWAY.
    pub(super) code: ErrorCode,
    /// What was wrong.
    pub(super) reason: &'static str,
}

/// An error with this code and reason.
pub(super) const fn error(code: ErrorCode, reason: &'static str) -> ConnectionError {
    ConnectionError { code, reason }
}

/// The budgets of a connection.
#[derive(Debug)]
pub(super) struct Guard {
    /// Streams that end with RST_STREAM, from either side (CVE-2023-44487, CVE-2025-8671).
    resets: Budget,
    /// SETTINGS, PING and PRIORITY_UPDATE frames, most of which are answered.
    control: Budget,
    /// DATA frames without data.
    empty: Budget,
}

impl Guard {
    /// Full budgets.
    pub(super) fn new(now: Time) -> Guard {
        let errors = Budget::new(STREAM_ERRORS, STREAM_ERRORS_PER_SECOND, now);
        let empty = Budget::new(EMPTY_FRAMES, EMPTY_FRAMES_PER_SECOND, now);
        Guard { resets: errors, control: errors, empty }
    }

    /// A stream is reset.
    pub(super) fn reset(&mut self, now: Time) -> Result<(), ConnectionError> {
        self.resets.spend(now, "too many streams were reset")
    }

    /// A frame that is only about the connection has come.
    pub(super) fn control(&mut self, now: Time) -> Result<(), ConnectionError> {
        self.control.spend(now, "too many SETTINGS, PING or PRIORITY_UPDATE frames")
    }

    /// An empty frame has come.
    pub(super) fn empty(&mut self, now: Time) -> Result<(), ConnectionError> {
        self.empty.spend(now, "too many empty DATA frames")
    }
}

/// So many at once, and so many in each second after.
#[derive(Clone, Copy, Debug)]
struct Budget {
    most: u32,
    per_second: u32,
    left: u32,
    /// When it was last refilled.
    since: Time,
}

impl Budget {
    const fn new(most: u32, per_second: u32, now: Time) -> Budget {
        Budget { most, per_second, left: most, since: now }
    }

    fn spend(&mut self, now: Time, reason: &'static str) -> Result<(), ConnectionError> {
        let us = now.since(self.since).as_micros();
        let earned = us.saturating_mul(self.per_second.into()) / 1_000_000;
        if earned > 0 {
            let earned = u32::try_from(earned).unwrap_or(u32::MAX);
            self.left = self.left.saturating_add(earned).min(self.most);
            self.since = now;
        }
        self.left = self.left.checked_sub(1).ok_or(error(ErrorCode::ENHANCE_YOUR_CALM, reason))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_budget_is_spent_and_refilled_and_never_more_than_full() {
        let mut guard = Guard::new(Time::START);
        let spend = |guard: &mut Guard, now: Time| {
            std::iter::repeat_with(|| guard.reset(now)).take_while(Result::is_ok).take(9999).count()
        };
        let most = STREAM_ERRORS as usize;
        assert_eq!(spend(&mut guard, Time::START), most);
        let later = Time::START.after(Duration::from_secs(1));
        assert_eq!(spend(&mut guard, later), STREAM_ERRORS_PER_SECOND as usize);
        assert_eq!(spend(&mut guard, later.after(Duration::from_secs(9999))), most);
        assert!(guard.control(Time::START).is_ok() && guard.empty(Time::START).is_ok());
    }
}
