//! What the journal has of exchanges.

use crate::base::limits::JOURNAL_ANSWER_BYTES;
use crate::base::time::Time;
use crate::http::app::App;
use crate::http::journal::{Answer, SharedJournal, State};
use crate::proto::conn::Protocol;
use crate::proto::test_driver::Driver;

/// Sends this request at 0 s; the next step is at the same time.
fn start(target: &str) -> (Driver, SharedJournal) {
    let journal = SharedJournal::default();
    journal.resize(9, 1 << 20);
    let (journal_too, details) = (Some(journal.clone()), true);
    let app =
        App { records: true, record_details: details, journal: journal_too, ..App::default() };
    let mut driver = Driver::new(app, Protocol::Http, 1);
    driver.receive(format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
    (driver, journal)
}

fn answer_at(driver: &mut Driver, journal: &SharedJournal, us: u64) -> Answer {
    (driver.clock.now, driver.clock.fresh) = (Time::from_micros(us), true);
    driver.receive(b"");
    driver.worker.records.drain(|record| journal.complete(record));
    journal.entries()[0].answer.clone()
}

#[test]
fn an_answer_that_a_fault_cuts_off_is_aborted() {
    for (fault, state) in [
        ("reset:3", State::Aborted),
        ("truncate", State::Aborted),
        ("bad-chunk", State::Aborted),
        ("extra:3", State::Done),
        ("bad-head", State::Done),
    ] {
        let (mut driver, journal) = start(&format!("/get?~fault={fault}"));
        let answer = answer_at(&mut driver, &journal, 1);
        assert_eq!((answer.state, answer.status.0), (state, 200), "{fault}");
    }
}

#[test]
fn an_answer_whose_delay_is_over_is_being_sent() {
    for target in ["/drip?delay=1&duration=5&numbytes=2", "/drip?duration=5&~delay=1s"] {
        let (mut driver, journal) = start(target);
        let state = |answer: Answer| (answer.state, answer.late_us);
        let waiting = answer_at(&mut driver, &journal, 0);
        assert_eq!(state(waiting), (State::Waiting, None), "{target}");
        let sending = answer_at(&mut driver, &journal, 1_000_008);
        assert_eq!(state(sending), (State::Sending, Some(7)), "{target}");
        let done = answer_at(&mut driver, &journal, 9_000_000);
        assert_eq!(state(done), (State::Done, Some(7)), "{target}");
    }
}

#[test]
fn an_answer_without_a_delay_cannot_be_late() {
    for target in ["/get", "/drip?delay=0&duration=1", "/jsonl?~gap=1ms"] {
        let (mut driver, journal) = start(target);
        answer_at(&mut driver, &journal, 3);
        let done = answer_at(&mut driver, &journal, 2_000_000);
        assert_eq!((done.state, done.late_us), (State::Done, None), "{target}");
    }
}

/// What the client is sent, up to its first empty line but for interim answers.
fn head_in(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let heads = text.split_inclusive("\r\n\r\n");
    heads.skip_while(|head| head.starts_with("HTTP/1.1 1")).take(1).collect()
}

#[test]
fn the_journal_has_the_head_that_was_sent() {
    for target in [
        "/get",
        "/status/103",
        "/nope",
        "/drip?duration=1&numbytes=3",
        "/delay/1",
        "/get?~delay=1s",
        "/get?~header=X-A: b&~header=Set-Cookie: c=d",
        "/get?~fault=bad-head",
        "/get?~head=1s",
        "/jsonl?~gap=1s",
    ] {
        let target = target.replace(": ", ":%20");
        let (mut driver, journal) = start(&target);
        answer_at(&mut driver, &journal, 0);
        answer_at(&mut driver, &journal, 1_500_000);
        let answer = answer_at(&mut driver, &journal, 99_000_000);
        let sent = head_in(driver.output.unread());
        assert!(sent.ends_with("\r\n\r\n"), "{target}: {sent}");
        assert_eq!(String::from_utf8_lossy(&answer.head), sent, "{target}");
    }
    let (mut driver, journal) = start("/get?~fault=close");
    assert!(answer_at(&mut driver, &journal, 1).head.is_empty(), "nothing was sent");
}

#[test]
fn the_journal_has_the_beginning_of_the_body_that_was_sent() {
    let long = format!("/range/{}", 3 * JOURNAL_ANSWER_BYTES);
    for target in [
        "/get",
        "/drip?duration=1&numbytes=3",
        "/stream/2",
        "/jsonl?~gap=1s",
        "/get?~delay=1s&~piece=3",
        "/get?~fault=truncate:50",
        "/gzip",
        "/status/204",
        &long,
    ] {
        let (mut driver, journal) = start(target);
        answer_at(&mut driver, &journal, 0);
        answer_at(&mut driver, &journal, 1_500_000);
        let answer = answer_at(&mut driver, &journal, 99_000_000);
        let sent = dechunked(driver.output.unread());
        let kept = sent.get(..JOURNAL_ANSWER_BYTES).unwrap_or(&sent);
        assert_eq!(
            String::from_utf8_lossy(&answer.body),
            String::from_utf8_lossy(kept),
            "{target}"
        );
        assert_eq!((answer.is_cut(), answer.body_bytes), (target == long, sent.len() as u64));
    }
}

/// The body of the answer that a client is sent, without its chunks.
fn dechunked(output: &[u8]) -> Vec<u8> {
    let at = output.windows(4).position(|end| end == b"\r\n\r\n").expect("a head") + 4;
    let (head, mut rest) = output.split_at(at);
    if !String::from_utf8_lossy(head).contains("Transfer-Encoding: chunked") {
        return rest.to_vec();
    }
    let mut body = Vec::new();
    while let Some(end) = rest.iter().position(|&byte| byte == b'\r') {
        let size = std::str::from_utf8(&rest[..end]).expect("a size");
        let size = usize::from_str_radix(size, 16).expect("a size");
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}

#[test]
fn a_request_arrives_with_its_head() {
    let (mut driver, journal) = start("/get");
    let at = |seconds: u64| Time::from_micros(1_000_000 * seconds);
    driver.clock.now = at(2);
    driver.receive(b"POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n");
    driver.clock.now = at(9);
    driver.receive(b"x");
    driver.worker.records.drain(|record| journal.complete(record));
    let post = &journal.entries()[1];
    assert_eq!((post.received.unix_us, post.answer.duration_us), (2_000_000, Some(7_000_000)));
}
