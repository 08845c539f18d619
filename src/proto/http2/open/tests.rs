//! Streams that are opened while others keep the connection's windows closed, or late.

use super::super::frame::{HEAD_BYTES, Head, Kind, flags};
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

/// Whether this is refused in the way after which a client sends it again.
fn is_refused(driver: &mut Driver, id: u32, path: &str) -> bool {
    driver.output.clear();
    driver.receive(&get(id, path));
    let mut refused = Vec::new();
    frame::write_rst_stream(&mut refused, id, ErrorCode::REFUSED_STREAM);
    driver.output.unread() == refused
}

#[test]
fn what_is_refused_for_lack_of_room_has_not_counted() {
    const LIMITED: &str = "/anything?~limit=1:1h";
    const ROUTE: &str = "/ratelimit/1/2h?~pad=1";
    const KEYED: &str = "/robots.txt?~text=once&~times=1&~key=k";
    const HINTED: &str = "/anything?~hint=x";
    let mut driver = connected(App::default(), 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    for (id, path) in [(201, LIMITED), (203, ROUTE), (205, KEYED), (207, LIMITED), (209, HINTED)] {
        assert!(is_refused(&mut driver, id, path), "{path}");
    }
    open_windows(&mut driver);
    let mut again = |id, path, text: &str| {
        driver.output.clear();
        driver.receive(&get(id, path));
        String::from_utf8_lossy(driver.output.unread()).contains(text)
    };
    for (id, path) in [(301, LIMITED), (311, ROUTE)] {
        assert!(!again(id, path, "more than 1 in"), "{path}");
        assert!(again(id + 2, path, "more than 1 in"), "{path}");
    }
    assert!(again(321, KEYED, "once") && !again(323, KEYED, "once"));
}

/// A connection keeps so many heads of waiting requests and no more.
#[test]
fn what_is_refused_as_its_head_cannot_be_kept_has_not_counted() {
    let mut driver = connected(App::default(), 1 << 16);
    for id in (1..301).step_by(2) {
        driver.receive(&get(id, &format!("/delay/9?{}", format!("{id:03}").repeat(2600))));
    }
    let long = "b".repeat(7900);
    for (id, path) in [(301, "/delay/9?~limit=1:1h&"), (303, "/ratelimit/1/2h?~delay=9s&")] {
        assert!(is_refused(&mut driver, id, &format!("{path}{long}")), "{path}");
    }
    for (id, path) in [(311, "/get?~limit=1:1h"), (321, "/ratelimit/1/2h")] {
        let mut is_over = |id| {
            driver.output.clear();
            driver.receive(&get(id, path));
            String::from_utf8_lossy(driver.output.unread()).contains("more than 1 in")
        };
        assert!(!is_over(id) && is_over(id + 2), "{path}");
    }
}

/// The statuses and the durations in seconds that were logged since the last call, sorted.
fn logged(driver: &mut Driver) -> Vec<(u16, u64)> {
    let mut lines = Vec::new();
    driver.worker.records.drain(|record| {
        lines.push((record.status.0, record.duration_us / 1_000_000));
    });
    lines.sort_unstable();
    lines
}

#[test]
fn a_request_whose_client_leaves_before_it_is_opened_is_logged() {
    let journal = SharedJournal::default();
    journal.resize(999, 1 << 30);
    let app = App { records: true, journal: Some(journal.clone()), ..App::default() };
    let mut driver = connected(app, 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    let path = format!("/anything?{}", "a".repeat(8000));
    driver.receive(&head(201, "POST", &path, 0));
    let data = Head { length: 3, kind: Kind::Data, flags: flags::END_STREAM, stream: 201 };
    driver.receive(&[&data.to_bytes()[..], b"abc"].concat());
    driver.clock.now = driver.clock.now.after_us(5_000_000);
    for (id, gone) in [(199, 1), (201, 2)] {
        let mut reset = Vec::new();
        frame::write_rst_stream(&mut reset, id, ErrorCode::CANCEL);
        driver.receive(&reset);
        assert_eq!(driver.worker.clients_gone, gone);
        assert_eq!(logged(&mut driver), [(499, 5)], "{id}");
    }
    driver.edge.event = Event::Reset;
    assert_eq!(driver.receive(b""), Next::Close);
    let lines = logged(&mut driver);
    assert_eq!(lines.len(), 99);
    assert!(lines.iter().all(|(status, seconds)| matches!(status, 200 | 499) && *seconds == 5));
    assert!(lines.iter().filter(|(status, _)| *status == 499).count() > 20, "{lines:?}");
    assert_eq!(journal.entries().len(), 101);
}

/// Its time is in what is logged.
#[test]
fn a_request_that_waited_for_others_has_come_before_that() {
    let mut driver = connected(App { records: true, ..App::default() }, 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    assert_eq!(logged(&mut driver), []);
    driver.clock.now = driver.clock.now.after_us(5_000_000);
    open_windows(&mut driver);
    assert_eq!(logged(&mut driver), [(200, 5); 100]);
}

/// RFC 9113 6.8: a client is to know which streams may have been processed.
#[test]
fn a_fault_that_closes_the_connection_sends_the_goaway_that_is_due() {
    for requests in [1, 100] {
        let mut app = App::default();
        app.limits.requests = requests;
        let mut driver = connected(app, 1 << 16);
        let next = driver.receive(&get(1, "/~fault=close/get"));
        let mut goaway = Vec::new();
        frame::write_goaway(&mut goaway, 1, ErrorCode::NO_ERROR, "");
        let output = driver.output.unread();
        assert!(output.ends_with(&goaway), "{requests}: {output:?}");
        assert!(matches!(next, Next::Linger(_)), "{next:?}");
    }
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

/// Frames that came before the FIN are taken, whatever room there is for answers.
#[test]
fn requests_before_a_half_close_are_all_answered() {
    let mut driver = connected(App { records: true, ..App::default() }, 1 << 20);
    let mut bytes = Vec::new();
    frame::write_window_update(&mut bytes, 0, 1 << 30);
    for id in (1..2001).step_by(2) {
        bytes.extend(get(id, "/get"));
    }
    // The last head is in two frames.
    let last = get(2001, "/get");
    let block = &last[HEAD_BYTES..];
    let length = block.len() as u32 - 1;
    let first = Head { length, kind: Kind::Headers, flags: flags::END_STREAM, stream: 2001 };
    let rest = Head { length: 1, kind: Kind::Continuation, flags: flags::END_HEADERS, ..first };
    let (front, back) = block.split_at(block.len() - 1);
    bytes.extend([&first.to_bytes()[..], front, &rest.to_bytes(), back].concat());
    (driver.edge.read_eof, driver.edge.eof_reported) = (true, true);
    let mut next = driver.receive(&bytes);
    while next == Next::Write {
        driver.output.clear();
        next = driver.receive(b"");
    }
    assert_eq!(next, Next::Close);
    assert_eq!(logged(&mut driver), [(200, 0); 1001]);
}

#[test]
fn a_client_that_sends_no_more_cannot_open_a_window() {
    let mut driver = connected(App { records: true, ..App::default() }, 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    (driver.edge.read_eof, driver.edge.eof_reported) = (true, true);
    while driver.receive(b"") == Next::Write {}
    assert_eq!(driver.worker.streams.len(), 0);
    let mut cancelled = Vec::new();
    frame::write_rst_stream(&mut cancelled, 199, ErrorCode::CANCEL);
    let cancels = driver.output.unread().windows(13).any(|bytes| bytes == cancelled);
    assert!(cancels && logged(&mut driver).len() == 100);
}

/// RFC 9113 6.9.2.
#[test]
fn a_setting_that_overflows_the_window_of_a_queued_stream_is_an_error() {
    let mut driver = connected(App::default(), 0);
    more_than_is_made().for_each(|request| _ = driver.receive(&request));
    let mut bytes = Vec::new();
    frame::write_window_update(&mut bytes, 199, frame::MAX_31_BITS);
    frame::write_settings(&mut bytes, &[(frame::setting::INITIAL_WINDOW_SIZE, 1)]);
    let next = driver.receive(&bytes);
    let (code, mut goaway) = (ErrorCode::FLOW_CONTROL_ERROR, Vec::new());
    frame::write_goaway(&mut goaway, 199, code, "the window of a stream is full");
    assert!(driver.output.unread().ends_with(&goaway), "{next:?}");
}
