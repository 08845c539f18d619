//! Certificates that a client must refuse, each for one reason: what badssl.com serves, by name.

use std::fmt;

/// A certificate with one thing wrong. A listener serves it for `~cert=expired`, and any listener
/// for a server name that begins with it: `expired.localhost`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Certificate {
    /// Its validity is over.
    Expired,
    /// Its validity has not begun.
    NotYetValid,
    /// It is for another host, which the authority may sign for.
    WrongHost,
    /// Its own key signed it.
    SelfSigned,
    /// An authority signed it that is not the server's own.
    UntrustedRoot,
    /// The authority between it and the root is not sent.
    IncompleteChain,
    /// The server's revocation list has it.
    Revoked,
    /// The authority between it and the root has a short key.
    WeakKey,
    /// It has neither a common name nor an alternative name.
    NoName,
}

impl Certificate {
    /// Every one of them.
    pub const ALL: [Certificate; 9] = [
        Certificate::Expired,
        Certificate::NotYetValid,
        Certificate::WrongHost,
        Certificate::SelfSigned,
        Certificate::UntrustedRoot,
        Certificate::IncompleteChain,
        Certificate::Revoked,
        Certificate::WeakKey,
        Certificate::NoName,
    ];

    /// Its name as a value, and as the first label of a server name.
    pub const fn name(self) -> &'static str {
        match self {
            Certificate::Expired => "expired",
            Certificate::NotYetValid => "not-yet-valid",
            Certificate::WrongHost => "wrong-host",
            Certificate::SelfSigned => "self-signed",
            Certificate::UntrustedRoot => "untrusted-root",
            Certificate::IncompleteChain => "incomplete-chain",
            Certificate::Revoked => "revoked",
            Certificate::WeakKey => "weak-key",
            Certificate::NoName => "no-name",
        }
    }

    /// What is wrong with it, for help.
    pub const fn about(self) -> &'static str {
        match self {
            Certificate::Expired => "valid until a week ago",
            Certificate::NotYetValid => "valid in a week",
            Certificate::WrongHost => "for other.localhost alone",
            Certificate::SelfSigned => "signed by its own key",
            Certificate::UntrustedRoot => "signed by another CA, whose certificate is sent",
            Certificate::IncompleteChain => "signed by an intermediate CA that is not sent",
            Certificate::Revoked => "in the CA's revocation list, /crl.pem",
            Certificate::WeakKey => "signed by an intermediate CA with 768 bits of RSA",
            Certificate::NoName => "neither a common name nor an alternative name",
        }
    }

    /// The one of this name.
    pub fn parse(text: &str) -> Option<Certificate> {
        Certificate::ALL.into_iter().find(|certificate| certificate.name() == text)
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
