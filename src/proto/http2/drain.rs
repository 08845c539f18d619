//! How a connection begins and ends, and how a stream is reset.

use super::active::Work;
use super::frame::{self, ErrorCode, MAX_31_BITS, setting};
use super::guard::{ConnectionError, error};
use super::request::{self, FieldTable};
use super::streams::State;
use super::{Fragments, Http2, INITIAL_WINDOW, Stage};
use crate::base::buf::Buf;
use crate::base::limits::{CONNECTION_WINDOW, HIGH_WATER};
use crate::base::time::Time;
use crate::http::app::HalfClose;
use crate::http::record::Record;
use crate::http::status::Status;
use crate::proto::exchange::{self, Exchange};
use crate::proto::{Cx, Next, http1};

/// The data of the PING by which a drain finds out that the client has read its GOAWAY.
const DRAIN_PING: &[u8; 8] = b"loiter..";

impl Http2 {
    /// Sends our preface (RFC 9113 3.4): the settings, and a greater window of the connection.
    pub(super) fn begin(&mut self, cx: &Cx, output: &mut Buf) {
        let limits = &cx.app.limits;
        let settings = [
            (setting::MAX_CONCURRENT_STREAMS, limits.streams),
            (setting::MAX_HEADER_LIST_SIZE, u32::try_from(limits.head_bytes).unwrap_or(u32::MAX)),
            (setting::ENABLE_CONNECT_PROTOCOL, 1),
            (setting::NO_RFC7540_PRIORITIES, 1),
        ];
        frame::write_settings(output.tail(), &settings);
        frame::write_window_update(output.tail(), 0, CONNECTION_WINDOW - INITIAL_WINDOW);
        self.stage = Stage::Settings;
    }

    /// Whether frames are taken.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.stage, Stage::Closed { .. })
    }

    /// When the connection itself has something to do.
    pub(super) fn deadline(&self, cx: &Cx) -> Time {
        let limits = &cx.app.limits;
        let idle = match self.stage {
            _ if !self.index.is_empty() => Time::NEVER,
            Stage::Preface | Stage::Settings => {
                self.idle_since.after(limits.head_timeout).min(cx.worker.idle_until)
            }
            _ => self.idle_since.after(limits.keep_alive_timeout),
        };
        let head = self.fragments.as_ref().map_or(Time::NEVER, |fragments| fragments.until);
        let drain = match self.stage {
            Stage::Open => cx.worker.idle_until,
            Stage::Draining { until } => until,
            _ => Time::NEVER,
        };
        idle.min(head).min(drain)
    }

    /// Takes the next step towards the end of the connection, if there is one.
    pub(super) fn leave_if_due(&mut self, cx: &mut Cx, output: &mut Buf) {
        if std::mem::take(&mut self.owes_goaway)
            && let Stage::Leaving { last } = self.stage
        {
            frame::write_goaway(output.tail(), last, ErrorCode::NO_ERROR, "");
        }
        let now = cx.clock.now;
        let is_new = matches!(self.stage, Stage::Preface | Stage::Settings);
        if cx.ends_idle() && !std::mem::replace(&mut self.drained, true) {
            // What is silent has nothing to finish.
            for slot in self.index.slots().collect::<Vec<u32>>() {
                self.make_ready(slot, cx.worker);
            }
        }
        match self.stage {
            Stage::Open if cx.worker.draining && (self.last_id > 0 || cx.ends_idle()) => {
                self.drain(cx, output);
            }
            Stage::Draining { until } if now >= until => self.leave(output),
            _ => {}
        }
        let over = self.half_closed
            || self.client_leaves
            || now >= self.deadline(cx)
            || (is_new && (cx.ends_idle() || self.goes))
            || matches!(self.stage, Stage::Leaving { .. });
        if self.half_closed {
            self.fragments = None;
        }
        let late = |head: &Fragments| now >= head.until;
        if self.fragments.as_deref().is_some_and(late) {
            let reason = "a field block is not completed";
            self.fail(cx, error(ErrorCode::ENHANCE_YOUR_CALM, reason), output);
        } else if over
            && self.index.is_empty()
            && self.fragments.is_none()
            // Or frames that have come may not have been taken yet.
            && output.len() < HIGH_WATER
        {
            self.close(cx, ErrorCode::NO_ERROR, "", output);
        }
    }

    /// Asks the client to open no more streams: it learns so by a GOAWAY that refuses none, and
    /// those that it has opened by the time the PING comes back are served (RFC 9113 6.8). A client
    /// that has opened none yet is not asked before it has, or it would connect again and again
    /// while the server still accepts.
    fn drain(&mut self, cx: &mut Cx, output: &mut Buf) {
        frame::write_goaway(output.tail(), MAX_31_BITS, ErrorCode::NO_ERROR, "");
        frame::write_ping(output.tail(), 0, DRAIN_PING);
        self.stage = Stage::Draining { until: cx.clock.now.after(cx.app.limits.linger_timeout) };
    }

    /// A PING has come back.
    pub(super) fn pong(&mut self, _: &Cx, data: &[u8; 8], output: &mut Buf) {
        if matches!(self.stage, Stage::Draining { .. }) && data == DRAIN_PING {
            self.leave(output);
        }
    }

    /// No further stream is served.
    pub(super) fn leave(&mut self, output: &mut Buf) {
        if !matches!(self.stage, Stage::Leaving { .. } | Stage::Closed { .. }) {
            frame::write_goaway(output.tail(), self.last_id, ErrorCode::NO_ERROR, "");
            self.stage = Stage::Leaving { last: self.last_id };
        }
    }

    /// An error ends the connection, and all its streams with it.
    pub(super) fn fail(&mut self, cx: &mut Cx, error: ConnectionError, output: &mut Buf) {
        self.abandon(cx);
        self.close(cx, error.code, error.reason, output);
    }

    /// Nothing more is served: what still arrives is discarded, as closing at once would reset the
    /// connection and could cost the client its answers.
    pub(super) fn close(&mut self, cx: &mut Cx, code: ErrorCode, reason: &str, output: &mut Buf) {
        let owed = std::mem::take(&mut self.owes_goaway);
        match self.stage {
            // The client knows already, and why.
            Stage::Closed { .. } => return,
            Stage::Leaving { .. } if code == ErrorCode::NO_ERROR && !owed => {}
            // It must not grow (RFC 9113 6.8).
            Stage::Leaving { last } => frame::write_goaway(output.tail(), last, code, reason),
            _ => frame::write_goaway(output.tail(), self.last_id, code, reason),
        }
        self.shut(cx);
    }

    pub(super) fn shut(&mut self, cx: &Cx) {
        let limits = &cx.app.limits;
        let until = cx.clock.now.after(limits.linger_timeout);
        self.stage = Stage::Closed { until, left: limits.linger_bytes };
    }

    /// See [`close`](Http2::close).
    pub(super) fn linger(&mut self, cx: &mut Cx, input: &mut Buf) -> Next {
        let Stage::Closed { until, left } = &mut self.stage else { return Next::Close };
        *left = left.saturating_sub(input.len() as u64);
        input.clear();
        // A client that is gone resets the connection when answers come.
        let awaits_reset = !self.unconfirmed.is_empty() && !cx.ends_idle();
        if cx.clock.now < *until && *left > 0 && (!cx.edge.read_eof || awaits_reset) {
            return Next::Linger(*until);
        }
        self.settle(cx, false);
        Next::Close
    }

    /// An answer is complete. If its client had closed its side while it waited, that may be gone:
    /// then it resets the connection soon.
    pub(super) fn record(&mut self, cx: &mut Cx, exchange: &mut Exchange) {
        let Some(record) = exchange.finish(cx) else { return };
        let linger = cx.app.limits.linger_timeout;
        let settled = |last: &Record| last.started.after_us(last.duration_us).after(linger);
        if self.unconfirmed.last().is_some_and(|last| cx.clock.now >= settled(last)) {
            self.settle(cx, false);
        }
        self.unconfirmed.push(record);
    }

    /// Records the exchanges that are unconfirmed: their client is gone, or took the answers.
    pub(super) fn settle(&mut self, cx: &mut Cx, gone: bool) {
        for record in std::mem::take(&mut self.unconfirmed) {
            exchange::record_outcome(cx, record, gone);
        }
    }

    /// The client is gone, or an error ends the connection: what was begun is recorded.
    pub(super) fn abandon(&mut self, cx: &mut Cx) {
        for slot in self.index.slots().collect::<Vec<u32>>() {
            self.cancel(cx, slot);
        }
        self.fragments = None;
    }

    /// The client sends no more: a request whose body is not complete never will be, and a silence
    /// has nobody to end it. What waits for its time is cancelled if the settings say so.
    #[cold]
    pub(super) fn half_close(&mut self, cx: &mut Cx) {
        let cancels = cx.app.half_close == HalfClose::Cancel;
        cx.worker.metrics.half_closed += u64::from(self.delayed > 0);
        for slot in self.index.slots().collect::<Vec<u32>>() {
            let Some(stream) = cx.worker.streams.get(slot) else { continue };
            let is_over = match &stream.state {
                State::Waiting(_) => cancels,
                State::Active(active) => match &active.work {
                    Work::Receiving(_) => !active.ended,
                    Work::Sending(exchange) => {
                        exchange.is_silent() || (cancels && exchange.waits())
                    }
                    Work::Tunnel(_) => false,
                },
                State::Queued(..) | State::Served => false,
            };
            if is_over {
                self.cancel(cx, slot);
                continue;
            }
            self.make_ready(slot, cx.worker);
            note_half_close(cx, slot);
        }
    }

    /// Ends a stream whose client does not wait for it any more.
    pub(super) fn cancel(&mut self, cx: &mut Cx, slot: u32) {
        let Some(stream) = self.remove(cx, slot) else { return };
        cx.client_left();
        match stream.state {
            State::Waiting(exchange) => {
                self.release_kept(stream.head, exchange.parked_bytes());
                exchange.abort(cx);
            }
            State::Active(active) => {
                if let Work::Sending(exchange) = &active.work {
                    self.release_kept(stream.head, exchange.parked_bytes());
                }
                self.abort(cx, *active);
            }
            State::Queued(queued) => {
                let text = self.heads.text(stream.head, &queued.own).into_owned();
                self.release_kept(stream.head, &queued.own);
                record_queued(cx, &text, queued.began);
            }
            State::Served => {}
        }
    }

    /// Ends a stream with an error (RFC 9113 5.4.2), whether it is open or not.
    pub(super) fn reset_id(
        &mut self,
        cx: &mut Cx,
        id: u32,
        code: ErrorCode,
        output: &mut Buf,
    ) -> Result<(), ConnectionError> {
        frame::write_rst_stream(output.tail(), id, code);
        self.resets.note(id);
        if let Some(slot) = self.index.find(id) {
            self.cancel(cx, slot);
        }
        self.guard.reset(cx.clock.now)
    }
}

/// Records a request whose client left before it was opened.
fn record_queued(cx: &mut Cx, text: &[u8], began: Time) {
    let (mut table, origin) = (FieldTable::empty(), http1::origin(cx, began));
    if let Some(request) = request::reparse(text, &mut table, origin) {
        exchange::unfinished(cx, &request, began, None, Status::CLIENT_GONE);
    }
}

/// The client sends no more: what waits may have nobody to read it.
fn note_half_close(cx: &mut Cx, slot: u32) {
    let now = cx.clock.now;
    match cx.worker.streams.get(slot).map(|stream| &mut stream.state) {
        Some(State::Waiting(exchange)) => exchange.client_closed(now),
        Some(State::Active(active)) => {
            active.ended = true;
            if let Work::Sending(exchange) = &mut active.work
                && exchange.waits()
            {
                exchange.client_closed(now);
            }
        }
        Some(State::Queued(..) | State::Served) | None => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::app::App;
    use crate::proto::conn::Protocol;
    use crate::proto::test_driver::Driver;
    use crate::proto::{Event, Evictable};

    /// A request for `/delay/1`, its client's FIN, and its answer, after which it is not known
    /// whether the client is there.
    fn unconfirmed() -> Driver {
        const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];
        // `:method: GET`, `:scheme: http`, `:authority: a`, `:path: /delay/1`.
        const HEADERS: &[u8] = b"\0\0\x0f\x01\x05\0\0\0\x01\x82\x86\x01\x01a\x04\x08/delay/1";
        let mut driver = Driver::new(App { records: true, ..App::default() }, Protocol::Http, 1);
        driver.receive(&[b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", SETTINGS, HEADERS].concat());
        (driver.edge.read_eof, driver.edge.eof_reported) = (true, true);
        while driver.receive(b"") == Next::Write {}
        while driver.worker.streams.armed() > 0 {
            driver.clock.now = driver.worker.streams.next();
            driver.fire();
        }
        let next = driver.receive(b"");
        assert!(matches!(next, Next::Linger(_)), "{next:?}");
        assert_eq!(driver.conn.standing().evictable, Evictable::No, "its record is to come");
        assert_eq!(driver.worker.records.len(), 0);
        driver
    }

    #[test]
    fn a_reset_after_a_half_close_shows_that_the_client_is_gone() {
        for (event, status) in [(Event::Reset, 499), (Event::None, 200)] {
            let mut driver = unconfirmed();
            driver.edge.event = event;
            driver.clock.now = Time::from_micros(9_000_000);
            assert_eq!(driver.receive(b""), Next::Close);
            let mut lines = Vec::new();
            driver.worker.records.drain(|record| lines.push(record.status.0));
            assert_eq!(lines, [status]);
            assert_eq!(driver.worker.clients_gone, u64::from(status == 499));
        }
    }
}
