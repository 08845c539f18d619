//! A connection's protocol: which machine speaks on it.

use super::echo;
use super::http1::Http1;
use super::websocket::WebSocket;
use super::{Cx, Next};
use crate::base::buf::Buf;
use crate::base::limits::Limits;
use crate::base::time::Time;

/// What a listener's connections speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.0 and 1.1.
    Http,
    /// Every byte comes back.
    Echo,
}

/// Of how little use a connection is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It is at work.
    None,
    /// It has been between two requests since then.
    Idle(Time),
    /// Its last answer is out; it only waits for its client to have read it.
    Lingers,
}

/// One connection.
#[derive(Debug)]
pub enum Conn {
    /// HTTP/1.0 and 1.1.
    Http1(Http1),
    /// Every byte comes back.
    Echo,
    /// Every message comes back.
    WebSocket(Box<WebSocket>),
}

impl Conn {
    /// A connection accepted at `now`.
    pub fn new(protocol: Protocol, limits: &Limits, now: Time) -> Conn {
        match protocol {
            Protocol::Http => Conn::Http1(Http1::new(limits, now)),
            Protocol::Echo => Conn::Echo,
        }
    }

    /// Whether it has use for input now. A request that waits for its answer keeps the next one
    /// out.
    pub fn reads(&self) -> bool {
        match self {
            Conn::Http1(http1) => http1.reads(),
            Conn::Echo | Conn::WebSocket(_) => true,
        }
    }

    /// Whether what it makes of further input may be kept though its client has yet to take what it
    /// made before. A request behind an
    /// echo is answered there too, as far as it came with the echo's last bytes.
    pub fn collects(&self) -> bool {
        matches!(self, Conn::Http1(http1) if http1.collects())
    }

    /// The client is gone, or cannot be reached any more: what was begun is recorded as it stands.
    pub fn abandon(&mut self, cx: &mut Cx) {
        if let Conn::Http1(http1) = self {
            http1.abandon(cx);
        }
    }

    /// How many of the next bytes go back as they are, while no input is left over. They need not
    /// be read: [`passed`](Conn::passed) may tell of them instead.
    pub fn passes(&self) -> u64 {
        match self {
            Conn::Http1(http1) => http1.passes(),
            Conn::Echo => u64::MAX,
            Conn::WebSocket(_) => 0,
        }
    }

    /// So many of them have come, and are behind what is in `output`, or out.
    pub fn passed(&mut self, cx: &Cx, bytes: usize) {
        if let Conn::Http1(http1) = self {
            http1.passed(cx, bytes);
        }
    }

    /// A connection there is no room for: it is told so, and ended. `None` where nothing can be
    /// said.
    pub fn refused(protocol: Protocol) -> Option<Conn> {
        match protocol {
            Protocol::Http => Some(Conn::Http1(Http1::refused())),
            Protocol::Echo => None,
        }
    }

    /// Whether there was [no room](Conn::refused) for it.
    pub fn is_refused(&self) -> bool {
        matches!(self, Conn::Http1(http1) if http1.is_refused())
    }

    /// Whether it could be closed without loss.
    pub fn rest(&self, limits: &Limits) -> Rest {
        match self {
            Conn::Http1(http1) => http1.rest(limits),
            Conn::Echo | Conn::WebSocket(_) => Rest::None,
        }
    }

    /// Whether it has an answer that takes time: [`Cx::delayed`] counts them.
    pub fn delays(&self) -> bool {
        matches!(self, Conn::Http1(http1) if http1.delays())
    }

    /// See [`proto`](super).
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        match self {
            Conn::Http1(http1) => {
                let next = http1.advance(cx, input, output);
                match http1.upgraded() {
                    None => next,
                    Some(messages) => {
                        let until = cx.now.after(cx.app.limits.max_duration);
                        *self = Conn::WebSocket(Box::new(WebSocket::new(messages, until)));
                        // To be called again, once the handshake is out.
                        Next::Write
                    }
                }
            }
            Conn::Echo => echo::advance(cx, input, output),
            Conn::WebSocket(websocket) => websocket.advance(cx, input, output),
        }
    }
}
