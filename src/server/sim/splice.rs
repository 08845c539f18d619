//! The simulation of splice.

use std::io;

use super::{Client, Sim};
use crate::server::net::Net;

/// How often splice took bytes, and sent all or some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spliced {
    /// Sent all.
    pub whole: u64,
    /// Left some to be written.
    pub partly: u64,
}

impl<C: Client> Sim<C> {
    /// How often splice took bytes.
    pub fn spliced(&self) -> Spliced {
        self.spliced
    }

    /// Sometimes it does nothing, as on other systems or before urgent bytes.
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
