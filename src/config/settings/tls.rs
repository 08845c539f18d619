//! TLS, its certificates, and HTTP/2.

use super::*;
use crate::config::tls::{ALPNS, Alpn, CLIENT_AUTHS, KEY_LOG, VERSIONS};

/// Most streams that a connection can be allowed: it cannot number more (RFC 9113 5.1.1).
const MOST_STREAMS: u64 = 1 << 30;

const FILE: &str = "the name of a file; empty for none";
const FILES: &str = "names of PEM files, separated by commas; empty for none";

/// A file that need not be given.
macro_rules! file {
    ($field:ident) => {
        Setting {
            shape: Shape::File,
            value: "FILE",
            takes: FILE,
            set: |s, text| {
                s.tls.$field = (!text.is_empty()).then(|| PathBuf::from(text));
                Ok(())
            },
            show: |s| s.tls.$field.as_deref().map_or(String::new(), |f| f.display().to_string()),
            ..ROW
        }
    };
}

/// A list of files.
macro_rules! files {
    ($field:ident) => {
        Setting {
            shape: Shape::List,
            value: "FILE",
            takes: FILES,
            set: |s, text| {
                s.tls.$field = items(text).map(PathBuf::from).collect();
                Ok(())
            },
            show: |s| {
                let names = s.tls.$field.iter().map(|file| file.display().to_string());
                names.collect::<Vec<_>>().join("\n")
            },
            ..ROW
        }
    };
}

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "tls-cert",
        also: &["HTTPS_CERT_FILE"],
        help: "Certificate chain for TLS, the server's own certificate first; can be repeated: the \
               client's server name selects one, or else it is the first. Without any, loiter \
               makes a CA and certificates in memory, and shows the CA's at /ca.pem",
        ..files!(certificates)
    },
    Setting {
        name: "tls-key",
        also: &["HTTPS_KEY_FILE"],
        help: "Private key of each --tls-cert, in the same order",
        ..files!(keys)
    },
    Setting {
        name: "tls-min",
        shape: Shape::Choice(&["1.2", "1.3"]),
        value: "VERSION",
        takes: "1.2 or 1.3",
        help: "Lowest version of TLS that is accepted",
        ..choice!(tls.min, VERSIONS)
    },
    Setting {
        name: "alpn",
        shape: Shape::List,
        value: "PROTOCOL",
        takes: "h2 and http/1.1, separated by commas, the preferred one first; or none",
        help: "Protocols that TLS offers (ALPN); a client that is offered none, or asks for none, \
               speaks HTTP/1.1",
        set: |s, text| alpn(text).map(|alpn| s.tls.alpn = alpn),
        show: |s| match &s.tls.alpn[..] {
            [] => "none".to_owned(),
            all => all.iter().map(|alpn| alpn.name()).collect::<Vec<_>>().join("\n"),
        },
        ..ROW
    },
    Setting {
        name: "ca-out",
        help: "File to which the certificate of loiter's own CA is written at the start, for \
               clients to trust; its key is never written",
        ..file!(ca_out)
    },
    Setting {
        name: "ca-seed",
        value: "TEXT",
        takes: "16 random characters or more; empty for a new CA at each start",
        help: "Text from which the key of loiter's own CA is derived, so that restarts and \
               replicas have the same CA. It should be random, as of `openssl rand -hex 16`: a \
               short one can be guessed. Whoever knows it can sign certificates for the names \
               that the CA is limited to",
        secret: true,
        set: |s, text| {
            s.tls.ca_seed = (!text.is_empty()).then(|| text.to_owned());
            Ok(())
        },
        show: |s| s.tls.ca_seed.clone().unwrap_or_default(),
        ..ROW
    },
    Setting {
        name: "ca-file",
        help: "PEM file with the certificate and the private key of a CA to use in place of one \
               that loiter makes",
        ..file!(ca_file)
    },
    Setting {
        name: "tls-client-ca",
        help: "PEM file with the CA certificates for certificates of clients (mTLS)",
        ..file!(client_ca)
    },
    Setting {
        name: "tls-client-auth",
        shape: Shape::Choice(&["auto", "off", "optional", "required"]),
        value: "WHEN",
        takes: "auto (required with --tls-client-ca, else off), off, optional or required",
        help: "Whether clients need a certificate from --tls-client-ca; one that is not valid \
               always fails the handshake",
        ..choice!(tls.client_auth, CLIENT_AUTHS)
    },
    Setting {
        name: "tls-key-log",
        also: &[KEY_LOG],
        help: "File to which the secrets of TLS sessions are appended, so that Wireshark can read \
               captured traffic; ignored with --profile public",
        ..file!(key_log)
    },
    Setting {
        name: "h2c-upgrade",
        help: "Change to HTTP/2 when a request without TLS asks for it (Upgrade: h2c), as curl \
               --http2 does; HTTP/2 with prior knowledge needs no setting",
        ..switch!(api.h2c_upgrade)
    },
    Setting {
        name: "max-streams",
        takes: "a whole number from 1 to 1073741824",
        help: "Most requests at a time on one HTTP/2 connection (SETTINGS_MAX_CONCURRENT_STREAMS); \
               further ones are refused",
        ..count!(api.limits.streams, 1..=MOST_STREAMS)
    },
];

fn alpn(text: &str) -> Result<Vec<Alpn>, BadValue> {
    if text == "none" {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for item in items(text) {
        let alpn = choice(item, &ALPNS)?;
        if all.contains(&alpn) {
            return Err(BadValue::new(format!("`{item}` is there twice")));
        }
        all.push(alpn);
    }
    Ok(all)
}
