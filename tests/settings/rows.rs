//! Every row of the table: each source sets it, and its printed value reads back.

use std::fs;
use std::path::Path;

use loiter::config::{
    GO_HTTPBIN, Invocation, PUBLIC, Setting, Settings, Shape, effective, example,
};

use super::ask::*;

/// For every row, a value other than its default, as `show` writes it.
const SAMPLES: [(&str, &str); 69] = [
    (
        "listen",
        "http+https://[::1]:0/~delay=1ms@90,2s@10/~text=a%2Fb%3B%2C,tcp-echo://0.0.0.0:7/~fault=reset:9@0.5,\
         udp-echo://web:7,https://:443,http://:80,unix:/run/l.sock?mode=0660&owner=0&~status=503,unix:b?~last,https://[::1]:1?proxy=required/~last,unix:c?proxy=optional&~last",
    ),
    ("workers", "3"),
    ("private-fd-tables", "off"),
    ("read-until-would-block", "on"),
    ("defer-accept", "off"),
    ("server-header", "Apache/2.4 (Unix)"),
    ("admin", "unix:/run/admin?mode=0660&group=0"),
    ("journal", "1000"),
    ("journal-bytes", "1MiB"),
    ("shutdown-timeout", "1500ms"),
    ("drain-delay", "500ms"),
    ("drain-idle", "250ms"),
    ("pid-file", "/run/loiter.pid"),
    ("tls-cert", "a.pem\n/etc/b.pem"),
    ("tls-key", "a.key\n/etc/b.key"),
    ("tls-min", "1.3"),
    ("alpn", "http/1.1\nh2"),
    ("ca-out", "/run/ca.pem"),
    ("ca-seed", "a text, \"with\" anything"),
    ("ca-file", "ca.pem"),
    ("tls-client-ca", "clients.pem"),
    ("tls-client-auth", "off"),
    ("tls-key-log", "/tmp/keys"),
    ("h2c-upgrade", "on"),
    ("max-streams", "500"),
    ("profile", "public"),
    ("trusted-proxies", "10.0.0.0/8,2001:db8::1,unix:"),
    ("max-connections", "1000"),
    ("max-connections-per-ip", "10"),
    ("max-delayed", "500"),
    ("max-requests", "100"),
    ("max-egress", "1MiB"),
    ("compat", "go-httpbin"),
    ("prefix", "/a/b"),
    ("exclude-headers", "x-real-ip,cf-*"),
    ("allowed-redirect-domains", "example.com,127.0.0.1,::1"),
    ("use-real-hostname", "on"),
    ("use-full-version", "on"),
    ("unsafe-allow-dangerous-responses", "on"),
    ("with", "delay=1ms@90,2s@10; status=503@0.1"),
    ("modifiers", "off"),
    ("max-wait", "2h"),
    ("half-close", "cancel"),
    ("dialect", "envoy,curltest"),
    ("max-duration", "90m"),
    ("max-bytes", "1000"),
    ("max-body-size", "64KiB"),
    ("max-echo-buffer", "2MiB"),
    ("max-echo-buffers", "3MiB"),
    ("max-head-line", "1KiB"),
    ("max-head-size", "8KiB"),
    ("max-head-fields", "32"),
    ("head-timeout", "1s"),
    ("body-timeout", "2s"),
    ("min-body-rate", "1KiB"),
    ("request-timeout", "30s"),
    ("max-chunk-extensions", "1KiB"),
    ("max-trailers", "2KiB"),
    ("send-timeout", "3s"),
    ("min-send-rate", "0"),
    ("linger-timeout", "500ms"),
    ("linger-bytes", "64KiB"),
    ("keep-alive-timeout", "4s"),
    ("log-level", "trace"),
    ("log-format", "json"),
    ("access-log", "combined"),
    ("log-probes", "on"),
    ("access-log-file", "/var/log/a \"quoted\\\" name.log"),
    ("access-log-exclude", "/healthz\n/status/*"),
];

#[test]
fn the_table_agrees_with_the_code() {
    let settings = Settings::default();
    assert_eq!(settings.api.limits, loiter::base::limits::Limits::default());
    assert_eq!(settings.app(), loiter::http::app::App::default());
    for row in Setting::all() {
        let mut set = Settings::default();
        (row.set)(&mut set, &row.default_text()).expect(row.name);
        assert_eq!(set, settings, "{}", row.name);
        assert!(!row.help.ends_with('.') && !row.help.contains(['{', '\n']), "{}", row.name);
        let Shape::Choice(words) = row.shape else { continue };
        for word in words {
            let mut settings = Settings::default();
            (row.set)(&mut settings, word).expect(word);
            assert_eq!((row.show)(&settings), *word);
        }
    }
    let names: Vec<&str> = Setting::all().map(|row| row.name).collect();
    assert_eq!(names, SAMPLES.map(|(name, _)| name), "every row has a sample, in order");
}

#[test]
fn every_row_is_set_by_flag_by_environment_and_by_file_and_is_printed() {
    for (row, (name, sample)) in Setting::all().zip(SAMPLES) {
        assert_ne!(row.default_text(), sample, "{name}: a sample is not the default");
        let mut expected = Settings::default();
        (row.set)(&mut expected, sample).expect(name);
        // Certificates and keys are valid only together, a journal only with an admin listener.
        let other = match name {
            "tls-cert" => Some(("tls-key", "a,b")),
            "tls-key" => Some(("tls-cert", "a,b")),
            "journal" => Some(("admin", "127.0.0.1:9090")),
            _ => None,
        };
        let other = other.and_then(|(name, text)| Some((Setting::named(name)?, text)));
        let variables: Vec<_> = other.iter().map(|(row, text)| (row.variable(), *text)).collect();
        let beside: Vec<_> = variables.iter().map(|(name, text)| (name.as_str(), *text)).collect();
        if let Some((row, text)) = other {
            (row.set)(&mut expected, text).expect(name);
        }
        match name {
            "profile" => expected.apply(&PUBLIC),
            "compat" => expected.apply(&GO_HTTPBIN),
            _ => {}
        }

        let flag = vec![format!("--{name}"), sample.to_owned()];
        assert_eq!(ask_with(flag, &beside), Ok(Invocation::Run(Box::new(expected.clone()))));
        for variable in row.variables() {
            // go-httpbin's switches have their own words.
            let theirs = row.shape == Shape::Switch && row.also.contains(&variable.as_str());
            let sample = if theirs { "true" } else { sample };
            let given = [&beside[..], &[(&variable, sample)]].concat();
            let mut expected = expected.clone();
            if variable == "HTTPS_CERT_FILE" {
                // go-httpbin serves HTTPS then, and no HTTP.
                expected.listen = vec!["https://127.0.0.1:8080".parse().expect("an address")];
            }
            assert_eq!(settings("", &given), expected, "{variable}");
        }
        let text = effective(&expected);
        let line = text.lines().find(|line| line.starts_with(&format!("{name} = "))).expect(name);
        let path = file(&format!("row-{name}.toml"), line);
        assert_eq!(settings(&format!("--config {}", path.display()), &beside), expected, "{line}");
    }
}

#[test]
fn what_is_printed_reads_back_as_the_same_settings() {
    let mut all = Settings::default();
    for (row, (_, sample)) in Setting::all().zip(SAMPLES) {
        (row.set)(&mut all, sample).expect(sample);
    }
    // It excludes a CA in a file.
    all.tls.ca_seed = None;
    for (name, expected) in [("all.toml", all), ("none.toml", Settings::default())] {
        let path = file(name, &effective(&expected));
        let args = format!("--config {}", path.display());
        assert_eq!(settings(&args, &[]), expected);
        assert_eq!(printed(&format!("{args} --print-config"), &[]), effective(&expected));
    }
}

/// `LOITER_BLESS=1 cargo test --test settings` rewrites the file.
#[test]
fn the_example_file_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loiter.toml");
    if std::env::var_os("LOITER_BLESS").is_some() {
        fs::write(&path, example()).expect("config/loiter.toml can be written");
    }
    let written = fs::read_to_string(&path).expect("config/loiter.toml is there");
    assert!(written == example(), "LOITER_BLESS=1 cargo test --test settings rewrites it");
    let args = format!("--config {}", path.display());
    assert_eq!(settings(&args, &[]), Settings::default(), "everything is commented out");

    let keys = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
    let given: String =
        written.lines().filter(keys).map(|line| format!("{}\n", &line[1..])).collect();
    assert_eq!(given.lines().count(), Setting::all().count());
    let args = format!("--config {}", file("uncommented.toml", &given).display());
    assert_eq!(settings(&args, &[]), Settings::default(), "uncommented, each is the default");
}
