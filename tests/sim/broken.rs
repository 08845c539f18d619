//! What defaults and requests break, delay or slow down: each client receives exactly what it is to
//! receive, never early, and then the end that was asked for; and nothing is left in the server.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::http::modifiers::{Carrier, Modifiers};
use loiter::proto::conn::Protocol;
use loiter::server::metrics::Ended;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig, WorkerStats};

/// How a connection ended, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    /// By FIN.
    Fin,
    /// By RST, after everything that was delivered before.
    Reset,
    /// The client left.
    Left,
}

/// Sends these bytes, and reads until the connection ends or all has come that is to come.
#[derive(Debug)]
struct Reader {
    random: Random,
    request: Vec<u8>,
    /// How many answers come before the one that is modified.
    before: usize,
    /// Bytes after which it leaves; it does so after 20 s anyway.
    leaves_after: usize,
    leaves_at: Time,
    /// Most bytes sent and received at a time, and the longest pause, in microseconds.
    piece: u64,
    pause_us: u64,
    sent: usize,
    /// When the first byte was sent.
    began: Option<Time>,
    received: Vec<u8>,
    /// When the first and the last byte came.
    times: Option<(Time, Time)>,
    end: Option<End>,
}

impl Client for Reader {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.end.is_some() {
            return Time::NEVER;
        }
        let before = (self.sent, self.received.len());
        let left = &self.request[self.sent..];
        let piece = left.len().min(1 + self.random.below(self.piece) as usize);
        self.sent += link.send(&left[..piece]);
        self.began = self.began.or(Some(now).filter(|_| self.sent > 0));
        let bytes = link.receive(1 + self.random.below(self.piece) as usize);
        if !bytes.is_empty() {
            self.times = Some((self.times.map_or(now, |times| times.0), now));
        }
        self.received.extend(bytes);
        self.end = match () {
            () if link.reads_reset() => Some(End::Reset),
            () if link.ended() => Some(End::Fin),
            () if self.received.len() >= self.leaves_after => Some(End::Left),
            () if now >= self.leaves_at => Some(End::Left),
            () => None,
        };
        if self.end == Some(End::Fin) || self.end == Some(End::Left) {
            link.finish();
        }
        match self.end {
            Some(_) => Time::NEVER,
            None if (self.sent, self.received.len()) != before => now.after_us(self.pause_us),
            // The simulator calls again when there is something to receive, or room to send.
            None => self.leaves_at,
        }
    }
}

fn reader(random: &mut Random, request: Vec<u8>, leaves_after: usize) -> (Time, Reader) {
    let (slow, at) = (random.below(4) == 0, Time::from_micros(random.below(50_000)));
    let reader = Reader {
        random: Random::new(random.next_u64()),
        request,
        before: 0,
        leaves_after,
        leaves_at: at.after(Duration::from_secs(20)),
        piece: if slow { 700 } else { 50_000 },
        pause_us: if slow { 20_000 } else { 300 },
        sent: 0,
        began: None,
        received: Vec::new(),
        times: None,
        end: None,
    };
    (at, reader)
}

/// A world for these clients, which follows from the generator.
fn sim<C: Client>(random: &mut Random, clients: Vec<(Time, C)>) -> (Sim<C>, Inbox) {
    let faults = Faults {
        short_read_is_all: random.below(2) == 0,
        error_one_in: [0, 40, 7][random.below(3) as usize],
        pipe_bytes: [1 << 20, 70_000, 3000][random.below(3) as usize],
        descriptors: 2000,
        jump_one_in: 0,
        drain: None,
    };
    let (commands, inbox) = mpsc::channel();
    (Sim::new(random.next_u64(), faults, clients, commands), inbox)
}

type Inbox = mpsc::Receiver<loiter::server::worker::Command>;

/// Serves them under these defaults of the server. Returns also how many connections were evicted.
fn serve<C: Client>(
    (sim, inbox): (Sim<C>, Inbox),
    with: &str,
    protocol: Protocol,
    seed: u64,
) -> (WorkerStats, Sim<C>, u64) {
    let with = Modifiers::parse(with, Carrier::Server).expect(with);
    let mut app = App { with, ..App::default() };
    app.limits.max_wait = Duration::from_secs(60);
    app.limits.max_bytes = 1 << 20;
    let config = WorkerConfig {
        app: Arc::new(app),
        capacity: 2000,
        refusals: 2,
        lapse: None,
        max_per_ip: None,
        per_ip: Arc::default(),
        sink: None,
    };
    let listeners =
        vec![Listener::new(Some(protocol), "a", false), Listener::new(None, "a", false)];
    let ended = Arc::new(Ended::default());
    let worker = Worker::new(sim, config, listeners, inbox, seed);
    let (stats, mut sim) = worker.with_ended(Arc::clone(&ended)).run();
    sim.settle();
    assert_eq!((sim.open(), stats.leaked), (0, 0), "something is left");
    (stats, sim, ended.sum(BTreeMap::new()).metrics.evicted)
}

/// Bytes of which misplaced ones show.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| b'a' + (i * i / 7 % 26) as u8).collect()
}

fn seeds() -> std::ops::Range<u64> {
    let seeds = std::env::var("LOITER_SEEDS").ok().and_then(|text| text.parse().ok());
    0..seeds.unwrap_or(300_u64) / 10
}

#[test]
fn a_raw_echo_is_modified_exactly() {
    const ALL: usize = 40_000;
    for seed in seeds() {
        for (with, bytes, end, least_ms) in [
            ("delay=30ms", ALL, End::Left, 30),
            ("delay=1ms..30ms; fault=reset:20000", 20_000, End::Reset, 1),
            ("fault=reset:1", 1, End::Reset, 0),
            ("fault=abort:40000", ALL, End::Reset, 0),
            ("delay=5ms; fault=reset", 0, End::Reset, 0),
            ("fault=reset:connect", 0, End::Reset, 0),
            ("fault=close:connect", 0, End::Fin, 0),
            ("fault=truncate:30000", 30_000, End::Fin, 0),
            ("rate=100000; fault=truncate:10000", 10_000, End::Fin, 0),
            ("fault=hang:connect", 0, End::Left, 0),
            ("fault=stall:20000", 20_000, End::Left, 0),
        ] {
            let mut random = Random::new(seed);
            let leaves_after = if end == End::Left && bytes > 0 { bytes } else { usize::MAX };
            let count = 1 + random.below(4);
            let clients =
                (0..count).map(|_| reader(&mut random, pattern(ALL), leaves_after)).collect();
            let sim = sim(&mut random, clients);
            let (_, sim, mut evicted) = serve(sim, with, Protocol::Echo, seed);
            for Reader { received, began, times, end: ended, .. } in
                sim.peers().iter().map(|peer| &peer.client)
            {
                let case = format!("{with}, seed {seed}: {} bytes", received.len());
                if is_evicted(&mut evicted, end, *ended) {
                    assert!(pattern(ALL).starts_with(received), "{case}");
                    continue;
                }
                assert!(*received == pattern(ALL)[..bytes], "{case}");
                assert_eq!(*ended, Some(end), "{case}");
                if let (Some(began), Some((first, last))) = (began, times) {
                    assert!(*first >= began.after(Duration::from_millis(least_ms)), "{case}");
                    let rated_us = if with.starts_with("rate") { bytes as u64 * 10 } else { 0 };
                    assert!(*last >= began.after_us(rated_us), "{case}: {last:?}");
                }
            }
        }
    }
}

/// A fault of an answer comes after exactly what was to come before it: the answers to requests
/// before it, its head, and a part of its body.
#[test]
fn an_answer_breaks_exactly_at_its_place() {
    const BODY: usize = 30_000;
    let whole = answers("/bytes/30000?seed=1");
    for seed in seeds() {
        for (fault, bytes, end) in [
            ("reset", None, End::Reset),
            ("reset:0", Some(0), End::Reset),
            ("reset:20001", Some(20_001), End::Reset),
            ("abort:0.5", Some(BODY / 2), End::Reset),
            ("reset:1.0", Some(BODY), End::Reset),
            ("close", None, End::Fin),
            ("truncate:0.5", Some(BODY / 2), End::Fin),
        ] {
            let mut random = Random::new(seed);
            let modified = get(&format!("/~fault={fault}/bytes/30000?seed=1"));
            let count = 1 + random.below(4);
            let clients: Vec<_> = (0..count)
                .map(|_| {
                    let before = random.below(3) as usize;
                    let all = [get("/bytes/30000?seed=1").repeat(before), modified.clone()];
                    let (at, reader) = reader(&mut random, all.concat(), usize::MAX);
                    (at, Reader { before, ..reader })
                })
                .collect();
            let sim = sim(&mut random, clients);
            let (_, sim, mut evicted) = serve(sim, "", Protocol::Http, seed);
            for client in sim.peers().iter().map(|peer| &peer.client) {
                let before = whole.repeat(client.before);
                if is_evicted(&mut evicted, end, client.end) {
                    continue;
                }
                let received = client.received.strip_prefix(&*before).expect(fault);
                let body = match received.windows(4).position(|four| four == b"\r\n\r\n") {
                    Some(head) => Some(&received[head + 4..]),
                    None => received.is_empty().then_some(&[][..]).filter(|_| bytes.is_some()),
                };
                let expected = bytes.map(|bytes| &whole[whole.len() - BODY..][..bytes]);
                assert!(body == expected, "{fault}, seed {seed}: {} bytes", received.len());
                assert_eq!(client.end, Some(end), "{fault}, seed {seed}");
            }
        }
    }
}

/// Whether a connection that waited for its client to read its FIN was evicted: when descriptors
/// run out, which is one of the simulated errors. Its client loses what it has not read.
fn is_evicted(evicted: &mut u64, expected: End, end: Option<End>) -> bool {
    let is = *evicted > 0 && expected == End::Fin && end == Some(End::Reset);
    *evicted -= u64::from(is);
    is
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

/// The answer to a request that nothing modifies.
fn answers(target: &str) -> Vec<u8> {
    let mut driver = loiter::proto::test_driver::Driver::new(App::default(), Protocol::Http, 1);
    driver.receive(&get(target));
    driver.output.unread().to_vec()
}

#[test]
fn datagrams_come_back_never_early_or_are_lost() {
    for seed in seeds() {
        let mut random = Random::new(seed);
        let sent: Vec<_> = (0..200_u64)
            .map(|number| (Time::from_micros(random.below(100_000)), number.to_le_bytes().to_vec()))
            .collect();
        let (mut sim, inbox) = sim::<Reader>(&mut random, vec![]);
        sim.send_datagrams(sent.clone());
        let with = "delay=1ms..50ms; fault=close@0.1";
        let (_, sim, _) = serve((sim, inbox), with, Protocol::Echo, seed);
        let echoed = sim.echoed_datagrams();
        assert!((150..200).contains(&echoed.len()), "{} of 200, seed {seed}", echoed.len());
        for (at, bytes) in echoed {
            let (arrived, _) = sent.iter().find(|(_, other)| other == bytes).expect("ours");
            let waited = at.since(*arrived).as_micros();
            assert!((1000..51_000).contains(&waited), "{waited} µs, seed {seed}");
        }
        let reordered = echoed.windows(2).any(|two| two[0].1 > two[1].1);
        assert!(reordered, "each has its own delay");
    }
}

/// Slots, memory and timers are back after many resets, in whatever state a connection was.
#[test]
fn a_thousand_resets_leave_nothing() {
    for (with, protocol) in [
        ("fault=reset:connect@0.3; delay=1ms..20ms; rate=1000000", Protocol::Echo),
        ("fault=reset:9000; delay=1ms..20ms", Protocol::Echo),
        ("fault=reset:connect@0.5,hang:connect@0.1,none@0.4", Protocol::Http),
        ("fault=reset:5000; delay=1ms..20ms", Protocol::Http),
    ] {
        let mut random = Random::new(1);
        let request = match protocol {
            Protocol::Echo => pattern(30_000),
            _ => get("/bytes/30000?seed=1"),
        };
        let clients = (0..250).map(|_| reader(&mut random, request.clone(), 10_000)).collect();
        let sim = sim(&mut random, clients);
        let (stats, sim, _) = serve(sim, with, protocol, 1);
        let ends = |end| sim.peers().iter().filter(|peer| peer.client.end == Some(end)).count();
        assert_eq!((stats.connections, stats.cut_off), (250, 0), "{with}");
        assert!(ends(End::Reset) > 50, "{with}: {}", ends(End::Reset));
        assert_eq!(ends(End::Reset) + ends(End::Fin) + ends(End::Left), 250, "{with}");
    }
}
