//! The requests that a server inside a program has received, for the assertions of a test.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Server;
use crate::http::journal::filter::Filter;
use crate::http::journal::search::Search;
use crate::http::journal::{Entry, SharedJournal, State};

impl Server {
    /// The requests that it has received: all that its [journal](super::Builder::journal) keeps,
    /// until the methods of [`Requests`] narrow them down.
    ///
    /// ```
    /// use std::io::Write;
    /// use std::time::Duration;
    ///
    /// let server = loiter::Server::builder().journal(100).listen("127.0.0.1:0").start()?;
    /// // The program under test would send this.
    /// let mut client = std::net::TcpStream::connect(server.address())?;
    /// let request = "POST /anything/hook HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi";
    /// client.write_all(request.as_bytes())?;
    ///
    /// let hooks = server.requests().method("POST").path("/anything/hook");
    /// let received = hooks.wait_for(1, Duration::from_secs(5))?;
    /// assert_eq!(received[0].header("host").as_deref(), Some("a"));
    /// assert_eq!(received[0].body(), b"hi");
    ///
    /// hooks.clear();
    /// let error = hooks.wait_for(1, Duration::ZERO).expect_err("no other came");
    /// assert!(error.to_string().starts_with("1 request was expected within 0ns, and 0 came"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If no journal is kept.
    #[track_caller]
    pub fn requests(&self) -> Requests {
        let journal = self.handle.journal();
        let journal = journal.expect("no requests are kept; start it with Builder::journal(1000)");
        Requests { journal, filter: Filter::default() }
    }
}

/// Requests that a [`Server`] has received; see [`Server::requests`].
#[derive(Clone, Debug)]
pub struct Requests {
    journal: SharedJournal,
    filter: Filter,
}

impl Requests {
    /// Only those whose path, percent-decoded and without its query, is this; `*` is any text.
    ///
    /// # Panics
    ///
    /// If it begins with neither `/` nor `*`, or has more than 256 bytes.
    #[track_caller]
    pub fn path(self, pattern: &str) -> Requests {
        self.narrowed(|filter| filter.path(pattern))
    }

    /// Only those whose target, as it was sent and with its query, is this; `*` is any text.
    ///
    /// # Panics
    ///
    /// If it has more than 256 bytes.
    pub fn target(self, pattern: &str) -> Requests {
        self.narrowed(|filter| filter.target(pattern))
    }

    /// Only those with this method.
    ///
    /// # Panics
    ///
    /// If it is not a token.
    #[track_caller]
    pub fn method(self, name: &str) -> Requests {
        self.narrowed(|filter| filter.method(name))
    }

    /// Only those with a field of this name, in any case, and this value, in which `*` is any text.
    ///
    /// # Panics
    ///
    /// If the name is not a token, or the value has more than 256 bytes.
    #[track_caller]
    pub fn header(self, name: &str, value: &str) -> Requests {
        self.narrowed(|filter| filter.field(name, value))
    }

    /// Only those that are answered with this status, 100 to 999.
    ///
    /// # Panics
    ///
    /// If it is not such a number.
    #[track_caller]
    pub fn status(self, status: u16) -> Requests {
        self.narrowed(|filter| filter.status(&status.to_string()))
    }

    /// Only those after the one with this [number](ReceivedRequest::id).
    pub fn since(self, id: u64) -> Requests {
        self.narrowed(|filter| {
            filter.since(id);
            Ok(())
        })
    }

    #[track_caller]
    fn narrowed(
        mut self,
        narrow: impl FnOnce(&mut Filter) -> Result<(), &'static str>,
    ) -> Requests {
        if let Err(advice) = narrow(&mut self.filter) {
            panic!("a bad condition: {advice}");
        }
        self
    }

    /// Those that are there, in the order of their arrival.
    pub fn list(&self) -> Vec<ReceivedRequest> {
        let mut entries = self.journal.entries();
        entries.retain(|entry| self.filter.matches(entry));
        entries.into_iter().map(ReceivedRequest).collect()
    }

    /// Waits until at least this many are there, and returns them all. A request is there before
    /// its answer begins. After this time, or when the server has ended, the error has those that
    /// came.
    pub fn wait_for(&self, count: usize, time: Duration) -> Result<Vec<ReceivedRequest>, TooFew> {
        let began = Instant::now();
        let mut search = Search::new(self.journal.clone(), self.filter.clone());
        search.wanted = count as u64;
        loop {
            let version = self.journal.version();
            let ended = self.journal.has_ended();
            let left = time.saturating_sub(began.elapsed());
            if search.may_be_enough() || ended || left.is_zero() {
                let received = self.list();
                if search.is_enough(received.len() as u64) {
                    return Ok(received);
                } else if ended || left.is_zero() {
                    return Err(TooFew { count, time, ended, received });
                }
            }
            self.journal.wait(version, left);
        }
    }

    /// Removes them from the journal, and returns how many those were.
    pub fn clear(&self) -> usize {
        self.journal.delete(|entry| self.filter.matches(entry))
    }
}

/// Fewer requests came than were waited for.
#[derive(Clone, Debug)]
pub struct TooFew {
    count: usize,
    time: Duration,
    /// Whether the server had ended.
    ended: bool,
    /// Those that came.
    pub received: Vec<ReceivedRequest>,
}

impl fmt::Display for TooFew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, time, came) = (self.count, self.time, self.received.len());
        let were = if count == 1 { "request was" } else { "requests were" };
        write!(f, "{count} {were} expected within {time:?}, and {came} came")?;
        if self.ended { f.write_str(" before the server ended") } else { Ok(()) }
    }
}

impl Error for TooFew {}

/// A request that a [`Server`] has received, as it was when it was looked at.
#[derive(Clone)]
pub struct ReceivedRequest(Arc<Entry>);

impl ReceivedRequest {
    /// Its number, from 1, in the order of arrival.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Its method; empty if its head could not be parsed.
    pub fn method(&self) -> &str {
        &self.0.received.method
    }

    /// Its target as it was sent, with the query; empty if its head could not be parsed.
    pub fn target(&self) -> &str {
        &self.0.received.target
    }

    /// Its path, percent-decoded and without the query.
    pub fn path(&self) -> Cow<'_, str> {
        text(self.0.received.path())
    }

    /// The value of the first field of this name, in any case.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.received.field(name).map(String::from_utf8_lossy)
    }

    /// The names and values of its header fields, in the order in which they arrived.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let fields = self.0.received.header_fields();
        fields.map(|field| {
            (String::from_utf8_lossy(field.name), String::from_utf8_lossy(field.value))
        })
    }

    /// Its body, without a transfer coding.
    pub fn body(&self) -> &[u8] {
        &self.0.received.body
    }

    /// Whether [`body`](ReceivedRequest::body) is only its beginning, because the journal keeps no
    /// more or the route does not.
    pub fn is_cut(&self) -> bool {
        self.0.received.is_cut()
    }

    /// The status of its answer; while it waits, the one that is planned.
    pub fn status(&self) -> u16 {
        self.0.answer.status.0
    }

    /// The beginning of the body of its answer, 4 KiB at most; of one that comes in pieces, once it
    /// is over.
    pub fn response_body(&self) -> &[u8] {
        &self.0.answer.body
    }

    /// Whether all of its answer was sent.
    pub fn is_answered(&self) -> bool {
        self.0.answer.state == State::Done
    }

    /// How much later than asked the answer began; `None` without a delay, or before that.
    pub fn late(&self) -> Option<Duration> {
        self.0.answer.late_us.map(Duration::from_micros)
    }

    /// When it arrived.
    pub fn received_at(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_micros(self.0.received.unix_us)
    }

    /// The client's address; `None` on a Unix socket.
    pub fn peer(&self) -> Option<SocketAddr> {
        let received = &self.0.received;
        Some(SocketAddr::new(received.peer?, received.peer_port?))
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, target, status) = (self.method(), self.target(), self.status());
        write!(f, "{}: {method} {target} -> {status}", self.0.id)
    }
}

fn text(bytes: Cow<'_, [u8]>) -> Cow<'_, str> {
    match bytes {
        Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes),
        Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned().into(),
    }
}

#[cfg(test)]
mod tests;
