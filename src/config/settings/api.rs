//! The API, and what its responses may reveal.

use std::net::Ipv6Addr;

use super::*;
use crate::http::char_class::is_token;
use crate::http::compat::{Compat, GO_HTTPBIN, HTTPBIN};

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "compat",
        shape: Shape::Choice(&["httpbin", "go-httpbin"]),
        value: "API",
        takes: "httpbin or go-httpbin",
        help: "API to follow where httpbin and go-httpbin differ",
        ..choice!(api.compat, COMPATS)
    },
    Setting {
        name: "prefix",
        also: &["PREFIX"],
        value: "PATH",
        takes: "a path that starts with / and does not end in /, such as /httpbin; empty for none",
        help: "Path prefix of every endpoint",
        set: |s, text| prefix(text).map(|prefix| s.api.prefix = prefix),
        show: |s| s.api.prefix.clone(),
        ..ROW
    },
    Setting {
        name: "exclude-headers",
        also: &["EXCLUDE_HEADERS"],
        shape: Shape::List,
        value: "NAME",
        takes: "header field names separated by commas; * matches any text, as in cf-*; or lists \
                of what infrastructure adds: @aws, @azure, @cloudflare, @fly, @google, \
                @kubernetes, @proxies, @all",
        help: "Request header fields that no response shows",
        set: |s, text| excluded(text).map(|names| s.api.exclude_headers = names),
        show: |s| s.api.exclude_headers.join("\n"),
        ..ROW
    },
    Setting {
        name: "allowed-redirect-domains",
        also: &["ALLOWED_REDIRECT_DOMAINS"],
        shape: Shape::List,
        value: "HOST",
        takes: "host names separated by commas; all for any; none for this server only",
        help: "Hosts that /redirect-to may redirect to",
        set: |s, text| redirects(text).map(|redirects| s.api.redirects = redirects),
        show: |s| match &s.api.redirects {
            Redirects::All => "all".to_owned(),
            Redirects::Hosts(hosts) if hosts.is_empty() => "none".to_owned(),
            Redirects::Hosts(hosts) => hosts.join("\n"),
        },
        ..ROW
    },
    Setting {
        name: "use-real-hostname",
        also: &["USE_REAL_HOSTNAME"],
        help: "Show this machine's host name at /hostname instead of a fixed one",
        ..switch!(real_hostname)
    },
    Setting {
        name: "use-full-version",
        also: &["USE_FULL_VERSION"],
        help: "Show the version number at /version instead of the name alone",
        ..switch!(api.full_version)
    },
    Setting {
        name: "unsafe-allow-dangerous-responses",
        also: &["UNSAFE_ALLOW_DANGEROUS_RESPONSES"],
        help: "Allow clients to choose any media type for text of their own, so that a browser may \
               run it as a script: only for hosts that no browser trusts",
        ..switch!(api.dangerous_responses)
    },
];

const COMPATS: [(&str, &Compat); 2] = [(HTTPBIN.name, &HTTPBIN), (GO_HTTPBIN.name, &GO_HTTPBIN)];

/// A prefix is written into header fields and pages and compared with decoded paths: only
/// characters that need no escape in any of them are allowed.
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
        return Err(BadValue::new(format!("`{text}` matches no request"))
            .advise("give a path without `//`, `.` and `..`, which clients remove"));
    }
    Ok(text.to_owned())
}

/// The items of a list, checked and in lower case.
fn list(text: &str, check: fn(&str) -> Result<(), BadValue>) -> Result<Vec<String>, BadValue> {
    items(text).map(|item| check(item).map(|()| item.to_ascii_lowercase())).collect()
}

/// Field names and the fields of [named lists](header_lists), in lower case.
fn excluded(text: &str) -> Result<Vec<String>, BadValue> {
    let mut names = Vec::new();
    for item in items(text) {
        match item.strip_prefix('@') {
            Some(name) => names.extend(header_lists::fields(name)?.map(str::to_owned)),
            None => names.extend(list(item, field_pattern)?),
        }
    }
    Ok(names)
}

/// Checks a field name with `*` in it, which is a token character.
fn field_pattern(text: &str) -> Result<(), BadValue> {
    let bad = || {
        BadValue::new(format!("`{text}` is not a header field name"))
            .advise("give the name alone, such as x-forwarded-for, with * for any text")
    };
    is_token(text).then_some(()).ok_or_else(bad)
}

/// The words that say how many hosts are meant, each with the one to give alone.
const AMOUNTS: [(&str, &str); 8] = [
    ("all", "all"),
    ("*", "all"),
    ("any", "all"),
    ("every", "all"),
    ("everything", "all"),
    ("none", "none"),
    ("nothing", "none"),
    ("off", "none"),
];

fn redirects(text: &str) -> Result<Redirects, BadValue> {
    Ok(match text.to_ascii_lowercase().as_str() {
        "all" | "*" => Redirects::All,
        "none" => Redirects::Hosts(Vec::new()),
        _ => match list(text, domain)? {
            hosts if hosts.is_empty() => Redirects::All,
            hosts => Redirects::Hosts(hosts),
        },
    })
}

/// Checks a host name without scheme, port or path.
fn domain(text: &str) -> Result<(), BadValue> {
    if let Some((_, word)) = AMOUNTS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)) {
        let bad = BadValue::new(format!("`{text}` is not the name of a host"));
        return Err(bad.advise(format!("give {word} by itself, or the names of hosts")));
    }
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.split_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    if host == text && is_host(host) {
        return Ok(());
    }
    let wrong = BadValue::new(format!("`{text}` is not a host name alone"));
    Err(if is_host(host) { wrong.advise(format!("write {host}")) } else { wrong })
}

/// Whether `text` is a host name or an IP address; an IPv6 address has no brackets.
fn is_host(text: &str) -> bool {
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    text.parse::<Ipv6Addr>().is_ok() || (!text.is_empty() && text.bytes().all(in_name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_needs_no_escapes() {
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
            ("//a", "`//a` matches no request"),
            ("/a//b", "without `//`"),
            ("/a/../b", "matches no request"),
            ("/.", "matches no request"),
        ] {
            let bad = prefix(text).expect_err(text).to_string();
            assert!(bad.contains(said), "{text}: {bad}");
        }
    }

    #[test]
    fn lists_are_kept_in_lower_case_and_without_gaps() {
        let names = excluded(" X-Real-Ip, ,cf-*,*,");
        assert_eq!(names, Ok(vec!["x-real-ip".into(), "cf-*".into(), "*".into()]));
        assert_eq!(excluded(""), Ok(Vec::new()));
        let fly = Ok(["a", "fly-*", "b"].map(str::to_owned).to_vec());
        assert_eq!(excluded("a, @Fly, b"), fly);
        for bad in ["x y", "x:", "x-(a)", "é", "a\r\nb", "@", "@x", "x@fly"] {
            assert!(excluded(&format!("fine,{bad},fine")).is_err(), "{bad}");
        }
        let domains = list("Example.COM,localhost,127.0.0.1,::1,xn--4ca.example", domain);
        let expected = ["example.com", "localhost", "127.0.0.1", "::1", "xn--4ca.example"];
        assert_eq!(domains, Ok(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn words_for_all_hosts_and_for_none_are_no_hosts() {
        for all in ["", "all", "All", "*", " , "] {
            assert_eq!(redirects(all), Ok(Redirects::All), "{all}");
        }
        for none in ["none", "NONE"] {
            assert_eq!(redirects(none), Ok(Redirects::Hosts(Vec::new())), "{none}");
        }
        for (text, wrong, advice) in [
            ("any", "`any`", "give all by itself, or the names of hosts"),
            ("a.example,all", "`all`", "give all by itself, or the names of hosts"),
            ("Nothing", "`Nothing`", "give none by itself, or the names of hosts"),
            ("none,a.example", "`none`", "give none by itself, or the names of hosts"),
        ] {
            let bad = redirects(text).expect_err(text);
            assert_eq!(bad.wrong, format!("{wrong} is not the name of a host"));
            assert_eq!(bad.advice.as_deref(), Some(advice), "{text}");
        }
    }

    #[test]
    fn more_than_a_host_is_refused_with_advice() {
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
            assert_eq!(bad.wrong, format!("`{text}` is not a host name alone"));
        }
    }
}
