//! The access log in its file, and a file that is rotated away.

use std::fs;
use std::path::Path;

use super::process::*;

fn logging_to(path: &Path) -> Daemon {
    let path = path.display().to_string();
    Daemon::start(&["--access-log", "combined", "--access-log-file", &path])
}

#[test]
fn the_access_log_is_whole_by_the_end() {
    let folder = Folder::new("whole-log");
    let daemon = logging_to(&folder.file("access.log"));
    for n in 0..10 {
        daemon.get(&format!("/get?n={n}"));
    }
    let mut stream = daemon.connect();
    ask(&mut stream, "/status/404", "User-Agent: \"x\"\r\nReferer: http://r/\r\n");
    assert!(status_line(&mut stream).is_ok_and(|line| line.starts_with("HTTP/1.1 404 ")));
    daemon.stop();
    let log = fs::read_to_string(folder.file("access.log")).expect("a log");
    assert_eq!(log.lines().count(), 11, "{log}");
    for n in 0..10 {
        assert!(log.contains(&format!("\"GET /get?n={n} HTTP/1.1\" 200 ")), "{log}");
    }
    assert!(log.contains(" 404 0 \"http://r/\" \"\\x22x\\x22\"\n"), "{log}");
    assert!(log.lines().all(|line| line.starts_with("127.0.0.1 - - [")), "{log}");
}

#[test]
fn sigusr1_opens_the_access_log_anew() {
    let folder = Folder::new("rotated-log");
    let (path, old) = (folder.file("access.log"), folder.file("access.log.1"));
    let daemon = logging_to(&path);
    let lines_in = |path: &Path| fs::read_to_string(path).unwrap_or_default().lines().count();
    daemon.get("/get?before");
    eventually("a line", || lines_in(&path) == 1);
    fs::rename(&path, &old).expect("the log is there");
    daemon.signal("USR1");
    eventually("a new file", || path.exists());
    daemon.get("/get?after");
    daemon.stop();
    assert_eq!((lines_in(&old), lines_in(&path)), (1, 1));
}

/// A rotated log that is deleted must free its space, whatever tables its descriptor was in.
#[cfg(target_os = "linux")]
#[test]
fn a_rotated_log_is_let_go() {
    let folder = Folder::new("freed-log");
    let (path, old) = (folder.file("access.log"), folder.file("access.log.1"));
    let daemon = logging_to(&path);
    daemon.get("/get");
    fs::rename(&path, &old).expect("the log is there");
    daemon.signal("USR1");
    eventually("a new file", || path.exists());
    let open = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", daemon.child.id())).expect("it runs");
        let tables = tasks.flatten().filter_map(|task| fs::read_dir(task.path().join("fd")).ok());
        let links = tables.flatten().flatten().filter_map(|fd| fs::read_link(fd.path()).ok());
        links.filter(|link| *link == old).count()
    };
    eventually("no thread holding the old file", || open() == 0);
    daemon.stop();
}
