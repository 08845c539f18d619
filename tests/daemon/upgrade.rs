//! SIGUSR2: a new process continues with the listeners, and no client notices.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use super::process::*;

/// A process that is no child of the test, ended when this is dropped.
struct Successor(u32);

impl Successor {
    /// The one of which the log of its predecessor has the process ID.
    fn of(daemon: &Daemon) -> Successor {
        let line = daemon.logged(" serves: finishing requests in flight");
        let words: Vec<&str> = line.split_whitespace().collect();
        let at = words.iter().position(|word| *word == "serves:").expect("it was logged");
        Successor(words[at - 1].parse().expect("a process ID"))
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.0)]).status();
        assert!(sent.expect("a shell").success(), "SIG{name}");
    }

    fn is_running(&self) -> bool {
        let command = fs::read(format!("/proc/{}/cmdline", self.0)).unwrap_or_default();
        !command.is_empty()
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if self.is_running() {
            self.signal("KILL");
        }
    }
}

/// Expects that the first process has ended well.
fn has_left(daemon: &mut Daemon) {
    eventually("the end of the first process", || {
        daemon.child.try_wait().expect("it is ours").is_some()
    });
    assert_eq!(daemon.child.wait().expect("it has ended").code(), Some(0));
}

/// Sends requests on new connections, one after another, until the flag is set. Returns how many.
fn load(address: SocketAddr, stop: &AtomicBool) -> usize {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let mut stream = TcpStream::connect(address).expect("it listens at any time");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        ask(&mut stream, "/delay/0.01", "Connection: close\r\n");
        assert_eq!(status_line(&mut stream).as_deref(), Ok("HTTP/1.1 200 OK"), "request {count}");
        count += 1;
    }
    count
}

#[test]
fn no_request_is_lost_when_the_number_of_workers_changes() {
    let folder = Folder::new("upgrade-load");
    let file = folder.with("loiter.toml", "workers = 3\n");
    let mut daemon = Daemon::start(&["--config", &file, "--shutdown-timeout", "10s"]);
    let (address, stop) = (daemon.address, AtomicBool::new(false));
    let mut waiting: Vec<TcpStream> = (0..20).map(|_| daemon.connect()).collect();
    waiting.iter_mut().for_each(|stream| ask(stream, "/delay/2", ""));
    let mut successors = Vec::new();
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|_| scope.spawn(|| load(address, &stop))).collect();
        for workers in [1, 4, 2] {
            fs::write(&file, format!("workers = {workers}\n")).expect("a scratch file");
            match successors.last() {
                None => daemon.signal("USR2"),
                Some(Successor(process)) => Successor(*process).pass("USR2"),
            }
            successors.push(Successor::of(&daemon));
        }
        for stream in &mut waiting {
            assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
        }
        has_left(&mut daemon);
        stop.store(true, Ordering::Relaxed);
        let requests: usize =
            clients.into_iter().map(|client| client.join().expect("all ok")).sum();
        assert!(requests > 100, "{requests}");
    });
    let last = successors.pop().expect("three");
    let threads = fs::read_dir(format!("/proc/{}/task", last.0)).expect("it runs");
    let names = threads.flatten().flat_map(|task| fs::read_to_string(task.path().join("comm")));
    assert_eq!(names.filter(|name| name.starts_with("worker-")).count(), 2);
    for former in &successors {
        eventually("the end of a former process", || !former.is_running());
    }
    last.signal("TERM");
    eventually("the end of the last process", || !last.is_running());
    assert!(TcpStream::connect(address).is_err(), "nothing is left that listens");
}

impl Successor {
    /// Sends a signal, and forgets the process.
    fn pass(self, name: &str) {
        self.signal(name);
        std::mem::forget(self);
    }
}

#[test]
fn every_kind_of_listener_travels() {
    let folder = Folder::new("upgrade-kinds");
    let path = folder.file("socket");
    let unix = format!("unix:{}", path.display());
    let pid_file = folder.file("pid");
    let pid_name = pid_file.display().to_string();
    let mut command = command(BIN);
    command.args(["--listen", "127.0.0.1:0", "--listen", "udp-echo://127.0.0.1:0"]);
    command.args(["--listen", "tcp-echo://localhost:0", "--listen", &unix, "--workers", "2"]);
    command.args(["--pid-file", &pid_name, "--admin", "127.0.0.1:0"]);
    let mut daemon = Daemon::of(&mut command);
    let lines = |first: Option<String>, count: usize| -> Vec<String> {
        let rest = (first.iter().len()..count).map(|_| daemon.out.recv_timeout(DEADLINE));
        first.into_iter().chain(rest.map(|line| line.expect("a line"))).collect()
    };
    let first = format!("listening http://{}", daemon.address);
    let count = if TcpStream::connect("[::1]:1").is_err_and(|e| e.raw_os_error() == Some(111)) {
        6
    } else {
        5
    };
    let before = lines(Some(first), count);
    let udp = before[1].strip_prefix("listening udp-echo://").expect("UDP").to_owned();
    let admin = before.last().and_then(|line| line.strip_prefix("admin http://")).expect("TCP");
    let pid = || fs::read_to_string(&pid_file).expect("a PID file").trim().to_owned();
    eventually("the PID file", || pid_file.exists());
    assert_eq!(pid(), daemon.child.id().to_string());
    signal(&daemon.child, "USR2");
    let after = lines(None, count);
    assert_eq!(before, after, "the same addresses");
    let successor = Successor::of(&daemon);
    has_left(&mut daemon);
    assert_eq!(pid(), successor.0.to_string());
    let mut stream = UnixStream::connect(&path).expect("the file is there");
    stream.write_all(b"GET /get HTTP/1.0\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    let admin = admin.parse().expect("an address");
    TcpStream::connect_timeout(&admin, DEADLINE).expect("the admin listener accepts");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    socket.send_to(b"echo", udp).expect("sent");
    assert_eq!(socket.recv(&mut [0; 9]).ok(), Some(4));
    successor.signal("TERM");
    eventually("the end", || !successor.is_running());
    assert!(!path.exists() && !pid_file.exists(), "the last one removes its files");
}

/// A server whose file is a copy, so that it can be replaced.
fn replaceable(folder: &Folder, args: &[&str]) -> Daemon {
    let file = folder.file("loiter");
    // Not by this process: a program cannot run while a child that another test is starting has a
    // copy of the descriptor that writes it.
    let copied = Command::new("cp").arg(BIN).arg(&file).status();
    assert!(copied.is_ok_and(|status| status.success()), "a copy");
    let name = file.display().to_string();
    Daemon::of(command(&name).args(["--listen", "127.0.0.1:0"]).args(args))
}

/// Replaces it by a shell script. A file that runs cannot be written, but its name can be given to
/// another one.
fn replace(folder: &Folder, script: &str) {
    let new = folder.with("new", &format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).expect("a mode");
    fs::rename(new, folder.file("loiter")).expect("it is replaced");
}

#[test]
fn a_new_process_that_fails_costs_nothing() {
    let folder = Folder::new("upgrade-fails");
    let file = folder.with("loiter.toml", "workers = 1\n");
    let pid = folder.file("pid").display().to_string();
    let daemon = replaceable(&folder, &["--config", &file, "--pid-file", &pid]);
    let mut stream = daemon.connect();
    ask(&mut stream, "/delay/1", "");
    let still_serves = || assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    still_serves();
    folder.with("loiter.toml", "workers = \"many\"\n");
    daemon.signal("USR2");
    daemon.logged("no restart: the new process ended before it served: exit status: 2");
    still_serves();
    folder.with("loiter.toml", "workers = 1\nlisten = [\"192.0.2.1:80\"]\n");
    // The flag has precedence, so this configuration is fine, and only the program is not.
    for (script, why) in [
        ("exit 7", "the new process ended before it served: exit status: 7"),
        ("kill -9 $$", "the new process ended before it served: signal: 9"),
    ] {
        replace(&folder, script);
        daemon.signal("USR2");
        daemon.logged(why);
        still_serves();
    }
    fs::remove_file(folder.file("loiter")).expect("it is there");
    daemon.signal("USR2");
    daemon.logged("no restart: the new process cannot be started: No such file");
    still_serves();
    assert_eq!(status_line(&mut stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    let number = fs::read_to_string(&pid).expect("it is ours");
    assert_eq!(number.trim(), daemon.child.id().to_string());
    daemon.stop();
}

#[test]
fn one_that_hangs_is_ended_with_the_first() {
    let folder = Folder::new("upgrade-hangs");
    let mut daemon = replaceable(&folder, &["--workers", "1"]);
    let started = folder.file("started").display().to_string();
    replace(
        &folder,
        &format!("echo $$ > {started}.new; mv {started}.new {started}; exec sleep 1000"),
    );
    daemon.signal("USR2");
    daemon.logged("SIGUSR2: starting a new process");
    eventually("the new process", || folder.file("started").exists());
    let number = fs::read_to_string(folder.file("started")).expect("it is there");
    let hanging = Successor(number.trim().parse().expect("a process ID"));
    daemon.signal("USR2");
    daemon.logged("SIGUSR2: no restart: a new process is being started already");
    daemon.signal("HUP");
    daemon.logged("SIGHUP: no reload: a new process is being started");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    let mut stream = daemon.connect();
    ask(&mut stream, "/delay/1", "");
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.signal("TERM");
    daemon.logged("SIGTERM: finishing requests in flight");
    daemon.signal("USR2");
    daemon.logged("SIGUSR2: no restart: it shuts down");
    assert_eq!(status_line(&mut stream).as_deref(), Ok("HTTP/1.1 200 OK"));
    drop(stream);
    assert_eq!(daemon.ended(), Some(0));
    eventually("the end of the new process", || !hanging.is_running());
}
