//! Modifiers that lapse, as those set at run time do.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::http::modifiers::{Carrier, Modifiers};
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};

/// Sends one request, on a connection of its own.
#[derive(Debug, Default)]
struct One {
    sent: bool,
    received: Vec<u8>,
    first: Option<Time>,
}

impl Client for One {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if !self.sent {
            link.send(b"GET /status/204 HTTP/1.0\r\n\r\n");
            self.sent = true;
        }
        let received = link.receive(usize::MAX);
        if !received.is_empty() {
            self.first.get_or_insert(now);
        }
        self.received.extend(received);
        Time::NEVER
    }
}

const LAPSE: Duration = Duration::from_secs(30);

/// Under the modifiers every request is delayed by 100 s and gets a status of its own; one that
/// comes after they have lapsed is answered at once. The worker wakes for that without any event.
#[test]
fn modifiers_lapse_by_the_workers_clock_and_never_early() {
    for seed in 1..20 {
        let faults = Faults {
            short_read_is_all: true,
            error_one_in: 5,
            pipe_bytes: 1000,
            descriptors: 1000,
            jump_one_in: 0,
            drain: None,
        };
        let connects = |number: u32| Time::START.after(Duration::from_millis(700) * number);
        let clients = (0..100).map(|number| (connects(number), One::default())).collect();
        let (commands, inbox) = mpsc::channel();
        let sim = Sim::new(seed, faults, clients, commands);
        let modifiers = Modifiers::parse("status=418; delay=100s", Carrier::Server);
        let with = modifiers.expect("good modifiers");
        let after = Arc::new(App::default());
        let config = WorkerConfig {
            app: Arc::new(App { with, ..App::clone(&after) }),
            lapse: Some((Time::START.after(LAPSE), after)),
            capacity: 1000,
            refusals: 1,
            max_per_ip: None,
            per_ip: Arc::default(),
            sink: None,
        };
        let listener = Listener::new(Some(Protocol::Http), "a", false);
        let (totals, mut sim) = Worker::new(sim, config, vec![listener], inbox, seed).run();
        sim.settle();
        assert_eq!((totals.leaked, sim.open()), (0, 0), "seed {seed}");
        let mut plain = 0;
        for (number, peer) in (0..).zip(sim.peers()) {
            let text = String::from_utf8_lossy(&peer.client.received);
            let first = peer.client.first.expect("an answer");
            let begun = connects(number);
            if text.starts_with("HTTP/1.0 204 ") {
                assert!(first >= Time::START.after(LAPSE), "seed {seed}: {number} is too early");
                plain += 1;
            } else {
                assert!(text.starts_with("HTTP/1.0 418 "), "seed {seed}: {number}: {text}");
                assert!(first >= begun.after(Duration::from_secs(100)), "seed {seed}: {number}");
                // It came before the lapse; the world may have been a little late.
                assert!(begun < Time::START.after(LAPSE), "seed {seed}: {number}");
            }
        }
        assert!(plain > 50, "seed {seed}: {plain}");
    }
}
