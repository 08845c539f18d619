//! What became of a request: its answer, and how that ended.

use std::borrow::Cow;
use std::sync::Arc;

use super::Entry;
use crate::base::limits::JOURNAL_ANSWER_BYTES;
use crate::http::record::Record;
use crate::http::status::Status;

/// What became of a request.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How far it is.
    pub state: State,
    /// The status of the answer; until it is done, the one that is planned.
    pub status: Status,
    /// The template of the route that answers, such as `/delay/{n}`.
    pub route: Option<&'static str>,
    /// How long the answer was asked to wait, in microseconds.
    pub delay_us: u64,
    /// How much later than that it was given, in microseconds; `None` if it was not.
    pub late_us: Option<u64>,
    /// Microseconds from the end of the head to the end of the answer.
    pub duration_us: Option<u64>,
    /// Bytes of the answer's body that were sent.
    pub body_bytes: u64,
    /// What modifiers did to it, as in its `Loiter` field.
    pub modifiers: Option<Box<str>>,
    /// Why it was refused or cut off.
    pub error: Option<Cow<'static, str>>,
    /// Its head as it was written, with its final empty line; empty before that. In HTTP/2, its
    /// fields as lines.
    pub head: Box<[u8]>,
    /// The beginning of its body as it was sent, without chunks; of one that comes in pieces, once
    /// it is over.
    pub body: Box<[u8]>,
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for its delay.
    Waiting,
    /// It is being sent.
    Sending,
    /// All of it was sent.
    Done,
    /// It was cut off: by its client, by a fault or by the end of the server.
    Aborted,
}

impl State {
    /// Its name, as clients see it.
    pub const fn name(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Sending => "sending",
            State::Done => "done",
            State::Aborted => "aborted",
        }
    }
}

impl Entry {
    /// Its server ended before its exchange was over.
    pub(super) fn cut_off(&mut self, unix_us: u64) {
        let answer = &mut self.answer;
        answer.state = State::Aborted;
        if answer.head.is_empty() {
            answer.status = Status::NO_ANSWER;
        }
        answer.duration_us = Some(unix_us.saturating_sub(self.received.unix_us));
        answer.error = Some("the server ended".into());
    }

    /// Its exchange is over.
    pub(super) fn complete(&mut self, record: &Record) {
        let details = record.details.as_deref();
        let Answer { route, delay_us, .. } = self.answer;
        let is_unsent = matches!(record.status, Status::CLIENT_GONE | Status::NO_ANSWER);
        let is_cut_off = record.cut_off || is_unsent;
        self.answer = Answer {
            state: if is_cut_off { State::Aborted } else { State::Done },
            status: record.status,
            route,
            delay_us,
            late_us: details.and_then(|details| details.late_us),
            duration_us: Some(record.duration_us),
            body_bytes: record.body_bytes,
            modifiers: record.modifiers.clone(),
            error: record.error.clone(),
            head: std::mem::take(&mut self.answer.head),
            body: match &*record.answered {
                [] => std::mem::take(&mut self.answer.body),
                pieces => pieces.into(),
            },
        };
        if let Some(body) = &record.streamed {
            // It was sent back as it arrived, unless HEAD asked for it.
            let sent = usize::try_from(record.body_bytes).unwrap_or(usize::MAX);
            self.answer.body = beginning(body.kept.get(..sent).unwrap_or(&body.kept)).into();
            let received = Arc::make_mut(&mut self.received);
            received.body_bytes = body.bytes;
            received.body = body.kept.as_slice().into();
        }
    }
}

/// What is kept of an answer's body.
pub(super) fn beginning(body: &[u8]) -> &[u8] {
    body.get(..JOURNAL_ANSWER_BYTES).unwrap_or(body)
}
