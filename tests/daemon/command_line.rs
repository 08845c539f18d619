//! The texts of the command line, as a process prints them.

use std::fs;
use std::process::{Command, Stdio};

use super::process::*;

/// Requested output must not be lost silently: a full disk is a failure, a closed pipe is not.
#[cfg(target_os = "linux")]
#[test]
fn a_text_that_cannot_be_written_is_a_failure() {
    for args in [
        &["--print-config"][..],
        &["--check-config"],
        &["--help"],
        &["-h"],
        &["help"],
        &["--version"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
        let output = command(BIN).args(args).stdout(full).output().expect("the binary starts");
        refused(&output, 1, &["cannot write to standard output", "No space left on device"]);
        let mut child = command(BIN)
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        drop(child.stdout.take());
        // It may or may not have written already; neither is a failure.
        assert_eq!(child.wait().expect("it ends").code(), Some(0), "{args:?}");
    }
}

/// Asks fish itself where it is installed: its script does not list the completions.
#[test]
fn fish_completes_the_words_of_a_choice() {
    let script = run(&["completions", "fish"]).stdout;
    let folder = Folder::new("fish");
    let script = folder.with("loiter.fish", &String::from_utf8_lossy(&script));
    for (line, words) in [
        ("loiter --profile ", "local public"),
        ("loiter --workers 1 --log-format ", "auto json text"),
        ("loiter --defer-accept ", "off on"),
        ("loiter --profile local completions z", "zsh"),
    ] {
        let ask = format!("source '{script}'; complete -C '{line}'");
        let Ok(output) = Command::new("fish").args(["--no-config", "-c", &ask]).output() else {
            return;
        };
        let offered = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(offered.split_whitespace().collect::<Vec<_>>().join(" "), words, "{line}");
    }
}

#[test]
fn the_programs_name_in_a_containers_command_is_passed_over() {
    for name in ["/bin/go-httpbin", "go-httpbin", "/go-httpbin", "loiter"] {
        let daemon = Daemon::of(command(BIN).args([name, "-host", "127.0.0.1", "-port", "0"]));
        assert!(daemon.get("/get").starts_with("HTTP/1.1 200 "), "{name}");
        daemon.stop();
    }
    refused(&run(&["/bin/httpbin", "-port", "0"]), 2, &["unknown argument `/bin/httpbin`"]);
}
