//! Large echoes, raw or of a body: what comes back is what was sent, whether the worker reads it or
//! splices all or part of it.

use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::Protocol;
use loiter::server::sim::{Client, Faults, Link, Sim, Spliced};
use loiter::server::worker::{Listener, Worker, WorkerConfig, WorkerStats};

/// How a client behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// Closes when it has received all.
    Plain,
    /// Shuts down its sending side after the last byte, and reads to the end.
    HalfCloses,
    /// Resets the connection when this many bytes have come back.
    Resets(usize),
    /// Reads nothing before it has sent all, as most HTTP clients do.
    SendsFirst,
}

/// Sends the same body twice: as two pipelined requests or, raw, as twice the bytes. Once only if
/// it sends everything before it reads.
#[derive(Debug)]
struct Echoed {
    random: Random,
    manner: Manner,
    request: Vec<u8>,
    /// The body of each answer.
    body: Vec<u8>,
    times: usize,
    /// Most bytes sent and received at a time.
    piece: (u64, u64),
    sent: usize,
    received: Vec<u8>,
    over: bool,
}

impl Client for Echoed {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.over {
            return Time::NEVER;
        }
        let left = &self.request[self.sent..];
        let piece = left.len().min(1 + self.random.below(self.piece.0) as usize);
        self.sent += link.send(&left[..piece]);
        let all_sent = self.sent == self.request.len();
        if all_sent && self.manner == Manner::HalfCloses {
            link.finish();
        }
        if all_sent || self.manner != Manner::SendsFirst {
            let most = 1 + self.random.below(self.piece.1) as usize;
            self.received.extend(link.receive(most));
        }
        let got_all = self.received.len() == self.times * (head(&self.received) + self.body.len());
        match self.manner {
            Manner::Resets(after) if self.received.len() >= after => {
                self.over = true;
                link.reset();
            }
            Manner::Plain | Manner::SendsFirst if got_all && all_sent => {
                self.over = true;
                link.finish();
            }
            _ => self.over = link.ended() || link.broken(),
        }
        if self.over { Time::NEVER } else { now.after_us(1 + self.random.below(500)) }
    }
}

/// The length of the first head, if there is one.
fn head(received: &[u8]) -> usize {
    match received.starts_with(b"HTTP/1.1 200 OK\r\n") {
        true => received.windows(4).position(|bytes| bytes == b"\r\n\r\n").map_or(0, |at| at + 4),
        false => 0,
    }
}

fn client(random: &mut Random, protocol: Protocol, room: usize) -> Echoed {
    let length = 60_000 + random.below(300_000) as usize;
    let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let head = if protocol == Protocol::Http { head.into_bytes() } else { Vec::new() };
    // Misplaced bytes show: the period is not a divisor of any buffer's length.
    let period: Vec<u8> = (0..4099_u32).map(|i| b'a' + (i * i / 7 % 26) as u8).collect();
    let body: Vec<u8> = period.iter().copied().cycle().take(length).collect();
    let manner = match random.below(6) {
        0 => Manner::HalfCloses,
        1 => Manner::Resets(random.below(length as u64) as usize),
        // Both socket buffers together hold it, or the server collects it.
        2 if room > 3 * length || protocol == Protocol::Http => Manner::SendsFirst,
        _ => Manner::Plain,
    };
    let times = if manner == Manner::SendsFirst { 1 } else { 2 };
    let request = [&*head, &body].concat().repeat(times);
    let slow = [400_000, 20_000];
    let piece = (slow[0] >> (2 * random.below(2)), slow[random.below(2) as usize]);
    let random = Random::new(random.next_u64());
    let (sent, received, over) = (0, Vec::new(), false);
    Echoed { random, manner, request, body, times, piece, sent, received, over }
}

fn play(seed: u64, protocol: Protocol, egress: u64) -> (WorkerStats, Sim<Echoed>) {
    let mut random = Random::new(seed);
    let room = [1 << 20, 200_000, 70_000][random.below(3) as usize];
    let faults = Faults {
        short_read_is_all: random.below(2) == 0,
        error_one_in: [0, 40, 7][random.below(3) as usize],
        pipe_bytes: room,
        descriptors: 100,
        jump_one_in: 0,
        drain: None,
    };
    let connects = |random: &mut Random| Time::from_micros(random.below(5000));
    let count = 1 + random.below(4);
    let clients =
        (0..count).map(|_| (connects(&mut random), client(&mut random, protocol, room))).collect();
    let (commands, inbox) = mpsc::channel();
    let sim = Sim::new(random.next_u64(), faults, clients, commands);
    let mut app = App { records: true, ..App::default() };
    app.limits.egress = egress;
    if random.below(2) == 0 {
        // Enough for a client that sends one body before it reads, but not for all of them
        // together.
        app.limits.echo_bytes = 360_000 + random.below(100_000) as usize;
        app.limits.all_echo_bytes = 4 * app.limits.echo_bytes;
    }
    app.limits.send_timeout = Duration::from_secs(24 * 60 * 60);
    let config = WorkerConfig {
        app: Arc::new(app),
        capacity: 100,
        refusals: 2,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let listener = Listener::new(Some(protocol), "a", false);
    let (totals, mut sim) = Worker::new(sim, config, vec![listener], inbox, seed).run();
    sim.settle();
    (totals, sim)
}

fn check(client: &Echoed) {
    let length = head(&client.received);
    let expected = [&client.received[..length], &client.body].concat().repeat(client.times);
    assert!(expected.starts_with(&client.received), "other bytes came: {:?}", client.manner);
    let all = client.received.len() == expected.len();
    let resets = matches!(client.manner, Manner::Resets(_));
    assert!(all || resets, "{} bytes came, {:?}", client.received.len(), client.manner);
}

#[test]
fn every_echo_is_complete_read_or_spliced() {
    let seeds = std::env::var("LOITER_SEEDS").ok().and_then(|text| text.parse().ok());
    let seeds = seeds.unwrap_or(300_u64) / 10;
    for protocol in [Protocol::Http, Protocol::Echo] {
        let mut passed = Spliced::default();
        for seed in 0..seeds {
            let (totals, sim) = play(seed, protocol, u64::MAX);
            assert_eq!((sim.open(), totals.leaked), (0, 0), "seed {seed}");
            sim.peers().iter().for_each(|peer| check(&peer.client));
            passed.whole += sim.spliced().whole;
            passed.partly += sim.spliced().partly;
        }
        assert!(passed.whole > seeds && passed.partly > seeds, "{protocol:?}: {passed:?}");
    }
}

#[test]
fn the_egress_limit_turns_splice_off() {
    for protocol in [Protocol::Http, Protocol::Echo] {
        let (_, sim) = play(3, protocol, 10_000_000);
        sim.peers().iter().for_each(|peer| check(&peer.client));
        assert_eq!(sim.spliced(), Spliced::default());
    }
}
