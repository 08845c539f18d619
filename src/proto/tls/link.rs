//! One TLS connection, without buffers: the only place that names rustls' connection, because its
//! next version has another interface.

use std::fmt;
use std::sync::Arc;

use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
};
use rustls::{Error, HandshakeKind, ProtocolVersion, ServerConfig};

use crate::base::buf::Buf;
use crate::base::limits::{TLS_RECORD_BYTES, TLS_RECORD_OVERHEAD};
use crate::http::tls_facts::{ClientHello, TlsFacts, TlsVersion};

/// rustls' part of a connection.
pub(super) struct Link {
    conn: UnbufferedServerConnection,
    /// Whether the client has sent close_notify.
    pub(super) closed: bool,
}

/// The connection cannot go on: the alert that says why is in the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed;

impl Link {
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Link, Error> {
        UnbufferedServerConnection::new(config).map(|conn| Link { conn, closed: false })
    }

    /// Opens every whole record of `input`: what the client sent is appended to `plain`, and what
    /// follows from a handshake or an alert to `output`.
    ///
    /// What stays in `input` is the beginning of a record or of a handshake message, of 64 KiB at
    /// most. It is to be kept as it is, because records are decrypted in place.
    pub(super) fn open(
        &mut self,
        input: &mut Buf,
        plain: &mut Vec<u8>,
        output: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        loop {
            let UnbufferedStatus { mut discard, state } =
                self.conn.process_tls_records(input.unread_mut());
            match state {
                Ok(ConnectionState::ReadTraffic(mut records)) => {
                    while let Some(Ok(record)) = records.next_record() {
                        discard += record.discard;
                        plain.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(output, 0, |room| data.encode(room));
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.closed = true,
                Ok(_) if self.closed => {
                    input.clear();
                    return Ok(());
                }
                Ok(_) => {
                    input.consume(discard);
                    return Ok(());
                }
                Err(_) => {
                    self.alert(input, output);
                    return Err(Failed);
                }
            }
            input.consume(discard);
        }
    }

    /// Appends the alert of an error. rustls is not asked for anything else after an error.
    #[cold]
    fn alert(&mut self, input: &mut Buf, output: &mut Vec<u8>) {
        while self.conn.wants_write() {
            let status = self.conn.process_tls_records(input.unread_mut());
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else { return };
            append(output, 0, |room| data.encode(room));
        }
    }

    /// Appends `plain` to `output`, in records of 16 KiB. `input` is what [`open`](Link::open)
    /// left.
    /// Returns `false` if nothing can be sent: the handshake is not over.
    pub(super) fn seal(&mut self, input: &mut Buf, plain: &[u8], output: &mut Vec<u8>) -> bool {
        let state = self.conn.process_tls_records(input.unread_mut()).state;
        let Ok(ConnectionState::WriteTraffic(mut traffic)) = state else { return false };
        let records = plain.len() / TLS_RECORD_BYTES + 1;
        let room = plain.len() + records * TLS_RECORD_OVERHEAD;
        append(output, room, |room| traffic.encrypt(plain, room))
    }

    /// Appends a close_notify, if the handshake is over. Nothing may be opened or sealed after it.
    pub(super) fn close(&mut self, input: &mut Buf, output: &mut Vec<u8>) {
        let state = self.conn.process_tls_records(input.unread_mut()).state;
        if let Ok(ConnectionState::WriteTraffic(mut traffic)) = state {
            append(output, TLS_RECORD_OVERHEAD, |room| traffic.queue_close_notify(room));
        }
    }

    /// Whether the handshake is not over.
    pub(super) fn is_handshaking(&self) -> bool {
        self.conn.is_handshaking()
    }

    /// What the handshake agreed on; `None` while it is not over.
    pub(super) fn facts(&self, hello: Option<ClientHello>) -> Option<TlsFacts> {
        let conn = &self.conn;
        let version = match conn.protocol_version()? {
            ProtocolVersion::TLSv1_2 => TlsVersion::Tls12,
            ProtocolVersion::TLSv1_3 => TlsVersion::Tls13,
            _ => return None,
        };
        let chain = conn.peer_certificates().unwrap_or_default();
        Some(TlsFacts {
            version,
            suite: conn.negotiated_cipher_suite()?.suite().into(),
            group: conn.negotiated_key_exchange_group().map(|group| group.name().into()),
            alpn: conn.alpn_protocol().map(Box::from),
            resumed: conn.handshake_kind() == Some(HandshakeKind::Resumed),
            close_notify: false,
            client_chain: chain.iter().map(|der| Box::from(&**der)).collect(),
            hello,
        })
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("closed", &self.closed).finish_non_exhaustive()
    }
}

/// Appends what `write` writes into `room` bytes, or into as many as it says it needs.
fn append<E: Into<TooSmall>>(
    output: &mut Vec<u8>,
    mut room: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, E>,
) -> bool {
    let start = output.len();
    for _ in 0..2 {
        output.resize(start + room, 0);
        match write(output.get_mut(start..).unwrap_or_default()).map_err(E::into) {
            Ok(written) => {
                output.truncate(start + written);
                return true;
            }
            Err(TooSmall(Some(needed))) => room = needed,
            Err(TooSmall(None)) => break,
        }
    }
    output.truncate(start);
    false
}

/// How many bytes of room are needed; `None`: it is another error.
struct TooSmall(Option<usize>);

impl From<EncodeError> for TooSmall {
    fn from(error: EncodeError) -> TooSmall {
        match error {
            EncodeError::InsufficientSize(InsufficientSizeError { required_size }) => {
                TooSmall(Some(required_size))
            }
            EncodeError::AlreadyEncoded => TooSmall(None),
        }
    }
}

impl From<EncryptError> for TooSmall {
    fn from(error: EncryptError) -> TooSmall {
        match error {
            EncryptError::InsufficientSize(InsufficientSizeError { required_size }) => {
                TooSmall(Some(required_size))
            }
            EncryptError::EncryptExhausted => TooSmall(None),
        }
    }
}
