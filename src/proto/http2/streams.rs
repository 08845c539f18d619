//! The streams of all HTTP/2 connections of a worker that are not answered at once, and their
//! timers.
//!
//! One slab and one wheel for all connections: a stream that waits costs a slot, a link and its
//! entry in the index of its connection, and no connection has a table of
//! a size of its own.

use super::active::{Active, Work};
use super::priority::Priority;
use crate::base::slab::{Slab, Token};
use crate::base::time::Time;
use crate::base::wheel::Wheel;
use crate::proto::exchange::Exchange;

/// No stream.
pub const NONE: u32 = u32::MAX;

/// A stream whose answer is not complete.
#[derive(Debug)]
pub struct Stream {
    /// What it does.
    pub state: State,
    /// The number of its connection in the worker.
    pub connection: u32,
    /// Its identifier (RFC 9113 5.1.1).
    pub id: u32,
    previous: u32,
    next: u32,
    /// Bytes that have arrived on it and that the window of the connection was not increased by;
    /// no more than the stream's window.
    pub held: u16,
    /// Which of the connection's kept heads its request has.
    pub head: u8,
    /// When it is served, compared with others.
    pub priority: Priority,
    /// Whether it counts among the delayed answers.
    pub slow: bool,
    list: List,
}

/// What a stream does.
#[derive(Debug)]
pub enum State {
    /// Its request is complete; its answer waits for its time.
    Waiting(Exchange),
    /// Its request is complete, and it is opened when other bodies are sent.
    Queued(Queued),
    /// A body comes or goes.
    Active(Box<Active>),
    /// It is being served just now.
    Served,
}

/// A request that is opened later.
#[derive(Debug)]
pub struct Queued {
    /// What the stream keeps of it.
    pub(super) own: Box<[u8]>,
    /// See [`Active::window`].
    pub(super) window: i64,
    /// When it came.
    pub(super) began: Time,
}

/// The list that a stream is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// None: it waits for a timer, for the client, or is being served.
    None,
    /// Those that can be served, by urgency: 0 first.
    Ready(u8),
    /// Those whose delay begins when a clock is read.
    Unclocked,
    /// Those that wait for the window of their connection.
    Blocked,
    /// Those that wait until other bodies are sent.
    Queued,
}

/// The two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Ends {
    first: u32,
    last: u32,
}

const EMPTY: Ends = Ends { first: NONE, last: NONE };
const READY: usize = 8;

/// The lists of a connection: linked through the streams, so that a stream leaves one in a few
/// writes.
#[derive(Debug)]
pub struct Lists {
    ends: [Ends; READY + 3],
}

impl Default for Lists {
    fn default() -> Lists {
        Lists { ends: [EMPTY; READY + 3] }
    }
}

impl List {
    fn place(self) -> Option<usize> {
        match self {
            List::None => None,
            List::Ready(urgency) => Some(usize::from(urgency).min(READY - 1)),
            List::Unclocked => Some(READY),
            List::Blocked => Some(READY + 1),
            List::Queued => Some(READY + 2),
        }
    }
}

impl Lists {
    fn ends(&mut self, list: List) -> Option<&mut Ends> {
        list.place().and_then(|place| self.ends.get_mut(place))
    }

    /// The first stream of a list.
    pub fn first(&self, list: List) -> Option<u32> {
        let ends = list.place().and_then(|place| self.ends.get(place))?;
        (ends.first != NONE).then_some(ends.first)
    }

    /// The first stream that can be served, by urgency.
    pub fn first_ready(&self) -> Option<u32> {
        self.ends.iter().take(READY).map(|ends| ends.first).find(|first| *first != NONE)
    }

    /// Appends a stream to a list, having taken it off its own.
    pub fn push(&mut self, streams: &mut Streams, slot: u32, list: List) {
        self.remove(streams, slot);
        let Some(ends) = self.ends(list) else { return };
        let last = std::mem::replace(&mut ends.last, slot);
        match streams.get(last) {
            Some(stream) => stream.next = slot,
            None => ends.first = slot,
        }
        if let Some(stream) = streams.get(slot) {
            (stream.previous, stream.next, stream.list) = (last, NONE, list);
        }
    }

    /// Takes a stream off the list that it is on.
    pub fn remove(&mut self, streams: &mut Streams, slot: u32) {
        let Some(stream) = streams.get(slot) else { return };
        let (previous, next) = (stream.previous, stream.next);
        let list = std::mem::replace(&mut stream.list, List::None);
        let Some(ends) = self.ends(list) else { return };
        match streams.get(previous) {
            Some(stream) => stream.next = next,
            None => ends.first = next,
        }
        match streams.get(next) {
            Some(stream) => stream.previous = previous,
            None => ends.last = previous,
        }
    }
}

/// The streams of a worker.
#[derive(Debug, Default)]
pub struct Streams {
    slab: Slab<Stream>,
    wheel: Wheel,
    fired: Vec<u32>,
}

impl Streams {
    /// Adds a stream, which is on no list and has no timer, and returns its slot.
    pub fn insert(
        &mut self,
        connection: u32,
        id: u32,
        state: State,
        (head, priority): (u8, Priority),
    ) -> u32 {
        let (previous, next, list) = (NONE, NONE, List::None);
        let (held, slow) = (0, false);
        let stream =
            Stream { state, connection, id, previous, next, held, head, priority, slow, list };
        self.slab.insert(stream).index
    }

    /// The stream in this slot.
    pub fn get(&mut self, slot: u32) -> Option<&mut Stream> {
        self.slab.at_mut(slot)
    }

    /// Removes a stream, which must be on no list, and its timer.
    pub fn remove(&mut self, slot: u32) -> Option<Stream> {
        self.wheel.disarm(slot);
        let token: Token = self.slab.token_at(slot)?;
        self.slab.remove(token)
    }

    /// Its connection has something to do for this stream at `at`.
    pub fn arm(&mut self, slot: u32, at: Time) {
        self.wheel.arm(slot, at);
    }

    /// Whether it has a timer.
    pub fn is_armed(&self, slot: u32) -> bool {
        self.wheel.is_armed(slot)
    }

    /// The number of those that have one.
    pub fn armed(&self) -> usize {
        self.wheel.armed()
    }

    /// The number of streams.
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// When [`expire`](Streams::expire) must be called next.
    pub fn next(&self) -> Time {
        self.wheel.next()
    }

    /// Appends the connection and the slot of streams whose time has come, at most `most` of them.
    pub fn expire(&mut self, now: Time, most: usize, fired: &mut Vec<(u32, u32)>) {
        self.wheel.expire(now, most, &mut self.fired);
        for slot in self.fired.drain(..) {
            let Some(stream) = self.slab.at_mut(slot) else { continue };
            match stream.due() {
                // The timer was armed for an earlier time, which has moved away since.
                due if due > now => self.wheel.arm(slot, due),
                _ => fired.push((stream.connection, slot)),
            }
        }
    }
}

impl State {
    /// Makes one that waits an active one, and returns what that has.
    pub(super) fn activate(&mut self) -> Option<&mut Active> {
        if let State::Waiting(_) = self
            && let State::Waiting(exchange) = std::mem::replace(self, State::Served)
        {
            let due = exchange.due();
            let active = Active::new(Work::Sending(exchange));
            *self = State::Active(Box::new(Active { due, ..active }));
        }
        match self {
            State::Active(active) => Some(active),
            _ => None,
        }
    }
}

impl Stream {
    /// When it has something to do, whatever happens.
    pub(super) fn due(&self) -> Time {
        match &self.state {
            State::Waiting(exchange) => exchange.due(),
            State::Active(active) => active.due,
            State::Queued(..) | State::Served => Time::NEVER,
        }
    }

    /// Where it waits when it can be served.
    pub fn ready_list(&self) -> List {
        List::Ready(self.priority.urgency)
    }

    /// The list that it is on.
    pub fn list(&self) -> List {
        self.list
    }
}
