//! The admin listener of the real binary, and what it does to the server.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use super::process::*;

/// A daemon with an admin listener, and its address.
pub(crate) struct Administered {
    pub(crate) daemon: Daemon,
    pub(crate) admin: String,
}

impl Administered {
    pub(crate) fn start(args: &[&str]) -> Administered {
        let daemon = Daemon::start(&[&["--admin", "127.0.0.1:0"], args].concat());
        let line = daemon.out.recv_timeout(DEADLINE).expect("a second line");
        let admin = line.strip_prefix("admin http://").expect(&line).to_owned();
        Administered { daemon, admin }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.admin).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        stream
    }

    /// Sends bytes to the admin listener, and returns the whole answer.
    pub(crate) fn send(&self, bytes: &str) -> String {
        answer(self.connect(), bytes)
    }

    /// The status and the body of the answer to a request with the field that changes need.
    pub(crate) fn ask(&self, line: &str, body: &str) -> (u16, String) {
        let length = body.len();
        let answer = self.send(&format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nLoiter-Admin: 1\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}",
            self.admin
        ));
        let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
        let status = head.get(9..12).and_then(|digits| digits.parse().ok()).expect(head);
        (status, body.to_owned())
    }

    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        self.ask(&format!("GET {path}"), "")
    }
}

pub(crate) fn answer(mut stream: impl Read + Write, bytes: &str) -> String {
    stream.write_all(bytes.as_bytes()).expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn every_route_answers() {
    let server = Administered::start(&["--ca-seed", "hush", "--with", "header=A: b"]);
    assert_eq!(server.get("/livez"), (200, "ok\n".to_owned()));
    assert_eq!(server.get("/healthz"), (200, "ok\n".to_owned()));
    assert_eq!(server.get("/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(server.get("/stats").0, 200);
    assert_eq!(server.ask("POST /stats/reset", "").0, 200);
    let (status, metrics) = server.get("/metrics");
    assert!(status == 200 && metrics.starts_with("# HELP "), "{metrics}");
    let (status, list) = server.get("/");
    assert!(status == 200 && list.contains("/settings"), "{list}");
    let (status, settings) = server.get("/settings");
    assert_eq!(status, 200);
    assert!(settings.contains("\nca-seed = \"(secret)\"\n") && !settings.contains("hush"));
    assert!(settings.contains("\nadmin = \"http://127.0.0.1:0\"\n"), "{settings}");
    assert_eq!(server.get("/get").0, 404, "the API is elsewhere");
    assert!(server.daemon.get("/metrics").starts_with("HTTP/1.1 404 "));
    let (status, wrong) = server.get("/metrcs");
    assert!(status == 404 && wrong.contains("did you mean /metrics?"), "{wrong}");
    server.daemon.stop();
}

#[test]
fn probes_on_the_main_port_are_not_logged_and_not_modified() {
    // The lines of several workers have no order.
    let settings = ["--access-log", "common", "--with", "status=500", "--prefix", "/p"];
    let server = Administered::start(&[&settings[..], &["--workers", "1"]].concat());
    assert!(server.daemon.get("/p/get").starts_with("HTTP/1.1 500 "));
    for path in ["/p/healthz", "/p/readyz", "/p/readyz?~status=404"] {
        assert!(server.daemon.get(path).starts_with("HTTP/1.1 200 "), "{path}");
    }
    assert!(server.daemon.get("/p/headers").starts_with("HTTP/1.1 500 "));
    let first = server.daemon.logged("\"GET ");
    assert!(first.contains("/p/get"), "{first}");
    let second = server.daemon.logged("\"GET ");
    assert!(second.contains("/p/headers"), "{second}");
    server.daemon.stop();
}

#[test]
fn readiness_is_switched_on_every_port() {
    let server = Administered::start(&["--workers", "2"]);
    let off = "switched off\n".to_owned();
    assert_eq!(server.ask("PUT /ready?on=false", ""), (200, off.clone()));
    assert_eq!(server.get("/readyz"), (503, off));
    assert!(server.daemon.get("/readyz").ends_with("\r\n\r\nswitched off\n"));
    assert!(server.daemon.get("/healthz").starts_with("HTTP/1.1 200 "));
    let check = run(&["healthcheck", "--pid", &server.daemon.child.id().to_string()]);
    assert_eq!(check.status.code(), Some(0), "it lives: {check:?}");
    assert_eq!(server.ask("PUT /ready?on=true", ""), (200, "ready\n".to_owned()));
    assert!(server.daemon.get("/readyz").starts_with("HTTP/1.1 200 "));
    server.daemon.stop();
}

#[test]
fn modifiers_change_while_it_runs() {
    let server = Administered::start(&["--with", "status=418", "--workers", "2"]);
    let status = || server.daemon.get("/get").get(9..12).map(str::to_owned);
    // Both workers have the change before the answer: the command is ahead of any request.
    let becomes = |wanted: &str| eventually(wanted, || status().as_deref() == Some(wanted));
    becomes("418");
    let (code, shown) = server.ask("PUT /with?ttl=1h", "status=503\n");
    assert!(code == 200 && shown.contains("\"with\": \"status=503\""), "{shown}");
    assert!(shown.contains("\"from\": \"run time\"") && !shown.contains("null"), "{shown}");
    becomes("503");
    let (_, settings) = server.get("/settings");
    assert!(settings.contains("\nwith = [\"status=503\"]\n"), "{settings}");
    let (code, wrong) = server.ask("PUT /with", "dealy=1s");
    assert!(code == 400 && wrong.contains("did you mean delay?"), "{wrong}");
    assert_eq!(status().as_deref(), Some("503"), "a mistake changes nothing");
    let (code, wrong) = server.ask("PUT /with", "cert=expired");
    assert!(code == 400 && wrong.contains("and reload"), "{wrong}");
    assert_eq!(server.ask("PUT /with", "").0, 200);
    becomes("200");
    let (code, shown) = server.ask("DELETE /with", "");
    assert!(code == 200 && shown.contains("\"from\": \"settings\""), "{shown}");
    becomes("418");
    // It lapses by itself.
    assert_eq!(server.ask("PUT /with?ttl=10ms", "status=503").0, 200);
    becomes("418");
    assert!(server.get("/with").1.contains("\"seconds_left\": null"));
    server.daemon.stop();
}

#[test]
fn without_the_field_nothing_changes() {
    let server = Administered::start(&[]);
    let host = &server.admin;
    for (line, body) in
        [("POST /exit?code=9", ""), ("PUT /with", "status=500"), ("DELETE /with", "")]
    {
        let length = body.len();
        let answer = server.send(&format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        ));
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("`Loiter-Admin: 1`"));
    }
    // A page of another site: a form, and a preflight for more.
    for (line, field) in [
        ("POST /exit?code=9", "Content-Type: application/x-www-form-urlencoded"),
        ("OPTIONS /exit", "Access-Control-Request-Headers: loiter-admin"),
    ] {
        let answer = server.send(&format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example\r\n\
             Access-Control-Request-Method: POST\r\n{field}\r\nContent-Length: 0\r\n\
             Connection: close\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
        assert!(!answer.contains("Access-Control-Allow"), "{answer}");
    }
    // A page whose name resolves to this machine.
    let answer = server.send(
        "POST /exit?code=9 HTTP/1.1\r\nHost: evil.example\r\nLoiter-Admin: 1\r\n\
         Connection: close\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
    assert!(server.daemon.get("/get").starts_with("HTTP/1.1 200 "));
    server.daemon.stop();
}

#[test]
fn http2_grants_no_more() {
    let server = Administered::start(&[]);
    let url = format!("http://{}/with", server.admin);
    let preflight = ["--http2-prior-knowledge", "-siX", "OPTIONS", "-HOrigin: http://evil.example"];
    let asks = "-HAccess-Control-Request-Method: PUT";
    let output = command("curl").args(preflight).args([asks, &url]).output().expect("curl runs");
    let answer = String::from_utf8_lossy(&output.stdout);
    assert!(answer.starts_with("HTTP/2 405") && !answer.contains("access-control"), "{answer}");
    server.daemon.stop();
}

#[test]
fn an_exit_ends_the_process_with_its_status_after_the_answer() {
    let mut server = Administered::start(&[]);
    let (status, said) = server.ask("POST /exit?code=7&wait=10ms", "");
    assert_eq!((status, said.as_str()), (202, "ends with status 7 in 10ms\n"));
    assert_eq!(server.daemon.ended(), Some(7));
    let mut server = Administered::start(&[]);
    assert_eq!(server.ask("POST /exit", ""), (202, "drains in 0ns\n".to_owned()));
    assert_eq!(server.daemon.ended(), Some(0));
    let server = Administered::start(&[]);
    assert_eq!(server.ask("POST /exit?wait=1h", "").0, 202);
    let (status, said) = server.ask("POST /exit?code=1", "");
    assert_eq!((status, said.as_str()), (409, "an exit was asked for already\n"));
    server.daemon.stop();
}

#[test]
fn the_admin_listener_serves_until_the_last_answer_of_a_drain() {
    let mut server = Administered::start(&["--shutdown-timeout", "1m"]);
    let mut waiting = server.daemon.connect();
    ask(&mut waiting, "/delay/2", "");
    let mut kept = server.connect();
    kept.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it takes a request");
    assert_eq!(status_line(&mut kept), Ok("HTTP/1.1 200 OK".to_owned()));
    server.daemon.signal("TERM");
    server.daemon.logged("SIGTERM");
    let draining = (503, "draining\n".to_owned());
    assert_eq!(server.get("/readyz"), draining);
    assert_eq!(server.ask("PUT /ready?on=true", "").1, "draining\n");
    assert_eq!(server.get("/readyz"), draining);
    assert_eq!(server.get("/livez").0, 200);
    assert_eq!(status_line(&mut waiting), Ok("HTTP/1.1 200 OK".to_owned()));
    assert_eq!(server.daemon.ended(), Some(0));
    assert!(TcpStream::connect(&server.admin).is_err(), "nobody is there any more");
}

#[test]
fn a_full_admin_listener_answers_a_probe() {
    let server = Administered::start(&[]);
    // Each has begun a request, so none is idle.
    let begun: Vec<TcpStream> = (0..100)
        .map(|_| {
            let mut stream = server.connect();
            stream.write_all(b"GET /").expect("it takes a part");
            stream
        })
        .collect();
    assert_eq!(server.get("/readyz"), (200, "ready\n".to_owned()));
    assert_eq!(server.get("/livez"), (200, "ok\n".to_owned()));
    drop(begun);
    server.daemon.stop();
}

#[test]
fn a_socket_file_is_the_owners_alone() {
    let folder = Folder::new("admin");
    let path = folder.file("admin");
    let admin = format!("unix:{}", path.display());
    let daemon = Daemon::start(&["--admin", &admin]);
    let line = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    assert_eq!(line, format!("admin {admin}"));
    let mode = std::fs::metadata(&path).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ask = |line: &str| {
        let stream = UnixStream::connect(&path).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        answer(
            stream,
            &format!("{line} HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n"),
        )
    };
    assert!(ask("GET /settings").starts_with("HTTP/1.1 200 "));
    assert!(ask("DELETE /with").starts_with("HTTP/1.1 403 "));
    let check = run(&["--admin", &admin, "healthcheck"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    daemon.stop();
    assert!(!path.exists(), "it is removed at the end");
}

#[test]
fn an_admin_address_that_cannot_be_used_fails_the_start() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("bound").to_string();
    let output = run(&["--listen", "127.0.0.1:0", "--admin", &address]);
    refused(&output, 1, &["cannot listen on http://", &address]);
    let output = run(&["--listen", &address, "--admin", &address]);
    refused(&output, 2, &["which is listened on already; give --admin an address of its own"]);
    let output = run(&["--admin", "https://127.0.0.1:0"]);
    refused(&output, 2, &["--admin", "it is plain HTTP"]);
}

#[test]
fn other_machines_are_warned_of() {
    let daemon = Daemon::start(&["--admin", "0.0.0.0:0"]);
    let line = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    assert!(line.starts_with("admin http://0.0.0.0:"), "{line}");
    daemon.logged("the admin listener has no authentication");
    daemon.stop();
}
