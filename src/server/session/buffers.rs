//! The buffers that the sessions of a worker share.

use super::backlog::Backlog;
use super::leftover::{Leftover, SendDeadline};
use crate::base::buf::Buf;
use crate::base::limits::{HEAD_ROOM, Limits, READ_BYTES};
use crate::base::time::Time;
use crate::server::token_bucket::TokenBucket;

/// The buffers that all sessions of a worker use in turn.
#[derive(Debug)]
pub struct SharedBuffers {
    /// What was read.
    pub input: Buf,
    /// What is to be written.
    pub output: Buf,
    /// Answers to a client that has not taken what was written before; without memory until there
    /// is one.
    pub(super) spare: Buf,
    /// What waits behind the output; empty between turns.
    pub(super) backlog: Backlog,
    /// Bytes that wait behind the output of all sessions.
    pub collected: usize,
    /// Bytes each has room for, beside heads.
    pub usual: usize,
    /// How fast all of them may send.
    pub bucket: TokenBucket,
}

impl SharedBuffers {
    /// Buffers for heads within `limits`.
    pub fn new(limits: &Limits) -> SharedBuffers {
        let usual = limits.head_bytes + READ_BYTES;
        let room = usual + 2 * HEAD_ROOM;
        SharedBuffers {
            input: Buf::with_capacity(room),
            output: Buf::with_capacity(room),
            spare: Buf::default(),
            backlog: Backlog::default(),
            collected: 0,
            usual,
            bucket: TokenBucket::default(),
        }
    }

    /// Refills the token bucket, and applies the limits in effect now.
    pub fn update(&mut self, now: Time, limits: &Limits) {
        self.usual = limits.head_bytes + READ_BYTES;
        self.bucket.refill(now, limits.egress);
    }

    /// The capacity each goes back to.
    pub(super) fn room(&self) -> usize {
        self.usual + 2 * HEAD_ROOM
    }

    /// Bytes that the session would hold if its turn ended now.
    pub(super) fn held(&self) -> usize {
        self.input.len() + self.output.len() + self.backlog.len()
    }

    /// Whether the client has taken everything.
    pub(super) fn is_flushed(&self) -> bool {
        self.output.is_empty() && self.backlog.is_empty()
    }

    /// Takes what a session has left over, for its turn.
    pub(super) fn load(&mut self, leftover: Option<Box<Leftover>>) -> SendDeadline {
        let Some(leftover) = leftover else { return SendDeadline::default() };
        let Leftover { input, output, backlog, deadline } = *leftover;
        self.input.load(input);
        self.output.load_long(output);
        self.collected -= backlog.len();
        self.backlog = backlog;
        deadline
    }

    /// Empties the buffers: what a session has left over after its turn.
    pub(super) fn save(&mut self, deadline: SendDeadline) -> Option<Box<Leftover>> {
        let room = self.room();
        let (input, output) = (self.input.save(room), self.output.save_long(room));
        if input.is_empty() && output.is_empty() && self.backlog.is_empty() && !deadline.runs() {
            return None;
        }
        let backlog = std::mem::take(&mut self.backlog);
        self.collected += backlog.len();
        Some(Box::new(Leftover { input, output, backlog, deadline }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_go_back_to_the_capacity_they_begin_with() {
        let limits = Limits::default();
        let buffers = SharedBuffers::new(&limits);
        assert_eq!(buffers.room(), limits.head_bytes + READ_BYTES + 2 * HEAD_ROOM);
    }
}
