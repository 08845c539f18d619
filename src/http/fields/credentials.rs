//! Credentials in the Authorization field (RFC 9110 11.4); malformed ones count as missing.

use crate::base::limits::MAX_DIGEST_PARAMETERS;
use crate::http::request::Request;

/// A request's Authorization; several fields are joined as by gunicorn. Empty if there is none.
pub fn authorization(request: &Request) -> Vec<u8> {
    request.joined("Authorization").unwrap_or_default()
}

/// The user and password of Basic credentials (RFC 7617): UTF-8, split at the first `:`.
pub fn basic(authorization: &[u8]) -> Option<(String, String)> {
    use base64::engine::{Engine, general_purpose::STANDARD};
    let rest = after_scheme(authorization, b"basic")?;
    let text = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// The parameters of Digest credentials (RFC 7616 3.4), in order of arrival.
#[derive(Debug, PartialEq)]
pub struct Parameters(Vec<(Vec<u8>, Vec<u8>)>);

impl Parameters {
    /// Parses Digest credentials; `None` for other schemes, repeated names or too many parameters.
    pub fn digest(authorization: &[u8]) -> Option<Parameters> {
        let mut rest = skip(after_scheme(authorization, b"digest")?);
        let mut parameters = Parameters(Vec::new());
        while !rest.is_empty() {
            let (name, value, after) = parameter(rest)?;
            if parameters.find(&name).is_some() || parameters.0.len() == MAX_DIGEST_PARAMETERS {
                return None;
            }
            parameters.0.push((name, value));
            let after = after.trim_ascii_start();
            if !after.is_empty() && !after.starts_with(b",") {
                return None;
            }
            rest = skip(after);
        }
        (!parameters.0.is_empty()).then_some(parameters)
    }

    /// The value of a parameter; `name` is in lower case.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.find(name.as_bytes())
    }

    fn find(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.iter().find(|entry| entry.0 == name).map(|entry| entry.1.as_slice())
    }
}

/// The text after the scheme of this name, in any case.
fn after_scheme<'a>(authorization: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (name, rest) = authorization.split_at_checked(scheme.len())?;
    let blank = rest.first().is_some_and(u8::is_ascii_whitespace);
    (name.eq_ignore_ascii_case(scheme) && blank).then(|| rest.trim_ascii())
}

/// The list without leading whitespace and empty items.
fn skip(mut list: &[u8]) -> &[u8] {
    while let Some((b' ' | b'\t' | b',', rest)) = list.split_first() {
        list = rest;
    }
    list
}

/// The first parameter of a list, with its name in lower case, and the rest.
fn parameter(list: &[u8]) -> Option<(Vec<u8>, Vec<u8>, &[u8])> {
    let (name, rest) = word(list)?;
    let rest = rest.trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (value, rest) = match rest.strip_prefix(b"\"") {
        Some(inside) => quoted(inside)?,
        None => word(rest).map(|(value, rest)| (value.to_vec(), rest))?,
    };
    Some((name.to_ascii_lowercase(), value, rest))
}

/// Any text without delimiters: clients of go-httpbin may omit the quotes of any value.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let ends = |byte: &u8| matches!(byte, b' ' | b'\t' | b',' | b'"' | b'=');
    let end = text.iter().position(ends).unwrap_or(text.len());
    text.split_at_checked(end).filter(|(word, _)| !word.is_empty())
}

/// The content of a quoted string after its opening quote, without escapes, and the rest.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut value = Vec::new();
    let mut rest = text;
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((value, rest)),
            b'\\' => {
                let (&escaped, after) = rest.split_first()?;
                value.push(escaped);
                rest = after;
            }
            _ => value.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(user: &str, password: &str) -> Option<(String, String)> {
        Some((user.into(), password.into()))
    }

    #[test]
    fn basic_logins() {
        assert_eq!(basic(b"Basic dTpw"), pair("u", "p"));
        assert_eq!(basic(b"BASIC   dTpwOnE= "), pair("u", "p:q"));
        assert_eq!(basic(b"basic w6k6w7w="), pair("é", "ü"));
        assert_eq!(basic(b"Basic Og=="), pair("", ""));
        let bad: [&[u8]; 9] = [
            b"",
            b"Basic",
            b"Basic ",
            b"BasicdTpw",
            b"Basic dTpw!",
            b"Basic dTpwOnE",
            b"Basic dXA=",
            b"Basic /zpw",
            b"Bearer dTpw",
        ];
        for bad in bad {
            assert_eq!(basic(bad), None, "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn digest_logins() {
        let text = b"dIgEsT  ,USERNAME = \"a\\\"\\b, c=\" ,\tnc=00000001,, uri=/x?y, e=\"\" ,";
        let login = Parameters::digest(text).unwrap();
        assert_eq!(login.get("username"), Some(b"a\"b, c=".as_slice()));
        assert_eq!(login.get("nc"), Some(b"00000001".as_slice()));
        assert_eq!(login.get("uri"), Some(b"/x?y".as_slice()));
        assert_eq!(login.get("e"), Some(b"".as_slice()));
        assert_eq!(login.get("realm"), None);
    }

    #[test]
    fn invalid_digest_credentials() {
        for text in [
            "",
            "Digest",
            "Digest ",
            "Digest ,",
            "Digest x",
            "Digest x=",
            "Digest =x",
            "Digest x=,",
            "Digest x=\"",
            "Digest x=\"\\",
            "Digest x=\"a\"b",
            "Digest x=a b",
            "Digest x=1, X=2",
            "Digestx=1",
            "Basic x=1",
            "Digest x=a=b",
            "Digest \"x\"=1",
        ] {
            assert_eq!(Parameters::digest(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn parameters_are_bounded() {
        let login = |count: usize| {
            let names: String = (0..count).map(|n| format!("p{n}=1,")).collect();
            Parameters::digest(format!("Digest {names}").as_bytes())
        };
        assert!(login(MAX_DIGEST_PARAMETERS).is_some());
        assert_eq!(login(MAX_DIGEST_PARAMETERS + 1), None);
    }

    proptest::proptest! {
        #[test]
        fn no_field_panics(text in "(Digest )?[a-c=,\" \\\\\t\u{0}-\u{ff}]{0,40}") {
            let _ = (Parameters::digest(text.as_bytes()), basic(text.as_bytes()));
        }
    }
}
