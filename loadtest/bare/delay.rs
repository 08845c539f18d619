//! Each answer a fixed time after its request: the baseline of `/delay/{n}`.
//!
//! The deadlines are in a heap of the standard library. One clock is read per request, after its
//! read, and one before each sleep, so an answer is never early. The sleep ends at the next
//! deadline to the nanosecond: with epoll's milliseconds, ten answers would be sent at once, and
//! late.

use super::linux::would_block;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

/// A pending answer: the deadline in microseconds since the start, the descriptor, and its
/// generation, which differs if the descriptor has been reused for another connection.
type Due = (u64, RawFd, u32);

/// All delayed requests.
pub(super) struct Delays {
    delay_us: u64,
    start: Instant,
    waiting: BinaryHeap<Reverse<Due>>,
    /// By descriptor.
    generations: Vec<u32>,
}

impl Delays {
    pub(super) fn new(delay: Duration, most: usize) -> Delays {
        // SAFETY: no pointers; keeps this thread's sleeps from being rounded up.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
        Delays {
            delay_us: delay.as_micros() as u64,
            start: Instant::now(),
            waiting: BinaryHeap::new(),
            generations: vec![0; most],
        }
    }

    /// A connection is over: its pending answers are dropped.
    pub(super) fn end(&mut self, fd: RawFd) {
        self.generations[fd as usize] += 1;
    }

    /// One read, and a deadline; false when the connection is over.
    pub(super) fn turn(&mut self, fd: RawFd, scratch: &mut [u8]) -> bool {
        // SAFETY: `scratch` is ours and has the given length.
        let n = unsafe { libc::read(fd, scratch.as_mut_ptr().cast(), scratch.len()) };
        let Ok(n) = usize::try_from(n) else { return would_block() };
        if n == 0 || n == scratch.len() {
            return false;
        }
        // The clock is rounded down to whole microseconds, so one is added.
        let at = self.now_us() + self.delay_us + 1;
        self.waiting.push(Reverse((at, fd, self.generations[fd as usize])));
        true
    }

    /// Takes one request that is due at `now`.
    pub(super) fn due(&mut self, now: u64) -> Option<RawFd> {
        while let Some(&Reverse((at, fd, generation))) = self.waiting.peek() {
            if at > now {
                return None;
            }
            self.waiting.pop();
            if self.generations[fd as usize] == generation {
                return Some(fd);
            }
        }
        None
    }

    /// Like epoll_wait, but ends when the next answer is due, counted from `now`.
    pub(super) fn wait(&self, epoll: RawFd, events: &mut [libc::epoll_event], now: u64) -> i32 {
        let left_us = self.waiting.peek().map(|Reverse((at, ..))| at.saturating_sub(now));
        let left = left_us.map(|us| libc::timespec {
            tv_sec: (us / 1_000_000) as libc::time_t,
            tv_nsec: (us % 1_000_000 * 1000) as _,
        });
        let until = left.as_ref().map_or(std::ptr::null(), |left| &raw const *left);
        let (at, room) = (events.as_mut_ptr(), events.len() as i32);
        // SAFETY: `at` points to `room` events, `until` is null or points to `left`, and there is
        // no signal mask.
        unsafe { libc::epoll_pwait2(epoll, at, room, until, std::ptr::null()) }
    }

    pub(super) fn now_us(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }
}
