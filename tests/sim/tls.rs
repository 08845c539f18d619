//! TLS in the simulated network: many handshakes at once, of which a loop of the worker takes a few
//! steps, with delayed answers among them. What rustls draws does not follow from the seed.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::config::TlsSettings;
use loiter::http::app::App;
use loiter::http::tls_facts::TlsVersion;
use loiter::proto::conn::Protocol;
use loiter::proto::tls::acceptor::{Acceptor, AcceptorConfig};
use loiter::server::identity::{Identity, Resolver};
use loiter::server::sim::{Client, Faults, Link, Sim};
use loiter::server::worker::{Listener, Worker, WorkerConfig};
use rustls::client::{ClientConfig, ClientConnection};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{RootCertStore, version};

/// Requests of each client, one after the other.
const REQUESTS: usize = 3;
const DELAY: Duration = Duration::from_millis(20);

/// Asks for delayed answers over TLS, in pieces.
#[derive(Debug)]
struct Visitor {
    client: ClientConnection,
    random: Random,
    piece: u64,
    unsent: Vec<u8>,
    heard: Vec<u8>,
    /// When the last request was sent; `None`: no request waits for its answer.
    asked: Option<Time>,
    answered: usize,
    ended: bool,
}

impl Visitor {
    /// Sends a part of what is to be sent; returns whether it could.
    fn send(&mut self, link: &mut Link) -> bool {
        while self.client.wants_write() {
            self.client.write_tls(&mut self.unsent).expect("a buffer");
        }
        let most = self.unsent.len().min(1 + self.random.below(self.piece) as usize);
        let sent = link.send(&self.unsent[..most]);
        self.unsent.drain(..sent);
        sent > 0
    }

    /// Reads a part of what has come; returns whether there was anything.
    fn receive(&mut self, now: Time, link: &mut Link) -> bool {
        let bytes = link.receive(1 + self.random.below(self.piece) as usize);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            self.client.read_tls(&mut rest).expect("a buffer");
            let state = self.client.process_new_packets().expect("valid records");
            let start = self.heard.len();
            self.heard.resize(start + state.plaintext_bytes_to_read(), 0);
            self.client.reader().read_exact(&mut self.heard[start..]).expect("as many");
        }
        if self.heard.ends_with(b"}\n") {
            let asked = self.asked.take().expect("a request");
            assert!(now >= asked.after(DELAY), "early: {now:?}, asked {asked:?}");
            assert!(self.heard.starts_with(b"HTTP/1.1 200 OK\r\n"));
            self.heard.clear();
            self.answered += 1;
        }
        !bytes.is_empty()
    }
}

impl Client for Visitor {
    fn act(&mut self, now: Time, link: &mut Link) -> Time {
        if self.ended {
            return Time::NEVER;
        }
        let received = self.receive(now, link);
        if self.asked.is_none() && self.answered < REQUESTS {
            let request = b"GET /delay/20ms HTTP/1.1\r\nHost: localhost\r\n\r\n";
            self.client.writer().write_all(request).expect("a buffer");
            self.asked = Some(now);
        }
        let sent = self.send(link);
        if self.answered == REQUESTS && self.unsent.is_empty() {
            link.finish();
            self.ended = true;
            return Time::NEVER;
        }
        // The simulator calls again when there is something to receive, or room to send.
        if received || sent { now.after_us(self.random.below(300)) } else { Time::NEVER }
    }
}

/// How the listener begins, and the clients of both versions.
fn sides() -> (Arc<Acceptor>, [Arc<ClientConfig>; 2]) {
    let identity = Identity::build(&TlsSettings::default(), None, SystemTime::now());
    let identity = Arc::new(identity.expect("an identity"));
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(identity.ca_pem().as_bytes()).expect("a certificate");
    roots.add(ca).expect("a root");
    let acceptor = Acceptor::new(&AcceptorConfig {
        resolver: Arc::new(Resolver::new(&identity, None)),
        client_auth: None,
        alpn: vec![b"http/1.1".to_vec()],
        versions: TlsVersion::ALL,
        key_log: None,
    });
    let clients = [&version::TLS12, &version::TLS13].map(|version| {
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        Arc::new(config)
    });
    (Arc::new(acceptor.expect("an acceptor")), clients)
}

#[test]
fn many_handshakes_at_once_are_all_served_and_no_answer_is_early() {
    let (acceptor, configs) = sides();
    for seed in 0..6 {
        let mut random = Random::new(seed);
        let clients = (0..30).map(|number| {
            let name = "localhost".try_into().expect("a name");
            let client = ClientConnection::new(configs[number % 2].clone(), name);
            let visitor = Visitor {
                client: client.expect("a client"),
                random: Random::new(random.next_u64()),
                piece: [50_000, 700][random.below(2) as usize],
                unsent: Vec::new(),
                heard: Vec::new(),
                asked: None,
                answered: 0,
                ended: false,
            };
            (Time::from_micros(random.below(2000)), visitor)
        });
        let clients = clients.collect();
        let faults = Faults {
            short_read_is_all: random.below(2) == 0,
            error_one_in: [0, 40, 7][random.below(3) as usize],
            pipe_bytes: [1 << 20, 3000][random.below(2) as usize],
            descriptors: 100,
            jump_one_in: 0,
            drain: None,
        };
        let (commands, inbox) = mpsc::channel();
        let sim = Sim::new(random.next_u64(), faults, clients, commands);
        let config = WorkerConfig {
            app: Arc::new(App::default()),
            capacity: 100,
            refusals: 2,
            lapse: None,
            max_per_ip: None,
            per_ip: Arc::default(),
            sink: None,
        };
        let protocol = [Protocol::Http, Protocol::Https][seed as usize % 2];
        let listener = Listener::new(Some(protocol), "a", false).with_tls(Some(acceptor.clone()));
        let listeners = vec![listener, Listener::new(None, "a", false)];
        let (stats, mut sim) = Worker::new(sim, config, listeners, inbox, seed).run();
        sim.settle();
        assert_eq!((sim.open(), stats.leaked), (0, 0), "something is left, seed {seed}");
        assert_eq!((stats.connections, stats.requests), (30, 30 * REQUESTS as u64), "seed {seed}");
        assert!(sim.peers().iter().all(|peer| peer.client.ended), "seed {seed}");
    }
}
