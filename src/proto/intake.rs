//! What becomes of a request's body: kept, discarded, or sent back while it arrives, in any
//! protocol. Its transfer coding has been removed.

mod reading;

use sha2::{Digest, Sha256};

use super::Cx;
use super::canned_errors::{NO_MEMORY, TOO_SLOW, too_large};
use super::exchange::Exchange;
use crate::base::time::Time;
use crate::endpoint::BodyRule;
use crate::http::modifiers::Plan;
use crate::http::reply::Refusal;
use crate::http::request::Request;
pub use reading::Allowance;
use reading::Reading;

/// A request whose body is arriving.
#[derive(Debug)]
pub struct Intake {
    sink: Sink,
    /// The request as far as it is kept: the bytes of its head, unless its answer has begun, then
    /// those of its body.
    request: Vec<u8>,
    /// Bytes of content so far.
    content: u64,
    /// When its head had arrived.
    began: Time,
    /// The next piece must arrive by then.
    until: Time,
    /// How long modifiers kept it unread, in microseconds, which is not the client's time.
    held_us: u64,
    /// What the journal gets of a body that is not kept, and how many more bytes.
    journaled: Option<(Vec<u8>, usize)>,
    /// What modifiers do to the answer, and to how the body is read.
    modified: Option<Reading>,
}

/// Where the content goes.
#[derive(Debug)]
pub enum Sink {
    /// Nowhere.
    Discard,
    /// Into this hash.
    Hash(Box<Sha256>),
    /// Behind the head, for an endpoint that reads it.
    Keep,
    /// Back to the client, as this answer's body.
    Stream(Box<Exchange>),
}

/// The result of an intake, whether its body is complete or not.
#[derive(Debug)]
pub enum Taken {
    /// An answer that has begun.
    Answer(Exchange),
    /// A request that has not been answered.
    Request(TakenRequest),
}

/// A request that has arrived, or as much of it as has.
#[derive(Debug)]
pub struct TakenRequest {
    /// Its head, and then its body, if that is kept for its endpoint.
    pub bytes: Vec<u8>,
    /// The beginning of a body that is not, for the journal.
    pub journaled: Option<Vec<u8>>,
    /// Bytes of content.
    pub content: u64,
    /// When its head had arrived.
    pub began: Time,
    /// The hash of its body, if its endpoint wants that.
    pub hash: Option<Box<Sha256>>,
    /// What modifiers do to its answer.
    pub plan: Option<Box<Plan>>,
}

impl Sink {
    /// For a body that does not go back while it arrives.
    pub fn of(rule: BodyRule) -> Sink {
        match rule {
            BodyRule::Keep => Sink::Keep,
            BodyRule::Hash => Sink::Hash(Box::default()),
            BodyRule::Discard | BodyRule::Stream => Sink::Discard,
        }
    }
}

impl TakenRequest {
    /// Its body is complete, and its hash has the place of it.
    pub fn append_hash(&mut self) {
        self.bytes.extend(self.hash.take().into_iter().flat_map(|hash| hash.finalize()));
    }

    /// Gives the request that was read again from its bytes what they do not have.
    pub fn complete<'a>(&'a self, request: &mut Request<'a>) {
        (request.body_bytes, request.journaled) = (self.content, self.journaled.as_deref());
    }
}

impl Intake {
    /// Takes the body of a request whose head was `head`.
    pub fn new(cx: &Cx, head: &[u8], sink: Sink, plan: Option<Box<Plan>>) -> Intake {
        let now = cx.clock.now;
        // A request whose answer has begun is not read again.
        let streams = matches!(sink, Sink::Stream(_));
        let request = if streams { Vec::new() } else { head.to_vec() };
        let modified = plan.map(Reading::new);
        let (content, held_us) = (0, 0);
        let journal = cx.app.journal.as_ref().filter(|_| !matches!(sink, Sink::Keep));
        let journaled = journal.map(|journal| (Vec::new(), journal.longest_body()));
        let (began, until) = (now, now);
        let mut intake =
            Intake { sink, request, content, began, until, held_us, journaled, modified };
        intake.extend_deadline(cx);
        intake
    }

    /// When the next piece must have arrived.
    pub fn deadline(&self) -> Time {
        self.until
    }

    /// Whether the body goes back while it arrives.
    pub fn streams(&self) -> bool {
        matches!(self.sink, Sink::Stream(_))
    }

    /// Restarts the time for the next piece after back-pressure stopped reading. How often that
    /// happens is bounded by the time for the whole body.
    pub fn write_unblocked(&mut self, cx: &Cx) {
        self.until = cx.clock.now.after(cx.app.limits.body_timeout).min(self.latest(cx));
    }

    /// The client has its time for the next piece; less if it was too slow so far, or took too
    /// long.
    fn extend_deadline(&mut self, cx: &Cx) {
        let limits = &cx.app.limits;
        let earned_us = u128::from(self.content) * 1_000_000 / u128::from(limits.body_rate.max(1));
        let earned_us = u64::try_from(earned_us).unwrap_or(u64::MAX).saturating_add(self.held_us);
        let slowest = self.began.after_us(earned_us);
        let slowest = slowest.after(limits.body_timeout);
        self.until = cx.clock.now.after(limits.body_timeout).min(slowest).min(self.latest(cx));
    }

    fn latest(&self, cx: &Cx) -> Time {
        self.began.after(cx.app.limits.request_timeout).after_us(self.held_us)
    }

    /// This many bytes of content have arrived.
    pub fn count(&mut self, cx: &Cx, bytes: usize) {
        self.content += bytes as u64;
        self.extend_deadline(cx);
        if let Sink::Stream(exchange) = &mut self.sink {
            exchange.count(bytes);
        }
    }

    /// Takes content that has been [counted](Intake::count) and is not streamed.
    pub fn take(&mut self, cx: &Cx, content: &[u8]) -> Result<(), Refusal> {
        match self.sink {
            Sink::Keep if self.content > cx.app.limits.body_bytes => {
                return Err(too_large(&cx.app.limits));
            }
            Sink::Keep if !cx.worker.memory.has_for_body(self.content) => return Err(NO_MEMORY),
            Sink::Keep => self.request.extend_from_slice(content),
            Sink::Hash(ref mut hash) => hash.update(content),
            Sink::Discard | Sink::Stream(_) => {}
        }
        Ok(())
    }

    /// Whether the journal gets a body that is not kept for an endpoint.
    pub fn is_journaled(&self) -> bool {
        self.journaled.as_ref().is_some_and(|(_, more)| *more > 0)
    }

    /// Keeps content that has been [counted](Intake::count) for the journal, as far as there is
    /// room.
    pub fn journal(&mut self, cx: &Cx, content: &[u8]) {
        let Some((kept, more)) = &mut self.journaled else { return };
        let has_room = cx.worker.memory.has_for_body(kept.len() as u64);
        let most = if has_room { *more } else { 0 };
        let piece = content.get(..most).unwrap_or(content);
        kept.extend_from_slice(piece);
        *more = most - piece.len();
    }

    /// Whether the client has not sent the next piece in time.
    pub fn check_deadline(&self, cx: &Cx) -> Result<(), Refusal> {
        if cx.clock.now < self.until { Ok(()) } else { Err(TOO_SLOW) }
    }

    /// Bytes of content that are kept.
    pub fn kept_bytes(&self) -> u64 {
        if matches!(self.sink, Sink::Keep) { self.content } else { 0 }
    }

    /// Whether modifiers slow the reading.
    pub fn is_slow(&self) -> bool {
        self.modified.as_ref().is_some_and(Reading::is_slow)
    }

    /// Whether modifiers have stopped it for now.
    pub fn is_held(&self) -> bool {
        self.modified.as_ref().is_some_and(Reading::is_held)
    }

    /// Whether modifiers have stopped it for good.
    pub fn is_silent(&self) -> bool {
        self.modified.as_ref().is_some_and(Reading::is_silent)
    }

    /// How much may be taken of so many bytes of content that have arrived; `None` at its end.
    pub fn allowance(&mut self, cx: &Cx, there: Option<usize>) -> Allowance {
        let Some(reading) = &mut self.modified else { return Allowance::Bytes(usize::MAX) };
        let held_us = reading.held_us(cx.clock.now);
        self.held_us = self.held_us.saturating_add(held_us);
        self.until = self.until.after_us(held_us);
        reading.allowance(cx, self.began, self.content, there)
    }

    /// No more of the body is taken.
    pub fn end(self) -> Taken {
        let journaled = self.journaled.map(|journaled| journaled.0);
        match self.sink {
            Sink::Stream(mut exchange) => {
                exchange.received(journaled.unwrap_or_default(), self.content);
                Taken::Answer(*exchange)
            }
            sink => {
                let Intake { request: bytes, content, began, modified, .. } = self;
                let hash = if let Sink::Hash(hash) = sink { Some(hash) } else { None };
                let plan = modified.map(|reading| reading.plan);
                Taken::Request(TakenRequest { bytes, journaled, content, began, hash, plan })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::http::app::App;
    use crate::http::journal::SharedJournal;
    use crate::proto::conn::Protocol;
    use crate::proto::test_driver::Driver;

    /// The time a client was blocked does not count, but the time for the whole body goes on.
    #[test]
    fn a_client_that_was_kept_from_sending_has_its_time_again() {
        let mut app = App::default();
        app.limits.body_timeout = Duration::from_secs(20);
        app.limits.request_timeout = Duration::from_secs(60);
        let mut driver = Driver::new(app, Protocol::Http, 1);
        let mut cx = driver.cx();
        let at = |seconds: u64| Time::START.after(Duration::from_secs(seconds));
        let mut intake = Intake::new(&cx, b"", Sink::Discard, None);
        assert_eq!(intake.deadline(), at(20));
        for (now, until) in [(30, 50), (39, 59), (41, 60), (59, 60)] {
            cx.clock.now = at(now);
            intake.write_unblocked(&cx);
            assert_eq!(intake.deadline(), at(until), "{now}");
        }
    }

    #[test]
    fn the_journal_has_the_body_that_was_hashed_and_not_its_hash() {
        let journal = SharedJournal::default();
        journal.resize(9, 1 << 20);
        let app = App { records: true, journal: Some(journal.clone()), ..App::default() };
        let mut driver = Driver::new(app, Protocol::Http, 1);
        driver.receive(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na");
        driver.receive(b"bc");
        let received = &journal.entries()[0].received;
        assert_eq!((&*received.body, received.body_bytes), (&b"abc"[..], 3));
        let answer = String::from_utf8_lossy(driver.output.unread()).into_owned();
        assert!(answer.contains("\"sha256\": \"ba7816bf8f01cfea"), "{answer}");
    }

    /// The bytes wait with it, and may be megabytes.
    #[test]
    fn a_request_does_not_keep_what_only_the_journal_has() {
        let journal = SharedJournal::default();
        journal.resize(9, 8);
        let app = App { records: true, journal: Some(journal), ..App::default() };
        let mut driver = Driver::new(app, Protocol::Http, 1);
        let cx = driver.cx();
        let mut intake = Intake::new(&cx, b"head", Sink::Discard, None);
        [b"ab", b"cd", b"ef"].into_iter().for_each(|piece| intake.journal(&cx, piece));
        let Taken::Request(taken) = intake.end() else { panic!("it has no answer") };
        let journaled = taken.journaled.as_deref();
        assert_eq!((&*taken.bytes, journaled), (b"head".as_slice(), Some(b"abcd".as_slice())));
    }
}
