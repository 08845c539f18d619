//! What modifiers count is the same in all workers.

use std::net::TcpStream;
use std::thread;

use super::process::*;

const WORKERS: &[&str] = &["--workers", "3"];

#[test]
fn a_key_is_counted_in_all_workers_together() {
    let daemon = Daemon::start(WORKERS);
    // Each on a connection of its own, which the kernel gives to any of the workers.
    let get = |target: &str| daemon.get(target);
    let failed = |answer: &String| answer.starts_with("HTTP/1.1 503 ");
    let answers: Vec<String> = (0..24).map(|_| get("/~status=503/~times=2/~key=a/get")).collect();
    assert_eq!(
        answers.iter().map(failed).collect::<Vec<_>>(),
        [[true; 2].as_slice(), &[false; 22]].concat()
    );
    let seeds: Vec<String> = (0..24).map(|_| seed(&get("/~seed=7/~key=b/get"))).collect();
    assert_eq!(seeds, (0..24).map(|_| seed(&get("/~seed=7/~key=c/get"))).collect::<Vec<_>>());
    assert!(seeds.iter().skip(1).all(|other| *other != seeds[0]));
}

#[test]
fn exactly_as_many_requests_pass_as_a_limit_has_in_all_workers_together() {
    let daemon = Daemon::start(WORKERS);
    for (path, requests) in [("/ratelimit/50/1h", 50), ("/~limit=70:1h/get", 70)] {
        // Connections that the kernel gives to any of the workers, of which 16 ask at once.
        let mut connections: Vec<TcpStream> = (0..160).map(|_| daemon.connect()).collect();
        let get = |stream: &mut TcpStream| {
            ask(stream, path, "");
            status_line(stream).expect("an answer")
        };
        let client = |some: &mut [TcpStream]| some.iter_mut().map(get).collect::<Vec<String>>();
        let lines: Vec<String> = thread::scope(|scope| {
            let clients: Vec<_> =
                connections.chunks_mut(10).map(|some| scope.spawn(move || client(some))).collect();
            clients.into_iter().flat_map(|client| client.join().expect("no panic")).collect()
        });
        let passed = lines.iter().filter(|line| line.starts_with("HTTP/1.1 200 ")).count();
        let refused = lines.iter().filter(|line| line.starts_with("HTTP/1.1 429 ")).count();
        assert_eq!((passed, refused), (requests, 160 - requests), "{path}");
    }
}

/// The seed in effect.
fn seed(answer: &str) -> String {
    let (_, rest) = answer.split_once("seed=").expect(answer);
    rest.split("\r\n").next().unwrap_or_default().to_owned()
}

#[test]
fn load_counts_the_answers_of_all_workers() {
    let daemon = Daemon::start(WORKERS);
    let waiting: Vec<TcpStream> = (0..12)
        .map(|_| {
            let mut stream = daemon.connect();
            ask(&mut stream, "/delay/10", "");
            stream
        })
        .collect();
    // A worker publishes its number once it has read a request.
    eventually("12 ms", || daemon.get("/~load=1ms/get").contains("\r\nLoiter: delay=12ms; "));
    waiting.into_iter().for_each(reset);
    eventually("none", || !daemon.get("/~load=1ms/get").contains("\r\nLoiter: delay="));
}
