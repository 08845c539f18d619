//! Counters, gates and queueing servers in virtual time, on one thread and several.

use std::collections::HashSet;
use std::thread;

use super::*;
use crate::base::limits::MAX_SLOTS;
use crate::base::random::Random;

const SECOND: u64 = 1_000_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

fn at(micros: u64) -> Time {
    Time::from_micros(micros)
}

/// Whether modifiers apply to a request at this time.
fn applies(state: &State, selection: &Selection, micros: u64) -> bool {
    state.select(selection, 0, at(micros)).active
}

/// The seed of a request.
fn seed(state: &State, key: &str, seed: u64) -> u64 {
    state.select(&Selection { seed: Some(seed), ..under(key) }, 9, Time::START).seed
}

fn under(key: &str) -> Selection<'_> {
    Selection { key: Some(key), ..Selection::default() }
}

fn slots(identity: &str, places: u32) -> Slots {
    Slots { places, identity: identity.to_owned() }
}

#[test]
fn the_first_requests_of_a_key_are_counted() {
    let state = State::default();
    let active = |key, times| {
        let selection = Selection { times: Some(times), ..under(key) };
        [(); 6].map(|()| applies(&state, &selection, 0))
    };
    assert_eq!(active("a", (1, 2)), [true, true, false, false, false, false]);
    assert_eq!(active("b", (3, u32::MAX)), [false, false, true, true, true, true]);
    assert_eq!(active("c", (2, 4)), [false, true, true, true, false, false]);
    assert_eq!(active("a", (1, 9)), [true, true, true, false, false, false], "6 were before");
}

#[test]
fn a_span_counts_from_the_first_request_of_the_key() {
    let (state, first) = (State::default(), 100 * SECOND);
    let span = Selection { since_us: Some((10 * SECOND, 40 * SECOND)), ..Selection::default() };
    let keyed = Selection { key: Some("k"), ..span };
    for (after, active) in [(0, false), (10 * SECOND - 1, false), (10 * SECOND, true)] {
        assert_eq!(applies(&state, &keyed, first + after), active, "{after}");
    }
    assert!(applies(&state, &keyed, first + 40 * SECOND - 1));
    assert!(!applies(&state, &keyed, first + 40 * SECOND));
    // Without a key, from the start of the server.
    assert!(!applies(&state, &span, first) && applies(&state, &span, 10 * SECOND));
}

#[test]
fn a_part_of_each_period_counts_from_its_beginning() {
    let (state, first) = (State::default(), 7 * SECOND);
    let part = Selection { every_us: Some((30 * SECOND, 5 * SECOND)), ..under("k") };
    for after in 0..120 {
        let active = applies(&state, &part, first + after * SECOND);
        assert_eq!(active, after % 30 < 5, "{after}");
    }
    let part = Selection { key: None, ..part };
    assert!(applies(&state, &part, 61 * SECOND) && !applies(&state, &part, 66 * SECOND));
}

#[test]
fn all_gates_must_hold() {
    let state = State::default();
    let both = Selection {
        times: Some((2, 3)),
        since_us: Some((10 * SECOND, u64::MAX)),
        every_us: Some((2 * SECOND, SECOND)),
        ..under("k")
    };
    let active = [0, 1, 12, 14].map(|second| applies(&state, &both, second * SECOND));
    assert_eq!(active, [false, false, true, false]);
}

#[test]
fn seeds_follow_from_the_key_and_the_number() {
    let (one, other) = (State::default(), State::default());
    let sequence = [(); 20].map(|()| seed(&one, "a", 5));
    assert_eq!(sequence, [(); 20].map(|()| seed(&other, "b", 5)), "the key's name is no part");
    assert_eq!(sequence.iter().collect::<HashSet<_>>().len(), 20);
    assert_ne!(seed(&one, "c", 6), sequence[0]);
    let alone = Selection { seed: Some(5), ..Selection::default() };
    assert_eq!([(); 2].map(|()| one.select(&alone, 9, Time::START).seed), [5, 5]);
    assert_eq!(one.select(&under("a"), 9, Time::START), Selected { seed: 9, active: true });
}

#[test]
fn a_key_that_is_not_used_starts_again() {
    let state = State::default();
    let count = |micros| state.count("k", at(micros));
    assert_eq!((count(0), count(9 * MINUTE), count(18 * MINUTE)).2, (3, Time::START));
    assert_eq!(count(28 * MINUTE - 1), (4, Time::START));
    assert_eq!(count(38 * MINUTE - 1), (1, at(38 * MINUTE - 1)));
    // The clock of another worker may be a little behind.
    assert_eq!(count(38 * MINUTE - 2).0, 2);
}

#[test]
fn the_key_least_recently_used_goes_first() {
    let state = State::default();
    for n in 0..MAX_KEYS {
        state.count(&n.to_string(), Time::START);
    }
    assert_eq!(state.count("0", Time::START).0, 2);
    assert_eq!(state.count("one more", Time::START).0, 1);
    assert_eq!(lock(&state.counters).len(), MAX_KEYS);
    assert_eq!((state.count("0", Time::START).0, state.count("2", Time::START).0), (3, 2));
    assert_eq!(state.count("1", Time::START).0, 1, "it was dropped");
}

#[test]
fn the_first_to_come_is_the_first_to_be_served() {
    let (state, two) = (State::default(), slots("q", 2));
    let enter = |micros, service_us| state.queue(&two, service_us, at(micros), HOUR);
    assert_eq!([(); 5].map(|()| enter(0, 10)), [10, 10, 20, 20, 30]);
    // The places are free at 20 and 30.
    assert_eq!((enter(15, 1), enter(16, 100), enter(17, 10)), (6, 105, 13 + 10));
    assert_eq!(enter(1000, 7), 7);
    assert_eq!(state.queue(&slots("another", 2), 10, Time::START, HOUR), 10);
}

#[test]
fn a_queue_is_never_longer_than_the_longest_wait() {
    let (state, one, most) = (State::default(), slots("q", 1), 10 * SECOND);
    // 100 seconds of work come in one.
    let waits: Vec<u64> =
        (0..100).map(|n| state.queue(&one, SECOND, at(n * SECOND / 100), most)).collect();
    assert_eq!(waits[..2], [SECOND, 2 * SECOND - 10_000]);
    assert!(waits.iter().all(|wait| *wait <= most + SECOND));
    assert!(waits[99] > most, "the caller shortens it");
    assert_eq!(state.queue(&one, 5, at(SECOND + most), most), 5);
    // One whose turn would come later leaves the place as it was.
    assert_eq!(state.queue(&one, SECOND, at(50 * SECOND), most), SECOND);
    assert_eq!(state.queue(&one, SECOND, at(50 * SECOND), 1), 2 * SECOND);
    assert_eq!(state.queue(&one, SECOND, at(50 * SECOND), most), 2 * SECOND);
    assert_eq!(state.queue(&one, u64::MAX, at(50 * SECOND), u64::MAX), u64::MAX - 50 * SECOND);
}

#[test]
fn queues_and_their_places_are_bounded() {
    let (state, most) = (State::default(), slots("most", MAX_SLOTS));
    for _ in 0..3 * MAX_SLOTS {
        state.queue(&most, SECOND, Time::START, HOUR);
    }
    let places = lock(&state.queues).peek("most").map(|queue| queue.0.len());
    assert_eq!(places, Some(MAX_SLOTS as usize));
    let wait_us = |n: usize| state.queue(&slots(&n.to_string(), 1), 10, Time::START, HOUR);
    assert!((0..MAX_QUEUES).all(|n| wait_us(n) == 10));
    assert_eq!(lock(&state.queues).len(), MAX_QUEUES);
    assert_eq!(lock(&state.queues).peek("most").map(|queue| queue.0.len()), None);
    // One that was used alone for long has one place.
    let wait_us = |n: u64| state.queue(&slots("x", 9), 10, at(n * 10), HOUR);
    assert!((0..1000).all(|n| wait_us(n) == 10));
    assert_eq!(lock(&state.queues).peek("x").map(|queue| queue.0.len()), Some(1));
}

/// The mean time in the queue, without the service, of clients that come at random times and keep
/// so much of the places busy; and its standard error, from the means of long batches, since the
/// waits of clients that follow each other are correlated.
fn mean_wait_us(places: u32, load: f64, service_us: impl Fn(&mut Random) -> f64) -> (f64, f64) {
    const BATCHES: usize = 40;
    const CLIENTS: usize = 10_000;
    let (state, slots) = (State::default(), slots("q", places));
    let mut random = Random::new(u64::from(places));
    let gap_us = SERVICE_US / f64::from(places) / load;
    let mut came_us = 0.0;
    let mut wait_us = |_| {
        came_us += gap_us * exponential(&mut random);
        let service_us = service_us(&mut random) as u64;
        (state.queue(&slots, service_us, at(came_us as u64), HOUR) - service_us) as f64
    };
    let batch = |_| (0..CLIENTS).map(&mut wait_us).sum::<f64>() / CLIENTS as f64;
    let means: Vec<f64> = (0..BATCHES).map(batch).collect();
    let mean = means.iter().sum::<f64>() / BATCHES as f64;
    let squares: f64 = means.iter().map(|other| (other - mean).powi(2)).sum();
    (mean, (squares / ((BATCHES - 1) * BATCHES) as f64).sqrt())
}

const SERVICE_US: f64 = 10_000.0;

/// A number of this distribution with the mean 1.
fn exponential(random: &mut Random) -> f64 {
    -(1.0 - random.fraction()).ln()
}

/// The mean time in the queue if service times are exponential (Erlang C).
fn erlang_us(places: u32, load: f64) -> f64 {
    let traffic = f64::from(places) * load;
    let blocked = (1..=places).fold(1.0, |b, k| traffic * b / (f64::from(k) + traffic * b));
    let waits = blocked / (1.0 - load * (1.0 - blocked));
    waits * SERVICE_US / (f64::from(places) * (1.0 - load))
}

/// Whether a mean is the expected one, of which this part is uncertain, within three standard
/// errors, which are small.
fn assert_close((mean, error): (f64, f64), expected: f64, uncertain: f64, what: &str) {
    let what = format!("{what}: {mean:.0} ± {error:.0}, expected {expected:.0}");
    assert!((mean - expected).abs() < 3.0 * error + uncertain * expected, "{what}");
    assert!(error < 0.04 * expected, "{what}");
}

#[test]
fn waits_are_those_of_queueing_theory() {
    for (places, load) in [(1, 0.5), (1, 0.8), (4, 0.7), (16, 0.8)] {
        let what = format!("{places} places, load {load}");
        let found = mean_wait_us(places, load, |random| SERVICE_US * exponential(random));
        assert_close(found, erlang_us(places, load), 0.0, &format!("M/M/c, {what}"));
        // Cosmetatos' approximation is exact for one place (Pollaczek-Khinchine), and within 1 %
        // here for more.
        let c = f64::from(places);
        let spread = (1.0 - load) * (c - 1.0) * ((4.0 + 5.0 * c).sqrt() - 2.0) / (16.0 * load * c);
        let found = mean_wait_us(places, load, |_| SERVICE_US);
        let expected = erlang_us(places, load) * (1.0 + spread) / 2.0;
        assert_close(found, expected, 0.01, &format!("M/D/c, {what}"));
    }
}

/// Runs the same on so many threads, and returns what all of them returned, sorted.
fn on_threads<T: Ord + Send>(threads: usize, run: impl Fn() -> Vec<T> + Sync) -> Vec<T> {
    let run = &run;
    let mut all: Vec<T> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("it ends")).collect()
    });
    all.sort_unstable();
    all
}

#[test]
fn any_number_of_threads_gives_the_same() {
    const ALL: usize = 1200;
    let mut seeds: Vec<u64> = (1..=ALL as u64).map(|n| nth_seed(5, n)).collect();
    seeds.sort_unstable();
    for threads in [1, 2, 4] {
        let (state, one) = (State::default(), slots("q", 4));
        let each = 0..ALL / threads;
        assert_eq!(
            on_threads(threads, || each.clone().map(|_| seed(&state, "s", 5)).collect()),
            seeds
        );
        let times = Selection { times: Some((1, 7)), ..under("t") };
        let active =
            on_threads(threads, || each.clone().map(|_| applies(&state, &times, 0)).collect());
        assert_eq!(active.iter().filter(|active| **active).count(), 7);
        let enter = |_| state.queue(&one, 10, Time::START, HOUR);
        let waits = on_threads(threads, || each.clone().map(enter).collect());
        assert!(waits.iter().enumerate().all(|(n, wait)| *wait == 10 * (n as u64 / 4 + 1)));
    }
}

#[test]
fn a_panic_under_the_lock_harms_nobody() {
    let state = State::default();
    state.count("k", Time::START);
    let panics = || {
        let _guards = (lock(&state.counters), lock(&state.queues));
        panic!("as the test wants");
    };
    assert!(thread::scope(|scope| scope.spawn(panics).join()).is_err());
    assert!(state.counters.is_poisoned() && state.queues.is_poisoned());
    assert_eq!(state.count("k", Time::START).0, 2);
    assert_eq!(state.queue(&slots("q", 1), 10, Time::START, HOUR), 10);
}

#[test]
fn answers_under_way_are_those_of_all_workers() {
    let state = State::new(3);
    (0..3).for_each(|worker| state.set_answering(worker, 10 * worker + 1));
    assert_eq!(state.answering(0, 5), 5 + 11 + 21);
    state.set_answering(2, 0);
    state.set_answering(3, 100);
    assert_eq!(state.answering(1, 0), 1);
    assert_eq!(State::default().answering(0, 4), 4);
}
