//! Streams that are opened while others keep the connection's windows closed, or late.

use super::super::frame::{Head, Kind, flags};
use super::super::hpack::encode;
use super::*;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::journal::SharedJournal;
use crate::proto::conn::Protocol;
use crate::proto::test_driver::Driver;
use crate::proto::{Event, Next};

/// A connection of a client whose windows have so many bytes.
fn connected(app: App, window: u32) -> Driver {
    let mut driver = Driver::new(app, Protocol::Http, 1);
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    frame::write_settings(&mut bytes, &[(frame::setting::INITIAL_WINDOW_SIZE, window)]);
    driver.receive(&bytes);
    driver
}

/// A HEADERS frame.
fn head(id: u32, method: &str, path: &str, ends: u8) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in
        [(":method", method), (":scheme", "http"), (":authority", "a"), (":path", path)]
    {
        encode::field(&mut block, name.as_bytes(), value.as_bytes());
    }
    let length = block.len() as u32;
    let flags = ends | flags::END_HEADERS;
    let head = Head { length, kind: Kind::Headers, flags, stream: id };
    [&head.to_bytes()[..], &block].concat()
}

fn get(id: u32, path: &str) -> Vec<u8> {
    head(id, "GET", path, flags::END_STREAM)
}

/// Opens the windows of the connection and of all streams, and serves what waited for that.
fn open_windows(driver: &mut Driver) {
    let mut bytes = Vec::new();
    frame::write_settings(&mut bytes, &[(frame::setting::INITIAL_WINDOW_SIZE, 1 << 24)]);
    frame::write_window_update(&mut bytes, 0, 1 << 26);
    driver.receive(&bytes);
    for _ in 0..1000 {
        driver.output.clear();
        driver.receive(b"");
    }
}

/// Requests whose answers, of 16 KB each, are more than a client that takes nothing may have made.
fn more_than_is_made() -> impl Iterator<Item = Vec<u8>> {
    let path = format!("/anything?{}", "a".repeat(8117));
    (1..200).step_by(2).map(move |id| get(id, &path))
}

#[test]
fn the_journal_has_requests_that_waited_for_others_once() {
    let journal = SharedJournal::default();
    journal.resize(999, 1 << 30);
    let app = App { records: true, journal: Some(journal.clone()), ..App::default() };
    let mut driver = connected(app, 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    assert!(journal.entries().len() < 100);
    open_windows(&mut driver);
    assert_eq!((journal.entries().len(), driver.worker.records.len()), (100, 100));
}

#[test]
fn a_rate_limit_counts_requests_that_waited_for_others_once() {
    let mut driver = connected(App::default(), 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    let limited = "/ratelimit/100/1h";
    (201..221).step_by(2).for_each(|id| _ = driver.receive(&get(id, limited)));
    // With a body, the request is opened in another place.
    driver.receive(&head(221, "POST", limited, 0));
    let end = Head { length: 0, kind: Kind::Data, flags: flags::END_STREAM, stream: 221 };
    driver.receive(&end.to_bytes());
    open_windows(&mut driver);
    driver.receive(&get(301, limited));
    let answer = String::from_utf8_lossy(driver.output.unread()).into_owned();
    assert!(answer.contains("\"remaining\": 88,"), "{answer}");
}

/// Its answer has the length of its body, which nothing keeps.
#[test]
fn an_upload_that_would_wait_for_others_is_refused() {
    let mut driver = connected(App::default(), 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    driver.output.clear();
    driver.receive(&head(201, "POST", "/upload", 0));
    let data = Head { length: 3, kind: Kind::Data, flags: flags::END_STREAM, stream: 201 };
    driver.receive(&[&data.to_bytes()[..], b"abc"].concat());
    let mut refused = Vec::new();
    frame::write_rst_stream(&mut refused, 201, ErrorCode::REFUSED_STREAM);
    assert!(driver.output.unread().ends_with(&refused));
    open_windows(&mut driver);
    driver.receive(&head(203, "POST", "/upload", 0));
    let data = Head { stream: 203, ..data };
    driver.receive(&[&data.to_bytes()[..], b"abc"].concat());
    let answer = String::from_utf8_lossy(driver.output.unread()).into_owned();
    assert!(answer.contains("\"bytes_received\": 3,"), "{answer}");
}

/// A body that modifiers read slowly is complete after the client has closed its side.
#[test]
fn a_client_that_is_gone_before_a_delay_begins_is_recorded_as_gone() {
    for (event, status) in [(Event::Reset, 499), (Event::None, 200)] {
        let mut driver = connected(App { records: true, ..App::default() }, 1 << 16);
        driver.receive(&head(1, "POST", "/delay/1?~read=1", 0));
        let data = Head { length: 3, kind: Kind::Data, flags: flags::END_STREAM, stream: 1 };
        driver.receive(&[&data.to_bytes()[..], b"abc"].concat());
        (driver.edge.read_eof, driver.edge.eof_reported) = (true, true);
        while driver.receive(b"") == Next::Write {}
        assert_eq!(driver.worker.metrics.half_closed, 1);
        while driver.worker.streams.armed() > 0 {
            driver.clock.now = driver.worker.streams.next();
            driver.fire();
            driver.receive(b"");
        }
        assert!(driver.clock.now >= Time::from_micros(3_000_000), "{:?}", driver.clock.now);
        assert_eq!(driver.worker.records.len(), 0, "its client may be gone");
        driver.edge.event = event;
        driver.clock.now = Time::from_micros(20_000_000);
        assert_eq!(driver.receive(b""), Next::Close);
        let mut lines = Vec::new();
        driver.worker.records.drain(|record| lines.push(record.status.0));
        assert_eq!(lines, [status]);
    }
}
