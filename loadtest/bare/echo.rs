//! Bytes back as they come: the baseline of bulk echo, raw or as bodies of POSTs.
//!
//! A read is written back from the buffer it was read into. Of a request's head only the end is
//! searched; the answer's head takes its place. Bytes that the kernel does not take at once are
//! kept with the connection, which is not read until they are written.

use super::linux::would_block;
use std::os::fd::RawFd;

/// What is written back.
#[derive(Clone)]
pub(super) enum Echo {
    /// Every byte.
    Raw,
    /// The body of each request, always of this length, after this head.
    Body { length: usize, head: Vec<u8> },
}

/// A connection.
#[derive(Clone, Default)]
struct Client {
    /// Bytes of the request's body still to come.
    left: usize,
    /// Bytes that the kernel has not taken yet.
    kept: Vec<u8>,
}

/// All connections, by descriptor, and the buffer they share.
pub(super) struct Echoes {
    echo: Echo,
    clients: Vec<Client>,
    /// Room for the answer's head, and then for one read.
    scratch: Vec<u8>,
    before: usize,
}

/// Reads begin at a page boundary, as the server's do: just after one they would cost twice as
/// much.
const PAGE: usize = 4096;

impl Echoes {
    pub(super) fn new(echo: Echo, most: usize, read_bytes: usize) -> Echoes {
        let head = match &echo {
            Echo::Raw => 0,
            Echo::Body { head, .. } => head.len(),
        };
        let mut scratch = vec![0; head + PAGE + read_bytes];
        let before = head + scratch[head..].as_ptr().align_offset(PAGE);
        scratch.truncate(before + read_bytes);
        Echoes { echo, clients: vec![Client::default(); most], scratch, before }
    }

    /// A new connection has this descriptor.
    pub(super) fn begin(&mut self, fd: RawFd) {
        self.clients[fd as usize] = Client::default();
    }

    /// Reads and writes as much as possible now; false when the connection is over.
    pub(super) fn turn(&mut self, fd: RawFd) -> bool {
        let kept = std::mem::take(&mut self.clients[fd as usize].kept);
        if !self.send(fd, &kept) {
            return false;
        }
        while self.clients[fd as usize].kept.is_empty() {
            let into = &mut self.scratch[self.before..];
            // SAFETY: `into` is ours and has the given length.
            let n = unsafe { libc::read(fd, into.as_mut_ptr().cast(), into.len()) };
            let Ok(n) = usize::try_from(n) else { return would_block() };
            let all = n < into.len();
            let Some(from) = self.answer(fd, n) else { return false };
            let scratch = std::mem::take(&mut self.scratch);
            let open = n > 0 && self.send(fd, &scratch[from..self.before + n]);
            self.scratch = scratch;
            if !open || all {
                return open;
            }
        }
        true
    }

    /// Where in the scratch buffer the answer to `n` bytes read begins; `None` for a bad request.
    fn answer(&mut self, fd: RawFd, n: usize) -> Option<usize> {
        let Echo::Body { length, head } = &self.echo else { return Some(self.before) };
        let (client, read) = (&mut self.clients[fd as usize], self.before..self.before + n);
        if client.left > 0 || n == 0 {
            client.left = client.left.checked_sub(n)?;
            return Some(self.before);
        }
        let end = memchr::memmem::find(&self.scratch[read], b"\r\n\r\n")? + 4;
        client.left = length.checked_sub(n - end)?;
        let from = self.before + end - head.len();
        self.scratch[from..self.before + end].copy_from_slice(head);
        Some(from)
    }

    /// Writes, and keeps what the kernel did not take; false when the connection is over.
    fn send(&mut self, fd: RawFd, bytes: &[u8]) -> bool {
        if bytes.is_empty() {
            return true;
        }
        // SAFETY: `bytes` has the given length.
        let n = unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) };
        let taken = match usize::try_from(n) {
            Ok(taken) => taken,
            Err(_) if would_block() => 0,
            Err(_) => return false,
        };
        self.clients[fd as usize].kept = bytes[taken..].to_vec();
        true
    }
}
