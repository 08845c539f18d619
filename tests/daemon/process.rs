//! The binary as a test's own process: started, sent requests and signals, and killed at the end.

use std::env;
use std::fs;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

pub(crate) const BIN: &str = env!("CARGO_BIN_EXE_loiter");
/// Much longer than anything here takes on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// A running loiter, killed when the test is over.
pub(crate) struct Daemon {
    pub(crate) child: Child,
    pub(crate) out: Receiver<String>,
    pub(crate) log: Receiver<String>,
    pub(crate) address: SocketAddr,
}

impl Daemon {
    /// Starts it on a free port with these arguments, and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Daemon {
        Daemon::of(command(BIN).args(["--listen", "127.0.0.1:0"]).args(args))
    }

    pub(crate) fn of(command: &mut Command) -> Daemon {
        Daemon::logging_to(command, Stdio::piped())
    }

    /// Uses another standard error than a pipe that is always read.
    pub(crate) fn logging_to(command: &mut Command, stderr: impl Into<Stdio>) -> Daemon {
        let mut child =
            command.stdout(Stdio::piped()).stderr(stderr).spawn().expect("the binary starts");
        let out = lines(child.stdout.take().expect("piped"));
        let log = child.stderr.take().map_or_else(|| lines(io::empty()), lines);
        let Ok(first) = out.recv_timeout(DEADLINE) else {
            panic!("it printed no address: {}", log.iter().collect::<Vec<_>>().join("\n"));
        };
        let address = first.strip_prefix("listening http").expect(&first);
        let address = address.trim_start_matches('s').trim_start_matches("://").parse();
        Daemon { child, out, log, address: address.expect("an address") }
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Sends a signal two times, with nothing in between that takes time.
    pub(crate) fn signal_twice(&self, name: &str) {
        let pid = self.child.id();
        let both = format!("kill -{name} {pid}; kill -{name} {pid}");
        let sent = Command::new("sh").args(["-c", &both]).status();
        assert!(sent.expect("a shell").success(), "SIG{name} twice");
    }

    /// Waits for a line of the log that contains `text`, and returns it.
    pub(crate) fn logged(&self, text: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => seen.push(line),
                Err(_) => panic!("no `{text}` in the log:\n{}", seen.join("\n")),
            }
        }
    }

    /// Waits until it exits, and returns its exit status.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        // Its standard output is closed when it exits.
        match self.out.recv_timeout(DEADLINE) {
            Ok(line) => panic!("an unexpected line: {line}"),
            Err(RecvTimeoutError::Timeout) => panic!("it does not exit"),
            Err(RecvTimeoutError::Disconnected) => {}
        }
        self.child.wait().expect("it can be waited for").code()
    }

    /// Stops it, and expects exit status 0.
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.ended(), Some(0));
    }

    /// A connection with a read timeout, so that a test fails instead of waiting forever.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream
    }

    /// Sends one request on a new connection, and returns the complete answer.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = self.connect();
        ask(&mut stream, path, "Connection: close\r\n");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    /// The CPU time it has used, in ticks of 10 ms.
    #[cfg(target_os = "linux")]
    pub(crate) fn cpu_ticks(&self) -> u64 {
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = fs::read_to_string(path).expect("it runs");
        let fields = stat.rsplit(')').next().expect("a name in brackets").split_whitespace();
        // utime and stime are fields 14 and 15; the name is field 2.
        fields.skip(11).take(2).map(|field| field.parse::<u64>().expect("a number")).sum()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal, given by name or number.
pub(crate) fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
    assert!(sent.expect("a shell").success(), "SIG{name}");
}

/// A command without this environment's settings for loiter.
pub(crate) fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default()).stdin(Stdio::null());
    command
}

/// Runs the binary until it exits.
pub(crate) fn run(args: &[&str]) -> Output {
    command(BIN).args(args).output().expect("the binary starts")
}

/// Expects this exit status, nothing on standard output, and one line on standard error that
/// contains all these texts.
pub(crate) fn refused(output: &Output, status: i32, texts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{error}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert_eq!(error.matches("loiter: ").count(), 1, "{error}");
    for text in texts {
        assert!(error.contains(text), "no `{text}` in {error}");
    }
}

/// The lines of a pipe, read by a thread so that a wait for one can have a deadline.
pub(crate) fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.map(|line| sender.send(line)).take_while(Result::is_ok).count()
    });
    receiver
}

/// Sends a GET with these additional fields.
pub(crate) fn ask(stream: &mut TcpStream, path: &str, fields: &str) {
    let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n");
    stream.write_all(head.as_bytes()).expect("it takes a request");
}

/// Reads the first line of an answer, and nothing after it.
pub(crate) fn status_line(stream: &mut TcpStream) -> Result<String, ErrorKind> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).map_err(|error| error.kind())?;
        line.extend(byte);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Polls for a condition that nothing announces, such as a file.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "timeout: {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// A test's own folder, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Folder {
        let path = env::temp_dir().join(format!("loiter-daemon-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a scratch folder");
        Folder(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file and returns its name.
    pub(crate) fn with(&self, name: &str, text: &str) -> String {
        fs::write(self.file(name), text).expect("a scratch file");
        self.file(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Resets a connection.
pub(crate) fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("a socket option");
}
