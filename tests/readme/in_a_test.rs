//! The README's example of a test, between the marks, as it is.

use std::io::{Error, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// The client under test: an answer, or an error if none has come after a second.
fn get(url: &str) -> Result<String, Error> {
    let (host, path) = url["http://".len()..].split_once('/').expect("a path");
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    write!(stream, "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

// begin
#[test]
fn the_client_gives_up_when_no_answer_comes() {
    let server = loiter::Server::builder().listen("127.0.0.1:0").start().unwrap();
    let answer = get(&format!("{}/~fault=hang/get", server.url()));
    assert!(answer.is_err());
}
// end

/// The block of the README.
pub(crate) fn shown() -> &'static str {
    let own = include_str!("in_a_test.rs");
    let block = own.split_once("// begin\n").and_then(|(_, rest)| rest.split_once("\n// end"));
    block.expect("marks").0
}

#[test]
fn the_client_gets_an_answer() {
    let server = loiter::Server::builder().listen("127.0.0.1:0").start().unwrap();
    let answer = get(&format!("{}/get", server.url())).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}
