//! Clients that ask for silence and leave it.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use loiter::base::limits::Limits;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};

const SILENT: [&str; 5] = [
    "GET /~fault=hang/get HTTP/1.1\r\nHost: a\r\n\r\n",
    "GET /~fault=stall:5/range/9 HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /~read=hang/post HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    "POST /~fault=hang:up:2/post HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    "GET /~gap=10m/range/9 HTTP/1.1\r\nHost: a\r\n\r\n",
];

/// Asks, stays for a while, and leaves by FIN or RST.
#[derive(Debug)]
struct Leaver {
    request: &'static str,
    stays: Duration,
    resets: bool,
    leaves: Option<Time>,
    received: Vec<u8>,
    over: bool,
}

impl Client for Leaver {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.over {
            return Time::NEVER;
        }
        let leaves = match self.leaves {
            Some(leaves) => leaves,
            None => {
                assert_eq!(link.send(self.request.as_bytes()), self.request.len());
                *self.leaves.insert(now.after(self.stays))
            }
        };
        self.received.extend(link.receive(usize::MAX));
        if now < leaves {
            return leaves;
        }
        self.over = true;
        if self.resets {
            link.reset()
        } else {
            link.finish()
        }
        Time::NEVER
    }
}

/// A thousand clients, thirty at a time, and places for forty: everyone has one, so whoever leaves
/// has given it back at once. A gap ends at a FIN only with `--half-close cancel`.
#[test]
fn a_thousand_that_leave_silence_give_their_places_back() {
    let client = |number: usize| {
        let connects = Time::START.after(Duration::from_millis(10) * number as u32);
        let stays = Duration::from_millis(100 + 200 * (number as u64 * 7 % 3) / 2);
        let (request, resets) = (SILENT[number % 5], number % 5 == 4 || number.is_multiple_of(2));
        let (leaves, received, over) = (None, Vec::new(), false);
        (connects, Leaver { request, stays, resets, leaves, received, over })
    };
    let faults = Faults {
        short_read_is_all: true,
        error_one_in: 0,
        pipe_bytes: 1000,
        descriptors: 50,
        jump_one_in: 0,
        drain: None,
    };
    let limits = Limits { delayed: 40, ..Limits::default() };
    let (commands, inbox) = mpsc::channel();
    let sim = Sim::new(1, faults, (0..1000).map(client).collect(), commands);
    let config = WorkerConfig {
        app: Arc::new(App { limits, ..App::default() }),
        capacity: 50,
        refusals: 1,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let listener = Listener::new(Some(Protocol::Http), "a", false);
    let (totals, mut sim) = Worker::new(sim, config, vec![listener], inbox, 1).run();
    sim.settle();
    assert_eq!((totals.leaked, totals.clients_gone, sim.open()), (0, 1000, 0));
    for (number, peer) in sim.peers().iter().enumerate() {
        let text = String::from_utf8_lossy(&peer.client.received);
        let begun = number % 5 == 1 || number % 5 == 4;
        assert_eq!(text.starts_with("HTTP/1.1 200 OK\r\n"), begun, "{number}: {text}");
        let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
        assert_eq!(body, ["", "abcde", "", "", "a"][number % 5], "{number}: {text}");
        assert!(begun || text.is_empty(), "{number}: {text}");
    }
}
