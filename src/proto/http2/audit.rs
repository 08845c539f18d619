//! What must hold of a connection between two calls, for tests and fuzz targets.

use super::active::Work;
use super::streams::{List, State, Stream};
use super::{Http2, Stage};
use crate::base::time::Time;
use crate::proto::Shared;

/// Most streams of a connection that is looked at: with more each call would take too long.
const MOST: usize = 64;

/// What the streams of a connection add up to.
#[derive(Debug, Default, PartialEq)]
struct Sums {
    delayed: u32,
    unsent: usize,
    kept: u64,
}

impl Http2 {
    /// Every count is the sum over the streams, and every stream waits for something that comes.
    pub(super) fn audit(&self, worker: &mut Shared) {
        if self.index.len() > MOST {
            return;
        }
        let closed = matches!(self.stage, Stage::Closed { .. });
        debug_assert!(!closed || self.index.is_empty(), "a stream outlives its connection");
        let mut sums = Sums::default();
        for slot in self.index.slots() {
            let armed = worker.streams.is_armed(slot);
            let Some(stream) = worker.streams.get(slot) else {
                debug_assert!(false, "a slot is free though a stream has it");
                continue;
            };
            sums.add(stream);
            let due = stream.due() != Time::NEVER && armed;
            debug_assert!(due || stream.list() != List::None, "forgotten: {stream:?}");
            debug_assert!(!matches!(stream.state, State::Served), "half served: {stream:?}");
        }
        let own = Sums { delayed: self.delayed, unsent: self.unsent, kept: self.kept_bytes };
        debug_assert_eq!(own, sums, "of {self:?}");
        debug_assert!(!self.index.is_empty() || self.heads.bytes() == 0, "heads are left");
    }
}

impl Sums {
    fn add(&mut self, stream: &Stream) {
        self.delayed += u32::from(stream.slow);
        match &stream.state {
            State::Waiting(exchange) => self.keep(stream, exchange.parked_bytes()),
            State::Queued(queued) => self.keep(stream, &queued.own),
            State::Active(active) => {
                self.unsent += active.unsent().len();
                match &active.work {
                    Work::Sending(exchange) => self.keep(stream, exchange.parked_bytes()),
                    Work::Receiving(intake) => self.kept += intake.kept_bytes(),
                    Work::Tunnel(socket) => self.kept += socket.message_bytes(),
                }
            }
            State::Served => {}
        }
    }

    /// Of a request that is kept, one with a body counts.
    fn keep(&mut self, stream: &Stream, own: &[u8]) {
        if stream.head == super::open::WITH_BODY {
            self.kept += own.len() as u64;
        }
    }
}
