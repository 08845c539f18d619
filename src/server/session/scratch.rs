//! What the sessions of a worker share.

use super::backlog::Backlog;
use crate::base::buf::Buf;
use crate::base::limits::HEAD_ROOM;
use crate::server::token_bucket::TokenBucket;

/// The buffers that all sessions of a worker use in turn.
#[derive(Debug)]
pub struct Scratch {
    /// What was read.
    pub input: Buf,
    /// What is to be written.
    pub output: Buf,
    /// What a client is answered that has not taken what was written before; empty until there is
    /// one.
    pub spare: Buf,
    /// What waits behind the output; empty between turns.
    pub(super) backlog: Backlog,
    /// Bytes that wait behind the output of all sessions.
    pub collected: usize,
    /// What each has room for, beside heads.
    pub usual: usize,
    /// How fast all of them may send.
    pub egress: TokenBucket,
}

impl Scratch {
    /// Buffers of this many bytes, for sending at this rate.
    pub fn new(usual: usize, egress: u64) -> Scratch {
        let room = Scratch::room(usual);
        let (input, output) = (Buf::with_capacity(room), Buf::with_capacity(room));
        let (spare, egress) = (Buf::default(), TokenBucket::new(egress));
        Scratch { input, output, spare, backlog: Backlog::default(), collected: 0, usual, egress }
    }

    /// The capacity each goes back to.
    pub(super) fn room(usual: usize) -> usize {
        usual + 2 * HEAD_ROOM
    }
}
