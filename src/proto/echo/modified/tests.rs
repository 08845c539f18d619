//! Delays, rates and faults of a raw echo, in virtual time.

use std::time::Duration;

use super::*;
use crate::http::app::App;
use crate::http::modifiers::{Carrier, Modifiers};
use crate::proto::Shared;
use crate::proto::conn::{Conn, Protocol};
use crate::proto::test_driver::Driver;

/// A connection under these defaults of the server.
fn driver(with: &str) -> Driver {
    let mut app = App { with: modifiers(with), ..App::default() };
    app.limits.max_wait = Duration::from_secs(60);
    let mut driver = Driver::new(app, Protocol::Echo, 1);
    driver.conn = accepted(Protocol::Echo, with);
    driver
}

/// A connection that was just accepted.
fn accepted(protocol: Protocol, with: &str) -> Conn {
    let app = App { with: modifiers(with), ..App::default() };
    Conn::accepted(protocol, &app, None, &mut Shared::new(1), Time::START)
}

fn modifiers(with: &str) -> Modifiers {
    Modifiers::parse(with, Carrier::Server).unwrap()
}

fn at(us: u64) -> Time {
    Time::from_micros(us)
}

/// Lets bytes arrive at this moment; what comes back, and what it waits for.
fn turn(driver: &mut Driver, us: u64, bytes: &[u8]) -> (Vec<u8>, Next) {
    driver.clock.now = at(us);
    let next = driver.receive(bytes);
    let again = (driver.advance(), driver.output.len());
    let output = driver.output.unread().to_vec();
    assert!(matches!(next, Next::Write) || again == (next.clone(), output.len()), "it is not idle");
    driver.output.clear();
    (output, next)
}

/// Plays it until it has nothing to wait for: each piece and its moment, and how it ends.
fn play(driver: &mut Driver, first: Next) -> (Vec<(u64, usize)>, Next) {
    let (mut pieces, mut next) = (Vec::new(), first);
    for _ in 0..100_000 {
        let due = match next {
            Next::Read(due) | Next::Sleep(due) if due < Time::NEVER => due,
            Next::Write => driver.clock.now,
            _ => return (pieces, next),
        };
        let (bytes, after) = turn(driver, due.micros(), b"");
        if !bytes.is_empty() {
            pieces.push((due.micros(), bytes.len()));
        }
        next = after;
    }
    panic!("it never ends: {next:?}");
}

#[test]
fn each_read_comes_back_after_its_delay() {
    let mut driver = driver("delay=1ms");
    assert_eq!(turn(&mut driver, 5, b""), (vec![], Next::Read(Time::NEVER)));
    assert_eq!(turn(&mut driver, 10, b"abc"), (vec![], Next::Read(at(1011))));
    assert_eq!(turn(&mut driver, 500, b"def"), (vec![], Next::Read(at(1011))));
    assert_eq!(turn(&mut driver, 1010, b""), (vec![], Next::Read(at(1011))));
    assert_eq!(turn(&mut driver, 1011, b""), (b"abc".to_vec(), Next::Read(at(1501))));
    assert_eq!(turn(&mut driver, 2000, b"g"), (b"def".to_vec(), Next::Read(at(3001))));
    // The end of the client's bytes waits for those before it.
    driver.edge.read_eof = true;
    assert_eq!(turn(&mut driver, 2001, b""), (vec![], Next::Sleep(at(3001))));
    assert_eq!(turn(&mut driver, 3001, b""), (b"g".to_vec(), Next::Close));
}

#[test]
fn a_delay_counts_from_a_clock_read_after_the_bytes() {
    let mut driver = driver("delay=1ms");
    driver.input.tail().extend_from_slice(b"abc");
    assert_eq!(driver.advance(), Next::ReadClock);
    driver.clock.now = at(70);
    driver.clock.fresh = true;
    assert_eq!(driver.advance(), Next::Read(at(1071)));
}

#[test]
fn a_drain_sends_what_was_read_and_ends() {
    let mut driver = driver("delay=1ms");
    turn(&mut driver, 10, b"abc");
    driver.worker.drain(driver.clock.now);
    assert_eq!(turn(&mut driver, 20, b""), (vec![], Next::Sleep(at(1011))));
    assert_eq!(turn(&mut driver, 1011, b""), (b"abc".to_vec(), Next::Close));
}

/// Bytes are not sent before the rate allows them, and not in larger bursts than a tenth of a
/// second's worth, whether they come at once or one at a time.
#[test]
fn a_rate_is_smooth_and_never_early() {
    for (rate, reads, each) in [(1000, 1, 5000), (1000, 700, 1), (3, 10, 1), (64 << 10, 9, 99_999)]
    {
        let mut driver = driver(&format!("rate={rate}"));
        let piece = vec![b'x'; each];
        let mut next = Next::Write;
        for _ in 0..reads {
            next = turn(&mut driver, 0, &piece).1;
        }
        let (pieces, next) = play(&mut driver, next);
        let mut sent = 0;
        for &(us, bytes) in &pieces {
            sent += bytes as u64;
            assert!(bytes as u64 <= (rate / 10).max(1), "{bytes} at once, {rate} B/s");
            let earned = rate * us / 1_000_000;
            assert!(sent <= earned, "{sent} bytes after {us} µs, {rate} B/s");
            let tick = (rate / 10).max(1) + reads;
            assert!(sent + tick >= earned, "only {sent} bytes after {us} µs, {rate} B/s");
        }
        assert_eq!((sent, next), ((reads * each as u64), Next::Read(Time::NEVER)));
    }
}

/// A client that reads nothing for a while gets a tenth of a second's worth at once, not all that
/// it missed; and an idle connection saves up nothing.
#[test]
fn a_rate_has_no_burst_after_a_pause() {
    let mut driver = driver("rate=1000");
    let mut sent = turn(&mut driver, 0, &[b'x'; 5000]).0.len();
    sent += turn(&mut driver, 3_000_000, b"").0.len();
    assert_eq!(sent, 100);
    let next = turn(&mut driver, 3_000_000, b"").1;
    assert_eq!(play(&mut driver, next).1, Next::Read(Time::NEVER));
    assert_eq!(turn(&mut driver, 60_000_000, b"abc"), (vec![], Next::Read(at(60_003_000))));
}

#[test]
fn a_delay_and_a_rate_add_up() {
    let mut driver = driver("delay=1s; rate=10");
    assert_eq!(turn(&mut driver, 0, b"ab"), (vec![], Next::Read(at(1_100_001))));
    assert_eq!(turn(&mut driver, 1_100_001, b""), (b"a".to_vec(), Next::Read(at(1_200_001))));
    assert_eq!(turn(&mut driver, 1_200_001, b""), (b"b".to_vec(), Next::Read(Time::NEVER)));
}

/// A client that sends without end is not read without bound.
#[test]
fn what_is_held_is_bounded() {
    for (piece, reads) in [(1, HELD_ECHO_READS), (1000, HELD_ECHO_BYTES / 1000 + 1)] {
        let mut driver = driver("delay=1s");
        let bytes = vec![b'x'; piece];
        for number in 1..reads {
            let (_, next) = turn(&mut driver, 0, &bytes);
            assert!(driver.conn.standing().reads, "{number}");
            assert_eq!(next, Next::Read(at(1_000_001)));
        }
        assert_eq!(turn(&mut driver, 0, &bytes).1, Next::Sleep(at(1_000_001)));
        assert!(!driver.conn.standing().reads);
        let (pieces, next) = play(&mut driver, Next::Sleep(at(1_000_001)));
        assert_eq!(pieces.iter().map(|piece| piece.1).sum::<usize>(), piece * reads);
        // It makes no more than the session's output should have.
        assert!(pieces.iter().all(|piece| piece.1 < HIGH_WATER + 1000), "{pieces:?}");
        assert!(driver.conn.standing().reads && next == Next::Read(Time::NEVER));
    }
}

/// How a connection ends to which `abcdef` is sent, and what has come back by then; `ends`: the
/// client then ends its side.
fn broken(fault: &str, ends: bool) -> (String, Next) {
    let mut driver = driver(&format!("fault={fault}"));
    let (mut output, mut next) = turn(&mut driver, 0, b"");
    for bytes in [b"abc", b"def"] {
        if matches!(next, Next::Read(_)) {
            let (more, after) = turn(&mut driver, 0, bytes);
            (output, next) = ([output, more].concat(), after);
        }
    }
    driver.edge.read_eof = ends;
    let (more, _) = turn(&mut driver, 0, b"");
    let (_, next) = turn(&mut driver, 0, b"");
    (String::from_utf8([output, more].concat()).unwrap(), next)
}

#[test]
fn a_fault_breaks_the_connection_at_its_place() {
    let limits = App::default().limits;
    let fin = Next::Linger(Time::START.after(limits.linger_timeout));
    let silent = Next::Sleep(at(60_000_000));
    for (fault, back, next) in [
        ("close", "", &fin),
        ("truncate:4", "abcd", &fin),
        ("reset", "", &Next::Reset),
        ("reset:0", "", &Next::Reset),
        ("reset:1", "a", &Next::Reset),
        ("abort:3", "abc", &Next::Reset),
        ("abort:6", "abcdef", &Next::Reset),
        ("reset:up:4", "abc", &Next::Reset),
        ("hang", "", &silent),
        ("stall:5", "abcde", &silent),
        ("hang:connect", "", &silent),
        ("close:connect", "", &fin),
        ("reset:connect", "", &Next::Reset),
        // Not so far yet, or never.
        ("reset:7", "abcdef", &Next::Read(Time::NEVER)),
        ("reset:up:7", "abcdef", &Next::Read(Time::NEVER)),
        ("reset@0", "abcdef", &Next::Read(Time::NEVER)),
    ] {
        assert_eq!(broken(fault, false), (back.to_owned(), next.clone()), "{fault}");
    }
    // What is beyond the end is at the end.
    for fault in ["reset:7", "reset:up:7"] {
        assert_eq!(broken(fault, true), ("abcdef".to_owned(), Next::Reset), "{fault}");
    }
    assert_eq!(broken("close@0", true), ("abcdef".to_owned(), Next::Close));
}

/// A place that an echo does not have breaks nothing.
#[test]
fn a_share_of_an_echo_has_no_meaning() {
    for at in [At::Share(0.5), At::Event(1)] {
        let fault = Some(Fault { kind: FaultKind::Reset, at: Some(at) });
        let echo = ModifiedEcho::new(&Plan { fault, ..Plan::default() });
        assert!(echo.fault.is_none(), "{at:?}");
    }
}

/// A fault in place of the first bytes comes when they are due.
#[test]
fn a_fault_waits_for_the_delay() {
    let mut driver = driver("delay=1ms; fault=reset");
    assert_eq!(turn(&mut driver, 0, b"abc"), (vec![], Next::Read(at(1001))));
    assert_eq!(turn(&mut driver, 1001, b""), (vec![], Next::Write));
    assert_eq!(turn(&mut driver, 1001, b""), (vec![], Next::Reset));
}

#[test]
fn a_refused_or_broken_connection_ends() {
    for event in [Event::Refused, Event::Reset] {
        for with in ["delay=9", "fault=hang:connect"] {
            let mut driver = driver(with);
            turn(&mut driver, 0, b"");
            driver.edge.event = event;
            assert_eq!(driver.advance(), Next::Close, "{event:?} {with}");
        }
    }
}

/// Each read draws its own delay, and what was read first comes back first. With a seed, another
/// connection draws the same.
#[test]
fn each_read_draws_its_delay() {
    let draw = |with: &str| {
        let mut driver = driver(with);
        let mut dues = Vec::new();
        for number in 0..20 {
            let now = number * 10_000;
            let (_, Next::Read(due)) = turn(&mut driver, now, b"x") else { panic!("no wait") };
            assert!((now + 1001..=now + 5001).contains(&due.micros()), "{due:?} at {now}");
            assert_eq!(turn(&mut driver, due.micros(), b"").0, b"x");
            dues.push(due.micros() - now);
        }
        dues
    };
    let [first, other] = [draw("delay=1ms..5ms; seed=5"), draw("delay=1ms..5ms; seed=6")];
    assert_eq!(first, draw("delay=1ms..5ms; seed=5"));
    assert!(first != other && first.iter().any(|delay| *delay != first[0]), "{first:?}");
    let mut driver = driver("delay=1ms@0.5");
    let mut due = 0;
    for number in 0..100 {
        if let (_, Next::Read(next)) = turn(&mut driver, number, b"x")
            && next < Time::NEVER
        {
            assert!(next.micros() >= due);
            due = next.micros();
        }
    }
    let (back, _) = turn(&mut driver, due, b"");
    assert!(!back.is_empty());
}

/// Without defaults that concern it a connection is what it was: an echo that is spliced.
#[test]
fn a_connection_that_nothing_modifies_is_plain() {
    for with in ["", "status=503", "fault=bad-head"] {
        assert!(matches!(accepted(Protocol::Echo, with), Conn::Echo(None)), "{with}");
    }
    for with in ["", "delay=1s", "fault=reset:4"] {
        assert!(matches!(accepted(Protocol::Http, with), Conn::Http1(_)), "{with}");
    }
    assert!(matches!(accepted(Protocol::Http, "fault=hang:connect"), Conn::Broken(_)));
    assert!(matches!(accepted(Protocol::Echo, "delay=1s"), Conn::Echo(Some(_))));
    let mut app = App { with: modifiers("fault=hang:connect"), ..App::default() };
    app.modifiers = false;
    let conn = Conn::accepted(Protocol::Http, &app, None, &mut Shared::new(1), Time::START);
    assert!(matches!(conn, Conn::Http1(_)));
}
