//! Where the admin listener is.

use super::listen::{Bind, Listen};
use super::unix::SocketName;
use super::values::BadValue;
use crate::proto::proxy_protocol::ProxyMode;

/// The mode of its socket file if none is given: who can connect can control the server.
const OWNER_ALONE: u32 = 0o600;

/// Parses `HOST:PORT`, also after `http://`, or `unix:PATH`; `off` for none.
pub(crate) fn parse(text: &str) -> Result<Option<Bind>, BadValue> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    let has_scheme = text.contains("://") || text.starts_with("unix:");
    let listen: Listen = match has_scheme {
        true => text.parse()?,
        false => format!("http://{text}").parse()?,
    };
    if !listen.modifiers.is_empty() {
        return Err(BadValue::new(format!(
            "`{text}` has modifiers, which the admin listener has not"
        ))
        .advise(format!("write {}", listen.bind)));
    }
    if listen.proxy != ProxyMode::Off {
        return Err(BadValue::new(format!("`{text}`: the admin listener has no PROXY protocol"))
            .advise(format!("write {}", listen.bind)));
    }
    match listen.bind {
        Bind::Unix(mut socket) => {
            let has_mode = text.split(['?', '&']).skip(1).any(|one| one.starts_with("mode="));
            if !has_mode && matches!(socket.name, SocketName::File(_)) {
                socket.mode = OWNER_ALONE;
            }
            Ok(Some(Bind::Unix(socket)))
        }
        Bind::Http(host) => Ok(Some(Bind::Http(host))),
        bind => Err(BadValue::new(format!("the admin listener cannot speak {bind}"))
            .advise("it is plain HTTP: write HOST:PORT or unix:PATH")),
    }
}

/// Writes it so that [`parse`] reads it back.
pub(crate) fn show(admin: Option<&Bind>) -> String {
    match admin {
        None => "off".to_owned(),
        // A mode is shown by the address unless it is a listener's default, which is not ours.
        Some(Bind::Unix(socket)) if matches!(socket.name, SocketName::File(_)) => {
            let shown = socket.with(Vec::new());
            match shown.contains("mode=") {
                true => shown,
                false => socket.with(vec![format!("mode={:04o}", socket.mode)]),
            }
        }
        Some(bind) => bind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        parse(text).map_or_else(|bad| bad.to_string(), |bind| show(bind.as_ref()))
    }

    #[test]
    fn what_is_shown_reads_back() {
        for (text, expected) in [
            ("off", "off"),
            ("OFF", "off"),
            ("127.0.0.1:9090", "http://127.0.0.1:9090"),
            (":9090", "http://[::]:9090"),
            ("http://localhost:0/", "http://localhost:0"),
            ("unix:/run/admin", "unix:/run/admin?mode=0600"),
            ("unix:admin?mode=0660&group=0", "unix:admin?mode=0660&group=0"),
            ("unix:admin?mode=666", "unix:admin?mode=0666"),
            ("unix:admin?owner=0", "unix:admin?mode=0600&owner=0"),
            ("unix:@admin", "unix:@admin"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
            assert_eq!(shown(expected), expected, "{text}");
        }
    }

    #[test]
    fn every_mistake_says_what_to_write_instead() {
        for (text, said) in [
            ("9090", "write 127.0.0.1:9090 for this machine only, or :9090"),
            ("on", "`on` has no port; write HOST:PORT"),
            ("https://:9090", "cannot speak https://[::]:9090; it is plain HTTP: write HOST:PORT"),
            ("tcp-echo://:9090", "it is plain HTTP"),
            (":9090/~delay=1s", "which the admin listener has not; write http://[::]:9090"),
            ("unix:a?~last", "which the admin listener has not; write unix:a"),
            (":9090?proxy=required", "has no PROXY protocol; write http://[::]:9090"),
            ("unix:a?x=1", "`x=1` is not an option of a socket file"),
        ] {
            assert!(shown(text).contains(said), "{text}: {}", shown(text));
        }
    }
}
