//! The TLS filter. The first bit of the input chooses between bytes as they arrive, with the rules
//! of `play.rs`, and a conversation with rustls' client of which a byte may be changed.

use std::io::{Read, Write};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use loiter::base::limits::BODY_HIGH_WATER;
use loiter::config::TlsSettings;
use loiter::http::app::App;
use loiter::http::tls_facts::TlsVersion;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;
use loiter::proto::tls::acceptor::{Acceptor, AcceptorConfig};
use loiter::server::identity::{Identity, Resolver};
use loiter_fuzz::play::Player;
use loiter_fuzz::script::{self, Step};
use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{RootCertStore, version};

/// A server, and a client of each version.
static SIDES: LazyLock<(Arc<Acceptor>, [Arc<ClientConfig>; 2])> = LazyLock::new(|| {
    let identity = Arc::new(
        Identity::build(&TlsSettings::default(), None, SystemTime::now()).expect("an identity"),
    );
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
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .expect("a version")
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        Arc::new(config)
    });
    (Arc::new(acceptor.expect("an acceptor")), clients)
});

/// Rounds after which the two never come to an end.
const MOST_ROUNDS: usize = 50_000;
/// A conversation ends after this much: more of the same finds nothing new.
const ENOUGH: usize = 1024 * 1024;

pub(crate) fn run(data: &[u8]) {
    let Some((&flags, rest)) = data.split_first() else { return };
    match flags & 1 {
        0 => arrive(flags, rest),
        _ => converse(flags, rest),
    }
}

/// Arbitrary bytes, whole and one at a time.
fn arrive(flags: u8, bytes: &[u8]) {
    let protocol = if flags & 2 == 0 { Protocol::Https } else { Protocol::Http };
    let app = script::app(flags >> 2);
    for piece in [bytes.len().max(1), 1] {
        let player = Player::new(&app, protocol, 1).secure(&SIDES.0);
        player.play(&[Step::Arrive(bytes.to_vec()), Step::End], piece);
    }
}

/// A handshake and what the client sends after it, in pieces. Where nothing is changed, the answers
/// are those of a connection without TLS.
fn converse(flags: u8, rest: &[u8]) {
    let [high, low, change, cut, bytes @ ..] = rest else { return };
    let app = script::app(flags >> 3);
    let mut server = Driver::new(app.clone(), Protocol::Https, 1);
    server.tls = Some(Arc::clone(&SIDES.0));
    let config = &SIDES.1[usize::from(flags >> 1 & 1)];
    let name = "localhost".try_into().expect("a name");
    let mut client = ClientConnection::new(Arc::clone(config), name).expect("a client");
    client.writer().write_all(bytes).expect("a buffer");
    let change = (usize::from(u16::from_be_bytes([*high, *low])), *change);
    let mut pair = Pair { client, server, change, sent: 0, heard: Vec::new(), failed: false };
    let over = pair.talk(usize::from(*cut) * 8 + 1, flags & 4 != 0);
    if change.1 == 0 {
        assert!(!pair.failed, "the client understands what it was sent");
        let plain = plain(&app, bytes, flags & 4 != 0);
        // What shows the scheme, or how time passed, differs.
        let alike = !contains(&plain, b"://") && plain.len() < ENOUGH && over;
        assert!(!alike || plain == pair.heard, "the answers are not those without TLS");
    }
}

struct Pair {
    client: ClientConnection,
    server: Driver,
    /// Which byte of the client's is changed, and how.
    change: (usize, u8),
    sent: usize,
    heard: Vec<u8>,
    failed: bool,
}

impl Pair {
    /// Moves bytes and time until nothing happens any more; returns whether it came to that.
    fn talk(&mut self, cut: usize, closes: bool) -> bool {
        for _ in 0..MOST_ROUNDS {
            if closes && !self.client.is_handshaking() {
                self.client.send_close_notify();
            }
            let mut flight = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut flight).expect("a buffer");
            }
            if let Some(byte) = flight.get_mut(self.change.0.wrapping_sub(self.sent)) {
                *byte ^= self.change.1;
            }
            self.sent += flight.len();
            let idle = flight.is_empty();
            let mut next = self.server.receive(flight.get(..cut.min(flight.len())).unwrap_or(b""));
            for piece in flight.get(cut..).unwrap_or_default().chunks(cut) {
                self.hear();
                next = self.server.receive(piece);
            }
            let heard = self.hear();
            match next {
                Next::Close | Next::Reset | Next::Linger(_) => return true,
                _ if self.heard.len() >= ENOUGH => return false,
                Next::Sleep(until) => self.server.clock.now = until,
                Next::Read(_) if idle && !heard => return true,
                _ => {}
            }
        }
        panic!("no end");
    }

    /// The client reads what the server wrote; returns whether there was anything.
    fn hear(&mut self) -> bool {
        let answer = self.server.output.unread().to_vec();
        self.server.output.clear();
        assert!(answer.len() <= BODY_HIGH_WATER + ENOUGH, "{} bytes at once", answer.len());
        let mut rest = &answer[..];
        while !rest.is_empty() && !self.failed {
            self.client.read_tls(&mut rest).expect("a buffer");
            match self.client.process_new_packets() {
                Ok(state) => {
                    let start = self.heard.len();
                    self.heard.resize(start + state.plaintext_bytes_to_read(), 0);
                    self.client.reader().read_exact(&mut self.heard[start..]).expect("as many");
                }
                Err(_) => self.failed = true,
            }
        }
        !answer.is_empty()
    }
}

/// The answers to these bytes without TLS.
fn plain(app: &App, bytes: &[u8], closes: bool) -> Vec<u8> {
    let mut driver = Driver::new(app.clone(), Protocol::Http, 1);
    (driver.edge.read_eof, driver.edge.eof_reported) = (closes, closes);
    let mut said = Vec::new();
    let mut next = driver.receive(bytes);
    for _ in 0..MOST_ROUNDS {
        said.extend_from_slice(driver.output.unread());
        driver.output.clear();
        match next {
            Next::Sleep(until) => driver.clock.now = until,
            Next::Write if said.len() < ENOUGH => {}
            _ => break,
        }
        next = driver.receive(b"");
    }
    said
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
