//! Raw TCP echo with a listener's modifiers: what was read goes back later, slowly, or in part.

use std::collections::VecDeque;
use std::time::Duration;

use crate::base::buf::Buf;
use crate::base::limits::{HELD_ECHO_BYTES, HELD_ECHO_READS, HIGH_WATER, RATE_BURST_US};
use crate::base::time::Time;
use crate::http::metrics::ConnectionState;
use crate::http::modifiers::draw::nth_seed;
use crate::http::modifiers::plan::echo_due;
use crate::http::modifiers::{At, Fault, FaultKind, Plan, Protocol, rate};
use crate::proto::{Cx, Event, Next, Standing, Upgrade, defaults};

/// A connection whose echo is modified.
#[derive(Debug)]
pub struct ModifiedEcho {
    /// The seed of the connection; each read draws its delay with a seed that follows from it.
    seed: u64,
    /// Reads so far.
    drawn: u64,
    /// Most bytes sent per second.
    rate: Option<u64>,
    fault: Option<(FaultKind, Place)>,
    received: u64,
    sent: u64,
    /// What has been read and not sent, and by how much of it each read is due when.
    held: VecDeque<u8>,
    reads: VecDeque<Read>,
    /// When the last bytes were sent, at the rate.
    line_free: Time,
}

/// A read that has not been sent back, or the rest of it.
#[derive(Clone, Copy, Debug)]
struct Read {
    due: Time,
    bytes: usize,
}

/// Where a connection breaks; at the latest when the client has ended its side and everything was
/// sent back.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// When so many bytes were sent back; 0: in place of the first.
    Sent(u64),
    /// When so many bytes were read.
    Received(u64),
}

/// What is held after everything that is due was sent.
enum Held {
    Nothing,
    /// The next bytes are due then.
    Until(Time),
    /// As much as the output may have.
    Due,
    /// What comes next breaks the connection.
    Break,
}

impl ModifiedEcho {
    /// An echo under this plan. A share of a body, or a number of events, has no meaning in it.
    pub fn new(plan: &Plan) -> ModifiedEcho {
        let place = |fault: Fault| {
            let place = match fault.at {
                None => Place::Sent(0),
                Some(At::Byte(bytes)) => Place::Sent(bytes),
                Some(At::Upload(bytes)) => Place::Received(bytes),
                Some(At::Connect) => Place::Received(0),
                Some(At::Share(_) | At::Event(_)) => return None,
            };
            Some((fault.kind, place))
        };
        ModifiedEcho {
            seed: plan.seed,
            drawn: 0,
            rate: plan.rate,
            fault: plan.fault.and_then(place),
            received: 0,
            sent: 0,
            held: VecDeque::new(),
            reads: VecDeque::new(),
            line_free: Time::START,
        }
    }

    /// See [`Standing`]. Beyond the bound on what it holds, it does not read.
    #[inline(always)]
    pub fn standing(&self) -> Standing {
        let state = ConnectionState::Tunnel;
        Standing { state, reads: !self.is_full(), ..Standing::READS }
    }

    fn is_full(&self) -> bool {
        self.held.len() >= HELD_ECHO_BYTES || self.reads.len() >= HELD_ECHO_READS
    }

    /// See [`proto`](crate::proto).
    pub fn advance(&mut self, cx: &Cx, input: &mut Buf, output: &mut Buf) -> Next {
        if matches!(cx.edge.event, Event::Refused | Event::Reset) {
            return Next::Close;
        }
        if !input.is_empty() {
            if !cx.clock.fresh {
                return Next::ReadClock;
            }
            self.hold(cx, input);
        }
        let ends = cx.edge.read_eof || cx.ends_idle();
        match (self.send(cx.clock.now, output), self.fault) {
            (Held::Break, Some((kind, _))) => Next::Become(Box::new(Upgrade::Broken(kind))),
            (Held::Nothing, Some((kind, _))) if cx.edge.read_eof => {
                Next::Become(Box::new(Upgrade::Broken(kind)))
            }
            (Held::Nothing | Held::Break, _) if ends => Next::Close,
            (Held::Nothing | Held::Break, _) => Next::Read(Time::NEVER),
            (Held::Until(due), _) if ends || self.is_full() => Next::Sleep(due),
            (Held::Until(due), _) => Next::Read(due),
            (Held::Due, _) => Next::Write,
        }
    }

    /// Keeps what was read until it is due; never before what was read earlier.
    fn hold(&mut self, cx: &Cx, input: &mut Buf) {
        let bytes = input.len();
        let due = echo_due(cx.clock.now, self.draw_delay(cx));
        let due = self.reads.back().map_or(due, |last| due.max(last.due));
        self.held.extend(input.unread());
        input.clear();
        self.received += bytes as u64;
        self.reads.push_back(Read { due, bytes });
    }

    /// The delay of the next read, in microseconds.
    fn draw_delay(&mut self, cx: &Cx) -> u64 {
        let asked = defaults::asked(cx.app, cx.ends.modifiers, Protocol::TcpEcho);
        let seed = nth_seed(self.seed, self.drawn);
        self.drawn += 1;
        asked.map_or(0, |asked| defaults::planned(&asked, cx.app, seed).delay_us)
    }

    /// Appends what is due.
    fn send(&mut self, now: Time, output: &mut Buf) -> Held {
        loop {
            if self.breaks() {
                return Held::Break;
            }
            let Some(read) = self.reads.front().copied() else { return Held::Nothing };
            let bytes = self.slice(read);
            let begins = read.due.max(self.line_free);
            let due =
                self.rate.map_or(read.due, |rate| begins.after_us(rate::time_us(bytes, rate)));
            if now < due {
                return Held::Until(due);
            }
            if let Some((_, Place::Sent(0))) = self.fault {
                return Held::Break;
            }
            if output.len() >= HIGH_WATER {
                return Held::Due;
            }
            // A client that did not read for a while may catch up with a little only.
            self.line_free = due.max(now.before(Duration::from_micros(RATE_BURST_US)));
            self.take(bytes, output);
        }
    }

    /// Whether enough was sent back, or read.
    fn breaks(&self) -> bool {
        match self.fault {
            Some((_, Place::Sent(bytes))) => bytes > 0 && self.sent >= bytes,
            Some((_, Place::Received(bytes))) => self.received >= bytes,
            None => false,
        }
    }

    /// How many bytes of the first read are sent at once.
    fn slice(&self, read: Read) -> usize {
        let mut bytes = read.bytes;
        if let Some(rate) = self.rate {
            bytes = bytes.min(rate::slice(rate));
        }
        if let Some((_, Place::Sent(most @ 1..))) = self.fault {
            bytes = bytes.min(usize::try_from(most - self.sent).unwrap_or(bytes));
        }
        bytes
    }

    /// Moves bytes of the first read to the output.
    fn take(&mut self, bytes: usize, output: &mut Buf) {
        output.tail().extend(self.held.drain(..bytes));
        self.sent += bytes as u64;
        if let Some(first) = self.reads.front_mut() {
            first.bytes -= bytes;
        }
        if self.reads.front().is_some_and(|first| first.bytes == 0) {
            self.reads.pop_front();
        }
    }
}

#[cfg(test)]
mod tests;
