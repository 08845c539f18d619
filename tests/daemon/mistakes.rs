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
fn help_and_version_are_no_mistakes() {
    for flag in ["--help", "--version"] {
        let output = run(&[flag]);
        assert_eq!(output.status.code(), Some(0), "{flag}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains("loiter") && text.ends_with('\n'), "{text}");
    }
}
