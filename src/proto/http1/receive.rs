//! A request whose body is still coming: collected, thrown away, or passed back.

use super::body::{self, Decoder};
use super::head::{self, Head, Length};
use super::refusals::{TOO_SLOW, too_large};
use super::write::{self, CONTINUE, LAST_CHUNK};
use super::{Http1, Stage, origin};
use crate::base::buf::Buf;
use crate::base::limits::HIGH_WATER;
use crate::base::time::Time;
use crate::endpoint::{self, BodyRule, Found};
use crate::http::reply::Refusal;
use crate::proto::exchange::{self, Exchange};
use crate::proto::{Cx, Next};

/// A head, and as much of its body as has come.
#[derive(Debug)]
pub(super) struct Receive {
    /// The head as it was sent.
    head: Box<[u8]>,
    decoder: Decoder,
    sink: Sink,
    /// Bytes of content so far.
    content: u64,
    /// When it began.
    began: Time,
    /// The next piece must have come by then.
    until: Time,
}

/// Where the content goes.
#[derive(Debug)]
enum Sink {
    Discard,
    Keep(Vec<u8>),
    Echo { exchange: Box<Exchange>, chunked: bool },
}

/// How it stands with a body.
pub(super) enum Step {
    /// More is to come, or to be written first.
    Wait(Next),
    /// The request is whole: its head, its body without transfer coding if it was kept, and the
    /// length of the body.
    Answer { head: Box<[u8]>, body: Vec<u8>, content: u64 },
    /// The body has been passed back to its end.
    Echoed(Exchange),
}

/// Why a body ends before its end.
pub(super) enum Fault {
    /// It can still be said why.
    Refused(Refusal),
    /// It cannot: the answer has already begun.
    Broken,
    /// The client has sent its last byte, and the body is not whole.
    Gone,
}

impl Receive {
    /// Takes on a request of whose body `bytes`, the unread input, may hold a part, and says how
    /// many of them are the head. What is passed back begins to be answered here, unless its first
    /// chunk, as far as it is there, is bad.
    pub(super) fn begin(
        cx: &mut Cx,
        head: Head,
        found: Result<Found, Refusal>,
        rule: BodyRule,
        bytes: &[u8],
        output: &mut Buf,
    ) -> Result<(Box<Receive>, usize), Refusal> {
        if head.expects_continue && bytes.len() == head.bytes {
            output.tail().extend_from_slice(CONTINUE);
        }
        let (decoder, head_bytes) = (Decoder::new(head.body, &cx.app.limits), head.bytes);
        let sink = match (found, rule) {
            (_, BodyRule::Keep) => Sink::Keep(Vec::new()),
            (Ok(found), BodyRule::Stream) => {
                decoder.check_first(bytes.get(head_bytes..).unwrap_or_default())?;
                echo(cx, head, &found, output)
            }
            _ => Sink::Discard,
        };
        let head = Box::from(bytes.get(..head_bytes).unwrap_or_default());
        let (content, began) = (0, cx.now);
        let mut receive = Box::new(Receive { head, decoder, sink, content, began, until: began });
        receive.renew(cx);
        Ok((receive, head_bytes))
    }

    /// When its head had come.
    pub(super) fn began(&self) -> Time {
        self.began
    }

    /// Its head, which it has no more use for.
    pub(super) fn take_head(&mut self) -> Box<[u8]> {
        std::mem::take(&mut self.head)
    }

    /// Whether the body goes back while it comes.
    pub(super) fn echoes(&self) -> bool {
        matches!(self.sink, Sink::Echo { .. })
    }

    /// The client is gone: what it asked is recorded.
    pub(super) fn abandon(self, cx: &mut Cx) {
        *cx.left += 1;
        self.cut(cx);
    }

    /// The body ends before its end: what was answered so far is recorded, or that nothing was.
    pub(super) fn cut(self, cx: &mut Cx) {
        if let Sink::Echo { exchange, .. } = self.sink {
            return exchange.cut(cx, true);
        }
        let mut slots = head::FieldTable::empty();
        if let Ok(head) = head::parse(&self.head, &mut slots, &cx.app.limits, origin(cx)) {
            exchange::unfinished(cx, &head.request, self.began);
        }
    }

    /// The client was kept from sending, by an answer it was slow to take: its time counts on from
    /// here. How often it can do so is bounded by the time for the whole body.
    pub(super) fn resume(&mut self, cx: &Cx) {
        self.until = cx.now.after(cx.app.limits.body_timeout).min(self.end(cx));
    }

    /// The client has its time for the next piece; less if it was too slow so far, or took too
    /// long.
    fn renew(&mut self, cx: &Cx) {
        let limits = &cx.app.limits;
        let earned_us = u128::from(self.content) * 1_000_000 / u128::from(limits.body_rate.max(1));
        let slowest = self.began.after_us(u64::try_from(earned_us).unwrap_or(u64::MAX));
        let slowest = slowest.after(limits.body_timeout);
        self.until = cx.now.after(limits.body_timeout).min(slowest).min(self.end(cx));
    }

    fn end(&self, cx: &Cx) -> Time {
        self.began.after(cx.app.limits.request_timeout)
    }

    /// How many of the next bytes are content that goes back as it is.
    fn passes(&self) -> u64 {
        match self.sink {
            Sink::Echo { chunked: false, .. } => self.decoder.exactly(),
            _ => 0,
        }
    }

    /// So many bytes of content have come.
    fn took(&mut self, cx: &Cx, bytes: usize) {
        self.decoder.took(bytes);
        self.content += bytes as u64;
        self.renew(cx);
        if let Sink::Echo { exchange, .. } = &mut self.sink {
            exchange.count(bytes);
        }
    }

    /// Takes what has come.
    pub(super) fn step(
        &mut self,
        cx: &mut Cx,
        input: &mut Buf,
        output: &mut Buf,
    ) -> Result<Step, Fault> {
        loop {
            if output.len() >= HIGH_WATER {
                return Ok(Step::Wait(Next::Write));
            }
            let step = self.decoder.step(input.unread());
            match step.map_err(|refusal| self.fault(refusal))? {
                body::Step::Skip(bytes) => input.consume(bytes),
                body::Step::Content(bytes) => self.take(cx, input, bytes, output)?,
                body::Step::More if cx.ended => return Err(Fault::Gone),
                body::Step::More if cx.now >= self.until => return Err(self.fault(TOO_SLOW)),
                body::Step::More => return Ok(Step::Wait(Next::Read(self.until))),
                body::Step::Done => return Ok(self.done(output)),
            }
        }
    }

    /// Takes the first `bytes` of input, which are content.
    fn take(
        &mut self,
        cx: &mut Cx,
        input: &mut Buf,
        bytes: usize,
        output: &mut Buf,
    ) -> Result<(), Fault> {
        self.took(cx, bytes);
        let content = input.unread().get(..bytes).unwrap_or_default();
        match &mut self.sink {
            Sink::Echo { chunked: true, .. } => write::chunk(output.tail(), content),
            Sink::Echo { chunked: false, .. } => {
                input.pass(bytes, output);
                return Ok(());
            }
            Sink::Keep(_) if self.content > cx.app.limits.body_bytes => {
                return Err(Fault::Refused(too_large(&cx.app.limits)));
            }
            Sink::Keep(body) => body.extend_from_slice(content),
            Sink::Discard => {}
        }
        input.consume(bytes);
        Ok(())
    }

    fn done(&mut self, output: &mut Buf) -> Step {
        match std::mem::replace(&mut self.sink, Sink::Discard) {
            Sink::Echo { exchange, chunked } => {
                output.tail().extend_from_slice(if chunked { LAST_CHUNK } else { b"" });
                Step::Echoed(*exchange)
            }
            sink => {
                let body = if let Sink::Keep(body) = sink { body } else { Vec::new() };
                Step::Answer { head: std::mem::take(&mut self.head), body, content: self.content }
            }
        }
    }

    /// An answer that has begun cannot say what went wrong any more; the log can.
    fn fault(&mut self, refusal: Refusal) -> Fault {
        match &mut self.sink {
            Sink::Echo { exchange, .. } => {
                exchange.fail(&refusal);
                Fault::Broken
            }
            _ => Fault::Refused(refusal),
        }
    }
}

impl Http1 {
    /// See [`Conn::passes`](crate::proto::conn::Conn::passes).
    pub fn passes(&self) -> u64 {
        match &self.stage {
            Stage::Body(receive) => receive.passes(),
            _ => 0,
        }
    }

    /// See [`Conn::passed`](crate::proto::conn::Conn::passed).
    pub fn passed(&mut self, cx: &Cx, bytes: usize) {
        if let Stage::Body(receive) = &mut self.stage {
            receive.took(cx, bytes);
        }
    }
}

/// Begins to answer with the request's own body, in the framing in which it comes.
fn echo(cx: &mut Cx, head: Head, found: &Found, output: &mut Buf) -> Sink {
    let mut request = head.request;
    request.params = found.params;
    let reply = endpoint::answer(cx.app, found, &request);
    let mut exchange = Box::new(Exchange::new(cx, reply, &request, head.keep_alive));
    if !exchange.echoes() {
        return Sink::Discard;
    }
    let length = match head.body {
        Length::Exact(bytes) => Some(bytes),
        Length::Chunked => None,
    };
    exchange.begin(cx, &request, length, output.tail());
    Sink::Echo { exchange, chunked: length.is_none() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::Random;
    use crate::http::app::App;
    use crate::http::record::Records;
    use crate::proto::conn::{Conn, Protocol};

    /// A connection, all that has arrived on it having been taken, and what it has logged.
    struct Alone {
        app: App,
        conn: Conn,
        now: Time,
        records: Records,
    }

    impl Alone {
        fn new() -> Alone {
            let app = App { records: true, ..App::default() };
            let conn = Conn::new(Protocol::Http, &app.limits, Time::START);
            Alone { app, conn, now: Time::START, records: Records::default() }
        }

        /// Says that these bytes arrive, after so many were passed back unread.
        fn advance(&mut self, passed: usize, bytes: &[u8]) -> Next {
            let (mut input, mut output) = (Buf::default(), Buf::default());
            input.tail().extend_from_slice(bytes);
            let mut cx = Cx {
                now: self.now,
                fresh: true,
                ended: false,
                leaving: false,
                resumed: false,
                unix_start_us: 0,
                draining: false,
                peer: None,
                local: "a",
                app: &self.app,
                stamp: b"",
                random: &mut Random::new(1),
                body: &mut Vec::new(),
                records: &mut self.records,
                delayed: &mut 0,
                served: &mut 0,
                left: &mut 0,
            };
            self.conn.passed(&cx, passed);
            self.conn.advance(&mut cx, &mut input, &mut output)
        }
    }

    #[test]
    fn what_was_passed_back_unread_counts_as_what_was_read() {
        let mut alone = Alone::new();
        assert_eq!(alone.conn.passes(), 0);
        let timeout = alone.app.limits.body_timeout;
        let head = b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n";
        assert_eq!(alone.advance(0, head), Next::Read(Time::START.after(timeout)));
        assert_eq!(alone.conn.passes(), 100_000);
        // It has its time for the next piece, from now on.
        alone.now = Time::from_micros(50_000_000);
        assert_eq!(alone.advance(70_000, b""), Next::Read(alone.now.after(timeout)));
        assert_eq!(alone.conn.passes(), 30_000);
        assert_eq!(alone.advance(0, b"four"), Next::Read(alone.now.after(timeout)));
        assert_eq!((alone.conn.passes(), alone.records.len()), (29_996, 0));
        let idle = alone.now.after(alone.app.limits.keep_alive_timeout);
        assert_eq!(alone.advance(29_996, b""), Next::Read(idle));
        assert_eq!(alone.conn.passes(), 0);
        let mut bytes = 0;
        alone.records.drain(|record| bytes += record.body_bytes);
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
            let mut alone = Alone::new();
            alone.advance(0, format!("POST {head}\r\nHost: a\r\n\r\n").as_bytes());
            alone.now = LATER;
            alone.advance(0, rest.as_bytes());
            let mut seen = Vec::new();
            alone.records.drain(|record| seen.push(record.clone()));
            assert_eq!(seen.len(), 1, "{head}");
            assert_eq!(seen[0].started, Time::START, "{head}");
            let told = seen[0].error.as_deref();
            assert_eq!(
                told.map(|text| text.starts_with(error.unwrap_or("?"))),
                error.map(|_| true)
            );
            assert_eq!(seen[0].texts.line().method, Some(b"POST".as_slice()));
        }
    }

    #[test]
    fn what_does_not_go_back_as_it_is_is_not_passed() {
        for rest in
            ["/echo HTTP/1.1\r\nTransfer-Encoding: chunked", "/post HTTP/1.1\r\nContent-Length: 99"]
        {
            let mut alone = Alone::new();
            alone.advance(0, format!("POST {rest}\r\nHost: a\r\n\r\n").as_bytes());
            assert_eq!(alone.conn.passes(), 0, "{rest}");
        }
    }
}
