//! `/base64`: encodes and decodes.
//!
//! Refusals start with go-httpbin's text, which clients look for.
//!
//! Departure from httpbin: decoded text is `text/plain` and not `text/html`, unless dangerous
//! responses are allowed, since a link could run a script in the server's origin.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::params::bad;
use super::route::{Kind, Origin, Others, Param, Route};
use crate::base::text::shortened;
use crate::http::app::App;
use crate::http::compat::GO_HTTPBIN;
use crate::http::fields::parameters::{MEDIA_TYPE, is_media_type};
use crate::http::html;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;
use crate::http::uri::query;

const HINT: &str = "Incorrect Base64 data try: SFRUUEJJTiBpcyBhd2Vzb21l";
const SAMPLE: &str = "SFRUUEJJTiBpcyBhd2Vzb21l";
const VALUE: Param = Param::path("value", Kind::Text, SAMPLE, "text in base64").go(&GO_CODE);
const GO_CODE: Param = Param::path("value", Kind::Text, SAMPLE, "text in base64").like(CODED);
/// `encode` accepts any text, so the pattern for `decode` cannot be described.
const EITHER: Param =
    Param::path("value", Kind::Text, SAMPLE, "base64 to decode, or text to encode")
        .like(ONE_SEGMENT)
        .go(&Param { about: "base64 to decode, or text to encode", ..GO_CODE });
const OP: Param =
    Param::path("op", Kind::Choice(&["encode", "decode"], Others::Refused), "decode", "operation");
const MEDIA: Param = Param::query("content-type", Kind::Text, "media type of the answer")
    .like(MEDIA_TYPE)
    .blank()
    .go(&Param::query("content-type", Kind::Text, "media type of the answer"));
/// Base64 in the URL-safe or in the standard alphabet, as [`go_decode`] accepts it.
const CODED: &str = concat!(
    "^(([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{4}|[A-Za-z0-9_-]{3}=|[A-Za-z0-9_-]{2}==)",
    "|([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==))$",
);
/// The same without a slash, which separates path segments in httpbin.
const ONE_SEGMENT: &str = concat!(
    "^(([A-Za-z0-9_-]{4})*([A-Za-z0-9_-]{4}|[A-Za-z0-9_-]{3}=|[A-Za-z0-9_-]{2}==)",
    "|([A-Za-z0-9+]{4})*([A-Za-z0-9+]{4}|[A-Za-z0-9+]{3}=|[A-Za-z0-9+]{2}==))$",
);

/// A route in `content`'s group; the next is another.
pub(super) const TEXT: Route = Route::get("/base64/{value}", text, "Returns a base64 text decoded")
    .with(&[VALUE, MEDIA])
    .go(decode)
    .answers("*/*");
pub(super) const OPERATION: Route =
    Route::get("/base64/{op}/{value}", operation, "Returns a text encoded in base64, or decoded")
        .from(Origin::GoHttpbin)
        .with(&[OP, EITHER, MEDIA])
        .answers("*/*");

/// Neither engine checks trailing bits, as in Python and Go.
const fn engine(alphabet: &alphabet::Alphabet, padding: DecodePaddingMode) -> GeneralPurpose {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(alphabet, config.with_decode_padding_mode(padding))
}

const URL_SAFE: GeneralPurpose = engine(&alphabet::URL_SAFE, DecodePaddingMode::RequireCanonical);
pub(super) const STANDARD: GeneralPurpose =
    engine(&alphabet::STANDARD, DecodePaddingMode::RequireCanonical);
const BARE: GeneralPurpose = engine(&alphabet::STANDARD, DecodePaddingMode::RequireNone);

/// `/base64/{value}` in httpbin: an invalid text is answered with a hint and 200.
fn text(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let value = bounded(app, request.param(0))?;
    let text = python_decode(value).filter(|bytes| std::str::from_utf8(bytes).is_ok());
    typed_reply(app, request, text.unwrap_or_else(|| HINT.into()))
}

/// `/base64/{value}` in go-httpbin.
fn decode(app: &App, request: &Request) -> Result<Reply, Refusal> {
    typed_reply(app, request, go_decode(bounded(app, request.param(0))?)?)
}

/// `/base64/{op}/{value}`, from go-httpbin.
fn operation(app: &App, request: &Request) -> Result<Reply, Refusal> {
    let value = bounded(app, request.param(1))?;
    let bytes = match request.param(0) {
        b"encode" => URL_SAFE.encode(value).into_bytes(),
        b"decode" => go_decode(value)?,
        op => {
            let op = String::from_utf8_lossy(op);
            let text = format!("invalid operation: {}; write encode or decode", shortened(&op));
            return Err(Refusal::bad(text));
        }
    };
    typed_reply(app, request, bytes)
}

fn bounded<'a>(app: &App, value: &'a [u8]) -> Result<&'a [u8], Refusal> {
    let most = app.limits.body_bytes;
    if value.len() as u64 <= most {
        Ok(value)
    } else {
        Err(Refusal::bad(format!("input data exceeds max length of {most}")))
    }
}

/// The answer, with the requested media type.
fn typed_reply(app: &App, request: &Request, bytes: Vec<u8>) -> Result<Reply, Refusal> {
    let free = app.dangerous_responses;
    match query::given(&GO_HTTPBIN, query::first(request, "content-type")) {
        None if free && app.compat.pages => Ok(Reply::whole(Status::OK, Media::Html, bytes)),
        None => Ok(Reply::whole(Status::OK, Media::Text, bytes)),
        Some(media) if !app.compat.strict && !is_media_type(&media) => Err(bad(
            "content-type",
            &media,
            "expected a media type, such as text/plain, without control characters",
        )),
        Some(media) => {
            let escaped = html::is_dangerous(&media) && !free;
            let bytes = if escaped { html::escape_bytes(&bytes) } else { bytes };
            let mut reply = Reply::whole(Status::OK, Media::None, bytes);
            reply.headers.push_as_go("Content-Type", &media);
            Ok(reply)
        }
    }
}

/// Decodes as Python's `urlsafe_b64decode`: both alphabets, other bytes skipped, nothing read after
/// the padding. `None` if the padding is missing.
fn python_decode(value: &[u8]) -> Option<Vec<u8>> {
    let mut symbols = Vec::with_capacity(value.len());
    let mut pads = 0;
    for &byte in value {
        let symbol = match byte {
            b'=' => {
                pads += usize::from(symbols.len() % 4 >= 2);
                if pads > 0 && symbols.len() % 4 + pads >= 4 {
                    return BARE.decode(symbols).ok();
                }
                continue;
            }
            b'-' => b'+',
            b'_' => b'/',
            byte if byte.is_ascii_alphanumeric() || b"+/".contains(&byte) => byte,
            _ => continue,
        };
        pads = 0;
        symbols.push(symbol);
    }
    BARE.decode(&symbols).ok().filter(|_| symbols.len() % 4 == 0)
}

/// Decodes as go-httpbin: by the URL-safe alphabet, else by the standard one.
fn go_decode(value: &[u8]) -> Result<Vec<u8>, Refusal> {
    let bytes = URL_SAFE.decode(value).or_else(|_| STANDARD.decode(value));
    bytes.map_err(|_| {
        let value = String::from_utf8_lossy(value);
        Refusal::bad(format!("base64 decode failed: \"{}\" is not valid base64", shortened(&value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Answers of httpbin 0.10.4.
    #[test]
    fn base64_as_python_reads_it() {
        for (value, text) in [
            ("SGVsbG8=", "Hello"),
            ("SGV!sbG8=", "Hello"),
            ("SGVsbG8==x", "Hello"),
            ("SGVsbG9=", "Hello"),
            ("====", ""),
            ("YQ==YQ==", "a"),
            ("PGI-", "<b>"),
            ("\u{fffd}", ""),
            ("4pyT", "✓"),
            ("=SGVsbG8=", "Hello"),
            ("SGVsbG8==", "Hello"),
            ("Y=Q==", "a"),
        ] {
            assert_eq!(python_decode(value.as_bytes()), Some(text.into()), "{value}");
        }
        for value in ["SGVsbG8", "a", "YQ", "YQ=", "Y==="] {
            assert_eq!(python_decode(value.as_bytes()), None, "{value}");
        }
        assert_eq!(python_decode(b"_-8="), Some(vec![0xff, 0xef]));
    }

    #[test]
    fn base64_as_go_reads_it() {
        assert_eq!(go_decode(b"_-8=").unwrap(), [0xff, 0xef]);
        assert_eq!(go_decode(b"/+8=").unwrap(), [0xff, 0xef]);
        assert_eq!(go_decode(b"YR==").unwrap(), b"a");
        for value in ["/-8=", "YQ", "Y!Q==", "é"] {
            assert!(go_decode(value.as_bytes()).is_err(), "{value}");
        }
    }
}
