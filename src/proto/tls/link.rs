//! One TLS connection, without buffers: the only place that names rustls' connection, because its
//! next version has another interface.

use std::fmt;
use std::sync::Arc;

use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncryptError, InsufficientSizeError, UnbufferedStatus,
    WriteTraffic,
};
use rustls::{Error, HandshakeKind, ProtocolVersion, ServerConfig};

use crate::base::buf::Buf;
use crate::base::limits::{
    HANDSHAKE_INPUT_BYTES, IDLE_TLS_RECORDS, TLS_INPUT_BYTES, TLS_RECORD_BYTES, TLS_RECORD_OVERHEAD,
};
use crate::http::tls_facts::{ClientHello, TlsFacts, TlsVersion};

type Traffic<'a> = WriteTraffic<'a, ServerConnectionData>;

/// rustls' part of a connection.
pub(super) struct Link {
    /// In a box of its own, so that a connection without a ClientHello is small.
    conn: Box<UnbufferedServerConnection>,
    /// Bytes of the input, in whole records, that rustls has read and still needs.
    read: usize,
}

/// What has been opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// All that has arrived.
    All,
    /// The client's last bytes: it has sent close_notify.
    Last,
}

/// Why the connection cannot go on.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Failed {
    /// The alert that says why is in the output.
    Refused(Error),
    /// Too much of a message has arrived, and not all.
    TooLong,
    /// Too many records brought nothing.
    Idle,
    /// Nothing more can be encrypted with its keys (RFC 9325 4.4); close_notify is in the output.
    Exhausted,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failed::Refused(error) => error.fmt(f),
            Failed::TooLong => f.write_str("the records of an unfinished message are too long"),
            Failed::Idle => f.write_str("too many records without data"),
            Failed::Exhausted => f.write_str("the keys have encrypted as much as they may"),
        }
    }
}

impl Link {
    pub(super) fn new(config: Arc<ServerConfig>) -> Result<Link, Error> {
        UnbufferedServerConnection::new(config).map(|conn| Link { conn: Box::new(conn), read: 0 })
    }

    /// Opens every whole record of `input`: what the client sent is appended to `plain`, and what
    /// follows from a handshake or an alert to `output`.
    ///
    /// What stays in `input` is the beginning of a record or of a handshake message, which has a
    /// bound. It is to be kept as it is, because records are decrypted in place. rustls is given
    /// one record at a time, or it would open any number that bring nothing in one call.
    pub(super) fn open(
        &mut self,
        input: &mut Buf,
        plain: &mut Vec<u8>,
        output: &mut Vec<u8>,
    ) -> Result<Opened, Failed> {
        let mut opened = Opened::All;
        let mut idle = 0;
        loop {
            let (mut may_end, mut rests) = (false, false);
            let whole = self.record_end(input.unread());
            self.read = whole.unwrap_or(self.read);
            let end = whole.unwrap_or(input.len());
            let records = input.unread_mut().get_mut(..end).unwrap_or_default();
            let UnbufferedStatus { mut discard, state } = self.conn.process_tls_records(records);
            match state {
                Ok(ConnectionState::ReadTraffic(mut records)) => {
                    may_end = true;
                    while let Some(Ok(record)) = records.next_record() {
                        discard += record.discard;
                        plain.extend_from_slice(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(output, 0, |room| data.encode(room));
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => opened = Opened::Last,
                Ok(ConnectionState::WriteTraffic(_) | ConnectionState::BlockedHandshake) => {
                    rests = true;
                }
                // Both sides have sent close_notify, or it is a state that we do not ask for.
                Ok(_) => return Ok(Opened::Last),
                Err(error) => {
                    self.alert(input, output);
                    return Err(Failed::Refused(error));
                }
            }
            input.consume(discard);
            self.read = self.read.saturating_sub(discard);
            if rests && opened == Opened::Last {
                return Ok(opened);
            }
            if rests && whole.is_none() {
                let fits = input.len() <= self.most_input();
                return if fits { Ok(opened) } else { Err(Failed::TooLong) };
            }
            idle += u32::from(rests && !self.is_handshaking());
            if idle > IDLE_TLS_RECORDS {
                return Err(Failed::Idle);
            }
            // Nearly always: another round would find nothing.
            if may_end && input.is_empty() && !self.conn.wants_write() {
                return Ok(opened);
            }
        }
    }

    /// Where the first record ends that rustls has not read; `None` if not all of it is there.
    fn record_end(&self, input: &[u8]) -> Option<usize> {
        let [_, _, _, high, low] = *input.get(self.read..)?.first_chunk()?;
        let end = self.read + 5 + usize::from(u16::from_be_bytes([high, low]));
        (end <= input.len()).then_some(end)
    }

    /// Most bytes that may stay in the input.
    fn most_input(&self) -> usize {
        if self.is_handshaking() { HANDSHAKE_INPUT_BYTES } else { TLS_INPUT_BYTES }
    }

    /// Appends the alert of an error. rustls is not asked for anything else after it.
    #[cold]
    fn alert(&mut self, input: &mut Buf, output: &mut Vec<u8>) {
        while self.conn.wants_write() {
            let status = self.conn.process_tls_records(input.unread_mut());
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else { return };
            append(output, 0, |room| data.encode(room));
        }
    }

    /// Appends `plain` to `output`, in records of 16 KiB. `input` is what [`open`](Link::open)
    /// left. Nothing is sent before the handshake is over. After an error, none of it is sealed.
    pub(super) fn seal(
        &mut self,
        input: &mut Buf,
        plain: &[u8],
        output: &mut Vec<u8>,
    ) -> Result<(), Failed> {
        let records = plain.len() / TLS_RECORD_BYTES + 1;
        let room = plain.len() + records * TLS_RECORD_OVERHEAD;
        if self.send(input, output, room, |traffic, room| traffic.encrypt(plain, room)) {
            return Ok(());
        }
        self.alert(input, output);
        Err(Failed::Exhausted)
    }

    /// Appends a close_notify, likewise. Nothing may be opened or sealed after it.
    pub(super) fn close(&mut self, input: &mut Buf, output: &mut Vec<u8>) {
        let room = TLS_RECORD_OVERHEAD;
        self.send(input, output, room, |traffic, room| traffic.queue_close_notify(room));
    }

    /// Returns whether it has written.
    fn send(
        &mut self,
        input: &mut Buf,
        output: &mut Vec<u8>,
        room: usize,
        mut write: impl FnMut(&mut Traffic, &mut [u8]) -> Result<usize, EncryptError>,
    ) -> bool {
        loop {
            match self.conn.process_tls_records(input.unread_mut()).state {
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    return append(output, room, |room| write(&mut traffic, room));
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    append(output, 0, |room| data.encode(room));
                }
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                _ => return false,
            }
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
            alpn: known_protocol(conn.alpn_protocol()),
            resumed: conn.handshake_kind() == Some(HandshakeKind::Resumed),
            close_notify: false,
            client_chain: chain.iter().map(|der| Box::from(&**der)).collect(),
            hello,
        })
    }
}

/// The name without memory of its own: no listener speaks another protocol.
fn known_protocol(agreed: Option<&[u8]>) -> Option<&'static [u8]> {
    [&b"h2"[..], b"http/1.1"].into_iter().find(|name| Some(*name) == agreed)
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// Appends what `write` writes into `room` bytes, or into as many as it says it needs. Returns
/// whether it did.
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
