//! A session: a socket, the machine that speaks on it, and what neither has taken yet.
//!
//! It is what the slab holds, so its size is what an idle connection costs: 96 bytes. Between turns
//! it owns bytes only when some are left over, in a box of exactly their size.

use std::io::{self, ErrorKind};
use std::net::IpAddr;

use super::net::{Net, Readiness};
use crate::base::buf::Buf;
use crate::base::limits::{
    HEAD_ROOM, Limits, MOST_PASSED, PASSED_BYTES, READ_BYTES, TURN_BYTES, TURN_REQUESTS,
};
use crate::base::time::Time;
use crate::proto::conn::{Conn, Rest};
use crate::proto::{Cx, Next};

mod scratch;
#[cfg(test)]
mod tests;

pub use scratch::Scratch;

/// One connection.
#[derive(Debug)]
pub struct Session<S> {
    /// The socket.
    pub socket: S,
    conn: Conn,
    /// What has arrived and was not taken by the machine.
    input: Box<[u8]>,
    /// What the machine has said and was not taken by the kernel. It is nearly always nothing, so
    /// it costs eight bytes.
    left: Option<Box<Left>>,
    /// When it is to have a turn, whatever happens.
    pub due: Time,
    /// The client's address; none on a socket file.
    pub peer: Option<IpAddr>,
    /// The number of the listener it came through.
    pub listener: u8,
    /// What is known of the socket and has not been acted upon.
    ready: Readiness,
    /// What came last.
    came: Came,
    /// Whether we have closed our side.
    shut: bool,
    /// What brings it its next turn.
    pub stand: Stand,
}

/// What brings a session its next turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// The worker's list, and nothing else: it has only come, and its socket is not watched until
    /// it has to wait. One that is answered and closed at once never is.
    New,
    /// The worker's list.
    Queued,
    /// An event, a timer or a command.
    Waits,
}

/// What came last from a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Little,
    /// So much that what comes next may be passed back unread.
    Much,
    /// The end: it has sent its last byte, and we have read it.
    End,
}

impl Came {
    /// So many bytes, at once.
    fn of(bytes: usize) -> Came {
        if bytes >= PASSED_BYTES / 2 { Came::Much } else { Came::Little }
    }
}

/// What a client has yet to take.
#[derive(Debug)]
struct Left {
    bytes: Box<[u8]>,
    /// When it must have taken some, if the kernel would take no more the last time; and not while
    /// it is we who may not send.
    until: Option<Time>,
}

/// What becomes of a session after its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It waits for an event, or for its `due`.
    Waits,
    /// It has used up its turn and wants another.
    Again,
    /// It is over.
    Over,
}

impl<S> Session<S> {
    /// A session that was accepted just now.
    pub fn new(socket: S, conn: Conn, peer: Option<IpAddr>, listener: u8) -> Session<S> {
        Session {
            socket,
            conn,
            input: Box::default(),
            left: None,
            due: Time::NEVER,
            peer,
            listener,
            ready: Readiness::default(),
            came: Came::Little,
            shut: false,
            stand: Stand::New,
        }
    }

    /// Whether it could be closed without loss: not while its client is taking an answer.
    pub fn rest(&self, limits: &Limits) -> Rest {
        match self.left {
            Some(_) => Rest::None,
            None => self.conn.rest(limits),
        }
    }

    /// Whether its answer takes time: [`Cx::delayed`] counts those.
    pub fn delays(&self) -> bool {
        self.conn.delays()
    }

    /// Whether there was no room for it.
    pub fn is_refused(&self) -> bool {
        self.conn.is_refused()
    }

    /// Takes note of an event.
    pub fn notice(&mut self, event: Readiness) {
        self.ready.readable |= event.readable;
        self.ready.ending |= event.ending;
        self.ready.broken |= event.broken;
    }

    /// Does all that can be done now: reads, lets the machine advance, writes.
    pub fn turn<N>(&mut self, net: &mut N, cx: &mut Cx, scratch: &mut Scratch) -> Fate
    where
        N: Net<Socket = S>,
    {
        if self.ready.broken {
            return Fate::Over;
        }
        scratch.input.load(std::mem::take(&mut self.input));
        let (bytes, mut until) =
            self.left.take().map_or_else(Default::default, |left| (left.bytes, left.until));
        scratch.output.load(bytes);
        let fate = match self.work(net, cx, scratch, &mut until) {
            Ok(fate) => fate,
            Err(_) => Fate::Over,
        };
        let room = Scratch::room(scratch.usual);
        self.input = scratch.input.save(room);
        let bytes = scratch.output.save(room);
        let some = !bytes.is_empty() || until.is_some();
        self.left = some.then(|| Box::new(Left { bytes, until }));
        fate
    }

    /// Writes what is ready, and only when all of it was taken lets the machine make more: a client
    /// that does not read costs no more than what it was already sent. What has arrived is read
    /// before the machine is asked, so that it judges no deadline by what it has not seen; unless
    /// there is more than a head already: a client that sends faster than it takes its answers
    /// would be read for ever.
    fn work<N>(
        &mut self,
        net: &mut N,
        cx: &mut Cx,
        scratch: &mut Scratch,
        taken_until: &mut Option<Time>,
    ) -> io::Result<Fate>
    where
        N: Net<Socket = S>,
    {
        let Scratch { input, output, usual, egress } = scratch;
        cx.resumed = !output.is_empty();
        let served = *cx.served;
        let room = input.len() + READ_BYTES <= *usual;
        let reads = room && self.ready.readable && self.conn.reads();
        let (mut sent, mut read) = (0, 0);
        let mut next = if reads { Next::Read(Time::NEVER) } else { Next::Write };
        loop {
            let before = output.len();
            // A client that is late is asked once more, or it would stay as long as others take all
            // that may be sent.
            let late = taken_until.is_some_and(|until| until <= cx.now);
            if let Some(until) = egress.shut_until(cx.now).filter(|_| before > 0 && !late) {
                return Ok(self.wait(until));
            }
            sent += self.write(net, output)?;
            egress.spend(before - output.len());
            if !output.is_empty() {
                let until = pace(cx, *taken_until, sent);
                *taken_until = Some(until);
                return Ok(if cx.now >= until { Fate::Over } else { self.wait(until) });
            }
            match next {
                Next::Close => return Ok(Fate::Over),
                Next::Sleep(until) => {
                    *taken_until = None;
                    return Ok(self.wait(until));
                }
                Next::Read(until) | Next::Linger(until) if !self.ready.readable => {
                    *taken_until = None;
                    self.shut(net, next);
                    return Ok(self.wait(until));
                }
                _ if sent.max(read) >= TURN_BYTES || *cx.served - served > TURN_REQUESTS => {
                    let more = next == Next::Write;
                    *taken_until = taken_until.filter(|_| more).map(|it| pace(cx, Some(it), sent));
                    return Ok(Fate::Again);
                }
                Next::Read(_) | Next::Linger(_) => {
                    self.shut(net, next);
                    let may_pass = input.is_empty() && !egress.is_bounded();
                    let passed = if may_pass { self.pass(net, cx, output)? } else { 0 };
                    match passed {
                        0 => read += self.read(net, input, *usual)?,
                        _ => (read, sent) = (read + passed, sent + passed - output.len()),
                    }
                    cx.fresh = false;
                }
                Next::Now => (cx.now, cx.fresh) = (net.now(), true),
                Next::Write => {}
            }
            cx.ended = self.came == Came::End;
            next = self.conn.advance(cx, input, output);
            cx.resumed = false;
        }
    }

    fn wait(&mut self, until: Time) -> Fate {
        self.due = until;
        Fate::Waits
    }

    fn shut<N: Net<Socket = S>>(&mut self, net: &mut N, next: Next) {
        if matches!(next, Next::Linger(_)) && !self.shut {
            self.shut = true;
            net.shutdown(&mut self.socket);
        }
    }

    fn write<N: Net<Socket = S>>(&mut self, net: &mut N, output: &mut Buf) -> io::Result<usize> {
        let mut taken = 0;
        while !output.is_empty() {
            match net.write(&mut self.socket, output.unread()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    output.consume(bytes);
                    taken += bytes;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Lets the kernel send back what has come, where nothing else would be done with it: the copy
    /// out of it and the one into it are a quarter of what a large echo costs. 0: it is to be read,
    /// since passing it is not possible, or not worth it, or nothing was there to pass: only a read
    /// tells what that means.
    fn pass<N: Net<Socket = S>>(
        &mut self,
        net: &mut N,
        cx: &mut Cx,
        output: &mut Buf,
    ) -> io::Result<usize> {
        let passes = self.conn.passes();
        if self.came != Came::Much || passes < PASSED_BYTES as u64 {
            return Ok(0);
        }
        let most = usize::try_from(passes).unwrap_or(MOST_PASSED).min(MOST_PASSED);
        let bytes = net.pass(&mut self.socket, most, output.tail())?;
        if bytes > 0 {
            self.came = Came::of(bytes);
            self.conn.passed(cx, bytes);
            // The machine has been told of bytes, which says more than that it may go on.
            cx.resumed = false;
        }
        Ok(bytes)
    }

    /// Reads once. A read that brought less than it could have has brought all there was, where the
    /// world says so; unless the end is near, which makes no further event.
    fn read<N: Net<Socket = S>>(
        &mut self,
        net: &mut N,
        input: &mut Buf,
        usual: usize,
    ) -> io::Result<usize> {
        input.make_room(READ_BYTES);
        let room = (input.tail().capacity() - input.tail().len()).min(usual + HEAD_ROOM);
        match net.read(&mut self.socket, input.tail(), room) {
            Ok(bytes @ 1..) => {
                let all = bytes < room && net.short_read_is_all();
                self.ready.readable = self.ready.ending || !all;
                self.came = Came::of(bytes);
                Ok(bytes)
            }
            // Asked again: a machine that is told of nothing would judge by it.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.read(net, input, usual),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            none => {
                self.ready.readable = false;
                self.came = if none.is_ok() { Came::End } else { self.came };
                Ok(0)
            }
        }
    }
}

/// When a client must have taken more, that had taken so many bytes when the kernel took no more.
/// The first time it has the whole send time. What it takes then earns it time, but never more than
/// there is at the beginning, or a fast start would buy a long crawl.
fn pace(cx: &Cx, until: Option<Time>, taken: usize) -> Time {
    let limits = &cx.app.limits;
    let latest = cx.now.after(limits.send_timeout);
    let earned_us = (taken as u64).saturating_mul(1_000_000).checked_div(limits.send_rate);
    match (until, earned_us) {
        (None, _) => latest,
        (Some(until), _) if taken == 0 => until,
        (Some(_), None) => latest,
        (Some(until), Some(earned_us)) => latest.min(until.after_us(earned_us)),
    }
}
