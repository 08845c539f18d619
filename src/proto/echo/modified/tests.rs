//! Delays, rates and faults of a raw echo, in virtual time.

use super::*;
use crate::http::app::App;
use crate::proto::conn::{Conn, Protocol};
use crate::proto::test_driver::Driver;

/// A connection under a plan.
fn driver(plan: &Plan) -> Driver {
    let mut driver = Driver::new(App::default(), Protocol::Echo, 1);
    driver.conn = Conn::modified(Protocol::Echo, plan, &driver.app.limits, Time::START);
    driver
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

fn delayed(us: u64) -> Plan {
    Plan { delay_us: us, ..Plan::default() }
}

fn fault(kind: FaultKind, at: Option<At>) -> Plan {
    Plan { fault: Some(Fault { kind, at }), ..Plan::default() }
}

#[test]
fn each_read_comes_back_after_its_delay() {
    let mut driver = driver(&delayed(1000));
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
    let mut driver = driver(&delayed(1000));
    driver.input.tail().extend_from_slice(b"abc");
    assert_eq!(driver.advance(), Next::ReadClock);
    driver.clock.now = at(70);
    driver.clock.fresh = true;
    assert_eq!(driver.advance(), Next::Read(at(1071)));
}

#[test]
fn a_drain_sends_what_was_read_and_ends() {
    let mut driver = driver(&delayed(1000));
    turn(&mut driver, 10, b"abc");
    driver.worker.draining = true;
    assert_eq!(turn(&mut driver, 20, b""), (vec![], Next::Sleep(at(1011))));
    assert_eq!(turn(&mut driver, 1011, b""), (b"abc".to_vec(), Next::Close));
}

/// Bytes are not sent before the rate allows them, and not in larger bursts than a tenth of a
/// second's worth, whether they come at once or one at a time.
#[test]
fn a_rate_is_smooth_and_never_early() {
    for (rate, reads, each) in [(1000, 1, 5000), (1000, 700, 1), (3, 10, 1), (64 << 10, 9, 99_999)]
    {
        let mut driver = driver(&Plan { rate: Some(rate), ..Plan::default() });
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

/// A client that reads nothing for a while gets a tenth of a second's worth more at once, not all
/// that it missed; and an idle connection saves up nothing.
#[test]
fn a_rate_has_no_burst_after_a_pause() {
    let mut driver = driver(&Plan { rate: Some(1000), ..Plan::default() });
    let mut sent = turn(&mut driver, 0, &[b'x'; 5000]).0.len();
    sent += turn(&mut driver, 3_000_000, b"").0.len();
    assert_eq!(sent, 200);
    let next = turn(&mut driver, 3_000_000, b"").1;
    assert_eq!(play(&mut driver, next).1, Next::Read(Time::NEVER));
    assert_eq!(turn(&mut driver, 60_000_000, b"abc"), (vec![], Next::Read(at(60_003_000))));
}

#[test]
fn a_delay_and_a_rate_add_up() {
    let mut driver = driver(&Plan { rate: Some(10), ..delayed(1_000_000) });
    assert_eq!(turn(&mut driver, 0, b"ab"), (vec![], Next::Read(at(1_100_001))));
    assert_eq!(turn(&mut driver, 1_100_001, b""), (b"a".to_vec(), Next::Read(at(1_200_001))));
    assert_eq!(turn(&mut driver, 1_200_001, b""), (b"b".to_vec(), Next::Read(Time::NEVER)));
}

/// A client that sends without end is not read without bound.
#[test]
fn what_is_held_is_bounded() {
    for (piece, reads) in [(1, HELD_ECHO_READS), (1000, HELD_ECHO_BYTES / 1000 + 1)] {
        let mut driver = driver(&delayed(1_000_000));
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

/// How a connection ends to which `abcdef` is sent, and what has come back by then; `half`: the
/// client then ends its side.
fn broken(plan: &Plan, half: bool) -> (Vec<u8>, Next) {
    let mut driver = driver(plan);
    let (mut output, mut next) = turn(&mut driver, 0, b"");
    for bytes in [b"abc", b"def"] {
        if matches!(next, Next::Read(_)) {
            let (more, after) = turn(&mut driver, 0, bytes);
            (output, next) = ([output, more].concat(), after);
        }
    }
    driver.edge.read_eof = half;
    let (more, _) = turn(&mut driver, 0, b"");
    let (_, next) = turn(&mut driver, 0, b"");
    ([output, more].concat(), next)
}

#[test]
fn a_fault_breaks_the_connection_at_its_place() {
    use FaultKind::{Abort, Close, Hang, Reset, Stall, Truncate};
    let limits = App::default().limits;
    let linger = Next::Linger(Time::START.after(limits.linger_timeout));
    let silent = Next::Sleep(Time::START.after(limits.max_wait));
    for (kind, at, back, next) in [
        (Close, None, &b""[..], linger.clone()),
        (Truncate, Some(At::Byte(4)), b"abcd", linger.clone()),
        (Reset, None, b"", Next::Reset),
        (Reset, Some(At::Byte(0)), b"", Next::Reset),
        (Reset, Some(At::Byte(1)), b"a", Next::Reset),
        (Abort, Some(At::Byte(3)), b"abc", Next::Reset),
        (Abort, Some(At::Byte(6)), b"abcdef", Next::Reset),
        (Reset, Some(At::Upload(4)), b"abc", Next::Reset),
        (Hang, None, b"", silent.clone()),
        (Stall, Some(At::Byte(5)), b"abcde", silent.clone()),
        (Hang, Some(At::Connect), b"", silent),
        (Close, Some(At::Connect), b"", linger.clone()),
        (Reset, Some(At::Connect), b"", Next::Reset),
        // Not so far yet, or never.
        (Reset, Some(At::Byte(7)), b"abcdef", Next::Read(Time::NEVER)),
        (Reset, Some(At::Upload(7)), b"abcdef", Next::Read(Time::NEVER)),
        (Reset, Some(At::Share(0.5)), b"abcdef", Next::Read(Time::NEVER)),
    ] {
        assert_eq!(broken(&fault(kind, at), false), (back.to_vec(), next), "{kind:?} {at:?}");
    }
    // What is beyond the end is at the end.
    for at in [At::Byte(7), At::Upload(7)] {
        let ended = broken(&fault(Reset, Some(at)), true);
        assert_eq!(ended, (b"abcdef".to_vec(), Next::Reset));
    }
    let ended = broken(&fault(Reset, Some(At::Event(1))), true);
    assert_eq!(ended, (b"abcdef".to_vec(), Next::Close));
}

/// A fault in place of the first bytes comes when they are due.
#[test]
fn a_fault_waits_for_the_delay() {
    let plan = Plan { delay_us: 1000, ..fault(FaultKind::Reset, None) };
    let mut driver = driver(&plan);
    assert_eq!(turn(&mut driver, 0, b"abc"), (vec![], Next::Read(at(1001))));
    assert_eq!(turn(&mut driver, 1001, b""), (vec![], Next::Write));
    assert_eq!(turn(&mut driver, 1001, b""), (vec![], Next::Reset));
}

#[test]
fn a_refused_or_broken_connection_ends() {
    for event in [Event::Refused, Event::Reset] {
        for plan in [delayed(9), fault(FaultKind::Hang, Some(At::Connect))] {
            let mut driver = driver(&plan);
            turn(&mut driver, 0, b"");
            driver.edge.event = event;
            assert_eq!(driver.advance(), Next::Close, "{event:?} {plan:?}");
        }
    }
}

/// Without modifiers it is the plain echo, which is spliced.
#[test]
fn a_plan_that_breaks_a_connection_later_modifies_no_request() {
    let limits = App::default().limits;
    let plan = fault(FaultKind::Reset, Some(At::Byte(1)));
    let http = Conn::modified(Protocol::Http, &plan, &limits, Time::START);
    assert!(matches!(http, Conn::Http1(_)));
    let connect = fault(FaultKind::Reset, Some(At::Connect));
    let broken = Conn::modified(Protocol::Http, &connect, &limits, Time::START);
    assert!(matches!(broken, Conn::Broken(_)));
}
