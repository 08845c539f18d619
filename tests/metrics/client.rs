//! A client over TCP, and what it reads of a report.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use loiter::Server;
use loiter::server::metrics::{Report, prometheus};

use super::exposition::{Sample, parse};

/// Longest wait for anything; only a failure reaches it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server with one listener, one worker and what else is set.
pub(crate) fn start(change: impl FnOnce(&mut loiter::config::Settings)) -> Server {
    Server::builder().listen("127.0.0.1:0").set(change).start().expect("it starts")
}

/// A connection.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream
}

/// A request without a body.
pub(crate) fn head(method: &str, target: &str) -> String {
    format!("{method} {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

/// Sends bytes on a connection of its own, and reads until the server closes it.
pub(crate) fn until_closed(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    stream.write_all(bytes).expect("it takes them");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("it closes");
    answer
}

/// Sends a request and reads an answer, whose length is in its head; returns all of it.
pub(crate) fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("it takes them");
    answer(stream)
}

/// Reads an answer whose length is in its head.
pub(crate) fn answer(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    while !all.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("a head");
        all.push(byte[0]);
    }
    let head = String::from_utf8(all).expect("text");
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a length"))];
    stream.read_exact(&mut body).expect("a body");
    head + &String::from_utf8_lossy(&body)
}

/// Resets a connection: its bytes so far are lost.
pub(crate) fn reset(stream: TcpStream) {
    let socket = socket2::SockRef::from(&stream);
    socket.set_linger(Some(Duration::ZERO)).expect("an option");
}

/// The samples of a report, by the strict reader.
#[derive(Debug)]
pub(crate) struct Samples(pub(crate) Vec<Sample>);

impl Samples {
    pub(crate) fn of(report: &Report) -> Samples {
        let families = parse(&prometheus(report)).expect("it is valid");
        Samples(families.into_iter().flat_map(|family| family.samples).collect())
    }

    /// The value of a sample with these labels and no others.
    pub(crate) fn get(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let is = |sample: &&Sample| {
            let given = sample.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let mut wanted = labels.to_vec();
            wanted.sort_unstable();
            sample.name == name && given.collect::<Vec<_>>() == wanted
        };
        self.0.iter().find(is).unwrap_or_else(|| panic!("no {name} {labels:?}")).value
    }

    /// Finished requests by method, route and status.
    pub(crate) fn requests(&self) -> Vec<(String, u64)> {
        let count = "http_server_request_duration_seconds_count";
        let each = self.0.iter().filter(|sample| sample.name == count).map(|sample| {
            let label = |name: &str| sample.labels[name].clone();
            let parts = ["http_request_method", "http_route", "http_response_status_code"];
            (parts.map(label).join(" "), sample.value as u64)
        });
        let mut all: Vec<_> = each.collect();
        all.sort();
        all
    }
}

/// Waits until a report is so, and returns its samples.
pub(crate) fn eventually(server: &Server, is_so: impl Fn(&Samples) -> bool) -> Samples {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let samples = Samples::of(&server.handle().report());
        if is_so(&samples) {
            return samples;
        }
        assert!(Instant::now() < deadline, "it does not come to that: {:?}", samples.requests());
    }
}
