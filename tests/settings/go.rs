//! go-httpbin's environment, as its containers are given it.

use std::time::Duration;

use loiter::config::{LogFormat, LogLevel};

use super::ask::*;

#[test]
fn go_httpbins_variables_are_honoured() {
    let at = |env: &[(&str, &str)]| listening(&settings("", env));
    assert_eq!(at(&[("HOST", "127.0.0.1")]), "http://127.0.0.1:8080");
    assert_eq!(at(&[("HOST", "::1"), ("PORT", "80")]), "http://[::1]:80");
    assert_eq!(at(&[("HOST", "localhost"), ("PORT", "0")]), "http://127.0.0.1:0");
    // Some shells export the machine's name as HOST: alone it means nothing, beside PORT it does.
    assert_eq!(at(&[("HOST", "build-7")]), "http://127.0.0.1:8080");
    let said = mistake("", &[("HOST", "build-7"), ("PORT", "80")]);
    assert!(said.starts_with("loiter: HOST and PORT: `build-7` is not an IP address"), "{said}");

    let env = [("MAX_BODY_SIZE", "10"), ("MAX_DURATION", "1m30s"), ("LOG_LEVEL", "ERROR")];
    let settings = settings("", &env);
    assert_eq!(settings.limits.body_bytes, 10);
    assert_eq!(settings.limits.max_duration, Duration::from_secs(90));
    assert_eq!(settings.log_level, LogLevel::Error);
}

#[test]
fn the_whole_of_go_httpbins_environment_is_taken() {
    let app = settings("", &[]).app();
    assert_eq!((app.profile.name, app.hostname.as_str()), ("httpbin", "loiter"));
    let settings = settings(
        "",
        &[
            ("LOITER_COMPAT", "go-httpbin"),
            ("HOST", "0.0.0.0"),
            ("PORT", "9000"),
            ("PREFIX", "/test"),
            ("MAX_BODY_SIZE", "1048577"),
            ("MAX_DURATION", "500ms"),
            ("ALLOWED_REDIRECT_DOMAINS", "Example.com,httpbingo.org"),
            ("EXCLUDE_HEADERS", "X-Real-Ip, Cf-*"),
            ("LOG_FORMAT", "json"),
            ("LOG_LEVEL", "WARN"),
            ("USE_REAL_HOSTNAME", "1"),
            ("USE_FULL_VERSION", "true"),
            ("UNSAFE_ALLOW_DANGEROUS_RESPONSES", "0"),
            ("SRV_MAX_HEADER_BYTES", "16384"),
            ("SRV_READ_HEADER_TIMEOUT", "1.5s"),
            ("SRV_READ_TIMEOUT", "1m30s"),
            ("HTTPBIN_ENV_COLOUR", "blue"),
            ("HOME", "/root"),
        ],
    );
    assert_eq!(listening(&settings), "http://0.0.0.0:9000");
    assert_eq!((settings.log_format, settings.log_level), (LogFormat::Json, LogLevel::Warn));
    assert!(settings.real_hostname);
    let app = settings.app();
    assert_eq!((app.profile.name, app.hostname.as_str()), ("go-httpbin", "go-httpbin"));
    assert_eq!(app.local("/get"), "/test/get");
    assert_eq!(app.redirect_domains, ["example.com", "httpbingo.org"]);
    assert_eq!(app.exclude_headers, ["x-real-ip", "cf-*"]);
    assert!(app.full_version && !app.dangerous_responses);
    assert_eq!(app.environment, [("HTTPBIN_ENV_COLOUR".to_owned(), "blue".to_owned())]);
    let limits = app.limits;
    assert_eq!((limits.body_bytes, limits.head_bytes), (1_048_577, 16_384));
    assert_eq!(limits.max_duration, Duration::from_millis(500));
    assert_eq!(limits.head_timeout, Duration::from_millis(1500));
    assert_eq!(limits.request_timeout, Duration::from_secs(90));
}

#[test]
fn levels_and_formats_are_taken_in_any_case() {
    for (text, level) in [
        ("DEBUG", LogLevel::Debug),
        ("info", LogLevel::Info),
        ("Warn", LogLevel::Warn),
        ("ERROR", LogLevel::Error),
        ("OFF", LogLevel::Off),
    ] {
        assert_eq!(settings("", &[("LOG_LEVEL", text)]).log_level, level, "{text}");
    }
    for (text, format) in [("text", LogFormat::Text), ("JSON", LogFormat::Json)] {
        assert_eq!(settings("", &[("LOG_FORMAT", text)]).log_format, format, "{text}");
    }
}
