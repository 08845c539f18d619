//! A stream whose body comes or goes.

use super::INITIAL_WINDOW;
use crate::base::limits::Limits;
use crate::base::time::Time;
use crate::proto::exchange::Exchange;
use crate::proto::intake::Intake;
use crate::proto::websocket::WebSocket;

/// What a stream has beside its exchange while a body is under way.
#[derive(Debug)]
pub struct Active {
    /// What is done.
    pub(super) work: Work,
    /// By how many bytes the client's window for this stream differs from its initial one: what it
    /// was increased by, less what was sent (RFC 9113 6.9).
    pub(super) window: i64,
    /// Bytes of the answer's body that are made and not all sent.
    pub(super) made: Vec<u8>,
    /// How many of them are sent.
    pub(super) sent: usize,
    /// What follows them.
    pub(super) then: Then,
    /// Bytes of the request's body that have arrived and may not be taken yet.
    pub(super) pending: Vec<u8>,
    /// Bytes taken of the request's body that the client's window has not been increased by.
    pub(super) uncredited: u32,
    /// Bytes of the request's body that are still to come by its Content-Length.
    pub(super) left: Option<u64>,
    /// Bytes that the client may still send on the stream.
    pub(super) receive_window: i64,
    /// Whether the client's side has ended (END_STREAM).
    pub(super) ended: bool,
    /// When there is something to do for it.
    pub(super) due: Time,
    /// How the client's windows keep back what is made.
    pub(super) blocked: Option<Blocked>,
}

/// What the client's windows keep back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocked {
    /// Since when there is something.
    since: Time,
    /// When the client last took some of it, and how much it has taken.
    last: Time,
    taken: u64,
}

/// What is done for a stream.
#[derive(Debug)]
pub(super) enum Work {
    /// Its request's body arrives.
    Receiving(Box<Intake>),
    /// Its answer is sent.
    Sending(Exchange),
    /// It is a WebSocket connection.
    Tunnel(Box<WebSocket>),
}

/// What follows the bytes that are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// More of the body.
    More,
    /// The end of the stream.
    End,
}

impl Active {
    /// With this to do.
    pub(super) fn new(work: Work) -> Active {
        Active {
            work,
            window: 0,
            made: Vec::new(),
            sent: 0,
            then: Then::More,
            pending: Vec::new(),
            uncredited: 0,
            left: None,
            receive_window: INITIAL_WINDOW.into(),
            ended: true,
            due: Time::NEVER,
            blocked: None,
        }
    }

    /// The bytes that are made and not sent.
    pub(super) fn unsent(&self) -> &[u8] {
        self.made.get(self.sent..).unwrap_or_default()
    }

    /// These bytes of what was made are sent.
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent += bytes;
        self.window -= bytes as i64;
        if self.sent >= self.made.len() {
            self.made = Vec::new();
            self.sent = 0;
        }
    }

    /// So many bytes went out. Returns whether that was the end of a time in which the client kept
    /// back what was made.
    pub(super) fn progress(&mut self, bytes: usize, now: Time) -> bool {
        if self.unsent().is_empty() {
            return self.blocked.take().is_some();
        }
        if let Some(blocked) = &mut self.blocked {
            blocked.last = now;
            blocked.taken += bytes as u64;
        }
        false
    }

    /// Until when the client may keep it blocked, as of `now`: a time for each byte, and one for
    /// all.
    pub(super) fn patience(&mut self, now: Time, limits: &Limits) -> Time {
        let blocked = Blocked { since: now, last: now, taken: 0 };
        let Blocked { since, last, taken } = *self.blocked.get_or_insert(blocked);
        let earned_us = taken.saturating_mul(1_000_000).checked_div(limits.send_rate);
        let slowest = since.after(limits.send_timeout).after_us(earned_us.unwrap_or(u64::MAX));
        slowest.min(last.after(limits.send_timeout))
    }
}
