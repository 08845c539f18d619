//! A connection that is broken on purpose: it is closed, reset, or silent.

use super::{Cx, Event, Evictable, Next, Standing};
use crate::base::buf::Buf;
use crate::base::limits::{GARBAGE_BYTES, Limits};
use crate::base::time::Time;
use crate::http::metrics::ConnectionState;
use crate::http::modifiers::FaultKind;

/// A broken connection.
#[derive(Debug)]
pub enum Broken {
    /// It breaks by this fault as soon as its output has been taken: with FIN, unless the fault is
    /// a reset or silence. Garbage comes before that.
    Begins(FaultKind),
    /// Our side is closed. What arrives is discarded until then, and up to so many bytes: closing
    /// with unread input would send RST instead of FIN.
    Closed {
        /// The end.
        until: Time,
        /// Bytes that may still be discarded.
        left: u64,
    },
    /// It is reset as soon as its client has what it was sent.
    Reset,
    /// Nothing is sent or read until then, or until the client ends its side.
    Silent {
        /// The end.
        until: Time,
    },
}

impl Broken {
    fn begin(kind: FaultKind, limits: &Limits, now: Time) -> Broken {
        match kind {
            FaultKind::Reset | FaultKind::Abort => Broken::Reset,
            FaultKind::Hang | FaultKind::Stall => {
                Broken::Silent { until: now.after(limits.max_wait) }
            }
            _ => Broken::Closed {
                until: now.after(limits.linger_timeout),
                left: limits.linger_bytes,
            },
        }
    }

    /// See [`Standing`].
    #[inline(always)]
    pub fn standing(&self) -> Standing {
        let closing = Standing { state: ConnectionState::Closing, ..Standing::READS };
        let idle = Standing { reads: false, ..closing };
        match self {
            Broken::Closed { .. } => Standing { evictable: Evictable::Lingers, ..closing },
            Broken::Begins(_) | Broken::Reset => idle,
            Broken::Silent { .. } => Standing { delayed: 1, ..idle },
        }
    }

    /// See [`proto`](super). A silent connection has nothing to finish, so a drain ends it. A
    /// client that has ended its side counts as gone, because nothing else would show that it is.
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        let (now, edge) = (cx.clock.now, cx.edge);
        if matches!(edge.event, Event::Refused | Event::Reset) {
            return Next::Close;
        }
        if let Broken::Begins(kind) = *self {
            if kind == FaultKind::Garbage {
                cx.worker.random.fill(output.tail(), GARBAGE_BYTES);
            }
            *self = Broken::begin(kind, &cx.app.limits, now);
        }
        match self {
            Broken::Closed { until, left } => {
                *left = left.saturating_sub(input.len() as u64);
                input.clear();
                let over = edge.read_eof || *left == 0 || now >= *until;
                if over { Next::Close } else { Next::Linger(*until) }
            }
            Broken::Silent { until } => {
                let over = edge.eof_reported || cx.ends_idle() || now >= *until;
                if over { Next::Close } else { Next::Sleep(*until) }
            }
            Broken::Begins(_) | Broken::Reset => Next::Reset,
        }
    }
}
