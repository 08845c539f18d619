//! What the system has reported of a socket.

use crate::server::net::Readiness;

/// [`Readiness`] in bits, which keep a session small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ready(u8);

impl Ready {
    pub(super) const READABLE: Ready = Ready(1);
    pub(super) const ENDING: Ready = Ready(2);
    pub(super) const BROKEN: Ready = Ready(4);

    pub(super) fn has(self, one: Ready) -> bool {
        self.0 & one.0 != 0
    }

    pub(super) fn set(&mut self, one: Ready, on: bool) {
        self.0 = if on { self.0 | one.0 } else { self.0 & !one.0 };
    }

    pub(super) fn add(&mut self, event: Readiness) {
        let Readiness { readable, ending, broken } = event;
        self.0 |= u8::from(readable) | u8::from(ending) << 1 | u8::from(broken) << 2;
    }
}
