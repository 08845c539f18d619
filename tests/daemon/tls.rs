//! TLS, by a client of its own that verifies what it is shown.

mod client;

use std::fs;
use std::io::{Read, Write};
use std::process::Command;

use super::process::*;
use client::{Client, Files, Issued, both_versions};

/// What `/tls` returns, without the key around it.
fn facts(body: &str) -> serde_json::Value {
    let body: serde_json::Value = serde_json::from_str(body).expect(body);
    body["tls"].clone()
}

#[test]
fn one_port_has_http_with_tls_and_without() {
    let daemon = Daemon::start(&[]);
    let client = Client::trusting(&daemon.get("/ca.pem"));
    let plain = daemon.get("/get");
    assert!(plain.contains("\"url\": \"http://test/get\""), "{plain}");
    for name in ["localhost", "a.localhost", "127.0.0.1"] {
        let (_, body) = client.get(&daemon, name, "/get").expect(name);
        assert!(body.contains(&format!("\"url\": \"https://{name}/get\"")), "{body}");
    }
    let (_, body) = client.get(&daemon, "localhost", "/tls").expect("an answer");
    let facts = facts(&body);
    assert_eq!(
        (&facts["version"], &facts["server_name"]),
        (&"TLS 1.3".into(), &"localhost".into())
    );
    assert_eq!(facts["client_hello"]["versions"], serde_json::json!(["TLS 1.3", "TLS 1.2"]));
    daemon.stop();
}

#[test]
fn a_port_can_have_one_of_them_alone() {
    let daemon = Daemon::of(command(BIN).args(["--listen", "https://127.0.0.1:0"]));
    let answer = daemon.get("/get");
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    let (_, certificate) = Client::unverified().get(&daemon, "localhost", "/ca.pem").expect("TLS");
    let client = Client::trusting(&certificate);
    assert!(client.get(&daemon, "localhost", "/status/204").is_ok());
    let checked = run(&["healthcheck", &format!("https://{}/", daemon.address)]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    daemon.stop();

    let daemon = Daemon::of(command(BIN).args(["--listen", "http://127.0.0.1:0"]));
    assert!(daemon.get("/ca.pem").starts_with("HTTP/1.1 404 "));
    assert!(client.get(&daemon, "localhost", "/get").is_err(), "it does not speak TLS");
    refused(
        &run(&["healthcheck", &format!("https://{}/", daemon.address)]),
        1,
        &["does not answer: "],
    );
    daemon.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn the_health_check_finds_a_port_that_has_tls_alone() {
    for listen in ["https://127.0.0.1:0", "127.0.0.1:0"] {
        let daemon = Daemon::of(command(BIN).args(["--listen", listen]));
        let output = run(&["healthcheck", "--pid", &daemon.child.id().to_string()]);
        assert_eq!(output.status.code(), Some(0), "{listen}: {output:?}");
        daemon.stop();
    }
}

#[test]
fn the_lowest_version_is_what_was_set() {
    for (args, accepted) in [(&[][..], [true, true]), (&["--tls-min", "1.3"], [false, true])] {
        let daemon = Daemon::start(args);
        let client = Client::trusting(&daemon.get("/ca.pem"));
        for ((version, name), accepted) in both_versions().into_iter().zip(accepted) {
            let answer = client.clone().speaking(version).get(&daemon, "localhost", "/tls");
            assert_eq!(answer.is_ok(), accepted, "{name} {args:?}: {answer:?}");
            if let Ok((_, body)) = answer {
                assert_eq!(facts(&body)["version"], name);
            }
        }
        daemon.stop();
    }
}

#[test]
fn alpn_offers_what_was_set() {
    for (args, chosen) in [
        (&[][..], Some("h2")),
        (&["--alpn", "http/1.1,h2"], Some("http/1.1")),
        (&["--alpn", "http/1.1"], Some("http/1.1")),
        (&["--alpn", "none"], None),
    ] {
        let daemon = Daemon::start(args);
        let client = Client::trusting(&daemon.get("/ca.pem"));
        let negotiated = client.clone().offering(&["h2", "http/1.1"]).negotiated(&daemon);
        assert_eq!(negotiated.as_deref(), chosen, "{args:?}");
        let one = client.offering(&["http/1.1"]).get(&daemon, "localhost", "/tls");
        let one = facts(&one.expect("HTTP/1.1 is always spoken").1);
        assert_eq!(one["alpn"].as_str(), chosen.map(|_| "http/1.1"), "{args:?}");
        daemon.stop();
    }
}

#[test]
fn a_session_is_resumed() {
    let daemon = Daemon::start(&[]);
    let client = Client::trusting(&daemon.get("/ca.pem"));
    for (version, name) in both_versions() {
        let client = client.clone().speaking(version);
        let resumed = [(); 2].map(|()| {
            let (_, body) = client.get(&daemon, "localhost", "/tls").expect("an answer");
            facts(&body)["resumed"].clone()
        });
        assert_eq!(resumed, [false, true], "{name}");
    }
    daemon.stop();
}

#[test]
fn the_operators_certificate_is_served() {
    let folder = Folder::new("given");
    let ca = Issued::ca("the CA");
    let one = ca.signed("one.example").save(&folder, "one");
    let two = ca.signed("two.example").save(&folder, "two");
    let Files { certificate: first, key: first_key } = &one;
    let Files { certificate: second, key: second_key } = &two;
    let daemon = Daemon::start(&[
        "--tls-cert",
        first,
        "--tls-key",
        first_key,
        "--tls-cert",
        second,
        "--tls-key",
        second_key,
    ]);
    let client = Client::trusting(&ca.pem());
    for name in ["one.example", "two.example"] {
        assert!(client.get(&daemon, name, "/get").is_ok(), "{name}");
    }
    assert!(client.get(&daemon, "three.example", "/get").is_err());
    daemon.stop();

    // As go-httpbin takes them, and then its port has no HTTP without TLS.
    let daemon = Daemon::of(command(BIN).envs([
        ("HOST", "127.0.0.1"),
        ("PORT", "0"),
        ("HTTPS_CERT_FILE", first),
        ("HTTPS_KEY_FILE", first_key),
    ]));
    assert!(client.get(&daemon, "one.example", "/get").is_ok());
    assert!(daemon.get("/get").starts_with("HTTP/1.1 400 "));
    daemon.stop();

    let pair = |key: &str| run(&["--listen", ":0", "--tls-cert", first, "--tls-key", key]);
    refused(&pair(second_key), 1, &["one.crt", "another key"]);
    refused(&pair("/nowhere/key"), 1, &["/nowhere/key"]);
}

#[test]
fn clients_show_their_certificates() {
    let folder = Folder::new("clients");
    let ca = Issued::ca("clients");
    let trusted = folder.with("clients.pem", &ca.pem());
    let own = ca.signed("me.example");
    let stranger = Issued::ca("strangers").signed("you.example");
    for (auth, anonymous) in [(&[][..], false), (&["--tls-client-auth", "optional"], true)] {
        let daemon = Daemon::start(&[&["--tls-client-ca", &trusted], auth].concat());
        let client = Client::trusting(&daemon.get("/ca.pem"));
        let get = |client: &Client| client.get(&daemon, "localhost", "/tls");
        for (version, name) in both_versions() {
            let client = client.clone().speaking(version);
            assert_eq!(get(&client).is_ok(), anonymous, "{name} {auth:?}");
            assert!(get(&client.clone().showing(&stranger)).is_err(), "{name} {auth:?}");
            let (_, body) = get(&client.showing(&own)).expect(name);
            let chain = &facts(&body)["client_certificates"];
            assert_eq!(chain[0]["alternative_names"][0], "DNS:me.example", "{body}");
        }
        let url = format!("https://{}/", daemon.address);
        let output = run(&["healthcheck", &url]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        let noted = format!("loiter: {url} answers; it requires a client certificate\n");
        assert_eq!(said, if anonymous { "" } else { &noted });
        daemon.stop();
    }
}

#[test]
fn a_ca_is_written_and_stays_the_same_with_a_seed() {
    let folder = Folder::new("ca");
    let seeded = |name: &str, seed: &[&str]| {
        let out = folder.file(name).display().to_string();
        let daemon = Daemon::start(&[&["--ca-out", &out], seed].concat());
        let written = fs::read_to_string(folder.file(name)).expect("--ca-out");
        assert!(daemon.get("/ca.pem").ends_with(&written));
        assert!(!written.contains("PRIVATE"), "{written}");
        daemon.stop();
        written
    };
    let seed = ["--ca-seed", "correct horse battery staple"];
    let first = seeded("first", &seed);
    assert_eq!(seeded("again", &seed), first);
    assert_ne!(seeded("other", &["--ca-seed", "correct horse battery staples"]), first);
    assert_ne!(seeded("one", &[]), seeded("two", &[]));
}

#[test]
fn secrets_are_logged_only_where_that_was_asked_for() {
    let folder = Folder::new("secrets");
    let secrets = folder.file("secrets");
    for (args, logged) in [(&["--profile", "public"][..], false), (&[], true)] {
        let mut binary: Command = command(BIN);
        let daemon = Daemon::of(
            binary.args(["--listen", "127.0.0.1:0"]).args(args).env("SSLKEYLOGFILE", &secrets),
        );
        let client = Client::trusting(&daemon.get("/ca.pem"));
        assert!(client.get(&daemon, "localhost", "/get").is_ok());
        let text = fs::read_to_string(&secrets).unwrap_or_default();
        let count =
            text.lines().filter(|line| line.starts_with("CLIENT_TRAFFIC_SECRET_0 ")).count();
        assert_eq!(count, usize::from(logged), "{text}");
        if !logged {
            daemon.logged("--tls-key-log is ignored");
        } else {
            daemon.logged("the secrets of all TLS sessions are appended to ");
        }
        daemon.stop();
    }
}

#[test]
fn a_certificate_that_nothing_serves_is_a_warning() {
    let plain = ["--listen", "http://127.0.0.1:0", "--tls-cert", "c", "--tls-key", "k"];
    let daemon = Daemon::of(command(BIN).args(plain).args(["--ca-out", "ca.pem"]).args([
        "--tls-client-auth",
        "off",
        "--tls-key-log",
        "secrets",
    ]));
    daemon.logged("--tls-cert has no effect");
    daemon.logged("--ca-out has no effect");
    daemon.logged("--tls-client-auth has no effect");
    daemon.logged("--tls-key-log has no effect");
    daemon.stop();
}

#[test]
fn a_listener_of_an_old_version_is_a_warning() {
    let old = ["--listen", "https://127.0.0.1:0/~tls=1.2", "--tls-min", "1.3"];
    let daemon = Daemon::of(command(BIN).args(old));
    daemon.logged("modifier `tls` of https://127.0.0.1:0 overrides --tls-min 1.3");
    daemon.stop();
}

#[test]
fn the_end_is_announced() {
    let daemon = Daemon::start(&[]);
    let client = Client::trusting(&daemon.get("/ca.pem"));
    let mut stream = client.connect(&daemon, "localhost").expect("a handshake");
    stream.write_all(b"GET /get HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n").expect("TLS");
    // rustls returns an error for an end without close_notify.
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("a close_notify");
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    daemon.stop();
}

#[test]
fn a_listener_can_have_a_certificate_that_clients_refuse() {
    let daemon = Daemon::of(command(BIN).args([
        "--listen",
        "127.0.0.1:0",
        "--listen",
        "https://127.0.0.1:0/~cert=expired",
    ]));
    let client = Client::trusting(&daemon.get("/ca.pem"));
    let odd = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    let odd = odd.strip_prefix("listening https://").expect(&odd).parse().expect("an address");
    let wrong = client.clone().connect_to(odd, "localhost").expect_err("it has expired");
    assert!(wrong.to_string().contains("expired"), "{wrong}");
    let wrong = client.connect(&daemon, "expired.localhost").expect_err("it has expired");
    assert!(wrong.to_string().contains("expired"), "{wrong}");
    assert!(client.connect(&daemon, "localhost").is_ok());
    daemon.stop();
}

#[test]
fn the_debug_log_has_the_version() {
    for (version, name) in both_versions() {
        let daemon = Daemon::start(&["--log-level", "debug", "--workers", "1"]);
        let client = Client::unverified().speaking(version);
        client.get(&daemon, "localhost", "/get").expect("an answer");
        let line: serde_json::Value =
            serde_json::from_str(&daemon.logged("\"closed\"")).expect("JSON");
        let closed = &line["fields"];
        assert_eq!((&closed["tls"], &closed["requests"]), (&name.into(), &1.into()), "{closed}");
        daemon.stop();
    }
}
