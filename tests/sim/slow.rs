//! Clients that read a ready answer slowly: below `min-send-rate` they are closed, above it they
//! receive everything, and a client is not charged for a slow server.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use loiter::base::limits::Limits;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};

/// A client that reads `sip` bytes at a time, after the first `gulp` at once.
#[derive(Debug)]
struct Sipper {
    target: &'static str,
    gulp: usize,
    sip: usize,
    every: Duration,
    next: Time,
    received: Vec<u8>,
    /// When it found the connection closed.
    cut_off: Option<Time>,
}

impl Client for Sipper {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if now == Time::START {
            let head = format!("GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n", self.target);
            link.send(format!("{head}\r\n").as_bytes());
        }
        let gulps = self.received.len() < self.gulp;
        if gulps || self.next <= now {
            let most = if gulps { self.gulp - self.received.len() } else { self.sip };
            self.received.extend(link.receive(most));
            self.next = now.after(self.every);
        }
        match link.closed() {
            true => {
                self.cut_off = Some(now);
                self.received.extend(link.receive(usize::MAX));
                Time::NEVER
            }
            false => self.next,
        }
    }
}

impl Sipper {
    fn has_all(&self) -> bool {
        let text = String::from_utf8_lossy(&self.received);
        let length = text.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
        let head = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let body = head.map(|at| self.received.len() - at - 4);
        body.is_some() && body == length.and_then(|digits| digits.parse().ok())
    }
}

/// Plays each client against a server with these limits: whether it received all, and when it was
/// closed.
fn play(limits: Limits, sippers: Vec<Sipper>) -> Vec<(bool, Time)> {
    let faults = Faults {
        short_read_is_all: true,
        error_one_in: 0,
        pipe_bytes: 300,
        descriptors: 10,
        jump_one_in: 0,
        drain: None,
    };
    let (commands, inbox) = mpsc::channel();
    let clients = sippers.into_iter().map(|sipper| (Time::START, sipper)).collect();
    let sim = Sim::new(limits.send_rate, faults, clients, commands);
    let listener = Listener::new(Some(Protocol::Http), "a", false);
    let config = WorkerConfig {
        app: Arc::new(App { limits, ..App::default() }),
        capacity: 10,
        refusals: 2,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let (_, mut sim) = Worker::new(sim, config, vec![listener], inbox, 1).run();
    sim.settle();
    let end = |client: &Sipper| client.cut_off.expect("every connection ends");
    sim.peers().iter().map(|peer| (peer.client.has_all(), end(&peer.client))).collect()
}

#[test]
fn a_client_at_the_minimum_rate_is_not_closed() {
    const BYTES: &str = "/bytes/4000?seed=1";
    const PACED: &str = "/range/4000?chunk_size=1000&duration=1000";
    let timeout = Limits::default().send_timeout;
    for (rate, target, gulp, sip, seconds, kept) in [
        (1, BYTES, 0, 1, 50, false),
        (0, BYTES, 0, 1, 50, true),
        (0, BYTES, 0, 1, 70, false),
        (10, BYTES, 0, 100, 10, true),
        (10, BYTES, 0, 100, 20, false),
        // A fast start earns no more time than there is at the beginning.
        (1, BYTES, 3000, 1, 50, false),
        // The server is slow: it pauses between pieces, which are read at once.
        (200, PACED, 0, 300, 1, true),
    ] {
        let every = Duration::from_secs(seconds);
        let (next, received) = (Time::START, Vec::new());
        let sipper = Sipper { target, gulp, sip, every, next, received, cut_off: None };
        let long = Duration::from_secs(7 * 24 * 60 * 60);
        let limits = Limits { send_rate: rate, max_duration: long, ..Limits::default() };
        let [(has_all, at)] = play(limits, vec![sipper])[..] else { panic!("one client") };
        let case =
            format!("{sip} bytes each {seconds} s of {target}, minimum {rate}, end at {at:?}");
        assert_eq!(has_all, kept, "{case}");
        assert!(kept || rate == 10 || at < Time::START.after(2 * timeout), "{case}");
    }
}

#[test]
fn a_client_that_takes_nothing_is_not_kept_by_others_that_take_all_there_is() {
    let sipper = |target, sip, every| {
        let (next, received, gulp) = (Time::START, Vec::new(), 0);
        Sipper { target, gulp, sip, every, next, received, cut_off: None }
    };
    let greedy = sipper("/bytes/3000000?seed=1", 300, Duration::from_millis(1));
    let idle = sipper("/bytes/4000?seed=1", 0, Duration::from_secs(10));
    let limits = Limits { egress: 10_000, max_bytes: 3_000_000, ..Limits::default() };
    let (timeout, long) = (limits.send_timeout, Duration::from_secs(280));
    let [(all, end), (none, at)] = play(limits, vec![greedy, idle])[..] else { panic!("two") };
    assert!(all && end > Time::START.after(long), "not slowed by --max-egress: {end:?}");
    assert!(!none && at < Time::START.after(2 * timeout), "closed only at {at:?}");
}
