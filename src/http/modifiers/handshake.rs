//! What modifiers of a listener, or of the server, do to a TLS handshake.

use std::fmt;

use super::row::Name;
use crate::base::number::is_digits;
use crate::base::text::{nearest, shortened};
use crate::http::tls_facts::TlsVersion;

/// What is done to one handshake. The default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandshakePlan {
    /// Delay of the ServerHello, in microseconds.
    pub delay_us: u64,
    /// What takes the place of the ServerHello.
    pub fault: Option<HandshakeFault>,
    /// The only version that is spoken.
    pub only: Option<TlsVersion>,
}

impl HandshakePlan {
    /// The modifiers that it applies.
    pub fn applied(&self) -> impl Iterator<Item = Name> {
        let applied = [
            (Name::Hello, self.delay_us > 0),
            (Name::Handshake, self.fault.is_some()),
            (Name::Tls, self.only.is_some()),
        ];
        applied.into_iter().filter_map(|(name, is_applied)| is_applied.then_some(name))
    }
}

/// How a handshake breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFault {
    /// Silence in place of the ServerHello.
    Hang,
    /// FIN in place of the ServerHello.
    Close,
    /// TCP RST once the ServerHello is out.
    Reset,
    /// Random bytes in place of the ServerHello, then FIN.
    Garbage,
    /// A fatal alert of this number in place of the ServerHello, then FIN.
    Alert(u8),
}

impl HandshakeFault {
    /// Parses its name; for an alert, `alert:` and its number or name. The error is what is wrong,
    /// as a sentence.
    pub fn parse(text: &str) -> Result<HandshakeFault, String> {
        const NAMES: [&str; 5] = ["hang", "close", "reset", "garbage", "alert"];
        let shown = shortened(text);
        match text.split_once(':') {
            Some(("alert", code)) => alert(code).map(HandshakeFault::Alert),
            None if text == "hang" => Ok(HandshakeFault::Hang),
            None if text == "close" => Ok(HandshakeFault::Close),
            None if text == "reset" => Ok(HandshakeFault::Reset),
            None if text == "garbage" => Ok(HandshakeFault::Garbage),
            None if text == "alert" => {
                Err("`alert` has no number; write alert:CODE, such as alert:40".to_owned())
            }
            _ => Err(match nearest(text, NAMES.into_iter(), &[("rst", "reset")]) {
                Some(near) => format!("`{shown}` breaks no handshake; did you mean {near}?"),
                None => format!("`{shown}` breaks no handshake; write {}", NAMES.join(", ")),
            }),
        }
    }
}

impl fmt::Display for HandshakeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandshakeFault::Hang => f.write_str("hang"),
            HandshakeFault::Close => f.write_str("close"),
            HandshakeFault::Reset => f.write_str("reset"),
            HandshakeFault::Garbage => f.write_str("garbage"),
            HandshakeFault::Alert(code) => write!(f, "alert:{code}"),
        }
    }
}

/// The alerts that a server sends in a handshake (RFC 8446 6), and what RFC 5246 has beyond them.
const ALERTS: [(&str, u8); 24] = [
    ("close_notify", 0),
    ("unexpected_message", 10),
    ("bad_record_mac", 20),
    ("record_overflow", 22),
    ("handshake_failure", 40),
    ("bad_certificate", 42),
    ("unsupported_certificate", 43),
    ("certificate_revoked", 44),
    ("certificate_expired", 45),
    ("certificate_unknown", 46),
    ("illegal_parameter", 47),
    ("unknown_ca", 48),
    ("access_denied", 49),
    ("decode_error", 50),
    ("decrypt_error", 51),
    ("protocol_version", 70),
    ("insufficient_security", 71),
    ("internal_error", 80),
    ("inappropriate_fallback", 86),
    ("user_canceled", 90),
    ("missing_extension", 109),
    ("unrecognized_name", 112),
    ("certificate_required", 116),
    ("no_application_protocol", 120),
];

fn alert(code: &str) -> Result<u8, String> {
    let number = code.parse().ok().filter(|_| is_digits(code));
    let named = ALERTS.iter().find(|(name, _)| *name == code).map(|(_, number)| *number);
    let wrong = || {
        let names = ALERTS.iter().map(|(name, _)| *name);
        match nearest(code, names, &[]) {
            Some(near) => format!("`{}` is not an alert; did you mean {near}?", shortened(code)),
            None => format!(
                "`{}` is not an alert; write 0 to 255, or a name such as handshake_failure",
                shortened(code)
            ),
        }
    };
    number.or(named).ok_or_else(wrong)
}
