//! Rate limits that count: so many requests for each key in a window of time, on all workers
//! together.
//!
//! A window is fixed: it begins with a key's first request, as GitHub's does, so that exactly as
//! many requests pass in it as the limit has, and all of them again once it is over. A sliding one
//! would need a time for each request, and a client could not compute when the next one passes.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use sha2::{Digest, Sha256};

use crate::base::duration::show_us;
use crate::base::limits::MAX_RATE_LIMIT_KEYS;

/// So many requests in a window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Requests in a window; one at least.
    pub requests: u32,
    /// The length of a window in microseconds; more than 0.
    pub window_us: u64,
    /// The request field whose value is the key, if the request has it.
    pub field: Option<String>,
}

/// What a limit makes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The limit.
    pub limit: Limit,
    /// Whether the request is one of those in the window.
    pub passes: bool,
    /// How many more are.
    pub remaining: u32,
    /// Time until the window ends, in microseconds.
    pub left_us: u64,
    /// The Unix time of that, in seconds, rounded up.
    pub ends_s: u64,
}

/// The windows of every key. Clones share them.
#[derive(Clone)]
pub struct RateLimiter(Arc<Mutex<LruCache<Key, Window>>>);

/// A hash of the limit and the key. It takes the same memory whatever the key is, and does not keep
/// what may be a secret.
type Key = [u8; 16];

#[derive(Debug)]
struct Window {
    /// Unix time in microseconds.
    start_us: u64,
    /// Requests so far, with those that did not pass.
    count: u32,
}

const SECOND_US: u64 = 1_000_000;

impl RateLimiter {
    /// Counts a request that arrives at this Unix time, in microseconds, with this key: the same
    /// key under another limit is counted apart.
    pub fn count(&self, limit: &Limit, key: &[u8], unix_us: u64) -> Limited {
        // Before the lock, for which other workers may wait: a key may be long.
        let key = hash(limit, key);
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Window { start_us: unix_us, count: 0 };
        let window = windows.get_or_insert_mut(key, new);
        // Either way: the clock of another worker may be a little behind, and the wall clock may
        // have been set back.
        if unix_us.abs_diff(window.start_us) >= limit.window_us {
            *window = new();
        }
        let passes = window.count < limit.requests;
        window.count = window.count.saturating_add(1);
        let remaining = limit.requests.saturating_sub(window.count);
        let age_us = unix_us.saturating_sub(window.start_us);
        if windows.len() > MAX_RATE_LIMIT_KEYS {
            windows.pop_lru();
        }
        let left_us = limit.window_us - age_us;
        let ends_s = unix_us.saturating_add(left_us).div_ceil(SECOND_US);
        Limited { limit: limit.clone(), passes, remaining, left_us, ends_s }
    }

    /// Takes back one that was counted just now, as its client is to send it again.
    pub fn uncount(&self, limit: &Limit, key: &[u8]) {
        let key = hash(limit, key);
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(window) = windows.peek_mut(&key) else { return };
        window.count = window.count.saturating_sub(1);
        if window.count == 0 {
            windows.pop(&key);
        }
    }
}

fn hash(limit: &Limit, key: &[u8]) -> Key {
    let hash = Sha256::new()
        .chain_update(limit.requests.to_le_bytes())
        .chain_update(limit.window_us.to_le_bytes())
        .chain_update(key)
        .finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

impl Limited {
    /// Whole seconds until the window ends, rounded up: a client that waits so long is not early.
    pub fn left_s(&self) -> u64 {
        self.left_us.div_ceil(SECOND_US)
    }

    /// The fields of the answer: those of draft-ietf-httpapi-ratelimit-headers-10, and the older
    /// `X-RateLimit-*`, whose reset is a Unix time as GitHub's is. A script of another origin may
    /// read them.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let (requests, remaining, left_s) = (self.limit.requests, self.remaining, self.left_s());
        let window_s = self.limit.window_us.div_ceil(SECOND_US);
        let mut fields = vec![
            ("RateLimit-Policy", format!("\"default\";q={requests};w={window_s}")),
            ("RateLimit", format!("\"default\";r={remaining};t={left_s}")),
            ("X-RateLimit-Limit", requests.to_string()),
            ("X-RateLimit-Remaining", remaining.to_string()),
            ("X-RateLimit-Reset", self.ends_s.to_string()),
            ("Access-Control-Expose-Headers", EXPOSED.to_owned()),
        ];
        if !self.passes {
            fields.push(("Retry-After", left_s.to_string()));
        }
        fields
    }

    /// Why a request does not pass, as a sentence.
    pub fn reason(&self) -> String {
        let (requests, window) = (self.limit.requests, show_us(self.limit.window_us));
        let left_s = self.left_s();
        format!("more than {requests} in {window}: try again in {left_s} s, when the window ends")
    }
}

const EXPOSED: &str = "RateLimit-Policy, RateLimit, X-RateLimit-Limit, X-RateLimit-Remaining, \
    X-RateLimit-Reset, Retry-After";

impl Default for RateLimiter {
    fn default() -> RateLimiter {
        // A bounded cache would take the memory of all entries at once.
        RateLimiter(Arc::new(Mutex::new(LruCache::unbounded())))
    }
}

/// What was counted is not a setting.
impl PartialEq for RateLimiter {
    fn eq(&self, _: &RateLimiter) -> bool {
        true
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RateLimiter")
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const NOW: u64 = 1_795_358_821_485_000;

    fn limit(requests: u32, window_us: u64) -> Limit {
        Limit { requests, window_us, field: None }
    }

    fn passes(limiter: &RateLimiter, limit: &Limit, key: &str, unix_us: u64) -> bool {
        limiter.count(limit, key.as_bytes(), unix_us).passes
    }

    #[test]
    fn a_window_begins_with_the_first_request_and_is_followed_by_another() {
        let (limiter, two) = (RateLimiter::default(), limit(2, 10 * SECOND_US));
        let at = |after_us| passes(&limiter, &two, "a", NOW + after_us);
        assert_eq!([0, 5 * SECOND_US, 6 * SECOND_US].map(at), [true, true, false]);
        assert_eq!([10 * SECOND_US - 1, 10 * SECOND_US].map(at), [false, true]);
        // The second window began when the first request after the first one came.
        assert_eq!([20 * SECOND_US - 1; 2].map(at), [true, false]);
        assert_eq!(
            [35 * SECOND_US, 45 * SECOND_US - 1, 45 * SECOND_US - 1].map(at),
            [true, true, false]
        );
    }

    #[test]
    fn keys_and_limits_are_counted_apart() {
        let (limiter, one) = (RateLimiter::default(), limit(1, SECOND_US));
        for (key, limit) in [("a", &one), ("b", &one), ("a", &limit(1, SECOND_US + 1))] {
            assert_eq!([(); 2].map(|()| passes(&limiter, limit, key, NOW)), [true, false]);
        }
    }

    #[test]
    fn what_is_taken_back_has_not_counted() {
        let (limiter, one) = (RateLimiter::default(), limit(1, 10 * SECOND_US));
        let at = |after_us| passes(&limiter, &one, "a", NOW + after_us);
        assert!(at(0));
        limiter.uncount(&one, b"a");
        // It has begun no window either.
        assert_eq!([SECOND_US, 11 * SECOND_US - 1].map(at), [true, false]);
        limiter.uncount(&one, b"a");
        assert!(!at(11 * SECOND_US - 1), "one that did not pass left no place");
        limiter.uncount(&one, b"b");
    }

    #[test]
    fn what_is_left_is_rounded_up() {
        let (limiter, limit) = (RateLimiter::default(), limit(2, 2_500_000));
        limiter.count(&limit, b"a", NOW);
        let second = limiter.count(&limit, b"a", NOW + 1_400_000);
        assert_eq!((second.passes, second.remaining, second.left_us), (true, 0, 1_100_000));
        assert_eq!((second.left_s(), second.ends_s), (2, 1_795_358_824));
        let third = limiter.count(&limit, b"a", NOW + 2_499_999);
        assert_eq!((third.passes, third.left_s()), (false, 1));
        let fields = third.fields();
        let value = |name| &fields.iter().find(|field| field.0 == name).unwrap().1;
        assert_eq!(value("RateLimit-Policy"), "\"default\";q=2;w=3");
        assert_eq!(value("RateLimit"), "\"default\";r=0;t=1");
        assert_eq!(value("Retry-After"), "1");
        assert!(third.reason().starts_with("more than 2 in 2.5s: try again in 1 s"));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_lock_a_key_out() {
        let (limiter, one) = (RateLimiter::default(), limit(1, 10 * SECOND_US));
        let count = |unix_us| limiter.count(&one, b"a", unix_us);
        assert!(count(NOW).passes);
        // Another worker's clock is a little behind.
        let behind = count(NOW - 3);
        assert_eq!((behind.passes, behind.left_us), (false, 10 * SECOND_US));
        assert!(count(NOW - 3600 * SECOND_US).passes);
    }

    #[test]
    fn exactly_as_many_pass_as_the_limit_has_whatever_the_number_of_threads() {
        let (limiter, limit) = (RateLimiter::default(), limit(100, 60 * SECOND_US));
        for window in 0..3 {
            let now = NOW + window * 60 * SECOND_US;
            let count = || (0..50).filter(|_| passes(&limiter, &limit, "a", now)).count();
            let passed: usize = thread::scope(|scope| {
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(count)).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).sum()
            });
            assert_eq!(passed, 100);
        }
    }

    #[test]
    fn the_key_least_recently_used_goes_first() {
        let (limiter, one) = (RateLimiter::default(), limit(1, SECOND_US));
        let count = |key: usize| passes(&limiter, &one, &key.to_string(), NOW);
        assert!((0..MAX_RATE_LIMIT_KEYS).all(count));
        assert!(!count(0) && count(MAX_RATE_LIMIT_KEYS));
        assert!(!count(0) && !count(2) && count(1), "1 was dropped");
        assert_eq!(limiter.0.lock().unwrap().len(), MAX_RATE_LIMIT_KEYS);
    }
}
