//! LISTEN_FDS: sockets that a service manager has opened.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;

use socket2::SockRef;

use super::process::*;

/// A command that runs the binary with these sockets from descriptor 3 on, as a service manager
/// does. They must live until it is spawned.
fn activated(sockets: &[&OwnedFd], names: Option<&str>) -> Command {
    let mut script = String::new();
    // First to where they are in nobody's way, then to their places.
    for (number, socket) in (3..).zip(sockets) {
        SockRef::from(*socket).set_cloexec(false).expect("an option");
        script.push_str(&format!("exec {number}<&{}\n", socket.as_raw_fd()));
    }
    script.push_str("export LISTEN_PID=$$\nexec \"$0\" \"$@\"\n");
    // In other shells than bash, descriptors have one digit.
    let mut command = command("bash");
    command.env("LISTEN_FDS", sockets.len().to_string()).args(["-c", &script, BIN]);
    if let Some(names) = names {
        command.env("LISTEN_FDNAMES", names);
    }
    command
}

fn tcp() -> (OwnedFd, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    (above(listener.into()), address)
}

fn udp() -> (OwnedFd, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound").to_string();
    (above(socket.into()), address)
}

/// A copy with a number that none of the script's is.
fn above(socket: OwnedFd) -> OwnedFd {
    let mut lower = Vec::new();
    let mut copy = socket;
    while copy.as_raw_fd() < 10 {
        let next = copy.try_clone().expect("a copy");
        lower.push(std::mem::replace(&mut copy, next));
    }
    copy
}

/// What it prints on standard error when it refuses to start.
fn refusal(mut command: Command, args: &[&str]) -> String {
    let output = command.args(args).output().expect("it starts");
    assert_eq!(output.status.code(), Some(1), "{args:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn status(stream: &mut TcpStream, path: &str) -> String {
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    ask(stream, path, "Connection: close\r\n");
    status_line(stream).expect("an answer")
}

#[test]
fn without_a_listener_all_sockets_are_served() {
    let ((web, at), (datagrams, udp_at)) = (tcp(), udp());
    let folder = Folder::new("activated");
    let path = folder.file("socket");
    let unix = above(UnixListener::bind(&path).expect("a file").into());
    // This one waits in the queue before the server runs.
    let mut early = TcpStream::connect(&at).expect("it listens");
    let mut command = activated(&[&web, &datagrams, &unix], None);
    let daemon = Daemon::of(command.args(["--workers", "2"]).env("PORT", "1"));
    assert_eq!(daemon.address.to_string(), at);
    for _ in 0..2 {
        daemon.out.recv_timeout(DEADLINE).expect("a line for each listener");
    }
    assert_eq!(status(&mut early, "/get"), "HTTP/1.1 200 OK");
    let mut stream = UnixStream::connect(&path).expect("it listens");
    stream.write_all(b"GET /get HTTP/1.0\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.0 200 OK\r\n"), "{answer}");
    let client = UdpSocket::bind("127.0.0.1:0").expect("a port");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client.send_to(b"echo", &udp_at).expect("sent");
    assert_eq!(client.recv(&mut [0; 9]).ok(), Some(4));
    daemon.stop();
    assert!(path.exists(), "the file is the manager's");
    // Its sockets are open here, so this waits for the next one.
    let mut late = TcpStream::connect(&at).expect("it listens");
    let daemon = Daemon::of(&mut activated(&[&web], None));
    assert_eq!(status(&mut late, "/get"), "HTTP/1.1 200 OK");
    daemon.stop();
}

#[test]
fn a_listener_names_its_socket() {
    let ((web, at), (echo, echo_at), (slow, slow_at)) = (tcp(), tcp(), tcp());
    let names = Some("web:echo:slow.socket");
    let mut command = activated(&[&web, &echo, &slow], names);
    command.args(["--listen", &format!("http://{at}"), "--listen", "http://fd:*/~status=418"]);
    let daemon = Daemon::of(command.args(["--listen", "tcp-echo://fd:echo"]));
    assert_eq!(daemon.address.to_string(), at);
    let line = || daemon.out.recv_timeout(DEADLINE).expect("a line");
    // The one for all others comes last.
    let others = [format!("tcp-echo://{echo_at}"), format!("http://{slow_at}")];
    assert_eq!([line(), line()], others.map(|url| format!("listening {url}")));
    let mut stream = TcpStream::connect(&at).expect("it listens");
    assert_eq!(status(&mut stream, "/get"), "HTTP/1.1 200 OK");
    let mut stream = TcpStream::connect(&slow_at).expect("it listens");
    assert_eq!(status(&mut stream, "/get"), "HTTP/1.1 418 I'M A TEAPOT");
    let mut stream = TcpStream::connect(&echo_at).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    stream.write_all(b"echo").expect("it takes bytes");
    stream.read_exact(&mut [0; 4]).expect("they come back");
    daemon.stop();
}

#[test]
fn what_fits_nothing_is_named() {
    let ((one, at), (two, _), (datagrams, _)) = (tcp(), tcp(), udp());
    let listen = |text| ["--listen", text];
    for (sockets, names, args, said) in [
        (
            vec![&one],
            Some("web"),
            listen("fd:wab"),
            "no inherited socket is called `wab`, only `web`",
        ),
        (
            vec![&one, &two],
            Some("web:api"),
            listen("fd:web"),
            "no --listen is for the inherited socket `api`",
        ),
        (vec![&one], Some("web"), listen("udp-echo://fd:web"), "are of another kind"),
        (vec![&datagrams], Some("web"), listen("fd:web"), "are of another kind"),
        (
            vec![&one],
            Some("web"),
            listen("127.0.0.1:1"),
            "no inherited socket is bound to `http+https://127.0.0.1:1`",
        ),
        (vec![&one], Some("web:api"), listen("fd:web"), "LISTEN_FDNAMES has 2 names for 1 sockets"),
    ] {
        let said_in_fact = refusal(activated(&sockets, names), &args);
        assert!(said_in_fact.contains(said), "{args:?}: {said_in_fact}");
    }
    let both = ["--listen", "fd:web", "--listen", &format!("http://{at}")];
    let twice = refusal(activated(&[&one], Some("web")), &both);
    assert!(
        twice.contains(&format!("`http://{at}` is http://{at}, which is listened on already")),
        "{twice}"
    );
    let none = run(&["--listen", "fd:web"]);
    refused(&none, 1, &["fd:web: no socket is inherited; start loiter by a systemd socket unit"]);
}

#[test]
fn what_cannot_be_served_is_named() {
    let (listener, at) = tcp();
    let connected = above(TcpStream::connect(&at).expect("it listens").into());
    let file = above(std::fs::File::open(BIN).expect("the binary").into());
    for (socket, said) in
        [(&connected, "`a`, descriptor 3, does not listen"), (&file, "is not a socket")]
    {
        let text = refusal(activated_file(socket), &[]);
        assert!(text.contains(said), "{text}");
    }
    let mut more = activated(&[&listener], None);
    more.env("LISTEN_FDS", "2");
    let text = refusal(more, &[]);
    assert!(text.contains("`unknown`, descriptor 4, is not open"), "{text}");
    let mut many = activated(&[&listener], None);
    many.env("LISTEN_FDS", "many");
    let text = refusal(many, &[]);
    assert!(text.contains("LISTEN_FDS must be a number of sockets"), "{text}");
}

/// The same for anything that is open.
fn activated_file(file: &OwnedFd) -> Command {
    let mut command = command("sh");
    let script = "exec 3<&0 </dev/null; export LISTEN_PID=$$; exec \"$0\" \"$@\"";
    command.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "a").args(["-c", script, BIN]);
    command.stdin(file.try_clone().expect("a copy"));
    command
}

/// A shell may pass its environment on to a program that is not meant.
#[test]
fn the_sockets_of_another_process_are_left_alone() {
    let mut command = command(BIN);
    command.env("LISTEN_FDS", "3").env("LISTEN_PID", "1").env("LISTEN_FDNAMES", "a:b:c");
    let daemon = Daemon::of(command.args(["--listen", "127.0.0.1:0"]));
    assert!(daemon.get("/get").starts_with("HTTP/1.1 200 OK\r\n"));
    daemon.stop();
}

/// A socket that workers share wakes them all, and each must find its connections.
#[test]
fn every_worker_gets_connections_of_a_shared_socket() {
    let (web, at) = tcp();
    let daemon = Daemon::of(activated(&[&web], None).args(["--workers", "4"]));
    let mut open: Vec<TcpStream> = Vec::new();
    // All at once, several times, so that no worker can take them all in one turn.
    for _ in 0..20 {
        let mut some: Vec<TcpStream> =
            (0..50).map(|_| TcpStream::connect(&at).expect("it listens")).collect();
        some.iter_mut().for_each(|stream| ask(stream, "/delay/0.05", ""));
        for stream in &mut some {
            stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
            assert_eq!(status_line(stream).as_deref(), Ok("HTTP/1.1 200 OK"));
        }
        open.append(&mut some);
    }
    let tasks = std::fs::read_dir(format!("/proc/{}/task", daemon.child.id())).expect("it runs");
    let counts: Vec<usize> = tasks
        .flatten()
        .filter(|task| {
            let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            name.starts_with("worker-")
        })
        .map(|task| std::fs::read_dir(task.path().join("fd")).expect("it runs").count())
        .collect();
    assert_eq!(counts.len(), 4);
    assert!(counts.iter().all(|count| *count > 20), "descriptors of each worker: {counts:?}");
    drop(open);
    daemon.stop();
}
