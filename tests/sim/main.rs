//! The whole worker in a simulated network, reproducible from a seed.
//!
//! Each client sends requests, in pieces, pipelined or not, fast or slowly, and reads at its own
//! pace; some vanish. What comes back must be, byte for byte, what the protocol's state machine
//! alone answers when it gets one request after the other; no answer may be early; every connection
//! must be closed at the end, and no timer left. `LOITER_SEED=n cargo test --test sim` replays one
//! seed, `LOITER_SEEDS=n` runs this many, `LOITER_SEEDS=m..n` those.

mod blind;
mod broken;
mod bulk;
mod cancel;
#[path = "../http2/frames.rs"]
#[allow(dead_code)]
mod frames;
mod http2;
mod http2_requests;
mod lapse;
mod leaving;
mod modified;
mod proxied;
#[path = "../http2/referee.rs"]
mod referee;
mod reference;
mod refused;
mod slow;
mod streams;
mod tls;
mod visitor;

use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use loiter::base::limits::{JOURNAL_ANSWER_BYTES, Limits};
use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::http::app::{App, HalfClose};
use loiter::http::journal::{Journal, SharedJournal, State};
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;
use loiter::server::net::Net;
use loiter::server::sim::{Client, Faults, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig, WorkerStats};

use reference::{End, Reference, request};
use visitor::{Expected, Manner, Visitor};

/// The bound on what modifiers wait.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(2);

fn visitor(random: &mut Random, run: &Run) -> (Time, Visitor) {
    let connects = Time::from_micros(random.below(2_000_000));
    let manner = match random.below(6) {
        0 => Manner::HalfCloses,
        1 => Manner::WaitsToBeClosed,
        2 => Manner::Vanishes(connects.after_us(random.below(1_000_000))),
        _ => Manner::Plain,
    };
    let (mut reference, mut all, mut expected) =
        (Reference::new(run.app()), Vec::new(), Vec::new());
    let count = 1 + random.below(6);
    for number in 0..count {
        let last = number + 1 == count;
        let mut asked = match random.below(2) {
            0 => request(random, last),
            _ => modified::request(random, last),
        };
        let begins = all.len() + 1;
        all.extend_from_slice(&asked.bytes);
        let Some(answer) = reference.ask(&asked) else { break };
        if reference.is_over() && matches!(asked.end, End::Next | End::Idle) {
            // It was the last of the requests that a connection may have.
            (asked.end, asked.idle) = (End::Fin, Duration::ZERO);
        }
        // Where the answer may begin before the request has ended, its end does not count.
        let sent_at_offset = if asked.early { begins } else { all.len() };
        expected.push(Expected { answer, asked, sent_at_offset });
    }
    // Bytes after the last request that is answered must not cost the client an answer.
    if reference.is_over() {
        all.extend(std::iter::repeat_n(b'x', random.below(400) as usize));
    }
    let (piece, pause_us) = match random.below(12) {
        0 => (1, 10),
        _ => (
            [1 << 16, 1 << 16, 400, 50][random.below(4) as usize],
            [10, 1000, 20_000][random.below(3) as usize],
        ),
    };
    let visitor = Visitor {
        random: Random::new(random.next_u64()),
        manner,
        request: all,
        whole: expected.iter().flat_map(|expected| expected.answer.clone()).collect(),
        expected,
        piece,
        pause_us,
        sent: 0,
        sent_times: Vec::new(),
        sent_all: None,
        received: Vec::new(),
        judged: 0,
        begins: 0,
        completed: 0,
        completes: 0,
        over: false,
        finishing: run.drains,
        crowded: run.crowded || run.exhausted,
        evicts: run.faults > 0,
        jumps: run.jumps,
        overloaded: run.delayed.is_some(),
        cancels: run.cancels,
        broken: false,
        promised: Time::START,
    };
    (connects, visitor)
}

/// What applies to all clients of a run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) drains: bool,
    pub(crate) crowded: bool,
    pub(crate) jumps: bool,
    /// Whether there are fewer descriptors than visitors.
    pub(crate) exhausted: bool,
    /// See [`Faults::error_one_in`].
    pub(crate) faults: u64,
    /// Limits on requests per connection, delayed answers, and bytes per second, if any.
    pub(crate) requests: Option<u32>,
    pub(crate) delayed: Option<usize>,
    pub(crate) egress: Option<u64>,
    /// Whether a client that closes its side cancels what waits.
    pub(crate) cancels: bool,
    /// Whether the requests are in a journal.
    pub(crate) journaled: bool,
}

impl Run {
    pub(crate) fn new(random: &mut Random) -> Run {
        let mut one_in = |most| random.below(most) == 0;
        let faults = [0, 7, 40][one_in(3) as usize + one_in(3) as usize];
        Run {
            faults,
            drains: one_in(8),
            crowded: one_in(2),
            jumps: one_in(3),
            exhausted: one_in(4),
            requests: one_in(4).then(|| 1 + random.below(4) as u32),
            delayed: (random.below(6) == 0).then(|| random.below(4) as usize),
            egress: (random.below(6) == 0).then(|| 50_000 + random.below(1_000_000)),
            cancels: random.below(3) == 0,
            journaled: random.below(3) == 0,
        }
    }

    /// The settings. Timeouts are too long to be reached, even if the clock jumps.
    pub(crate) fn app(&self) -> App {
        let long = Duration::from_secs(24 * 60 * 60);
        let usual = Limits::default();
        let limits = Limits {
            requests: self.requests.unwrap_or(usual.requests),
            egress: self.egress.unwrap_or(usual.egress),
            head_timeout: long,
            body_timeout: long,
            request_timeout: long,
            send_timeout: long,
            keep_alive_timeout: long,
            max_duration: long,
            max_wait: MAX_WAIT,
            ..usual
        };
        let half_close = if self.cancels { HalfClose::Cancel } else { HalfClose::Answer };
        App { limits, half_close, ..App::default() }
    }

    /// The worker's settings, with the limits that one connection alone cannot reach.
    pub(crate) fn limited(&self) -> App {
        let mut app = self.app();
        app.limits.delayed = self.delayed.unwrap_or(usize::MAX);
        if self.journaled {
            let journal = SharedJournal::default();
            journal.resize(usize::MAX, usize::MAX);
            (app.journal, app.records) = (Some(journal), true);
        }
        app
    }
}

fn run(seed: u64) {
    let mut random = Random::new(seed);
    let run = Run::new(&mut random);
    play(random, &run);
}

/// Lets a worker serve these clients to the end. Nothing may be left open or counted.
pub(crate) fn serve<C: Client>(
    random: &mut Random,
    run: &Run,
    clients: Vec<(Time, C)>,
    drain: Option<(Time, Duration)>,
) -> (WorkerStats, Sim<C>) {
    let count = clients.len() as u64;
    let faults = Faults {
        short_read_is_all: random.below(2) == 0,
        error_one_in: run.faults,
        pipe_bytes: [1 << 20, 5000, 300][random.below(3) as usize],
        descriptors: if run.exhausted { 3 } else { 1000 },
        jump_one_in: if run.jumps { 300 } else { 0 },
        drain,
    };
    let (commands, inbox) = mpsc::channel();
    let sim = Sim::new(random.next_u64(), faults, clients, commands);
    let app = Arc::new(run.limited());
    let config = WorkerConfig {
        app: Arc::clone(&app),
        capacity: if run.crowded { 3 } else { 1000 },
        refusals: 2,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let listener = Listener::new(Some(Protocol::Http), Driver::ENDS.local, count.is_multiple_of(2));
    let worker = Worker::new(sim, config, vec![listener], inbox, random.next_u64());
    let (totals, sim) = worker.run();
    assert_eq!(sim.open(), 0, "connections are left open");
    assert_eq!(totals.leaked, 0, "an answer, a stream or a timer is left");
    if let Some(journal) = &app.journal {
        check_journal(journal, &totals);
    }
    (totals, sim)
}

/// Each request is there with its whole body, and with that of its answer, which is over, whatever became of it, unless
/// the end of the worker cut its connection off.
fn check_journal(journal: &Journal, totals: &WorkerStats) {
    let (entries, answered) = (journal.entries(), totals.requests);
    for entry in &entries {
        let over = matches!(entry.answer.state, State::Done | State::Aborted);
        let known = over && entry.answer.duration_us.is_some();
        assert!(known || totals.cut_off > 0, "{entry:?}");
        assert!(!entry.received.is_cut(), "{entry:?}");
        let answer = &entry.answer;
        let kept = answer.body_bytes.min(JOURNAL_ANSWER_BYTES as u64);
        assert!(!over || answer.body.len() as u64 == kept, "{entry:?}");
    }
    let done = entries.iter().filter(|entry| entry.answer.state == State::Done).count();
    assert!(done as u64 <= answered && answered <= entries.len() as u64, "{done} {answered}");
}

fn play(mut random: Random, run: &Run) {
    let count = 1 + random.below(24);
    let mut clients: Vec<_> = (0..count).map(|_| visitor(&mut random, run)).collect();
    // A client connects just before the drain, so that it is in the accept queue then.
    let last = clients.iter().map(|(connects, _)| *connects).nth(random.below(count) as usize);
    let drain_at = last.unwrap_or(Time::START).after_us(random.below(30));
    if run.drains && !run.crowded && run.delayed.is_none() {
        clients.iter_mut().for_each(|(_, client)| client.promised = drain_at);
    }
    let drain = run.drains.then_some((drain_at, Duration::from_secs(20)));
    let (totals, mut sim) = serve(&mut random, run, clients, drain);
    sim.settle();
    if totals.cut_off == 0 {
        sim.peers().iter().for_each(|peer| peer.client.check());
    }
}

#[test]
fn every_request_is_answered_once_in_order_and_never_early() {
    seeds(run);
}

/// Plays each seed, and says which one fails.
pub(crate) fn seeds(run: impl Fn(u64) + std::panic::RefUnwindSafe) {
    for seed in which_seeds() {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("replay it with LOITER_SEED={seed} cargo test --test sim");
            std::panic::resume_unwind(panic);
        }
    }
}

/// One seed, so many from 0, or as `5000..6000`.
fn which_seeds() -> Range<u64> {
    let number = |text: &str| text.parse::<u64>().expect("the number of a seed");
    if let Ok(seed) = std::env::var("LOITER_SEED") {
        return number(&seed)..number(&seed) + 1;
    }
    let seeds = std::env::var("LOITER_SEEDS").unwrap_or_else(|_| "300".to_owned());
    let (from, to) = seeds.split_once("..").unwrap_or(("0", &seeds));
    number(from)..number(to)
}

#[test]
fn what_the_kernel_had_accepted_is_answered_before_the_end() {
    let plain = Run { drains: true, ..Run::default() };
    (0..200).for_each(|seed| play(Random::new(seed), &plain));
    // Descriptors run out during the drain, for a moment or until connections end.
    let faulty = Run { drains: true, faults: 3, ..Run::default() };
    let exhausted = Run { drains: true, exhausted: true, ..Run::default() };
    for run in [faulty, exhausted] {
        (0..100).for_each(|seed| play(Random::new(seed), &run));
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let mut random = Random::new(5);
    let mut one = |_| {
        let (commands, inbox) = mpsc::channel();
        drop(inbox);
        let faults = Faults {
            short_read_is_all: false,
            error_one_in: 3,
            pipe_bytes: 100,
            descriptors: 1,
            jump_one_in: 0,
            drain: None,
        };
        let clients = vec![visitor(&mut Random::new(9), &Run::default())];
        let mut sim = Sim::new(random.below(1), faults, clients, commands);
        (0..50).map(|_| sim.now().micros()).collect::<Vec<_>>()
    };
    assert_eq!(one(0), one(1));
}
