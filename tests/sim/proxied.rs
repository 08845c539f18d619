//! Connections that proxies make for their clients count for these.

use std::sync::{Arc, mpsc};

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::conn::Protocol;
use loiter::proto::proxy_protocol::ProxyMode;
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};

/// Sends a header and a request in pieces, and leaves after two seconds.
#[derive(Debug)]
struct Proxied {
    sends: Vec<u8>,
    leaves: Time,
    received: Vec<u8>,
}

impl Proxied {
    fn new(connects: u64, header: &str) -> (Time, Proxied) {
        let connects = Time::from_micros(connects * 1_000_000);
        let sends = format!("{header}GET /ip HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes();
        (connects, Proxied { sends, leaves: connects.after_us(2_000_000), received: vec![] })
    }

    /// The status of the answer and the address in it; empty without one.
    fn got(&self) -> String {
        let text = String::from_utf8_lossy(&self.received);
        let status = text.split(' ').nth(1).unwrap_or_default();
        let origin = text.split("\"origin\": \"").nth(1).and_then(|rest| rest.split('"').next());
        [status, origin.unwrap_or_default()].join(" ")
    }
}

impl Client for Proxied {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        self.received.extend(link.receive(10_000));
        if now >= self.leaves {
            link.finish();
            return Time::NEVER;
        }
        let sent = link.send(&self.sends[..self.sends.len().min(10)]);
        self.sends.drain(..sent);
        if self.sends.is_empty() { self.leaves } else { now.after_us(100) }
    }
}

/// What each client gets, with one connection for each address.
fn answers(mode: ProxyMode, protocol: Protocol, clients: &[(u64, &str)]) -> Vec<String> {
    let (commands, inbox) = mpsc::channel();
    let faults = Faults {
        short_read_is_all: true,
        error_one_in: 0,
        pipe_bytes: 10_000,
        descriptors: 1000,
        jump_one_in: 0,
        drain: None,
    };
    let clients = clients.iter().map(|&(connects, header)| Proxied::new(connects, header));
    let sim = Sim::new(1, faults, clients.collect(), commands);
    let config = WorkerConfig {
        app: Arc::new(App::default()),
        capacity: 100,
        refusals: 4,
        lapse: None,
        max_per_ip: Some(1),
        per_ip: Arc::default(),
        sink: None,
    };
    let listener = Listener::new(Some(protocol), "a:1", false).with_proxy(mode);
    let per_ip = Arc::clone(&config.per_ip);
    let (stats, sim) = Worker::new(sim, config, vec![listener], inbox, 1).run();
    assert_eq!(stats.leaked, 0);
    let counts = format!("{per_ip:?}");
    assert!(counts.contains("{}"), "connections of nobody: {counts}");
    sim.peers().iter().map(|peer| peer.client.got()).collect()
}

const ONE: &str = "PROXY TCP4 192.0.2.1 192.0.2.9 1 2\r\n";
const TWO: &str = "PROXY TCP4 192.0.2.2 192.0.2.9 1 2\r\n";

#[test]
fn each_client_may_have_so_many_connections_whatever_its_proxy_has() {
    let clients = [(0, ONE), (1, ONE), (1, TWO), (5, ONE), (9, "PROXY UNKNOWN\r\n"), (10, "")];
    let expected = ["200 192.0.2.1", "503 ", "200 192.0.2.2", "200 192.0.2.1", "200 127.0.0.1"];
    let got = answers(ProxyMode::Required, Protocol::Http, &clients);
    assert_eq!(got, [&expected[..], &["400 "]].concat());
    let got = answers(ProxyMode::Optional, Protocol::Http, &clients);
    assert_eq!(got, [&expected[..], &["503 "]].concat());
}

#[test]
fn a_client_with_too_many_is_closed_where_there_are_no_answers() {
    let got = answers(ProxyMode::Required, Protocol::Https, &[(0, ONE), (1, ONE)]);
    assert_eq!(got, ["400 ", " "]);
}
