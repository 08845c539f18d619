//! Simulated datagrams.

use std::collections::VecDeque;

use crate::base::time::Time;
use crate::server::datagram_queue::DatagramQueue;
use crate::server::net::Plans;

/// The number of the listener that datagrams are sent to.
pub(super) const LISTENER: usize = 1;

/// Datagrams on their way to the server and back.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    /// Those to come, each with its time, the earliest first.
    coming: VecDeque<(Time, Vec<u8>)>,
    /// Those that the server has not read yet.
    arrived: Vec<Vec<u8>>,
    queue: DatagramQueue<()>,
    /// Those that came back, each with its time.
    pub(super) echoed: Vec<(Time, Vec<u8>)>,
}

impl Datagrams {
    /// Lets these arrive, each at its time.
    pub(super) fn send(&mut self, mut all: Vec<(Time, Vec<u8>)>) {
        all.sort();
        self.coming = all.into();
    }

    /// When the next one arrives.
    pub(super) fn next(&self) -> Time {
        self.coming.front().map_or(Time::NEVER, |(at, _)| *at)
    }

    /// Lets those arrive whose time has come; returns whether there are any.
    pub(super) fn arrive(&mut self, now: Time) -> bool {
        let before = self.arrived.len();
        let count = self.coming.iter().take_while(|(at, _)| *at <= now).count();
        self.arrived.extend(self.coming.drain(..count).map(|(_, bytes)| bytes));
        self.arrived.len() > before
    }

    /// See `Net::echo_datagrams`.
    pub(super) fn echo(&mut self, now: Time, mut plans: Option<Plans>) -> Time {
        for bytes in std::mem::take(&mut self.arrived) {
            let plan = plans.as_mut().map(|plans| plans()).unwrap_or_default();
            self.queue.push(&plan, now, &bytes, ());
        }
        while let Some((bytes, ())) = self.queue.due(now) {
            self.echoed.push((now, bytes.to_vec()));
            self.queue.pop();
        }
        self.queue.next()
    }
}
