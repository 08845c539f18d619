//! Ends a wait at a deadline, on Linux to some hundredths of a millisecond.
//!
//! For a far deadline there is a timer descriptor, which is set only when the earliest deadline
//! comes nearer or has passed; the poll then has no timeout. A near deadline is the timeout of the
//! poll, which saves a system call and a wake-up for each delayed response.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use libc::{EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLPRI, EPOLLRDHUP};
use mio::unix::SourceFd;
use mio::{Interest, Poll, Token};

use super::{Clock, Event, Readiness, event_from_token};
use crate::base::limits::EVENTS_PER_WAIT;
use crate::base::time::Time;

/// The kernel may extend the sleep of a poll by a thousandth: four microseconds of this.
const NEAR: Duration = Duration::from_millis(4);

#[derive(Debug)]
pub(super) struct Timer {
    descriptor: OwnedFd,
    set: Time,
    /// Deadlines at most this far away end [`wait_near`](Timer::wait_near). Zero where the
    /// kernel lacks epoll_pwait2 (before 5.11) or forbids it.
    near: Duration,
    found: Vec<libc::epoll_event>,
}

impl Timer {
    /// The timer of the calling thread, which also waits.
    pub(super) fn new(poll: &Poll, token: Token) -> io::Result<Timer> {
        let flags = libc::TFD_NONBLOCK | libc::TFD_CLOEXEC;
        // SAFETY: no pointers; the result is checked.
        let raw = unsafe { libc::timerfd_create(libc::CLOCK_MONOTONIC, flags) };
        if raw < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: `raw` was just opened and has no other owner.
        let descriptor = unsafe { OwnedFd::from_raw_fd(raw) };
        poll.registry().register(&mut SourceFd(&raw), token, Interest::READABLE)?;
        // SAFETY: no pointers. By default the kernel may extend each sleep by 50 µs; if this
        // fails, responses are later by that.
        unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
        let found = Vec::with_capacity(EVENTS_PER_WAIT);
        Ok(Timer { descriptor, set: Time::NEVER, near: NEAR, found })
    }

    /// If `until` is near `last_now`, waits for events until then, appends them and returns true.
    pub(super) fn wait_near(
        &mut self,
        poll: &Poll,
        last_now: Time,
        until: Time,
        clock: Clock,
        events: &mut Vec<Event>,
    ) -> bool {
        if until.since(last_now) > self.near {
            return false;
        }
        let left = timespec(until.since(clock.now()));
        let (at, room) = (self.found.as_mut_ptr(), self.found.capacity());
        // SAFETY: `at` has room for `room` events, `left` lives during the call, and the signal
        // mask is null. (Not every C library has a function for this call.)
        let count = unsafe {
            let none = std::ptr::null::<libc::sigset_t>();
            libc::syscall(libc::SYS_epoll_pwait2, poll.as_raw_fd(), at, room, &left, none, 0)
        };
        let Ok(count) = usize::try_from(count) else {
            if io::Error::last_os_error().kind() != ErrorKind::Interrupted {
                self.near = Duration::ZERO;
            }
            return false;
        };
        // SAFETY: the kernel has written `count` events.
        unsafe { self.found.set_len(count) };
        events.extend(self.found.drain(..).filter_map(event_from_epoll));
        true
    }

    /// Sets the timer so that the poll ends at `until`, and returns a timeout for the poll:
    /// none. `last_now` is a recent time. If the deadline has moved away, the earlier setting
    /// stays: one needless wake-up costs less than a system call per request.
    pub(super) fn timeout(
        &mut self,
        last_now: Time,
        until: Time,
        clock: Clock,
    ) -> Option<Duration> {
        if until < self.set || (self.set <= last_now && until != Time::NEVER) {
            // Zero would disarm the timer.
            self.arm(until.since(clock.now()).max(Duration::from_nanos(1)));
            self.set = until;
        }
        None
    }

    fn arm(&mut self, delay: Duration) {
        let zero = timespec(Duration::ZERO);
        let setting = libc::itimerspec { it_interval: zero, it_value: timespec(delay) };
        let descriptor = self.descriptor.as_raw_fd();
        // SAFETY: `setting` is valid, and the pointer for the old setting is null.
        let result =
            unsafe { libc::timerfd_settime(descriptor, 0, &setting, std::ptr::null_mut()) };
        debug_assert_eq!(result, 0, "{}", io::Error::last_os_error());
    }
}

fn timespec(time: Duration) -> libc::timespec {
    // SAFETY: all zeros is a valid time. (Some systems have further fields.)
    let mut value: libc::timespec = unsafe { std::mem::zeroed() };
    value.tv_sec = time.as_secs() as libc::time_t;
    value.tv_nsec = time.subsec_nanos() as _;
    value
}

/// The same as [`event_from_mio`](super::event_from_mio), for an event of ours.
fn event_from_epoll(event: libc::epoll_event) -> Option<Event> {
    let flags = event.events as i32;
    let ended = flags & EPOLLIN != 0 && flags & EPOLLRDHUP != 0;
    let readiness = Readiness {
        readable: flags & (EPOLLIN | EPOLLPRI) != 0,
        ending: flags & EPOLLHUP != 0 || ended,
        broken: flags & EPOLLERR != 0,
    };
    event_from_token(event.u64, readiness)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Instant;

    use super::*;
    use crate::base::slab;

    const NEVER: u32 = super::super::TIMER;

    /// The events of a pipe that a wait ending `left` from now reports.
    fn events_of(pipe: &mio::unix::pipe::Receiver, left: Duration) -> Option<Vec<Event>> {
        let poll = Poll::new().unwrap();
        let mut timer = Timer::new(&poll, Token(NEVER as usize)).unwrap();
        let token = super::super::pack(slab::Token { index: 3, generation: 7 });
        let source = pipe.as_raw_fd();
        poll.registry().register(&mut SourceFd(&source), token, Interest::READABLE).unwrap();
        let (start, clock, mut events) = (Instant::now(), Clock::begin(), Vec::new());
        let until = Time::START.after(left);
        let did = timer.wait_near(&poll, Time::START, until, clock, &mut events);
        assert!(!did || !events.is_empty() || start.elapsed() >= left, "it ended early");
        did.then_some(events)
    }

    #[test]
    fn a_near_wait_reports_what_mio_would() {
        let near = Duration::from_millis(3);
        let (mut sender, receiver) = mio::unix::pipe::new().unwrap();
        assert_eq!(events_of(&receiver, Duration::from_secs(1)), None);
        let Some(events) = events_of(&receiver, near) else { return };
        assert_eq!(events, []);
        sender.write_all(b"x").unwrap();
        let token = slab::Token { index: 3, generation: 7 };
        let readiness = Readiness { readable: true, ..Readiness::default() };
        assert_eq!(events_of(&receiver, near).unwrap(), [Event::Socket(token, readiness)]);
        drop(sender);
        let readiness = Readiness { ending: true, ..readiness };
        assert_eq!(events_of(&receiver, near).unwrap(), [Event::Socket(token, readiness)]);
    }
}
