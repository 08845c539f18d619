//! What a client has yet to take, and how long it may take for it.

use super::backlog::Backlog;
use crate::base::time::Time;
use crate::proto::Cx;

/// What a client has yet to take.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) bytes: Box<[u8]>,
    /// What comes after `bytes`: the answer to what the client went on sending.
    pub(super) backlog: Backlog,
    pub(super) wait: Wait,
}

/// What a client is waited for that has not taken everything.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wait {
    /// When it must have taken some, if the kernel would take no more the last time; and not while
    /// it is we who may not send, or while its input is still read.
    pub(super) until: Option<Time>,
    /// Whether its input was read although it took nothing.
    pub(super) collects: bool,
}

/// When a client must have taken more, that had taken so many bytes when the kernel took no more.
/// The first time it has the whole send time. What it takes then earns it time, but never more than
/// there is at the beginning, or a fast start would buy a long crawl.
pub(super) fn pace(cx: &Cx, until: Option<Time>, taken: usize) -> Time {
    let limits = &cx.app.limits;
    let latest = cx.now.after(limits.send_timeout);
    let earned_us = (taken as u64).saturating_mul(1_000_000).checked_div(limits.send_rate);
    match (until, earned_us) {
        (None, _) => latest,
        (Some(until), _) if taken == 0 => until,
        (Some(_), None) => latest,
        (Some(until), Some(earned_us)) => latest.min(until.after_us(earned_us)),
    }
}
