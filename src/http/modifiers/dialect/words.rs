//! The words of each dialect, and the modifiers that they become.
//!
//! What each program does was read in its sources. Where it ignores a value, it is refused here: a
//! test that is not what it seems to be is worse than an error.

use std::borrow::Cow;

use super::convert::How::{self, *};
use super::convert::values;
use super::{Dialect, Dialects};
use crate::http::modifiers::{BadModifier, Carrier, Modifiers, Name};
use crate::http::request::Field;
use crate::http::uri::percent::{form_decode, utf8_or_replacement};

use Dialect::{Curltest, EchoServer, Envoy, Fortio, HttpHttpsEcho};

/// A word of a dialect, and the modifier that it becomes. Some become several.
#[derive(Debug)]
struct Word {
    dialect: Dialect,
    /// The name of a field, in lower case; empty if no field has it.
    field: &'static str,
    /// The name of an argument of the query; empty if none has it.
    argument: &'static str,
    modifier: Name,
    how: How,
}

const fn word(
    dialect: Dialect,
    (field, argument): (&'static str, &'static str),
    modifier: Name,
    how: How,
) -> Word {
    Word { dialect, field, argument, modifier, how }
}

const DELAY_MS: How = Number { unit: "ms", percentage: "x-envoy-fault-delay-request-percentage" };
const ABORT: How = Number { unit: "", percentage: "x-envoy-fault-abort-request-percentage" };
const RATE: How =
    Number { unit: "KiB", percentage: "x-envoy-fault-throughput-response-percentage" };
const MS: How = Number { unit: "ms", percentage: "" };
const NUMBER: How = Number { unit: "", percentage: "" };
const NO_ENV: How = Refused("there is no modifier for the environment; request /env");

/// Every word.
static WORDS: [Word; 42] = [
    word(Fortio, ("", "delay"), Name::Delay, Percentages { duration: true }),
    word(Fortio, ("", "status"), Name::Status, Percentages { duration: false }),
    word(Fortio, ("", "size"), Name::Text, Filler),
    word(Fortio, ("", "size"), Name::Header, Always("Content-Type:application/octet-stream")),
    word(Fortio, ("", "close"), Name::Last, Switch),
    word(Fortio, ("", "header"), Name::Header, Behind("")),
    word(Fortio, ("", "gzip"), Name::Text, Refused("no modifier compresses; request /gzip")),
    word(Envoy, ("x-envoy-fault-delay-request", ""), Name::Delay, DELAY_MS),
    word(Envoy, ("x-envoy-fault-abort-request", ""), Name::Status, ABORT),
    word(Envoy, ("x-envoy-fault-throughput-response", ""), Name::Rate, RATE),
    word(
        Envoy,
        ("x-envoy-fault-abort-grpc-request", ""),
        Name::Status,
        Refused("gRPC is not available; use x-envoy-fault-abort-request"),
    ),
    word(EchoServer, ("x-echo-time", "echo_time"), Name::Delay, MS),
    word(EchoServer, ("x-echo-code", "echo_code"), Name::Status, Codes),
    word(EchoServer, ("x-echo-body", "echo_body"), Name::Text, Json),
    word(
        EchoServer,
        ("x-echo-body", "echo_body"),
        Name::Header,
        Always("Content-Type:application/json"),
    ),
    word(EchoServer, ("x-echo-header", "echo_header"), Name::Header, Fields),
    word(EchoServer, ("x-echo-env-body", "echo_env_body"), Name::Text, NO_ENV),
    word(EchoServer, ("x-echo-file", "echo_file"), Name::Text, Refused("it serves no files")),
    word(HttpHttpsEcho, BOTH_DELAY, Name::Delay, MS),
    word(HttpHttpsEcho, BOTH_CODE, Name::Status, NUMBER),
    word(HttpHttpsEcho, BOTH_TYPE, Name::Header, MediaType),
    word(
        HttpHttpsEcho,
        ("", "response_body_only"),
        Name::Text,
        Refused("no modifier echoes the body; request /echo"),
    ),
    word(Curltest, ("", "status"), Name::Status, NUMBER),
    word(Curltest, ("", "delay"), Name::Delay, ApacheTime),
    word(Curltest, ("", "read_delay"), Name::Delay, ApacheTime),
    word(Curltest, ("", "chunks"), Name::Text, Chunks),
    word(Curltest, ("", "chunks"), Name::Header, Always("Content-Type:application/octet-stream")),
    word(Curltest, ("", "chunks"), Name::Frame, Framing),
    word(Curltest, ("", "chunk_size"), Name::Piece, NUMBER),
    word(Curltest, ("", "chunk_delay"), Name::Body, ApacheTime),
    word(Curltest, ("", "chunk_delay"), Name::Gap, ApacheTime),
    word(Curltest, ("", "with_cl"), Name::Frame, Framing),
    word(Curltest, ("", "body_error"), Name::Fault, BodyError),
    word(Curltest, ("", "error"), Name::Status, OneOf(&[("timeout", "408"), ("reset", "400")])),
    word(Curltest, ("", "id"), Name::Header, Behind("request-id:")),
    word(Curltest, ("", "x-hd"), Name::Pad, NUMBER),
    word(Curltest, ("", "x-hd1"), Name::Header, LongField),
    word(Curltest, ("", "close"), Name::Idle, CloseDelay),
    word(Curltest, ("", "just_die"), Name::Fault, Always("close")),
    word(Curltest, ("", "die_after_100"), Name::Fault, Always("close:up:0")),
    word(Curltest, ("", "die_after"), Name::Fault, Behind("truncate:")),
    word(Curltest, ("", "max_upload"), Name::Status, Refused("no modifier counts; use status=413")),
];

const BOTH_DELAY: (&str, &str) = ("x-set-response-delay-ms", "x-set-response-delay-ms");
const BOTH_CODE: (&str, &str) = ("x-set-response-status-code", "x-set-response-status-code");
const BOTH_TYPE: (&str, &str) = ("x-set-response-content-type", "x-set-response-content-type");

/// Each word: its dialect, and its names as a field and as an argument, empty where there is none.
pub fn all() -> impl Iterator<Item = (Dialect, &'static str, &'static str)> {
    WORDS.iter().map(|word| (word.dialect, word.field, word.argument))
}

/// The modifiers of a request's fields in these dialects.
pub fn of_fields(dialects: Dialects, fields: &[Field]) -> Result<Modifiers, BadModifier> {
    let pairs = fields.iter().map(|field| {
        let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
        (Cow::Owned(name), utf8_or_replacement(Cow::Borrowed(field.value)))
    });
    modifiers(dialects, Carrier::DialectField, &pairs.collect::<Vec<_>>(), |word| word.field)
}

/// The modifiers of a query as it was sent in these dialects, without the names that are parameters
/// of the endpoint.
pub fn of_query(
    dialects: Dialects,
    raw: &[u8],
    is_parameter: impl Fn(&str) -> bool,
) -> Result<Modifiers, BadModifier> {
    let text = |raw| utf8_or_replacement(form_decode(raw));
    let pairs = raw.split(|&byte| byte == b'&').map(|pair| {
        let equals = memchr::memchr(b'=', pair).and_then(|at| pair.split_at_checked(at));
        let (name, value) = equals.unwrap_or((pair, b"="));
        (text(name), text(value.get(1..).unwrap_or_default()))
    });
    let pairs = pairs.filter(|(name, _)| !is_parameter(name)).collect::<Vec<_>>();
    modifiers(dialects, Carrier::DialectArgument, &pairs, |word| word.argument)
}

/// The modifiers of these names and values. A word that several dialects have is the first one's.
fn modifiers(
    dialects: Dialects,
    carrier: Carrier,
    pairs: &[(Cow<str>, Cow<str>)],
    name_of: impl Fn(&Word) -> &'static str,
) -> Result<Modifiers, BadModifier> {
    let mut modifiers = Modifiers::new(carrier);
    let known = || WORDS.iter().filter(|word| dialects.contains(word.dialect));
    let find = |wanted: &str| {
        let pair = pairs.iter().find(|(name, _)| *name == wanted);
        pair.map(|(_, value)| value.as_ref())
    };
    for (name, value) in pairs.iter().filter(|(name, _)| !name.is_empty()) {
        let first = known().find(|word| name_of(word) == name).map(|word| word.dialect);
        for word in known().filter(|word| name_of(word) == name && Some(word.dialect) == first) {
            let bad = |reason| BadModifier::new(carrier, &format!("{name}={value}"), reason);
            for value in values(&word.how, value, &find).map_err(bad)? {
                let added = modifiers.add(word.modifier.text(), Some(&value));
                added.map_err(|error| bad(error.reason))?;
            }
        }
    }
    Ok(modifiers)
}
