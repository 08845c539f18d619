//! The sources of settings: their precedence, and the notation of values in each.

use std::time::Duration;

use loiter::config::{AccessFormat, Alpn, ClientAuth, Invocation, Settings};

use super::ask::*;

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default() {
    let path = file("precedence.toml", "workers = 1\nlisten = [\":1\"]\n");
    let config = format!("--config {}", path.display());
    let env = [("LOITER_WORKERS", "2"), ("LOITER_LISTEN", ":2"), ("PORT", "9")];

    assert_eq!(settings("", &[]).workers, 0);
    assert_eq!(settings(&config, &[]).workers, 1);
    assert_eq!(settings(&config, &env).workers, 2);
    assert_eq!(settings(&format!("{config} --workers 3"), &env).workers, 3);

    let at = |args: &str, env: &[(&str, &str)]| listening(&settings(args, env));
    assert_eq!(at("", &[]), "http+https://127.0.0.1:8080");
    assert_eq!(at("", &env[2..]), "http+https://0.0.0.0:9");
    assert_eq!(at(&config, &env[2..]), "http+https://[::]:1");
    assert_eq!(at(&config, &env), "http+https://[::]:2");
    assert_eq!(at(&format!("{config} --listen :3"), &env), "http+https://[::]:3");

    let ours = [("LOITER_MAX_BODY_SIZE", "1"), ("MAX_BODY_SIZE", "2")];
    assert_eq!(settings("", &ours).api.limits.body_bytes, 1, "our own name is the stronger");
    assert_eq!(settings("", &[("LOITER_CONFIG", path.to_str().unwrap())]).workers, 1);
    assert_eq!(settings("", &[("LOITER_WORKERS", ""), ("PORT", " ")]), Settings::default());
}

/// As in the container image, whose `docker stop` kills sooner than our own default allows.
#[test]
fn a_mounted_file_wins_over_the_default_of_an_image() {
    let image = [("LOITER_DEFAULT_SHUTDOWN_TIMEOUT", "9s"), ("LOITER_DEFAULT_LISTEN", ":7")];
    let seconds = |args: &str, env: &[(&str, &str)]| settings(args, env).shutdown_timeout.as_secs();
    let config = format!("--config {}", file("image.toml", "shutdown-timeout = 20").display());
    assert_eq!(seconds("", &image), 9);
    assert_eq!(seconds("--profile public", &image), 9);
    assert_eq!(seconds(&config, &image), 20);
    assert_eq!(seconds("", &[image[0], ("LOITER_SHUTDOWN_TIMEOUT", "30s")]), 30);
    let at = |env: &[(&str, &str)]| listening(&settings("", env));
    assert_eq!(at(&image), "http+https://[::]:7");
    assert_eq!(at(&[image[1], ("PORT", "9")]), "http+https://0.0.0.0:9");
    for (name, text, said) in [
        ("SHUTDOWN_TIMEOUT", "soon", "`soon` is not a duration"),
        ("SHUTDOWN_TIME", "9s", "did you mean `LOITER_DEFAULT_SHUTDOWN_TIMEOUT`?"),
        ("CONFIG", "f", "there is no such setting"),
    ] {
        let name = format!("LOITER_DEFAULT_{name}");
        let line = mistake("", &[(&name, text)]);
        assert!(line.starts_with(&format!("loiter: {name}: ")) && line.contains(said), "{line}");
    }
}

#[test]
fn the_last_of_repeated_flags_wins_and_listen_adds_up() {
    assert_eq!(settings("--workers 1 --workers 2", &[]).workers, 2);
    let all = settings("--listen 127.0.0.1:0 --listen 127.0.0.1:0 --listen [::1]:80,unix:s", &[]);
    assert_eq!(
        listening(&all),
        "http+https://127.0.0.1:0 http+https://127.0.0.1:0 http+https://[::1]:80 unix:s"
    );
    assert!(mistake("--listen :80 --listen tcp-echo://:80", &[]).contains("once"));
    settings("--listen tcp-echo://:7 --listen udp-echo://:7", &[]);
}

#[test]
fn a_public_server_waits_no_longer_for_modifiers_than_for_delays() {
    for (args, seconds) in [
        ("", 3600),
        ("--max-duration 20", 3600),
        ("--profile public", 10),
        ("--profile public --max-duration 20", 20),
        ("--profile public --max-duration 20 --max-wait 30", 30),
        ("--profile public --profile local --max-duration 20", 3600),
    ] {
        let app = settings(args, &[]).app();
        assert_eq!(app.limits.max_wait, Duration::from_secs(seconds), "{args}");
        assert_eq!(app.public, seconds < 3600, "{args}");
    }
    let printed = printed("--profile public --max-duration 20 --print-config", &[]);
    let path = file("public.toml", &printed);
    let app = settings(&format!("--config {}", path.display()), &[]).app();
    assert_eq!(app.limits.max_wait, Duration::from_secs(20));
}

#[test]
fn modifiers_add_up_within_a_source_and_the_strongest_source_wins() {
    let with = |args: &str, env: &[(&str, &str)]| settings(args, env).app().with.to_string();
    assert_eq!(with("", &[]), "");
    let both = "--with delay=20ms,status=503@0.1 --with delay=1ms@90,2s@10;last";
    assert_eq!(with(both, &[]), "delay=1ms@90,2s@10; status=503@0.1; last");
    let text = "with = [\"~delay=1s\", \"text=a%3Bb,c\"]\nmodifiers = false";
    let config = format!("--config {}", file("with.toml", text).display());
    assert_eq!(with(&config, &[]), "delay=1s; text=a%3Bb%2Cc");
    let env = [("LOITER_WITH", "status=500 ; idle=1s")];
    assert_eq!(with(&config, &env), "status=500; idle=1s");
    assert_eq!(with(&format!("{config} --with last"), &env), "last");
    assert_eq!(with(&format!("{config} --with="), &env), "");
    // What clients of a public server cannot use, its operator can.
    let public = "--profile public --with text=closed;key=a;slots=1:1s;header=X-A:b;pad=1MiB";
    assert_eq!(settings(public, &[]).app().with.iter().count(), 5);
    let file = file("one-with.toml", "with = 'delay=1ms@90,2s@10'");
    let one = with(&format!("--config {}", file.display()), &[]);
    assert_eq!(one, "delay=1ms@90,2s@10");
}

#[test]
fn the_elements_of_a_list_stay_apart() {
    let at = |args: &str| listening(&settings(args, &[]));
    let all = "http+https://[::]:1/~delay=1s,2s http+https://web:2 unix:s?~last";
    assert_eq!(at("--listen :1/~delay=1s,2s --listen web:2 --listen unix:s?~last"), all);
    let path = file("apart.toml", "listen = [':1/~delay=1s,2s', 'web:2', 'unix:s?~last']");
    assert_eq!(at(&format!("--config {}", path.display())), all);
    let printed =
        printed("--listen :1/~delay=1s,2s --listen web:2,unix:s?~last --print-config", &[]);
    let line =
        "listen = [\"http+https://[::]:1/~delay=1s,2s\", \"http+https://web:2\", \"unix:s?~last\"]";
    assert!(printed.contains(line), "{printed}");
}

#[test]
fn dialects_are_a_set() {
    let names = |args: &str| settings(args, &[]).api.dialects.names().collect::<Vec<_>>();
    assert!(names("").is_empty() && names("--dialect=,").is_empty());
    assert_eq!(names("--dialect envoy,Fortio --dialect envoy"), ["fortio", "envoy"]);
    assert_eq!(names("--dialect http-https-echo"), ["http-https-echo"]);
}

#[test]
fn a_switch_without_value_is_on() {
    assert!(settings("--read-until-would-block", &[]).read_until_would_block);
    assert!(settings("--read-until-would-block --workers 1", &[]).read_until_would_block);
    assert!(!settings("--defer-accept=no", &[]).defer_accept);
    assert!(!settings("--defer-accept off", &[]).defer_accept);
    let path = file("switch.toml", "defer-accept = false\nprivate-fd-tables = \"off\"\n");
    let settings = settings(&format!("--config {}", path.display()), &[]);
    assert!(!settings.defer_accept && !settings.private_fd_tables);
}

#[test]
fn the_server_field_is_a_text_or_a_switch() {
    let server = |args: &str, env: &[(&str, &str)]| settings(args, env).app().server_header;
    let ours = Some(concat!("loiter/", env!("CARGO_PKG_VERSION")).to_owned());
    for (text, field) in [
        ("on", ours.clone()),
        ("TRUE", ours.clone()),
        ("off", None),
        ("no", None),
        ("gunicorn/19.9.0", Some("gunicorn/19.9.0".to_owned())),
        ("Apache/2.4 (Unix), x", Some("Apache/2.4 (Unix), x".to_owned())),
        ("~", Some("~".to_owned())),
    ] {
        let args = vec!["--server-header".to_owned(), format!(" {text}\t")];
        let Ok(Invocation::Run(by_flag)) = ask_with(args, &[]) else { panic!("{text}") };
        assert_eq!(by_flag.app().server_header, field, "{text}");
        assert_eq!(server("", &[("LOITER_SERVER_HEADER", text)]), field, "{text}");
        let path = file("server.toml", &format!("server-header = '{text}'"));
        assert_eq!(server(&format!("--config {}", path.display()), &[]), field, "{text}");
    }
    assert_eq!(server("--compat go-httpbin", &[]), ours);
    let path = file("no-server.toml", "server-header = false");
    assert_eq!(server(&format!("--config {}", path.display()), &[]), None);
}

#[test]
fn records_are_kept_only_for_an_access_log() {
    assert!(!settings("", &[]).app().records);
    let settings = settings("--access-log json --max-bytes 5 --server-header off", &[]);
    assert_eq!(settings.access_log, Some(AccessFormat::Json));
    let app = settings.app();
    assert!(app.records && app.server_header.is_none() && app.limits.max_bytes == 5);
}

#[test]
fn a_file_takes_numbers_texts_booleans_and_lists() {
    let text = "\u{feff}max-body-size = 1_000\r\nshutdown-timeout = 1.5\nworkers = 0x10\n\
                listen = [\n  \"127.0.0.1:0\", # first\n  \"unix:/s\",\n]\nlog-level = 'off'\n";
    let settings = settings(&format!("--config {}", file("kinds.toml", text).display()), &[]);
    assert_eq!(settings.api.limits.body_bytes, 1000);
    assert_eq!(settings.shutdown_timeout, Duration::from_millis(1500));
    assert_eq!(settings.workers, 16);
    assert_eq!(listening(&settings), "http+https://127.0.0.1:0 unix:/s");
}

#[test]
fn certificates_and_keys_are_pairs_in_order() {
    let tls = |args: &str| settings(args, &[]).tls;
    let two = tls("--tls-cert a.pem --tls-key a.key --tls-cert b.pem --tls-key b.key");
    let pairs: Vec<_> = two.pairs().map(|(cert, key)| (cert.to_str(), key.to_str())).collect();
    assert_eq!(pairs, [(Some("a.pem"), Some("a.key")), (Some("b.pem"), Some("b.key"))]);
    let theirs = [("HTTPS_CERT_FILE", "a.pem,b.pem"), ("HTTPS_KEY_FILE", "a.key,b.key")];
    assert_eq!(settings("", &theirs).tls, two);
    assert_eq!(settings("-https-cert-file a.pem,b.pem -https-key-file=a.key,b.key", &[]).tls, two);
}

#[test]
fn a_client_needs_a_certificate_if_there_is_a_ca_for_it() {
    let auth = |args: &str| settings(args, &[]).tls.client_auth();
    assert_eq!(auth(""), ClientAuth::Off);
    assert_eq!(auth("--tls-client-ca f"), ClientAuth::Required);
    assert_eq!(auth("--tls-client-ca f --tls-client-auth optional"), ClientAuth::Optional);
    assert_eq!(auth("--tls-client-ca f --tls-client-auth off"), ClientAuth::Off);
}

#[test]
fn alpn_is_a_list_in_order_of_preference() {
    let alpn = |args: &str| settings(args, &[]).tls.alpn;
    assert_eq!(alpn(""), [Alpn::H2, Alpn::Http11]);
    assert_eq!(alpn("--alpn http/1.1,h2"), [Alpn::Http11, Alpn::H2]);
    assert_eq!(alpn("--alpn none"), []);
    let path = file("alpn.toml", "alpn = []");
    assert_eq!(alpn(&format!("--config {}", path.display())), []);
}
