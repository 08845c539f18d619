//! What modifiers count is the same in all workers.

use std::net::TcpStream;

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
