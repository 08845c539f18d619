//! Reloads of a server with real sockets.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use super::*;
use crate::Server;

/// A connection to the server.
struct Client(TcpStream);

impl Client {
    fn connect(at: SocketAddr) -> Client {
        let stream = TcpStream::connect(at).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        Client(stream)
    }

    fn send(&mut self, target: &str) -> &mut Client {
        let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n");
        self.0.write_all(request.as_bytes()).expect("the request is taken");
        self
    }

    /// The head of the next answer; its body is read too.
    fn answer(&mut self) -> String {
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            self.0.read_exact(&mut byte).expect("an answer");
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("a head");
        let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
        let length = length.map_or(0, |length| length.parse().expect("a length"));
        self.0.read_exact(&mut vec![0; length]).expect("a body");
        head
    }
}

fn server(listen: &[&str], workers: usize) -> Server {
    let builder = Server::builder().workers(workers);
    let builder = listen.iter().fold(builder, |builder, listen| builder.listen(listen));
    builder.set(|settings| settings.private_fd_tables = workers > 1).start().expect("a server")
}

/// The settings, changed.
fn changed(server: &Server, change: impl FnOnce(&mut Settings)) -> Settings {
    let mut settings = server.handle().settings();
    change(&mut settings);
    settings
}

#[test]
fn what_is_open_and_what_waits_goes_on_under_new_settings() {
    let server = server(&["127.0.0.1:0"], 2);
    let (mut idle, mut waiting) =
        (Client::connect(server.address()), Client::connect(server.address()));
    assert!(idle.send("/status/204").answer().starts_with("HTTP/1.1 204 "));
    waiting.send("/delay/0.3");
    // Its delay has begun when a later request on another connection is answered.
    idle.send("/get").answer();
    let settings = changed(&server, |settings| {
        settings.api.server_header = Some("other".to_owned());
        settings.api.limits.max_duration = Duration::from_millis(10);
        settings.workers = 3;
    });
    assert_eq!(server.handle().reload(&settings).expect("a reload"), ["workers"]);
    assert!(idle.send("/status/204").answer().contains("Server: other\r\n"));
    let late = waiting.answer();
    assert!(late.starts_with("HTTP/1.1 200 ") && late.contains("Server: other\r\n"), "{late}");
    assert_eq!(server.handle().settings().api.server_header.as_deref(), Some("other"));
}

#[test]
fn listeners_come_and_go_and_their_connections_stay() {
    let server = server(&["127.0.0.1:0"], 2);
    let (first, handle) = (server.address(), server.handle());
    let mut old = Client::connect(first);
    old.send("/get").answer();
    let settings = changed(&server, |settings| {
        settings.listen = vec!["http://127.0.0.1:0/~delay=1ms".parse().expect("an address")];
    });
    handle.reload(&settings).expect("a reload");
    let second = handle.addresses()[0].tcp().expect("an address");
    assert_ne!(first, second);
    assert!(Client::connect(second).send("/get").answer().contains("Loiter: delay=1ms"));
    assert!(old.send("/get").answer().starts_with("HTTP/1.1 200 OK"));
    // Slots of removed listeners are used again. Each is a new one, as its protocol is another; a
    // port that was found free before could be in use by the time that it is opened.
    drop(old);
    for scheme in ["tcp-echo", "http"].into_iter().cycle().take(200) {
        let before = handle.addresses();
        let settings = changed(&server, |settings| {
            settings.listen = vec![format!("{scheme}://127.0.0.1:0").parse().expect("an address")];
        });
        handle.reload(&settings).expect("a reload");
        assert_ne!(handle.addresses(), before);
    }
}

#[test]
fn a_reload_that_fails_changes_nothing() {
    let server = server(&["127.0.0.1:0"], 1);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = taken.local_addr().expect("an address");
    let handle = server.handle();
    let (settings, addresses) = (handle.settings(), handle.addresses());
    let both = changed(&server, |settings| {
        settings.api.server_header = None;
        settings.listen.push(format!("http://{at}").parse().expect("an address"));
    });
    let error = handle.reload(&both).expect_err("the port is in use").to_string();
    assert!(error.contains(&format!("cannot listen on http://{at}")), "{error}");
    assert_eq!((handle.settings(), handle.addresses()), (settings, addresses));
    let mut client = Client::connect(server.address());
    assert!(client.send("/get").answer().contains("Server: loiter/"));
}

/// A limit on connections of an address counts those that begin under it.
#[test]
fn a_limit_for_each_address_can_be_switched_on_and_off() {
    let server = server(&["127.0.0.1:0"], 1);
    let handle = server.handle();
    let mut before = Client::connect(server.address());
    before.send("/get").answer();
    let limited = changed(&server, |settings| settings.max_connections_per_ip = Some(1));
    handle.reload(&limited).expect("a reload");
    let mut counted = Client::connect(server.address());
    assert!(counted.send("/get").answer().starts_with("HTTP/1.1 200 "));
    drop(before);
    assert!(Client::connect(server.address()).send("/get").answer().starts_with("HTTP/1.1 503 "));
    let off = changed(&server, |settings| settings.max_connections_per_ip = None);
    handle.reload(&off).expect("a reload");
    let mut free = Client::connect(server.address());
    assert!(free.send("/get").answer().starts_with("HTTP/1.1 200 "));
    drop(counted);
    assert!(free.send("/get").answer().starts_with("HTTP/1.1 200 "));
}

#[test]
fn what_rate_limits_have_counted_outlives_a_reload() {
    let server = server(&["127.0.0.1:0"], 2);
    let get = || Client::connect(server.address()).send("/ratelimit/2/1h").answer();
    assert!(get().starts_with("HTTP/1.1 200 "));
    // As a file that is read again has it.
    let settings = changed(&server, |settings| settings.api.rate_limiter = Default::default());
    server.handle().reload(&settings).expect("a reload");
    assert!(get().starts_with("HTTP/1.1 200 ") && get().starts_with("HTTP/1.1 429 "));
}

#[test]
fn a_successor_gets_the_sockets_and_the_ca() {
    let first = server(&["127.0.0.1:0", "tcp-echo://127.0.0.1:0"], 2);
    let heritage = first.handle().heritage().expect("copies");
    assert_eq!(heritage.sockets.len(), 4);
    let listen = first.addresses().iter().map(|at| at.to_string().parse().expect("an address"));
    let mut settings = changed(&first, |settings| settings.listen = listen.collect());
    settings.listen[0] = format!("http+https://{}", first.address()).parse().expect("an address");
    settings.workers = 3;
    let second = crate::server::start::start(settings, None, heritage).expect("a successor");
    assert_eq!(first.addresses(), second.addresses());
    assert_eq!(first.ca_pem(), second.ca_pem());
    let at = second.address();
    first.stop();
    // One of the first server's sockets for each worker: all are accepted from.
    for _ in 0..30 {
        assert!(Client::connect(at).send("/status/204").answer().starts_with("HTTP/1.1 204 "));
    }
}

/// A signal to stop must not wait for a reload that cannot read a file: here a FIFO without a
/// writer.
#[cfg(target_os = "linux")]
#[test]
fn a_server_stops_while_a_reload_waits_for_a_file() {
    let fifo = std::env::temp_dir().join(format!("loiter-reload-fifo-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    let server = server(&["127.0.0.1:0"], 1);
    let handle = server.handle();
    let settings = changed(&server, |settings| {
        settings.tls.certificates = vec![fifo.clone()];
        settings.tls.keys = vec!["/dev/null".into()];
    });
    let reload = std::thread::spawn(move || handle.reload(&settings).is_ok());
    // Opening for writing waits until the reload has opened it for reading.
    let writer = std::fs::OpenOptions::new().write(true).open(&fifo).expect("a reader");
    let (ended, end) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        server.stop();
        let _ = ended.send(());
    });
    end.recv_timeout(Duration::from_secs(20)).expect("the server ends");
    drop(writer);
    assert!(!reload.join().expect("it returns"), "the files are empty");
    std::fs::remove_file(fifo).expect("a scratch file");
}

#[test]
fn nothing_is_opened_once_the_server_stops() {
    let server = server(&["127.0.0.1:0"], 1);
    let handle = server.handle();
    handle.drain(Duration::from_secs(60));
    let settings = changed(&server, |_| {});
    let error = handle.reload(&settings).expect_err("it stops");
    assert!(matches!(error, StartError::Stopping), "{error}");
    assert_eq!(handle.addresses(), []);
    assert_eq!(server.join().cut_off, 0);
}

#[test]
fn what_needs_a_restart_is_named_by_every_reload_until_then() {
    let server = server(&["127.0.0.1:0"], 1);
    let settings = changed(&server, |settings| settings.workers = 2);
    for _ in 0..2 {
        assert_eq!(server.handle().reload(&settings).expect("it reloads"), ["workers"]);
        assert_eq!(server.handle().settings().workers, 1, "what is in effect");
    }
}
