//! go-httpbin's environment, as its containers get it.

use std::time::Duration;

use loiter::config::{Check, Invocation, LogFormat, LogLevel};

use loiter::http::app::Redirects;

use super::ask::*;

#[test]
fn go_httpbins_variables_are_honoured() {
    let at = |env: &[(&str, &str)]| listening(&settings("", env));
    assert_eq!(at(&[("HOST", "127.0.0.1")]), "http+https://127.0.0.1:8080");
    assert_eq!(at(&[("HOST", "::1"), ("PORT", "80")]), "http+https://[::1]:80");
    assert_eq!(at(&[("HOST", "localhost"), ("PORT", "0")]), "http+https://localhost:0");
    assert_eq!(at(&[("HOST", "localhost")]), "http+https://localhost:8080");
    // Some shells export the machine's name as HOST: it counts only together with PORT.
    assert_eq!(at(&[("HOST", "build-7")]), "http+https://127.0.0.1:8080");
    assert_eq!(at(&[("HOST", "build-7"), ("PORT", "80")]), "http+https://build-7:80");
    let said = mistake("", &[("HOST", "build 7"), ("PORT", "80")]);
    assert!(
        said.starts_with("loiter: HOST and PORT: `build 7` is neither an IP address"),
        "{said}"
    );

    let env = [("MAX_BODY_SIZE", "10"), ("MAX_DURATION", "1m30s"), ("LOG_LEVEL", "ERROR")];
    let settings = settings("", &env);
    assert_eq!(settings.api.limits.body_bytes, 10);
    assert_eq!(settings.api.limits.max_duration, Duration::from_secs(90));
    assert_eq!(settings.log_level, LogLevel::ERROR);
}

#[test]
fn the_whole_of_go_httpbins_environment_is_taken() {
    let app = settings("", &[]).app();
    assert_eq!((app.compat.name, app.hostname.as_str()), ("httpbin", "loiter"));
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
            ("HOME", "/home/app"),
        ],
    );
    assert_eq!(listening(&settings), "http+https://0.0.0.0:9000");
    assert_eq!((settings.log_format, settings.log_level), (LogFormat::Json, LogLevel::WARN));
    assert!(settings.real_hostname);
    let app = settings.app();
    assert_eq!((app.compat.name, app.hostname.as_str()), ("go-httpbin", "go-httpbin"));
    assert_eq!(app.local("/get"), "/test/get");
    let hosts = ["example.com", "httpbingo.org"].map(str::to_owned).to_vec();
    assert_eq!(app.redirects, Redirects::Hosts(hosts));
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
fn no_host_is_not_every_host() {
    let redirects = |text| settings("", &[("ALLOWED_REDIRECT_DOMAINS", text)]).api.redirects;
    assert_eq!(redirects("none"), Redirects::Hosts(Vec::new()));
    assert_eq!(redirects(","), Redirects::All);
    assert_eq!(settings("--profile public", &[]).api.redirects, redirects("none"));
}

#[test]
fn levels_and_formats_are_taken_in_any_case() {
    for (text, level) in [
        ("DEBUG", LogLevel::DEBUG),
        ("info", LogLevel::INFO),
        ("Warn", LogLevel::WARN),
        ("ERROR", LogLevel::ERROR),
        ("OFF", LogLevel::OFF),
    ] {
        assert_eq!(settings("", &[("LOG_LEVEL", text)]).log_level, level, "{text}");
    }
    for (text, format) in [("text", LogFormat::Text), ("JSON", LogFormat::Json)] {
        assert_eq!(settings("", &[("LOG_FORMAT", text)]).log_format, format, "{text}");
    }
}

#[test]
fn go_httpbins_switches_are_on_for_its_own_words() {
    let on = |text| settings("", &[("USE_FULL_VERSION", text)]).api.full_version;
    for text in ["1", "t", "T", "TRUE", "true", "True", " true "] {
        assert!(on(text), "{text}");
    }
    for text in ["0", "f", "F", "FALSE", "false", "False", ""] {
        assert!(!on(text), "{text}");
    }
    for name in ["USE_REAL_HOSTNAME", "UNSAFE_ALLOW_DANGEROUS_RESPONSES"] {
        let given = settings("", &[(name, "TRUE")]);
        assert!(given.real_hostname || given.api.dangerous_responses, "{name}");
    }
    assert!(settings("-use-full-version=T", &[("USE_FULL_VERSION", "0")]).api.full_version);
    for text in ["yes", "on", "tRUE", "2"] {
        let said = mistake("", &[("USE_FULL_VERSION", text)]);
        let wrong = format!("loiter: USE_FULL_VERSION: `{text}` is neither on nor off; give 1 or");
        assert!(said.starts_with(&wrong), "{said}");
    }
    assert!(settings("", &[("LOITER_USE_FULL_VERSION", "yes")]).api.full_version);
}

#[test]
fn go_httpbins_flags_are_taken_with_one_dash() {
    let settings = settings(
        "-host 0.0.0.0 -port=8080 -prefix /test -max-body-size 1048577 -max-duration 500ms \
         -allowed-redirect-domains example.com -exclude-headers X-A,X-B -log-format json \
         -log-level WARN -use-real-hostname -use-full-version=true \
         -unsafe-allow-dangerous-responses -srv-max-header-bytes 16384 \
         -srv-read-header-timeout 1.5s -srv-read-timeout 1m30s",
        &[],
    );
    assert_eq!(listening(&settings), "http+https://0.0.0.0:8080");
    assert_eq!((settings.log_format, settings.log_level), (LogFormat::Json, LogLevel::WARN));
    assert!(
        settings.real_hostname && settings.api.full_version && settings.api.dangerous_responses
    );
    assert_eq!((settings.api.prefix.as_str(), settings.api.exclude_headers.len()), ("/test", 2));
    let limits = settings.api.limits;
    assert_eq!((limits.body_bytes, limits.head_bytes), (1_048_577, 16_384));
    assert_eq!(limits.max_duration, Duration::from_millis(500));
    assert_eq!(limits.head_timeout, Duration::from_millis(1500));
    assert_eq!(limits.request_timeout, Duration::from_secs(90));
}

#[test]
fn a_flag_with_one_dash_wins_over_the_environment_and_loses_to_ours() {
    let env = [("PORT", "1"), ("PREFIX", "/a"), ("LOITER_PREFIX", "/b"), ("HOST", "::1")];
    assert_eq!(settings("-prefix /c", &env).api.prefix, "/c");
    assert_eq!(settings("--prefix /d -prefix /c", &env).api.prefix, "/d");
    assert_eq!(settings("-prefix=", &env).api.prefix, "/b");
    assert_eq!(listening(&settings("-port 2", &env)), "http+https://[::1]:2");
    let env = [("LOITER_LISTEN", ":9")];
    assert_eq!(listening(&settings("-port 2", &env)), "http+https://0.0.0.0:2");
    assert_eq!(listening(&settings("-port 2 --listen :3", &env)), "http+https://[::]:3");
    let asked = ask("-port 4 healthcheck", &[]);
    let url = Check::Url("http://127.0.0.1:4/healthz".to_owned());
    assert_eq!(asked, Ok(Invocation::Healthcheck(url)));
}

#[test]
fn a_mistake_in_a_flag_with_one_dash_is_reported() {
    assert_eq!(printed("-version", &[]), printed("--version", &[]));
    assert_eq!(printed("-help", &[]), printed("--help", &[]));
    for (args, said) in [
        ("-foo", "unknown flag `-foo`; flags have two dashes, except go-httpbin's"),
        ("-hV", "unknown flag `-hV`; "),
        ("-listen :80", "unknown flag `-listen`; did you mean `--listen`?"),
        ("-port", "-port: has no value; write `-port VALUE`"),
        ("-port http", "-port: `http` is not a port"),
        ("-host build/7", "-host: `build/7` is neither an IP address nor a host name"),
        ("-host a! -port 1", "-host and -port: `a!` is neither an IP address nor a host name"),
        ("-use-real-hostname=yes", "-use-real-hostname: `yes` is neither on nor off; give 1 or"),
        (
            "-https-cert-file c.pem",
            "-https-cert-file: the numbers of certificates (1) and keys (0)",
        ),
        ("-https-key-file=k.pem", "-https-key-file: the numbers of certificates (0) and keys (1)"),
        ("-sslkeylogfile=k", "unknown flag `-sslkeylogfile`"),
    ] {
        let line = mistake(args, &[]);
        assert!(line.starts_with(&format!("loiter: {said}")), "{line}");
    }
}

#[test]
fn go_httpbins_bound_for_bodies_is_the_default_in_its_mode() {
    let kept = |args| settings(args, &[]).api.limits.body_bytes;
    assert_eq!(kept(""), 64 << 20);
    assert_eq!(kept("--compat httpbin"), 64 << 20);
    assert_eq!(kept("--compat go-httpbin"), 1 << 20);
    assert_eq!(kept("--compat go-httpbin --max-body-size 2MiB"), 2 << 20);
    assert_eq!(kept("--compat go-httpbin --profile public"), 256 << 10);
    assert_eq!(settings("", &[("LOITER_COMPAT", "Go-httpbin ")]).api.limits.body_bytes, 1 << 20);
}

#[test]
fn a_certificate_as_go_httpbin_takes_it_makes_the_port_https_alone() {
    let at = |args: &str, env: &[(&str, &str)]| {
        let pair = [("HTTPS_CERT_FILE", "c"), ("HTTPS_KEY_FILE", "k")];
        listening(&settings(args, &[&pair, env].concat()))
    };
    assert_eq!(at("", &[]), "https://127.0.0.1:8080");
    assert_eq!(at("", &[("PORT", "80")]), "https://0.0.0.0:80");
    assert_eq!(at("-port 2", &[("HOST", "::1")]), "https://[::1]:2");
    assert_eq!(at("--listen :3", &[("PORT", "80")]), "http+https://[::]:3");
    assert_eq!(at("", &[("LOITER_LISTEN", "http://:3")]), "http://[::]:3");
    let flags = "-https-cert-file c -https-key-file k";
    assert_eq!(listening(&settings(flags, &[])), "https://127.0.0.1:8080");
    assert_eq!(listening(&settings(&format!("{flags} -port 4"), &[])), "https://0.0.0.0:4");
    let ours = "--tls-cert c --tls-key k";
    assert_eq!(listening(&settings(ours, &[])), "http+https://127.0.0.1:8080");
}
