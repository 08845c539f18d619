//! What is counted is what a client did.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use loiter::base::random::Random;
use loiter::config::AccessFormat;
use loiter::server::metrics::{Report, stats};

use super::client::*;

/// Requests, and how each counts: its answer ends the connection unless it is `200`.
const REFUSED: [(&str, &str); 8] = [
    ("GET /nowhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET _OTHER 404"),
    ("PUT /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "PUT _OTHER 405"),
    ("BREW /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "_OTHER _OTHER 405"),
    ("GET /get HTTP/1.1\r\n\r\n", "GET _OTHER 400"),
    ("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "POST _OTHER 400"),
    ("(nonsense) / HTTP/1.1\r\n\r\n", "_OTHER _OTHER 400"),
    ("GET /~fault=close/get HTTP/1.1\r\nHost: a\r\n\r\n", "GET /get 444"),
    ("GET /~fault=truncate:3/get HTTP/1.1\r\nHost: a\r\n\r\n", "GET /get 200"),
];

#[test]
fn every_exchange_counts_once_as_in_the_access_log() {
    let folder = std::env::temp_dir().join(format!("loiter-metrics-{}", std::process::id()));
    let log = folder.with_extension("log");
    let server = start(|settings| {
        settings.access_log = Some(AccessFormat::Json);
        settings.access_log_file = Some(log.clone());
    });
    let mut stream = connect(server.address());
    let mut wanted = std::collections::BTreeMap::new();
    let mut expect = |key: &str, count| *wanted.entry(key.to_owned()).or_insert(0) += count;
    for _ in 0..5 {
        assert!(ask(&mut stream, &head("GET", "/get")).starts_with("HTTP/1.1 200"));
    }
    expect("GET /get 200", 5);
    ask(&mut stream, &head("DELETE", "/status/418"));
    expect("DELETE /status/{codes} 418", 1);
    ask(&mut stream, &head("OPTIONS", "/anything/a/b"));
    expect("OPTIONS /anything/{anything*} 200", 1);
    let pipelined = head("GET", "/status/204").repeat(20);
    stream.write_all(pipelined.as_bytes()).expect("it takes them");
    (0..20).for_each(|_| drop(answer(&mut stream)));
    expect("GET /status/{codes} 204", 20);
    let post = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n";
    stream.write_all(post.as_bytes()).expect("it takes them");
    assert!(ask(&mut stream, "hello").contains("hello"));
    expect("POST /post 200", 1);
    assert!(ask(&mut stream, &head("GET", "/~delay=1ms/delay/1ms")).starts_with("HTTP/1.1 200"));
    expect("GET /delay/{delay} 200", 1);
    for (request, key) in REFUSED {
        until_closed(server.address(), request.as_bytes());
        expect(key, 1);
    }
    drop(stream);
    let samples = Samples::of(&server.handle().report());
    assert_eq!(samples.requests(), wanted.into_iter().collect::<Vec<_>>());
    server.stop();
    let lines = std::fs::read_to_string(&log).expect("a log");
    std::fs::remove_file(&log).expect("it is there");
    let mut logged: Vec<String> = Vec::new();
    for line in lines.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let method = line["method"].as_str().filter(|method| *method != "BREW");
        logged.push(format!("{} {}", method.unwrap_or("_OTHER"), line["status"]));
    }
    let mut counted: Vec<String> = Vec::new();
    for (key, count) in samples.requests() {
        let parts: Vec<&str> = key.split(' ').collect();
        let key = format!("{} {}", parts[0], parts[2]);
        counted.extend(std::iter::repeat_n(key, count as usize));
    }
    logged.sort();
    counted.sort();
    assert_eq!(logged, counted);
}

#[test]
fn bytes_and_connections_are_those_of_the_client() {
    let server = start(|_| {});
    let (mut sent, mut received) = (0, 0);
    for n in 0..10 {
        let body = "x".repeat(n * 1000);
        let mut request = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}", n * 1000);
        write!(request, "\r\nConnection: close\r\n\r\n{body}").expect("a string");
        sent += request.len();
        received += until_closed(server.address(), request.as_bytes()).len();
    }
    let samples = eventually(&server, |samples| {
        samples.get("loiter_connections", &[("state", "closing")]) == 0.0
    });
    assert_eq!(samples.get("loiter_received_bytes_total", &[]), sent as f64);
    assert_eq!(samples.get("loiter_sent_bytes_total", &[]), received as f64);
    assert_eq!(samples.get("loiter_connections_accepted_total", &[]), 10.0);
    let open = samples.0.iter().filter(|sample| sample.name == "loiter_connections");
    assert_eq!(open.map(|sample| sample.value).sum::<f64>(), 0.0);
}

#[test]
fn clients_that_leave_are_counted_by_how() {
    let server = start(|settings| settings.api.limits.linger_timeout = Duration::from_secs(10));
    let waiting = |count: f64| {
        eventually(&server, |samples| samples.get("loiter_delayed_requests", &[]) == count)
    };
    let mut clients: Vec<_> = (0..7).map(|_| connect(server.address())).collect();
    for client in &mut clients {
        client.write_all(head("GET", "/delay/10").as_bytes()).expect("it takes them");
    }
    let samples = waiting(7.0);
    assert_eq!(samples.get("loiter_connections", &[("state", "delayed")]), 7.0);
    assert_eq!(samples.get("http_server_active_requests", &[]), 7.0);
    // Four reset, two close their side and wait, one stays.
    clients.drain(..4).for_each(reset);
    let samples = waiting(3.0);
    assert_eq!(samples.requests(), [("GET /delay/{delay} 499".to_owned(), 4)]);
    for client in &clients[..2] {
        client.shutdown(Shutdown::Write).expect("it is connected");
    }
    let half_closed = "loiter_clients_half_closed_total";
    let samples = eventually(&server, |samples| samples.get(half_closed, &[]) == 2.0);
    assert_eq!(samples.get("loiter_delayed_requests", &[]), 3.0);
    clients.drain(..1).for_each(reset);
    // A head and a body that end early.
    let post = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    for half in ["GET /get HTT", post] {
        let mut client = connect(server.address());
        client.write_all(half.as_bytes()).expect("it takes them");
        client.shutdown(Shutdown::Write).expect("it is connected");
        assert_eq!(client.read(&mut [0]).expect("it closes"), 0);
    }
    let samples = waiting(2.0);
    let left = |how| samples.get("loiter_clients_left_total", &[("how", how)]);
    assert_eq!([left("reset"), left("closed"), left("cancelled")], [5.0, 2.0, 0.0]);
    assert_eq!(samples.get("loiter_connections_broken_total", &[]), 5.0);
    let gone = [("GET /delay/{delay} 499", 5), ("GET _OTHER 499", 1), ("POST /post 499", 1)];
    assert_eq!(samples.requests(), gone.map(|(key, count)| (key.to_owned(), count)));
}

#[test]
fn delays_and_their_errors_are_counted_exactly() {
    let server = start(|_| {});
    let mut stream = connect(server.address());
    for _ in 0..20 {
        ask(&mut stream, &head("GET", "/delay/2ms"));
        ask(&mut stream, &head("GET", "/get"));
        ask(&mut stream, &head("GET", "/~delay=3ms/get"));
        ask(&mut stream, &head("GET", "/drip?numbytes=1&duration=0&delay=1ms"));
    }
    let report = server.handle().report();
    let samples = Samples::of(&report);
    let late = |end: &str| samples.get(&format!("loiter_delay_error_seconds_{end}"), &[]);
    assert_eq!(
        (late("count"), samples.get("loiter_imposed_delay_seconds_count", &[])),
        (60.0, 60.0)
    );
    let imposed = samples.get("loiter_imposed_delay_seconds_sum", &[]);
    assert!((imposed - 0.120).abs() < 1e-9, "{imposed}");
    let up_to_2500_us = samples.get("loiter_imposed_delay_seconds_bucket", &[("le", "0.0025")]);
    assert_eq!(up_to_2500_us, 40.0);
    let max = samples.get("loiter_delay_error_max_seconds", &[]);
    assert!(0.0 < max && max <= late("sum"), "{max}");
    assert_eq!(samples.get("loiter_modifiers_applied_total", &[("modifier", "delay")]), 20.0);
    let stats: serde_json::Value = serde_json::from_str(&stats(&report)).expect("JSON");
    let [p50, p99, longest] = ["p50", "p99", "max"].map(|name| stats["late"][name].as_f64());
    assert!(p50 <= p99 && p99 <= longest && longest == Some(max), "{stats}");
    assert_eq!((&stats["late"]["answers"], &stats["finished_requests"]), (&60.into(), &80.into()));
    server.handle().reset_stats();
    let report = server.handle().report();
    let stats: serde_json::Value = serde_json::from_str(&stats_of(&report)).expect("JSON");
    assert!(stats["late"]["p50"].is_null() && stats["late"]["answers"] == 0, "{stats}");
    assert_eq!(Samples::of(&report).get("loiter_delay_error_seconds_count", &[]), 60.0);
}

fn stats_of(report: &Report) -> String {
    stats(report)
}

#[test]
fn random_paths_add_no_series() {
    let server = start(|_| {});
    let mut random = Random::new(7);
    let mut stream = connect(server.address());
    let methods = ["GET", "POST", "BREW", "LONGER"];
    for n in 0..100 {
        let mut batch = String::new();
        for _ in 0..100 {
            let path = format!("/{:x}/{:x}", random.next_u64(), random.next_u64());
            batch += &head(methods[n % 4], &path);
        }
        stream.write_all(batch.as_bytes()).expect("it takes them");
        (0..100).for_each(|_| drop(answer(&mut stream)));
    }
    let samples = Samples::of(&server.handle().report());
    let each = [("GET _OTHER 404", 2500), ("POST _OTHER 404", 2500), ("_OTHER _OTHER 404", 5000)];
    assert_eq!(samples.requests(), each.map(|(key, count)| (key.to_owned(), count)));
}

#[test]
fn connections_that_are_refused_have_a_reason() {
    let server = start(|settings| settings.max_connections_per_ip = Some(2));
    let mut clients: Vec<_> = (0..2).map(|_| connect(server.address())).collect();
    for client in &mut clients {
        ask(client, &head("GET", "/get"));
    }
    for _ in 0..3 {
        assert!(until_closed(server.address(), b"").starts_with(b"HTTP/1.1 503"));
    }
    let samples = Samples::of(&server.handle().report());
    let refused = |reason| samples.get("loiter_connections_refused_total", &[("reason", reason)]);
    assert_eq!([refused("address"), refused("full")], [3.0, 0.0]);
    assert_eq!(samples.get("loiter_connections", &[("state", "idle")]), 2.0);
    let keys = [("GET /get 200", 2), ("_OTHER _OTHER 503", 3)];
    assert_eq!(samples.requests(), keys.map(|(key, count)| (key.to_owned(), count)));
}

#[test]
fn workers_are_summed_and_what_has_ended_still_counts() {
    let server =
        loiter::Server::builder().listen("127.0.0.1:0").workers(3).start().expect("it starts");
    for _ in 0..30 {
        let request = "GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        until_closed(server.address(), request.as_bytes());
    }
    let handle = server.handle();
    let while_serving = Samples::of(&handle.report());
    assert_eq!(while_serving.get("loiter_workers", &[]), 3.0);
    handle.drain(Duration::from_secs(5));
    let totals = server.join();
    let ended = Samples::of(&handle.report());
    assert_eq!((totals.requests, totals.connections), (30, 30));
    for samples in [&while_serving, &ended] {
        assert_eq!(samples.requests(), [("GET /get 200".to_owned(), 30)]);
    }
    let gauges = ["loiter_workers", "loiter_draining", "loiter_timers"];
    assert_eq!(gauges.map(|name| ended.get(name, &[])), [0.0, 1.0, 0.0]);
}

#[test]
fn what_the_journal_loses_is_counted() {
    let server = start(|settings| (settings.journal, settings.journal_bytes) = (2, 8000));
    let mut stream = connect(server.address());
    let mut send = |bytes: usize| {
        let body = "x".repeat(bytes);
        ask(&mut stream, &format!("{}Content-Length: {bytes}\r\n\r\n{body}", &HEAD));
    };
    const HEAD: &str = "POST /anything HTTP/1.1\r\nHost: a\r\n";
    let dropped =
        |samples: &Samples, bound| samples.get("loiter_journal_dropped_total", &[("bound", bound)]);
    (0..5).for_each(|_| send(1));
    let samples = Samples::of(&server.handle().report());
    assert_eq!((dropped(&samples, "number"), dropped(&samples, "bytes")), (3.0, 0.0));
    assert_eq!(samples.get("loiter_journal_cut_total", &[]), 0.0);
    (0..2).for_each(|_| send(4001));
    let samples =
        eventually(&server, |samples| samples.get("loiter_journal_cut_total", &[]) == 2.0);
    assert_eq!(dropped(&samples, "number") + dropped(&samples, "bytes"), 6.0);
    assert_eq!(dropped(&samples, "bytes"), 1.0);
    assert!(
        stats(&server.handle().report())
            .contains("\"journal\": {\"dropped\": 6, \"bodies_cut\": 2}")
    );
}
