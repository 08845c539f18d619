//! Requests that wait: what they keep, and how they are counted.

use super::*;
use crate::proto::conn::Protocol;
use crate::proto::test_driver::Driver;
use crate::proto::{Event, Next};

#[test]
fn a_parked_request_comes_back_with_its_seed() {
    for parked in [Parked::new(b"GET /".to_vec(), 7 << 40), Parked::copied(b"GET /", 7 << 40)] {
        assert_eq!(parked.parts(), (b"GET /".as_slice(), 7 << 40));
    }
    assert_eq!(Parked::copied(b"", 1).parts(), (b"".as_slice(), 1));
}

/// A request that waits is answered although the limits have become too small for it.
#[test]
fn a_waiting_request_is_not_held_to_limits_again() {
    let mut driver = Driver::new(App::default(), Protocol::Http, 1);
    let request = b"POST /delay/1 HTTP/1.1\r\nHost: a\r\nA: b\r\nContent-Length: 1\r\n\r\nx";
    let Next::Sleep(due) = driver.receive(request) else { panic!("it does not wait") };
    let mut app = App::default();
    (app.limits.head_fields, app.limits.head_bytes, app.limits.body_bytes) = (1, 1, 0);
    app.limits.delayed = 0;
    driver.app = app.into();
    driver.clock.now = due;
    assert!(matches!(driver.receive(b""), Next::Read(_)));
    let text = String::from_utf8_lossy(driver.output.unread()).into_owned();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.contains("\"data\": \"x\""), "{text}");
}

/// A body that arrives by itself, a piece at a time, is part of the request that waits.
#[test]
fn a_body_that_arrives_by_itself_waits_with_its_head() {
    let mut driver = Driver::new(App::default(), Protocol::Http, 1);
    let head = b"POST /delay/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    driver.receive(head);
    driver.receive(b"2\r\nab\r\n");
    assert_eq!(driver.conn.standing().delayed, 0);
    let Next::Sleep(due) = driver.receive(b"1\r\nc\r\n0\r\n\r\nGET /st") else {
        panic!("it does not wait")
    };
    assert_eq!((driver.conn.standing().delayed, driver.worker.delayed), (1, 1));
    assert_eq!(driver.input.unread(), b"GET /st", "only what follows the request is left");
    driver.clock.now = due;
    driver.receive(b"atus/204 HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = String::from_utf8_lossy(driver.output.unread()).into_owned();
    assert!(text.contains("\"data\": \"abc\"") && text.contains("\r\n\r\n{"), "{text}");
    assert!(text.contains("HTTP/1.1 204 NO CONTENT"), "{text}");
    assert_eq!((driver.conn.standing().delayed, driver.worker.delayed), (0, 0));
}

/// A delayed answer counts until it is out, whatever ends it; the next one behind it on the same
/// connection is admitted in its place.
#[test]
fn delayed_answers_are_counted_by_what_is_there() {
    let mut app = App::default();
    app.limits.delayed = 1;
    let mut driver = Driver::new(app, Protocol::Http, 1);
    let request = b"GET /delay/1 HTTP/1.1\r\nHost: a\r\n\r\n";
    let Next::Sleep(due) = driver.receive(&request.repeat(2)) else { panic!("no wait") };
    driver.clock.now = due;
    assert!(matches!(driver.receive(b""), Next::Sleep(_)), "the second one waits");
    assert_eq!(driver.worker.delayed, 1);
    driver.edge.event = Event::Reset;
    assert_eq!(driver.receive(b""), Next::Close);
    assert_eq!((driver.worker.delayed, driver.worker.clients_gone), (0, 1));
    // Others hold the only place.
    let mut driver = Driver::new(driver.app, Protocol::Http, 1);
    driver.worker.delayed = 1;
    assert!(matches!(driver.receive(request), Next::Linger(_)));
    assert!(driver.output.unread().starts_with(b"HTTP/1.1 503 "));
}

/// One request for a delayed answer of 200 kB, at the moment when it is due.
fn large(fields: &str, closed: bool) -> (Driver, Next) {
    let app = App { records: true, ..App::default() };
    let mut driver = Driver::new(app, Protocol::Http, 1);
    let head =
        format!("POST /delay/1 HTTP/1.1\r\nHost: a\r\n{fields}Content-Length: 200000\r\n\r\n");
    let Next::Sleep(due) = driver.receive(&[head.as_bytes(), &[b'x'; 200_000]].concat()) else {
        panic!("it does not wait")
    };
    driver.edge.eof_reported = closed;
    driver.advance();
    driver.clock.now = due;
    let next = driver.advance();
    (driver, next)
}

/// A long answer is over when its client has taken it, and not when it has been rendered.
#[test]
fn a_long_delayed_answer_counts_while_it_is_taken() {
    let (mut driver, next) = large("", false);
    assert_eq!((next, driver.worker.delayed, driver.worker.served), (Next::Write, 1, 0));
    driver.clock.now = driver.clock.now.after_us(3_000_000);
    driver.output.clear();
    driver.edge.event = Event::Reset;
    assert_eq!(driver.advance(), Next::Close);
    assert_eq!((driver.worker.delayed, driver.worker.clients_gone), (0, 1));
    let mut durations = Vec::new();
    driver.worker.records.drain(|record| durations.push(record.duration_us));
    assert_eq!(durations, [4_000_001]);
}

/// A client that closed its side while it waited has its time to take the answer after it has taken
/// what was blocked.
#[test]
fn a_half_closed_client_has_its_time_after_a_long_answer() {
    let (mut driver, next) = large("Connection: close\r\n", true);
    assert_eq!(next, Next::Write);
    driver.clock.now = driver.clock.now.after_us(5_000_000);
    driver.output.clear();
    (driver.edge.event, driver.edge.read_eof) = (Event::WriteUnblocked, true);
    let until = driver.clock.now.after(driver.app.limits.linger_timeout);
    assert_eq!(driver.advance(), Next::Linger(until));
}
