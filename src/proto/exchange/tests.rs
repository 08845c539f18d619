//! Requests that wait: what they keep, how they are counted and recorded.

use super::*;
use crate::http::app::HalfClose;
use crate::http::tests as http;
use crate::proto::conn::Protocol;
use crate::proto::test_driver::Driver;
use crate::proto::{Event, Next};

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

/// What an endpoint was found with is there again when the request has been parsed anew.
#[test]
fn a_request_that_is_read_again_has_its_parameters_and_its_seed() {
    let mut driver = Driver::new(App::default(), Protocol::Http, 1);
    let mut cx = driver.cx();
    http::ask("/delay/7", &[("Host", "a")], b"", |fresh| {
        let fresh = Request { seed: 0, ..fresh.clone() };
        let mut request = fresh.clone();
        let mut asked = Asked::plain(endpoint::find(cx.app, &request.target, request.method));
        let Opened { mut exchange, admission } = Exchange::open(&mut cx, &mut request, &mut asked);
        assert_eq!(admission, Admission::Delayed);
        let mut again = fresh.clone();
        exchange.restore(
            &mut cx,
            &mut again,
            &Parked::new(b"GET".as_slice().into(), &[request.seed]),
            Time::START,
        );
        assert_eq!(again.param(0), b"7");
        assert_eq!((again.params, again.seed), (request.params, request.seed));
        assert_ne!(again.seed, fresh.seed);
    });
}

const FROM: Time = Time::from_micros(5_000_000);

/// A connection whose answers are recorded, with this request sent at [`FROM`].
fn recorded(request: &str) -> Driver {
    let mut driver = Driver::new(App { records: true, ..App::default() }, Protocol::Http, 1);
    driver.clock.now = FROM;
    driver.receive(request.as_bytes());
    driver
}

/// Calls the machine this long after [`FROM`], without new input.
fn call_at(driver: &mut Driver, seconds: u64) -> Next {
    driver.clock.now = FROM.after(Duration::from_secs(seconds));
    driver.receive(b"")
}

/// The records: status, seconds, bytes of the body.
fn logged(driver: &mut Driver) -> Vec<(u16, u64, u64)> {
    let mut lines = Vec::new();
    driver.worker.records.drain(|record| {
        assert_eq!(record.duration_us % 1_000_000, 0, "{record:?}");
        lines.push((record.status.0, record.duration_us / 1_000_000, record.body_bytes));
    });
    lines
}

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n")
}

#[test]
fn a_record_counts_the_body_and_the_time() {
    assert_eq!(logged(&mut recorded(&get("/bytes/70"))), [(200, 0, 70)]);
    assert_eq!(logged(&mut recorded(&get("/status/404"))), [(404, 0, 0)]);
    let mut driver = recorded(&get("/drip?delay=0&duration=5&numbytes=5"));
    (1..=5).for_each(|second| _ = call_at(&mut driver, second));
    assert_eq!(logged(&mut driver), [(200, 5, 5)]);
}

/// An answer that has begun keeps its status. Where the client had closed its side before, it has
/// been gone since then.
#[test]
fn what_a_reset_cuts_off_is_recorded_as_far_as_it_went() {
    const DRIP: &str = "/drip?delay=2&duration=4&numbytes=2";
    for (target, closed_at, reset_at, expected) in [
        ("/delay/9", None, 3, (499, 3, 0)),
        ("/delay/9", Some(1), 3, (499, 1, 0)),
        (DRIP, None, 4, (200, 4, 1)),
        (DRIP, Some(1), 4, (499, 1, 1)),
        // It closed its side when the answer had begun.
        (DRIP, Some(3), 4, (200, 4, 1)),
    ] {
        let mut driver = recorded(&get(target));
        for second in 1..reset_at {
            driver.edge.eof_reported = closed_at.is_some_and(|at| at <= second);
            call_at(&mut driver, second);
        }
        driver.edge.event = Event::Reset;
        assert_eq!(call_at(&mut driver, reset_at), Next::Close);
        assert_eq!(logged(&mut driver), [expected], "{target}, closed at {closed_at:?}");
        assert_eq!(driver.worker.clients_gone, 1);
    }
}

/// Whether the client is gone shows only after the answer.
#[test]
fn an_answer_to_a_closed_side_is_recorded_when_its_client_is_known_to_be_gone_or_not() {
    for (records, gone) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut driver = recorded(&get("/delay/2"));
        driver.app = App { records, ..App::default() }.into();
        (driver.edge.eof_reported, driver.edge.read_eof) = (true, true);
        call_at(&mut driver, 1);
        let Next::Linger(until) = call_at(&mut driver, 3) else { panic!("it does not linger") };
        assert_eq!((logged(&mut driver), driver.worker.clients_gone), (vec![], 0));
        driver.edge.event = if gone { Event::Reset } else { Event::None };
        driver.clock.now = until;
        assert_eq!(driver.receive(b""), Next::Close);
        assert_eq!(driver.worker.clients_gone, u64::from(gone));
        let text = String::from_utf8_lossy(driver.output.unread()).into_owned();
        let bytes = text.split_once("\r\n\r\n").map_or(0, |(_, body)| body.len() as u64);
        let expected = if gone { (499, 1, bytes) } else { (200, 3, bytes) };
        assert_eq!(logged(&mut driver), if records { vec![expected] } else { vec![] });
    }
}

/// With `--half-close cancel` a closed side ends what waits for its time, and nothing else: what is
/// ready is sent, and what the client has sent behind it is read, so that no answer is lost.
#[test]
fn a_closed_side_cancels_what_waits_if_the_settings_say_so() {
    const DRIP: &str = "/drip?delay=0&duration=4&numbytes=2";
    for (target, closed_at, expected) in [
        ("/delay/9", 0, Some((499, 0, 0))),
        ("/delay/9", 3, Some((499, 3, 0))),
        ("/drip?delay=2&duration=4&numbytes=2", 1, Some((499, 1, 0))),
        (DRIP, 0, Some((499, 0, 0))),
        (DRIP, 1, Some((200, 1, 1))),
        ("/bytes/70", 0, None),
        ("/delay/0", 0, None),
    ] {
        let half_close = HalfClose::Cancel;
        let app = App { records: true, half_close, ..App::default() };
        let mut driver = Driver::new(app, Protocol::Http, 1);
        driver.clock.now = FROM;
        driver.edge.eof_reported = closed_at == 0;
        let mut next = driver.receive(get(target).as_bytes());
        if closed_at > 0 {
            assert!(matches!(next, Next::Sleep(_)), "{target}: {next:?}");
            assert_eq!((driver.worker.delayed, driver.worker.clients_gone), (1, 0));
            driver.edge.eof_reported = true;
            next = call_at(&mut driver, closed_at);
        }
        let gone = u64::from(expected.is_some());
        assert_eq!((driver.worker.delayed, driver.worker.clients_gone), (0, gone), "{target}");
        match expected {
            Some(line) => {
                assert!(matches!(next, Next::Linger(_)), "{target}: {next:?}");
                assert_eq!(logged(&mut driver), [line], "{target}, closed at {closed_at}");
                assert_eq!(driver.output.is_empty(), line.0 == 499);
                driver.edge.read_eof = true;
                assert_eq!(driver.receive(get("/get").as_bytes()), Next::Close);
            }
            None => {
                assert!(matches!(next, Next::Read(_)), "{target}: {next:?}");
                assert!(driver.output.unread().starts_with(b"HTTP/1.1 200 OK\r\n"), "{target}");
            }
        }
    }
}

/// An answer that is ready is not cancelled, however slowly its client takes it.
#[test]
fn a_closed_side_does_not_cancel_an_answer_that_is_ready() {
    let half_close = HalfClose::Cancel;
    let mut driver = Driver::new(App { half_close, ..App::default() }, Protocol::Http, 1);
    (driver.edge.eof_reported, driver.edge.read_eof) = (true, true);
    let mut next = driver.receive(get("/stream-bytes/100000?chunk_size=1000").as_bytes());
    let mut bytes = 0;
    while next == Next::Write {
        assert!(!driver.output.is_empty(), "it makes no progress");
        bytes += driver.output.len();
        driver.output.clear();
        next = driver.receive(b"");
    }
    let bytes = bytes + driver.output.len();
    assert!(next == Next::Close && bytes > 100_000, "{next:?} after {bytes}");
}

#[test]
fn a_request_whose_client_is_gone_before_its_body_is_complete_is_recorded() {
    for records in [true, false] {
        let request = "POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc";
        let mut driver = recorded(request);
        driver.app = App { records, ..App::default() }.into();
        driver.edge.event = Event::Reset;
        assert_eq!(call_at(&mut driver, 3), Next::Close);
        assert_eq!(logged(&mut driver), if records { vec![(499, 3, 0)] } else { vec![] });
        assert_eq!(driver.worker.clients_gone, 1);
    }
}

/// A client that leaves within a head is recorded with the request line as far as it came.
#[test]
fn a_client_that_leaves_within_a_head_is_recorded() {
    for (resets, records) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut driver = recorded("GET /get HTTP/1.1\r\nUser-Agent: me\r\nHo");
        driver.app = App { records, ..App::default() }.into();
        driver.edge.event = if resets { Event::Reset } else { Event::None };
        driver.edge.read_eof = !resets;
        assert_eq!(call_at(&mut driver, 3), Next::Close);
        assert_eq!((driver.output.len(), driver.worker.clients_gone), (0, 1));
        let mut agents = Vec::new();
        driver.worker.records.drain(|record| {
            assert_eq!((record.status.0, record.duration_us), (499, 3_000_000));
            assert!(record.error.as_deref().is_some_and(|error| error.contains("left")));
            let (line, agent) = (record.strings.line(), record.strings.agent());
            let parts = (line.method, line.target, line.version);
            assert_eq!(parts, (Some(&b"GET"[..]), Some(&b"/get"[..]), Some(*b"HTTP/1.1")));
            agents.push(agent == Some(b"me"));
        });
        assert_eq!(agents, vec![true; usize::from(records)]);
    }
}

/// Requests behind one that waited do not show that its client is there: they were sent before it
/// closed its side.
#[test]
fn what_was_pipelined_behind_a_waiting_request_confirms_nothing() {
    const ENDS: [&str; 3] = [
        "",
        "GET /get HTT",
        "POST /post HTTP/1.1\r\nHost: a\r\n\
        Content-Length: 9\r\n\r\nabc",
    ];
    for (end, gone) in ENDS.into_iter().flat_map(|end| [(end, true), (end, false)]) {
        let requests = [&get("/delay/2"), &get("/status/204"), end].concat();
        let mut driver = recorded(&requests);
        (driver.edge.eof_reported, driver.edge.read_eof) = (true, true);
        call_at(&mut driver, 1);
        let Next::Linger(until) = call_at(&mut driver, 3) else { panic!("{end:?}") };
        driver.edge.event = if gone { Event::Reset } else { Event::None };
        driver.clock.now = until;
        assert_eq!(driver.receive(b""), Next::Close);
        let mut lines = Vec::new();
        driver.worker.records.drain(|record| {
            lines.push((record.status.0, record.duration_us / 1_000_000));
        });
        let mut expected = vec![(204, 0)];
        if !end.is_empty() {
            expected.push((499, 0));
        }
        expected.push(if gone { (499, 1) } else { (200, 3) });
        assert_eq!(lines, expected, "{end:?}");
    }
}

/// A client that stays while a second answer waits has taken the first one.
#[test]
fn a_second_wait_confirms_the_first() {
    let mut driver = recorded(&[get("/delay/2"), get("/delay/3")].concat());
    (driver.edge.eof_reported, driver.edge.read_eof) = (true, true);
    for seconds in [1, 3, 7] {
        call_at(&mut driver, seconds);
    }
    driver.edge.event = Event::Reset;
    assert_eq!(call_at(&mut driver, 8), Next::Close);
    let mut lines = Vec::new();
    driver.worker.records.drain(|record| lines.push((record.status.0, record.body_bytes > 0)));
    assert_eq!(lines, [(200, true), (499, true)]);
    assert_eq!(driver.worker.clients_gone, 1);
}

#[test]
fn a_silence_ends_with_a_drain_or_its_client_and_is_recorded() {
    for (fault, status, sent) in [("hang", 444, 0), ("stall:5", 200, 5)] {
        for end in ["drain", "client", "reset"] {
            let mut driver = recorded(&get(&format!("/bytes/9?~fault={fault}")));
            call_at(&mut driver, 1);
            assert_eq!((driver.worker.delayed, driver.worker.records.len()), (1, 0), "{fault}");
            match end {
                "drain" => driver.worker.drain(driver.clock.now),
                "client" => driver.edge.eof_reported = true,
                _ => driver.edge.event = Event::Reset,
            }
            let next = call_at(&mut driver, 2);
            assert!(matches!(next, Next::Linger(_) | Next::Close), "{fault}, {end}: {next:?}");
            assert_eq!(driver.worker.delayed, 0, "{fault}, {end}");
            let mut records = Vec::new();
            driver.worker.records.drain(|record| records.push(record.clone()));
            let [record] = &records[..] else { panic!("{records:?}") };
            assert_eq!((record.status.0, record.body_bytes), (status, sent), "{fault}, {end}");
            assert_eq!(record.duration_us, 2_000_000, "{fault}, {end}");
            let modifiers = record.modifiers.as_deref().unwrap_or_default();
            assert!(modifiers.starts_with(&format!("fault={fault}; seed=")), "{modifiers}");
        }
    }
}

#[test]
fn a_client_that_leaves_during_a_modified_delay_is_recorded_with_it() {
    let mut driver = recorded(&get("/get?~delay=9s"));
    driver.edge.event = Event::Reset;
    call_at(&mut driver, 1);
    let mut modifiers = None;
    driver.worker.records.drain(|record| modifiers.clone_from(&record.modifiers));
    assert!(modifiers.is_some_and(|text| text.starts_with("delay=9s; seed=")));
}
