//! Conversations with rustls' own client, in virtual time.

mod bounds;
mod data;
mod handshake;
mod modified;

use std::io::{Read, Write};
use std::sync::Arc;

use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::client::{ClientConfig, ClientConnection};
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, SupportedProtocolVersion, version};

use super::acceptor::{Acceptor, AcceptorConfig};
use crate::http::app::App;
use crate::http::tls_facts::TlsVersion;
use crate::proto::Next;
use crate::proto::conn::Protocol;
use crate::proto::test_driver::Driver;

/// A certificate for `localhost` that is its own root, and its key.
pub(super) struct Identity {
    pub(super) der: CertificateDer<'static>,
    pub(super) key: PrivatePkcs8KeyDer<'static>,
}

impl Identity {
    pub(super) fn new(subject: &str) -> Identity {
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, subject);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().into();
        Identity { der, key: key.serialize_der().into() }
    }

    pub(super) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        roots
    }
}

/// A server's side, which clients connect to again and again.
pub(super) struct Server {
    pub(super) identity: Identity,
    pub(super) acceptor: Arc<Acceptor>,
}

impl Server {
    pub(super) fn new(change: impl FnOnce(&mut AcceptorConfig)) -> Server {
        let identity = Identity::new("server");
        let key = any_supported_type(&identity.key.clone_key().into()).unwrap();
        let pair = CertifiedKey::new(vec![identity.der.clone()], key);
        let mut config = AcceptorConfig {
            resolver: Arc::new(SingleCertAndKey::from(pair)),
            client_auth: None,
            alpn: vec![b"http/1.1".to_vec()],
            versions: TlsVersion::ALL,
            key_log: None,
        };
        change(&mut config);
        Server { identity, acceptor: Arc::new(Acceptor::new(&config).unwrap()) }
    }

    /// A client that trusts it, and speaks these versions.
    pub(super) fn client(&self, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(self.identity.roots())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }

    /// A connection of such a client that has sent nothing.
    pub(super) fn connect(&self, config: &Arc<ClientConfig>, protocol: Protocol) -> Pair {
        let mut server = Driver::new(App::default(), protocol, 1);
        server.tls = Some(self.acceptor.clone());
        let client = ClientConnection::new(config.clone(), "localhost".try_into().unwrap());
        let mut client = client.unwrap();
        client.set_buffer_limit(None);
        Pair {
            client,
            server,
            next: Next::Write,
            cut: usize::MAX,
            heard: Vec::new(),
            wire: [Vec::new(), Vec::new()],
            error: None,
            is_over: false,
            most_output: 0,
        }
    }
}

/// A client and a server that talk to each other.
pub(super) struct Pair {
    pub(super) client: ClientConnection,
    pub(super) server: Driver,
    /// What the server waits for.
    pub(super) next: Next,
    /// The longest piece in which bytes arrive.
    pub(super) cut: usize,
    /// What the client has read.
    pub(super) heard: Vec<u8>,
    /// What went over the wire, from the client and from the server.
    pub(super) wire: [Vec<u8>; 2],
    /// Why the client gave up.
    pub(super) error: Option<rustls::Error>,
    /// Whether the client has read the end of the server's bytes.
    pub(super) is_over: bool,
    /// Most bytes of one answer that the client has not taken yet.
    pub(super) most_output: usize,
}

impl Pair {
    /// Moves bytes until neither side has more for the other.
    pub(super) fn talk(&mut self) -> &mut Pair {
        for _ in 0..100_000 {
            let mut sent = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut sent).unwrap();
            }
            if sent.is_empty() && self.server.output.is_empty() && self.next != Next::Write {
                return self;
            }
            self.wire[0].extend_from_slice(&sent);
            if sent.is_empty() {
                self.receive(b"");
            }
            for piece in sent.chunks(self.cut) {
                self.receive(piece);
            }
        }
        panic!("no end: {:?}", self.next);
    }

    /// Lets bytes arrive at the server, and its answer at the client.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        self.next = self.server.receive(bytes);
        let answer = self.server.output.unread().to_vec();
        self.server.output.clear();
        self.most_output = self.most_output.max(answer.len());
        self.wire[1].extend_from_slice(&answer);
        for mut piece in answer.chunks(self.cut) {
            while !piece.is_empty() {
                self.client.read_tls(&mut piece).unwrap();
                self.process();
            }
        }
        if matches!(self.next, Next::Close | Next::Linger(_)) && !self.is_over {
            self.is_over = true;
            self.client.read_tls(&mut &b""[..]).unwrap();
            self.process();
        }
    }

    fn process(&mut self) {
        match self.client.process_new_packets() {
            Ok(state) => {
                let mut read = vec![0; state.plaintext_bytes_to_read()];
                self.client.reader().read_exact(&mut read).unwrap();
                self.heard.extend(read);
            }
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }

    /// Sends a request, and returns what the client has read once nothing more comes.
    pub(super) fn ask(&mut self, bytes: &[u8]) -> String {
        self.client.writer().write_all(bytes).unwrap();
        self.talk();
        String::from_utf8_lossy(&std::mem::take(&mut self.heard)).into_owned()
    }

    /// The same for a GET of this path.
    pub(super) fn get(&mut self, path: &str) -> String {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
    }
}

pub(super) const BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS12, &version::TLS13];
