//! The journal: the last requests as they arrived, and what became of them.
//!
//! All workers write to one journal, which is off by default: then nothing here is called. An entry
//! begins before the first byte of its answer is sent, so a client that was answered finds its
//! request there, and is completed from the exchange's [`Record`].

mod answer;
pub mod events;
pub mod filter;
pub mod har;
mod head;
mod ring;
pub mod search;
pub mod show;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::record::Record;
use super::request::{Request, Version};
use super::status::Status;
use answer::beginning;
pub use answer::{Answer, State};
use ring::Ring;

/// The last requests of a server. Workers and readers share it.
#[derive(Debug, Default)]
pub struct Journal {
    ring: Mutex<Ring>,
    /// The version of the newest change, to see without the lock whether there are others.
    version: AtomicU64,
    changed: Condvar,
}

/// A request, and what became of it so far.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its number in the journal, from 1, in the order of arrival.
    pub id: u64,
    /// The number of the journal's change that made it what it is.
    pub version: u64,
    /// The request.
    pub received: Arc<Received>,
    /// What became of it so far.
    pub answer: Answer,
}

/// What has changed in a journal.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Requests that are new or changed, in the order of their last changes.
    pub entries: Vec<Arc<Entry>>,
    /// How many there are before these, beyond [`JOURNAL_BACKLOG`] of the newest.
    ///
    /// [`JOURNAL_BACKLOG`]: crate::base::limits::JOURNAL_BACKLOG
    pub skipped: usize,
    /// What the journal has counted.
    pub counts: Counts,
}

/// What a journal has counted since its server began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests; the number of the newest.
    pub begun: u64,
    /// Requests that were dropped because there were more than it keeps.
    pub over_number: u64,
    /// Requests that were dropped because they had more bytes than it keeps.
    pub over_bytes: u64,
    /// Answered requests of whose body it kept only the beginning.
    pub cut: u64,
}

impl Counts {
    /// Requests that were dropped.
    pub fn dropped(&self) -> u64 {
        self.over_number + self.over_bytes
    }
}

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Received {
    /// When it arrived: Unix time in microseconds.
    pub unix_us: u64,
    /// Its method; empty if its head could not be parsed.
    pub method: String,
    /// Its target as it was sent; empty if its head could not be parsed.
    pub target: String,
    /// Its version, as `HTTP/1.1`; empty if its head could not be parsed and has none.
    pub version: &'static str,
    /// The client's address; `None` on a Unix socket.
    pub peer: Option<IpAddr>,
    /// The client's port; `None` on a Unix socket.
    pub peer_port: Option<u16>,
    /// The listener's address, as `host:port`.
    pub listener: String,
    /// The version of TLS, as `TLS 1.3`; `None` without TLS.
    pub tls: Option<&'static str>,
    /// The head as it arrived, with its final empty line. In HTTP/2, its decoded fields as lines.
    pub head: Box<[u8]>,
    /// Its body without its transfer coding, or the beginning of it.
    pub body: Box<[u8]>,
    /// The length of the whole body in bytes.
    pub body_bytes: u64,
}

impl Received {
    /// Whether the journal has not all of its body.
    pub fn is_cut(&self) -> bool {
        self.body_bytes > self.body.len() as u64
    }

    /// Its header fields in the order in which they arrived, their values trimmed. In HTTP/2 the
    /// pseudo-fields are among them.
    pub fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        head::fields(&self.head)
    }
}

/// A request that is about to be answered.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// When it arrived: Unix time in microseconds.
    pub unix_us: u64,
    /// The client's port; `None` on a Unix socket.
    pub peer_port: Option<u16>,
    /// The listener's address, as `host:port`.
    pub listener: &'a str,
    /// The template of the route that answers, such as `/delay/{n}`.
    pub route: Option<&'static str>,
    /// The status that is planned.
    pub status: Status,
    /// How long the answer is to wait, in microseconds.
    pub delay_us: u64,
}

impl Journal {
    /// Keeps this many requests at most, and this many bytes of them. What exceeds that, oldest
    /// first, is dropped.
    pub fn resize(&self, requests: usize, bytes: usize) {
        self.change(|ring| ring.resize(requests, bytes));
    }

    /// How many requests it keeps at most.
    pub fn capacity(&self) -> usize {
        self.ring().most
    }

    /// The longest body that is kept whole, in bytes.
    pub fn longest_body(&self) -> usize {
        self.ring().longest_body()
    }

    /// Adds a request; returns its number.
    #[cold]
    pub fn begin(&self, arrival: &Arrival) -> u64 {
        let answer = Answer {
            state: if arrival.delay_us > 0 { State::Waiting } else { State::Sending },
            status: arrival.status,
            route: arrival.route,
            delay_us: arrival.delay_us,
            late_us: None,
            duration_us: None,
            body_bytes: 0,
            modifiers: None,
            error: None,
            head: Box::default(),
            body: Box::default(),
        };
        let received = arrival.received();
        self.change(|ring| ring.push(received, answer))
    }

    /// A request that was added when its body was complete arrived so many microseconds before.
    #[cold]
    pub fn backdate(&self, id: u64, before_us: u64) {
        self.change(|ring| {
            ring.update(id, |entry| {
                let received = Arc::make_mut(&mut entry.received);
                received.unix_us = received.unix_us.saturating_sub(before_us);
            });
        });
    }

    /// This head of an answer was written, so late if it was delayed, and with it so many bytes of
    /// its body, which begin with these.
    #[cold]
    pub fn begin_sending(
        &self,
        id: u64,
        late_us: Option<u64>,
        head: &[u8],
        (body, body_bytes): (&[u8], u64),
    ) {
        self.change(|ring| {
            ring.update(id, |Entry { answer, .. }| {
                (answer.state, answer.late_us) = (State::Sending, late_us);
                (answer.head, answer.body_bytes) = (head.into(), body_bytes);
                answer.body = beginning(body).into();
            });
        });
    }

    /// Completes a request whose exchange is over, if it is still there.
    #[cold]
    pub fn complete(&self, record: &Record) {
        self.change(|ring| ring.complete(record));
    }

    /// Takes back a request that was added, and is to be added again.
    #[cold]
    pub fn withdraw(&self, id: u64) {
        self.change(|ring| ring.withdraw(id));
    }

    /// Deletes the requests that match, and returns how many those were.
    pub fn delete(&self, matches: impl FnMut(&Entry) -> bool) -> usize {
        self.change(|ring| ring.remove(matches))
    }

    /// All requests, oldest first.
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        self.ring().entries().cloned().collect()
    }

    /// The request with this number, if it is still there.
    pub fn entry(&self, id: u64) -> Option<Arc<Entry>> {
        self.ring().get(id).cloned()
    }

    /// What has changed after a version, of which there may be no later one: so many requests at
    /// most, from the oldest change on.
    pub fn changes(&self, seen: u64, most: usize) -> Changes {
        self.ring().changes(seen, most)
    }

    /// What it has counted.
    pub fn counts(&self) -> Counts {
        self.ring().counts
    }

    /// How many requests there were before the oldest, or were deleted.
    pub fn dropped(&self) -> u64 {
        self.ring().dropped()
    }

    /// The number of the newest change.
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// Its server has ended, at this Unix time in microseconds: what is not over was cut off, and
    /// nobody waits any longer.
    pub fn end(&self, unix_us: u64) {
        self.change(|ring| ring.end(unix_us));
    }

    /// Whether its server has ended.
    pub fn has_ended(&self) -> bool {
        self.ring().ended
    }

    /// Waits until there is a change after this version, for so long at most; not at all once its
    /// server has ended.
    pub fn wait(&self, version: u64, time: Duration) {
        let mut ring = self.ring();
        if self.version() == version && !ring.ended {
            ring.readers += 1;
            let woken = self.changed.wait_timeout(ring, time);
            woken.unwrap_or_else(PoisonError::into_inner).0.readers -= 1;
        }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Ring) -> T) -> T {
        let mut ring = self.ring();
        let result = change(&mut ring);
        self.version.store(ring.version, Ordering::Release);
        if ring.readers > 0 {
            self.changed.notify_all();
        }
        result
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Arrival<'_> {
    fn received(&self) -> Received {
        let request = self.request;
        let (mut head, mut body) = (request.head, request.content());
        let mut body_bytes = request.body_bytes;
        let (method, target, version) = match request.target.raw {
            // It could not be parsed: all that came of it is its head.
            b"" => {
                let end = memchr::memmem::find(head, b"\r\n\r\n").map_or(head.len(), |end| end + 4);
                (head, body) = head.split_at_checked(end).unwrap_or((head, b""));
                body_bytes = body.len() as u64;
                request_line(head)
            }
            target => {
                let target = String::from_utf8_lossy(target);
                (request.method_name().into(), target, request.version.text())
            }
        };
        Received {
            unix_us: self.unix_us,
            method: method.into(),
            target: target.into(),
            version,
            peer: request.peer,
            peer_port: self.peer_port,
            listener: self.listener.to_owned(),
            tls: request.tls.map(|facts| facts.version.name()),
            head: head.into(),
            body: body.into(),
            body_bytes,
        }
    }
}

/// The method, the target and the version of a head that could not be parsed, as far as they can be
/// seen.
fn request_line(head: &[u8]) -> (Cow<'_, str>, Cow<'_, str>, &'static str) {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    let mut words = line.splitn(3, |&byte| byte == b' ').map(String::from_utf8_lossy);
    let mut word = || words.next().unwrap_or_default();
    let (method, target, version) = (word(), word(), word());
    let mut versions = [Version::Http10, Version::Http11].into_iter().map(Version::text);
    let version = versions.find(|known| *known == version).unwrap_or_default();
    (method, target, version)
}

/// A [`Journal`] that is shared. Two are equal if they are the same.
#[derive(Clone, Debug, Default)]
pub struct SharedJournal(pub Arc<Journal>);

impl std::ops::Deref for SharedJournal {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.0
    }
}

impl PartialEq for SharedJournal {
    fn eq(&self, other: &SharedJournal) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
