//! SIGHUP and `loiter reload`: new settings without a restart, and old ones if the new are wrong.

use std::fs;
use std::net::TcpStream;

use super::process::*;

/// A server with this file, and its name.
fn configured(folder: &Folder, text: &str, args: &[&str]) -> (Daemon, String) {
    let file = folder.with("loiter.toml", text);
    let mut all = vec!["--config", &file];
    all.extend(args);
    (Daemon::start(&all), file)
}

/// Files that are wrong, and what the log has of each: the place, the key, and why.
#[rustfmt::skip]
const BROKEN: [(&str, &str); 30] = [
    ("workers = \"many\"", "loiter.toml:1: workers: `many`"),
    ("\nworkers = -1", "loiter.toml:2: workers: "),
    ("workers = 99999", "loiter.toml:1: workers: "),
    ("worker = 2", "loiter.toml:1: "),
    ("listen = \"8080\"", "loiter.toml:1: listen: `8080` has no host"),
    ("listen = [\"127.0.0.1:99999\"]", "loiter.toml:1: listen: `99999` is not a port"),
    ("listen = [\":80\", \":80\"]", "loiter.toml:1: listen: "),
    ("listen = [\"h2://127.0.0.1:80\"]", "loiter.toml:1: listen: `h2://` is not supported"),
    ("listen = [\"127.0.0.1:0/~dealy=1s\"]", "loiter.toml:1: listen: "),
    ("max-duration = \"soon\"", "loiter.toml:1: max-duration: "),
    ("max-bytes = \"1XB\"", "loiter.toml:1: max-bytes: "),
    ("max-body-size = true", "loiter.toml:1: "),
    ("with = \"delay=never\"", "loiter.toml:1: with: "),
    ("with = \"dealy=1s\"", "loiter.toml:1: with: "),
    ("log-level = \"loud\"", "loiter.toml:1: log-level: "),
    ("log-format = \"xml\"", "loiter.toml:1: log-format: "),
    ("access-log = \"always\"", "loiter.toml:1: access-log: "),
    ("profile = \"private\"", "loiter.toml:1: profile: "),
    ("compat = \"other\"", "loiter.toml:1: compat: "),
    ("prefix = \"a b\"", "loiter.toml:1: prefix: "),
    ("shutdown-timeout = \"-1s\"", "loiter.toml:1: shutdown-timeout: "),
    ("pid-file = \"\"", "loiter.toml:1: pid-file: "),
    ("tls-min = \"1.4\"", "loiter.toml:1: tls-min: "),
    ("tls-cert = \"/no/such/file\"", "tls-"),
    ("half-close = \"maybe\"", "loiter.toml:1: half-close: "),
    ("workers = 1\nworkers = 2", "loiter.toml:2: "),
    ("workers = ", "loiter.toml:1: "),
    ("[workers]\nx = 1", "loiter.toml:"),
    ("access-log = \"common\"\naccess-log-file = \"/no/such/folder/log\"", "/no/such/folder/log"),
    ("\u{0}", "loiter.toml:1: "),
];

#[test]
fn thirty_mistakes_change_nothing_and_each_is_named() {
    let folder = Folder::new("reload-broken");
    let (daemon, file) = configured(&folder, "max-duration = \"7s\"\n", &["--workers", "2"]);
    let mut waiting: Vec<TcpStream> = (0..BROKEN.len()).map(|_| daemon.connect()).collect();
    let mut kept = daemon.connect();
    for ((text, named), stream) in BROKEN.iter().zip(&mut waiting) {
        ask(stream, "/delay/1", "");
        fs::write(&file, text).expect("a scratch file");
        daemon.signal("HUP");
        let line = daemon.logged("reload failed, all settings stay: ");
        assert!(line.contains(named), "{text:?}: {line}");
        ask(&mut kept, "/get", "");
        assert_eq!(status_line(&mut kept).as_deref(), Ok("HTTP/1.1 200 OK"), "{text:?}");
        skip_body(&mut kept);
    }
    // A file that is gone is a mistake too, and so are two at once.
    fs::remove_file(&file).expect("it is there");
    daemon.signal("HUP");
    assert!(daemon.logged("reload failed, all settings stay: ").contains("loiter.toml"));
    fs::write(&file, "workers = \"a\"\nmax-bytes = \"b\"").expect("a scratch file");
    daemon.signal("HUP");
    daemon.logged("loiter.toml:1: workers: ");
    daemon.logged("loiter.toml:2: max-bytes: ");
    for stream in &mut waiting {
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    }
    daemon.stop();
}

/// Reads the rest of an answer to /get, which ends with a brace and a line feed at its beginning.
fn skip_body(stream: &mut TcpStream) {
    let mut seen = Vec::new();
    while !seen.ends_with(b"\n}\n") {
        let mut byte = [0];
        std::io::Read::read_exact(stream, &mut byte).expect("an answer");
        seen.push(byte[0]);
    }
}

#[test]
fn what_can_change_does_and_what_cannot_is_named() {
    let folder = Folder::new("reload");
    let log = folder.file("access.log");
    let (daemon, file) = configured(&folder, "", &["--workers", "1", "--max-bytes", "1000"]);
    let mut waiting = daemon.connect();
    ask(&mut waiting, "/delay/2", "");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 "));
    let text = format!(
        "with = \"status=418\"\nlog-level = \"debug\"\naccess-log = \"common\"\n\
         access-log-file = {:?}\nmax-bytes = 10\nworkers = 5\nlog-format = \"json\"\n\
         private-fd-tables = false\npid-file = {:?}\n",
        log.display().to_string(),
        folder.file("pid").display().to_string(),
    );
    fs::write(&file, text).expect("a scratch file");
    daemon.signal("HUP");
    let changed = daemon.logged("reloaded: ");
    for name in ["with", "log-level", "access-log", "access-log-file"] {
        assert!(changed.contains(name), "{changed}");
    }
    // Flags have precedence.
    for name in ["max-bytes", "workers", "log-format", "pid-file"] {
        assert!(!changed.contains(name), "{changed}");
    }
    let kept = daemon.logged("not changed: ");
    for name in ["private-fd-tables", "log-format", "pid-file"] {
        assert!(kept.contains(name), "{kept}");
    }
    assert!(daemon.get("/base64/YWFh").starts_with("HTTP/1.1 418 "));
    eventually("a line", || {
        fs::read_to_string(&log).is_ok_and(|text| text.contains("/base64/YWFh"))
    });
    assert_eq!(status_line(&mut waiting).as_deref(), Ok("HTTP/1.1 200 OK"), "it came before");
    assert!(!folder.file("pid").exists());
    fs::write(&file, "").expect("a scratch file");
    daemon.signal("HUP");
    daemon.logged("reloaded: ");
    daemon.signal("HUP");
    daemon.logged("reloaded: no setting has changed");
    let mut stream = daemon.connect();
    ask(&mut stream, "/bytes/100", "");
    assert_eq!(status_line(&mut stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    daemon.stop();
}

#[test]
fn the_command_checks_first_and_reports_the_outcome() {
    let folder = Folder::new("reload-command");
    let pid = folder.file("pid").display().to_string();
    let (daemon, file) = configured(&folder, "", &["--workers", "1", "--pid-file", &pid]);
    eventually("the PID file", || folder.file("pid").exists());
    let number = daemon.child.id().to_string();
    for args in [vec!["reload", "--pid", &number], vec!["--pid-file", &pid, "reload"]] {
        let output = run(&args);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
        daemon.logged("reloaded: no setting has changed");
    }
    fs::write(&file, "workers = \"many\"").expect("a scratch file");
    refused(&run(&["reload", "--pid", &number]), 2, &["loiter.toml:1: workers: `many`"]);
    // What only the running server finds out.
    fs::write(&file, "access-log = \"common\"\naccess-log-file = \"/no/folder/log\"")
        .expect("a scratch file");
    refused(
        &run(&["reload", "--pid", &number]),
        1,
        &["has kept its settings; its log has the reason"],
    );
    daemon.logged("reload failed, all settings stay: ");
    refused(&run(&["reload"]), 2, &["the settings have no pid-file; give --pid N"]);
    let own = std::process::id().to_string();
    refused(&run(&["reload", "--pid", &own]), 1, &["is another program"]);
    refused(&run(&["reload", "--pid", "4000000"]), 1, &["there is no process 4000000"]);
    refused(&run(&["--pid-file", "/no/file", "reload"]), 1, &["cannot read the PID file /no/file"]);
    daemon.stop();
}

/// Descriptors of all threads, and resident memory in KiB.
fn used(daemon: &Daemon) -> (usize, u64) {
    let process = format!("/proc/{}", daemon.child.id());
    let tasks = fs::read_dir(format!("{process}/task")).expect("it runs");
    let tables = tasks.flatten().filter_map(|task| fs::read_dir(task.path().join("fd")).ok());
    let status = fs::read_to_string(format!("{process}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a size");
    let kib = line.trim().trim_end_matches(" kB").parse().expect("a number");
    (tables.map(Iterator::count).sum(), kib)
}

#[test]
fn a_thousand_reloads_leave_nothing_behind() {
    let folder = Folder::new("reloads");
    let texts = ["with = \"delay=1ms\"\n", "max-bytes = 1000\n"];
    let (daemon, file) = configured(&folder, texts[0], &["--workers", "2"]);
    let mut streams: Vec<TcpStream> = (0..10).map(|_| daemon.connect()).collect();
    let mut used_early = None;
    for number in 0..1000 {
        fs::write(&file, texts[number % 2]).expect("a scratch file");
        let stream = &mut streams[number % 10];
        ask(stream, "/get", "");
        daemon.signal("HUP");
        daemon.logged("reloaded: ");
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"), "reload {number}");
        skip_body(stream);
        if number == 200 {
            used_early = Some(used(&daemon));
        }
    }
    let ((descriptors, memory), early) = (used(&daemon), used_early.expect("it was measured"));
    assert_eq!(descriptors, early.0);
    assert!(memory < early.1 + 4096, "{} KiB, then {memory} KiB", early.1);
    daemon.stop();
}
