//! The message and the exit status when it cannot do what is configured.

use std::net::TcpListener;

use super::process::*;

#[test]
fn a_taken_port_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    refused(&run(&["--listen", &address]), 1, &["loiter: cannot listen on", &address, "--listen"]);
}

#[test]
fn a_log_that_cannot_be_opened_is_explained() {
    let path = "/nonexistent-folder/access.log";
    let args = ["--listen", "127.0.0.1:0", "--access-log", "json", "--access-log-file", path];
    refused(&run(&args), 1, &["cannot open the access log", path, "--access-log-file"]);
}

#[test]
fn a_bad_flag_is_a_usage_error() {
    refused(&run(&["--lisen", "127.0.0.1:0"]), 2, &["--lisen", "did you mean `--listen`?"]);
    refused(&run(&["--head-timeout", "soon"]), 2, &["--head-timeout", "soon"]);
}

#[test]
fn a_configuration_is_checked_without_serving() {
    let folder = Folder::new("config");
    let check = |file: &str| run(&["--check-config", "--config", file]);
    let misspelt = folder.with("misspelt.toml", "# mine\nlisen = [\"127.0.0.1:0\"]\n");
    refused(&check(&misspelt), 2, &[&format!("{misspelt}:2: "), "lisen", "`listen`"]);
    let bad = folder.with("bad.toml", "\n\nhead-timeout = \"10 parsecs\"\n");
    refused(&check(&bad), 2, &[&format!("{bad}:3: "), "head-timeout", "10 parsecs", "500ms"]);
    refused(&check("/nonexistent-folder/loiter.toml"), 2, &["/nonexistent-folder/loiter.toml"]);
    let good = folder.with("good.toml", "head-timeout = \"5s\"\n");
    let output = check(&good);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(" is valid\n"), "{output:?}");
}

#[test]
fn certificate_files_are_checked_as_by_a_start() {
    let folder = Folder::new("check-tls");
    let missing = folder.file("missing.pem").display().to_string();
    let empty = folder.with("empty.pem", "");
    let of_dots = "-----BEGIN CERTIFICATE-----\n....\n-----END CERTIFICATE-----\n";
    let bad = folder.with("bad.pem", of_dots);
    for (args, said) in [
        (&["--tls-cert", &missing, "--tls-key", &missing][..], "--tls-cert: cannot read "),
        (&["--tls-cert", &empty, "--tls-key", &empty], "has no private key; give a PEM file"),
        (&["--tls-cert", &bad, "--tls-key", &empty], "bad.pem:1: the section is not valid base64"),
        (&["--ca-file", &missing], "missing.pem does not exist; make one: openssl req "),
        (&["--tls-client-ca", &empty], "--tls-client-ca: "),
    ] {
        let check = run(&[args, &["--check-config"]].concat());
        refused(&check, 2, &[said]);
        let start = run(&[args, &["--listen", "127.0.0.1:0"]].concat());
        refused(&start, 1, &[said]);
        assert_eq!(check.stderr, start.stderr);
    }
}

#[test]
fn a_check_warns_as_a_start_and_writes_no_file() {
    let folder = Folder::new("check-warns");
    let out = folder.file("ca.pem");
    let warned = |args: &[&str]| {
        let output = run(&[args, &["--check-config"]].concat());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert_eq!(warned(&["--ca-out", &out.display().to_string()]), "");
    assert!(!out.exists());
    let unused = ["--listen", "http://127.0.0.1:0", "--ca-file", "none"];
    assert!(warned(&unused).contains("--ca-file has no effect: no listener has TLS"));
    for (seed, is_weak) in [
        ("x", true),
        ("fifteen letters", true),
        ("abcdabcdabcdabcd", true),
        ("sixteen of these", false),
        ("aaaaaaaaaaaabcde", false),
    ] {
        let log = warned(&["--ca-seed", seed]);
        assert_eq!(log.contains("of so few characters can be guessed"), is_weak, "{log}");
        assert!(log.contains("whoever knows it can sign"), "{log}");
    }
}

#[test]
fn help_and_version_are_no_mistakes() {
    for flag in ["--help", "--version"] {
        let output = run(&[flag]);
        assert_eq!(output.status.code(), Some(0), "{flag}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("loiter") && text.ends_with('\n'), "{text}");
    }
}
