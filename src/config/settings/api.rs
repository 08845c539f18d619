//! Whose API is spoken, and what its answers may tell.

use std::net::Ipv6Addr;

use super::*;
use crate::http::char_class::is_token;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "compat",
        also: &[],
        shape: Shape::Choice(&["httpbin", "go-httpbin"]),
        value: "API",
        default: "httpbin",
        takes: "httpbin or go-httpbin",
        help: "API to follow where httpbin and go-httpbin differ",
        set: |s, text| compat(text).map(|compat| s.compat = compat),
        show: |s| s.compat.name.to_owned(),
    },
    Setting {
        name: "prefix",
        also: &["PREFIX"],
        shape: Shape::Text,
        value: "PATH",
        default: "",
        takes: "a path that starts with / and ends without, such as /httpbin; empty for none",
        help: "Path under which everything is served",
        set: |s, text| prefix(text).map(|prefix| s.prefix = prefix),
        show: |s| s.prefix.clone(),
    },
    Setting {
        name: "exclude-headers",
        also: &["EXCLUDE_HEADERS"],
        shape: Shape::List,
        value: "NAME",
        default: "",
        takes: "names of header fields with commas between them; * stands for any text, as in cf-*",
        help: "Header fields of a request that no answer tells",
        set: |s, text| list(text, field_pattern).map(|names| s.exclude_headers = names),
        show: |s| s.exclude_headers.join(","),
    },
    Setting {
        name: "allowed-redirect-domains",
        also: &["ALLOWED_REDIRECT_DOMAINS"],
        shape: Shape::List,
        value: "HOST",
        default: "",
        takes: "names of hosts with commas between them; empty for all, none for this server only",
        help: "Hosts that /redirect-to may send clients to",
        set: |s, text| {
            s.redirects = match text {
                "none" => Redirects::Hosts(Vec::new()),
                _ => match list(text, domain)? {
                    hosts if hosts.is_empty() => Redirects::All,
                    hosts => Redirects::Hosts(hosts),
                },
            };
            Ok(())
        },
        show: |s| match &s.redirects {
            Redirects::All => String::new(),
            Redirects::Hosts(hosts) if hosts.is_empty() => "none".to_owned(),
            Redirects::Hosts(hosts) => hosts.join(","),
        },
    },
    Setting {
        name: "use-real-hostname",
        also: &["USE_REAL_HOSTNAME"],
        shape: Shape::Switch,
        value: "on|off",
        default: "off",
        takes: ON_OR_OFF,
        help: "Let /hostname tell the machine's name instead of a made-up one",
        set: |s, text| switch(text).map(|on| s.real_hostname = on),
        show: |s| on_off(s.real_hostname),
    },
    Setting {
        name: "use-full-version",
        also: &["USE_FULL_VERSION"],
        shape: Shape::Switch,
        value: "on|off",
        default: "off",
        takes: ON_OR_OFF,
        help: "Let /version tell which version this is, instead of the name alone",
        set: |s, text| switch(text).map(|on| s.full_version = on),
        show: |s| on_off(s.full_version),
    },
    Setting {
        name: "unsafe-allow-dangerous-responses",
        also: &["UNSAFE_ALLOW_DANGEROUS_RESPONSES"],
        shape: Shape::Switch,
        value: "on|off",
        default: "off",
        takes: ON_OR_OFF,
        help: "Let clients choose any media type for their own text, also one that makes a browser \
               run it: never where browsers have anything to lose on this host",
        set: |s, text| switch(text).map(|on| s.dangerous_responses = on),
        show: |s| on_off(s.dangerous_responses),
    },
];

fn compat(text: &str) -> Result<&'static Compat, BadValue> {
    let unknown = || BadValue::new(format!("`{text}` is not one of its values"));
    Compat::named(&text.to_ascii_lowercase()).ok_or_else(unknown)
}

/// A prefix goes into headers and pages, and is compared with decoded paths: only characters that
/// mean themselves in all of them are taken.
fn prefix(text: &str) -> Result<String, BadValue> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let Some(path) = text.strip_prefix('/') else {
        return Err(BadValue::new(format!("`{text}` does not start with /")));
    };
    if path.is_empty() || path.ends_with('/') {
        return Err(BadValue::new(format!("`{text}` ends in /")));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    if let Some(odd) = path.chars().find(|c| !plain(*c)) {
        return Err(BadValue::new(format!("`{text}` has {odd:?} in it"))
            .advise("use letters, digits and - . _ ~ between the slashes"));
    }
    if path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        return Err(BadValue::new(format!("no client asks for `{text}`"))
            .advise("give a path without `//`, `.` and `..`, which are cleared away"));
    }
    Ok(text.to_owned())
}

/// The items between commas, each in lower case and judged; nothing between two is no item.
fn list(text: &str, judge: fn(&str) -> Result<(), BadValue>) -> Result<Vec<String>, BadValue> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items.map(|item| judge(item).map(|()| item.to_ascii_lowercase())).collect()
}

/// The name of a field, in which `*` is a character like any other.
fn field_pattern(text: &str) -> Result<(), BadValue> {
    let bad = || {
        BadValue::new(format!("`{text}` is no name of a header field"))
            .advise("give the name alone, such as x-forwarded-for, with * for any text")
    };
    is_token(text).then_some(()).ok_or_else(bad)
}

/// The host of a URL and nothing else of it.
fn domain(text: &str) -> Result<(), BadValue> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if host == text && is_host(host) {
        return Ok(());
    }
    let wrong = BadValue::new(format!("`{text}` is not the name of a host alone"));
    Err(if is_host(host) { wrong.advise(format!("write {host}")) } else { wrong })
}

/// A name of letters, digits, dots and dashes, or an address; an IPv6 one without its brackets.
fn is_host(text: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.parse::<Ipv6Addr>().is_ok() || (!text.is_empty() && text.bytes().all(in_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_means_itself_in_headers_pages_and_paths() {
        for fine in ["", "/a", "/a/b-c_d.e~f/1"] {
            assert_eq!(prefix(fine).as_deref(), Ok(fine));
        }
        for (text, said) in [
            ("a", "`a` does not start with /"),
            ("http://a", "does not start with /"),
            ("/", "`/` ends in /"),
            ("/a/", "`/a/` ends in /"),
            ("/a b", "has ' ' in it; use letters"),
            ("/a\r\nX: y", "has '\\r' in it"),
            ("/a\0", "has '\\0' in it"),
            ("/a%20b", "has '%' in it"),
            ("/a?b", "has '?' in it"),
            ("/\"><script>", "has '\"' in it"),
            ("/é", "has 'é' in it"),
            ("//a", "no client asks for `//a`"),
            ("/a//b", "without `//`"),
            ("/a/../b", "no client asks"),
            ("/.", "no client asks"),
        ] {
            let bad = prefix(text).expect_err(text).to_string();
            assert!(bad.contains(said), "{text}: {bad}");
        }
    }

    #[test]
    fn lists_are_kept_in_lower_case_and_without_gaps() {
        let names = list(" X-Real-Ip, ,cf-*,*,", field_pattern);
        assert_eq!(names, Ok(vec!["x-real-ip".into(), "cf-*".into(), "*".into()]));
        assert_eq!(list("", field_pattern), Ok(Vec::new()));
        for bad in ["x y", "x:", "x-(a)", "é", "a\r\nb"] {
            assert!(list(&format!("fine,{bad},fine"), field_pattern).is_err(), "{bad}");
        }
        let domains = list("Example.COM,localhost,127.0.0.1,::1,xn--4ca.example", domain);
        let expected = ["example.com", "localhost", "127.0.0.1", "::1", "xn--4ca.example"];
        assert_eq!(domains, Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn what_is_more_than_a_host_is_told_with_what_to_write() {
        for (text, advice) in [
            ("https://example.com", Some("write example.com")),
            ("example.com:8080", Some("write example.com")),
            ("http://example.com:8080/a?b", Some("write example.com")),
            ("example.com/", Some("write example.com")),
            ("example.com?a", Some("write example.com")),
            ("*.example.com", None),
            ("user@example.com", None),
            ("[::1]", None),
            ("http://", None),
            ("exämple.com", None),
        ] {
            let bad = domain(text).expect_err(text);
            assert_eq!(bad.advice.as_deref(), advice, "{text}");
            assert_eq!(bad.wrong, format!("`{text}` is not the name of a host alone"));
        }
    }
}
