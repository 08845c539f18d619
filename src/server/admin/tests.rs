//! An admin listener that comes, moves and goes while its server runs.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use super::*;
use crate::config::Setting;

/// The whole answer of whoever listens there.
fn get(at: &str, path: &str) -> String {
    let at = at.strip_prefix("http://").unwrap_or(at);
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
    stream
        .write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())
        .expect("it takes a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn server() -> Server {
    Server::builder().listen("127.0.0.1:0").start().expect("a server")
}

/// The settings with another admin listener.
fn with_admin(server: &Server, admin: &str) -> Settings {
    let mut settings = server.handle().settings();
    let row = Setting::named("admin").expect("a row");
    (row.set)(&mut settings, admin).expect(admin);
    settings
}

fn admin_of(server: &Server) -> Option<String> {
    server.handle().admin_addresses().first().map(Address::to_string)
}

#[test]
fn a_reload_opens_moves_and_closes_it() {
    let server = server();
    assert_eq!(admin_of(&server), None);
    server.handle().reload(&with_admin(&server, "127.0.0.1:0")).expect("a reload");
    let first = admin_of(&server).expect("an address");
    assert!(get(&first, "/readyz").ends_with("\r\n\r\nready\n"));
    // The same setting keeps it.
    server.handle().reload(&with_admin(&server, "127.0.0.1:0")).expect("a reload");
    assert_eq!(admin_of(&server).as_ref(), Some(&first));
    server.handle().reload(&with_admin(&server, "localhost:0")).expect("a reload");
    let second = admin_of(&server).expect("an address");
    assert_ne!(first, second);
    assert!(get(&second, "/livez").ends_with("\r\n\r\nok\n"));
    server.handle().reload(&with_admin(&server, "off")).expect("a reload");
    assert_eq!(admin_of(&server), None);
    let at = second.strip_prefix("http://").expect("a URL");
    assert!(TcpStream::connect(at).is_err(), "it is closed");
    let main = server.address().to_string();
    assert!(get(&main, "/readyz").ends_with("\r\n\r\nready\n"), "its end is not the server's");
}

#[test]
fn a_reload_that_fails_leaves_it() {
    let server = server();
    server.handle().reload(&with_admin(&server, "127.0.0.1:0")).expect("a reload");
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = held.local_addr().expect("bound").to_string();
    for admin in ["off", "localhost:0", taken.as_str()] {
        let mut bad = with_admin(&server, admin);
        bad.listen.push(taken.parse().expect("an address"));
        assert!(server.handle().reload(&bad).is_err(), "{admin}");
        let after = admin_of(&server).expect("an address");
        assert!(get(&after, "/readyz").ends_with("\r\n\r\nready\n"), "{admin}");
    }
}

#[test]
fn readiness_is_the_servers_own_and_outlives_a_reload() {
    let (server, other) = (server(), server());
    server.handle().shared.admin.readiness.set(false);
    let settings = server.handle().settings();
    server.handle().reload(&settings).expect("a reload");
    let ready = |server: &Server| get(&server.address().to_string(), "/readyz");
    assert!(ready(&server).ends_with("\r\n\r\nswitched off\n"));
    assert!(ready(&other).ends_with("\r\n\r\nready\n"));
    let third = Server::start(Settings { listen: other.handle().settings().listen, ..settings });
    assert!(ready(&third.expect("a server")).ends_with("\r\n\r\nready\n"));
}

#[test]
fn a_reload_ends_modifiers_that_were_set_at_run_time() {
    let server = server();
    let handle = server.handle();
    let status = || get(&server.address().to_string(), "/get").get(9..12).map(str::to_owned);
    handle.set_defaults("status=418", None).expect("a list");
    assert!(handle.defaults().at_run_time);
    assert_eq!(status().as_deref(), Some("418"));
    handle.reload(&handle.settings()).expect("a reload");
    assert!(!handle.defaults().at_run_time);
    assert_eq!(status().as_deref(), Some("200"));
}

#[test]
fn a_server_that_has_ended_has_no_silent_workers() {
    let server = server();
    let handle = server.handle();
    assert_eq!(handle.silent_workers(), [0; 0]);
    server.stop();
    assert_eq!(handle.silent_workers(), [0; 0]);
}
