//! The four example clients in `loadtest/clients/`, run by python3 against the real binary.
//!
//! Each client checks its own claim and exits with 1 if it does not hold. These tests check only
//! that status and the printed sentences, and no timing beyond "not early", so that a busy machine
//! fails nothing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The delay that each client requests, in seconds.
const DELAY: &str = "0.3";

#[test]
fn a_blocking_recv_waits_for_the_whole_delay() {
    let said = lesson("blocking.py", &[DELAY]);
    assert_says(&said, &["recv() returned after", "HTTP/1.1 200", "no other work done"]);
}

#[test]
fn a_non_blocking_recv_raises_blocking_io_error_at_once() {
    let said = lesson("nonblocking.py", &[DELAY]);
    assert_says(&said, &["recv() raised BlockingIOError after", "HTTP/1.1 200"]);
}

#[test]
fn with_select_other_work_is_done_meanwhile() {
    let said = lesson("select_loop.py", &[DELAY]);
    assert_says(&said, &["HTTP/1.1 200", "turns of other work"]);
}

#[test]
fn a_thousand_coroutines_take_the_time_of_one() {
    let said = lesson("coroutines.py", &["1", "1000"]);
    assert_says(&said, &["1000 answered 200, 0 early", "after the last was sent"]);
}

/// Runs one client against its own server and returns what it printed.
fn lesson(client: &str, arguments: &[&str]) -> String {
    let server = Server::start();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("loadtest/clients").join(client);
    let run = Command::new("python3").arg(&path).arg(&server.url).args(arguments).output();
    let run = run.expect("python3 runs the example clients");
    let (said, wrong) = (lossy(&run.stdout), lossy(&run.stderr));
    assert!(run.status.success(), "{client}: {}\n{said}{wrong}", run.status);
    said
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn assert_says(said: &str, sentences: &[&str]) {
    for sentence in sentences {
        assert!(said.contains(sentence), "{sentence:?} is missing from:\n{said}");
    }
}

/// The real binary on a free port; killed when it goes out of scope.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start() -> Server {
        let mut process = Command::new(env!("CARGO_BIN_EXE_loiter"))
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = process.stdout.take().expect("standard output is a pipe");
        let mut server = Server { process, url: String::new() };
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let ready = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
        server.url = ready.expect("the server prints `listening http://…` before it ends");
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
