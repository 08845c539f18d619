//! How a simulated world passes bytes back unread.

use std::io;

use super::{Client, Sim};
use crate::server::net::Net;

/// How often bytes were passed back unread: all at once, or some of them to be written later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spliced {
    /// All that had been taken.
    pub whole: u64,
    /// A part.
    pub partly: u64,
}

impl<C: Client> Sim<C> {
    /// How often bytes were passed back unread.
    pub fn spliced(&self) -> Spliced {
        self.spliced
    }

    /// Now and then it cannot be done, as on other systems, or before urgent bytes.
    pub(super) fn splice_back(
        &mut self,
        from: &mut usize,
        most: usize,
        rest: &mut Vec<u8>,
    ) -> io::Result<usize> {
        if self.random.below(8) == 0 {
            return Ok(0);
        }
        let (mut bytes, mut sent) = (Vec::new(), 0);
        let taken = self.read(from, &mut bytes, most).unwrap_or(0);
        while sent < taken
            && let Ok(some) = self.write(from, &bytes[sent..])
        {
            sent += some;
        }
        rest.extend_from_slice(&bytes[sent..]);
        self.spliced.whole += u64::from(taken > 0 && sent == taken);
        self.spliced.partly += u64::from(sent < taken);
        Ok(taken)
    }
}
