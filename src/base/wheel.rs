//! The timers, one for each slot of the slab, on a single-level timing wheel.
//!
//! A turn of the wheel is 16,384 slots of 1.024 ms. The timers of a slot are a doubly linked list
//! through one table: arming, moving and disarming cost the same few writes, a moved timer leaves
//! nothing behind, and the memory is 16 bytes times the highest key. A timer further away than one
//! turn stays in its slot for several turns. Times are exact to the microsecond, and no timer fires
//! early.

use super::time::Time;

/// Slots of one turn.
const SLOTS: usize = 16 * 1024;
/// Words with a bit for each slot.
const WORDS: usize = SLOTS / 64;
/// Length of a slot: 2^10 µs.
const SLOT_BITS: u32 = 10;
/// The end of a list.
const NONE: u32 = u32::MAX;

/// `at` is [`Time::NEVER`] while the timer is not armed.
#[derive(Clone, Copy, Debug)]
struct Link {
    at: Time,
    previous: u32,
    next: u32,
}

const IDLE: Link = Link { at: Time::NEVER, previous: NONE, next: NONE };

/// Timers with small numbers as keys.
#[derive(Debug)]
pub struct Wheel {
    heads: Box<[u32]>,
    /// A bit for each slot: whether its list is not empty.
    occupied: [u64; WORDS],
    /// A bit for each word of `occupied`: whether it is not zero. Without it, finding the next of a
    /// few timers would take longer than answering a request.
    words: [u64; WORDS / 64],
    links: Vec<Link>,
    /// Timers that are armed.
    armed: usize,
    /// Every timer before this tick has fired. It counts on; the slot is `tick % SLOTS`.
    tick: u64,
    /// No timer is due before this time.
    next: Time,
}

impl Default for Wheel {
    fn default() -> Wheel {
        Wheel {
            heads: vec![NONE; SLOTS].into_boxed_slice(),
            occupied: [0; WORDS],
            words: [0; WORDS / 64],
            links: Vec::new(),
            armed: 0,
            tick: 0,
            next: Time::NEVER,
        }
    }
}

impl Wheel {
    /// When [`expire`](Wheel::expire) must be called next. It may be earlier than the first due
    /// time, never later.
    pub fn next(&self) -> Time {
        self.next
    }

    /// Makes timer `index` fire at `at` or earlier. A timer armed for an earlier time is left as it
    /// is: its owner checks the time when it fires and arms it again, which is cheaper than moving
    /// it for each request.
    pub fn arm(&mut self, index: u32, at: Time) {
        if self.links.len() <= index as usize {
            self.links.resize(index as usize + 1, IDLE);
        }
        if at >= self.links[index as usize].at {
            return;
        }
        self.disarm(index);
        self.link(index, at);
        self.next = self.next.min(at);
    }

    /// The number of armed timers.
    pub fn armed(&self) -> usize {
        self.armed
    }

    /// Whether timer `index` is armed.
    pub fn is_armed(&self, index: u32) -> bool {
        self.links.get(index as usize).is_some_and(|link| link.at != Time::NEVER)
    }

    /// Disarms timer `index`.
    pub fn disarm(&mut self, index: u32) {
        let Some(&link) = self.links.get(index as usize) else { return };
        if link.at == Time::NEVER {
            return;
        }
        if link.next != NONE {
            self.links[link.next as usize].previous = link.previous;
        }
        if link.previous != NONE {
            self.links[link.previous as usize].next = link.next;
        } else {
            self.unhook(link);
        }
        self.links[index as usize] = IDLE;
        self.armed -= 1;
    }

    /// Disarms the timers due at `now`, at most `most` of them, and appends them to `fired` roughly
    /// in order of time. If it appends `most`, [`next`](Wheel::next) is `now`.
    pub fn expire(&mut self, now: Time, most: usize, fired: &mut Vec<u32>) {
        if now < self.next {
            return;
        }
        let (end, last) = (fired.len() + most, now.micros() >> SLOT_BITS);
        // After a jump of more than a turn, each slot is visited once.
        self.tick = self.tick.max((last + 1).saturating_sub(SLOTS as u64));
        loop {
            self.tick = self.occupied_from(self.tick).unwrap_or(last).min(last);
            self.expire_slot(now, end, fired);
            if self.tick == last || fired.len() == end {
                break;
            }
            self.tick += 1;
        }
        self.next = if fired.len() == end { now } else { self.earliest() };
    }

    fn expire_slot(&mut self, now: Time, end: usize, fired: &mut Vec<u32>) {
        let mut index = self.heads[self.tick as usize % SLOTS];
        while index != NONE && fired.len() < end {
            let link = self.links[index as usize];
            if link.at <= now {
                self.disarm(index);
                fired.push(index);
            }
            index = link.next;
        }
    }

    /// When to call `expire` next: at the earliest timer of the first occupied slot. If its timers
    /// all belong to later turns, at the start of that slot, which is early but cheap to find.
    fn earliest(&self) -> Time {
        if let Some(at) = self.earliest_in(self.tick) {
            return at;
        }
        let Some(tick) = self.occupied_from(self.tick + 1) else { return Time::NEVER };
        self.earliest_in(tick).unwrap_or(Time::from_micros(tick << SLOT_BITS))
    }

    /// The earliest timer of the slot of `tick` that is due in this tick or before.
    fn earliest_in(&self, tick: u64) -> Option<Time> {
        let mut earliest = Time::NEVER;
        let mut index = self.heads[tick as usize % SLOTS];
        while index != NONE {
            earliest = earliest.min(self.links[index as usize].at);
            index = self.links[index as usize].next;
        }
        (earliest.micros() >> SLOT_BITS <= tick).then_some(earliest)
    }

    /// The first tick at or after `from` with an occupied slot, less than one turn later.
    fn occupied_from(&self, from: u64) -> Option<u64> {
        let slot = from as usize % SLOTS;
        let found = self.occupied_slot(slot).or_else(|| self.occupied_slot(0))?;
        Some(from + ((found + SLOTS - slot) % SLOTS) as u64)
    }

    /// The first occupied slot at or after this one.
    fn occupied_slot(&self, slot: usize) -> Option<usize> {
        first_bit(&self.occupied[..=slot / 64], slot).or_else(|| {
            let word = first_bit(&self.words, slot / 64 + 1)?;
            first_bit(&self.occupied, word * 64)
        })
    }

    /// Inserts a disarmed timer at the front of its slot's list. A time in the past becomes the
    /// current tick, so that the next call of `expire` fires it.
    fn link(&mut self, index: u32, at: Time) {
        let at = at.max(Time::from_micros(self.tick << SLOT_BITS));
        let slot = slot_of(at);
        self.armed += 1;
        let next = std::mem::replace(&mut self.heads[slot], index);
        if next != NONE {
            self.links[next as usize].previous = index;
        }
        self.links[index as usize] = Link { at, previous: NONE, next };
        self.occupied[slot / 64] |= 1 << (slot % 64);
        self.words[slot / 64 / 64] |= 1 << (slot / 64 % 64);
    }

    /// Removes the first timer of a list.
    fn unhook(&mut self, link: Link) {
        let slot = slot_of(link.at);
        self.heads[slot] = link.next;
        if link.next == NONE {
            self.occupied[slot / 64] &= !(1 << (slot % 64));
            if self.occupied[slot / 64] == 0 {
                self.words[slot / 64 / 64] &= !(1 << (slot / 64 % 64));
            }
        }
    }
}

/// The first bit set at or after `from`.
fn first_bit(words: &[u64], from: usize) -> Option<usize> {
    let mut bit = from;
    while let Some(word) = words.get(bit / 64) {
        let rest = word >> (bit % 64);
        if rest != 0 {
            return Some(bit + rest.trailing_zeros() as usize);
        }
        bit = (bit / 64 + 1) * 64;
    }
    None
}

fn slot_of(at: Time) -> usize {
    (at.micros() >> SLOT_BITS) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;

    /// A model that examines every timer.
    #[derive(Default)]
    struct Model(Vec<Time>);

    impl Model {
        fn due(&self, now: Time) -> Vec<u32> {
            (0..self.0.len() as u32).filter(|&i| self.0[i as usize] <= now).collect()
        }
    }

    /// Both levels of bits name the slots that are not empty, and no others.
    fn check_bits(wheel: &Wheel) {
        for (slot, &head) in wheel.heads.iter().enumerate() {
            assert_eq!(wheel.occupied[slot / 64] >> (slot % 64) & 1 == 1, head != NONE, "{slot}");
        }
        for (word, &bits) in wheel.occupied.iter().enumerate() {
            assert_eq!(wheel.words[word / 64] >> (word % 64) & 1 == 1, bits != 0, "{word}");
        }
    }

    fn check(seed: u64, longest_us: u64, timers: u64) {
        let (mut wheel, mut random) = (Wheel::default(), Random::new(seed));
        let mut model = Model(vec![Time::NEVER; timers as usize]);
        let mut now = Time::START;
        for _ in 0..4_000 {
            let index = random.below(timers) as u32;
            match random.below(8) {
                action @ 0..=4 => {
                    let delay = random.below(longest_us);
                    let past = Time::from_micros(now.micros().saturating_sub(delay));
                    let at = if action == 0 { past } else { now.after_us(delay) };
                    wheel.arm(index, at);
                    model.0[index as usize] = model.0[index as usize].min(at);
                }
                5 => {
                    wheel.disarm(index);
                    model.0[index as usize] = Time::NEVER;
                }
                6 => now = now.max(wheel.next().min(now.after_us(longest_us))),
                _ => now = now.after_us(random.below(longest_us) * random.below(3)),
            }
            let most = 1 + random.below(40) as usize;
            let mut fired = Vec::new();
            wheel.expire(now, most, &mut fired);
            let due = model.due(now);
            assert_eq!(fired.len(), due.len().min(most), "seed {seed}");
            assert!(wheel.next() > now || fired.len() == most, "seed {seed}: called for nothing");
            for index in fired {
                assert!(model.0[index as usize] <= now, "seed {seed}: early");
                model.0[index as usize] = Time::NEVER;
            }
            let first = model.0.iter().min().copied().unwrap_or(Time::NEVER);
            assert!(wheel.next() <= first.max(now), "seed {seed}: a timer would be missed");
        }
        let armed = model.0.iter().filter(|&&at| at != Time::NEVER).count();
        assert_eq!(wheel.armed(), armed, "seed {seed}");
        check_bits(&wheel);
    }

    #[test]
    fn it_fires_what_is_due_and_nothing_else() {
        for seed in 0..20 {
            check(seed, 3_000, 50);
            check(seed, 500_000, 300);
            check(seed, 80_000_000, 300);
        }
    }

    #[test]
    fn next_is_not_much_earlier_than_the_first_timer() {
        let mut wheel = Wheel::default();
        assert_eq!(wheel.next(), Time::NEVER);
        wheel.arm(0, Time::from_micros(75_000_000));
        let (mut now, mut looks, mut fired) = (Time::START, 0, Vec::new());
        while fired.is_empty() && looks < 9 {
            now = wheel.next();
            wheel.expire(now, 1, &mut fired);
            looks += 1;
        }
        assert_eq!((now, looks), (Time::from_micros(75_000_000), 1));
        // A second timer makes it search; it then visits the far one once per turn.
        wheel.arm(0, now.after_us(75_000_000));
        wheel.arm(1, now.after_us(10));
        let mut looks = 0;
        while fired.len() < 3 && looks < 9 {
            now = wheel.next();
            wheel.expire(now, 9, &mut fired);
            looks += 1;
        }
        assert!(looks <= 8, "{looks}");
        assert_eq!(wheel.next(), Time::NEVER);
    }
}
