//! A client with TLS, and certificates made for it.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, WebPkiServerVerifier};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{
    DigitallySignedStruct, Error, RootCertStore, SignatureScheme, StreamOwned,
    SupportedProtocolVersion, version,
};

use crate::process::{DEADLINE, Daemon, Folder};

pub(crate) type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Both versions, and their names in `/tls`.
pub(crate) fn both_versions() -> [(&'static SupportedProtocolVersion, &'static str); 2] {
    [(&version::TLS12, "TLS 1.2"), (&version::TLS13, "TLS 1.3")]
}

/// A client that keeps its tickets.
#[derive(Clone)]
pub(crate) struct Client {
    verifier: Arc<dyn ServerCertVerifier>,
    versions: Vec<&'static SupportedProtocolVersion>,
    config: Arc<ClientConfig>,
}

impl Client {
    /// A client that trusts the certificates in this PEM, which may have other text before it.
    pub(crate) fn trusting(pem: &str) -> Client {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(certificate.expect("PEM")).expect("a CA");
        }
        let provider = Arc::new(default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        Client::verifying_by(verifier.build().expect("a CA"))
    }

    /// A client that trusts everyone.
    pub(crate) fn unverified() -> Client {
        Client::verifying_by(Arc::new(Everyone))
    }

    fn verifying_by(verifier: Arc<dyn ServerCertVerifier>) -> Client {
        let versions = both_versions().map(|(version, _)| version).to_vec();
        let config = config(&verifier, &versions, None);
        Client { verifier, versions, config }
    }

    /// The same with this version alone.
    pub(crate) fn speaking(self, version: &'static SupportedProtocolVersion) -> Client {
        let versions = vec![version];
        Client { config: config(&self.verifier, &versions, None), versions, ..self }
    }

    /// The same with these protocols for ALPN.
    pub(crate) fn offering(mut self, protocols: &[&str]) -> Client {
        let protocols = protocols.iter().map(|name| name.as_bytes().to_vec());
        Arc::make_mut(&mut self.config).alpn_protocols = protocols.collect();
        self
    }

    /// The same with a certificate of its own.
    pub(crate) fn showing(self, own: &Issued) -> Client {
        Client { config: config(&self.verifier, &self.versions, Some(own)), ..self }
    }

    /// A connection after its handshake.
    pub(crate) fn connect(&self, daemon: &Daemon, name: &str) -> io::Result<Stream> {
        self.connect_to(daemon.address, name)
    }

    /// The same to another address.
    pub(crate) fn connect_to(&self, address: SocketAddr, name: &str) -> io::Result<Stream> {
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let connection = ClientConnection::new(Arc::clone(&self.config), name);
        let socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(DEADLINE))?;
        let mut stream = StreamOwned::new(connection.map_err(io::Error::other)?, socket);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(stream)
    }

    /// The protocol that ALPN chose.
    pub(crate) fn negotiated(&self, daemon: &Daemon) -> Option<String> {
        let stream = self.connect(daemon, "localhost").expect("a handshake");
        stream.conn.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned())
    }

    /// Sends one request to the server of this name; returns the answer's head and body.
    pub(crate) fn get(
        &self,
        daemon: &Daemon,
        name: &str,
        path: &str,
    ) -> io::Result<(String, String)> {
        let mut stream = self.connect(daemon, name)?;
        let head = format!("GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
        Ok((head.to_owned(), body.to_owned()))
    }
}

fn config(
    verifier: &Arc<dyn ServerCertVerifier>,
    versions: &[&'static SupportedProtocolVersion],
    own: Option<&Issued>,
) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier));
    let mut config = match own {
        Some(Issued { chain, key, .. }) => {
            let key = PrivatePkcs8KeyDer::from(key.serialize_der());
            builder.with_client_auth_cert(chain.clone(), PrivateKeyDer::from(key)).expect("a pair")
        }
        None => builder.with_no_client_auth(),
    };
    config.resumption = Resumption::in_memory_sessions(8);
    Arc::new(config)
}

/// A certificate, its chain and its key.
pub(crate) struct Issued {
    params: CertificateParams,
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

/// The files of a certificate and its key.
pub(crate) struct Files {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Issued {
    /// A CA of this name.
    pub(crate) fn ca(name: &str) -> Issued {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("random numbers");
        let certificate = params.self_signed(&key).expect("a key that signs");
        Issued { chain: vec![certificate.der().clone()], params, key }
    }

    /// A certificate for this host or client, signed by this CA.
    pub(crate) fn signed(&self, name: &str) -> Issued {
        let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("random numbers");
        let ca = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &ca).expect("a key that signs");
        Issued { chain: vec![certificate.der().clone()], params, key }
    }

    /// The certificate in PEM.
    pub(crate) fn pem(&self) -> String {
        use base64::Engine;
        let text = base64::engine::general_purpose::STANDARD.encode(&self.chain[0]);
        format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
    }

    /// Writes both to files of this name.
    pub(crate) fn save(&self, folder: &Folder, name: &str) -> Files {
        use base64::Engine;
        let key = base64::engine::general_purpose::STANDARD.encode(self.key.serialize_der());
        let key = format!("-----BEGIN PRIVATE KEY-----\n{key}\n-----END PRIVATE KEY-----\n");
        Files {
            certificate: folder.with(&format!("{name}.crt"), &self.pem()),
            key: folder.with(&format!("{name}.key"), &key),
        }
    }
}

/// Accepts every certificate.
#[derive(Debug)]
struct Everyone;

impl ServerCertVerifier for Everyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
