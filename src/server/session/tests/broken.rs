//! Connections that are broken on purpose.

use super::scripted::{Script, at, blocks};
use super::*;
use crate::base::buf::Buf;
use crate::base::limits::{ACK_RETRY, GARBAGE_BYTES};
use crate::http::modifiers::FaultKind;
use crate::proto::broken::Broken;

/// A session that is broken by this fault, with this to send before.
fn broken(kind: FaultKind, output: &[u8]) -> Session<()> {
    let conn = Conn::Broken(Broken::Begins(kind));
    let mut session = Session::new((), conn, None, 0, true);
    session.leftover = leftover(output);
    session
}

fn leftover(bytes: &[u8]) -> Option<Box<Leftover>> {
    let (input, mut output) = (Box::default(), Buf::default());
    output.tail().extend_from_slice(bytes);
    let (backlog, deadline) = (Default::default(), SendDeadline::default());
    Some(Box::new(Leftover { input, output, backlog, deadline }))
}

#[test]
fn a_reset_waits_until_everything_sent_is_acknowledged() {
    let mut world = World::new(App::default());
    let mut session = broken(FaultKind::Reset, b"answer");
    let mut net = Script { unacked: [6, 6, 2, 0].into(), ..Script::default() };
    let (mut now, mut waits) = (Time::START, Vec::new());
    while world.turn(&mut session, &mut net, now) == TurnResult::Wait {
        assert_eq!(net.written, b"answer");
        assert_eq!(session.evictable(), Evictable::No);
        waits.push(session.due.since(now));
        now = session.due;
    }
    // Progress starts the time anew, so the next look comes soon.
    assert_eq!(waits, [ACK_RETRY[0]; 3]);
    assert!(net.resets && net.unacked.is_empty());
}

#[test]
fn a_client_that_takes_nothing_is_reset_when_its_time_is_over() {
    let mut world = World::new(App::default());
    let timeout = world.driver.app.limits.send_timeout;
    // Either its kernel has some and does not acknowledge it, or not even ours takes it.
    for blocked in [false, true] {
        let mut session = broken(FaultKind::Reset, b"");
        let mut net = Script { unacked: [9; 9999].into(), ..Script::default() };
        if blocked {
            session.leftover = leftover(b"answer");
            net.writes = [blocks(), blocks()].into();
        }
        let (mut now, mut turns) = (Time::START, 0);
        while world.turn(&mut session, &mut net, now) == TurnResult::Wait {
            assert!(session.due <= Time::START.after(timeout));
            assert!(blocked || session.due <= now.after(ACK_RETRY[1]));
            (now, turns) = (session.due, turns + 1);
        }
        assert_eq!((now, blocked || turns > 500), (Time::START.after(timeout), true));
        assert!(net.resets || blocked);
    }
}

#[test]
fn a_broken_client_is_not_waited_for() {
    let mut world = World::new(App::default());
    let mut session = broken(FaultKind::Reset, b"");
    let mut net = Script { unacked: [9; 9].into(), ..Script::default() };
    assert_eq!(world.turn(&mut session, &mut net, Time::START), TurnResult::Wait);
    session.on_event(Readiness { broken: true, ..READABLE });
    assert_eq!(world.turn(&mut session, &mut net, Time::START), TurnResult::Close);
}

/// What has arrived is read, or closing would make the FIN a RST.
#[test]
fn a_close_reads_what_still_arrives() {
    let mut world = World::new(App::default());
    let mut net = Script::reads([vec![b'x'; 1 << 16], vec![b'x'; 9]]);
    let mut session = broken(FaultKind::Close, b"answer");
    session.on_event(Readiness { ending: true, ..READABLE });
    assert_eq!(world.turn(&mut session, &mut net, Time::START), TurnResult::Wait);
    assert_eq!((net.reads.len(), net.shutdowns, net.resets), (0, 1, false));
    assert_eq!(session.evictable(), Evictable::Lingers);
    net.reads.push_back(Ok(Vec::new()));
    session.on_event(READABLE);
    assert_eq!(world.turn(&mut session, &mut net, at(1)), TurnResult::Close);
}

#[test]
fn garbage_comes_before_the_end() {
    let mut world = World::new(App::default());
    let (mut session, mut net) = (broken(FaultKind::Garbage, b""), Script::default());
    assert_eq!(world.turn(&mut session, &mut net, Time::START), TurnResult::Wait);
    assert_eq!((net.written.len(), net.shutdowns, net.resets), (GARBAGE_BYTES, 1, false));
}

#[test]
fn silence_reads_nothing_and_ends_with_its_client_or_at_its_bound() {
    for (event, drains, now, result) in [
        (READABLE, false, at(3599), TurnResult::Wait),
        (Readiness { ending: true, ..READABLE }, false, at(1), TurnResult::Close),
        (Readiness { broken: true, ..READABLE }, false, at(1), TurnResult::Close),
        (READABLE, true, at(1), TurnResult::Close),
        (READABLE, false, at(3600), TurnResult::Close),
    ] {
        let mut world = World::new(App::default());
        let mut net = Script::reads([vec![b'x']]);
        let mut session = broken(FaultKind::Hang, b"");
        assert_eq!(world.turn(&mut session, &mut net, Time::START), TurnResult::Wait);
        assert_eq!((session.due, world.driver.worker.delayed), (at(3600), 1));
        session.on_event(event);
        if drains {
            world.driver.worker.drain(now);
        }
        assert_eq!(world.turn(&mut session, &mut net, now), result, "{event:?} {drains} {now:?}");
        assert_eq!((net.reads.len(), net.written.len(), net.resets), (1, 0, false));
    }
}
