//! Listeners on host names and on Unix sockets.

use std::fs;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::{UnixListener, UnixStream};

use super::process::*;

/// The next `count` lines with addresses.
fn lines_of(daemon: &Daemon, count: usize) -> Vec<String> {
    (0..count).map(|_| daemon.out.recv_timeout(DEADLINE).expect("a line")).collect()
}

/// Whether this machine has the IPv6 loopback address.
fn has_ipv6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

/// The lines printed for `localhost`: one on a machine without IPv6, two on others.
fn both_loopbacks() -> usize {
    1 + usize::from(has_ipv6())
}

fn answers(at: SocketAddr) -> bool {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    ask(&mut stream, "/status/204", "");
    status_line(&mut stream).is_ok_and(|line| line.starts_with("HTTP/1.1 204 "))
}

#[test]
fn localhost_is_both_loopbacks_on_one_port() {
    for args in [
        &["--listen", "localhost:0"][..],
        &["--listen", "http://LOCALHOST:0/", "--workers", "2"],
        &["-host", "localhost", "-port", "0"],
    ] {
        let daemon = Daemon::of(command(BIN).args(args));
        let port = daemon.address.port();
        assert_eq!(daemon.address.ip(), IpAddr::from(Ipv4Addr::LOCALHOST));
        assert!(answers(daemon.address), "{args:?}");
        if has_ipv6() {
            assert_eq!(lines_of(&daemon, 1), [format!("listening http://[::1]:{port}")]);
            assert!(answers((Ipv6Addr::LOCALHOST, port).into()), "{args:?}");
        }
        daemon.stop();
    }
}

#[test]
fn an_echo_listens_on_a_name_too() {
    let args = ["--listen", "localhost:0", "--listen", "tcp-echo://localhost:0"];
    let daemon = Daemon::of(command(BIN).args(args).args(["--listen", "udp-echo://localhost:0"]));
    let lines = lines_of(&daemon, 3 * both_loopbacks() - 1);
    for line in &lines {
        let address = line.rsplit("//").next().expect(line);
        let mut echoed = [0; 5];
        if line.starts_with("listening tcp-echo://") {
            let mut stream = TcpStream::connect(address).expect(line);
            stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
            stream.write_all(b"hello").expect(line);
            stream.read_exact(&mut echoed).expect(line);
        } else if line.starts_with("listening udp-echo://") {
            let any = if address.starts_with('[') { "[::1]:0" } else { "127.0.0.1:0" };
            let socket = UdpSocket::bind(any).expect("a port");
            socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
            socket.send_to(b"hello", address).expect(line);
            socket.recv(&mut echoed).expect(line);
        } else {
            continue;
        }
        assert_eq!(&echoed, b"hello", "{line}");
    }
    daemon.stop();
}

#[test]
fn a_loopback_that_is_taken_is_no_reason_to_take_the_other_alone() {
    if !has_ipv6() {
        return;
    }
    let taken = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).expect("a port");
    let port = taken.local_addr().expect("bound").port();
    let output = run(&["--listen", &format!("localhost:{port}")]);
    refused(&output, 1, &[&format!("cannot listen on http://[::1]:{port}"), "another program"]);
}

/// Any name in the machine's hosts file is found.
#[test]
fn a_name_of_the_hosts_file_is_listened_on() {
    let hosts = fs::read_to_string("/etc/hosts").unwrap_or_default();
    let names = hosts.lines().filter_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let here = words.next()?.starts_with("127.");
        words.find(|name| here && !name.contains("localhost")).map(str::to_owned)
    });
    for name in names.take(1) {
        let daemon = Daemon::of(command(BIN).args(["--listen", &format!("{name}:0")]));
        assert!(daemon.address.ip().is_loopback(), "{name}");
        assert!(answers(daemon.address), "{name}");
        daemon.stop();
    }
}

#[test]
fn a_name_that_is_not_known_is_explained() {
    for listen in ["nobody.invalid:0", "tcp-echo://nobody.invalid:7", "udp-echo://nobody.invalid:7"]
    {
        let wrong = ["cannot resolve the host of", listen, "/etc/hosts"];
        refused(&run(&["--listen", listen]), 1, &wrong);
        // Checking a configuration does not resolve names.
        assert_eq!(run(&["--listen", listen, "--check-config"]).status.code(), Some(0), "{listen}");
    }
    let output = command(BIN).envs([("HOST", "nobody.invalid"), ("PORT", "0")]).output();
    refused(&output.expect("the binary starts"), 1, &["http+https://nobody.invalid:0"]);
}

/// A server on a socket file, and the file's permissions.
fn on_socket(file: &str, umask: &str) -> (Daemon, u32) {
    let script = format!("umask {umask}; exec \"$0\" --listen 127.0.0.1:0 --listen \"$1\"");
    let daemon = Daemon::of(command("sh").args(["-c", &script, BIN, file]));
    let path = file.strip_prefix("unix:").expect(file).split('?').next().expect(file);
    assert_eq!(lines_of(&daemon, 1), [format!("listening unix:{path}")]);
    let metadata = fs::symlink_metadata(path).expect(path);
    assert!(metadata.file_type().is_socket(), "{file}");
    (daemon, metadata.mode() & 0o7777)
}

#[test]
fn a_socket_file_has_the_mode_that_was_asked_for() {
    let folder = Folder::new("modes");
    let path = folder.file("socket").display().to_string();
    for (options, umask, expected) in [
        ("", "022", 0o666),
        ("", "077", 0o666),
        ("?mode=0600", "000", 0o600),
        ("?mode=660", "077", 0o660),
        ("?mode=0000", "022", 0),
    ] {
        let (daemon, mode) = on_socket(&format!("unix:{path}{options}"), umask);
        assert_eq!(mode, expected, "{options}: {mode:o}");
        daemon.stop();
        assert!(!folder.file("socket").exists(), "it removes its file");
    }
}

#[test]
fn a_socket_file_is_given_to_an_owner() {
    let folder = Folder::new("owners");
    let path = folder.file("socket");
    let own = fs::metadata(folder.file(".")).expect("the folder");
    // Every user may name itself and its group.
    let file = format!("unix:{}?owner={}&group={}", path.display(), own.uid(), own.gid());
    let (daemon, mode) = on_socket(&file, "022");
    let metadata = fs::symlink_metadata(&path).expect("the file");
    assert_eq!((metadata.uid(), metadata.gid(), mode), (own.uid(), own.gid(), 0o666));
    daemon.stop();

    let file = format!("unix:{}?mode=0660&owner=12345&group=54321", path.display());
    if own.uid() == 0 {
        let (daemon, mode) = on_socket(&file, "022");
        let metadata = fs::symlink_metadata(&path).expect("the file");
        assert_eq!((metadata.uid(), metadata.gid(), mode), (12345, 54321, 0o660));
        daemon.stop();
    } else {
        refused(&run(&["--listen", &file]), 1, &["its owner cannot be changed", "only root may"]);
        assert!(!path.exists(), "nothing is left behind");
    }
}

#[test]
fn a_dead_servers_file_is_taken_over_and_a_living_ones_is_not() {
    let folder = Folder::new("takeover");
    let path = folder.file("socket");
    drop(UnixListener::bind(&path).expect("a socket file"));
    let file = format!("unix:{}?mode=0640", path.display());
    let (daemon, mode) = on_socket(&file, "022");
    assert_eq!(mode, 0o640);
    refused(&run(&["--listen", &file]), 1, &["another server uses this socket file"]);
    daemon.stop();
    let plain = folder.with("plain", "mine");
    let output = run(&["--listen", &format!("unix:{plain}")]);
    refused(&output, 1, &["the file exists and is not a socket"]);
    assert_eq!(fs::read_to_string(plain).expect("it is left alone"), "mine");
}

#[test]
fn a_start_that_fails_leaves_no_socket_file() {
    let folder = Folder::new("failed");
    let other = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = other.local_addr().expect("bound").to_string();
    let file = format!("unix:{}", folder.file("socket").display());
    refused(&run(&["--listen", &file, "--listen", &taken]), 1, &["cannot listen on", &taken]);
    assert!(!folder.file("socket").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_socket_is_a_name_without_a_file() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("loiter-test-{}", std::process::id());
    let listen = format!("unix:@{name}");
    let daemon = Daemon::of(command(BIN).args(["--listen", "127.0.0.1:0", "--listen", &listen]));
    assert_eq!(lines_of(&daemon, 1), [format!("listening {listen}")]);
    let address = SocketAddr::from_abstract_name(&name).expect("a name");
    let mut stream = UnixStream::connect_addr(&address).expect("it listens");
    stream.write_all(b"GET /status/204 HTTP/1.0\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.0 204 "), "{answer}");
    assert_eq!(run(&["healthcheck", &listen]).status.code(), Some(0));
    refused(&run(&["--listen", &listen]), 1, &["another server uses this socket"]);
    daemon.stop();
    refused(&run(&["healthcheck", &listen]), 1, &["does not answer"]);
}

#[test]
fn the_server_field_is_what_was_asked_for() {
    for (text, field) in [
        ("gunicorn/19.9.0", Some("Server: gunicorn/19.9.0\r\n")),
        ("a (b), c", Some("Server: a (b), c\r\n")),
        ("on", Some(concat!("Server: loiter/", env!("CARGO_PKG_VERSION"), "\r\n"))),
        ("off", None),
    ] {
        let daemon = Daemon::start(&["--server-header", text]);
        let mut stream = daemon.connect();
        // An answer that no endpoint makes has it too.
        for request in ["GET /get HTTP/1.0\r\n\r\n", "bad\r\n\r\n"] {
            if request.starts_with('b') {
                stream = daemon.connect();
            }
            stream.write_all(request.as_bytes()).expect("it takes a request");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            let head = answer.split("\r\n\r\n").next().expect("a head").to_owned() + "\r\n";
            match field {
                Some(field) => assert_eq!(head.matches(field).count(), 1, "{head}"),
                None => assert!(!head.contains("Server:"), "{head}"),
            }
        }
        daemon.stop();
    }
}
