//! `--pid-file`: whose it is, and when it is there.

use std::fs;

use super::process::*;

#[test]
fn it_is_there_while_the_server_is() {
    let folder = Folder::new("pid-file");
    let path = folder.file("pid");
    let name = path.display().to_string();
    // A dead process, and a running one that is no server.
    for old in ["4000000\n", &format!("{}\n", std::process::id())] {
        fs::write(&path, old).expect("a scratch file");
        let daemon = Daemon::start(&["--workers", "1", "--pid-file", &name]);
        // The address is printed before.
        let own = format!("{}\n", daemon.child.id());
        eventually("the PID file", || fs::read_to_string(&path).is_ok_and(|text| text == own));
        daemon.stop();
        assert!(!path.exists());
    }
}

#[test]
fn that_of_another_server_is_left_alone() {
    let folder = Folder::new("pid-file-taken");
    let path = folder.file("pid");
    let name = path.display().to_string();
    let daemon = Daemon::start(&["--workers", "1", "--pid-file", &name]);
    eventually("the PID file", || path.exists());
    let other = command(BIN).args(["--listen", "127.0.0.1:0", "--pid-file", &name]).output();
    let other = other.expect("the binary starts");
    assert_eq!(other.status.code(), Some(1));
    let log = String::from_utf8_lossy(&other.stderr);
    let process = daemon.child.id();
    assert!(log.contains(&format!("belongs to another loiter, process {process}")), "{log}");
    assert_eq!(fs::read_to_string(&path).ok(), Some(format!("{process}\n")));
    // At its end it leaves the file of whoever has replaced it.
    fs::write(&path, "1\n").expect("a scratch file");
    daemon.stop();
    assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some("1\n"));
}

#[test]
fn one_that_cannot_be_written_is_an_error() {
    let folder = Folder::new("pid-file-nowhere");
    let name = folder.file("no/folder/pid").display().to_string();
    let output = command(BIN).args(["--listen", "127.0.0.1:0", "--pid-file", &name]).output();
    let output = output.expect("the binary starts");
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(log.contains("loiter: cannot write the PID file"), "{log}");
}
