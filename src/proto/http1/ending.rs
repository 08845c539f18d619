//! How an exchange and a connection end: in order, with a refusal, or because the client is gone.

use super::encode::{Closing, ResponseTerms};
use super::head::FieldTable;
use super::{Doom, Http1, Stage, head, origin, play, refused_head};
use crate::base::buf::Buf;
use crate::base::time::Time;
use crate::http::app::HalfClose;
use crate::http::modifiers::FaultKind;
use crate::http::reply::Refusal;
use crate::http::request::{Method, Params, Request, Target, Version};
use crate::http::status::Status;
use crate::proto::canned_errors::{FULL, LEFT};
use crate::proto::exchange::{self, Break, Ending, Exchange};
use crate::proto::intake::{Taken, TakenRequest};
use crate::proto::{Cx, Event, Next, Upgrade};

impl Http1 {
    /// A connection that refuses what it was sent.
    #[cold]
    pub fn refusing(cx: &mut Cx, refusal: &Refusal, input: &Buf, output: &mut Buf) -> Http1 {
        let mut http1 = Http1::new(&cx.app.limits, cx.clock.now);
        http1.respond_and_close(cx, refusal, input.unread(), cx.clock.now, output);
        http1
    }

    /// See [`Event`].
    #[cold]
    pub(super) fn on_event(&mut self, cx: &mut Cx, input: &Buf, output: &mut Buf) {
        match (cx.edge.event, &mut self.stage) {
            (Event::Refused, _) => {
                self.respond_and_close(cx, &FULL, b"", cx.clock.now, output);
            }
            (Event::Reset, _) => self.abandon(cx, input),
            (Event::Spliced(bytes), Stage::Body(body)) => body.count(cx, bytes),
            (Event::WriteUnblocked, Stage::Body(body)) => body.write_unblocked(cx),
            (Event::WriteUnblocked, Stage::Idle { since }) => *since = cx.clock.now,
            (Event::WriteUnblocked, Stage::Doomed(doom)) => doom.since = Time::NEVER,
            (Event::WriteUnblocked, Stage::Linger { until, .. }) => {
                *until = cx.clock.now.after(cx.app.limits.linger_timeout);
            }
            _ => {}
        }
    }

    /// After an exchange: the connection is kept for the next one, changes its protocol, or ends.
    ///
    /// A client that asked for the end sends nothing more (RFC 9112 9.6), and what it has sent is
    /// there: it needs no lingering, which would cost a short connection an eighth more.
    pub(super) fn finish(
        &mut self,
        cx: &mut Cx,
        mut exchange: Exchange,
        input: &Buf,
    ) -> Option<Next> {
        if let Some(record) = exchange.finish(cx) {
            self.settle(cx, false);
            self.unconfirmed = Some(record);
        }
        if let Some(upgrade) = exchange.upgrade() {
            self.settle(cx, false);
            return Some(Next::Become(upgrade));
        }
        let now = cx.clock.now;
        self.to(match (exchange.ending(), self.terms.closing) {
            (Ending::Broken(kind), _) => return self.broken(cx, kind),
            (Ending::Usual, Closing::KeptAlive) => Stage::Idle { since: now },
            (Ending::Idle(idle_us), Closing::KeptAlive) => {
                Stage::Doomed(Box::new(Doom { since: Time::NEVER, idle_us }))
            }
            (_, Closing::ByClient) if input.is_empty() => Stage::Close,
            (_, Closing::ByClient | Closing::ByUs) => lingering(cx),
        })
    }

    /// The time until the end of an idle connection begins: a clock is read when the answer is out,
    /// as one counted from an older `now` would end early.
    pub(super) fn start_doom(&mut self, cx: &Cx) -> Option<Next> {
        match &mut self.stage {
            Stage::Doomed(_) if !cx.clock.fresh => Some(Next::ReadClock),
            // `now` is cut to whole microseconds, so one more is waited.
            Stage::Doomed(doom) => {
                doom.since = cx.clock.now.after_us(1);
                None
            }
            _ => None,
        }
    }

    /// No request follows. If the server stops, its client may send one just now: it then finds the
    /// end of the connection and not a reset, so it knows that the request was not served, and
    /// keeps an answer that it has not read.
    pub(super) fn close_idle(&mut self, cx: &Cx) -> Option<Next> {
        self.to(if cx.ends_idle() { lingering(cx) } else { Stage::Close })
    }

    /// A fault ends the connection before the request's body is complete.
    pub(super) fn break_off_body(
        &mut self,
        cx: &mut Cx,
        taken: Taken,
        kind: Break,
    ) -> Option<Next> {
        if let Taken::Request(taken) = taken {
            record_taken(cx, &taken, Status::NO_ANSWER);
            if let Some(plan) = &taken.plan {
                exchange::count_applied(cx, plan);
            }
        }
        cx.worker.served += 1;
        self.broken(cx, kind)
    }

    #[cold]
    fn broken(&mut self, cx: &mut Cx, kind: Break) -> Option<Next> {
        match kind {
            Break::Close => self.to(lingering(cx)),
            Break::Reset => {
                self.settle(cx, false);
                Some(Next::Become(Box::new(Upgrade::Broken(FaultKind::Reset))))
            }
        }
    }

    /// The client closed its side before its answer was complete, and may be gone. What waits for
    /// its time is cancelled if the settings say so; what is ready is sent.
    #[cold]
    pub(super) fn half_closed(&mut self, cx: &mut Cx, next: Next, input: &Buf) -> Option<Next> {
        match (cx.app.half_close, &mut self.stage) {
            (HalfClose::Cancel, _) if matches!(next, Next::Sleep(_)) => {
                cx.worker.metrics.half_closed += 1;
                self.abandon(cx, input);
                return self.to(lingering(cx));
            }
            (_, Stage::Play(exchange)) if exchange.is_silent() => {
                cx.worker.metrics.half_closed += 1;
                self.abandon(cx, input);
                return self.to(lingering(cx));
            }
            (HalfClose::Answer, Stage::Play(exchange)) if exchange.waits() => {
                cx.worker.metrics.half_closed += u64::from(!exchange.is_client_closed());
                exchange.client_closed(cx.clock.now);
            }
            _ => {}
        }
        Some(next)
    }

    /// A client that had closed its side while it waited for an answer is given time to take it;
    /// if it is gone, its kernel resets the connection meanwhile.
    #[cold]
    pub(super) fn departed(&mut self, cx: &mut Cx, input: &mut Buf) -> Option<Next> {
        let Stage::Departed { until } = self.stage else {
            let until = cx.clock.now.after(cx.app.limits.linger_timeout);
            return self.to(Stage::Departed { until });
        };
        input.clear();
        // What it has sent must be read, or closing would reset the connection.
        if cx.clock.now < until && !(cx.ends_idle() && cx.edge.read_eof) {
            return Some(Next::Linger(until));
        }
        self.settle(cx, false);
        self.to(Stage::Close)
    }

    /// Records the exchange that is unconfirmed, if any: its client is gone, or took the answer.
    fn settle(&mut self, cx: &mut Cx, gone: bool) {
        if let Some(record) = self.unconfirmed.take() {
            exchange::record_outcome(cx, record, gone);
        }
    }

    /// Refuses a request of whose head the input holds the beginning at least. An error in what
    /// has arrived takes precedence, so the result does not depend on segmentation.
    pub(super) fn refuse(
        &mut self,
        cx: &mut Cx,
        refusal: &Refusal,
        input: &Buf,
        output: &mut Buf,
    ) -> Option<Next> {
        let begun = head::check_start(input.unread(), &cx.app.limits);
        let refusal = begun.as_ref().err().unwrap_or(refusal);
        self.respond_and_close(cx, refusal, input.unread(), self.head_began(cx), output)
    }

    /// When the first byte of the head arrived.
    fn head_began(&self, cx: &Cx) -> Time {
        match self.stage {
            Stage::Head { until, .. } => until.before(cx.app.limits.head_timeout),
            _ => cx.clock.now,
        }
    }

    /// Ends a connection whose body is malformed or too slow, with a refusal if no answer has
    /// begun. If one has, only the log can show why it is cut off.
    pub(super) fn refuse_body(
        &mut self,
        cx: &mut Cx,
        refusal: &Refusal,
        taken: Taken,
        output: &mut Buf,
    ) -> Option<Next> {
        match taken {
            Taken::Answer(mut exchange) => {
                exchange.fail(refusal);
                exchange.abort(cx);
                None
            }
            Taken::Request(TakenRequest { bytes, journaled, began, .. }) => {
                let bytes = [bytes, journaled.unwrap_or_default()].concat();
                self.respond_and_close(cx, refusal, &bytes, began, output)
            }
        }
    }

    /// Answers what is so malformed that nothing after it can be parsed, and ends. `head` is as
    /// much of the head as has come, `since` when it began.
    pub(super) fn respond_and_close(
        &mut self,
        cx: &mut Cx,
        refusal: &Refusal,
        head: &[u8],
        since: Time,
        output: &mut Buf,
    ) -> Option<Next> {
        let mut request = unparsed(cx, head);
        if refusal.status == Status(413) {
            // All of the head is there, and the APIs of language models have their own errors. Of
            // another one, how much has come is a matter of chance.
            request.target.path = refused_head::path(head);
        }
        let mut exchange = refused(cx, refusal, &request, head, since);
        self.terms = ResponseTerms { version: Version::Http11, closing: Closing::ByUs };
        play::answer(&mut exchange, &mut self.terms, cx, &request, None, output.tail());
        exchange.finish(cx);
        self.to(lingering(cx))
    }

    /// What still arrives is discarded, within bounds: closing at once would make the client's
    /// kernel drop the answer (RFC 9112 9.6).
    pub(super) fn linger(&mut self, cx: &mut Cx, input: &mut Buf) -> Option<Next> {
        let Stage::Linger { until, left } = &mut self.stage else { return None };
        *left = left.saturating_sub(u32::try_from(input.len()).unwrap_or(u32::MAX));
        input.clear();
        match cx.edge.read_eof || *left == 0 || cx.clock.now >= *until {
            true => self.to(Stage::Close),
            false => Some(Next::Linger(*until)),
        }
    }

    /// The client is gone: what was begun is recorded as far as it went.
    fn abandon(&mut self, cx: &mut Cx, input: &Buf) {
        self.settle(cx, true);
        if matches!(self.stage, Stage::Head { .. }) {
            self.abandon_head(cx, input);
        }
        match std::mem::replace(&mut self.stage, Stage::Close) {
            Stage::Play(exchange) => {
                cx.client_left();
                exchange.abort(cx);
            }
            Stage::Body(body) => {
                self.abandon_body(cx, body.end());
                self.stage = Stage::Close;
            }
            _ => {}
        }
    }

    /// The client is gone before its head is complete.
    pub(super) fn abandon_head(&mut self, cx: &mut Cx, input: &Buf) -> Option<Next> {
        cx.client_left();
        let head = input.unread();
        refused(cx, &LEFT, &unparsed(cx, head), head, self.head_began(cx)).abort(cx);
        self.to(Stage::Close)
    }

    /// The client is gone before its body is complete.
    pub(super) fn abandon_body(&mut self, cx: &mut Cx, taken: Taken) -> Option<Next> {
        cx.client_left();
        match taken {
            Taken::Answer(exchange) => exchange.abort(cx),
            Taken::Request(taken) => record_taken(cx, &taken, Status::CLIENT_GONE),
        }
        // What it has sent may be unread: closing at once would cost it the answers before.
        self.to(lingering(cx))
    }
}

/// Records a request that ended before its body was complete.
fn record_taken(cx: &mut Cx, taken: &TakenRequest, status: Status) {
    let TakenRequest { bytes, began, plan, .. } = taken;
    let mut table = FieldTable::empty();
    if let Some(mut request) = head::reparse(bytes, &mut table, origin(cx, *began)) {
        taken.complete(&mut request);
        exchange::unfinished(cx, &request, *began, plan.as_deref(), status);
    }
}

/// The exchange of a request that is refused, or ends, before it was understood: `head` is as much
/// of its head as has come, `since` when that began.
fn refused(
    cx: &mut Cx,
    refusal: &Refusal,
    request: &Request,
    head: &[u8],
    since: Time,
) -> Exchange {
    let mut exchange = Exchange::refused(cx, refusal, request);
    exchange.began(cx, since);
    exchange.count_as(refused_head::method(head));
    if let Some(record) = exchange.record() {
        refused_head::describe(head, &mut record.strings);
    }
    exchange
}

/// A placeholder for a request whose head, of which this has come, could not be parsed.
fn unparsed<'a>(cx: &Cx<'a>, head: &'a [u8]) -> Request<'a> {
    let head_only = head.starts_with(head::HEAD);
    Request {
        method: if head_only { Method::Head } else { Method::Get },
        version: Version::Http11,
        query_modifiers: false,
        loiter_field: false,
        target: Target::whole(b""),
        params: Params::default(),
        host: None,
        fields: &[],
        body: &[],
        body_bytes: 0,
        journaled: None,
        peer: cx.ends.peer,
        local: cx.ends.local,
        tls: cx.ends.secure,
        proxy: cx.ends.proxy,
        seed: 0,
        unix_us: 0,
        head,
    }
}

/// How a connection ends after its last answer: with a lingering close, or what its client may
/// still be sending would make us reset it, and the answer be lost (RFC 9112 9.6).
fn lingering(cx: &Cx) -> Stage {
    let until = cx.clock.now.after(cx.app.limits.linger_timeout);
    match cx.edge.read_eof {
        true => Stage::Close,
        false => Stage::Linger { until, left: lingering_bytes(cx) },
    }
}

/// How many bytes a lingering close discards.
fn lingering_bytes(cx: &Cx) -> u32 {
    u32::try_from(cx.app.limits.linger_bytes).unwrap_or(u32::MAX)
}
