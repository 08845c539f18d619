//! What the access log has of an exchange.

use std::time::Duration;

use super::{Ending, Exchange, Phase, Playing, Step};
use crate::base::pattern::matches;
use crate::base::time::Time;
use crate::endpoint::{self, ROUTES};
use crate::http::journal::{Arrival, Journal};
use crate::http::metrics::UNMATCHED;
use crate::http::modifiers::plan::FaultKind;
use crate::http::modifiers::{Plan, show};
use crate::http::record::{LoggedLine, Record, StreamedBody};
use crate::http::reply::{Refusal, Reply};
use crate::http::request::{Method, Request};
use crate::http::status::Status;
use crate::proto::Cx;

impl Exchange {
    /// This step appended a piece of the body, if it did: for the access log and the journal.
    pub(super) fn note_piece(&mut self, step: Step, into: &[u8]) -> Step {
        if let (Step::Data(bytes), Some(record)) = (&step, &mut self.record) {
            record.extend_body(into.get(into.len() - bytes..).unwrap_or_default());
        }
        step
    }

    /// This many bytes of the body were sent back as they arrived: for the access log.
    pub fn count(&mut self, bytes: usize) {
        if let Some(record) = &mut self.record {
            record.body_bytes += bytes as u64;
        }
    }

    /// Its head was written, and this many bytes of its body with it; `written` returns both.
    #[inline(always)] // in the answer to a plain request
    pub fn note_head<'a>(
        &mut self,
        cx: &Cx,
        body_bytes: usize,
        written: impl FnOnce() -> (&'a [u8], &'a [u8]),
    ) {
        if let Some(record) = &mut self.record {
            record.body_bytes += body_bytes as u64;
            if record.journaled > 0 {
                enter_head(cx, record, written());
            }
        }
    }

    /// Its record, to complete it.
    pub fn record(&mut self) -> Option<&mut Record> {
        self.record.as_deref_mut()
    }

    /// It is dropped, and its request is to be opened again: the journal forgets it. Returns when
    /// the head of that came.
    pub fn withdraw(self, cx: &Cx) -> Time {
        let journaled = self.record.as_ref().map_or(0, |record| record.journaled);
        if let Some(journal) = cx.app.journal.as_ref().filter(|_| journaled > 0) {
            journal.withdraw(journaled);
        }
        cx.clock.now.before(Duration::from_micros(self.elapsed_us(cx.clock.now)))
    }

    /// The body of its request, which was streamed: for the journal.
    pub fn received(&mut self, kept: Vec<u8>, bytes: u64) {
        if let Some(record) = self.record().filter(|record| record.journaled > 0) {
            record.streamed = Some(StreamedBody { kept, bytes });
        }
    }

    /// Records what modifiers do to it.
    pub(super) fn show(&mut self, plan: &Plan) {
        if plan.sends_nothing() && !self.upgrades() {
            self.reply.status = Status::NO_ANSWER;
        }
        if let Some(record) = &mut self.record {
            record.modifiers = Some(show::line(plan).into());
        }
    }

    /// Records whether a fault cut it off; after `extra` bytes, all of it was sent.
    fn note_break(&mut self) {
        let is_broken = matches!(self.ending(), Ending::Broken(_));
        let cut_off = is_broken && !matches!(self.fault(), Some(FaultKind::Extra(_)));
        if let Some(record) = &mut self.record {
            record.cut_off = cut_off;
        }
    }

    /// Counts the modifiers that were applied to it.
    fn count_applied(&self, cx: &mut Cx) {
        if let Phase::Playing(Playing::Shaped(shaped)) = &self.phase {
            count_applied(cx, shaped.plan());
        }
    }

    /// Completes the details of its record.
    fn complete(&self, record: &mut Record) {
        if let Some(details) = &mut record.details {
            details.route = ROUTES.get(usize::from(self.reply.route)).map(|route| route.path);
            details.delay_us = self.reply.after_us;
            if self.echoes() {
                details.request_bytes = record.body_bytes;
            }
        }
    }

    /// Records how much later than its delay has it its answer is given.
    pub(super) fn note_lateness(&mut self, due: Time, now: Time) {
        let is_delayed = self.reply.after_us > 0;
        if let Some(details) = self.record().and_then(|record| record.details.as_mut()) {
            details.late_us = is_delayed.then_some(now.since(due).as_micros() as u64);
        }
    }

    /// Records why its modifiers were refused. A path that is not served explains itself.
    #[cold]
    pub(super) fn note(&mut self, refusal: &Refusal) {
        if !matches!(refusal.status.0, 404 | 405) {
            self.fail(refusal);
        }
    }

    /// Records why it was refused, or cut off.
    pub fn fail(&mut self, refusal: &Refusal) {
        if let Some(record) = &mut self.record {
            record.error = Some(refusal.reason.clone());
        }
    }

    /// The client has closed its side while it waits: it may be gone, or read on (RFC 9112 9.6).
    pub fn client_closed(&mut self, now: Time) {
        if !self.is_client_closed() {
            let waited_us = self.elapsed_us(now);
            // Without a record it is not logged, but whether its client is gone counts.
            let unlogged = || Box::new(Record { unlogged: true, ..Record::default() });
            let record = self.record.get_or_insert_with(unlogged);
            record.waited_us = Some(waited_us);
        }
    }

    /// Whether its client closed its side while it waited.
    pub fn is_client_closed(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.waited_us.is_some())
    }

    /// The answer is sent. Returns its record if the client may be gone, which only now can be
    /// determined; it is counted then.
    #[inline(always)] // for every request
    pub fn finish(&mut self, cx: &mut Cx) -> Option<Box<Record>> {
        cx.worker.served += 1;
        let Phase::Playing(Playing::Plain { since, before_us }) = &self.phase else {
            self.count_applied(cx);
            self.note_break();
            let took_us = self.elapsed_us(cx.clock.now);
            return self.finish_after(cx, took_us);
        };
        let took_us = cx.clock.now.micros().saturating_sub(since.micros());
        self.finish_after(cx, took_us + u64::from(*before_us))
    }

    #[inline(always)] // for every request
    fn finish_after(&mut self, cx: &mut Cx, took_us: u64) -> Option<Box<Record>> {
        let Reply { route, method, status, .. } = self.reply;
        if let Some(mut record) = self.record.take() {
            (record.status, record.duration_us) = (status, took_us);
            self.complete(&mut record);
            if record.waited_us.is_some() {
                record.counted = (route, method);
                return Some(record);
            }
            cx.worker.records.push(record);
        }
        cx.worker.metrics.requests.count(route, method, status, took_us);
        None
    }

    /// Microseconds since the head of its request came.
    pub(super) fn elapsed_us(&self, now: Time) -> u64 {
        let (since, before_us) = match &self.phase {
            Phase::Playing(Playing::Plain { since, before_us }) => (*since, (*before_us).into()),
            Phase::Playing(Playing::Shaped(shaped)) => shaped.began(),
            Phase::Waiting { due: Time::NEVER, .. } => (now, self.received_us()),
            Phase::Waiting { due, .. } => {
                let delay = Duration::from_micros(self.reply.after_us.saturating_add(1));
                (due.before(delay), self.received_us())
            }
        };
        now.micros().saturating_sub(since.micros()).saturating_add(before_us)
    }

    /// The head of its request came earlier, with its body behind it.
    pub fn began(&mut self, cx: &Cx, began: Time) {
        if let Some(record) = &mut self.record {
            let before_us = record.started.micros().saturating_sub(began.micros());
            if let Some(journal) = cx.app.journal.as_ref().filter(|_| before_us > 0) {
                journal.backdate(record.journaled, before_us);
            }
            record.started = began;
        }
        if let Phase::Playing(Playing::Plain { since, before_us }) = &mut self.phase {
            let before = since.micros().saturating_sub(began.micros());
            *before_us = u32::try_from(before).unwrap_or(u32::MAX);
        }
    }

    /// Counts it as a request with this method, whose head could not be parsed.
    pub fn count_as(&mut self, method: Method) {
        self.reply.method = method;
    }

    /// The answer is not given: its stream is refused, and the client may try again.
    pub fn refuse_stream(mut self, cx: &mut Cx) {
        self.reply.status = Status::NO_ANSWER;
        self.abort(cx);
    }

    /// The answer is cut off, and recorded as far as it went: if not even its head is out, its
    /// client is gone.
    pub fn abort(mut self, cx: &mut Cx) {
        self.count_applied(cx);
        let kept = !self.waits() && !self.is_client_closed();
        let status = if kept { self.reply.status } else { Status::CLIENT_GONE };
        let waited_us = self.record.as_ref().and_then(|record| record.waited_us);
        let took_us = waited_us.unwrap_or_else(|| self.elapsed_us(cx.clock.now));
        let Reply { route, method, .. } = self.reply;
        cx.worker.metrics.requests.count(route, method, status, took_us);
        if let Some(mut record) = self.record.take().filter(|record| is_logged(cx, record)) {
            self.complete(&mut record);
            (record.status, record.duration_us) = (status, took_us);
            record.cut_off = true;
            cx.worker.records.push(record);
        }
    }
}

/// Records a request, its head read at `began`, that ended with this status before its body was
/// complete.
pub fn unfinished(
    cx: &mut Cx,
    request: &Request,
    began: Time,
    plan: Option<&Plan>,
    status: Status,
) {
    let (now, target) = (cx.clock.now, &request.target);
    let took_us = now.micros().saturating_sub(began.micros());
    let (found, _) = endpoint::find_modified(cx.app, target, request.method);
    let route = found.map_or(UNMATCHED, |found| found.index);
    cx.worker.metrics.requests.count(route, request.method, status, took_us);
    let reply = Reply { route, ..Reply::new(status) };
    if let Some(mut record) = record_if_wanted(cx, request, &reply) {
        record.started = began;
        record.cut_off = true;
        record.status = status;
        record.modifiers = plan.map(|plan| show::line(plan).into());
        record.duration_us = took_us;
        cx.worker.records.push(record);
    }
}

/// Records a finished exchange that [`finish`](Exchange::finish) returned, now that it is known
/// whether its client is gone.
#[cold]
pub fn record_outcome(cx: &mut Cx, mut record: Box<Record>, gone: bool) {
    if gone {
        cx.client_left();
        record.status = Status::CLIENT_GONE;
        record.duration_us = record.waited_us.unwrap_or(record.duration_us);
    }
    let (route, method) = record.counted;
    cx.worker.metrics.requests.count(route, method, record.status, record.duration_us);
    if is_logged(cx, &record) {
        cx.worker.records.push(record);
    }
}

fn is_logged(cx: &Cx, record: &Record) -> bool {
    cx.app.records && (!record.unlogged || record.journaled > 0)
}

/// A record of a request that is to have this reply, unless the log leaves it out and there is no
/// journal.
#[inline(always)] // for every request
pub(super) fn record_if_wanted(
    cx: &mut Cx,
    request: &Request,
    reply: &Reply,
) -> Option<Box<Record>> {
    if cx.app.records { wanted(cx, request, reply) } else { None }
}

#[inline(never)] // or opening an exchange gets slower
fn wanted(cx: &mut Cx, request: &Request, reply: &Reply) -> Option<Box<Record>> {
    if endpoint::is_probe(reply.route) && !cx.app.log_probes {
        return None;
    }
    let unlogged = is_excluded(cx, request);
    match &cx.app.journal {
        None if unlogged => None,
        None => Some(record(cx, request)),
        Some(journal) => {
            let journaled = enter(cx, journal, request, reply);
            let mut record = record(cx, request);
            (record.journaled, record.unlogged) = (journaled, unlogged);
            record.answered.clear();
            Some(record)
        }
    }
}

/// Enters a request into the journal; returns its number there.
#[cold]
fn enter(cx: &Cx, journal: &Journal, request: &Request, reply: &Reply) -> u64 {
    let Reply { status, after_us: delay_us, .. } = *reply;
    let route = ROUTES.get(usize::from(reply.route)).map(|route| route.path);
    let peer_port = Some(cx.ends.peer_port).filter(|port| *port > 0);
    let unix_us = match request.unix_us {
        // Its head could not be parsed.
        0 => cx.worker.date_header.unix_start_us().saturating_add(cx.clock.now.micros()),
        unix_us => unix_us,
    };
    let listener = cx.ends.local;
    journal.begin(&Arrival { request, unix_us, peer_port, listener, route, status, delay_us })
}

/// Enters the head of an answer into the journal, and what of its body goes with it.
#[cold]
fn enter_head(cx: &Cx, record: &Record, (head, body): (&[u8], &[u8])) {
    if let Some(journal) = &cx.app.journal {
        let late_us = record.details.as_deref().and_then(|details| details.late_us);
        journal.begin_sending(record.journaled, late_us, head, (body, record.body_bytes));
    }
}

/// Whether the log leaves out the path of a request.
#[inline(always)] // for every request that is logged
fn is_excluded(cx: &Cx, request: &Request) -> bool {
    !cx.app.unrecorded.is_empty() && {
        let path = request.target.raw.split(|byte| *byte == b'?').next().unwrap_or_default();
        let same = |wanted: u8, byte: u8| wanted == byte;
        cx.app.unrecorded.iter().any(|pattern| matches(pattern.as_bytes(), path, same))
    }
}

/// A record with what is known when the answer begins.
fn record(cx: &mut Cx, request: &Request) -> Box<Record> {
    let mut record = cx.worker.records.blank();
    record.started = cx.clock.now;
    record.peer = request.peer;
    record.tls = request.tls.map(|facts| facts.version.name());
    record.waited_us = None;
    record.body_bytes = 0;
    record.error = None;
    record.modifiers = None;
    let (referer, agent) = (request.field("Referer"), request.field("User-Agent"));
    record.strings.set(LoggedLine::of(request), referer, agent);
    (record.unlogged, record.cut_off) = (false, false);
    record.journaled = 0;
    if cx.app.record_details {
        let details = record.details.get_or_insert_default();
        let peer_port = Some(cx.ends.peer_port).filter(|port| *port > 0);
        details.set(request, cx.ends.local, peer_port);
    }
    record
}

/// Counts the modifiers of a plan, which were applied.
pub fn count_applied(cx: &mut Cx, plan: &Plan) {
    for name in plan.applied() {
        if let Some(count) = cx.worker.applied.get_mut(name as usize) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests;
