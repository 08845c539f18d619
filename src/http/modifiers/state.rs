//! What modifiers keep between requests, in one place for all workers: the counters of `key`, the
//! queueing servers of `slots`, and for `load` how many answers are under way.
//!
//! Only a request that asks for a counter or a queueing server takes its lock. A panic leaves
//! nothing inconsistent behind, so a poisoned lock is used further.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::asked::{Selection, Slots};
use super::draw::nth_seed;
use crate::base::limits::{KEY_LIFETIME, MAX_KEYS, MAX_QUEUES};
use crate::base::time::Time;

/// What modifiers keep between requests. All times are of one clock, which starts with the server.
#[derive(Debug)]
pub struct State {
    counters: Mutex<LruCache<String, Counter>>,
    queues: Mutex<LruCache<String, Queue>>,
    /// By worker.
    answering: Box<[Answering]>,
}

/// What was decided about a request before anything is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The seed in effect.
    pub seed: u64,
    /// Whether the other modifiers apply.
    pub active: bool,
}

/// The requests under a key.
#[derive(Debug)]
struct Counter {
    first: Time,
    last: Time,
    count: u64,
}

/// A queueing server: the moments at which the places are free that were used so far.
#[derive(Debug, Default)]
struct Queue(BinaryHeap<Reverse<Time>>);

/// How many answers of a worker are under way. It has a cache line of its own, as its worker writes
/// it in every turn of its loop.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Answering(AtomicUsize);

impl State {
    /// Nothing was counted yet, for so many workers.
    pub fn new(workers: usize) -> State {
        // A bounded cache would take the memory of all entries at once.
        State {
            counters: Mutex::new(LruCache::unbounded()),
            queues: Mutex::new(LruCache::unbounded()),
            answering: (0..workers).map(|_| Answering::default()).collect(),
        }
    }

    /// Counts a request that has a key, and decides whether its modifiers apply, and with which
    /// seed: the one asked for, hashed with the request's number under its key; else `own_seed`.
    pub fn select(&self, selection: &Selection, own_seed: u64, now: Time) -> Selected {
        let counted = selection.key.map(|key| self.count(key, now));
        let seed = match (selection.seed, counted) {
            (Some(seed), Some((n, _))) => nth_seed(seed, n),
            (seed, _) => seed.unwrap_or(own_seed),
        };
        let (n, first) = counted.unwrap_or((1, Time::START));
        let age_us = now.since(first).as_micros() as u64;
        Selected { seed, active: selection.applies(n, age_us) }
    }

    /// The number of this request under its key, from 1, and when the first one came. A key that
    /// was not used for [`KEY_LIFETIME`] starts again.
    fn count(&self, key: &str, now: Time) -> (u64, Time) {
        let mut counters = lock(&self.counters);
        let counter = counters.get_or_insert_mut_ref(key, || Counter::new(now));
        if now.since(counter.last) >= KEY_LIFETIME {
            *counter = Counter::new(now);
        }
        counter.last = counter.last.max(now);
        counter.count += 1;
        let counted = (counter.count, counter.first);
        if counters.len() > MAX_KEYS {
            counters.pop_lru();
        }
        counted
    }

    /// Takes back the number of the last request under a key, as its client is to send it again.
    pub fn uncount(&self, key: &str) {
        let mut counters = lock(&self.counters);
        let Some(counter) = counters.peek_mut(key) else { return };
        counter.count = counter.count.saturating_sub(1);
        if counter.count == 0 {
            counters.pop(key);
        }
    }

    /// How long a request waits for its turn and its service, in microseconds: the first to come is
    /// the first to be served, and a client that leaves does not give its place back.
    ///
    /// The caller shortens the wait to `most_us`. The place is free then, so a queue that is
    /// overloaded for hours is empty so long after the last request.
    pub fn queue(&self, slots: &Slots, service_us: u64, now: Time, most_us: u64) -> u64 {
        let mut queues = lock(&self.queues);
        let queue = queues.get_or_insert_mut_ref(&slots.identity, Queue::default);
        let wait_us = queue.enter(slots.places, service_us, now, most_us);
        if queues.len() > MAX_QUEUES {
            queues.pop_lru();
        }
        wait_us
    }

    /// How many workers share it.
    pub fn workers(&self) -> usize {
        self.answering.len().max(1)
    }

    /// Publishes how many answers of a worker are under way.
    pub fn set_answering(&self, worker: usize, count: usize) {
        if let Some(answering) = self.answering.get(worker) {
            answering.0.store(count, Ordering::Relaxed);
        }
    }

    /// How many answers of all workers are under way, of which this one has `own`; the others' are
    /// from the last turn of their loops.
    pub fn answering(&self, worker: usize, own: usize) -> u64 {
        let counts = self.answering.iter().enumerate().filter(|(number, _)| *number != worker);
        let others: usize = counts.map(|(_, count)| count.0.load(Ordering::Relaxed)).sum();
        (own + others) as u64
    }
}

impl Default for State {
    fn default() -> State {
        State::new(1)
    }
}

impl Counter {
    fn new(now: Time) -> Counter {
        Counter { first: now, last: now, count: 0 }
    }
}

impl Queue {
    /// See [`State::queue`]. A place that is free is used again before one that never was.
    fn enter(&mut self, places: u32, service_us: u64, now: Time, most_us: u64) -> u64 {
        let full = self.0.len() >= places as usize;
        let reused = self.0.peek().filter(|Reverse(free)| full || *free <= now).is_some();
        let free = if reused { self.0.pop() } else { None };
        let begin = free.map_or(now, |Reverse(free)| free.max(now));
        let end = begin.after_us(service_us);
        // Who leaves before its turn leaves the place as it was.
        let leaves = now.after_us(most_us).max(begin);
        self.0.push(Reverse(end.min(leaves)));
        end.since(now).as_micros() as u64
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
