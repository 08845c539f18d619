//! Clients that close their side while their request waits, with `--half-close cancel`.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use loiter::base::limits::Limits;
use loiter::base::time::Time;
use loiter::http::app::{App, HalfClose};
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};

/// Sends its requests, and closes its side a little after the first answer.
#[derive(Debug)]
struct Leaver {
    requests: String,
    sent: usize,
    closes: Option<Time>,
    received: Vec<u8>,
}

impl Client for Leaver {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        self.sent += link.send(&self.requests.as_bytes()[self.sent..]);
        self.received.extend(link.receive(usize::MAX));
        if self.sent < self.requests.len() || self.received.is_empty() {
            return now.after_us(1000);
        }
        let closes = *self.closes.get_or_insert(now.after_us(5000));
        if closes <= now {
            link.finish();
        }
        if closes > now { closes } else { Time::NEVER }
    }
}

/// One place for an answer that takes time, asked for by one client after the other, each for
/// longer than the run lasts: everyone gets it, so whoever leaves has given it back at once.
#[test]
fn a_cancelled_request_gives_its_place_back() {
    const READY: &str = "GET /get HTTP/1.1\r\nHost: a\r\n\r\n";
    const WAITS: [&str; 3] =
        ["/delay/9", "/drip?duration=9&numbytes=3&delay=0", "/sse?delay=8&duration=1"];
    let client = |number: usize| {
        let waits = format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", WAITS[number % 3]);
        let requests = [READY, &waits, &READY.repeat(number)].concat();
        let connects = Time::START.after(Duration::from_millis(100) * number as u32);
        (connects, Leaver { requests, sent: 0, closes: None, received: Vec::new() })
    };
    let faults = Faults {
        short_read_is_all: true,
        error_one_in: 0,
        pipe_bytes: 1000,
        descriptors: 2,
        jump_one_in: 0,
        drain: None,
    };
    let limits = Limits { delayed: 1, ..Limits::default() };
    let (commands, inbox) = mpsc::channel();
    let sim = Sim::new(1, faults, (0..60).map(client).collect(), commands);
    let config = WorkerConfig {
        app: Arc::new(App { limits, half_close: HalfClose::Cancel, ..App::default() }),
        capacity: 2,
        refusals: 1,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let listener = Listener::new(Some(Protocol::Http), "a", false);
    let (totals, mut sim) = Worker::new(sim, config, vec![listener], inbox, 1).run();
    sim.settle();
    assert_eq!((totals.leaked, sim.open()), (0, 0));
    for (number, peer) in sim.peers().iter().enumerate() {
        let text = String::from_utf8_lossy(&peer.client.received);
        // The drip has begun when its client leaves.
        let begun = if WAITS[number % 3].starts_with("/drip") { 2 } else { 1 };
        let count = |status: &str| text.matches(status).count();
        let answers = (count("HTTP/1.1 200 OK\r\n"), count("HTTP/1.1 503 "));
        assert_eq!(answers, (begun, 0), "{number}:\n{text}");
    }
}
