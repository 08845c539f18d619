//! What a session may cost, and how long it reads.

use std::io::ErrorKind;
use std::time::Duration;

use super::*;
use crate::base::limits::ECHO_RETRY;
use crate::base::slab::Token;
use crate::http::app::App;
use crate::proto::conn::Protocol;
use crate::proto::exchange::Exchange;
use crate::proto::test_driver::Driver;
use crate::server::net::{Event, Plans};

mod broken;
mod scripted;

#[test]
fn a_connection_and_a_waiting_reply_stay_small() {
    // A socket is eight bytes. Beside these, a waiting request has its own bytes and a timer.
    assert!(size_of::<Session<u64>>() <= 80, "{}", size_of::<Session<u64>>());
    assert!(size_of::<Exchange>() <= 72, "{}", size_of::<Exchange>());
}

/// A client that sends as fast as it is read, and takes some bytes of the answers each time it is
/// asked twice, or none.
struct Flood {
    /// What it sends once, and then again and again.
    sends: (&'static [u8], &'static [u8]),
    takes: bool,
    sent: usize,
    taken: usize,
    asked: u64,
}

impl Flood {
    fn new(once: &'static [u8], repeated: &'static [u8]) -> Flood {
        Flood { sends: (once, repeated), takes: true, sent: 0, taken: 0, asked: 0 }
    }
}

const ASKED: &[u8] = b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n";
/// A body of 10 GB, in one piece or in chunks.
const LARGE: &[u8] = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n";
const CHUNKED: &[u8] = b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

impl Net for Flood {
    type Socket = ();

    fn now(&mut self) -> Time {
        Time::START
    }

    fn read(&mut self, (): &mut (), into: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        let (once, repeated) = self.sends;
        let skipped = self.sent.min(once.len());
        let again = (self.sent - skipped) % repeated.len();
        let rest = once.iter().skip(skipped);
        into.extend(rest.chain(repeated.iter().cycle().skip(again)).take(room));
        self.sent += room;
        Ok(room)
    }

    fn write(&mut self, (): &mut (), bytes: &[u8]) -> io::Result<usize> {
        self.asked += 1;
        if !self.takes || self.asked.is_multiple_of(2) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.taken += bytes.len();
        Ok(bytes.len())
    }

    fn short_read_is_all(&self) -> bool {
        true
    }

    fn unix_time(&mut self) -> Duration {
        Duration::ZERO
    }

    fn wait(&mut self, _: Time, _: &mut Vec<Event>) {}

    fn accept(&mut self, _: usize) -> io::Result<((), Option<IpAddr>)> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn register(&mut self, (): &mut (), _: Token) -> io::Result<()> {
        Ok(())
    }

    fn echo_datagrams(&mut self, _: usize, _: Option<Plans>) -> Time {
        Time::NEVER
    }

    fn shutdown(&mut self, (): &mut ()) {}

    fn reset_on_close(&mut self, (): &mut ()) {}

    fn close(&mut self, (): ()) {}

    fn close_listener(&mut self, _: usize) {}
}

/// What a turn needs beside its session.
struct World {
    driver: Driver,
    buffers: SharedBuffers,
}

impl World {
    fn new(app: App) -> World {
        let buffers = SharedBuffers::new(&app.limits);
        World { driver: Driver::new(app, Protocol::Http, 1), buffers }
    }

    fn turn<N>(&mut self, session: &mut Session<N::Socket>, net: &mut N, now: Time) -> TurnResult
    where
        N: Net,
    {
        self.driver.clock.now = now;
        session.turn(net, &mut self.driver.cx(), &mut self.buffers)
    }
}

const READABLE: Readiness = Readiness { readable: true, ending: false, broken: false };

#[test]
fn a_client_that_sends_more_than_it_takes_is_not_read_for_ever() {
    let (mut world, mut net) = (World::new(App::default()), Flood::new(b"", ASKED));
    let mut session = session(&world);
    for _ in 0..200 {
        session.on_event(READABLE);
        assert_ne!(world.turn(&mut session, &mut net, Time::START), TurnResult::Close);
        let kept = session.leftover.as_ref().map_or(0, |leftover| leftover.input.len());
        assert!(kept <= world.buffers.room(), "{kept} bytes are kept");
    }
    let served = world.driver.worker.served;
    assert!(served > 10_000 && net.taken > 1_000_000, "{served} requests, {} bytes", net.taken);
}

/// A session that speaks HTTP.
fn session(world: &World) -> Session<()> {
    let conn = Conn::new(Protocol::Http, &world.driver.app.limits, Time::START);
    Session::new((), conn, None, 0, true)
}

/// One turn after another, as long as the session wants more at once.
fn turns(world: &mut World, session: &mut Session<()>, net: &mut Flood, now: Time) -> TurnResult {
    session.on_event(READABLE);
    for _ in 0..10_000 {
        match world.turn(session, net, now) {
            TurnResult::Yield | TurnResult::Handshake | TurnResult::Identified => {}
            result => return result,
        }
    }
    panic!("it is never content");
}

/// What one session may collect beyond its bound: what was made of the last read, and the output.
const BEYOND: usize = 1 << 19;

#[test]
fn what_is_collected_for_a_client_that_takes_nothing_is_bounded() {
    for (head, piece) in
        [(LARGE, &b"x"[..]), (CHUNKED, b"1\r\nx\r\n"), (CHUNKED, b"7\r\n1234567\r\n")]
    {
        let mut app = App::default();
        app.limits.echo_bytes = 3 << 20;
        let timeout = app.limits.send_timeout;
        let (mut world, mut net) = (World::new(app), Flood::new(head, piece));
        let mut session = session(&world);
        net.takes = false;
        assert_eq!(turns(&mut world, &mut session, &mut net, Time::START), TurnResult::Wait);
        let collected = session.collected();
        assert!((3 << 20..(3 << 20) + BEYOND).contains(&collected), "{collected} bytes");
        assert!(net.sent < collected + BEYOND, "{} bytes were read", net.sent);
        assert_eq!(world.buffers.collected, collected);
        assert_eq!(session.due, Time::START.after(timeout), "its time to take some has begun");
        // Some is taken, and as much is read.
        net.takes = true;
        let now = Time::from_micros(50_000_000);
        assert_eq!(turns(&mut world, &mut session, &mut net, now), TurnResult::Wait);
        assert!(net.taken > 0 && session.collected() < (3 << 20) + BEYOND);
        net.takes = false;
        let due = session.due;
        assert_eq!(turns(&mut world, &mut session, &mut net, due), TurnResult::Close);
    }
}

#[test]
fn what_all_sessions_collect_is_bounded_together() {
    let mut app = App::default();
    app.limits.all_echo_bytes = 4 << 20;
    app.limits.echo_bytes = 3 << 20;
    let mut world = World::new(app);
    let mut sessions: Vec<_> = (0..4).map(|_| (session(&world), Flood::new(LARGE, b"x"))).collect();
    for (session, net) in &mut sessions {
        net.takes = false;
        assert_eq!(turns(&mut world, session, net, Time::START), TurnResult::Wait);
    }
    // One that is kept back by others looks again soon, and goes on when they are gone.
    assert_eq!(sessions[3].0.due, Time::START.after(ECHO_RETRY));
    let each: Vec<usize> = sessions.iter().map(|(session, _)| session.collected()).collect();
    assert!(each[0] >= 3 << 20 && each[1] >= 1 << 19 && each[2..] == [0, 0], "{each:?}");
    let all: usize = each.iter().sum();
    assert_eq!(world.buffers.collected, all);
    assert!(all < (4 << 20) + BEYOND, "{all}");
    world.buffers.collected -= sessions.remove(0).0.collected();
    let (kept_back, net) = &mut sessions[2];
    let due = kept_back.due;
    assert_eq!(turns(&mut world, kept_back, net, due), TurnResult::Wait);
    assert!(kept_back.collected() > 1 << 20, "{}", kept_back.collected());
}

#[test]
fn only_an_echo_is_collected() {
    let mut world = World::new(App::default());
    let mut net = Flood::new(b"", ASKED);
    net.takes = false;
    let mut session = session(&world);
    assert_eq!(turns(&mut world, &mut session, &mut net, Time::START), TurnResult::Wait);
    assert_eq!((session.collected(), world.buffers.spare.len()), (0, 0));
    let (mut raw, mut net) =
        (Session::new((), Conn::Echo(None), None, 0, true), Flood::new(b"", b"x"));
    net.takes = false;
    assert_eq!(turns(&mut world, &mut raw, &mut net, Time::START), TurnResult::Wait);
    assert!(raw.collected() == 0 && net.sent < BEYOND, "{} bytes were read", net.sent);
}
