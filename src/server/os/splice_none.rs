//! Systems without `splice`: bytes are read and written.

use std::io;
use std::os::fd::RawFd;

/// Splices nothing.
#[derive(Debug)]
pub(super) struct SplicePipe;

impl SplicePipe {
    pub(super) fn open() -> SplicePipe {
        SplicePipe
    }

    pub(super) fn splice(&mut self, _: RawFd, _: usize, _: &mut Vec<u8>) -> io::Result<usize> {
        Ok(0)
    }
}
