//! A client's end of a connection, with or without TLS.
//!
//! The certificate is not verified: the load is what is measured, and any server may be its target.

use super::socket;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use std::io::{self, Read, Write};
use std::os::fd::RawFd;
use std::sync::Arc;

/// A socket and, where the URL is https, its TLS state, about 8 KiB.
pub(crate) struct Link {
    pub(crate) fd: RawFd,
    tls: Option<Box<ClientConnection>>,
}

impl Link {
    /// TLS if there is a configuration for it. A request follows the end of the handshake at once,
    /// so it must not wait for that to be acknowledged (Nagle's algorithm).
    pub(crate) fn new(fd: RawFd, config: Option<&Arc<ClientConfig>>) -> io::Result<Link> {
        let tls = config.map(connection).transpose()?.map(Box::new);
        if tls.is_some() {
            socket::send_at_once(fd)?;
        }
        Ok(Link { fd, tls })
    }

    /// No socket.
    pub(crate) fn none() -> Link {
        Link { fd: -1, tls: None }
    }

    /// Goes on with the handshake; true once requests can be written. The client's last message
    /// goes out with the first request.
    pub(crate) fn is_open(&mut self) -> io::Result<bool> {
        let Some(tls) = &mut self.tls else { return Ok(true) };
        let mut socket = Socket(self.fd);
        while tls.is_handshaking() {
            if flush(tls, &mut socket)? || !receive(tls, &mut socket)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// How many bytes were taken. With TLS that is all of them: what the socket does not take goes
    /// out with the next call.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => socket::write(self.fd, bytes),
            Some(tls) => {
                let n = tls.writer().write(bytes)?;
                flush(tls, &mut Socket(self.fd)).map(|_| n)
            }
        }
    }

    /// Writes what the socket did not take before.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.tls.as_mut().map_or(Ok(false), |tls| flush(tls, &mut Socket(self.fd))).map(drop)
    }

    /// As `socket::read`: 0 at the end of the stream, an error if there is nothing.
    pub(crate) fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some(tls) = &mut self.tls else { return socket::read(self.fd, into) };
        loop {
            match tls.reader().read(into) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
            if !receive(tls, &mut Socket(self.fd))? {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        }
    }
}

fn connection(config: &Arc<ClientConfig>) -> io::Result<ClientConnection> {
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)
}

/// Whether the socket takes no more.
fn flush(tls: &mut ClientConnection, socket: &mut Socket) -> io::Result<bool> {
    while tls.wants_write() {
        match tls.write_tls(socket) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(true),
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// False if the socket has nothing now.
fn receive(tls: &mut ClientConnection, socket: &mut Socket) -> io::Result<bool> {
    match tls.read_tls(socket) {
        Ok(0) if tls.is_handshaking() => return Err(io::ErrorKind::UnexpectedEof.into()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
        Err(error) => return Err(error),
    }
    tls.process_new_packets().map(|_| true).map_err(io::Error::other)
}

struct Socket(RawFd);

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        socket::read(self.0, into)
    }
}

impl Write for Socket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        socket::write(self.0, bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Every connection has a handshake of its own, without a session to resume.
pub(crate) fn config(protocol: &str) -> io::Result<Arc<ClientConfig>> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    Ok(Arc::new(config))
}

/// Accepts every certificate.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
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
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
