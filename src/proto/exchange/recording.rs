//! What the access log has of an exchange.

use super::{Exchange, Phase, Playing};
use crate::base::time::Time;
use crate::http::modifiers::{Plan, show};
use crate::http::record::{LoggedLine, Record};
use crate::http::reply::Refusal;
use crate::http::request::Request;
use crate::http::status::Status;
use crate::proto::Cx;

impl Exchange {
    /// This many bytes of the body were sent: for the access log.
    pub fn count(&mut self, bytes: usize) {
        if let Some(record) = &mut self.record {
            record.body_bytes += bytes as u64;
        }
    }

    /// Its record, to complete it.
    pub fn record(&mut self) -> Option<&mut Record> {
        self.record.as_deref_mut()
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

    /// Counts the modifiers that were applied to it.
    fn count_applied(&self, cx: &mut Cx) {
        if let Phase::Playing(Playing::Shaped(shaped)) = &self.phase {
            count_applied(cx, shaped.plan());
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
    pub fn client_closed(&mut self, cx: &Cx) {
        if !self.is_client_closed() {
            let record = self.record.get_or_insert_default();
            record.waited_us = Some(elapsed_us(cx.clock.now, record));
        }
    }

    fn is_client_closed(&self) -> bool {
        self.record.as_ref().is_some_and(|record| record.waited_us.is_some())
    }

    /// The answer is sent. Returns its record if the client may be gone, which only now can be
    /// determined.
    pub fn finish(&mut self, cx: &mut Cx) -> Option<Box<Record>> {
        cx.worker.served += 1;
        self.count_applied(cx);
        let mut record = self.record.take()?;
        record.status = self.reply.status;
        record.duration_us = elapsed_us(cx.clock.now, &record);
        if record.waited_us.is_some() {
            return Some(record);
        }
        cx.worker.records.push(record);
        None
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
        if let Some(mut record) = self.record.take().filter(|_| cx.app.records) {
            record.status = if kept { self.reply.status } else { Status::CLIENT_GONE };
            record.duration_us =
                record.waited_us.unwrap_or_else(|| elapsed_us(cx.clock.now, &record));
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
    if cx.app.records {
        let mut record = record(cx, request);
        record.started = began;
        record.status = status;
        record.modifiers = plan.map(|plan| show::line(plan).into());
        record.duration_us = elapsed_us(cx.clock.now, &record);
        cx.worker.records.push(record);
    }
}

/// Records a finished exchange that [`finish`](Exchange::finish) returned, now that it is known
/// whether its client is gone.
#[cold]
pub fn record_outcome(cx: &mut Cx, mut record: Box<Record>, gone: bool) {
    if gone {
        cx.worker.clients_gone += 1;
        record.status = Status::CLIENT_GONE;
        record.duration_us = record.waited_us.unwrap_or(record.duration_us);
    }
    if cx.app.records {
        cx.worker.records.push(record);
    }
}

/// The time since a record's request came, in microseconds.
fn elapsed_us(now: Time, record: &Record) -> u64 {
    now.since(record.started).as_micros() as u64
}

/// A record with what is known when the answer begins.
pub(super) fn record(cx: &mut Cx, request: &Request) -> Box<Record> {
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
