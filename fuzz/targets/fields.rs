//! Values of single fields: cookies, credentials, URI references, entity tags, media types.

use loiter::http::char_class::is_field_value;
use loiter::http::compat::CookieQuoting;
use loiter::http::fields::conditional::{self, Validator};
use loiter::http::fields::{cookies, credentials, parameters::Parameterized};
use loiter::http::html;
use loiter::http::uri::percent::percent_decode;
use loiter::http::uri::reference::Reference;

const NAMES: [&str; 8] = [
    "Cookie",
    "Authorization",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "If-Modified-Since",
    "If-Unmodified-Since",
    "Cookie",
];

pub(crate) fn run(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    let fields: Vec<_> = NAMES.into_iter().zip(values.iter().copied().cycle()).collect();
    loiter_fuzz::ask(&fields, b"", |request| {
        for (name, value) in cookies::of(request) {
            let spelled = cookies::quote(CookieQuoting::Octal, &value);
            assert!(is_field_value(&spelled), "{spelled:?} cannot be sent");
            // Each byte of a name is read as one character, so only ASCII names are compared here.
            if cookies::is_name(&name) && name.is_ascii() {
                comes_back(&name, &value, &spelled);
            }
        }
        for value in cookies::of_go(request).values() {
            assert!(
                is_field_value(&cookies::quote(CookieQuoting::Drop, value)),
                "{value:?} cannot be sent"
            );
        }
        let login = credentials::authorization(request);
        if let Some((user, _)) = credentials::basic(&login) {
            assert!(!user.contains(':'), "the user holds the colon");
        }
        credentials::Parameters::digest(&login);
        let validator = Validator { tag: "tag", modified_s: Some(784_111_777) };
        validator.evaluate(request);
        validator.allows_range(request);
    });
    conditional::has_tag(data, "tag");
    let text = String::from_utf8_lossy(data);
    let options = Parameterized::parse(&text);
    html::is_dangerous(&options.value);
    let escaped = html::escape(&text);
    assert!(!escaped.contains(['<', '>']), "{escaped:?} is markup");
    if let Some(reference) = Reference::parse(&text) {
        refers_to_the_same(&reference);
    }
}

/// A cookie written for `Set-Cookie` reads back the same.
fn comes_back(name: &str, value: &str, spelled: &str) {
    let field = format!("{name}={spelled}");
    loiter_fuzz::ask(&[("Cookie", field.as_bytes())], b"", |request| {
        let read = cookies::of(request);
        assert_eq!(read.get(name).map(String::as_str), Some(value), "sent as {field:?}");
    });
}

/// The written reference has the same host as the original, and is ASCII without spaces.
fn refers_to_the_same(reference: &Reference) {
    let uri = reference.to_uri();
    assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()), "{uri:?} cannot be sent");
    let again = Reference::parse(&uri).unwrap_or_else(|| panic!("{uri:?} is not a reference"));
    assert_eq!(again.to_uri(), uri, "the second encoding differs");
    assert!(again.is_local() || !reference.is_local(), "{reference:?} is written as {uri:?}");
    let host = |reference: &Reference| {
        let host = reference.web_host()?.to_ascii_lowercase();
        Some(percent_decode(host.as_bytes()).to_ascii_lowercase())
    };
    assert_eq!(host(&again), host(reference), "{reference:?} is written as {uri:?}");
}
