//! What is known of a TLS connection.

/// What the handshake of a TLS connection agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// The version, as `TLS 1.3`.
    pub version: &'static str,
}
