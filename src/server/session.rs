//! A session: a socket, the machine that speaks on it, and the bytes that neither has taken yet.
//!
//! The slab holds sessions, so its size is what an idle connection costs: 80 bytes. Between turns
//! it owns a buffer only when bytes are left over, in boxes of exactly their size.

use std::io;
use std::net::IpAddr;

use super::net::{Net, Readiness};
use crate::base::limits::{READ_BYTES, SPLICE_MIN, TURN_BYTES, TURN_REQUESTS};
use crate::base::time::Time;
use crate::http::metrics::ConnectionState;
use crate::proto::conn::Conn;
use crate::proto::{Cx, Event, Evictable, Machine, Next, Shared};

mod backlog;
mod buffers;
mod collect;
mod hold;
mod leftover;
mod ready;
mod reset;
#[cfg(test)]
mod tests;
mod transfer;

pub use buffers::SharedBuffers;
use leftover::{Leftover, SendDeadline};
use ready::Ready;

/// One connection.
#[derive(Debug)]
pub struct Session<S> {
    /// The socket.
    pub socket: S,
    conn: Conn,
    /// Bytes that the machine or the kernel has not taken. There are hardly ever any, so that costs
    /// eight bytes.
    leftover: Option<Box<Leftover>>,
    /// When it gets a turn, whatever happens.
    pub due: Time,
    /// The address that it counts for: the client's. None on a socket file, or before a proxy has
    /// reported it.
    pub peer: Option<IpAddr>,
    /// The number of the listener it came through, and in the highest bit whether it is counted for
    /// its address.
    listener: u8,
    /// Readiness reported by the system and not yet used up.
    ready: Ready,
    /// The client's port, if a log shows it; 0 if not.
    pub peer_port: u16,
    last_read: LastRead,
    writing: Writing,
    /// When the next turn runs.
    pub schedule: Schedule,
}

/// The bit of [`Session::listener`] for a connection that is counted for its address.
const COUNTED: u8 = 1 << 7;

/// When the next turn runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// The worker's list, and nothing else: the session is new, and its socket is not registered
    /// until it has to wait. One that is answered and closed at once never is.
    New,
    /// The worker's list.
    Queued,
    /// An event, a timer or a command.
    Waiting,
}

/// The last read of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastRead {
    Little,
    /// So much that the next bytes may be spliced.
    Much,
    /// The end: the client has sent its last byte, and we have read it.
    Eof,
}

impl LastRead {
    /// A read of this many bytes.
    fn of(bytes: usize) -> LastRead {
        if bytes >= SPLICE_MIN / 2 { LastRead::Much } else { LastRead::Little }
    }
}

/// What a session may still write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writing {
    /// Answers.
    Open,
    /// One refusal: the server has no room for the connection.
    Refusal,
    /// The same, its side of the connection being closed.
    RefusalShut,
    /// Nothing: its side of the connection is closed.
    Shut,
}

/// The result of a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnResult {
    /// The session waits for an event, or for its `due`.
    Wait,
    /// It has used up its turn and wants another.
    Yield,
    /// The same for a step of a TLS handshake, of which the worker takes so many in each loop.
    Handshake,
    /// The same, and a proxy has reported who its client is.
    Identified,
    /// It is over.
    Close,
}

/// What a turn works with.
struct Turn<'t, 'c, N> {
    net: &'t mut N,
    cx: &'t mut Cx<'c>,
    buffers: &'t mut SharedBuffers,
    deadline: SendDeadline,
    /// Bytes written and read in this turn.
    sent: usize,
    read: usize,
    /// The worker's count of exchanges when the turn began.
    served_before: u64,
}

impl<N> Turn<'_, '_, N> {
    /// Whether it has done as much as one turn may, before others have theirs.
    fn is_used_up(&self) -> bool {
        let served = self.cx.worker.served - self.served_before;
        self.sent.max(self.read) >= TURN_BYTES || served > TURN_REQUESTS
    }
}

impl<S> Session<S> {
    /// A session that was accepted just now; one that is not `admitted` gets a 503.
    pub fn new(
        socket: S,
        conn: Conn,
        peer: Option<IpAddr>,
        listener: u8,
        admitted: bool,
    ) -> Session<S> {
        Session {
            socket,
            conn,
            leftover: None,
            due: Time::NEVER,
            peer,
            listener,
            ready: Ready::default(),
            peer_port: 0,
            last_read: LastRead::Little,
            writing: if admitted { Writing::Open } else { Writing::Refusal },
            schedule: Schedule::New,
        }
    }

    /// Whether it can be evicted without losing data: not while its client is taking an answer.
    pub fn evictable(&self) -> Evictable {
        match &self.leftover {
            Some(leftover) if leftover.has_output() => Evictable::No,
            _ => self.conn.standing().evictable,
        }
    }

    /// How many of its answers take time: [`Shared::delayed`](crate::proto::Shared::delayed) is the
    /// sum.
    pub fn delayed(&self) -> usize {
        self.conn.standing().delayed as usize
    }

    /// What it is counted as.
    pub fn state(&self) -> ConnectionState {
        self.conn.standing().state
    }

    /// The timer of one of its streams has fired.
    pub fn fire(&mut self, stream: u32, worker: &mut Shared) {
        self.conn.fire(stream, worker);
    }

    /// Gives back what its machine holds of the worker: it is over.
    pub fn release(&mut self, worker: &mut Shared) {
        self.conn.release(worker);
    }

    /// The number of the listener it came through.
    pub fn listener(&self) -> usize {
        usize::from(self.listener & !COUNTED)
    }

    /// The same session, which is counted for its address.
    pub fn counted(self) -> Session<S> {
        Session { listener: self.listener | COUNTED, ..self }
    }

    /// It is counted for its address from now on.
    pub fn count(&mut self) {
        self.listener |= COUNTED;
    }

    /// Whether it is counted for its address.
    pub fn is_counted(&self) -> bool {
        self.listener & COUNTED != 0
    }

    /// Whether there was room for it.
    pub fn is_admitted(&self) -> bool {
        !matches!(self.writing, Writing::Refusal | Writing::RefusalShut)
    }

    /// The address of the client that a proxy has reported.
    pub fn client(&self) -> Option<IpAddr> {
        self.conn.client()
    }

    /// There is no room for that client: it gets a 503.
    pub fn refuse(&mut self) {
        self.writing = Writing::Refusal;
        self.conn.refuse();
    }

    /// What it speaks.
    pub fn conn(&self) -> &Conn {
        &self.conn
    }

    /// Why it ends, for the debug log.
    pub fn why(&self) -> &'static str {
        match (self.last_read, self.conn.standing().evictable) {
            _ if self.ready.has(Ready::BROKEN) => "the client reset it",
            _ if !self.is_admitted() => "there was no room for it",
            (LastRead::Eof, _) => "the client closed it",
            (_, Evictable::IdleSince(_)) => "it was idle",
            (_, Evictable::Lingers) => "its last answer was sent",
            (_, Evictable::No) => "the server closed it",
        }
    }

    /// Takes note of what the system reports.
    pub fn on_event(&mut self, event: Readiness) {
        self.ready.add(event);
    }

    /// How many bytes wait behind its output: [`SharedBuffers::collected`] is the sum.
    pub fn collected(&self) -> usize {
        self.leftover.as_ref().map_or(0, |leftover| leftover.backlog.len())
    }

    /// Does all that can be done now: writes, reads, lets the machine advance.
    pub fn turn<N>(&mut self, net: &mut N, cx: &mut Cx, buffers: &mut SharedBuffers) -> TurnResult
    where
        N: Net<Socket = S>,
    {
        let standing = self.conn.standing();
        cx.worker.delayed -= standing.delayed as usize;
        cx.edge.eof_reported = self.ready.has(Ready::ENDING);
        let deadline = buffers.load(self.leftover.take());
        let served_before = cx.worker.served;
        let mut turn = Turn { net, cx, buffers, deadline, sent: 0, read: 0, served_before };
        let result = match self.ready.has(Ready::BROKEN) {
            true => self.abandon(&mut turn),
            false => {
                self.run(&mut turn, standing.reads).unwrap_or_else(|_| self.abandon(&mut turn))
            }
        };
        let result = self.hold(&mut turn, result);
        self.leftover = turn.buffers.save(turn.deadline);
        let (worker, after) = (&mut *turn.cx.worker, self.conn.standing());
        worker.delayed += after.delayed as usize;
        worker.metrics.received_bytes += turn.read as u64;
        worker.metrics.sent_bytes += turn.sent as u64;
        if after.state != standing.state {
            worker.metrics.closed(standing.state);
            worker.metrics.opened(after.state);
        }
        result
    }

    /// The life of a request: what is ready is flushed, what the machine waits for is settled or
    /// fed to it, and it advances. It makes more only when all of its output was taken: a client
    /// that does not read costs no more than what it was already sent, or what may be
    /// [collected](Session::collect) for it.
    fn run<N>(&mut self, turn: &mut Turn<N>, reads: bool) -> io::Result<TurnResult>
    where
        N: Net<Socket = S>,
    {
        let mut next = self.first(turn, reads);
        loop {
            if let Some(result) = self.flush(turn, &next)? {
                return Ok(result);
            }
            if let Some(result) = self.settle(turn, &next) {
                return Ok(result);
            }
            self.feed(turn, &next)?;
            next = self.advance(turn);
        }
    }

    /// How a turn begins. What has arrived is read before the machine is called, so that no
    /// deadline passes for what it has not seen; unless there is more than a head already: a client
    /// that sends faster than it takes its answers would be read without bound.
    fn first<N>(&self, turn: &mut Turn<N>, reads: bool) -> Next {
        let Turn { cx, buffers, deadline, .. } = turn;
        let blocked = !buffers.output.is_empty() && !std::mem::take(&mut deadline.collecting);
        cx.edge.event = match (self.schedule, self.writing) {
            (Schedule::New, Writing::Refusal) => Event::Refused,
            _ if blocked => Event::WriteUnblocked,
            _ => Event::None,
        };
        let room = buffers.input.len() + READ_BYTES <= buffers.usual;
        let reads = reads && room && self.ready.has(Ready::READABLE);
        if reads && cx.edge.event != Event::Refused { Next::Read(Time::NEVER) } else { Next::Write }
    }

    /// Writes what is ready. Returns a result if output remains.
    fn flush<N: Net<Socket = S>>(
        &mut self,
        turn: &mut Turn<N>,
        next: &Next,
    ) -> io::Result<Option<TurnResult>> {
        let now = turn.cx.clock.now;
        if turn.buffers.is_flushed() {
            return Ok(None);
        }
        // Retry once for an overdue client: otherwise, with the token bucket empty, it would never
        // time out.
        if let Some(until) = turn.buffers.bucket.blocked_until(now)
            && !turn.deadline.has_passed(now)
        {
            return Ok(Some(self.wait(until)));
        }
        let sent = self.write(turn.net, turn.buffers)?;
        turn.sent += sent;
        // After so much it is not known whether the client would take more.
        if !turn.buffers.output.is_empty() && sent < TURN_BYTES {
            return self.blocked(turn, next).map(Some);
        }
        if !turn.buffers.is_flushed() {
            turn.deadline.extend(turn.cx, turn.sent);
            return Ok(Some(TurnResult::Yield));
        }
        Ok(None)
    }

    /// Returns a result if the session must wait or yield.
    fn settle<N: Net<Socket = S>>(
        &mut self,
        turn: &mut Turn<N>,
        next: &Next,
    ) -> Option<TurnResult> {
        match *next {
            Next::Close => Some(TurnResult::Close),
            Next::Reset => Some(self.reset(turn)),
            Next::Identified => Some(TurnResult::Identified),
            Next::Sleep(until) => {
                turn.deadline.clear();
                Some(self.wait(until))
            }
            Next::Read(until) | Next::Linger(until) if !self.ready.has(Ready::READABLE) => {
                turn.deadline.clear();
                self.shut(turn, next);
                Some(self.wait(until))
            }
            Next::Yield => {
                turn.deadline.clear();
                Some(TurnResult::Handshake)
            }
            _ if turn.is_used_up() => {
                match next {
                    Next::Write => turn.deadline.extend(turn.cx, turn.sent),
                    _ => turn.deadline.clear(),
                }
                Some(TurnResult::Yield)
            }
            _ => None,
        }
    }

    /// Gets what the machine waits for: the time, or input.
    fn feed<N: Net<Socket = S>>(&mut self, turn: &mut Turn<N>, next: &Next) -> io::Result<()> {
        match next {
            Next::Read(_) | Next::Linger(_) => {
                self.shut(turn, next);
                if !self.splice(turn)? {
                    turn.read +=
                        self.read(turn.net, &mut turn.buffers.input, turn.buffers.usual)?;
                }
                turn.cx.clock.fresh = false;
            }
            Next::ReadClock => {
                turn.cx.clock.now = turn.net.now();
                turn.cx.clock.fresh = true;
            }
            Next::Narrow => turn.net.narrow(&mut self.socket),
            _ => {}
        }
        Ok(())
    }

    fn advance<N>(&mut self, turn: &mut Turn<N>) -> Next {
        let Turn { cx, buffers, .. } = turn;
        cx.edge.read_eof = self.last_read == LastRead::Eof;
        let next = self.conn.advance(cx, &mut buffers.input, &mut buffers.output);
        cx.edge.event = Event::None;
        next
    }

    /// The connection is broken: what was begun is recorded.
    #[cold]
    fn abandon<N>(&mut self, turn: &mut Turn<N>) -> TurnResult {
        turn.cx.edge.event = Event::Reset;
        turn.cx.worker.metrics.broken += 1;
        self.advance(turn);
        TurnResult::Close
    }

    fn wait(&mut self, until: Time) -> TurnResult {
        self.due = until;
        TurnResult::Wait
    }

    fn shut<N: Net<Socket = S>>(&mut self, turn: &mut Turn<N>, next: &Next) {
        let shut = match self.writing {
            Writing::Open => Writing::Shut,
            Writing::Refusal => Writing::RefusalShut,
            Writing::Shut | Writing::RefusalShut => return,
        };
        if matches!(next, Next::Linger(_)) {
            self.writing = shut;
            turn.net.shutdown(&mut self.socket);
        }
    }
}
