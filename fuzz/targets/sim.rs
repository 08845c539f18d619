//! A whole worker among clients controlled by the input: each client receives what a connection
//! alone answers, whole or cut short where that is allowed; all connections are closed at the end.
//!
//! The input bytes are used in order, then zeros: first the faults, then each client, which sends
//! requests from a list in pieces and with pauses that the input selects.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};
use loiter_fuzz::play::Player;
use loiter_fuzz::script::{self, Step};

const LOCAL: &str = "127.0.0.1:80";

/// Requests whose answers are not random.
const REQUESTS: [&str; 12] = [
    "GET /get?a=1 HTTP/1.1\r\nHost: h\r\n\r\n",
    "HEAD /get HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /delay/0.003 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /drip?duration=0.004&numbytes=5&delay=0.001 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /stream/3 HTTP/1.1\r\nHost: h\r\n\r\n",
    "GET /bytes/5000?seed=1 HTTP/1.1\r\nHost: h\r\n\r\n",
    "POST /post HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
    "POST /post HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
    "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\nhello world",
    "POST /delay/0.002 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
    "GET /status/204 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n\r\n",
];

/// Choices, from the input.
struct Choices<'a>(&'a [u8]);

impl Choices<'_> {
    fn byte(&mut self) -> u8 {
        let Some((&byte, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        byte
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::from(self.byte()) % all.len()]
    }
}

/// One action of a client, and the pause after it.
#[derive(Clone, Copy, Debug)]
struct Act {
    what: What,
    pause_us: u64,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Sends(usize),
    Receives(usize),
    Ends,
    Breaks,
}

#[derive(Debug)]
struct Visitor {
    acts: std::vec::IntoIter<Act>,
    request: Vec<u8>,
    expected: Vec<u8>,
    sent: usize,
    received: Vec<u8>,
    ended: bool,
    broke: bool,
}

impl Client for Visitor {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.broke || link.ended() {
            if link.ended() && !self.ended {
                self.ended = true;
                link.finish();
            }
            return Time::NEVER;
        }
        let Some(act) = self.acts.next() else { return self.rest(link) };
        match act.what {
            What::Sends(most) => self.send(link, most),
            What::Receives(most) => self.received.extend_from_slice(&link.receive(most)),
            What::Ends if !self.ended => {
                self.ended = true;
                link.finish();
            }
            What::Ends => {}
            What::Breaks => {
                self.broke = true;
                link.reset();
            }
        }
        now.after_us(1 + act.pause_us)
    }
}

impl Visitor {
    fn new(choices: &mut Choices) -> (Time, Visitor) {
        let connects = Time::from_micros(u64::from(choices.byte()) * 50);
        let requests: Vec<&str> =
            (0..1 + choices.byte() % 6).map(|_| choices.of(&REQUESTS)).collect();
        let acts: Vec<Act> = (0..choices.byte() % 32).map(|_| act(choices)).collect();
        let request = requests.concat().into_bytes();
        let steps: Vec<Step> =
            requests.iter().map(|it| Step::Arrive(it.as_bytes().to_vec())).collect();
        let app = script::app(0);
        let said = Player::new(&app, Protocol::Http, 1).play(&steps, usize::MAX);
        let visitor = Visitor {
            acts: acts.into_iter(),
            request,
            expected: said.bytes,
            sent: 0,
            received: Vec::new(),
            ended: false,
            broke: false,
        };
        (connects, visitor)
    }

    fn send(&mut self, link: &mut Link, most: usize) {
        let rest = &self.request[self.sent..];
        if !self.ended {
            self.sent += link.send(&rest[..rest.len().min(most)]);
        }
    }

    /// No actions are left: sends the rest, reads on, and waits for events.
    fn rest(&mut self, link: &mut Link) -> Time {
        self.send(link, usize::MAX);
        self.received.extend_from_slice(&link.receive(usize::MAX));
        if link.ended() && !self.ended {
            self.ended = true;
            link.finish();
        }
        Time::NEVER
    }

    fn check(&self, crowded: bool, drains: bool, cut_off: bool) {
        let plain = |bytes: &[u8]| if drains { plain(bytes) } else { bytes.to_vec() };
        let (received, expected) = (plain(&self.received), plain(&self.expected));
        let refused = b"HTTP/1.1 503 SERVICE UNAVAILABLE\r\n";
        // A client that reads its refusal slowly is closed for the next connection that is refused.
        let is_refused =
            crowded && (self.received.starts_with(refused) || refused.starts_with(&self.received));
        assert!(
            is_refused || expected.starts_with(&received) || self.broke && drains,
            "received\n{}\nexpected\n{}",
            received.escape_ascii(),
            expected.escape_ascii()
        );
        let whole = self.sent == self.request.len() && !self.broke;
        let may_be_cut = crowded || drains || cut_off || self.ended;
        assert!(
            !whole || may_be_cut || received == expected,
            "answers are missing after\n{}\nof\n{}",
            received.escape_ascii(),
            expected.escape_ascii()
        );
    }
}

/// What was received, without the field that a draining server adds, even if it is cut within it.
fn plain(bytes: &[u8]) -> Vec<u8> {
    const ADDED: &str = "Connection: close\r\n";
    let text: String = bytes.iter().map(|&byte| char::from(byte)).collect();
    let text = text.replace(ADDED, "");
    let cut = (0..ADDED.len()).rev().find_map(|most| text.strip_suffix(&ADDED[..most]));
    cut.unwrap_or(&text).chars().map(|char| char as u8).collect()
}

fn act(choices: &mut Choices) -> Act {
    let what = match choices.byte() {
        most @ 0..100 => What::Sends(1 + usize::from(most)),
        100..128 => What::Sends(usize::MAX),
        most @ 128..220 => What::Receives(usize::from(most - 127) * 8),
        220..245 => What::Receives(usize::MAX),
        245..251 => What::Ends,
        _ => What::Breaks,
    };
    Act { what, pause_us: choices.of(&[0, 1, 10, 100, 1000, 5000, 50_000, 200_000]) }
}

pub(crate) fn run(data: &[u8]) {
    let mut choices = Choices(data);
    let flags = choices.byte();
    let (crowded, drains) = (flags & 1 != 0, flags & 2 != 0);
    let at = Time::from_micros(u64::from(choices.byte()) * 200);
    let faults = Faults {
        short_read_is_all: flags & 4 != 0,
        error_one_in: choices.of(&[0, 3, 7, 40]),
        pipe_bytes: choices.of(&[1 << 20, 5000, 300, 20]),
        descriptors: usize::MAX,
        drain: drains.then_some((at, Duration::from_millis(u64::from(choices.byte()) * 100))),
        // A clock jump may end any connection by its timeouts; tests/sim covers that.
        jump_one_in: 0,
    };
    let seed = u64::from(choices.byte());
    let count = 1 + choices.byte() % 6;
    let clients: Vec<_> = (0..count).map(|_| Visitor::new(&mut choices)).collect();
    let (commands, inbox) = mpsc::channel();
    let sim = Sim::new(seed, faults, clients, commands);
    let app: App = script::app(0);
    let config = WorkerConfig {
        app: Arc::new(app),
        capacity: if crowded { 2 } else { 100 },
        refusals: 2,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let listener = Listener::new(Some(Protocol::Http), LOCAL, flags & 8 != 0);
    let (totals, mut sim) = Worker::new(sim, config, vec![listener], inbox, seed).run();
    assert_eq!(sim.open(), 0, "connections are left open");
    sim.settle();
    sim.peers().iter().for_each(|peer| peer.client.check(crowded, drains, totals.cut_off > 0));
}
