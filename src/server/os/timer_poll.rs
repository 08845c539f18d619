//! mio's timeout, rounded up so that it is never early.

use std::io;
use std::time::Duration;

use mio::{Poll, Token};

use super::{Clock, Event};
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
        _: Clock,
        _: &mut Vec<Event>,
    ) -> bool {
        false
    }

    pub(super) fn timeout(&mut self, _: Time, until: Time, clock: Clock) -> Option<Duration> {
        (until != Time::NEVER).then(|| until.since(clock.now()))
    }
}
