//! How an exchange and a connection end: in order, with a refusal, or because the client is gone.

use super::{Http1, Stage, head};
use crate::base::buf::Buf;
use crate::base::time::Time;
use crate::http::record::Record;
use crate::http::reply::Refusal;
use crate::proto::exchange::{self, Exchange, Phase};
use crate::proto::{Cx, Next};

impl Http1 {
    /// An exchange is over: the connection is for the next one, or ends.
    ///
    /// A client that asked for the end sends nothing more (RFC 9112 9.6), and what it has sent is
    /// there: it needs no lingering, which would cost a short connection an eighth more.
    pub(super) fn end(&mut self, cx: &mut Cx, mut exchange: Exchange, input: &Buf) {
        let left = exchange.end(cx);
        let asked = !exchange.closes_unasked() && self.left > 0 && input.is_empty();
        let limits = &cx.app.limits;
        self.stage = match (exchange.upgrade(), exchange.closes(), left) {
            (Some(messages), ..) => Stage::Upgraded(messages),
            (_, false, left) => {
                Stage::Idle { until: cx.now.after(limits.keep_alive_timeout), left }
            }
            (_, true, Some(record)) => {
                Stage::Departed { until: cx.now.after(limits.linger_timeout), record }
            }
            (_, true, None) if asked => Stage::Close,
            (_, true, None) => last(cx),
        };
    }

    /// Nothing is asked any more. A client that may still have to read its last answer could lose
    /// it, if it sends another request just now; one that was idle for longer has read it.
    pub(super) fn close_idle(
        &mut self,
        cx: &Cx,
        until: Time,
        left: Option<Box<Record>>,
    ) -> Option<Next> {
        let limits = &cx.app.limits;
        let answered = until.before(limits.keep_alive_timeout);
        let read = answered.after(limits.linger_timeout);
        self.to(match left {
            Some(record) => Stage::Departed { until: cx.now.after(limits.linger_timeout), record },
            None if cx.draining && !cx.ended && !self.new && cx.now < read => {
                Stage::Linger { until: read, left: limits.linger_bytes }
            }
            None => Stage::Close,
        })
    }

    /// A client that had ended its side while it waited for the answer is given time to take it; if
    /// it is gone, its kernel breaks the connection meanwhile.
    pub(super) fn departed(&mut self, cx: &mut Cx, input: &mut Buf) -> Option<Next> {
        let Stage::Departed { until, .. } = self.stage else { return None };
        input.clear();
        // What it has sent must be read, or closing would break the connection.
        if cx.now < until && !(cx.draining && cx.ended) {
            return Some(Next::Linger(until));
        }
        if let Stage::Departed { record, .. } = std::mem::replace(&mut self.stage, Stage::Close) {
            exchange::settle(cx, record, false);
        }
        None
    }

    /// Refuses a request of whose head the input holds the beginning at least. What is wrong with
    /// that is said first, as it would have been had the rest come later.
    pub(super) fn refuse(
        &mut self,
        cx: &mut Cx,
        refusal: &Refusal,
        input: &Buf,
        output: &mut Buf,
    ) -> Option<Next> {
        let begun = head::is_begun(input.unread(), &cx.app.limits);
        let refusal = begun.as_ref().err().unwrap_or(refusal);
        let since = match self.stage {
            Stage::Head { until, .. } => until.before(cx.app.limits.head_timeout),
            _ => cx.now,
        };
        self.last_word(cx, refusal, input.unread(), since, output)
    }

    /// Answers what asks so badly that nothing after it can be understood, and ends. `head` is so
    /// much of it as has come, `since` when it began.
    pub(super) fn last_word(
        &mut self,
        cx: &mut Cx,
        refusal: &Refusal,
        head: &[u8],
        since: Time,
        output: &mut Buf,
    ) -> Option<Next> {
        Exchange::refuse(cx, refusal, head, since, output.tail());
        self.to(last(cx))
    }

    /// What still comes is thrown away, within bounds: closing at once would make the client's
    /// kernel drop the answer (RFC 9112 9.6).
    pub(super) fn linger(&mut self, cx: &mut Cx, input: &mut Buf) -> Option<Next> {
        let Stage::Linger { until, left } = &mut self.stage else { return None };
        *left = left.saturating_sub(input.len() as u64);
        input.clear();
        match cx.ended || *left == 0 || cx.now >= *until {
            true => Some(Next::Close),
            false => Some(Next::Linger(*until)),
        }
    }
    /// See [`Conn::abandon`](crate::proto::conn::Conn::abandon).
    #[cold]
    pub fn abandon(&mut self, cx: &mut Cx) {
        match std::mem::replace(&mut self.stage, Stage::Close) {
            Stage::Play { phase, exchange } => {
                *cx.left += 1;
                exchange.cut(cx, matches!(phase, Phase::Playing(_)));
            }
            Stage::Body(receive) => receive.abandon(cx),
            Stage::Idle { left: Some(record), .. } | Stage::Departed { record, .. } => {
                exchange::settle(cx, record, true);
            }
            _ => {}
        }
    }
}

/// How a connection ends whose last answer is being said: gently, since what its client may still
/// be sending would make us reset the connection, and the answer be lost (RFC 9112 9.6).
fn last(cx: &Cx) -> Stage {
    let limits = &cx.app.limits;
    match cx.ended {
        true => Stage::Close,
        false => {
            Stage::Linger { until: cx.now.after(limits.linger_timeout), left: limits.linger_bytes }
        }
    }
}
