//! Interim answers that an endpoint gives, such as `/status/103`.

use super::Exchange;
use crate::http::status::Status;

impl Exchange {
    /// Whether its status is one of those before the last (RFC 9110 15.2).
    #[inline(always)] // in the answer to a plain request
    pub fn is_interim(&self) -> bool {
        self.reply.status.0 < 200
    }

    /// An interim status, which cannot be the last (RFC 9110 15.2): the answer becomes `200 OK`,
    /// and the protocol sends the other before it.
    #[inline(always)] // in the answer to a plain request
    pub fn take_interim(&mut self) -> Option<Status> {
        self.is_interim().then(|| std::mem::replace(&mut self.reply.status, Status::OK))
    }

    /// The Link field of a 103 before the answer, which has it too (RFC 8297 2); other interim
    /// answers have no fields.
    pub fn link(&self, interim: Status) -> Option<&str> {
        let mut fields = self.reply.headers.iter().filter(|_| interim == Status(103));
        fields.find(|(name, _)| *name == "Link").map(|(_, value)| value)
    }
}
