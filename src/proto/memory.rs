//! How much memory the connections of a worker may still take.

use std::time::Duration;

use crate::base::limits::{
    MEMORY_BYTES_PER_US, MEMORY_COUNTED_BYTES, MEMORY_LOOK_US, MEMORY_SHARES, PARSED_GROWTH,
};
use crate::base::time::Time;

/// What was left when the worker last looked, less what connections have taken since. The count is
/// rough: what they give back is found at the next look, which comes the sooner the less is left.
///
/// Without a limit there is always enough, and no look.
#[derive(Debug)]
pub struct Memory {
    spare: u64,
    taken: u64,
    /// Each worker that has the memory may take as much as this one until it looks.
    workers: u64,
    look: Time,
    complain_next: Time,
}

impl Default for Memory {
    /// Enough, until the first look.
    fn default() -> Memory {
        Memory {
            spare: u64::MAX,
            taken: 0,
            workers: 1,
            look: Time::START,
            complain_next: Time::START,
        }
    }
}

impl Memory {
    /// A look at `now` has found this many bytes beside the reserve; `None` without a limit.
    pub fn set(&mut self, spare: Option<u64>, now: Time) {
        let [soonest, latest] = MEMORY_LOOK_US;
        self.taken = 0;
        self.spare = spare.unwrap_or(u64::MAX);
        self.look = spare.map_or(Time::NEVER, |spare| {
            now.after_us((spare / MEMORY_BYTES_PER_US).clamp(soonest, latest))
        });
    }

    /// Whether it is time for a look: a while after the last, or when nothing is left by the count.
    pub fn is_look_due(&self, now: Time) -> bool {
        self.look <= now || self.is_used_up()
    }

    /// Whether nothing is left by the count, which a look must confirm.
    pub fn is_used_up(&self) -> bool {
        self.spare == 0 && self.taken >= MEMORY_COUNTED_BYTES
    }

    /// So many workers share it.
    pub fn share(&mut self, workers: usize) {
        self.workers = workers as u64;
    }

    /// Counts what a connection has taken.
    pub fn take(&mut self, bytes: usize) {
        let bytes = (bytes as u64).saturating_mul(self.workers);
        self.taken = self.taken.saturating_add(bytes);
        self.spare = self.spare.saturating_sub(bytes);
    }

    /// Whether so many bytes are left.
    pub fn has(&self, bytes: u64) -> bool {
        bytes <= self.spare
    }

    /// Whether nothing is left: what would take more is refused.
    pub fn is_short(&self) -> bool {
        self.spare == 0
    }

    /// Whether a warning is due that nothing is left: the last was this long ago.
    pub fn complains(&mut self, now: Time, interval: Duration) -> bool {
        let due = self.complain_next <= now;
        if due {
            self.complain_next = now.after(interval);
        }
        due
    }

    /// How many of so many bytes a new connection may use for its answers: less if little is left,
    /// so that a few connections cannot take it all.
    pub fn share_of(&self, bytes: usize) -> usize {
        let share = usize::try_from(self.spare / MEMORY_SHARES).unwrap_or(usize::MAX);
        bytes.min(share.max(1))
    }

    /// Whether a body of so many bytes can be kept and parsed.
    pub fn has_for_body(&self, bytes: u64) -> bool {
        self.has(bytes.saturating_mul(PARSED_GROWTH))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_counts_until_the_next_look() {
        let mut memory = Memory::default();
        assert!(memory.is_look_due(Time::START) && memory.has(u64::MAX - 1));
        memory.set(Some(1000), Time::START);
        let [soonest, latest] = MEMORY_LOOK_US.map(Time::from_micros);
        assert!(!memory.is_look_due(Time::START) && memory.is_look_due(soonest));
        memory.take(600);
        assert!(memory.has(400) && !memory.has(401) && !memory.is_short());
        memory.take(600);
        assert!(memory.is_short() && !memory.is_used_up(), "a small excess is not worth a look");
        memory.take(MEMORY_COUNTED_BYTES as usize);
        assert!(memory.is_used_up() && memory.is_look_due(Time::START));
        memory.set(Some(1000), soonest);
        memory.share(4);
        memory.take(250);
        assert!(memory.is_short(), "three other workers may have taken as much");
        memory.set(Some(u64::MAX), soonest);
        assert!(!memory.is_short() && !memory.is_look_due(latest) && memory.has(1 << 60));
        assert!(memory.is_look_due(soonest.after_us(latest.micros())));
    }

    #[test]
    fn without_a_limit_there_is_always_enough() {
        let mut memory = Memory::default();
        memory.set(None, Time::START);
        for _ in 0..100 {
            memory.take(1 << 40);
        }
        assert!(!memory.is_look_due(Time::from_micros(1 << 50)) && memory.has_for_body(1 << 40));
    }

    #[test]
    fn a_connection_gets_a_share_of_what_is_left() {
        let mut memory = Memory::default();
        assert_eq!(memory.share_of(1 << 20), 1 << 20);
        for (spare, share) in [(1 << 30, 1 << 20), (MEMORY_SHARES << 10, 1 << 10), (0, 1)] {
            memory.set(Some(spare), Time::START);
            assert_eq!(memory.share_of(1 << 20), share, "of {spare}");
        }
    }

    #[test]
    fn a_body_needs_what_parsing_it_takes() {
        let mut memory = Memory::default();
        memory.set(Some(28 * 100), Time::START);
        assert!(memory.has_for_body(100) && !memory.has_for_body(101));
    }
}
