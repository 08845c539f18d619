//! Logs that nobody reads, or that cannot be written: the server keeps serving, and still stops.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::process::*;

/// Longest time from the signal that stops it at once to its exit: a second for the last flush,
/// with a margin for a busy machine, but less than the requests in flight take.
const SOON: Duration = Duration::from_secs(8);

/// A FIFO full of line feeds, and both its ends, which are blocking.
fn full_fifo(path: &Path) -> (File, File) {
    make_fifo(path);
    let at_once = |options: &mut OpenOptions| {
        options.custom_flags(libc::O_NONBLOCK).open(path).expect("the FIFO")
    };
    let first = at_once(OpenOptions::new().read(true));
    let writer = OpenOptions::new().write(true).open(path).expect("it has a reader");
    let reader = File::open(path).expect("it has a writer");
    drop(first);
    let mut filler = at_once(OpenOptions::new().write(true));
    for size in [512, 1] {
        while filler.write(&vec![b'\n'; size]).is_ok() {}
    }
    (reader, writer)
}

fn make_fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo").success());
}

fn serves(daemon: &Daemon) {
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
}

/// Stops it at once by a first and a second signal, with a request in flight.
fn ends_by_two_signals(daemon: &mut Daemon) {
    let mut cut_off = daemon.connect();
    ask(&mut cut_off, "/delay/10", "");
    serves(daemon);
    daemon.signal("TERM");
    eventually("no listener", || TcpStream::connect(daemon.address).is_err());
    let first = Instant::now();
    while first.elapsed() < Duration::from_millis(100) {
        assert_eq!(daemon.child.try_wait().expect("it is ours"), None);
        thread::yield_now();
    }
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(1), "an answer was cut off");
    assert!(first.elapsed() < SOON, "{:?}", first.elapsed());
    assert!(status_line(&mut cut_off).is_err(), "it was not answered early");
}

/// Causes every log event in the life of a server: start, reopened logs, an ignored signal, a
/// worker without descriptors, both signals and the end.
fn lives_and_ends(mut daemon: Daemon) -> Daemon {
    serves(&daemon);
    ["USR1", "HUP", "ALRM"].into_iter().for_each(|name| daemon.signal(name));
    let mut held: Vec<TcpStream> = (0..80).map(|_| daemon.connect()).collect();
    // A connection with an unfinished head is not evicted.
    held.iter_mut().for_each(|stream| stream.write_all(b"GET / HT").expect("it is open"));
    #[cfg(target_os = "linux")]
    eventually("no descriptor left", || {
        let folder = format!("/proc/{}/fd", daemon.child.id());
        fs::read_dir(folder).is_ok_and(|descriptors| descriptors.count() >= DESCRIPTORS)
    });
    drop(held);
    serves(&daemon);
    ends_by_two_signals(&mut daemon);
    daemon
}

/// Most descriptors of a [`limited`] server.
const DESCRIPTORS: usize = 64;

/// A server with few descriptors for all its workers together.
fn limited(level: &str, format: &str) -> Command {
    let mut command = command("sh");
    let limited = format!("ulimit -n {DESCRIPTORS}; exec \"$0\" \"$@\"");
    command.args(["-c", &limited, BIN, "--listen", "127.0.0.1:0"]);
    command.args(["--workers", "2", "--private-fd-tables", "off", "--shutdown-timeout", "1h"]);
    command.args(["--log-level", level, "--log-format", format, "--access-log", "json"]);
    command
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

#[test]
fn a_log_that_is_read_has_every_line() {
    let daemon = lives_and_ends(Daemon::of(&mut limited("info", "text")));
    let log = daemon.log.iter().collect::<Vec<_>>().join("\n");
    for message in [
        "connection limit capacity=",
        "\"target\":\"/get\"",
        "SIGUSR1: no log to reopen",
        "SIGHUP: no log to reopen",
        "SIGALRM: ignored",
        #[cfg(target_os = "linux")]
        "cannot accept connections",
        "SIGTERM: finishing requests in flight",
        "SIGTERM again: stopping now",
        "stopped connections=",
    ] {
        assert!(log.contains(message), "no `{message}` in the log:\n{log}");
    }
}

#[test]
fn a_log_that_nobody_reads_stops_nothing() {
    let folder = Folder::new("stuck-stderr");
    thread::scope(|scope| {
        for (level, format) in LEVELS.into_iter().flat_map(|l| [(l, "text"), (l, "json")]) {
            let fifo = folder.file(&format!("{level}-{format}"));
            scope.spawn(move || {
                let (_reader, writer) = full_fifo(&fifo);
                lives_and_ends(Daemon::logging_to(&mut limited(level, format), writer));
            });
        }
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_log_that_cannot_be_written_stops_nothing() {
    thread::scope(|scope| {
        for format in ["text", "json"] {
            scope.spawn(move || {
                let full = OpenOptions::new().write(true).open("/dev/full").expect("it is there");
                lives_and_ends(Daemon::logging_to(&mut limited("trace", format), full));
            });
        }
        scope.spawn(|| {
            let (reader, writer) = std::io::pipe().expect("a pipe");
            drop(reader);
            lives_and_ends(Daemon::logging_to(&mut limited("trace", "text"), writer));
        });
    });
}

#[test]
fn standard_streams_may_be_closed() {
    let folder = Folder::new("closed");
    for closed in ["2>&-", ">&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let socket = folder.file("socket");
        let mut command = command("sh");
        command.args(["-c", &format!("exec \"$0\" \"$@\" {closed}"), BIN, "--workers", "1"]);
        let mut local = Local::start(&mut command, &socket, Stdio::null(), Stdio::null());
        local.signal("ALRM");
        local.signal("HUP");
        assert!(local.get().starts_with("HTTP/1.1 200 OK\r\n"), "{closed}");
        local.signal("TERM");
        assert_eq!(local.ended(), Some(0), "{closed}");
    }
}

/// A server on a socket file, for tests whose standard output cannot show the address.
struct Local {
    child: Child,
    socket: std::path::PathBuf,
}

impl Local {
    fn start(
        command: &mut Command,
        socket: &Path,
        stdout: impl Into<Stdio>,
        stderr: impl Into<Stdio>,
    ) -> Local {
        command.args(["--listen", &format!("unix:{}", socket.display())]);
        let child = command.stdout(stdout).stderr(stderr).spawn().expect("the binary starts");
        let local = Local { child, socket: socket.to_owned() };
        eventually("a listener", || UnixStream::connect(socket).is_ok());
        local
    }

    fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    fn get(&self) -> String {
        let mut stream = UnixStream::connect(&self.socket).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream.write_all(b"GET /get HTTP/1.1\r\nHost: test\r\n\r\n").expect("a request");
        stream.shutdown(Shutdown::Write).expect("it is open");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn ended(&mut self) -> Option<i32> {
        let mut status = None;
        eventually("its end", || {
            status = self.child.try_wait().expect("it is ours");
            status.is_some()
        });
        status.and_then(|status| status.code())
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_standard_output_that_nobody_reads_leaves_it_open_to_signals() {
    let folder = Folder::new("stuck-stdout");
    let (reader, writer) = full_fifo(&folder.file("fifo"));
    let socket = folder.file("socket");
    let mut plain = command(BIN);
    let copy = writer.try_clone().expect("a descriptor");
    // Both streams are the same pipe, as in a terminal or a container.
    let mut local = Local::start(&mut plain, &socket, copy, writer);
    assert!(local.get().starts_with("HTTP/1.1 200 OK\r\n"));
    let begun = Instant::now();
    local.signal("TERM");
    assert_eq!(local.ended(), Some(0));
    assert!(begun.elapsed() < SOON);
    drop(reader);
}

#[test]
fn the_lines_for_standard_output_come_when_it_is_read() {
    let folder = Folder::new("late-stdout");
    let (reader, writer) = full_fifo(&folder.file("fifo"));
    let socket = folder.file("socket");
    let mut local = Local::start(&mut command(BIN), &socket, writer, Stdio::null());
    local.signal("HUP");
    assert!(local.get().starts_with("HTTP/1.1 200 OK\r\n"));
    let out = lines(reader);
    let mut printed = out.iter().filter(|line| !line.is_empty());
    assert_eq!(printed.next(), Some(format!("listening unix:{}", socket.display())));
    local.signal("INT");
    assert_eq!(local.ended(), Some(0));
    assert_eq!(printed.next(), None);
}

#[test]
fn a_start_that_fails_ends_though_nobody_reads_why() {
    let folder = Folder::new("failing-start");
    let (_reader, writer) = full_fifo(&folder.file("fifo"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let mut command = command(BIN);
    let child = command.args(["--listen", &address]).stdout(Stdio::null()).stderr(writer).spawn();
    let mut local = Local { child: child.expect("it starts"), socket: folder.file("none") };
    assert_eq!(local.ended(), Some(1));
}

/// Sends requests with long targets, enough that their lines overflow the queue.
fn flood(daemon: &Daemon) -> u64 {
    let target = "x".repeat(2000);
    let request = format!("GET /status/204?{target} HTTP/1.1\r\nHost: test\r\n\r\n").repeat(100);
    let (mut stream, mut answers) = (daemon.connect(), 0);
    for _ in 0..40 {
        stream.write_all(request.as_bytes()).expect("it takes requests");
        for _ in 0..100 {
            while !status_line(&mut stream).expect("an answer").is_empty() {}
            answers += 1;
        }
    }
    answers
}

/// The number of lost lines, if this line of the JSON log reports it.
fn lost(line: &str, output: &str) -> Option<u64> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    let reports = line["fields"]["message"] == "log lines were lost";
    let lines = (reports && line["fields"]["output"] == output).then(|| &line["fields"]["lines"]);
    lines.map(|lines| lines.as_u64().expect("a number"))
}

#[test]
fn lost_lines_are_reported_when_the_log_is_read_again() {
    let folder = Folder::new("read-again");
    let (reader, writer) = full_fifo(&folder.file("fifo"));
    let mut command = command(BIN);
    command.args(["--listen", "127.0.0.1:0", "--workers", "1", "--access-log", "json"]);
    let mut daemon = Daemon::logging_to(&mut command, writer);
    // It holds the FIFO open.
    drop(command);
    let asked = flood(&daemon);
    daemon.signal("ALRM");
    serves(&daemon);
    daemon.log = lines(reader);
    let deadline = Instant::now() + DEADLINE;
    let mut seen = Vec::new();
    while !seen.last().is_some_and(|line: &String| line.contains("log lines were lost")) {
        let most = deadline.saturating_duration_since(Instant::now());
        seen.push(daemon.log.recv_timeout(most).expect("a report of lost lines"));
    }
    serves(&daemon);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    seen.extend(daemon.log.iter());
    let written = seen.iter().filter(|line| line.contains("\"peer\"")).count() as u64;
    let lost: u64 = seen.iter().filter_map(|line| lost(line, "standard error")).sum();
    assert_eq!(written + lost, asked + 2, "each is written or counted");
    for message in ["SIGALRM: ignored", "SIGTERM: finishing", "stopped"] {
        let lines = seen.iter().filter(|line| line.contains(message)).count();
        assert_eq!(lines, 1, "`{message}` has room of its own");
    }
}

#[test]
fn an_access_log_that_nobody_reads_costs_its_lines_alone() {
    let folder = Folder::new("stuck-fifo");
    let path = folder.file("fifo");
    let (reader, writer) = full_fifo(&path);
    let name = path.display().to_string();
    let args = ["--workers", "1", "--access-log", "common", "--access-log-file", &name];
    let mut daemon = Daemon::start(&args);
    let asked = flood(&daemon);
    daemon.signal("ALRM");
    daemon.logged("SIGALRM: ignored");
    let log = lines(reader);
    let report = daemon.logged("log lines were lost");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    // The test's own end keeps the FIFO open.
    drop(writer);
    let written = log.iter().filter(|line| line.contains("/status/204")).count() as u64;
    let reports = std::iter::once(report).chain(daemon.log.iter());
    let lost: u64 = reports.filter_map(|line| lost(&line, "the access log")).sum();
    assert_eq!(written + lost, asked, "each is written or counted");
    assert!(written > 0 && lost > 0, "{written}, {lost}");
}

#[test]
fn the_end_does_not_wait_for_an_access_log_that_nobody_reads() {
    let folder = Folder::new("stuck-end");
    let path = folder.file("fifo");
    let (_reader, _writer) = full_fifo(&path);
    let name = path.display().to_string();
    let args = ["--workers", "1", "--access-log", "common", "--access-log-file", &name];
    let mut daemon = Daemon::start(&args);
    flood(&daemon);
    let begun = Instant::now();
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(begun.elapsed() < SOON);
    daemon.logged("the access log is blocked");
}

#[test]
fn an_access_log_that_nobody_reads_can_be_moved() {
    let folder = Folder::new("stuck-moved");
    let path = folder.file("log");
    let (_reader, _writer) = full_fifo(&path);
    let name = path.display().to_string();
    let args = ["--workers", "1", "--access-log", "common", "--access-log-file", &name];
    let daemon = Daemon::start(&args);
    daemon.get("/get?before");
    fs::rename(&path, folder.file("old")).expect("it is there");
    daemon.signal("HUP");
    eventually("a new file with what the old did not take", || {
        fs::read_to_string(&path).is_ok_and(|log| log.contains("/get?before"))
    });
    daemon.stop();
}

#[test]
fn a_fifo_without_a_reader_holds_nothing_up() {
    let folder = Folder::new("no-reader");
    let path = folder.file("fifo");
    make_fifo(&path);
    let name = path.display().to_string();
    let args = ["--workers", "1", "--access-log", "common", "--access-log-file", &name];
    let daemon = Daemon::start(&args);
    daemon.logged("has no reader");
    for signal in ["HUP", "USR1"] {
        daemon.signal(signal);
        daemon.logged("reopening the access log");
    }
    // A batch is lost when it is a tenth of a second old.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        daemon.get("/get?lost");
    }
    let reader = thread::spawn(move || File::open(&path).map(lines).expect("the FIFO"));
    // It is opened when there is a line to write.
    eventually("the reader has its FIFO", || {
        daemon.get("/get?seen");
        reader.is_finished()
    });
    let log = reader.join().expect("it is open");
    assert!(log.iter().any(|line| line.contains("/get?seen")));
    assert!(lost(&daemon.logged("log lines were lost"), "the access log") > Some(0));
    drop(log);
    serves(&daemon);
    daemon.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn an_access_log_on_a_full_disk_is_reported_once() {
    let args = ["--workers", "1", "--access-log", "json", "--access-log-file", "/dev/full"];
    let mut daemon = Daemon::start(&args);
    flood(&daemon);
    daemon.logged("cannot write the access log; lines are lost until it works again");
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(daemon.log.iter().all(|line| !line.contains("cannot write")));
}

#[test]
fn the_totals_are_fields() {
    for format in ["text", "json"] {
        let args = ["--workers", "1", "--log-format", format, "--access-log", "common"];
        let mut daemon = Daemon::start(&args);
        let mut stream = daemon.connect();
        ask(&mut stream, "/get", "");
        assert_eq!(status_line(&mut stream).as_deref(), Ok("HTTP/1.1 200 OK"));
        ask(&mut stream, "/delay/10", "");
        serves(&daemon);
        // Unread bytes make its close a reset, so that it is gone at once.
        drop(stream);
        daemon.logged("\" 499 ");
        daemon.signal("TERM");
        assert_eq!(daemon.ended(), Some(0));
        let log = daemon.logged("stopped");
        if format == "text" {
            assert!(
                log.ends_with(" stopped connections=2 requests=2 cut_off=0 clients_gone=1"),
                "{log}"
            );
            continue;
        }
        let log: serde_json::Value = serde_json::from_str(&log).expect(&log);
        for (name, number) in
            [("connections", 2), ("requests", 2), ("cut_off", 0), ("clients_gone", 1)]
        {
            assert_eq!(log["fields"][name], number, "{log}");
        }
    }
}
