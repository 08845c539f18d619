//! What a session may cost, and how long it reads.

use std::time::SystemTime;

use super::*;
use crate::base::random::Random;
use crate::base::slab::Token;
use crate::http::app::App;
use crate::http::record::Records;
use crate::proto::conn::Protocol;
use crate::proto::exchange::Exchange;
use crate::server::net::Event;

#[test]
fn a_connection_and_a_waiting_reply_stay_small() {
    // A socket is eight bytes. Beside these, a waiting request has its own bytes and a timer.
    assert!(size_of::<Session<u64>>() <= 96, "{}", size_of::<Session<u64>>());
    assert!(size_of::<Exchange>() <= 56, "{}", size_of::<Exchange>());
}

/// A client that sends requests as fast as they are read, and takes some bytes of the answers
/// each time it is asked twice.
#[derive(Default)]
struct Flood {
    sent: usize,
    taken: usize,
    asked: u64,
}

const ASKED: &[u8] = b"GET /get HTTP/1.1\r\nHost: a\r\n\r\n";

impl Net for Flood {
    type Socket = ();

    fn now(&mut self) -> Time {
        Time::START
    }

    fn read(&mut self, (): &mut (), into: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        into.extend(ASKED.iter().cycle().skip(self.sent % ASKED.len()).take(room));
        self.sent += room;
        Ok(room)
    }

    fn write(&mut self, (): &mut (), bytes: &[u8]) -> io::Result<usize> {
        self.asked += 1;
        if self.asked.is_multiple_of(2) {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.taken += bytes.len();
        Ok(bytes.len())
    }

    fn short_read_is_all(&self) -> bool {
        true
    }

    fn wall(&mut self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn wait(&mut self, _: Time, _: &mut Vec<Event>) {}

    fn accept(&mut self, _: usize) -> io::Result<((), Option<IpAddr>)> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn watch(&mut self, (): &mut (), _: Token) -> io::Result<()> {
        Ok(())
    }

    fn reflect(&mut self, _: usize) -> bool {
        false
    }

    fn shutdown(&mut self, (): &mut ()) {}

    fn close(&mut self, (): ()) {}

    fn close_listeners(&mut self) {}
}

#[test]
fn a_client_that_sends_more_than_it_takes_is_not_read_for_ever() {
    let app = App::default();
    let usual = app.limits.head_bytes + READ_BYTES;
    let mut scratch = Scratch::new(usual, u64::MAX);
    let (mut net, mut random, mut body, mut records) =
        (Flood::default(), Random::new(1), Vec::new(), Records::default());
    let (mut delayed, mut served) = (0, 0);
    let conn = Conn::new(Protocol::Http, &app.limits, Time::START);
    let mut session = Session::new((), conn, None, 0);
    for _ in 0..200 {
        session.notice(Readiness { readable: true, ..Readiness::default() });
        let mut cx = Cx {
            now: Time::START,
            fresh: false,
            ended: false,
            resumed: false,
            unix_start_us: 0,
            draining: false,
            peer: None,
            local: "a",
            app: &app,
            stamp: b"",
            random: &mut random,
            body: &mut body,
            records: &mut records,
            delayed: &mut delayed,
            served: &mut served,
        };
        assert_ne!(session.turn(&mut net, &mut cx, &mut scratch), Fate::Over);
        let kept = session.input.len();
        assert!(kept <= Scratch::room(usual), "{kept} bytes are kept");
    }
    assert!(served > 10_000 && net.taken > 1_000_000, "{served} requests, {} bytes", net.taken);
}
