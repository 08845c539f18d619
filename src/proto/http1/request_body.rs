//! A request's body while it arrives: its transfer coding is removed, the rest is the
//! [`Intake`]'s.

use super::body::{Decoder, Step as Decoded};
use super::encode::{self, CONTINUE, LAST_CHUNK, ResponseTerms};
use super::head::{Head, Length};
use super::play;
use crate::base::buf::Buf;
use crate::base::limits::{COPIED_BYTES, HIGH_WATER};
use crate::endpoint::{BodyRule, Found};
use crate::http::app::HalfClose;
use crate::http::modifiers::ReadSpeed;
use crate::http::reply::Refusal;
use crate::proto::canned_errors::NO_MEMORY;
use crate::proto::exchange::{Admission, Break, Exchange, Opened};
use crate::proto::intake::{Allowance, Intake, Sink, Taken};
use crate::proto::modify::Asked;
use crate::proto::{Cx, Next};

/// A request whose head has arrived, and as much of its body as has come.
#[derive(Debug)]
pub(super) struct RequestBody {
    decoder: Decoder,
    intake: Intake,
    /// Whether the length is not known beforehand; a streamed answer is chunked then.
    chunked: bool,
    /// Whether the receive buffer is still to be made small, because it is read slowly.
    narrows: bool,
}

/// What a body needs next.
pub(super) enum Step {
    /// More input, or room for output.
    Wait(Next),
    /// Nothing: it is complete.
    Done,
    /// Nothing: the client has sent its last byte, and the body is not complete.
    Gone,
    /// Nothing: a fault breaks the connection.
    Broken(Break),
}

impl RequestBody {
    /// Takes a request of whose body `bytes`, the unread input, may hold a part. A streamed answer
    /// begins here, unless the first chunk, as far as it is there, is malformed.
    pub(super) fn begin(
        cx: &mut Cx,
        terms: &mut ResponseTerms,
        head: &mut Head,
        asked: Asked,
        rule: BodyRule,
        bytes: &[u8],
        output: &mut Buf,
    ) -> Result<Box<RequestBody>, Refusal> {
        let Asked { found, plan } = asked;
        let read = plan.as_ref().and_then(|plan| plan.read);
        let slow = plan.as_ref().is_some_and(|plan| plan.reads_slowly());
        if slow {
            cx.check_delayed()?;
        }
        if let (BodyRule::Keep, Length::Exact(bytes)) = (rule, head.body)
            && !cx.worker.memory.has_for_body(bytes)
        {
            return Err(NO_MEMORY);
        }
        if head.expects_continue && bytes.len() == head.bytes && read != Some(ReadSpeed::Hang) {
            output.tail().extend_from_slice(CONTINUE);
        }
        let (head_bytes, rest) = bytes.split_at_checked(head.bytes).unwrap_or((bytes, b""));
        let (decoder, chunked) =
            (Decoder::new(head.body, &cx.app.limits), head.body == Length::Chunked);
        let sink = match (found, rule) {
            (Ok(found), BodyRule::Stream) => {
                decoder.check_first(rest)?;
                stream(cx, terms, head, found, output)
            }
            (_, rule) => Sink::of(rule),
        };
        let intake = Intake::new(cx, head_bytes, sink, plan);
        Ok(Box::new(RequestBody { decoder, intake, chunked, narrows: read.is_some() }))
    }

    /// Whether modifiers have stopped its reading for now.
    pub(super) fn is_held(&self) -> bool {
        self.intake.is_held()
    }

    /// Whether a client that has closed its side counts as gone: nothing more of the body is read,
    /// or a slow reading is cancelled.
    pub(super) fn is_abandoned(&self, cx: &Cx) -> bool {
        let cancels = cx.app.half_close == HalfClose::Cancel && self.is_held();
        cx.edge.eof_reported && (cancels || self.intake.is_silent())
    }

    /// Whether it is read slowly.
    pub(super) fn is_slow(&self) -> bool {
        self.intake.is_slow()
    }

    /// See [`Intake::streams`].
    pub(super) fn streams(&self) -> bool {
        self.intake.streams()
    }

    /// See [`Intake::write_unblocked`].
    pub(super) fn write_unblocked(&mut self, cx: &Cx) {
        self.intake.write_unblocked(cx);
    }

    /// See [`Standing::splice_budget`](crate::proto::Standing::splice_budget).
    pub(super) fn splice_budget(&self) -> u64 {
        let passes = self.streams() && !self.chunked && !self.intake.is_journaled();
        if passes { self.decoder.exactly() } else { 0 }
    }

    /// This many bytes of content have arrived.
    pub(super) fn count(&mut self, cx: &Cx, bytes: usize) {
        self.decoder.took(bytes);
        self.intake.count(cx, bytes);
    }

    /// Takes what has arrived. An error ends the connection.
    pub(super) fn step(
        &mut self,
        cx: &mut Cx,
        input: &mut Buf,
        output: &mut Buf,
    ) -> Result<Step, Refusal> {
        if std::mem::take(&mut self.narrows) {
            return Ok(Step::Wait(Next::Narrow));
        }
        loop {
            if output.len() >= HIGH_WATER {
                return Ok(Step::Wait(Next::Write));
            }
            let decoded = self.decoder.step(input.unread())?;
            let there = match decoded {
                Decoded::Content(bytes) => Some(bytes),
                Decoded::Skip(_) | Decoded::More => Some(0),
                Decoded::Done => None,
            };
            let most = match self.intake.allowance(cx, there) {
                Allowance::Bytes(most) => most,
                Allowance::Clock => return Ok(Step::Wait(Next::ReadClock)),
                Allowance::Wait(until) => return Ok(Step::Wait(Next::Sleep(until))),
                Allowance::Break(bytes, kind) => {
                    output.tail().extend_from_slice(&bytes);
                    return Ok(Step::Broken(kind));
                }
            };
            match decoded {
                Decoded::Skip(bytes) => input.consume(bytes),
                Decoded::Content(bytes) => self.take(cx, input, bytes.min(most), output)?,
                Decoded::More if cx.edge.read_eof => return Ok(Step::Gone),
                Decoded::More => {
                    self.intake.check_deadline(cx)?;
                    return Ok(Step::Wait(Next::Read(self.intake.deadline())));
                }
                Decoded::Done => {
                    if self.streams() && self.chunked {
                        output.tail().extend_from_slice(LAST_CHUNK);
                    }
                    return Ok(Step::Done);
                }
            }
        }
    }

    /// Takes the first `bytes` of input, which are content.
    fn take(
        &mut self,
        cx: &Cx,
        input: &mut Buf,
        bytes: usize,
        output: &mut Buf,
    ) -> Result<(), Refusal> {
        self.count(cx, bytes);
        if self.intake.is_journaled() {
            self.intake.journal(cx, input.unread().get(..bytes).unwrap_or_default());
        }
        if self.streams() && !self.chunked {
            input.move_to(bytes, output);
            return Ok(());
        }
        let content = input.unread().get(..bytes).unwrap_or_default();
        if self.streams() {
            encode::chunk(output.tail(), content);
        } else {
            self.intake.take(cx, content)?;
        }
        input.consume(bytes);
        Ok(())
    }

    /// See [`Intake::end`].
    pub(super) fn end(self) -> Taken {
        self.intake.end()
    }
}

/// Begins to answer with the request's own body, in the framing in which it arrives. An answer that
/// takes time first is given when the body is complete.
fn stream(
    cx: &mut Cx,
    terms: &mut ResponseTerms,
    head: &mut Head,
    found: Found,
    output: &mut Buf,
) -> Sink {
    let mut asked = Asked::plain(Ok(found));
    let Opened { exchange, admission } = Exchange::open(cx, &mut head.request, &mut asked);
    let mut exchange = match admission {
        Admission::Ready if exchange.echoes() => Box::new(exchange),
        Admission::Ready | Admission::Overloaded | Admission::Delayed => {
            exchange.withdraw(cx);
            return if admission == Admission::Delayed { Sink::Keep } else { Sink::Discard };
        }
    };
    let length = match head.body {
        Length::Exact(bytes) => Some(bytes),
        Length::Chunked => None,
    };
    play::answer(&mut exchange, terms, cx, &head.request, length, output.tail());
    Sink::Stream(exchange)
}

/// Gives a request its body; returns its `all` bytes, at the front of these.
#[inline(always)]
pub(super) fn take_body<'a>(head: &mut Head<'a>, bytes: &'a [u8], all: usize) -> &'a [u8] {
    head.request.body = bytes.get(head.bytes..all).unwrap_or_default();
    head.request.body_bytes = head.request.body.len() as u64;
    bytes.get(..all).unwrap_or_default()
}

/// How many bytes the request is, if `bytes` hold it to its end and it can be answered as it is.
pub(super) fn complete_bytes(
    cx: &Cx,
    head: &Head,
    asked: &Asked,
    rule: BodyRule,
    bytes: &[u8],
) -> Option<usize> {
    let Length::Exact(length) = head.body else { return None };
    let all = head.bytes.checked_add(usize::try_from(length).ok()?)?;
    match rule {
        _ if asked.changes_reading() => None,
        BodyRule::Keep if is_too_large(head, cx) => None,
        BodyRule::Stream if all >= COPIED_BYTES => None,
        BodyRule::Hash if length > 0 => None,
        _ => (all <= bytes.len()).then_some(all),
    }
}

/// Whether the body, by the length in the head, is longer than one that is kept may be.
pub(super) fn is_too_large(head: &Head, cx: &Cx) -> bool {
    matches!(head.body, Length::Exact(length) if length > cx.app.limits.body_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::time::Time;
    use crate::http::app::App;
    use crate::proto::Event;
    use crate::proto::conn::Protocol;
    use crate::proto::test_driver::Driver;

    fn driver() -> Driver {
        Driver::new(App { records: true, ..App::default() }, Protocol::Http, 1)
    }

    /// This many bytes are spliced, then these arrive.
    fn arrive(driver: &mut Driver, spliced: usize, bytes: &[u8]) -> Next {
        driver.output.clear();
        driver.edge.event = if spliced > 0 { Event::Spliced(spliced) } else { Event::None };
        driver.receive(bytes)
    }

    fn budget(driver: &Driver) -> u64 {
        driver.conn.standing().splice_budget
    }

    #[test]
    fn what_was_spliced_counts_as_read() {
        let mut driver = driver();
        assert_eq!(budget(&driver), 0);
        let timeout = driver.app.limits.body_timeout;
        let head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
        assert_eq!(arrive(&mut driver, 0, head), Next::Read(Time::START.after(timeout)));
        assert_eq!(budget(&driver), 100_000);
        // It has its time for the next piece, from now on.
        driver.clock.now = Time::from_micros(50_000_000);
        assert_eq!(arrive(&mut driver, 70_000, b""), Next::Read(driver.clock.now.after(timeout)));
        assert_eq!(budget(&driver), 30_000);
        assert_eq!(arrive(&mut driver, 0, b"four"), Next::Read(driver.clock.now.after(timeout)));
        assert_eq!((budget(&driver), driver.worker.records.len()), (29_996, 0));
        let idle = driver.clock.now.after(driver.app.limits.keep_alive_timeout);
        assert_eq!(arrive(&mut driver, 29_996, b""), Next::Read(idle));
        assert_eq!(budget(&driver), 0);
        let mut bytes = 0;
        driver.worker.records.drain(|record| bytes += record.body_bytes);
        assert_eq!(bytes, 100_000);
    }

    #[test]
    fn a_request_began_with_its_head_whatever_came_of_its_body() {
        const LATER: Time = Time::from_micros(5);
        for (head, rest, error) in [
            ("/post HTTP/1.1\r\nContent-Length: 5", "hello", None),
            ("/post HTTP/1.1\r\nTransfer-Encoding: chunked", "x\r\n", Some("a chunk size")),
            ("/echo HTTP/1.1\r\nTransfer-Encoding: chunked", "x\r\n", Some("a chunk size")),
        ] {
            let mut driver = driver();
            arrive(&mut driver, 0, format!("POST {head}\r\nHost: a\r\n\r\n").as_bytes());
            driver.clock.now = LATER;
            arrive(&mut driver, 0, rest.as_bytes());
            let mut seen = Vec::new();
            driver.worker.records.drain(|record| seen.push(record.clone()));
            assert_eq!(seen.len(), 1, "{head}");
            assert_eq!(seen[0].started, Time::START, "{head}");
            let error_seen = seen[0].error.as_deref();
            assert_eq!(
                error_seen.map(|text| text.starts_with(error.unwrap_or("?"))),
                error.map(|_| true)
            );
            assert_eq!(seen[0].strings.line().method, Some(b"POST".as_slice()));
        }
    }

    #[test]
    fn what_does_not_go_back_unchanged_is_not_spliced() {
        for rest in
            ["/echo HTTP/1.1\r\nTransfer-Encoding: chunked", "/post HTTP/1.1\r\nContent-Length: 99"]
        {
            let mut driver = driver();
            arrive(&mut driver, 0, format!("POST {rest}\r\nHost: a\r\n\r\n").as_bytes());
            assert_eq!(budget(&driver), 0, "{rest}");
        }
    }
}
