//! The real binary as a process: what it says, how it takes signals, and how it ends.
//!
//! Nothing here waits for the clock alone: every wait is for a line, an answer or an end, with a
//! deadline that only a failure meets.

#![cfg(unix)]

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

const BIN: &str = env!("CARGO_BIN_EXE_loiter");
/// Far beyond what anything here takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(30);

// --- the process ----------------------------------------------------------------------------

/// A running loiter, killed when the test is over.
struct Daemon {
    child: Child,
    out: Receiver<String>,
    log: Receiver<String>,
    address: SocketAddr,
}

impl Daemon {
    /// Starts it on a free port with these arguments, and waits until it listens.
    fn start(args: &[&str]) -> Daemon {
        Daemon::of(command(BIN).args(["--listen", "127.0.0.1:0"]).args(args))
    }

    fn of(command: &mut Command) -> Daemon {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let out = lines(child.stdout.take().expect("piped"));
        let log = lines(child.stderr.take().expect("piped"));
        let Ok(first) = out.recv_timeout(DEADLINE) else {
            panic!("it does not listen: {}", log.iter().collect::<Vec<_>>().join("\n"));
        };
        let address = first.strip_prefix("listening http://").expect(&first).parse();
        Daemon { child, out, log, address: address.expect("an address") }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
        assert!(sent.expect("a shell").success(), "SIG{name}");
    }

    /// Waits for a line of the log that contains `text`.
    fn logged(&self, text: &str) {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no `{text}` in the log:\n{}", seen.join("\n")),
            }
        }
    }

    /// Waits for its end, and says with which status it ended.
    fn ended(&mut self) -> Option<i32> {
        // Its end closes its standard output.
        match self.out.recv_timeout(DEADLINE) {
            Ok(line) => panic!("an unexpected line: {line}"),
            Err(RecvTimeoutError::Timeout) => panic!("it does not end"),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        self.child.wait().expect("it can be waited for").code()
    }

    /// Ends it, and expects that to go well.
    fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.ended(), Some(0));
    }

    /// A connection that fails its test instead of waiting for ever.
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream
    }

    /// One request on a connection of its own, and the whole answer.
    fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        ask(&mut stream, path, "Connection: close\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// A number of ticks, a hundredth of a second each: the CPU time it has used.
    #[cfg(target_os = "linux")]
    fn cpu_ticks(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(path).expect("it runs");
        let fields = stat.rsplit(')').next().expect("a name in brackets").split_whitespace();
        // utime and stime are fields 14 and 15; the name was field 2.
        fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command with none of this environment's settings in its own.
fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

/// Runs the binary to its end.
fn run(args: &[&str]) -> Output {
    command(BIN).args(args).output().expect("the binary starts")
}

/// Expects this status, nothing on standard output, and one line on standard error with all of
/// these texts in it.
fn refused(output: &Output, status: i32, texts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{error}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(error.matches("loiter: ").count(), 1, "{error}");
    for text in texts {
        assert!(error.contains(text), "no `{text}` in {error}");
    }
}

/// The lines of a pipe, read by a thread so that waiting for one can have a deadline.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).count()
    });
    receiver
}

/// Sends a GET with these further fields.
fn ask(stream: &mut TcpStream, path: &str, fields: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).expect("it takes a request");
}

/// The first line of an answer, and nothing after it.
fn status_line(stream: &mut TcpStream) -> Result<String, ErrorKind> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(|error| error.kind())?;
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Waits for what nothing announces, such as a file.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not come to hold");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// A folder of one test's own, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = env::temp_dir().join(format!("loiter-daemon-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a scratch folder");
        Folder(path)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, and gives its name.
    fn with(&self, name: &str, text: &str) -> String {
        fs::write(self.file(name), text).expect("a scratch file");
        self.file(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

// --- start and end --------------------------------------------------------------------------

#[test]
fn it_says_where_it_listens_and_ends_on_sigterm() {
    let daemon = Daemon::start(&[]);
    assert_ne!(daemon.address.port(), 0);
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.stop();
}

#[test]
fn sigint_ends_it_too_and_a_stray_sigusr1_does_not() {
    let mut daemon = Daemon::start(&[]);
    daemon.signal("USR1");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.signal("INT");
    assert_eq!(daemon.ended(), Some(0));
}

#[test]
fn every_listener_has_its_line() {
    let folder = Folder::new("listeners");
    let socket = format!("unix:{}", folder.file("socket").display());
    let mut command = command(BIN);
    command.args(["--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0", "--listen", &socket]);
    let daemon = Daemon::of(&mut command);
    let second = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    assert!(second.starts_with("listening http://127.0.0.1:"), "{second}");
    assert!(!second.ends_with(&format!(":{}", daemon.address.port())), "{second}");
    let third = daemon.out.recv_timeout(DEADLINE).expect("a third line");
    assert_eq!(third, format!("listening {socket}"));
    daemon.stop();
}

#[test]
fn a_drain_answers_what_is_in_flight() {
    // One worker, so that its answer to a later request shows that it has read the earlier ones.
    let mut daemon = Daemon::start(&["--workers", "1"]);
    let mut waiting: Vec<TcpStream> = (0..100).map(|_| daemon.connect()).collect();
    waiting.iter_mut().for_each(|stream| ask(stream, "/delay/1", ""));
    let mut idle = daemon.connect();
    ask(&mut idle, "/get", "");
    assert_eq!(status_line(&mut idle).as_deref(), Ok("HTTP/1.1 200 OK"));
    let begun = Instant::now();
    daemon.signal("TERM");
    for stream in &mut waiting {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer and an end");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.ends_with("}\n"), "a whole answer: {answer}");
    }
    assert_eq!(daemon.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(6), "it ends when the last one is answered");
    let refused = TcpStream::connect(daemon.address).map_err(|error| error.kind());
    assert_eq!(refused.err(), Some(ErrorKind::ConnectionRefused));
}

#[test]
fn a_drain_has_an_end() {
    let mut daemon = Daemon::start(&["--workers", "1", "--shutdown-timeout", "100ms"]);
    let begun = Instant::now();
    let mut cut_off = in_flight(&daemon);
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8), "/delay/10 was not waited for");
    assert!(status_line(&mut cut_off).is_err(), "and not answered early");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut daemon = Daemon::start(&["--workers", "1", "--shutdown-timeout", "1h"]);
    let begun = Instant::now();
    let mut cut_off = in_flight(&daemon);
    daemon.signal("TERM");
    daemon.logged("finishing requests in flight");
    // One that follows at once is taken for the same signal: `timeout` sends it twice.
    daemon.signal("TERM");
    let first = Instant::now();
    while first.elapsed() < Duration::from_millis(100) {
        assert_eq!(daemon.child.try_wait().expect("it is ours"), None);
        std::thread::yield_now();
    }
    daemon.signal("TERM");
    assert_eq!(daemon.ended(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(8), "/delay/10 was not waited for");
    assert!(status_line(&mut cut_off).is_err(), "and not answered early");
}

/// A request that waits, on a daemon with one worker.
fn in_flight(daemon: &Daemon) -> TcpStream {
    let mut stream = daemon.connect();
    ask(&mut stream, "/delay/10", "");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    stream
}

#[cfg(target_os = "linux")]
#[test]
fn a_client_that_is_gone_is_no_signal() {
    let daemon = Daemon::start(&[]);
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.child.id()));
    let status = status.expect("it runs");
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("a mask");
    let ignored = u64::from_str_radix(mask.trim(), 16).expect("a number");
    assert_ne!(ignored & 1 << (13 - 1), 0, "SIGPIPE, which is 13, is ignored");
    daemon.stop();
}

// --- mistakes -------------------------------------------------------------------------------

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
    assert!(String::from_utf8_lossy(&output.stdout).ends_with(" is fine\n"), "{output:?}");
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

// --- health ---------------------------------------------------------------------------------

#[test]
fn a_health_check_tells_by_its_status() {
    let daemon = Daemon::start(&[]);
    let check = |path: &str| run(&["healthcheck", &format!("http://{}{path}", daemon.address)]);
    assert_eq!(check("/").status.code(), Some(0));
    assert_eq!(check("/status/302").status.code(), Some(0));
    refused(&check("/status/503"), 1, &["answers with status 503"]);
    let address = daemon.address;
    daemon.stop();
    let gone = run(&["healthcheck", &format!("http://{address}/")]);
    refused(&gone, 1, &["does not answer", &address.to_string()]);
    refused(&run(&["healthcheck", "gopher://127.0.0.1/"]), 2, &["write http://HOST:PORT/"]);
}

#[test]
fn a_health_check_without_url_asks_where_the_settings_say() {
    let daemon = Daemon::start(&[]);
    let every = format!("0.0.0.0:{}", daemon.address.port());
    let output = command(BIN).arg("healthcheck").env("LOITER_LISTEN", every).output();
    assert_eq!(output.expect("the binary starts").status.code(), Some(0));
}

// --- the access log -------------------------------------------------------------------------

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

// --- descriptors ----------------------------------------------------------------------------

#[cfg(target_os = "linux")]
#[test]
fn more_connections_than_descriptors_are_served_when_there_is_room() {
    let mut limited = command("sh");
    limited.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\"", BIN]);
    let daemon = Daemon::of(limited.args(["--listen", "127.0.0.1:0", "--workers", "1"]));
    // More than there is room for; the rest waits in the kernel, and its requests with it.
    let mut streams: Vec<TcpStream> = (0..100).map(|_| daemon.connect()).collect();
    streams.iter_mut().for_each(|stream| ask(stream, "/get", ""));
    for stream in &mut streams[..10] {
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    }
    let last = streams.last_mut().expect("a hundred");
    last.set_read_timeout(Some(Duration::from_secs(1))).expect("a timeout");
    let before = daemon.cpu_ticks();
    assert_eq!(status_line(last).err(), Some(ErrorKind::WouldBlock), "there is no room for it");
    let ticks = daemon.cpu_ticks() - before;
    assert!(ticks <= 10, "{ticks} hundredths of a second of CPU time while it was full");
    last.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    streams.drain(..70);
    for stream in &mut streams {
        assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    }
    daemon.stop();
}
