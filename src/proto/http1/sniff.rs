//! Notices another protocol by a connection's first bytes.

use super::{Http1, Stage};
use crate::base::time::Time;
use crate::proto::http2::frame::PREFACE;
use crate::proto::tls::hello;
use crate::proto::{Cx, Next, Upgrade};

impl Http1 {
    /// Another protocol, if the connection begins with it: TLS, where the listener speaks it, or
    /// HTTP/2, whose preface no HTTP/1 server understands (RFC 9113 3.4). Only a head that is not
    /// valid gets here, so a request pays nothing for it.
    #[cold]
    pub(super) fn sniff(&mut self, cx: &Cx, bytes: &[u8], until: Time) -> Option<Next> {
        if !self.first_request {
            return None;
        }
        if cx.ends.tls.is_some() && hello::is_tls(bytes) {
            // As long as for a head is left, from the first byte on.
            self.stage = Stage::Idle { since: until.before(cx.app.limits.head_timeout) };
            return Some(Next::Become(Box::new(Upgrade::Tls)));
        }
        if bytes.starts_with(PREFACE) {
            return Some(Next::Become(Box::new(Upgrade::Http2(self.requests_left))));
        }
        let begins = PREFACE.starts_with(bytes) && !cx.edge.read_eof && cx.clock.now < until;
        begins.then_some(Next::Read(until))
    }
}
