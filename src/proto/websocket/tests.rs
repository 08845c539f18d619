//! Conversations under modifiers, in virtual time. The requests are as clients send them.

use std::time::Duration;

use crate::base::limits::{HELD_ECHO_READS, HIGH_WATER};
use crate::base::time::Time;
use crate::http::app::{App, HalfClose};
use crate::proto::conn::Protocol;
use crate::proto::test_driver::Driver;
use crate::proto::{Event, Next};

/// The close frame of a server that drains, or has had a connection for long enough.
const GOING_AWAY: [u8; 4] = [0x88, 2, 0x03, 0xe9];

/// A connection that was upgraded under these modifiers, and what it waits for.
fn conversation(app: App, modifiers: &str) -> (Driver, Next) {
    let mut driver = Driver::new(app, Protocol::Http, 1);
    let head = format!(
        "GET /websocket/echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Loiter: {modifiers}; seed=7\r\n\r\n"
    );
    let mut next = driver.receive(head.as_bytes());
    while driver.output.is_empty() {
        let Next::Sleep(due) = next else { panic!("{modifiers}: {next:?}") };
        driver.clock.now = due;
        next = driver.receive(b"");
    }
    let text = String::from_utf8_lossy(driver.output.unread()).into_owned();
    assert!(text.starts_with("HTTP/1.1 101 ") && text.ends_with("\r\n\r\n"), "{modifiers}: {text}");
    driver.output.clear();
    let next = settle(&mut driver, next);
    (driver, next)
}

/// What it waits for; with a full output, that.
fn settle(driver: &mut Driver, mut next: Next) -> Next {
    while next == Next::Write && driver.output.len() < HIGH_WATER {
        next = driver.receive(b"");
    }
    next
}

/// A client's frame. Its mask is 0.
fn frame(start: u8, payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 126);
    [&[start, 0x80 | payload.len() as u8, 0, 0, 0, 0], payload].concat()
}

fn text(payload: &str) -> Vec<u8> {
    frame(0x81, payload.as_bytes())
}

/// The echo of a short text.
fn echo(payload: &str) -> Vec<u8> {
    [&[0x81, payload.len() as u8], payload.as_bytes()].concat()
}

fn send(driver: &mut Driver, bytes: &[u8]) -> Next {
    let next = driver.receive(bytes);
    settle(driver, next)
}

/// The bytes that the machine has written since the last call.
fn taken(driver: &mut Driver) -> Vec<u8> {
    let bytes = driver.output.unread().to_vec();
    driver.output.clear();
    bytes
}

/// Lets time pass until it waits for nothing but input, or ends: the bytes with their moments, and
/// what came last.
fn play(driver: &mut Driver, mut next: Next) -> (Vec<(Time, Vec<u8>)>, Next) {
    let mut pieces = Vec::new();
    let end = driver.clock.now.after(Duration::from_secs(9));
    loop {
        let piece = taken(driver);
        if !piece.is_empty() {
            pieces.push((driver.clock.now, piece));
        }
        match next {
            Next::Read(until) | Next::Sleep(until) if until < end => driver.clock.now = until,
            Next::Write => {}
            _ => return (pieces, next),
        }
        next = send(driver, b"");
    }
}

fn app() -> App {
    App::default()
}

fn after(time: Time, micros: u64) -> Time {
    time.after_us(micros)
}

#[test]
fn each_message_goes_back_after_its_own_delay() {
    let delays = |driver: &mut Driver| {
        let delay = |n| {
            let (sent, next) = (after(driver.clock.now, 10), send(driver, b""));
            assert!(matches!(next, Next::Read(_)));
            driver.clock.now = sent;
            let next = send(driver, &text(&format!("{n}")));
            let (pieces, _) = play(driver, next);
            let [(at, bytes)] = &pieces[..] else { panic!("{pieces:?}") };
            assert_eq!(*bytes, echo(&format!("{n}")));
            at.since(sent).as_micros()
        };
        (0..8).map(delay).collect::<Vec<u128>>()
    };
    let drawn = |modifiers| delays(&mut conversation(app(), modifiers).0);
    assert_eq!(drawn("delay=50ms"), [50_001; 8]);
    let uniform = drawn("delay=10ms..90ms");
    assert!(uniform.iter().all(|us| (10_001..=90_001).contains(us)), "{uniform:?}");
    assert!(uniform.iter().any(|us| *us != uniform[0]), "{uniform:?}");
    assert_eq!(uniform, drawn("delay=10ms..90ms; header=X-A:b; fault=none"));
}

#[test]
fn the_delay_counts_from_a_clock_read_after_the_message() {
    let (mut driver, _) = conversation(app(), "delay=50ms");
    driver.input.tail().extend_from_slice(&text("a"));
    driver.clock.fresh = false;
    assert_eq!(driver.advance(), Next::ReadClock);
    (driver.clock.now, driver.clock.fresh) = (after(driver.clock.now, 700), true);
    assert_eq!(driver.advance(), Next::Read(after(driver.clock.now, 50_001)));
}

#[test]
fn messages_keep_their_order_and_pings_do_not_wait() {
    let (mut driver, _) = conversation(app(), "delay=2s@3,1ms@7");
    let sent = driver.clock.now;
    let texts: Vec<String> = (0..9).map(|n| n.to_string()).collect();
    let bytes: Vec<u8> = texts.iter().flat_map(|payload| text(payload)).collect();
    let next = send(&mut driver, &[bytes, frame(0x89, b"p")].concat());
    assert_eq!(taken(&mut driver), [0x8a, 1, b'p']);
    let (pieces, _) = play(&mut driver, next);
    let all: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    assert_eq!(all, texts.iter().flat_map(|payload| echo(payload)).collect::<Vec<u8>>());
    // Those behind the first slow one come with it.
    let times: Vec<u128> = pieces.iter().map(|(at, _)| at.since(sent).as_micros()).collect();
    assert_eq!(times, [1001, 2_000_001]);
}

#[test]
fn a_close_is_answered_behind_the_messages_that_wait() {
    let (mut driver, _) = conversation(app(), "delay=1s");
    let next = send(&mut driver, &[text("a"), frame(0x88, &[3, 232]), text("b")].concat());
    let due = after(driver.clock.now, 1_000_001);
    assert_eq!(next, Next::Sleep(due));
    assert!(!driver.conn.standing().reads);
    driver.clock.now = due;
    let next = send(&mut driver, b"");
    assert_eq!(taken(&mut driver), [echo("a"), vec![0x88, 2, 3, 232]].concat());
    assert!(matches!(next, Next::Linger(_)));
}

#[test]
fn a_client_that_ends_its_side_gets_what_waits_unless_that_cancels_it() {
    for half_close in [HalfClose::Answer, HalfClose::Cancel] {
        let (mut driver, _) = conversation(App { half_close, ..app() }, "delay=1s");
        send(&mut driver, &text("a"));
        assert_eq!(driver.worker.delayed, 1);
        (driver.edge.eof_reported, driver.edge.read_eof) = (true, true);
        let next = send(&mut driver, b"");
        if half_close == HalfClose::Answer {
            let (pieces, next) = play(&mut driver, next);
            assert_eq!(pieces.iter().map(|piece| &piece.1[..]).collect::<Vec<_>>(), [echo("a")]);
            assert_eq!((next, driver.worker.delayed), (Next::Close, 0));
        } else {
            assert_eq!((next, taken(&mut driver)), (Next::Close, vec![]));
        }
    }
}

#[test]
fn what_waits_goes_back_before_a_drain_or_the_longest_time_ends_the_connection() {
    for drains in [true, false] {
        let mut app = app();
        app.limits.max_duration = Duration::from_millis(500);
        let (mut driver, _) = conversation(app, "delay=1s");
        send(&mut driver, &text("a"));
        driver.clock.now = after(driver.clock.now, if drains { 1 } else { 600_000 });
        if drains {
            driver.worker.drain(driver.clock.now);
        }
        // It came too late.
        let next = send(&mut driver, &text("b"));
        let (pieces, next) = play(&mut driver, next);
        let all: Vec<u8> = pieces.into_iter().flat_map(|(_, bytes)| bytes).collect();
        assert_eq!(all, [&echo("a")[..], &GOING_AWAY].concat());
        assert!(matches!(next, Next::Linger(_)), "{next:?}");
    }
}

#[test]
fn so_many_messages_wait_and_no_more_are_read() {
    let (mut driver, _) = conversation(app(), "delay=1s");
    for _ in 0..2 * HELD_ECHO_READS / 100 {
        send(&mut driver, &text("").repeat(100));
    }
    assert!(!driver.conn.standing().reads);
    assert_eq!(driver.input.len(), (2 * HELD_ECHO_READS / 100 * 100 - HELD_ECHO_READS) * 6);
    // By size, too.
    let (mut driver, _) = conversation(app(), "delay=1s");
    let big = [&[0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0][..], &vec![0; 0xffff]].concat();
    let next = send(&mut driver, &big.repeat(6));
    assert!(matches!(next, Next::Sleep(_)) && !driver.conn.standing().reads, "{next:?}");
    let (_, next) = play(&mut driver, next);
    assert!(matches!(next, Next::Read(_)) && driver.conn.standing().reads, "{next:?}");
    assert!(driver.input.is_empty());
}

#[test]
fn a_rate_holds_for_what_goes_back() {
    let (mut driver, _) = conversation(app(), "rate=20");
    let sent = driver.clock.now;
    let next = send(&mut driver, &[text("0123456789"), text("abcdefgh")].concat());
    let (pieces, _) = play(&mut driver, next);
    let mut bytes = 0;
    for (at, piece) in &pieces {
        bytes += piece.len() as u128;
        let most = at.since(sent).as_micros() * 20 / 1_000_000;
        assert!(bytes <= most && piece.len() <= 2, "{bytes} bytes by {at:?}: {pieces:?}");
    }
    let all: Vec<u8> = pieces.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    assert_eq!(all, [echo("0123456789"), echo("abcdefgh")].concat());
}

/// How a conversation ends.
#[derive(Debug, PartialEq)]
enum End {
    /// FIN.
    Closed,
    Reset,
    /// Nothing, until then.
    Silent,
    /// A close frame with this code, then FIN.
    Code(u16),
    /// An invalid frame, then FIN.
    Garbage,
    /// Not at all.
    Reads,
}

/// What a client gets that sends two messages under this fault, and a ping between them.
fn broken(fault: &str) -> (Vec<u8>, End) {
    let (mut driver, next) = conversation(app(), &format!("fault={fault}"));
    let (mut next, mut all) = (next, taken(&mut driver));
    for bytes in [text("abcdef"), frame(0x89, b"p"), text("ghijkl")] {
        if !matches!(next, Next::Read(_)) {
            break;
        }
        next = send(&mut driver, &bytes);
        all.extend(taken(&mut driver));
    }
    let end = match next {
        Next::Reset => End::Reset,
        Next::Sleep(_) => End::Silent,
        Next::Read(_) => End::Reads,
        Next::Linger(_) => End::Closed,
        next => panic!("{fault}: {next:?}"),
    };
    let at = all.len().saturating_sub(4);
    match all[at..] {
        [0x88, 2, high, low] if end == End::Closed => {
            all.truncate(at);
            (all, End::Code(u16::from_be_bytes([high, low])))
        }
        _ if all.len() > 1000 && end == End::Closed => {
            let start = all.iter().position(|&byte| byte & 0x70 == 0x70).unwrap();
            assert_eq!(all[start] & 0x0f, 0x0f, "an opcode that is reserved");
            all.truncate(start);
            (all, End::Garbage)
        }
        _ => (all, end),
    }
}

#[test]
fn a_fault_breaks_the_conversation_at_its_place() {
    let (first, both) = (echo("abcdef"), [echo("abcdef"), vec![0x8a, 1, b'p']].concat());
    let half = [&both[..], &echo("ghijkl")[..4]].concat();
    let all = [&both[..], &echo("ghijkl")].concat();
    for (fault, sent, end) in [
        // In place of the first echo.
        ("close", &[][..], End::Closed),
        ("reset", &[], End::Reset),
        ("abort", &[], End::Reset),
        ("hang", &[], End::Silent),
        ("garbage", &[], End::Garbage),
        ("ws-close:4000", &[], End::Code(4000)),
        // Within it.
        ("truncate", &first[..4], End::Closed),
        ("stall", &first[..4], End::Silent),
        ("reset:0.25", &first[..2], End::Reset),
        ("abort:1", &first[..1], End::Reset),
        ("truncate:1.0", &first, End::Closed),
        // At once.
        ("close:event:0", &[], End::Closed),
        ("reset:event:0", &[], End::Reset),
        ("hang:event:0", &[], End::Silent),
        ("garbage:event:0", &[], End::Garbage),
        ("ws-close:3000:event:0", &[], End::Code(3000)),
        ("truncate:event:0", &first[..4], End::Closed),
        // After the first echo, or within the second.
        ("close:event:1", &first, End::Closed),
        ("reset:event:1", &first, End::Reset),
        ("stall:event:1", &first, End::Silent),
        ("ws-close:1011:event:1", &first, End::Code(1011)),
        ("garbage:event:1", &first, End::Garbage),
        ("reset:8", &first, End::Reset),
        ("truncate:event:1", &half, End::Closed),
        ("truncate:12", &half, End::Closed),
        // After the last, and later than that.
        ("close:event:2", &all, End::Closed),
        ("close:event:3", &all, End::Reads),
        ("reset:17", &all, End::Reads),
        // What does not apply.
        ("none", &all, End::Reads),
        ("reset@0.0", &all, End::Reads),
    ] {
        let (seen, seen_end) = broken(fault);
        assert_eq!((&seen[..], seen_end), (sent, end), "{fault}");
    }
}

#[test]
fn a_silent_connection_ends_with_its_client_and_counts_as_waiting() {
    let (mut driver, _) = conversation(app(), "fault=hang");
    let next = send(&mut driver, &text("a"));
    assert_eq!(next, Next::Sleep(driver.clock.now.after(driver.app.limits.max_wait)));
    assert_eq!(driver.worker.delayed, 1);
    driver.edge.eof_reported = true;
    assert_eq!(send(&mut driver, b""), Next::Close);
    let (mut driver, _) = conversation(app(), "delay=1s");
    send(&mut driver, &text("a"));
    driver.edge.event = Event::Reset;
    assert_eq!(send(&mut driver, b""), Next::Close);
}

#[test]
fn a_fault_without_meaning_for_messages_is_refused() {
    for (target, fault) in [
        ("/websocket/echo", "extra:3"),
        ("/websocket/echo", "bad-chunk"),
        ("/websocket/echo", "dup-length"),
        ("/get", "ws-close:4000"),
        ("/get", "close:event:1"),
        ("/sse", "hang:event:1"),
        ("/get", "reset:event:1"),
    ] {
        let mut driver = Driver::new(app(), Protocol::Http, 1);
        let head = format!(
            "GET /~fault={fault}{target} HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        driver.receive(head.as_bytes());
        let text = String::from_utf8_lossy(driver.output.unread());
        assert!(text.starts_with("HTTP/1.1 400 ") && text.contains(fault), "{fault}: {text}");
    }
}
