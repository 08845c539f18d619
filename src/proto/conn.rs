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
