//! Runs of a worker with clients that speak HTTP/2.

use std::time::Duration;

use loiter::base::random::Random;
use loiter::base::time::Time;

use crate::http2::Http2Visitor;
use crate::http2_requests::Planned;
use crate::reference::{Asked, Reference};
use crate::{Run, seeds, serve};

/// Plays clients against a worker to the end.
fn play(mut random: Random, run: &Run, clients: Vec<(Time, Http2Visitor)>) {
    let drain = run.drains.then(|| Time::from_micros(random.below(2_500_000)));
    let drain = drain.map(|at| (at, Duration::from_secs(60 * 60)));
    let (_, mut sim) = serve(&mut random, run, clients, drain);
    sim.settle();
    sim.peers().iter().for_each(|peer| peer.client.check());
}

fn client(random: &mut Random, run: &Run) -> (Time, Http2Visitor) {
    let connects = Time::from_micros(random.below(2_000_000));
    let mut reference = Reference::new(Run::default().app());
    let count = 1 + random.below(20);
    let planned = (0..count).map(|_| Planned::new(random, &mut reference)).collect();
    let mut visitor = Http2Visitor::new(Random::new(random.next_u64()), planned);
    if random.below(6) == 0 {
        visitor.vanishes = connects.after_us(random.below(1_000_000));
    }
    // What waits would be cancelled.
    visitor.half_closes = random.below(6) == 0 && !run.cancels;
    visitor.may_end = run.drains || run.crowded || run.exhausted || run.requests.is_some();
    visitor.evicts = run.faults > 0;
    visitor.overloaded = run.delayed.is_some();
    (connects, visitor)
}

#[test]
fn every_stream_is_answered_once_and_never_early() {
    seeds(|seed| {
        let mut random = Random::new(seed ^ 0x6832);
        let run = Run::new(&mut random);
        let count = 1 + random.below(8);
        let clients = (0..count).map(|_| client(&mut random, &run)).collect();
        play(random, &run, clients);
    });
}

/// Far more than any window, a request after the other and some at a time.
#[test]
fn uploads_go_on_for_ever() {
    for seed in 0..3 {
        let mut random = Random::new(seed);
        let mut reference = Reference::new(Run::default().app());
        let mut upload = |number: u64| {
            let body = vec![b'a' + (number % 26) as u8; 1 + random.below(60_000) as usize];
            let path = ["/echo", "/status/200", "/echo", "/anything"][number as usize % 4];
            let length = body.len();
            let head =
                format!("POST {path} HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n");
            let early = path == "/echo";
            let bytes = [head.as_bytes(), &body].concat();
            let asked = Asked { bytes, early, ..Asked::default() };
            let mut planned = Planned::of(&mut random, &mut reference, asked);
            planned.most = 16_000;
            planned
        };
        let planned = (0..50).map(&mut upload).collect();
        let mut visitor = Http2Visitor::new(Random::new(seed), planned);
        (visitor.piece, visitor.pause_us) = (1 << 16, 10);
        play(Random::new(seed), &Run::default(), vec![(Time::START, visitor)]);
    }
}
