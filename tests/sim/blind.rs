//! Clients that keep their connection, and write their next request without looking whether the
//! server has ended it. A drain loses no request that comes before idle connections end, and resets
//! none that comes a little later.

use std::time::Duration;

use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::server::sim::{Client, Link};

use crate::{Run, seeds, serve};

const REQUEST: &[u8] = b"GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n";

#[derive(Debug)]
struct Blind {
    random: Random,
    /// Shortest and longest pause between an answer and the next request, in microseconds.
    pause_us: [u64; 2],
    /// When it sends next.
    sends: Time,
    sent: u32,
    answered: u32,
    received: Vec<u8>,
    /// Whether an answer has announced the end.
    announced: bool,
    over: bool,
    broken: bool,
}

impl Client for Blind {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.over {
            return Time::NEVER;
        }
        self.received.extend(link.receive(usize::MAX));
        self.broken |= link.broken();
        if self.sent > self.answered && self.received.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&self.received);
            assert!(text.starts_with("HTTP/1.1 204 "), "{text}");
            self.announced = text.contains("Connection: close\r\n");
            self.answered += 1;
            self.received.clear();
            let [least, most] = self.pause_us;
            self.sends = now.after_us(least + self.random.below(most - least));
        }
        let waits = self.sent > self.answered;
        if (waits && link.ended()) || (!waits && self.announced) {
            self.over = true;
            link.finish();
        } else if !waits && now >= self.sends {
            assert_eq!(link.send(REQUEST), REQUEST.len());
            self.sent += 1;
        } else if !waits {
            return self.sends;
        }
        Time::NEVER
    }
}

fn blind(random: &mut Random, pause_us: [u64; 2]) -> (Time, Blind) {
    let connects = Time::from_micros(random.below(500_000));
    let client = Blind {
        random: Random::new(random.next_u64()),
        pause_us,
        sends: connects,
        sent: 0,
        answered: 0,
        received: Vec::new(),
        announced: false,
        over: false,
        broken: false,
    };
    (connects, client)
}

/// Pauses that are shorter than idle connections stay open in a drain, and longer ones, after which
/// those still linger.
const SHORT: [u64; 2] = [0, 900_000];
const LONG: [u64; 2] = [1_100_000, 2_800_000];

#[test]
fn a_drain_loses_no_request_of_clients_that_do_not_look() {
    seeds(|seed| {
        let mut random = Random::new(seed);
        let run = Run { drains: true, ..Run::default() };
        let count = 1 + random.below(20);
        let pause = |number: u64| if number.is_multiple_of(3) { LONG } else { SHORT };
        let clients = (0..count).map(|number| blind(&mut random, pause(number))).collect();
        let drain = Time::from_micros(500_000 + random.below(3_000_000));
        let drain = Some((drain, Duration::from_secs(20)));
        let (totals, mut sim) = serve(&mut random, &run, clients, drain);
        sim.settle();
        assert_eq!(totals.cut_off, 0);
        for client in sim.peers().iter().map(|peer| &peer.client) {
            let Blind { sent, answered, .. } = client;
            assert!(client.over && *answered > 0, "{client:?}");
            assert!(client.pause_us != SHORT || sent == answered, "a request is lost: {client:?}");
            assert!(sent - answered <= 1 && !client.broken, "a reset: {client:?}");
        }
    });
}
