//! mio's timeout, rounded up so that it is never early.

use std::io;
use std::time::{Duration, Instant};

use mio::{Poll, Token};

use super::{Event, since};
use crate::base::time::Time;

#[derive(Debug)]
pub(super) struct Timer;

impl Timer {
    pub(super) fn new(_: &Poll, _: Token) -> io::Result<Timer> {
        Ok(Timer)
    }

    pub(super) fn wait_near(
        &mut self,
        _: &Poll,
        _: Time,
        _: Time,
        _: Instant,
        _: &mut Vec<Event>,
    ) -> bool {
        false
    }

    pub(super) fn timeout(&mut self, _: Time, until: Time, start: Instant) -> Option<Duration> {
        (until != Time::NEVER).then(|| until.since(since(start)))
    }
}
