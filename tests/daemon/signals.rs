//! Signals that do not stop the server: sent by habit or by mistake.

use std::fs;

use super::process::*;

/// A request in flight, which must be answered in any case.
fn waiting(daemon: &Daemon) -> std::net::TcpStream {
    let mut stream = daemon.connect();
    ask(&mut stream, "/delay/1", "");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    stream
}

fn is_answered(mut stream: std::net::TcpStream) {
    assert_eq!(status_line(&mut stream).as_deref(), Ok("HTTP/1.1 200 OK"));
}

#[test]
fn what_would_kill_by_default_is_ignored_and_named() {
    let daemon = Daemon::start(&["--workers", "1"]);
    let stream = waiting(&daemon);
    for name in ["ALRM", "VTALRM", "PROF", "XCPU", "WINCH"] {
        daemon.signal(name);
        daemon.logged(&format!("SIG{name}: ignored"));
    }
    is_answered(stream);
    daemon.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn what_only_linux_has_is_ignored_too() {
    let daemon = Daemon::start(&["--workers", "1"]);
    let stream = waiting(&daemon);
    let (first, last) = (libc::SIGRTMIN(), libc::SIGRTMAX());
    for (number, name) in [
        (libc::SIGIO, "SIGIO"),
        (libc::SIGPWR, "SIGPWR"),
        (libc::SIGSTKFLT, "SIGSTKFLT"),
        (first, "SIGRTMIN+0"),
        (first + 3, "SIGRTMIN+3"),
        (last, &format!("SIGRTMIN+{}", last - first)),
    ] {
        daemon.signal(&number.to_string());
        daemon.logged(&format!("{name}: ignored"));
    }
    is_answered(stream);
    daemon.stop();
}

#[test]
fn what_is_no_news_is_not_logged() {
    let mut daemon = Daemon::start(&["--workers", "1"]);
    let stream = waiting(&daemon);
    ["XFSZ", "CHLD", "URG", "CONT"].into_iter().for_each(|name| daemon.signal(name));
    is_answered(stream);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(daemon.log.iter().all(|line| !line.contains("ignored")));
}

#[test]
fn sighup_opens_the_access_log_anew() {
    let folder = Folder::new("hangup");
    let (path, old) = (folder.file("access.log"), folder.file("access.log.1"));
    let name = path.display().to_string();
    let args = ["--workers", "1", "--access-log", "common", "--access-log-file", &name];
    let daemon = Daemon::start(&args);
    let stream = waiting(&daemon);
    fs::rename(&path, &old).expect("the log is there");
    for _ in 0..3 {
        daemon.signal("HUP");
        daemon.logged("SIGHUP: reopening the access log");
    }
    eventually("a new file", || path.exists());
    is_answered(stream);
    daemon.stop();
    let log = fs::read_to_string(&path).expect("a log");
    assert!(log.contains("GET /delay/1 HTTP/1.1\" 200 "), "{log}");
}

#[test]
fn sigquit_drains() {
    let mut daemon = Daemon::start(&["--workers", "1"]);
    let stream = waiting(&daemon);
    daemon.signal("QUIT");
    daemon.logged("SIGQUIT: finishing requests in flight");
    for name in ["HUP", "USR1", "USR2"] {
        daemon.signal(name);
    }
    is_answered(stream);
    assert_eq!(daemon.ended(), Some(0));
}

/// The kernel sends SIGXFSZ to a process that writes beyond `ulimit -f`: the log ends, not the
/// server.
#[test]
fn a_log_that_may_not_grow_does_not_kill() {
    let folder = Folder::new("xfsz");
    let name = folder.file("access.log").display().to_string();
    let mut command = command("sh");
    command.args(["-c", "ulimit -f 1; exec \"$0\" \"$@\"", BIN, "--listen", "127.0.0.1:0"]);
    command.args(["--access-log", "combined", "--access-log-file", &name, "--workers", "1"]);
    let daemon = Daemon::of(&mut command);
    for _ in 0..3 {
        daemon.get(&format!("/get?{}", "x".repeat(1500)));
    }
    daemon.logged("cannot write the access log; lines are lost until it works again");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.stop();
}
