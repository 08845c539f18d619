//! A session: a socket, the machine that speaks on it, and what neither has taken yet.
//!
//! It is what the slab holds, so its size is what an idle connection costs: 96 bytes. Between turns
//! it owns bytes only when some are left over, in a box of exactly their size.

use std::io::{self, ErrorKind};
use std::net::IpAddr;

use super::net::{Net, Readiness};
use crate::base::buf::Buf;
use crate::base::limits::{
    ECHO_RETRY, HEAD_ROOM, Limits, MOST_PASSED, PASSED_BYTES, READ_BYTES, TURN_BYTES, TURN_REQUESTS,
};
use crate::base::time::Time;
use crate::proto::conn::{Conn, Rest};
use crate::proto::{Cx, Next};

mod backlog;
mod left;
mod scratch;
#[cfg(test)]
mod tests;

use left::{Left, Wait, pace};
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

/// What came of reading on for a client that takes nothing.
enum Collected {
    /// All that has arrived. The next bytes must have arrived by then.
    All(Time),
    /// As much as one turn may read.
    Enough,
    /// Nothing, or up to a bound: the client must take some first.
    Full,
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

    /// How many bytes wait behind its output: [`Scratch::collected`] counts those.
    pub fn collected(&self) -> usize {
        self.left.as_ref().map_or(0, |left| left.backlog.len())
    }

    /// Does all that can be done now: reads, lets the machine advance, writes.
    pub fn turn<N>(&mut self, net: &mut N, cx: &mut Cx, scratch: &mut Scratch) -> Fate
    where
        N: Net<Socket = S>,
    {
        if self.ready.broken {
            self.conn.abandon(cx);
            return Fate::Over;
        }
        scratch.input.load(std::mem::take(&mut self.input));
        let mut wait = Wait::default();
        if let Some(left) = self.left.take() {
            scratch.output.load(left.bytes);
            scratch.collected -= left.backlog.len();
            (scratch.backlog, wait) = (left.backlog, left.wait);
        }
        let fate = self.work(net, cx, scratch, &mut wait).unwrap_or_else(|_| {
            self.conn.abandon(cx);
            Fate::Over
        });
        let room = Scratch::room(scratch.usual);
        self.input = scratch.input.save(room);
        let bytes = scratch.output.save(room);
        if !bytes.is_empty() || !scratch.backlog.is_empty() || wait.until.is_some() {
            let backlog = std::mem::take(&mut scratch.backlog);
            scratch.collected += backlog.len();
            self.left = Some(Box::new(Left { bytes, backlog, wait }));
        }
        fate
    }

    /// Writes what is ready, and only when all of it was taken lets the machine make more: a client
    /// that does not read costs no more than what it was already sent, or what may be
    /// [collected](Session::collect) for it.
    fn work<N>(
        &mut self,
        net: &mut N,
        cx: &mut Cx,
        scratch: &mut Scratch,
        wait: &mut Wait,
    ) -> io::Result<Fate>
    where
        N: Net<Socket = S>,
    {
        cx.leaving = self.ready.ending;
        cx.resumed = !scratch.output.is_empty() && !wait.collects;
        wait.collects = false;
        let served = *cx.served;
        let (mut sent, mut read) = (0, 0);
        let mut next = self.first(scratch);
        loop {
            let pending = !scratch.output.is_empty() || !scratch.backlog.is_empty();
            // A client that is late is asked once more, or it would stay as long as others take all
            // that may be sent.
            let late = wait.until.is_some_and(|until| until <= cx.now);
            if let Some(until) = scratch.egress.blocked_until(cx.now).filter(|_| pending && !late) {
                return Ok(self.wait(until));
            }
            if pending {
                sent += self.flush(net, scratch)?;
            }
            if !scratch.output.is_empty() {
                return self.blocked(net, cx, scratch, wait, next, sent);
            }
            if !scratch.backlog.is_empty() {
                wait.until = wait.until.map(|it| pace(cx, Some(it), sent));
                return Ok(Fate::Again);
            }
            let Scratch { input, output, usual, egress, .. } = &mut *scratch;
            match next {
                Next::Close => return Ok(Fate::Over),
                Next::Sleep(until) => {
                    wait.until = None;
                    return Ok(self.wait(until));
                }
                Next::Read(until) | Next::Linger(until) if !self.ready.readable => {
                    wait.until = None;
                    self.shut(net, next);
                    return Ok(self.wait(until));
                }
                _ if sent.max(read) >= TURN_BYTES || *cx.served - served > TURN_REQUESTS => {
                    let more = next == Next::Write;
                    wait.until = wait.until.filter(|_| more).map(|it| pace(cx, Some(it), sent));
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

    /// What a turn begins with. What has arrived is read before the machine is asked, so that it
    /// judges no deadline by what it has not seen; unless there is more than a head already: a
    /// client that sends faster than it takes its answers would be read for ever.
    fn first(&self, scratch: &Scratch) -> Next {
        let room = scratch.input.len() + READ_BYTES <= scratch.usual;
        let reads = room && self.ready.readable && self.conn.reads();
        if reads { Next::Read(Time::NEVER) } else { Next::Write }
    }

    /// What to do with a client that takes no more for now: its input is read on, where the answer
    /// may be collected meanwhile; otherwise it has its time to take some.
    #[cold]
    fn blocked<N>(
        &mut self,
        net: &mut N,
        cx: &mut Cx,
        scratch: &mut Scratch,
        wait: &mut Wait,
        next: Next,
        sent: usize,
    ) -> io::Result<Fate>
    where
        N: Net<Socket = S>,
    {
        let collected = self.collect(net, cx, scratch, next)?;
        // One huge answer is no reason to keep its room for ever.
        scratch.spare.save(Scratch::room(scratch.usual));
        wait.collects = !matches!(collected, Collected::Full);
        wait.until = if wait.collects { None } else { Some(pace(cx, wait.until, sent)) };
        Ok(match (collected, wait.until) {
            (Collected::Enough, _) => Fate::Again,
            (Collected::All(until), _) => self.wait(until),
            (Collected::Full, Some(until)) if cx.now < until => {
                // Others may let go of what they hold, which no event tells of.
                let own = scratch.backlog.len() >= cx.app.limits.echo_bytes;
                let again = cx.now.after(ECHO_RETRY);
                self.wait(if self.conn.collects() && !own { until.min(again) } else { until })
            }
            (Collected::Full, _) => {
                self.conn.abandon(cx);
                Fate::Over
            }
        })
    }

    /// Reads on for a client that sends and takes nothing, and keeps its answer, within bounds for
    /// one connection and for all: most HTTP clients read nothing before they have written their
    /// whole request, and one with a large body to echo would wait for us as we for it.
    fn collect<N>(
        &mut self,
        net: &mut N,
        cx: &mut Cx,
        scratch: &mut Scratch,
        mut next: Next,
    ) -> io::Result<Collected>
    where
        N: Net<Socket = S>,
    {
        let Scratch { input, spare, backlog, usual, collected, .. } = scratch;
        spare.make_room(Scratch::room(*usual));
        let mut read = 0;
        while self.conn.collects()
            && backlog.len() < cx.app.limits.echo_bytes
            && *collected + backlog.len() < cx.app.limits.all_echo_bytes
        {
            match next {
                Next::Read(until) if !self.ready.readable => return Ok(Collected::All(until)),
                _ if read >= TURN_BYTES => return Ok(Collected::Enough),
                Next::Read(_) => {
                    read += self.read(net, input, *usual)?;
                    cx.fresh = false;
                }
                _ => {}
            }
            cx.ended = self.came == Came::End;
            next = self.conn.advance(cx, input, spare);
            cx.resumed = false;
            backlog.push(spare.unread());
            spare.clear();
        }
        Ok(Collected::Full)
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

    /// Writes the output, and what waits behind it, as far as the kernel takes it and the turn
    /// goes.
    fn flush<N: Net<Socket = S>>(
        &mut self,
        net: &mut N,
        scratch: &mut Scratch,
    ) -> io::Result<usize> {
        let Scratch { output, backlog, egress, .. } = scratch;
        let mut taken = 0;
        loop {
            taken += self.write(net, output)?;
            if !output.is_empty() || taken >= TURN_BYTES {
                break;
            }
            let Some(piece) = backlog.pop() else { break };
            output.load(piece);
        }
        egress.spend(taken);
        Ok(taken)
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
        let bytes = net.splice(&mut self.socket, most, output.tail())?;
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
