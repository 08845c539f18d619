//! Single turns, against a socket that follows a script.

use std::collections::VecDeque;

use super::*;
use crate::base::limits::HEAD_ROOM;

/// A socket that follows a script. Beyond its end there is nothing to read or to splice, and every
/// write is taken.
#[derive(Default)]
pub(super) struct Script {
    pub(super) reads: VecDeque<io::Result<Vec<u8>>>,
    /// How many bytes each write takes.
    pub(super) writes: VecDeque<io::Result<usize>>,
    /// How many bytes each splice takes from the socket, and how many of them are left to write.
    pub(super) splices: VecDeque<(usize, usize)>,
    /// What was asked of it: the room of each read, the most of each splice.
    pub(super) rooms: Vec<usize>,
    pub(super) mosts: Vec<usize>,
    pub(super) written: Vec<u8>,
    pub(super) shutdowns: usize,
    /// What each look finds unacknowledged.
    pub(super) unacked: VecDeque<usize>,
    pub(super) resets: bool,
}

impl Script {
    pub(super) fn reads(pieces: impl IntoIterator<Item = Vec<u8>>) -> Script {
        Script { reads: pieces.into_iter().map(Ok).collect(), ..Script::default() }
    }
}

pub(super) fn blocks<T>() -> io::Result<T> {
    Err(ErrorKind::WouldBlock.into())
}

impl Net for Script {
    type Socket = ();

    fn now(&mut self) -> Time {
        Time::START
    }

    fn read(&mut self, (): &mut (), into: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        self.rooms.push(room);
        let bytes = self.reads.pop_front().unwrap_or_else(blocks)?;
        into.extend_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn write(&mut self, (): &mut (), bytes: &[u8]) -> io::Result<usize> {
        let taken = self.writes.pop_front().unwrap_or(Ok(bytes.len()))?.min(bytes.len());
        self.written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn splice(&mut self, (): &mut (), most: usize, rest: &mut Vec<u8>) -> io::Result<usize> {
        self.mosts.push(most);
        let (taken, left) = self.splices.pop_front().unwrap_or_default();
        rest.resize(rest.len() + left, b's');
        Ok(taken)
    }

    fn short_read_is_all(&self) -> bool {
        true
    }

    fn unix_time(&mut self) -> Duration {
        Duration::ZERO
    }

    fn wait(&mut self, _: Time, _: &mut Vec<Event>) {}

    fn accept(&mut self, _: usize) -> io::Result<((), Option<IpAddr>)> {
        blocks()
    }

    fn register(&mut self, (): &mut (), _: Token) -> io::Result<()> {
        Ok(())
    }

    fn echo_datagrams(&mut self, _: usize, _: Option<Plans>) -> Time {
        Time::NEVER
    }

    fn shutdown(&mut self, (): &mut ()) {
        self.shutdowns += 1;
    }

    fn unacked(&mut self, (): &mut ()) -> usize {
        self.unacked.pop_front().unwrap_or(0)
    }

    fn reset_on_close(&mut self, (): &mut ()) {
        self.resets = true;
    }

    fn close(&mut self, (): ()) {}

    fn close_listener(&mut self, _: usize) {}
}

/// The end is near: a session reads on after a short read.
const ENDING: Readiness = Readiness { readable: true, ending: true, broken: false };

pub(super) fn at(seconds: u64) -> Time {
    Time::START.after(Duration::from_secs(seconds))
}

/// A session, and what comes of one turn with this to read.
fn one_turn(world: &mut World, net: &mut Script, ready: Readiness) -> (Session<()>, TurnResult) {
    let mut session = session(world);
    session.on_event(ready);
    let result = world.turn(&mut session, net, Time::START);
    (session, result)
}

#[test]
fn a_turn_ends_after_so_many_requests_or_bytes() {
    let mut world = World::new(App::default());
    let mut net = Script::reads(vec![ASKED.to_vec(); 200]);
    let (_, result) = one_turn(&mut world, &mut net, ENDING);
    assert_eq!((result, world.driver.worker.served), (TurnResult::Yield, TURN_REQUESTS + 1));
    // A body that is only read, and one that is only sent back.
    let head = b"PUT /status/200 HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n\r\n".to_vec();
    let pieces = std::iter::once(head).chain(vec![vec![b'x'; TURN_BYTES / 16]; 40]);
    let mut net = Script::reads(pieces);
    let (_, result) = one_turn(&mut World::new(App::default()), &mut net, ENDING);
    assert_eq!((result, net.reads.len()), (TurnResult::Yield, 24));
}

#[test]
fn large_reads_are_followed_by_a_splice() {
    let body = |length: usize, read: usize| {
        let head = format!("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), &vec![b'x'; read]].concat()
    };
    const HALF: usize = SPLICE_MIN / 2;
    for (read, left, bounded, asked) in [
        (HALF, SPLICE_MIN, false, vec![SPLICE_MIN]),
        (HALF, SPLICE_MIN - 1, false, vec![]),
        (HALF, SPLICE_MIN + 1, false, vec![SPLICE_MIN + 1]),
        (HALF, 9 * SPLICE_MIN, false, vec![4 * SPLICE_MIN]),
        (HALF, SPLICE_MIN, true, vec![]),
        (HALF / 2, SPLICE_MIN, false, vec![]),
    ] {
        let mut world = World::new(App::default());
        if bounded {
            world.buffers.bucket.refill(at(1), 1 << 30);
        }
        let mut net = Script::reads([body(read + left, read)]);
        let (_, result) = one_turn(&mut world, &mut net, ENDING);
        assert_eq!((result, &net.mosts), (TurnResult::Wait, &asked), "{read} {left} {bounded}");
    }
}

/// A splice that did nothing does not show that little arrives.
#[test]
fn a_splice_is_tried_again_after_one_that_did_nothing() {
    let mut net = Script::reads([vec![b'x'; SPLICE_MIN]]);
    let mut world = World::new(App::default());
    let mut raw = Session::new((), Conn::Echo(None), None, 0, true);
    for expected in 1..4 {
        raw.on_event(ENDING);
        assert_eq!(world.turn(&mut raw, &mut net, Time::START), TurnResult::Wait);
        assert_eq!(net.mosts.len(), expected);
    }
}

/// A client that was late has what it takes in a whole turn as more time, and not all its time.
#[test]
fn a_late_client_that_fills_a_turn_earns_time_only_for_that() {
    let mut app = App::default();
    (app.limits.send_rate, app.limits.max_bytes) = (TURN_BYTES as u64, 1 << 30);
    let mut world = World::new(app);
    let asked = b"GET /stream-bytes/99999999?seed=1 HTTP/1.1\r\nHost: a\r\n\r\n".to_vec();
    let mut net = Script::reads([asked]);
    net.writes = [blocks()].into();
    let (mut session, result) = one_turn(&mut world, &mut net, READABLE);
    assert_eq!((result, session.due), (TurnResult::Wait, at(60)));
    assert_eq!(world.turn(&mut session, &mut net, at(59)), TurnResult::Yield);
    assert!((TURN_BYTES..2 * TURN_BYTES).contains(&net.written.len()), "{}", net.written.len());
    net.writes = [blocks()].into();
    assert_eq!(world.turn(&mut session, &mut net, at(59)), TurnResult::Wait);
    assert!(at(60) < session.due && session.due < at(63), "{:?}", session.due);
}

/// Each splice counts once as read and once as sent.
#[test]
fn what_is_spliced_counts_for_the_turn() {
    let mut net = Script::reads([vec![b'x'; TURN_BYTES / 8]]);
    net.splices = vec![(TURN_BYTES / 4, TURN_BYTES / 8); 9].into();
    let mut world = World::new(App::default());
    let mut raw = Session::new((), Conn::Echo(None), None, 0, true);
    raw.on_event(ENDING);
    assert_eq!(world.turn(&mut raw, &mut net, Time::START), TurnResult::Yield);
    assert_eq!((net.mosts.len(), net.rooms.len()), (4, 1));
}

#[test]
fn a_short_read_is_the_last_and_leaves_room_for_a_head() {
    let mut world = World::new(App::default());
    let mut net = Script::reads([ASKED.to_vec()]);
    let (session, result) = one_turn(&mut world, &mut net, READABLE);
    assert_eq!((result, session.ready.has(Ready::READABLE)), (TurnResult::Wait, false));
    assert_eq!(net.rooms, [world.buffers.usual + HEAD_ROOM]);
    assert!(session.leftover.is_none(), "an idle connection keeps no buffer");
}

#[test]
fn an_error_of_the_socket_ends_a_session() {
    let reset = || ErrorKind::ConnectionReset.into();
    let mut net = Script { reads: [Err(reset())].into(), ..Script::default() };
    assert_eq!(one_turn(&mut World::new(App::default()), &mut net, READABLE).1, TurnResult::Close);
    let mut net = Script::reads([ASKED.to_vec()]);
    net.writes = [Err(reset())].into();
    assert_eq!(one_turn(&mut World::new(App::default()), &mut net, READABLE).1, TurnResult::Close);
}

#[test]
fn events_add_up_until_a_turn() {
    let mut session = session(&World::new(App::default()));
    session.on_event(Readiness { broken: true, ..ENDING });
    session.on_event(READABLE);
    let mut both = Ready::default();
    both.add(Readiness { broken: true, ..ENDING });
    both.add(READABLE);
    assert_eq!(session.ready, both);
    assert!([Ready::READABLE, Ready::ENDING, Ready::BROKEN].iter().all(|one| both.has(*one)));
}

#[test]
fn a_refused_connection_is_answered_and_shut_and_never_counts_as_admitted() {
    let (mut world, mut net) = (World::new(App::default()), Script::default());
    assert!(session(&world).is_admitted());
    let conn = Conn::new(Protocol::Http, &world.driver.app.limits, Time::START);
    let mut refused = Session::new((), conn, None, 0, false);
    assert!(!refused.is_admitted());
    assert_eq!(world.turn(&mut refused, &mut net, Time::START), TurnResult::Wait);
    assert!(net.written.starts_with(b"HTTP/1.1 503 ") && !refused.is_admitted());
    assert_eq!(net.shutdowns, 1);
}

#[test]
fn a_session_with_an_answer_to_take_is_not_evicted() {
    let mut world = World::new(App::default());
    // The beginning of an empty line is left over, and nothing else.
    let (idle, _) = one_turn(&mut world, &mut Script::reads([b"\r".to_vec()]), READABLE);
    assert!(idle.leftover.is_some() && idle.evictable() != Evictable::No);
    let mut net = Script::reads([ASKED.to_vec()]);
    net.writes = [Ok(9), blocks()].into();
    let (busy, _) = one_turn(&mut world, &mut net, READABLE);
    assert_eq!(busy.evictable(), Evictable::No);
}

/// What has arrived at the last moment is read before the time is over.
#[test]
fn a_head_that_has_arrived_is_read_before_it_is_late() {
    let mut world = World::new(App::default());
    let (begun, rest) = ASKED.split_at(12);
    let mut net = Script::reads([begun.to_vec(), rest.to_vec()]);
    let (mut session, _) = one_turn(&mut world, &mut net, READABLE);
    session.on_event(READABLE);
    let due = session.due;
    world.turn(&mut session, &mut net, due);
    assert!(net.written.starts_with(b"HTTP/1.1 200 "));
}

/// A client whose input was not read while it took nothing has its time to send anew; one whose
/// answer was collected could send all the time.
#[test]
fn time_to_send_starts_again_after_output_was_blocked() {
    let request = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc".to_vec();
    for (each, all, due) in [(0, 1, at(110)), (1, 0, at(110)), (100, 100, at(60))] {
        let mut app = App::default();
        (app.limits.echo_bytes, app.limits.all_echo_bytes) = (each, all);
        let (mut world, mut net) = (World::new(app), Script::reads([request.clone()]));
        net.writes = [blocks()].into();
        let (mut session, result) = one_turn(&mut world, &mut net, READABLE);
        assert_eq!((result, net.written.len()), (TurnResult::Wait, 0));
        assert_eq!(world.turn(&mut session, &mut net, at(50)), TurnResult::Wait);
        assert_eq!(session.due, due, "{each} {all}");
        assert!(net.written.ends_with(b"abc"));
    }
}

#[test]
fn a_limit_on_sending_holds_back_no_reader_and_keeps_no_late_client() {
    let mut world = World::new(App::default());
    world.buffers.bucket.refill(at(1), 1);
    world.buffers.bucket.spend(1000);
    let (idle, _) = one_turn(&mut world, &mut Script::default(), READABLE);
    assert_eq!(idle.due, Time::START.after(world.driver.app.limits.head_timeout));
    let mut world = World::new(App::default());
    let mut net = Script::reads([ASKED.to_vec()]);
    net.writes = [blocks(), blocks()].into();
    let (mut late, _) = one_turn(&mut world, &mut net, READABLE);
    world.buffers.bucket.refill(at(1), 1);
    world.buffers.bucket.spend(1000);
    assert_eq!(world.turn(&mut late, &mut net, at(60)), TurnResult::Close);
}
